/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DAXSIM_EXPORT_H
#define DAXSIM_EXPORT_H

/*
 * replay --export: a run as others keep it.
 */
#include "loud.h"

enum cli_export_form {
	EXPORT_NOTHING,
	EXPORT_SWITCHES, /* a race file */
	EXPORT_CMOCKA,   /* a test in C */
	EXPORT_COMMENT,  /* a comment for kernel sources */
};

struct cli_export {
	enum cli_export_form form;
	const char *expect; /* "breaks", "holds", or NULL: as it is */
	const struct ds_fs_profile *profile; /* to test; NULL: the run's own */
};

#define CLI_EXPORT_OPTIONS                                                     \
	{"export", required_argument, NULL, 'E'},                              \
		{"expect", required_argument, NULL, 'H'},                      \
	{                                                                      \
		"fs", required_argument, NULL, 'f'                             \
	}

#define CLI_EXPORT_HELP                                                        \
	"  --export FORM           only print the run: as switches (a race "   \
	"file), comment\n"                                                     \
	"                          (for kernel sources) or cmocka (a test "    \
	"for libdaxsim)\n"                                                     \
	"  --expect breaks|holds   cmocka: what it asserts (default: what "    \
	"the "                                                                 \
	"run did)\n"                                                           \
	"  --fs PROFILE            cmocka: test this one, by trying every "    \
	"interleaving\n"

/* Return: whether @c was one of the options; *ret_bad if its value is bad. */
bool cli_export_option(struct cli_export *export, const char *verb, int c,
		       bool *ret_bad);

/* Prints the run just made. Return: an exit code. */
int cli_export(const struct cli_export *export, const char *verb,
	       const struct cli_loud *loud, const struct cli_run *run);

#endif
