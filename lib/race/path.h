/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DS_RACE_PATH_H
#define DS_RACE_PATH_H

/*
 * The present path of a systematic search: its points of choice, and for
 * source sets the steps taken there with what happened before them.
 */
#include "race/engine.h"

/* A step that was taken. */
struct ds_taken {
	uint64_t n_jumps; /* of time, before it */
	unsigned int n;
	ds_obj objs[DS_ACCESS_MAX];
	unsigned char hows[DS_ACCESS_MAX];
	uint64_t filter; /* a bit for each of @objs: quick to see none is shared
			  */
	/*
	 * Per task, how many of its steps happened before this one ended,
	 * itself included: each step happens after those before it in the path
	 * that it conflicts with, and after what those happened after.
	 */
	uint16_t clock[DS_TASKS_MAX];
};

/* One point of choice. */
struct ds_node {
	uint32_t enabled;
	uint32_t sleep;  /* asleep on arrival: tried elsewhere already */
	uint32_t done;   /* tried from here */
	uint32_t wanted; /* source sets: to be tried from here */
	unsigned int choice;
	unsigned int last; /* who took the step before */
	unsigned int preemptions;
	struct ds_taken taken;
};

/*
 * Takes note of the step that @path's last node chose, while it is pending, and
 * asks the nodes before for what would reverse its races.
 */
void ds_races_note(struct ds_node *path, size_t n,
		   const struct ds_sched *sched);

#endif
