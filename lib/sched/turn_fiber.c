// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Tasks as fibers on the caller's thread. A run that ends early leaves their
 * frames behind; the next run starts every stack from its top again.
 */
#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "sched/current.h"
#include "sched/sanitizer.h"
#include "sched/sched.h"
#include "sched/switch.h"

#define STACK_SIZE (256 * 1024)
#define GUARD_SIZE (64 * 1024)

struct fiber {
	char *map; /* guard, then stack */
	void *sp;
	bool abandoned;
	struct ds_san_stack san;
};

struct fibers {
	struct fiber main;
	unsigned int n;
	struct fiber fibers[DS_TASKS_MAX];
};

static void release(struct ds_sched *sched)
{
	struct fibers *host = sched->host;
	unsigned int i;

	for (i = 0; i < host->n; i++) {
		ds_san_destroy(&host->fibers[i].san);
		munmap(host->fibers[i].map, GUARD_SIZE + STACK_SIZE);
	}
	free(host);
}

/* Return: whether there is memory for a stack and a guard below it. */
static bool make_stack(struct fiber *fiber)
{
	fiber->map = mmap(NULL, GUARD_SIZE + STACK_SIZE, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (fiber->map == MAP_FAILED)
		return false;
	if (mprotect(fiber->map, GUARD_SIZE, PROT_NONE) == 0)
		return true;
	munmap(fiber->map, GUARD_SIZE + STACK_SIZE);
	return false;
}

static int prepare(struct ds_sched *sched)
{
	struct fibers *host = calloc(1, sizeof(*host));

	if (!host)
		return -ENOMEM;
	sched->host = host;
	for (; host->n < sched->n_tasks; host->n++) {
		struct fiber *fiber = &host->fibers[host->n];

		if (!make_stack(fiber)) {
			release(sched);
			sched->host = NULL;
			return -ENOMEM;
		}
		ds_san_create(&fiber->san, fiber->map + GUARD_SIZE, STACK_SIZE);
	}
	return 0;
}

static void start(void *arg)
{
	struct ds_task *task = arg;
	struct fibers *host = task->sched->host;

	ds_san_enter(&host->fibers[task->id].san);
	ds_task_main(task);
	ds_assert(!"a finished task was resumed");
}

static struct fiber *fiber_of(struct fibers *host, unsigned int id)
{
	return id == DS_TASKS_MAX ? &host->main : &host->fibers[id];
}

static void switch_to(struct ds_sched *sched, unsigned int from,
		      unsigned int next)
{
	struct fibers *host = sched->host;
	struct fiber *source = fiber_of(host, from);
	struct fiber *target = fiber_of(host, next);

	ds_task_set_current(next == DS_TASKS_MAX ? NULL : sched->tasks[next]);
	ds_san_leave(&source->san, &target->san);
	ds_switch(&source->sp, target->sp);
	ds_san_enter(&source->san);
}

static void run(struct ds_sched *sched)
{
	struct fibers *host = sched->host;
	struct ds_task *before = ds_task_current();
	unsigned int i, next;

	ds_san_thread(&host->main.san);
	for (i = 0; i < host->n; i++) {
		struct fiber *fiber = &host->fibers[i];

		if (fiber->abandoned)
			ds_san_reset(&fiber->san);
		fiber->abandoned = true;
		fiber->sp = ds_switch_init(fiber->map + GUARD_SIZE, STACK_SIZE,
					   start, sched->tasks[i]);
	}
	/* Each task up to its first point; no choice there. */
	sched->current = DS_TASKS_MAX;
	for (i = 0; i < host->n; i++)
		switch_to(sched, DS_TASKS_MAX, i);
	next = ds_sched_next(sched, DS_TASKS_MAX);
	if (next != DS_TASKS_MAX)
		switch_to(sched, DS_TASKS_MAX, next);
	ds_task_set_current(before);
}

static void pass(struct ds_sched *sched, struct ds_task *from,
		 unsigned int next)
{
	switch_to(sched, from->id, next);
}

const struct ds_turns_ops ds_turns_fiber = {
	.prepare = prepare,
	.run = run,
	.pass = pass,
	.release = release,
};
