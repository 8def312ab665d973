// SPDX-License-Identifier: LGPL-2.1-or-later
#include "fixture.h"

static struct daxsim *make(const char *fs, bool small, enum daxsim_turns turns)
{
	struct daxsim_options options = {
		.struct_size = sizeof(options),
		.fs = fs,
		.small = small,
		.victim = small,
		.turns = turns,
		.layouts = true,
	};

	return t_make(&options);
}

static struct daxsim_client *client(struct daxsim *sim, daxsim_recall_fn recall)
{
	struct daxsim_client *client = NULL;

	assert_int_equal(
		daxsim_client_new(sim, "client", recall, NULL, &client), 0);
	assert_non_null(client);
	return client;
}

static void layouts_are_an_option(void **state)
{
	struct daxsim *sim = t_plain("xfs-4.19");
	struct daxsim_client *none = NULL;

	(void)state;
	assert_int_equal(daxsim_client_new(sim, "client", NULL, NULL, &none),
			 -EOPNOTSUPP);
	assert_null(none);
	daxsim_free(sim);
}

static void a_client_accesses_blocks_past_the_file(void **state)
{
	struct daxsim *sim = make("xfs-4.19", false, DAXSIM_FIBER);
	struct daxsim_file *file = t_file(sim, "A", 2);
	struct daxsim_client *one = client(sim, NULL);
	char bytes[T_PAGE];

	(void)state;
	assert_int_equal(daxsim_layout_read(one, 0, bytes, 1), -ENODATA);
	assert_int_equal(daxsim_layout_return(one), -ENODATA);
	assert_int_equal(daxsim_layout_fence(one), -ENODATA);
	assert_int_equal(daxsim_layout_get(one, file, 0, T_PAGE, false), 0);
	assert_int_equal(daxsim_layout_get(one, file, 0, T_PAGE, false),
			 -EEXIST);
	/* The whole run, not what was asked for; to read it. */
	assert_int_equal(daxsim_layout_read(one, T_PAGE, bytes, T_PAGE),
			 T_PAGE);
	assert_int_equal(bytes[17], 'b');
	assert_int_equal(daxsim_layout_write(one, 0, bytes, 1), -EINVAL);
	assert_int_equal(daxsim_layout_read(one, 2 * T_PAGE, bytes, 1),
			 -EINVAL);
	assert_int_equal(daxsim_layout_read(one, 0, bytes, 0), -EINVAL);
	assert_int_equal(daxsim_layout_read(one, UINT64_MAX, bytes, 2),
			 -EINVAL);
	assert_int_equal(daxsim_layout_return(one), 0);
	assert_int_equal(daxsim_layout_read(one, 0, bytes, 1), -ENODATA);
	assert_int_equal(daxsim_layout_get(one, file, 0, T_PAGE, true), 0);
	assert_int_equal(daxsim_layout_write(one, 5, "new", 3), 3);
	assert_int_equal(t_byte(file, 6), 'e');
	daxsim_free(sim);
}

static void what_it_wrote_behind_the_end_counts_once_told(void **state)
{
	struct daxsim *sim = make("xfs-4.19", false, DAXSIM_FIBER);
	struct daxsim_file *file = t_file(sim, "A", 1);
	struct daxsim_client *one = client(sim, NULL);
	struct daxsim_extent runs[2];

	(void)state;
	assert_int_equal(daxsim_layout_get(one, file, T_PAGE, T_PAGE, true), 0);
	assert_int_equal(daxsim_fiemap(file, T_PAGE, T_PAGE, 2, runs), 1);
	assert_true(runs[0].unwritten);
	assert_int_equal(daxsim_layout_write(one, T_PAGE, "yes", 3), 3);
	assert_int_equal(t_size(file), T_PAGE);
	assert_int_equal(daxsim_layout_commit(one, T_PAGE, 3), 0);
	assert_int_equal(t_size(file), T_PAGE + 3);
	assert_int_equal(t_byte(file, T_PAGE + 2), 's');
	assert_int_equal(daxsim_layout_return(one), 0);
	assert_int_equal(daxsim_layout_commit(one, T_PAGE, 3), -ENODATA);
	daxsim_free(sim);
}

static void what_is_no_layout_is_refused(void **state)
{
	struct daxsim *sim = make("xfs-6.15", false, DAXSIM_FIBER);
	struct daxsim *other = make("xfs-6.15", false, DAXSIM_FIBER);
	struct daxsim_file *file = t_file(sim, "A", 1);
	struct daxsim_file *copy = t_file(sim, "B", 1);
	struct daxsim_file *stranger = t_file(other, "A", 1);
	struct daxsim_client *one = client(sim, NULL);

	(void)state;
	assert_int_equal(daxsim_layout_get(one, stranger, 0, 1, true), -EXDEV);
	assert_int_equal(daxsim_layout_get(one, file, 0, 0, true), -EINVAL);
	assert_int_equal(daxsim_layout_get(one, file, INT64_MAX, 1, true),
			 -EINVAL);
	assert_int_equal(daxsim_layout_get(one, file, 0, UINT64_MAX, true),
			 -EINVAL);
	assert_int_equal(daxsim_reflink(file, 0, copy, 0, 0), 0);
	assert_int_equal(daxsim_layout_get(one, file, 0, T_PAGE, true), -ENXIO);
	assert_int_equal(daxsim_layout_get(one, copy, 0, T_PAGE, false),
			 -ENXIO);
	daxsim_free(other);
	daxsim_free(sim);
}

/* ------------------------------- Recalls ---------------------------------- */

/* A client that may write page 1, beside a truncate that takes it away. */
struct story {
	struct daxsim_file *file;
	struct daxsim_client *client;
	bool fences;
	unsigned int late; /* ticks until the client writes */
	ssize_t late_result;
};

static void do_write(struct daxsim *sim, void *arg)
{
	const struct story *story = arg;
	ssize_t n;

	daxsim_sleep(sim, story->late);
	n = daxsim_layout_write(story->client, T_PAGE, "x", 1);
	if (story->late)
		daxsim_expect(sim, n == story->late_result, "it is too late");
	else
		daxsim_expect(sim, n == 1 || n == -ENODATA,
			      "it writes, or knows that it must not");
}

static void do_serve(struct daxsim *sim, void *arg)
{
	struct story *story = arg;
	struct daxsim_client *whom;

	while (daxsim_layout_await_recall(story->file, &whom) == 0) {
		daxsim_expect(sim, whom == story->client, "it is the client's");
		if (story->fences) {
			daxsim_sleep(sim, 2);
			daxsim_layout_fence(whom);
		} else {
			daxsim_layout_return(whom);
		}
	}
}

static void do_truncate(struct daxsim *sim, void *arg)
{
	const struct story *story = arg;
	int r = daxsim_ftruncate(story->file, T_PAGE);

	daxsim_expect(sim, r == 0, "the truncate works");
}

static struct daxsim_report *search(struct daxsim *sim)
{
	struct daxsim_explore_options options = {
		.struct_size = sizeof(options),
		.strategy = DAXSIM_STATES,
	};
	struct daxsim_report *report = NULL;

	assert_int_equal(daxsim_explore(sim, &options, &report), 0);
	assert_string_equal(daxsim_report_search(report), "COMPLETE");
	return report;
}

/* What happens on @fs, by a story of which only the last fields are used. */
static struct daxsim_report *tell(const char *fs, daxsim_recall_fn recall,
				  bool served, const struct story *how)
{
	struct daxsim *sim = make(fs, true, DAXSIM_FIBER);
	struct story *story = daxsim_alloc(sim, sizeof(*story));
	struct daxsim_report *report;

	assert_non_null(story);
	if (how)
		*story = *how;
	story->file = t_file(sim, "A", 2);
	story->client = client(sim, recall);
	assert_int_equal(daxsim_layout_get(story->client, story->file, 0,
					   2 * T_PAGE, true),
			 0);
	daxsim_spawn(sim, "client", do_write, story);
	daxsim_spawn(sim, "truncate", do_truncate, story);
	if (served)
		daxsim_spawn(sim, "server", do_serve, story);
	report = search(sim);
	daxsim_free(sim);
	return report;
}

static bool breaks(struct daxsim_report *report, const char *property)
{
	bool broke = property ? t_broke(report, property)
			      : daxsim_report_findings(report) > 0;

	daxsim_report_free(report);
	return broke;
}

static enum daxsim_recall expire(void *arg)
{
	(void)arg;
	return DAXSIM_RECALL_EXPIRE;
}

static enum daxsim_recall give_up(void *arg)
{
	(void)arg;
	return DAXSIM_RECALL_GIVE_UP;
}

static enum daxsim_recall ask(void *arg)
{
	(void)arg;
	return DAXSIM_RECALL_ASK;
}

static void who_has_a_layout_is_asked_first(void **state)
{
	(void)state;
	assert_false(breaks(tell("xfs-4.19", NULL, true, NULL), NULL));
	assert_false(breaks(tell("xfs-4.19", ask, true, NULL), NULL));
	assert_true(breaks(tell("ext4-4.19", NULL, true, NULL),
			   "LAYOUT_HOLDER_COHERENT"));
}

static void a_client_that_is_not_asked_is_waited_for_for_ever(void **state)
{
	(void)state;
	assert_true(
		breaks(tell("xfs-4.19", NULL, false, NULL), "NO_STARVATION"));
}

/* The wait ends, and the client goes on to believe in its layout. */
static void a_lease_that_expires_leaves_its_client_behind(void **state)
{
	static const struct story late = {.late = 5, .late_result = 1};
	struct daxsim_report *report = tell("xfs-4.19", expire, false, &late);

	(void)state;
	assert_true(t_broke(report, "LAYOUT_HOLDER_COHERENT"));
	assert_true(t_broke(report, "NO_STRAY_WRITE"));
	assert_false(t_broke(report, "NO_STARVATION"));
	assert_false(t_broke(report, "EXPECTED"));
	daxsim_report_free(report);
	/* Where the client is asked and answers, nothing expires. */
	assert_false(breaks(tell("xfs-4.19", expire, true, NULL), NULL));
}

static void a_lease_given_up_at_once_is_waited_for_by_nobody(void **state)
{
	struct daxsim_report *report = tell("xfs-4.19", give_up, true, NULL);

	(void)state;
	assert_true(t_broke(report, "LAYOUT_HOLDER_COHERENT"));
	assert_false(t_broke(report, "NO_STARVATION"));
	daxsim_report_free(report);
}

static void a_fence_ends_what_the_client_does(void **state)
{
	static const struct story story = {
		.fences = true,
		.late = 5,
		.late_result = -EIO,
	};

	(void)state;
	assert_false(breaks(tell("xfs-4.19", NULL, true, &story), NULL));
	/* Nobody is asked, so nobody is shut out. */
	assert_true(breaks(tell("xfs-4.19", give_up, true, &story),
			   "LAYOUT_HOLDER_COHERENT"));
}

/* A layout that is asked back is not given out anew. */
static void do_get_another(struct daxsim *sim, void *arg)
{
	const struct story *story = arg;
	int r = daxsim_layout_get(story->client, story->file, 0, T_PAGE, false);

	daxsim_expect(sim, r == 0 || r == -EAGAIN, "or a recall is under way");
	if (r == 0)
		daxsim_layout_return(story->client);
}

static void tasks_can_get_layouts_too(void **state)
{
	struct daxsim *sim = make("xfs-4.19", true, DAXSIM_BATON);
	struct story *story = daxsim_alloc(sim, sizeof(*story));
	struct daxsim_report *report;

	(void)state;
	assert_non_null(story);
	story->file = t_file(sim, "A", 2);
	story->client = client(sim, NULL);
	daxsim_spawn(sim, "client", do_get_another, story);
	daxsim_spawn(sim, "truncate", do_truncate, story);
	report = search(sim);
	assert_int_equal(daxsim_report_findings(report), 0);
	assert_true(daxsim_report_interleavings(report) > 1);
	daxsim_report_free(report);
	daxsim_free(sim);
}

static void a_server_is_a_task(void **state)
{
	struct daxsim *sim = make("xfs-4.19", true, DAXSIM_FREE);
	struct story *story = daxsim_alloc(sim, sizeof(*story));
	struct daxsim_explore_options options = {
		.struct_size = sizeof(options),
		.strategy = DAXSIM_RANDOM,
		.budget = 20,
	};
	struct daxsim_client *untouched = NULL;
	struct daxsim_report *report;

	(void)state;
	assert_non_null(story);
	story->file = t_file(sim, "A", 2);
	story->client = client(sim, NULL);
	assert_int_equal(daxsim_layout_await_recall(story->file, &untouched),
			 -EDEADLK);
	assert_null(untouched);
	daxsim_sleep(sim, 0);
	daxsim_sleep(sim, 1);
	assert_int_equal(daxsim_layout_get(story->client, story->file, 0,
					   2 * T_PAGE, true),
			 0);
	daxsim_spawn(sim, "client", do_write, story);
	daxsim_spawn(sim, "truncate", do_truncate, story);
	daxsim_spawn(sim, "server", do_serve, story);
	assert_int_equal(daxsim_explore(sim, &options, &report), 0);
	assert_int_equal(daxsim_report_findings(report), 0);
	assert_int_equal(daxsim_report_interleavings(report), 20);
	daxsim_report_free(report);
	daxsim_free(sim);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(layouts_are_an_option),
		cmocka_unit_test(a_client_accesses_blocks_past_the_file),
		cmocka_unit_test(what_it_wrote_behind_the_end_counts_once_told),
		cmocka_unit_test(what_is_no_layout_is_refused),
		cmocka_unit_test(who_has_a_layout_is_asked_first),
		cmocka_unit_test(
			a_client_that_is_not_asked_is_waited_for_for_ever),
		cmocka_unit_test(a_lease_that_expires_leaves_its_client_behind),
		cmocka_unit_test(
			a_lease_given_up_at_once_is_waited_for_by_nobody),
		cmocka_unit_test(a_fence_ends_what_the_client_does),
		cmocka_unit_test(tasks_can_get_layouts_too),
		cmocka_unit_test(a_server_is_a_task),
	};

	return cmocka_run_group_tests_name("layout", tests, NULL, NULL);
}
