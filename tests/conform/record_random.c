// SPDX-License-Identifier: LGPL-2.1-or-later
#include "record.h"

static uint64_t state;

void seed_draws(uint64_t seed)
{
	state = seed * UINT64_C(0x9e3779b97f4a7c15) | 1;
	below(1);
}

/* Marsaglia's xorshift64*, so that a seed means the same everywhere. */
int64_t below(int64_t bound)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (int64_t)(state * UINT64_C(2685821657736338717) >> 11) % bound;
}

bool draw_mapped_range(int64_t *ret_offset, int64_t *ret_len)
{
	int64_t size = file_size();
	int64_t end = (size + BLOCK - 1) / BLOCK * BLOCK;
	int64_t offset = size ? below(size) : 0;
	int64_t len = 1 + below(6 * BLOCK);

	/*
	 * Now and then past the last page. Without DAX the page cache forgets,
	 * at a time of its own, what is stored past the end of the file.
	 */
	if (!is_dax())
		end = size;
	if (offset + len > end && (!is_dax() || below(6)))
		len = end - offset;
	*ret_offset = offset;
	*ret_len = len;
	return size != 0;
}

static int64_t random_offset(int64_t n_blocks)
{
	int64_t size = file_size();

	switch (below(8)) {
	case 0:
		return size;
	case 1:
		return size / BLOCK * BLOCK;
	case 2:
		return below(size + 1);
	case 3:
		return (size + BLOCK - 1) / BLOCK * BLOCK;
	case 4:
		return below(n_blocks * BLOCK);
	default:
		return below(n_blocks) * BLOCK;
	}
}

static int64_t random_len(int64_t n_blocks)
{
	switch (below(8)) {
	case 0:
		return 1 + below(BLOCK);
	case 1:
		return 1 + below(n_blocks * BLOCK);
	case 2:
		return (1 + below(n_blocks)) * BLOCK + below(BLOCK);
	default:
		return (1 + below(n_blocks)) * BLOCK;
	}
}

static void random_access(void)
{
	int64_t offset, len;

	if (!draw_mapped_range(&offset, &len))
		sync_file();
	else if (below(3))
		store(offset, len);
	else
		load(offset, len);
}

static void random_allocate(int64_t offset, int64_t len)
{
	static const int modes[] = {0,           0,      KEEP,     KEEP,
				    PUNCH,       PUNCH,  COLLAPSE, COLLAPSE,
				    INSERT,      INSERT, ZERO,     ZERO,
				    ZERO | KEEP, UNSHARE};
	int mode = modes[below(sizeof(modes) / sizeof(modes[0]))];

	if ((mode == COLLAPSE || mode == INSERT) && below(4)) {
		offset -= offset % BLOCK;
		len = (len + BLOCK - 1) / BLOCK * BLOCK;
	}
	if (below(40) == 0)
		mode = (int)below(256);
	if (below(40) == 0)
		offset = INT64_MAX / BLOCK * BLOCK - below(9) * BLOCK;
	if (below(40) == 0)
		offset = -below(9);
	allocate(mode, offset, len);
}

static void random_call(int64_t n_blocks, int64_t len_blocks)
{
	int64_t offset = random_offset(n_blocks);
	int64_t len = random_len(len_blocks);

	switch (below(26)) {
	case 0:
	case 1:
	case 2:
	case 3:
	case 4:
		pwrite_at(offset, len);
		break;
	case 5:
		pwrite_append(below(9), len);
		break;
	case 6:
	case 7:
		truncate_to(below(2) ? offset : below(file_size() + 2));
		break;
	case 8:
		truncate_to(below(4) ? file_size() : -below(9));
		break;
	case 9:
		sync_file();
		break;
	case 10:
	case 11:
	case 12:
		random_access();
		break;
	default:
		random_allocate(offset, len);
	}
}

void record_random(uint64_t seed, int n)
{
	int i, k;

	for (i = 0; i < n; i++) {
		seed_draws(seed + (uint64_t)i);
		begin_sequence("random", 0);
		for (k = 0; k < 60; k++) {
			if (file_size() > 3000 * BLOCK)
				truncate_to(below(40 * BLOCK));
			else if (i % 4)
				random_call(24, 9);
			else
				random_call(600, below(2) ? 9 : 300);
		}
		end_sequence(stdout);
	}
}
