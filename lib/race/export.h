/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DS_RACE_EXPORT_H
#define DS_RACE_EXPORT_H

/*
 * A run in the form in which others keep it: a test in C, or a comment.
 */
#include "race/scenario.h"
#include "race/search.h"

struct ds_export {
	const struct ds_scenario *scenario;
	const char *fs;
	const struct ds_schedule *schedule; /* NULL: every interleaving */
	enum ds_property_id property;
	bool breaks; /* what the test asserts of it */
};

/**
 * ds_export_cmocka() - write a run down as a test
 *
 * A whole C file for CMocka that uses the public interface alone. It makes the
 * scenario's files and tasks, replays the run, or tries every interleaving, and
 * asserts that the property breaks or holds.
 *
 * Return: 0 with @ret_text, to be freed; -EINVAL with one line in @ret_why for
 * a scenario that says what the public interface cannot; -ENOMEM.
 */
int ds_export_cmocka(const struct ds_export *export, char **ret_text,
		     char *ret_why, size_t why_size);

/* What a timeline may be wide to fit the comment. */
#define DS_EXPORT_COMMENT_WIDTH 69

/*
 * A comment for kernel sources, of at most 72 columns: @title, wrapped, and
 * @timeline. Return: it, to be freed; NULL when there is no memory.
 */
char *ds_export_comment(const char *title, const char *timeline);

#endif
