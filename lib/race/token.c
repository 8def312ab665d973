// SPDX-License-Identifier: LGPL-2.1-or-later
#include "race/token.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FORMAT "ds1"

static uint32_t checksum(const char *scenario, const char *fs,
			 enum ds_rule broken,
			 const struct ds_schedule *schedule, uint32_t hash)
{
	const char *mutation = broken ? ds_rule_text(broken)->mutation : "";
	uint64_t sum = hash;
	size_t i;

	for (; *scenario; scenario++)
		sum = ds_hash_step(sum, (unsigned char)*scenario);
	for (sum = ds_hash_step(sum, 0); *fs; fs++)
		sum = ds_hash_step(sum, (unsigned char)*fs);
	for (; *mutation; mutation++)
		sum = ds_hash_step(sum, (unsigned char)*mutation);
	sum = ds_hash_step(sum, schedule->n);
	for (i = 0; i < schedule->n; i++)
		sum = ds_hash_step(sum, schedule->tasks[i]);
	return (uint32_t)sum;
}

/* Writes @name with what would end a token's part as %XX. Return: length. */
static size_t encode(char *to, size_t size, const char *name)
{
	size_t n = 0;

	for (; *name; name++) {
		unsigned char c = (unsigned char)*name;

		if (c > ' ' && c < 0x7f && !strchr(":%'\"\\$", c))
			to[n++] = (char)c;
		else
			n += (size_t)snprintf(to + n, size - n, "%%%02X", c);
	}
	return n;
}

/* Undoes encode() in place; bad escapes stay as they are. */
static void decode(char *name)
{
	char *to = name;
	unsigned int c;

	while (*name) {
		if (*name == '%' && isxdigit((unsigned char)name[1]) &&
		    isxdigit((unsigned char)name[2]) &&
		    sscanf(name + 1, "%2x", &c) == 1 && c) {
			*to++ = (char)c;
			name += 3;
		} else {
			*to++ = *name++;
		}
	}
	*to = '\0';
}

char *ds_token_format(const char *scenario, uint32_t scenario_hash,
		      const char *fs, enum ds_rule broken,
		      const struct ds_schedule *schedule)
{
	const char *mutation = broken ? ds_rule_text(broken)->mutation : "";
	/* A run of one letter takes at most a letter and a long number. */
	size_t size = 3 * strlen(scenario) + strlen(fs) + strlen(mutation) +
		      32 + 12 * schedule->n;
	char *text = malloc(size);
	size_t n, i, run;

	if (!text)
		return NULL;
	n = (size_t)snprintf(text, size, FORMAT ":");
	n += encode(text + n, size - n, scenario);
	n += (size_t)snprintf(text + n, size - n, ":%s%s%s:", fs,
			      broken ? "+" : "", mutation);
	for (i = 0; i < schedule->n; i += run) {
		unsigned char task = schedule->tasks[i];

		for (run = 1; i + run < schedule->n; run++)
			if (schedule->tasks[i + run] != task)
				break;
		text[n++] = (char)('a' + task);
		if (run > 1)
			n += (size_t)snprintf(text + n, size - n, "%zu", run);
	}
	snprintf(text + n, size - n, ":%08x",
		 checksum(scenario, fs, broken, schedule, scenario_hash));
	return text;
}

uint64_t ds_token_add_name(uint64_t hash, const char *name)
{
	size_t at;

	for (at = 0; at <= strlen(name); at++)
		hash = ds_hash_step(hash, (unsigned char)name[at]);
	return hash;
}

static int parse_steps(const char *text, struct ds_schedule *schedule)
{
	while (*text) {
		unsigned int task = (unsigned int)(*text - 'a');
		unsigned long run = 1;
		char *end;

		if (*text < 'a' || task >= DS_TASKS_MAX)
			return -EINVAL;
		text++;
		if (*text >= '0' && *text <= '9') {
			run = strtoul(text, &end, 10);
			text = end;
		}
		if (run == 0 || run > 1000000 || schedule->n > 10000000)
			return -EINVAL;
		while (run--)
			if (ds_schedule_append(schedule, task) < 0)
				return -ENOMEM;
	}
	return 0;
}

/* Cuts @text at its colons into exactly five parts. */
static bool split(char *text, char *parts[5])
{
	unsigned int n = 0;

	parts[n++] = text;
	for (; *text; text++) {
		if (*text != ':')
			continue;
		if (n == 5)
			return false;
		*text = '\0';
		parts[n++] = text + 1;
	}
	return n == 5;
}

/* "ext4-4.19" or "ext4-4.19+no-pte-recheck". */
static int parse_fs(char *part, struct ds_token *token, char *why,
		    size_t why_size)
{
	char *mutation = strchr(part, '+');

	if (mutation) {
		*mutation++ = '\0';
		token->broken = ds_mutation_find(mutation);
	}
	if (mutation && !token->broken) {
		snprintf(why, why_size, "token: there is no mutation '%.40s'",
			 mutation);
		return -EINVAL;
	}
	if (strlen(part) >= sizeof(token->fs)) {
		snprintf(why, why_size, "token: the names in it are too long");
		return -EINVAL;
	}
	strcpy(token->fs, part);
	return 0;
}

static int parse_parts(char *parts[5], struct ds_token *token, char *why,
		       size_t why_size)
{
	int r;

	if (strlen(parts[1]) >= sizeof(token->scenario)) {
		snprintf(why, why_size, "token: the names in it are too long");
		return -EINVAL;
	}
	strcpy(token->scenario, parts[1]);
	decode(token->scenario);
	r = parse_fs(parts[2], token, why, why_size);
	if (r < 0)
		return r;
	r = parse_steps(parts[3], &token->schedule);
	if (r == -EINVAL)
		snprintf(why, why_size,
			 "token: expected steps such as a12b3 in its fourth "
			 "part");
	if (r < 0)
		return r;
	token->check = (uint32_t)strtoul(parts[4], NULL, 16);
	if (strlen(parts[4]) != 8 ||
	    strspn(parts[4], "0123456789abcdef") != 8) {
		snprintf(why, why_size,
			 "token: expected a checksum of 8 hex digits at its "
			 "end; it may be cut off");
		return -EINVAL;
	}
	return 0;
}

int ds_token_parse(const char *text, struct ds_token *ret_token, char *ret_why,
		   size_t why_size)
{
	char *parts[5];
	char *copy;
	int r = -EINVAL;

	memset(ret_token, 0, sizeof(*ret_token));
	snprintf(ret_why, why_size, "out of memory");
	copy = strdup(text);
	if (!copy)
		return -ENOMEM;
	copy[strcspn(copy, " \t\r\n")] = '\0';
	if (strncmp(copy, "ds", 2) != 0 || !split(copy, parts))
		snprintf(ret_why, why_size,
			 "token: expected " FORMAT ":SCENARIO:FS:STEPS:CHECK");
	else if (strcmp(parts[0], FORMAT) != 0)
		snprintf(ret_why, why_size,
			 "token: made by another version (%.8s); this one "
			 "reads " FORMAT,
			 parts[0]);
	else
		r = parse_parts(parts, ret_token, ret_why, why_size);
	free(copy);
	if (r < 0)
		ds_token_free(ret_token);
	return r;
}

bool ds_token_fits(const struct ds_token *token, uint32_t scenario_hash)
{
	return token->check == checksum(token->scenario, token->fs,
					token->broken, &token->schedule,
					scenario_hash);
}

void ds_token_free(struct ds_token *token)
{
	ds_schedule_free(&token->schedule);
}
