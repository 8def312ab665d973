/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DS_RACE_SCENARIO_TEXT_H
#define DS_RACE_SCENARIO_TEXT_H

/*
 * A scenario written down again: ds_scenario_parse() reads it as the same.
 */
#include "race/scenario.h"

/* Return: the text, to be freed; NULL when there is no memory. */
char *ds_scenario_text(const struct ds_scenario *scenario);

/* One call as the text has it: "before touch A 8K+4K", into @ret_text. */
void ds_scenario_call_text(const struct ds_scenario *scenario,
			   const struct ds_scn_call *call, char *ret_text,
			   size_t size);

#endif
