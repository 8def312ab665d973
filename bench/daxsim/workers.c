// SPDX-License-Identifier: LGPL-2.1-or-later
#include "workers.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <unistd.h>

#include "cli.h"

struct crew {
	cli_work_fn work;
	void *arg;
	size_t n;
	atomic_size_t next;
	atomic_int code; /* of what failed first */
};

struct worker {
	struct crew *crew;
	unsigned int number;
	pthread_t thread;
};

unsigned int cli_processors(void)
{
	cpu_set_t set;
	long n;

	if (sched_getaffinity(0, sizeof(set), &set) == 0)
		n = CPU_COUNT(&set);
	else
		n = sysconf(_SC_NPROCESSORS_ONLN);
	if (n < 1)
		return 1;
	return n > CLI_JOBS_MAX ? CLI_JOBS_MAX : (unsigned int)n;
}

bool cli_jobs(const char *verb, const char *text, unsigned int *ret)
{
	uint64_t number;

	if (!cli_number(verb, "jobs", text, &number))
		return false;
	*ret = (unsigned int)number;
	if (number >= 1 && number <= CLI_JOBS_MAX)
		return true;
	cli_error(verb, "--jobs: expected 1 to %d, not '%s'", CLI_JOBS_MAX,
		  text);
	return false;
}

static void *run_worker(void *arg)
{
	const struct worker *worker = arg;
	struct crew *crew = worker->crew;
	int code, fine = EXIT_AS_ASKED;
	size_t i;

	while (atomic_load(&crew->code) == EXIT_AS_ASKED &&
	       !cli_interrupted()) {
		i = atomic_fetch_add(&crew->next, 1);
		if (i >= crew->n)
			break;
		code = crew->work(crew->arg, worker->number, i);
		if (code != EXIT_AS_ASKED)
			atomic_compare_exchange_strong(&crew->code, &fine,
						       code);
	}
	return NULL;
}

int cli_work(unsigned int jobs, size_t n, cli_work_fn work, void *arg)
{
	struct crew crew = {.work = work, .arg = arg, .n = n};
	struct worker workers[CLI_JOBS_MAX];
	unsigned int i, n_threads = 1;

	for (i = 0; i < jobs; i++)
		workers[i] = (struct worker){.crew = &crew, .number = i};
	while (n_threads < jobs && n_threads < n &&
	       pthread_create(&workers[n_threads].thread, NULL, run_worker,
			      &workers[n_threads]) == 0)
		n_threads++;
	run_worker(&workers[0]);
	for (i = 1; i < n_threads; i++)
		pthread_join(workers[i].thread, NULL);
	return atomic_load(&crew.code);
}
