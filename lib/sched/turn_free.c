// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Tasks as pthreads that really run in parallel and really sleep. Nothing is
 * chosen here, so nothing can be replayed.
 */
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "sched/current.h"
#include "sched/sched.h"

enum start {
	START_WAIT,
	START_GO,
	START_CANCEL, /* some thread could not be made */
};

struct threads {
	atomic_int start;
	pthread_t threads[DS_TASKS_MAX];
};

static int prepare(struct ds_sched *sched)
{
	sched->host = calloc(1, sizeof(struct threads));
	return sched->host ? 0 : -ENOMEM;
}

static void release(struct ds_sched *sched)
{
	free(sched->host);
}

static void *work(void *arg)
{
	struct ds_task *task = arg;
	struct threads *host = task->sched->host;
	int start;

	ds_task_set_current(task);
	/* Start together, or short tasks would never meet. */
	while ((start = atomic_load(&host->start)) == START_WAIT)
		sched_yield();
	if (start == START_CANCEL)
		return NULL;
	task->fn(task, task->arg);
	task->state = DS_TASK_DONE;
	ds_sched_idle(task->sched, true);
	return NULL;
}

static void run(struct ds_sched *sched)
{
	struct threads *host = sched->host;
	unsigned int i, n;
	int r = 0;

	atomic_store(&host->start, START_WAIT);
	for (n = 0; n < sched->n_tasks && r == 0; n += r == 0)
		r = pthread_create(&host->threads[n], NULL, work,
				   sched->tasks[n]);
	sched->events->parallel = true;
	atomic_store(&host->start, r == 0 ? START_GO : START_CANCEL);
	for (i = 0; i < n; i++)
		pthread_join(host->threads[i], NULL);
	sched->events->parallel = false;
	if (r)
		sched->void_error = -r;
	sched->end = sched->void_error ? DS_RUN_VOID : DS_RUN_DONE;
}

static void pass(struct ds_sched *sched, struct ds_task *from,
		 unsigned int next)
{
	(void)sched;
	(void)from;
	(void)next;
	ds_assert(!"free tasks take no turns");
}

const struct ds_turns_ops ds_turns_free = {
	.prepare = prepare,
	.run = run,
	.pass = pass,
	.release = release,
};
