/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DS_CORE_PRNG_H
#define DS_CORE_PRNG_H

/*
 * splitmix64. The stream belongs to the meaning of a seed: it never changes.
 */
#include <stdint.h>

struct ds_prng {
	uint64_t state;
};

static inline uint64_t ds_mix64(uint64_t x)
{
	x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
	return x ^ (x >> 31);
}

static inline uint64_t ds_prng_next(struct ds_prng *prng)
{
	prng->state += UINT64_C(0x9e3779b97f4a7c15);
	return ds_mix64(prng->state);
}

/* A number below @bound (> 0); the bias of bound / 2^64 is accepted. */
static inline uint64_t ds_prng_below(struct ds_prng *prng, uint64_t bound)
{
	return ds_prng_next(prng) % bound;
}

/* A rolling hash: @hash after @value. */
static inline uint64_t ds_hash_step(uint64_t hash, uint64_t value)
{
	return ds_mix64(hash ^ (value + UINT64_C(0x9e3779b97f4a7c15)));
}

#endif
