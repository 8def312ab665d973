// SPDX-License-Identifier: LGPL-2.1-or-later
#include "fixture.h"

#include <sys/resource.h>
#include <sys/stat.h>

static void every_profile_that_is_named_can_be_used(void **state)
{
	const char *name;
	unsigned int i;

	(void)state;
	for (i = 0; (name = daxsim_profile_name(i)); i++) {
		struct daxsim *sim = t_plain(name);
		struct daxsim_file *file = t_file(sim, "A", 3);

		assert_int_equal(t_byte(file, 2 * T_PAGE), 'c');
		daxsim_free(sim);
	}
	assert_true(i >= 5);
	assert_null(daxsim_profile_name(i));
	assert_null(daxsim_profile_name(UINT32_MAX));
}

static void an_alias_names_a_profile_too(void **state)
{
	(void)state;
	daxsim_free(t_plain("ext4-nobreak"));
}

static void no_options_make_a_universe_of_16_mib(void **state)
{
	struct daxsim *sim = t_make(NULL);
	struct daxsim_file *file = t_file(sim, "A", 0);
	struct daxsim_extent extent;
	const int64_t all = (16 << 20) - T_PAGE;

	(void)state;
	assert_int_equal(daxsim_fallocate(file, 0, 0, all), 0);
	assert_int_equal(daxsim_fallocate(file, 0, all, T_PAGE), -ENOSPC);
	assert_int_equal(daxsim_fiemap(file, 0, UINT64_MAX, 1, &extent), 1);
	/* The first page is the one that holes are read from. */
	assert_int_equal(extent.physical, T_PAGE);
	daxsim_free(sim);
}

static void the_version_is_three_numbers(void **state)
{
	unsigned int major, minor, patch;
	int end = 0;

	(void)state;
	assert_int_equal(sscanf(daxsim_version(), "%u.%u.%u%n", &major, &minor,
				&patch, &end),
			 3);
	assert_int_equal(daxsim_version()[end], '\0');
}

/* Expects a refusal that has @words in its reason. */
static void refuse(const struct daxsim_options *options, int error,
		   const char *words)
{
	struct daxsim *untouched = (struct daxsim *)(uintptr_t)1;
	struct daxsim *sim = untouched;
	char why[256] = "";

	assert_int_equal(daxsim_new(options, &sim, why, sizeof(why)), error);
	assert_ptr_equal(sim, untouched);
	if (!strstr(why, words))
		fail_msg("'%s' does not say '%s'", why, words);
	assert_null(strchr(why, '\n'));
	/* Who does not want to know need not. */
	assert_int_equal(daxsim_new(options, &sim, NULL, 0), error);
}

static void options_that_make_no_sense_are_refused_with_a_reason(void **state)
{
	struct daxsim_options options = {0};

	(void)state;
	refuse(&options, -EINVAL, "struct_size");
	options.struct_size = sizeof(options) + 8;
	refuse(&options, -EINVAL, "struct_size");
	options.struct_size = sizeof(options);
	options.fs = "ext5";
	refuse(&options, -EINVAL, "ext5");
	options.fs = NULL;
	options.turns = (enum daxsim_turns)3;
	refuse(&options, -EINVAL, "turns");
	options.turns = DAXSIM_FIBER;
	options.device_size = T_PAGE;
	refuse(&options, -EINVAL, "device_size");
	options.device_size = 5000;
	refuse(&options, -EINVAL, "4096");
	options.device_size = 0;
	options.device = "/";
	refuse(&options, -EINVAL, "/");
}

static void a_host_that_fails_is_a_negative_errno(void **state)
{
	struct daxsim_options options = {.struct_size = sizeof(options)};
	struct rlimit before, none = {0, 0};

	(void)state;
	options.device_size = UINT64_C(1) << 60;
	refuse(&options, -ENOMEM, "1152921504606846976");
	options.device_size = 0;
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	none.rlim_max = before.rlim_max;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
	refuse(&options, -EMFILE, "Too many open files");
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
	daxsim_free(t_make(&options));
}

static void the_reason_stays_as_it_was_on_success(void **state)
{
	char why[8] = "before";
	struct daxsim *sim;

	(void)state;
	assert_int_equal(daxsim_new(NULL, &sim, why, sizeof(why)), 0);
	assert_string_equal(why, "before");
	daxsim_free(sim);
}

static void freeing_nothing_does_nothing(void **state)
{
	(void)state;
	daxsim_free(NULL);
	daxsim_report_free(NULL);
}

static void memory_comes_zeroed_and_aligned_until_there_is_none(void **state)
{
	struct daxsim *sim = t_plain(NULL);
	unsigned char *mem = daxsim_alloc(sim, 1000);
	unsigned int i;

	(void)state;
	assert_non_null(mem);
	assert_int_equal((uintptr_t)mem % 64, 0);
	for (i = 0; i < 1000; i++)
		assert_int_equal(mem[i], 0);
	assert_ptr_not_equal(daxsim_alloc(sim, 1000), mem);
	assert_null(daxsim_alloc(sim, 0));
	assert_null(daxsim_alloc(sim, SIZE_MAX));
	assert_null(daxsim_alloc(sim, SIZE_MAX / 2));
	daxsim_free(sim);
}

/* A file of 64 KiB that holds no zeroes. */
static void make_backing(char *path)
{
	char bytes[1 << 16];
	int fd;

	strcpy(path, "/tmp/daxsim-test-XXXXXX");
	fd = mkstemp(path);
	assert_true(fd >= 0);
	memset(bytes, 0x77, sizeof(bytes));
	assert_int_equal(write(fd, bytes, sizeof(bytes)), sizeof(bytes));
	close(fd);
}

static void a_file_with_content_is_used_only_with_consent(void **state)
{
	struct daxsim_options options = {.struct_size = sizeof(options)};
	struct daxsim_extent extent;
	struct daxsim_file *file;
	struct daxsim *sim;
	char path[64], byte;
	int fd;

	(void)state;
	make_backing(path);
	options.device = path;
	refuse(&options, -EPERM, path);
	options.device_destroys_data = true;
	sim = t_make(&options);
	file = t_file(sim, "A", 2);
	assert_int_equal(daxsim_fiemap(file, T_PAGE, T_PAGE, 1, &extent), 1);
	assert_int_equal(extent.length, 2 * T_PAGE);
	/* The bytes are real ones, at the place that is told. */
	fd = open(path, O_RDONLY);
	assert_int_equal(pread(fd, &byte, 1, (off_t)(extent.physical + T_PAGE)),
			 1);
	assert_int_equal(byte, 'b');
	close(fd);
	daxsim_free(sim);
	unlink(path);
}

/* What the memory held before is nobody's business. */
static void nothing_of_the_memory_shows_through_holes_and_new_blocks(
	void **state)
{
	struct daxsim_options options = {
		.struct_size = sizeof(options),
		.device_destroys_data = true,
	};
	struct daxsim_file *file;
	struct daxsim *sim;
	char path[64], byte = 'x';
	uint64_t addr;

	(void)state;
	make_backing(path);
	options.device = path;
	sim = t_make(&options);
	file = t_file(sim, "A", 0);
	assert_int_equal(daxsim_ftruncate(file, 3 * T_PAGE), 0);
	addr = t_map(file, 0, 3 * T_PAGE);
	assert_int_equal(daxsim_load(sim, addr, &byte, 1), 1);
	assert_int_equal(byte, 0);
	assert_int_equal(daxsim_fallocate(file, 0, T_PAGE, T_PAGE), 0);
	assert_int_equal(t_byte(file, T_PAGE + 1), 0);
	assert_int_equal(daxsim_store(sim, addr + T_PAGE, "y", 1), 1);
	assert_int_equal(t_byte(file, T_PAGE + 1), 0);
	assert_int_equal(daxsim_pwrite(file, "z", 1, 2 * T_PAGE), 1);
	assert_int_equal(t_byte(file, 2 * T_PAGE + 1), 0);
	daxsim_free(sim);
	unlink(path);
}

/* --------------------------- Several universes ---------------------------- */

/* What a program sees of a universe, step by step. */
struct trail {
	struct daxsim *sim;
	struct daxsim_file *file;
	uint64_t addr;
	char seen[4096];
	size_t n;
};

static void note(struct trail *trail, const char *what, int64_t value)
{
	int room = (int)(sizeof(trail->seen) - trail->n);
	int n = snprintf(trail->seen + trail->n, (size_t)room, "%s %lld\n",
			 what, (long long)value);

	assert_in_range(n, 1, room - 1);
	trail->n += (size_t)n;
}

static void note_extents(struct trail *trail)
{
	struct daxsim_extent extents[8];
	int64_t n = daxsim_fiemap(trail->file, 0, UINT64_MAX, 8, extents);
	int64_t i;

	note(trail, "extents", n);
	for (i = 0; i < n; i++) {
		note(trail, "at", (int64_t)extents[i].logical);
		note(trail, "from", (int64_t)extents[i].physical);
	}
}

/* Step @i of a small program. */
static void take_step(struct trail *trail, unsigned int i)
{
	struct daxsim_file *file = trail->file;
	char bytes[3000];

	memset(bytes, (int)i + 1, sizeof(bytes));
	switch (i % 6) {
	case 0:
		note(trail, "write",
		     daxsim_pwrite(file, bytes, sizeof(bytes), i * 2500));
		break;
	case 1:
		note(trail, "store",
		     daxsim_store(trail->sim, trail->addr + i * 1000, bytes,
				  sizeof(bytes)));
		break;
	case 2:
		note(trail, "punch",
		     daxsim_fallocate(file, T_PUNCH, i * 1024, T_PAGE));
		break;
	case 3:
		note(trail, "insert",
		     daxsim_fallocate(file, FALLOC_FL_INSERT_RANGE, T_PAGE,
				      T_PAGE));
		break;
	case 4:
		note(trail, "read", daxsim_read(file, bytes, 7000 / (i + 1)));
		note(trail, "byte", bytes[0]);
		break;
	default:
		note(trail, "shrink",
		     daxsim_ftruncate(file, (int64_t)t_size(file) - 5000));
	}
	note(trail, "size", (int64_t)t_size(file));
	note_extents(trail);
}

static void begin_trail(struct trail *trail, const char *fs)
{
	memset(trail, 0, sizeof(*trail));
	trail->sim = t_plain(fs);
	trail->file = t_file(trail->sim, "A", 4);
	trail->addr = t_map(trail->file, 0, 16 * T_PAGE);
}

static void two_universes_interleaved_do_what_each_does_alone(void **state)
{
	const char *fs[2] = {"ext4-4.19", "xfs-4.19"};
	struct trail alone[2], mixed[2];
	unsigned int i, k;

	(void)state;
	for (k = 0; k < 2; k++) {
		begin_trail(&alone[k], fs[k]);
		for (i = 0; i < 18; i++)
			take_step(&alone[k], i);
		daxsim_free(alone[k].sim);
		begin_trail(&mixed[k], fs[k]);
	}
	for (i = 0; i < 18; i++)
		for (k = 0; k < 2; k++)
			take_step(&mixed[k], i);
	for (k = 0; k < 2; k++) {
		assert_string_equal(mixed[k].seen, alone[k].seen);
		assert_true(alone[k].n > 500);
		daxsim_free(mixed[k].sim);
	}
}

/* The words of a short search, and the token of its first finding. */
static void tell_search(struct daxsim *sim, char *ret_text, size_t size)
{
	struct daxsim_explore_options options = {
		.struct_size = sizeof(options),
		.strategy = DAXSIM_BOUND,
		.bound = 1,
	};
	struct daxsim_report *report = NULL;
	const char *token;
	int r = daxsim_explore(sim, &options, &report);

	if (r < 0) {
		snprintf(ret_text, size, "error %d", r);
		return;
	}
	token = daxsim_report_replay(report, 0);
	snprintf(ret_text, size, "%s %llu %u %s", daxsim_report_search(report),
		 (unsigned long long)daxsim_report_interleavings(report),
		 daxsim_report_findings(report), token ? token : "-");
	daxsim_report_free(report);
}

static void searches_in_two_universes_find_what_each_finds_alone(void **state)
{
	struct t_race old = t_race("ext4-4.18", DAXSIM_FIBER);
	struct t_race new = t_race("ext4-4.19", DAXSIM_FIBER);
	char before[2][512], after[2][512];

	(void)state;
	tell_search(old.sim, before[0], sizeof(before[0]));
	daxsim_free(old.sim);
	tell_search(new.sim, before[1], sizeof(before[1]));
	daxsim_free(new.sim);
	assert_non_null(strstr(before[0], "ds1:api:ext4-4.18:"));
	assert_non_null(strstr(before[1], " 0 -"));
	/* Both exist now, and are searched twice. */
	new = t_race("ext4-4.19", DAXSIM_FIBER);
	old = t_race("ext4-4.18", DAXSIM_FIBER);
	tell_search(new.sim, after[1], sizeof(after[1]));
	tell_search(old.sim, after[0], sizeof(after[0]));
	assert_string_equal(after[0], before[0]);
	assert_string_equal(after[1], before[1]);
	tell_search(new.sim, after[1], sizeof(after[1]));
	tell_search(old.sim, after[0], sizeof(after[0]));
	assert_string_equal(after[0], before[0]);
	assert_string_equal(after[1], before[1]);
	daxsim_free(old.sim);
	daxsim_free(new.sim);
}

struct searcher {
	pthread_t thread;
	struct daxsim *sim;
	char text[512];
};

static void *search(void *arg)
{
	struct searcher *searcher = arg;

	tell_search(searcher->sim, searcher->text, sizeof(searcher->text));
	return NULL;
}

static void threads_can_search_a_universe_each(void **state)
{
	const char *fs[2] = {"ext4-4.18", "xfs-4.19"};
	struct searcher searchers[4];
	char want[2][512];
	unsigned int i;

	(void)state;
	for (i = 0; i < 2; i++) {
		struct t_race race = t_race(fs[i], DAXSIM_FIBER);

		tell_search(race.sim, want[i], sizeof(want[i]));
		daxsim_free(race.sim);
	}
	for (i = 0; i < 4; i++) {
		searchers[i].sim = t_race(fs[i % 2], DAXSIM_FIBER).sim;
		assert_int_equal(pthread_create(&searchers[i].thread, NULL,
						search, &searchers[i]),
				 0);
	}
	for (i = 0; i < 4; i++) {
		pthread_join(searchers[i].thread, NULL);
		assert_string_equal(searchers[i].text, want[i % 2]);
		daxsim_free(searchers[i].sim);
	}
}

/* A task of one universe that searches another one. */
static void search_other(struct daxsim *sim, void *arg)
{
	char text[512];

	tell_search(arg, text, sizeof(text));
	daxsim_expect(sim, strncmp(text, "BOUNDED", 7) == 0, text);
}

static void a_task_can_search_another_universe(void **state)
{
	struct daxsim *outer = t_small(NULL, DAXSIM_FIBER);
	struct t_race inner = t_race("ext4-4.18", DAXSIM_FIBER);
	struct daxsim_report *report;

	(void)state;
	assert_int_equal(daxsim_spawn(outer, "outer", search_other, inner.sim),
			 0);
	report = t_explore(outer);
	assert_int_equal(daxsim_report_findings(report), 0);
	assert_string_equal(daxsim_report_search(report), "COMPLETE");
	daxsim_report_free(report);
	daxsim_free(inner.sim);
	daxsim_free(outer);
}

/* ---------------------------- Several threads ----------------------------- */

struct worker {
	pthread_t thread;
	struct daxsim *sim;
	unsigned int number;
	unsigned int n_wrong;
};

/* One page: written, stored to, read into and looked at in every way. */
static void use_page(struct worker *worker, struct daxsim_file *file,
		     uint64_t addr, unsigned int i)
{
	unsigned char byte = (unsigned char)(worker->number * 50 + i);
	unsigned char bytes[T_PAGE], back[T_PAGE];
	int64_t offset = (int64_t)i * T_PAGE;

	memset(bytes, byte, sizeof(bytes));
	worker->n_wrong += daxsim_pwrite(file, bytes, T_PAGE, offset) != T_PAGE;
	worker->n_wrong += daxsim_load(worker->sim, addr + i * T_PAGE, back,
				       T_PAGE) != T_PAGE;
	worker->n_wrong += memcmp(bytes, back, T_PAGE) != 0;
	bytes[7] ^= 0xff;
	worker->n_wrong += daxsim_direct_read(worker->sim, addr + i * T_PAGE,
					      bytes, T_PAGE) != T_PAGE;
	worker->n_wrong += daxsim_pread(file, back, T_PAGE, offset) != T_PAGE;
	worker->n_wrong += memcmp(bytes, back, T_PAGE) != 0;
}

static void *work(void *arg)
{
	struct worker *worker = arg;
	struct daxsim_file *file;
	unsigned int round, i;
	uint64_t addr;
	char name[16];

	snprintf(name, sizeof(name), "file %u", worker->number);
	for (round = 0; round < 20; round++) {
		worker->n_wrong += daxsim_open(worker->sim, name,
					       O_RDWR | O_CREAT, &file) != 0;
		worker->n_wrong += daxsim_ftruncate(file, 8 * T_PAGE) != 0;
		worker->n_wrong += daxsim_mmap(file, 8 * T_PAGE, PROT_WRITE,
					       MAP_SHARED, 0, &addr) != 0;
		for (i = 0; i < 8; i++)
			use_page(worker, file, addr, i);
		worker->n_wrong +=
			daxsim_fallocate(file, T_PUNCH, 0, 4 * T_PAGE) != 0;
		worker->n_wrong += daxsim_fsync(file) != 0;
		worker->n_wrong += daxsim_close(file) != 0;
		worker->n_wrong += daxsim_unlink(worker->sim, name) != 0;
		worker->n_wrong +=
			daxsim_munmap(worker->sim, addr, 8 * T_PAGE) != 0;
	}
	return NULL;
}

static void threads_work_in_one_universe_at_once(void **state)
{
	struct daxsim *sim = t_plain("ext4-4.19");
	struct worker workers[4];
	struct daxsim_file *file;
	unsigned int i;

	(void)state;
	for (i = 0; i < 4; i++) {
		workers[i] = (struct worker){.sim = sim, .number = i};
		assert_int_equal(pthread_create(&workers[i].thread, NULL, work,
						&workers[i]),
				 0);
	}
	for (i = 0; i < 4; i++) {
		pthread_join(workers[i].thread, NULL);
		assert_int_equal(workers[i].n_wrong, 0);
	}
	/* Every block came back. */
	file = t_file(sim, "all", 0);
	assert_int_equal(daxsim_fallocate(file, 0, 0, 1024 * 1024 - T_PAGE), 0);
	daxsim_free(sim);
}

static void *look(void *arg)
{
	struct worker *worker = arg;
	struct daxsim_file *file;

	if (daxsim_open(worker->sim, "A", O_RDONLY, &file) == 0)
		worker->n_wrong += daxsim_close(file) != 0;
	else
		worker->n_wrong++;
	return NULL;
}

static void threads_come_and_go_between_universes(void **state)
{
	unsigned int i, k;

	(void)state;
	for (k = 0; k < 3; k++) {
		struct worker worker = {.sim = t_plain(NULL)};

		t_file(worker.sim, "A", 1);
		for (i = 0; i < 20; i++) {
			assert_int_equal(pthread_create(&worker.thread, NULL,
							look, &worker),
					 0);
			pthread_join(worker.thread, NULL);
		}
		assert_int_equal(worker.n_wrong, 0);
		daxsim_free(worker.sim);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_profile_that_is_named_can_be_used),
		cmocka_unit_test(an_alias_names_a_profile_too),
		cmocka_unit_test(no_options_make_a_universe_of_16_mib),
		cmocka_unit_test(the_version_is_three_numbers),
		cmocka_unit_test(
			options_that_make_no_sense_are_refused_with_a_reason),
		cmocka_unit_test(a_host_that_fails_is_a_negative_errno),
		cmocka_unit_test(the_reason_stays_as_it_was_on_success),
		cmocka_unit_test(freeing_nothing_does_nothing),
		cmocka_unit_test(
			memory_comes_zeroed_and_aligned_until_there_is_none),
		cmocka_unit_test(a_file_with_content_is_used_only_with_consent),
		cmocka_unit_test(
			nothing_of_the_memory_shows_through_holes_and_new_blocks),
		cmocka_unit_test(
			two_universes_interleaved_do_what_each_does_alone),
		cmocka_unit_test(
			searches_in_two_universes_find_what_each_finds_alone),
		cmocka_unit_test(threads_can_search_a_universe_each),
		cmocka_unit_test(a_task_can_search_another_universe),
		cmocka_unit_test(threads_work_in_one_universe_at_once),
		cmocka_unit_test(threads_come_and_go_between_universes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
