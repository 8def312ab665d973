/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DAXSIM_CREW_H
#define DAXSIM_CREW_H

/*
 * The same scenario several times over, each with memory of its own, for a
 * search that several threads share.
 */
#include "cli.h"
#include "race/program.h"
#include "workers.h"

struct cli_crew {
	unsigned int n;
	struct ds_region *regions[CLI_JOBS_MAX];
	struct ds_program *programs[CLI_JOBS_MAX];
	struct ds_world *worlds[CLI_JOBS_MAX];
};

/*
 * Makes @n programs; @options->region is filled in here. Return: an exit code;
 * anything but EXIT_AS_ASKED was told, and nothing is left to free.
 */
int cli_crew_new(const char *verb, const struct cli_region *region,
		 const struct ds_scenario *scenario,
		 struct ds_program_options options, unsigned int n,
		 struct cli_crew *ret_crew);

void cli_crew_free(struct cli_crew *crew);

#endif
