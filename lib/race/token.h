/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DS_RACE_TOKEN_H
#define DS_RACE_TOKEN_H

/*
 * A replay token: one interleaving of one scenario on one file system, as one
 * word that can be pasted into a shell.
 *
 *	ds1:SCENARIO:FS:STEPS:CHECK
 *
 * FS names a profile, and behind a '+' the mutation, if a rule was broken.
 * SCENARIO names a cell of the proof table (prove/punch/direct-2/fast) or is
 * the path of a scenario file, with signs that would not survive as %XX. STEPS
 *are runs of steps: "a12b3a" is task 0 for 12 steps, task 1 for 3, task 0 for
 *one. CHECK is a checksum over the rest and over what the scenario says.
 */
#include "race/scenario.h"
#include "race/search.h"

/* What tokens of programs that link the library name as their scenario. */
#define DS_TOKEN_API "api"

struct ds_token {
	char scenario[256];
	char fs[DS_SCN_NAME];
	enum ds_rule broken;
	struct ds_schedule schedule;
	uint32_t check;
};

/*
 * Writes the token for @schedule. @scenario_hash: of what the scenario says.
 * @broken: the rule that the tasks broke, or DS_RULE_NONE.
 * Return: it, to be freed; NULL when there is no memory.
 */
char *ds_token_format(const char *scenario, uint32_t scenario_hash,
		      const char *fs, enum ds_rule broken,
		      const struct ds_schedule *schedule);

/*
 * Adds the name of a task to the hash of what a program says, from 0: all that
 * is known of it is which tasks it has.
 */
uint64_t ds_token_add_name(uint64_t hash, const char *name);

/*
 * Reads a token. Return: 0; -EINVAL with one line in @ret_why; -ENOMEM.
 */
int ds_token_parse(const char *text, struct ds_token *ret_token, char *ret_why,
		   size_t why_size);

/* Whether @token was made for a scenario that says what this one says. */
bool ds_token_fits(const struct ds_token *token, uint32_t scenario_hash);

void ds_token_free(struct ds_token *token);

#endif
