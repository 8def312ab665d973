/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DAXSIM_MERGE_H
#define DAXSIM_MERGE_H

/*
 * The documents of shards: read by merge_read.c, checked to belong together and
 * joined by merge.c, member by member, as merge_join.c knows.
 */
/* Its type json_bool, an int, would hide the function of that name here. */
#define json_bool json_c_bool
#include <json.h>
#undef json_bool

#include "cli.h"

/* The document of one shard. */
struct merge_part {
	const char *from; /* the file it was in */
	struct json_object *root;
	const char *verb;
	uint64_t k, n;
	const char *of;
	uint64_t exit;
	uint64_t total; /* items of all shards; 0: none are counted */
	struct json_object *items; /* numbers of these, NULL: none */
};

struct merge_parts {
	struct merge_part *parts;
	size_t n, max;
};

/* Reads the documents in file @path ("-": stdin). Return: an exit code. */
int merge_read(struct merge_parts *parts, const char *path);

void merge_free(struct merge_parts *parts);

/* Whether shards of this verb can be joined. */
bool merge_knows(const char *verb);

/*
 * Writes the document that the whole question would have had, of parts that
 * belong together and are all there, in order. Return: an exit code; then it
 * said what is wrong, and what it wrote is worth nothing.
 */
int merge_join(const struct merge_parts *parts, FILE *out);

/* A member of @object that is a number from 0. Return: whether it is one. */
bool merge_number(struct json_object *object, const char *key, uint64_t *ret);

#endif
