// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/rule.h"

#include <string.h>

#include "core/assert.h"

static const struct ds_rule_text rules[DS_N_RULES] = {
	[DS_RULE_EARLY_WAKE_COUNTS] =
		{
			.name = "early-wake-counts",
			.sentence = "A wake-up between queueing and sleeping "
				    "is not "
				    "lost: the sleep then ends at once.",
			.mutation = "forget-early-wake",
			.models = "kernel/sched/wait.c "
				  "prepare_to_wait_event(): the "
				  "task state is set before the test",
		},
	[DS_RULE_WAKE_ALL_SHARED] =
		{
			.name = "wake-all-shared",
			.sentence = "A wake-up wakes every waiter of its key "
				    "that is "
				    "not exclusive.",
			.mutation = "wake-one-shared",
			.models = "kernel/sched/wait.c __wake_up_common()",
			.equivalent =
				"Only who is about to take blocks away waits "
				"without being exclusive, for a frame, and "
				"either "
				"holds the inode lock of the frame's file "
				"exclusively, or evicts the file when nobody "
				"else "
				"can reach it. So a frame has one such waiter "
				"at "
				"most, and one is all.",
		},
	[DS_RULE_UNLOCK_HANDS_OVER] =
		{
			.name = "unlock-hands-over",
			.sentence = "Whoever gives a lock up grants it to the "
				    "head of "
				    "its queue.",
			.mutation = "unlock-wakes-nobody",
			.models = "kernel/locking/rwsem-xadd.c rwsem_wake()",
		},
	[DS_RULE_READER_QUEUES] =
		{
			.name = "reader-queues",
			.sentence =
				"Who wants a lock shared queues while somebody "
				"else does, or a writer may wait for ever.",
			.mutation = "reader-overtakes",
			.models = "kernel/locking/rwsem-xadd.c "
				  "rwsem_down_read_failed()",
		},
	[DS_RULE_WRITER_QUEUES] =
		{
			.name = "writer-queues",
			.sentence = "Who wants a lock exclusively queues while "
				    "it has "
				    "readers.",
			.mutation = "writer-barges-in",
			.models = "kernel/locking/rwsem-xadd.c "
				  "rwsem_down_write_failed()",
		},
	[DS_RULE_WRITER_GETS_ALL] =
		{
			.name = "writer-gets-all",
			.sentence = "A queued writer is granted the lock by "
				    "the last "
				    "reader, not by the first.",
			.mutation = "first-reader-hands-over",
			.models = "kernel/locking/rwsem-xadd.c "
				  "__rwsem_mark_wake()",
		},
	[DS_RULE_CLEAR_EVERY_PAGE] =
		{
			.name = "clear-every-page",
			.sentence =
				"Unmapping a range clears every entry of it.",
			.mutation = "clear-first-page-only",
			.models = "mm/memory.c zap_pte_range()",
		},
	[DS_RULE_FLUSH_WAITS] =
		{
			.name = "flush-waits",
			.sentence =
				"A TLB flush by interrupts waits for lockless "
				"walkers under way.",
			.mutation = "flush-without-waiting",
			.models = "mm/gup.c: interrupts are off in the "
				  "lockless walk",
		},
	[DS_RULE_UNMAP_EVERY_AREA] =
		{
			.name = "unmap-every-area",
			.sentence = "Unmapping a file's range clears it in "
				    "every area "
				    "that maps it.",
			.mutation = "unmap-one-area-only",
			.models = "mm/memory.c unmap_mapping_range_tree()",
		},
	[DS_RULE_REFERENCE_BEFORE_RECHECK] =
		{
			.name = "reference-before-recheck",
			.sentence =
				"A lockless pin takes the reference first and "
				"looks at the page table again afterwards.",
			.mutation = "recheck-before-reference",
			.models = "mm/gup.c gup_pte_range()",
		},
	[DS_RULE_RECHECK_PTE] =
		{
			.name = "recheck-pte",
			.sentence = "A lockless pin is given up when the page "
				    "table "
				    "changed meanwhile.",
			.mutation = "no-pte-recheck",
			.models = "mm/gup.c gup_pte_range(): pte_val(pte) != "
				  "pte_val(*ptep)",
		},
	[DS_RULE_BACK_OUT_PUTS] =
		{
			.name = "back-out-puts",
			.sentence = "A lockless pin that backs out drops the "
				    "reference it took.",
			.mutation = "back-out-keeps-reference",
			.models = "mm/gup.c gup_pte_range(): put_page()",
		},
	[DS_RULE_FOLLOW_UNDER_LOCK] =
		{
			.name = "follow-under-lock",
			.sentence =
				"The slow path reads the entry and takes the "
				"reference under the lock of the page table.",
			.mutation = "follow-without-lock",
			.models = "mm/gup.c follow_page_pte()",
		},
	[DS_RULE_UNPIN_PUTS] =
		{
			.name = "unpin-puts",
			.sentence = "Releasing a pin drops its reference.",
			.mutation = "unpin-keeps-reference",
			.models = "include/linux/mm.h put_page()",
		},
	[DS_RULE_RECORD_GOES_FIRST] =
		{
			.name = "record-goes-first",
			.sentence = "The record of a pin never outlives its "
				    "reference.",
			.mutation = "record-outlives-reference",
			.models = "no kernel: the bookkeeping that properties "
				  "read",
		},
	[DS_RULE_PUT_WAKES] =
		{
			.name = "put-wakes",
			.sentence =
				"Dropping a count to idle wakes who waits for "
				"the page.",
			.mutation = "put-wakes-nobody",
			.models = "include/linux/mm.h put_page() of a device "
				  "page: "
				  "wake_up_var()",
		},
	[DS_RULE_PUT_BEFORE_WAKE] =
		{
			.name = "put-before-wake",
			.sentence = "The count falls first; then waiters are "
				    "woken.",
			.mutation = "wake-before-put",
			.models = "include/linux/mm.h put_page() of a device "
				  "page",
		},
	[DS_RULE_BULK_PUT_WAKES] =
		{
			.name = "bulk-put-wakes",
			.sentence = "Who drops many references at once wakes "
				    "by where the count came to, not by "
				    "whether it was one above.",
			.mutation = "bulk-put-wakes-nobody",
			.models = "mm/gup.c gup_put_folio()",
		},
	[DS_RULE_LONGTERM_REFUSED] =
		{
			.name = "longterm-refused",
			.sentence = "A file system's pages are not pinned for "
				    "as long as user space likes.",
			.mutation = "longterm-allowed",
			.models = "mm/gup.c check_vma_flags(): vma_is_fsdax()",
		},
	[DS_RULE_FORK_LINKS_FIRST] =
		{
			.name = "fork-links-first",
			.sentence = "An area that fork copies can be found "
				    "from its file before its entries are "
				    "copied.",
			.mutation = "fork-links-late",
			.models = "kernel/fork.c dup_mmap(): "
				  "vma_interval_tree_insert_after(), then "
				  "copy_page_range()",
		},
	[DS_RULE_FORK_LINKS_BEHIND] =
		{
			.name = "fork-links-behind",
			.sentence = "An area that fork copies is unmapped "
				    "behind the one that it is a copy of.",
			.mutation = "fork-links-in-front",
			.models = "kernel/fork.c dup_mmap(): "
				  "vma_interval_tree_insert_after()",
		},
	[DS_RULE_FORK_COPIES_PINNED] =
		{
			.name = "fork-copies-pinned",
			.sentence = "Fork copies a private copy that is pinned "
				    "at once.",
			.mutation = "fork-shares-pinned",
			.models = "mm/memory.c copy_present_page(), v5.9: "
				  "70e806e4e645",
		},
	[DS_RULE_FORK_LOOKS_AND_PROTECTS] =
		{
			.name = "fork-looks-and-protects",
			.sentence = "No walker without locks gets a pin "
				    "between fork's look at the pins and its "
				    "making the entry read-only.",
			.mutation = "fork-looks-too-early",
			.models = "mm_struct::write_protect_seq, v5.11: "
				  "57efa1fe5957",
		},
	[DS_RULE_UNMAP_FOR_SCAN] =
		{
			.name = "unmap-for-scan",
			.sentence =
				"The search for busy pages unmaps the file, so "
				"that no lockless pin succeeds behind it.",
			.mutation = "no-unmap-for-scan",
			.models = "fs/dax.c dax_layout_busy_page(): "
				  "unmap_mapping_range()",
		},
	[DS_RULE_UNMAP_BEFORE_SCAN] =
		{
			.name = "unmap-before-scan",
			.sentence =
				"The file is unmapped before counts are looked "
				"at, not afterwards.",
			.mutation = "scan-before-unmap",
			.models = "fs/dax.c dax_layout_busy_page()",
		},
	[DS_RULE_SCAN_UNMAPPED_TOO] =
		{
			.name = "scan-unmapped-too",
			.sentence = "A file that nobody maps is searched as "
				    "well: a "
				    "pin outlives its mapping.",
			.mutation = "scan-mapped-only",
			.models = "fs/dax.c dax_layout_busy_page_range(), "
				  "v6.15: no "
				  "mapping_mapped()",
		},
	[DS_RULE_SCAN_EVERY_PAGE] =
		{
			.name = "scan-every-page",
			.sentence = "The search for busy pages goes on behind "
				    "an idle "
				    "one.",
			.mutation = "scan-first-page-only",
			.models = "fs/dax.c dax_layout_busy_page()",
		},
	[DS_RULE_SCAN_AWAITS_ENTRY] =
		{
			.name = "scan-awaits-entry",
			.sentence =
				"The search for busy pages waits for a locked "
				"entry: its page may be pinned.",
			.mutation = "scan-skips-locked",
			.models = "fs/dax.c dax_layout_busy_page(): "
				  "get_unlocked_mapping_entry()",
		},
	[DS_RULE_SCAN_LOOKS_AGAIN] =
		{
			.name = "scan-looks-again",
			.sentence =
				"Who was woken for an entry looks at it again.",
			.mutation = "scan-trusts-wake",
			.models = "fs/dax.c __get_unlocked_mapping_entry()",
		},
	[DS_RULE_SCAN_PASSES_WAKE_ON] =
		{
			.name = "scan-passes-wake-on",
			.sentence = "A look at an unlocked entry passes on the "
				    "wake-up that it may have used up.",
			.mutation = "scan-keeps-wake",
			.models = "fs/dax.c put_unlocked_mapping_entry()",
		},
	[DS_RULE_UNLOCK_ENTRY_WAKES] =
		{
			.name = "unlock-entry-wakes",
			.sentence = "Unlocking an entry wakes a waiter.",
			.mutation = "unlock-entry-wakes-nobody",
			.models = "fs/dax.c put_locked_mapping_entry()",
		},
	[DS_RULE_DELETE_AWAITS_ENTRY] =
		{
			.name = "delete-awaits-entry",
			.sentence = "Who deletes an entry waits until nobody "
				    "has it locked.",
			.mutation = "delete-locked-entry",
			.models = "fs/dax.c __dax_invalidate_entry(): "
				  "get_unlocked_mapping_entry()",
		},
	[DS_RULE_DELETE_WAKES] =
		{
			.name = "delete-wakes",
			.sentence = "Deleting an entry wakes who waits for its "
				    "lock.",
			.mutation = "delete-wakes-nobody",
			.models = "fs/dax.c __dax_invalidate_mapping_entry(): "
				  "put_unlocked_mapping_entry()",
		},
	[DS_RULE_DELETE_WAKES_ALL] =
		{
			.name = "delete-wakes-all",
			.sentence = "Deleting an entry wakes all of its "
				    "waiters: none "
				    "of them will unlock it for the next.",
			.mutation = "delete-wakes-one",
			.models =
				"fs/dax.c __dax_invalidate_entry(): WAKE_ALL, "
				"v5.13",
		},
	[DS_RULE_INVALIDATE_ENTRIES_FIRST] =
		{
			.name = "invalidate-entries-first",
			.sentence =
				"Invalidating deletes entries first and unmaps "
				"second, so that a fault under way is waited "
				"for.",
			.mutation = "invalidate-unmaps-first",
			.models =
				"mm/truncate.c invalidate_inode_pages2_range()",
		},
	[DS_RULE_POISON_RECHECKS] =
		{
			.name = "poison-rechecks",
			.sentence = "Who locks the entry of a page that failed "
				    "looks again, under the lock, whether the "
				    "page is still there.",
			.mutation = "poison-trusts-first-look",
			.models = "fs/dax.c dax_lock_page()",
		},
	[DS_RULE_POISON_UNLOCKS_HEAD] =
		{
			.name = "poison-unlocks-head",
			.sentence =
				"For a page inside a huge entry that failed "
				"the huge entry is unlocked, which was "
				"locked.",
			.mutation = "poison-unlocks-tail",
			.models = "fs/dax.c dax_unlock_page(), fda490d39fc0",
		},
	[DS_RULE_DOWNGRADE_UNMAPS] =
		{
			.name = "downgrade-unmaps",
			.sentence = "A huge zero page leaves the page tables "
				    "before a small entry takes its place.",
			.mutation = "downgrade-keeps-mapped",
			.models = "fs/dax.c grab_mapping_entry(): "
				  "unmap_mapping_pages()",
		},
	[DS_RULE_DOWNGRADE_WAKES_ALL] =
		{
			.name = "downgrade-wakes-all",
			.sentence =
				"When a huge entry gives way to a small one "
				"all of its waiters are woken: they may want "
				"other pages.",
			.mutation = "downgrade-wakes-one",
			.models = "fs/dax.c grab_mapping_entry(): "
				  "dax_wake_mapping_entry_waiter()",
		},
	[DS_RULE_WAIT_IN_ITS_QUEUE] =
		{
			.name = "wait-in-its-queue",
			.sentence =
				"Who meets a locked entry waits in the queue "
				"of that entry.",
			.mutation = "huge-fault-waits-in-wrong-queue",
			.models = "fs/dax.c get_unlocked_entry(): "
				  "23c84eb78375, v5.3, a fault of v4.20",
		},
	[DS_RULE_REFUSAL_PASSES_WAKE_ON] =
		{
			.name = "refusal-passes-wake-on",
			.sentence = "A huge fault that finds a small entry in "
				    "its way passes on the wake-up that it may "
				    "have used up.",
			.mutation = "refusal-keeps-wake",
			.models = "fs/dax.c grab_mapping_entry(): "
				  "put_unlocked_mapping_entry()",
		},
	[DS_RULE_UNLOCK_WAKES_FIRST] =
		{
			.name = "unlock-wakes-first",
			.sentence = "Unlocking a huge entry wakes who waits at "
				    "its first page, whichever page it was "
				    "locked for.",
			.mutation = "unlock-wakes-at-page",
			.models = "fs/dax.c dax_entry_waitqueue(): "
				  "PG_PMD_COLOUR",
		},
	[DS_RULE_SCAN_EVERY_FRAME] =
		{
			.name = "scan-every-frame",
			.sentence = "The search for busy pages looks at every "
				    "page of a huge entry.",
			.mutation = "scan-looks-at-first-frame",
			.models = "fs/dax.c dax_busy_page(): "
				  "for_each_mapped_pfn()",
		},
	[DS_RULE_ZERO_PAGE_IS_IDLE] =
		{
			.name = "zero-page-is-idle",
			.sentence = "The search for busy pages passes over "
				    "holes: whoever has the zero page pinned "
				    "has no block of the file.",
			.mutation = "scan-counts-zero-page",
			.models =
				"fs/dax.c dax_busy_page(): dax_radix_end_pfn() "
				"of a zero entry",
		},
	[DS_RULE_SCAN_STEPS_OVER] =
		{
			.name = "scan-steps-over",
			.sentence =
				"The search for busy pages goes on behind a "
				"huge entry, not at its second page.",
			.mutation = "scan-steps-by-one",
			.models = "fs/dax.c dax_layout_busy_page(): "
				  "d7782145e1ad, v4.19",
		},
	[DS_RULE_INVALIDATE_STEPS_OVER] =
		{
			.name = "invalidate-steps-over",
			.sentence = "Invalidation goes on behind a huge entry "
				    "that it leaves.",
			.mutation = "invalidate-steps-by-one",
			.models = "mm/truncate.c "
				  "invalidate_inode_pages2_range()",
		},
	[DS_RULE_WRITE_BACK_TAGS_FIRST] =
		{
			.name = "write-back-tags-first",
			.sentence = "Write-back marks what is dirty when it "
				    "begins, and writes no more than that.",
			.mutation = "write-back-chases-stores",
			.models = "fs/dax.c dax_writeback_mapping_range(): "
				  "tag_pages_for_writeback()",
		},
	[DS_RULE_WRITE_BACK_PASSES_WAKE_ON] =
		{
			.name = "write-back-passes-wake-on",
			.sentence = "Write-back that waited for an entry which "
				    "another wrote meanwhile wakes the next "
				    "waiter.",
			.mutation = "write-back-keeps-wake",
			.models = "fs/dax.c dax_writeback_one(): "
				  "put_unlocked_entry()",
		},
	[DS_RULE_WRITE_BACK_PROTECTS] =
		{
			.name = "write-back-protects",
			.sentence = "Write-back makes a page read-only before "
				    "it flushes it: the next store faults and "
				    "tells of itself.",
			.mutation = "write-back-leaves-writable",
			.models = "fs/dax.c dax_writeback_one(): "
				  "dax_entry_mkclean()",
		},
	[DS_RULE_WRITE_BACK_FLUSHES] =
		{
			.name = "write-back-flushes",
			.sentence = "Write-back flushes a page before it "
				    "forgets that the page is dirty.",
			.mutation = "write-back-only-cleans",
			.models = "fs/dax.c dax_writeback_one(): dax_flush()",
		},
	[DS_RULE_SCAN_WHOLE_FILE] =
		{
			.name = "scan-whole-file",
			.sentence =
				"The search covers the file to its last entry, "
				"not to i_size, which may have changed "
				"already.",
			.mutation = "scan-below-size",
			.models = "fs/dax.c dax_layout_busy_page(): whole "
				  "mapping",
		},
	[DS_RULE_RESCAN_AFTER_SLEEP] =
		{
			.name = "rescan-after-sleep",
			.sentence = "After a sleep the whole file is searched "
				    "again: "
				    "faults went on meanwhile.",
			.mutation = "no-rescan-after-sleep",
			.models = "fs/ext4/inode.c ext4_break_layouts(): do "
				  "while "
				  "retry",
		},
	[DS_RULE_RESCAN_UNTIL_IDLE] =
		{
			.name = "rescan-until-idle",
			.sentence =
				"The search is repeated until it finds no busy "
				"page, also when the wait did not sleep.",
			.mutation = "rescan-only-after-sleep",
			.models = "fs/ext4/inode.c ext4_break_layouts(), "
				  "b1f382178d15",
		},
	[DS_RULE_WAIT_FOR_ITS_PAGE] =
		{
			.name = "wait-for-its-page",
			.sentence =
				"The wait queues for the page that was found "
				"busy.",
			.mutation = "wait-on-wrong-key",
			.models = "fs/ext4/inode.c ext4_break_layouts(): "
				  "___wait_var_event(&page->_refcount)",
		},
	[DS_RULE_QUEUE_BEFORE_TEST] =
		{
			.name = "queue-before-test",
			.sentence = "A waiter queues before it tests its "
				    "condition.",
			.mutation = "test-before-queue",
			.models =
				"include/linux/wait_bit.h ___wait_var_event()",
		},
	[DS_RULE_SLEEP_ALLOWS_FAULTS] =
		{
			.name = "sleep-allows-faults",
			.sentence = "The fault lock is dropped to sleep: who "
				    "holds the "
				    "pin may have to fault first.",
			.mutation = "sleep-under-fault-lock",
			.models = "fs/ext4/inode.c ext4_wait_dax_page()",
		},
	[DS_RULE_SLEEP_KEEPS_INODE_LOCK] =
		{
			.name = "sleep-keeps-inode-lock",
			.sentence =
				"The fault lock, and no other, is dropped to "
				"sleep.",
			.mutation = "sleep-drops-inode-lock",
			.models = "fs/ext4/inode.c ext4_wait_dax_page()",
		},
	[DS_RULE_RETEST_AFTER_WAKE] =
		{
			.name = "retest-after-wake",
			.sentence = "Who was woken tests its condition again.",
			.mutation = "trust-wake",
			.models =
				"include/linux/wait_bit.h ___wait_var_event()",
			.equivalent = "Whatever ended the sleep, the loop in "
				      "ds_break_layouts() searches the whole "
				      "file again and "
				      "finds the page if it is busy still; "
				      "then the wait "
				      "tests it. A pending signal is found "
				      "there, too.",
		},
	[DS_RULE_SIGNAL_ENDS_WAIT] =
		{
			.name = "signal-ends-wait",
			.sentence = "A signal ends the wait for a pin that may "
				    "last "
				    "for ever.",
			.mutation = "uninterruptible-wait",
			.models = "fs/ext4/inode.c ext4_break_layouts(): "
				  "TASK_INTERRUPTIBLE",
		},
	[DS_RULE_INTERRUPTED_STOPS] =
		{
			.name = "interrupted-stops",
			.sentence = "An interrupted wait makes the call fail "
				    "before "
				    "it takes a block away.",
			.mutation = "interrupted-goes-on",
			.models = "fs/ext4/inode.c ext4_break_layouts(): "
				  "-ERESTARTSYS",
		},
	[DS_RULE_FAULTS_OUT_UNTIL_CHANGE] =
		{
			.name = "faults-out-until-change",
			.sentence = "From the last search to the change of the "
				    "extent "
				    "map faults stay locked out.",
			.mutation = "faults-between-break-and-change",
			.models = "fs/ext4/inode.c ext4_setattr(): i_mmap_sem "
				  "from "
				  "ext4_break_layouts() to ext4_truncate()",
		},
	[DS_RULE_FAULT_TAKES_LOCK] =
		{
			.name = "fault-takes-lock",
			.sentence =
				"A fault runs under the fault lock, shared.",
			.mutation = "fault-without-lock",
			.models = "fs/ext4/file.c ext4_dax_huge_fault()",
		},
	[DS_RULE_FAULT_SIZE_UNDER_LOCK] =
		{
			.name = "fault-size-under-lock",
			.sentence =
				"A fault looks at i_size under the fault lock.",
			.mutation = "fault-size-before-lock",
			.models =
				"fs/dax.c dax_iomap_pte_fault(): i_size_read()",
		},
	[DS_RULE_FAULT_REPLACES_ZERO_PAGE] =
		{
			.name = "fault-replaces-zero-page",
			.sentence =
				"A write fault takes the zero page away from "
				"everybody before it maps a block.",
			.mutation = "keep-zero-page",
			.models = "fs/dax.c dax_insert_mapping_entry(): "
				  "unmap_mapping_pages()",
		},
	[DS_RULE_SYNC_FAULT_COMMITS] =
		{
			.name = "sync-fault-commits",
			.sentence = "A page is writable through MAP_SYNC only "
				    "when the journal has its block.",
			.mutation = "sync-fault-just-maps",
			.models = "fs/dax.c dax_finish_sync_fault()",
		},
	[DS_RULE_SYNC_FAULT_ASKS_JOURNAL] =
		{
			.name = "sync-fault-asks-journal",
			.sentence = "That is asked also where the block was "
				    "there before.",
			.mutation = "sync-fault-trusts-blocks",
			.models = "fs/ext4/inode.c ext4_inode_datasync_dirty()",
		},
	[DS_RULE_TRUNCATE_UNMAPS] =
		{
			.name = "truncate-unmaps",
			.sentence = "Truncating the page cache unmaps what it "
				    "drops.",
			.mutation = "truncate-keeps-mappings",
			.models = "mm/truncate.c truncate_pagecache()",
		},
	[DS_RULE_TRUNCATE_DROPS_ENTRIES] =
		{
			.name = "truncate-drops-entries",
			.sentence = "Truncating the page cache deletes the "
				    "entries of "
				    "blocks that go.",
			.mutation = "truncate-keeps-entries",
			.models = "mm/truncate.c truncate_pagecache()",
		},
	[DS_RULE_TRUNCATE_UNMAPS_COPIES] =
		{
			.name = "truncate-unmaps-copies",
			.sentence = "Truncating the page cache unmaps private "
				    "copies beyond the end, too.",
			.mutation = "truncate-keeps-copies",
			.models = "mm/truncate.c truncate_pagecache(): "
				  "even_cows",
		},
	[DS_RULE_COPY_RECHECKS_PTE] =
		{
			.name = "copy-rechecks-pte",
			.sentence = "A private copy is mapped only where the "
				    "entry that was copied from is unchanged.",
			.mutation = "copy-without-recheck",
			.models = "mm/memory.c wp_page_copy(): pte_same()",
		},
	[DS_RULE_TRUNCATE_UNMAPS_AGAIN] =
		{
			.name = "truncate-unmaps-again",
			.sentence = "Truncating the page cache unmaps a second "
				    "time, "
				    "after the entries went.",
			.mutation = "truncate-unmaps-once",
			.models = "mm/truncate.c truncate_pagecache()",
			.equivalent =
				"The second time is for private copies made "
				"from the page cache in between. The fault "
				"lock, held exclusively, keeps pages from "
				"being mapped again, and a copy of a page that "
				"is mapped is dropped when its entry is no "
				"longer what it was.",
		},
	[DS_RULE_PUNCH_UNMAPS] =
		{
			.name = "punch-unmaps",
			.sentence = "Taking a range out of the page cache "
				    "unmaps it.",
			.mutation = "punch-keeps-mappings",
			.models = "mm/truncate.c truncate_pagecache_range()",
		},
	[DS_RULE_PUNCH_DROPS_ENTRIES] =
		{
			.name = "punch-drops-entries",
			.sentence = "Taking a range out of the page cache "
				    "deletes its "
				    "entries.",
			.mutation = "punch-keeps-entries",
			.models = "mm/truncate.c truncate_pagecache_range()",
		},
	[DS_RULE_WRITE_INVALIDATES] =
		{
			.name = "write-invalidates",
			.sentence =
				"A write into a hole takes away the zero pages "
				"that are mapped there.",
			.mutation = "write-keeps-zero-page",
			.models = "fs/dax.c dax_iomap_actor(): "
				  "invalidate_inode_pages2_range()",
		},
	[DS_RULE_NOWAIT_TRIES_LOCK] =
		{
			.name = "nowait-tries-lock",
			.sentence = "A read or write that must not wait gives "
				    "up where others have i_rwsem.",
			.mutation = "nowait-waits-for-lock",
			.models = "ext4_dax_read_iter(), xfs_ilock_iocb(): "
				  "inode_trylock_shared() and so on",
		},
	[DS_RULE_NOWAIT_WAITS_FOR_NO_LAYOUT] =
		{
			.name = "nowait-waits-for-no-layout",
			.sentence =
				"A write that must not wait recalls layouts "
				"and gives up.",
			.mutation = "nowait-waits-for-layout",
			.models = "xfs_file_write_checks(), v5.12: "
				  "354be7e3b2ba",
		},
	[DS_RULE_READ_LOCKS_INODE] =
		{
			.name = "read-locks-inode",
			.sentence = "A read holds the inode lock from the look "
				    "at the "
				    "extent map to the copy.",
			.mutation = "read-without-inode-lock",
			.models = "fs/ext4/file.c ext4_dax_read_iter()",
		},
	[DS_RULE_EVICT_BREAKS] =
		{
			.name = "evict-breaks",
			.sentence =
				"The last close of an unlinked file waits for "
				"pins before it frees the blocks.",
			.mutation = "no-break-at-evict",
			.models = "fs/dax.c dax_break_layout_final(), v6.15",
		},
	[DS_RULE_NEW_BLOCKS_ZEROED] =
		{
			.name = "new-blocks-zeroed",
			.sentence =
				"New written blocks hold zeroes, not what the "
				"device held before.",
			.mutation = "new-blocks-as-found",
			.models =
				"fs/ext4/inode.c EXT4_GET_BLOCKS_CREATE_ZERO; "
				"XFS_BMAPI_ZERO",
		},
	[DS_RULE_ZERO_BEFORE_REACHABLE] =
		{
			.name = "zero-before-reachable",
			.sentence = "New blocks are zeroed before the extent "
				    "map has "
				    "them.",
			.mutation = "zero-after-adding",
			.models = "fs/ext4/inode.c ext4_map_blocks(): "
				  "ext4_issue_zeroout()",
			.equivalent = "The extents lock is held exclusively "
				      "from before the "
				      "map changes until behind the zeroing in "
				      "either "
				      "order, and every look at the map takes "
				      "that lock. "
				      "Only a power cut could tell, and these "
				      "are left out.",
		},
	[DS_RULE_CONVERTED_BLOCKS_ZEROED] =
		{
			.name = "converted-blocks-zeroed",
			.sentence =
				"Unwritten blocks are zeroed when they become "
				"written.",
			.mutation = "converted-blocks-as-found",
			.models =
				"fs/ext4/extents.c, fs/xfs/libxfs/xfs_bmap.c: "
				"XFS_BMAPI_CONVERT | XFS_BMAPI_ZERO",
		},
	[DS_RULE_REMOVE_BEFORE_FREE] =
		{
			.name = "remove-before-free",
			.sentence = "A block leaves the extent map before it "
				    "is free.",
			.mutation = "free-before-remove",
			.models = "fs/ext4/extents.c ext4_remove_blocks()",
			.equivalent = "Between the two the extents lock is "
				      "held exclusively, "
				      "and every look at the map takes that "
				      "lock; who found "
				      "the block earlier is kept out by the "
				      "inode lock "
				      "(reads, writes) or was unmapped under "
				      "the fault lock "
				      "(faults, pins).",
		},
	[DS_RULE_STORE_COPIES] =
		{
			.name = "store-copies",
			.sentence = "A store to a page whose block other files "
				    "have too goes to a copy.",
			.mutation = "store-in-place",
			.models = "fs/dax.c dax_fault_iter(), v6.2",
		},
	[DS_RULE_COPY_DROPS_PAGE] =
		{
			.name = "copy-drops-page",
			.sentence = "A write that goes to a copy drops the old "
				    "page from page cache and page tables.",
			.mutation = "copy-keeps-page",
			.models = "fs/dax.c dax_iomap_iter(), v6.2",
		},
	[DS_RULE_COPY_KEEPS_REST] =
		{
			.name = "copy-keeps-rest",
			.sentence = "A copy has the old bytes where the write "
				    "brings none.",
			.mutation = "copy-without-rest",
			.models = "fs/dax.c dax_iomap_copy_around(), v6.2",
		},
	[DS_RULE_LAST_OWNER_FREES] =
		{
			.name = "last-owner-frees",
			.sentence = "A block is free when the last file that "
				    "has it lets it go, not before.",
			.mutation = "first-owner-frees",
			.models = "fs/xfs/libxfs/xfs_refcount.c "
				  "xfs_refcount_decrease_extent()",
		},
	[DS_RULE_SHARING_BREAKS] =
		{
			.name = "sharing-breaks",
			.sentence = "Who shares blocks of two files waits for "
				    "pins on both.",
			.mutation = "share-without-break",
			.models = "fs/xfs/xfs_inode.c xfs_ilock2_io_mmap(), "
				  "v6.1",
		},
	[DS_RULE_EXT4_TRUNCATE_BREAKS] =
		{
			.name = "ext4-truncate-breaks",
			.sentence = "ext4's truncate waits for pins.",
			.mutation = "ext4-no-break-in-truncate",
			.models = "fs/ext4/inode.c ext4_setattr()",
		},
	[DS_RULE_EXT4_PUNCH_BREAKS] =
		{
			.name = "ext4-punch-breaks",
			.sentence = "ext4's punch waits for pins.",
			.mutation = "ext4-no-break-in-punch",
			.models = "fs/ext4/inode.c ext4_punch_hole()",
		},
	[DS_RULE_EXT4_COLLAPSE_BREAKS] =
		{
			.name = "ext4-collapse-breaks",
			.sentence = "ext4's collapse waits for pins.",
			.mutation = "ext4-no-break-in-collapse",
			.models = "fs/ext4/extents.c ext4_collapse_range()",
		},
	[DS_RULE_EXT4_INSERT_BREAKS] =
		{
			.name = "ext4-insert-breaks",
			.sentence = "ext4's insert waits for pins.",
			.mutation = "ext4-no-break-in-insert",
			.models = "fs/ext4/extents.c ext4_insert_range()",
		},
	[DS_RULE_EXT4_ZERO_BREAKS] =
		{
			.name = "ext4-zero-breaks",
			.sentence = "ext4's zero waits for pins.",
			.mutation = "ext4-no-break-in-zero",
			.models = "fs/ext4/extents.c ext4_zero_range()",
		},
	[DS_RULE_EXT4_BREAK_BEFORE_SIZE] =
		{
			.name = "ext4-break-before-size",
			.sentence = "i_size changes after the wait, so that an "
				    "interrupted truncate leaves it alone.",
			.mutation = "ext4-size-before-break",
			.models =
				"fs/ext4/inode.c ext4_setattr(), b9c1c26739ec",
		},
	[DS_RULE_EXT4_BREAK_OUTSIDE_JOURNAL] =
		{
			.name = "ext4-break-outside-journal",
			.sentence =
				"Nothing waits for pins inside a transaction.",
			.mutation = "ext4-break-inside-journal",
			.models = "fs/ext4/inode.c ext4_punch_hole(): "
				  "ext4_journal_start() comes later",
		},
	[DS_RULE_EXT4_ERROR_UNLOCKS] =
		{
			.name = "ext4-error-unlocks",
			.sentence = "A punch that failed gives its locks back.",
			.mutation = "ext4-error-leaks-lock",
			.models =
				"fs/ext4/inode.c ext4_punch_hole(): out_mutex",
		},
	[DS_RULE_EXT4_TRUNCATE_ERROR_UNLOCKS] =
		{
			.name = "ext4-truncate-error-unlocks",
			.sentence = "A truncate that failed gives the fault "
				    "lock back.",
			.mutation = "ext4-truncate-error-leaks-lock",
			.models = "fs/ext4/inode.c ext4_setattr(): "
				  "out_mmap_sem, v5.3 and later",
		},
	[DS_RULE_EXT4_PUNCH_LOCKS_INODE] =
		{
			.name = "ext4-punch-locks-inode",
			.sentence = "A punch keeps reads and writes out.",
			.mutation = "ext4-punch-without-inode-lock",
			.models = "fs/ext4/inode.c ext4_punch_hole(): "
				  "inode_lock()",
		},
	[DS_RULE_EXT4_WRITE_LOCKS_INODE] =
		{
			.name = "ext4-write-locks-inode",
			.sentence = "ext4's write holds the inode lock "
				    "exclusively.",
			.mutation = "ext4-write-without-inode-lock",
			.models = "fs/ext4/file.c ext4_dax_write_iter()",
		},
	[DS_RULE_EXT4_TRUNCATE_CACHE_FIRST] =
		{
			.name = "ext4-truncate-cache-first",
			.sentence = "ext4's truncate drops pages before their "
				    "blocks.",
			.mutation = "ext4-truncate-blocks-first",
			.models = "fs/ext4/inode.c ext4_setattr()",
		},
	[DS_RULE_EXT4_PUNCH_CACHE_FIRST] =
		{
			.name = "ext4-punch-cache-first",
			.sentence =
				"ext4's punch drops pages before their blocks.",
			.mutation = "ext4-punch-blocks-first",
			.models = "fs/ext4/inode.c ext4_punch_hole()",
		},
	[DS_RULE_EXT4_TRUNCATE_ZEROES_TAIL] =
		{
			.name = "ext4-truncate-zeroes-tail",
			.sentence = "ext4's truncate zeroes the rest of the "
				    "block that "
				    "it cuts.",
			.mutation = "ext4-truncate-keeps-tail",
			.models = "fs/ext4/inode.c ext4_block_truncate_page()",
		},
	[DS_RULE_EXT4_GROWTH_ZEROES_TAIL] =
		{
			.name = "ext4-growth-zeroes-tail",
			.sentence = "From v6.13 on ext4 zeroes the rest of "
				    "the last block when the file grows: a "
				    "store may have left bytes there.",
			.mutation = "ext4-growth-keeps-tail",
			.models = "fs/ext4/inode.c ext4_setattr(): "
				  "ext4_block_truncate_page(); "
				  "fs/ext4/extents.c "
				  "ext4_alloc_file_blocks(): "
				  "ext4_zero_partial_blocks()",
		},
	[DS_RULE_EXT4_COLLAPSE_DROPS_BEHIND] =
		{
			.name = "ext4-collapse-drops-behind",
			.sentence = "ext4's collapse drops all pages behind "
				    "the range, "
				    "which move too.",
			.mutation = "ext4-collapse-keeps-behind",
			.models = "fs/ext4/extents.c ext4_collapse_range(): "
				  "truncate_pagecache()",
		},
	[DS_RULE_EXT4_INSERT_DROPS_BEHIND] =
		{
			.name = "ext4-insert-drops-behind",
			.sentence =
				"ext4's insert drops all pages that it moves.",
			.mutation = "ext4-insert-keeps-behind",
			.models = "fs/ext4/extents.c ext4_insert_range(): "
				  "truncate_pagecache()",
		},
	[DS_RULE_XFS_TRUNCATE_BREAKS] =
		{
			.name = "xfs-truncate-breaks",
			.sentence = "XFS' change of size waits for pins.",
			.mutation = "xfs-no-break-in-truncate",
			.models = "fs/xfs/xfs_iops.c xfs_vn_setattr()",
		},
	[DS_RULE_XFS_FALLOCATE_BREAKS] =
		{
			.name = "xfs-fallocate-breaks",
			.sentence =
				"Every fallocate mode of XFS waits for pins.",
			.mutation = "xfs-no-break-in-fallocate",
			.models = "fs/xfs/xfs_file.c xfs_file_fallocate()",
		},
	[DS_RULE_XFS_INODE_LOCK_FIRST] =
		{
			.name = "xfs-inode-lock-first",
			.sentence = "The inode lock is taken before the fault "
				    "lock.",
			.mutation = "xfs-fault-lock-first",
			.models = "fs/xfs/xfs_inode.c xfs_ilock()",
		},
	[DS_RULE_XFS_TRUNCATE_ZEROES_TAIL] =
		{
			.name = "xfs-truncate-zeroes-tail",
			.sentence = "XFS' truncate zeroes the rest of the "
				    "block that "
				    "it cuts.",
			.mutation = "xfs-truncate-keeps-tail",
			.models = "fs/xfs/xfs_iops.c xfs_setattr_size(): "
				  "iomap_truncate_page()",
			.equivalent = "XFS zeroes from the old end of file "
				      "whenever the file "
				      "grows, by truncate, fallocate or write, "
				      "so what the "
				      "cut left is never inside i_size again; "
				      "and what a "
				      "mapped load sees behind i_size is not "
				      "judged, since a "
				      "store may have put it there.",
		},
	[DS_RULE_XFS_GROWTH_ZEROES_TAIL] =
		{
			.name = "xfs-growth-zeroes-tail",
			.sentence = "XFS zeroes the rest of the last block "
				    "when the "
				    "file grows: a store may have left bytes "
				    "there.",
			.mutation = "xfs-growth-keeps-tail",
			.models = "fs/xfs/xfs_iops.c xfs_setattr_size(): "
				  "iomap_zero_range()",
		},
	[DS_RULE_XFS_SHIFT_DROPS_BEHIND] =
		{
			.name = "xfs-shift-drops-behind",
			.sentence =
				"XFS' collapse and insert drop all pages that "
				"they move.",
			.mutation = "xfs-shift-keeps-behind",
			.models = "fs/xfs/xfs_bmap_util.c xfs_prepare_shift()",
		},
	[DS_RULE_XFS_WRITE_LOCKS_INODE] =
		{
			.name = "xfs-write-locks-inode",
			.sentence =
				"XFS' write holds the inode lock exclusively.",
			.mutation = "xfs-write-without-inode-lock",
			.models = "fs/xfs/xfs_file.c xfs_file_dax_write()",
		},
	[DS_RULE_XFS_RESERVES_SPACE] =
		{
			.name = "xfs-reserves-space",
			.sentence =
				"XFS reserves blocks for all of an allocation "
				"before it takes the first.",
			.mutation = "xfs-allocates-piecemeal",
			.models = "fs/xfs/xfs_bmap_util.c "
				  "xfs_alloc_file_space()",
		},
	[DS_RULE_VIRTIOFS_TRUNCATE_BREAKS] =
		{
			.name = "virtiofs-truncate-breaks",
			.sentence = "virtiofs' change of size waits for pins.",
			.mutation = "virtiofs-no-break-in-truncate",
			.models = "fs/fuse/dir.c fuse_do_setattr()",
		},
	[DS_RULE_VIRTIOFS_FALLOCATE_BREAKS] =
		{
			.name = "virtiofs-fallocate-breaks",
			.sentence = "virtiofs' fallocate waits for pins, but "
				    "for KEEP_SIZE alone.",
			.mutation = "virtiofs-no-break-in-fallocate",
			.models = "fs/fuse/file.c fuse_file_fallocate()",
		},
	[DS_RULE_VIRTIOFS_WHOLE_FILE] =
		{
			.name = "virtiofs-whole-file",
			.sentence = "Who means the whole file asks for the "
				    "bytes up to the last one, not up to 0.",
			.mutation = "virtiofs-breaks-page-0",
			.models = "fs/fuse/dir.c fuse_do_setattr(): "
				  "fuse_dax_break_layouts(inode, 0, -1), v6.15",
		},
	[DS_RULE_GENERIC_TRUNCATE_BREAKS] =
		{
			.name = "generic-truncate-breaks",
			.sentence = "A change of size breaks layouts before it "
				    "changes anything.",
			.mutation = "generic-no-break-in-truncate",
			.models = "fs/dax.c dax_break_layout_inode(), v6.15",
		},
	[DS_RULE_GENERIC_FALLOCATE_BREAKS] =
		{
			.name = "generic-fallocate-breaks",
			.sentence = "What takes blocks away, moves or zeroes "
				    "them breaks layouts before.",
			.mutation = "generic-no-break-in-fallocate",
			.models = "fs/dax.c dax_break_layout_inode(), v6.15",
		},
	[DS_RULE_DMA_UNDER_PIN] =
		{
			.name = "dma-under-pin",
			.sentence =
				"Pages stay pinned until the device is done.",
			.mutation = "unpin-before-dma",
			.models = "fs/direct-io.c dio_bio_complete()",
		},
	[DS_RULE_LEASE_END_WAKES] =
		{
			.name = "lease-end-wakes",
			.sentence =
				"Who removes a lease wakes who waits for that.",
			.mutation = "lease-end-wakes-nobody",
			.models = "fs/locks.c locks_delete_lock_ctx()",
			.equivalent = "Every wait for leases has an end: who "
				      "is not woken looks again a tick later, "
				      "and how long a call takes no property "
				      "says.",
		},
	[DS_RULE_RECALL_REACHES_HOLDER] =
		{
			.name = "recall-reaches-holder",
			.sentence = "Breaking a lease asks its holder for the "
				    "layout.",
			.mutation = "recall-lost",
			.models = "fs/nfsd/nfs4layouts.c "
				  "nfsd4_recall_file_layout()",
		},
	[DS_RULE_XFS_UNMAP_BREAKS_LEASES] =
		{
			.name = "xfs-unmap-breaks-leases",
			.sentence = "XFS recalls layouts before blocks go, "
				    "move or come.",
			.mutation = "xfs-unmap-keeps-leases",
			.models = "fs/xfs/xfs_file.c xfs_break_layouts(), "
				  "BREAK_UNMAP",
		},
	[DS_RULE_XFS_WRITE_BREAKS_LEASES] =
		{
			.name = "xfs-write-breaks-leases",
			.sentence = "XFS' write recalls layouts.",
			.mutation = "xfs-write-keeps-leases",
			.models = "fs/xfs/xfs_file.c "
				  "xfs_file_aio_write_checks(), from v5.12 "
				  "xfs_file_write_checks(), BREAK_WRITE",
		},
	[DS_RULE_XFS_LEASE_WAIT_UNLOCKS] =
		{
			.name = "xfs-lease-wait-unlocks",
			.sentence = "XFS waits for leases with no lock of the "
				    "file held.",
			.mutation = "xfs-lease-wait-keeps-locks",
			.models =
				"fs/xfs/xfs_pnfs.c xfs_break_leased_layouts()",
		},
	[DS_RULE_XFS_PINS_AFTER_LEASES] =
		{
			.name = "xfs-pins-after-leases",
			.sentence = "Behind a wait for leases XFS looks for "
				    "pins again.",
			.mutation = "xfs-no-rescan-after-leases",
			.models = "fs/xfs/xfs_file.c xfs_break_layouts(), the "
				  "loop",
		},
	[DS_RULE_XFS_SHARING_BREAKS_LEASES] =
		{
			.name = "xfs-sharing-breaks-leases",
			.sentence = "Who shares blocks of two files recalls "
				    "the layouts of both.",
			.mutation = "xfs-sharing-keeps-leases",
			.models = "fs/xfs/xfs_inode.c "
				  "xfs_iolock_two_inodes_and_break_layout(), "
				  "v6.1",
		},
	[DS_RULE_XFS_SHARING_LOOKS_AGAIN] =
		{
			.name = "xfs-sharing-looks-again",
			.sentence = "Who recalled layouts with no lock held "
				    "looks again once it holds the lock.",
			.mutation = "xfs-sharing-looks-once",
			.models = "fs/xfs/xfs_inode.c "
				  "xfs_iolock_two_inodes_and_break_layout(), "
				  "v6.1",
		},
	[DS_RULE_LAYOUT_REFUSES_SHARED] =
		{
			.name = "layout-refuses-shared",
			.sentence = "No layout is given out of a file that "
				    "may have blocks of others.",
			.mutation = "layout-of-shared",
			.models = "fs/xfs/xfs_pnfs.c xfs_fs_map_blocks()",
		},
	[DS_RULE_LEASE_BEFORE_LAYOUT] =
		{
			.name = "lease-before-layout",
			.sentence = "The lease is taken before the extent map "
				    "is looked at.",
			.mutation = "layout-before-lease",
			.models = "fs/nfsd/nfs4layouts.c "
				  "nfsd4_preprocess_layout_stateid()",
		},
	[DS_RULE_RETURN_DRAINS_IO] =
		{
			.name = "return-drains-io",
			.sentence = "A client ends its I/O before it returns a "
				    "layout.",
			.mutation = "return-during-io",
			.models = "fs/nfs/pnfs.c pnfs_prepare_layoutreturn()",
		},
	[DS_RULE_FENCE_SHUTS_OUT] =
		{
			.name = "fence-shuts-out",
			.sentence = "The device refuses the I/O of a fenced "
				    "client.",
			.mutation = "fence-in-vain",
			.models = "fs/nfsd/blocklayout.c "
				  "nfsd4_scsi_fence_client()",
		},
};

const struct ds_rule_text *ds_rule_text(enum ds_rule rule)
{
	ds_assert(rule != DS_RULE_NONE && rule < DS_N_RULES);
	return &rules[rule];
}

enum ds_rule ds_rule_find(const char *name)
{
	unsigned int i = DS_N_RULES;

	while (--i > DS_RULE_NONE && strcmp(rules[i].name, name) != 0)
		;
	return (enum ds_rule)i;
}

enum ds_rule ds_mutation_find(const char *name)
{
	unsigned int i = DS_N_RULES;

	while (--i > DS_RULE_NONE && strcmp(rules[i].mutation, name) != 0)
		;
	return (enum ds_rule)i;
}
