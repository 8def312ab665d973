/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DS_RACE_CELLS_H
#define DS_RACE_CELLS_H

/*
 * The cells of the proof table: operation x kind of pin, each a scenario, with
 * the verdict that is expected of each file system.
 */
#include "race/scenario.h"

struct ds_cell_op {
	const char *name;
	const char *call; /* what the task does, a line of a scenario */
};

struct ds_cell_pin {
	const char *name;
	const char *range; /* of the buffer */
	bool unmap;        /* the mapping goes between pinning and DMA */
};

/* Row and pin number @i, NULL after the last. */
const struct ds_cell_op *ds_cell_op_at(unsigned int i);
const struct ds_cell_pin *ds_cell_pin_at(unsigned int i);

/*
 * The scenario of a cell. @touched: the buffer was touched before, so that the
 * pins take the fast path.
 */
int ds_cell_scenario(const struct ds_cell_op *op, const struct ds_cell_pin *pin,
		     bool touched, struct ds_scenario *ret_scenario);

/*
 * The scenario of the cell called @name, "prove/OP/PIN/fast" or ".../slow".
 * Return: 0, or -ENOENT.
 */
int ds_cell_find(const char *name, struct ds_scenario *ret_scenario);

/* What is expected, worked out by hand, and where it is said. */
struct ds_verdict {
	bool violates;
	const char *because;
};

/* The expected verdict of a cell on a profile. NULL: none is known. */
const struct ds_verdict *ds_verdict_expected(const char *op, const char *fs,
					     const char *pin);

#endif
