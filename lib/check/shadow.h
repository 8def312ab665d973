/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DS_CHECK_SHADOW_H
#define DS_CHECK_SHADOW_H

/*
 * What files should contain: kept by position in the file and fed from events,
 * so that it shares nothing with the blocks, entries and page tables it is
 * compared with.
 *
 * Of each page it keeps one byte in 256, and what these were before the last
 * few changes, as long as that concerns anybody: a call may see whatever was
 * there at some time while it ran. No times are kept, only which calls ran
 * meanwhile, so that equal states are equal however they came about.
 */
#include <stdbool.h>
#include <stdint.h>

#include "check/copies.h"
#include "core/digest.h"

#define DS_SHADOW_INODES  2
#define DS_SHADOW_PAGES   20
#define DS_SHADOW_SAMPLES 16
#define DS_SHADOW_STRIDE  256
#define DS_SHADOW_PAST    4

struct ds_shadow_page {
	unsigned char now[DS_SHADOW_SAMPLES];
	/* The youngest first; what no reader may see any more is zeroed. */
	unsigned char past[DS_SHADOW_PAST][DS_SHADOW_SAMPLES];
	/* Tasks in a reading call that began before that was replaced. */
	uint32_t readers[DS_SHADOW_PAST];
	/* Written to the page's copy, to be there when that takes its place. */
	unsigned char staged[DS_SHADOW_SAMPLES];
	uint32_t is_staged; /* bit per sample; the others are 0 */
};

struct ds_shadow {
	struct ds_copies copies; /* that processes have of pages */
	uint32_t reading;        /* tasks in a reading call, bit per id */
	uint32_t appending;      /* tasks in an append, bit per id */
	bool is_known;           /* @digest is of the pages as they are */
	struct ds_digest digest;
	struct ds_shadow_page pages[DS_SHADOW_INODES][DS_SHADOW_PAGES];
};

/* Adds the shadow. */
void ds_shadow_digest(struct ds_shadow *shadow, struct ds_digest *digest);

#endif
