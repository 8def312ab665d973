/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DAXSIM_CONFORM_MODEL_H
#define DAXSIM_CONFORM_MODEL_H

/*
 * The file that recorded calls are replayed on, and the places of its blocks.
 */
#include "conform.h"
#include "file/vfs.h"
#include "race/world.h"

struct conform_places;

struct conform_model {
	struct ds_world *world;
	struct ds_file *file, *appending, *reading;
	/* Blocks that files cannot have, {block, n}: see conform_model_call().
	 */
	struct conform_ranges reserved;
	uint64_t n_free; /* blocks before any was reserved */
	/* The runs of the file after the last call: {page, n, block}. */
	struct conform_ranges blocks;
	struct conform_places *places; /* NULL where they do not matter */
	unsigned char *chunk;          /* to read the file into */
};

/* Makes the call. Return: what the kernel would, or DS_SIGBUS. */
int64_t conform_model_do(struct conform_model *model,
			 const struct conform_call *call);

/*
 * Until the call was made, @n blocks more are free than the device had: to move
 * others about where it is full. Return: 0, or -ENOMEM.
 */
int conform_model_lend(struct conform_model *model, uint64_t n);

/* Adds the runs of the file to lists as in "ext", and as in @blocks above. */
int conform_model_list(struct conform_model *model, struct conform_ranges *ext,
		       struct conform_ranges *blocks);

/* -------------------------------- Places ---------------------------------- */

/*
 * Recordings do not say where blocks lie on the device. That matters once: what
 * ext4 zeroes around a write depends on where the unwritten extent in its tree
 * begins and ends, and two allocations that are neighbours in the file are one
 * extent or two depending on the allocator. So where blocks of different
 * allocations meet, both are tried, and the one that gives what was recorded
 * is taken; from then on it is so.
 */

/* Return: 0, or -ENOMEM. */
int conform_places_new(uint64_t n_frames, struct conform_places **ret_places);
void conform_places_free(struct conform_places *places);

/*
 * Before @call: puts the blocks where it leaves @ext, the recorded extents, if
 * there are such places. Return: 0, or -ENOMEM.
 */
int conform_places_choose(struct conform_model *model,
			  const struct conform_call *call, const char *ext);

/* After @call: notes which blocks are new; @now is as model->blocks was. */
void conform_places_follow(const struct conform_model *model,
			   const struct conform_call *call, bool succeeded,
			   const struct conform_ranges *now);

#endif
