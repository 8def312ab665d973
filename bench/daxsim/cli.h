/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DAXSIM_CLI_H
#define DAXSIM_CLI_H

/*
 * What the verbs of the daxsim command share: exit codes, options, the region
 * to work on, scenarios by name, and JSON.
 */
#include <getopt.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "pmem/region.h"
#include "race/scenario.h"
#include "race/search.h"

enum {
	EXIT_AS_ASKED = 0,
	EXIT_UNEXPECTED =
		1, /* a property broke, a verdict is not as expected */
	EXIT_USAGE = 2,
	EXIT_REFUSED = 3,    /* for safety, or an unfit device */
	EXIT_BUDGET = 4,     /* ended before the asked completeness */
	EXIT_DIVERGED = 5,   /* a replay diverged, or nondeterminism */
	EXIT_REGRESSION = 6, /* compare found one */
	EXIT_SKIPPED = 77,
	EXIT_INTERNAL = 99,
	EXIT_INTERRUPTED = 130,
};

/* One file per verb. */
int daxsim_verb_bench(int argc, char **argv);
int daxsim_verb_compare(int argc, char **argv);
int daxsim_verb_conform(int argc, char **argv);
int daxsim_verb_devices(int argc, char **argv);
int daxsim_verb_explore(int argc, char **argv);
int daxsim_verb_list(int argc, char **argv);
int daxsim_verb_merge(int argc, char **argv);
int daxsim_verb_mutate(int argc, char **argv);
int daxsim_verb_prove(int argc, char **argv);
int daxsim_verb_replay(int argc, char **argv);
int daxsim_verb_spec(int argc, char **argv);

/* Prints "daxsim VERB: ..." on stderr. */
void cli_error(const char *verb, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* ------------------------------- Options ---------------------------------- */

/*
 * As getopt_long() with long options only, but with one clear line for what is
 * wrong; returns '?' then. @verb is for that line.
 */
int cli_getopt(const char *verb, int argc, char **argv,
	       const struct option *options);

/*
 * Takes all options: @help on --help ('h'), @take for each other one, which
 * returns whether it is well. Return: an exit code, or -1 to go on with the
 * arguments from optind on.
 */
int cli_options(const char *verb, int argc, char **argv,
		const struct option *options, void (*help)(void),
		bool (*take)(void *args, int c), void *args);

/* Seconds, to measure by. */
double cli_now(void);

/* A number in @text. Return: whether it is one; else says so. */
bool cli_number(const char *verb, const char *option, const char *text,
		uint64_t *ret);

/* A size in @text, "4K" and so on. */
bool cli_size(const char *verb, const char *option, const char *text,
	      uint64_t *ret);

/* How tasks take turns: "fiber", "baton" or "free". */
bool cli_turns(const char *verb, const char *text, enum ds_turns *ret);

/* The rule that the mutation called @text breaks. */
bool cli_mutation(const char *verb, const char *text, enum ds_rule *ret);

/* The profile called @name; says so if there is none. */
const struct ds_fs_profile *cli_profile(const char *verb, const char *name);

/* -------------------------------- Region ---------------------------------- */

/* What says which memory to work on, the same for every verb. */
struct cli_region {
	const char *device;
	uint64_t offset, size;
	uint64_t at_most; /* of a device without a @size; 0: the default */
	bool destroy;
	const char *overwrite;
};

/* Long options for a table of options, and what to do when one is seen. */
#define CLI_REGION_OPTIONS                                                     \
	{"device", required_argument, NULL, 'D'},                              \
		{"offset", required_argument, NULL, 'O'},                      \
		{"size", required_argument, NULL, 'S'},                        \
		{"device-destroys-data", no_argument, NULL, 'X'},              \
	{                                                                      \
		"overwrite", required_argument, NULL, 'W'                      \
	}

#define CLI_REGION_HELP                                                        \
	"  --device PATH           use this file or /dev/daxX.Y, not a "       \
	"memfd\n"                                                              \
	"  --device-destroys-data  agree that what is on it is lost\n"         \
	"  --overwrite SIGNATURE   ... even if it holds this signature\n"      \
	"  --offset BYTES          leave that much of it alone at its start\n" \
	"  --size BYTES            use that much of it (default 4M)\n"

/* Return: whether @c was one of the options; *ret_bad if its value is bad. */
bool cli_region_option(struct cli_region *region, const char *verb, int c,
		       bool *ret_bad);

/* Opens the region. Return: an exit code. */
int cli_region_open(const struct cli_region *options, const char *verb,
		    struct ds_region **ret_region);

/* ------------------------------- Scenarios -------------------------------- */

/*
 * Reads the scenario file @path, or the scenario of the program called so.
 * Return: an exit code.
 */
int cli_scenario(const char *verb, const char *path,
		 struct ds_scenario *ret_scenario);

/* Whole contents of a file, to be freed; NULL with errno set. */
char *cli_read_file(const char *path, size_t limit);

/* ------------------------------ Interruption ------------------------------ */

/* From now on SIGINT only sets what cli_interrupted() tells any thread. */
void cli_catch_interrupt(void);
bool cli_interrupted(void);

/* --------------------------------- JSON ----------------------------------- */

/* Writes one valid document, byte for byte the same for the same calls. */
struct cli_json {
	FILE *out;
	unsigned int depth;
	bool more[16]; /* per depth: something was written before */
};

void json_begin(struct cli_json *json, FILE *out);
void json_end(struct cli_json *json);
/* @key: NULL inside an array. */
void json_open(struct cli_json *json, const char *key, char bracket);
void json_close(struct cli_json *json, char bracket);
void json_string(struct cli_json *json, const char *key, const char *value);
void json_number(struct cli_json *json, const char *key, uint64_t value);
void json_real(struct cli_json *json, const char *key, double value);
void json_bool(struct cli_json *json, const char *key, bool value);
/* @text: a number as it was read. */
void json_raw(struct cli_json *json, const char *key, const char *text);
/* The names of the properties in @broken, as an array. */
void json_properties(struct cli_json *json, const char *key, uint32_t broken);
/* The kernel warnings in @warned ("W1"), as an array. */
void json_warnings(struct cli_json *json, const char *key, uint32_t warned);

#endif
