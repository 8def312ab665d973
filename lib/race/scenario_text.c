// SPDX-License-Identifier: LGPL-2.1-or-later
#include "race/scenario_text.h"

#include <stdio.h>

#include "race/text.h"

/* "8K" where it is that, into @text. Return: @text. */
static const char *size_text(uint64_t bytes, char text[24])
{
	static const char *const units[] = {"", "K", "M", "G"};
	unsigned int unit = 0;

	while (unit < 3 && bytes && bytes % 1024 == 0) {
		bytes /= 1024;
		unit++;
	}
	snprintf(text, 24, "%llu%s", (unsigned long long)bytes, units[unit]);
	return text;
}

static void how_text(unsigned int how, char *ret_text, size_t size)
{
	size_t n = 0;
	unsigned int i;

	for (i = 0; i < DS_HOW_N; i++)
		if (how >> i & 1)
			n += (size_t)snprintf(ret_text + n, size - n, " %s",
					      ds_how_word(i));
}

void ds_scenario_call_text(const struct ds_scenario *scenario,
			   const struct ds_scn_call *call, char *ret_text,
			   size_t size)
{
	enum ds_call_shape shape = ds_call_shape(call->kind);
	const char *target = "";
	char offset[24], len[24], range[64] = "", second[64] = "";
	char how[64] = "";

	if (shape == DS_SHAPE_TASK)
		target = scenario->tasks[call->target].name;
	else if (ds_shape_has_file(shape))
		target = scenario->files[call->target].name;
	if (ds_shape_has_range(shape))
		snprintf(range, sizeof(range), " %s+%s",
			 size_text(call->offset, offset),
			 size_text(call->len, len));
	else if (shape == DS_SHAPE_SIZE)
		snprintf(range, sizeof(range), " %s",
			 size_text(call->len, len));
	if (shape == DS_SHAPE_TWO)
		snprintf(second, sizeof(second), " %s %s",
			 scenario->files[call->target2].name,
			 size_text(call->offset2, offset));
	if (shape == DS_SHAPE_ANSWER)
		snprintf(second, sizeof(second), " %s",
			 ds_answer_name(call->answer));
	how_text(call->how, how, sizeof(how));
	snprintf(ret_text, size, "%s%s%s%s%s%s%s%s%s%s%s%s",
		 call->before ? "before " : "", ds_call_verb(call->kind),
		 *target ? " " : "", target, range, second,
		 call->keep ? " " : "",
		 call->keep ? ds_call_option(call->kind) : "",
		 call->is_private ? " private" : "",
		 call->read_only ? " read-only" : "", call->sync ? " sync" : "",
		 how);
}

static void write_file(struct ds_text *out, const struct ds_scn_file *file)
{
	char offset[24], len[24];
	unsigned int i;

	ds_text_add(out, "file %s %s%s", file->name, size_text(file->size, len),
		    file->huge ? " huge" : "");
	for (i = 0; i < file->n_holes; i++)
		ds_text_add(out, " hole %s+%s",
			    size_text(file->holes[i].offset, offset),
			    size_text(file->holes[i].len, len));
	ds_text_add(out, "\n");
}

static void write_expect(struct ds_text *out,
			 const struct ds_scn_expect *expect)
{
	unsigned int i;

	ds_text_add(out, "expect %s %s", expect->fs,
		    expect->broken ? "violates" : "holds");
	for (i = 0; i < DS_N_PROPERTIES; i++)
		if (expect->broken >> i & 1)
			ds_text_add(out, " %s",
				    ds_property((enum ds_property_id)i)->name);
	ds_text_add(out, "\n");
}

char *ds_scenario_text(const struct ds_scenario *scenario)
{
	unsigned int i, j;
	struct ds_text out = {0};
	char call[160], size[24];

	ds_text_add(&out, "scenario %s\n", scenario->name);
	if (scenario->flush_ipi)
		ds_text_add(&out, "flush ipi\n");
	if (scenario->watch_waits)
		ds_text_add(&out, "watch waits\n");
	if (scenario->watch_stores)
		ds_text_add(&out, "watch stores\n");
	if (scenario->huge_order)
		ds_text_add(&out, "huge %s\n",
			    size_text(DS_PAGE_SIZE << scenario->huge_order,
				      size));
	if (scenario->batch)
		ds_text_add(&out, "batch %u\n", scenario->batch);
	if (scenario->reuse_blocks)
		ds_text_add(&out, "reuse blocks\n");
	if (scenario->has_space)
		ds_text_add(&out, "space %llu\n",
			    (unsigned long long)scenario->space);
	if (scenario->longterm_allowed)
		ds_text_add(&out, "longterm allow\n");
	if (scenario->recall_fails)
		ds_text_add(&out, "recall fails\n");
	for (i = 0; i < scenario->n_files; i++)
		write_file(&out, &scenario->files[i]);
	for (i = 0; i < scenario->n_tasks; i++) {
		const struct ds_scn_task *task = &scenario->tasks[i];

		ds_text_add(&out, "task %s%s\n", task->name,
			    task->forever ? " forever" : "");
		for (j = 0; j < task->n_calls; j++) {
			ds_scenario_call_text(scenario, &task->calls[j], call,
					      sizeof(call));
			ds_text_add(&out, "\t%s\n", call);
		}
	}
	for (i = 0; i < scenario->n_expects; i++)
		write_expect(&out, &scenario->expects[i]);
	return ds_text_take(&out);
}
