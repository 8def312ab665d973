/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DS_RACE_TIMELINE_H
#define DS_RACE_TIMELINE_H

/*
 * What happened in one run, as text of at most 72 columns: one column a task,
 * fit for a commit message.
 */
#include <stdio.h>

#include "race/world.h"

#define DS_TIMELINE_WIDTH 72

struct ds_timeline;

/*
 * Observes @world from now on and keeps what it is told; prints nothing.
 * Return: 0, or -ENOMEM.
 */
int ds_timeline_new(struct ds_world *world, struct ds_timeline **ret_timeline);

/* Forgets what was told so far: before a run. */
void ds_timeline_clear(struct ds_timeline *timeline);

/* How a timeline is drawn. */
struct ds_timeline_look {
	bool full;  /* every step; otherwise what others can see */
	bool locks; /* a column: what the task of the line holds */
	bool refs;  /* a column: counts of the blocks that were pinned so far */
	unsigned int width; /* 0: DS_TIMELINE_WIDTH */
	/*
	 * A step, from 1, with a sign in the margin: who takes it, and the
	 * point it stands before, for a step that tells nothing. 0: none.
	 */
	uint64_t mark;
	unsigned int mark_task;
	enum ds_at mark_at;
};

#define DS_TIMELINE_SIGN ">" /* in the margin of the step marked */

/* Return: the text, to be freed; NULL when there is no memory. */
char *ds_timeline_draw(const struct ds_timeline *timeline,
		       const struct ds_timeline_look *look);

/* The same without a margin and further columns. */
char *ds_timeline_text(const struct ds_timeline *timeline, bool full);

/* Ends the observation; the world must still be there. NULL is a no-op. */
void ds_timeline_free(struct ds_timeline *timeline);

#endif
