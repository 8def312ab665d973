/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DAXSIM_SHARD_H
#define DAXSIM_SHARD_H

/*
 * One shard of a question that several processes or machines answer together.
 *
 * Who belongs where is a function of the question alone: every machine deals
 * the same way, and each item is in exactly one shard.
 *
 * Named items (cells, mutants) are put in order, those known to cost more first
 * and else by a hash of their names, and dealt out in turn: the sizes of shards
 * differ by one at most, and neighbours, which cost about the same, are spread.
 * Runs of a random search are numbered from 0, and run r is of shard
 * r mod N + 1.
 *
 * A shard's JSON ends in
 *
 *	"shard": {"k": 2, "n": 7, "of": "0123456789abcdef", "exit": 0,
 *		  "total": 120, "items": [3, 17]}
 *
 * of: a hash of everything that the question says; exit: the shard's exit code;
 * total and items: how many items there are in all shards, and which ones these
 * are (absent for runs). `daxsim merge` makes one document of them again.
 */
#include "cli.h"

/* Number @k of @n, from 1; n == 0: everything, not a shard. */
struct cli_shard {
	uint64_t k, n;
};

#define CLI_SHARDS_MAX 65536

/* The value of --shard, "K/N". Return: whether it is one; else says so. */
bool cli_shard_parse(const char *verb, const char *text, struct cli_shard *ret);

/* The key of an item with this name; of higher @cost go before all others. */
uint64_t cli_shard_key(const char *name, uint8_t cost);

/* Whether item @i of @n with these @keys is of @shard. */
bool cli_shard_has(const struct cli_shard *shard, const uint64_t *keys,
		   size_t n, size_t i);

/* How many of runs 0 to @n - 1 are of @shard. */
uint64_t cli_shard_runs(const struct cli_shard *shard, uint64_t n);

/*
 * The hash of a question, built up from what it says: begin with the verb.
 * Numbers and texts (NULL: not said) are told apart.
 */
uint64_t cli_asked(const char *verb);
uint64_t cli_asked_text(uint64_t asked, const char *text);
uint64_t cli_asked_number(uint64_t asked, uint64_t number);
uint64_t cli_asked_mutation(uint64_t asked, enum ds_rule broken);

/*
 * Writes the "shard" member, and closes it. Nothing if @shard is everything.
 * @items: their numbers; NULL when the work has no items.
 */
void cli_shard_json(struct cli_json *json, const struct cli_shard *shard,
		    uint64_t asked, int code, const size_t *items, size_t n,
		    size_t total);

#endif
