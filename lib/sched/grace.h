/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DS_SCHED_GRACE_H
#define DS_SCHED_GRACE_H

/*
 * Grace periods: waiting for the lockless walkers that are under way. On free
 * pthreads a walker is an RCU reader (liburcu) and the wait a real grace
 * period; under a controlled scheduler that would hang, since a parked reader
 * never leaves, so walkers are noted and waited for here.
 */
#include "sched/task.h"

struct ds_grace {
	uint32_t id;
	uint32_t walking; /* tasks inside, bit per id */
};

static inline ds_obj ds_grace_object(const struct ds_grace *grace)
{
	return ds_object(DS_OBJ_GRACE, grace->id, 0);
}

/*
 * A walker's section. Both belong to a step of the caller that declares an
 * addition to ds_grace_object().
 */
void ds_grace_enter(struct ds_task *task, struct ds_grace *grace);
void ds_grace_exit(struct ds_task *task, struct ds_grace *grace);

/* Waits until every walker that is inside now has left. */
void ds_grace_wait(struct ds_task *task, struct ds_grace *grace);

#endif
