// SPDX-License-Identifier: LGPL-2.1-or-later
#include "conform.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

const char *conform_op_name(enum conform_op op)
{
	static const char *const names[] = {
		[CONFORM_PWRITE] = "pwrite",
		[CONFORM_PWRITE_APPEND] = "pwrite_append",
		[CONFORM_PWRITE_RO] = "pwrite_ro",
		[CONFORM_FTRUNCATE] = "ftruncate",
		[CONFORM_FTRUNCATE_RO] = "ftruncate_ro",
		[CONFORM_FALLOCATE] = "fallocate",
		[CONFORM_FALLOCATE_RO] = "fallocate_ro",
		[CONFORM_FSYNC] = "fsync",
		[CONFORM_MSTORE] = "mstore",
		[CONFORM_MLOAD] = "mload",
	};

	return names[op];
}

const char *conform_field_name(enum conform_field field)
{
	static const char *const names[] = {
		[CONFORM_RET] = "ret",   [CONFORM_ERR] = "err",
		[CONFORM_SIZE] = "size", [CONFORM_EXT] = "ext",
		[CONFORM_FNV] = "fnv",   [CONFORM_ADD] = "add",
		[CONFORM_RM] = "rm",     [CONFORM_MOVED] = "moved",
	};

	return names[field];
}

char *conform_format(const char *format, ...)
{
	va_list args;
	char *text;
	int n;

	va_start(args, format);
	n = vasprintf(&text, format, args);
	va_end(args);
	return n < 0 ? NULL : text;
}

int conform_set(struct conform_result *result, enum conform_field field,
		char *text)
{
	free(result->fields[field]);
	result->fields[field] = text;
	return text ? 0 : -ENOMEM;
}

void conform_clear(struct conform_result *result)
{
	unsigned int i;

	for (i = 0; i < CONFORM_N_FIELDS; i++) {
		free(result->fields[i]);
		result->fields[i] = NULL;
	}
}

int conform_ranges_add(struct conform_ranges *ranges, uint64_t first,
		       uint64_t n, uint64_t value)
{
	size_t more = ranges->max ? ranges->max * 2 : 16;
	struct conform_range *bigger;

	if (ranges->n == ranges->max) {
		bigger = realloc(ranges->at, more * sizeof(*bigger));
		if (!bigger)
			return -ENOMEM;
		ranges->at = bigger;
		ranges->max = more;
	}
	ranges->at[ranges->n++] = (struct conform_range){first, n, value};
	return 0;
}

void conform_ranges_clear(struct conform_ranges *ranges)
{
	free(ranges->at);
	*ranges = (struct conform_ranges){0};
}

static int by_first(const void *left, const void *right)
{
	const struct conform_range *a = left, *b = right;

	return (a->first > b->first) - (a->first < b->first);
}

/* Whether @b goes on where @a ends; of moves both ends must. */
static bool is_continued(const struct conform_range *a,
			 const struct conform_range *b, bool moves)
{
	uint64_t value = moves ? a->value + a->n : a->value;

	return a->first + a->n == b->first && b->value == value;
}

static void merge(struct conform_ranges *ranges, bool moves)
{
	size_t kept = 0, i;

	for (i = 0; i < ranges->n; i++) {
		struct conform_range *last = ranges->at + kept - 1;

		if (kept && is_continued(last, &ranges->at[i], moves))
			last->n += ranges->at[i].n;
		else
			ranges->at[kept++] = ranges->at[i];
	}
	ranges->n = kept;
}

static void print_range(FILE *out, const struct conform_range *range,
			bool moves)
{
	if (moves)
		fprintf(out, "[%" PRIu64 ",%" PRIu64 ",%" PRIu64 "]",
			range->first, range->value, range->n);
	else
		fprintf(out, "[%" PRIu64 ",%" PRIu64 ",\"%c\"]", range->first,
			range->n, range->value ? 'u' : 'w');
}

char *conform_ranges_text(struct conform_ranges *ranges,
			  enum conform_field field)
{
	bool moves = field == CONFORM_MOVED;
	char *text = NULL;
	size_t size, i;
	FILE *out;

	if (ranges->n)
		qsort(ranges->at, ranges->n, sizeof(*ranges->at), by_first);
	merge(ranges, moves);
	out = open_memstream(&text, &size);
	if (!out)
		return NULL;
	fputc('[', out);
	for (i = 0; i < ranges->n; i++) {
		if (i)
			fputc(',', out);
		print_range(out, &ranges->at[i], moves);
	}
	fputc(']', out);
	if (fclose(out) == 0)
		return text;
	free(text);
	return NULL;
}
