// SPDX-License-Identifier: LGPL-2.1-or-later
#include "fixture.h"

#include <sched.h>
#include <stdatomic.h>

static void pins_refuse_lengths_and_flags_that_make_no_sense(void **state)
{
	struct daxsim *sim = t_plain(NULL);
	struct daxsim_file *file = t_file(sim, "A", 1);
	struct daxsim_pin *untouched = (struct daxsim_pin *)(uintptr_t)1;
	struct daxsim_pin *pin = untouched;
	uint64_t addr;

	(void)state;
	assert_int_equal(daxsim_ftruncate(file, 70 * T_PAGE), 0);
	addr = t_map(file, 0, 70 * T_PAGE);
	assert_int_equal(daxsim_pin_user_pages(sim, addr, 0, 0, &pin), -EINVAL);
	assert_int_equal(daxsim_pin_user_pages(sim, addr, 63 * T_PAGE + 1, 0,
					       &pin),
			 -EINVAL);
	assert_int_equal(daxsim_pin_user_pages(sim, addr, 1, 16, &pin),
			 -EINVAL);
	assert_int_equal(daxsim_pin_user_pages(
				 sim, addr, 1,
				 DAXSIM_PIN_GET | DAXSIM_PIN_COUNTED, &pin),
			 -EINVAL);
	assert_int_equal(daxsim_pin_user_pages(sim, addr, 1,
					       DAXSIM_PIN_LONGTERM, &pin),
			 -EOPNOTSUPP);
	assert_int_equal(daxsim_pin_user_pages(sim, 0, 1, 0, &pin), -EFAULT);
	assert_int_equal(daxsim_pin_user_pages(sim, UINT64_MAX - 5, 1, 0, &pin),
			 -EFAULT);
	assert_ptr_equal(pin, untouched);
	/* As many as there may be, not from the start of a page. */
	assert_int_equal(daxsim_pin_user_pages(sim, addr + 5, 63 * T_PAGE, 0,
					       &pin),
			 63 * T_PAGE);
	daxsim_unpin_user_pages(pin);
	daxsim_free(sim);
}

static void a_read_only_area_is_not_pinned_for_writing(void **state)
{
	struct daxsim *sim = t_plain(NULL);
	struct daxsim_file *file = t_file(sim, "A", 1);
	struct daxsim_pin *pin;
	uint64_t addr;

	(void)state;
	assert_int_equal(
		daxsim_mmap(file, T_PAGE, PROT_READ, MAP_SHARED, 0, &addr), 0);
	assert_int_equal(daxsim_pin_user_pages(sim, addr, 1, DAXSIM_PIN_WRITE,
					       &pin),
			 -EFAULT);
	assert_int_equal(daxsim_pin_user_pages(sim, addr, 1, 0, &pin), 1);
	daxsim_unpin_user_pages(pin);
	daxsim_free(sim);
}

static void fewer_pages_than_asked_for_can_be_pinned(void **state)
{
	struct daxsim *sim = t_plain(NULL);
	struct daxsim_file *file = t_file(sim, "A", 2);
	uint64_t addr = t_map(file, 0, 4 * T_PAGE);
	char bytes[4 * T_PAGE];
	struct daxsim_pin *pin;

	(void)state;
	assert_int_equal(daxsim_pin_user_pages(sim, addr + 100, 4 * T_PAGE,
					       DAXSIM_PIN_WRITE, &pin),
			 2 * T_PAGE - 100);
	assert_int_equal(daxsim_pin_write(pin, bytes, 2 * T_PAGE - 99),
			 -EINVAL);
	assert_int_equal(daxsim_pin_write(pin, bytes, 0), 0);
	daxsim_unpin_user_pages(pin);
	assert_int_equal(daxsim_direct_read(sim, addr, bytes, sizeof(bytes)),
			 2 * T_PAGE);
	assert_int_equal(daxsim_direct_write(sim, addr + 5, bytes, 3 * T_PAGE),
			 2 * T_PAGE - 5);
	assert_int_equal(daxsim_direct_read(sim, addr + 2 * T_PAGE, bytes, 1),
			 -EFAULT);
	assert_int_equal(daxsim_direct_write(sim, addr, bytes, 0), -EINVAL);
	daxsim_free(sim);
}

static void a_device_moves_the_bytes_of_pinned_pages(void **state)
{
	struct daxsim *sim = t_plain(NULL);
	struct daxsim_file *file = t_file(sim, "A", 3);
	uint64_t addr = t_map(file, 0, 3 * T_PAGE);
	char bytes[T_PAGE + 10];
	struct daxsim_pin *pin;

	(void)state;
	assert_int_equal(daxsim_pin_user_pages(sim, addr + T_PAGE - 5,
					       sizeof(bytes), DAXSIM_PIN_WRITE,
					       &pin),
			 sizeof(bytes));
	memset(bytes, 'X', sizeof(bytes));
	assert_int_equal(daxsim_pin_write(pin, bytes, T_PAGE + 6), T_PAGE + 6);
	/* For writing is not for reading. */
	assert_int_equal(daxsim_pin_read(pin, bytes, 1), -EINVAL);
	daxsim_unpin_user_pages(pin);
	assert_int_equal(t_byte(file, T_PAGE - 6), 'a');
	assert_int_equal(t_byte(file, T_PAGE - 5), 'X');
	assert_int_equal(t_byte(file, 2 * T_PAGE), 'X');
	assert_int_equal(t_byte(file, 2 * T_PAGE + 1), 'c');
	assert_int_equal(
		daxsim_pin_user_pages(sim, addr + 2 * T_PAGE, 2, 0, &pin), 2);
	assert_int_equal(daxsim_pin_write(pin, bytes, 1), -EINVAL);
	assert_int_equal(daxsim_pin_read(pin, bytes, 2), 2);
	assert_memory_equal(bytes, "Xc", 2);
	daxsim_unpin_user_pages(pin);
	daxsim_free(sim);
}

static void direct_io_of_another_file_uses_the_mapping_as_buffer(void **state)
{
	struct daxsim *sim = t_plain(NULL);
	struct daxsim_file *file = t_file(sim, "A", 0);
	uint64_t addr;
	char back[8];

	(void)state;
	assert_int_equal(daxsim_ftruncate(file, 2 * T_PAGE), 0);
	addr = t_map(file, 0, 2 * T_PAGE);
	/* Into holes. */
	assert_int_equal(
		daxsim_direct_read(sim, addr + T_PAGE - 3, "123456", 6), 6);
	assert_int_equal(daxsim_direct_write(sim, addr + T_PAGE - 3, back, 6),
			 6);
	assert_memory_equal(back, "123456", 6);
	assert_int_equal(t_byte(file, T_PAGE), '4');
	daxsim_free(sim);
}

static void a_pin_outlives_its_mapping(void **state)
{
	struct daxsim *sim = t_plain(NULL);
	struct daxsim_file *file = t_file(sim, "A", 1);
	uint64_t addr = t_map(file, 0, T_PAGE);
	struct daxsim_pin *pin;

	(void)state;
	assert_int_equal(
		daxsim_pin_user_pages(sim, addr, 1, DAXSIM_PIN_WRITE, &pin), 1);
	assert_int_equal(daxsim_munmap(sim, addr, T_PAGE), 0);
	assert_int_equal(daxsim_pin_write(pin, "P", 1), 1);
	assert_int_equal(t_byte(file, 0), 'P');
	daxsim_unpin_user_pages(pin);
	daxsim_free(sim);
}

/* ------------------------------- Waiting ---------------------------------- */

/* Somebody whose call has to wait. */
struct waiter {
	pthread_t thread;
	struct daxsim_file *file;
	atomic_int begun;
	atomic_int ended;
	int result;
};

static void *shrink(void *arg)
{
	struct waiter *waiter = arg;

	atomic_store(&waiter->begun, 1);
	waiter->result = daxsim_ftruncate(waiter->file, 0);
	atomic_store(&waiter->ended, 1);
	return NULL;
}

static void a_truncate_waits_until_another_thread_drops_its_pins(void **state)
{
	struct daxsim *sim = t_plain("ext4-4.19");
	struct waiter waiter = {.file = t_file(sim, "A", 2)};
	uint64_t addr = t_map(waiter.file, 0, 2 * T_PAGE);
	struct daxsim_pin *first, *second;
	unsigned int i;

	(void)state;
	assert_int_equal(daxsim_pin_user_pages(sim, addr, 1, 0, &first), 1);
	assert_int_equal(
		daxsim_pin_user_pages(sim, addr + T_PAGE, 1, 0, &second), 1);
	assert_int_equal(pthread_create(&waiter.thread, NULL, shrink, &waiter),
			 0);
	while (!atomic_load(&waiter.begun))
		sched_yield();
	for (i = 0; i < 1000; i++)
		sched_yield();
	assert_false(atomic_load(&waiter.ended));
	daxsim_unpin_user_pages(first);
	for (i = 0; i < 1000; i++)
		sched_yield();
	assert_false(atomic_load(&waiter.ended));
	daxsim_unpin_user_pages(second);
	pthread_join(waiter.thread, NULL);
	assert_int_equal(waiter.result, 0);
	assert_int_equal(t_size(waiter.file), 0);
	daxsim_free(sim);
}

static void ext4_4_18_does_not_wait_for_pins(void **state)
{
	struct daxsim *sim = t_plain("ext4-4.18");
	struct daxsim_file *file = t_file(sim, "A", 1);
	uint64_t addr = t_map(file, 0, T_PAGE);
	struct daxsim_pin *pin;

	(void)state;
	assert_int_equal(daxsim_pin_user_pages(sim, addr, 1, 0, &pin), 1);
	assert_int_equal(daxsim_ftruncate(file, 0), 0);
	daxsim_unpin_user_pages(pin);
	daxsim_free(sim);
}

/* Pins taken before the race; one task drops them, another waits. */
struct held {
	struct daxsim_file *file;
	struct daxsim_pin *pin;
};

static void release_pin(struct daxsim *sim, void *arg)
{
	const struct held *held = arg;
	ssize_t n = daxsim_pin_write(held->pin, "late", 4);

	daxsim_expect(sim, n == 4, "the device writes");
	daxsim_unpin_user_pages(held->pin);
}

static void punch_pinned(struct daxsim *sim, void *arg)
{
	const struct held *held = arg;
	int r = daxsim_fallocate(held->file, T_PUNCH, 0, 2 * T_PAGE);

	daxsim_expect(sim, r == 0, "the punch works");
}

static void end_direct(struct daxsim *sim, void *arg)
{
	const struct held *held = arg;

	(void)sim;
	daxsim_pin_write(held->pin, "late", 4);
	daxsim_end_direct(held->pin);
}

static struct daxsim_report *explore_device(const char *fs,
					    daxsim_task_fn device)
{
	struct daxsim *sim = t_small(fs, DAXSIM_FIBER);
	struct held *held = daxsim_alloc(sim, sizeof(*held));
	struct daxsim_report *report;
	uint64_t addr;

	held->file = t_file(sim, "A", 2);
	addr = t_map(held->file, 0, 2 * T_PAGE);
	assert_int_equal(daxsim_pin_user_pages(sim, addr, 2 * T_PAGE,
					       DAXSIM_PIN_WRITE, &held->pin),
			 2 * T_PAGE);
	daxsim_spawn(sim, "device", device, held);
	daxsim_spawn(sim, "punch", punch_pinned, held);
	report = t_explore(sim);
	assert_string_equal(daxsim_report_search(report), "COMPLETE");
	daxsim_free(sim);
	return report;
}

static struct daxsim_report *explore_held(const char *fs)
{
	return explore_device(fs, release_pin);
}

static void only_the_end_of_direct_io_wakes_nobody_on_6_1_192(void **state)
{
	static const struct {
		const char *fs;
		daxsim_task_fn device;
		bool is_lost;
	} cases[] = {
		{"ext4-6.1", end_direct, false},
		{"ext4-6.1.192", end_direct, true},
		{"ext4-6.1.192", release_pin, false},
		{"xfs-6.1.192", end_direct, true},
		{"xfs-6.12", end_direct, false},
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct daxsim_report *report =
			explore_device(cases[i].fs, cases[i].device);

		assert_int_equal(t_broke(report, "NO_LOST_WAKEUP"),
				 cases[i].is_lost);
		assert_false(t_broke(report, "NO_FREE_BLOCK_PINNED"));
		daxsim_report_free(report);
	}
}

static void pins_can_be_taken_before_and_dropped_in_a_task(void **state)
{
	struct daxsim_report *report = explore_held("ext4-4.19");

	(void)state;
	assert_int_equal(daxsim_report_findings(report), 0);
	assert_true(daxsim_report_interleavings(report) > 1);
	daxsim_report_free(report);
	report = explore_held("ext4-4.18");
	assert_true(t_broke(report, "NO_FREE_BLOCK_PINNED"));
	assert_true(t_broke(report, "NO_STRAY_WRITE"));
	daxsim_report_free(report);
}

struct longterm {
	struct daxsim_file *file;
	struct daxsim_pin *pin;
};

static void do_truncate_all(struct daxsim *sim, void *arg)
{
	const struct longterm *longterm = arg;

	daxsim_expect(sim, daxsim_ftruncate(longterm->file, 0) == 0, "it ends");
}

static void do_punch_all(struct daxsim *sim, void *arg)
{
	const struct longterm *longterm = arg;

	daxsim_fallocate(longterm->file, T_PUNCH, 0, T_PAGE);
	(void)sim;
}

/* Nobody is left who could let go. */
static void what_if_long_term_pins_were_not_refused(void **state)
{
	struct daxsim_options options = {
		.struct_size = sizeof(options),
		.fs = "xfs-4.19",
		.small = true,
		.longterm_allowed = true,
	};
	struct daxsim *sim = t_make(&options);
	struct longterm *longterm = daxsim_alloc(sim, sizeof(*longterm));
	struct daxsim_report *report;

	(void)state;
	assert_non_null(longterm);
	longterm->file = t_file(sim, "A", 1);
	assert_int_equal(daxsim_pin_user_pages(
				 sim, t_map(longterm->file, 0, T_PAGE), T_PAGE,
				 DAXSIM_PIN_WRITE | DAXSIM_PIN_LONGTERM,
				 &longterm->pin),
			 T_PAGE);
	daxsim_spawn(sim, "truncate", do_truncate_all, longterm);
	daxsim_spawn(sim, "punch", do_punch_all, longterm);
	report = t_explore(sim);
	assert_true(t_broke(report, "NO_DEADLOCK"));
	daxsim_report_free(report);
	daxsim_free(sim);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			pins_refuse_lengths_and_flags_that_make_no_sense),
		cmocka_unit_test(a_read_only_area_is_not_pinned_for_writing),
		cmocka_unit_test(fewer_pages_than_asked_for_can_be_pinned),
		cmocka_unit_test(a_device_moves_the_bytes_of_pinned_pages),
		cmocka_unit_test(
			direct_io_of_another_file_uses_the_mapping_as_buffer),
		cmocka_unit_test(a_pin_outlives_its_mapping),
		cmocka_unit_test(
			a_truncate_waits_until_another_thread_drops_its_pins),
		cmocka_unit_test(ext4_4_18_does_not_wait_for_pins),
		cmocka_unit_test(
			pins_can_be_taken_before_and_dropped_in_a_task),
		cmocka_unit_test(
			only_the_end_of_direct_io_wakes_nobody_on_6_1_192),
		cmocka_unit_test(what_if_long_term_pins_were_not_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
