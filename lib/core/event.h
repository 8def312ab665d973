/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DS_CORE_EVENT_H
#define DS_CORE_EVENT_H

/*
 * The one typed stream of events that properties, warnings and the timeline
 * read. An event is sent inside the step it belongs to, after the change it
 * tells of.
 */
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>

#include "core/spin.h"
#include "core/units.h"

enum ds_event_kind {
	DS_EV_TOLD,      /* a line for the timeline: @text; @value: a detail */
	DS_EV_PINNED,    /* a pin call returned @pfn for @page of @inode */
	DS_EV_UNPINNED,  /* ... and that reference was dropped */
	DS_EV_DMA_WROTE, /* a device wrote the bytes of @pfn */
	DS_EV_SCANNED_CLEAN,   /* the search found no busy page in @range */
	DS_EV_EXTENTS_CHANGED, /* blocks under @range of @inode, see @change */
	DS_EV_BLOCKS_FREED,    /* @n blocks from @pfn on left @inode */
	DS_EV_SIZE_CHANGED,    /* i_size of @inode went from @n to @offset */
	DS_EV_ENTRY_UNLOCKED,  /* entry at @page of @inode may be used again */
	DS_EV_FAULTS_ALLOWED,  /* @inode's fault lock is no longer exclusive */
	DS_EV_CALL_ENTERED,    /* a task entered file call @text on @inode */
	DS_EV_CALL_LEFT,       /* ... and left it with @value */
	DS_EV_SAW_BYTES,       /* a task read @n bytes at @offset: @bytes */
	DS_EV_LOADED_BYTES,    /* the same through a page table, block @pfn */
	DS_EV_PUT_BYTES,       /* a task wrote them; @bytes NULL: zeroes, of a
				* file that ends at byte @value
				*/
	DS_EV_STAGED_BYTES, /* the same to a page's copy that is not yet in the
			     * file
			     */
	DS_EV_STORED_BYTES, /* the same through a page table, block @pfn;
			     * @value: of a MAP_SYNC mapping
			     */
	DS_EV_FLUSHED,      /* the bytes of @pfn reached the medium */
	DS_EV_COMMITTED,    /* the journal has all that changed of @inode */
	DS_EV_LOCK_ORDER,   /* a lock was taken below one already held */
	DS_EV_LOCK_LEAKED,  /* a call left with other locks than it came with */
	DS_EV_WARNED,       /* the kernel would have raised warning @value */
	DS_EV_COPYING, /* private copy of @page: begins (@value 1), or ends */
	/*
	 * ... @place has it from now on: @bytes, if they are those of the file.
	 * @value: the copy that it took the place of, or 0.
	 */
	DS_EV_COPIED,
	DS_EV_COPY_DROPPED, /* the program no longer wants that at @place */
	DS_EV_LAYOUT_USED,  /* @holder accessed @page, for it at block @pfn;
			     * @value: to write
			     */
	DS_EV_N_KINDS,
};

/* What happened to the blocks of a range of the extent map. */
enum ds_extent_change {
	DS_CHANGE_ADDED,   /* a hole got blocks */
	DS_CHANGE_REMOVED, /* blocks left the file */
	DS_CHANGE_MOVED,   /* blocks have another place in the file */
	DS_CHANGE_ZEROED,  /* written blocks now read as zero */
	DS_CHANGE_WRITTEN, /* unwritten blocks now hold data */
	/* other blocks with the same bytes took the place of shared ones */
	DS_CHANGE_REPLACED,
	/* a hole got the blocks of inode @n from @page on, which both have */
	DS_CHANGE_SHARED,
};

struct ds_event {
	enum ds_event_kind kind;
	unsigned int task;
	uint32_t inode; /* 0: none */
	enum ds_extent_change change;
	struct ds_pgidx page;
	struct ds_pgrange range;
	struct ds_pfn pfn;
	uint64_t offset; /* bytes */
	uint64_t n;
	uint64_t place; /* page of an address space, if private; 0: none */
	int64_t value;
	const void *bytes;
	const void *holder; /* of a lease */
	const char *text;
};

typedef void (*ds_observer_fn)(void *arg, const struct ds_event *event);

#define DS_OBSERVERS_MAX 24

/* Observers see events in the order of the table. */
struct ds_events {
	struct ds_spin lock; /* one event at a time while tasks run freely */
	unsigned int n_observers;
	struct {
		ds_observer_fn fn;
		void *arg;
	} observers[DS_OBSERVERS_MAX];
	bool telling;  /* somebody reads DS_EV_TOLD: worth formatting */
	bool parallel; /* tasks run freely: @lock is needed */
};

void ds_events_observe(struct ds_events *events, ds_observer_fn fn, void *arg);

/* Undoes ds_events_observe() with the same arguments. */
void ds_events_unobserve(struct ds_events *events, ds_observer_fn fn,
			 void *arg);

void ds_events_send(struct ds_events *events, const struct ds_event *event);

#endif
