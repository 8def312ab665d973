// SPDX-License-Identifier: LGPL-2.1-or-later
#include "race/finals.h"

#include <errno.h>
#include <stdlib.h>

#include "file/pagecache.h"

/* What lies further behind than any scenario writes is not looked at. */
#define MAX_PAGES 1024

static bool has(const struct ds_finals *finals, struct ds_digest digest)
{
	size_t i;

	for (i = 0; i < finals->n; i++)
		if (ds_digest_equal(finals->all[i], digest))
			return true;
	return false;
}

static void add_file(const struct ds_inode *inode, struct ds_digest *digest)
{
	const struct ds_frames *frames = inode->super->frames;
	uint64_t size = atomic_load(&inode->size);
	uint64_t i, n, end = ds_page_up(size);

	ds_digest_add(digest, inode->id);
	ds_digest_add(digest, size);
	for (i = 0; i < end && i < MAX_PAGES; i++) {
		n = size - ds_page_start(ds_pgidx(i));
		if (n > DS_PAGE_SIZE)
			n = DS_PAGE_SIZE;
		ds_digest_add_all(
			digest,
			ds_digest_bytes(
				ds_frame_bytes(frames,
					       ds_pagecache_view(inode,
								 ds_pgidx(i))),
				n));
	}
}

static int keep(struct ds_finals *finals, struct ds_digest digest)
{
	if (finals->n == finals->max) {
		size_t max = finals->max ? finals->max * 2 : 16;
		struct ds_digest *all =
			realloc(finals->all, max * sizeof(*all));

		if (!all)
			return -ENOMEM;
		finals->all = all;
		finals->max = max;
	}
	finals->all[finals->n++] = digest;
	return 0;
}

void ds_finals_add(void *arg, struct ds_world *world)
{
	struct ds_digest digest = {0, 0};
	struct ds_finals *finals = arg;
	const struct ds_inode *inode;

	for (inode = world->super->inodes; inode; inode = inode->next)
		add_file(inode, &digest);
	if (!has(finals, digest) && keep(finals, digest) < 0)
		finals->error = -ENOMEM;
}

size_t ds_finals_foreign(const struct ds_finals *these,
			 const struct ds_finals *those)
{
	size_t i, n = 0;

	for (i = 0; i < these->n; i++)
		n += !has(those, these->all[i]);
	return n;
}

void ds_finals_free(struct ds_finals *finals)
{
	free(finals->all);
	*finals = (struct ds_finals){0};
}
