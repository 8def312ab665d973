// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Tasks as pthreads of which one runs at a time: who holds the baton. The
 * threads live as long as the scheduler; a run that ends early unwinds the
 * others with longjmp().
 */
#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <setjmp.h>
#include <stdlib.h>

#include "sched/current.h"
#include "sched/sched.h"

struct workers;

struct worker {
	struct workers *host;
	pthread_t thread;
	sem_t baton;
	jmp_buf base;
	struct ds_task *task; /* without the baton it may be being rewound */
	bool busy;            /* between the start and the end of its task */
};

struct workers {
	sem_t main; /* the baton of the thread that runs the scheduler */
	bool unwinding;
	bool leaving;
	unsigned int n;
	struct worker workers[DS_TASKS_MAX];
};

static void take_baton(sem_t *baton)
{
	while (sem_wait(baton) < 0)
		ds_assert(errno == EINTR);
}

static void *work(void *arg)
{
	struct worker *worker = arg;
	struct workers *host = worker->host;

	if (setjmp(worker->base)) {
		worker->busy = false;
		sem_post(&host->main);
	}
	for (;;) {
		take_baton(&worker->baton);
		if (host->leaving)
			return NULL;
		worker->busy = true;
		ds_task_set_current(worker->task);
		ds_task_main(worker->task);
		/* Finished: whoever is next already has the baton. */
	}
}

static void release(struct ds_sched *sched)
{
	struct workers *host = sched->host;
	unsigned int i;

	host->leaving = true;
	for (i = 0; i < host->n; i++) {
		sem_post(&host->workers[i].baton);
		pthread_join(host->workers[i].thread, NULL);
		sem_destroy(&host->workers[i].baton);
	}
	sem_destroy(&host->main);
	free(host);
}

static int prepare(struct ds_sched *sched)
{
	struct workers *host = calloc(1, sizeof(*host));

	if (!host)
		return -ENOMEM;
	sched->host = host;
	sem_init(&host->main, 0, 0);
	for (; host->n < sched->n_tasks; host->n++) {
		struct worker *worker = &host->workers[host->n];

		worker->host = host;
		worker->task = sched->tasks[host->n];
		sem_init(&worker->baton, 0, 0);
		if (pthread_create(&worker->thread, NULL, work, worker)) {
			sem_destroy(&worker->baton);
			release(sched);
			sched->host = NULL;
			return -EAGAIN;
		}
	}
	return 0;
}

static sem_t *baton_of(struct workers *host, unsigned int id)
{
	return id == DS_TASKS_MAX ? &host->main : &host->workers[id].baton;
}

static void pass(struct ds_sched *sched, struct ds_task *from,
		 unsigned int next)
{
	struct workers *host = sched->host;
	struct worker *worker = &host->workers[from->id];

	if (from->state == DS_TASK_DONE) {
		worker->busy = false;
		sem_post(baton_of(host, next));
		return;
	}
	sem_post(baton_of(host, next));
	take_baton(&worker->baton);
	if (host->unwinding)
		longjmp(worker->base, 1);
}

static void unwind(struct workers *host)
{
	unsigned int i;

	host->unwinding = true;
	for (i = 0; i < host->n; i++) {
		if (!host->workers[i].busy)
			continue;
		sem_post(&host->workers[i].baton);
		take_baton(&host->main);
	}
	host->unwinding = false;
}

static void run(struct ds_sched *sched)
{
	struct workers *host = sched->host;
	unsigned int i, next;

	/* Each task up to its first point; no choice there. */
	sched->current = DS_TASKS_MAX;
	for (i = 0; i < host->n; i++) {
		sem_post(&host->workers[i].baton);
		take_baton(&host->main);
	}
	next = ds_sched_next(sched, DS_TASKS_MAX);
	if (next != DS_TASKS_MAX) {
		sem_post(baton_of(host, next));
		take_baton(&host->main);
	}
	unwind(host);
}

const struct ds_turns_ops ds_turns_baton = {
	.prepare = prepare,
	.run = run,
	.pass = pass,
	.release = release,
};
