// SPDX-License-Identifier: LGPL-2.1-or-later
#include "check/copies.h"

#include <string.h>

#include "pmem/frame.h"

/* Where @place is in the table, or would be. */
static unsigned int find(const struct ds_copies *copies, uint64_t place)
{
	unsigned int i = 0;

	while (i < copies->n && copies->all[i].place < place)
		i++;
	return i;
}

static bool is_there(const struct ds_copies *copies, uint64_t place)
{
	unsigned int i = find(copies, place);

	return i < copies->n && copies->all[i].place == place;
}

static void add(struct ds_copies *copies, const struct ds_event *event)
{
	unsigned int i = find(copies, event->place);

	if (i < copies->n && copies->all[i].place == event->place)
		return;
	if (copies->n == DS_COPIES_MAX) {
		copies->too_many = true;
		return;
	}
	memmove(&copies->all[i + 1], &copies->all[i],
		(copies->n - i) * sizeof(copies->all[0]));
	copies->n++;
	copies->all[i].place = event->place;
	copies->all[i].page = event->page.pgidx;
	copies->all[i].inode = event->inode;
}

/* Removes the copies of pages of @inode that begin at or behind byte @size. */
static void cut(struct ds_copies *copies, uint32_t inode, uint64_t size)
{
	unsigned int i, n = 0;

	for (i = 0; i < copies->n; i++)
		if (copies->all[i].inode != inode ||
		    copies->all[i].page < ds_page_up(size))
			copies->all[n++] = copies->all[i];
	memset(&copies->all[n], 0, (copies->n - n) * sizeof(copies->all[0]));
	copies->n = n;
}

static void drop(struct ds_copies *copies, uint64_t place)
{
	unsigned int i = find(copies, place);

	if (!is_there(copies, place))
		return;
	copies->n--;
	memmove(&copies->all[i], &copies->all[i + 1],
		(copies->n - i) * sizeof(copies->all[0]));
	memset(&copies->all[copies->n], 0, sizeof(copies->all[0]));
}

/* A call that makes files smaller. */
static bool cuts(const struct ds_event *call)
{
	return call->task < 32 && (strcmp(call->text, "ftruncate") == 0 ||
				   strcmp(call->text, "collapse") == 0);
}

void ds_copies_follow(struct ds_copies *copies, const struct ds_event *event,
		      uint64_t size)
{
	switch (event->kind) {
	case DS_EV_CALL_ENTERED:
		if (cuts(event))
			copies->cutting |= UINT32_C(1) << event->task;
		break;
	case DS_EV_CALL_LEFT:
		if (cuts(event))
			copies->cutting &= ~(UINT32_C(1) << event->task);
		break;
	case DS_EV_COPIED:
		/* One beyond the end, made meanwhile, is still to be removed.
		 */
		if (event->page.pgidx < ds_page_up(size))
			add(copies, event);
		break;
	case DS_EV_COPY_DROPPED:
		drop(copies, event->place);
		break;
	case DS_EV_SIZE_CHANGED:
		cut(copies, event->inode, event->offset);
		break;
	default:
		break;
	}
}

const char *ds_copies_judge(const struct ds_copies *copies,
			    const struct ds_event *event)
{
	bool expected = is_there(copies, event->place);

	if (copies->too_many)
		return NULL;
	if (!ds_pfn_is_anon(event->pfn))
		return expected ? "an access to page %llu no longer met the "
				  "private copy made of it"
				: NULL;
	if (expected || copies->cutting)
		return NULL;
	return "an access to page %llu met a private copy that cutting the "
	       "file should have removed";
}

void ds_copies_digest(const struct ds_copies *copies, struct ds_digest *digest)
{
	unsigned int i;

	ds_digest_add(digest, copies->cutting);
	ds_digest_add(digest, (uint64_t)copies->n << 1 | copies->too_many);
	for (i = 0; i < copies->n; i++) {
		ds_digest_add(digest, copies->all[i].place);
		ds_digest_add(digest, copies->all[i].page);
		ds_digest_add(digest, copies->all[i].inode);
	}
}
