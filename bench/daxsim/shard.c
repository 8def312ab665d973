// SPDX-License-Identifier: LGPL-2.1-or-later
#include "shard.h"

#include <stdlib.h>

#include "core/prng.h"
#include "version.h"

bool cli_shard_parse(const char *verb, const char *text, struct cli_shard *ret)
{
	unsigned long k, n;
	char *end;

	if (*text >= '0' && *text <= '9') {
		k = strtoul(text, &end, 10);
		if (*end == '/' && end[1] >= '0' && end[1] <= '9') {
			n = strtoul(end + 1, &end, 10);
			*ret = (struct cli_shard){k, n};
			if (!*end && k >= 1 && k <= n && n <= CLI_SHARDS_MAX)
				return true;
		}
	}
	cli_error(verb,
		  "--shard: expected K/N with 1 <= K <= N <= %d, not '%s'",
		  CLI_SHARDS_MAX, text);
	return false;
}

uint64_t cli_shard_key(const char *name, uint8_t cost)
{
	uint64_t key = 0;

	for (; *name; name++)
		key = ds_hash_step(key, (unsigned char)*name);
	return (uint64_t)(UINT8_MAX - cost) << 56 | key >> 8;
}

bool cli_shard_has(const struct cli_shard *shard, const uint64_t *keys,
		   size_t n, size_t i)
{
	uint64_t before = 0;
	size_t j;

	if (!shard->n)
		return true;
	for (j = 0; j < n; j++)
		before += keys[j] < keys[i] || (keys[j] == keys[i] && j < i);
	return before % shard->n == shard->k - 1;
}

uint64_t cli_shard_runs(const struct cli_shard *shard, uint64_t n)
{
	if (!shard->n)
		return n;
	return n / shard->n + (n % shard->n >= shard->k);
}

uint64_t cli_asked_text(uint64_t asked, const char *text)
{
	uint64_t n = 0;

	if (!text)
		return ds_hash_step(asked, UINT64_MAX);
	for (; *text; text++, n++)
		asked = ds_hash_step(asked, (unsigned char)*text);
	return ds_hash_step(asked, n);
}

uint64_t cli_asked_number(uint64_t asked, uint64_t number)
{
	return ds_hash_step(asked, number);
}

uint64_t cli_asked_mutation(uint64_t asked, enum ds_rule broken)
{
	return cli_asked_text(asked,
			      broken ? ds_rule_text(broken)->mutation : NULL);
}

/* Another version may mean something else by the same words. */
uint64_t cli_asked(const char *verb)
{
	return cli_asked_text(cli_asked_text(0, DAXSIM_VERSION), verb);
}

void cli_shard_json(struct cli_json *json, const struct cli_shard *shard,
		    uint64_t asked, int code, const size_t *items, size_t n,
		    size_t total)
{
	char of[17];
	size_t i;

	if (!shard->n)
		return;
	snprintf(of, sizeof(of), "%016llx", (unsigned long long)asked);
	json_open(json, "shard", '{');
	json_number(json, "k", shard->k);
	json_number(json, "n", shard->n);
	json_string(json, "of", of);
	json_number(json, "exit", (uint64_t)code);
	if (items) {
		json_number(json, "total", total);
		json_open(json, "items", '[');
		for (i = 0; i < n; i++)
			json_number(json, NULL, items[i]);
		json_close(json, ']');
	}
	json_close(json, '}');
}
