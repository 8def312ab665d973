// SPDX-License-Identifier: LGPL-2.1-or-later
#include <string.h>

#include "cli.h"

/* Stands in for the verb where json-c is missing. */
int daxsim_verb_conform(int argc, char **argv)
{
	if (argc > 1 && strcmp(argv[1], "--help") == 0) {
		puts("usage: daxsim conform FILE... --fs PROFILE [OPTION]...\n"
		     "\nNot available: built without json-c.");
		return EXIT_AS_ASKED;
	}
	cli_error("conform", "built without json-c, cannot read recordings");
	return EXIT_SKIPPED;
}
