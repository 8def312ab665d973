/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DS_CORE_WARNING_H
#define DS_CORE_WARNING_H

/*
 * What a kernel complains of in its log when its own bookkeeping does not add
 * up. A warning is raised by ds_warn() (sched/task.h) where that kernel raises
 * it, told beside the verdicts, and decides nothing.
 *
 * Some are raised in no scenario, as ds_warning_text() says of each: reasons
 * that are none (W10) do not exist here; no search for busy pages comes to a
 * file whose pages are no DAX entries (W4), a dirty entry has its block (W7),
 * only a program's own file system breaks layouts without the lock (W9), and
 * every file system makes the block that it is asked for (W13). All but W10 are
 * raised in tests.
 */
#include <stdbool.h>

enum ds_warning {
	DS_WARN_BUSY_PAGE_REMOVED = 1, /* W1 */
	DS_WARN_OTHER_OWNER,           /* W2, ... */
	DS_WARN_OWNED_ALREADY,
	DS_WARN_NOT_DAX,
	DS_WARN_NOTHING_DELETED,
	DS_WARN_REPLACED_OTHER,
	DS_WARN_DIRTY_WITHOUT_BLOCK,
	DS_WARN_NOT_LOCKED,
	DS_WARN_BREAK_UNLOCKED,
	DS_WARN_BREAK_REASON,
	DS_WARN_FOLIO_STATE,
	DS_WARN_ENTRY_LEFT,
	DS_WARN_SHORT_EXTENT, /* W13 */
	DS_N_WARNINGS,
};

struct ds_warning_text {
	const char *told;        /* in a timeline; of a page: what it does */
	bool of_page;            /* "page N" goes before */
	const char *condition;   /* when it is raised */
	const char *models;      /* where, in which kernels */
	const char *unreachable; /* why no scenario raises it, or NULL */
};

/* What is said of @warning; NULL if there is no such number. */
const struct ds_warning_text *ds_warning_text(unsigned int warning);

#endif
