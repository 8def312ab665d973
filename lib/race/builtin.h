/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DS_RACE_BUILTIN_H
#define DS_RACE_BUILTIN_H

/*
 * Scenarios that need no file: the cells of the proof table (race/cells.h) and
 * the texts of tests/scenarios, which lib/meson.build puts into the library.
 */
#include "race/scenario.h"

/* The name of text number @i, "scenario/insert"; NULL after the last. */
const char *ds_builtin_name(unsigned int i);

/* The scenario called @name, of a cell or a text. Return: 0, or -ENOENT. */
int ds_builtin_find(const char *name, struct ds_scenario *ret_scenario);

#endif
