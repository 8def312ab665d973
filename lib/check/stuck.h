/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DS_CHECK_STUCK_H
#define DS_CHECK_STUCK_H

/*
 * Why a run that ended with tasks left is stuck: asleep although what they wait
 * for is true (a wake-up was lost), or waiting for each other.
 */
#include "check/check.h"

/* Whether the condition that the sleeping @task waits for is true. */
bool ds_stuck_condition_holds(const struct ds_checks *checks,
			      const struct ds_task *task);

/* What @task sleeps on, and who could let it go on. */
void ds_stuck_describe(const struct ds_checks *checks,
		       const struct ds_task *task, char *ret_text, size_t size);

#endif
