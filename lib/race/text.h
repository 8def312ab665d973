/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DS_RACE_TEXT_H
#define DS_RACE_TEXT_H

/*
 * A text that grows. Lack of memory is noticed once, at the end.
 */
#include <stdbool.h>
#include <stddef.h>

struct ds_text {
	char *text; /* ends with a NUL, once there is something */
	size_t n, max;
	bool lost;
};

/* Appends, as printf() would print it. */
void ds_text_add(struct ds_text *text, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/*
 * Appends @words as a line, wrapped at spaces to @width columns; lines behind
 * the first begin with @indent.
 */
void ds_text_wrap(struct ds_text *text, size_t width, const char *indent,
		  const char *words);

/* Return: what was written, to be freed; NULL if there was no memory. */
char *ds_text_take(struct ds_text *text);

#endif
