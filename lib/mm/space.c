// SPDX-License-Identifier: LGPL-2.1-or-later
#include "mm/space.h"

#include <errno.h>

#include "mm/private.h"

int ds_space_new(struct ds_arena *arena, uint32_t id, const char *name,
		 struct ds_frames *frames, struct ds_waitq_table *waitq,
		 unsigned int table_bits, struct ds_space **ret_space)
{
	struct ds_space *space = ds_arena_alloc(arena, sizeof(*space));

	if (!space)
		return -ENOMEM;
	space->id = id;
	space->arena = arena;
	space->frames = frames;
	space->waitq = waitq;
	space->walkers.id = id;
	/* Page 0 stays unmapped, as everywhere. */
	space->next_free.vpn = 1;
	ds_rwsem_init(&space->mmap_lock, id, DS_LOCK_MMAP, name);
	ds_pgtable_init(&space->table, arena, table_bits);
	*ret_space = space;
	return 0;
}

void ds_space_set_huge(struct ds_space *space, unsigned int order)
{
	ds_pgtable_set_huge(&space->table, order);
}

void ds_space_free(struct ds_space *space)
{
	struct ds_vma *vma;

	while ((vma = space->vmas)) {
		space->vmas = vma->next;
		ds_arena_release(space->arena, vma, sizeof(*vma));
	}
	ds_pgtable_clear(&space->table);
	ds_arena_release(space->arena, space, sizeof(*space));
}

void ds_rmap_init(struct ds_rmap *rmap, uint32_t inode, uint32_t lock_id,
		  const char *name)
{
	*rmap = (struct ds_rmap){.inode = inode};
	ds_rwsem_init(&rmap->lock, lock_id, DS_LOCK_RMAP, name);
}

static void link_vma(struct ds_space *space, struct ds_vma *vma)
{
	struct ds_vma **link = &space->vmas;

	ds_spin_lock(&space->vma_spin);
	while (*link && (*link)->first.vpn < vma->first.vpn)
		link = &(*link)->next;
	vma->next = *link;
	*link = vma;
	ds_spin_unlock(&space->vma_spin);
}

static void unlink_vma(struct ds_space *space, struct ds_vma *vma)
{
	struct ds_vma **link = &space->vmas;

	ds_spin_lock(&space->vma_spin);
	while (*link != vma)
		link = &(*link)->next;
	*link = vma->next;
	ds_spin_unlock(&space->vma_spin);
}

static void unlink_rmap(struct ds_vma *vma)
{
	struct ds_vma **link = &vma->rmap->vmas;

	while (*link != vma)
		link = &(*link)->rmap_next;
	__atomic_store_n(link, vma->rmap_next, __ATOMIC_SEQ_CST);
}

/* A step: the file gains @add and loses @remove (either may be NULL). */
static void change_rmap(struct ds_task *task, struct ds_rmap *rmap,
			struct ds_vma *add, struct ds_vma *remove)
{
	uint64_t before = ds_task_enter(task);

	ds_rwsem_lock(task, &rmap->lock, DS_EXCLUSIVE);
	ds_yield(task, DS_AT_RMAP_CHANGE, ds_writes(ds_rmap_object(rmap)));
	ds_touch(task, ds_rmap_object(rmap), DS_WRITE);
	if (add) {
		add->rmap_next = rmap->vmas;
		__atomic_store_n(&rmap->vmas, add, __ATOMIC_SEQ_CST);
	}
	if (remove)
		unlink_rmap(remove);
	ds_rwsem_unlock(task, &rmap->lock);
	ds_task_done(task, before, 0);
}

static struct ds_vma *copy_vma(struct ds_space *space,
			       const struct ds_vma *from)
{
	struct ds_vma *vma = ds_arena_alloc(space->arena, sizeof(*vma));

	if (!vma)
		return NULL;
	*vma = *from;
	vma->space = space;
	return vma;
}

/*
 * Where @n_pages of @vma go: at the next free address, or, if a huge page fits
 * in, the next one at which file and addresses have their edges in common.
 *
 * Models: thp_get_unmapped_area().
 */
static struct ds_vpn place_for(const struct ds_space *space,
			       const struct ds_vma *vma, uint64_t n_pages)
{
	uint64_t huge = UINT64_C(1) << space->table.huge_order;
	struct ds_vpn first = space->next_free;

	if (vma->align_huge && n_pages >= huge)
		first.vpn += (vma->pgoff.pgidx - first.vpn) & (huge - 1);
	return first;
}

int ds_space_map(struct ds_task *task, struct ds_space *space,
		 const struct ds_vma *vma, uint64_t n_pages,
		 struct ds_vpn *ret_first)
{
	uint64_t limit = ds_pgtable_limit(&space->table).vpn;
	struct ds_vma *mapped = copy_vma(space, vma);
	uint64_t before = ds_task_enter(task);
	int r = 0;

	if (!mapped)
		return ds_task_void(task, -ENOMEM);
	ds_rwsem_lock(task, &space->mmap_lock, DS_EXCLUSIVE);
	mapped->first = place_for(space, mapped, n_pages);
	if (mapped->first.vpn > limit || n_pages > limit - mapped->first.vpn) {
		r = -ENOMEM;
		ds_arena_release(space->arena, mapped, sizeof(*mapped));
	} else {
		mapped->end.vpn = mapped->first.vpn + n_pages;
		space->next_free = mapped->end;
		ds_task_saw(task, mapped->first.vpn);
		link_vma(space, mapped);
		mapped->ops->open(task, mapped);
		change_rmap(task, mapped->rmap, mapped, NULL);
		*ret_first = mapped->first;
	}
	ds_rwsem_unlock(task, &space->mmap_lock);
	ds_task_done(task, before, r < 0 ? 0 : ret_first->vpn);
	return r;
}

/* The same when @vma loses its pages from @end on, and @add (or NULL) comes. */
static void cut_rmap(struct ds_task *task, struct ds_vma *vma,
		     struct ds_vpn end, struct ds_vma *add)
{
	struct ds_rmap *rmap = vma->rmap;

	ds_rwsem_lock(task, &rmap->lock, DS_EXCLUSIVE);
	ds_yield(task, DS_AT_RMAP_CHANGE, ds_writes(ds_rmap_object(rmap)));
	ds_touch(task, ds_rmap_object(rmap), DS_WRITE);
	if (add) {
		add->rmap_next = rmap->vmas;
		__atomic_store_n(&rmap->vmas, add, __ATOMIC_SEQ_CST);
	}
	ds_spin_lock(&vma->space->vma_spin);
	vma->end = end;
	ds_spin_unlock(&vma->space->vma_spin);
	ds_rwsem_unlock(task, &rmap->lock);
}

static void close_vma(struct ds_task *task, struct ds_vma *vma)
{
	vma->ops->close(task, vma);
	ds_arena_release(vma->space->arena, vma, sizeof(*vma));
}

/*
 * Takes [first, end), part of @vma, out of it: what is left in front keeps the
 * area, what is left behind gets one of its own. An area of which nothing is
 * left comes back in @gone, if it is still to be closed.
 */
static int cut_vma(struct ds_task *task, struct ds_space *space,
		   struct ds_vma *vma, struct ds_vpn first, struct ds_vpn end,
		   struct ds_vma **gone)
{
	struct ds_vma *behind = NULL;
	bool in_front = vma->first.vpn < first.vpn;

	if (end.vpn < vma->end.vpn) {
		behind = copy_vma(space, vma);
		if (!behind)
			return ds_task_void(task, -ENOMEM);
		behind->pgoff.pgidx += end.vpn - vma->first.vpn;
		behind->first = end;
		behind->ops->open(task, behind);
	}
	/* Who finds the file unmapped finds no entries either. */
	ds_pte_clear(task, space, first, end, DS_COPIES_GO);
	if (in_front) {
		cut_rmap(task, vma, first, behind);
	} else {
		change_rmap(task, vma->rmap, behind, vma);
		unlink_vma(space, vma);
		/* From here on only this task knows of it. */
		ds_task_saw(task, vma->rmap->inode);
		if (space->close_late) {
			vma->next = *gone;
			*gone = vma;
		} else {
			close_vma(task, vma);
		}
	}
	if (behind)
		link_vma(space, behind);
	return 0;
}

static uint64_t max_vpn(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

static uint64_t min_vpn(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* Areas that only @task knows of. */
static void saw_gone(struct ds_task *task, const struct ds_vma *gone)
{
	for (; gone; gone = gone->next)
		ds_task_saw(task, gone->rmap->inode);
}

int ds_space_unmap(struct ds_task *task, struct ds_space *space,
		   struct ds_vpn first, struct ds_vpn end)
{
	uint64_t before = ds_task_enter(task), locked;
	struct ds_vma *vma, *next, *gone = NULL;
	int r = 0;

	ds_rwsem_lock(task, &space->mmap_lock, DS_EXCLUSIVE);
	locked = ds_task_enter(task);
	for (vma = space->vmas; vma && r == 0; vma = next) {
		struct ds_vpn from = {max_vpn(first.vpn, vma->first.vpn)};
		struct ds_vpn to = {min_vpn(end.vpn, vma->end.vpn)};

		next = vma->next;
		/* Up to here all is cut; what follows cannot change. */
		ds_task_forget(task, locked);
		ds_task_saw(task, from.vpn);
		saw_gone(task, gone);
		if (from.vpn < to.vpn)
			r = cut_vma(task, space, vma, from, to, &gone);
	}
	ds_rwsem_unlock(task, &space->mmap_lock);
	while ((vma = gone)) {
		gone = vma->next;
		close_vma(task, vma);
	}
	ds_task_done(task, before, (uint64_t)r);
	return r;
}

int ds_space_dontneed(struct ds_task *task, struct ds_space *space,
		      struct ds_vpn first, struct ds_vpn end)
{
	uint64_t before = ds_task_enter(task), locked;
	uint64_t reached = first.vpn;
	struct ds_vma *vma;
	int r = 0;

	ds_rwsem_lock(task, &space->mmap_lock, DS_SHARED);
	locked = ds_task_enter(task);
	for (vma = space->vmas; vma; vma = vma->next) {
		struct ds_vpn from = {max_vpn(first.vpn, vma->first.vpn)};
		struct ds_vpn to = {min_vpn(end.vpn, vma->end.vpn)};

		/* Areas cannot change; up to here all is cleared. */
		ds_task_forget(task, locked);
		ds_task_saw(task, from.vpn);
		ds_task_saw(task, (uint64_t)r);
		if (from.vpn >= to.vpn)
			continue;
		if (from.vpn != reached)
			r = -ENOMEM;
		reached = to.vpn;
		ds_pte_clear(task, space, from, to, DS_COPIES_UNWANTED);
	}
	if (reached != end.vpn)
		r = -ENOMEM;
	ds_rwsem_unlock(task, &space->mmap_lock);
	ds_task_done(task, before, (uint64_t)r);
	ds_tell(task, "dontneed returns %d", r);
	return r;
}

struct ds_vma *ds_space_copy_area(struct ds_task *task, struct ds_vma *from,
				  struct ds_space *child)
{
	struct ds_vma *area = copy_vma(child, from);

	if (!area)
		return NULL;
	link_vma(child, area);
	area->ops->open(task, area);
	return area;
}

/*
 * Models: vma_interval_tree_insert_after() in dup_mmap(). Who unmaps a page
 * goes through the areas in the order of the list: an entry that was copied
 * from @from before it was cleared there is met behind it.
 */
void ds_space_link_area(struct ds_task *task, struct ds_vma *from,
			struct ds_vma *area)
{
	struct ds_rmap *rmap = from->rmap;
	uint64_t before = ds_task_enter(task);
	struct ds_vma **link = &rmap->vmas;

	ds_rwsem_lock(task, &rmap->lock, DS_EXCLUSIVE);
	ds_yield(task, DS_AT_RMAP_CHANGE, ds_writes(ds_rmap_object(rmap)));
	ds_touch(task, ds_rmap_object(rmap), DS_WRITE);
	if (ds_keeps(task, DS_RULE_FORK_LINKS_BEHIND))
		link = &from->rmap_next;
	area->rmap_next = *link;
	__atomic_store_n(link, area, __ATOMIC_SEQ_CST);
	ds_rwsem_unlock(task, &rmap->lock);
	ds_task_done(task, before, 0);
}

struct ds_vma *ds_space_find(const struct ds_space *space, struct ds_vpn vpn)
{
	struct ds_vma *vma;

	for (vma = space->vmas; vma; vma = vma->next)
		if (vma->first.vpn <= vpn.vpn && vpn.vpn < vma->end.vpn)
			return vma;
	return NULL;
}

/* Return: whether it lies in an area of DS_MAP_SYNC. */
static bool place(struct ds_space *space, struct ds_vpn vpn,
		  uint32_t *ret_inode, struct ds_pgidx *ret_page)
{
	const struct ds_vma *vma;
	bool is_sync;

	ds_spin_lock(&space->vma_spin);
	vma = ds_space_find(space, vpn);
	*ret_inode = vma ? vma->rmap->inode : 0;
	ret_page->pgidx = vma ? vma->pgoff.pgidx + vpn.vpn - vma->first.vpn : 0;
	is_sync = vma && vma->is_sync;
	ds_spin_unlock(&space->vma_spin);
	return is_sync;
}

void ds_space_place(struct ds_space *space, struct ds_vpn vpn,
		    uint32_t *ret_inode, struct ds_pgidx *ret_page)
{
	place(space, vpn, ret_inode, ret_page);
}

/*
 * A huge entry is asked for where there is no table yet, and where a store
 * meets one that is read-only. A table stays for good, so that from then on
 * there are small entries only.
 *
 * Models: __handle_mm_fault(), create_huge_pmd(), wp_huge_pmd().
 */
static int try_huge(struct ds_task *task, struct ds_vma *vma, struct ds_vpn vpn,
		    bool write)
{
	uint64_t before = ds_task_enter(task);
	uint64_t found;

	if (!vma->ops->huge_fault)
		return DS_FALL_BACK;
	found = ds_huge_look(task, vma->space, vpn);
	ds_task_done(task, before, found);
	if (found == DS_PTE_TABLE)
		return DS_FALL_BACK;
	if (ds_pte_allows(found, write))
		return 0;
	return vma->ops->huge_fault(task, vma, vpn, write);
}

int ds_space_fault(struct ds_task *task, struct ds_space *space,
		   struct ds_vpn vpn, bool write)
{
	struct ds_vma *vma = ds_space_find(space, vpn);
	uint64_t before = ds_task_enter(task);
	int r;

	if (!vma || (write && !vma->writable))
		return DS_SIGSEGV;
	ds_task_saw(task, vma->rmap->inode);
	ds_task_saw(task, vma->pgoff.pgidx - vma->first.vpn);
	ds_tell(task, "fault on page %llu",
		(unsigned long long)(vma->pgoff.pgidx + vpn.vpn -
				     vma->first.vpn));
	r = DS_FALL_BACK;
	if (space->table.huge_order && !vma->is_private)
		r = try_huge(task, vma, vpn, write);
	if (r == DS_FALL_BACK && write && vma->is_private)
		r = ds_private_write(task, vma, vpn);
	else if (r == DS_FALL_BACK)
		r = vma->ops->fault(task, vma, vpn, write);
	ds_task_done(task, before, (uint64_t)r);
	return r;
}

/* Whether @pte is that of memory whose references all count. */
static bool is_ordinary(uint64_t pte)
{
	return (pte & DS_PTE_PRESENT) && ds_pfn_is_ordinary(ds_pte_pfn(pte));
}

/* What an access reads that a property asks whether the page is the file's. */
static struct ds_access owner_access(const struct ds_space *space, uint64_t pte)
{
	return ds_reads(
		ds_pfn_is_cached(ds_pte_pfn(pte))
			? ds_frame_owner_object(space->frames, ds_pte_pfn(pte))
			: ds_object(DS_OBJ_NONE, 0, 0));
}

/*
 * Declares an access through @pte. Properties compare what is found with what
 * the file should have, so its extent map, size and content are charged.
 */
static void declare_access(struct ds_task *task, struct ds_space *space,
			   struct ds_vpn vpn, uint64_t pte, bool write)
{
	ds_obj entry = ds_pte_object(space, vpn);
	ds_obj bytes = ds_bytes_object(ds_pte_pfn(pte));
	struct ds_pgidx page;
	uint32_t inode;
	ds_obj content;

	if (ds_likely(!task->controlled))
		return;
	ds_space_place(space, vpn, &inode, &page);
	content = ds_content_object(inode, page.pgidx);
	if (!ds_pte_allows(pte, write))
		ds_yield(task, DS_AT_WALK_PTE, ds_reads(entry));
	else if (ds_pte_is_copy(pte))
		ds_yield(task, write ? DS_AT_BYTES_WRITE : DS_AT_BYTES_READ,
			 ds_reads(entry),
			 write ? ds_writes(bytes) : ds_reads(bytes),
			 ds_reads(ds_size_object(inode)));
	else
		ds_yield(task, write ? DS_AT_BYTES_WRITE : DS_AT_BYTES_READ,
			 ds_reads(entry),
			 write ? ds_writes(bytes) : ds_reads(bytes),
			 write ? ds_writes(content) : ds_reads(content),
			 ds_reads(ds_extents_object(inode)),
			 ds_reads(ds_size_object(inode)),
			 owner_access(space, pte));
}

static void send_access(struct ds_task *task, struct ds_space *space,
			uint64_t addr, struct ds_pfn pfn, const void *buf,
			size_t len, bool write)
{
	struct ds_vpn vpn = {addr >> DS_PAGE_SHIFT};
	struct ds_event event = {
		.kind = write ? DS_EV_STORED_BYTES : DS_EV_LOADED_BYTES,
		.pfn = pfn,
		.bytes = buf,
		.n = len,
	};

	event.value = place(space, vpn, &event.inode, &event.page);
	event.place = ds_space_place_id(space, vpn);
	event.offset = ds_page_start(event.page) + (addr & DS_PAGE_MASK);
	ds_tell(task, "%s page %llu (block %llu)", write ? "store to" : "load",
		(unsigned long long)event.page.pgidx,
		(unsigned long long)pfn.pfn);
	ds_task_send(task, &event);
}

/*
 * One try at an access inside one page: translation and access are one step,
 * as in the hardware; real threads are in a walker's section meanwhile, which
 * whoever clears entries waits for. Return: 1 if the page was there, 0 if not;
 * DS_SIGBUS if its bytes are lost: a machine check.
 */
static int access_page(struct ds_task *task, struct ds_space *space,
		       uint64_t addr, void *buf, size_t len, bool write)
{
	struct ds_vpn vpn = {addr >> DS_PAGE_SHIFT};
	uint64_t before = ds_task_enter(task);
	struct ds_pfn pfn;
	uint64_t guess, pte;

	do {
		ds_task_forget(task, before);
		guess = ds_pgtable_read(&space->table, vpn);
		ds_task_saw(task, guess);
		declare_access(task, space, vpn, guess, write);
		ds_touch(task, ds_pte_object(space, vpn), DS_READ);
		pte = ds_pgtable_read(&space->table, vpn);
		ds_task_saw(task, pte);
		/* Another frame than declared: the step was only a look. */
	} while (pte != guess && ds_pte_allows(pte, write));
	/* Of what was found only whether it served lives on. */
	ds_task_done(task, before, ds_pte_allows(pte, write));
	if (!ds_pte_allows(pte, write))
		return 0;
	pfn = ds_pte_pfn(pte);
	if (ds_frame_is_poisoned(task, space->frames, pfn))
		return DS_SIGBUS;
	if (write)
		ds_frame_write(task, space->frames, pfn, addr & DS_PAGE_MASK,
			       buf, len);
	else
		ds_frame_read(task, space->frames, pfn, addr & DS_PAGE_MASK,
			      buf, len);
	send_access(task, space, addr, pfn, buf, len, write);
	return 1;
}

static int try_access(struct ds_task *task, struct ds_space *space,
		      uint64_t addr, void *buf, size_t len, bool write)
{
	int there;

	if (task->controlled)
		return access_page(task, space, addr, buf, len, write);
	ds_grace_enter(task, &space->walkers);
	there = access_page(task, space, addr, buf, len, write);
	ds_grace_exit(task, &space->walkers);
	return there;
}

int64_t ds_space_access(struct ds_task *task, struct ds_space *space,
			uint64_t addr, void *buf, size_t len, bool write)
{
	unsigned char *bytes = buf;
	uint64_t before;
	size_t done = 0;
	int r = 0;

	before = ds_task_enter(task);
	while (done < len) {
		uint64_t at = addr + done;
		uint64_t room = DS_PAGE_SIZE - (at & DS_PAGE_MASK);
		size_t n = room < len - done ? (size_t)room : len - done;

		if (at >> DS_PAGE_SHIFT >= ds_pgtable_limit(&space->table).vpn)
			return done ? (int64_t)done : DS_SIGSEGV;
		r = try_access(task, space, at, bytes + done, n, write);
		if (r < 0)
			return done ? (int64_t)done : r;
		if (r > 0) {
			done += n;
			before = ds_task_enter(task);
			continue;
		}
		ds_rwsem_lock(task, &space->mmap_lock, DS_SHARED);
		r = ds_space_fault(task, space,
				   (struct ds_vpn){at >> DS_PAGE_SHIFT}, write);
		ds_rwsem_unlock(task, &space->mmap_lock);
		if (r < 0)
			return done ? (int64_t)done : r;
		/* Served: another try, as the first one. */
		ds_task_forget(task, before);
	}
	return (int64_t)done;
}

void ds_space_put(struct ds_task *task, struct ds_space *space,
		  struct ds_pfn pfn)
{
	ds_space_put_n(task, space, pfn, 1);
}

/*
 * Whether a drop by @n that left @left references makes the frame idle: by
 * where the count came to, not by whether it was one above before.
 */
static bool comes_to_idle(struct ds_task *task, const struct ds_space *space,
			  int left, int n)
{
	if (left != space->frames->idle)
		return false;
	return n == 1 || ds_keeps(task, DS_RULE_BULK_PUT_WAKES);
}

void ds_space_put_n(struct ds_task *task, struct ds_space *space,
		    struct ds_pfn pfn, int n)
{
	uint64_t before = ds_task_enter(task);
	struct ds_pfn head = ds_frame_head(space->frames, pfn);
	int left = ds_frame_put_n(task, space->frames, pfn, n);

	ds_task_saw(task, head.pfn);

	ds_tell(task, "put block %llu, count is %d",
		(unsigned long long)pfn.pfn, left);
	if (!ds_pfn_is_ordinary(pfn) && comes_to_idle(task, space, left, n) &&
	    ds_keeps(task, DS_RULE_PUT_WAKES) &&
	    ds_keeps(task, DS_RULE_PUT_BEFORE_WAKE))
		ds_wake_changed(task, space->waitq, ds_refs_object(head),
				false);
	ds_task_done(task, before, 0);
}

void ds_space_put_quietly(struct ds_task *task, struct ds_space *space,
			  struct ds_pfn pfn, int n)
{
	uint64_t before = ds_task_enter(task);
	int left = ds_frame_put_n(task, space->frames, pfn, n);

	ds_tell(task, "put block %llu, count is %d; wake nobody",
		(unsigned long long)pfn.pfn, left);
	ds_task_done(task, before, 0);
}

bool ds_pte_holds_ref(const struct ds_space *space, uint64_t pte)
{
	return is_ordinary(pte) ||
	       (space->frames->pte_holds_ref && (pte & DS_PTE_PRESENT) &&
		ds_pte_pfn(pte).pfn != DS_ZERO_PFN);
}

/* What a step that sets or clears @pte touches of its frame. */
static struct ds_access ref_access(const struct ds_space *space, uint64_t pte)
{
	return ds_pte_holds_ref(space, pte)
		       ? ds_adds(ds_frame_refs_object(space->frames,
						      ds_pte_pfn(pte)))
		       : ds_reads(ds_object(DS_OBJ_NONE, 0, 0));
}

/*
 * The place of a small entry. Where there can be huge ones a step of its own,
 * which puts a table in their way; *@ret_slot is then NULL if one came first.
 */
static int make_slot(struct ds_task *task, struct ds_space *space,
		     struct ds_vpn vpn, _Atomic(uint64_t) **ret_slot)
{
	_Atomic(uint64_t) *slot;

	if (space->table.huge_order) {
		ds_yield(task, DS_AT_PTE_SET,
			 ds_writes(ds_pte_object(space, vpn)));
		ds_touch(task, ds_pte_object(space, vpn), DS_WRITE);
		slot = ds_pgtable_find_huge(&space->table, vpn);
		*ret_slot = NULL;
		if (slot && (atomic_load(slot) & DS_PTE_PRESENT))
			return 0;
	}
	*ret_slot = ds_pgtable_make(&space->table, vpn);
	return *ret_slot ? 0 : ds_task_void(task, -ENOMEM);
}

/* Counts what @pte leads to as mapped once more. */
static void count_mapped(struct ds_task *task, const struct ds_space *space,
			 uint64_t pte)
{
	/* The reference of a copy is that of who made it. */
	if (ds_pte_is_copy(pte))
		ds_frame_copy_mapped(task, space->frames, ds_pte_pfn(pte));
	else if (ds_pte_holds_ref(space, pte))
		ds_frame_mapped(task, space->frames, ds_pte_pfn(pte));
}

/* Takes back count_mapped(), of an entry that was not set after all. */
static void uncount_mapped(struct ds_task *task, struct ds_space *space,
			   uint64_t pte)
{
	if (!ds_pte_holds_ref(space, pte))
		return;
	ds_frame_unmapped(task, space->frames, ds_pte_pfn(pte));
	if (!ds_pte_is_copy(pte))
		ds_space_put(task, space, ds_pte_pfn(pte));
}

/*
 * Puts @pte, no copy, at @slot, where *@old was seen. Real threads may clear an
 * entry as soon as it stands, so what it leads to is counted before; they may
 * also have cleared the old one meanwhile, with its reference. Return: whether
 * @pte stands, and if not *@old is what does.
 */
static bool place_entry(struct ds_task *task, struct ds_space *space,
			_Atomic(uint64_t) *slot, uint64_t *old, uint64_t pte)
{
	bool counts = !ds_pte_holds_ref(space, *old);

	if (counts)
		count_mapped(task, space, pte);
	if (atomic_compare_exchange_strong(slot, old, pte))
		return true;
	if (counts)
		uncount_mapped(task, space, pte);
	return false;
}

int ds_pte_set(struct ds_task *task, struct ds_space *space, struct ds_vpn vpn,
	       uint64_t pte)
{
	_Atomic(uint64_t) *slot;
	uint64_t old;
	int r = make_slot(task, space, vpn, &slot);

	if (r < 0 || !slot)
		return r;
	ds_yield(task, DS_AT_PTE_SET, ds_writes(ds_pte_object(space, vpn)),
		 ref_access(space, pte));
	ds_touch(task, ds_pte_object(space, vpn), DS_WRITE);
	old = atomic_load(slot);
	do {
		if (ds_pte_holds_ref(space, old) &&
		    ds_pte_pfn(old).pfn != ds_pte_pfn(pte).pfn) {
			ds_task_saw(task, old);
			return DS_SIGBUS;
		}
	} while (!place_entry(task, space, slot, &old, pte));
	return 0;
}

/* The entry of @vpn, as far as what it is tells what clearing it touches. */
static uint64_t entry_to_clear(const struct ds_space *space, struct ds_vpn vpn)
{
	uint64_t pte = ds_pgtable_read(&space->table, vpn);

	return space->frames->pte_holds_ref || is_ordinary(pte) ? pte : 0;
}

/* Takes the entry out, if it is not to stay. Return: what was taken. */
static uint64_t take_entry(struct ds_space *space, struct ds_vpn vpn,
			   enum ds_copies_fate copies)
{
	_Atomic(uint64_t) *slot = ds_pgtable_find(&space->table, vpn);
	uint64_t old = slot ? atomic_load(slot) : 0;

	while (old && (copies != DS_COPIES_STAY || !ds_pte_is_copy(old)))
		if (atomic_compare_exchange_weak(slot, &old, 0))
			return old;
	return 0;
}

/* A step that clears one entry. Return: what it was. */
static uint64_t clear_entry(struct ds_task *task, struct ds_space *space,
			    struct ds_vpn vpn, enum ds_copies_fate copies)
{
	ds_obj entry = ds_pte_object(space, vpn);
	uint64_t before = ds_task_enter(task);
	uint64_t guess, old;
	bool stays;

	do {
		ds_task_forget(task, before);
		guess = entry_to_clear(space, vpn);
		stays = copies == DS_COPIES_STAY && ds_pte_is_copy(guess);
		ds_task_saw(task, guess);
		ds_yield(task, DS_AT_PTE_CLEAR,
			 stays ? ds_reads(entry) : ds_writes(entry),
			 ref_access(space, stays ? 0 : guess));
		ds_touch(task, entry, stays ? DS_READ : DS_WRITE);
		/* Another frame than declared: the step was only a look. */
	} while (task->controlled && entry_to_clear(space, vpn) != guess);
	old = take_entry(space, vpn, copies);
	if (ds_pte_holds_ref(space, old))
		ds_frame_unmapped(task, space->frames, ds_pte_pfn(old));
	return old;
}

#define GATHER_MAX 16

/* Entries that were cleared since the last flush. */
struct gather {
	bool cleared;
	unsigned int n;
	struct ds_pfn pfns[GATHER_MAX]; /* whose references are left to drop */
};

/*
 * A flush ends when no processor uses the old entries; between real threads
 * that takes a grace period, whoever else may be walking.
 */
static void flush(struct ds_task *task, struct ds_space *space,
		  struct gather *gather)
{
	unsigned int i;

	if ((task->controlled ? space->flush == DS_FLUSH_IPI
			      : gather->cleared) &&
	    ds_keeps(task, DS_RULE_FLUSH_WAITS))
		ds_grace_wait(task, &space->walkers);
	for (i = 0; i < gather->n; i++) {
		ds_yield(task, DS_AT_FRAME_PUT,
			 ds_writes(ds_frame_refs_object(space->frames,
							gather->pfns[i])),
			 ds_put_access(gather->pfns[i]));
		ds_space_put(task, space, gather->pfns[i]);
	}
	gather->cleared = false;
	gather->n = 0;
}

uint64_t ds_huge_look(struct ds_task *task, struct ds_space *space,
		      struct ds_vpn vpn)
{
	_Atomic(uint64_t) *slot;
	uint64_t found;

	ds_yield(task, DS_AT_WALK_PTE, ds_reads(ds_pte_object(space, vpn)));
	ds_touch(task, ds_pte_object(space, vpn), DS_READ);
	slot = ds_pgtable_find_huge(&space->table, vpn);
	found = slot ? atomic_load(slot) : 0;
	if (found && !(found & DS_PTE_PRESENT))
		found = DS_PTE_TABLE;
	ds_task_saw(task, found);
	return found;
}

int ds_huge_set(struct ds_task *task, struct ds_space *space, struct ds_vpn vpn,
		uint64_t pte)
{
	_Atomic(uint64_t) *slot = ds_pgtable_make_huge(&space->table, vpn);
	uint64_t old;

	if (!slot)
		return ds_task_void(task, -ENOMEM);
	ds_yield(task, DS_AT_PTE_SET, ds_writes(ds_pte_object(space, vpn)),
		 ref_access(space, pte));
	ds_touch(task, ds_pte_object(space, vpn), DS_WRITE);
	old = atomic_load(slot);
	do {
		if (old && !(old & DS_PTE_PRESENT))
			return 0;
		ds_assert(!ds_pte_holds_ref(space, old) ||
			  ds_pte_pfn(old).pfn == ds_pte_pfn(pte).pfn);
	} while (!place_entry(task, space, slot, &old, pte | DS_PTE_HUGE));
	return 0;
}

/*
 * A step that clears what stands where a huge entry for @vpn would, if it is
 * one. Return: whether there is no table there, so that no small entry is left.
 */
static bool clear_huge(struct ds_task *task, struct ds_space *space,
		       struct ds_vpn vpn, struct gather *gather)
{
	_Atomic(uint64_t) *slot = ds_pgtable_find_huge(&space->table, vpn);
	uint64_t before = ds_task_enter(task);
	uint64_t guess, old;

	if (!slot)
		return true;
	do {
		ds_task_forget(task, before);
		guess = atomic_load(slot);
		ds_task_saw(task, guess & DS_PTE_PRESENT ? guess : !!guess);
		ds_yield(task, DS_AT_PTE_CLEAR,
			 guess & DS_PTE_PRESENT
				 ? ds_writes(ds_pte_object(space, vpn))
				 : ds_reads(ds_pte_object(space, vpn)),
			 ref_access(space, guess));
		ds_touch(task, ds_pte_object(space, vpn), DS_READ);
		old = atomic_load(slot);
		if (!(old & DS_PTE_PRESENT)) {
			ds_task_done(task, before, old != 0);
			return !old;
		}
		/* Another one than declared: the step was only a look. */
	} while (old != guess ||
		 !atomic_compare_exchange_strong(slot, &guess, 0));
	ds_touch(task, ds_pte_object(space, vpn), DS_WRITE);
	gather->cleared = true;
	if (ds_pte_holds_ref(space, old)) {
		ds_frame_unmapped(task, space->frames, ds_pte_pfn(old));
		gather->pfns[gather->n++] = ds_pte_pfn(old);
	}
	ds_task_done(task, before, ds_pte_pfn(old).pfn);
	return true;
}

void ds_huge_split(struct ds_task *task, struct ds_space *space,
		   struct ds_vpn vpn)
{
	uint64_t before = ds_task_enter(task);
	struct gather gather = {.n = 0};

	clear_huge(task, space, vpn, &gather);
	if (gather.cleared)
		flush(task, space, &gather);
	ds_task_done(task, before, 0);
}

/* Says, in the step that cleared its entry, that a copy is wanted no more. */
static void send_dropped(struct ds_task *task, const struct ds_space *space,
			 struct ds_vpn vpn)
{
	struct ds_event event = {
		.kind = DS_EV_COPY_DROPPED,
		.place = ds_space_place_id(space, vpn),
	};

	ds_task_send(task, &event);
}

static bool clear_small(struct ds_task *task, struct ds_space *space,
			struct ds_vpn vpn, enum ds_copies_fate copies,
			struct gather *gather)
{
	uint64_t old = clear_entry(task, space, vpn, copies);

	if (copies == DS_COPIES_UNWANTED && ds_pte_is_copy(old))
		send_dropped(task, space, vpn);
	gather->cleared |= old != 0;
	if (ds_pte_holds_ref(space, old))
		gather->pfns[gather->n++] = ds_pte_pfn(old);
	return old != 0;
}

/* Whether what is cleared from @first on comes to a new huge page at @vpn. */
static bool is_huge_edge(const struct ds_space *space, struct ds_vpn vpn,
			 struct ds_vpn first)
{
	unsigned int order = space->table.huge_order;

	return order &&
	       (vpn.vpn == first.vpn || vpn.vpn >> order << order == vpn.vpn);
}

/* The last page of the huge page that holds @vpn. */
static struct ds_vpn huge_last(const struct ds_space *space, struct ds_vpn vpn)
{
	return (struct ds_vpn){vpn.vpn |
			       ((UINT64_C(1) << space->table.huge_order) - 1)};
}

int ds_pte_replace(struct ds_task *task, struct ds_vma *vma, struct ds_vpn vpn,
		   uint64_t expected, uint64_t pte)
{
	uint64_t page = vma->pgoff.pgidx + vpn.vpn - vma->first.vpn;
	uint32_t inode = vma->rmap->inode;
	struct ds_space *space = vma->space;
	_Atomic(uint64_t) *slot = ds_pgtable_make(&space->table, vpn);
	bool same, moves;
	uint64_t old;

	if (!slot)
		return ds_task_void(task, -ENOMEM);
	ds_yield(task, DS_AT_PTE_SET, ds_writes(ds_pte_object(space, vpn)),
		 ref_access(space, expected), ref_access(space, pte),
		 ds_reads(ds_content_object(inode, page)),
		 ds_reads(ds_extents_object(inode)),
		 ds_reads(ds_size_object(inode)),
		 /* Whether a copy that is replaced is pinned. */
		 ds_reads(ds_pte_is_copy(expected)
				  ? ds_holders_object(0)
				  : ds_object(DS_OBJ_NONE, 0, 0)));
	ds_touch(task, ds_pte_object(space, vpn), DS_WRITE);
	old = atomic_load(slot);
	if (!old && !ds_keeps(task, DS_RULE_COPY_RECHECKS_PTE))
		expected = 0;
	same = old == expected;
	moves = same && ds_pte_pfn(pte).pfn != ds_pte_pfn(expected).pfn;
	/* As in place_entry(): real threads may clear it at once. */
	if (moves)
		count_mapped(task, space, pte);
	if (same && !atomic_compare_exchange_strong(slot, &old, pte)) {
		same = false;
		if (moves)
			uncount_mapped(task, space, pte);
	}
	ds_task_saw(task, same);
	if (same && moves && ds_pte_holds_ref(space, expected))
		ds_frame_unmapped(task, space->frames, ds_pte_pfn(expected));
	return same;
}

void ds_pte_flush(struct ds_task *task, struct ds_space *space, uint64_t old)
{
	struct gather gather = {.cleared = true};

	if (ds_pte_holds_ref(space, old))
		gather.pfns[gather.n++] = ds_pte_pfn(old);
	flush(task, space, &gather);
}

/*
 * Where a free task goes on from @vpn: past tables that are not there, and past
 * entries of one that are absent. Others take a step for each.
 *
 * Models: pmd_none_or_clear_bad() and pte_none() in zap_pmd_range() and
 * zap_pte_range().
 */
static struct ds_vpn pass_absent(const struct ds_task *task,
				 const struct ds_space *space,
				 struct ds_vpn vpn, struct ds_vpn end)
{
	uint64_t size = UINT64_C(1) << space->table.leaf_bits;
	uint64_t at;

	if (!ds_task_is_free(task))
		return vpn;
	while (vpn.vpn < end.vpn) {
		_Atomic(uint64_t) *slot =
			ds_pgtable_find_huge(&space->table, vpn);
		uint64_t word = slot ? atomic_load(slot) : 0;
		_Atomic(uint64_t) *entries =
			(_Atomic(uint64_t) *)(uintptr_t)word;

		if (word & DS_PTE_PRESENT)
			return vpn;
		for (at = vpn.vpn & (size - 1); at < size; at++, vpn.vpn++)
			if (word && atomic_load(&entries[at]))
				return vpn;
	}
	return end;
}

void ds_pte_clear(struct ds_task *task, struct ds_space *space,
		  struct ds_vpn first, struct ds_vpn end,
		  enum ds_copies_fate copies)
{
	uint64_t before = ds_task_enter(task);
	struct gather gather = {.n = 0};
	bool present = false;
	struct ds_vpn vpn;

	for (vpn = first; vpn.vpn < end.vpn; vpn.vpn++) {
		/* Where one is, the next is likely to be. */
		if (!present)
			vpn = pass_absent(task, space, vpn, end);
		if (vpn.vpn >= end.vpn)
			break;
		if (is_huge_edge(space, vpn, first) &&
		    clear_huge(task, space, vpn, &gather))
			vpn = huge_last(space, vpn);
		else
			present =
				clear_small(task, space, vpn, copies, &gather);
		if (!ds_keeps(task, DS_RULE_CLEAR_EVERY_PAGE))
			break;
		if (gather.n < GATHER_MAX)
			continue;
		flush(task, space, &gather);
		ds_task_forget(task, before);
		ds_task_saw(task, vpn.vpn);
	}
	flush(task, space, &gather);
	ds_task_done(task, before, 0);
}

/* The entry, small or huge, through which @vpn is reached; NULL: none. */
static _Atomic(uint64_t) *slot_of(const struct ds_space *space,
				  struct ds_vpn vpn)
{
	_Atomic(uint64_t) *slot = ds_pgtable_find_huge(&space->table, vpn);

	if (slot && (atomic_load(slot) & DS_PTE_PRESENT))
		return slot;
	return ds_pgtable_find(&space->table, vpn);
}

/*
 * Takes the right to write out of the entry of @vpn, then the flush. Return:
 * whether it was a huge one.
 */
static bool protect_pte(struct ds_task *task, struct ds_space *space,
			struct ds_vpn vpn)
{
	uint64_t before = ds_task_enter(task);
	struct gather gather = {.cleared = true};
	ds_obj entry = ds_pte_object(space, vpn);
	_Atomic(uint64_t) *slot;
	uint64_t guess, pte;

	do {
		ds_task_forget(task, before);
		slot = slot_of(space, vpn);
		guess = slot ? atomic_load(slot) : 0;
		ds_task_saw(task, guess);
		ds_yield(task, DS_AT_PTE_PROTECT,
			 ds_pte_allows(guess, true) ? ds_writes(entry)
						    : ds_reads(entry));
		ds_touch(task, entry, DS_READ);
		slot = slot_of(space, vpn);
		pte = slot ? atomic_load(slot) : 0;
		if (!ds_pte_allows(pte, true)) {
			ds_task_done(task, before, pte & DS_PTE_HUGE);
			return pte & DS_PTE_HUGE;
		}
		/* Declared as a look, or changed by a real thread. */
	} while (pte != guess || !atomic_compare_exchange_strong(
					 slot, &pte, pte & ~DS_PTE_WRITABLE));
	ds_touch(task, entry, DS_WRITE);
	flush(task, space, &gather);
	ds_task_done(task, before, guess & DS_PTE_HUGE);
	return guess & DS_PTE_HUGE;
}

bool ds_rmap_is_mapped(struct ds_task *task, const struct ds_rmap *rmap,
		       ds_obj charged)
{
	bool mapped;

	ds_yield(task, DS_AT_MAPPED_TEST, ds_reads(ds_rmap_object(rmap)),
		 ds_reads(charged));
	ds_touch(task, ds_rmap_object(rmap), DS_READ);
	mapped = __atomic_load_n(&rmap->vmas, __ATOMIC_SEQ_CST) != NULL;
	ds_task_saw(task, mapped);
	return mapped;
}

void ds_rmap_unmap(struct ds_task *task, struct ds_rmap *rmap,
		   struct ds_pgrange range, bool copies)
{
	uint64_t before = ds_task_enter(task);
	struct ds_vma *vma;

	ds_rwsem_lock(task, &rmap->lock, DS_SHARED);
	for (vma = rmap->vmas; vma; vma = vma->rmap_next) {
		uint64_t n = vma->end.vpn - vma->first.vpn;
		uint64_t from = max_vpn(range.first.pgidx, vma->pgoff.pgidx);
		uint64_t to = min_vpn(range.end.pgidx, vma->pgoff.pgidx + n);

		if (from >= to)
			continue;
		from = from - vma->pgoff.pgidx + vma->first.vpn;
		to = to - vma->pgoff.pgidx + vma->first.vpn;
		ds_task_saw(task, from);
		ds_task_saw(task, to);
		ds_pte_clear(task, vma->space, (struct ds_vpn){from},
			     (struct ds_vpn){to},
			     copies ? DS_COPIES_GO : DS_COPIES_STAY);
		if (!ds_keeps(task, DS_RULE_UNMAP_EVERY_AREA))
			break;
	}
	ds_rwsem_unlock(task, &rmap->lock);
	ds_task_done(task, before, 0);
	ds_tell(task, "unmap pages from %llu on",
		(unsigned long long)range.first.pgidx);
}

static void protect_area(struct ds_task *task, const struct ds_vma *vma,
			 uint64_t from, uint64_t to)
{
	struct ds_vpn vpn = {from - vma->pgoff.pgidx + vma->first.vpn};
	uint64_t end = vpn.vpn + to - from;

	for (; vpn.vpn < end; vpn.vpn++)
		if (protect_pte(task, vma->space, vpn))
			vpn = huge_last(vma->space, vpn);
}

void ds_rmap_protect(struct ds_task *task, struct ds_rmap *rmap,
		     struct ds_pgrange range)
{
	uint64_t before = ds_task_enter(task);
	struct ds_vma *vma;

	ds_rwsem_lock(task, &rmap->lock, DS_SHARED);
	for (vma = rmap->vmas; vma; vma = vma->rmap_next) {
		uint64_t n = vma->end.vpn - vma->first.vpn;
		uint64_t from = max_vpn(range.first.pgidx, vma->pgoff.pgidx);
		uint64_t to = min_vpn(range.end.pgidx, vma->pgoff.pgidx + n);

		/* What is stored through a private one is not the file's. */
		if (vma->is_private || from >= to)
			continue;
		ds_task_saw(task, vma->first.vpn);
		protect_area(task, vma, from, to);
	}
	ds_rwsem_unlock(task, &rmap->lock);
	ds_task_done(task, before, 0);
}

/* Not: what follows from the file, and what the space has from its start. */
static void digest_vma(const struct ds_vma *vma, struct ds_digest *digest)
{
	ds_digest_add(digest, vma->first.vpn);
	ds_digest_add(digest, vma->end.vpn << 3 | vma->writable |
				      (uint64_t)vma->is_private << 1 |
				      (uint64_t)vma->has_copies << 2);
	ds_digest_add(digest, vma->pgoff.pgidx << 1 | vma->is_sync);
	ds_digest_add(digest, vma->rmap->inode);
}

void ds_space_digest(const struct ds_space *space, struct ds_digest *digest)
{
	const struct ds_vma *vma;

	ds_rwsem_digest(&space->mmap_lock, digest);
	ds_digest_add(digest, space->next_free.vpn);
	ds_digest_add(digest, space->walkers.walking);
	for (vma = space->vmas; vma; vma = vma->next)
		digest_vma(vma, digest);
	/* Apart from the areas: no area has this for its first page. */
	ds_digest_add(digest, UINT64_MAX);
	ds_pgtable_digest(&space->table, digest);
}

void ds_rmap_digest(const struct ds_rmap *rmap, struct ds_digest *digest)
{
	const struct ds_vma *vma;

	ds_rwsem_digest(&rmap->lock, digest);
	for (vma = rmap->vmas; vma; vma = vma->rmap_next)
		digest_vma(vma, digest);
	ds_digest_add(digest, UINT64_MAX);
}
