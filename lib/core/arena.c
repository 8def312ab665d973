// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/arena.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/assert.h"
#include "core/lazy.h"
#include "core/spin.h"

/* Sizes are rounded up to 64 bytes; up to 5 KiB each step has a list of its
 * own (the nodes of a wide radix tree are just above 4 KiB), above that each
 * power of two. */
#define GRAIN     64
#define N_SMALL   80
#define N_CLASSES (N_SMALL + 32)

struct free_chunk {
	struct free_chunk *next;
};

/* At the start of the memory, so that it rewinds with the rest. */
struct arena_state {
	struct ds_spin lock; /* protects all below while tasks run freely */
	size_t end;          /* bytes below are handed out or on a list */
	size_t used;
	struct free_chunk *free[N_CLASSES];
};

struct ds_arena {
	struct arena_state *state;
	size_t limit;
	void *saved; /* the first @saved_size bytes at the mark */
	size_t saved_size;
};

static size_t class_size(unsigned int class)
{
	if (class < N_SMALL)
		return (size_t)(class + 1) * GRAIN;
	return (size_t)8192 << (class - N_SMALL);
}

static unsigned int class_of(size_t size)
{
	unsigned int class;

	ds_assert(size > 0);
	if (size <= N_SMALL * GRAIN)
		return (unsigned int)((size + GRAIN - 1) / GRAIN) - 1;
	for (class = N_SMALL; class_size(class) < size; class ++)
		ds_assert(class + 1 < N_CLASSES);
	return class;
}

int ds_arena_new(size_t limit, struct ds_arena **ret_arena)
{
	const size_t first =
		(sizeof(struct arena_state) + GRAIN - 1) & ~(size_t)(GRAIN - 1);
	struct ds_arena *arena;
	void *mem;

	if (limit < first)
		return -ENOMEM;
	arena = calloc(1, sizeof(*arena));
	if (!arena)
		return -ENOMEM;
	mem = ds_lazy_new(limit);
	if (!mem) {
		free(arena);
		return -ENOMEM;
	}
	arena->state = mem;
	arena->limit = limit;
	arena->state->end = first;
	*ret_arena = arena;
	return 0;
}

void ds_arena_free(struct ds_arena *arena)
{
	if (!arena)
		return;
	ds_lazy_free(arena->state, arena->limit);
	free(arena->saved);
	free(arena);
}

static void *take_chunk(struct ds_arena *arena, unsigned int class)
{
	struct arena_state *state = arena->state;
	size_t size = class_size(class);
	struct free_chunk *chunk = state->free[class];

	if (chunk) {
		state->free[class] = chunk->next;
	} else {
		if (size > arena->limit - state->end)
			return NULL;
		chunk = (void *)((char *)state + state->end);
		state->end += size;
	}
	state->used += size;
	return chunk;
}

void *ds_arena_alloc(struct ds_arena *arena, size_t size)
{
	void *mem;

	if (size > arena->limit)
		return NULL;
	ds_spin_lock(&arena->state->lock);
	mem = take_chunk(arena, class_of(size));
	ds_spin_unlock(&arena->state->lock);
	/* Also fresh memory: an earlier run may have used it before a rewind.
	 */
	if (mem)
		memset(mem, 0, size);
	return mem;
}

void ds_arena_release(struct ds_arena *arena, void *mem, size_t size)
{
	struct arena_state *state = arena->state;
	struct free_chunk *chunk = mem;
	unsigned int class;

	if (!mem)
		return;
	class = class_of(size);
	ds_spin_lock(&state->lock);
	ds_assert(state->used >= class_size(class));
	chunk->next = state->free[class];
	state->free[class] = chunk;
	state->used -= class_size(class);
	ds_spin_unlock(&state->lock);
}

int ds_arena_mark(struct ds_arena *arena)
{
	size_t size = arena->state->end;

	free(arena->saved);
	arena->saved_size = 0;
	arena->saved = malloc(size);
	if (!arena->saved)
		return -ENOMEM;
	memcpy(arena->saved, arena->state, size);
	arena->saved_size = size;
	return 0;
}

void ds_arena_rewind(struct ds_arena *arena)
{
	ds_assert(arena->saved);
	memcpy(arena->state, arena->saved, arena->saved_size);
}

size_t ds_arena_place(const struct ds_arena *arena, const void *mem)
{
	uintptr_t place = (uintptr_t)mem - (uintptr_t)arena->state;

	return place < arena->limit ? place : SIZE_MAX;
}

size_t ds_arena_used(const struct ds_arena *arena)
{
	return arena->state->used;
}
