// SPDX-License-Identifier: LGPL-2.1-or-later
#include "sched/current.h"

#include <stddef.h>

static _Thread_local struct ds_task *current;

struct ds_task *ds_task_current(void)
{
	return current;
}

void ds_task_set_current(struct ds_task *task)
{
	current = task;
}
