/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DS_CHECK_CHECK_H
#define DS_CHECK_CHECK_H

/*
 * Properties: what must hold in every run. Each is a file of its own that only
 * observes: it reads the event stream and const views and changes nothing.
 *
 * Findings and what properties remember between events live in the arena, so
 * that rewinding forgets them.
 */
#include "file/inode.h"
#include "sched/sched.h"

enum ds_property_id {
	DS_NO_FREE_BLOCK_PINNED,
	DS_NO_STRAY_WRITE,
	DS_LAYOUT_HOLDER_COHERENT,
	DS_WAITED,
	DS_NO_NEW_PIN_AFTER_BREAK,
	DS_TREES_AGREE,
	DS_REFS_ADD_UP,
	DS_CLEAN_FAILURE,
	DS_LOCKS_BALANCED,
	DS_NO_DEADLOCK,
	DS_NO_LOST_WAKEUP,
	DS_NO_STARVATION,
	DS_NO_STALE_DATA,
	DS_NO_UNFLUSHED_STORE,
	DS_NO_LOST_DMA,
	DS_NO_VOLATILE_STORE,
	DS_EXPECTED,
	DS_N_PROPERTIES,
};

struct ds_checks;

struct ds_property {
	const char *name;
	const char *sentence; /* what it says */
	const char *reads;    /* the objects it looks at */
	uint32_t events;      /* kinds it wants to see, bit per kind */
	/* Those of them it can judge while tasks really run in parallel. */
	uint32_t parallel_events;
	/* Before the first run, if it saw nothing of what led there. */
	void (*start)(struct ds_checks *checks);
	void (*event)(struct ds_checks *checks, const struct ds_event *event);
	/* At the end of a run: every task returned, or none can go on. */
	void (*quiet)(struct ds_checks *checks);
};

/* The first time a property broke in a run. */
struct ds_finding {
	bool found;
	unsigned int task;
	uint64_t step; /* of the run, from 1 */
	char text[120];
};

#define DS_CHECK_INODES 8 /* files that are followed; others are not */
#define DS_CHECK_BLOCKS 64

struct ds_shadow;
struct ds_stores;

struct ds_checks {
	struct ds_sched *sched;
	struct ds_super *super;
	struct ds_finding findings[DS_N_PROPERTIES];
	uint32_t warned; /* kernel warnings raised, bit per number */

	/* What single properties remember. */
	/*
	 * Pages of each inode that were scanned clean, faults still kept out:
	 * bit each, the last bit for all others.
	 */
	uint64_t clean_pages[DS_CHECK_INODES];
	/* The same bits: the journal has not yet what maps them. */
	uint64_t pending[DS_CHECK_INODES];
	unsigned int held_at_entry[DS_TASKS_MAX];
	uint32_t changed_since_entry[DS_TASKS_MAX]; /* 0: in no call */
	unsigned int n_victims;
	struct ds_pfn victims[DS_CHECK_BLOCKS]; /* blocks of the victim file */
	unsigned int n_pinned;
	struct ds_pfn pinned[DS_CHECK_BLOCKS]; /* blocks ever pinned, once */
	struct ds_shadow *shadow;
	struct ds_stores *stores; /* NULL: not watched */
};

/*
 * Observes a universe. @shadow: follow file contents (NO_STALE_DATA) too.
 * Return: 0, or -ENOMEM.
 */
int ds_checks_new(struct ds_arena *arena, struct ds_sched *sched,
		  struct ds_super *super, bool shadow,
		  struct ds_checks **ret_checks);

/* Follows stores and flushes (NO_UNFLUSHED_STORE). Return: 0, or -ENOMEM. */
int ds_checks_watch_stores(struct ds_checks *checks, struct ds_arena *arena);

/*
 * Lets the properties take the present state as right, when it came about with
 * nobody looking, or by parallel calls.
 */
void ds_checks_start(struct ds_checks *checks);

/* Lets the properties look at the end of a run. */
void ds_checks_quiet(struct ds_checks *checks);

/*
 * Adds what properties remember as far as they may still report for it. Not:
 * findings, which were made in the step that showed them, and warnings.
 */
void ds_checks_digest(const struct ds_checks *checks, struct ds_digest *digest);

/* Which properties broke, bit per id. */
uint32_t ds_checks_broken(const struct ds_checks *checks);

const struct ds_property *ds_property(enum ds_property_id id);

/* The property called @name; DS_N_PROPERTIES if none is. */
enum ds_property_id ds_property_find(const char *name);

/* ------------------------ For the properties' files ----------------------- */

/* Notes that @id broke at the present step; the first time counts. */
void ds_checks_report(struct ds_checks *checks, enum ds_property_id id,
		      unsigned int task, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

const char *ds_checks_task_name(const struct ds_checks *checks,
				unsigned int task);

/*
 * Whether the block @pfn is the file's: in the map of @inode where several may
 * have it.
 */
bool ds_checks_owns(const struct ds_checks *checks, uint32_t inode,
		    struct ds_pfn pfn);

static inline uint32_t ds_event_bit(enum ds_event_kind kind)
{
	return UINT32_C(1) << kind;
}

extern const struct ds_property ds_no_free_block_pinned;
extern const struct ds_property ds_no_stray_write;
extern const struct ds_property ds_layout_holder_coherent;
extern const struct ds_property ds_waited;
extern const struct ds_property ds_no_new_pin_after_break;
extern const struct ds_property ds_trees_agree;
extern const struct ds_property ds_refs_add_up;
extern const struct ds_property ds_clean_failure;
extern const struct ds_property ds_locks_balanced;
extern const struct ds_property ds_no_deadlock;
extern const struct ds_property ds_no_lost_wakeup;
extern const struct ds_property ds_no_starvation;
extern const struct ds_property ds_no_stale_data;
extern const struct ds_property ds_no_unflushed_store;
extern const struct ds_property ds_no_lost_dma;
extern const struct ds_property ds_no_volatile_store;
extern const struct ds_property ds_expected;

/*
 * Whether who changes an extent map so must have waited for pins, and for those
 * on which pages of which file: the normative table, of which no file system
 * knows.
 */
bool ds_must_wait(const struct ds_event *event, uint32_t *ret_inode,
		  struct ds_pgrange *ret_range);

#endif
