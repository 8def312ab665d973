// SPDX-License-Identifier: LGPL-2.1-or-later
#include "check/check.h"

static void look(struct ds_checks *checks, const struct ds_event *event)
{
	if (event->task >= DS_TASKS_MAX)
		return;
	switch (event->kind) {
	case DS_EV_CALL_ENTERED:
		checks->held_at_entry[event->task] = (unsigned int)event->n;
		break;
	case DS_EV_CALL_LEFT:
		if (event->n != checks->held_at_entry[event->task])
			ds_checks_report(
				checks, DS_LOCKS_BALANCED, event->task,
				"%s came with %u locks and left with %u",
				event->text, checks->held_at_entry[event->task],
				(unsigned int)event->n);
		checks->held_at_entry[event->task] = 0;
		break;
	default:
		ds_checks_report(checks, DS_LOCKS_BALANCED, event->task,
				 "%s is taken below a lock that comes after it",
				 event->text);
	}
}

const struct ds_property ds_locks_balanced = {
	.name = "LOCKS_BALANCED",
	.sentence = "Locks held at return are the locks held at entry; order "
		    "is never inverted.",
	.reads = "the task's own locks",
	.events = UINT32_C(1) << DS_EV_CALL_ENTERED |
		  UINT32_C(1) << DS_EV_CALL_LEFT |
		  UINT32_C(1) << DS_EV_LOCK_ORDER,
	.parallel_events = UINT32_C(1) << DS_EV_CALL_ENTERED |
			   UINT32_C(1) << DS_EV_CALL_LEFT |
			   UINT32_C(1) << DS_EV_LOCK_ORDER,
	.event = look,
};
