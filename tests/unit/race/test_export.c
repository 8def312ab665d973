// SPDX-License-Identifier: LGPL-2.1-or-later
#include "race/export.h"

#include "fixture.h"

static char *export(const char *text, bool breaks, const char *steps)
{
	struct ds_scenario scenario;
	struct ds_schedule schedule = {0};
	struct ds_export how = {
		.scenario = &scenario,
		.fs = "ext4-v3",
		.schedule = steps ? &schedule : NULL,
		.property = DS_WAITED,
		.breaks = breaks,
	};
	char *ret = NULL, why[200];

	f_parse(text, &scenario);
	for (; steps && *steps; steps++)
		assert_int_equal(
			ds_schedule_append(&schedule,
					   (unsigned int)(*steps - 'a')),
			0);
	assert_int_equal(ds_export_cmocka(&how, &ret, why, sizeof(why)), 0);
	ds_schedule_free(&schedule);
	return ret;
}

static void assert_has(const char *text, const char *part)
{
	if (!strstr(text, part))
		fail_msg("no '%s' in:\n%s", part, text);
}

static void assert_lacks(const char *text, const char *part)
{
	if (strstr(text, part))
		fail_msg("'%s' in:\n%s", part, text);
}

static void a_schedule_is_replayed(void **state)
{
	char *text = export(F_EARLY, true, "aabbba");

	(void)state;
	assert_has(text, "daxsim_replay(sim,\n\t\t\"ds1:api:ext4-v3:a2b3a:");
	assert_has(text, "assert_true(broke(report, \"WAITED\"));");
	assert_has(text, "cmocka_unit_test(WAITED_breaks)");
	assert_has(text, "daxsim_spawn(sim, \"punch\", task_1, s), 1)");
	assert_lacks(text, "daxsim_explore");
	free(text);
}

static void without_a_schedule_all_are_explored(void **state)
{
	char *text = export(F_EARLY, false, NULL);

	(void)state;
	assert_has(text, "daxsim_explore(sim, NULL, &report)");
	assert_has(text, "\"COMPLETE\"");
	assert_has(text, "assert_false(broke(report, \"WAITED\"));");
	assert_lacks(text, "daxsim_replay");
	free(text);
}

/* Addresses follow from the mappings, those made before the search first. */
static void a_call_knows_what_is_mapped(void **state)
{
	char *text = export("file A 16K\ntask a\nload A 4K+4K\n"
			    "before map A 4K+8K\nload A 8K+4K\n"
			    "load A 0+4K\nunmap A\nload A 8K+4K\n",
			    true, "a");
	char *at = text;
	unsigned int n = 0;

	(void)state;
	assert_has(text, "s->maps[0][0] + 0 + at");
	assert_has(text, "s->maps[0][0] + 4096 + at");
	assert_has(text, "daxsim_munmap(s->sim, s->maps[0][0], 8192);");
	while ((at = strstr(at, "not mapped there")))
		at++, n++;
	assert_int_equal(n, 2);
	free(text);
}

/* Steps of a shared handle are there only where somebody closes it. */
static void a_file_that_is_closed_is_a_handle(void **state)
{
	char *text = export("file A 4K\nfile B 4K\ntask a\nclose A\n"
			    "task b\nfsync A\nfsync B\n",
			    true, "ab");

	(void)state;
	assert_has(text, "if (get_file(s, 0))\n\t\tput_file(s, 0, true);");
	assert_has(text, "file = get_file(s, 0);");
	assert_has(text, "file = s->files[1];");
	free(text);
	text = export(F_EARLY, true, "a");
	assert_lacks(text, "get_file");
	free(text);
}

static void what_has_no_counterpart_is_refused(void **state)
{
	static const char *const texts[] = {
		"scenario x\nwatch waits\ntask a\n",
		"scenario x\nflush ipi\ntask a\n",
		"scenario x\nrecall fails\ntask a\n",
		"scenario x\ntask a\ncomplete\n",
		"scenario x\ntask a\ndup\n",
		"scenario x\nfile A 4K\ntask a forever\nfsync A\n",
		"scenario x\nspace 3\nfile A 4K\ntask a\nfsync A\n",
		"scenario x\ntask a\nundup\n",
	};
	static const char *const whys[] = {
		"x: 'watch waits' has no counterpart in the public interface; "
		"a scenario without it can be exported",
		"x: 'flush ipi' has no counterpart in the public interface; "
		"a scenario without it can be exported",
		"x: 'recall fails' has no counterpart in the public interface; "
		"a scenario without it can be exported",
		"x: 'complete' has no counterpart in the public interface; "
		"a scenario without it can be exported",
		"x: 'dup' has no counterpart in the public interface; "
		"a scenario without it can be exported",
		"x: 'forever' has no counterpart in the public interface; "
		"a scenario without it can be exported",
		"x: 'space' has no counterpart in the public interface; "
		"a scenario without it can be exported",
		"x: 'undup' has no counterpart in the public interface; "
		"a scenario without it can be exported",
	};
	struct ds_scenario scenario;
	struct ds_export how = {.scenario = &scenario, .fs = "ext4-v3"};
	char *text, why[200];
	unsigned int i;

	(void)state;
	for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		f_parse(texts[i], &scenario);
		assert_int_equal(ds_export_cmocka(&how, &text, why,
						  sizeof(why)),
				 -EINVAL);
		assert_string_equal(why, whys[i]);
	}
}

static void two_files_take_part_in_one_call(void **state)
{
	char *text = export("file A 8K\nfile B 8K\ntask a\n"
			    "reflink A 4K+4K B 0\ndedupe B 0+4K A 4K\n"
			    "unshare A 0+4K\ntask b\nclose B\n",
			    true, "a");

	(void)state;
	assert_has(text, "struct daxsim_file *source = s->files[0];\n"
			 "\t\tstruct daxsim_file *dest = get_file(s, 1);\n");
	assert_has(text, "daxsim_reflink(source, 4096, dest, 0, 4096);\n"
			 "\t\tif (dest)\n\t\t\tput_file(s, 1, false);\n");
	assert_has(text, "daxsim_dedupe(source, 0, dest, 4096, 4096);");
	assert_has(text, "FALLOC_FL_UNSHARE_RANGE,");
	free(text);
}

static void a_comment_has_at_most_72_columns(void **state)
{
	char *text = ds_export_comment(
		"A title that is so long that it has to be wrapped somewhere "
		"before its end",
		"a    b\n-    -\n\nx\n");

	(void)state;
	assert_string_equal(text, "/*\n"
				  " * A title that is so long that it has to "
				  "be wrapped somewhere before\n"
				  " * its end\n"
				  " *\n"
				  " * a    b\n"
				  " * -    -\n"
				  " *\n"
				  " * x\n"
				  " */\n");
	free(text);
}

static void a_child_uses_what_its_parent_mapped(void **state)
{
	char *text = export("file A 8K\n"
			    "task child\ndirect-read A 4K+4K\nexit\n"
			    "load A 0+4K\n"
			    "task parent\nbefore map A 0+8K\nfork child\n"
			    "unmap A\n",
			    false, NULL);

	(void)state;
	assert_has(text, "daxsim_spawn_child(sim, \"child\", task_0, s), 0)");
	assert_has(text, "daxsim_spawn(sim, \"parent\", task_1, s), 1)");
	assert_has(text, "daxsim_direct_read(s->sim, s->maps[1][0] + 4096");
	assert_has(text, "daxsim_fork(s->sim, 0);");
	assert_has(text, "daxsim_exit(s->sim);\n\t/* load A 0+4K */\n"
			 "\t/* It is not mapped there");
	free(text);
}

static void layouts_are_answered_for(void **state)
{
	char *text = export("file A 4K\n"
			    "task client\nbefore layout-get A 0+4K write\n"
			    "layout-write A 0+4K\nlayout-return A\n"
			    "task server\nanswer A fence\n"
			    "task append\nappend A 4K\n",
			    false, NULL);

	(void)state;
	assert_has(text, ".layouts = true");
	assert_has(text, "daxsim_layout_get(s->clients[0], file, 0, 4096,");
	assert_has(text, "daxsim_layout_write(s->clients[0], 0,");
	assert_has(text, "while (daxsim_layout_await_recall(file, &client)");
	assert_has(text, "daxsim_layout_fence(client);");
	assert_has(text, "O_WRONLY | O_APPEND");
	free(text);
}

static void memory_fails_where_it_was_before_all_else(void **state)
{
	static const char moved[] = "file A 8K\ntask one\n"
				    "before collapse A 0+4K\npoison A 0\n";
	char *text = export("file A 8K\ntask one\npoison A 4K\n", false, NULL);
	struct ds_scenario scenario;
	struct ds_export how = {.scenario = &scenario, .fs = "ext4-v3"};
	char why[200], *none;

	(void)state;
	assert_has(text, ".memory_fails = true");
	assert_has(text, "s->poison[0][0] = block_at(s->files[0], 4096);");
	free(text);
	f_parse(moved, &scenario);
	assert_int_equal(ds_export_cmocka(&how, &none, why, sizeof(why)),
			 -EINVAL);
	assert_has(why, "'poison' has no counterpart");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_child_uses_what_its_parent_mapped),
		cmocka_unit_test(layouts_are_answered_for),
		cmocka_unit_test(memory_fails_where_it_was_before_all_else),
		cmocka_unit_test(a_schedule_is_replayed),
		cmocka_unit_test(without_a_schedule_all_are_explored),
		cmocka_unit_test(a_call_knows_what_is_mapped),
		cmocka_unit_test(a_file_that_is_closed_is_a_handle),
		cmocka_unit_test(what_has_no_counterpart_is_refused),
		cmocka_unit_test(two_files_take_part_in_one_call),
		cmocka_unit_test(a_comment_has_at_most_72_columns),
	};

	return cmocka_run_group_tests_name("export", tests, NULL, NULL);
}
