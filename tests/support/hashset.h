/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef TESTS_SUPPORT_HASHSET_H
#define TESTS_SUPPORT_HASHSET_H

/* A set of hashes. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

struct t_set {
	uint64_t *slots; /* 0: empty */
	size_t n, n_slots;
};

static inline void t_set_init(struct t_set *set)
{
	set->n = 0;
	set->n_slots = 256;
	set->slots = calloc(set->n_slots, sizeof(*set->slots));
}

static inline void t_set_fini(struct t_set *set)
{
	free(set->slots);
}

/* The slot that has @hash, or would get it. */
static inline uint64_t *t_set_slot(const struct t_set *set, uint64_t hash)
{
	size_t i = hash & (set->n_slots - 1);

	while (set->slots[i] && set->slots[i] != hash)
		i = (i + 1) & (set->n_slots - 1);
	return &set->slots[i];
}

static inline void t_set_grow(struct t_set *set)
{
	struct t_set old = *set;
	size_t i;

	set->n_slots *= 4;
	set->slots = calloc(set->n_slots, sizeof(*set->slots));
	for (i = 0; i < old.n_slots; i++)
		if (old.slots[i])
			*t_set_slot(set, old.slots[i]) = old.slots[i];
	free(old.slots);
}

static inline void t_set_add(struct t_set *set, uint64_t hash)
{
	uint64_t *slot;

	hash = hash ? hash : 1;
	if (set->n * 2 >= set->n_slots)
		t_set_grow(set);
	slot = t_set_slot(set, hash);
	set->n += !*slot;
	*slot = hash;
}

static inline bool t_set_is_part(const struct t_set *part,
				 const struct t_set *all)
{
	size_t i;

	for (i = 0; i < part->n_slots; i++)
		if (part->slots[i] && !*t_set_slot(all, part->slots[i]))
			return false;
	return true;
}

#endif
