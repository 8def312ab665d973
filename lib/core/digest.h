/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DS_CORE_DIGEST_H
#define DS_CORE_DIGEST_H

/*
 * A streaming digest of 128 bits, for telling states apart: equal words in
 * equal order give equal digests on every machine, others do not but by
 * accident. No defence against words chosen to collide.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/prng.h"

struct ds_digest {
	uint64_t a, b;
};

/* Two lanes with nothing in common but the word; each step can be undone. */
static inline void ds_digest_add(struct ds_digest *digest, uint64_t word)
{
	uint64_t a = (digest->a ^ word) * UINT64_C(0x9fb21c651e98df25);
	uint64_t b = (digest->b + word) * UINT64_C(0xd6e8feb86659fd93);

	digest->a = a ^ a >> 32;
	digest->b = (b << 29 | b >> 35) ^ UINT64_C(0x9e3779b97f4a7c15);
}

/* Brings every bit of @digest to every other one of its lane. */
static inline struct ds_digest ds_digest_mixed(struct ds_digest digest)
{
	return (struct ds_digest){ds_mix64(digest.a), ds_mix64(digest.b)};
}

/*
 * Adds @part to a sum, in which order has no meaning. The sum itself goes into
 * a digest by ds_digest_add_all().
 */
static inline void ds_digest_join(struct ds_digest *sum, struct ds_digest part)
{
	part = ds_digest_mixed(part);
	sum->a += part.a;
	sum->b += part.b;
}

static inline void ds_digest_add_all(struct ds_digest *digest,
				     struct ds_digest part)
{
	ds_digest_add(digest, part.a);
	ds_digest_add(digest, part.b);
}

/* The digest of @n bytes. */
struct ds_digest ds_digest_bytes(const void *bytes, size_t n);

static inline bool ds_digest_equal(struct ds_digest a, struct ds_digest b)
{
	return a.a == b.a && a.b == b.b;
}

#endif
