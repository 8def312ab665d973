// SPDX-License-Identifier: LGPL-2.1-or-later
#include "../../support/world.h"
#include "race/timeline.h"

static void tell(struct t_world *t, unsigned int task, bool detail,
		 const char *text)
{
	struct ds_event event = {
		.kind = DS_EV_TOLD,
		.task = task,
		.value = detail,
		.text = text,
	};

	ds_events_send(&t->world->events, &event);
}

static void do_nothing(struct ds_task *task, void *arg)
{
	(void)task;
	(void)arg;
}

/* A world with @n tasks of these names. */
static struct ds_timeline *set_up(struct t_world *t, const char *const *names,
				  unsigned int n)
{
	struct ds_timeline *timeline = NULL;
	struct t_job job = {0};
	unsigned int i;

	t_open(t, "ext4-4.19");
	for (i = 0; i < n; i++)
		t_task(t, names[i], do_nothing, &job);
	assert_int_equal(ds_timeline_new(t->world, &timeline), 0);
	return timeline;
}

static void assert_text(const struct ds_timeline *timeline, bool full,
			const char *expected)
{
	char *text = ds_timeline_text(timeline, full);

	assert_non_null(text);
	assert_string_equal(text, expected);
	free(text);
}

static void each_task_has_a_column(void **state)
{
	static const char *const names[] = {"direct", "punch"};
	struct ds_timeline *timeline;
	struct t_world t;

	(void)state;
	timeline = set_up(&t, names, 2);
	tell(&t, 0, false, "pin page 2");
	tell(&t, 1, false, "sleep");
	tell(&t, 0, false, "wake punch");
	assert_text(timeline, false,
		    "direct                              punch\n"
		    "------                              -----\n"
		    "pin page 2\n"
		    "                                    sleep\n"
		    "wake punch\n");
	ds_timeline_free(timeline);
	t_close(&t);
}

static void details_are_shown_when_asked_for(void **state)
{
	static const char *const names[] = {"a"};
	struct ds_timeline *timeline;
	struct t_world t;

	(void)state;
	timeline = set_up(&t, names, 1);
	tell(&t, 0, true, "lock A.i_rwsem exclusive");
	tell(&t, 0, false, "free block 3");
	assert_text(timeline, false, "a\n-\nfree block 3\n");
	assert_text(timeline, true,
		    "a\n-\nlock A.i_rwsem exclusive\nfree block 3\n");
	ds_timeline_free(timeline);
	t_close(&t);
}

static void what_no_task_did_stands_at_the_left(void **state)
{
	static const char *const names[] = {"a", "b"};
	struct ds_timeline *timeline;
	struct t_world t;

	(void)state;
	timeline = set_up(&t, names, 2);
	tell(&t, DS_TASKS_MAX, false, "at the end");
	tell(&t, 1, false, "!! WAITED: page 1");
	assert_text(timeline, false,
		    "a                                   b\n"
		    "-                                   -\n"
		    "at the end\n"
		    "!! WAITED: page 1\n");
	ds_timeline_free(timeline);
	t_close(&t);
}

static void long_lines_are_wrapped_in_their_column(void **state)
{
	static const char *const names[] = {"a", "b", "c"};
	struct ds_timeline *timeline;
	struct t_world t;

	(void)state;
	timeline = set_up(&t, names, 3);
	tell(&t, 1, false, "drop the reference on block 12345, count 1");
	tell(&t, 2, false, "0123456789012345678901234567890123456789");
	assert_text(timeline, false,
		    "a                       b                       c\n"
		    "-                       -                       -\n"
		    "                        drop the reference on\n"
		    "                          block 12345, count 1\n"
		    "                                                "
		    "01234567890123456789012\n"
		    "                                                "
		    "  34567890123456789\n");
	ds_timeline_free(timeline);
	t_close(&t);
}

/* No line is wider than it may be, however many tasks there are. */
static void any_number_of_tasks_fits(void **state)
{
	static const char *const names[] = {
		"the first one with a long name",
		"b",
		"c",
		"d",
		"e",
		"f",
		"g",
		"h",
		"i",
		"j",
		"k",
		"l",
		"m",
		"n",
		"o",
		"p",
	};
	unsigned int n, i;

	(void)state;
	for (n = 0; n <= DS_TASKS_MAX; n++) {
		struct ds_timeline *timeline;
		struct t_world t;
		char *text, *line, *rest;

		timeline = set_up(&t, names, n);
		for (i = 0; i <= n; i++)
			tell(&t, i, false,
			     "a line  of some words andsomethatareverylong"
			     "0123456789012345678901234567890123456789");
		text = ds_timeline_text(timeline, true);
		for (line = strtok_r(text, "\n", &rest); line;
		     line = strtok_r(NULL, "\n", &rest))
			assert_in_range(strlen(line), 0, DS_TIMELINE_WIDTH);
		free(text);
		ds_timeline_free(timeline);
		t_close(&t);
	}
}

static void clearing_forgets_what_was_told(void **state)
{
	static const char *const names[] = {"a"};
	struct ds_timeline *timeline;
	struct t_world t;

	(void)state;
	timeline = set_up(&t, names, 1);
	tell(&t, 0, false, "before");
	ds_timeline_clear(timeline);
	tell(&t, 0, false, "behind");
	assert_text(timeline, false, "a\n-\nbehind\n");
	ds_timeline_free(timeline);
	ds_timeline_free(NULL);
	t_close(&t);
}

/* What a run tells, from the model itself. */
static void a_run_is_told_as_it_happens(void **state)
{
	struct t_job job = {.mode = T_PUNCH, .len = (int64_t)T_PAGE};
	struct ds_timeline *timeline;
	struct t_world t;
	char *text;

	(void)state;
	t_open(&t, "ext4-4.19");
	job.file = t_file(&t, "A", 2);
	t_store(&t, t_map(&t, job.file, 0, 2), 1);
	t_task(&t, "punch", t_do_fallocate, &job);
	assert_int_equal(ds_timeline_new(t.world, &timeline), 0);
	assert_int_equal(t_run(&t, NULL, 0), DS_RUN_DONE);
	text = ds_timeline_text(timeline, false);
	assert_non_null(strstr(text, "scan: no busy page"));
	assert_non_null(strstr(text, "punch returns 0"));
	assert_null(strstr(text, "lock A.i_rwsem"));
	free(text);
	text = ds_timeline_text(timeline, true);
	assert_non_null(strstr(text, "lock A.i_rwsem"));
	free(text);
	ds_timeline_free(timeline);
	t_close(&t);
}

static void assert_drawn(const struct ds_timeline *timeline,
			 const struct ds_timeline_look *look,
			 const char *expected)
{
	char *text = ds_timeline_draw(timeline, look);

	assert_non_null(text);
	assert_string_equal(text, expected);
	free(text);
}

static void the_marked_step_has_a_sign_in_the_margin(void **state)
{
	static const char *const names[] = {"a", "b"};
	struct ds_timeline_look look = {
		.mark = 2,
		.mark_task = 1,
		.mark_at = DS_AT_DMA,
	};
	struct ds_timeline *timeline;
	struct t_world t;

	(void)state;
	timeline = set_up(&t, names, 2);
	t.world->sched->n_steps = 1;
	tell(&t, 0, false, "one");
	t.world->sched->n_steps = 2;
	tell(&t, 1, false, "two");
	tell(&t, 1, false, "more of two");
	tell(&t, 1, false, "!! X: broken");
	assert_drawn(timeline, &look,
		     "  a                                  b\n"
		     "  -                                  -\n"
		     "  one\n"
		     ">                                    two\n"
		     "                                     more of two\n"
		     "  !! X: broken\n");
	ds_timeline_free(timeline);
	t_close(&t);
}

/* ... also when it tells nothing, or a detail that is left out. */
static void a_silent_marked_step_is_named_by_its_point(void **state)
{
	static const char *const names[] = {"a", "b"};
	struct ds_timeline_look look = {
		.mark = 2,
		.mark_task = 1,
		.mark_at = DS_AT_LOCK_SHARED,
	};
	struct ds_timeline *timeline;
	struct t_world t;

	(void)state;
	timeline = set_up(&t, names, 2);
	t.world->sched->n_steps = 1;
	tell(&t, 0, false, "one");
	assert_drawn(timeline, &look,
		     "  a                                  b\n"
		     "  -                                  -\n"
		     "  one\n"
		     ">                                    (LOCK_SHARED)\n");
	t.world->sched->n_steps = 2;
	tell(&t, 1, true, "lock");
	t.world->sched->n_steps = 3;
	tell(&t, 0, false, "three");
	assert_drawn(timeline, &look,
		     "  a                                  b\n"
		     "  -                                  -\n"
		     "  one\n"
		     ">                                    (LOCK_SHARED)\n"
		     "  three\n");
	look.full = true;
	assert_drawn(timeline, &look,
		     "  a                                  b\n"
		     "  -                                  -\n"
		     "  one\n"
		     ">                                    lock\n"
		     "  three\n");
	ds_timeline_free(timeline);
	t_close(&t);
}

/* Columns show what changed: locks when taken and given back, and counts. */
static void columns_show_locks_and_counts(void **state)
{
	static const struct ds_timeline_look look = {
		.full = true,
		.locks = true,
		.refs = true,
	};
	struct t_job job = {.mode = T_PUNCH, .len = (int64_t)T_PAGE};
	struct ds_timeline *timeline;
	struct ds_pfn pfn = {0};
	struct t_world t;
	char *text;

	(void)state;
	t_open(&t, "ext4-4.19");
	job.file = t_file(&t, "A", 2);
	t_store(&t, t_map(&t, job.file, 0, 2), 1);
	t_task(&t, "punch", t_do_fallocate, &job);
	assert_int_equal(ds_timeline_new(t.world, &timeline), 0);
	assert_int_equal(t_run(&t, NULL, 0), DS_RUN_DONE);
	text = ds_timeline_draw(timeline, &look);
	assert_non_null(strstr(text, "locks (*: excl.)"));
	assert_non_null(strstr(text, "block:refs\n"));
	assert_non_null(strstr(text, "A.i_rwsem*\n"));
	assert_non_null(strstr(text, "A.fault_lock*\n"));
	assert_non_null(strstr(text, "none\n"));
	free(text);
	/* The count of a pin stands in the line that tells of it. */
	ds_timeline_clear(timeline);
	pfn.pfn = 5;
	ds_frame_get(t.setup, t.frames, pfn);
	tell(&t, 0, false, "pin");
	assert_int_equal(ds_frame_hold(t.setup, t.frames, pfn, 1,
				       (struct ds_pgidx){0}, 1),
			 0);
	text = ds_timeline_draw(timeline, &look);
	if (!strstr(text, " 5:2\n"))
		fail_msg("%s", text);
	free(text);
	ds_timeline_free(timeline);
	t_close(&t);
}

static void another_width_is_kept_to(void **state)
{
	static const char *const names[] = {"a", "b", "c"};
	struct ds_timeline_look look = {
		.mark = 1,
		.locks = true,
		.refs = true,
	};
	struct ds_timeline *timeline;
	char *text, *line, *rest;
	struct t_world t;

	(void)state;
	timeline = set_up(&t, names, 3);
	tell(&t, 1, false, "some words that must be wrapped to fit in there");
	tell(&t, 1, false,
	     "!! some words that must be wrapped to fit in here, "
	     "since there are so many of them in this line");
	for (look.width = 60; look.width <= 100; look.width++) {
		text = ds_timeline_draw(timeline, &look);
		for (line = strtok_r(text, "\n", &rest); line;
		     line = strtok_r(NULL, "\n", &rest))
			assert_in_range(strlen(line), 0, look.width);
		free(text);
	}
	ds_timeline_free(timeline);
	t_close(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_task_has_a_column),
		cmocka_unit_test(details_are_shown_when_asked_for),
		cmocka_unit_test(what_no_task_did_stands_at_the_left),
		cmocka_unit_test(long_lines_are_wrapped_in_their_column),
		cmocka_unit_test(any_number_of_tasks_fits),
		cmocka_unit_test(clearing_forgets_what_was_told),
		cmocka_unit_test(a_run_is_told_as_it_happens),
		cmocka_unit_test(the_marked_step_has_a_sign_in_the_margin),
		cmocka_unit_test(a_silent_marked_step_is_named_by_its_point),
		cmocka_unit_test(columns_show_locks_and_counts),
		cmocka_unit_test(another_width_is_kept_to),
	};

	return cmocka_run_group_tests_name("timeline", tests, NULL, NULL);
}
