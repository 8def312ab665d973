/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DAXSIM_SHRINK_H
#define DAXSIM_SHRINK_H

/*
 * explore --shrink: the counterexample made small, behind the search.
 */
#include "loud.h"

/* What tokens of a small scenario name when it went into no file. */
#define SHRUNK_NAME "shrunk.scn"

struct cli_shrink {
	const char *verb;
	const struct ds_scenario *scenario;
	struct ds_program_options program;
	enum ds_property_id property;
	const char *file; /* for the scenario too, or NULL */
	const struct cli_loud *loud;
};

/*
 * Shrinks and prints: as text, or as a member of @json if that is not NULL.
 * No program may be alive on the region. Return: an exit code.
 */
int cli_shrink(const struct cli_shrink *shrink, struct cli_json *json);

#endif
