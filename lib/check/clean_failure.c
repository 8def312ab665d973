// SPDX-License-Identifier: LGPL-2.1-or-later
#include <errno.h>
#include <string.h>

#include "check/check.h"

enum {
	CHANGED_SIZE = 1,
	CHANGED_EXTENTS = 2,
	CHANGED_DATA = 4,
	IN_CALL = 8,
};

static uint32_t change_of(const struct ds_event *event)
{
	switch (event->kind) {
	case DS_EV_SIZE_CHANGED:
		return CHANGED_SIZE;
	case DS_EV_EXTENTS_CHANGED:
		return CHANGED_EXTENTS;
	default:
		/* Zeroes behind the end of file are none of its data. */
		return !event->bytes && (int64_t)event->offset >= event->value
			       ? 0
			       : CHANGED_DATA;
	}
}

static bool is_call(const char *call, const char *name)
{
	return strcmp(call, name) == 0;
}

static uint32_t interrupted_residue(const struct ds_fs_profile *profile,
				    const char *call)
{
	if (profile->interrupted_keeps_size && is_call(call, "ftruncate"))
		return CHANGED_SIZE;
	if (profile->interrupted_zero_keeps_edges && is_call(call, "zero"))
		return CHANGED_SIZE | CHANGED_EXTENTS;
	return 0;
}

/* Arguments that turn out bad when part of the work is done. */
static uint32_t refused_residue(const struct ds_fs_profile *profile,
				const char *call)
{
	if (profile->refused_insert_keeps_size && is_call(call, "insert"))
		return CHANGED_SIZE;
	if (profile->full_zero_punches && is_call(call, "zero"))
		return CHANGED_EXTENTS | CHANGED_DATA;
	return 0;
}

/*
 * What a call may leave behind all the same, because that kernel is known to:
 * a new size or blocks at the edges after an interrupted wait, blocks got
 * before the space ran out, a hole where new blocks were to be, the size that
 * a shift was to need.
 */
static uint32_t known_residue(const struct ds_checks *checks, const char *call,
			      int64_t error)
{
	const struct ds_fs_profile *profile = checks->super->profile;

	if (error == -EINTR)
		return interrupted_residue(profile, call);
	if (error == -EINVAL)
		return refused_residue(profile, call);
	if (error == -ENOSPC && profile->full_keeps_blocks)
		return CHANGED_SIZE | CHANGED_EXTENTS;
	if (error == -ENOSPC && profile->full_zero_punches &&
	    is_call(call, "zero"))
		return CHANGED_EXTENTS | CHANGED_DATA;
	return 0;
}

static void at_return(struct ds_checks *checks, const struct ds_event *event)
{
	uint32_t changed = checks->changed_since_entry[event->task];

	if (event->value >= 0)
		return;
	changed &=
		~(IN_CALL | known_residue(checks, event->text, event->value));
	if (changed)
		ds_checks_report(checks, DS_CLEAN_FAILURE, event->task,
				 "%s failed (%lld) and left%s%s%s changed",
				 event->text, (long long)event->value,
				 changed & CHANGED_SIZE ? " size" : "",
				 changed & CHANGED_EXTENTS ? " blocks" : "",
				 changed & CHANGED_DATA ? " data" : "");
}

static void look(struct ds_checks *checks, const struct ds_event *event)
{
	uint32_t *changed;

	if (event->task >= DS_TASKS_MAX)
		return;
	changed = &checks->changed_since_entry[event->task];
	if (event->kind == DS_EV_CALL_ENTERED) {
		*changed = IN_CALL;
	} else if (event->kind == DS_EV_CALL_LEFT) {
		at_return(checks, event);
		*changed = 0;
	} else if (*changed) {
		*changed |= change_of(event);
	}
}

const struct ds_property ds_clean_failure = {
	.name = "CLEAN_FAILURE",
	.sentence = "An error return leaves size, extents and data as they "
		    "were, or as the profile's kernel is known to leave them.",
	.reads = "the task's own changes, when a call returns",
	.events = UINT32_C(1) << DS_EV_CALL_ENTERED |
		  UINT32_C(1) << DS_EV_CALL_LEFT |
		  UINT32_C(1) << DS_EV_SIZE_CHANGED |
		  UINT32_C(1) << DS_EV_EXTENTS_CHANGED |
		  UINT32_C(1) << DS_EV_PUT_BYTES,
	.parallel_events = UINT32_C(1) << DS_EV_CALL_ENTERED |
			   UINT32_C(1) << DS_EV_CALL_LEFT |
			   UINT32_C(1) << DS_EV_SIZE_CHANGED |
			   UINT32_C(1) << DS_EV_EXTENTS_CHANGED |
			   UINT32_C(1) << DS_EV_PUT_BYTES,
	.event = look,
};
