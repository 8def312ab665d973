// SPDX-License-Identifier: LGPL-2.1-or-later
#include "race/builtin.h"

#include <errno.h>
#include <string.h>

#include "race/cells.h"
#include "scenarios.h"

static const struct {
	const char *name, *text;
} builtin[] = {DS_SCENARIO_TABLE};

#define N_BUILTIN (sizeof(builtin) / sizeof(builtin[0]))

const char *ds_builtin_name(unsigned int i)
{
	return i < N_BUILTIN ? builtin[i].name : NULL;
}

int ds_builtin_find(const char *name, struct ds_scenario *ret_scenario)
{
	unsigned int i;
	char why[160];

	for (i = 0; i < N_BUILTIN; i++)
		if (strcmp(builtin[i].name, name) == 0)
			return ds_scenario_parse(name, builtin[i].text,
						 ret_scenario, why,
						 sizeof(why));
	return ds_cell_find(name, ret_scenario);
}
