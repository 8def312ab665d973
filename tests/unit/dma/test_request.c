// SPDX-License-Identifier: LGPL-2.1-or-later
#include "../../support/world.h"

#include "dma/request.h"

/* Three tasks: one pins and submits, one serves, one waits for the end. */
struct t_io {
	struct t_world t;
	struct ds_file *file;
	struct ds_request request;
	struct ds_direct submitted, taken;
	uint64_t addr;
	int64_t pinned;
	int extra_when_told;
	bool release_first;
};

static void do_submit(struct ds_task *task, void *arg)
{
	struct t_io *io = arg;

	io->pinned = ds_direct_begin(task, io->t.space, io->addr, 2 * T_PAGE,
				     DS_PIN_WRITE, &io->submitted);
	ds_request_submit(task, &io->request, &io->submitted);
}

static void do_serve(struct ds_task *task, void *arg)
{
	struct t_io *io = arg;
	unsigned char bytes[2 * DS_PAGE_SIZE];

	memset(bytes, 0x5a, sizeof(bytes));
	ds_request_take(task, &io->request, &io->taken);
	if (io->taken.n_pages)
		ds_direct_transfer(task, &io->taken, bytes);
	if (io->release_first)
		ds_direct_end(task, &io->taken);
	ds_request_complete(task, &io->request);
	if (!io->release_first)
		ds_direct_end(task, &io->taken);
}

static void do_await(struct ds_task *task, void *arg)
{
	struct t_io *io = arg;

	ds_request_await(task, &io->request);
	io->extra_when_told = t_extra(&io->t, t_block(io->file, 0));
}

static void spawn(struct t_io *io, const char *name, ds_task_fn fn)
{
	assert_int_equal(ds_sched_spawn(io->t.world->sched, io->t.world->arena,
					name, fn, io, NULL),
			 0);
}

static void set_up(struct t_io *io)
{
	memset(io, 0, sizeof(*io));
	t_open(&io->t, "ext4-4.19");
	io->file = t_file(&io->t, "A", 4);
	io->addr = t_map(&io->t, io->file, 0, 4);
}

/* The waiters come first and wait; then each step in its order. */
static const struct t_leg in_order[] = {
	{2, DS_AT_IO_AWAIT, 0, NULL}, {1, DS_AT_IO_TAKE, 0, NULL},
	{0, DS_AT_END, 0, NULL},      {1, DS_AT_FRAME_PUT, 0, NULL},
	{2, DS_AT_END, 0, NULL},
};

static void run(struct t_io *io, const struct t_leg *legs, size_t n)
{
	io->t.followed = 0;
	spawn(io, "submit", do_submit);
	spawn(io, "serve", do_serve);
	spawn(io, "await", do_await);
	assert_int_equal(t_run(&io->t, legs, n), DS_RUN_DONE);
	t_assert_holds(&io->t);
}

static void pins_go_from_hand_to_hand(void **state)
{
	struct t_io io;

	(void)state;
	set_up(&io);
	run(&io, in_order, T_N(in_order));
	assert_int_equal(io.pinned, 2 * T_PAGE);
	assert_int_equal(io.submitted.n_pages, 0);
	assert_int_equal(io.taken.n_pages, 0);
	assert_int_equal(t_extra(&io.t, t_block(io.file, 0)), 0);
	assert_int_equal(t_extra(&io.t, t_block(io.file, 1)), 0);
	assert_null(io.t.frames->holders);
	assert_true(t_all_are(&io.t, io.file, 0, 2 * T_PAGE, 0x5a));
	t_close(&io.t);
}

static void who_is_told_may_find_the_pages_pinned(void **state)
{
	struct t_io io;

	(void)state;
	set_up(&io);
	run(&io, in_order, T_N(in_order));
	assert_int_equal(io.extra_when_told, 1);
	t_close(&io.t);
}

/* The other order: released, then told. */
static void who_is_told_late_does_not(void **state)
{
	static const struct t_leg legs[] = {
		{2, DS_AT_IO_AWAIT, 0, NULL},    {0, DS_AT_END, 0, NULL},
		{1, DS_AT_IO_COMPLETE, 0, NULL}, {1, DS_AT_END, 0, NULL},
		{2, DS_AT_END, 0, NULL},
	};
	struct t_io io;

	(void)state;
	set_up(&io);
	io.release_first = true;
	run(&io, legs, T_N(legs));
	assert_int_equal(io.extra_when_told, 0);
	t_close(&io.t);
}

/* Nobody waits for what could not be pinned. */
static void what_failed_is_handed_over_without_pages(void **state)
{
	struct t_io io;

	(void)state;
	set_up(&io);
	io.addr = 0;
	run(&io, in_order, 3);
	assert_int_equal(io.pinned, -EFAULT);
	assert_int_equal(t_n_events(&io.t, DS_EV_PINNED), 0);
	t_close(&io.t);
}

static void do_submit_twice(struct ds_task *task, void *arg)
{
	do_submit(task, arg);
	do_submit(task, arg);
}

static void do_take_both(struct ds_task *task, void *arg)
{
	struct t_io *io = arg;
	unsigned int i;

	for (i = 0; i < 2; i++) {
		ds_request_take(task, &io->request, &io->taken);
		ds_direct_end(task, &io->taken);
	}
}

/* The second one waits in the submitter's hands. */
static void there_is_room_for_one_request(void **state)
{
	static const struct t_leg legs[] = {
		{0, DS_AT_IO_SUBMIT, 2, NULL},
		{1, DS_AT_IO_TAKE, 2, NULL},
		{0, DS_AT_END, 0, NULL},
		{1, DS_AT_END, 0, NULL},
	};
	struct t_io io;

	(void)state;
	set_up(&io);
	io.t.followed = 0;
	spawn(&io, "submit", do_submit_twice);
	spawn(&io, "take", do_take_both);
	assert_int_equal(t_run(&io.t, legs, T_N(legs)), DS_RUN_DONE);
	assert_int_equal(t_n_events(&io.t, DS_EV_PINNED), 4);
	assert_int_equal(t_n_events(&io.t, DS_EV_UNPINNED), 4);
	t_assert_holds(&io.t);
	t_close(&io.t);
}

static void who_awaits_what_never_comes_is_stuck(void **state)
{
	struct t_io io;

	(void)state;
	set_up(&io);
	spawn(&io, "await", do_await);
	assert_int_equal(t_run(&io.t, NULL, 0), DS_RUN_STUCK);
	t_assert_broken(&io.t, 1u << DS_NO_DEADLOCK);
	assert_string_equal(io.t.world->checks->findings[DS_NO_DEADLOCK].text,
			    "await waits for others at IO_AWAIT");
	t_close(&io.t);
}

static void all_of_it_is_part_of_the_state(void **state)
{
	struct ds_digest digests[4];
	struct t_io io;
	unsigned int i, j;

	(void)state;
	set_up(&io);
	for (i = 0; i < T_N(digests); i++) {
		digests[i] = (struct ds_digest){1, 1};
		if (i == 1)
			atomic_store(&io.request.submitted, true);
		if (i == 2)
			atomic_store(&io.request.completed, true);
		if (i == 3)
			assert_int_equal(ds_direct_begin(io.t.setup, io.t.space,
							 io.addr, 1, 0,
							 &io.request.direct),
					 1);
		ds_request_digest(&io.request, &digests[i]);
		for (j = 0; j < i; j++)
			assert_false(ds_digest_equal(digests[i], digests[j]));
	}
	t_close(&io.t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pins_go_from_hand_to_hand),
		cmocka_unit_test(who_is_told_may_find_the_pages_pinned),
		cmocka_unit_test(who_is_told_late_does_not),
		cmocka_unit_test(what_failed_is_handed_over_without_pages),
		cmocka_unit_test(there_is_room_for_one_request),
		cmocka_unit_test(who_awaits_what_never_comes_is_stuck),
		cmocka_unit_test(all_of_it_is_part_of_the_state),
	};

	return cmocka_run_group_tests_name("request", tests, NULL, NULL);
}
