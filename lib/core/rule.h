/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DS_CORE_RULE_H
#define DS_CORE_RULE_H

/*
 * The rules of the protocol, one by one, so that each can be broken on purpose:
 * a mutation is the protocol without one of its rules. Code that keeps a rule
 * asks ds_keeps() (sched/task.h) and reads as if the answer were yes.
 *
 * Who adds a rule: a line here, a row of the table in rule.c, the question in
 * the code, and a scenario in race/mutate.c in which its absence is seen.
 */

enum ds_rule {
	DS_RULE_NONE,
	/* waits and locks */
	DS_RULE_EARLY_WAKE_COUNTS,
	DS_RULE_WAKE_ALL_SHARED,
	DS_RULE_UNLOCK_HANDS_OVER,
	DS_RULE_READER_QUEUES,
	DS_RULE_WRITER_QUEUES,
	DS_RULE_WRITER_GETS_ALL,
	/* page tables and pins */
	DS_RULE_CLEAR_EVERY_PAGE,
	DS_RULE_FLUSH_WAITS,
	DS_RULE_UNMAP_EVERY_AREA,
	DS_RULE_REFERENCE_BEFORE_RECHECK,
	DS_RULE_RECHECK_PTE,
	DS_RULE_BACK_OUT_PUTS,
	DS_RULE_FOLLOW_UNDER_LOCK,
	DS_RULE_UNPIN_PUTS,
	DS_RULE_RECORD_GOES_FIRST,
	DS_RULE_PUT_WAKES,
	DS_RULE_PUT_BEFORE_WAKE,
	DS_RULE_BULK_PUT_WAKES,
	/* page cache */
	DS_RULE_UNMAP_FOR_SCAN,
	DS_RULE_UNMAP_BEFORE_SCAN,
	DS_RULE_SCAN_UNMAPPED_TOO,
	DS_RULE_SCAN_EVERY_PAGE,
	DS_RULE_SCAN_AWAITS_ENTRY,
	DS_RULE_SCAN_LOOKS_AGAIN,
	DS_RULE_SCAN_PASSES_WAKE_ON,
	DS_RULE_UNLOCK_ENTRY_WAKES,
	DS_RULE_DELETE_WAKES,
	DS_RULE_DELETE_WAKES_ALL,
	DS_RULE_INVALIDATE_ENTRIES_FIRST,
	/* the wait for pins */
	DS_RULE_SCAN_WHOLE_FILE,
	DS_RULE_RESCAN_AFTER_SLEEP,
	DS_RULE_RESCAN_UNTIL_IDLE,
	DS_RULE_WAIT_FOR_ITS_PAGE,
	DS_RULE_QUEUE_BEFORE_TEST,
	DS_RULE_SLEEP_ALLOWS_FAULTS,
	DS_RULE_SLEEP_KEEPS_INODE_LOCK,
	DS_RULE_RETEST_AFTER_WAKE,
	DS_RULE_SIGNAL_ENDS_WAIT,
	DS_RULE_INTERRUPTED_STOPS,
	DS_RULE_FAULTS_OUT_UNTIL_CHANGE,
	/* faults, data and the page cache of a file */
	DS_RULE_FAULT_TAKES_LOCK,
	DS_RULE_FAULT_SIZE_UNDER_LOCK,
	DS_RULE_FAULT_REPLACES_ZERO_PAGE,
	DS_RULE_TRUNCATE_UNMAPS,
	DS_RULE_TRUNCATE_DROPS_ENTRIES,
	DS_RULE_TRUNCATE_UNMAPS_AGAIN,
	DS_RULE_PUNCH_UNMAPS,
	DS_RULE_PUNCH_DROPS_ENTRIES,
	DS_RULE_WRITE_INVALIDATES,
	DS_RULE_READ_LOCKS_INODE,
	DS_RULE_EVICT_BREAKS,
	DS_RULE_NEW_BLOCKS_ZEROED,
	DS_RULE_ZERO_BEFORE_REACHABLE,
	DS_RULE_CONVERTED_BLOCKS_ZEROED,
	DS_RULE_REMOVE_BEFORE_FREE,
	/* ext4 */
	DS_RULE_EXT4_TRUNCATE_BREAKS,
	DS_RULE_EXT4_PUNCH_BREAKS,
	DS_RULE_EXT4_COLLAPSE_BREAKS,
	DS_RULE_EXT4_INSERT_BREAKS,
	DS_RULE_EXT4_ZERO_BREAKS,
	DS_RULE_EXT4_BREAK_BEFORE_SIZE,
	DS_RULE_EXT4_BREAK_OUTSIDE_JOURNAL,
	DS_RULE_EXT4_ERROR_UNLOCKS,
	DS_RULE_EXT4_PUNCH_LOCKS_INODE,
	DS_RULE_EXT4_WRITE_LOCKS_INODE,
	DS_RULE_EXT4_TRUNCATE_CACHE_FIRST,
	DS_RULE_EXT4_PUNCH_CACHE_FIRST,
	DS_RULE_EXT4_TRUNCATE_ZEROES_TAIL,
	DS_RULE_EXT4_COLLAPSE_DROPS_BEHIND,
	DS_RULE_EXT4_INSERT_DROPS_BEHIND,
	/* XFS */
	DS_RULE_XFS_TRUNCATE_BREAKS,
	DS_RULE_XFS_FALLOCATE_BREAKS,
	DS_RULE_XFS_INODE_LOCK_FIRST,
	DS_RULE_XFS_TRUNCATE_ZEROES_TAIL,
	DS_RULE_XFS_GROWTH_ZEROES_TAIL,
	DS_RULE_XFS_SHIFT_DROPS_BEHIND,
	DS_RULE_XFS_WRITE_LOCKS_INODE,
	/* devices */
	DS_RULE_DMA_UNDER_PIN,
	DS_N_RULES,
};

struct ds_rule_text {
	const char *name;
	const char *sentence; /* what the rule says */
	const char *mutation; /* the protocol without it */
	const char *models;   /* where the kernel keeps it */
	/*
	 * NULL, or why no interleaving of the model can tell that the rule is
	 * broken. Only that makes a mutation which nothing kills right.
	 */
	const char *equivalent;
};

/* What is said of @rule, which is not DS_RULE_NONE. */
const struct ds_rule_text *ds_rule_text(enum ds_rule rule);

/* The rule called @name; DS_RULE_NONE if none is. */
enum ds_rule ds_rule_find(const char *name);

/* The rule whose mutation is called @name; DS_RULE_NONE if none is. */
enum ds_rule ds_mutation_find(const char *name);

#endif
