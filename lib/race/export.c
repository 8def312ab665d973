// SPDX-License-Identifier: LGPL-2.1-or-later
#include "race/export.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "race/scenario_text.h"
#include "race/text.h"
#include "race/token.h"

/* The places of a mapping, which follow from the text. */
struct mapping {
	uint64_t offset, len;
};

struct writer {
	struct ds_text out;
	const struct ds_export *export;
	struct mapping maps[DS_SCN_TASKS][DS_SCN_FILES];
	/* Whose mappings a task has: its own, or those of who forked it. */
	unsigned int mapper[DS_SCN_TASKS];
	bool is_child[DS_SCN_TASKS];
	bool may_close[DS_SCN_FILES];
	bool any_close;
	uint64_t longest; /* bytes of a call */
};

static void look_through(struct writer *writer)
{
	const struct ds_scenario *scenario = writer->export->scenario;
	unsigned int i, j;

	writer->longest = DS_PAGE_SIZE;
	for (i = 0; i < scenario->n_tasks; i++)
		for (j = 0; j < scenario->tasks[i].n_calls; j++) {
			const struct ds_scn_call *call =
				&scenario->tasks[i].calls[j];

			if (call->len > writer->longest)
				writer->longest = call->len;
			if (call->kind != DS_CALL_CLOSE)
				continue;
			writer->may_close[call->target] = true;
			writer->any_close = true;
		}
}

/* What @call leaves of its task's mappings. */
static void follow_maps(struct mapping *maps, const struct ds_scn_call *call)
{
	if (call->kind == DS_CALL_MAP)
		maps[call->target] = (struct mapping){call->offset, call->len};
	else if (call->kind == DS_CALL_UNMAP)
		maps[call->target].len = 0;
	else if (call->kind == DS_CALL_EXIT)
		memset(maps, 0, DS_SCN_FILES * sizeof(*maps));
}

/*
 * What a child of @parent has mapped, at the same addresses: what its parent
 * had when it forked. A child stands above its parent, so this goes upwards.
 */
static void look_at_children(struct writer *writer, unsigned int parent)
{
	const struct ds_scn_task *task =
		&writer->export->scenario->tasks[parent];
	struct mapping maps[DS_SCN_FILES];
	unsigned int pass, i;

	memcpy(maps, writer->maps[parent], sizeof(maps));
	for (pass = 0; pass < 2; pass++)
		for (i = 0; i < task->n_calls; i++) {
			const struct ds_scn_call *call = &task->calls[i];

			if (call->before != (pass == 0))
				continue;
			follow_maps(maps, call);
			if (call->kind != DS_CALL_FORK)
				continue;
			memcpy(writer->maps[call->target], maps, sizeof(maps));
			writer->mapper[call->target] = writer->mapper[parent];
			writer->is_child[call->target] = true;
		}
}

static void look_at_families(struct writer *writer)
{
	unsigned int i;

	for (i = 0; i < writer->export->scenario->n_tasks; i++)
		writer->mapper[i] = i;
	for (i = writer->export->scenario->n_tasks; i-- > 0;)
		look_at_children(writer, i);
}

/* ---------------------------------- Calls ----------------------------------
 */

static const char *fallocate_mode(const struct ds_scn_call *call)
{
	switch (call->kind) {
	case DS_CALL_PUNCH:
		return "FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE";
	case DS_CALL_COLLAPSE:
		return "FALLOC_FL_COLLAPSE_RANGE";
	case DS_CALL_INSERT:
		return "FALLOC_FL_INSERT_RANGE";
	case DS_CALL_ZERO:
		return call->keep ? "FALLOC_FL_ZERO_RANGE | FALLOC_FL_KEEP_SIZE"
				  : "FALLOC_FL_ZERO_RANGE";
	case DS_CALL_UNSHARE:
		return call->keep ? "FALLOC_FL_UNSHARE_RANGE | "
				    "FALLOC_FL_KEEP_SIZE"
				  : "FALLOC_FL_UNSHARE_RANGE";
	default:
		return call->keep ? "FALLOC_FL_KEEP_SIZE" : "0";
	}
}

/* Of the client that @task is. */
static void write_layout(struct writer *writer, unsigned int task,
			 const struct ds_scn_call *call)
{
	unsigned long long offset = call->offset, len = call->len;
	struct ds_text *out = &writer->out;

	/* A client knows its file; that it is still open is all it needs. */
	ds_text_add(out, "\t\t(void)file;\n");
	switch (call->kind) {
	case DS_CALL_LAYOUT_GET:
		ds_text_add(out,
			    "\t\tdaxsim_layout_get(s->clients[%u], file, %llu, "
			    "%llu,\n\t\t\t\t  %s);\n",
			    task, offset, len, call->keep ? "true" : "false");
		return;
	case DS_CALL_LAYOUT_READ:
		ds_text_add(out,
			    "\t\tdaxsim_layout_read(s->clients[%u], %llu,\n"
			    "\t\t\t\t   s->read[%u], %llu);\n",
			    task, offset, task, len);
		return;
	case DS_CALL_LAYOUT_WRITE:
		ds_text_add(out,
			    "\t\tdaxsim_layout_write(s->clients[%u], %llu,\n"
			    "\t\t\t\t    s->from_dma, %llu);\n",
			    task, offset, len);
		return;
	case DS_CALL_LAYOUT_COMMIT:
		ds_text_add(out,
			    "\t\tdaxsim_layout_commit(s->clients[%u], %llu, "
			    "%llu);\n",
			    task, offset, len);
		return;
	default:
		ds_text_add(out, "\t\tdaxsim_layout_return(s->clients[%u]);\n",
			    task);
	}
}

/* Answers recalls to the end of the run. */
static void write_answer(struct writer *writer, const struct ds_scn_call *call)
{
	static const unsigned int ticks[] = {
		[DS_ANSWER_PROMPT] = 0,
		[DS_ANSWER_SLOW] = DS_SLOW_TICKS,
		[DS_ANSWER_FENCE] = DS_FENCE_TICKS,
	};

	ds_text_add(
		&writer->out,
		"\t\tstruct daxsim_client *client;\n\n"
		"\t\twhile (daxsim_layout_await_recall(file, &client) == 0) "
		"{\n\t\t\tdaxsim_sleep(s->sim, %u);\n"
		"\t\t\tdaxsim_layout_%s(client);\n\t\t}\n",
		ticks[call->answer],
		call->answer == DS_ANSWER_FENCE ? "fence" : "return");
}

/* A call on an open file, called "file" there. */
static void write_file_call(struct writer *writer, unsigned int task,
			    const struct ds_scn_call *call)
{
	struct ds_text *out = &writer->out;
	unsigned long long offset = call->offset, len = call->len;

	switch (call->kind) {
	case DS_CALL_MAP:
		ds_text_add(out,
			    "\t\tdaxsim_mmap(file, %llu, PROT_READ%s, "
			    "MAP_%s,\n\t\t\t    %llu, "
			    "&s->maps[%u][%u]);\n",
			    len, call->read_only ? "" : " | PROT_WRITE",
			    call->is_private ? "PRIVATE"
			    : call->sync     ? "SHARED_VALIDATE | MAP_SYNC"
					     : "SHARED",
			    offset, task, call->target);
		return;
	case DS_CALL_READ:
		ds_text_add(out,
			    "\t\tdaxsim_pread%s(file, s->read[%u], %llu, "
			    "%llu%s);\n",
			    call->keep ? "v2" : "", task, len, offset,
			    call->keep ? ", RWF_NOWAIT" : "");
		return;
	case DS_CALL_WRITE:
		ds_text_add(out,
			    "\t\tdaxsim_pwrite%s(file, s->written, %llu, "
			    "%llu%s);\n",
			    call->keep ? "v2" : "", len, offset,
			    call->keep ? ", RWF_NOWAIT" : "");
		return;
	case DS_CALL_TRUNCATE:
		ds_text_add(out, "\t\tdaxsim_ftruncate(file, %llu);\n", len);
		return;
	case DS_CALL_FSYNC:
		ds_text_add(out, "\t\tdaxsim_fsync(file);\n");
		return;
	case DS_CALL_LAYOUT_GET:
	case DS_CALL_LAYOUT_READ:
	case DS_CALL_LAYOUT_WRITE:
	case DS_CALL_LAYOUT_COMMIT:
	case DS_CALL_LAYOUT_RETURN:
		write_layout(writer, task, call);
		return;
	case DS_CALL_ANSWER:
		write_answer(writer, call);
		return;
	default:
		ds_text_add(out,
			    "\t\tdaxsim_fallocate(file, %s,\n\t\t\t\t %llu, "
			    "%llu);\n",
			    fallocate_mode(call), offset, len);
	}
}

static void write_on_file(struct writer *writer, unsigned int task,
			  const struct ds_scn_call *call)
{
	struct ds_text *out = &writer->out;
	unsigned int file = call->target;

	if (!writer->may_close[file]) {
		ds_text_add(out,
			    "\t{\n\t\tstruct daxsim_file *file = "
			    "s->files[%u];\n\n",
			    file);
		write_file_call(writer, task, call);
		ds_text_add(out, "\t}\n");
	} else if (call->kind == DS_CALL_CLOSE) {
		ds_text_add(out,
			    "\tif (get_file(s, %u))\n\t\tput_file(s, %u, "
			    "true);\n",
			    file, file);
	} else {
		ds_text_add(out,
			    "\t{\n\t\tstruct daxsim_file *file = "
			    "get_file(s, %u);\n\n\t\tif (file) {\n",
			    file);
		write_file_call(writer, task, call);
		ds_text_add(out, "\t\t\tput_file(s, %u, false);\n\t\t}\n\t}\n",
			    file);
	}
	follow_maps(writer->maps[task], call);
}

/* The file that a call works on, under a name of its own. */
static void write_file_of(struct writer *writer, const char *name,
			  unsigned int file)
{
	ds_text_add(&writer->out,
		    writer->may_close[file]
			    ? "\t\tstruct daxsim_file *%s = get_file(s, %u);\n"
			    : "\t\tstruct daxsim_file *%s = s->files[%u];\n",
		    name, file);
}

static void write_put(struct writer *writer, const char *name,
		      unsigned int file)
{
	if (writer->may_close[file])
		ds_text_add(&writer->out,
			    "\t\tif (%s)\n\t\t\tput_file(s, %u, false);\n",
			    name, file);
}

static void write_on_two(struct writer *writer, const struct ds_scn_call *call)
{
	struct ds_text *out = &writer->out;

	ds_text_add(out, "\t{\n");
	write_file_of(writer, "source", call->target);
	write_file_of(writer, "dest", call->target2);
	ds_text_add(out,
		    "\n\t\tif (source && dest)\n\t\t\tdaxsim_%s(source, "
		    "%llu, dest, %llu, %llu);\n",
		    call->kind == DS_CALL_DEDUPE ? "dedupe" : "reflink",
		    (unsigned long long)call->offset,
		    (unsigned long long)call->offset2,
		    (unsigned long long)call->len);
	write_put(writer, "dest", call->target2);
	write_put(writer, "source", call->target);
	ds_text_add(out, "\t}\n");
}

static void write_pin(struct writer *writer, unsigned int task,
		      const char *addr, const struct ds_scn_call *call)
{
	ds_text_add(&writer->out,
		    "\tif (!s->pins[%u])\n\t\ts->n_pinned[%u] = "
		    "daxsim_pin_user_pages(\n\t\t\ts->sim, %s, %llu,\n"
		    "\t\t\t0%s%s%s%s, &s->pins[%u]);\n",
		    task, task, addr, (unsigned long long)call->len,
		    call->how & DS_HOW_READ ? "" : " | DAXSIM_PIN_WRITE",
		    call->how & DS_HOW_GET ? " | DAXSIM_PIN_GET" : "",
		    call->how & DS_HOW_COUNTED ? " | DAXSIM_PIN_COUNTED" : "",
		    call->how & DS_HOW_LONGTERM ? " | DAXSIM_PIN_LONGTERM" : "",
		    task);
}

/* One access in each page. */
static void write_access(struct writer *writer, const char *addr,
			 const struct ds_scn_call *call)
{
	bool store = call->kind == DS_CALL_TOUCH;

	ds_text_add(&writer->out,
		    "\t{\n\t\tchar byte = 0x77;\n\t\tuint64_t at;\n\n"
		    "\t\tfor (at = 0; at < %llu; at += 4096)\n"
		    "\t\t\tif (daxsim_%s(s->sim, %s + at,\n"
		    "\t\t\t\t\t &byte, 1) < 0)\n\t\t\t\tbreak;\n\t}\n",
		    (unsigned long long)call->len, store ? "store" : "load",
		    addr);
}

static void write_on_memory(struct writer *writer, unsigned int task,
			    const struct ds_scn_call *call)
{
	const struct mapping *map = &writer->maps[task][call->target];
	struct ds_text *out = &writer->out;
	char addr[64];

	if (!map->len || call->offset < map->offset ||
	    call->offset + call->len > map->offset + map->len) {
		ds_text_add(out, "\t/* It is not mapped there: EFAULT. */\n");
		return;
	}
	snprintf(addr, sizeof(addr), "s->maps[%u][%u] + %llu",
		 writer->mapper[task], call->target,
		 (unsigned long long)(call->offset - map->offset));
	if (call->kind == DS_CALL_PIN)
		write_pin(writer, task, addr, call);
	else if (call->kind == DS_CALL_DONTNEED)
		ds_text_add(out,
			    "\tdaxsim_madvise(s->sim, %s, %llu,\n"
			    "\t\t       MADV_DONTNEED);\n",
			    addr, (unsigned long long)call->len);
	else if (call->kind == DS_CALL_DIRECT_READ)
		ds_text_add(out,
			    "\tdaxsim_direct_read(s->sim, %s, s->from_dma,\n"
			    "\t\t\t   %llu);\n",
			    addr, (unsigned long long)call->len);
	else if (call->kind == DS_CALL_DIRECT_WRITE)
		ds_text_add(out,
			    "\tdaxsim_direct_write(s->sim, %s, s->read[%u],\n"
			    "\t\t\t    %llu);\n",
			    addr, task, (unsigned long long)call->len);
	else
		write_access(writer, addr, call);
}

static void write_unmap(struct writer *writer, unsigned int task,
			unsigned int file)
{
	struct mapping *map = &writer->maps[task][file];

	if (!map->len)
		return;
	ds_text_add(&writer->out,
		    "\tdaxsim_munmap(s->sim, s->maps[%u][%u], %llu);\n",
		    writer->mapper[task], file, (unsigned long long)map->len);
	map->len = 0;
}

/* open(), one call, and close() again. */
static void write_open(struct writer *writer, const struct ds_scn_call *call)
{
	const struct ds_scenario *scenario = writer->export->scenario;
	bool appends = call->kind == DS_CALL_APPEND;
	struct ds_text *out = &writer->out;

	ds_text_add(out,
		    "\t{\n\t\tstruct daxsim_file *file;\n\n"
		    "\t\tif (daxsim_open(s->sim, \"%s\", %s,\n"
		    "\t\t\t\t&file) == 0) {\n",
		    scenario->files[call->target].name,
		    appends ? "O_WRONLY | O_APPEND" : "O_RDWR | O_TRUNC");
	if (appends)
		ds_text_add(out,
			    "\t\t\tdaxsim_pwrite(file, s->written, %llu, "
			    "0);\n",
			    (unsigned long long)call->len);
	ds_text_add(out, "\t\t\tdaxsim_close(file);\n\t\t}\n\t}\n");
}

static void write_poison(struct writer *writer, unsigned int task,
			 const struct ds_scn_call *call)
{
	const struct ds_scn_task *script =
		&writer->export->scenario->tasks[task];

	ds_text_add(&writer->out,
		    "\tif (s->poison[%u][%u])\n\t\tdaxsim_poison(s->sim, "
		    "s->poison[%u][%u]);\n",
		    task, (unsigned int)(call - script->calls), task,
		    (unsigned int)(call - script->calls));
}

/*
 * What hardware hits is a block. It is looked up before anything is mapped:
 * daxsim_fiemap() writes the file back.
 */
static void aim_poison(struct writer *writer)
{
	const struct ds_scenario *scenario = writer->export->scenario;
	unsigned int i, j;

	for (i = 0; i < scenario->n_tasks; i++)
		for (j = 0; j < scenario->tasks[i].n_calls; j++) {
			const struct ds_scn_call *call =
				&scenario->tasks[i].calls[j];

			if (call->kind == DS_CALL_POISON)
				ds_text_add(&writer->out,
					    "\ts->poison[%u][%u] = "
					    "block_at(s->files[%u], %llu);\n",
					    i, j, call->target,
					    (unsigned long long)call->len);
		}
}

static void write_call(struct writer *writer, unsigned int task,
		       const struct ds_scn_call *call)
{
	const struct ds_scenario *scenario = writer->export->scenario;
	struct ds_text *out = &writer->out;
	char text[160];

	ds_scenario_call_text(scenario, call, text, sizeof(text));
	ds_text_add(out, "\t/* %s */\n", text);
	switch (call->kind) {
	case DS_CALL_UNMAP:
		write_unmap(writer, task, call->target);
		return;
	case DS_CALL_DONTNEED:
	case DS_CALL_TOUCH:
	case DS_CALL_LOAD:
	case DS_CALL_PIN:
	case DS_CALL_DIRECT_READ:
	case DS_CALL_DIRECT_WRITE:
		write_on_memory(writer, task, call);
		return;
	case DS_CALL_DMA:
		ds_text_add(out,
			    "\tif (s->pins[%u])\n\t\tdaxsim_pin_write("
			    "s->pins[%u], s->from_dma,\n\t\t\t\t "
			    "(size_t)s->n_pinned[%u]);\n",
			    task, task, task);
		return;
	case DS_CALL_UNPIN:
		ds_text_add(out,
			    "\tif (s->pins[%u])\n\t\tdaxsim_unpin_user_pages("
			    "s->pins[%u]);\n\ts->pins[%u] = NULL;\n",
			    task, task, task);
		return;
	case DS_CALL_REFLINK:
	case DS_CALL_DEDUPE:
		write_on_two(writer, call);
		return;
	case DS_CALL_SIGNAL:
		ds_text_add(out, "\tdaxsim_signal(s->sim, %u);\n",
			    call->target);
		return;
	case DS_CALL_UNLINK:
		ds_text_add(out, "\tdaxsim_unlink(s->sim, \"%s\");\n",
			    scenario->files[call->target].name);
		return;
	case DS_CALL_APPEND:
	case DS_CALL_OPEN_TRUNCATE:
		write_open(writer, call);
		return;
	case DS_CALL_FORK:
		ds_text_add(out, "\tdaxsim_fork(s->sim, %u);\n", call->target);
		return;
	case DS_CALL_EXIT:
		follow_maps(writer->maps[task], call);
		ds_text_add(out, "\tdaxsim_exit(s->sim);\n");
		return;
	case DS_CALL_POISON:
		write_poison(writer, task, call);
		return;
	case DS_CALL_PAUSE:
		ds_text_add(out, "\tdaxsim_sleep(s->sim, %u);\n", DS_SCN_PAUSE);
		return;
	default:
		write_on_file(writer, task, call);
	}
}

static void write_calls(struct writer *writer, unsigned int task, bool before)
{
	const struct ds_scn_task *script =
		&writer->export->scenario->tasks[task];
	unsigned int i;

	for (i = 0; i < script->n_calls; i++)
		if (script->calls[i].before == before)
			write_call(writer, task, &script->calls[i]);
}

/* ---------------------------------- File -----------------------------------
 */

static void write_head(struct writer *writer)
{
	const struct ds_export *export = writer->export;
	const struct ds_property *property = ds_property(export->property);
	struct ds_text *out = &writer->out;
	char title[512];

	snprintf(title, sizeof(title), "%s on %s: %s %s.",
		 export->scenario->name, export->fs, property->name,
		 export->breaks ? "breaks" : "holds");
	ds_text_add(out, "/*\n * ");
	ds_text_wrap(out, DS_EXPORT_COMMENT_WIDTH, " * ", title);
	ds_text_add(out, " *\n * ");
	ds_text_wrap(out, DS_EXPORT_COMMENT_WIDTH, " * ", property->sentence);
	ds_text_add(out, " */\n#define _GNU_SOURCE\n#include <fcntl.h>\n"
			 "#include <linux/falloc.h>\n#include <setjmp.h>\n"
			 "#include <stdarg.h>\n#include <stddef.h>\n"
			 "#include <stdint.h>\n#include <string.h>\n"
			 "#include <sys/mman.h>\n#include <sys/uio.h>\n\n"
			 "#include <cmocka.h>\n\n"
			 "#include <daxsim.h>\n\n");
}

static void write_state(struct writer *writer)
{
	const struct ds_scenario *scenario = writer->export->scenario;
	unsigned int n_files = scenario->n_files ? scenario->n_files : 1;
	struct ds_text *out = &writer->out;

	ds_text_add(out,
		    "/* What tasks keep; a search brings it back to what it "
		    "was. */\nstruct state {\n\tstruct daxsim *sim;\n"
		    "\tstruct daxsim_file *files[%u];\n"
		    "\tuint64_t maps[%u][%u];\n"
		    "\tstruct daxsim_pin *pins[%u];\n"
		    "\tssize_t n_pinned[%u];\n",
		    n_files, scenario->n_tasks, n_files, scenario->n_tasks,
		    scenario->n_tasks);
	if (ds_scenario_has_call(scenario, DS_CALL_LAYOUT_GET))
		ds_text_add(out, "\tstruct daxsim_client *clients[%u];\n",
			    scenario->n_tasks);
	if (ds_scenario_has_call(scenario, DS_CALL_POISON))
		ds_text_add(out, "\tuint64_t poison[%u][%u];\n",
			    scenario->n_tasks, DS_SCN_CALLS);
	if (writer->any_close)
		ds_text_add(out,
			    "\tuint64_t steps[%u];\n\tunsigned int "
			    "n_calls[%u];\n\tbool closed[%u];\n",
			    n_files, n_files, n_files);
	ds_text_add(out,
		    "\tchar written[%llu];\n\tchar from_dma[%llu];\n"
		    "\tchar read[%u][%llu];\n};\n\n",
		    (unsigned long long)writer->longest,
		    (unsigned long long)writer->longest, scenario->n_tasks,
		    (unsigned long long)writer->longest);
	if (ds_scenario_has_call(scenario, DS_CALL_POISON))
		ds_text_add(out,
			    "/* Where the block at @offset lies; 0: in a hole. "
			    "*/\nstatic uint64_t block_at(struct daxsim_file "
			    "*file, uint64_t offset)\n{\n"
			    "\tstruct daxsim_extent extent;\n\n"
			    "\tif (daxsim_fiemap(file, offset, 1, 1, &extent) "
			    "!= 1)\n\t\treturn 0;\n"
			    "\treturn extent.physical + offset - "
			    "extent.logical;\n}\n\n");
	if (!writer->any_close)
		return;
	ds_text_add(out,
		    "/* Who closes a file leaves the rest to who is in a "
		    "call. */\nstatic struct daxsim_file *get_file(struct "
		    "state *s, unsigned int i)\n{\n"
		    "\tdaxsim_cell_set(s->sim, &s->steps[i], 1);\n"
		    "\tif (s->closed[i])\n\t\treturn NULL;\n"
		    "\ts->n_calls[i]++;\n\treturn s->files[i];\n}\n\n"
		    "static void put_file(struct state *s, unsigned int i, "
		    "bool close)\n{\n"
		    "\tdaxsim_cell_set(s->sim, &s->steps[i], 1);\n"
		    "\ts->closed[i] |= close;\n"
		    "\tif (--s->n_calls[i] == 0 && s->closed[i])\n"
		    "\t\tdaxsim_close(s->files[i]);\n}\n\n");
}

/* In the loop that fills a file. */
static void write_hole(struct ds_text *out, uint64_t offset, uint64_t len)
{
	unsigned long long start = offset, end = offset + len;

	/* Compilers find fault with what cannot be false. */
	if (start)
		ds_text_add(out,
			    "\t\tif (at >= %llu && at < %llu)\n"
			    "\t\t\tcontinue;\n",
			    start, end);
	else
		ds_text_add(out, "\t\tif (at < %llu)\n\t\t\tcontinue;\n", end);
}

static void write_files(struct writer *writer)
{
	const struct ds_scenario *scenario = writer->export->scenario;
	struct ds_text *out = &writer->out;
	unsigned int i, j;

	ds_text_add(out, "static void make_files(struct state *s)\n{\n");
	if (scenario->n_files)
		ds_text_add(out, "\tchar page[4096];\n\tuint64_t at;\n\n");
	else
		ds_text_add(out, "\t(void)s;\n");
	for (i = 0; i < scenario->n_files; i++) {
		const struct ds_scn_file *file = &scenario->files[i];
		unsigned long long size = file->size;

		ds_text_add(out,
			    "\tassert_int_equal(daxsim_open(s->sim, \"%s\", "
			    "O_RDWR | O_CREAT,\n\t\t\t\t     &s->files[%u]), "
			    "0);\n\tfor (at = 0; at < %llu; at += 4096) {\n"
			    "\t\tmemset(page, (int)(%#x + at / 4096), "
			    "sizeof(page));\n",
			    file->name, i, size, 0x10 * (i + 1));
		for (j = 0; j < file->n_holes; j++)
			write_hole(out, file->holes[j].offset,
				   file->holes[j].len);
		ds_text_add(out,
			    "\t\tassert_true(daxsim_pwrite(s->files[%u], page, "
			    "%llu - at < 4096 ? %llu - at : 4096,\n"
			    "\t\t\t\t\t  (int64_t)at) > 0);\n\t}\n"
			    "\tassert_int_equal(daxsim_ftruncate(s->files[%u], "
			    "%llu), 0);\n",
			    i, size, size, i, size);
	}
	ds_text_add(out, "}\n\n");
}

/* All before-calls come first: where a task has mapped what follows. */
static void write_tasks(struct writer *writer)
{
	const struct ds_scenario *scenario = writer->export->scenario;
	struct ds_text *out = &writer->out;
	unsigned int i;

	ds_text_add(out, "static void set_up(struct state *s)\n{\n"
			 "\tmemset(s->written, 0x57, sizeof(s->written));\n"
			 "\tmemset(s->from_dma, 0xd3, sizeof(s->from_dma));\n"
			 "\tmake_files(s);\n");
	if (ds_scenario_has_call(scenario, DS_CALL_LAYOUT_GET))
		for (i = 0; i < scenario->n_tasks; i++)
			ds_text_add(
				out,
				"\tassert_int_equal(daxsim_client_new(s->sim,"
				" \"%s\", NULL, NULL,\n\t\t\t\t\t   "
				"&s->clients[%u]), 0);\n",
				scenario->tasks[i].name, i);
	aim_poison(writer);
	for (i = 0; i < scenario->n_tasks; i++)
		write_calls(writer, i, true);
	ds_text_add(out, "}\n\n");
	for (i = 0; i < scenario->n_tasks; i++) {
		ds_text_add(out,
			    "/* %s */\nstatic void task_%u(struct daxsim *sim, "
			    "void *arg)\n{\n\tstruct state *s = arg;\n\n"
			    "\t(void)sim;\n\t(void)s;\n",
			    scenario->tasks[i].name, i);
		write_calls(writer, i, false);
		ds_text_add(out, "}\n\n");
	}
}

static void write_universe(struct writer *writer)
{
	const struct ds_scenario *scenario = writer->export->scenario;
	struct ds_text *out = &writer->out;
	unsigned int i;

	ds_text_add(
		out,
		"static struct daxsim *make_universe(void)\n{\n"
		"\tstruct daxsim_options options = {\n"
		"\t\t.struct_size = sizeof(options),\n\t\t.fs = \"%s\",\n"
		"\t\t.small = true,\n\t\t.victim = %s,\n"
		"\t\t.huge_size = %llu,\n\t\t.longterm_allowed = %s,\n"
		"\t\t.layouts = %s,\n\t\t.memory_fails = %s,\n\t};\n"
		"\tstruct daxsim *sim;\n\tstruct state *s;\n"
		"\tchar why[256];\n\n"
		"\tif (daxsim_new(&options, &sim, why, sizeof(why)) < 0)\n"
		"\t\tfail_msg(\"%%s\", why);\n"
		"\ts = daxsim_alloc(sim, sizeof(*s));\n"
		"\tassert_non_null(s);\n\ts->sim = sim;\n",
		writer->export->fs, scenario->reuse_blocks ? "false" : "true",
		(unsigned long long)(scenario->huge_order
					     ? DS_PAGE_SIZE
						       << scenario->huge_order
					     : 0),
		scenario->longterm_allowed ? "true" : "false",
		ds_scenario_has_call(scenario, DS_CALL_LAYOUT_GET) ? "true"
								   : "false",
		ds_scenario_has_call(scenario, DS_CALL_POISON) ? "true"
							       : "false");
	for (i = 0; i < scenario->n_tasks; i++)
		ds_text_add(out,
			    "\tassert_int_equal(daxsim_spawn%s(sim, \"%s\", "
			    "task_%u, s), %u);\n",
			    writer->is_child[i] ? "_child" : "",
			    scenario->tasks[i].name, i, i);
	ds_text_add(out, "\tset_up(s);\n");
	ds_text_add(out,
		    "\treturn sim;\n}\n\n"
		    "static bool broke(const struct daxsim_report *report, "
		    "const char *property)\n{\n\tunsigned int i;\n\n"
		    "\tfor (i = 0; i < daxsim_report_findings(report); "
		    "i++)\n\t\tif (strcmp(daxsim_report_property(report, "
		    "i), property) == 0)\n\t\t\treturn true;\n"
		    "\treturn false;\n}\n\n");
}

/* The token of the same run for a program of the public interface. */
static char *make_token(const struct ds_export *export)
{
	const struct ds_scenario *scenario = export->scenario;
	uint64_t hash = 0;
	unsigned int i;

	for (i = 0; i < scenario->n_tasks; i++)
		hash = ds_token_add_name(hash, scenario->tasks[i].name);
	return ds_token_format(DS_TOKEN_API, (uint32_t)hash, export->fs,
			       DS_RULE_NONE, export->schedule);
}

static int write_test(struct writer *writer)
{
	const struct ds_export *export = writer->export;
	struct ds_text *out = &writer->out;
	char *token;

	ds_text_add(out,
		    "static void %s_%s(void **state)\n{\n"
		    "\tstruct daxsim *sim = make_universe();\n"
		    "\tstruct daxsim_report *report;\n\n\t(void)state;\n",
		    ds_property(export->property)->name,
		    export->breaks ? "breaks" : "holds");
	if (export->schedule) {
		token = make_token(export);
		if (!token)
			return -ENOMEM;
		ds_text_add(out,
			    "\tassert_int_equal(daxsim_replay(sim,\n"
			    "\t\t\"%s\",\n\t\t&report), 0);\n",
			    token);
		free(token);
	} else {
		ds_text_add(out,
			    "\tassert_int_equal(daxsim_explore(sim, NULL, "
			    "&report), 0);\n\tassert_string_equal("
			    "daxsim_report_search(report), \"COMPLETE\");\n");
	}
	ds_text_add(out,
		    "\tassert_%s(broke(report, \"%s\"));\n"
		    "\tdaxsim_report_free(report);\n\tdaxsim_free(sim);\n}\n\n"
		    "int main(void)\n{\n\tconst struct CMUnitTest tests[] = {\n"
		    "\t\tcmocka_unit_test(%s_%s),\n\t};\n\n"
		    "\treturn cmocka_run_group_tests(tests, NULL, NULL);\n}\n",
		    export->breaks ? "true" : "false",
		    ds_property(export->property)->name,
		    ds_property(export->property)->name,
		    export->breaks ? "breaks" : "holds");
	return 0;
}

/* Whether blocks may move between the making of files and the search. */
static bool moves_blocks_before(const struct ds_scenario *scenario)
{
	unsigned int i, j;

	for (i = 0; i < scenario->n_tasks; i++)
		for (j = 0; j < scenario->tasks[i].n_calls; j++) {
			const struct ds_scn_call *call =
				&scenario->tasks[i].calls[j];

			if (call->before && (call->kind == DS_CALL_WRITE ||
					     call->kind >= DS_CALL_APPEND))
				return true;
		}
	return false;
}

/* What a scenario says and a program of the public interface cannot. */
static const char *what_is_lacking(const struct ds_scenario *scenario)
{
	static const enum ds_call_kind lacking[] = {
		DS_CALL_DUP,      DS_CALL_UNDUP, DS_CALL_TAKE,
		DS_CALL_COMPLETE, DS_CALL_AWAIT,
	};
	size_t i;

	if (scenario->recall_fails)
		return "recall fails";
	if (scenario->has_space)
		return "space";
	if (scenario->watch_waits)
		return "watch waits";
	if (scenario->watch_stores)
		return "watch stores";
	if (scenario->flush_ipi)
		return "flush ipi";
	/* ... which has to know the block before. */
	if (ds_scenario_has_call(scenario, DS_CALL_POISON) &&
	    moves_blocks_before(scenario))
		return ds_call_verb(DS_CALL_POISON);
	for (i = 0; i < sizeof(lacking) / sizeof(lacking[0]); i++)
		if (ds_scenario_has_call(scenario, lacking[i]))
			return ds_call_verb(lacking[i]);
	return ds_scenario_is_endless(scenario) ? "forever" : NULL;
}

int ds_export_cmocka(const struct ds_export *export, char **ret_text,
		     char *ret_why, size_t why_size)
{
	struct writer writer = {.export = export};
	const char *lacking;
	int r;

	lacking = what_is_lacking(export->scenario);
	if (lacking) {
		snprintf(ret_why, why_size,
			 "%s: '%s' has no counterpart in the public interface; "
			 "a scenario without it can be exported",
			 export->scenario->name, lacking);
		return -EINVAL;
	}
	snprintf(ret_why, why_size, "out of memory");
	look_through(&writer);
	look_at_families(&writer);
	write_head(&writer);
	write_state(&writer);
	write_files(&writer);
	write_tasks(&writer);
	write_universe(&writer);
	r = write_test(&writer);
	*ret_text = ds_text_take(&writer.out);
	if (r == 0 && *ret_text)
		return 0;
	free(*ret_text);
	return -ENOMEM;
}

char *ds_export_comment(const char *title, const char *timeline)
{
	struct ds_text out = {0};

	ds_text_add(&out, "/*\n * ");
	ds_text_wrap(&out, DS_EXPORT_COMMENT_WIDTH, " * ", title);
	ds_text_add(&out, " *\n");
	while (*timeline) {
		size_t n = strcspn(timeline, "\n");

		ds_text_add(&out, " *%s%.*s\n", n ? " " : "", (int)n, timeline);
		timeline += n + (timeline[n] == '\n');
	}
	ds_text_add(&out, " */\n");
	return ds_text_take(&out);
}
