/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DS_CHECK_SHADOW_H
#define DS_CHECK_SHADOW_H

/*
 * What files should contain: kept by position in the file and fed from events,
 * so that it shares nothing with the blocks, entries and page tables it is
 * compared with.
 *
 * Of each page it keeps one byte in 256, and what these were before the last
 * few changes, with the time of the change: a call may see whatever was there
 * at some time while it ran.
 */
#include <stdbool.h>
#include <stdint.h>

#define DS_SHADOW_INODES  2
#define DS_SHADOW_PAGES   20
#define DS_SHADOW_SAMPLES 16
#define DS_SHADOW_STRIDE  256
#define DS_SHADOW_PAST    4

struct ds_shadow_page {
	unsigned char now[DS_SHADOW_SAMPLES];
	unsigned char past[DS_SHADOW_PAST][DS_SHADOW_SAMPLES];
	uint64_t until[DS_SHADOW_PAST]; /* when that was replaced */
};

struct ds_shadow {
	uint64_t clock; /* events so far */
	struct ds_shadow_page pages[DS_SHADOW_INODES][DS_SHADOW_PAGES];
};

#endif
