// SPDX-License-Identifier: LGPL-2.1-or-later
#include "check/stuck.h"

static void at_end(struct ds_checks *checks)
{
	const struct ds_sched *sched = checks->sched;
	char line[80];
	unsigned int i;

	if (sched->end != DS_RUN_STUCK)
		return;
	for (i = 0; i < sched->n_tasks; i++) {
		const struct ds_task *task = sched->tasks[i];

		if (!ds_stuck_condition_holds(checks, task))
			continue;
		ds_stuck_describe(checks, task, line, sizeof(line));
		ds_checks_report(checks, DS_NO_LOST_WAKEUP, DS_TASKS_MAX,
				 "%s, which is true", line);
	}
}

const struct ds_property ds_no_lost_wakeup = {
	.name = "NO_LOST_WAKEUP",
	.sentence = "No task sleeps for ever on a condition that is true.",
	.reads = "who sleeps on what, when no task can go on",
	.quiet = at_end,
};
