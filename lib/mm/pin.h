/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DS_MM_PIN_H
#define DS_MM_PIN_H

/*
 * Pinning user pages: a reference on each, so that a device may reach them.
 *
 * Models: get_user_pages_fast(), v4.19: the lockless walk for as many pages as
 * it serves, then the slow path for the rest.
 */
#include "mm/space.h"

/* One pinned page, and where in which file it was. */
struct ds_pinned {
	struct ds_pfn pfn;
	uint32_t inode;
	struct ds_pgidx page;
};

/**
 * ds_pin_pages() - pin @n pages from @first on, in ascending order
 * @write: the device will write them
 *
 * Return: pages pinned (0 < result <= @n), or, if none, -EFAULT or -ENOMEM.
 */
int64_t ds_pin_pages(struct ds_task *task, struct ds_space *space,
		     struct ds_vpn first, uint64_t n, bool write,
		     struct ds_pinned *ret_pinned);

/* Drops one pin and wakes who waits for the page to become idle. */
void ds_unpin_page(struct ds_task *task, struct ds_space *space,
		   const struct ds_pinned *pinned);

#endif
