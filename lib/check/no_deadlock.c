// SPDX-License-Identifier: LGPL-2.1-or-later
#include <string.h>

#include "check/stuck.h"

static void at_end(struct ds_checks *checks)
{
	const struct ds_sched *sched = checks->sched;
	char text[100] = "", line[60];
	unsigned int i;

	if (sched->end != DS_RUN_STUCK)
		return;
	for (i = 0; i < sched->n_tasks; i++) {
		const struct ds_task *task = sched->tasks[i];

		if (task->state == DS_TASK_DONE)
			continue;
		/* That is the other property's. */
		if (ds_stuck_condition_holds(checks, task))
			return;
		ds_stuck_describe(checks, task, line, sizeof(line));
		if (*text)
			strncat(text, "; ", sizeof(text) - strlen(text) - 1);
		strncat(text, line, sizeof(text) - strlen(text) - 1);
	}
	ds_checks_report(checks, DS_NO_DEADLOCK, DS_TASKS_MAX, "%s", text);
}

const struct ds_property ds_no_deadlock = {
	.name = "NO_DEADLOCK",
	.sentence = "Never are all tasks asleep with nothing they wait for "
		    "true.",
	.reads = "who sleeps on what, when no task can go on",
	.quiet = at_end,
};
