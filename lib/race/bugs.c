// SPDX-License-Identifier: LGPL-2.1-or-later
#include "race/bugs.h"

#include <stddef.h>

#define CLASSES DS_SEARCH_SOURCE
#define STATES  DS_SEARCH_STATES

#define KEPT DS_RULE_NONE

static const struct ds_bug bugs[] = {
	{
		.id = "R1",
		.name = "ext4-nobreak",
		.status = DS_BUG_KNOWN,
		.story = "ext4 frees, moves and zeroes blocks without looking "
			 "at pins: the device writes into a freed block.",
		.cites = "fixed by 430657b6be89, v4.19",
		.shown = {KEPT, "prove/punch/direct-1/fast", "ext4-4.18",
			  CLASSES},
		.property = DS_NO_FREE_BLOCK_PINNED,
		.absent = {KEPT, "prove/punch/direct-1/fast", "ext4-4.19",
			   CLASSES},
	},
	{
		.id = "R2",
		.name = "insert-no-break",
		.status = DS_BUG_KNOWN,
		.story = "Insert range moves a pinned page's block: the data "
			 "of the device appears farther on in the file.",
		.cites = "patches v2 and v3 of 2018; v4.19 waits",
		.shown = {KEPT, "scenario/insert", "ext4-v3", CLASSES},
		.property = DS_LAYOUT_HOLDER_COHERENT,
		.absent = {KEPT, "scenario/insert", "ext4-4.19", CLASSES},
	},
	{
		.id = "R3",
		.name = "early-give-up",
		.status = DS_BUG_KNOWN,
		.story = "The wait looks again only if it slept: a first page "
			 "that goes idle before its test hides the second.",
		.cites = "patches v2 and v3 of 2018; fixed by b1f382178d15",
		.shown = {KEPT, "scenario/early-give-up", "ext4-v3", CLASSES},
		.property = DS_NO_FREE_BLOCK_PINNED,
		.absent = {KEPT, "scenario/early-give-up", "ext4-4.19",
			   CLASSES},
	},
	{
		.id = "R4",
		.name = "xfs-early-give-up",
		.status = DS_BUG_KNOWN,
		.story = "XFS gave up early as well, in its first release with "
			 "waits.",
		.cites = "fixed by e25ff835af89, v4.19",
		.shown = {KEPT, "scenario/early-give-up", "xfs-4.18", CLASSES},
		.property = DS_NO_FREE_BLOCK_PINNED,
		.absent = {KEPT, "scenario/early-give-up", "xfs-4.19", CLASSES},
	},
	{
		.id = "R5",
		.name = "scan-livelock",
		.status = DS_BUG_KNOWN,
		.story = "The search for busy pages goes on at the second page "
			 "of a huge entry, finds the same entry again, and "
			 "never ends.",
		.cites = "fixed by d7782145e1ad, v4.19",
		.shown = {KEPT, "scenario/huge-last", "xfs-4.18", STATES},
		.property = DS_NO_STARVATION,
		.absent = {KEPT, "scenario/huge-last", "xfs-4.19", STATES},
	},
	{
		.id = "R6",
		.name = "invalidate-livelock",
		.status = DS_BUG_KNOWN,
		.story = "The same when page cache is invalidated and the huge "
			 "entry is dirty, so that it stays.",
		.cites = "reported by Liu Bo for v4.9 to v4.19",
		.shown = {DS_RULE_INVALIDATE_STEPS_OVER,
			  "scenario/huge-write-hole", "ext4-4.19", STATES},
		.property = DS_NO_STARVATION,
		.absent = {KEPT, "scenario/huge-write-hole", "ext4-4.19",
			   STATES},
	},
	{
		.id = "R7",
		.name = "unmapped-not-searched",
		.status = DS_BUG_KNOWN,
		.story = "A file that nobody maps is not searched, but a pin "
			 "outlives the mapping it was made through.",
		.cites = "fixed by cee91fa13a8e, v6.15; seen on v6.1.192 and "
			 "v6.12.117",
		.shown = {KEPT, "scenario/pin-outlives-map", "ext4-6.12",
			  CLASSES},
		.property = DS_NO_FREE_BLOCK_PINNED,
		.absent = {KEPT, "scenario/pin-outlives-map", "ext4-6.15",
			   CLASSES},
	},
	{
		.id = "R8",
		.name = "first-page-range",
		.status = DS_BUG_KNOWN,
		.story = "virtiofs gave the search the range from 0 to 0, "
			 "which is the first page and not the whole file.",
		.cites = "fixed by 7851bf649d42, v6.15; since 6ae330cad6ef",
		.shown = {KEPT, "scenario/virtiofs-whole-file", "virtiofs-6.12",
			  CLASSES},
		.property = DS_NO_FREE_BLOCK_PINNED,
		.absent = {KEPT, "scenario/virtiofs-whole-file",
			   "virtiofs-6.15", CLASSES},
	},
	{
		.id = "R9",
		.name = "locked-entry-skipped",
		.status = DS_BUG_KNOWN,
		.story = "The search looks for the next entry in the place of "
			 "one that is locked: while fsync flushes a page its "
			 "pin is not seen.",
		.cites = "fixed by 6be3e21d25ca, v6.15; since v4.20; seen on "
			 "v6.1.192 and v6.12.117",
		.shown = {KEPT, "scenario/fsync-locks-entry", "ext4-6.12",
			  CLASSES},
		.property = DS_NO_FREE_BLOCK_PINNED,
		.absent = {KEPT, "scenario/fsync-locks-entry", "ext4-6.15",
			   CLASSES},
	},
	{
		.id = "R10",
		.name = "delete-wakes-one",
		.status = DS_BUG_KNOWN,
		.story = "A deleted entry wakes one waiter, who finds nothing "
			 "and wakes nobody: the others sleep for ever.",
		.cites = "fixed by 237388320def, v5.13",
		.shown = {KEPT, "scenario/three-fsyncs-under-truncate",
			  "ext4-4.19", STATES},
		.property = DS_NO_LOST_WAKEUP,
		.absent = {KEPT, "scenario/three-fsyncs-under-truncate",
			   "ext4-6.1", STATES},
	},
	{
		.id = "R11",
		.name = "three-faults-on-a-hole",
		.status = DS_BUG_KNOWN,
		.story = "Three read faults meet in a hole. The entry that two "
			 "of them wait for is replaced, one is woken, and has "
			 "nothing to unlock for the other.",
		.cites = "fixed by 965d004af540, v4.11",
		.shown = {DS_RULE_DOWNGRADE_WAKES_ALL,
			  "scenario/huge-gives-way", "ext4-4.19", STATES},
		.property = DS_NO_LOST_WAKEUP,
		.absent = {KEPT, "scenario/huge-gives-way", "ext4-4.19",
			   STATES},
		.answer = "what was replaced then was an empty entry by a page "
			  "of zeroes; here it is a huge entry by a small one, "
			  "the replacement that is left",
	},
	{
		.id = "R12",
		.name = "stale-zero-page",
		.status = DS_BUG_KNOWN,
		.story = "A read fault leaves the zero page mapped over a "
			 "block that a write fault allocates at the same time.",
		.cites = "fixed by ac401cc78242, v4.7: locks of entries",
		.shown = {DS_RULE_FAULT_REPLACES_ZERO_PAGE,
			  "scenario/touch-hole", "ext4-4.19", CLASSES},
		.property = DS_NO_STALE_DATA,
		.absent = {KEPT, "scenario/touch-hole", "ext4-4.19", CLASSES},
		.answer = "a fault without the lock of its entry cannot be "
			  "told here; the same is seen when the write fault "
			  "leaves the zero page where it is",
	},
	{
		.id = "R13",
		.name = "huge-and-small-collide",
		.status = DS_BUG_KNOWN,
		.story = "Faults of a huge page and of a small one in it meet "
			 "in the page table and in the page cache.",
		.cites = "generic/437",
		.absent = {KEPT, "scenario/huge-and-small-faults", "ext4-6.1",
			   CLASSES},
		.answer = "not shown: what a page table holds is looked at and "
			  "filled in one step, so no fault finds a table where "
			  "it left none",
	},
	{
		.id = "R14",
		.name = "size-before-break",
		.status = DS_BUG_KNOWN,
		.story = "Truncate changes the size and then waits: a signal "
			 "leaves a short file with blocks behind its end, and "
			 "they come back when it grows.",
		.cites = "fixed by b9c1c26739ec, v5.3",
		.shown = {KEPT, "scenario/interrupted-truncate", "ext4-4.19",
			  CLASSES},
		.property = DS_NO_STALE_DATA,
		.absent = {KEPT, "scenario/interrupted-truncate", "ext4-5.3",
			   CLASSES},
	},
	{
		.id = "R15",
		.name = "error-leaks-lock",
		.status = DS_BUG_KNOWN,
		.story = "A path of ext4_setattr() that fails early leaves by "
			 "the wrong label, and the fault lock stays held.",
		.cites = "reported by Baokun Li of the code since b9c1c26739ec",
		.shown = {DS_RULE_EXT4_TRUNCATE_ERROR_UNLOCKS,
			  "scenario/signal-truncate", "ext4-6.1", CLASSES},
		.property = DS_LOCKS_BALANCED,
		.absent = {KEPT, "scenario/signal-truncate", "ext4-6.1",
			   CLASSES},
		.answer = "the error is here that of the wait, and in the "
			  "report that of attaching the journal",
	},
	{
		.id = "R16",
		.name = "recall-errors-lost",
		.status = DS_BUG_KNOWN,
		.story = "A misplaced parenthesis in XFS makes a comparison of "
			 "what should be the error of a recall.",
		.cites = "v4.19; v5.10 has it right",
		.shown = {KEPT, "scenario/recall-fails", "xfs-4.19", CLASSES},
		.property = DS_LAYOUT_HOLDER_COHERENT,
		.absent = {KEPT, "scenario/recall-fails", "xfs-5.10", CLASSES},
	},
	{
		.id = "R17",
		.name = "signal-spins",
		.status = DS_BUG_KNOWN,
		.story = "XFS ignores what a blocking recall returns. With a "
			 "signal pending it returns at once: the truncate "
			 "spins, and cannot be killed.",
		.cites = "seen on v6.1.192 and v6.12.117",
		.shown = {KEPT, "scenario/layout-signal", "xfs-6.15", STATES},
		.property = DS_NO_STARVATION,
		.absent = {KEPT, "scenario/layout-fence", "xfs-6.15", CLASSES},
		.answer = "shown on xfs-4.19, xfs-6.1 and xfs-6.15 with three "
			  "tasks, if a client never answers and is not fenced",
	},
	{
		.id = "R18",
		.name = "two-inode-busy-loop",
		.status = DS_BUG_KNOWN,
		.story = "XFS cannot wait for the second of two files: it "
			 "unlocks both and begins again without sleeping, "
			 "signal or not.",
		.cites = "seen on v6.1.192 and v6.12.117",
		.shown = {KEPT, "scenario/two-inode-busy-loop", "xfs-6.15",
			  STATES},
		.property = DS_NO_STARVATION,
		.absent = {KEPT, "scenario/two-inode-wait", "xfs-6.15", STATES},
		.answer = "shown on xfs-6.1 and xfs-6.15 with three tasks, for "
			  "as long as a device keeps its pin; so for ever only "
			  "if it never lets go",
	},
	{
		.id = "R19",
		.name = "refault-in-wait",
		.status = DS_BUG_PLAUSIBLE,
		.story = "The page is touched while an operation waits for its "
			 "pin. When the device lets go the page table's "
			 "reference is left: nobody wakes the waiter.",
		.shown = {KEPT, "scenario/refault-in-wait", "xfs-6.15", STATES},
		.property = DS_NO_DEADLOCK,
		.absent = {KEPT, "scenario/refault-in-wait", "xfs-6.1", STATES},
		.answer = "shown on ext4-6.15 and xfs-6.15 with three tasks, "
			  "however TLBs are flushed; a signal or an unmap ends "
			  "it, neither of which comes",
	},
	{
		.id = "R20",
		.name = "gap-after-break",
		.status = DS_BUG_NO_KERNEL,
		.story = "The fault lock is dropped between the wait and the "
			 "change: a fault in between lets a device pin the "
			 "page again.",
		.shown = {DS_RULE_FAULTS_OUT_UNTIL_CHANGE,
			  "prove/punch/direct-1/slow", "ext4-4.19", CLASSES},
		.property = DS_NO_FREE_BLOCK_PINNED,
		.absent = {KEPT, "prove/punch/direct-1/slow", "ext4-4.19",
			   CLASSES},
	},
	{
		.id = "R21",
		.name = "faults-not-kept-out",
		.status = DS_BUG_NO_KERNEL,
		.story = "The wait holds the fault lock in a way that keeps no "
			 "faults out: the slow path pins the page behind it.",
		.shown = {DS_RULE_FAULT_TAKES_LOCK, "scenario/flush-waits",
			  "ext4-4.19", STATES},
		.property = DS_NO_FREE_BLOCK_PINNED,
		.absent = {KEPT, "scenario/flush-waits", "ext4-4.19", STATES},
		.answer = "shown by faults that do not take the lock, which to "
			  "them is the same as a wait that takes it shared",
	},
	{
		.id = "R22",
		.name = "scan-before-unmap",
		.status = DS_BUG_NO_KERNEL,
		.story =
			"Counts are looked at first and pages unmapped second: "
			"a lockless walk in between pins a page that was idle.",
		.shown = {DS_RULE_UNMAP_BEFORE_SCAN,
			  "prove/punch/direct-1/fast", "ext4-4.19", CLASSES},
		.property = DS_NO_FREE_BLOCK_PINNED,
		.absent = {KEPT, "prove/punch/direct-1/fast", "ext4-4.19",
			   CLASSES},
	},
	{
		.id = "R23",
		.name = "no-second-look",
		.status = DS_BUG_NO_KERNEL,
		.story = "A lockless walk does not look at the page table "
			 "again after it took its reference.",
		.shown = {DS_RULE_RECHECK_PTE, "prove/punch/direct-1/fast",
			  "ext4-4.19", CLASSES},
		.property = DS_NO_FREE_BLOCK_PINNED,
		.absent = {KEPT, "prove/punch/direct-1/fast", "ext4-4.19",
			   CLASSES},
	},
	{
		.id = "R24",
		.name = "no-rescan",
		.status = DS_BUG_NO_KERNEL,
		.story = "The wait ends with the first busy page, and nobody "
			 "looks for a second.",
		.shown = {DS_RULE_RESCAN_AFTER_SLEEP,
			  "prove/punch/direct-2/fast", "ext4-4.19", CLASSES},
		.property = DS_NO_FREE_BLOCK_PINNED,
		.absent = {KEPT, "prove/punch/direct-2/fast", "ext4-4.19",
			   CLASSES},
	},
	{
		.id = "R25",
		.name = "narrow-break",
		.status = DS_BUG_PLAUSIBLE,
		.story = "The search covers only the range that is cut out, "
			 "but pages behind it move as well.",
		.shown = {DS_RULE_SCAN_EVERY_PAGE, "scenario/narrow-break",
			  "ext4-4.19", CLASSES},
		.property = DS_LAYOUT_HOLDER_COHERENT,
		.absent = {KEPT, "scenario/narrow-break", "ext4-6.12", CLASSES},
		.answer = "not in ext4 or XFS, which search the whole file; "
			  "shown by a search that ends at the page cut out, "
			  "with two tasks",
	},
	{
		.id = "R26",
		.name = "first-frame-only",
		.status = DS_BUG_PLAUSIBLE,
		.story = "Of a huge entry only the first page is looked at, "
			 "and the device has another.",
		.shown = {DS_RULE_SCAN_EVERY_FRAME, "scenario/huge-pin",
			  "ext4-6.1", CLASSES},
		.property = DS_NO_FREE_BLOCK_PINNED,
		.absent = {KEPT, "scenario/huge-pin", "ext4-6.1", CLASSES},
		.answer = "not in any profile: to v6.14 every page is looked "
			  "at, from v6.15 on one count stands for all; a "
			  "search that begins inside a huge page is none that "
			  "ext4 or XFS make",
	},
	{
		.id = "R27",
		.name = "copy-on-write-no-break",
		.status = DS_BUG_KNOWN,
		.story = "A write to a shared block makes a copy and recalls "
			 "layouts only: the old block may be freed under a "
			 "device.",
		.cites = "seen on v6.1.192 and v6.12.117",
		.shown = {KEPT, "scenario/copy-under-read-pin", "xfs-6.15",
			  STATES},
		.property = DS_NO_FREE_BLOCK_PINNED,
		.absent = {KEPT, "scenario/always-copies", "xfs-6.15", CLASSES},
		.answer =
			"shown on xfs-6.1, xfs-6.12 and xfs-6.15 with two "
			"tasks, for pins of devices that read memory and with "
			"the block's other owner truncated; for devices that "
			"write memory only if every write copies "
			"(xfs-6.15-cow): a fault for writing has copied before",
	},
	{
		.id = "R28",
		.name = "forgotten-pin",
		.status = DS_BUG_KNOWN,
		.story = "To give out a layout XFS drops clean entries of the "
			 "file, pinned pages or not; no later search sees the "
			 "pin.",
		.cites = "seen on v6.1.192 and v6.12.117",
		.shown = {KEPT, "scenario/layout-forgets-pin", "xfs-6.15",
			  STATES},
		.property = DS_NO_FREE_BLOCK_PINNED,
		.absent = {KEPT, "scenario/layout-remembers-pin", "xfs-6.1",
			   STATES},
		.answer = "shown on xfs-4.19, xfs-6.1 and xfs-6.15 with three "
			  "tasks. Without layouts too (scenario/forgotten-pin, "
			  "two tasks, ext4 and XFS to v6.15): a write into a "
			  "hole drops what a fault has just put there, if a "
			  "device that reads pins it: seen on v6.12.117",
	},
	{
		.id = "R29",
		.name = "zero-inside-block",
		.status = DS_BUG_PLAUSIBLE,
		.story = "Bytes inside one block are zeroed in place, and "
			 "nobody waits for the device that writes it.",
		.absent = {KEPT, "scenario/zero-inside-block", "ext4-6.1",
			   CLASSES},
		.answer = "not shown, though ext4-4.19 and ext4-6.1 do not "
			  "wait: a transfer of a block is one step here, and "
			  "zeroes or the device's bytes, whichever came last, "
			  "are both what POSIX allows of two writers at once",
	},
	{
		.id = "R30",
		.name = "evict-reuses",
		.status = DS_BUG_KNOWN,
		.story = "Nobody waits at the last close of an unlinked file: "
			 "another file gets the block, and the late transfer "
			 "overwrites it.",
		.cites = "seen on v6.1.192 and v6.12.111; v6.15 waits",
		.shown = {KEPT, "scenario/evict-by-unlink", "ext4-6.12",
			  CLASSES},
		.property = DS_NO_STRAY_WRITE,
		.absent = {KEPT, "scenario/evict-by-unlink", "ext4-6.15",
			   CLASSES},
	},
	{
		.id = "R31",
		.name = "evict-hangs",
		.status = DS_BUG_PLAUSIBLE,
		.story = "The last user of an unlinked file has the pin that "
			 "eviction waits for, and eviction cannot be "
			 "interrupted.",
		.shown = {KEPT, "scenario/evict", "ext4-6.15", CLASSES},
		.property = DS_NO_DEADLOCK,
		.absent = {KEPT, "scenario/evict-waits", "ext4-6.15", CLASSES},
		.answer = "shown on ext4-6.15 and xfs-6.15 with two tasks, if "
			  "the task that pinned the page is the last to unmap "
			  "it, and lets go later",
	},
	{
		.id = "R32",
		.name = "dirty-tags-lost",
		.status = DS_BUG_PLAUSIBLE,
		.story = "From v6.15 on the wait deletes every entry of the "
			 "file, and with them the tags by which fsync finds "
			 "dirty pages outside of the range.",
		.shown = {KEPT, "scenario/fsync-after-break", "ext4-6.15",
			  CLASSES},
		.property = DS_NO_UNFLUSHED_STORE,
		.absent = {KEPT, "scenario/fsync-after-break", "ext4-6.12",
			   CLASSES},
		.answer = "shown on ext4-6.15 and xfs-6.15 with two tasks; "
			  "read from the code of v6.15, not tried on a kernel",
	},
	{
		.id = "R33",
		.name = "facts-from-before-the-wait",
		.status = DS_BUG_PLAUSIBLE,
		.story = "A hole that was found before the wait gets its block "
			 "in the wait.",
		.absent = {KEPT, "scenario/allocated-in-wait", "ext4-6.15",
			   CLASSES},
		.answer = "not in any profile: each operation looks at the "
			  "extent map behind its wait, with three tasks on "
			  "xfs-4.19, ext4-6.12 and ext4-6.15",
	},
	{
		.id = "R34",
		.name = "size-from-before-the-recall",
		.status = DS_BUG_KNOWN,
		.story = "XFS drops the inode lock to wait for leases, and the "
			 "size changes meanwhile: of two appends one begins "
			 "where the other did.",
		.cites = "seen on v6.1.192 and v6.12.117",
		.shown = {KEPT, "scenario/appends-beside-recall", "xfs-6.15",
			  CLASSES},
		.property = DS_NO_STALE_DATA,
		.absent = {KEPT, "scenario/two-appends", "xfs-6.15", CLASSES},
		.answer = "shown on xfs-4.19 and xfs-6.15 with three tasks, if "
			  "a client has a layout when both append; "
			  "xfs_file_write_checks() does not look again. Not "
			  "in fallocate, which looks at the size behind the "
			  "recall (scenario/layout-insert-beside-truncate). "
			  "XFS's ioctls are not in the model",
	},
	{
		.id = "R35",
		.name = "missed-wake-up",
		.status = DS_BUG_NO_KERNEL,
		.story = "The waiter looks at the count and then queues; the "
			 "wake-up comes in between.",
		.shown = {DS_RULE_QUEUE_BEFORE_TEST,
			  "prove/punch/direct-1/fast", "ext4-4.19", CLASSES},
		.property = DS_NO_LOST_WAKEUP,
		.absent = {KEPT, "prove/punch/direct-1/fast", "ext4-4.19",
			   CLASSES},
		.answer = "the other two ways to miss it are mutations "
			  "wait-on-wrong-key and wake-before-put, on the same "
			  "scenario",
	},
	{
		.id = "R36",
		.name = "skipped-idle-value",
		.status = DS_BUG_NO_KERNEL,
		.story = "Many references are dropped at once, and the waker "
			 "asks whether there was one left, not what there is "
			 "now.",
		.shown = {DS_RULE_BULK_PUT_WAKES, "prove/punch/unmapped/fast",
			  "ext4-6.15", CLASSES},
		.property = DS_NO_LOST_WAKEUP,
		.absent = {KEPT, "prove/punch/unmapped/fast", "ext4-6.15",
			   CLASSES},
	},
	{
		.id = "R37",
		.name = "told-before-release",
		.status = DS_BUG_PLAUSIBLE,
		.story = "User space learns that I/O is over before its pages "
			 "are released, and truncates at once.",
		.shown = {KEPT, "scenario/told-before-release", "ext4-4.18",
			  CLASSES},
		.property = DS_NO_FREE_BLOCK_PINNED,
		.absent = {KEPT, "scenario/told-before-release", "ext4-6.15",
			   CLASSES},
		.answer = "not since v4.19: the truncate waits for what is "
			  "left of the pin, with two tasks on ext4-4.19, "
			  "ext4-6.1, ext4-6.15, xfs-4.19 and xfs-6.15; shown "
			  "where nobody waits. So it is with iomap's direct "
			  "I/O (iomap_dio_bio_end_io(), v4.19 to v6.12); "
			  "fs/direct-io.c releases first if the call waits",
	},
	{
		.id = "R38",
		.name = "zero-page-is-busy",
		.status = DS_BUG_NO_KERNEL,
		.story = "A search that takes the zero page for the file's "
			 "waits for everybody who has pinned it, in whatever "
			 "file.",
		.shown = {DS_RULE_ZERO_PAGE_IS_IDLE, "scenario/pinned-hole",
			  "ext4-4.19", STATES},
		.property = DS_NO_STARVATION,
		.absent = {KEPT, "scenario/pinned-hole", "ext4-4.19", STATES},
	},
	{
		.id = "R39",
		.name = "single-unmap",
		.status = DS_BUG_PLAUSIBLE,
		.story = "Truncation unmaps once; a private copy made between "
			 "that and the end would outlive the end of file.",
		.absent = {DS_RULE_TRUNCATE_UNMAPS_AGAIN,
			   "scenario/private-past-eof", "ext4-6.1", STATES},
		.answer = "not for a file on DAX, by this search without the "
			  "second unmap, with two tasks on ext4-6.1: faults "
			  "are kept out, and a copy under way is dropped when "
			  "its page's entry has changed.",
	},
	{
		.id = "R40",
		.name = "deaf-in-entry-wait",
		.status = DS_BUG_PLAUSIBLE,
		.story = "The search waits for an entry that write-back has "
			 "locked, and no signal ends that.",
		.absent = {KEPT, "scenario/signal-beside-fsync", "xfs-6.15",
			   CLASSES},
		.answer = "so it is, but no property breaks: the lock is held "
			  "for one flush, which ends, and the signal is found "
			  "in the next wait (three tasks, ext4-4.19, xfs-4.19 "
			  "and xfs-6.15)",
	},
	{
		.id = "R41",
		.name = "poison-and-truncate",
		.status = DS_BUG_KNOWN,
		.story = "The page that went bad leaves its file, or changes "
			 "its owner, while the handler looks up whose it is.",
		.cites = "xfs/550 to xfs/552",
		.shown = {DS_RULE_POISON_RECHECKS,
			  "scenario/poison-and-truncate", "ext4-4.19", CLASSES},
		.property = DS_NO_DEADLOCK,
		.absent = {KEPT, "scenario/poison-and-truncate", "ext4-4.19",
			   CLASSES},
		.answer = "shown where the handler does not look again under "
			  "the lock of the entry, as kernels do; whom it kills "
			  "is not in the model",
	},
	{
		.id = "R42",
		.name = "poison-unlocks-wrong-entry",
		.status = DS_BUG_KNOWN,
		.story = "The handler unlocks the entry of the huge page's "
			 "first page instead of the one it locked.",
		.cites = "fixed by fda490d39fc0",
		.shown = {DS_RULE_POISON_UNLOCKS_HEAD, "scenario/poison-tail",
			  "ext4-4.19", CLASSES},
		.property = DS_NO_DEADLOCK,
		.absent = {KEPT, "scenario/poison-tail", "ext4-4.19", CLASSES},
	},
	{
		.id = "R43",
		.name = "mute-client",
		.status = DS_BUG_PLAUSIBLE,
		.story = "A client never answers the recall, and its server "
			 "does not let the lease expire: the truncate never "
			 "returns.",
		.shown = {KEPT, "scenario/layout-mute", "xfs-6.15", STATES},
		.property = DS_NO_STARVATION,
		.absent = {KEPT, "scenario/layout-fence", "xfs-6.15", CLASSES},
		.answer = "shown on xfs-4.19, xfs-6.1 and xfs-6.15 with two "
			  "tasks; a server that fences the client ends it",
	},
	{
		.id = "R44",
		.name = "nested-reader",
		.status = DS_BUG_PLAUSIBLE,
		.story = "A task holds the fault lock shared and faults again "
			 "behind a queued writer.",
		.answer = "not shown: no operation of the model takes the lock "
			  "twice, and the lock refuses it "
			  "(tests/unit/sched/test_rwsem.c)",
	},
	{
		.id = "R45",
		.name = "pin-then-write",
		.status = DS_BUG_KNOWN,
		.story = "Who holds pins wants the inode lock before it lets "
			 "go, which the waiter keeps.",
		.cites = "seen on v6.1.192 and v6.12.117",
		.shown = {KEPT, "scenario/pin-then-write", "xfs-6.15", CLASSES},
		.property = DS_NO_DEADLOCK,
		.absent = {KEPT, "scenario/write-then-pin", "ext4-6.1",
			   CLASSES},
		.answer = "shown on ext4-4.19, xfs-4.19, ext4-6.1 and xfs-6.15 "
			  "with two tasks, if nobody sends the waiter a signal",
	},
	{
		.id = "R46",
		.name = "retry-storm",
		.status = DS_BUG_KNOWN,
		.story = "Two programs pin the page again and again, each "
			 "before the other lets go: the wait finds it busy "
			 "every time.",
		.cites = "seen on v6.1.192 and v6.12.117",
		.shown = {KEPT, "scenario/punch-starved", "xfs-6.15", STATES},
		.property = DS_NO_STARVATION,
		.absent = {KEPT, "scenario/truncate-outlasts-reads", "ext4-6.1",
			   STATES},
		.answer = "shown on ext4-4.19, xfs-4.19, ext4-6.1 and xfs-6.15 "
			  "with three tasks under a weakly fair scheduler, if "
			  "the programs never stop. A truncate of ext4 to v5.2 "
			  "is spared: its size goes first",
	},
	{
		.id = "R47",
		.name = "copies-torn-down",
		.status = DS_BUG_KNOWN,
		.story = "The search unmapped private copies too: what a "
			 "program had stored outside of the hole was gone.",
		.cites = "fixed by d75996dd022b, v5.3",
		.shown = {KEPT, "scenario/private-lost", "ext4-4.19", CLASSES},
		.property = DS_NO_STALE_DATA,
		.absent = {KEPT, "scenario/private-lost", "ext4-6.1", CLASSES},
	},
	{
		.id = "R48",
		.name = "refused-after-the-wait",
		.status = DS_BUG_PLAUSIBLE,
		.story = "A request that is refused waits for pins first.",
		.shown = {KEPT, "scenario/refused-collapse-waits", "ext4-6.12",
			  CLASSES},
		.property = DS_NO_DEADLOCK,
		.absent = {KEPT, "scenario/refused-collapse-waits", "ext4-6.1",
			   CLASSES},
		.answer =
			"shown on ext4-6.12, ext4-6.15, xfs-4.19 and xfs-6.12 "
			"with two tasks, by a pin that is never released. XFS "
			"recalls layouts, too, for a reflink that it is about "
			"to refuse (scenario/refused-reflink-recalls)",
	},
	{
		.id = "R49",
		.name = "layout-of-shared-block",
		.status = DS_BUG_KNOWN,
		.story = "Who gives out a layout asks whether the file shares "
			 "blocks before it takes the lock; a reflink that has "
			 "it is done then, and the client writes both files.",
		.cites = "seen on v6.1.192 and v6.12.117",
		.shown = {KEPT, "scenario/reflink-beside-layout-get",
			  "xfs-6.15", CLASSES},
		.property = DS_NO_STRAY_WRITE,
		.absent = {KEPT, "scenario/layout-of-shared", "xfs-6.15",
			   CLASSES},
		.answer = "shown on xfs-6.1 and xfs-6.15 with two tasks; read "
			  "from xfs_fs_map_blocks(), v4.19 to v6.15",
	},
};

static const struct ds_case warnings[DS_N_WARNINGS] = {
	[DS_WARN_BUSY_PAGE_REMOVED] = {KEPT, "scenario/pin-outlives-map",
				       "ext4-6.12", CLASSES},
	[DS_WARN_OTHER_OWNER] = {KEPT, "scenario/loads-of-shared", "xfs-6.1",
				 STATES},
	[DS_WARN_OWNED_ALREADY] = {KEPT, "scenario/loads-of-shared", "xfs-6.1",
				   STATES},
	[DS_WARN_NOTHING_DELETED] = {DS_RULE_EXT4_WRITE_LOCKS_INODE,
				     "scenario/write-beside-truncate",
				     "ext4-4.19", STATES},
	[DS_WARN_REPLACED_OTHER] = {DS_RULE_DELETE_AWAITS_ENTRY,
				    "scenario/write-hole", "ext4-4.19", STATES},
	[DS_WARN_NOT_LOCKED] = {DS_RULE_DELETE_AWAITS_ENTRY,
				"scenario/fsync-locks-entry", "ext4-4.19",
				STATES},
	[DS_WARN_FOLIO_STATE] = {DS_RULE_EXT4_PUNCH_BREAKS,
				 "scenario/huge-fault", "ext4-6.15", STATES},
	[DS_WARN_ENTRY_LEFT] = {KEPT, "scenario/virtiofs-evict",
				"virtiofs-6.15", CLASSES},
};

const struct ds_case *ds_warning_case(unsigned int warning)
{
	return &warnings[warning < DS_N_WARNINGS ? warning : 0];
}

const struct ds_bug *ds_bug_at(unsigned int i)
{
	return i < sizeof(bugs) / sizeof(bugs[0]) ? &bugs[i] : NULL;
}

const char *ds_bug_status_name(enum ds_bug_status status)
{
	static const char *const names[] = {
		[DS_BUG_KNOWN] = "known",
		[DS_BUG_PLAUSIBLE] = "plausible",
		[DS_BUG_NO_KERNEL] = "no kernel",
	};

	return names[status];
}
