/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DS_PMEM_FRAME_H
#define DS_PMEM_FRAME_H

/*
 * The page frames of a region: one small record each, in memory that is
 * touched only where frames are used, and the real bytes behind it.
 *
 * A reference count is kept as its distance from the idle value of the kernel
 * modelled, so that untouched memory means "idle".
 *
 * Models: struct page of a device page. To v6.14 idle is 1, a pin takes a
 * reference and a page-table entry takes none; from v6.15 idle is 0 and a
 * page-table entry takes one too (@pte_holds_ref).
 *
 * From v6.15 on the frames of a huge entry of a page cache are a folio: all
 * references go to the first one, its head, until the entry goes. Whatever
 * counts references here goes to the head by itself.
 */
#include <stdatomic.h>

#include "core/arena.h"
#include "core/fetch.h"
#include "pmem/region.h"
#include "sched/task.h"

struct ds_frame {
	/*
	 * References beyond idle, in the upper half, and how many of them
	 * page-table entries hold. One word, for who compares them: real
	 * threads change both meanwhile.
	 */
	_Atomic(uint64_t) refs;
	uint64_t index;   /* the page of @mapping at which it is */
	uint32_t mapping; /* inode whose page cache has it, 0: none */
	uint32_t file;    /* inode that owns the block, 0: free */
	uint32_t others;  /* places in files that have it beside the first */
	uint8_t order;    /* of a folio's head: log2 of its frames */
	uint8_t poisoned; /* its bytes are lost; changes with them */
	uint16_t behind;  /* frames between it and its folio's head */
};

#define DS_FRAME_REF (UINT64_C(1) << 32) /* in struct ds_frame.refs */

/* What struct ds_frame.refs says: references beyond idle. */
static inline int ds_refs_extra(uint64_t refs)
{
	return (int)((int64_t)refs >> 32);
}

/* ... and those of page-table entries among them. */
static inline int ds_refs_mapped(uint64_t refs)
{
	return (int)(refs & UINT32_MAX);
}

static inline int ds_frame_extra(const struct ds_frame *frame)
{
	return ds_refs_extra(atomic_load(&frame->refs));
}

/* Adds @n references, no entry's. Return: those beyond idle then. */
static inline int ds_frame_add(struct ds_frame *frame, int n)
{
	uint64_t added = (uint64_t)n << 32;

	return ds_refs_extra(atomic_fetch_add(&frame->refs, added) + added);
}

/*
 * In @mapping: several files have the page in their caches, or may have; @index
 * is their number. Models: PAGE_MAPPING_DAX_SHARED and page->share.
 */
#define DS_SHARED_MAPPING UINT32_C(0xffffff)
/* In @file: the block was shared, and has not been free since. */
#define DS_SHARED_FILE UINT32_C(0xfffffe)

/*
 * A pin: a reference that a pin call returned and that is not yet dropped,
 * with where in which file it was aimed: see struct ds_pinned.
 */
struct ds_holder {
	struct ds_holder *next;
	struct ds_pfn pfn;
	uint32_t inode;
	struct ds_pgidx page;
	unsigned int task;
	int refs; /* that it stands for */
};

/*
 * Frame 0 of the region is the zero page: files have no block there, and its
 * page-table entries hold no references.
 */
#define DS_ZERO_PFN UINT64_C(0)

/*
 * Frames of anonymous memory, for private copies of pages: ordinary memory of
 * the universe, not the region's. One is in use while it has references, and
 * its count has no idle value: all of them count.
 *
 * Models: the pages of alloc_page_vma(). Differs: a fixed number.
 */
#define DS_ANON_FIRST UINT64_C(0xffff0000)
#define DS_ANON_N     UINT64_C(0x10000)

/*
 * The upper half of them are ordinary pages of page caches, of files that are
 * not on DAX: each has a reference of its cache.
 */
#define DS_CACHED_FIRST (DS_ANON_FIRST + DS_ANON_N / 2)

/* Memory of the universe, a private copy or a page of a page cache. */
static inline bool ds_pfn_is_ordinary(struct ds_pfn pfn)
{
	return pfn.pfn >= DS_ANON_FIRST;
}

static inline bool ds_pfn_is_cached(struct ds_pfn pfn)
{
	return pfn.pfn >= DS_CACHED_FIRST;
}

static inline bool ds_pfn_is_anon(struct ds_pfn pfn)
{
	return ds_pfn_is_ordinary(pfn) && !ds_pfn_is_cached(pfn);
}

struct ds_frame_log;

struct ds_frames {
	struct ds_region *region;
	struct ds_frame *frames; /* the region's, then the anonymous ones */
	uint64_t n;              /* of the region */
	unsigned char *anon;     /* bytes of the anonymous ones */
	uint64_t anon_hint;      /* below it none is free */
	uint64_t cached_hint;    /* the same of pages of page caches */
	void *files;             /* the file system's: whose pages they are */
	int idle;
	bool pte_holds_ref;
	bool keep_holders; /* pins are recorded and told of */
	bool may_poison;   /* memory may fail: to look is a step */
	bool marked;       /* changes are remembered; before the arena's */
	unsigned int huge_order; /* log2 of a huge page's frames; 0: none */
	struct ds_spin spin;     /* protects the holders, and what is shared */
	struct ds_holder *holders;
	struct ds_arena *arena;
	struct ds_frame_log *log; /* host memory: what to restore */
};

/* Frames of @region, none used. Return: 0, -EFBIG or -ENOMEM. */
int ds_frames_new(struct ds_arena *arena, struct ds_region *region, int idle,
		  struct ds_frames **ret_frames);

void ds_frames_free(struct ds_frames *frames);

/*
 * From here on remembers what is changed, so that ds_frames_rewind() can bring
 * back records and bytes; only touched frames are restored.
 */
void ds_frames_mark(struct ds_frames *frames);
void ds_frames_rewind(struct ds_frames *frames);

/*
 * Whether a change since the mark could not be remembered, because the host had
 * no memory: no run can start from the mark any more.
 */
bool ds_frames_lost(const struct ds_frames *frames);

/* ---- Steps: the caller's present step declares the access named here ---- */

/*
 * References of @pfn, idle included; a task may only go by whether they are the
 * idle value. Reads REFS.
 */
int ds_frame_refs(struct ds_task *task, struct ds_frames *frames,
		  struct ds_pfn pfn);

/*
 * Whether somebody other than page tables has a reference. Reads REFS.
 *
 * Models: page_ref_count() > 1 to v6.14, dax_busy_page() from v6.15.
 */
bool ds_frame_is_busy(struct ds_task *task, struct ds_frames *frames,
		      struct ds_pfn pfn);

/* Whether one page-table entry alone holds a reference. Reads REFS. */
bool ds_frame_is_mapped_once(struct ds_task *task, struct ds_frames *frames,
			     struct ds_pfn pfn);

/* Whether there are more than @n references. Reads REFS. */
bool ds_frame_has_more(struct ds_task *task, struct ds_frames *frames,
		       struct ds_pfn pfn, int n);

/* Takes a reference, or @n at once. Adds to REFS. */
void ds_frame_get(struct ds_task *task, struct ds_frames *frames,
		  struct ds_pfn pfn);
void ds_frame_get_n(struct ds_task *task, struct ds_frames *frames,
		    struct ds_pfn pfn, int n);

/*
 * The same, unless the frame has none: one of count 0 is nobody's to take.
 * Writes REFS. Return: whether they were taken.
 */
bool ds_frame_try_get_n(struct ds_task *task, struct ds_frames *frames,
			struct ds_pfn pfn, int n);

/*
 * What that does to the count of @frame, whose idle value is @idle. Return: the
 * same.
 */
static inline bool ds_frame_take(struct ds_frame *frame, int idle, int n)
{
	uint64_t seen = atomic_load(&frame->refs);

	while (ds_refs_extra(seen) + idle > 0)
		if (atomic_compare_exchange_weak(&frame->refs, &seen,
						 seen + ((uint64_t)n << 32)))
			return true;
	return false;
}

/*
 * A page-table entry more, with the reference it holds; and one less, whose
 * reference is the caller's to drop. Adds to REFS.
 */
void ds_frame_mapped(struct ds_task *task, struct ds_frames *frames,
		     struct ds_pfn pfn);
void ds_frame_unmapped(struct ds_task *task, struct ds_frames *frames,
		       struct ds_pfn pfn);

/*
 * A page-table entry more that takes over the caller's reference on its private
 * copy. Adds to REFS.
 */
void ds_frame_copy_mapped(struct ds_task *task, struct ds_frames *frames,
			  struct ds_pfn pfn);

/*
 * Drops a reference, or @n at once. Writes REFS: who comes to the idle value
 * must wake. Return: references left, of which the same is true.
 */
int ds_frame_put(struct ds_task *task, struct ds_frames *frames,
		 struct ds_pfn pfn);
int ds_frame_put_n(struct ds_task *task, struct ds_frames *frames,
		   struct ds_pfn pfn, int n);

/*
 * Takes the lowest anonymous frame that nobody uses, with one reference. Writes
 * the anonymous pool and REFS of what it takes, which nobody else knows yet.
 * Return: whether there was one.
 */
bool ds_frame_new_anon(struct ds_task *task, struct ds_frames *frames,
		       struct ds_pfn *ret_pfn);

/* The same for a page of a page cache. */
bool ds_frame_new_cached(struct ds_task *task, struct ds_frames *frames,
			 struct ds_pfn *ret_pfn);

/*
 * Notes and removes a pin that stands for @refs references. Adds to HOLDERS of
 * @inode.
 */
int ds_frame_hold(struct ds_task *task, struct ds_frames *frames,
		  struct ds_pfn pfn, uint32_t inode, struct ds_pgidx page,
		  int refs);
void ds_frame_unhold(struct ds_task *task, struct ds_frames *frames,
		     struct ds_pfn pfn, uint32_t inode, struct ds_pgidx page,
		     int refs);

/*
 * Ties @pfn to a place in the page cache, or to none. Writes OWNER. Return:
 * whose it was, 0 for nobody's.
 */
uint32_t ds_frame_associate(struct ds_task *task, struct ds_frames *frames,
			    struct ds_pfn pfn, uint32_t inode,
			    struct ds_pgidx page);

/*
 * Makes a folio of the 2^@order frames from @head on, and single frames again.
 * Both write REFS.
 *
 * Models: dax_folio_init(), dax_folio_put(), v6.15.
 */
void ds_frame_join(struct ds_task *task, struct ds_frames *frames,
		   struct ds_pfn head, unsigned int order);
void ds_frame_split(struct ds_task *task, struct ds_frames *frames,
		    struct ds_pfn head);

/*
 * Ties @pfn to one entry more: of several, only their number is kept. Writes
 * OWNER.
 *
 * Models: dax_page_share_get(), v6.2; from v6.15 on dax_folio_make_shared(),
 * which leaves a page that only one entry has as it is.
 */
void ds_frame_associate_shared(struct ds_task *task, struct ds_frames *frames,
			       struct ds_pfn pfn, uint32_t inode,
			       struct ds_pgidx page);

/*
 * Unties @pfn from one entry. Writes OWNER. Return: as ds_frame_associate().
 *
 * Models: dax_disassociate_entry(); dax_page_share_put().
 */
uint32_t ds_frame_dissociate(struct ds_task *task, struct ds_frames *frames,
			     struct ds_pfn pfn);

/*
 * One place in a file more has the block, or one less; and whether there are
 * several. Writes or reads SHARES. Models: the refcount btree of XFS.
 *
 * Return of ds_frame_unshare_block(): whether nobody has it any more.
 */
void ds_frame_share_block(struct ds_task *task, struct ds_frames *frames,
			  struct ds_pfn pfn);
bool ds_frame_unshare_block(struct ds_task *task, struct ds_frames *frames,
			    struct ds_pfn pfn);
bool ds_frame_has_others(struct ds_task *task, struct ds_frames *frames,
			 struct ds_pfn pfn);

/*
 * Says that the bytes of the frame are lost, or good again. Writes BYTES.
 *
 * Models: the badblocks of the device and PG_hwpoison, as one.
 */
void ds_frame_set_poisoned(struct ds_task *task, struct ds_frames *frames,
			   struct ds_pfn pfn, bool poisoned);

/*
 * Whether they are lost, where memory may fail. Part of a step that reads or
 * writes BYTES.
 */
bool ds_frame_look_poisoned(struct ds_task *task,
			    const struct ds_frames *frames, struct ds_pfn pfn);

static inline bool ds_frame_is_poisoned(struct ds_task *task,
					const struct ds_frames *frames,
					struct ds_pfn pfn)
{
	return !ds_likely(!frames->may_poison) &&
	       ds_frame_look_poisoned(task, frames, pfn);
}

/*
 * Whose page cache has the frame, 0 if nobody's, and at which page. The first
 * reads OWNER, the second is for who says so itself.
 */
uint32_t ds_frame_owner(struct ds_task *task, struct ds_frames *frames,
			struct ds_pfn pfn, struct ds_pgidx *ret_page);
uint32_t ds_frame_look_owner(struct ds_frames *frames, struct ds_pfn pfn,
			     struct ds_pgidx *ret_page);

/* Says which file owns the block; part of the step that allocates or frees. */
void ds_frame_set_file(struct ds_frames *frames, struct ds_pfn pfn,
		       uint32_t inode);

/* Contents: @offset and @len inside the frame. Read or write BYTES. */
void ds_frame_read(struct ds_task *task, struct ds_frames *frames,
		   struct ds_pfn pfn, uint64_t offset, void *buf, size_t len);
void ds_frame_write(struct ds_task *task, struct ds_frames *frames,
		    struct ds_pfn pfn, uint64_t offset, const void *buf,
		    size_t len);
void ds_frame_zero(struct ds_task *task, struct ds_frames *frames,
		   struct ds_pfn pfn, uint64_t offset, size_t len);

/* The same of many frames. ds_frame_stream_end() before others are told. */
void ds_frame_stream(struct ds_task *task, struct ds_frames *frames,
		     struct ds_pfn pfn, uint64_t offset, const void *buf,
		     size_t len);
void ds_frame_stream_zeros(struct ds_task *task, struct ds_frames *frames,
			   struct ds_pfn pfn, uint64_t offset, size_t len);
void ds_frame_stream_end(const struct ds_task *task);

/*
 * Begins to fetch the byte at @offset of @pfn, or its record. For who guesses:
 * any @pfn will do, it is no step, and nothing changes.
 */
static inline void ds_frame_fetch(const struct ds_frames *frames,
				  struct ds_pfn pfn, uint64_t offset)
{
	ds_fetch((uintptr_t)frames->region->base + (pfn.pfn << DS_PAGE_SHIFT) +
		 offset);
}

static inline void ds_frame_fetch_record(const struct ds_frames *frames,
					 struct ds_pfn pfn)
{
	ds_fetch((uintptr_t)frames->frames + pfn.pfn * sizeof(struct ds_frame));
}

/*
 * A page of bytes, which the caller does not look at. Reads BYTES of @from; of
 * @to nobody else knows yet.
 */
void ds_frame_copy(struct ds_task *task, struct ds_frames *frames,
		   struct ds_pfn to, struct ds_pfn from);

/*
 * Adds what tells the frames from those at the mark, or nothing if there is
 * none: records, bytes and pins. Looks at what changed since the mark, and at
 * bytes only if they changed since the last look.
 */
void ds_frames_digest(const struct ds_frames *frames, struct ds_digest *digest);

/* ------------------------- Views, for properties ------------------------- */

const struct ds_frame *ds_frame_view(const struct ds_frames *frames,
				     struct ds_pfn pfn);
const unsigned char *ds_frame_bytes(const struct ds_frames *frames,
				    struct ds_pfn pfn);

/* The frame that counts references to @pfn: itself, or its folio's head. */
static inline struct ds_pfn ds_frame_head(const struct ds_frames *frames,
					  struct ds_pfn pfn)
{
	const uint16_t *behind;

	if (ds_likely(!frames->huge_order) || ds_pfn_is_ordinary(pfn))
		return pfn;
	behind = &frames->frames[pfn.pfn].behind;
	return ds_pfn(pfn.pfn - __atomic_load_n(behind, __ATOMIC_ACQUIRE));
}

/* Whether @pfn is in a folio of several frames. Part of a step on its REFS. */
static inline bool ds_frame_is_large(const struct ds_frames *frames,
				     struct ds_pfn pfn)
{
	return frames->huge_order && !ds_pfn_is_ordinary(pfn) &&
	       frames->frames[ds_frame_head(frames, pfn).pfn].order;
}

static inline ds_obj ds_refs_object(struct ds_pfn pfn)
{
	return ds_object(DS_OBJ_REFS, 0, pfn.pfn);
}

/* Huge pages of so many pages (1 << order) have an object for each count. */
#define DS_HUGE_COUNTS_APART 2

/*
 * Whether the counts of a huge page's frames are one object. Where there can be
 * folios, since it includes which frame counts; and of many frames, since a
 * step that looks at all of them could not name them one by one.
 */
static inline bool ds_frame_counts_together(const struct ds_frames *frames)
{
	return frames->pte_holds_ref ||
	       frames->huge_order > DS_HUGE_COUNTS_APART;
}

/*
 * What a step touches that counts references to @pfn. Waiters have the frame's
 * own as their key: ds_refs_object().
 */
static inline ds_obj ds_frame_refs_object(const struct ds_frames *frames,
					  struct ds_pfn pfn)
{
	if (ds_frame_counts_together(frames))
		pfn.pfn = pfn.pfn >> frames->huge_order << frames->huge_order;
	return ds_refs_object(pfn);
}

/* Who has @pfn in a page cache; of a huge page one object for all frames. */
static inline ds_obj ds_frame_owner_object(const struct ds_frames *frames,
					   struct ds_pfn pfn)
{
	return ds_object(DS_OBJ_OWNER, 0,
			 pfn.pfn >> frames->huge_order << frames->huge_order);
}

static inline ds_obj ds_bytes_object(struct ds_pfn pfn)
{
	return ds_object(DS_OBJ_BYTES, 0, pfn.pfn);
}

static inline ds_obj ds_shares_object(struct ds_pfn pfn)
{
	return ds_object(DS_OBJ_SHARES, 0, pfn.pfn);
}

/* Which anonymous frames are in use. */
static inline ds_obj ds_anon_object(void)
{
	return ds_object(DS_OBJ_ZONE, 1, 0);
}

/* What who drops a reference of @pfn touches beside REFS. */
static inline struct ds_access ds_put_access(struct ds_pfn pfn)
{
	return ds_pfn_is_ordinary(pfn) ? ds_writes(ds_anon_object())
				       : ds_reads(ds_object(DS_OBJ_NONE, 0, 0));
}

#endif
