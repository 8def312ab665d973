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

/*
 * Writes the text. @full: every step; otherwise only lines that change what
 * others can see.
 * Return: it, to be freed; NULL when there is no memory.
 */
char *ds_timeline_text(const struct ds_timeline *timeline, bool full);

/* Ends the observation; the world must still be there. NULL is a no-op. */
void ds_timeline_free(struct ds_timeline *timeline);

#endif
