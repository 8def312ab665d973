// SPDX-License-Identifier: LGPL-2.1-or-later
#include "race/scenario.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "fs/profiles.h"

#define MAX_WORDS 16

static const struct {
	const char *verb;
	enum ds_call_shape shape;
	bool repeats; /* can be made for ever */
	const char *args, *does;
} calls[DS_CALL_N_KINDS] = {
	[DS_CALL_MAP] = {"map", DS_SHAPE_MAP, false,
			 "FILE OFF+LEN [private] [read-only] [sync]",
			 "mmap(); sync: MAP_SYNC with MAP_SHARED_VALIDATE"},
	[DS_CALL_UNMAP] = {"unmap", DS_SHAPE_FILE, false, "FILE",
			   "munmap() of all that the task maps of it"},
	[DS_CALL_DONTNEED] = {"dontneed", DS_SHAPE_RANGE, true, "FILE OFF+LEN",
			      "madvise(MADV_DONTNEED)"},
	[DS_CALL_TOUCH] = {"touch", DS_SHAPE_RANGE, true, "FILE OFF+LEN",
			   "stores to each page"},
	[DS_CALL_LOAD] = {"load", DS_SHAPE_RANGE, true, "FILE OFF+LEN",
			  "loads from each page"},
	[DS_CALL_DIRECT_READ] = {"direct-read", DS_SHAPE_RANGE, true,
				 "FILE OFF+LEN",
				 "O_DIRECT read of some other file into it"},
	[DS_CALL_DIRECT_WRITE] = {"direct-write", DS_SHAPE_RANGE, true,
				  "FILE OFF+LEN",
				  "O_DIRECT write of some other file from it"},
	[DS_CALL_PIN] =
		{"pin", DS_SHAPE_PIN, true,
		 "FILE OFF+LEN [read] [get|counted] [longterm]",
		 "the first part of a direct-read; read: of a direct-write"},
	[DS_CALL_DMA] = {"dma", DS_SHAPE_NONE, true, "",
			 "the second part, by the device"},
	[DS_CALL_UNPIN] = {"unpin", DS_SHAPE_NONE, true, "", "the third part"},
	[DS_CALL_DUP] = {"dup", DS_SHAPE_NONE, true, "",
			 "one reference more on each pinned page"},
	[DS_CALL_UNDUP] = {"undup", DS_SHAPE_NONE, true, "", "drops those"},
	[DS_CALL_TAKE] = {"take", DS_SHAPE_TASK, true, "TASK",
			  "takes over what that task pins, as its device"},
	[DS_CALL_COMPLETE] = {"complete", DS_SHAPE_NONE, true, "",
			      "tells that the I/O of these pins is over"},
	[DS_CALL_AWAIT] = {"await", DS_SHAPE_TASK, true, "TASK",
			   "waits until an I/O of that task is over"},
	[DS_CALL_READ] = {"read", DS_SHAPE_KEEP, true, "FILE OFF+LEN [nowait]",
			  "pread(); nowait: RWF_NOWAIT"},
	[DS_CALL_WRITE] = {"write", DS_SHAPE_KEEP, true,
			   "FILE OFF+LEN [nowait]",
			   "pwrite(); nowait: RWF_NOWAIT"},
	[DS_CALL_APPEND] = {"append", DS_SHAPE_SIZE, false, "FILE LEN",
			    "write() at the end, with O_APPEND"},
	[DS_CALL_OPEN_TRUNCATE] = {"open-truncate", DS_SHAPE_FILE, false,
				   "FILE", "open() with O_TRUNC, and close()"},
	[DS_CALL_TRUNCATE] = {"truncate", DS_SHAPE_SIZE, true, "FILE SIZE",
			      "ftruncate()"},
	[DS_CALL_FSYNC] = {"fsync", DS_SHAPE_FILE, true, "FILE", "fsync()"},
	[DS_CALL_ALLOCATE] = {"allocate", DS_SHAPE_KEEP, true,
			      "FILE OFF+LEN [keep]",
			      "fallocate(); keep: FALLOC_FL_KEEP_SIZE"},
	[DS_CALL_ZERO] = {"zero", DS_SHAPE_KEEP, true, "FILE OFF+LEN [keep]",
			  "FALLOC_FL_ZERO_RANGE"},
	[DS_CALL_PUNCH] = {"punch", DS_SHAPE_RANGE, true, "FILE OFF+LEN",
			   "FALLOC_FL_PUNCH_HOLE"},
	[DS_CALL_COLLAPSE] = {"collapse", DS_SHAPE_RANGE, false, "FILE OFF+LEN",
			      "FALLOC_FL_COLLAPSE_RANGE"},
	[DS_CALL_INSERT] = {"insert", DS_SHAPE_RANGE, false, "FILE OFF+LEN",
			    "FALLOC_FL_INSERT_RANGE"},
	[DS_CALL_UNSHARE] =
		{"unshare", DS_SHAPE_KEEP, true, "FILE OFF+LEN [keep]",
		 "FALLOC_FL_UNSHARE_RANGE: own blocks for shared ones"},
	[DS_CALL_REFLINK] =
		{"reflink", DS_SHAPE_TWO, true, "FILE OFF+LEN FILE OFF",
		 "FICLONERANGE: gives the second the first's blocks"},
	[DS_CALL_DEDUPE] = {"dedupe", DS_SHAPE_TWO, true,
			    "FILE OFF+LEN FILE OFF",
			    "FIDEDUPERANGE: shares equal blocks"},
	[DS_CALL_LAYOUT_GET] = {"layout-get", DS_SHAPE_KEEP, false,
				"FILE OFF+LEN [write]",
				"of a pNFS client: where the blocks from OFF "
				"on lie, with a lease"},
	[DS_CALL_LAYOUT_READ] = {"layout-read", DS_SHAPE_RANGE, false,
				 "FILE OFF+LEN",
				 "on the device, where the layout says"},
	[DS_CALL_LAYOUT_WRITE] = {"layout-write", DS_SHAPE_RANGE, false,
				  "FILE OFF+LEN",
				  "on the device, where the layout says"},
	[DS_CALL_LAYOUT_COMMIT] = {"layout-commit", DS_SHAPE_RANGE, false,
				   "FILE OFF+LEN",
				   "tells the server what was written"},
	[DS_CALL_LAYOUT_RETURN] = {"layout-return", DS_SHAPE_FILE, false,
				   "FILE", "gives the layout back"},
	[DS_CALL_ANSWER] = {"answer", DS_SHAPE_ANSWER, false,
			    "FILE prompt|slow|fence",
			    "of a server, a task's last call: what it does "
			    "when layouts of FILE are recalled"},
	[DS_CALL_PAUSE] = {"pause", DS_SHAPE_NONE, false, "",
			   "nothing, for a time in which all others came to a "
			   "stop, four times over"},
	[DS_CALL_POISON] = {"poison", DS_SHAPE_SIZE, false, "FILE OFF",
			    "the memory of the block that FILE has at OFF when "
			    "the search begins fails"},
	[DS_CALL_UNLINK] = {"unlink", DS_SHAPE_FILE, false, "FILE", "unlink()"},
	[DS_CALL_CLOSE] = {"close", DS_SHAPE_FILE, false, "FILE",
			   "the last close()"},
	[DS_CALL_SIGNAL] = {"signal", DS_SHAPE_TASK, false, "TASK",
			    "sends that task a signal"},
	[DS_CALL_FORK] = {"fork", DS_SHAPE_TASK, false, "TASK",
			  "that task, which is above, goes on in a copy of the "
			  "address space"},
	[DS_CALL_EXIT] = {"exit", DS_SHAPE_NONE, false, "",
			  "unmaps all of the address space"},
};

static const char *const how_words[DS_HOW_N] = {"read", "get", "counted",
						"longterm"};

/* Most bytes of a file, and of one call: what a search can follow. */
#define MAX_SIZE (UINT64_C(1) << 20)

struct parser {
	struct ds_scenario *scenario;
	struct ds_scn_task *task; /* NULL before the first */
	unsigned int task_line;
	unsigned int n_words;
	char *words[MAX_WORDS];
	const char *name;
	unsigned int line;
	char *why;
	size_t why_size;
};

static int fail(struct parser *parser, const char *expected, const char *got)
{
	snprintf(parser->why, parser->why_size, "%s:%u: expected %s%s%s%s",
		 parser->name, parser->line, expected, got ? ", not '" : "",
		 got ? got : "", got ? "'" : "");
	return -EINVAL;
}

static const char *word(const struct parser *parser, unsigned int i)
{
	return i < parser->n_words ? parser->words[i] : NULL;
}

static bool is(const struct parser *parser, unsigned int i, const char *text)
{
	return i < parser->n_words && strcmp(parser->words[i], text) == 0;
}

const char *ds_call_verb(enum ds_call_kind kind)
{
	return calls[kind].verb;
}

const char *ds_call_args(enum ds_call_kind kind)
{
	return calls[kind].args;
}

const char *ds_call_does(enum ds_call_kind kind)
{
	return calls[kind].does;
}

enum ds_call_shape ds_call_shape(enum ds_call_kind kind)
{
	return calls[kind].shape;
}

const char *ds_how_word(unsigned int i)
{
	return how_words[i];
}

const char *ds_call_option(enum ds_call_kind kind)
{
	switch (kind) {
	case DS_CALL_LAYOUT_GET:
		return "write";
	case DS_CALL_READ:
	case DS_CALL_WRITE:
		return "nowait";
	default:
		return "keep";
	}
}

static const char *const answers[DS_N_ANSWERS] = {
	[DS_ANSWER_PROMPT] = "prompt",
	[DS_ANSWER_SLOW] = "slow",
	[DS_ANSWER_FENCE] = "fence",
};

const char *ds_answer_name(enum ds_answer answer)
{
	return answers[answer];
}

bool ds_scenario_has_call(const struct ds_scenario *scenario,
			  enum ds_call_kind kind)
{
	unsigned int i, j;

	for (i = 0; i < scenario->n_tasks; i++)
		for (j = 0; j < scenario->tasks[i].n_calls; j++)
			if (scenario->tasks[i].calls[j].kind == kind)
				return true;
	return false;
}

bool ds_scenario_targets(const struct ds_scenario *scenario,
			 enum ds_call_kind kind, unsigned int target)
{
	unsigned int i, j;

	for (i = 0; i < scenario->n_tasks; i++)
		for (j = 0; j < scenario->tasks[i].n_calls; j++)
			if (scenario->tasks[i].calls[j].kind == kind &&
			    scenario->tasks[i].calls[j].target == target)
				return true;
	return false;
}

int ds_size_parse(const char *text, uint64_t *ret_bytes)
{
	static const char units[] = "KMG";
	uint64_t value = 0;
	const char *unit;
	const char *p;

	for (p = text; *p >= '0' && *p <= '9'; p++)
		if (__builtin_mul_overflow(value, 10, &value) ||
		    __builtin_add_overflow(value, (uint64_t)(*p - '0'), &value))
			return -EINVAL;
	if (p == text)
		return -EINVAL;
	if (*p) {
		unsigned int shift;

		unit = strchr(units, *p);
		if (!unit || p[1])
			return -EINVAL;
		shift = (unsigned int)(unit - units + 1) * 10;
		if (value > UINT64_MAX >> shift)
			return -EINVAL;
		value <<= shift;
	}
	*ret_bytes = value;
	return 0;
}

static int parse_size(struct parser *parser, unsigned int i, uint64_t *ret)
{
	if (!word(parser, i) || ds_size_parse(word(parser, i), ret) < 0 ||
	    *ret > MAX_SIZE)
		return fail(parser, "a size up to 1M, such as 8K",
			    word(parser, i));
	return 0;
}

static int parse_range(struct parser *parser, unsigned int i,
		       uint64_t *ret_offset, uint64_t *ret_len)
{
	static const char what[] = "a range OFFSET+LENGTH, such as 8K+4K";
	char text[64];
	char *plus;

	if (!word(parser, i) || strlen(word(parser, i)) >= sizeof(text))
		return fail(parser, what, word(parser, i));
	strcpy(text, word(parser, i));
	plus = strchr(text, '+');
	if (!plus)
		return fail(parser, what, word(parser, i));
	*plus = '\0';
	if (ds_size_parse(text, ret_offset) < 0 ||
	    ds_size_parse(plus + 1, ret_len) < 0 || *ret_len == 0 ||
	    *ret_offset > MAX_SIZE || *ret_len > MAX_SIZE)
		return fail(parser, what, word(parser, i));
	return 0;
}

/* Names go into tokens: letters, digits and a few signs. */
static int parse_name(struct parser *parser, unsigned int i, const char *what,
		      char *ret_name, size_t size)
{
	const char *text = word(parser, i);
	const char *p;

	if (!text || strlen(text) >= size)
		return fail(parser, what, text);
	for (p = text; *p; p++)
		if (!strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUV"
			    "WXYZ0123456789_-./",
			    *p))
			return fail(parser, what, text);
	strcpy(ret_name, text);
	return 0;
}

static int no_more(struct parser *parser, unsigned int n)
{
	if (parser->n_words > n)
		return fail(parser, "the end of the line", word(parser, n));
	return 0;
}

static int parse_hole(struct parser *parser, unsigned int i,
		      struct ds_scn_file *file)
{
	uint64_t offset, len;

	if (!is(parser, i, "hole"))
		return fail(parser, "'hole OFFSET+LENGTH'", word(parser, i));
	if (file->n_holes == DS_SCN_HOLES)
		return fail(parser, "at most 4 holes", NULL);
	if (parse_range(parser, i + 1, &offset, &len) < 0)
		return -EINVAL;
	if ((offset | len) & DS_PAGE_MASK)
		return fail(parser, "a hole of whole pages",
			    word(parser, i + 1));
	file->holes[file->n_holes].offset = offset;
	file->holes[file->n_holes].len = len;
	file->n_holes++;
	return 0;
}

static int parse_file(struct parser *parser)
{
	struct ds_scenario *scenario = parser->scenario;
	struct ds_scn_file *file = &scenario->files[scenario->n_files];
	unsigned int i;
	int r;

	if (scenario->n_files == DS_SCN_FILES)
		return fail(parser, "at most 4 files", NULL);
	r = parse_name(parser, 1, "a file's name", file->name,
		       sizeof(file->name));
	for (i = 0; r == 0 && i < scenario->n_files; i++)
		if (is(parser, 1, scenario->files[i].name))
			return fail(parser, "a new name", word(parser, 1));
	if (r == 0)
		r = parse_size(parser, 2, &file->size);
	file->huge = is(parser, 3, "huge");
	if (r == 0 && file->huge && !scenario->huge_order)
		return fail(parser, "'huge SIZE' above", NULL);
	for (i = 3 + file->huge; r == 0 && i < parser->n_words; i += 2)
		r = parse_hole(parser, i, file);
	if (r == 0)
		scenario->n_files++;
	return r;
}

/* Whether a task has pages pinned after @call, if it had before: @pinned. */
static bool pins_after(const struct ds_scn_call *call, bool pinned)
{
	if (call->kind == DS_CALL_PIN || call->kind == DS_CALL_TAKE)
		return true;
	return call->kind == DS_CALL_UNPIN ? false : pinned;
}

/*
 * At the end of a task that goes on for ever: a round must leave the task as
 * it found it, or the next one would be another.
 */
static int check_round(struct parser *parser)
{
	const struct ds_scn_task *task = parser->task;
	bool pinned = false, at_start = false, empty = true;
	unsigned int i;

	if (!task || !task->forever)
		return 0;
	for (i = 0; i < task->n_calls; i++)
		if (task->calls[i].before)
			at_start = pins_after(&task->calls[i], at_start);
	pinned = at_start;
	for (i = 0; i < task->n_calls; i++) {
		if (task->calls[i].before)
			continue;
		pinned = pins_after(&task->calls[i], pinned);
		empty = false;
	}
	if (!empty && pinned == at_start)
		return 0;
	parser->line = parser->task_line;
	return fail(parser,
		    empty ? "a call to make for ever"
			  : "as many pins as unpins in a round",
		    NULL);
}

static int parse_task(struct parser *parser)
{
	struct ds_scenario *scenario = parser->scenario;
	unsigned int i;
	int r;

	r = check_round(parser);
	if (r < 0)
		return r;
	if (scenario->n_tasks == DS_SCN_TASKS)
		return fail(parser, "at most 8 tasks", NULL);
	parser->task = &scenario->tasks[scenario->n_tasks];
	parser->task_line = parser->line;
	r = parse_name(parser, 1, "a task's name", parser->task->name,
		       sizeof(parser->task->name));
	for (i = 0; r == 0 && i < scenario->n_tasks; i++)
		if (is(parser, 1, scenario->tasks[i].name))
			return fail(parser, "a new name", word(parser, 1));
	parser->task->forever = is(parser, 2, "forever");
	if (r == 0)
		r = no_more(parser, 2 + parser->task->forever);
	if (r == 0)
		scenario->n_tasks++;
	return r;
}

static int parse_expect(struct parser *parser)
{
	struct ds_scenario *scenario = parser->scenario;
	struct ds_scn_expect *expect = &scenario->expects[scenario->n_expects];
	const struct ds_fs_profile *profile;
	unsigned int i;

	if (scenario->n_expects == DS_SCN_EXPECTS)
		return fail(parser, "at most 16 expectations", NULL);
	profile = word(parser, 1) ? ds_profile_find(word(parser, 1)) : NULL;
	if (!profile)
		return fail(parser, "a profile's name", word(parser, 1));
	snprintf(expect->fs, sizeof(expect->fs), "%s", profile->name);
	scenario->n_expects++;
	if (is(parser, 2, "holds"))
		return no_more(parser, 3);
	if (!is(parser, 2, "violates") || parser->n_words < 4)
		return fail(parser, "'holds' or 'violates PROPERTY...'",
			    word(parser, 2));
	for (i = 3; i < parser->n_words; i++) {
		enum ds_property_id id = ds_property_find(word(parser, i));

		if (id == DS_N_PROPERTIES)
			return fail(parser, "a property's name",
				    word(parser, i));
		expect->broken |= UINT32_C(1) << id;
	}
	return 0;
}

static int find_file(struct parser *parser, unsigned int i, unsigned int *ret)
{
	const struct ds_scenario *scenario = parser->scenario;

	for (*ret = 0; *ret < scenario->n_files; (*ret)++)
		if (is(parser, i, scenario->files[*ret].name))
			return 0;
	return fail(parser, "the name of a file defined above",
		    word(parser, i));
}

static int find_task(struct parser *parser, unsigned int i, unsigned int *ret)
{
	const struct ds_scenario *scenario = parser->scenario;

	for (*ret = 0; *ret < scenario->n_tasks; (*ret)++)
		if (is(parser, i, scenario->tasks[*ret].name))
			return 0;
	return fail(parser, "the name of a task defined above",
		    word(parser, i));
}

static int parse_two(struct parser *parser, unsigned int i,
		     struct ds_scn_call *call)
{
	int r = find_file(parser, i, &call->target);

	if (r == 0)
		r = parse_range(parser, i + 1, &call->offset, &call->len);
	if (r == 0)
		r = find_file(parser, i + 2, &call->target2);
	if (r == 0)
		r = parse_size(parser, i + 3, &call->offset2);
	return r < 0 ? r : no_more(parser, i + 4);
}

static int parse_pin(struct parser *parser, unsigned int i,
		     struct ds_scn_call *call)
{
	unsigned int bit;
	int r = find_file(parser, i, &call->target);

	if (r == 0)
		r = parse_range(parser, i + 1, &call->offset, &call->len);
	for (i += 2; r == 0 && word(parser, i); i++) {
		for (bit = 0; bit < DS_HOW_N; bit++)
			if (is(parser, i, how_words[bit]))
				break;
		if (bit == DS_HOW_N || call->how >> bit & 1)
			return no_more(parser, i);
		call->how |= 1u << bit;
	}
	if ((call->how & DS_HOW_GET) && (call->how & DS_HOW_COUNTED))
		return fail(parser, "'get' or 'counted', not both", NULL);
	return r;
}

/* How an area is mapped: words in this order. */
static int parse_map(struct parser *parser, unsigned int i,
		     struct ds_scn_call *call)
{
	int r = find_file(parser, i, &call->target);

	if (r == 0)
		r = parse_range(parser, i + 1, &call->offset, &call->len);
	call->is_private = is(parser, i + 2, "private");
	i += 2 + call->is_private;
	call->read_only = is(parser, i, "read-only");
	i += call->read_only;
	call->sync = is(parser, i, "sync");
	return r < 0 ? r : no_more(parser, i + call->sync);
}

static int parse_answer(struct parser *parser, unsigned int i,
			struct ds_scn_call *call)
{
	int r = find_file(parser, i, &call->target);
	unsigned int answer;

	if (r < 0)
		return r;
	for (answer = 0; answer < DS_N_ANSWERS; answer++)
		if (is(parser, i + 1, answers[answer]))
			break;
	if (answer == DS_N_ANSWERS)
		return fail(parser, "'prompt', 'slow' or 'fence'",
			    word(parser, i + 1));
	call->answer = (enum ds_answer)answer;
	return no_more(parser, i + 2);
}

/* What follows the verb, word @i. */
static int parse_shape(struct parser *parser, unsigned int i,
		       enum ds_call_shape shape, struct ds_scn_call *call)
{
	int r;

	switch (shape) {
	case DS_SHAPE_NONE:
		return no_more(parser, i);
	case DS_SHAPE_TASK:
		r = find_task(parser, i, &call->target);
		return r < 0 ? r : no_more(parser, i + 1);
	case DS_SHAPE_FILE:
		r = find_file(parser, i, &call->target);
		return r < 0 ? r : no_more(parser, i + 1);
	case DS_SHAPE_SIZE:
		r = find_file(parser, i, &call->target);
		if (r == 0)
			r = parse_size(parser, i + 1, &call->len);
		return r < 0 ? r : no_more(parser, i + 2);
	case DS_SHAPE_TWO:
		return parse_two(parser, i, call);
	case DS_SHAPE_PIN:
		return parse_pin(parser, i, call);
	case DS_SHAPE_MAP:
		return parse_map(parser, i, call);
	case DS_SHAPE_ANSWER:
		return parse_answer(parser, i, call);
	default:
		r = find_file(parser, i, &call->target);
		if (r == 0)
			r = parse_range(parser, i + 1, &call->offset,
					&call->len);
		if (r == 0 && shape == DS_SHAPE_KEEP &&
		    is(parser, i + 2, ds_call_option(call->kind)))
			call->keep = true;
		return r < 0 ? r : no_more(parser, i + 2 + call->keep);
	}
}

/* A child is forked once, and is nobody before. */
static int check_fork(struct parser *parser, const struct ds_scn_call *call)
{
	const struct ds_scenario *scenario = parser->scenario;
	const struct ds_scn_task *child = &scenario->tasks[call->target];
	unsigned int i, j, n = 0;

	if (child == parser->task)
		return fail(parser, "another task to fork", child->name);
	for (i = 0; i < child->n_calls; i++)
		if (child->calls[i].before)
			return fail(parser, "a task without 'before' to fork",
				    child->name);
	for (i = 0; i < scenario->n_tasks; i++)
		for (j = 0; j < scenario->tasks[i].n_calls; j++)
			n += scenario->tasks[i].calls[j].kind == DS_CALL_FORK &&
			     scenario->tasks[i].calls[j].target == call->target;
	return n > 1 ? fail(parser, "a task not forked yet", child->name) : 0;
}

static int parse_call(struct parser *parser)
{
	static const char what[] =
		"scenario, flush, watch, longterm, huge, batch, space, reuse, "
		"recall, file, task, expect, or a call of a task";
	struct ds_scn_task *task = parser->task;
	struct ds_scn_call *call;
	unsigned int verb, i;
	int r;

	if (!task)
		return fail(parser, what, word(parser, 0));
	if (task->n_calls == DS_SCN_CALLS)
		return fail(parser, "at most 16 calls in a task", NULL);
	if (task->n_calls &&
	    task->calls[task->n_calls - 1].kind == DS_CALL_ANSWER)
		return fail(parser, "no call of a task that answers recalls",
			    word(parser, 0));
	call = &task->calls[task->n_calls++];
	call->before = is(parser, 0, "before");
	i = call->before ? 1 : 0;
	for (verb = 0; verb < DS_CALL_N_KINDS; verb++)
		if (is(parser, i, calls[verb].verb))
			break;
	if (verb == DS_CALL_N_KINDS)
		return fail(parser, call->before ? "a call" : what,
			    word(parser, i));
	call->kind = (enum ds_call_kind)verb;
	/* Nobody else runs yet who could end the wait. */
	if (call->before && (verb == DS_CALL_TAKE || verb == DS_CALL_AWAIT))
		return fail(parser, "a call that can be made before the search",
			    word(parser, i));
	if (task->forever && !call->before && !calls[verb].repeats)
		return fail(parser, "a call that can be made for ever",
			    word(parser, i));
	if (call->before &&
	    (call->kind == DS_CALL_ANSWER || call->kind == DS_CALL_PAUSE))
		return fail(parser, "a call that takes no time",
			    word(parser, i));
	r = parse_shape(parser, i + 1, calls[verb].shape, call);
	return r == 0 && verb == DS_CALL_FORK ? check_fork(parser, call) : r;
}

static int parse_scenario(struct parser *parser)
{
	int r = parse_name(parser, 1, "a scenario's name",
			   parser->scenario->name,
			   sizeof(parser->scenario->name));

	return r < 0 ? r : no_more(parser, 2);
}

static int parse_flush(struct parser *parser)
{
	if (!is(parser, 1, "ipi") && !is(parser, 1, "broadcast"))
		return fail(parser, "'ipi' or 'broadcast'", word(parser, 1));
	parser->scenario->flush_ipi = is(parser, 1, "ipi");
	return no_more(parser, 2);
}

static int parse_watch(struct parser *parser)
{
	if (is(parser, 1, "waits"))
		parser->scenario->watch_waits = true;
	else if (is(parser, 1, "stores"))
		parser->scenario->watch_stores = true;
	else
		return fail(parser, "'waits' or 'stores'", word(parser, 1));
	return no_more(parser, 2);
}

/* As many frames as a step can name, beside what else it touches. */
static int parse_huge(struct parser *parser)
{
	uint64_t size;

	if (parser->scenario->n_files)
		return fail(parser, "the size of huge pages before files",
			    NULL);
	if (!word(parser, 1) || ds_size_parse(word(parser, 1), &size) < 0 ||
	    (size != 2 * DS_PAGE_SIZE && size != 4 * DS_PAGE_SIZE))
		return fail(parser, "8K or 16K", word(parser, 1));
	parser->scenario->huge_order = size == 2 * DS_PAGE_SIZE ? 1 : 2;
	return no_more(parser, 2);
}

static int parse_batch(struct parser *parser)
{
	uint64_t n;

	if (!word(parser, 1) || ds_size_parse(word(parser, 1), &n) < 0 ||
	    n < 1 || n > DS_SCAN_BATCH_MAX)
		return fail(parser, "a number from 1 to 15", word(parser, 1));
	parser->scenario->batch = (unsigned int)n;
	return no_more(parser, 2);
}

static int parse_reuse(struct parser *parser)
{
	if (!is(parser, 1, "blocks"))
		return fail(parser, "'blocks'", word(parser, 1));
	parser->scenario->reuse_blocks = true;
	return no_more(parser, 2);
}

/* More than any file has: what a search needs is few. */
#define MAX_SPACE 64

static int parse_space(struct parser *parser)
{
	uint64_t n;

	if (!word(parser, 1) || ds_size_parse(word(parser, 1), &n) < 0 ||
	    n > MAX_SPACE)
		return fail(parser, "a number of blocks, 0 to 64",
			    word(parser, 1));
	parser->scenario->has_space = true;
	parser->scenario->space = n;
	return no_more(parser, 2);
}

static int parse_longterm(struct parser *parser)
{
	if (!is(parser, 1, "allow"))
		return fail(parser, "'allow'", word(parser, 1));
	parser->scenario->longterm_allowed = true;
	return no_more(parser, 2);
}

static int parse_recall(struct parser *parser)
{
	if (!is(parser, 1, "fails"))
		return fail(parser, "'fails'", word(parser, 1));
	parser->scenario->recall_fails = true;
	return no_more(parser, 2);
}

static int parse_line(struct parser *parser)
{
	struct ds_scenario *scenario = parser->scenario;
	unsigned int i;
	const char *p;

	if (is(parser, 0, "expect"))
		return parse_expect(parser);
	for (i = 0; i < parser->n_words; i++) {
		for (p = parser->words[i]; *p; p++)
			scenario->hash = (uint32_t)ds_hash_step(
				scenario->hash, (unsigned char)*p);
		scenario->hash = (uint32_t)ds_hash_step(scenario->hash, ' ');
	}
	if (is(parser, 0, "scenario"))
		return parse_scenario(parser);
	if (is(parser, 0, "flush"))
		return parse_flush(parser);
	if (is(parser, 0, "watch"))
		return parse_watch(parser);
	if (is(parser, 0, "huge"))
		return parse_huge(parser);
	if (is(parser, 0, "batch"))
		return parse_batch(parser);
	if (is(parser, 0, "reuse"))
		return parse_reuse(parser);
	if (is(parser, 0, "space"))
		return parse_space(parser);
	if (is(parser, 0, "longterm"))
		return parse_longterm(parser);
	if (is(parser, 0, "recall"))
		return parse_recall(parser);
	if (is(parser, 0, "file"))
		return parse_file(parser);
	if (is(parser, 0, "task"))
		return parse_task(parser);
	return parse_call(parser);
}

static int split(struct parser *parser, char *line)
{
	char *hash = strchr(line, '#');
	char *rest = NULL;
	char *text;

	if (hash)
		*hash = '\0';
	parser->n_words = 0;
	for (text = strtok_r(line, " \t\r", &rest); text;
	     text = strtok_r(NULL, " \t\r", &rest)) {
		if (parser->n_words == MAX_WORDS)
			return fail(parser, "at most 16 words in a line", NULL);
		parser->words[parser->n_words++] = text;
	}
	return 0;
}

/* What no single line can tell. */
static int check_whole(struct parser *parser)
{
	if (parser->scenario->n_tasks == 0) {
		parser->line++;
		return fail(parser, "at least one task", NULL);
	}
	/* The server of a client has the file open, which is not modelled. */
	if (ds_scenario_has_call(parser->scenario, DS_CALL_LAYOUT_GET) &&
	    ds_scenario_has_call(parser->scenario, DS_CALL_CLOSE))
		return fail(parser, "no 'close' beside 'layout-get'", NULL);
	return check_round(parser);
}

int ds_scenario_parse(const char *name, const char *text,
		      struct ds_scenario *ret_scenario, char *ret_why,
		      size_t why_size)
{
	struct parser parser = {
		.scenario = ret_scenario,
		.name = name,
		.why = ret_why,
		.why_size = why_size,
	};
	char line[256];
	int r = 0;

	memset(ret_scenario, 0, sizeof(*ret_scenario));
	snprintf(ret_scenario->name, sizeof(ret_scenario->name), "%s", name);
	while (*text && r == 0) {
		size_t n = strcspn(text, "\n");

		parser.line++;
		if (n >= sizeof(line))
			return fail(&parser, "a line of at most 255 characters",
				    NULL);
		memcpy(line, text, n);
		line[n] = '\0';
		if (strlen(line) != n)
			return fail(&parser, "text", NULL);
		text += n + (text[n] == '\n');
		r = split(&parser, line);
		if (r == 0 && parser.n_words)
			r = parse_line(&parser);
	}
	return r < 0 ? r : check_whole(&parser);
}

bool ds_scenario_syncs(const struct ds_scenario *scenario)
{
	unsigned int i, j;

	for (i = 0; i < scenario->n_tasks; i++)
		for (j = 0; j < scenario->tasks[i].n_calls; j++)
			if (scenario->tasks[i].calls[j].sync)
				return true;
	return false;
}

bool ds_scenario_is_endless(const struct ds_scenario *scenario)
{
	unsigned int i;

	for (i = 0; i < scenario->n_tasks; i++)
		if (scenario->tasks[i].forever)
			return true;
	return false;
}

const struct ds_scn_expect *ds_scenario_expects(
	const struct ds_scenario *scenario, const char *fs)
{
	unsigned int i;

	for (i = 0; i < scenario->n_expects; i++)
		if (strcmp(scenario->expects[i].fs, fs) == 0)
			return &scenario->expects[i];
	return NULL;
}

/* What a call cannot do anything without; DS_CALL_N_KINDS: nothing. */
static enum ds_call_kind needed_by(enum ds_call_kind kind)
{
	switch (kind) {
	case DS_CALL_UNMAP:
	case DS_CALL_DONTNEED:
	case DS_CALL_TOUCH:
	case DS_CALL_LOAD:
	case DS_CALL_DIRECT_READ:
	case DS_CALL_DIRECT_WRITE:
	case DS_CALL_PIN:
		return DS_CALL_MAP;
	case DS_CALL_DMA:
	case DS_CALL_UNPIN:
	case DS_CALL_DUP:
	case DS_CALL_UNDUP:
		return DS_CALL_PIN;
	case DS_CALL_LAYOUT_READ:
	case DS_CALL_LAYOUT_WRITE:
	case DS_CALL_LAYOUT_COMMIT:
	case DS_CALL_LAYOUT_RETURN:
		return DS_CALL_LAYOUT_GET;
	default:
		return DS_CALL_N_KINDS;
	}
}

/* Whether @other gives @call the @needed. */
static bool provides(const struct ds_scn_call *other,
		     const struct ds_scn_call *call, enum ds_call_kind needed)
{
	if (needed == DS_CALL_PIN)
		return other->kind == DS_CALL_PIN ||
		       other->kind == DS_CALL_TAKE;
	return other->kind == needed && other->target == call->target;
}

/* A forked task has the mappings of the program that forked it. */
static bool has_needed(const struct ds_scenario *scenario, unsigned int task,
		       const struct ds_scn_call *call, enum ds_call_kind needed)
{
	bool forked = needed == DS_CALL_MAP &&
		      ds_scenario_targets(scenario, DS_CALL_FORK, task);
	unsigned int i, j;

	for (i = 0; i < scenario->n_tasks; i++)
		for (j = 0; j < scenario->tasks[i].n_calls; j++)
			if ((i == task || forked) &&
			    provides(&scenario->tasks[i].calls[j], call,
				     needed))
				return true;
	return false;
}

bool ds_scenario_in_vain(const struct ds_scenario *scenario, char *ret_why,
			 size_t why_size)
{
	unsigned int i, j;

	for (i = 0; i < scenario->n_tasks; i++)
		for (j = 0; j < scenario->tasks[i].n_calls; j++) {
			const struct ds_scn_call *call =
				&scenario->tasks[i].calls[j];
			enum ds_call_kind needed = needed_by(call->kind);
			bool has_file = needed != DS_CALL_PIN;

			if (needed == DS_CALL_N_KINDS ||
			    has_needed(scenario, i, call, needed))
				continue;
			snprintf(ret_why, why_size,
				 "call %u of task %s, %s, can only fail: the "
				 "task has no %s%s%s",
				 j + 1, scenario->tasks[i].name,
				 calls[call->kind].verb, calls[needed].verb,
				 has_file ? " of " : "",
				 has_file ? scenario->files[call->target].name
					  : "");
			return true;
		}
	return false;
}
