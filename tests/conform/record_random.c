// SPDX-License-Identifier: LGPL-2.1-or-later
#include "record.h"

static uint64_t state;

/* Marsaglia's xorshift64*, so that a seed means the same everywhere. */
static int64_t below(int64_t bound)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (int64_t)(state * UINT64_C(2685821657736338717) >> 11) % bound;
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
	if (!size)
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
		state = (seed + (uint64_t)i) * UINT64_C(0x9e3779b97f4a7c15) | 1;
		below(1);
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

/* ---------------------------------- Live ---------------------------------- */

/* How large a file gets, and how long its ranges are, in blocks. */
static const struct shape {
	int64_t file, range;
} shapes[] = {
	{6, 3},   {16, 5}, {24, 9},  {24, 9},
	{40, 24}, {64, 6}, {64, 40}, {600, 60},
};

/* What random_call() makes seldom or never. */
static void rare_call(const struct shape *shape)
{
	int64_t offset = random_offset(shape->file);
	int64_t len = random_len(shape->range);

	switch (below(10)) {
	case 0:
		allocate(PUNCH, offset, max_bytes() - offset);
		break;
	case 1:
		allocate(ZERO | (below(2) ? KEEP : 0), offset, 1 + below(100));
		break;
	case 2:
		allocate(PUNCH, offset, 1 + below(100));
		break;
	case 3:
		pwrite_ro(offset, len);
		break;
	case 4:
		truncate_ro(offset);
		break;
	case 5:
		allocate_ro(below(2) ? 0 : PUNCH, offset, len);
		break;
	case 6:
		truncate_to(0);
		break;
	case 7:
		allocate(KEEP, file_size(), len);
		break;
	case 8:
		allocate(UNSHARE | KEEP, offset, len);
		break;
	default:
		allocate(0, offset, below(2) ? 0 : -len);
	}
}

static void live_call(const struct shape *shape)
{
	if (file_size() > 3 * shape->file * BLOCK)
		truncate_to(below(shape->file * BLOCK));
	else if (below(8))
		random_call(shape->file, shape->range);
	else
		rare_call(shape);
}

static unsigned int record_seed(uint64_t seed)
{
	unsigned int n_calls, i;
	const struct shape *shape;

	state = seed * UINT64_C(0x9e3779b97f4a7c15) | 1;
	below(1);
	shape = &shapes[below(sizeof(shapes) / sizeof(shapes[0]))];
	n_calls = 10 + (unsigned int)below(60);
	begin_sequence("live", seed);
	for (i = 0; i < n_calls; i++)
		live_call(shape);
	end_sequence(stdout);
	return n_calls;
}

void record_live(uint64_t seed, uint64_t n_calls)
{
	uint64_t n = 0;

	while (n < n_calls)
		n += record_seed(seed++);
}
