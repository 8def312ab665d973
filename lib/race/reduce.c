// SPDX-License-Identifier: LGPL-2.1-or-later
#include "race/reduce.h"

#include <string.h>

/* Pages that are tried one by one; files of scenarios have fewer. */
#define MAX_PAGES 512
#define MAX_CALLS (DS_SCN_TASKS * DS_SCN_CALLS)

static struct ds_scn_call *call_at(struct ds_scenario *scenario, unsigned int i)
{
	struct ds_scn_task *task = &scenario->tasks[i / DS_SCN_CALLS];

	if (i / DS_SCN_CALLS >= scenario->n_tasks ||
	    i % DS_SCN_CALLS >= task->n_calls)
		return NULL;
	return &task->calls[i % DS_SCN_CALLS];
}

static void take_call(struct ds_scn_task *task, unsigned int i)
{
	task->n_calls--;
	memmove(&task->calls[i], &task->calls[i + 1],
		(task->n_calls - i) * sizeof(task->calls[0]));
}

static bool drop_call(struct ds_scenario *scenario, unsigned int i)
{
	if (!call_at(scenario, i))
		return false;
	take_call(&scenario->tasks[i / DS_SCN_CALLS], i % DS_SCN_CALLS);
	return true;
}

/* What is done to a task that is gone goes with it. */
static bool drop_task(struct ds_scenario *scenario, unsigned int gone)
{
	unsigned int i, j;

	if (gone >= scenario->n_tasks || scenario->n_tasks == 1)
		return false;
	scenario->n_tasks--;
	memmove(&scenario->tasks[gone], &scenario->tasks[gone + 1],
		(scenario->n_tasks - gone) * sizeof(scenario->tasks[0]));
	for (i = 0; i < scenario->n_tasks; i++) {
		struct ds_scn_task *task = &scenario->tasks[i];

		for (j = task->n_calls; j-- > 0;) {
			struct ds_scn_call *call = &task->calls[j];

			if (ds_call_shape(call->kind) != DS_SHAPE_TASK)
				continue;
			if (call->target == gone)
				take_call(task, j);
			else if (call->target > gone)
				call->target--;
		}
	}
	return true;
}

/* Only a file that no call names. */
static bool drop_file(struct ds_scenario *scenario, unsigned int gone)
{
	struct ds_scn_call *call;
	unsigned int i;

	if (gone >= scenario->n_files)
		return false;
	for (i = 0; i < MAX_CALLS; i++) {
		call = call_at(scenario, i);
		if (!call || !ds_shape_has_file(ds_call_shape(call->kind)))
			continue;
		if (call->target == gone)
			return false;
		call->target -= call->target > gone;
		if (ds_call_shape(call->kind) != DS_SHAPE_TWO)
			continue;
		if (call->target2 == gone)
			return false;
		call->target2 -= call->target2 > gone;
	}
	scenario->n_files--;
	memmove(&scenario->files[gone], &scenario->files[gone + 1],
		(scenario->n_files - gone) * sizeof(scenario->files[0]));
	return true;
}

static void take_hole(struct ds_scn_file *file, unsigned int i)
{
	file->n_holes--;
	memmove(&file->holes[i], &file->holes[i + 1],
		(file->n_holes - i) * sizeof(file->holes[0]));
}

static bool drop_hole(struct ds_scenario *scenario, unsigned int i)
{
	struct ds_scn_file *file = &scenario->files[i / DS_SCN_HOLES];

	if (i / DS_SCN_HOLES >= scenario->n_files ||
	    i % DS_SCN_HOLES >= file->n_holes)
		return false;
	take_hole(file, i % DS_SCN_HOLES);
	return true;
}

/* Where byte @at lies when page @page is taken out. */
static uint64_t without_page(uint64_t at, uint64_t page)
{
	uint64_t first = page * DS_PAGE_SIZE;

	if (at <= first)
		return at;
	return at < first + DS_PAGE_SIZE ? first : at - DS_PAGE_SIZE;
}

static uint64_t len_without_page(uint64_t offset, uint64_t len, uint64_t page)
{
	return without_page(offset + len, page) - without_page(offset, page);
}

/* Return: whether the call still means something, and *@ret_changed if it did.
 */
static bool call_without_page(struct ds_scn_call *call, uint64_t page,
			      bool *ret_changed)
{
	enum ds_call_shape shape = ds_call_shape(call->kind);
	uint64_t offset = call->offset, len = call->len;

	if (shape == DS_SHAPE_SIZE)
		call->len = without_page(call->len, page);
	if (ds_shape_has_range(shape)) {
		call->len = len_without_page(call->offset, call->len, page);
		call->offset = without_page(call->offset, page);
	}
	*ret_changed |= call->len != len || call->offset != offset;
	return !ds_shape_has_range(shape) || call->len > 0;
}

/* Takes page @i % MAX_PAGES out of a file; what lies behind it moves down. */
static bool drop_page(struct ds_scenario *scenario, unsigned int i)
{
	struct ds_scn_file *file = &scenario->files[i / MAX_PAGES];
	uint64_t page = i % MAX_PAGES;
	struct ds_scn_call *call;
	bool changed;
	unsigned int j;

	if (i / MAX_PAGES >= scenario->n_files)
		return false;
	changed = file->size != without_page(file->size, page);
	file->size = without_page(file->size, page);
	for (j = file->n_holes; j-- > 0;) {
		file->holes[j].len = len_without_page(file->holes[j].offset,
						      file->holes[j].len, page);
		file->holes[j].offset =
			without_page(file->holes[j].offset, page);
		if (!file->holes[j].len)
			take_hole(file, j);
	}
	for (j = 0; j < MAX_CALLS; j++) {
		call = call_at(scenario, j);
		if (!call)
			continue;
		/* Its two ranges would no longer be of one length. */
		if (ds_call_shape(call->kind) == DS_SHAPE_TWO &&
		    (call->target == i / MAX_PAGES ||
		     call->target2 == i / MAX_PAGES))
			return false;
		if (ds_shape_has_file(ds_call_shape(call->kind)) &&
		    call->target == i / MAX_PAGES &&
		    !call_without_page(call, page, &changed))
			return false;
	}
	return changed;
}

/* The range of a call, if it is longer than a page. */
static struct ds_scn_call *long_call(struct ds_scenario *scenario,
				     unsigned int i)
{
	struct ds_scn_call *call = call_at(scenario, i);

	if (!call || !ds_shape_has_range(ds_call_shape(call->kind)) ||
	    call->len <= DS_PAGE_SIZE)
		return NULL;
	return call;
}

static bool only_first_page(struct ds_scenario *scenario, unsigned int i)
{
	struct ds_scn_call *call = long_call(scenario, i);

	if (call)
		call->len = DS_PAGE_SIZE;
	return call;
}

static bool trim_back(struct ds_scenario *scenario, unsigned int i)
{
	struct ds_scn_call *call = long_call(scenario, i);

	if (call)
		call->len -= DS_PAGE_SIZE;
	return call;
}

static bool trim_front(struct ds_scenario *scenario, unsigned int i)
{
	struct ds_scn_call *call = long_call(scenario, i);

	if (call) {
		call->offset += DS_PAGE_SIZE;
		call->offset2 += DS_PAGE_SIZE;
		call->len -= DS_PAGE_SIZE;
	}
	return call;
}

static bool drop_keep(struct ds_scenario *scenario, unsigned int i)
{
	struct ds_scn_call *call = call_at(scenario, i);

	if (!call || !call->keep)
		return false;
	call->keep = false;
	return true;
}

static bool drop_options(struct ds_scenario *scenario, unsigned int i)
{
	bool *const options[] = {&scenario->watch_waits, &scenario->flush_ipi,
				 &scenario->longterm_allowed,
				 &scenario->watch_stores,
				 &scenario->recall_fails};

	if (!*options[i])
		return false;
	*options[i] = false;
	return true;
}

/* Pins as direct I/O takes them. */
static bool drop_how(struct ds_scenario *scenario, unsigned int i)
{
	struct ds_scn_call *call = call_at(scenario, i);

	if (!call || !call->how)
		return false;
	call->how = 0;
	return true;
}

/* The most that one way may take first. */
static const struct {
	bool (*make)(struct ds_scenario *scenario, unsigned int i);
	unsigned int n;
} ways[] = {
	{drop_task, DS_SCN_TASKS},
	{drop_call, MAX_CALLS},
	{drop_options, 5},
	{drop_hole, DS_SCN_FILES *DS_SCN_HOLES},
	{drop_file, DS_SCN_FILES},
	{only_first_page, MAX_CALLS},
	{drop_page, DS_SCN_FILES *MAX_PAGES},
	{trim_back, MAX_CALLS},
	{trim_front, MAX_CALLS},
	{drop_keep, MAX_CALLS},
	{drop_how, MAX_CALLS},
};

bool ds_reduce(const struct ds_scenario *from, struct ds_reduction *way,
	       struct ds_scenario *ret_scenario)
{
	for (; way->kind < sizeof(ways) / sizeof(ways[0]); way->kind++) {
		for (; way->i < ways[way->kind].n; way->i++) {
			*ret_scenario = *from;
			ret_scenario->n_expects = 0;
			if (ways[way->kind].make(ret_scenario, way->i))
				return true;
		}
		way->i = 0;
	}
	return false;
}
