/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DS_PMEM_FLUSH_H
#define DS_PMEM_FLUSH_H

/*
 * Ways to write CPU cache lines back to persistent memory. Which file brings
 * the table is the build's choice, which entry is used is the CPU's.
 */
#include <stdbool.h>
#include <stddef.h>

struct ds_flush {
	const char *name; /* for reports; NULL ends the table */
	bool (*is_there)(void);
	/*
	 * Returns when the lines of @len bytes at @mem are on their way to the
	 * persistence domain and no later store can overtake them.
	 */
	void (*write_back)(const void *mem, size_t len);
	/* false: the CPU has nothing of the kind, and @write_back is idle */
	bool durable;
};

/* Best first; the last before the end is there on every such CPU. */
extern const struct ds_flush ds_flush_methods[];

/* The first of @methods that this CPU has. */
const struct ds_flush *ds_flush_choose(const struct ds_flush *methods);

#endif
