// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/digest.h"

#include <endian.h>
#include <string.h>

#define LANES 4

static uint64_t load_word(const unsigned char *bytes)
{
	uint64_t word;

	memcpy(&word, bytes, sizeof(word));
	return le64toh(word);
}

/*
 * Several words side by side, since each lane waits for its own multiplication:
 * pages are digested by the thousand.
 */
struct ds_digest ds_digest_bytes(const void *bytes, size_t n)
{
	const size_t stride = LANES * sizeof(uint64_t);
	const unsigned char *at = bytes;
	struct ds_digest lanes[LANES] = {{1, 1}, {2, 2}, {3, 3}, {4, 4}};
	struct ds_digest digest = {n, n};
	unsigned char rest[LANES * sizeof(uint64_t)] = {0};
	size_t i;

	for (; n >= stride; n -= stride, at += stride)
		for (i = 0; i < LANES; i++)
			ds_digest_add(&lanes[i], load_word(at + 8 * i));
	memcpy(rest, at, n);
	for (i = 0; n && i < LANES; i++)
		ds_digest_add(&lanes[i], load_word(rest + 8 * i));
	for (i = 0; i < LANES; i++)
		ds_digest_add_all(&digest, lanes[i]);
	return ds_digest_mixed(digest);
}
