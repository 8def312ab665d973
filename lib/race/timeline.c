// SPDX-License-Identifier: LGPL-2.1-or-later
#include "race/timeline.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct line {
	unsigned int task;
	bool detail;
	char *text;
};

struct ds_timeline {
	struct ds_world *world;
	struct line *lines;
	size_t n, max;
	bool lost; /* no memory for some line */
};

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
	line->text = strdup(event->text);
	if (line->text)
		timeline->n++;
	else
		timeline->lost = true;
}

static void observe(void *arg, const struct ds_event *event)
{
	if (event->kind == DS_EV_TOLD)
		keep(arg, event);
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
		free(timeline->lines[--timeline->n].text);
	timeline->lost = false;
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

/* Characters of @text that fit @width, broken at a space if possible. */
static size_t fit(const char *text, size_t width)
{
	size_t n = strlen(text);

	if (n <= width)
		return n;
	for (n = width; n > width / 2; n--)
		if (text[n] == ' ')
			return n;
	return width;
}

/* Writes @text @width wide behind @left blanks, wrapped and then indented. */
static void write_cell(FILE *out, size_t left, size_t width, const char *text)
{
	size_t indent = 0;

	while (*text) {
		size_t n = fit(text, width - indent);

		fprintf(out, "%*s%.*s\n", (int)(left + indent), "", (int)n,
			text);
		text += n;
		text += strspn(text, " ");
		indent = 2;
	}
}

static void write_header(FILE *out, const struct ds_sched *sched, size_t width)
{
	unsigned int i;

	for (i = 0; i < sched->n_tasks; i++) {
		const char *name = sched->tasks[i]->name;
		int n = (int)fit(name, width - 1);

		fprintf(out, "%.*s", n, name);
		if (i + 1 < sched->n_tasks)
			fprintf(out, "%*s", (int)width - n, "");
	}
	fprintf(out, "\n");
	for (i = 0; i < sched->n_tasks; i++) {
		int n = (int)fit(sched->tasks[i]->name, width - 1);

		while (n-- > 0)
			fputc('-', out);
		if (i + 1 < sched->n_tasks)
			fprintf(out, "%*s",
				(int)(width -
				      fit(sched->tasks[i]->name, width - 1)),
				"");
	}
	fprintf(out, "\n");
}

char *ds_timeline_text(const struct ds_timeline *timeline, bool full)
{
	const struct ds_sched *sched = timeline->world->sched;
	size_t width =
		DS_TIMELINE_WIDTH / (sched->n_tasks ? sched->n_tasks : 1);
	char *text = NULL;
	size_t size, i;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		return NULL;
	write_header(out, sched, width);
	for (i = 0; i < timeline->n; i++) {
		const struct line *line = &timeline->lines[i];

		if (line->detail && !full)
			continue;
		if (line->task >= sched->n_tasks || *line->text == '!')
			write_cell(out, 0, DS_TIMELINE_WIDTH, line->text);
		else
			write_cell(out, line->task * width, width - 1,
				   line->text);
	}
	if (timeline->lost)
		fprintf(out, "(lines are missing: out of memory)\n");
	if (fclose(out) == 0)
		return text;
	free(text);
	return NULL;
}
