/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DS_CHECK_STORES_H
#define DS_CHECK_STORES_H

/*
 * Blocks that were stored to through page tables and not flushed since, and
 * which calls of fsync() under way began behind such a store.
 */
#include <stdbool.h>
#include <stdint.h>

#include "core/digest.h"
#include "core/units.h"

#define DS_STORES_MAX 64

struct ds_stores {
	unsigned int n;
	bool too_many; /* to follow: nothing is judged any more */
	struct {
		struct ds_pfn pfn;
		struct ds_pgidx page; /* at which it was stored to */
		uint32_t inode;
		uint32_t owed; /* to tasks in fsync(), bit per id */
	} all[DS_STORES_MAX];  /* by block */
};

void ds_stores_add(struct ds_stores *stores, uint32_t inode,
		   struct ds_pgidx page, struct ds_pfn pfn);

/* Whatever was stored to these blocks was flushed, or is nobody's any more. */
void ds_stores_drop(struct ds_stores *stores, struct ds_pfn pfn, uint64_t n);

/* @task is to flush what is in @inode now. */
void ds_stores_owe(struct ds_stores *stores, unsigned int task, uint32_t inode);

/*
 * @task owes nothing any more. Return: whether it owed a page, with the first
 * one by block in @ret_page.
 */
bool ds_stores_settle(struct ds_stores *stores, unsigned int task,
		      struct ds_pgidx *ret_page);

void ds_stores_digest(const struct ds_stores *stores, struct ds_digest *digest);

#endif
