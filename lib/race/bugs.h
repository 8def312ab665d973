/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DS_RACE_BUGS_H
#define DS_RACE_BUGS_H

/*
 * The gallery: races and faults of real kernels, and questions about today's,
 * each with a case that shows it and one that does not.
 */
#include "core/warning.h"
#include "race/cases.h"

enum ds_bug_status {
	DS_BUG_KNOWN,     /* fixed, reported, or seen on a kernel */
	DS_BUG_PLAUSIBLE, /* a question: nobody has reported it */
	DS_BUG_NO_KERNEL, /* an order that no kernel has, as a warning */
};

struct ds_bug {
	const char *id; /* "R3" */
	const char *name;
	enum ds_bug_status status;
	const char *story;
	const char *cites;    /* what fixed, reported or showed it, or NULL */
	struct ds_case shown; /* no scenario: the model does not show it */
	enum ds_property_id property; /* that breaks there */
	struct ds_case absent; /* where every property holds, if anywhere */
	/*
	 * Of a question: what the model says, and under which assumption. Of
	 * what is not shown: why.
	 */
	const char *answer;
};

/* Number @i, NULL after the last. */
const struct ds_bug *ds_bug_at(unsigned int i);

/* "known", "plausible", "no kernel" */
const char *ds_bug_status_name(enum ds_bug_status status);

/*
 * Where a kernel raises @warning (enum ds_warning). No scenario: nowhere in the
 * model, for the reason that ds_warning_text() tells.
 */
const struct ds_case *ds_warning_case(unsigned int warning);

#endif
