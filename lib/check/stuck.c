// SPDX-License-Identifier: LGPL-2.1-or-later
#include "check/stuck.h"

#include <stdio.h>

static enum ds_object_kind kind_of(ds_obj key)
{
	return (enum ds_object_kind)(key >> 56);
}

static uint32_t who_of(ds_obj key)
{
	return (uint32_t)(key >> 32 & 0xffffff);
}

static uint64_t where_of(ds_obj key)
{
	return key & 0xffffffff;
}

bool ds_stuck_condition_holds(const struct ds_checks *checks,
			      const struct ds_task *task)
{
	ds_obj key = task->waiter.key;
	const struct ds_inode *inode;

	if (task->state != DS_TASK_ASLEEP)
		return false;
	switch (kind_of(key)) {
	case DS_OBJ_REFS:
		return ds_frame_extra(ds_frame_view(checks->super->frames,
						    ds_pfn(where_of(key)))) ==
		       0;
	case DS_OBJ_ENTRY:
		inode = ds_super_inode(checks->super, who_of(key));
		return !inode ||
		       !ds_entry_is_locked(ds_mapping_view(
			       &inode->mapping, ds_pgidx(where_of(key))));
	default:
		/* A lock goes to its waiter in the step that releases it. */
		return false;
	}
}

/* A task other than @task that holds the lock with object @key. */
static const struct ds_task *holder_of(const struct ds_checks *checks,
				       const struct ds_task *task, ds_obj key,
				       const char **ret_name)
{
	const struct ds_sched *sched = checks->sched;
	unsigned int i, j;

	for (i = 0; i < sched->n_tasks; i++) {
		const struct ds_task *other = sched->tasks[i];

		for (j = 0; j < other->n_held; j++) {
			if (other == task ||
			    other->held[j].lock->id != who_of(key))
				continue;
			*ret_name = other->held[j].lock->name;
			return other;
		}
	}
	return NULL;
}

void ds_stuck_describe(const struct ds_checks *checks,
		       const struct ds_task *task, char *ret_text, size_t size)
{
	ds_obj key = task->waiter.key;
	const struct ds_task *other;
	const char *name = "a lock";

	if (task->state == DS_TASK_READY) {
		snprintf(ret_text, size, "%s waits for others at %s",
			 task->name, ds_point_name(task->at));
		return;
	}
	switch (kind_of(key)) {
	case DS_OBJ_REFS:
		snprintf(ret_text, size, "%s waits for block %llu to be idle%s",
			 task->name, (unsigned long long)where_of(key),
			 ds_refs_mapped(ds_frame_view(checks->super->frames,
						      ds_pfn(where_of(key)))
						->refs)
				 ? ", still mapped"
				 : "");
		break;
	case DS_OBJ_ENTRY:
		snprintf(ret_text, size, "%s waits for entry %llu", task->name,
			 (unsigned long long)where_of(key));
		break;
	case DS_OBJ_LEASES:
		snprintf(ret_text, size,
			 where_of(key) ? "%s waits for a client's I/O to end"
				       : "%s waits for leases to go",
			 task->name);
		break;
	default:
		other = holder_of(checks, task, key, &name);
		snprintf(ret_text, size, "%s waits for %s, held by %s",
			 task->name, name, other ? other->name : "nobody");
	}
}
