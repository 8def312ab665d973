// SPDX-License-Identifier: LGPL-2.1-or-later
#include "sched/grace.h"

#include <urcu-bp.h>

#include "sched/sched.h"

void ds_grace_enter(struct ds_task *task, struct ds_grace *grace)
{
	if (!task->controlled) {
		rcu_read_lock();
		return;
	}
	ds_touch(task, ds_grace_object(grace), DS_ADD);
	grace->walking |= UINT32_C(1) << task->id;
}

void ds_grace_exit(struct ds_task *task, struct ds_grace *grace)
{
	struct ds_sched *sched = task->sched;
	unsigned int i;

	if (!task->controlled) {
		rcu_read_unlock();
		return;
	}
	ds_touch(task, ds_grace_object(grace), DS_ADD);
	grace->walking &= ~(UINT32_C(1) << task->id);
	for (i = 0; i < sched->n_tasks; i++)
		sched->tasks[i]->grace_mask &= ~(UINT32_C(1) << task->id);
}

static bool walkers_left(const struct ds_task *task)
{
	return task->grace_mask == 0;
}

void ds_grace_wait(struct ds_task *task, struct ds_grace *grace)
{
	uint64_t before = ds_task_enter(task);

	if (!task->controlled) {
		synchronize_rcu();
		return;
	}
	ds_yield(task, DS_AT_TLB_FLUSH, ds_reads(ds_grace_object(grace)));
	ds_touch(task, ds_grace_object(grace), DS_READ);
	task->grace_mask = grace->walking;
	if (task->grace_mask)
		ds_yield_until(task, DS_AT_TLB_FLUSH, walkers_left,
			       ds_reads(ds_grace_object(grace)));
	ds_task_done(task, before, 0);
}
