/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DS_RACE_POOL_H
#define DS_RACE_POOL_H

/*
 * What the workers of one stateful search share: the graph, and pieces of work
 * that busy ones leave for idle ones. The order of visits does not matter to
 * such a search (states.c), so neither does who makes them.
 */
#include <pthread.h>

#include "race/graph.h"

/* Something to try: after the choices of @prefix, each of @left. */
struct ds_piece {
	struct ds_piece *next;
	struct ds_schedule prefix;
	uint32_t state, enabled; /* where @prefix leads */
	uint32_t sleep, left;
};

struct ds_pool {
	pthread_mutex_t lock; /* protects all below */
	pthread_cond_t changed;
	struct ds_graph graph;
	uint64_t n_runs; /* of all workers, for who looks on */
	unsigned int n_workers, n_idle, n_pieces;
	struct ds_piece *first, *last; /* oldest first */
	bool stopped;                  /* some worker ended early: so do all */
	atomic_bool hungry;            /* somebody waits for a piece; a hint */
};

void ds_pool_init(struct ds_pool *pool, unsigned int n_workers);
void ds_pool_fini(struct ds_pool *pool);

/* What is done under the lock is short. */
void ds_pool_lock(struct ds_pool *pool);
void ds_pool_unlock(struct ds_pool *pool);

/*
 * Runs @work with each of @args, the first by the caller and the others by
 * threads of their own. Return: 0 when all have ended; -EAGAIN when a thread
 * could not be made: the pool was stopped.
 */
int ds_pool_run(struct ds_pool *pool, void (*work)(void *arg),
		void *const *args);

static inline bool ds_pool_is_hungry(struct ds_pool *pool)
{
	return atomic_load_explicit(&pool->hungry, memory_order_relaxed);
}

/* Leaves @piece for whoever comes first. */
void ds_pool_give(struct ds_pool *pool, struct ds_piece *piece);

/*
 * Waits for a piece of work. Return: NULL when no worker has any left, or the
 * search was stopped.
 */
struct ds_piece *ds_pool_take(struct ds_pool *pool);

void ds_pool_stop(struct ds_pool *pool);
bool ds_pool_is_stopped(struct ds_pool *pool);

void ds_piece_free(struct ds_piece *piece);

#endif
