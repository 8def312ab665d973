// SPDX-License-Identifier: LGPL-2.1-or-later
#include <string.h>

#include "cli.h"

/* Stands in for the verb where json-c is missing. */
int daxsim_verb_compare(int argc, char **argv)
{
	if (argc > 1 && strcmp(argv[1], "--help") == 0) {
		puts("usage: daxsim compare [OPTION]... A B\n"
		     "\nNot available: built without json-c.");
		return EXIT_AS_ASKED;
	}
	cli_error("compare", "built without json-c, cannot read results");
	return EXIT_SKIPPED;
}
