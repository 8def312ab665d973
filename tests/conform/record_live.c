// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Fresh calls. No two sequences are alike: each draws how large its file gets,
 * how long ranges are, where they lie, how its file begins, and how often each
 * kind of call is made, so that some are made of three kinds of calls only.
 */
#include "record.h"

enum kind {
	WRITE,
	APPEND,
	TRUNCATE,
	TRUNCATE_SAME,
	SYNC,
	STORE,
	LOAD,
	ALLOCATE,
	ALLOCATE_KEEP,
	PUNCH_HOLE,
	COLLAPSE_RANGE,
	INSERT_RANGE,
	ZERO_RANGE,
	ZERO_RANGE_KEEP,
	UNSHARE_RANGE,
	ODD_MODE,
	READ_ONLY,
	BAD_RANGE,
	N_KINDS,
};

enum place {
	ANYWHERE,
	AT_END, /* around the end of the file */
	FAR,    /* here and there in a sparse file */
};

/* What the file is before the calls that are drawn. */
enum start {
	EMPTY,
	PIECES, /* many short extents */
};

/* In blocks. */
struct shape {
	int64_t file, range;
	enum place place;
	enum start start;
	bool only_dax; /* fills the device: without DAX that shows too late */
};

static const struct shape shapes[] = {
	{.file = 6, .range = 3},
	{.file = 16, .range = 5},
	{.file = 24, .range = 9},
	{.file = 24, .range = 9},
	{.file = 40, .range = 24},
	{.file = 64, .range = 6},
	{.file = 64, .range = 40},
	{.file = 600, .range = 60},
	{.file = 5, .range = 2, .place = AT_END},
	{.file = 30, .range = 12, .place = AT_END},
	{.file = 90, .range = 5, .start = PIECES},
	{.file = 200, .range = 60, .start = PIECES},
	{.file = 25000, .range = 9000},
	{.file = 25000, .range = 9},
	{.file = INT64_C(1) << 28, .range = 7, .place = FAR},
	{.file = INT64_C(1) << 28, .range = 900, .place = FAR},
	{.file = INT64_C(1) << 28,
	 .range = 300000,
	 .place = FAR,
	 .only_dax = true},
	{.file = 60000, .range = 50000, .only_dax = true},
};

/* How often each kind is made where all are. */
static const unsigned char usual[N_KINDS] = {
	[WRITE] = 10,         [APPEND] = 3,
	[TRUNCATE] = 5,       [TRUNCATE_SAME] = 2,
	[SYNC] = 2,           [STORE] = 6,
	[LOAD] = 3,           [ALLOCATE] = 5,
	[ALLOCATE_KEEP] = 6,  [PUNCH_HOLE] = 6,
	[COLLAPSE_RANGE] = 6, [INSERT_RANGE] = 6,
	[ZERO_RANGE] = 6,     [ZERO_RANGE_KEEP] = 4,
	[UNSHARE_RANGE] = 2,  [ODD_MODE] = 1,
	[READ_ONLY] = 1,      [BAD_RANGE] = 1,
};

struct mix {
	const struct shape *shape;
	unsigned int weights[N_KINDS], total;
	int64_t unaligned; /* one of so many ranges */
};

/* ------------------------------- Drawing ---------------------------------- */

static int64_t round_up(int64_t bytes)
{
	return (bytes + BLOCK - 1) / BLOCK * BLOCK;
}

static int64_t near_end(void)
{
	int64_t size = file_size(), offset;

	switch (below(4)) {
	case 0:
		offset = size + below(9) - 4;
		break;
	case 1:
		offset = round_up(size) + below(3 * BLOCK) - BLOCK;
		break;
	default:
		offset = round_up(size) + (below(6) - 3) * BLOCK;
	}
	return offset < 0 ? 0 : offset;
}

static int64_t draw_offset(const struct mix *mix)
{
	int64_t bytes = mix->shape->file * BLOCK, offset;

	if (mix->shape->place == AT_END || !below(4))
		offset = near_end();
	else if (mix->shape->place == FAR && below(2))
		offset = (below(5) << 26) * BLOCK + below(20) * BLOCK;
	else
		offset = below(bytes);
	return below(mix->unaligned) ? offset / BLOCK * BLOCK : offset;
}

static int64_t draw_len(const struct mix *mix)
{
	int64_t len = 1 + below(mix->shape->range * BLOCK);

	/* Ranges of few blocks also in files of many. */
	if (below(3) == 0)
		len = 1 + below(4 * BLOCK);
	return below(mix->unaligned) ? round_up(len) : len;
}

/* What is written is short: real bytes take their time. */
static int64_t draw_short(const struct mix *mix)
{
	int64_t len = draw_len(mix), most = 60 * BLOCK;

	return len > most ? most - len % BLOCK : len;
}

static void draw_access(bool is_store)
{
	int64_t offset, len;

	if (!draw_mapped_range(&offset, &len))
		sync_file();
	else if (is_store)
		store(offset, len);
	else
		load(offset, len);
}

/* A range that the call is bound to refuse, or nearly so. */
static void draw_bad_range(const struct mix *mix)
{
	static const int modes[] = {0,    KEEP,   PUNCH,       COLLAPSE,
				    ZERO, INSERT, ZERO | KEEP, UNSHARE};
	int mode = modes[below(sizeof(modes) / sizeof(modes[0]))];
	int64_t offset = draw_offset(mix), len = draw_len(mix);

	switch (below(5)) {
	case 0:
		allocate(mode, -offset - 1, len);
		break;
	case 1:
		allocate(mode, offset, below(2) ? 0 : -len);
		break;
	case 2:
		allocate(mode, max_bytes() / BLOCK * BLOCK - below(9) * BLOCK,
			 len);
		break;
	case 3:
		allocate(PUNCH, offset, max_bytes() - offset);
		break;
	default:
		truncate_to(-1 - below(9));
	}
}

static void draw_read_only(const struct mix *mix)
{
	switch (below(3)) {
	case 0:
		pwrite_ro(draw_offset(mix), draw_short(mix));
		break;
	case 1:
		truncate_ro(draw_offset(mix));
		break;
	default:
		allocate_ro(below(2) ? 0 : PUNCH, draw_offset(mix),
			    draw_len(mix));
	}
}

/* Most of these would be refused if they were not aligned. */
static void draw_move(const struct mix *mix, int mode)
{
	int64_t offset = draw_offset(mix), len = draw_len(mix);

	if (below(8)) {
		offset -= offset % BLOCK;
		len = round_up(len);
	}
	if (offset >= file_size() && below(4))
		offset = file_size() ? below(file_size()) / BLOCK * BLOCK : 0;
	allocate(mode, offset, len);
}

static enum kind draw_kind(const struct mix *mix)
{
	int64_t turn = below(mix->total);
	unsigned int kind = 0;

	while (turn >= mix->weights[kind])
		turn -= mix->weights[kind++];
	return (enum kind)kind;
}

static int mode_of(enum kind kind)
{
	switch (kind) {
	case ALLOCATE_KEEP:
		return KEEP;
	case PUNCH_HOLE:
		return PUNCH;
	case ZERO_RANGE:
		return ZERO;
	case ZERO_RANGE_KEEP:
		return ZERO | KEEP;
	case UNSHARE_RANGE:
		return below(4) ? UNSHARE : UNSHARE | KEEP;
	case ODD_MODE:
		return (int)below(256);
	default:
		return 0;
	}
}

static void draw_call(const struct mix *mix)
{
	enum kind kind = draw_kind(mix);

	switch (kind) {
	case WRITE:
		pwrite_at(draw_offset(mix), draw_short(mix));
		break;
	case APPEND:
		pwrite_append(below(9), draw_short(mix));
		break;
	case TRUNCATE:
		truncate_to(below(2) ? draw_offset(mix)
				     : below(file_size() + 2));
		break;
	case TRUNCATE_SAME:
		truncate_to(file_size());
		break;
	case SYNC:
		sync_file();
		break;
	case STORE:
	case LOAD:
		draw_access(kind == STORE);
		break;
	case COLLAPSE_RANGE:
		draw_move(mix, COLLAPSE);
		break;
	case INSERT_RANGE:
		draw_move(mix, INSERT);
		break;
	case READ_ONLY:
		draw_read_only(mix);
		break;
	case BAD_RANGE:
		draw_bad_range(mix);
		break;
	default:
		allocate(mode_of(kind), draw_offset(mix), draw_len(mix));
	}
}

/* ------------------------------- Sequences -------------------------------- */

/* Return: how many calls that took. */
static unsigned int make_pieces(const struct shape *shape)
{
	int64_t n = shape->file + below(shape->file), step = 2 + below(3), i;
	int64_t way = below(3);
	unsigned int n_calls = 1;

	/* Now and then more than two levels of ext4's tree hold. */
	if (below(80) == 0)
		n *= 6;
	allocate(0, 0, n * BLOCK);
	for (i = below(step); i < n; i += step, n_calls++) {
		if (way == 0)
			pwrite_at(i * BLOCK, BLOCK);
		else
			allocate(way == 1 ? PUNCH : ZERO | KEEP, i * BLOCK,
				 BLOCK);
		if (way == 2) {
			pwrite_at(i * BLOCK + below(BLOCK), 1);
			n_calls++;
		}
	}
	return n_calls;
}

static void draw_mix(struct mix *mix)
{
	static const int64_t unaligned[] = {1, 3, 5, 1000};
	bool all = below(2);
	unsigned int i;

	do
		mix->shape = &shapes[below(sizeof(shapes) / sizeof(shapes[0]))];
	while (mix->shape->only_dax && !is_dax());
	mix->unaligned =
		unaligned[below(sizeof(unaligned) / sizeof(unaligned[0]))];
	mix->total = 0;
	for (i = 0; i < N_KINDS; i++) {
		mix->weights[i] = all || !below(4) ? usual[i] : 0;
		mix->total += mix->weights[i];
	}
	/* Without one of these there would be nothing to work on. */
	mix->weights[WRITE] += 3;
	mix->weights[ALLOCATE] += 2;
	mix->total += 5;
}

static unsigned int record_seed(uint64_t seed)
{
	unsigned int n_calls, n_drawn, i;
	struct mix mix;

	seed_draws(seed);
	draw_mix(&mix);
	n_drawn = 10 + (unsigned int)below(60);
	begin_sequence("live", seed);
	n_calls = mix.shape->start == PIECES ? make_pieces(mix.shape) : 0;
	for (i = 0; i < n_drawn; i++)
		if (file_size() > 3 * mix.shape->file * BLOCK)
			truncate_to(below(mix.shape->file * BLOCK));
		else
			draw_call(&mix);
	end_sequence(stdout);
	return n_calls + n_drawn;
}

void record_live(uint64_t seed, uint64_t n_calls)
{
	uint64_t n = 0;

	while (n < n_calls)
		n += record_seed(seed++);
}
