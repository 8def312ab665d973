// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The host fails at its n-th service, or from there on, for every n: what is
 * made is made whole or not at all, a search is void or as it would have been,
 * and nothing is left behind.
 *
 * Linked with --wrap, so that the library's calls come here.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <linux/falloc.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <daxsim.h>

#include "fs/profiles.h"
#include "race/program.h"
#include "race/search.h"

#define PAGE  4096
#define PUNCH (FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE)

/* ---------------------------------- Host ---------------------------------- */

enum { KEPT_MAX = 4096 };

static struct {
	atomic_flag lock;
	bool armed;
	unsigned int countdown; /* services until one fails */
	bool stays;             /* ... and all behind it */
	unsigned int n_failed;
	int n_maps;
	unsigned int n_kept;
	void *kept[KEPT_MAX]; /* what the library got and did not give back */
} host = {.lock = ATOMIC_FLAG_INIT};

static void lock_host(void)
{
	while (atomic_flag_test_and_set(&host.lock))
		;
}

static void unlock_host(void)
{
	atomic_flag_clear(&host.lock);
}

static bool fails(void)
{
	bool fail = false;

	lock_host();
	if (host.armed && host.countdown > 0)
		host.countdown--;
	else if (host.armed && (host.stays || host.n_failed == 0))
		fail = true;
	host.n_failed += fail;
	unlock_host();
	return fail;
}

static void *keep(void *mem)
{
	lock_host();
	if (mem && host.n_kept < KEPT_MAX)
		host.kept[host.n_kept++] = mem;
	unlock_host();
	return mem;
}

static void forget(const void *mem)
{
	unsigned int i = 0;

	lock_host();
	while (i < host.n_kept && host.kept[i] != mem)
		i++;
	if (i < host.n_kept)
		host.kept[i] = host.kept[--host.n_kept];
	unlock_host();
}

void *__real_malloc(size_t size);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *mem, size_t size);
void __real_free(void *mem);
void *__real_mmap(void *addr, size_t len, int prot, int flags, int fd,
		  off_t offset);
void *__real_mmap64(void *addr, size_t len, int prot, int flags, int fd,
		    off_t offset);
int __real_munmap(void *addr, size_t len);
int __real_mprotect(void *addr, size_t len, int prot);
int __real_pthread_create(pthread_t *thread, const pthread_attr_t *attr,
			  void *(*fn)(void *), void *arg);

void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *mem, size_t size);
void __wrap_free(void *mem);
void *__wrap_mmap(void *addr, size_t len, int prot, int flags, int fd,
		  off_t offset);
void *__wrap_mmap64(void *addr, size_t len, int prot, int flags, int fd,
		    off_t offset);
int __wrap_munmap(void *addr, size_t len);
int __wrap_mprotect(void *addr, size_t len, int prot);
int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attr,
			  void *(*fn)(void *), void *arg);

void *__wrap_malloc(size_t size)
{
	return fails() ? NULL : keep(__real_malloc(size));
}

void *__wrap_calloc(size_t n, size_t size)
{
	return fails() ? NULL : keep(__real_calloc(n, size));
}

void *__wrap_realloc(void *mem, size_t size)
{
	if (fails())
		return NULL;
	forget(mem);
	return keep(__real_realloc(mem, size));
}

void __wrap_free(void *mem)
{
	forget(mem);
	__real_free(mem);
}

static void *count_map(void *mem)
{
	host.n_maps += mem != MAP_FAILED;
	return mem;
}

static void *refuse_map(void)
{
	errno = ENOMEM;
	return MAP_FAILED;
}

void *__wrap_mmap(void *addr, size_t len, int prot, int flags, int fd,
		  off_t offset)
{
	if (fails())
		return refuse_map();
	return count_map(__real_mmap(addr, len, prot, flags, fd, offset));
}

/* What mmap() is called where offsets are large. */
void *__wrap_mmap64(void *addr, size_t len, int prot, int flags, int fd,
		    off_t offset)
{
	if (fails())
		return refuse_map();
	return count_map(__real_mmap64(addr, len, prot, flags, fd, offset));
}

int __wrap_munmap(void *addr, size_t len)
{
	host.n_maps--;
	return __real_munmap(addr, len);
}

int __wrap_mprotect(void *addr, size_t len, int prot)
{
	if (!fails())
		return __real_mprotect(addr, len, prot);
	errno = ENOMEM;
	return -1;
}

int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attr,
			  void *(*fn)(void *), void *arg)
{
	return fails() ? EAGAIN : __real_pthread_create(thread, attr, fn, arg);
}

/* From here on service number @n fails, and with @stays all behind it. */
static void arm(unsigned int n, bool stays)
{
	host.countdown = n;
	host.stays = stays;
	host.n_failed = 0;
	host.armed = true;
}

/* Return: whether any failed. */
static bool disarm(void)
{
	host.armed = false;
	return host.n_failed > 0;
}

static void expect_nothing_left(void)
{
	assert_int_equal(host.n_kept, 0);
	assert_int_equal(host.n_maps, 0);
}

static bool is_host_error(int r)
{
	return r == -ENOMEM || r == -EAGAIN;
}

/* ------------------------------- The universe ----------------------------- */

struct race {
	struct daxsim *sim;
	struct daxsim_file *file;
	uint64_t addr;
};

static int make(enum daxsim_turns turns, const char *fs,
		struct daxsim **ret_sim)
{
	struct daxsim_options options = {
		.struct_size = sizeof(options),
		.fs = fs,
		.device_size = 64 * PAGE,
		.small = true,
		.victim = true,
		.turns = turns,
	};
	char why[256] = "";
	int r = daxsim_new(&options, ret_sim, why, sizeof(why));

	assert_int_equal(r < 0, why[0] != '\0');
	return r;
}

static void a_universe_is_made_whole_or_not_at_all(void **state)
{
	unsigned int n, stays;
	bool failed;

	(void)state;
	for (stays = 0; stays < 2; stays++) {
		failed = true;
		for (n = 0; failed; n++) {
			struct daxsim *sim = NULL;
			int r;

			arm(n, stays);
			r = make(DAXSIM_FIBER, NULL, &sim);
			failed = disarm();
			if (r < 0) {
				assert_true(failed);
				assert_int_equal(r, -ENOMEM);
				assert_null(sim);
			}
			/* What failed may have been done another way. */
			daxsim_free(sim);
			expect_nothing_left();
		}
		assert_true(n > 5);
	}
}

static void a_thread_without_memory_makes_no_call(void **state)
{
	struct daxsim_file *file = NULL;
	struct daxsim_pin *pin = NULL;
	struct daxsim_stat stat;
	struct daxsim *sim;
	uint64_t addr;
	char byte;

	(void)state;
	assert_int_equal(make(DAXSIM_FIBER, NULL, &sim), 0);
	arm(0, true);
	assert_int_equal(daxsim_open(sim, "A", O_RDWR | O_CREAT, &file),
			 -ENOMEM);
	assert_int_equal(daxsim_unlink(sim, "A"), -ENOMEM);
	assert_int_equal(daxsim_load(sim, 0, &byte, 1), -ENOMEM);
	assert_int_equal(daxsim_store(sim, 0, &byte, 1), -ENOMEM);
	assert_int_equal(daxsim_munmap(sim, PAGE, 1), -ENOMEM);
	assert_int_equal(daxsim_pin_user_pages(sim, 0, 1, 0, &pin), -ENOMEM);
	assert_int_equal(daxsim_direct_read(sim, 0, &byte, 1), -ENOMEM);
	assert_int_equal(daxsim_direct_write(sim, 0, &byte, 1), -ENOMEM);
	assert_int_equal(daxsim_signal(sim, 0), -ENOMEM);
	disarm();
	assert_null(file);
	assert_null(pin);
	/* A thread that is known needs no more. */
	assert_int_equal(daxsim_open(sim, "A", O_RDWR | O_CREAT, &file), 0);
	arm(0, true);
	assert_int_equal(daxsim_pwrite(file, "a", 1, 0), 1);
	assert_int_equal(daxsim_fstat(file, &stat), 0);
	assert_int_equal(
		daxsim_mmap(file, PAGE, PROT_WRITE, MAP_SHARED, 0, &addr), 0);
	assert_int_equal(daxsim_store(sim, addr, "b", 1), 1);
	assert_int_equal(daxsim_pin_user_pages(sim, addr, 1, 0, &pin), 1);
	daxsim_unpin_user_pages(pin);
	assert_int_equal(daxsim_close(file), 0);
	assert_false(disarm());
	daxsim_free(sim);
	expect_nothing_left();
}

struct stranger {
	struct daxsim_file *file;
	struct daxsim_pin *pin;
	int64_t results[10];
};

static void *call_as_stranger(void *arg)
{
	struct stranger *stranger = arg;
	struct daxsim_file *file = stranger->file;
	struct daxsim_extent extent;
	struct daxsim_stat stat;
	int64_t *result = stranger->results;
	uint64_t addr;
	char byte = 0;

	*result++ = daxsim_pread(file, &byte, 1, 0);
	*result++ = daxsim_pwrite(file, &byte, 1, 0);
	*result++ = daxsim_read(file, &byte, 1) | daxsim_write(file, &byte, 1);
	*result++ = daxsim_fstat(file, &stat) | daxsim_fsync(file);
	*result++ = daxsim_lseek(file, 0, SEEK_END);
	*result++ = daxsim_ftruncate(file, 0);
	*result++ = daxsim_fallocate(file, 0, 0, 1);
	*result++ = daxsim_fiemap(file, 0, 1, 1, &extent);
	*result++ = daxsim_mmap(file, 1, PROT_READ, MAP_SHARED, 0, &addr);
	*result = daxsim_close(file) | daxsim_pin_write(stranger->pin, "", 1);
	/* This one cannot fail, so it does not. */
	daxsim_unpin_user_pages(stranger->pin);
	return NULL;
}

static void so_it_is_with_every_call(void **state)
{
	struct stranger stranger;
	struct daxsim *sim;
	pthread_t thread;
	unsigned int i;
	uint64_t addr;

	(void)state;
	assert_int_equal(make(DAXSIM_FIBER, NULL, &sim), 0);
	assert_int_equal(
		daxsim_open(sim, "A", O_RDWR | O_CREAT, &stranger.file), 0);
	assert_int_equal(daxsim_ftruncate(stranger.file, 10), 0);
	assert_int_equal(daxsim_mmap(stranger.file, PAGE, PROT_WRITE,
				     MAP_SHARED, 0, &addr),
			 0);
	assert_int_equal(daxsim_pin_user_pages(sim, addr, 1, DAXSIM_PIN_WRITE,
					       &stranger.pin),
			 1);
	/* The thread itself can be made. */
	arm(1, true);
	assert_int_equal(
		pthread_create(&thread, NULL, call_as_stranger, &stranger), 0);
	pthread_join(thread, NULL);
	disarm();
	for (i = 0; i < 10; i++)
		assert_int_equal(stranger.results[i], -ENOMEM);
	assert_int_equal(daxsim_ftruncate(stranger.file, 0), 0);
	daxsim_free(sim);
	expect_nothing_left();
}

/* --------------------------------- Searches ------------------------------- */

static void direct_read(struct daxsim *sim, void *arg)
{
	const struct race *race = arg;
	char bytes[PAGE] = "device";

	daxsim_direct_read(sim, race->addr, bytes, sizeof(bytes));
}

static void punch(struct daxsim *sim, void *arg)
{
	const struct race *race = arg;
	int r = daxsim_fallocate(race->file, PUNCH, 0, PAGE);

	daxsim_expect(sim, r == 0, "the punch works");
}

static struct daxsim *make_race(enum daxsim_turns turns, const char *fs)
{
	char bytes[PAGE] = "file";
	struct daxsim *sim = NULL;
	struct race *race;

	assert_int_equal(make(turns, fs, &sim), 0);
	race = daxsim_alloc(sim, sizeof(*race));
	assert_int_equal(daxsim_open(sim, "A", O_RDWR | O_CREAT, &race->file),
			 0);
	assert_int_equal(daxsim_pwrite(race->file, bytes, sizeof(bytes), 0),
			 sizeof(bytes));
	assert_int_equal(daxsim_mmap(race->file, sizeof(bytes), PROT_WRITE,
				     MAP_SHARED, 0, &race->addr),
			 0);
	assert_int_equal(daxsim_spawn(sim, "direct", direct_read, race), 0);
	assert_int_equal(daxsim_spawn(sim, "punch", punch, race), 1);
	return sim;
}

/* What a search says when the host works. */
struct truth {
	struct daxsim_explore_options options;
	char search[32];
	uint64_t interleavings;
	unsigned int n_findings;
};

static void expect_truth(const struct truth *truth,
			 const struct daxsim_report *report)
{
	unsigned int i;

	assert_string_equal(daxsim_report_search(report), truth->search);
	assert_int_equal(daxsim_report_interleavings(report),
			 truth->interleavings);
	assert_int_equal(daxsim_report_findings(report), truth->n_findings);
	for (i = 0; i < truth->n_findings; i++)
		assert_non_null(daxsim_report_replay(report, i));
}

/*
 * Searches with service @n failing, then again with all of them working.
 * Return: whether there was a service @n.
 */
static bool search_failing(const struct truth *truth, enum daxsim_turns turns,
			   const char *fs, unsigned int n, bool stays)
{
	struct daxsim *sim = make_race(turns, fs);
	struct daxsim_report *report = NULL;
	bool failed;
	int r;

	arm(n, stays);
	r = daxsim_explore(sim, &truth->options, &report);
	failed = disarm();
	if (failed) {
		assert_true(is_host_error(r));
		assert_null(report);
		r = daxsim_explore(sim, &truth->options, &report);
	}
	/* Afterwards it is as it should be, or void for good. */
	if (r < 0)
		assert_int_equal(r, -ENOMEM);
	else
		expect_truth(truth, report);
	daxsim_report_free(report);
	daxsim_free(sim);
	expect_nothing_left();
	return failed;
}

static void void_or_true(enum daxsim_turns turns, const char *fs, bool quick)
{
	struct truth truth = {
		.options.struct_size = sizeof(truth.options),
		.options.budget = turns == DAXSIM_FREE ? 5 : 0,
		.options.strategy = quick ? DAXSIM_BOUND : DAXSIM_SLEEP,
		.options.bound = 1,
	};
	struct daxsim *sim = make_race(turns, fs);
	struct daxsim_report *report;
	unsigned int n, stays;

	assert_int_equal(daxsim_explore(sim, &truth.options, &report), 0);
	strcpy(truth.search, daxsim_report_search(report));
	truth.interleavings = daxsim_report_interleavings(report);
	truth.n_findings = daxsim_report_findings(report);
	daxsim_report_free(report);
	daxsim_free(sim);
	assert_true(truth.interleavings > 1);
	for (stays = 0; stays < 2; stays++) {
		n = 0;
		while (search_failing(&truth, turns, fs, n, stays))
			n++;
		assert_true(n > 3);
	}
}

static void a_search_is_void_or_true(void **state)
{
	(void)state;
	void_or_true(DAXSIM_FIBER, "ext4-4.19", false);
}

static void so_is_one_with_findings(void **state)
{
	(void)state;
	void_or_true(DAXSIM_FIBER, "ext4-4.18", true);
}

static void so_is_one_with_the_baton(void **state)
{
	(void)state;
	void_or_true(DAXSIM_BATON, "ext4-4.19", true);
}

static void so_are_free_runs(void **state)
{
	(void)state;
	void_or_true(DAXSIM_FREE, "ext4-4.19", false);
}

static void a_replay_is_void_or_true(void **state)
{
	struct daxsim *sim = make_race(DAXSIM_FIBER, "ext4-4.18");
	struct daxsim_explore_options options = {
		.struct_size = sizeof(options),
		.first = true,
	};
	struct daxsim_report *report, *replay;
	const char *token;
	unsigned int n, stays;
	bool failed;
	int r;

	(void)state;
	assert_int_equal(daxsim_explore(sim, &options, &report), 0);
	token = daxsim_report_replay(report, 0);
	assert_non_null(token);
	for (stays = 0; stays < 2; stays++) {
		failed = true;
		for (n = 0; failed; n++) {
			replay = NULL;
			arm(n, stays);
			r = daxsim_replay(sim, token, &replay);
			failed = disarm();
			if (r < 0) {
				assert_int_equal(r, -ENOMEM);
				assert_true(failed);
				assert_null(replay);
				continue;
			}
			assert_true(daxsim_report_findings(replay) > 0);
			assert_non_null(daxsim_report_timeline(replay));
			daxsim_report_free(replay);
		}
		assert_true(n > 5);
	}
	daxsim_report_free(report);
	daxsim_free(sim);
	expect_nothing_left();
}

/* Return: 0, or -ENOMEM from whatever failed. */
static int run_program(const struct ds_scenario *scenario,
		       struct ds_region *region,
		       struct ds_search_result *ret_result)
{
	struct ds_program_options how = {
		.profile = ds_profile_find("ext4-4.18"),
		.region = region,
	};
	struct ds_search_options options = {
		.kind = DS_SEARCH_BOUND,
		.bound = 1,
		.max_steps = 1000,
	};
	struct ds_program *program;
	char why[256];
	int r;

	r = ds_program_new(scenario, &how, &program, why, sizeof(why));
	if (r < 0)
		return r;
	r = ds_search_run(ds_program_world(program), &options, ret_result);
	if (r == 0)
		ds_search_result_free(ret_result);
	ds_program_free(program);
	return r;
}

static void a_scenario_is_void_or_true(void **state)
{
	static const char text[] = "scenario s\n"
				   "file A 8K\n"
				   "task direct\n"
				   "	before map A 0+4K\n"
				   "	direct-read A 0+4K\n"
				   "task punch\n"
				   "	punch A 0+4K\n";
	struct ds_region_options small = {.size = 256 * PAGE};
	struct ds_search_result truth, result;
	struct ds_scenario scenario;
	struct ds_region *region;
	unsigned int n = 0, stays;
	char why[256];
	int r;

	(void)state;
	assert_int_equal(ds_region_open(&small, &region, why, sizeof(why)), 0);
	assert_int_equal(
		ds_scenario_parse("s", text, &scenario, why, sizeof(why)), 0);
	assert_int_equal(run_program(&scenario, region, &truth), 0);
	assert_true(truth.broken);
	for (stays = 0; stays < 2; stays++) {
		n = 0;
		do {
			arm(n++, stays);
			r = run_program(&scenario, region, &result);
			if (r < 0)
				assert_int_equal(r, -ENOMEM);
			else
				assert_int_equal(result.broken, truth.broken);
			assert_int_equal(host.n_kept, 1);
		} while (disarm());
		assert_int_equal(result.interleavings, truth.interleavings);
		assert_true(n > 10);
	}
	ds_region_close(region);
	expect_nothing_left();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_universe_is_made_whole_or_not_at_all),
		cmocka_unit_test(a_thread_without_memory_makes_no_call),
		cmocka_unit_test(so_it_is_with_every_call),
		cmocka_unit_test(a_search_is_void_or_true),
		cmocka_unit_test(so_is_one_with_findings),
		cmocka_unit_test(so_is_one_with_the_baton),
		cmocka_unit_test(so_are_free_runs),
		cmocka_unit_test(a_replay_is_void_or_true),
		cmocka_unit_test(a_scenario_is_void_or_true),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
