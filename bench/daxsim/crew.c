// SPDX-License-Identifier: LGPL-2.1-or-later
#include "crew.h"

#include <errno.h>

static int add(const char *verb, const struct cli_region *region,
	       const struct ds_scenario *scenario,
	       struct ds_program_options *options, struct cli_crew *crew)
{
	unsigned int i = crew->n;
	char why[512];
	int code, r;

	code = cli_region_open(region, verb, &crew->regions[i]);
	if (code != EXIT_AS_ASKED)
		return code;
	options->region = crew->regions[i];
	r = ds_program_new(scenario, options, &crew->programs[i], why,
			   sizeof(why));
	if (r < 0) {
		cli_error(verb, "%s", why);
		ds_region_close(crew->regions[i]);
		return r == -EINVAL ? EXIT_USAGE : EXIT_INTERNAL;
	}
	crew->worlds[i] = ds_program_world(crew->programs[i]);
	crew->n++;
	return EXIT_AS_ASKED;
}

int cli_crew_new(const char *verb, const struct cli_region *region,
		 const struct ds_scenario *scenario,
		 struct ds_program_options options, unsigned int n,
		 struct cli_crew *ret_crew)
{
	int code = EXIT_AS_ASKED;

	ret_crew->n = 0;
	while (ret_crew->n < n && code == EXIT_AS_ASKED)
		code = add(verb, region, scenario, &options, ret_crew);
	if (code != EXIT_AS_ASKED)
		cli_crew_free(ret_crew);
	return code;
}

void cli_crew_free(struct cli_crew *crew)
{
	while (crew->n > 0) {
		crew->n--;
		ds_program_free(crew->programs[crew->n]);
		ds_region_close(crew->regions[crew->n]);
	}
}
