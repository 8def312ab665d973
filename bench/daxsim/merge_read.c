// SPDX-License-Identifier: LGPL-2.1-or-later
#include "merge.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const char verb[] = "merge";

/* No document of the command is nested deeper, and cli_json cannot write it. */
#define DEPTH_MAX  12
#define SIZE_LIMIT (64u << 20)
#define BLANKS     " \t\r\n"

bool merge_number(struct json_object *object, const char *key, uint64_t *ret)
{
	struct json_object *value;

	if (!json_object_object_get_ex(object, key, &value) ||
	    !json_object_is_type(value, json_type_int) ||
	    json_object_get_int64(value) < 0)
		return false;
	*ret = (uint64_t)json_object_get_int64(value);
	return true;
}

/* A member that is a text, or NULL. */
static const char *text_of(struct json_object *object, const char *key)
{
	struct json_object *value;

	if (!json_object_object_get_ex(object, key, &value) ||
	    !json_object_is_type(value, json_type_string))
		return NULL;
	return json_object_get_string(value);
}

/* Items, if there are: all or none of what says which. */
static bool read_items(struct merge_part *part, struct json_object *shard)
{
	bool total = merge_number(shard, "total", &part->total);

	if (!json_object_object_get_ex(shard, "items", &part->items))
		return !total;
	return total && json_object_is_type(part->items, json_type_array);
}

/* Members are named in error lines: they are plain words. */
static bool has_plain_names(struct json_object *object)
{
	struct json_object_iterator at = json_object_iter_begin(object);
	struct json_object_iterator end = json_object_iter_end(object);

	for (; !json_object_iter_equal(&at, &end); json_object_iter_next(&at)) {
		const char *name = json_object_iter_peek_name(&at);

		if (name[strspn(name, "abcdefghijklmnopqrstuvwxyz_")])
			return false;
	}
	return true;
}

/* Takes what every shard says. Return: NULL, or what is wrong with it. */
static const char *read_part(struct merge_part *part)
{
	struct json_object *shard;
	uint64_t version;

	if (!json_object_is_type(part->root, json_type_object) ||
	    !has_plain_names(part->root))
		return "not a document of this command";
	part->verb = text_of(part->root, "verb");
	if (!part->verb ||
	    !merge_number(part->root, "schema_version", &version))
		return "not a document of this command";
	if (version != 1)
		return "its schema_version is not 1, the one known here";
	if (!json_object_object_get_ex(part->root, "shard", &shard))
		return "not a shard: it was made without --shard";
	if (!merge_knows(part->verb))
		return "of a verb that has no shards";
	part->of = text_of(shard, "of");
	if (!part->of || strspn(part->of, "0123456789abcdef") != 16 ||
	    part->of[16] || !merge_number(shard, "k", &part->k) ||
	    !merge_number(shard, "n", &part->n) ||
	    !merge_number(shard, "exit", &part->exit) ||
	    !read_items(part, shard) || part->k < 1 || part->k > part->n)
		return "its \"shard\" does not say which one it is";
	return NULL;
}

static int add_part(struct merge_parts *parts, const char *path,
		    struct json_object *root)
{
	struct merge_part *part = NULL;
	const char *why;

	if (parts->n == parts->max) {
		size_t max = parts->max ? 2 * parts->max : 16;

		part = realloc(parts->parts, max * sizeof(*part));
		if (!part) {
			json_object_put(root);
			cli_error(verb, "%s", strerror(ENOMEM));
			return EXIT_INTERNAL;
		}
		parts->parts = part;
		parts->max = max;
	}
	part = &parts->parts[parts->n++];
	*part = (struct merge_part){.from = path, .root = root};
	why = read_part(part);
	if (!why)
		return EXIT_AS_ASKED;
	cli_error(verb, "%s: %s", path, why);
	return EXIT_USAGE;
}

/* One document after another. */
static int read_documents(struct merge_parts *parts, const char *path,
			  const char *text, struct json_tokener *tokener)
{
	int code = EXIT_AS_ASKED;

	text += strspn(text, BLANKS);
	while (*text && code == EXIT_AS_ASKED) {
		struct json_object *root;

		json_tokener_reset(tokener);
		root = json_tokener_parse_ex(tokener, text, (int)strlen(text));
		if (json_tokener_get_error(tokener) != json_tokener_success) {
			json_object_put(root);
			cli_error(verb, "%s: is not JSON: %s", path,
				  json_tokener_error_desc(
					  json_tokener_get_error(tokener)));
			return EXIT_USAGE;
		}
		code = add_part(parts, path, root);
		text += json_tokener_get_parse_end(tokener);
		text += strspn(text, BLANKS);
	}
	return code;
}

int merge_read(struct merge_parts *parts, const char *path)
{
	bool is_stdin = strcmp(path, "-") == 0;
	char *text = cli_read_file(is_stdin ? "/dev/stdin" : path, SIZE_LIMIT);
	struct json_tokener *tokener = json_tokener_new_ex(DEPTH_MAX);
	size_t before = parts->n;
	int code = EXIT_USAGE;

	if (!text)
		cli_error(verb, "%s: %s", path, strerror(errno));
	else if (!tokener)
		cli_error(verb, "%s", strerror(ENOMEM));
	else
		code = read_documents(parts, path, text, tokener);
	if (code == EXIT_AS_ASKED && parts->n == before) {
		cli_error(verb, "%s: is empty", path);
		code = EXIT_USAGE;
	}
	if (tokener)
		json_tokener_free(tokener);
	free(text);
	return code;
}

void merge_free(struct merge_parts *parts)
{
	size_t i;

	for (i = 0; i < parts->n; i++)
		json_object_put(parts->parts[i].root);
	free(parts->parts);
}
