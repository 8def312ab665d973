// SPDX-License-Identifier: LGPL-2.1-or-later
#include "race/cells.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* A file of 8 blocks, block 6 a hole; pins on block 2, or on 2 and 3. */
#define GEOMETRY "file A 32K hole 24K+4K\n"

static const struct ds_cell_op ops[] = {
	{"truncate-down", "truncate A 4K"}, {"truncate-up", "truncate A 48K"},
	{"punch", "punch A 8K+8K"},         {"collapse", "collapse A 8K+8K"},
	{"insert", "insert A 4K+4K"},       {"zero", "zero A 8K+8K"},
	{"allocate", "allocate A 24K+4K"},  {"write", "write A 8K+4K"},
};

static const struct ds_cell_pin pins[] = {
	{"direct-1", "8K+4K", false},
	{"direct-2", "8K+8K", false},
	{"unmapped", "8K+4K", true},
};

#define N_OPS  (sizeof(ops) / sizeof(ops[0]))
#define N_PINS (sizeof(pins) / sizeof(pins[0]))

const struct ds_cell_op *ds_cell_op_at(unsigned int i)
{
	return i < N_OPS ? &ops[i] : NULL;
}

const struct ds_cell_pin *ds_cell_pin_at(unsigned int i)
{
	return i < N_PINS ? &pins[i] : NULL;
}

int ds_cell_scenario(const struct ds_cell_op *op, const struct ds_cell_pin *pin,
		     bool touched, struct ds_scenario *ret_scenario)
{
	char name[64], text[512], touch[64] = "", reading[128], why[160];

	snprintf(name, sizeof(name), "prove/%s/%s/%s", op->name, pin->name,
		 touched ? "fast" : "slow");
	if (touched)
		snprintf(touch, sizeof(touch), "before touch A %s\n",
			 pin->range);
	if (pin->unmap)
		snprintf(reading, sizeof(reading),
			 "pin A %s\nunmap A\ndma\nunpin\n", pin->range);
	else
		snprintf(reading, sizeof(reading), "direct-read A %s\n",
			 pin->range);
	snprintf(text, sizeof(text),
		 "scenario %s\n" GEOMETRY "task direct\nbefore map A %s\n%s%s"
		 "task %s\n%s\n",
		 name, pin->range, touch, reading, op->name, op->call);
	return ds_scenario_parse(name, text, ret_scenario, why, sizeof(why));
}

int ds_cell_find(const char *name, struct ds_scenario *ret_scenario)
{
	unsigned int i, j, touched;
	char candidate[64];

	for (i = 0; i < N_OPS; i++)
		for (j = 0; j < N_PINS; j++)
			for (touched = 0; touched < 2; touched++) {
				snprintf(candidate, sizeof(candidate),
					 "prove/%s/%s/%s", ops[i].name,
					 pins[j].name,
					 touched ? "fast" : "slow");
				if (strcmp(candidate, name) == 0)
					return ds_cell_scenario(&ops[i],
								&pins[j],
								touched,
								ret_scenario);
			}
	return -ENOENT;
}
