/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DS_RACE_SCENARIO_H
#define DS_RACE_SCENARIO_H

/*
 * A scenario: files, and tasks with the calls they make, as a text. Its
 * language is told in tests/scenarios/language.md, its calls in scenario.c.
 *
 * The layout calls of a task are those of one client. Without a task that
 * answers, nobody does when its layout is recalled. Who answers does so to the
 * end of the run; that none need come is no deadlock. A recall that nobody
 * answers is waited for for ever, so such runs are for a search that merges
 * states.
 *
 * A task that goes on for ever keeps nothing of the rounds before, and pins as
 * many times as it unpins. So only finitely many states can come of it,
 * although its runs never end: a search that follows runs cuts them at its
 * limit of steps and is BOUNDED by it. What would use something up with each
 * round (addresses, names, file offsets) is refused.
 */
#include <stddef.h>

#include "check/check.h"
#include "dma/client.h"

#define DS_SCN_NAME    32
#define DS_SCN_FILES   4
#define DS_SCN_HOLES   4
#define DS_SCN_TASKS   8
#define DS_SCN_CALLS   16
#define DS_SCN_EXPECTS 16
#define DS_SCN_PAUSE   4 /* ticks; longer than any server waits */

enum ds_call_kind {
	DS_CALL_MAP,
	DS_CALL_UNMAP,
	DS_CALL_DONTNEED,
	DS_CALL_TOUCH,
	DS_CALL_LOAD,
	DS_CALL_DIRECT_READ,
	DS_CALL_DIRECT_WRITE,
	DS_CALL_PIN,
	DS_CALL_DMA,
	DS_CALL_UNPIN,
	DS_CALL_DUP,
	DS_CALL_UNDUP,
	DS_CALL_TAKE,
	DS_CALL_COMPLETE,
	DS_CALL_AWAIT,
	DS_CALL_READ,
	DS_CALL_WRITE,
	DS_CALL_APPEND,
	DS_CALL_TRUNCATE,
	DS_CALL_OPEN_TRUNCATE,
	DS_CALL_FSYNC,
	DS_CALL_ALLOCATE,
	DS_CALL_ZERO,
	DS_CALL_PUNCH,
	DS_CALL_COLLAPSE,
	DS_CALL_INSERT,
	DS_CALL_UNSHARE,
	DS_CALL_REFLINK,
	DS_CALL_DEDUPE,
	DS_CALL_LAYOUT_GET,
	DS_CALL_LAYOUT_READ,
	DS_CALL_LAYOUT_WRITE,
	DS_CALL_LAYOUT_COMMIT,
	DS_CALL_LAYOUT_RETURN,
	DS_CALL_ANSWER,
	DS_CALL_PAUSE,
	DS_CALL_POISON,
	DS_CALL_UNLINK,
	DS_CALL_CLOSE,
	DS_CALL_SIGNAL,
	DS_CALL_FORK,
	DS_CALL_EXIT,
	DS_CALL_N_KINDS,
};

/* How what follows the verb of a call looks. */
enum ds_call_shape {
	DS_SHAPE_RANGE,  /* FILE OFF+LEN */
	DS_SHAPE_KEEP,   /* FILE OFF+LEN [keep], or another word */
	DS_SHAPE_PIN,    /* FILE OFF+LEN [HOW]... */
	DS_SHAPE_MAP,    /* FILE OFF+LEN [private] [read-only] [sync] */
	DS_SHAPE_TWO,    /* FILE OFF+LEN FILE OFF */
	DS_SHAPE_SIZE,   /* FILE SIZE */
	DS_SHAPE_ANSWER, /* FILE prompt|slow|fence */
	DS_SHAPE_FILE,
	DS_SHAPE_TASK,
	DS_SHAPE_NONE,
};

/* How pages are pinned. */
#define DS_HOW_READ     1u
#define DS_HOW_GET      2u
#define DS_HOW_COUNTED  4u
#define DS_HOW_LONGTERM 8u
#define DS_HOW_N        4

struct ds_scn_call {
	enum ds_call_kind kind;
	bool before;
	unsigned int target; /* file, or task: as its shape says */
	uint64_t offset;
	uint64_t len;
	bool keep; /* the call's option is there: ds_call_option() */
	enum ds_answer answer;
	bool is_private, read_only, sync; /* of a map */
	unsigned int how;                 /* of a pin: DS_HOW_... */
	unsigned int target2;             /* of what works on two files */
	uint64_t offset2;
};

struct ds_scn_file {
	char name[DS_SCN_NAME];
	uint64_t size;
	bool huge; /* its blocks are fit for huge pages */
	unsigned int n_holes;
	struct {
		uint64_t offset, len;
	} holes[DS_SCN_HOLES];
};

struct ds_scn_task {
	char name[DS_SCN_NAME];
	bool forever; /* makes its calls again and again */
	unsigned int n_calls;
	struct ds_scn_call calls[DS_SCN_CALLS];
};

struct ds_scn_expect {
	char fs[DS_SCN_NAME];
	uint32_t broken; /* properties, bit per id; 0: holds */
};

struct ds_scenario {
	char name[2 * DS_SCN_NAME];
	bool flush_ipi;
	bool watch_waits;
	bool watch_stores;
	unsigned int huge_order; /* log2 of a huge page's pages; 0: none */
	unsigned int batch;      /* entries in a look-up of a search; 0: 1 */
	bool reuse_blocks;
	bool has_space; /* how many blocks are free is said: */
	uint64_t space; /* these */
	bool longterm_allowed;
	bool recall_fails;
	unsigned int n_files, n_tasks, n_expects;
	struct ds_scn_file files[DS_SCN_FILES];
	struct ds_scn_task tasks[DS_SCN_TASKS];
	struct ds_scn_expect expects[DS_SCN_EXPECTS];
	uint32_t hash; /* of what it says, comments and expectations aside */
};

/**
 * ds_scenario_parse() - read a scenario
 * @name: for messages, and as the scenario's name if the text gives none
 * @text: ends with a NUL
 * @ret_why: one line: name, line number, what was expected
 *
 * Return: 0, or -EINVAL with @ret_why set.
 */
int ds_scenario_parse(const char *name, const char *text,
		      struct ds_scenario *ret_scenario, char *ret_why,
		      size_t why_size);

/* The verb of a call: "punch". */
const char *ds_call_verb(enum ds_call_kind kind);

/* What follows it, "FILE OFF+LEN [keep]", and what it does, one line each. */
const char *ds_call_args(enum ds_call_kind kind);
const char *ds_call_does(enum ds_call_kind kind);

/* What may follow its range: "keep", "write", "nowait". */
const char *ds_call_option(enum ds_call_kind kind);

/* "prompt", "slow", "fence". */
const char *ds_answer_name(enum ds_answer answer);

/* Whether some task makes calls of @kind. */
bool ds_scenario_has_call(const struct ds_scenario *scenario,
			  enum ds_call_kind kind);

/* Whether some task maps a file with MAP_SYNC. */
bool ds_scenario_syncs(const struct ds_scenario *scenario);

/* Whether some task goes on for ever, so that no run ends. */
bool ds_scenario_is_endless(const struct ds_scenario *scenario);

enum ds_call_shape ds_call_shape(enum ds_call_kind kind);

/* The word for bit @i of how pages are pinned: "longterm". */
const char *ds_how_word(unsigned int i);

/* Whether some task makes a call of @kind on task @target. */
bool ds_scenario_targets(const struct ds_scenario *scenario,
			 enum ds_call_kind kind, unsigned int target);

/* Whether a call of this shape names a file. */
static inline bool ds_shape_has_file(enum ds_call_shape shape)
{
	return shape <= DS_SHAPE_FILE;
}

/* Whether it names a range of one. */
static inline bool ds_shape_has_range(enum ds_call_shape shape)
{
	return shape <= DS_SHAPE_TWO;
}

/*
 * Whether some call can only fail, since its task has nothing mapped, pinned or
 * laid out for it: then the scenario may hold for no other reason. @ret_why:
 * one line that names the call.
 */
bool ds_scenario_in_vain(const struct ds_scenario *scenario, char *ret_why,
			 size_t why_size);

/* Reads "8K" as 8192, "2M" and "1G" likewise. Return: 0, or -EINVAL. */
int ds_size_parse(const char *text, uint64_t *ret_bytes);

/* The expectation for @fs, or NULL. */
const struct ds_scn_expect *ds_scenario_expects(
	const struct ds_scenario *scenario, const char *fs);

#endif
