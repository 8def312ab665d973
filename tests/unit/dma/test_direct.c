// SPDX-License-Identifier: LGPL-2.1-or-later
#include "../../support/world.h"

/* File A of 4 pages, mapped. */
static struct ds_file *set_up(struct t_world *t, uint64_t *ret_addr)
{
	struct ds_file *file;

	t_open(t, "ext4-4.19");
	file = t_file(t, "A", 4);
	*ret_addr = t_map(t, file, 0, 4);
	return file;
}

static void a_direct_read_writes_the_buffer_and_lets_go(void **state)
{
	unsigned char bytes[DS_PAGE_SIZE];
	struct ds_direct direct;
	struct ds_file *file;
	struct t_world t;
	uint64_t addr, i;

	(void)state;
	file = set_up(&t, &addr);
	for (i = 0; i < sizeof(bytes); i++)
		bytes[i] = (unsigned char)(i * 7 | 1);
	assert_int_equal(ds_direct_begin(t.setup, t.space, addr + T_PAGE + 100,
					 T_PAGE, true, &direct),
			 T_PAGE);
	assert_int_equal(direct.n_pages, 2);
	assert_int_equal(t_extra(&t, t_block(file, 1)), 1);
	assert_int_equal(t_extra(&t, t_block(file, 2)), 1);
	ds_direct_transfer(t.setup, &direct, bytes);
	ds_direct_end(t.setup, &direct);
	assert_int_equal(t_extra(&t, t_block(file, 1)), 0);
	assert_int_equal(direct.n_pages, 0);
	assert_true(t_all_are(&t, file, T_PAGE, T_PAGE + 100, t_pattern(1)));
	for (i = 0; i < sizeof(bytes); i += 13)
		assert_int_equal(t_byte(&t, file, T_PAGE + 100 + i), bytes[i]);
	assert_true(t_all_are(&t, file, 2 * T_PAGE + 100, 3 * T_PAGE,
			      t_pattern(2)));
	t_close(&t);
}

static void a_direct_write_reads_the_buffer(void **state)
{
	unsigned char bytes[2 * DS_PAGE_SIZE] = {0};
	struct ds_direct direct;
	struct t_world t;
	uint64_t addr;

	(void)state;
	set_up(&t, &addr);
	assert_int_equal(ds_direct_begin(t.setup, t.space, addr + T_PAGE - 1,
					 T_PAGE + 2, false, &direct),
			 T_PAGE + 2);
	assert_int_equal(direct.n_pages, 3);
	ds_direct_transfer(t.setup, &direct, bytes);
	ds_direct_end(t.setup, &direct);
	assert_int_equal(bytes[0], t_pattern(0));
	assert_int_equal(bytes[1], t_pattern(1));
	assert_int_equal(bytes[T_PAGE], t_pattern(1));
	assert_int_equal(bytes[T_PAGE + 1], t_pattern(2));
	assert_int_equal(bytes[T_PAGE + 2], 0);
	/* It changed nothing, so it tells of no bytes. */
	assert_int_equal(t_n_events(&t, DS_EV_DMA_WROTE), 0);
	t_close(&t);
}

static void lengths_are_checked_first(void **state)
{
	struct ds_direct direct;
	struct t_world t;
	uint64_t addr;

	(void)state;
	set_up(&t, &addr);
	assert_int_equal(ds_direct_begin(t.setup, t.space, 0, 0, true, &direct),
			 -EINVAL);
	assert_int_equal(ds_direct_begin(t.setup, t.space, 0,
					 (DS_DIRECT_MAX_PAGES - 1) * T_PAGE + 1,
					 true, &direct),
			 -EINVAL);
	assert_int_equal(ds_direct_begin(t.setup, t.space, 0, 1, true, &direct),
			 -EFAULT);
	t_close(&t);
}

static void a_buffer_that_ends_early_is_served_in_part(void **state)
{
	unsigned char bytes[4 * DS_PAGE_SIZE];
	struct ds_direct direct;
	struct ds_file *file;
	struct t_world t;
	uint64_t addr;

	(void)state;
	file = set_up(&t, &addr);
	memset(bytes, 0x44, sizeof(bytes));
	assert_int_equal(ds_direct_begin(t.setup, t.space,
					 addr + 2 * T_PAGE + 96, 3 * T_PAGE,
					 true, &direct),
			 2 * T_PAGE - 96);
	ds_direct_transfer(t.setup, &direct, bytes);
	ds_direct_end(t.setup, &direct);
	assert_true(t_all_are(&t, file, 2 * T_PAGE + 96, 4 * T_PAGE, 0x44));
	t_close(&t);
}

/* The device knows the frames it was given and nothing of files. */
static void a_device_writes_where_the_pages_were(void **state)
{
	struct t_job pin = {.len = T_PAGE};
	unsigned char bytes[DS_PAGE_SIZE];
	const struct ds_event *event;
	struct ds_file *file;
	struct ds_pfn pfn;
	struct t_world t;
	uint64_t addr;

	(void)state;
	file = set_up(&t, &addr);
	pin.addr = addr + T_PAGE;
	t_pin(&t, &pin);
	pfn = t_block(file, 1);
	t_unmap(&t, addr, 4);
	assert_int_equal(t_truncate(&t, file, 0), 0);
	memset(bytes, 0x66, sizeof(bytes));
	t.n_events = 0;
	ds_direct_transfer(t.setup, &pin.direct, bytes);
	assert_int_equal(ds_frame_bytes(t.frames, pfn)[5], 0x66);
	event = t_event(&t, DS_EV_DMA_WROTE, 0);
	assert_int_equal(event->pfn.pfn, pfn.pfn);
	assert_int_equal(event->page.pgidx, 1);
	t_unpin(&t, &pin);
	t_close(&t);
}

/* ---------------------------- Order of steps ------------------------------ */

/* Which page an event is about; the run has two. */
static void assert_pages(const struct t_world *t, enum ds_event_kind kind)
{
	const struct ds_event *first = t_event(t, kind, 0);
	const struct ds_event *second =
		t_event(t, kind, (unsigned int)(first - t->events) + 1);

	assert_int_equal(t_n_events(t, kind), 2);
	assert_int_equal(first->page.pgidx, 1);
	assert_int_equal(second->page.pgidx, 2);
}

static void pages_are_pinned_written_and_released_in_order(void **state)
{
	struct t_job job = {.len = 2 * T_PAGE, .value = 3};
	const struct ds_event *pinned, *wrote, *released;
	struct t_world t;
	uint64_t addr;

	(void)state;
	set_up(&t, &addr);
	job.addr = addr + T_PAGE;
	t_task(&t, "direct", t_do_direct_read, &job);
	assert_int_equal(t_run(&t, NULL, 0), DS_RUN_DONE);
	assert_pages(&t, DS_EV_PINNED);
	assert_pages(&t, DS_EV_DMA_WROTE);
	assert_pages(&t, DS_EV_UNPINNED);
	/* First all pins, then all bytes, then all releases. */
	pinned = t_event(&t, DS_EV_PINNED, 0);
	wrote = t_event(&t, DS_EV_DMA_WROTE, 0);
	released = t_event(&t, DS_EV_UNPINNED, 0);
	assert_true(pinned < wrote && wrote < released);
	pinned = t_event(&t, DS_EV_PINNED,
			 (unsigned int)(pinned - t.events) + 1);
	assert_true(pinned < wrote);
	t_close(&t);
}

/* ------------------------- Who is told of the end ------------------------- */

static void do_unpin_as_user(struct ds_task *task, void *arg)
{
	struct t_job *job = arg;

	ds_direct_unpin(task, &job->direct);
	t_end(job, 0);
}

/* A truncate sleeps until @release lets the page go, or for ever. */
static enum ds_run_end end_of_wait(const char *fs, ds_task_fn release)
{
	static const struct t_leg legs[] = {
		{0, DS_AT_WAIT_SLEEP, 0, NULL},
		{1, DS_AT_END, 0, NULL},
	};
	struct t_job truncate = {.mode = -1}, pin = {.len = T_PAGE};
	enum ds_run_end end;
	struct t_world t;

	t_open(&t, fs);
	truncate.file = t_file(&t, "A", 4);
	pin.addr = t_map(&t, truncate.file, 1, 1);
	t_pin(&t, &pin);
	t_task(&t, "truncate", t_do_truncate, &truncate);
	t_task(&t, "release", release, &pin);
	end = t_run(&t, legs, T_N(legs));
	assert_int_equal(end == DS_RUN_DONE, truncate.done);
	assert_int_equal(pin.direct.n_pages, 0);
	/* Idle it is, whether told or not. */
	if (!truncate.done)
		assert_int_equal(t_extra(&t, t_block(truncate.file, 1)), 0);
	t_close(&t);
	return end;
}

static void the_end_of_a_request_wakes_but_in_one_point_release(void **state)
{
	static const char *const wake[] = {"ext4-4.19", "ext4-6.1", "xfs-6.1",
					   "ext4-6.12", "ext4-6.15"};
	static const char *const forget[] = {"ext4-6.1.192", "xfs-6.1.192"};
	size_t i;

	(void)state;
	for (i = 0; i < T_N(wake); i++)
		assert_int_equal(end_of_wait(wake[i], t_do_unpin), DS_RUN_DONE);
	for (i = 0; i < T_N(forget); i++)
		assert_int_equal(end_of_wait(forget[i], t_do_unpin),
				 DS_RUN_STUCK);
}

static void other_pins_wake_in_every_kernel(void **state)
{
	static const char *const kernels[] = {"ext4-6.1", "ext4-6.1.192",
					      "xfs-6.1.192", "ext4-6.15"};
	size_t i;

	(void)state;
	for (i = 0; i < T_N(kernels); i++)
		assert_int_equal(end_of_wait(kernels[i], do_unpin_as_user),
				 DS_RUN_DONE);
}

static void a_second_set_of_references_is_released_on_its_own(void **state)
{
	struct ds_direct direct, dup;
	struct ds_file *file;
	struct t_world t;
	uint64_t addr;

	(void)state;
	file = set_up(&t, &addr);
	assert_int_equal(ds_direct_begin(t.setup, t.space, addr, 2 * T_PAGE,
					 DS_PIN_WRITE | DS_PIN_COUNTED,
					 &direct),
			 2 * T_PAGE);
	assert_int_equal(ds_direct_dup(t.setup, &direct, &dup), 2 * T_PAGE);
	assert_int_equal(t_extra(&t, t_block(file, 1)), 1025);
	ds_direct_end(t.setup, &direct);
	assert_int_equal(t_extra(&t, t_block(file, 0)), 1);
	assert_int_equal(t_extra(&t, t_block(file, 1)), 1);
	ds_direct_end(t.setup, &dup);
	assert_int_equal(t_extra(&t, t_block(file, 1)), 0);
	assert_null(t.frames->holders);
	t_close(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			a_second_set_of_references_is_released_on_its_own),
		cmocka_unit_test(a_direct_read_writes_the_buffer_and_lets_go),
		cmocka_unit_test(a_direct_write_reads_the_buffer),
		cmocka_unit_test(lengths_are_checked_first),
		cmocka_unit_test(a_buffer_that_ends_early_is_served_in_part),
		cmocka_unit_test(a_device_writes_where_the_pages_were),
		cmocka_unit_test(
			pages_are_pinned_written_and_released_in_order),
		cmocka_unit_test(
			the_end_of_a_request_wakes_but_in_one_point_release),
		cmocka_unit_test(other_pins_wake_in_every_kernel),
	};

	return cmocka_run_group_tests_name("direct", tests, NULL, NULL);
}
