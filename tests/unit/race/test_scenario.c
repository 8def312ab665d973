// SPDX-License-Identifier: LGPL-2.1-or-later
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "core/prng.h"
#include "race/scenario.h"

#define HEAD    "file A 8K\ntask a\n"
#define ENDLESS "file A 8K\ntask a forever\n"
#define NINE(text)                                                             \
	text "0\n" text "1\n" text "2\n" text "3\n" text "4\n" text "5\n" text \
	     "6\n" text "7\n" text "8\n"
#define LONG "0123456789012345678901234567890123456789012345678901234567890123"

static const char good[] =
	"# a comment\n"
	"scenario every-statement\n"
	"flush ipi\n"
	"watch waits\n"
	"watch stores\n"
	"reuse blocks\n"
	"space 3\n"
	"longterm allow\n"
	"recall fails\n"
	"\n"
	"file A 32K hole 24K+4K hole 0+4K\n"
	"file dir/B.1 5000   # of no whole pages\n"
	"task direct\n"
	"\tbefore map A 8K+8K\n"
	"\tbefore touch A 8K+8K\n"
	"\tload A 8K+1\n"
	"\tdirect-read A 8K+8K\n"
	"\tdirect-write A 8K+8K\n"
	"\tpin A 8K+4K\n"
	"\tdma\n"
	"\tunpin\n"
	"\tunmap A\n"
	"task ops\r\n"
	"\tread A 0+1M\n"
	"\twrite dir/B.1 1+2\n"
	"\ttruncate A 0\n"
	"\tfsync A\n"
	"\tallocate A 0+4K keep\n"
	"\tzero A 0+4K\n"
	"\tpunch A 0+4K\n"
	"\tcollapse A 0+4K\n"
	"\tinsert A 0+4K\n"
	"\tdedupe A 4K+8K dir/B.1 16K\n"
	"\tunlink A\n"
	"\tclose A\n"
	"\tsignal direct\n"
	"task device\n"
	"\ttake direct\n"
	"\tdup\n"
	"\tundup\n"
	"\tcomplete\n"
	"\tawait ops\n"
	"\tpin A 0+4K longterm read get\n"
	"\tpin A 0+4K counted\n"
	"expect ext4-nobreak violates WAITED NO_STRAY_WRITE\n"
	"expect ext4-4.19 holds";

static int parse(const char *text, struct ds_scenario *ret_scenario, char *why,
		 size_t why_size)
{
	snprintf(why, why_size, "none");
	return ds_scenario_parse("x.scn", text, ret_scenario, why, why_size);
}

static void every_statement_is_understood(void **state)
{
	static struct ds_scenario s;
	const struct ds_scn_call *calls;
	char why[200];

	(void)state;
	if (parse(good, &s, why, sizeof(why)) < 0)
		print_error("%s\n", why);
	assert_int_equal(parse(good, &s, why, sizeof(why)), 0);
	assert_string_equal(s.name, "every-statement");
	assert_true(s.flush_ipi);
	assert_true(s.watch_waits);
	assert_true(s.watch_stores);
	assert_true(s.reuse_blocks);
	assert_true(s.has_space);
	assert_int_equal(s.space, 3);
	assert_true(s.longterm_allowed);
	assert_true(s.recall_fails);
	assert_int_equal(s.n_files, 2);
	assert_int_equal(s.files[0].size, 32768);
	assert_int_equal(s.files[0].n_holes, 2);
	assert_int_equal(s.files[0].holes[0].offset, 24576);
	assert_int_equal(s.files[0].holes[0].len, 4096);
	assert_string_equal(s.files[1].name, "dir/B.1");
	assert_int_equal(s.files[1].size, 5000);
	assert_int_equal(s.n_tasks, 3);
	calls = s.tasks[0].calls;
	assert_int_equal(s.tasks[0].n_calls, 9);
	assert_true(calls[0].before);
	assert_int_equal(calls[0].kind, DS_CALL_MAP);
	assert_int_equal(calls[0].offset, 8192);
	assert_int_equal(calls[0].len, 8192);
	assert_false(calls[2].before);
	assert_int_equal(calls[2].len, 1);
	assert_int_equal(calls[8].kind, DS_CALL_UNMAP);
	calls = s.tasks[1].calls;
	assert_int_equal(s.tasks[1].n_calls, 13);
	assert_int_equal(calls[1].target, 1);
	assert_int_equal(calls[2].kind, DS_CALL_TRUNCATE);
	assert_int_equal(calls[2].len, 0);
	assert_true(calls[4].keep);
	assert_false(calls[5].keep);
	assert_int_equal(calls[9].kind, DS_CALL_DEDUPE);
	assert_int_equal(calls[9].target, 0);
	assert_int_equal(calls[9].offset, 4096);
	assert_int_equal(calls[9].len, 8192);
	assert_int_equal(calls[9].target2, 1);
	assert_int_equal(calls[9].offset2, 16384);
	assert_int_equal(calls[12].kind, DS_CALL_SIGNAL);
	assert_int_equal(calls[12].target, 0);
	calls = s.tasks[2].calls;
	assert_int_equal(s.tasks[2].n_calls, 7);
	assert_int_equal(calls[0].kind, DS_CALL_TAKE);
	assert_int_equal(calls[0].target, 0);
	assert_int_equal(calls[4].kind, DS_CALL_AWAIT);
	assert_int_equal(calls[4].target, 1);
	assert_int_equal(calls[5].how,
			 DS_HOW_READ | DS_HOW_GET | DS_HOW_LONGTERM);
	assert_int_equal(calls[6].how, DS_HOW_COUNTED);
	assert_true(ds_scenario_targets(&s, DS_CALL_TAKE, 0));
	assert_false(ds_scenario_targets(&s, DS_CALL_AWAIT, 0));
	assert_true(ds_scenario_targets(&s, DS_CALL_AWAIT, 1));
}

static void calls_that_open_a_file_anew_are_understood(void **state)
{
	static struct ds_scenario s;
	char why[200];

	(void)state;
	assert_int_equal(parse(HEAD "append A 5K\nopen-truncate A\n"
				    "poison A 4K\n",
			       &s, why, sizeof(why)),
			 0);
	assert_int_equal(s.tasks[0].calls[0].kind, DS_CALL_APPEND);
	assert_int_equal(s.tasks[0].calls[0].len, 5 << 10);
	assert_int_equal(s.tasks[0].calls[1].kind, DS_CALL_OPEN_TRUNCATE);
	assert_int_equal(s.tasks[0].calls[2].kind, DS_CALL_POISON);
	assert_int_equal(s.tasks[0].calls[2].len, 4 << 10);
	assert_false(s.has_space);
	/* How many blocks are free may be none, but not any number. */
	assert_int_equal(
		parse("space 0\n" HEAD "fsync A\n", &s, why, sizeof(why)), 0);
	assert_true(s.has_space);
	assert_int_equal(parse("space 65\n" HEAD "fsync A\n", &s, why,
			       sizeof(why)),
			 -EINVAL);
	assert_string_equal(why, "x.scn:1: expected a number of blocks, 0 to "
				 "64, not '65'");
	/* Each would use up a file: not for ever. */
	assert_int_equal(parse(ENDLESS "append A 1\n", &s, why, sizeof(why)),
			 -EINVAL);
	assert_int_equal(parse(ENDLESS "open-truncate A\n", &s, why,
			       sizeof(why)),
			 -EINVAL);
}

static void expectations_are_found_by_the_profiles_own_name(void **state)
{
	static struct ds_scenario s;
	char why[200];

	(void)state;
	assert_int_equal(parse(good, &s, why, sizeof(why)), 0);
	assert_int_equal(ds_scenario_expects(&s, "ext4-4.18")->broken,
			 1U << DS_WAITED | 1U << DS_NO_STRAY_WRITE);
	assert_int_equal(ds_scenario_expects(&s, "ext4-4.19")->broken, 0);
	assert_null(ds_scenario_expects(&s, "xfs-4.19"));
}

static void a_task_can_go_on_for_ever(void **state)
{
	/* One that keeps its pages pinned, but for a moment, is fine too. */
	static const char text[] =
		ENDLESS "before map A 0+8K\nbefore pin A 0+4K\n"
			"touch A 0+1\nload A 0+1\ndirect-read A 0+1\n"
			"direct-write A 0+1\ndma\nunpin\npin A 0+4K\n"
			"task b forever\n"
			"read A 0+1\nwrite A 0+1\ntruncate A 0\nfsync A\n"
			"allocate A 0+4K\nzero A 0+4K\npunch A 0+4K\n"
			"before close A\n"
			"task c\nclose A\n";
	static struct ds_scenario s;
	uint32_t hash;
	char why[200];

	(void)state;
	assert_int_equal(parse(text, &s, why, sizeof(why)), 0);
	assert_true(s.tasks[0].forever);
	assert_true(s.tasks[1].forever);
	assert_false(s.tasks[2].forever);
	/* It is another scenario than one that ends. */
	assert_int_equal(parse(ENDLESS "fsync A\n", &s, why, sizeof(why)), 0);
	hash = s.hash;
	assert_int_equal(parse(HEAD "fsync A\n", &s, why, sizeof(why)), 0);
	assert_int_not_equal(s.hash, hash);
}

static void verbs_are_as_written(void **state)
{
	(void)state;
	assert_string_equal(ds_call_verb(DS_CALL_DIRECT_READ), "direct-read");
	assert_string_equal(ds_call_verb(DS_CALL_SIGNAL), "signal");
}

static void the_name_is_the_files_where_none_is_given(void **state)
{
	static struct ds_scenario s;
	char why[200];

	(void)state;
	assert_int_equal(parse("task a\n", &s, why, sizeof(why)), 0);
	assert_string_equal(s.name, "x.scn");
}

/* What a replay depends on, and nothing else. */
static void the_hash_is_of_what_happens(void **state)
{
	static const char *const same[] = {
		"file A 4K\ntask a\nread A 0+1\n",
		"# other words\n\nfile   A 4K # here\ntask a\n\tread A 0+1",
		"file A 4K\ntask a\nread A 0+1\nexpect ext4-4.19 holds\n",
	};
	static const char *const others[] = {
		"file A 4K\ntask a\nread A 0+2\n",
		"file A 4K\ntask b\nread A 0+1\n",
		"file A 8K\ntask a\nread A 0+1\n",
		"flush ipi\nfile A 4K\ntask a\nread A 0+1\n",
	};
	static struct ds_scenario s;
	uint32_t hash;
	char why[200];
	size_t i;

	(void)state;
	assert_int_equal(parse(same[0], &s, why, sizeof(why)), 0);
	hash = s.hash;
	for (i = 1; i < sizeof(same) / sizeof(same[0]); i++) {
		assert_int_equal(parse(same[i], &s, why, sizeof(why)), 0);
		assert_int_equal(s.hash, hash);
	}
	for (i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		assert_int_equal(parse(others[i], &s, why, sizeof(why)), 0);
		assert_int_not_equal(s.hash, hash);
	}
}

/* --------------------------------- Sizes ---------------------------------- */

static void sizes_have_binary_units(void **state)
{
	static const struct {
		const char *text;
		uint64_t bytes;
	} sizes[] = {
		{"0", 0},
		{"1", 1},
		{"4K", 4096},
		{"2M", UINT64_C(2) << 20},
		{"1G", UINT64_C(1) << 30},
		{"18446744073709551615", UINT64_MAX},
		{"17179869183G", UINT64_C(17179869183) << 30},
	};
	static const char *const bad[] = {
		"",
		"K",
		"-1",
		"+1",
		"4k",
		"4KB",
		"4 K",
		"0x10",
		"1T",
		"1.5K",
		"18446744073709551616",
		"17179869184G",
		"K4",
		"99999999999999999999",
	};
	uint64_t bytes = 77;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_not_equal(ds_size_parse(bad[i], &bytes), 0);
	assert_int_equal(bytes, 77);
	for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		assert_int_equal(ds_size_parse(sizes[i].text, &bytes), 0);
		assert_int_equal(bytes, sizes[i].bytes);
	}
}

static void a_call_that_can_only_fail_is_named(void **state)
{
	static const struct {
		const char *text, *why;
	} texts[] = {
		{HEAD "touch A 0+4K\n", "call 1 of task a, touch, can only "
					"fail: the task has no map of A"},
		{"file A 4K\nfile B 4K\ntask a\nmap A 0+4K\nload B 0+4K\n",
		 "call 2 of task a, load, can only fail: the task has no map "
		 "of B"},
		{HEAD "map A 0+4K\ntask b\nunmap A\n",
		 "call 1 of task b, unmap, can only fail: the task has no map "
		 "of A"},
		{HEAD "map A 0+4K\ndma\n",
		 "call 2 of task a, dma, can only fail: the task has no pin"},
		{HEAD "layout-read A 0+4K\n",
		 "call 1 of task a, layout-read, can only fail: the task has "
		 "no layout-get of A"},
		{HEAD "before map A 0+4K\npin A 0+4K\ntask b\ntake a\ndma\n"
		      "unpin\n",
		 NULL},
		{HEAD "load A 0+4K\ntask b\nmap A 0+4K\nfork a\n", NULL},
		{HEAD "punch A 0+4K\n", NULL},
	};
	char why[160];
	unsigned int i;

	(void)state;
	for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		static struct ds_scenario s;

		assert_int_equal(parse(texts[i].text, &s, why, sizeof(why)), 0);
		assert_int_equal(ds_scenario_in_vain(&s, why, sizeof(why)),
				 texts[i].why != NULL);
		if (texts[i].why)
			assert_string_equal(why, texts[i].why);
	}
}

/* -------------------------------- Mistakes -------------------------------- */

static const struct {
	const char *text;
	const char *why;
} mistakes[] = {
	{"", "x.scn:1: expected at least one task"},
	{"file A 4K\n", "x.scn:2: expected at least one task"},
	{"\nblah\n",
	 "x.scn:2: expected scenario, flush, watch, longterm, huge, batch, "
	 "space, reuse, recall, file, task, expect, or a call of a task, not "
	 "'blah'"},
	{"read A 0+1\n", "x.scn:1: expected scenario, flush, watch, longterm, "
			 "huge, batch, space, reuse, recall, file, task, "
			 "expect, or a call of a task, not 'read'"},
	{"before\n",
	 "x.scn:1: expected scenario, flush, watch, longterm, huge, batch, "
	 "space, reuse, recall, file, task, expect, or a call of a task, not "
	 "'before'"},
	{HEAD "pin A 0+4K get now\n",
	 "x.scn:3: expected the end of the line, not 'now'"},
	{HEAD "pin A 0+4K read read\n",
	 "x.scn:3: expected the end of the line, not 'read'"},
	{HEAD "pin A 0+4K counted get\n",
	 "x.scn:3: expected 'get' or 'counted', not both"},
	{HEAD "before take a\n",
	 "x.scn:3: expected a call that can be made before the search, not "
	 "'take'"},
	{HEAD "before await a\n",
	 "x.scn:3: expected a call that can be made before the search, not "
	 "'await'"},
	{HEAD "take b\n", "x.scn:3: expected the name of a task defined "
			  "above, not 'b'"},
	{"longterm\n", "x.scn:1: expected 'allow'"},
	{"recall works\n", "x.scn:1: expected 'fails', not 'works'"},
	{"longterm allow it\n", "x.scn:1: expected the end of the line, not "
				"'it'"},
	{ENDLESS "take a\n", "x.scn:2: expected as many pins as unpins in a "
			     "round"},
	{"scenario\n", "x.scn:1: expected a scenario's name"},
	{"scenario a:b\n", "x.scn:1: expected a scenario's name, not 'a:b'"},
	{"scenario " LONG "\n",
	 "x.scn:1: expected a scenario's name, not '" LONG "'"},
	{"scenario a b\n", "x.scn:1: expected the end of the line, not 'b'"},
	{"flush\n", "x.scn:1: expected 'ipi' or 'broadcast'"},
	{"flush often\n",
	 "x.scn:1: expected 'ipi' or 'broadcast', not 'often'"},
	{"flush ipi now\n", "x.scn:1: expected the end of the line, not 'now'"},
	{"watch\n", "x.scn:1: expected 'waits' or 'stores'"},
	{"watch birds\n", "x.scn:1: expected 'waits' or 'stores', not 'birds'"},
	{"watch waits a\n", "x.scn:1: expected the end of the line, not 'a'"},
	{"huge\n", "x.scn:1: expected 8K or 16K"},
	{"huge 4K\n", "x.scn:1: expected 8K or 16K, not '4K'"},
	{"huge 2M\n", "x.scn:1: expected 8K or 16K, not '2M'"},
	{"huge 8K 1\n", "x.scn:1: expected the end of the line, not '1'"},
	{"file A 4K\nhuge 8K\n",
	 "x.scn:2: expected the size of huge pages before files"},
	{"file A 8K huge\n", "x.scn:1: expected 'huge SIZE' above"},
	{"batch\n", "x.scn:1: expected a number from 1 to 15"},
	{"batch 0\n", "x.scn:1: expected a number from 1 to 15, not '0'"},
	{"batch 16\n", "x.scn:1: expected a number from 1 to 15, not '16'"},
	{"batch 2 3\n", "x.scn:1: expected the end of the line, not '3'"},
	{"file\n", "x.scn:1: expected a file's name"},
	{"file ? 4K\n", "x.scn:1: expected a file's name, not '?'"},
	{"file 01234567890123456789012345678901 4K\n",
	 "x.scn:1: expected a file's name, not "
	 "'01234567890123456789012345678901'"},
	{"file A\n", "x.scn:1: expected a size up to 1M, such as 8K"},
	{"file A 2M\n", "x.scn:1: expected a size up to 1M, such as 8K, not "
			"'2M'"},
	{"file A 4k\n", "x.scn:1: expected a size up to 1M, such as 8K, not "
			"'4k'"},
	{"file A 4K hollow\n",
	 "x.scn:1: expected 'hole OFFSET+LENGTH', not 'hollow'"},
	{"file A 4K hole\n",
	 "x.scn:1: expected a range OFFSET+LENGTH, such as 8K+4K"},
	{"file A 4K hole 0+100\n",
	 "x.scn:1: expected a hole of whole pages, not '0+100'"},
	{"file A 4K hole 1+4K\n",
	 "x.scn:1: expected a hole of whole pages, not '1+4K'"},
	{"file A 32K hole 0+4K hole 4K+4K hole 8K+4K hole 0+4K hole 0+4K\n",
	 "x.scn:1: expected at most 4 holes"},
	{"file A 4K\nfile A 4K\n", "x.scn:2: expected a new name, not 'A'"},
	{NINE("file A") "", "x.scn:1: expected a size up to 1M, such as 8K"},
	{"file A 1\nfile B 1\nfile C 1\nfile D 1\nfile E 1\n",
	 "x.scn:5: expected at most 4 files"},
	{"task\n", "x.scn:1: expected a task's name"},
	{"task a!\n", "x.scn:1: expected a task's name, not 'a!'"},
	{"task a b\n", "x.scn:1: expected the end of the line, not 'b'"},
	{"task a forever b\n",
	 "x.scn:1: expected the end of the line, not 'b'"},
	{ENDLESS "close A\n",
	 "x.scn:3: expected a call that can be made for ever, not 'close'"},
	{ENDLESS "unlink A\n",
	 "x.scn:3: expected a call that can be made for ever, not 'unlink'"},
	{ENDLESS "map A 0+4K\n",
	 "x.scn:3: expected a call that can be made for ever, not 'map'"},
	{ENDLESS "unmap A\n",
	 "x.scn:3: expected a call that can be made for ever, not 'unmap'"},
	{ENDLESS "insert A 0+4K\n",
	 "x.scn:3: expected a call that can be made for ever, not 'insert'"},
	{ENDLESS "collapse A 0+4K\n",
	 "x.scn:3: expected a call that can be made for ever, not "
	 "'collapse'"},
	{ENDLESS "signal a\n",
	 "x.scn:3: expected a call that can be made for ever, not 'signal'"},
	{ENDLESS, "x.scn:2: expected a call to make for ever"},
	{ENDLESS "before map A 0+4K\ntask b\nfsync A\n",
	 "x.scn:2: expected a call to make for ever"},
	{"task b\n" ENDLESS "before map A 0+4K\n",
	 "x.scn:3: expected a call to make for ever"},
	{ENDLESS "before map A 0+4K\npin A 0+4K\ndma\n",
	 "x.scn:2: expected as many pins as unpins in a round"},
	{ENDLESS "before map A 0+4K\nbefore pin A 0+4K\nunpin\n",
	 "x.scn:2: expected as many pins as unpins in a round"},
	{"task a\ntask a\n", "x.scn:2: expected a new name, not 'a'"},
	{NINE("task t"), "x.scn:9: expected at most 8 tasks"},
	{HEAD "before\n", "x.scn:3: expected a call"},
	{HEAD "before sleep\n", "x.scn:3: expected a call, not 'sleep'"},
	{HEAD "read\n", "x.scn:3: expected the name of a file defined above"},
	{HEAD "read B 0+1\n",
	 "x.scn:3: expected the name of a file defined above, not 'B'"},
	{HEAD "read A\n",
	 "x.scn:3: expected a range OFFSET+LENGTH, such as 8K+4K"},
	{HEAD "read A 5\n",
	 "x.scn:3: expected a range OFFSET+LENGTH, such as 8K+4K, not '5'"},
	{HEAD "read A 5+\n",
	 "x.scn:3: expected a range OFFSET+LENGTH, such as 8K+4K, not '5+'"},
	{HEAD "read A +5\n",
	 "x.scn:3: expected a range OFFSET+LENGTH, such as 8K+4K, not '+5'"},
	{HEAD "read A 5+0\n",
	 "x.scn:3: expected a range OFFSET+LENGTH, such as 8K+4K, not '5+0'"},
	{HEAD "read A 1+2+3\n",
	 "x.scn:3: expected a range OFFSET+LENGTH, such as 8K+4K, not "
	 "'1+2+3'"},
	{HEAD "read A 2M+1\n",
	 "x.scn:3: expected a range OFFSET+LENGTH, such as 8K+4K, not '2M+1'"},
	{HEAD "read A 0+2M\n",
	 "x.scn:3: expected a range OFFSET+LENGTH, such as 8K+4K, not '0+2M'"},
	{HEAD "read A " LONG "+1\n",
	 "x.scn:3: expected a range OFFSET+LENGTH, such as 8K+4K, not '" LONG
	 "+1'"},
	{HEAD "read A 0+1 keep\n",
	 "x.scn:3: expected the end of the line, not 'keep'"},
	{HEAD "punch A 0+1 keep\n",
	 "x.scn:3: expected the end of the line, not 'keep'"},
	{HEAD "zero A 0+1 kept\n",
	 "x.scn:3: expected the end of the line, not 'kept'"},
	{HEAD "zero A 0+1 keep it\n",
	 "x.scn:3: expected the end of the line, not 'it'"},
	{HEAD "truncate A\n", "x.scn:3: expected a size up to 1M, such as 8K"},
	{HEAD "truncate A 0+1\n",
	 "x.scn:3: expected a size up to 1M, such as 8K, not '0+1'"},
	{HEAD "truncate A 0 1\n",
	 "x.scn:3: expected the end of the line, not '1'"},
	{HEAD "fsync\n", "x.scn:3: expected the name of a file defined above"},
	{HEAD "fsync A B\n", "x.scn:3: expected the end of the line, not 'B'"},
	{HEAD "answer A\n", "x.scn:3: expected 'prompt', 'slow' or 'fence'"},
	{HEAD "answer A never\n",
	 "x.scn:3: expected 'prompt', 'slow' or 'fence', not 'never'"},
	{HEAD "answer A slow\nread A 0+1\n",
	 "x.scn:4: expected no call of a task that answers recalls, not "
	 "'read'"},
	{HEAD "before answer A slow\n",
	 "x.scn:3: expected a call that takes no time, not 'answer'"},
	{HEAD "before pause\n",
	 "x.scn:3: expected a call that takes no time, not 'pause'"},
	{HEAD "layout-get A 0+4K keep\n",
	 "x.scn:3: expected the end of the line, not 'keep'"},
	{HEAD "layout-get A 0+4K\nclose A\n",
	 "x.scn:4: expected no 'close' beside 'layout-get'"},
	{HEAD "dedupe A\n",
	 "x.scn:3: expected a range OFFSET+LENGTH, such as 8K+4K"},
	{HEAD "dedupe A 0+4K\n",
	 "x.scn:3: expected the name of a file defined above"},
	{HEAD "dedupe A 0+4K A\n",
	 "x.scn:3: expected a size up to 1M, such as 8K"},
	{HEAD "dedupe A 0+4K A 4K 8K\n",
	 "x.scn:3: expected the end of the line, not '8K'"},
	{HEAD "dma A\n", "x.scn:3: expected the end of the line, not 'A'"},
	{HEAD "signal\n", "x.scn:3: expected the name of a task defined above"},
	{HEAD "signal b\ntask b\n",
	 "x.scn:3: expected the name of a task defined above, not 'b'"},
	{HEAD "fork a\n", "x.scn:3: expected another task to fork, not 'a'"},
	{HEAD "before dma\ntask b\nfork a\n",
	 "x.scn:5: expected a task without 'before' to fork, not 'a'"},
	{HEAD "dma\ntask b\nfork a\ntask c\nfork a\n",
	 "x.scn:7: expected a task not forked yet, not 'a'"},
	{HEAD "dma\ntask b forever\nfork a\n",
	 "x.scn:5: expected a call that can be made for ever, not 'fork'"},
	{HEAD "exit A\n", "x.scn:3: expected the end of the line, not 'A'"},
	{HEAD "signal a a\n", "x.scn:3: expected the end of the line, not 'a'"},
	{HEAD NINE("dma#") NINE("dma#"),
	 "x.scn:19: expected at most 16 calls in a task"},
	{"expect\n", "x.scn:1: expected a profile's name"},
	{"expect ext5 holds\n",
	 "x.scn:1: expected a profile's name, not 'ext5'"},
	{"expect ext4-4.19\n",
	 "x.scn:1: expected 'holds' or 'violates PROPERTY...'"},
	{"expect ext4-4.19 breaks\n",
	 "x.scn:1: expected 'holds' or 'violates PROPERTY...', not 'breaks'"},
	{"expect ext4-4.19 violates\n",
	 "x.scn:1: expected 'holds' or 'violates PROPERTY...', not "
	 "'violates'"},
	{"expect ext4-4.19 violates WAITING\n",
	 "x.scn:1: expected a property's name, not 'WAITING'"},
	{"expect ext4-4.19 holds WAITED\n",
	 "x.scn:1: expected the end of the line, not 'WAITED'"},
	{NINE("expect ext4-4.19 holds#") NINE("expect ext4-4.19 holds#"),
	 "x.scn:17: expected at most 16 expectations"},
	{"a b c d e f g h i j k l m n o p q\n",
	 "x.scn:1: expected at most 16 words in a line"},
	{"\n\n" LONG LONG LONG LONG "\n",
	 "x.scn:3: expected a line of at most 255 characters"},
};

static void every_mistake_is_one_line_that_says_what_was_expected(void **state)
{
	static struct ds_scenario s;
	char why[400];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(mistakes) / sizeof(mistakes[0]); i++) {
		int r = parse(mistakes[i].text, &s, why, sizeof(why));

		if (r == 0)
			print_error("accepted: %s\n", mistakes[i].text);
		assert_int_not_equal(r, 0);
		assert_string_equal(why, mistakes[i].why);
	}
}

static void a_message_is_cut_to_the_room_there_is(void **state)
{
	static struct ds_scenario s;
	char why[12];

	(void)state;
	assert_int_not_equal(parse("blah", &s, why, sizeof(why)), 0);
	assert_string_equal(why, "x.scn:1: ex");
}

/* --------------------------------- Fuzz ----------------------------------- */

static void mutate(struct ds_prng *prng, char *text, size_t size)
{
	static const char bits[] = "# \t\n\r+-:KM0189aAz._/%\x01\xff";
	size_t n = strlen(text);
	unsigned int i, changes = 1 + (unsigned int)ds_prng_below(prng, 4);

	for (i = 0; i < changes && n > 1; i++) {
		size_t at = (size_t)ds_prng_below(prng, n);
		size_t other = (size_t)ds_prng_below(prng, n);
		size_t run = 1 + (size_t)ds_prng_below(prng, 8);

		switch (ds_prng_below(prng, 5)) {
		case 0:
			text[at] = bits[ds_prng_below(prng, sizeof(bits) - 1)];
			break;
		case 1: /* cut some out */
			run = run < n - at ? run : n - at;
			memmove(text + at, text + at + run, n - at - run + 1);
			break;
		case 2: /* copy some elsewhere */
			run = run < n - at ? run : n - at;
			run = run < n - other ? run : n - other;
			memmove(text + at, text + other, run);
			break;
		case 3: /* insert a character, often */
			if (n + run >= size)
				break;
			memmove(text + at + run, text + at, n - at + 1);
			memset(text + at, text[other], run);
			break;
		default: /* end early */
			text[at] = '\0';
		}
		n = strlen(text);
	}
}

static void assert_sane(const struct ds_scenario *s)
{
	unsigned int i, j;

	assert_true(s->n_tasks > 0 && s->n_tasks <= DS_SCN_TASKS);
	assert_true(s->n_files <= DS_SCN_FILES);
	assert_true(s->n_expects <= DS_SCN_EXPECTS);
	for (i = 0; i < s->n_files; i++)
		assert_true(s->files[i].n_holes <= DS_SCN_HOLES);
	for (i = 0; i < s->n_tasks; i++) {
		const struct ds_scn_task *task = &s->tasks[i];

		assert_true(task->n_calls <= DS_SCN_CALLS);
		for (j = 0; j < task->n_calls; j++) {
			const struct ds_scn_call *call = &task->calls[j];

			assert_true(call->kind < DS_CALL_N_KINDS);
			assert_true(call->target <
				    (ds_call_shape(call->kind) == DS_SHAPE_TASK
					     ? s->n_tasks
					     : s->n_files + 1));
			assert_true(call->how < 1u << DS_HOW_N);
		}
	}
}

static void changed_texts_are_refused_in_one_line_or_make_sense(void **state)
{
	static struct ds_scenario s;
	struct ds_prng prng = {1};
	char text[2048], why[200];
	unsigned int i, n_good = 0;

	(void)state;
	for (i = 0; i < 30000; i++) {
		memcpy(text, good, sizeof(good));
		mutate(&prng, text, sizeof(text));
		if (parse(text, &s, why, sizeof(why)) == 0) {
			assert_sane(&s);
			n_good++;
			continue;
		}
		assert_int_equal(strncmp(why, "x.scn:", 6), 0);
		assert_null(strchr(why, '\n'));
	}
	/* Both kinds were met. */
	assert_in_range(n_good, 1000, 29000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_statement_is_understood),
		cmocka_unit_test(calls_that_open_a_file_anew_are_understood),
		cmocka_unit_test(
			expectations_are_found_by_the_profiles_own_name),
		cmocka_unit_test(a_task_can_go_on_for_ever),
		cmocka_unit_test(verbs_are_as_written),
		cmocka_unit_test(the_name_is_the_files_where_none_is_given),
		cmocka_unit_test(the_hash_is_of_what_happens),
		cmocka_unit_test(sizes_have_binary_units),
		cmocka_unit_test(a_call_that_can_only_fail_is_named),
		cmocka_unit_test(
			every_mistake_is_one_line_that_says_what_was_expected),
		cmocka_unit_test(a_message_is_cut_to_the_room_there_is),
		cmocka_unit_test(
			changed_texts_are_refused_in_one_line_or_make_sense),
	};

	return cmocka_run_group_tests_name("scenario", tests, NULL, NULL);
}
