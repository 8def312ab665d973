// SPDX-License-Identifier: LGPL-2.1-or-later
#include "race/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool make_room(struct ds_text *text, size_t n)
{
	size_t max = text->max ? text->max : 256;
	char *more;

	while (max < text->n + n)
		max *= 2;
	if (max == text->max)
		return true;
	more = realloc(text->text, max);
	if (!more) {
		text->lost = true;
		return false;
	}
	text->text = more;
	text->max = max;
	return true;
}

void ds_text_add(struct ds_text *text, const char *format, ...)
{
	va_list args, again;
	int n;

	va_start(args, format);
	va_copy(again, args);
	n = vsnprintf(NULL, 0, format, args);
	va_end(args);
	if (n >= 0 && make_room(text, (size_t)n + 1)) {
		vsnprintf(text->text + text->n, (size_t)n + 1, format, again);
		text->n += (size_t)n;
	}
	va_end(again);
}

void ds_text_wrap(struct ds_text *text, size_t width, const char *indent,
		  const char *words)
{
	size_t left = width;

	while (strlen(words) > left) {
		size_t n = left;

		while (n > left / 2 && words[n] != ' ')
			n--;
		if (words[n] != ' ')
			n = left;
		ds_text_add(text, "%.*s\n%s", (int)n, words, indent);
		words += n;
		words += strspn(words, " ");
		left = width - strlen(indent);
	}
	ds_text_add(text, "%s\n", words);
}

char *ds_text_take(struct ds_text *text)
{
	char *taken;

	if (!text->text && !text->lost)
		ds_text_add(text, "%s", "");
	taken = text->text;
	if (text->lost) {
		free(taken);
		taken = NULL;
	}
	*text = (struct ds_text){0};
	return taken;
}
