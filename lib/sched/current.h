/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DS_SCHED_CURRENT_H
#define DS_SCHED_CURRENT_H

/*
 * The task that the calling thread runs, NULL if none: how calls of the public
 * interface, which name no task, find theirs. The only thread-local state
 * beside the assertion hook. A function, so that no compiler keeps the address
 * across a switch of stacks.
 */
struct ds_task;

struct ds_task *ds_task_current(void);
void ds_task_set_current(struct ds_task *task);

#endif
