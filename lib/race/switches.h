/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DS_RACE_SWITCHES_H
#define DS_RACE_SWITCHES_H

/*
 * A run by the names of its context switches: what a regression test keeps.
 * A token numbers every step, so one more scheduling point anywhere makes it
 * another run; names stay as long as the race does, and who follows them says
 * which one is no longer reached. A text, one statement a line:
 *
 *	# comment
 *	race 1
 *	scenario NAME		a scenario file or a cell of the proof table
 *	fs PROFILE
 *	expect holds | violates PROPERTY
 *	start TASK
 *	TASK@POINT -> TASK	that task runs until it stands before POINT, and
 *	TASK@POINT:N -> TASK	there for the Nth time since it was switched to;
 *				then the other one goes on
 *
 * Behind the last switch the task that runs goes on to its end.
 */
#include "race/scenario.h"
#include "race/search.h"

struct ds_switch {
	char from[DS_SCN_NAME];
	char point[DS_SCN_NAME];
	unsigned int nth; /* 1: the first time */
	char to[DS_SCN_NAME];
};

struct ds_race {
	char scenario[256];
	char fs[DS_SCN_NAME];
	bool violates;
	enum ds_property_id property; /* if it does */
	char start[DS_SCN_NAME];
	unsigned int n;
	struct ds_switch *switches;
};

/* Whether @text is meant to be one: its first word is "race". */
bool ds_race_is(const char *text);

/* Reads @text. Return: 0; -EINVAL with one line in @ret_why; -ENOMEM. */
int ds_race_parse(const char *name, const char *text, struct ds_race *ret_race,
		  char *ret_why, size_t why_size);

/* Return: the text, to be freed; NULL when there is no memory. */
char *ds_race_text(const struct ds_race *race);

/*
 * Fills @race's start and switches (none before) from a run. Return: 0;
 * -EPROTO when @schedule cannot be followed; -ENOMEM.
 */
int ds_race_record(struct ds_world *world, const struct ds_schedule *schedule,
		   struct ds_race *race);

/*
 * Makes the run that @race tells of. Return: 0 with @ret_schedule, to be freed;
 * -EPROTO with one line in @ret_why that names the switch that cannot be made;
 * -ENOMEM and others when the run was void.
 */
int ds_race_follow(struct ds_world *world, const struct ds_race *race,
		   struct ds_schedule *ret_schedule, char *ret_why,
		   size_t why_size);

void ds_race_free(struct ds_race *race);

#endif
