// SPDX-License-Identifier: LGPL-2.1-or-later
#include "race/pool.h"

#include <errno.h>
#include <stdlib.h>

void ds_pool_init(struct ds_pool *pool, unsigned int n_workers)
{
	*pool = (struct ds_pool){.n_workers = n_workers};
	pthread_mutex_init(&pool->lock, NULL);
	pthread_cond_init(&pool->changed, NULL);
}

void ds_pool_fini(struct ds_pool *pool)
{
	while (pool->first) {
		struct ds_piece *piece = pool->first;

		pool->first = piece->next;
		ds_piece_free(piece);
	}
	ds_graph_free(&pool->graph);
	pthread_cond_destroy(&pool->changed);
	pthread_mutex_destroy(&pool->lock);
}

void ds_pool_lock(struct ds_pool *pool)
{
	pthread_mutex_lock(&pool->lock);
}

void ds_pool_unlock(struct ds_pool *pool)
{
	pthread_mutex_unlock(&pool->lock);
}

struct job {
	void (*work)(void *arg);
	void *arg;
	pthread_t thread;
};

static void *do_job(void *arg)
{
	const struct job *job = arg;

	job->work(job->arg);
	return NULL;
}

int ds_pool_run(struct ds_pool *pool, void (*work)(void *arg),
		void *const *args)
{
	struct job *jobs = calloc(pool->n_workers, sizeof(*jobs));
	unsigned int i, started = 1;
	int r = 0;

	if (!jobs)
		return -ENOMEM;
	for (; started < pool->n_workers && r == 0; started += r == 0) {
		jobs[started] =
			(struct job){.work = work, .arg = args[started]};
		r = -pthread_create(&jobs[started].thread, NULL, do_job,
				    &jobs[started]);
	}
	if (r < 0)
		ds_pool_stop(pool);
	work(args[0]);
	for (i = 1; i < started; i++)
		pthread_join(jobs[i].thread, NULL);
	free(jobs);
	return r;
}

/* Under the lock. */
static void update_hungry(struct ds_pool *pool)
{
	atomic_store_explicit(&pool->hungry, pool->n_idle > pool->n_pieces,
			      memory_order_relaxed);
}

void ds_pool_give(struct ds_pool *pool, struct ds_piece *piece)
{
	ds_pool_lock(pool);
	if (pool->first)
		pool->last->next = piece;
	else
		pool->first = piece;
	pool->last = piece;
	pool->n_pieces++;
	update_hungry(pool);
	pthread_cond_signal(&pool->changed);
	ds_pool_unlock(pool);
}

struct ds_piece *ds_pool_take(struct ds_pool *pool)
{
	struct ds_piece *piece = NULL;

	ds_pool_lock(pool);
	pool->n_idle++;
	update_hungry(pool);
	while (!pool->first && !pool->stopped && pool->n_idle < pool->n_workers)
		pthread_cond_wait(&pool->changed, &pool->lock);
	if (pool->first && !pool->stopped) {
		piece = pool->first;
		pool->first = piece->next;
		pool->n_pieces--;
		/* Who is idle for good stays counted: that ends the others. */
		pool->n_idle--;
	}
	update_hungry(pool);
	if (!piece)
		pthread_cond_broadcast(&pool->changed);
	ds_pool_unlock(pool);
	return piece;
}

void ds_pool_stop(struct ds_pool *pool)
{
	ds_pool_lock(pool);
	pool->stopped = true;
	pthread_cond_broadcast(&pool->changed);
	ds_pool_unlock(pool);
}

bool ds_pool_is_stopped(struct ds_pool *pool)
{
	bool stopped;

	ds_pool_lock(pool);
	stopped = pool->stopped;
	ds_pool_unlock(pool);
	return stopped;
}

void ds_piece_free(struct ds_piece *piece)
{
	ds_schedule_free(&piece->prefix);
	free(piece);
}
