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
	};

	return cmocka_run_group_tests_name("timeline", tests, NULL, NULL);
}
