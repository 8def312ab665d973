/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DS_RACE_CELLS_H
#define DS_RACE_CELLS_H

/*
 * The cells of the proof table: operation x kind of pin, each a scenario, with
 * the verdict that is expected of each file system.
 */
#include "race/scenario.h"
#include "race/spec.h"

/*
 * @proved: a row or pin of the table that is proved each time; the others join
 * in when everything is asked for.
 */
struct ds_cell_pin {
	const char *name;
	const char *does; /* for people */
	/* Of the device's task, after it mapped the file; a layout's range. */
	const char *calls;
	const char *map;  /* how it mapped it, or NULL */
	bool bio;         /* released by the end of direct I/O */
	bool out;         /* the device reads the pages */
	const char *more; /* NULL, or the calls of a second one */
	bool layout;      /* no pin: a client that was lent the blocks */
	uint32_t pages;   /* that get pinned, bit each */
	bool unmap;       /* the mapping goes between pinning and DMA */
	bool loads;       /* the page is loaded while it is pinned */
	bool forked;      /* by a child, whose parent maps the page, too */
	bool copy;        /* on a private copy */
	bool sync;        /* through MAP_SYNC */
	bool proved;
	bool deep; /* of three tasks: only when asked for */
};

/* Pin number @i, NULL after the last. Rows are ds_spec_op_at(). */
const struct ds_cell_pin *ds_cell_pin_at(unsigned int i);

/*
 * The scenario of a cell. @touched: the buffer was touched before, so that the
 * pins take the fast path; a layout's client writes, and otherwise reads.
 */
int ds_cell_scenario(const struct ds_spec_op *op, const struct ds_cell_pin *pin,
		     bool touched, struct ds_scenario *ret_scenario);

/*
 * The scenario of the cell called @name, "prove/OP/PIN/fast" or ".../slow".
 * Return: 0, or -ENOENT.
 */
int ds_cell_find(const char *name, struct ds_scenario *ret_scenario);

/* Whether there can be a cell of these three at all. */
bool ds_cell_exists(const struct ds_spec_op *op,
		    const struct ds_fs_profile *profile,
		    const struct ds_cell_pin *pin);

/* What is expected, worked out by hand, and where it is said. */
struct ds_verdict {
	bool violates;
	const char *because;
};

/* The expected verdict of a cell on a profile. NULL: none is known. */
const struct ds_verdict *ds_verdict_expected(const char *op, const char *fs,
					     const char *pin);

/*
 * The verdict of a cell that the search found first and that was then looked up
 * in the sources. NULL: there is none.
 */
const struct ds_verdict *ds_verdict_found(const char *op, const char *fs,
					  const char *pin);

/*
 * What follows from the written rule, for cells that nobody worked out by hand:
 * an operation that takes a pinned block away must have waited for that pin,
 * and its wait must end.
 */
const struct ds_verdict *ds_verdict_predicted(const struct ds_spec_op *op,
					      const struct ds_spec *spec,
					      const struct ds_cell_pin *pin);

#endif
