// SPDX-License-Identifier: LGPL-2.1-or-later
#include "fixture.h"

static void mmap_refuses_what_the_kernel_refuses(void **state)
{
	static const struct {
		uint64_t len;
		int prot, flags;
		uint64_t offset;
		int result;
	} cases[] = {
		{0, PROT_READ, MAP_SHARED, 0, -EINVAL},
		{T_PAGE, PROT_READ, MAP_SHARED, 100, -EINVAL},
		{T_PAGE, PROT_READ, 0, 0, -EINVAL},
		{T_PAGE, PROT_READ, MAP_PRIVATE | MAP_FIXED, 0, -EOPNOTSUPP},
		{T_PAGE, PROT_READ, MAP_SHARED | MAP_FIXED, 0, -EOPNOTSUPP},
		{T_PAGE, PROT_READ, MAP_SHARED | MAP_ANONYMOUS, 0, -EOPNOTSUPP},
		{T_PAGE, PROT_NONE, MAP_SHARED, 0, -EOPNOTSUPP},
		{T_PAGE, PROT_READ | PROT_EXEC, MAP_SHARED, 0, -EOPNOTSUPP},
		{T_PAGE, PROT_READ, MAP_SHARED, (UINT64_C(1) << 44) - T_PAGE,
		 -EOVERFLOW},
		{UINT64_C(1) << 43, PROT_READ, MAP_SHARED, UINT64_C(1) << 43,
		 -EOVERFLOW},
		{UINT64_MAX, PROT_READ, MAP_SHARED, 0, -EOVERFLOW},
	};
	struct daxsim *sim = t_plain("ext4-4.19");
	struct daxsim_file *file = t_file(sim, "A", 1);
	uint64_t addr = 77;
	unsigned int i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		int r = daxsim_mmap(file, cases[i].len, cases[i].prot,
				    cases[i].flags, cases[i].offset, &addr);

		if (r != cases[i].result)
			fail_msg("case %u: %d", i, r);
		assert_int_equal(addr, 77);
	}
	daxsim_free(sim);
}

static void mmap_asks_for_the_mode_the_file_was_opened_in(void **state)
{
	struct daxsim *sim = t_plain(NULL);
	struct daxsim_file *reader, *writer;
	uint64_t addr;
	char byte;

	(void)state;
	t_file(sim, "A", 1);
	reader = t_open(sim, "A", O_RDONLY);
	writer = t_open(sim, "A", O_WRONLY);
	assert_int_equal(daxsim_mmap(reader, T_PAGE, PROT_READ | PROT_WRITE,
				     MAP_SHARED, 0, &addr),
			 -EACCES);
	assert_int_equal(daxsim_mmap(writer, T_PAGE, PROT_READ, MAP_SHARED, 0,
				     &addr),
			 -EACCES);
	assert_int_equal(daxsim_mmap(reader, T_PAGE, PROT_READ, MAP_SHARED, 0,
				     &addr),
			 0);
	assert_int_equal(daxsim_load(sim, addr, &byte, 1), 1);
	assert_int_equal(byte, 'a');
	assert_int_equal(daxsim_store(sim, addr, "x", 1), DAXSIM_SIGSEGV);
	daxsim_free(sim);
}

static void a_private_mapping_keeps_stores_from_the_file(void **state)
{
	struct daxsim *sim = t_plain("ext4-6.1");
	struct daxsim_file *file = t_file(sim, "A", 1);
	uint64_t addr;
	char byte;

	(void)state;
	/* Being able to read the file is enough. */
	assert_int_equal(daxsim_mmap(file, T_PAGE, PROT_READ | PROT_WRITE,
				     MAP_PRIVATE, 0, &addr),
			 0);
	assert_int_equal(daxsim_store(sim, addr, "x", 1), 1);
	assert_int_equal(daxsim_load(sim, addr, &byte, 1), 1);
	assert_int_equal(byte, 'x');
	assert_int_equal(daxsim_pread(file, &byte, 1, 0), 1);
	assert_int_equal(byte, 'a');
	daxsim_free(sim);
}

static void what_can_be_written_can_be_read(void **state)
{
	struct daxsim *sim = t_plain(NULL);
	struct daxsim_file *file = t_file(sim, "A", 1);
	uint64_t addr;
	char byte;

	(void)state;
	assert_int_equal(daxsim_mmap(file, T_PAGE, PROT_WRITE,
				     MAP_SHARED_VALIDATE | MAP_SYNC, 0, &addr),
			 0);
	assert_int_equal(daxsim_load(sim, addr, &byte, 1), 1);
	assert_int_equal(byte, 'a');
	daxsim_free(sim);
}

static void a_small_address_space_is_full_after_256_mib(void **state)
{
	struct daxsim *sim = t_small(NULL, DAXSIM_FIBER);
	struct daxsim_file *file = t_file(sim, "A", 1);
	uint64_t addr;

	(void)state;
	assert_int_equal(daxsim_mmap(file, UINT64_C(257) << 20, PROT_READ,
				     MAP_SHARED, 0, &addr),
			 -ENOMEM);
	t_map(file, 0, UINT64_C(255) << 20);
	assert_int_equal(daxsim_mmap(file, UINT64_C(1) << 20, PROT_READ,
				     MAP_SHARED, 0, &addr),
			 -ENOMEM);
	daxsim_free(sim);
}

static void stores_are_read_and_writes_are_loaded(void **state)
{
	struct daxsim *sim = t_plain(NULL);
	struct daxsim_file *file = t_file(sim, "A", 3);
	uint64_t addr = t_map(file, T_PAGE, 2 * T_PAGE);
	uint64_t again = t_map(file, 0, 3 * T_PAGE);
	char bytes[16];

	(void)state;
	assert_int_equal(daxsim_store(sim, addr + T_PAGE - 4, "12345678", 8),
			 8);
	assert_int_equal(daxsim_pread(file, bytes, 10, 2 * T_PAGE - 5), 10);
	assert_memory_equal(bytes, "b12345678c", 10);
	assert_int_equal(daxsim_load(sim, again + 2 * T_PAGE - 5, bytes, 10),
			 10);
	assert_memory_equal(bytes, "b12345678c", 10);
	assert_int_equal(daxsim_pwrite(file, "zz", 2, 2 * T_PAGE - 1), 2);
	assert_int_equal(daxsim_load(sim, addr + T_PAGE - 2, bytes, 4), 4);
	assert_memory_equal(bytes, "3zz6", 4);
	daxsim_free(sim);
}

static void loads_take_no_blocks_and_stores_do(void **state)
{
	struct daxsim *sim = t_plain(NULL);
	struct daxsim_file *file = t_file(sim, "A", 0);
	struct daxsim_stat stat;
	uint64_t addr;
	char byte = 'x';

	(void)state;
	assert_int_equal(daxsim_ftruncate(file, 4 * T_PAGE), 0);
	addr = t_map(file, 0, 4 * T_PAGE);
	assert_int_equal(daxsim_load(sim, addr + T_PAGE, &byte, 1), 1);
	assert_int_equal(byte, 0);
	assert_int_equal(daxsim_fstat(file, &stat), 0);
	assert_int_equal(stat.blocks, 0);
	assert_int_equal(daxsim_store(sim, addr + T_PAGE + 1, "y", 1), 1);
	assert_int_equal(daxsim_fstat(file, &stat), 0);
	assert_int_equal(stat.blocks, 8);
	/* The zero page that was mapped there is gone. */
	assert_int_equal(daxsim_load(sim, addr + T_PAGE + 1, &byte, 1), 1);
	assert_int_equal(byte, 'y');
	assert_int_equal(daxsim_load(sim, addr, &byte, 1), 1);
	assert_int_equal(daxsim_pwrite(file, "z", 1, 0), 1);
	assert_int_equal(daxsim_load(sim, addr, &byte, 1), 1);
	assert_int_equal(byte, 'z');
	daxsim_free(sim);
}

static void accesses_end_where_the_file_does(void **state)
{
	struct daxsim *sim = t_plain(NULL);
	struct daxsim_file *file = t_file(sim, "A", 1);
	uint64_t addr = t_map(file, 0, 4 * T_PAGE);
	char bytes[2 * T_PAGE];

	(void)state;
	assert_int_equal(daxsim_load(sim, addr + 100, bytes, sizeof(bytes)),
			 T_PAGE - 100);
	assert_int_equal(daxsim_load(sim, addr + T_PAGE, bytes, 1),
			 DAXSIM_SIGBUS);
	assert_int_equal(daxsim_store(sim, addr + T_PAGE, bytes, 1),
			 DAXSIM_SIGBUS);
	assert_int_equal(daxsim_ftruncate(file, T_PAGE + 1), 0);
	assert_int_equal(daxsim_load(sim, addr, bytes, sizeof(bytes)),
			 sizeof(bytes));
	assert_int_equal(daxsim_load(sim, addr, bytes, 0), 0);
	/* What shrinks takes its pages along. */
	assert_int_equal(daxsim_ftruncate(file, 0), 0);
	assert_int_equal(daxsim_load(sim, addr, bytes, 1), DAXSIM_SIGBUS);
	daxsim_free(sim);
}

static void nothing_is_where_nothing_is_mapped(void **state)
{
	struct daxsim *sim = t_plain(NULL);
	struct daxsim_file *file = t_file(sim, "A", 1);
	uint64_t addr = t_map(file, 0, T_PAGE);
	char bytes[2];

	(void)state;
	assert_int_equal(daxsim_load(sim, 0, bytes, 1), DAXSIM_SIGSEGV);
	assert_int_equal(daxsim_store(sim, 0, bytes, 1), DAXSIM_SIGSEGV);
	assert_int_equal(daxsim_load(sim, UINT64_MAX, bytes, 1),
			 DAXSIM_SIGSEGV);
	assert_int_equal(daxsim_load(sim, addr + T_PAGE - 1, bytes, 2), 1);
	daxsim_free(sim);
}

static void a_store_without_space_is_a_bus_error(void **state)
{
	struct daxsim *sim = t_plain(NULL);
	struct daxsim_file *file = t_file(sim, "A", 0);
	uint64_t addr;

	(void)state;
	assert_int_equal(
		daxsim_fallocate(t_file(sim, "B", 0), 0, 0, 255 * T_PAGE), 0);
	assert_int_equal(daxsim_ftruncate(file, T_PAGE), 0);
	addr = t_map(file, 0, T_PAGE);
	assert_int_equal(daxsim_store(sim, addr, "x", 1), DAXSIM_SIGBUS);
	daxsim_free(sim);
}

static void munmap_takes_away_what_it_names(void **state)
{
	struct daxsim *sim = t_plain(NULL);
	struct daxsim_file *file = t_file(sim, "A", 5);
	uint64_t addr = t_map(file, 0, 5 * T_PAGE);
	char byte;
	unsigned int i;

	(void)state;
	for (i = 0; i < 5; i++)
		assert_int_equal(daxsim_load(sim, addr + i * T_PAGE, &byte, 1),
				 1);
	/* From the middle, and not whole pages. */
	assert_int_equal(daxsim_munmap(sim, addr + 2 * T_PAGE, 1), 0);
	for (i = 0; i < 5; i++) {
		ssize_t n = daxsim_load(sim, addr + i * T_PAGE, &byte, 1);

		assert_int_equal(n, i == 2 ? DAXSIM_SIGSEGV : 1);
		if (n == 1)
			assert_int_equal(byte, 'a' + (int)i);
	}
	/* Over the hole and beyond the end. */
	assert_int_equal(daxsim_munmap(sim, addr + T_PAGE, 9 * T_PAGE), 0);
	assert_int_equal(daxsim_load(sim, addr + 4 * T_PAGE, &byte, 1),
			 DAXSIM_SIGSEGV);
	assert_int_equal(daxsim_load(sim, addr, &byte, 1), 1);
	assert_int_equal(daxsim_munmap(sim, addr, T_PAGE), 0);
	assert_int_equal(daxsim_munmap(sim, addr, T_PAGE), 0);
	daxsim_free(sim);
}

static void munmap_refuses_places_that_make_no_sense(void **state)
{
	struct daxsim *sim = t_plain(NULL);

	(void)state;
	assert_int_equal(daxsim_munmap(sim, 1, T_PAGE), -EINVAL);
	assert_int_equal(daxsim_munmap(sim, T_PAGE, 0), -EINVAL);
	assert_int_equal(daxsim_munmap(sim, T_PAGE, UINT64_MAX), -EINVAL);
	assert_int_equal(daxsim_munmap(sim, UINT64_C(1) << 60, T_PAGE),
			 -EINVAL);
	assert_int_equal(daxsim_munmap(sim, T_PAGE, T_PAGE), 0);
	daxsim_free(sim);
}

/* Blocks move under the mapping: what is loaded moves with them. */
static void loads_follow_blocks_that_move(void **state)
{
	struct daxsim *sim = t_plain(NULL);
	struct daxsim_file *file = t_file(sim, "A", 4);
	uint64_t addr = t_map(file, 0, 6 * T_PAGE);
	char byte;

	(void)state;
	assert_int_equal(daxsim_load(sim, addr + 2 * T_PAGE, &byte, 1), 1);
	assert_int_equal(byte, 'c');
	assert_int_equal(daxsim_fallocate(file, FALLOC_FL_INSERT_RANGE, T_PAGE,
					  T_PAGE),
			 0);
	assert_int_equal(daxsim_load(sim, addr + 2 * T_PAGE, &byte, 1), 1);
	assert_int_equal(byte, 'b');
	assert_int_equal(daxsim_fallocate(file, FALLOC_FL_COLLAPSE_RANGE, 0,
					  2 * T_PAGE),
			 0);
	assert_int_equal(daxsim_load(sim, addr + 2 * T_PAGE, &byte, 1), 1);
	assert_int_equal(byte, 'd');
	assert_int_equal(daxsim_fallocate(file, T_PUNCH, 2 * T_PAGE, T_PAGE),
			 0);
	assert_int_equal(daxsim_load(sim, addr + 2 * T_PAGE, &byte, 1), 1);
	assert_int_equal(byte, 0);
	daxsim_free(sim);
}

static void madvise_gives_pages_back_but_not_the_area(void **state)
{
	struct daxsim *sim = t_plain(NULL);
	struct daxsim_file *file = t_file(sim, "A", 2);
	uint64_t addr;
	char byte = 'x';

	(void)state;
	assert_int_equal(daxsim_mmap(file, 2 * T_PAGE, PROT_READ | PROT_WRITE,
				     MAP_PRIVATE, 0, &addr),
			 0);
	assert_int_equal(daxsim_store(sim, addr, &byte, 1), 1);
	assert_int_equal(daxsim_madvise(sim, addr, 1, MADV_DONTNEED), 0);
	assert_int_equal(daxsim_load(sim, addr, &byte, 1), 1);
	assert_int_equal(byte, 'a');
	assert_int_equal(daxsim_madvise(sim, addr, 0, MADV_DONTNEED), 0);
	assert_int_equal(daxsim_madvise(sim, addr, 3 * T_PAGE, MADV_DONTNEED),
			 -ENOMEM);
	assert_int_equal(daxsim_madvise(sim, 0, T_PAGE, MADV_DONTNEED),
			 -ENOMEM);
	assert_int_equal(daxsim_madvise(sim, addr + 1, T_PAGE, MADV_DONTNEED),
			 -EINVAL);
	assert_int_equal(daxsim_madvise(sim, addr, UINT64_MAX, MADV_DONTNEED),
			 -EINVAL);
	assert_int_equal(daxsim_madvise(sim, addr, T_PAGE, MADV_WILLNEED),
			 -EINVAL);
	daxsim_free(sim);
}

/* ------------------------------ Huge pages -------------------------------- */

static struct daxsim *make_huge(const char *fs, uint64_t huge_size, bool small)
{
	struct daxsim_options options = {
		.struct_size = sizeof(options),
		.fs = fs,
		.huge_size = huge_size,
		.small = small,
		.victim = small,
	};

	return t_make(&options);
}

/* A file whose @size bytes are allocated at once. */
static struct daxsim_file *make_fit(struct daxsim *sim, int64_t size)
{
	struct daxsim_file *file = t_open(sim, "A", O_RDWR | O_CREAT);

	assert_int_equal(daxsim_fallocate(file, 0, 0, size), 0);
	return file;
}

static void a_huge_page_is_a_power_of_two(void **state)
{
	static const uint64_t sizes[] = {
		1,         T_PAGE, 3 * T_PAGE, 2 * T_PAGE + 1, 1024 * T_PAGE,
		UINT64_MAX};
	struct daxsim_options options = {.struct_size = sizeof(options)};
	struct daxsim *sim = NULL;
	char why[200] = "";
	unsigned int i;

	(void)state;
	for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		options.huge_size = sizes[i];
		assert_int_equal(daxsim_new(&options, &sim, why, sizeof(why)),
				 -EINVAL);
		assert_non_null(strstr(why, "huge_size"));
		assert_null(sim);
	}
}

static void huge_pages_hold_what_small_ones_hold(void **state)
{
	const uint64_t huge = 512 * T_PAGE;
	struct daxsim *sim = make_huge("ext4-6.15", huge, false);
	struct daxsim_file *file = make_fit(sim, 2 * (int64_t)huge);
	uint64_t addr = t_map(file, 0, 2 * huge);
	struct daxsim_extent run;
	char byte;

	(void)state;
	assert_int_equal(daxsim_fiemap(file, 0, 2 * huge, 1, &run), 1);
	assert_int_equal(run.physical % huge, 0);
	assert_int_equal(addr % huge, 0);
	assert_int_equal(daxsim_store(sim, addr + huge - 1, "xy", 2), 2);
	assert_int_equal(t_byte(file, (int64_t)huge - 1), 'x');
	assert_int_equal(t_byte(file, (int64_t)huge), 'y');
	assert_int_equal(daxsim_fallocate(file, T_PUNCH, T_PAGE, T_PAGE), 0);
	assert_int_equal(daxsim_load(sim, addr + huge - 1, &byte, 1), 1);
	assert_int_equal(byte, 'x');
	assert_int_equal(daxsim_ftruncate(file, (int64_t)huge), 0);
	assert_int_equal(daxsim_load(sim, addr + huge, &byte, 1),
			 DAXSIM_SIGBUS);
	daxsim_free(sim);
}

struct huge_story {
	struct daxsim_file *file;
	uint64_t addr;
	unsigned char bytes[2 * T_PAGE];
};

static void do_read_second(struct daxsim *sim, void *arg)
{
	const struct huge_story *story = arg;

	daxsim_direct_read(sim, story->addr + T_PAGE, story->bytes, T_PAGE);
}

static void do_punch_both(struct daxsim *sim, void *arg)
{
	const struct huge_story *story = arg;
	int r = daxsim_fallocate(story->file, T_PUNCH, 0, 2 * T_PAGE);

	daxsim_expect(sim, r == 0, "the punch works");
}

/* A punch of two pages of a huge one, of which a device has the second. */
static struct daxsim_report *punch_huge(const char *fs, uint64_t huge_size)
{
	struct daxsim *sim = make_huge(fs, huge_size, false);
	struct huge_story *story = daxsim_alloc(sim, sizeof(*story));
	struct daxsim_report *report;
	char byte;

	assert_non_null(story);
	story->file = make_fit(sim, (int64_t)huge_size);
	story->addr = t_map(story->file, 0, huge_size);
	assert_int_equal(daxsim_store(sim, story->addr, "x", 1), 1);
	assert_int_equal(daxsim_load(sim, story->addr, &byte, 1), 1);
	daxsim_spawn(sim, "direct", do_read_second, story);
	daxsim_spawn(sim, "punch", do_punch_both, story);
	report = t_explore(sim);
	daxsim_free(sim);
	return report;
}

/* More frames than a step can name, too, each with a count of its own. */
static void a_search_takes_huge_pages_of_any_size(void **state)
{
	const uint64_t sizes[] = {2 * T_PAGE, 4 * T_PAGE, 8 * T_PAGE,
				  32 * T_PAGE};
	struct daxsim_report *report;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		report = punch_huge("ext4-4.19", sizes[i]);
		assert_string_equal(daxsim_report_search(report), "COMPLETE");
		assert_int_equal(daxsim_report_findings(report), 0);
		daxsim_report_free(report);
		report = punch_huge("ext4-4.18", sizes[i]);
		assert_true(t_broke(report, "NO_FREE_BLOCK_PINNED"));
		daxsim_report_free(report);
	}
}

/*
 * Touches page 0. Return: whether a direct read into page 1 finds that mapped:
 * only then can the pin come while the punch waits, and fault it in again.
 */
static bool is_neighbour_mapped(uint64_t huge_size)
{
	struct daxsim *sim = make_huge("xfs-6.15", huge_size, true);
	struct huge_story *story = daxsim_alloc(sim, sizeof(*story));
	struct daxsim_report *report;
	bool mapped;
	char byte;

	assert_non_null(story);
	story->file = make_fit(sim, 2 * T_PAGE);
	assert_int_equal(daxsim_pwrite(story->file, story->bytes, 2 * T_PAGE,
				       0),
			 2 * T_PAGE);
	story->addr = t_map(story->file, 0, 2 * T_PAGE);
	assert_int_equal(daxsim_store(sim, story->addr, "x", 1), 1);
	assert_int_equal(daxsim_load(sim, story->addr, &byte, 1), 1);
	daxsim_spawn(sim, "direct", do_read_second, story);
	daxsim_spawn(sim, "punch", do_punch_both, story);
	report = t_explore(sim);
	mapped = t_broke(report, "NO_DEADLOCK");
	assert_int_equal(daxsim_report_findings(report), mapped);
	daxsim_report_free(report);
	daxsim_free(sim);
	return mapped;
}

/* What huge-pin.scn tells, where the wait of v6.15 shows it. */
static void a_huge_entry_maps_its_neighbours(void **state)
{
	(void)state;
	assert_true(is_neighbour_mapped(2 * T_PAGE));
	assert_false(is_neighbour_mapped(0));
}

/* --------------------------- Memory that fails ---------------------------- */

static struct daxsim *make_mortal(const char *fs)
{
	struct daxsim_options options = {
		.struct_size = sizeof(options),
		.fs = fs,
		.device_size = 1024 * 1024,
		.memory_fails = true,
	};

	return t_make(&options);
}

static uint64_t place_of(struct daxsim_file *file, uint64_t offset)
{
	struct daxsim_extent run;

	assert_int_equal(daxsim_fiemap(file, offset, 1, 1, &run), 1);
	return run.physical + offset - run.logical;
}

static void failed_memory_is_an_option_and_a_page_in_use(void **state)
{
	struct daxsim *sim = t_plain(NULL);
	struct daxsim_file *file = t_file(sim, "A", 1);

	(void)state;
	assert_int_equal(daxsim_poison(sim, place_of(file, 0)), -EOPNOTSUPP);
	daxsim_free(sim);
	sim = make_mortal(NULL);
	file = t_file(sim, "A", 1);
	/* The page that holes are read from, and beyond the memory. */
	assert_int_equal(daxsim_poison(sim, 0), -EINVAL);
	assert_int_equal(daxsim_poison(sim, 1024 * 1024), -EINVAL);
	assert_int_equal(daxsim_poison(sim, UINT64_MAX), -EINVAL);
	assert_int_equal(daxsim_poison(sim, place_of(file, 0)), -EBUSY);
	daxsim_free(sim);
}

static void failed_memory_is_told_to_who_touches_it(void **state)
{
	static const char *const systems[] = {"ext4-4.19", "xfs-6.15"};
	char bytes[T_PAGE] = "";
	struct daxsim_file *file;
	struct daxsim *sim;
	uint64_t addr;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(systems) / sizeof(systems[0]); i++) {
		sim = make_mortal(systems[i]);
		file = t_file(sim, "A", 2);
		addr = t_map(file, 0, 2 * T_PAGE);
		assert_int_equal(daxsim_load(sim, addr, bytes, 1), 1);
		assert_int_equal(daxsim_poison(sim, place_of(file, 0) + 99), 0);
		assert_int_equal(daxsim_load(sim, addr, bytes, 1),
				 DAXSIM_SIGBUS);
		assert_int_equal(daxsim_load(sim, addr + T_PAGE, bytes, 1), 1);
		assert_int_equal(daxsim_pread(file, bytes, 1, 0), -EIO);
		assert_int_equal(daxsim_pwrite(file, bytes, 1, 0), -EIO);
		/* The whole page anew: from v5.19 on. */
		assert_int_equal(daxsim_pwrite(file, bytes, T_PAGE, 0),
				 i ? (int)T_PAGE : -EIO);
		assert_int_equal(daxsim_pread(file, bytes, 1, 0), i ? 1 : -EIO);
		daxsim_free(sim);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(mmap_refuses_what_the_kernel_refuses),
		cmocka_unit_test(mmap_asks_for_the_mode_the_file_was_opened_in),
		cmocka_unit_test(a_private_mapping_keeps_stores_from_the_file),
		cmocka_unit_test(what_can_be_written_can_be_read),
		cmocka_unit_test(a_small_address_space_is_full_after_256_mib),
		cmocka_unit_test(stores_are_read_and_writes_are_loaded),
		cmocka_unit_test(loads_take_no_blocks_and_stores_do),
		cmocka_unit_test(accesses_end_where_the_file_does),
		cmocka_unit_test(nothing_is_where_nothing_is_mapped),
		cmocka_unit_test(a_store_without_space_is_a_bus_error),
		cmocka_unit_test(munmap_takes_away_what_it_names),
		cmocka_unit_test(munmap_refuses_places_that_make_no_sense),
		cmocka_unit_test(madvise_gives_pages_back_but_not_the_area),
		cmocka_unit_test(loads_follow_blocks_that_move),
		cmocka_unit_test(a_huge_page_is_a_power_of_two),
		cmocka_unit_test(huge_pages_hold_what_small_ones_hold),
		cmocka_unit_test(a_huge_entry_maps_its_neighbours),
		cmocka_unit_test(a_search_takes_huge_pages_of_any_size),
		cmocka_unit_test(failed_memory_is_an_option_and_a_page_in_use),
		cmocka_unit_test(failed_memory_is_told_to_who_touches_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
