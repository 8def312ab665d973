// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The reader/writer semaphore on free threads beside other locks: pairs of
 * lock and unlock, one or two threads at it; passing the lock to and fro; and
 * how long a writer waits behind readers that overlap for ever.
 */
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "perf/locks.h"
#include "perf/suites.h"

#define HOLD_NS    20000.0 /* that a reader keeps the lock */
#define GIVE_UP_NS 50e6    /* when readers stop, so that a writer comes in */

static const struct perf_lock_ops *const all_ops[] = {
	&perf_lock_rwsem, &perf_lock_pthread,   &perf_lock_pthread_writers,
	&perf_lock_nsync, &perf_lock_ck_rwlock, &perf_lock_ck_brlock,
};

enum {
	N_OPS = sizeof(all_ops) / sizeof(all_ops[0]),
};

struct subject {
	const struct perf_lock_ops *ops;
	void *lock;
	struct perf_samples samples;
};

/* Threads that start together and use one lock. */
struct crew {
	struct subject *subject;
	atomic_uint n_ready;
	unsigned int n_threads;
	uint64_t n; /* that each is to do */
	atomic_uint turn;
	atomic_ullong n_holds; /* of readers */
	atomic_bool stop;
	double took; /* by the writer */
};

struct thread {
	struct crew *crew;
	unsigned int id;
	pthread_t thread;
	double took; /* CPU time of one operation */
};

static void start_together(struct crew *crew)
{
	atomic_fetch_add(&crew->n_ready, 1);
	while (atomic_load(&crew->n_ready) < crew->n_threads)
		sched_yield();
}

static void run_crew(struct crew *crew, struct thread *threads,
		     void *(*run)(void *arg))
{
	unsigned int i;

	for (i = 0; i < crew->n_threads; i++) {
		threads[i].crew = crew;
		threads[i].id = i;
		if (pthread_create(&threads[i].thread, NULL, run, &threads[i]))
			perf_die("no thread");
	}
	for (i = 0; i < crew->n_threads; i++)
		pthread_join(threads[i].thread, NULL);
}

/* --------------------------------- Pairs ---------------------------------- */

static void read_pairs(void *arg, uint64_t n)
{
	struct subject *subject = arg;

	subject->ops->read_pairs(subject->lock, 0, n);
}

static void write_pairs(void *arg, uint64_t n)
{
	struct subject *subject = arg;

	subject->ops->write_pairs(subject->lock, 0, n);
}

static void alone(struct perf *perf, struct subject *subjects, const char *name,
		  void (*run)(void *arg, uint64_t n))
{
	struct perf_subject beside[N_OPS];
	unsigned int i;

	for (i = 0; i < N_OPS; i++)
		beside[i] = (struct perf_subject){
			.name = subjects[i].ops->name,
			.run = subjects[i].lock ? run : NULL,
			.arg = &subjects[i],
		};
	perf_beside(perf, name, 1, beside, N_OPS);
}

static void *read_together(void *arg)
{
	struct thread *thread = arg;
	struct crew *crew = thread->crew;
	double start;

	start_together(crew);
	start = perf_cpu_ns();
	crew->subject->ops->read_pairs(crew->subject->lock, thread->id,
				       crew->n);
	thread->took = (perf_cpu_ns() - start) / (double)crew->n;
	return NULL;
}

static void sample_together(struct perf *perf, struct subject *subject)
{
	struct crew crew = {.subject = subject, .n_threads = 2};
	struct thread threads[2];

	crew.n = perf->is_short ? 20000 : 100000;
	run_crew(&crew, threads, read_together);
	perf_sample(&subject->samples, (threads[0].took + threads[1].took) / 2);
}

/* -------------------------------- Hand-off -------------------------------- */

/* Takes the lock again and again until it is this thread's turn. */
static void *pass(void *arg)
{
	struct thread *thread = arg;
	struct crew *crew = thread->crew;
	const struct perf_lock_ops *ops = crew->subject->ops;
	void *lock = crew->subject->lock;
	unsigned int turn;

	start_together(crew);
	do {
		ops->write_lock(lock, thread->id);
		turn = atomic_load_explicit(&crew->turn, memory_order_relaxed);
		if (turn < crew->n && turn % 2 == thread->id)
			atomic_store_explicit(&crew->turn, ++turn,
					      memory_order_relaxed);
		ops->write_unlock(lock, thread->id);
	} while (turn < crew->n);
	return NULL;
}

static void sample_passing(struct perf *perf, struct subject *subject)
{
	struct crew crew = {.subject = subject, .n_threads = 2};
	struct thread threads[2];
	double start = perf_wall_ns();

	crew.n = perf->is_short ? 300 : 1000;
	run_crew(&crew, threads, pass);
	perf_sample(&subject->samples,
		    (perf_wall_ns() - start) / (double)crew.n);
}

/* ----------------------- A writer behind readers -------------------------- */

static void keep_reading(struct crew *crew, unsigned int id)
{
	const struct perf_lock_ops *ops = crew->subject->ops;
	double start = perf_wall_ns(), held;

	while (!atomic_load(&crew->stop) &&
	       perf_wall_ns() - start < GIVE_UP_NS) {
		ops->read_lock(crew->subject->lock, id);
		held = perf_wall_ns();
		while (perf_wall_ns() - held < HOLD_NS)
			;
		ops->read_unlock(crew->subject->lock, id);
		atomic_fetch_add(&crew->n_holds, 1);
	}
}

static void *read_or_write(void *arg)
{
	struct thread *thread = arg;
	struct crew *crew = thread->crew;
	const struct perf_lock_ops *ops = crew->subject->ops;
	double start;

	start_together(crew);
	if (thread->id < 2) {
		keep_reading(crew, thread->id);
		return NULL;
	}
	/* Both are at it. */
	while (atomic_load(&crew->n_holds) < 6)
		sched_yield();
	start = perf_wall_ns();
	ops->write_lock(crew->subject->lock, thread->id);
	crew->took = perf_wall_ns() - start;
	ops->write_unlock(crew->subject->lock, thread->id);
	atomic_store(&crew->stop, true);
	return NULL;
}

static void sample_writer(struct perf *perf, struct subject *subject)
{
	struct crew crew = {.subject = subject, .n_threads = 3};
	struct thread threads[3];

	(void)perf;
	run_crew(&crew, threads, read_or_write);
	perf_sample(&subject->samples, crew.took);
}

/* -------------------------------- The suite ------------------------------- */

static void together(struct perf *perf, struct subject *subjects,
		     const char *name, uint64_t n_threads, unsigned int n_times,
		     void (*sample)(struct perf *perf, struct subject *subject))
{
	unsigned int i, time;

	for (time = 0; time < n_times; time++)
		for (i = 0; i < N_OPS; i++)
			if (subjects[i].lock)
				sample(perf, &subjects[i]);
	for (i = 1; i < N_OPS; i++)
		perf_report(perf, name, n_threads, "ns", &subjects[0].samples,
			    subjects[i].ops->name,
			    subjects[i].lock ? &subjects[i].samples : NULL,
			    subjects[i].lock ? NULL : "not built in");
	for (i = 0; i < N_OPS; i++)
		perf_samples_free(&subjects[i].samples);
}

void perf_run_locks(struct perf *perf)
{
	unsigned int n_times = perf->is_short ? 5 : 15;
	struct subject subjects[N_OPS];
	unsigned int i;

	for (i = 0; i < N_OPS; i++) {
		subjects[i] = (struct subject){.ops = all_ops[i]};
		if (all_ops[i]->make)
			subjects[i].lock = all_ops[i]->make();
	}
	alone(perf, subjects, "read-pair", read_pairs);
	alone(perf, subjects, "write-pair", write_pairs);
	together(perf, subjects, "read-pair", 2, n_times, sample_together);
	together(perf, subjects, "hand-off", 2, n_times, sample_passing);
	together(perf, subjects, "writer-behind-readers", 2, n_times,
		 sample_writer);
	for (i = 0; i < N_OPS; i++)
		if (subjects[i].lock)
			subjects[i].ops->free(subjects[i].lock);
}
