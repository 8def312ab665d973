// SPDX-License-Identifier: LGPL-2.1-or-later
/* Its type json_bool, an int, would hide the function of that name here. */
#define json_bool json_c_bool
#include <json.h>
#undef json_bool

#include "compare.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static const char verb[] = "compare";

#define DEPTH_MAX  8
#define SIZE_LIMIT (64u << 20)
#define BLANKS     " \t\r\n"

/* Takes member @key, a text. Return: whether it is one that fits. */
static bool take_text(struct json_object *object, const char *key, char *ret,
		      size_t size)
{
	struct json_object *value;
	const char *text;

	if (!json_object_object_get_ex(object, key, &value))
		return false;
	/* A null is no text. */
	text = value ? json_object_get_string(value) : "";
	if (value && !json_object_is_type(value, json_type_string))
		return false;
	if (strlen(text) >= size)
		return false;
	snprintf(ret, size, "%s", text);
	return true;
}

/* Adds the numbers of member @key. Return: how many, -1 if it is no list. */
static int take_rounds(struct json_object *object, const char *key,
		       double *values, unsigned int at)
{
	struct json_object *list;
	size_t i, n;

	if (!json_object_object_get_ex(object, key, &list))
		return 0;
	if (!json_object_is_type(list, json_type_array))
		return -1;
	n = json_object_array_length(list);
	if (n > BENCH_ROUNDS_MAX - at)
		return -1;
	for (i = 0; i < n; i++) {
		struct json_object *value = json_object_array_get_idx(list, i);
		double number = json_object_get_double(value);

		if ((!json_object_is_type(value, json_type_double) &&
		     !json_object_is_type(value, json_type_int)) ||
		    !isfinite(number) || number < 0)
			return -1;
		values[at + i] = number;
	}
	return (int)n;
}

static struct bench_result *result_of(struct bench_results *results,
				      const struct perf_row *row)
{
	struct perf_row names = *row;
	size_t i;

	/* Without a unit it only makes the place. */
	*names.unit = '\0';
	if (!bench_add(results, &names))
		return NULL;
	for (i = 0; i < results->n; i++) {
		struct bench_result *result = &results->results[i];

		if (result->row.size == row->size &&
		    strcmp(result->row.suite, row->suite) == 0 &&
		    strcmp(result->row.name, row->name) == 0 &&
		    strcmp(result->row.peer, row->peer) == 0) {
			result->row = *row;
			return result;
		}
	}
	return NULL;
}

static bool take_result(struct bench_results *results,
			struct json_object *object)
{
	struct perf_row row = {0};
	struct bench_result *result;
	struct json_object *size;
	int n, n_peer;

	if (!json_object_is_type(object, json_type_object) ||
	    !take_text(object, "suite", row.suite, sizeof(row.suite)) ||
	    !take_text(object, "name", row.name, sizeof(row.name)) ||
	    !take_text(object, "unit", row.unit, sizeof(row.unit)) ||
	    !take_text(object, "peer", row.peer, sizeof(row.peer)) ||
	    !json_object_object_get_ex(object, "size", &size) ||
	    !json_object_is_type(size, json_type_int) ||
	    json_object_get_int64(size) < 0 || !*row.unit)
		return false;
	row.size = (uint64_t)json_object_get_int64(size);
	result = result_of(results, &row);
	if (!result)
		return false;
	n = take_rounds(object, "rounds", result->low, result->n);
	n_peer =
		take_rounds(object, "peer_rounds", result->peer_low, result->n);
	if (n < 0 || n_peer < 0 || (n_peer && n_peer != n))
		return false;
	result->n += (unsigned int)n;
	return true;
}

static bool take_results(struct bench_results *results,
			 struct json_object *root, const char *key)
{
	struct json_object *list;
	size_t i;

	if (!json_object_object_get_ex(root, key, &list) ||
	    !json_object_is_type(list, json_type_array))
		return false;
	for (i = 0; i < json_object_array_length(list); i++)
		if (!take_result(results, json_object_array_get_idx(list, i)))
			return false;
	return true;
}

static bool take_environment(struct compare_side *side,
			     struct json_object *root)
{
	struct json_object *environment, *backing, *is_short;

	if (!json_object_object_get_ex(root, "environment", &environment) ||
	    !json_object_is_type(environment, json_type_object) ||
	    !json_object_object_get_ex(environment, "backing", &backing) ||
	    !json_object_is_type(backing, json_type_object))
		return false;
	side->is_short = json_object_object_get_ex(root, "short", &is_short) &&
			 json_object_get_boolean(is_short);
	return take_text(environment, "cpu", side->cpu, sizeof(side->cpu)) &&
	       take_text(environment, "flags", side->flags,
			 sizeof(side->flags)) &&
	       take_text(environment, "kernel", side->kernel,
			 sizeof(side->kernel)) &&
	       take_text(backing, "kind", side->backing, sizeof(side->backing));
}

/* Return: NULL, or what is wrong with the document. */
static const char *take_document(struct compare_side *side,
				 struct json_object *root)
{
	struct json_object *version;
	char of[16];

	if (!json_object_is_type(root, json_type_object) ||
	    !take_text(root, "verb", of, sizeof(of)) ||
	    strcmp(of, "bench") != 0 ||
	    !json_object_object_get_ex(root, "schema_version", &version))
		return "not a result of daxsim bench";
	if (json_object_get_int(version) != 1)
		return "its schema_version is not 1, the one known here";
	if (!take_environment(side, root))
		return "its \"environment\" is not what daxsim bench writes";
	if (!take_results(&side->results, root, "results") ||
	    !take_results(&side->results, root, "references"))
		return "its results are not what daxsim bench writes";
	return NULL;
}

static int read_documents(struct compare_side *side, const char *text,
			  struct json_tokener *tokener)
{
	const char *why = NULL;
	size_t n = 0;

	text += strspn(text, BLANKS);
	for (; *text && !why; n++) {
		struct json_object *root;

		json_tokener_reset(tokener);
		root = json_tokener_parse_ex(tokener, text, (int)strlen(text));
		if (json_tokener_get_error(tokener) == json_tokener_success)
			why = take_document(side, root);
		else
			why = "is not JSON";
		json_object_put(root);
		text += json_tokener_get_parse_end(tokener);
		text += strspn(text, BLANKS);
	}
	if (!n)
		why = "is empty";
	if (!why)
		return EXIT_AS_ASKED;
	cli_error(verb, "%s: %s", side->path, why);
	return EXIT_USAGE;
}

int compare_read(const char *path, struct compare_side *side)
{
	struct json_tokener *tokener = json_tokener_new_ex(DEPTH_MAX);
	char *text = cli_read_file(path, SIZE_LIMIT);
	int code = EXIT_USAGE;

	memset(side, 0, sizeof(*side));
	side->path = path;
	if (!text) {
		cli_error(verb, "%s: %s", path, strerror(errno));
	} else if (!tokener) {
		cli_error(verb, "%s", strerror(ENOMEM));
		code = EXIT_INTERNAL;
	} else {
		code = read_documents(side, text, tokener);
	}
	if (tokener)
		json_tokener_free(tokener);
	free(text);
	return code;
}
