/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DS_RACE_EXPLAIN_H
#define DS_RACE_EXPLAIN_H

/*
 * Why a run broke a property, in words: the rule, who held what at the decisive
 * step, what the operation had looked at, and which commit mended it.
 */
#include "race/inevitable.h"

/**
 * ds_explain() - tell why a run broke a property
 * @schedule:   of a run that breaks @property
 * @inevitable: its decisive step; if that is not known the breaking one counts
 *
 * Return: 0 with @ret_text of at most 72 columns, to be freed; negative errno
 * when a run was void, -EPROTO when @schedule cannot be followed or breaks
 * nothing of that.
 */
int ds_explain(struct ds_world *world, const struct ds_schedule *schedule,
	       enum ds_property_id property,
	       const struct ds_inevitable *inevitable, char **ret_text);

#endif
