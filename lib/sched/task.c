// SPDX-License-Identifier: LGPL-2.1-or-later
#include "sched/task.h"

#include <errno.h>
#include <limits.h>
#include <linux/futex.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "sched/sched.h"

/* A few microseconds: a thread of an idle processor takes longer to wake. */
#define LOOKS 2048

void ds_task_saw_bytes_controlled(struct ds_task *task, const void *bytes,
				  size_t n)
{
	ds_task_saw(task, n);
	ds_task_saw(task, ds_digest_bytes(bytes, n).a);
}

/* Out of line; notes that the mutation was met at all. */
bool ds_break_rule(struct ds_task *task)
{
	task->sched->broke_rule = true;
	return true;
}

static void declare(struct ds_task *task, enum ds_at at, unsigned int n,
		    const struct ds_access *accesses)
{
	ds_assert(n <= DS_ACCESS_MAX);
	task->at = at;
	task->n_accesses = n;
	/* Most steps have one or two: faster than any copy of so many. */
	if (n > 2)
		memcpy(&task->accesses[2], &accesses[2],
		       (n - 2) * sizeof(*accesses));
	if (n > 1)
		task->accesses[1] = accesses[1];
	if (n > 0)
		task->accesses[0] = accesses[0];
}

/* Lets the scheduler choose; returns when it has chosen @task. */
static void give_way(struct ds_task *task)
{
	struct ds_sched *sched = task->sched;
	unsigned int next = ds_sched_next(sched, task->id);

	if (next != task->id)
		sched->ops->pass(sched, task, next);
	task->state = DS_TASK_READY;
	task->ready = NULL;
	task->steps++;
	/* Not as ds_task_saw() has it: a step is no value. */
	task->memory = ds_hash_step(~task->memory, task->at);
}

void ds_yield_controlled(struct ds_task *task, enum ds_at at, unsigned int n,
			 const struct ds_access *accesses)
{
	declare(task, at, n, accesses);
	task->state = DS_TASK_READY;
	give_way(task);
}

void ds_yield_until(struct ds_task *task, enum ds_at at,
		    bool (*ready)(const struct ds_task *task),
		    struct ds_access access)
{
	if (!task->controlled) {
		while (!ready(task))
			sched_yield();
		return;
	}
	declare(task, at, 1, &access);
	task->state = DS_TASK_READY;
	task->ready = ready;
	give_way(task);
}

void ds_touch_controlled(struct ds_task *task, ds_obj obj, enum ds_how how)
{
	unsigned int i;

	/* Code before a task's first point touches nothing shared. */
	ds_assert(task->sched->current == task->id);
	if (!task->sched->check_footprints)
		return;
	for (i = 0; i < task->n_accesses; i++) {
		const struct ds_access *access = &task->accesses[i];

		if (access->obj == obj &&
		    (access->how == DS_WRITE || access->how == how))
			return;
	}
	fprintf(stderr,
		"daxsim: step %s of %s: access %d to %#llx undeclared\n",
		ds_point_name(task->at), task->name, (int)how,
		(unsigned long long)obj);
	ds_assert(!"undeclared access");
}

/* Looks for one of @bits for about as long as it takes to be woken. */
static bool comes_soon(atomic_uint *word, unsigned int bits)
{
	unsigned int tries;

	for (tries = 0; tries < LOOKS; tries++) {
		if (atomic_load_explicit(word, memory_order_acquire) & bits)
			return true;
		/* Who is to set it may need this processor. */
		if (tries % 64 == 63)
			sched_yield();
	}
	return false;
}

/*
 * Sleeps until one of @bits is set in @word, or @ticks of a millisecond each
 * are over (0: for ever). Return: whether a bit is set.
 */
static bool futex_wait_for(atomic_uint *word, unsigned int bits, uint64_t ticks)
{
	const struct timespec time = {
		.tv_sec = (time_t)(ticks / 1000),
		.tv_nsec = (long)(ticks % 1000) * 1000000,
	};
	unsigned int seen;

	if (comes_soon(word, bits))
		return true;
	while (!((seen = atomic_fetch_or(word, DS_ASLEEP)) & bits)) {
		if (syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE,
			    seen | DS_ASLEEP, ticks ? &time : NULL, NULL,
			    0) < 0 &&
		    errno == ETIMEDOUT)
			break;
	}
	return atomic_fetch_and(word, ~DS_ASLEEP) & bits;
}

static void futex_set(atomic_uint *word, unsigned int bits)
{
	if (atomic_fetch_or(word, bits) & DS_ASLEEP)
		syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, INT_MAX, NULL,
			NULL, 0);
}

static void sleep_controlled(struct ds_task *task, enum ds_at at, ds_obj queue,
			     bool interruptible, uint64_t ticks, bool idle)
{
	const struct ds_access accesses[] = {
		ds_reads(queue),
		ds_reads(ds_task_object(task)),
	};

	declare(task, at, interruptible ? 2 : 1, accesses);
	task->state = DS_TASK_ASLEEP;
	task->interruptible = interruptible;
	task->idle = idle;
	task->deadline = ticks ? task->sched->now + ticks : 0;
	give_way(task);
	task->deadline = 0;
	task->idle = false;
}

void ds_task_sleep(struct ds_task *task, enum ds_at at, ds_obj queue,
		   bool interruptible)
{
	if (task->controlled)
		sleep_controlled(task, at, queue, interruptible, 0, false);
	else
		futex_wait_for(&task->alarms,
			       DS_WOKEN | (interruptible ? DS_SIGNALLED : 0),
			       0);
}

bool ds_task_sleep_for(struct ds_task *task, enum ds_at at, ds_obj queue,
		       bool interruptible, uint64_t ticks)
{
	unsigned int ends = DS_WOKEN | (interruptible ? DS_SIGNALLED : 0);
	unsigned int alarms;

	ds_assert(ticks > 0);
	if (!task->controlled) {
		if (futex_wait_for(&task->alarms, ends, ticks))
			return false;
		/* That much time went by for everybody, at least. */
		atomic_fetch_add(&task->sched->now, ticks);
		return true;
	}
	sleep_controlled(task, at, queue, interruptible, ticks, false);
	alarms = atomic_fetch_and(&task->alarms, ~DS_TIMED_OUT);
	return (alarms & DS_TIMED_OUT) && !(alarms & DS_WOKEN);
}

void ds_task_pause(struct ds_task *task, uint64_t ticks)
{
	/* In no queue, whatever it slept on before: nobody wakes it. */
	ds_task_forget_wake(task);
	task->waiter = (struct ds_waiter){.task = task};
	ds_task_sleep_for(task, DS_AT_WAIT_SLEEP, ds_object(DS_OBJ_NONE, 0, 0),
			  false, ticks);
}

bool ds_task_sleep_idle(struct ds_task *task, enum ds_at at, ds_obj queue)
{
	if (task->controlled) {
		sleep_controlled(task, at, queue, false, 0, true);
		return true;
	}
	ds_sched_idle(task->sched, true);
	futex_wait_for(&task->alarms, DS_WOKEN | DS_OVER, 0);
	ds_sched_idle(task->sched, false);
	return atomic_load(&task->alarms) & DS_WOKEN;
}

uint64_t ds_task_now(const struct ds_task *task)
{
	return atomic_load(&task->sched->now);
}

/* The time of all that are left asleep is over: they have nobody to serve. */
static void end_idle(struct ds_sched *sched)
{
	unsigned int i;

	for (i = 0; i < sched->n_tasks; i++)
		futex_set(&sched->tasks[i]->alarms, DS_OVER);
}

void ds_sched_idle(struct ds_sched *sched, bool idle)
{
	if (!idle)
		atomic_fetch_add(&sched->n_busy, 1);
	else if (atomic_fetch_sub(&sched->n_busy, 1) == 1)
		end_idle(sched);
}

void ds_task_wake(struct ds_task *task)
{
	if (task->controlled)
		atomic_fetch_or(&task->alarms, DS_WOKEN);
	else
		futex_set(&task->alarms, DS_WOKEN);
}

void ds_task_signal(struct ds_task *task, struct ds_task *target)
{
	ds_yield(task, DS_AT_SIGNAL, ds_writes(ds_task_object(target)));
	ds_touch(task, ds_task_object(target), DS_WRITE);
	if (target->controlled)
		atomic_fetch_or(&target->alarms, DS_SIGNALLED);
	else
		futex_set(&target->alarms, DS_SIGNALLED);
	ds_tell(task, "signal %s", target->name);
}

bool ds_task_take_signal(struct ds_task *task)
{
	bool pending;

	ds_yield(task, DS_AT_SIGNAL, ds_writes(ds_task_object(task)));
	ds_touch(task, ds_task_object(task), DS_WRITE);
	pending = atomic_fetch_and(&task->alarms, ~DS_SIGNALLED) & DS_SIGNALLED;
	ds_task_saw(task, pending);
	return pending;
}

bool ds_task_signal_pending(struct ds_task *task)
{
	bool pending;

	ds_touch(task, ds_task_object(task), DS_READ);
	pending = atomic_load(&task->alarms) & DS_SIGNALLED;
	ds_task_saw(task, pending);
	return pending;
}

int ds_task_void(struct ds_task *task, int error)
{
	struct ds_sched *sched = task->sched;

	ds_assert(error < 0);
	if (!task->controlled) {
		/* A free run goes on, but it is void. */
		sched->void_error = error;
		return error;
	}
	sched->end = DS_RUN_VOID;
	sched->void_error = error;
	sched->ops->pass(sched, task, DS_TASKS_MAX);
	ds_assert(!"a void run went on");
	return error;
}

static void tell(struct ds_task *task, bool detail, const char *format,
		 va_list args)
{
	struct ds_event event = {.kind = DS_EV_TOLD, .value = detail};
	char line[160];

	vsnprintf(line, sizeof(line), format, args);
	event.text = line;
	ds_task_send(task, &event);
}

void ds_tell(struct ds_task *task, const char *format, ...)
{
	va_list args;

	if (ds_likely(!task->sched->events->telling))
		return;
	va_start(args, format);
	tell(task, false, format, args);
	va_end(args);
}

void ds_tell_detail(struct ds_task *task, const char *format, ...)
{
	va_list args;

	if (ds_likely(!task->sched->events->telling))
		return;
	va_start(args, format);
	tell(task, true, format, args);
	va_end(args);
}

void ds_warn(struct ds_task *task, enum ds_warning warning, uint32_t inode,
	     struct ds_pgidx page, struct ds_pfn pfn)
{
	const struct ds_warning_text *text = ds_warning_text(warning);
	struct ds_event event = {
		.kind = DS_EV_WARNED,
		.inode = inode,
		.page = page,
		.pfn = pfn,
		.value = warning,
	};

	if (text->of_page)
		ds_tell(task, "W%d: page %llu %s", (int)warning,
			(unsigned long long)page.pgidx, text->told);
	else
		ds_tell(task, "W%d: %s", (int)warning, text->told);
	ds_task_send(task, &event);
}

void ds_task_send(struct ds_task *task, struct ds_event *event)
{
	event->task = task->id;
	ds_events_send(task->sched->events, event);
}
