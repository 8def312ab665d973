// SPDX-License-Identifier: LGPL-2.1-or-later
#include "fixture.h"

/* Reports when the byte of page 0 is @job->value: what a program may expect. */
static void do_expect(struct ds_task *task, void *arg)
{
	struct t_job *job = arg;
	unsigned char byte = 0;

	ds_space_access(task, job->t->space, job->addr, &byte, 1, false);
	if (byte != job->value)
		ds_checks_report(job->t->world->checks, DS_EXPECTED, task->id,
				 "saw %d", byte);
}

static void expect(struct t_scene *s, unsigned char byte)
{
	struct t_job job = {.value = byte};

	t_set_up(s, "ext4-4.19");
	job.addr = s->addr;
	t_task(&s->t, "program", do_expect, &job);
	assert_int_equal(t_run(&s->t, NULL, 0), DS_RUN_DONE);
}

static void holds_where_the_program_sees_what_it_expects(void **state)
{
	struct t_scene s;

	(void)state;
	expect(&s, 1);
	t_assert_holds(&s.t);
	t_close(&s.t);
}

static void breaks_where_the_program_sees_something_else(void **state)
{
	struct t_scene s;

	(void)state;
	expect(&s, 2);
	t_assert_broken(&s.t, t_bit(DS_EXPECTED));
	t_assert_says(&s, DS_EXPECTED, "saw 1");
	t_close(&s.t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(holds_where_the_program_sees_what_it_expects),
		cmocka_unit_test(breaks_where_the_program_sees_something_else),
	};

	return cmocka_run_group_tests_name("expected", tests, NULL, NULL);
}
