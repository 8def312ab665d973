// SPDX-License-Identifier: LGPL-2.1-or-later
#include "race/timeline.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define MAX_BLOCKS   16 /* blocks whose counts are shown */
#define LOCKS_WIDTH  22
#define REFS_WIDTH   12
#define MARGIN_WIDTH 2

struct line {
	uint64_t step; /* in which it was told */
	unsigned int task;
	bool detail;
	char *text;
	char *locks; /* the task held then */
	char *refs;
};

struct ds_timeline {
	struct ds_world *world;
	struct line *lines;
	size_t n, max;
	bool lost; /* no memory for some line */
	unsigned int n_blocks;
	struct ds_pfn blocks[MAX_BLOCKS]; /* pinned at some time */
};

/* "A.i_rwsem* A.fault_lock", the star for exclusive; to be freed. */
static char *locks_text(const struct ds_sched *sched, unsigned int task)
{
	char text[512] = "";
	size_t n = 0;
	unsigned int i;

	if (task >= sched->n_tasks)
		return strdup("");
	for (i = 0; i < sched->tasks[task]->n_held && n < sizeof(text); i++) {
		const struct ds_held *held = &sched->tasks[task]->held[i];

		n += (size_t)snprintf(text + n, sizeof(text) - n, "%s%s%s",
				      i ? " " : "", held->lock->name,
				      held->mode == DS_EXCLUSIVE ? "*" : "");
	}
	return strdup(text);
}

static void note_block(struct ds_timeline *timeline, struct ds_pfn pfn)
{
	unsigned int i;

	for (i = 0; i < timeline->n_blocks; i++)
		if (timeline->blocks[i].pfn == pfn.pfn)
			return;
	if (timeline->n_blocks < MAX_BLOCKS)
		timeline->blocks[timeline->n_blocks++] = pfn;
}

/* "3:2 4:1": block and count; to be freed. */
static char *refs_text(struct ds_timeline *timeline)
{
	const struct ds_frames *frames = timeline->world->frames;
	const struct ds_holder *holder;
	char text[512] = "";
	size_t n = 0;
	unsigned int i;

	for (holder = frames->holders; holder; holder = holder->next)
		note_block(timeline, holder->pfn);
	for (i = 0; i < timeline->n_blocks && n < sizeof(text); i++) {
		struct ds_pfn pfn = timeline->blocks[i];
		int extra = ds_frame_extra(ds_frame_view(frames, pfn));

		n += (size_t)snprintf(text + n, sizeof(text) - n, "%s%llu:%d",
				      i ? " " : "", (unsigned long long)pfn.pfn,
				      frames->idle + extra);
	}
	return strdup(text);
}

static void free_line(struct line *line)
{
	free(line->text);
	free(line->locks);
	free(line->refs);
}

static void keep(struct ds_timeline *timeline, const struct ds_event *event)
{
	struct line *line;

	if (timeline->n == timeline->max) {
		size_t max = timeline->max ? timeline->max * 2 : 64;
		struct line *lines =
			realloc(timeline->lines, max * sizeof(*lines));

		if (!lines) {
			timeline->lost = true;
			return;
		}
		timeline->lines = lines;
		timeline->max = max;
	}
	line = &timeline->lines[timeline->n];
	line->task = event->task;
	line->detail = event->value != 0;
	line->step = timeline->world->sched->n_steps;
	line->text = strdup(event->text);
	line->locks = locks_text(timeline->world->sched, event->task);
	line->refs = refs_text(timeline);
	if (line->text && line->locks && line->refs) {
		timeline->n++;
		return;
	}
	free_line(line);
	timeline->lost = true;
}

/* A pin counts from the lines that tell of it, which came just before. */
static void count_pin(struct ds_timeline *timeline)
{
	uint64_t step = timeline->world->sched->n_steps;
	size_t i;

	for (i = timeline->n; i > 0; i--) {
		struct line *line = &timeline->lines[i - 1];
		char *refs;

		if (line->step != step)
			return;
		refs = refs_text(timeline);
		if (!refs)
			return;
		free(line->refs);
		line->refs = refs;
	}
}

static void observe(void *arg, const struct ds_event *event)
{
	struct ds_timeline *timeline = arg;

	if (event->kind == DS_EV_TOLD)
		keep(timeline, event);
	else if (event->kind == DS_EV_PINNED)
		count_pin(timeline);
}

int ds_timeline_new(struct ds_world *world, struct ds_timeline **ret_timeline)
{
	struct ds_timeline *timeline = calloc(1, sizeof(*timeline));

	if (!timeline)
		return -ENOMEM;
	timeline->world = world;
	world->events.telling = true;
	ds_events_observe(&world->events, observe, timeline);
	*ret_timeline = timeline;
	return 0;
}

void ds_timeline_clear(struct ds_timeline *timeline)
{
	while (timeline->n)
		free_line(&timeline->lines[--timeline->n]);
	timeline->lost = false;
	timeline->n_blocks = 0;
}

void ds_timeline_free(struct ds_timeline *timeline)
{
	if (!timeline)
		return;
	timeline->world->events.telling = false;
	ds_events_unobserve(&timeline->world->events, observe, timeline);
	ds_timeline_clear(timeline);
	free(timeline->lines);
	free(timeline);
}

/* Characters of @text that fit @width, broken at a space if one is near. */
static size_t fit(const char *text, size_t width)
{
	size_t n = strlen(text);

	if (n <= width)
		return n;
	for (n = width; n > width / 3; n--)
		if (text[n] == ' ')
			return n;
	return width;
}

/* A column of one line of the timeline, written piece by piece. */
struct cell {
	size_t left, width;
	size_t indent; /* of the pieces to come */
	const char *text;
};

struct drawing {
	FILE *out;
	const struct ds_timeline *timeline;
	const struct ds_timeline_look *look;
	size_t width;  /* of all */
	size_t margin; /* for the sign */
	size_t column; /* of a task */
	size_t locks;  /* where its column begins */
	size_t refs;
	bool marked; /* the sign was drawn */
	const char *last_locks[DS_TASKS_MAX];
	const char *last_refs;
};

/* Puts the next piece of @cell into @row. Return: whether there was one. */
static bool put_piece(struct cell *cell, char *row)
{
	size_t n;

	if (!cell->text || !*cell->text)
		return false;
	n = fit(cell->text, cell->width - cell->indent);
	memcpy(row + cell->left + cell->indent, cell->text, n);
	cell->text += n;
	cell->text += strspn(cell->text, " ");
	cell->indent = cell->width > 4 ? 2 : 0;
	return true;
}

/* Writes cells side by side, as many rows as the longest one needs. */
static void write_cells(const struct drawing *drawing, struct cell *cells,
			unsigned int n_cells, bool sign)
{
	char row[256];
	unsigned int i;
	bool any;
	int n;

	for (;;) {
		memset(row, ' ', sizeof(row));
		any = false;
		for (i = 0; i < n_cells; i++)
			any |= put_piece(&cells[i], row);
		if (!any)
			return;
		if (sign)
			memcpy(row, DS_TIMELINE_SIGN,
			       sizeof(DS_TIMELINE_SIGN) - 1);
		sign = false;
		for (n = sizeof(row); n > 0 && row[n - 1] == ' '; n--)
			;
		fprintf(drawing->out, "%.*s\n", n, row);
	}
}

/* The cell of task @task; what no task did stands at the left. */
static struct cell task_cell(const struct drawing *drawing, unsigned int task,
			     const char *text)
{
	const struct ds_sched *sched = drawing->timeline->world->sched;

	if (task >= sched->n_tasks || *text == '!')
		return (struct cell){
			.left = drawing->margin,
			.width = drawing->width - drawing->margin,
			.text = text,
		};
	return (struct cell){
		.left = drawing->margin + task * drawing->column,
		.width = drawing->column - 1,
		.text = text,
	};
}

/* Names of tasks are cut to their column, never wrapped. */
static void write_header(const struct drawing *drawing)
{
	static const char dashes[] = "--------------------------------";
	const struct ds_sched *sched = drawing->timeline->world->sched;
	const struct ds_timeline_look *look = drawing->look;
	char names[DS_TASKS_MAX][sizeof(dashes)];
	struct cell cells[DS_TASKS_MAX + 2];
	unsigned int i, line;

	for (line = 0; line < 2; line++) {
		for (i = 0; i < sched->n_tasks; i++) {
			const char *name = sched->tasks[i]->name;
			size_t n = fit(name, drawing->column - 1);

			if (n >= sizeof(dashes))
				n = sizeof(dashes) - 1;
			snprintf(names[i], sizeof(names[i]), "%.*s", (int)n,
				 line ? dashes : name);
			cells[i] = task_cell(drawing, i, names[i]);
		}
		if (look->locks)
			cells[i++] = (struct cell){
				drawing->locks, LOCKS_WIDTH - 1, 0,
				line ? "-----" : "locks (*: excl.)"};
		if (look->refs)
			cells[i++] =
				(struct cell){drawing->refs, REFS_WIDTH - 1, 0,
					      line ? "----" : "block:refs"};
		write_cells(drawing, cells, i, false);
	}
	/* Without tasks the header is still two lines. */
	if (sched->n_tasks == 0)
		fprintf(drawing->out, "\n\n");
}

/* @text, or NULL if @last, which it becomes, was the same. */
static const char *changed(const char *text, const char **last)
{
	bool same = *last ? strcmp(text, *last) == 0 : !*text;

	*last = text;
	if (same)
		return NULL;
	return *text ? text : "none";
}

static void write_line(struct drawing *drawing, const struct line *line,
		       bool sign)
{
	struct cell cells[3] = {task_cell(drawing, line->task, line->text)};
	bool of_task = line->task < drawing->timeline->world->sched->n_tasks &&
		       *line->text != '!';
	unsigned int n = 1;

	if (drawing->look->locks && of_task)
		cells[n++] = (struct cell){
			drawing->locks, LOCKS_WIDTH - 1, 0,
			changed(line->locks, &drawing->last_locks[line->task])};
	if (drawing->look->refs && of_task)
		cells[n++] =
			(struct cell){drawing->refs, REFS_WIDTH - 1, 0,
				      changed(line->refs, &drawing->last_refs)};
	write_cells(drawing, cells, n, sign);
}

/* The step that is marked told nothing, or only what is left out. */
static void write_silent_mark(struct drawing *drawing)
{
	const struct ds_timeline_look *look = drawing->look;
	struct cell cell;
	char text[64];

	snprintf(text, sizeof(text), "(%s)", ds_point_name(look->mark_at));
	cell = task_cell(drawing, look->mark_task, text);
	write_cells(drawing, &cell, 1, true);
	drawing->marked = true;
}

static void write_lines(struct drawing *drawing)
{
	const struct ds_timeline_look *look = drawing->look;
	const struct ds_timeline *timeline = drawing->timeline;
	size_t i;

	for (i = 0; i < timeline->n; i++) {
		const struct line *line = &timeline->lines[i];
		bool sign = look->mark && line->step == look->mark &&
			    !drawing->marked;

		if (look->mark && line->step > look->mark && !drawing->marked)
			write_silent_mark(drawing);
		if (line->detail && !look->full)
			continue;
		drawing->marked |= sign;
		write_line(drawing, line, sign);
	}
	if (look->mark && !drawing->marked)
		write_silent_mark(drawing);
}

char *ds_timeline_draw(const struct ds_timeline *timeline,
		       const struct ds_timeline_look *look)
{
	const struct ds_sched *sched = timeline->world->sched;
	struct drawing drawing = {
		.timeline = timeline,
		.look = look,
		.width = look->width ? look->width : DS_TIMELINE_WIDTH,
		.margin = look->mark ? MARGIN_WIDTH : 0,
	};
	size_t room = drawing.width - drawing.margin;
	char *text = NULL;
	size_t size;

	ds_assert(drawing.width <= 200);
	drawing.out = open_memstream(&text, &size);
	if (!drawing.out)
		return NULL;
	room -= look->refs ? REFS_WIDTH : 0;
	drawing.refs = drawing.margin + room;
	room -= look->locks ? LOCKS_WIDTH : 0;
	drawing.locks = drawing.margin + room;
	drawing.column = room / (sched->n_tasks ? sched->n_tasks : 1);
	write_header(&drawing);
	write_lines(&drawing);
	if (timeline->lost)
		fprintf(drawing.out, "(lines are missing: out of memory)\n");
	if (fclose(drawing.out) == 0)
		return text;
	free(text);
	return NULL;
}

char *ds_timeline_text(const struct ds_timeline *timeline, bool full)
{
	const struct ds_timeline_look look = {.full = full};

	return ds_timeline_draw(timeline, &look);
}
