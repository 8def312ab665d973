// SPDX-License-Identifier: LGPL-2.1-or-later
#include "conform.h"

#include <errno.h>
#include <inttypes.h>
#include <json.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CHUNK         65536
#define LINE_MAX_SIZE (64u << 20)
#define BLOCK_SIZE    4096

struct conform_trace {
	struct conform_input *input;
	struct json_tokener *tokener;
	char *buf; /* bytes [at, end) are read and not used yet */
	size_t at, end, max;
	bool at_eof;
	uint64_t n_lines;
	struct conform_line line;
	/* The present sequence. */
	bool in_sequence;
	uint64_t sequence, n_calls, next_call;
};

/* What parsing one line knows. */
struct parser {
	struct json_object *root;
	char *why;
	size_t why_size;
};

static int bad(struct parser *parser, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static int bad(struct parser *parser, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(parser->why, parser->why_size, format, args);
	va_end(args);
	return -EINVAL;
}

static int no_memory(struct parser *parser)
{
	bad(parser, "out of memory");
	return -ENOMEM;
}

/* ------------------------------- Members ---------------------------------- */

static bool has(const struct parser *parser, const char *key)
{
	return json_object_object_get_ex(parser->root, key, NULL);
}

static int get_int(struct parser *parser, const char *key, int64_t *ret)
{
	struct json_object *value;

	if (!json_object_object_get_ex(parser->root, key, &value))
		return bad(parser, "no \"%s\"", key);
	if (!json_object_is_type(value, json_type_int))
		return bad(parser, "\"%s\" is not an integer", key);
	*ret = json_object_get_int64(value);
	return 0;
}

static int get_count(struct parser *parser, const char *key, uint64_t *ret)
{
	int64_t value;
	int r = get_int(parser, key, &value);

	if (r < 0)
		return r;
	if (value < 0)
		return bad(parser, "\"%s\" is negative", key);
	*ret = (uint64_t)value;
	return 0;
}

static int get_text(struct parser *parser, const char *key, const char **ret)
{
	struct json_object *value;

	if (!json_object_object_get_ex(parser->root, key, &value))
		return bad(parser, "no \"%s\"", key);
	if (!json_object_is_type(value, json_type_string))
		return bad(parser, "\"%s\" is not a string", key);
	*ret = json_object_get_string(value);
	return 0;
}

static int copy_text(struct parser *parser, const char *key, char *ret,
		     size_t size)
{
	const char *text;
	int r = get_text(parser, key, &text);

	if (r < 0)
		return r;
	if (strlen(text) >= size)
		return bad(parser, "\"%s\" is too long", key);
	memcpy(ret, text, strlen(text) + 1);
	return 0;
}

/* -------------------------------- Lists ----------------------------------- */

static bool is_count(struct json_object *value, uint64_t *ret)
{
	if (!json_object_is_type(value, json_type_int) ||
	    json_object_get_int64(value) < 0)
		return false;
	*ret = (uint64_t)json_object_get_int64(value);
	return true;
}

/* [first, n, "w"] or [from, to, n] */
static bool read_range(struct json_object *item, bool moves,
		       struct conform_range *ret)
{
	struct json_object *last;
	const char *state;
	uint64_t second;

	if (!json_object_is_type(item, json_type_array) ||
	    json_object_array_length(item) != 3)
		return false;
	if (!is_count(json_object_array_get_idx(item, 0), &ret->first) ||
	    !is_count(json_object_array_get_idx(item, 1), &second))
		return false;
	last = json_object_array_get_idx(item, 2);
	if (moves) {
		ret->value = second;
		return is_count(last, &ret->n) && ret->n > 0;
	}
	ret->n = second;
	if (!json_object_is_type(last, json_type_string))
		return false;
	state = json_object_get_string(last);
	ret->value = strcmp(state, "u") == 0;
	return ret->n > 0 && (ret->value || strcmp(state, "w") == 0);
}

static int get_ranges(struct parser *parser, enum conform_field field,
		      struct conform_ranges *ret)
{
	const char *key = conform_field_name(field);
	struct json_object *list;
	struct conform_range range;
	size_t i;

	/* Absent: nothing moved. */
	if (field == CONFORM_MOVED && !has(parser, key))
		return 0;
	if (!json_object_object_get_ex(parser->root, key, &list))
		return bad(parser, "no \"%s\"", key);
	if (!json_object_is_type(list, json_type_array))
		return bad(parser, "\"%s\" is not a list", key);
	for (i = 0; i < json_object_array_length(list); i++) {
		if (!read_range(json_object_array_get_idx(list, i),
				field == CONFORM_MOVED, &range))
			return bad(parser, "item %zu of \"%s\" is no range", i,
				   key);
		if (conform_ranges_add(ret, range.first, range.n, range.value) <
		    0)
			return no_memory(parser);
	}
	return 0;
}

/* -------------------------------- Results --------------------------------- */

/* *@ret_sum: how many blocks it lists. */
static int read_ranges(struct parser *parser, enum conform_field field,
		       struct conform_result *result, uint64_t *ret_sum)
{
	struct conform_ranges ranges = {0};
	int r = get_ranges(parser, field, &ranges);
	size_t i;

	*ret_sum = 0;
	for (i = 0; i < ranges.n; i++)
		*ret_sum += ranges.at[i].n;
	if (r == 0 &&
	    conform_set(result, field, conform_ranges_text(&ranges, field)) < 0)
		r = no_memory(parser);
	conform_ranges_clear(&ranges);
	return r;
}

/* Absent counts are 0. */
static int read_number(struct parser *parser, enum conform_field field,
		       struct conform_result *result)
{
	const char *key = conform_field_name(field);
	bool optional = field == CONFORM_ADD || field == CONFORM_RM;
	int64_t value = 0;
	int r;

	if (!optional || has(parser, key)) {
		r = get_int(parser, key, &value);
		if (r < 0)
			return r;
		if (value < 0 && field != CONFORM_RET)
			return bad(parser, "\"%s\" is negative", key);
	}
	if (conform_set(result, field, conform_format("%" PRId64, value)) < 0)
		return no_memory(parser);
	return 0;
}

/* 16 hexadecimal digits, or null for a file that was not hashed. */
static int read_hash(struct parser *parser, struct conform_result *result)
{
	struct json_object *value;
	const char *text = "null";

	if (!json_object_object_get_ex(parser->root, "fnv", &value))
		return bad(parser, "no \"fnv\"");
	if (value) {
		if (!json_object_is_type(value, json_type_string))
			return bad(parser, "\"fnv\" is not a string");
		text = json_object_get_string(value);
		if (strlen(text) != 16 ||
		    strspn(text, "0123456789abcdef") != 16)
			return bad(parser, "\"fnv\" is no hash");
	}
	if (conform_set(result, CONFORM_FNV, conform_format("%s", text)) < 0)
		return no_memory(parser);
	return 0;
}

static int read_result(struct parser *parser, struct conform_line *line)
{
	static const enum conform_field numbers[] = {CONFORM_RET, CONFORM_SIZE,
						     CONFORM_ADD, CONFORM_RM};
	struct conform_result *result = &line->result;
	uint64_t n_moved;
	const char *err;
	unsigned int i;
	int r;

	for (i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		r = read_number(parser, numbers[i], result);
		if (r < 0)
			return r;
	}
	r = get_text(parser, "err", &err);
	if (r == 0 &&
	    conform_set(result, CONFORM_ERR, conform_format("%s", err)) < 0)
		r = no_memory(parser);
	if (r == 0)
		r = read_ranges(parser, CONFORM_EXT, result, &line->n_blocks);
	if (r == 0)
		r = read_ranges(parser, CONFORM_MOVED, result, &n_moved);
	return r < 0 ? r : read_hash(parser, result);
}

/* --------------------------------- Lines ---------------------------------- */

static int read_op(struct parser *parser, enum conform_op *ret)
{
	const char *name;
	unsigned int i;
	int r = get_text(parser, "op", &name);

	if (r < 0)
		return r;
	for (i = 0; i < CONFORM_N_OPS; i++) {
		*ret = (enum conform_op)i;
		if (strcmp(conform_op_name(*ret), name) == 0)
			return 0;
	}
	return bad(parser, "no operation \"%s\"", name);
}

static bool is_truncate(enum conform_op op)
{
	return op == CONFORM_FTRUNCATE || op == CONFORM_FTRUNCATE_RO;
}

static bool is_fallocate(enum conform_op op)
{
	return op == CONFORM_FALLOCATE || op == CONFORM_FALLOCATE_RO;
}

static bool has_tag(enum conform_op op)
{
	return op != CONFORM_MLOAD && !is_fallocate(op);
}

static int read_call(struct parser *parser, struct conform_call *call)
{
	int64_t mode = 0, tag = 0;
	int r = read_op(parser, &call->op);

	if (r < 0 || call->op == CONFORM_FSYNC)
		return r;
	if (is_truncate(call->op))
		return get_int(parser, "size_arg", &call->size);
	r = get_int(parser, "off", &call->offset);
	if (r == 0)
		r = get_int(parser, "len", &call->len);
	if (r == 0 && is_fallocate(call->op))
		r = get_int(parser, "mode", &mode);
	if (r == 0 && has_tag(call->op))
		r = get_int(parser, "tag", &tag);
	if (r < 0)
		return r;
	if (mode < INT32_MIN || mode > INT32_MAX)
		return bad(parser, "\"mode\" is too large");
	if (!is_fallocate(call->op) && call->len < 0)
		return bad(parser, "\"len\" is negative");
	call->mode = (int)mode;
	call->tag = (uint32_t)tag;
	return 0;
}

/* Absent: the recording was made with DAX. */
static int read_dax(struct parser *parser, bool *ret_without)
{
	struct json_object *value;

	*ret_without = false;
	if (!json_object_object_get_ex(parser->root, "dax", &value))
		return 0;
	if (!json_object_is_type(value, json_type_boolean))
		return bad(parser, "\"dax\" is not true or false");
	*ret_without = !json_object_get_boolean(value);
	return 0;
}

static int read_head(struct parser *parser, struct conform_trace *trace)
{
	struct conform_line *line = &trace->line;
	uint64_t block_size = 0;
	int r;

	if (trace->next_call != trace->n_calls)
		return bad(parser,
			   "the sequence before has %" PRIu64
			   " calls, expected %" PRIu64,
			   trace->next_call, trace->n_calls);
	r = copy_text(parser, "begin", line->begin, sizeof(line->begin));
	if (r == 0)
		r = copy_text(parser, "name", line->name, sizeof(line->name));
	if (r == 0)
		r = read_dax(parser, &line->without_dax);
	if (r == 0)
		r = get_count(parser, "bs", &block_size);
	if (r == 0)
		r = get_count(parser, "n", &line->n_calls);
	if (r < 0)
		return r;
	if (block_size != BLOCK_SIZE)
		return bad(parser, "\"bs\" is not 4096");
	trace->in_sequence = true;
	trace->sequence = line->sequence;
	trace->n_calls = line->n_calls;
	trace->next_call = 0;
	return 0;
}

static int read_body(struct parser *parser, struct conform_trace *trace)
{
	struct conform_line *line = &trace->line;
	int r;

	if (!trace->in_sequence)
		return bad(parser, "a call before any \"begin\"");
	if (line->sequence != trace->sequence)
		return bad(parser, "\"s\" is %" PRIu64 " in sequence %" PRIu64,
			   line->sequence, trace->sequence);
	r = get_count(parser, "i", &line->i);
	if (r < 0)
		return r;
	if (trace->next_call == trace->n_calls)
		return bad(parser, "more than \"n\" calls in the sequence");
	if (line->i != trace->next_call)
		return bad(parser, "\"i\" is %" PRIu64 ", expected %" PRIu64,
			   line->i, trace->next_call);
	trace->next_call++;
	r = read_call(parser, &line->call);
	return r < 0 ? r : read_result(parser, line);
}

static void forget_line(struct conform_line *line)
{
	conform_clear(&line->result);
	memset(line, 0, sizeof(*line));
}

static int read_line(struct parser *parser, struct conform_trace *trace)
{
	struct conform_line *line = &trace->line;
	int r;

	if (!json_object_is_type(parser->root, json_type_object))
		return bad(parser, "not a JSON object");
	r = get_count(parser, "s", &line->sequence);
	if (r < 0)
		return r;
	line->is_head = has(parser, "begin");
	return line->is_head ? read_head(parser, trace)
			     : read_body(parser, trace);
}

/* Only white space may follow the value. */
static bool is_blank(const char *text, size_t len)
{
	return strspn(text, " \t\r") >= len;
}

static int parse_line(struct parser *parser, struct conform_trace *trace,
		      const char *text, size_t len)
{
	struct json_tokener *tokener = trace->tokener;
	size_t used;
	int r;

	json_tokener_reset(tokener);
	parser->root = json_tokener_parse_ex(tokener, text, (int)len);
	used = json_tokener_get_parse_end(tokener);
	if (json_tokener_get_error(tokener) != json_tokener_success)
		r = bad(parser, "not JSON");
	else if (!is_blank(text + used, len - used))
		r = bad(parser, "more than one value on a line");
	else
		r = read_line(parser, trace);
	json_object_put(parser->root);
	return r;
}

/* --------------------------------- Input ---------------------------------- */

/* Reads on. Return: 0 or -errno. */
static int fill(struct conform_trace *trace)
{
	char *bigger;
	int n;

	if (trace->at)
		memmove(trace->buf, trace->buf + trace->at,
			trace->end - trace->at);
	trace->end -= trace->at;
	trace->at = 0;
	if (trace->max - trace->end < CHUNK) {
		if (trace->max > LINE_MAX_SIZE)
			return -EFBIG;
		bigger = realloc(trace->buf, trace->max * 2 + CHUNK + 1);
		if (!bigger)
			return -ENOMEM;
		trace->buf = bigger;
		trace->max = trace->max * 2 + CHUNK;
	}
	n = conform_input_read(trace->input, trace->buf + trace->end, CHUNK);
	if (n < 0)
		return n;
	trace->end += (size_t)n;
	trace->at_eof = n == 0;
	return 0;
}

/* The next line without its end. Return: 1, 0 at the end of the file, -errno */
static int next_text(struct conform_trace *trace, char **ret, size_t *ret_len)
{
	size_t seen = 0;
	char *newline;
	int r;

	for (;;) {
		char *start = trace->buf + trace->at;
		size_t len = trace->end - trace->at;

		newline = len > seen ? memchr(start + seen, '\n', len - seen)
				     : NULL;
		if (newline || trace->at_eof) {
			*ret = start;
			*ret_len = newline ? (size_t)(newline - start) : len;
			trace->at += *ret_len + (newline != NULL);
			start[*ret_len] = '\0';
			return newline || len;
		}
		seen = len;
		r = fill(trace);
		if (r < 0)
			return r;
	}
}

int conform_trace_open(const char *path, struct conform_trace **ret_trace)
{
	struct conform_trace *trace = calloc(1, sizeof(*trace));
	int r;

	if (!trace)
		return -ENOMEM;
	r = conform_input_open(path, &trace->input);
	if (r == 0) {
		trace->tokener = json_tokener_new();
		if (!trace->tokener)
			r = -ENOMEM;
	}
	if (r == 0)
		r = fill(trace);
	if (r < 0) {
		conform_trace_close(trace);
		return r;
	}
	*ret_trace = trace;
	return 0;
}

void conform_trace_close(struct conform_trace *trace)
{
	forget_line(&trace->line);
	if (trace->tokener)
		json_tokener_free(trace->tokener);
	if (trace->input)
		conform_input_close(trace->input);
	free(trace->buf);
	free(trace);
}

uint64_t conform_trace_line(const struct conform_trace *trace)
{
	return trace->n_lines;
}

const char *conform_read_error(int error)
{
	switch (error) {
	case -EBADMSG:
		return "damaged compressed data";
	case -ENOTSUP:
		return "compressed, and daxsim was built without zlib";
	case -EFBIG:
		return "a line is too long";
	default:
		return strerror(-error);
	}
}

/* At the end of the file. */
static int finish(struct parser *parser, const struct conform_trace *trace)
{
	if (!trace->in_sequence)
		return bad(parser, "no recorded sequence in this file");
	if (trace->next_call != trace->n_calls)
		return bad(parser,
			   "the file ends after %" PRIu64 " of %" PRIu64
			   " calls of a sequence",
			   trace->next_call, trace->n_calls);
	return 0;
}

int conform_trace_next(struct conform_trace *trace,
		       const struct conform_line **ret_line, char *ret_why,
		       size_t why_size)
{
	struct parser parser = {.why = ret_why, .why_size = why_size};
	char *text = NULL;
	size_t len = 0;
	int r;

	forget_line(&trace->line);
	do {
		r = next_text(trace, &text, &len);
		trace->n_lines++;
	} while (r == 1 && is_blank(text, len));
	if (r < 0) {
		bad(&parser, "%s", conform_read_error(r));
		return r;
	}
	if (r == 0)
		return finish(&parser, trace);
	r = parse_line(&parser, trace, text, len);
	if (r < 0)
		return r;
	*ret_line = &trace->line;
	return 1;
}
