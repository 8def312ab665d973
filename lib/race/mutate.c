// SPDX-License-Identifier: LGPL-2.1-or-later
#include "race/mutate.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "race/cases.h"
#include "race/token.h"

#define MAX_STEPS 4000
#define MAX_RUNS  300000

#define EXT4_18  "ext4-4.18"
#define EXT4_19  "ext4-4.19"
#define EXT4_61  "ext4-6.1"
#define EXT4_615 "ext4-6.15"
#define XFS_19   "xfs-4.19"
#define VIRT_615 "virtiofs-6.15"
#define GENERIC  "generic-6.15"
#define XFS_61   "xfs-6.1"
#define XFS_615  "xfs-6.15"

/* States are merged where there are too many classes, or runs without end. */
#define CLASSES DS_SEARCH_SOURCE
#define STATES  DS_SEARCH_STATES

/*
 * Where the absence of a rule shows, or where an argument that it cannot show
 * is put to the test: scenarios that meet the rule, in the order in which they
 * are tried, cheapest first.
 */
static const struct ds_case homes[] = {
	{DS_RULE_EARLY_WAKE_COUNTS, "prove/punch/direct-1/fast", EXT4_19,
	 CLASSES},
	{DS_RULE_WAKE_ALL_SHARED, "prove/punch/direct-1/fast", EXT4_19,
	 CLASSES},
	{DS_RULE_WAKE_ALL_SHARED, "prove/truncate-down/direct-2/fast", XFS_19,
	 CLASSES},
	{DS_RULE_WAKE_ALL_SHARED, "scenario/signal", EXT4_19, CLASSES},
	{DS_RULE_UNLOCK_HANDS_OVER, "prove/punch/direct-1/slow", EXT4_19,
	 CLASSES},
	{DS_RULE_READER_QUEUES, "scenario/punch-beside-reads", EXT4_19, STATES},
	{DS_RULE_WRITER_QUEUES, "prove/punch/direct-1/slow", EXT4_19, CLASSES},
	{DS_RULE_WRITER_GETS_ALL, "scenario/two-reads-during-punch", EXT4_19,
	 CLASSES},
	{DS_RULE_CLEAR_EVERY_PAGE, "prove/collapse/direct-2/fast", EXT4_19,
	 CLASSES},
	{DS_RULE_FLUSH_WAITS, "scenario/flush-waits", EXT4_19, CLASSES},
	{DS_RULE_FLUSH_WAITS, "scenario/walk-in-wait-ipi", EXT4_615, CLASSES},
	{DS_RULE_UNMAP_EVERY_AREA, "scenario/two-areas", EXT4_19, CLASSES},
	{DS_RULE_REFERENCE_BEFORE_RECHECK, "prove/punch/direct-1/fast", EXT4_19,
	 CLASSES},
	{DS_RULE_RECHECK_PTE, "prove/punch/direct-1/fast", EXT4_19, CLASSES},
	{DS_RULE_BACK_OUT_PUTS, "prove/punch/direct-1/fast", EXT4_19, CLASSES},
	{DS_RULE_FOLLOW_UNDER_LOCK, "prove/punch/direct-1/slow", EXT4_19,
	 CLASSES},
	{DS_RULE_UNPIN_PUTS, "prove/write/direct-1/fast", EXT4_19, CLASSES},
	{DS_RULE_RECORD_GOES_FIRST, "prove/punch/direct-1/fast", EXT4_19,
	 CLASSES},
	{DS_RULE_PUT_WAKES, "prove/punch/direct-1/fast", EXT4_19, CLASSES},
	{DS_RULE_PUT_BEFORE_WAKE, "prove/punch/direct-1/fast", EXT4_19,
	 CLASSES},
	{DS_RULE_BULK_PUT_WAKES, "prove/punch/unmapped/fast", EXT4_615,
	 CLASSES},
	{DS_RULE_LONGTERM_REFUSED, "scenario/longterm", EXT4_19, CLASSES},
	{DS_RULE_FORK_LINKS_FIRST, "scenario/fork-beside-punch", EXT4_19,
	 STATES},
	{DS_RULE_FORK_LINKS_BEHIND, "scenario/fork-beside-punch", EXT4_19,
	 STATES},
	{DS_RULE_FORK_COPIES_PINNED, "scenario/fork-beside-pin", XFS_615,
	 CLASSES},
	{DS_RULE_FORK_LOOKS_AND_PROTECTS, "scenario/fork-beside-pin", XFS_615,
	 CLASSES},
	{DS_RULE_UNMAP_FOR_SCAN, "prove/punch/direct-1/fast", EXT4_19, CLASSES},
	{DS_RULE_UNMAP_BEFORE_SCAN, "prove/punch/direct-1/fast", EXT4_19,
	 CLASSES},
	{DS_RULE_SCAN_UNMAPPED_TOO, "prove/punch/unmapped/fast", EXT4_615,
	 CLASSES},
	{DS_RULE_SCAN_EVERY_PAGE, "prove/punch/direct-2/fast", EXT4_19,
	 CLASSES},
	{DS_RULE_SCAN_AWAITS_ENTRY, "scenario/fsync-locks-entry", EXT4_19,
	 CLASSES},
	{DS_RULE_SCAN_LOOKS_AGAIN, "scenario/fsync-locks-entry", EXT4_19,
	 CLASSES},
	{DS_RULE_SCAN_PASSES_WAKE_ON, "scenario/fsyncs-beside-truncate",
	 EXT4_19, CLASSES},
	{DS_RULE_UNLOCK_ENTRY_WAKES, "scenario/two-fsyncs", EXT4_19, CLASSES},
	{DS_RULE_DELETE_AWAITS_ENTRY, "scenario/write-hole", EXT4_19, CLASSES},
	{DS_RULE_DELETE_WAKES, "scenario/fsyncs-under-truncate", EXT4_19,
	 CLASSES},
	{DS_RULE_DELETE_WAKES_ALL, "scenario/three-fsyncs-under-truncate",
	 EXT4_61, STATES},
	{DS_RULE_INVALIDATE_ENTRIES_FIRST, "scenario/write-hole", EXT4_19,
	 CLASSES},
	{DS_RULE_POISON_RECHECKS, "scenario/poison-and-truncate", EXT4_19,
	 CLASSES},
	{DS_RULE_POISON_UNLOCKS_HEAD, "scenario/poison-tail", EXT4_19, CLASSES},
	{DS_RULE_DOWNGRADE_UNMAPS, "scenario/huge-zero-page", EXT4_19, CLASSES},
	{DS_RULE_DOWNGRADE_WAKES_ALL, "scenario/huge-gives-way", EXT4_19,
	 STATES},
	{DS_RULE_WAIT_IN_ITS_QUEUE, "scenario/huge-and-small-faults", EXT4_61,
	 CLASSES},
	{DS_RULE_REFUSAL_PASSES_WAKE_ON, "scenario/huge-fault-refused", EXT4_19,
	 STATES},
	{DS_RULE_UNLOCK_WAKES_FIRST, "scenario/huge-entry-unlocked", EXT4_19,
	 CLASSES},
	{DS_RULE_SCAN_EVERY_FRAME, "scenario/huge-pin", EXT4_19, CLASSES},
	{DS_RULE_ZERO_PAGE_IS_IDLE, "scenario/pinned-hole", EXT4_19, STATES},
	{DS_RULE_SCAN_STEPS_OVER, "scenario/huge-last", EXT4_19, STATES},
	{DS_RULE_INVALIDATE_STEPS_OVER, "scenario/huge-write-hole", EXT4_19,
	 STATES},
	{DS_RULE_WRITE_BACK_TAGS_FIRST, "scenario/fsync-beside-stores", EXT4_19,
	 STATES},
	{DS_RULE_WRITE_BACK_PASSES_WAKE_ON, "scenario/three-fsyncs", EXT4_19,
	 STATES},
	{DS_RULE_WRITE_BACK_PROTECTS, "scenario/fsync-twice", EXT4_19, CLASSES},
	{DS_RULE_WRITE_BACK_FLUSHES, "scenario/fsync-twice", EXT4_19, CLASSES},
	{DS_RULE_SCAN_WHOLE_FILE, "prove/truncate-down/direct-1/fast", EXT4_19,
	 CLASSES},
	{DS_RULE_RESCAN_AFTER_SLEEP, "prove/punch/direct-2/fast", EXT4_19,
	 CLASSES},
	{DS_RULE_RESCAN_UNTIL_IDLE, "prove/punch/direct-2/fast", EXT4_19,
	 CLASSES},
	{DS_RULE_WAIT_FOR_ITS_PAGE, "prove/punch/direct-1/fast", EXT4_19,
	 CLASSES},
	{DS_RULE_QUEUE_BEFORE_TEST, "prove/punch/direct-1/fast", EXT4_19,
	 CLASSES},
	{DS_RULE_SLEEP_ALLOWS_FAULTS, "prove/punch/direct-2/slow", EXT4_19,
	 CLASSES},
	{DS_RULE_SLEEP_KEEPS_INODE_LOCK, "prove/punch/direct-1/fast", EXT4_19,
	 CLASSES},
	{DS_RULE_RETEST_AFTER_WAKE, "prove/punch/direct-1/fast", EXT4_19,
	 CLASSES},
	{DS_RULE_RETEST_AFTER_WAKE, "prove/truncate-down/direct-2/slow", XFS_19,
	 CLASSES},
	{DS_RULE_RETEST_AFTER_WAKE, "scenario/signal", EXT4_19, CLASSES},
	{DS_RULE_SIGNAL_ENDS_WAIT, "scenario/signal-frees-waiter", EXT4_19,
	 CLASSES},
	{DS_RULE_INTERRUPTED_STOPS, "scenario/signal", EXT4_19, CLASSES},
	{DS_RULE_FAULTS_OUT_UNTIL_CHANGE, "prove/punch/direct-1/slow", EXT4_19,
	 CLASSES},
	{DS_RULE_FAULT_TAKES_LOCK, "prove/punch/direct-1/slow", EXT4_19,
	 CLASSES},
	{DS_RULE_FAULT_SIZE_UNDER_LOCK, "scenario/fault-past-eof", EXT4_19,
	 CLASSES},
	{DS_RULE_FAULT_REPLACES_ZERO_PAGE, "scenario/touch-hole", EXT4_19,
	 CLASSES},
	{DS_RULE_TRUNCATE_UNMAPS, "scenario/unpinned-truncate", EXT4_18,
	 CLASSES},
	{DS_RULE_TRUNCATE_DROPS_ENTRIES, "prove/truncate-down/direct-1/fast",
	 EXT4_19, CLASSES},
	{DS_RULE_TRUNCATE_UNMAPS_AGAIN, "scenario/unpinned-truncate", EXT4_18,
	 CLASSES},
	{DS_RULE_TRUNCATE_UNMAPS_AGAIN, "prove/truncate-down/direct-1/slow",
	 EXT4_19, CLASSES},
	{DS_RULE_TRUNCATE_UNMAPS_AGAIN, "scenario/private-past-eof", EXT4_61,
	 STATES},
	{DS_RULE_TRUNCATE_UNMAPS_COPIES, "scenario/private-past-eof", EXT4_61,
	 STATES},
	{DS_RULE_COPY_RECHECKS_PTE, "scenario/private-past-eof", EXT4_61,
	 STATES},
	{DS_RULE_SYNC_FAULT_COMMITS, "scenario/sync-store", EXT4_19, CLASSES},
	{DS_RULE_SYNC_FAULT_ASKS_JOURNAL, "scenario/sync-store-beside-store",
	 EXT4_19, CLASSES},
	{DS_RULE_PUNCH_UNMAPS, "scenario/unpinned-punch", EXT4_18, CLASSES},
	{DS_RULE_PUNCH_DROPS_ENTRIES, "prove/punch/direct-1/fast", EXT4_19,
	 CLASSES},
	{DS_RULE_WRITE_INVALIDATES, "scenario/write-hole", EXT4_19, CLASSES},
	{DS_RULE_READ_LOCKS_INODE, "scenario/read-during-punch", EXT4_19,
	 CLASSES},
	{DS_RULE_NOWAIT_TRIES_LOCK, "scenario/nowait-read", EXT4_19, CLASSES},
	{DS_RULE_NOWAIT_WAITS_FOR_NO_LAYOUT, "scenario/nowait-write-layout",
	 XFS_61, STATES},
	{DS_RULE_EVICT_BREAKS, "scenario/evict-waits", EXT4_615, CLASSES},
	{DS_RULE_NEW_BLOCKS_ZEROED, "scenario/write-hole", EXT4_19, CLASSES},
	{DS_RULE_ZERO_BEFORE_REACHABLE, "scenario/write-hole", EXT4_19,
	 CLASSES},
	{DS_RULE_ZERO_BEFORE_REACHABLE, "scenario/touch-hole", XFS_19, CLASSES},
	{DS_RULE_CONVERTED_BLOCKS_ZEROED, "scenario/write-unwritten", XFS_19,
	 CLASSES},
	{DS_RULE_REMOVE_BEFORE_FREE, "scenario/read-during-punch", EXT4_19,
	 CLASSES},
	{DS_RULE_REMOVE_BEFORE_FREE, "scenario/unpinned-punch", EXT4_18,
	 CLASSES},
	{DS_RULE_REMOVE_BEFORE_FREE, "prove/truncate-down/direct-1/slow",
	 XFS_19, CLASSES},
	{DS_RULE_STORE_COPIES, "scenario/store-to-shared", XFS_615, CLASSES},
	{DS_RULE_COPY_DROPS_PAGE, "scenario/copy-alone", XFS_615, CLASSES},
	{DS_RULE_COPY_KEEPS_REST, "scenario/copy-alone", XFS_615, CLASSES},
	{DS_RULE_LAST_OWNER_FREES, "scenario/truncate-shared", XFS_61, CLASSES},
	{DS_RULE_SHARING_BREAKS, "scenario/reflink-waits", XFS_61, CLASSES},
	{DS_RULE_EXT4_TRUNCATE_BREAKS, "prove/truncate-down/direct-1/fast",
	 EXT4_19, CLASSES},
	{DS_RULE_EXT4_PUNCH_BREAKS, "prove/punch/direct-1/fast", EXT4_19,
	 CLASSES},
	{DS_RULE_EXT4_COLLAPSE_BREAKS, "prove/collapse/direct-1/fast", EXT4_19,
	 CLASSES},
	{DS_RULE_EXT4_INSERT_BREAKS, "prove/insert/direct-1/fast", EXT4_19,
	 CLASSES},
	{DS_RULE_EXT4_ZERO_BREAKS, "prove/zero/direct-1/fast", EXT4_19,
	 CLASSES},
	{DS_RULE_EXT4_BREAK_BEFORE_SIZE, "scenario/signal-truncate", EXT4_61,
	 CLASSES},
	{DS_RULE_EXT4_BREAK_OUTSIDE_JOURNAL, "prove/punch/direct-1/fast",
	 EXT4_19, CLASSES},
	{DS_RULE_EXT4_ERROR_UNLOCKS, "scenario/signal", EXT4_19, CLASSES},
	{DS_RULE_EXT4_TRUNCATE_ERROR_UNLOCKS, "scenario/signal-truncate",
	 EXT4_61, CLASSES},
	{DS_RULE_EXT4_PUNCH_LOCKS_INODE, "scenario/read-during-punch", EXT4_19,
	 CLASSES},
	{DS_RULE_EXT4_WRITE_LOCKS_INODE, "scenario/write-during-punch", EXT4_19,
	 CLASSES},
	{DS_RULE_EXT4_TRUNCATE_CACHE_FIRST, "scenario/unpinned-truncate",
	 EXT4_18, CLASSES},
	{DS_RULE_EXT4_PUNCH_CACHE_FIRST, "scenario/unpinned-punch", EXT4_18,
	 CLASSES},
	{DS_RULE_EXT4_TRUNCATE_ZEROES_TAIL, "scenario/truncate-tail", EXT4_19,
	 CLASSES},
	{DS_RULE_EXT4_GROWTH_ZEROES_TAIL, "scenario/store-past-eof", EXT4_615,
	 CLASSES},
	{DS_RULE_EXT4_COLLAPSE_DROPS_BEHIND, "scenario/pin-behind-collapse",
	 EXT4_19, CLASSES},
	{DS_RULE_EXT4_INSERT_DROPS_BEHIND, "prove/insert/direct-1/fast",
	 EXT4_19, CLASSES},
	{DS_RULE_XFS_TRUNCATE_BREAKS, "prove/truncate-down/direct-1/fast",
	 XFS_19, CLASSES},
	{DS_RULE_XFS_FALLOCATE_BREAKS, "prove/punch/direct-1/fast", XFS_19,
	 CLASSES},
	{DS_RULE_XFS_INODE_LOCK_FIRST, "scenario/read-during-punch", XFS_19,
	 CLASSES},
	{DS_RULE_XFS_TRUNCATE_ZEROES_TAIL, "scenario/truncate-tail", XFS_19,
	 CLASSES},
	{DS_RULE_XFS_GROWTH_ZEROES_TAIL, "scenario/store-past-eof", XFS_19,
	 CLASSES},
	{DS_RULE_XFS_SHIFT_DROPS_BEHIND, "prove/insert/direct-1/fast", XFS_19,
	 CLASSES},
	{DS_RULE_XFS_WRITE_LOCKS_INODE, "scenario/write-during-punch", XFS_19,
	 CLASSES},
	{DS_RULE_XFS_RESERVES_SPACE, "scenario/full-allocate", XFS_19, CLASSES},
	{DS_RULE_LEASE_END_WAKES, "scenario/layout-truncate", XFS_19, CLASSES},
	{DS_RULE_RECALL_REACHES_HOLDER, "scenario/layout-truncate", XFS_19,
	 STATES},
	{DS_RULE_XFS_UNMAP_BREAKS_LEASES, "scenario/layout-truncate", XFS_19,
	 CLASSES},
	{DS_RULE_XFS_WRITE_BREAKS_LEASES, "scenario/layout-write", XFS_19,
	 CLASSES},
	{DS_RULE_XFS_LEASE_WAIT_UNLOCKS, "scenario/layout-commit", XFS_19,
	 STATES},
	{DS_RULE_XFS_PINS_AFTER_LEASES, "scenario/layout-and-pin", XFS_19,
	 STATES},
	{DS_RULE_XFS_SHARING_BREAKS_LEASES, "scenario/reflink-recalls-dest",
	 XFS_61, CLASSES},
	{DS_RULE_XFS_SHARING_LOOKS_AGAIN, "scenario/reflink-beside-layout-read",
	 XFS_61, STATES},
	{DS_RULE_LAYOUT_REFUSES_SHARED, "scenario/layout-of-shared", XFS_61,
	 CLASSES},
	{DS_RULE_LEASE_BEFORE_LAYOUT, "scenario/layout-get-and-return", XFS_19,
	 CLASSES},
	{DS_RULE_RETURN_DRAINS_IO, "scenario/layout-truncate", XFS_19, CLASSES},
	{DS_RULE_FENCE_SHUTS_OUT, "scenario/layout-fence", XFS_19, CLASSES},
	{DS_RULE_VIRTIOFS_TRUNCATE_BREAKS, "prove/truncate-down/unmapped/fast",
	 VIRT_615, CLASSES},
	{DS_RULE_VIRTIOFS_FALLOCATE_BREAKS, "prove/punch/unmapped/fast",
	 VIRT_615, CLASSES},
	{DS_RULE_VIRTIOFS_WHOLE_FILE, "scenario/virtiofs-whole-file", VIRT_615,
	 CLASSES},
	{DS_RULE_GENERIC_TRUNCATE_BREAKS, "prove/truncate-down/unmapped/fast",
	 GENERIC, CLASSES},
	{DS_RULE_GENERIC_FALLOCATE_BREAKS, "prove/insert/unmapped/fast",
	 GENERIC, CLASSES},
	{DS_RULE_DMA_UNDER_PIN, "prove/punch/direct-1/fast", EXT4_19, CLASSES},
};

#define N_HOMES (sizeof(homes) / sizeof(homes[0]))

/* A scenario in which every property was seen to hold. */
struct base {
	const char *scenario, *fs;
	enum ds_search_kind kind;
	uint64_t interleavings;
	uint64_t states; /* where these were merged */
	char search[32];
};

struct ds_mutator {
	struct ds_region *region;
	unsigned int n_bases;
	struct base bases[N_HOMES];
};

/* One search of a home, with its rule kept or broken. */
struct trial {
	const struct ds_case *home;
	struct ds_scenario scenario;
	struct ds_search_options options;
	struct ds_search_result result;
	bool reached;
};

int ds_mutator_new(struct ds_region *region, struct ds_mutator **ret_mutator)
{
	struct ds_mutator *mutator = calloc(1, sizeof(*mutator));

	if (!mutator)
		return -ENOMEM;
	mutator->region = region;
	*ret_mutator = mutator;
	return 0;
}

void ds_mutator_free(struct ds_mutator *mutator)
{
	free(mutator);
}

/* Home number @i of @rule on @fs (NULL: on any), or NULL. */
static const struct ds_case *home_at(enum ds_rule rule, const char *fs,
				     unsigned int i)
{
	size_t at;

	for (at = 0; at < N_HOMES; at++)
		if (homes[at].broken == rule &&
		    (!fs || strcmp(homes[at].fs, fs) == 0) && i-- == 0)
			return &homes[at];
	return NULL;
}

bool ds_mutation_home(enum ds_rule rule, unsigned int i,
		      const char **ret_scenario, const char **ret_fs)
{
	const struct ds_case *home = home_at(rule, NULL, i);

	if (!home)
		return false;
	*ret_scenario = home->scenario;
	*ret_fs = home->fs;
	return true;
}

static void note_reached(void *arg, struct ds_world *world)
{
	struct trial *trial = arg;

	trial->reached |= atomic_load(&world->sched->broke_rule);
}

/* Whether a search is as complete as it was meant to be. */
static bool is_whole(const struct trial *trial)
{
	return trial->result.end == DS_END_COMPLETE && !trial->result.limited;
}

static const struct base *known_base(const struct ds_mutator *mutator,
				     const struct ds_case *home)
{
	unsigned int i;

	for (i = 0; i < mutator->n_bases; i++)
		if (strcmp(mutator->bases[i].scenario, home->scenario) == 0 &&
		    strcmp(mutator->bases[i].fs, home->fs) == 0 &&
		    mutator->bases[i].kind == home->kind)
			return &mutator->bases[i];
	return NULL;
}

/*
 * Sees for itself that every property holds while the rule is kept, once for
 * each scenario and profile.
 */
static int find_base(struct ds_mutator *mutator, struct trial *trial,
		     const struct base **ret_base, char *why, size_t why_size)
{
	const struct ds_case *home = trial->home;
	struct base *base;
	int r = 0;

	*ret_base = known_base(mutator, home);
	if (*ret_base)
		return 0;
	r = ds_case_search(home, DS_RULE_NONE, &trial->options, mutator->region,
			   &trial->result, why, why_size);
	if (r < 0)
		return r;
	ds_assert(mutator->n_bases < N_HOMES);
	base = &mutator->bases[mutator->n_bases];
	base->scenario = home->scenario;
	base->fs = home->fs;
	base->kind = home->kind;
	base->interleavings = trial->result.interleavings;
	base->states = trial->result.states;
	ds_search_end_text(&trial->result, &trial->options, base->search,
			   sizeof(base->search));
	if (trial->result.broken || !is_whole(trial)) {
		snprintf(why, why_size,
			 "%s on %s %s with every rule kept (%s, %llu "
			 "interleavings)",
			 home->scenario, home->fs,
			 trial->result.broken ? "breaks a property"
					      : "is not searched to its end",
			 base->search, (unsigned long long)base->interleavings);
		r = -EINVAL;
	}
	ds_search_result_free(&trial->result);
	if (r == 0)
		*ret_base = &mutator->bases[mutator->n_bases++];
	return r;
}

/* The property that broke first in the run that was found. */
static enum ds_property_id first_broken(const struct ds_search_result *result)
{
	unsigned int i, first = DS_N_PROPERTIES;

	for (i = 0; i < DS_N_PROPERTIES; i++)
		if (result->findings[i].runs &&
		    (first == DS_N_PROPERTIES ||
		     result->findings[i].finding.step <
			     result->findings[first].finding.step))
			first = i;
	return (enum ds_property_id)first;
}

static int note_kill(const struct trial *trial,
		     struct ds_mutation_result *result)
{
	const struct ds_search_finding *finding;

	result->status = DS_MUTATION_KILLED;
	result->reached = true;
	result->scenario = trial->home->scenario;
	result->fs = trial->home->fs;
	result->broken = trial->result.broken;
	result->property = first_broken(&trial->result);
	finding = &trial->result.findings[result->property];
	memcpy(result->text, finding->finding.text, sizeof(result->text));
	result->replay =
		ds_token_format(result->scenario, trial->scenario.hash,
				result->fs, result->rule, &finding->schedule);
	return result->replay ? 0 : -ENOMEM;
}

/* Breaks the rule in one scenario. */
static int try(struct ds_mutator *mutator, struct trial *trial,
	       struct ds_mutation_result *result, char *why, size_t why_size)
{
	const struct base *base;
	int r;

	r = find_base(mutator, trial, &base, why, why_size);
	if (r < 0)
		return r;
	trial->options.first = true;
	trial->options.ran = note_reached;
	trial->options.ran_arg = trial;
	r = ds_case_search(trial->home, result->rule, &trial->options,
			   mutator->region, &trial->result, why, why_size);
	if (r < 0)
		return r;
	result->n_tried++;
	result->reached |= trial->reached;
	result->base = base->interleavings;
	result->base_states = base->states;
	result->runs = trial->result.interleavings + trial->result.redundant +
		       trial->result.limited;
	ds_search_end_text(&trial->result, &trial->options, result->search,
			   sizeof(result->search));
	if (trial->result.broken) {
		r = note_kill(trial, result);
	} else if (!is_whole(trial)) {
		snprintf(why, why_size, "%s on %s: %s after %llu runs with %s",
			 trial->home->scenario, trial->home->fs, result->search,
			 (unsigned long long)result->runs,
			 ds_rule_text(result->rule)->mutation);
		r = -EINVAL;
	}
	ds_search_result_free(&trial->result);
	return r;
}

int ds_mutate(struct ds_mutator *mutator, enum ds_rule rule, const char *fs,
	      bool (*progress)(void *arg, uint64_t runs, uint64_t states),
	      struct ds_mutation_result *ret_result, char *ret_why,
	      size_t why_size)
{
	const char *argument = ds_rule_text(rule)->equivalent;
	const struct ds_case *home;
	unsigned int i;
	int r = 0;

	memset(ret_result, 0, sizeof(*ret_result));
	ret_result->rule = rule;
	ret_result->status = DS_MUTATION_SURVIVED;
	snprintf(ret_why, why_size, "out of memory");
	for (i = 0; r == 0 && !ret_result->scenario; i++) {
		struct trial trial = {0};

		home = home_at(rule, fs, i);
		if (!home)
			break;
		trial.home = home;
		r = ds_case_scenario(home, &trial.scenario, ret_why, why_size);
		if (r < 0)
			break;
		trial.options = (struct ds_search_options){
			.kind = home->kind,
			.budget = MAX_RUNS,
			.max_steps = MAX_STEPS,
			.progress = progress,
			.progress_arg = trial.scenario.name,
		};
		r = try(mutator, &trial, ret_result, ret_why, why_size);
	}
	if (r < 0)
		ds_mutation_result_clear(ret_result);
	/* An argument counts only where the rule was met, and not noticed. */
	if (argument && !ret_result->scenario && ret_result->reached)
		ret_result->status = DS_MUTATION_EQUIVALENT;
	ret_result->refuted = argument && ret_result->scenario;
	return r;
}

void ds_mutation_result_clear(struct ds_mutation_result *result)
{
	free(result->replay);
	result->replay = NULL;
}

const char *ds_mutation_status_name(enum ds_mutation_status status)
{
	static const char *const names[] = {
		[DS_MUTATION_KILLED] = "killed",
		[DS_MUTATION_EQUIVALENT] = "equivalent",
		[DS_MUTATION_SURVIVED] = "survived",
	};

	return names[status];
}
