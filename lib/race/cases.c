// SPDX-License-Identifier: LGPL-2.1-or-later
#include "race/cases.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "fs/profiles.h"
#include "race/builtin.h"
#include "race/program.h"

int ds_case_scenario(const struct ds_case *what,
		     struct ds_scenario *ret_scenario, char *ret_why,
		     size_t why_size)
{
	if (ds_profile_find(what->fs) &&
	    ds_builtin_find(what->scenario, ret_scenario) == 0)
		return 0;
	snprintf(ret_why, why_size, "%s on %s: there is none", what->scenario,
		 what->fs);
	return -EINVAL;
}

int ds_case_search(const struct ds_case *what, enum ds_rule broken,
		   const struct ds_search_options *options,
		   struct ds_region *region,
		   struct ds_search_result *ret_result, char *ret_why,
		   size_t why_size)
{
	struct ds_program_options how = {
		.profile = ds_profile_find(what->fs),
		.region = region,
		.turns = DS_TURNS_FIBER,
		.checked = true,
		.used = true,
		.broken = broken,
	};
	struct ds_scenario scenario;
	struct ds_program *program;
	int r;

	r = ds_case_scenario(what, &scenario, ret_why, why_size);
	if (r == 0)
		r = ds_program_new(&scenario, &how, &program, ret_why,
				   why_size);
	if (r < 0)
		return r;
	r = ds_search_run(ds_program_world(program), options, ret_result);
	if (r < 0)
		snprintf(ret_why, why_size, "%s: the search is void: %s",
			 what->scenario, strerror(-r));
	ds_program_free(program);
	if (r == 0 && ret_result->end == DS_END_INTERRUPTED) {
		ds_search_result_free(ret_result);
		return -EINTR;
	}
	return r;
}

void ds_case_command(const struct ds_case *what, char *ret, size_t size)
{
	const char *mutation =
		what->broken ? ds_rule_text(what->broken)->mutation : "";

	snprintf(ret, size, "daxsim explore %s --fs %s%s%s%s", what->scenario,
		 what->fs, *mutation ? " --mutate " : "", mutation,
		 what->kind == DS_SEARCH_STATES ? " --strategy states" : "");
}
