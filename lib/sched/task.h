/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DS_SCHED_TASK_H
#define DS_SCHED_TASK_H

/*
 * A task is one thread of the simulated kernel. Whatever it does to an object
 * that another task can reach, it does in steps: it declares at a scheduling
 * point what the next step touches, and the scheduler decides who goes on.
 *
 * Under a controlled scheduler (fiber, baton) one task runs at a time. On free
 * pthreads, and in calls made outside a run, a scheduling point is one
 * predictable branch.
 */
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>

#include "core/assert.h"
#include "core/digest.h"
#include "core/event.h"
#include "core/prng.h"
#include "core/rule.h"
#include "core/warning.h"
#include "sched/access.h"
#include "sched/points.h"

#define DS_TASKS_MAX  16
#define DS_ACCESS_MAX 12
#define DS_HELD_MAX   12

struct ds_sched;
struct ds_task;
struct ds_rwsem;

typedef void (*ds_task_fn)(struct ds_task *task, void *arg);

enum ds_task_state {
	DS_TASK_NEW,
	DS_TASK_READY,
	DS_TASK_ASLEEP, /* its step waits for ds_task_wake() or a signal */
	DS_TASK_DONE,
};

#define DS_WOKEN     1u
#define DS_SIGNALLED 2u
#define DS_TIMED_OUT 4u
#define DS_OVER      8u  /* free tasks: nobody is left who could wake it */
#define DS_ASLEEP    16u /* free tasks: it sleeps, or is about to */

enum ds_lock_mode {
	DS_SHARED,
	DS_EXCLUSIVE,
};

/* A place in a queue of waiters; a task stands in one queue at a time. */
struct ds_waiter {
	struct ds_task *task;
	struct ds_waiter *next;
	ds_obj key;
	bool exclusive;
	bool queued;
	enum ds_lock_mode mode; /* what a lock's waiter asks for */
};

struct ds_held {
	struct ds_rwsem *lock;
	enum ds_lock_mode mode;
};

struct ds_task {
	struct ds_sched *sched;
	unsigned int id; /* place in the scheduler's table */
	bool controlled; /* its points ask the scheduler */
	enum ds_task_state state;
	ds_task_fn fn;
	void *arg;
	const char *name;
	enum ds_rule broken; /* the rule it breaks on purpose */
	/*
	 * The call it is in must not wait: IOCB_NOWAIT. It follows from which
	 * call that is, as an argument does.
	 */
	bool nowait;

	/* The step it will take next, valid while it does not run. */
	enum ds_at at;
	unsigned int n_accesses;
	struct ds_access accesses[DS_ACCESS_MAX];
	bool (*ready)(const struct ds_task *task); /* NULL: always */
	const void *awaited; /* what @ready looks at; the step declares it */

	/* DS_WOKEN: a wake-up came since the task prepared to sleep;
	 * DS_SIGNALLED: a signal is pending, until the task takes it;
	 * DS_TIMED_OUT: the time of the present sleep is over. */
	atomic_uint alarms;
	bool interruptible;  /* the present sleep ends on a signal */
	bool idle;           /* ... and is for work that need not come */
	uint64_t deadline;   /* the tick at which it ends, 0: none */
	uint32_t grace_mask; /* walkers it waits for, by task id */

	struct ds_waiter waiter;
	unsigned int n_held;
	struct ds_held held[DS_HELD_MAX];

	/*
	 * How far the frame that it came to last lay from the page of the file,
	 * and of the address space, that led there. Free tasks guess from it
	 * what they will need, and fetch that ahead; nothing else goes by it.
	 */
	uint64_t frame_from_page;
	uint64_t frame_from_vpn;

	/*
	 * A rolling hash of the steps taken and of what they learnt, as far as
	 * it still counts: tells two local states apart without a look at the
	 * stack. See ds_task_saw().
	 */
	uint64_t memory;
	uint64_t steps;   /* taken in this run */
	uint64_t n_calls; /* it has returned from; not a part of its state */
};

/*
 * Whether nothing is asked of @task in between: it has no scheduling points and
 * breaks no rule. Such a task may take many steps of a kind at once, as long as
 * it does the same to what others can reach, in the same order.
 */
static inline bool ds_task_is_free(const struct ds_task *task)
{
	return !task->controlled && task->broken == DS_RULE_NONE;
}

/*
 * Whether @task keeps @rule: yes, but for the one rule that a mutation breaks.
 */
bool ds_break_rule(struct ds_task *task);

static inline bool ds_keeps(struct ds_task *task, enum ds_rule rule)
{
	return ds_likely(task->broken != rule) || !ds_break_rule(task);
}

/* Out of line: the scheduler decides who runs; returns when it is @task. */
void ds_yield_controlled(struct ds_task *task, enum ds_at at, unsigned int n,
			 const struct ds_access *accesses);

/* Declares the next step of @task and lets the scheduler choose. */
#define ds_yield(task, at, ...)                                                \
	do {                                                                   \
		if (ds_unlikely((task)->controlled)) {                         \
			const struct ds_access accesses_[] = {__VA_ARGS__};    \
			ds_yield_controlled((task), (at),                      \
					    sizeof(accesses_) /                \
						    sizeof(accesses_[0]),      \
					    accesses_);                        \
		}                                                              \
	} while (0)

/* Asserts that the present step of @task declared access @how to @obj. */
void ds_touch_controlled(struct ds_task *task, ds_obj obj, enum ds_how how);

static inline void ds_touch(struct ds_task *task, ds_obj obj, enum ds_how how)
{
	if (ds_unlikely(task->controlled))
		ds_touch_controlled(task, obj, how);
}

/*
 * What a task will do is a function of where it is and of its locals, and these
 * of task->memory: whatever a step learns from shared state, and may make use
 * of later, is noted in it. Steps note themselves.
 *
 * What no longer counts is dropped, or equal states would look different. A
 * function that takes steps keeps the memory it was entered with, from which
 * its arguments follow:
 *
 *	uint64_t before = ds_task_enter(task);
 *
 *	while (...) {
 *		ds_task_forget(task, before);	no local lives on, only
 *		ds_task_saw(task, i);		this one
 *		...
 *	}
 *	ds_task_done(task, before, result);	what comes later depends on
 *						the result alone
 *
 * All this is mixed in different ways, and what is entered inside has another
 * memory before it: so no place is taken for another one, such as behind the
 * first of two equal calls for behind the second.
 */

/* Notes that a step of @task learnt @value from shared state. */
static inline void ds_task_saw(struct ds_task *task, uint64_t value)
{
	if (ds_unlikely(task->controlled))
		task->memory = ds_hash_step(task->memory, value);
}

/*
 * Says that nothing that @task learnt since it entered with the memory @before
 * can influence what it will do, and that it is where it was then.
 */
static inline void ds_task_forget(struct ds_task *task, uint64_t before)
{
	if (ds_unlikely(task->controlled))
		task->memory = ds_mix64(before + UINT64_C(0x2545f4914f6cdd1d));
}

/* Return: what ds_task_forget() and ds_task_done() come back to. */
static inline uint64_t ds_task_enter(struct ds_task *task)
{
	uint64_t before = task->memory;

	ds_task_forget(task, before);
	return before;
}

/*
 * The same at the end of what was entered with the memory @before, where
 * @result stands for all that lives on.
 */
static inline void ds_task_done(struct ds_task *task, uint64_t before,
				uint64_t result)
{
	if (ds_unlikely(task->controlled))
		task->memory = ds_hash_step(
			before + UINT64_C(0x632be59bd9b4e019), result);
}

/* Notes bytes that were read. */
void ds_task_saw_bytes_controlled(struct ds_task *task, const void *bytes,
				  size_t n);

static inline void ds_task_saw_bytes(struct ds_task *task, const void *bytes,
				     size_t n)
{
	if (ds_unlikely(task->controlled))
		ds_task_saw_bytes_controlled(task, bytes, n);
}

/* Says that @task got on: it returned from one of its calls. */
static inline void ds_task_call_ended(struct ds_task *task)
{
	task->n_calls++;
}

/*
 * A step that can be taken only while @ready says so: for a busy wait of the
 * kernel, such as one for interrupts to be acknowledged. Sleeps use waits.
 */
void ds_yield_until(struct ds_task *task, enum ds_at at,
		    bool (*ready)(const struct ds_task *task),
		    struct ds_access access);

/*
 * Forgets earlier wake-ups: before the caller queues itself and tests, and
 * after a sleep, since one that was heeded must not tell states apart.
 */
static inline void ds_task_forget_wake(struct ds_task *task)
{
	atomic_fetch_and(&task->alarms, ~(DS_WOKEN | DS_TIMED_OUT));
}

/*
 * Sleeps until ds_task_wake(), also when that came since
 * ds_task_forget_wake(), or until a signal if @interruptible. @queue is the
 * object through which the wake comes.
 */
void ds_task_sleep(struct ds_task *task, enum ds_at at, ds_obj queue,
		   bool interruptible);

/*
 * The same, for @ticks > 0 of virtual time at most. Time moves only when no
 * task can go on, and then to the nearest end of such a sleep: so it is over
 * when nothing else could end it. Return: whether the time was over; a wake-up
 * that came too goes before.
 *
 * Models: schedule_timeout() in ___wait_event(). Differs: a sleep never ends
 * while others can still go on.
 */
bool ds_task_sleep_for(struct ds_task *task, enum ds_at at, ds_obj queue,
		       bool interruptible, uint64_t ticks);

/* Sleeps for @ticks, whatever comes. */
void ds_task_pause(struct ds_task *task, uint64_t ticks);

/*
 * The same without an end, for a task that serves others: a run is over when
 * all that are left sleep so. Return: false if there is nobody left to serve;
 * under a controlled scheduler it does not return then.
 */
bool ds_task_sleep_idle(struct ds_task *task, enum ds_at at, ds_obj queue);

/*
 * The present tick. Only differences mean anything. Free tasks really sleep, a
 * millisecond for each tick, and time moves with every sleep that lasts to its
 * end.
 */
uint64_t ds_task_now(const struct ds_task *task);

void ds_task_wake(struct ds_task *task);

/* Sends a signal: ends interruptible sleeps of @target, now and later. */
void ds_task_signal(struct ds_task *task, struct ds_task *target);

/*
 * The task handles its signal: a step, and outside of calls only. Return:
 * whether there was one.
 */
bool ds_task_take_signal(struct ds_task *task);

/* Whether a signal is pending for @task; part of a step that reads it. */
bool ds_task_signal_pending(struct ds_task *task);

static inline ds_obj ds_task_object(const struct ds_task *task)
{
	return ds_object(DS_OBJ_TASK, task->id, 0);
}

/*
 * Ends the run as void: a host failure (@error, negative errno) is never a
 * result of the simulated kernel. Returns @error when tasks are not
 * controlled; does not return otherwise.
 */
int ds_task_void(struct ds_task *task, int error);

/* Adds a line to the timeline; formatted only if somebody reads it. */
void ds_tell(struct ds_task *task, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* The same for what only a full timeline shows. */
void ds_tell_detail(struct ds_task *task, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/*
 * Raises a warning of the kernel in the present step, at @page of @inode on
 * block @pfn (0: of no page).
 */
void ds_warn(struct ds_task *task, enum ds_warning warning, uint32_t inode,
	     struct ds_pgidx page, struct ds_pfn pfn);

/* Sends @event as coming from @task. */
void ds_task_send(struct ds_task *task, struct ds_event *event);

#endif
