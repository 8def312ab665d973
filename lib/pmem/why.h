/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DS_PMEM_WHY_H
#define DS_PMEM_WHY_H

/*
 * Where an operation that fails says why, in one line for people. The line is
 * about the thing the caller named; the caller puts the name in front.
 */
#include <stddef.h>

struct ds_why {
	char *line; /* may be NULL if @size is 0 */
	size_t size;
};

/* Writes the line. Return: @r, so that a failure is said and returned at once.
 */
int ds_why_say(struct ds_why why, int r, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* As snprintf(). Return: 0, or -ENAMETOOLONG: it did not fit. */
int ds_why_format(char *buf, size_t size, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

#endif
