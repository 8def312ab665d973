// SPDX-License-Identifier: LGPL-2.1-or-later
#include "merge.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const char verb[] = "merge";

/* Of names that are joined. */
#define NAMES_SIZE 512

struct join {
	const struct merge_parts *parts;
	const char *key;
	struct cli_json json;
	const char *why; /* what is wrong with the member, NULL: nothing */
};

/* What a member of the document is made of, in all parts: */
typedef void (*join_fn)(struct join *join);

/* The member in part @p; NULL also for null. */
static struct json_object *member(const struct join *join, size_t p)
{
	struct json_object *value = NULL;

	json_object_object_get_ex(join->parts->parts[p].root, join->key,
				  &value);
	return value;
}

/* ------------------------------ As they were ------------------------------ */

static void copy_members(struct cli_json *json, struct json_object *object);

/* Writes it as the command wrote it. */
static void copy(struct cli_json *json, const char *key,
		 struct json_object *value)
{
	size_t i;

	switch (json_object_get_type(value)) {
	case json_type_null:
		json_string(json, key, NULL);
		break;
	case json_type_boolean:
		json_bool(json, key, json_object_get_boolean(value));
		break;
	case json_type_string:
		json_string(json, key, json_object_get_string(value));
		break;
	case json_type_array:
		json_open(json, key, '[');
		for (i = 0; i < json_object_array_length(value); i++)
			copy(json, NULL, json_object_array_get_idx(value, i));
		json_close(json, ']');
		break;
	case json_type_object:
		json_open(json, key, '{');
		copy_members(json, value);
		json_close(json, '}');
		break;
	default:
		json_raw(json, key, json_object_to_json_string(value));
	}
}

static void copy_members(struct cli_json *json, struct json_object *object)
{
	struct json_object_iterator at = json_object_iter_begin(object);
	struct json_object_iterator end = json_object_iter_end(object);

	for (; !json_object_iter_equal(&at, &end); json_object_iter_next(&at))
		copy(json, json_object_iter_peek_name(&at),
		     json_object_iter_peek_value(&at));
}

/* --------------------------------- Rules ---------------------------------- */

/* The same in every part: it belongs to the question. */
static void join_same(struct join *join)
{
	struct json_object *first = member(join, 0);
	size_t p;

	for (p = 1; p < join->parts->n; p++)
		if (!json_object_equal(member(join, p), first))
			join->why = "is not the same in all shards";
	copy(&join->json, join->key, first);
}

/* Machines may differ: each name once, in the order of the shards. */
static void join_names(struct join *join)
{
	char names[NAMES_SIZE] = "";
	size_t p, q, n = 0;

	for (p = 0; p < join->parts->n; p++) {
		const char *name = json_object_get_string(member(join, p));

		for (q = 0; q < p; q++)
			if (json_object_equal(member(join, q), member(join, p)))
				break;
		if (q == p && name && n < sizeof(names))
			n += (size_t)snprintf(names + n, sizeof(names) - n,
					      "%s%s", n ? "," : "", name);
	}
	json_string(&join->json, join->key, names);
}

static void join_sum(struct join *join)
{
	const struct merge_part *parts = join->parts->parts;
	uint64_t sum = 0, number;
	size_t p;

	for (p = 0; p < join->parts->n; p++) {
		if (!merge_number(parts[p].root, join->key, &number))
			join->why = "is no number";
		else
			sum += number;
	}
	json_number(&join->json, join->key, sum);
}

static void join_seconds(struct join *join)
{
	double sum = 0;
	size_t p;

	for (p = 0; p < join->parts->n; p++)
		sum += json_object_get_double(member(join, p));
	json_real(&join->json, join->key, sum);
}

static void join_most(struct join *join)
{
	const struct merge_part *parts = join->parts->parts;
	uint64_t most = 0, number;
	size_t p;

	for (p = 0; p < join->parts->n; p++) {
		if (!merge_number(parts[p].root, join->key, &number))
			join->why = "is no number";
		else if (number > most)
			most = number;
	}
	json_number(&join->json, join->key, most);
}

/* The list in part @p, or NULL. */
static struct json_object *list(struct join *join, size_t p)
{
	struct json_object *value = member(join, p);

	if (json_object_is_type(value, json_type_array))
		return value;
	join->why = "is no list";
	return NULL;
}

static void join_warnings(struct join *join)
{
	uint32_t warned = 0;
	struct json_object *names;
	unsigned int number;
	size_t p, i;

	for (p = 0; p < join->parts->n; p++) {
		names = list(join, p);
		for (i = 0; names && i < json_object_array_length(names); i++) {
			const char *name = json_object_get_string(
				json_object_array_get_idx(names, i));

			if (name && sscanf(name, "W%u", &number) == 1 &&
			    number < 32)
				warned |= UINT32_C(1) << number;
			else
				join->why = "has a warning that is not known";
		}
	}
	json_warnings(&join->json, join->key, warned);
}

/* Puts the items of part @p where they belong. */
static void place_items(struct join *join, size_t p,
			struct json_object **places)
{
	const struct merge_part *part = &join->parts->parts[p];
	struct json_object *items = list(join, p);
	size_t i, n = items ? json_object_array_length(items) : 0;

	if (!part->items || n != json_object_array_length(part->items)) {
		join->why = "is not what \"shard\" counts";
		return;
	}
	for (i = 0; i < n; i++) {
		struct json_object *number =
			json_object_array_get_idx(part->items, i);
		int64_t place = json_object_get_int64(number);

		if (!json_object_is_type(number, json_type_int) || place < 0 ||
		    (uint64_t)place >= part->total || places[place])
			join->why = "has an item twice, or of elsewhere";
		else
			places[place] = json_object_array_get_idx(items, i);
	}
}

/* Each item is in one part, which says where it belongs. */
static void join_items(struct join *join)
{
	const struct merge_part *parts = join->parts->parts;
	struct json_object **places;
	size_t p, n = 0;
	uint64_t i;

	for (p = 0; p < join->parts->n; p++) {
		if (parts[p].total != parts[0].total)
			join->why = "has a total of its own in some shard";
		n += parts[p].items ? json_object_array_length(parts[p].items)
				    : 0;
	}
	if (n != parts[0].total)
		join->why = "is not whole: an item is of no shard";
	if (join->why)
		return;
	places = calloc(n + 1, sizeof(*places));
	if (!places) {
		join->why = strerror(ENOMEM);
		return;
	}
	for (p = 0; p < join->parts->n; p++)
		place_items(join, p, places);
	json_open(&join->json, join->key, '[');
	for (i = 0; i < n; i++)
		copy(&join->json, NULL, places[i]);
	json_close(&join->json, ']');
	free(places);
}

/* ------------------------------- Of explore ------------------------------- */

/* The finding about @property in part @p, or NULL. */
static struct json_object *finding_of(struct join *join, size_t p,
				      const char *property)
{
	struct json_object *findings = list(join, p);
	struct json_object *name;
	size_t i;

	for (i = 0; findings && i < json_object_array_length(findings); i++) {
		struct json_object *finding =
			json_object_array_get_idx(findings, i);

		if (json_object_object_get_ex(finding, "property", &name) &&
		    json_object_is_type(name, json_type_string) &&
		    strcmp(json_object_get_string(name), property) == 0)
			return finding;
	}
	return NULL;
}

/* Whether a search that made the runs of both would show @a, not @b. */
static bool is_shown(struct join *join, struct json_object *a,
		     struct json_object *b)
{
	uint64_t steps[2] = {0}, run[2] = {0};

	if (!merge_number(a, "of_steps", &steps[0]) ||
	    !merge_number(b, "of_steps", &steps[1]) ||
	    !merge_number(a, "shown_by_run", &run[0]) ||
	    !merge_number(b, "shown_by_run", &run[1]))
		join->why = "does not say which run shows it";
	return steps[0] < steps[1] || (steps[0] == steps[1] && run[0] < run[1]);
}

/* The shortest of all runs that show it, and how many do. */
static void join_finding(struct join *join, const char *property)
{
	struct json_object *shown = NULL;
	uint64_t runs = 0, more = 0;
	size_t p;

	for (p = 0; p < join->parts->n; p++) {
		struct json_object *finding = finding_of(join, p, property);

		if (!finding)
			continue;
		if (!merge_number(finding, "runs", &more))
			join->why = "does not say in how many runs";
		runs += more;
		if (!shown || is_shown(join, finding, shown))
			shown = finding;
	}
	if (!shown)
		return;
	json_object_object_add(shown, "runs",
			       json_object_new_int64((int64_t)runs));
	copy(&join->json, NULL, shown);
}

static void join_findings(struct join *join)
{
	unsigned int i;

	json_open(&join->json, join->key, '[');
	for (i = 0; i < DS_N_PROPERTIES; i++)
		join_finding(join, ds_property((enum ds_property_id)i)->name);
	json_close(&join->json, ']');
}

static bool ran_in_wait(struct json_object *call)
{
	struct json_object *ran;

	return json_object_object_get_ex(call, "ran_to_its_end", &ran) &&
	       json_object_get_boolean(ran);
}

/* A call ran to its end in a wait if it did in some shard. */
static void join_waits(struct join *join)
{
	struct json_object *first = list(join, 0), *other;
	size_t p, i, n = first ? json_object_array_length(first) : 0;

	for (p = 1; p < join->parts->n; p++) {
		other = list(join, p);
		if (!other || json_object_array_length(other) != n) {
			join->why = "has other calls in some shard";
			return;
		}
		for (i = 0; i < n; i++)
			if (json_object_is_type(json_object_array_get_idx(first,
									  i),
						json_type_object) &&
			    !ran_in_wait(json_object_array_get_idx(first, i)) &&
			    ran_in_wait(json_object_array_get_idx(other, i)))
				json_object_object_add(
					json_object_array_get_idx(first, i),
					"ran_to_its_end",
					json_object_new_boolean(true));
	}
	copy(&join->json, join->key, first);
}

/* -------------------------------- Documents ------------------------------- */

/* What is not named here belongs to the question: the same in all parts. */
static const struct {
	const char *verb, *key;
	join_fn join;
} rules[] = {
	{"prove", "region", join_names},
	{"prove", "flush", join_names},
	{"prove", "cells", join_items},
	{"mutate", "mutations", join_items},
	{"explore", "interleavings", join_sum},
	{"explore", "redundant", join_sum},
	{"explore", "steps", join_sum},
	{"explore", "max_depth", join_most},
	{"explore", "seconds", join_seconds},
	{"explore", "warnings", join_warnings},
	{"explore", "findings", join_findings},
	{"explore", "during_waits", join_waits},
};

#define N_RULES (sizeof(rules) / sizeof(rules[0]))

bool merge_knows(const char *of_verb)
{
	size_t i;

	for (i = 0; i < N_RULES; i++)
		if (strcmp(rules[i].verb, of_verb) == 0)
			return true;
	return false;
}

static join_fn rule_of(const char *of_verb, const char *key)
{
	size_t i;

	for (i = 0; i < N_RULES; i++)
		if (strcmp(rules[i].verb, of_verb) == 0 &&
		    strcmp(rules[i].key, key) == 0)
			return rules[i].join;
	return join_same;
}

/* Whether every part has the members that the first one has, and no other. */
static bool have_same_members(struct join *join)
{
	const struct merge_part *parts = join->parts->parts;
	struct json_object_iterator at = json_object_iter_begin(parts->root);
	struct json_object_iterator end = json_object_iter_end(parts->root);
	size_t p;

	for (p = 1; p < join->parts->n; p++)
		if (json_object_object_length(parts[p].root) !=
		    json_object_object_length(parts->root))
			return false;
	for (; !json_object_iter_equal(&at, &end); json_object_iter_next(&at))
		for (p = 1; p < join->parts->n; p++)
			if (!json_object_object_get_ex(
				    parts[p].root,
				    json_object_iter_peek_name(&at), NULL))
				return false;
	return true;
}

int merge_join(const struct merge_parts *parts, FILE *out)
{
	struct json_object *root = parts->parts->root;
	struct json_object_iterator at = json_object_iter_begin(root);
	struct json_object_iterator end = json_object_iter_end(root);
	struct join join = {.parts = parts};

	if (!have_same_members(&join)) {
		cli_error(verb, "the shards do not have the same members");
		return EXIT_USAGE;
	}
	json_begin(&join.json, out);
	for (; !json_object_iter_equal(&at, &end); json_object_iter_next(&at)) {
		join.key = json_object_iter_peek_name(&at);
		if (strcmp(join.key, "shard") != 0)
			rule_of(parts->parts->verb, join.key)(&join);
		if (!join.why)
			continue;
		cli_error(verb, "\"%s\" %s", join.key, join.why);
		return EXIT_USAGE;
	}
	json_end(&join.json);
	return EXIT_AS_ASKED;
}
