// SPDX-License-Identifier: LGPL-2.1-or-later
#include "sched/sched.h"

#include <errno.h>

#include "sched/rwsem.h"

int ds_sched_new(struct ds_arena *arena, struct ds_events *events,
		 struct ds_sched **ret_sched)
{
	struct ds_sched *sched = ds_arena_alloc(arena, sizeof(*sched));

	if (!sched)
		return -ENOMEM;
	sched->events = events;
	sched->max_steps = UINT64_MAX;
	sched->current = DS_TASKS_MAX;
	*ret_sched = sched;
	return 0;
}

void ds_sched_free(struct ds_sched *sched)
{
	if (sched->host)
		sched->ops->release(sched);
	sched->host = NULL;
}

int ds_sched_spawn(struct ds_sched *sched, struct ds_arena *arena,
		   const char *name, ds_task_fn fn, void *arg,
		   struct ds_task **ret_task)
{
	struct ds_task *task;

	if (sched->n_tasks == DS_TASKS_MAX)
		return -ENOSPC;
	task = ds_arena_alloc(arena, sizeof(*task));
	if (!task)
		return -ENOMEM;
	task->sched = sched;
	task->id = sched->n_tasks;
	task->name = name;
	task->fn = fn;
	task->arg = arg;
	sched->tasks[sched->n_tasks++] = task;
	if (ret_task)
		*ret_task = task;
	return 0;
}

int ds_sched_prepare(struct ds_sched *sched, enum ds_turns turns)
{
	static const struct ds_turns_ops *const ops[] = {
		[DS_TURNS_FIBER] = &ds_turns_fiber,
		[DS_TURNS_BATON] = &ds_turns_baton,
		[DS_TURNS_FREE] = &ds_turns_free,
	};
	unsigned int i;

	ds_assert(!sched->host);
	sched->ops = ops[turns];
	for (i = 0; i < sched->n_tasks; i++)
		sched->tasks[i]->controlled = turns != DS_TURNS_FREE;
	return sched->ops->prepare(sched);
}

void ds_sched_break_rule(struct ds_sched *sched, enum ds_rule rule)
{
	unsigned int i;

	for (i = 0; i < sched->n_tasks; i++)
		sched->tasks[i]->broken = rule;
}

enum ds_run_end ds_sched_run(struct ds_sched *sched)
{
	unsigned int i;

	sched->n_steps = 0;
	sched->now = 0;
	sched->n_jumps = 0;
	sched->n_busy = sched->n_tasks;
	sched->broke_rule = false;
	sched->void_error = 0;
	sched->end = DS_RUN_DONE;
	for (i = 0; i < sched->n_tasks; i++) {
		sched->tasks[i]->state = DS_TASK_NEW;
		sched->tasks[i]->steps = 0;
		sched->tasks[i]->memory = 0;
		sched->tasks[i]->n_calls = 0;
	}
	sched->ops->run(sched);
	sched->current = DS_TASKS_MAX;
	return sched->end;
}

void ds_task_main(struct ds_task *task)
{
	struct ds_sched *sched = task->sched;

	task->fn(task, task->arg);
	/* A lock still held is a finding of its own (LOCKS_BALANCED). */
	task->state = DS_TASK_DONE;
	task->at = DS_AT_END;
	task->n_accesses = 0;
	sched->ops->pass(sched, task, ds_sched_next(sched, task->id));
}

bool ds_task_is_idle(const struct ds_task *task)
{
	return task->state == DS_TASK_ASLEEP && task->idle &&
	       !(atomic_load(&task->alarms) & DS_WOKEN);
}

/* Asked of every task before every step. */
static inline bool is_enabled(const struct ds_task *task)
{
	unsigned int ends = DS_WOKEN | DS_TIMED_OUT;

	if (task->state == DS_TASK_READY)
		return !task->ready || task->ready(task);
	if (task->interruptible)
		ends |= DS_SIGNALLED;
	return task->state == DS_TASK_ASLEEP &&
	       (atomic_load(&task->alarms) & ends);
}

bool ds_task_is_enabled(const struct ds_task *task)
{
	return is_enabled(task);
}

static void digest_step(const struct ds_task *task, struct ds_digest *digest)
{
	uint64_t hows = task->n_accesses;
	unsigned int i;

	ds_digest_add(digest, task->memory);
	for (i = 0; i < task->n_accesses; i++) {
		ds_digest_add(digest, task->accesses[i].obj);
		hows = hows << 2 | task->accesses[i].how;
	}
	ds_digest_add(digest, hows);
	if (task->ready)
		ds_digest_add(digest, task->grace_mask);
	if (task->state != DS_TASK_ASLEEP)
		return;
	/* Until it is taken back the step sleeps on what the waiter names. */
	ds_digest_add(digest, task->waiter.key << 1 | task->interruptible);
	/* How long, not until when: or no state would ever come back. */
	ds_digest_add(digest,
		      (task->deadline ? task->deadline - task->sched->now : 0)
				      << 1 |
			      task->idle);
}

/*
 * Not: what the task has from its start (id, function, name), how many steps it
 * took, and what only a step under way uses. A task that is done never looks at
 * its memory or for signals again, but it may have kept a lock.
 */
static void digest_task(const struct ds_task *task, struct ds_digest *digest)
{
	bool done = task->state == DS_TASK_DONE;
	unsigned int alarms = atomic_load(&task->alarms);
	unsigned int i;

	ds_digest_add(digest, (uint64_t)task->state | (uint64_t)task->at << 8 |
				      (done ? 0 : (uint64_t)alarms << 16) |
				      (uint64_t)task->n_held << 24 |
				      (uint64_t) !!task->ready << 32);
	for (i = 0; i < task->n_held; i++)
		ds_digest_add(digest, (uint64_t)task->held[i].lock->id << 1 |
					      task->held[i].mode);
	if (!done)
		digest_step(task, digest);
}

void ds_sched_digest(const struct ds_sched *sched, struct ds_digest *digest)
{
	unsigned int i;

	for (i = 0; i < sched->n_tasks; i++)
		digest_task(sched->tasks[i], digest);
}

static uint32_t enabled_tasks(const struct ds_sched *sched, bool *ret_all_done)
{
	uint32_t enabled = 0;
	unsigned int i;

	*ret_all_done = true;
	for (i = 0; i < sched->n_tasks; i++) {
		const struct ds_task *task = sched->tasks[i];

		if (task->state == DS_TASK_DONE)
			continue;
		/* Most are ready, and that is all to know of them. */
		if (task->state == DS_TASK_READY || !ds_task_is_idle(task))
			*ret_all_done = false;
		if (is_enabled(task))
			enabled |= UINT32_C(1) << i;
	}
	return enabled;
}

/* Nobody can go on: the sleeps that end first end now, if any ever do. */
static bool move_time(struct ds_sched *sched)
{
	uint64_t next = UINT64_MAX;
	unsigned int i;

	for (i = 0; i < sched->n_tasks; i++) {
		const struct ds_task *task = sched->tasks[i];

		if (task->state == DS_TASK_ASLEEP && task->deadline &&
		    task->deadline < next)
			next = task->deadline;
	}
	if (next == UINT64_MAX)
		return false;
	ds_assert(next > sched->now);
	sched->now = next;
	sched->n_jumps++;
	for (i = 0; i < sched->n_tasks; i++) {
		struct ds_task *task = sched->tasks[i];

		if (task->state != DS_TASK_ASLEEP || task->deadline != next)
			continue;
		task->deadline = 0;
		atomic_fetch_or(&task->alarms, DS_TIMED_OUT);
	}
	return true;
}

unsigned int ds_sched_next(struct ds_sched *sched, unsigned int last)
{
	uint32_t enabled;
	bool all_done;
	int pick;

	/* Before the first choice each task runs up to its first point. */
	if (sched->current == DS_TASKS_MAX && last != DS_TASKS_MAX)
		return DS_TASKS_MAX;
	if (sched->end == DS_RUN_VOID)
		return DS_TASKS_MAX;
	enabled = enabled_tasks(sched, &all_done);
	if (!enabled && !all_done && move_time(sched))
		enabled = enabled_tasks(sched, &all_done);
	if (!enabled) {
		sched->end = all_done ? DS_RUN_DONE : DS_RUN_STUCK;
		return DS_TASKS_MAX;
	}
	if (sched->n_steps >= sched->max_steps) {
		sched->end = DS_RUN_LIMIT;
		return DS_TASKS_MAX;
	}
	pick = sched->strategy.pick(sched->strategy.arg, sched, enabled, last);
	if (pick == DS_PICK_STOP) {
		sched->end = DS_RUN_STOPPED;
		return DS_TASKS_MAX;
	}
	ds_assert(pick >= 0 && (enabled >> pick & 1));
	sched->n_steps++;
	sched->current = (unsigned int)pick;
	return sched->current;
}

static bool accesses_conflict(const struct ds_access *a,
			      const struct ds_access *b)
{
	enum ds_how how;

	if (a->obj != b->obj)
		return false;
	how = ds_access_how(a);
	return how == DS_WRITE || how != ds_access_how(b);
}

bool ds_steps_conflict(const struct ds_task *a, const struct ds_task *b)
{
	unsigned int i, j;

	for (i = 0; i < a->n_accesses; i++)
		for (j = 0; j < b->n_accesses; j++)
			if (accesses_conflict(&a->accesses[i], &b->accesses[j]))
				return true;
	return false;
}
