/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DS_SCHED_POINTS_H
#define DS_SCHED_POINTS_H

/*
 * The scheduling points. A point stands before the step it names; the step is
 * the code from there to the task's next point.
 */
enum ds_at {
	DS_AT_START,
	DS_AT_END,
	/* locks and waits */
	DS_AT_LOCK_SHARED,
	DS_AT_LOCK_EXCLUSIVE,
	DS_AT_LOCK_GRANTED,
	DS_AT_UNLOCK,
	DS_AT_WAIT_QUEUE,
	DS_AT_WAIT_TEST,
	DS_AT_WAIT_SLEEP,
	DS_AT_WAIT_LEAVE,
	DS_AT_WAKE,
	DS_AT_COUNT,
	DS_AT_SIGNAL,
	/* page tables and pins */
	DS_AT_WALK_PTE,
	DS_AT_FRAME_GET,
	DS_AT_FRAME_PUT,
	DS_AT_PTE_RECHECK,
	DS_AT_PTE_FOLLOW,
	DS_AT_PTE_SET,
	DS_AT_PTE_CLEAR,
	DS_AT_PTE_PROTECT,
	DS_AT_COPY,
	DS_AT_TLB_FLUSH,
	DS_AT_MAPPED_TEST,
	DS_AT_RMAP_CHANGE,
	/* page cache */
	DS_AT_ENTRY_GRAB,
	DS_AT_ENTRY_FILL,
	DS_AT_ENTRY_UNLOCK,
	DS_AT_ENTRY_DELETE,
	DS_AT_ENTRY_NEXT,
	DS_AT_BUSY_TEST,
	/* file */
	DS_AT_SIZE_READ,
	DS_AT_SIZE_WRITE,
	DS_AT_EXTENT_READ,
	DS_AT_EXTENT_CHANGE,
	DS_AT_BLOCK_ALLOC,
	DS_AT_BLOCK_FREE,
	DS_AT_SHARE_COUNT,
	DS_AT_BYTES_READ,
	DS_AT_BYTES_WRITE,
	DS_AT_NAME,
	/* leases */
	DS_AT_LEASE_CHANGE,
	DS_AT_LEASE_BREAK,
	DS_AT_LAYOUT,
	/* devices */
	DS_AT_DMA,
	DS_AT_IO_SUBMIT,
	DS_AT_IO_TAKE,
	DS_AT_IO_COMPLETE,
	DS_AT_IO_AWAIT,
	/* test programs */
	DS_AT_CELL,
	DS_AT_WATCH,
	DS_AT_N_POINTS,
};

/* "PTE_CLEAR" and so on; what tokens, timelines and regressions call it. */
const char *ds_point_name(enum ds_at at);

#endif
