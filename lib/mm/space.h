/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DS_MM_SPACE_H
#define DS_MM_SPACE_H

/*
 * Address spaces: the areas mapped into them (VMAs), their page tables, and
 * the reverse way from a file to the areas that map it.
 */
#include "mm/pgtable.h"
#include "pmem/frame.h"
#include "sched/grace.h"
#include "sched/rwsem.h"
#include "sched/waitq.h"

/* A load or store that the hardware would answer with a signal. */
#define DS_SIGSEGV (-4097)
#define DS_SIGBUS  (-4098)

/* A fault that no huge entry can serve: VM_FAULT_FALLBACK. */
#define DS_FALL_BACK 1

struct ds_space;
struct ds_vma;

/* How an area is mapped. */
#define DS_MAP_WRITABLE 1u
#define DS_MAP_PRIVATE  2u /* stores go to copies that the file never sees */
#define DS_MAP_SYNC     4u /* stores find blocks that the journal knows of */

/* What a file system does for an area. */
struct ds_vm_ops {
	/*
	 * Makes page @vpn of @vma usable for an access, or for a @write, and
	 * sets its page-table entry. The caller holds mmap_lock shared.
	 * Return: 0, DS_SIGBUS, or -ENOMEM.
	 */
	int (*fault)(struct ds_task *task, struct ds_vma *vma,
		     struct ds_vpn vpn, bool write);
	/*
	 * The same with a huge entry for the whole huge page. DS_FALL_BACK when
	 * that cannot be: then there is no huge entry, and @fault is asked.
	 * NULL: never.
	 */
	int (*huge_fault)(struct ds_task *task, struct ds_vma *vma,
			  struct ds_vpn vpn, bool write);
	/* An area more or less of the same file. */
	void (*open)(struct ds_task *task, struct ds_vma *vma);
	void (*close)(struct ds_task *task, struct ds_vma *vma);
};

/* The areas that map one file. The mapping of the page cache embeds it. */
struct ds_rmap {
	struct ds_rwsem lock;
	uint32_t inode;
	/* Linked by rmap_next; under @lock, but for a look whether any is. */
	struct ds_vma *vmas;
};

/* One mapped area: pages [first, end) show the file from @pgoff on. */
struct ds_vma {
	struct ds_space *space;
	struct ds_vma *next; /* by address; under mmap_lock */
	struct ds_vma *rmap_next;
	struct ds_vpn first, end;
	struct ds_pgidx pgoff;
	bool writable;
	/* Wants an address at which huge pages can be mapped. */
	bool align_huge;
	/* What is stored stays in copies of its own, not in the file. */
	bool is_private;
	bool is_sync;    /* see DS_MAP_SYNC: VM_SYNC */
	bool has_copies; /* it had one at some time: the kernel's anon_vma */
	struct ds_rmap *rmap;
	const struct ds_vm_ops *ops;
	void *file; /* the file system's */
};

/* Whether flushing the TLB waits for lockless walkers. */
enum ds_tlb_flush {
	DS_FLUSH_BROADCAST, /* it does not (arm64) */
	DS_FLUSH_IPI,       /* interrupts reach only those not walking (x86) */
};

struct ds_space {
	struct ds_space *next; /* of another program, which was forked */
	uint32_t id;
	/* Copying a page that went away meanwhile copies zeroes, to v5.5. */
	bool lost_copy_is_zero;
	struct ds_rwsem mmap_lock;
	struct ds_spin
		vma_spin; /* lets a pin's record look without mmap_lock */
	struct ds_vma *vmas;
	struct ds_vpn next_free;
	struct ds_pgtable table;
	struct ds_grace walkers;
	enum ds_tlb_flush flush;
	/*
	 * Areas are closed when mmap_lock is given back, as fput() is delayed
	 * in every kernel: their files' evictions may wait for who needs it.
	 */
	bool close_late;
	bool direct_pins;      /* direct I/O takes DS_PIN_COUNTED pins */
	bool bio_wakes_nobody; /* who releases a bio's pages forgets to wake */
	bool longterm_pins_first; /* DS_PIN_LONGTERM is refused once pinned */
	bool longterm_allowed;    /* what if it were not refused at all */
	/* To v4.18, and on virtiofs: entries of shared areas, too. */
	bool fork_copies_shared;
	/*
	 * From v5.9 (09854ba94c6a, 70e806e4e645) on references tell whether a
	 * private copy is one program's alone: fork copies what has
	 * DS_PIN_COUNTED pins at once, and a store to what fork made read-only
	 * copies whatever somebody else refers to.
	 */
	bool counts_sharers;
	struct ds_frames *frames;
	struct ds_waitq_table *waitq; /* where waiters for idle frames are */
	struct ds_arena *arena;
};

/* @name: of its mmap_lock. Return: 0, or -ENOMEM. */
int ds_space_new(struct ds_arena *arena, uint32_t id, const char *name,
		 struct ds_frames *frames, struct ds_waitq_table *waitq,
		 unsigned int table_bits, struct ds_space **ret_space);

void ds_space_free(struct ds_space *space);

/* Adds its areas, page tables, lock and walkers. */
void ds_space_digest(const struct ds_space *space, struct ds_digest *digest);

/* Adds the areas that map the file, in the order in which they are unmapped. */
void ds_rmap_digest(const struct ds_rmap *rmap, struct ds_digest *digest);

void ds_rmap_init(struct ds_rmap *rmap, uint32_t inode, uint32_t lock_id,
		  const char *name);

/*
 * Maps @n_pages of a file; @vma carries pgoff, writable, is_private, rmap, ops
 * and file.
 * Return: 0, or -ENOMEM (also when the address space is full).
 */
int ds_space_map(struct ds_task *task, struct ds_space *space,
		 const struct ds_vma *vma, uint64_t n_pages,
		 struct ds_vpn *ret_first);

/* Unmaps [first, end); holes in it are ignored. Return: 0, or -ENOMEM. */
int ds_space_unmap(struct ds_task *task, struct ds_space *space,
		   struct ds_vpn first, struct ds_vpn end);

/*
 * Clears the entries of [first, end), private copies too, and leaves the areas
 * mapped: the next access faults. Pins stay.
 *
 * Models: madvise(MADV_DONTNEED), v4.19. Return: 0; -ENOMEM if something there
 * is not mapped, which the rest does not suffer from.
 */
int ds_space_dontneed(struct ds_task *task, struct ds_space *space,
		      struct ds_vpn first, struct ds_vpn end);

/*
 * Gives @child an area as @from, of the same file, with no entries yet, which
 * is unmapped behind @from whenever pages of the file are. The caller has
 * mmap_lock of @from; nobody else uses @child. Return: NULL without memory.
 */
struct ds_vma *ds_space_copy_area(struct ds_task *task, struct ds_vma *from,
				  struct ds_space *child);

/* The second part of it: the file can be asked who maps it. */
void ds_space_link_area(struct ds_task *task, struct ds_vma *from,
			struct ds_vma *area);

/*
 * Lets the space have huge entries of 2^@order pages. Before anything is
 * mapped.
 */
void ds_space_set_huge(struct ds_space *space, unsigned int order);

/* The area that holds @vpn, or NULL. Under mmap_lock. */
struct ds_vma *ds_space_find(const struct ds_space *space, struct ds_vpn vpn);

/*
 * Loads or stores @len bytes at address @addr as a program would, faulting
 * pages in. Return: bytes done before a fault could not be served, or, if
 * none, DS_SIGSEGV, DS_SIGBUS or -ENOMEM.
 */
int64_t ds_space_access(struct ds_task *task, struct ds_space *space,
			uint64_t addr, void *buf, size_t len, bool write);

/*
 * Makes @vpn usable by asking its area's file system; mmap_lock is held.
 * Return: 0, DS_SIGSEGV, DS_SIGBUS or -ENOMEM.
 */
int ds_space_fault(struct ds_task *task, struct ds_space *space,
		   struct ds_vpn vpn, bool write);

/* Where in which file @vpn lies; inode 0 if nowhere. A view, for records. */
void ds_space_place(struct ds_space *space, struct ds_vpn vpn,
		    uint32_t *ret_inode, struct ds_pgidx *ret_page);

/*
 * Drops a reference, or @n at once, in the caller's step that writes REFS of
 * @pfn; if it came to idle, wakes who waits for that in a step of its own.
 */
void ds_space_put(struct ds_task *task, struct ds_space *space,
		  struct ds_pfn pfn);
void ds_space_put_n(struct ds_task *task, struct ds_space *space,
		    struct ds_pfn pfn, int n);

/* The same, but wakes nobody. */
void ds_space_put_quietly(struct ds_task *task, struct ds_space *space,
			  struct ds_pfn pfn, int n);

/*
 * Sets the page-table entry of @vpn: a step. The area's file system keeps
 * everybody else from setting or clearing it. Return: 0; -ENOMEM; DS_SIGBUS if
 * an entry that holds a reference is there, of another frame.
 *
 * Models: insert_page_into_pte_locked() where entries hold references: an
 * entry that is only made writable takes no second one. Differs: to v6.14 the
 * kernel leaves an entry of another frame there, with a warning.
 */
int ds_pte_set(struct ds_task *task, struct ds_space *space, struct ds_vpn vpn,
	       uint64_t pte);

/*
 * What stands where a huge entry for @vpn would: 0, a huge entry, or
 * DS_PTE_TABLE: a table of entries. A step.
 */
#define DS_PTE_TABLE UINT64_C(2)

uint64_t ds_huge_look(struct ds_task *task, struct ds_space *space,
		      struct ds_vpn vpn);

/*
 * Sets the huge entry for @vpn, unless a table stands there: a step.
 * Return: 0, or -ENOMEM.
 *
 * Models: vmf_insert_pfn_pmd(), v4.19; vmf_insert_folio_pmd(), v6.15.
 */
int ds_huge_set(struct ds_task *task, struct ds_space *space, struct ds_vpn vpn,
		uint64_t pte);

/*
 * Takes away the huge entry for @vpn, if there is one. Its pages are faulted in
 * again: a file's huge entry is never cut into small ones.
 *
 * Models: __split_huge_pmd() of a DAX area.
 */
void ds_huge_split(struct ds_task *task, struct ds_space *space,
		   struct ds_vpn vpn);

/*
 * Sets the entry of @vpn to @pte, which a private copy @to has or is to get, if
 * it is still @expected: a step. The reference on a copy becomes the entry's;
 * one that the old entry held is the caller's to drop, behind a flush.
 *
 * Models: the look at the entry under its lock in finish_fault() and
 * wp_page_copy(). Return: whether it was; or -ENOMEM.
 */
int ds_pte_replace(struct ds_task *task, struct ds_vma *vma, struct ds_vpn vpn,
		   uint64_t expected, uint64_t pte);

/* Waits until nobody uses old entries, then drops the reference @old held. */
void ds_pte_flush(struct ds_task *task, struct ds_space *space, uint64_t old);

/* What becomes of private copies where entries are cleared. */
enum ds_copies_fate {
	DS_COPIES_STAY,
	DS_COPIES_GO,
	DS_COPIES_UNWANTED, /* they go, as their program wishes */
};

/* Whether an entry like @pte holds a reference on its frame. */
bool ds_pte_holds_ref(const struct ds_space *space, uint64_t pte);

/* Whether @pte is the entry of a private copy. */
static inline bool ds_pte_is_copy(uint64_t pte)
{
	return (pte & DS_PTE_PRESENT) && ds_pfn_is_anon(ds_pte_pfn(pte));
}

/*
 * Clears the entries of [first, end): a step each, then the TLB flush, then
 * the references that they held: dropped only where no processor can use the
 * old entries any more.
 *
 * A huge entry goes whole, also when only a part of it is to be cleared.
 *
 * Models: zap_pte_range(), zap_huge_pmd() and mmu_gather.
 */
void ds_pte_clear(struct ds_task *task, struct ds_space *space,
		  struct ds_vpn first, struct ds_vpn end,
		  enum ds_copies_fate copies);

/*
 * Whether any area maps the file: an unlocked look. @charged: what a property
 * reads at this step.
 */
bool ds_rmap_is_mapped(struct ds_task *task, const struct ds_rmap *rmap,
		       ds_obj charged);

/*
 * Removes @range of the file from every address space, private copies only if
 * @copies.
 *
 * Models: unmap_mapping_range() and its even_cows.
 */
void ds_rmap_unmap(struct ds_task *task, struct ds_rmap *rmap,
		   struct ds_pgrange range, bool copies);

/*
 * Makes the pages of @range of the file read-only in every address space, so
 * that the next store faults. Their entry is locked, which keeps faults from
 * setting page-table entries for them.
 *
 * Models: dax_entry_mkclean(), from v5.19 with more than one page.
 */
void ds_rmap_protect(struct ds_task *task, struct ds_rmap *rmap,
		     struct ds_pgrange range);

/* Where there are huge entries: one object with what stands in their way. */
static inline ds_obj ds_pte_object(const struct ds_space *space,
				   struct ds_vpn vpn)
{
	unsigned int order = space->table.huge_order;

	return ds_object(DS_OBJ_PTE, space->id, vpn.vpn >> order << order);
}

/* A name for @vpn that no other page of any space has; never 0. */
static inline uint64_t ds_space_place_id(const struct ds_space *space,
					 struct ds_vpn vpn)
{
	return (uint64_t)space->id << 40 | vpn.vpn;
}

static inline ds_obj ds_rmap_object(const struct ds_rmap *rmap)
{
	return ds_object(DS_OBJ_RMAP, rmap->inode, 0);
}

#endif
