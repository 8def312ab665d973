// SPDX-License-Identifier: LGPL-2.1-or-later
#include "race/claims.h"

#include <stdio.h>

#include "race/finals.h"

#define MAX_STEPS 10000

#define CLASSES DS_SEARCH_SOURCE
#define STATES  DS_SEARCH_STATES

#define KEPT DS_RULE_NONE

#define ZWISLER  "Ross Zwisler"
#define CZERNER  "Lukas Czerner"
#define CHINNER  "Dave Chinner"
#define KARA     "Jan Kara"
#define WILLIAMS "Dan Williams"
#define WONG     "Darrick Wong"

/*
 * In the order of the mails. One claim may take several rows: one for each
 * operation it is about, or the case in which it holds and one in which it
 * would not.
 */
static const struct ds_claim claims[] = {
	{
		.experiment = "four-paths",
		.who = ZWISLER,
		.date = "2018-06-27",
		.says = "without a wait truncate takes pages away that "
			"are pinned, and the kernel warns of it",
		.where = {KEPT, "prove/truncate-down/direct-1/fast",
			  "ext4-4.18", CLASSES},
		.warning = DS_WARN_BUSY_PAGE_REMOVED,
		.breaks = true,
		.right = true,
	},
	{
		.experiment = "four-paths",
		.who = ZWISLER,
		.date = "2018-06-27",
		.says = "with v2 truncate waits for a page that is "
			"pinned",
		.where = {KEPT, "prove/truncate-down/direct-1/fast", "ext4-v2",
			  CLASSES},
		.property = DS_WAITED,
		.breaks = false,
		.right = true,
	},
	{
		.experiment = "four-paths",
		.who = ZWISLER,
		.date = "2018-06-27",
		.says = "without a wait punch takes pages away that are "
			"pinned, and the kernel warns of it",
		.where = {KEPT, "prove/punch/direct-1/fast", "ext4-4.18",
			  CLASSES},
		.warning = DS_WARN_BUSY_PAGE_REMOVED,
		.breaks = true,
		.right = true,
	},
	{
		.experiment = "four-paths",
		.who = ZWISLER,
		.date = "2018-06-27",
		.says = "with v2 punch waits for a page that is pinned",
		.where = {KEPT, "prove/punch/direct-1/fast", "ext4-v2",
			  CLASSES},
		.property = DS_WAITED,
		.breaks = false,
		.right = true,
	},
	{
		.experiment = "four-paths",
		.who = ZWISLER,
		.date = "2018-06-27",
		.says = "without a wait collapse takes pages away that "
			"are pinned, and the kernel warns of it",
		.where = {KEPT, "prove/collapse/direct-1/fast", "ext4-4.18",
			  CLASSES},
		.warning = DS_WARN_BUSY_PAGE_REMOVED,
		.breaks = true,
		.right = true,
	},
	{
		.experiment = "four-paths",
		.who = ZWISLER,
		.date = "2018-06-27",
		.says = "with v2 collapse waits for a page that is "
			"pinned",
		.where = {KEPT, "prove/collapse/direct-1/fast", "ext4-v2",
			  CLASSES},
		.property = DS_WAITED,
		.breaks = false,
		.right = true,
	},
	{
		.experiment = "four-paths",
		.who = ZWISLER,
		.date = "2018-06-27",
		.says = "without a wait zero takes pages away that are "
			"pinned, and the kernel warns of it",
		.where = {KEPT, "prove/zero/direct-1/fast", "ext4-4.18",
			  CLASSES},
		.warning = DS_WARN_BUSY_PAGE_REMOVED,
		.breaks = true,
		.right = true,
	},
	{
		.experiment = "four-paths",
		.who = ZWISLER,
		.date = "2018-06-27",
		.says = "with v2 zero waits for a page that is pinned",
		.where = {KEPT, "prove/zero/direct-1/fast", "ext4-v2", CLASSES},
		.property = DS_WAITED,
		.breaks = false,
		.right = true,
	},
	{
		.experiment = "occasional-hits",
		.who = ZWISLER,
		.date = "2018-06-27",
		.says = "with v2 there still are occasional hits of the "
			"warning: something is left to be done",
		.where = {KEPT, "scenario/early-give-up", "ext4-v2", CLASSES},
		.warning = DS_WARN_BUSY_PAGE_REMOVED,
		.breaks = true,
		.right = true,
	},
	{
		.experiment = "occasional-hits",
		.who = ZWISLER,
		.date = "2018-06-27",
		.says = "v2 waits wherever ext4 removes blocks: of two "
			"pinned pages it misses one",
		.where = {KEPT, "scenario/early-give-up", "ext4-v2", CLASSES},
		.property = DS_WAITED,
		.breaks = true,
		.right = false,
	},
	{
		.experiment = "dax-entries-only",
		.who = ZWISLER,
		.date = "2018-06-27",
		.says = "the page cache of a DAX file has nothing but "
			"DAX entries in it (patch 1/2 warns of others)",
		.where = {KEPT, "scenario/early-give-up", "ext4-v2", CLASSES},
		.warning = DS_WARN_NOT_DAX,
		.breaks = false,
		.right = true,
	},
	{
		.experiment = "insert-range",
		.who = CZERNER,
		.date = "2018-06-29",
		.says = "insert drops pages from the page cache like "
			"the others, so it needs the wait, too",
		.where = {KEPT, "scenario/insert", "ext4-v2", CLASSES},
		.property = DS_WAITED,
		.breaks = true,
		.right = true,
	},
	{
		.experiment = "insert-range",
		.who = ZWISLER,
		.date = "2018-06-29",
		.says = "insert removes no block from the file, so no "
			"other file's bytes are at risk without a wait",
		.where = {KEPT, "scenario/insert", "ext4-v3", CLASSES},
		.property = DS_NO_STRAY_WRITE,
		.breaks = false,
		.right = true,
	},
	{
		.experiment = "insert-range",
		.who = ZWISLER,
		.date = "2018-06-29",
		.says = "nor is any block freed under a device",
		.where = {KEPT, "scenario/insert", "ext4-v3", CLASSES},
		.property = DS_NO_FREE_BLOCK_PINNED,
		.breaks = false,
		.right = true,
	},
	{
		.experiment = "insert-range",
		.who = ZWISLER,
		.date = "2018-06-29",
		.says = "what can come of both calls at once is what "
			"can come of one after the other",
		.where = {KEPT, "scenario/insert", "ext4-v3", CLASSES},
		.against = {KEPT, "scenario/insert", "ext4-4.19", CLASSES},
		.breaks = false,
		.right = true,
	},
	{
		.experiment = "insert-range",
		.who = ZWISLER,
		.date = "2018-06-29",
		.says = "the same of two pages: one half may land on "
			"the other",
		.where = {KEPT, "scenario/thread-insert-two-pages", "ext4-v3",
			  CLASSES},
		.against = {KEPT, "scenario/thread-insert-two-pages",
			    "ext4-4.19", CLASSES},
		.breaks = true,
		.right = false,
	},
	{
		.experiment = "insert-range",
		.who = KARA,
		.date = "2018-07-02",
		.says = "insert without a wait corrupts nothing: what "
			"is read was put there",
		.where = {KEPT, "scenario/thread-insert-and-read", "ext4-v3",
			  CLASSES},
		.property = DS_NO_STALE_DATA,
		.breaks = false,
		.right = true,
	},
	{
		.experiment = "insert-range",
		.who = KARA,
		.date = "2018-07-02",
		.says = "nor does it leave page cache and extent map "
			"apart",
		.where = {KEPT, "scenario/insert", "ext4-v3", CLASSES},
		.property = DS_TREES_AGREE,
		.breaks = false,
		.right = true,
	},
	{
		.experiment = "insert-range",
		.who = KARA,
		.date = "2018-07-04",
		.says = "what is written in the meantime lands as if "
			"insert had waited and then shifted",
		.where = {KEPT, "scenario/insert", "ext4-v3", CLASSES},
		.against = {KEPT, "scenario/insert", "ext4-4.19", CLASSES},
		.breaks = false,
		.right = true,
	},
	{
		.experiment = "insert-range",
		.who = KARA,
		.date = "2018-07-04",
		.says = "the same of two pages: one half may land on "
			"the other",
		.where = {KEPT, "scenario/thread-insert-two-pages", "ext4-v3",
			  CLASSES},
		.against = {KEPT, "scenario/thread-insert-two-pages",
			    "ext4-4.19", CLASSES},
		.breaks = true,
		.right = false,
	},
	{
		.experiment = "late-write",
		.who = ZWISLER,
		.date = "2018-06-29",
		.says = "a late write ends in the new block at its old "
			"offset, as if the insert had come first",
		.where = {KEPT, "scenario/thread-late-write", "ext4-v3",
			  CLASSES},
		.against = {KEPT, "scenario/thread-insert-then-write",
			    "ext4-v3", CLASSES},
		.breaks = true,
		.right = false,
	},
	{
		.experiment = "late-write",
		.who = KARA,
		.date = "2018-07-04",
		.says = "a late write ends at another offset, as if the "
			"insert had waited for it",
		.where = {KEPT, "scenario/thread-late-write", "ext4-v3",
			  CLASSES},
		.against = {KEPT, "scenario/thread-write-then-insert",
			    "ext4-v3", CLASSES},
		.breaks = false,
		.right = true,
	},
	{
		.experiment = "page-cache",
		.who = KARA,
		.date = "2018-07-04",
		.says = "over the page cache truncate detaches pages "
			"that are pinned: the device never writes to a "
			"block of another file",
		.where = {KEPT, "prove/truncate-down/direct-1/fast",
			  "ext4-pagecache", CLASSES},
		.property = DS_NO_STRAY_WRITE,
		.breaks = false,
		.right = true,
	},
	{
		.experiment = "page-cache",
		.who = KARA,
		.date = "2018-07-04",
		.says = "over the page cache punch detaches pages that "
			"are pinned: the device never writes to a block "
			"of another file",
		.where = {KEPT, "prove/punch/direct-1/fast", "ext4-pagecache",
			  CLASSES},
		.property = DS_NO_STRAY_WRITE,
		.breaks = false,
		.right = true,
	},
	{
		.experiment = "page-cache",
		.who = KARA,
		.date = "2018-07-04",
		.says = "over the page cache collapse detaches pages "
			"that are pinned: the device never writes to a "
			"block of another file",
		.where = {KEPT, "prove/collapse/direct-1/fast",
			  "ext4-pagecache", CLASSES},
		.property = DS_NO_STRAY_WRITE,
		.breaks = false,
		.right = true,
	},
	{
		.experiment = "page-cache",
		.who = KARA,
		.date = "2018-07-04",
		.says = "over the page cache insert detaches pages that "
			"are pinned: the device never writes to a block "
			"of another file",
		.where = {KEPT, "prove/insert/direct-1/fast", "ext4-pagecache",
			  CLASSES},
		.property = DS_NO_STRAY_WRITE,
		.breaks = false,
		.right = true,
	},
	{
		.experiment = "page-cache",
		.who = KARA,
		.date = "2018-07-04",
		.says = "what is written to a detached page is "
			"discarded: the file ends as if it had never "
			"been written",
		.where = {KEPT, "scenario/thread-late-write", "ext4-pagecache",
			  CLASSES},
		.against = {KEPT, "scenario/thread-never-written",
			    "ext4-pagecache", CLASSES},
		.breaks = false,
		.right = true,
	},
	{
		.experiment = "page-cache",
		.who = KARA,
		.date = "2018-07-04",
		.says = "with DAX it is not: it lands in the block that "
			"moved",
		.where = {KEPT, "scenario/thread-late-write", "ext4-v3",
			  CLASSES},
		.against = {KEPT, "scenario/thread-never-written", "ext4-v3",
			    CLASSES},
		.breaks = true,
		.right = true,
	},
	{
		.experiment = "page-cache",
		.who = KARA,
		.date = "2018-07-04",
		.says = "v3 keeps DAX similar to the page cache: what "
			"can come of insert with DAX can come of it "
			"with the page cache",
		.where = {KEPT, "scenario/insert", "ext4-v3", CLASSES},
		.against = {KEPT, "scenario/insert", "ext4-pagecache", CLASSES},
		.breaks = false,
		.right = true,
	},
	{
		.experiment = "page-cache",
		.who = KARA,
		.date = "2018-07-04",
		.says = "and the other way round: no, only the page "
			"cache loses what the device writes",
		.where = {KEPT, "scenario/insert", "ext4-pagecache", CLASSES},
		.against = {KEPT, "scenario/insert", "ext4-v3", CLASSES},
		.breaks = true,
		.right = true,
	},
	{
		.experiment = "page-cache",
		.who = KARA,
		.date = "2018-07-04",
		.says = "who mixes direct I/O with extent manipulations "
			"on its buffer gets inconsistent results over "
			"the page cache",
		.where = {KEPT, "scenario/thread-insert-and-read",
			  "ext4-pagecache", CLASSES},
		.property = DS_NO_STALE_DATA,
		.breaks = true,
		.right = true,
	},
	{
		.experiment = "plain-allocation",
		.who = CZERNER,
		.date = "2018-06-29",
		.says = "fallocate that only allocates need not wait "
			"for pages",
		.where = {KEPT, "prove/allocate/direct-1/fast", "ext4-4.19",
			  CLASSES},
		.property = DS_WAITED,
		.breaks = false,
		.right = true,
	},
	{
		.experiment = "plain-allocation",
		.who = CHINNER,
		.date = "2018-06-30",
		.says = "who has cached a hole is wrong when a block "
			"comes there: an allocation must break leases, "
			"too",
		.where = {DS_RULE_XFS_FALLOCATE_BREAKS,
			  "scenario/layout-allocate", "xfs-4.19", CLASSES},
		.property = DS_LAYOUT_HOLDER_COHERENT,
		.breaks = true,
		.right = true,
	},
	{
		.experiment = "plain-allocation",
		.who = CHINNER,
		.date = "2018-06-30",
		.says = "with the lease broken it is told in time",
		.where = {KEPT, "scenario/layout-allocate", "xfs-4.19",
			  CLASSES},
		.property = DS_LAYOUT_HOLDER_COHERENT,
		.breaks = false,
		.right = true,
	},
	{
		.experiment = "plain-allocation",
		.who = CHINNER,
		.date = "2018-07-05",
		.says = "XFS issues BREAK_UNMAP for all of fallocate: "
			"it waits for a page that the allocation has no "
			"business with",
		.where = {KEPT, "scenario/thread-allocate-waits", "xfs-4.19",
			  CLASSES},
		.property = DS_NO_DEADLOCK,
		.breaks = true,
		.right = true,
	},
	{
		.experiment = "plain-allocation",
		.who = KARA,
		.date = "2018-07-09",
		.says = "to allocate need not wait for pages, as a "
			"write does not: ext4 is right without",
		.where = {KEPT, "scenario/thread-allocate-waits", "ext4-4.19",
			  CLASSES},
		.property = DS_NO_DEADLOCK,
		.breaks = false,
		.right = true,
	},
	{
		.experiment = "plain-allocation",
		.who = WONG,
		.date = "2018-07-09",
		.says = "BREAK_WRITE is enough for fallocate without a "
			"mode: nothing waits for pages here, and no pin "
			"is hurt",
		.where = {KEPT, "prove/allocate/direct-2/slow", "ext4-4.19",
			  CLASSES},
		.property = DS_LAYOUT_HOLDER_COHERENT,
		.breaks = false,
		.right = true,
	},
	{
		.experiment = "plain-allocation",
		.who = WONG,
		.date = "2018-07-09",
		.says = "at least in XFS the other modes need "
			"BREAK_UNMAP: punch without it",
		.where = {DS_RULE_XFS_FALLOCATE_BREAKS,
			  "prove/punch/direct-1/fast", "xfs-4.19", CLASSES},
		.property = DS_WAITED,
		.breaks = true,
		.right = true,
	},
	{
		.experiment = "plain-allocation",
		.who = WONG,
		.date = "2018-07-09",
		.says = "at least in XFS the other modes need "
			"BREAK_UNMAP: zero without it",
		.where = {DS_RULE_XFS_FALLOCATE_BREAKS,
			  "prove/zero/direct-1/fast", "xfs-4.19", CLASSES},
		.property = DS_WAITED,
		.breaks = true,
		.right = true,
	},
	{
		.experiment = "plain-allocation",
		.who = WONG,
		.date = "2018-07-09",
		.says = "at least in XFS the other modes need "
			"BREAK_UNMAP: collapse without it",
		.where = {DS_RULE_XFS_FALLOCATE_BREAKS,
			  "prove/collapse/direct-1/fast", "xfs-4.19", CLASSES},
		.property = DS_WAITED,
		.breaks = true,
		.right = true,
	},
	{
		.experiment = "plain-allocation",
		.who = WONG,
		.date = "2018-07-09",
		.says = "at least in XFS the other modes need "
			"BREAK_UNMAP: insert without it",
		.where = {DS_RULE_XFS_FALLOCATE_BREAKS,
			  "prove/insert/direct-1/fast", "xfs-4.19", CLASSES},
		.property = DS_WAITED,
		.breaks = true,
		.right = true,
	},
	{
		.experiment = "stale-layout",
		.who = CHINNER,
		.date = "2018-07-04",
		.says = "whoever holds a map of offsets to blocks then "
			"writes to the wrong offset: a shift must break "
			"layouts",
		.where = {KEPT, "scenario/insert", "ext4-v3", CLASSES},
		.property = DS_LAYOUT_HOLDER_COHERENT,
		.breaks = true,
		.right = true,
	},
	{
		.experiment = "stale-layout",
		.who = CHINNER,
		.date = "2018-07-04",
		.says = "a client with a layout silently writes to the "
			"wrong offset after a shift",
		.where = {KEPT, "scenario/layout-insert", "ext4-v3", CLASSES},
		.property = DS_LAYOUT_HOLDER_COHERENT,
		.breaks = true,
		.right = true,
	},
	{
		.experiment = "stale-layout",
		.who = CHINNER,
		.date = "2018-07-04",
		.says = "XFS breaks its lease first",
		.where = {KEPT, "scenario/layout-insert", "xfs-4.19", CLASSES},
		.property = DS_LAYOUT_HOLDER_COHERENT,
		.breaks = false,
		.right = true,
	},
	{
		.experiment = "stale-layout",
		.who = KARA,
		.date = "2018-07-04",
		.says = "ext4_break_layouts() promises more than it "
			"does: where insert calls it, a client's layout "
			"is stale all the same",
		.where = {KEPT, "scenario/layout-insert", "ext4-4.19", CLASSES},
		.property = DS_LAYOUT_HOLDER_COHERENT,
		.breaks = true,
		.right = true,
	},
	{
		.experiment = "stale-layout",
		.who = WONG,
		.date = "2018-07-05",
		.says = "who builds pNFS on ext4 as it is gets hurt: "
			"its client writes to blocks that were punched",
		.where = {KEPT, "scenario/layout-punch", "ext4-4.19", CLASSES},
		.property = DS_NO_STRAY_WRITE,
		.breaks = true,
		.right = true,
	},
	{
		.experiment = "stale-layout",
		.who = WONG,
		.date = "2018-07-05",
		.says = "in XFS it does not",
		.where = {KEPT, "scenario/layout-punch", "xfs-4.19", CLASSES},
		.property = DS_NO_STRAY_WRITE,
		.breaks = false,
		.right = true,
	},
	{
		.experiment = "parity",
		.who = WILLIAMS,
		.date = "2018-07-05",
		.says = "with v3 ext4 does for BREAK_UNMAP what XFS "
			"does: insert in ext4 (withdrawn on 2018-07-06)",
		.where = {KEPT, "prove/insert/direct-1/fast", "ext4-v3",
			  CLASSES},
		.property = DS_WAITED,
		.breaks = true,
		.right = false,
	},
	{
		.experiment = "parity",
		.who = CHINNER,
		.date = "2018-07-05",
		.says = "XFS makes no exception for shifts, as v3 does: "
			"insert in XFS",
		.where = {KEPT, "prove/insert/direct-1/fast", "xfs-4.19",
			  CLASSES},
		.property = DS_WAITED,
		.breaks = false,
		.right = true,
	},
	{
		.experiment = "parity",
		.who = KARA,
		.date = "2018-07-09",
		.says = "let insert wait, too: v4.19 does",
		.where = {KEPT, "prove/insert/direct-1/fast", "ext4-4.19",
			  CLASSES},
		.property = DS_WAITED,
		.breaks = false,
		.right = true,
	},
	{
		.experiment = "break-write",
		.who = WONG,
		.date = "2018-07-09",
		.says = "BREAK_WRITE ends leases at once, it is "
			"BREAK_UNMAP that waits for the holder's "
			"answer: a write to which nobody answers",
		.where = {KEPT, "scenario/thread-write-mute", "xfs-4.19",
			  STATES},
		.property = DS_NO_STARVATION,
		.breaks = true,
		.right = false,
	},
	{
		.experiment = "copy-on-write",
		.who = WONG,
		.date = "2018-07-09",
		.says = "does a write that copies need BREAK_UNMAP? XFS "
			"writes without it",
		.where = {KEPT, "scenario/copy-under-read-pin", "xfs-6.1",
			  CLASSES},
		.property = DS_WAITED,
		.breaks = true,
		.right = true,
	},
	{
		.experiment = "copy-on-write",
		.who = KARA,
		.date = "2018-07-09",
		.says = "it does: otherwise the old block can be freed "
			"under the device",
		.where = {KEPT, "scenario/copy-under-read-pin", "xfs-6.1",
			  CLASSES},
		.property = DS_NO_FREE_BLOCK_PINNED,
		.breaks = true,
		.right = true,
	},
	{
		.experiment = "copy-on-write",
		.who = WONG,
		.date = "2018-07-09",
		.says = "pNFS does not support files that share blocks: it "
			"refuses layouts of them",
		.where = {KEPT, "scenario/layout-of-shared", "xfs-6.1",
			  CLASSES},
		.property = DS_NO_STRAY_WRITE,
		.right = true,
	},
	{
		.experiment = "copy-on-write",
		.who = WONG,
		.date = "2018-07-09",
		.says = "the same of a file that begins to share blocks "
			"meanwhile",
		.where = {KEPT, "scenario/reflink-beside-layout-get", "xfs-6.1",
			  CLASSES},
		.property = DS_NO_STRAY_WRITE,
		.breaks = true,
		.right = false,
	},
};

const struct ds_claim *ds_claim_at(unsigned int i)
{
	return i < sizeof(claims) / sizeof(claims[0]) ? &claims[i] : NULL;
}

static bool compares(const struct ds_claim *claim)
{
	return claim->against.scenario;
}

/* Searches @what and adds what files contain in the end. */
static int search(const struct ds_case *what, struct ds_region *region,
		  struct ds_finals *finals, struct ds_search_result *ret_result,
		  char *ret_why, size_t why_size)
{
	struct ds_search_options options = {
		.kind = what->kind,
		.max_steps = MAX_STEPS,
		.ran = ds_finals_add,
		.ran_arg = finals,
	};
	int r = ds_case_search(what, what->broken, &options, region, ret_result,
			       ret_why, why_size);

	if (r == 0 && finals->error) {
		ds_search_result_free(ret_result);
		snprintf(ret_why, why_size, "no memory for what files contain");
		return finals->error;
	}
	return r;
}

/* Compares @finals with those of the other case. */
static int compare(const struct ds_claim *claim, struct ds_region *region,
		   const struct ds_finals *finals,
		   struct ds_claim_outcome *outcome, char *ret_why,
		   size_t why_size)
{
	struct ds_search_result result;
	struct ds_finals others = {0};
	int r = search(&claim->against, region, &others, &result, ret_why,
		       why_size);

	if (r == 0) {
		outcome->complete &= result.end == DS_END_COMPLETE;
		outcome->n_foreign = ds_finals_foreign(finals, &others);
		outcome->breaks = outcome->n_foreign > 0;
		ds_search_result_free(&result);
	}
	ds_finals_free(&others);
	return r;
}

int ds_claim_try(const struct ds_claim *claim, struct ds_region *region,
		 struct ds_claim_outcome *ret_outcome, char *ret_why,
		 size_t why_size)
{
	struct ds_search_result result;
	struct ds_finals finals = {0};
	int r = search(&claim->where, region, &finals, &result, ret_why,
		       why_size);

	if (r < 0) {
		ds_finals_free(&finals);
		return r;
	}
	*ret_outcome = (struct ds_claim_outcome){
		.breaks = claim->warning ? result.warned >> claim->warning & 1
					 : result.broken >> claim->property & 1,
		.complete = result.end == DS_END_COMPLETE,
		.interleavings = result.interleavings,
		.n_finals = finals.n,
	};
	ds_search_result_free(&result);
	if (compares(claim))
		r = compare(claim, region, &finals, ret_outcome, ret_why,
			    why_size);
	ds_finals_free(&finals);
	return r;
}

void ds_claim_outcome_text(const struct ds_claim *claim,
			   const struct ds_claim_outcome *outcome,
			   char *ret_text, size_t size)
{
	if (compares(claim))
		snprintf(ret_text, size,
			 "%zu of %zu final contents on %s are among those of "
			 "%s on %s",
			 outcome->n_finals - outcome->n_foreign,
			 outcome->n_finals, claim->where.fs,
			 claim->against.scenario, claim->against.fs);
	else if (claim->warning)
		snprintf(ret_text, size, "W%d is %sraised on %s",
			 (int)claim->warning, outcome->breaks ? "" : "never ",
			 claim->where.fs);
	else
		snprintf(ret_text, size, "%s %s on %s",
			 ds_property(claim->property)->name,
			 outcome->breaks ? "breaks" : "holds", claim->where.fs);
}
