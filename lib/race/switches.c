// SPDX-License-Identifier: LGPL-2.1-or-later
#include "race/switches.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "race/text.h"
#include "race/walk.h"

#define VERSION      "1"
#define MAX_SWITCHES 4096

/* Nobody's run is longer; a mistake would be. */
#define MAX_STEPS 100000

bool ds_race_is(const char *text)
{
	for (;;) {
		text += strspn(text, " \t\r\n");
		if (*text != '#')
			break;
		text += strcspn(text, "\n");
	}
	return strncmp(text, "race", 4) == 0 && strchr(" \t", text[4]);
}

void ds_race_free(struct ds_race *race)
{
	free(race->switches);
	race->switches = NULL;
	race->n = 0;
}

static int append(struct ds_race *race, const struct ds_switch *one)
{
	/* Room for a power of two of them. */
	if ((race->n & (race->n - 1)) == 0) {
		unsigned int max = race->n ? race->n * 2 : 1;
		struct ds_switch *switches =
			realloc(race->switches, max * sizeof(*switches));

		if (!switches)
			return -ENOMEM;
		race->switches = switches;
	}
	race->switches[race->n++] = *one;
	return 0;
}

/* --------------------------------- Reading -------------------------------- */

struct reader {
	struct ds_race *race;
	const char *name;
	unsigned int line;
	bool has_version, has_expect;
	char *why;
	size_t why_size;
};

static int fail(struct reader *reader, const char *expected, const char *got)
{
	snprintf(reader->why, reader->why_size, "%s:%u: expected %s%s%.80s%s",
		 reader->name, reader->line, expected, got ? ", not '" : "",
		 got ? got : "", got ? "'" : "");
	return -EINVAL;
}

/* Copies a word of letters, digits and a few signs. */
static bool copy_word(const char *word, char *ret, size_t size)
{
	const char *p;

	if (!word || !*word || strlen(word) >= size)
		return false;
	for (p = word; *p; p++)
		if (*p <= ' ' || *p >= 0x7f || strchr("'\"\\$", *p))
			return false;
	strcpy(ret, word);
	return true;
}

static int read_expect(struct reader *reader, const char *what,
		       const char *property)
{
	struct ds_race *race = reader->race;

	reader->has_expect = true;
	if (what && strcmp(what, "holds") == 0 && !property)
		return 0;
	if (!what || strcmp(what, "violates") != 0)
		return fail(reader, "'holds' or 'violates PROPERTY'", what);
	race->violates = true;
	race->property =
		property ? ds_property_find(property) : DS_N_PROPERTIES;
	if (race->property == DS_N_PROPERTIES)
		return fail(reader, "a property's name", property);
	return 0;
}

/* "TASK@POINT" or "TASK@POINT:N", which is cut into its parts. */
static bool split_place(char *place, struct ds_switch *one)
{
	char *at = strchr(place, '@');
	char *colon, *end;
	unsigned long nth = 1;

	if (!at)
		return false;
	*at++ = '\0';
	colon = strchr(at, ':');
	if (colon) {
		*colon++ = '\0';
		if (*colon < '1' || *colon > '9')
			return false;
		nth = strtoul(colon, &end, 10);
		if (*end || nth > MAX_STEPS)
			return false;
	}
	one->nth = (unsigned int)nth;
	return copy_word(place, one->from, sizeof(one->from)) &&
	       copy_word(at, one->point, sizeof(one->point));
}

static int read_switch(struct reader *reader, char *words[4])
{
	static const char what[] = "a switch such as direct@FRAME_PUT -> punch";
	struct ds_switch one = {.nth = 1};
	char line[128];

	snprintf(line, sizeof(line), "%s%s%s", words[0], words[1] ? " " : "",
		 words[1] ? words[1] : "");
	if (!words[1] || strcmp(words[1], "->") != 0 || words[3] ||
	    !copy_word(words[2], one.to, sizeof(one.to)) ||
	    !split_place(words[0], &one))
		return fail(reader, what, line);
	if (reader->race->n == MAX_SWITCHES)
		return fail(reader, "at most 4096 switches", NULL);
	return append(reader->race, &one);
}

static int read_words(struct reader *reader, char *words[4])
{
	struct ds_race *race = reader->race;

	if (!reader->has_version) {
		bool is_race = strcmp(words[0], "race") == 0 && words[1];

		reader->has_version = true;
		if (is_race && strcmp(words[1], VERSION) == 0 && !words[2])
			return 0;
		return fail(reader, "'race " VERSION "' first",
			    is_race ? words[1] : words[0]);
	}
	if (strcmp(words[0], "expect") == 0)
		return words[3] ? fail(reader, "the end of the line", words[3])
				: read_expect(reader, words[1], words[2]);
	if (strchr(words[0], '@'))
		return read_switch(reader, words);
	if (words[2])
		return fail(reader, "the end of the line", words[2]);
	if (strcmp(words[0], "scenario") == 0)
		return copy_word(words[1], race->scenario,
				 sizeof(race->scenario))
			       ? 0
			       : fail(reader, "a scenario's name", words[1]);
	if (strcmp(words[0], "fs") == 0)
		return copy_word(words[1], race->fs, sizeof(race->fs))
			       ? 0
			       : fail(reader, "a profile's name", words[1]);
	if (strcmp(words[0], "start") == 0)
		return copy_word(words[1], race->start, sizeof(race->start))
			       ? 0
			       : fail(reader, "a task's name", words[1]);
	return fail(reader,
		    "scenario, fs, expect, start, or a switch "
		    "such as direct@FRAME_PUT -> punch",
		    words[0]);
}

static int read_line(struct reader *reader, char *line)
{
	char *words[4] = {NULL};
	char *rest = NULL;
	char *word;
	unsigned int n = 0;

	if (line[strspn(line, " \t")] == '#')
		return 0;
	for (word = strtok_r(line, " \t\r", &rest); word;
	     word = strtok_r(NULL, " \t\r", &rest)) {
		if (n == 4)
			return fail(reader, "the end of the line", word);
		words[n++] = word;
	}
	return n ? read_words(reader, words) : 0;
}

static int read_all(struct reader *reader, char *text)
{
	const struct ds_race *race = reader->race;
	char *next;
	int r = 0;

	for (; text && r == 0; text = next) {
		next = strchr(text, '\n');
		if (next)
			*next++ = '\0';
		reader->line++;
		r = read_line(reader, text);
	}
	if (r < 0)
		return r;
	if (!reader->has_expect || !*race->scenario || !*race->fs ||
	    !*race->start)
		return fail(reader,
			    "scenario, fs, expect and start before the end",
			    NULL);
	return 0;
}

int ds_race_parse(const char *name, const char *text, struct ds_race *ret_race,
		  char *ret_why, size_t why_size)
{
	struct reader reader = {
		.race = ret_race,
		.name = name,
		.why = ret_why,
		.why_size = why_size,
	};
	char *copy = strdup(text);
	int r;

	memset(ret_race, 0, sizeof(*ret_race));
	snprintf(ret_why, why_size, "out of memory");
	if (!copy)
		return -ENOMEM;
	r = read_all(&reader, copy);
	free(copy);
	if (r < 0)
		ds_race_free(ret_race);
	return r;
}

/* --------------------------------- Writing -------------------------------- */

/* One switch as the text has it, into @text. */
static void switch_text(const struct ds_switch *one, char *text, size_t size)
{
	char nth[16] = "";

	if (one->nth > 1)
		snprintf(nth, sizeof(nth), ":%u", one->nth);
	snprintf(text, size, "%s@%s%s -> %s", one->from, one->point, nth,
		 one->to);
}

char *ds_race_text(const struct ds_race *race)
{
	struct ds_text out = {0};
	char line[160];
	unsigned int i;

	ds_text_add(&out, "race " VERSION "\nscenario %s\nfs %s\nexpect %s%s\n",
		    race->scenario, race->fs,
		    race->violates ? "violates " : "holds",
		    race->violates ? ds_property(race->property)->name : "");
	ds_text_add(&out, "start %s\n", race->start);
	for (i = 0; i < race->n; i++) {
		switch_text(&race->switches[i], line, sizeof(line));
		ds_text_add(&out, "%s\n", line);
	}
	return ds_text_take(&out);
}

struct recorder {
	struct ds_race *race;
	unsigned int task; /* that runs; DS_TASKS_MAX before the first */
	unsigned int
		n_at[DS_AT_N_POINTS]; /* how often it came to stand there */
	int error;
};

/* Before a step: its task may be another one than before. */
static void record_step(void *arg, const struct ds_world *world, uint64_t step,
			unsigned int task)
{
	struct recorder *recorder = arg;
	const struct ds_sched *sched = world->sched;
	struct ds_switch one = {.nth = 0};
	enum ds_at at;

	(void)step;
	if (task == DS_TASKS_MAX || recorder->error)
		return;
	if (recorder->task == DS_TASKS_MAX) {
		snprintf(recorder->race->start, sizeof(recorder->race->start),
			 "%s", sched->tasks[task]->name);
		recorder->task = task;
		return;
	}
	at = sched->tasks[recorder->task]->at;
	recorder->n_at[at]++;
	if (task == recorder->task)
		return;
	snprintf(one.from, sizeof(one.from), "%s",
		 sched->tasks[recorder->task]->name);
	snprintf(one.point, sizeof(one.point), "%s", ds_point_name(at));
	snprintf(one.to, sizeof(one.to), "%s", sched->tasks[task]->name);
	one.nth = recorder->n_at[at];
	recorder->error = append(recorder->race, &one);
	recorder->task = task;
	memset(recorder->n_at, 0, sizeof(recorder->n_at));
}

int ds_race_record(struct ds_world *world, const struct ds_schedule *schedule,
		   struct ds_race *race)
{
	struct recorder recorder = {.race = race, .task = DS_TASKS_MAX};
	size_t diverged;
	int r = ds_walk_run(world, schedule, record_step, &recorder, &diverged);

	return r < 0 ? r : recorder.error;
}

/* -------------------------------- Following ------------------------------- */

/* A switch with its names looked up. */
struct leg {
	unsigned int task;
	enum ds_at at;
	unsigned int nth;
	unsigned int to;
};

struct follower {
	const struct ds_race *race;
	struct ds_world *world;
	struct leg *legs;
	unsigned int leg; /* the switch to come */
	unsigned int task;
	unsigned int n_hits; /* of its point in this leg */
	bool moved;          /* the task took a step in this leg */
	bool failed;
	int error;
	struct ds_schedule *schedule;
	char *why;
	size_t why_size;
};

static void say(struct follower *follower, unsigned int i, const char *what,
		const char *name)
{
	char text[160];

	switch_text(&follower->race->switches[i], text, sizeof(text));
	snprintf(follower->why, follower->why_size, "switch %u, %s: %s%s",
		 i + 1, text, what, name);
	follower->failed = true;
}

static unsigned int find_task(const struct ds_sched *sched, const char *name)
{
	unsigned int i;

	for (i = 0; i < sched->n_tasks; i++)
		if (strcmp(sched->tasks[i]->name, name) == 0)
			return i;
	return DS_TASKS_MAX;
}

static unsigned int find_point(const char *name)
{
	unsigned int at = 0;

	while (at < DS_AT_N_POINTS &&
	       strcmp(ds_point_name((enum ds_at)at), name) != 0)
		at++;
	return at;
}

/* Looks up the names of all switches. */
static bool find_names(struct follower *follower)
{
	const struct ds_sched *sched = follower->world->sched;
	const struct ds_race *race = follower->race;
	unsigned int before, i;

	follower->task = find_task(sched, race->start);
	if (follower->task == DS_TASKS_MAX) {
		snprintf(follower->why, follower->why_size,
			 "start %s: there is no such task", race->start);
		return false;
	}
	before = follower->task;
	for (i = 0; i < race->n; i++) {
		const struct ds_switch *one = &race->switches[i];
		struct leg *leg = &follower->legs[i];
		unsigned int at = find_point(one->point);

		leg->task = find_task(sched, one->from);
		leg->to = find_task(sched, one->to);
		leg->at = (enum ds_at)at;
		leg->nth = one->nth;
		if (leg->task == DS_TASKS_MAX || leg->to == DS_TASKS_MAX)
			say(follower, i, "there is no task ",
			    leg->to == DS_TASKS_MAX ? one->to : one->from);
		else if (at == DS_AT_N_POINTS)
			say(follower, i, "there is no point ", one->point);
		else if (leg->task != before || leg->to == before)
			say(follower, i, "the task that runs there is ",
			    sched->tasks[before]->name);
		if (follower->failed)
			return false;
		before = leg->to;
	}
	return true;
}

/* The task has come to where it stands: it may be the place of the switch. */
static void arrive(struct follower *follower, const struct ds_sched *sched)
{
	const struct leg *leg = &follower->legs[follower->leg];

	if (!follower->moved || follower->leg == follower->race->n ||
	    sched->tasks[follower->task]->at != leg->at ||
	    ++follower->n_hits < leg->nth)
		return;
	follower->task = leg->to;
	follower->leg++;
	follower->n_hits = 0;
	follower->moved = false;
}

/* The task that should go on cannot. */
static int get_stuck(struct follower *follower, const struct ds_sched *sched)
{
	const struct ds_task *task = sched->tasks[follower->task];
	char text[120];

	snprintf(text, sizeof(text), "%s stands at %s", task->name,
		 ds_point_name(task->at));
	if (!follower->moved && follower->leg > 0)
		say(follower, follower->leg - 1, "it cannot go on there, for ",
		    text);
	else if (follower->leg < follower->race->n)
		say(follower, follower->leg, "not reached, ", text);
	else if (follower->race->n)
		say(follower, follower->race->n - 1,
		    "the run is not over behind it, ", text);
	else
		snprintf(follower->why, follower->why_size,
			 "start %s: the run is not over behind it, %s",
			 follower->race->start, text);
	follower->failed = true;
	return DS_PICK_STOP;
}

static int pick_named(void *arg, const struct ds_sched *sched, uint32_t enabled,
		      unsigned int last)
{
	struct follower *follower = arg;

	(void)last;
	arrive(follower, sched);
	if (!(enabled >> follower->task & 1))
		return get_stuck(follower, sched);
	follower->error =
		ds_schedule_append(follower->schedule, follower->task);
	if (follower->error < 0)
		return DS_PICK_STOP;
	follower->moved = true;
	return (int)follower->task;
}

static int run(struct follower *follower)
{
	struct ds_world *world = follower->world;
	enum ds_run_end end;
	int r = ds_world_run(world, (struct ds_strategy){pick_named, follower},
			     MAX_STEPS, &end);

	if (follower->error < 0)
		return follower->error;
	if (r < 0)
		return r;
	if (end == DS_RUN_LIMIT) {
		snprintf(follower->why, follower->why_size,
			 "the run does not end");
		return -EPROTO;
	}
	if (!follower->failed && follower->leg < follower->race->n)
		say(follower, follower->leg, "the run was over before it", "");
	if (follower->failed)
		return -EPROTO;
	ds_checks_quiet(world->checks);
	return 0;
}

int ds_race_follow(struct ds_world *world, const struct ds_race *race,
		   struct ds_schedule *ret_schedule, char *ret_why,
		   size_t why_size)
{
	struct follower follower = {
		.race = race,
		.world = world,
		.schedule = ret_schedule,
		.why = ret_why,
		.why_size = why_size,
	};
	int r = -EPROTO;

	*ret_schedule = (struct ds_schedule){0};
	snprintf(ret_why, why_size, "out of memory");
	/* One more, for the look at what comes behind the last one. */
	follower.legs = calloc(race->n + 1, sizeof(*follower.legs));
	if (!follower.legs)
		return -ENOMEM;
	if (find_names(&follower))
		r = run(&follower);
	free(follower.legs);
	if (r < 0)
		ds_schedule_free(ret_schedule);
	return r;
}
