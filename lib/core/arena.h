/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DS_CORE_ARENA_H
#define DS_CORE_ARENA_H

/*
 * The memory of one universe. Everything a simulated kernel keeps (inodes,
 * tree nodes, locks, queues) is allocated here, so that one copy takes the
 * state of the universe and one copy brings it back: a search starts each run
 * by rewinding, never by building anew.
 *
 * The arena itself (its high-water mark and free lists) is part of the state
 * it rewinds: the same run allocates the same addresses every time.
 */
#include <stddef.h>

struct ds_arena;

/**
 * ds_arena_new() - reserve address space for a universe
 * @limit: most bytes the arena may ever hold; memory is touched lazily
 *
 * Return: 0, or -ENOMEM.
 */
int ds_arena_new(size_t limit, struct ds_arena **ret_arena);

/* Unmaps everything allocated from @arena. NULL is a no-op. */
void ds_arena_free(struct ds_arena *arena);

/**
 * ds_arena_alloc() - allocate zeroed memory, aligned to 64 bytes
 *
 * Safe against parallel callers. Return: the memory, or NULL when the limit is
 * reached.
 */
void *ds_arena_alloc(struct ds_arena *arena, size_t size);

/* Gives @size bytes at @mem back; @size as asked for. NULL is a no-op. */
void ds_arena_release(struct ds_arena *arena, void *mem, size_t size);

/**
 * ds_arena_mark() - remember the present contents as the state to rewind to
 *
 * Replaces an earlier mark. Nobody may use the arena meanwhile.
 * Return: 0, or -ENOMEM (the earlier mark is then gone).
 */
int ds_arena_mark(struct ds_arena *arena);

/* Brings back the contents at the last mark. */
void ds_arena_rewind(struct ds_arena *arena);

/*
 * How far @mem lies behind the start of @arena, or SIZE_MAX if it is not in it:
 * a name for it that is the same in every process.
 */
size_t ds_arena_place(const struct ds_arena *arena, const void *mem);

/* Bytes handed out and not released. */
size_t ds_arena_used(const struct ds_arena *arena);

#endif
