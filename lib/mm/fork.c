// SPDX-License-Identifier: LGPL-2.1-or-later
#include "mm/fork.h"

#include <errno.h>

#include "mm/pin.h"

int ds_space_new_child(const struct ds_space *parent, uint32_t id,
		       const char *name, struct ds_space **ret_child)
{
	struct ds_space *child;
	int r;

	r = ds_space_new(parent->arena, id, name, parent->frames, parent->waitq,
			 parent->table.bits, &child);
	if (r < 0)
		return r;
	if (parent->table.huge_order)
		ds_space_set_huge(child, parent->table.huge_order);
	child->flush = parent->flush;
	child->lost_copy_is_zero = parent->lost_copy_is_zero;
	child->close_late = parent->close_late;
	child->direct_pins = parent->direct_pins;
	child->bio_wakes_nobody = parent->bio_wakes_nobody;
	child->longterm_pins_first = parent->longterm_pins_first;
	child->longterm_allowed = parent->longterm_allowed;
	child->fork_copies_shared = parent->fork_copies_shared;
	child->counts_sharers = parent->counts_sharers;
	*ret_child = child;
	return 0;
}

/* An entry on its way from @from to @to, the same area of the child. */
struct passage {
	struct ds_vma *from, *to;
	struct ds_vpn vpn;
	uint64_t pte;
	bool pinned; /* it is of a copy that is not to be shared */
	/* A frame taken beforehand for a copy of that; frame 0: none. */
	struct ds_pfn spare;
};

static unsigned long long page_of(const struct passage *passage)
{
	return passage->to->pgoff.pgidx + passage->vpn.vpn -
	       passage->to->first.vpn;
}

/* Says that the child has a private copy, too. */
static void send_copied(struct ds_task *task, const struct passage *passage,
			struct ds_pfn pfn)
{
	struct ds_event event = {
		.kind = DS_EV_COPIED,
		.inode = passage->to->rmap->inode,
		.page.pgidx = page_of(passage),
		.pfn = pfn,
		.place = ds_space_place_id(passage->to->space, passage->vpn),
	};

	ds_task_send(task, &event);
}

/* Stands before a step that copies what passage->pte is. */
static void declare(struct ds_task *task, const struct passage *passage)
{
	const struct ds_space *parent = passage->from->space;
	struct ds_pfn pfn = ds_pte_pfn(passage->pte);
	ds_obj entry = ds_pte_object(parent, passage->vpn);
	ds_obj other = ds_pte_object(passage->to->space, passage->vpn);
	ds_obj nothing = ds_object(DS_OBJ_NONE, 0, 0);

	if (!(passage->pte & DS_PTE_PRESENT))
		ds_yield(task, DS_AT_PTE_SET, ds_reads(entry));
	else if (ds_pte_is_copy(passage->pte))
		ds_yield(task, DS_AT_PTE_SET, ds_writes(entry),
			 ds_writes(other),
			 ds_writes(ds_frame_refs_object(parent->frames, pfn)),
			 ds_reads(ds_bytes_object(pfn)),
			 passage->spare.pfn
				 ? ds_adds(ds_frame_refs_object(parent->frames,
								passage->spare))
				 : ds_reads(nothing),
			 ds_reads(ds_size_object(passage->from->rmap->inode)));
	else
		ds_yield(task, DS_AT_PTE_SET, ds_reads(entry), ds_writes(other),
			 ds_pte_holds_ref(parent, passage->pte)
				 ? ds_adds(ds_frame_refs_object(parent->frames,
								pfn))
				 : ds_reads(nothing));
}

/*
 * Whether a device may write the copy for the parent. References tell, in the
 * step that makes the entry read-only: a walker without locks either had its
 * reference before, or finds the entry changed.
 *
 * Models: copy_present_page() from v5.9 on (70e806e4e645), its question in
 * page_needs_cow_for_dma() from v5.12 on, and write_protect_seq (57efa1fe5957,
 * v5.11).
 */
static void look_for_pins(struct ds_task *task, struct passage *passage)
{
	const struct ds_space *parent = passage->from->space;

	passage->pinned =
		parent->counts_sharers && ds_pte_is_copy(passage->pte) &&
		ds_frame_has_more(task, parent->frames,
				  ds_pte_pfn(passage->pte), DS_PIN_BIAS - 1) &&
		ds_keeps(task, DS_RULE_FORK_COPIES_PINNED);
}

/*
 * The same of real threads, which have no lock of the table: first nobody can
 * write the copy through the entry any more, nor pin it for that; and before
 * references count those are gone of walkers that find it changed, and stores
 * that did not are over. What is copied then is let_write() again.
 */
static void hold_and_look(struct ds_task *task, struct passage *passage)
{
	struct ds_space *parent = passage->from->space;
	uint64_t pte = passage->pte;
	bool writable = parent->counts_sharers && ds_pte_is_copy(pte) &&
			(pte & DS_PTE_WRITABLE);

	if (writable)
		ds_pgtable_change(&parent->table, passage->vpn, pte,
				  pte & ~DS_PTE_WRITABLE);
	look_for_pins(task, passage);
	if (!writable || !passage->pinned)
		return;
	ds_grace_wait(task, &parent->walkers);
	look_for_pins(task, passage);
}

static void let_write(const struct ds_task *task, const struct passage *passage)
{
	uint64_t pte = passage->pte;

	if (!task->controlled)
		ds_pgtable_change(&passage->from->space->table, passage->vpn,
				  pte & ~DS_PTE_WRITABLE, pte);
}

/* A step that takes a frame for a copy. Return: 0, or -ENOMEM. */
static int take_spare(struct ds_task *task, struct passage *passage)
{
	struct ds_frames *frames = passage->from->space->frames;

	ds_yield(task, DS_AT_COPY, ds_writes(ds_anon_object()));
	return ds_frame_new_anon(task, frames, &passage->spare) ? 0 : -ENOMEM;
}

/* The child gets a copy of its own: the spare frame. */
static void copy_now(struct ds_task *task, struct passage *passage,
		     _Atomic(uint64_t) *slot)
{
	struct ds_frames *frames = passage->from->space->frames;

	ds_frame_copy(task, frames, passage->spare, ds_pte_pfn(passage->pte));
	ds_touch(task, ds_pte_object(passage->to->space, passage->vpn),
		 DS_WRITE);
	ds_frame_copy_mapped(task, frames, passage->spare);
	atomic_store(slot, ds_pte(passage->spare, true));
	ds_tell(task, "fork: the copy of page %llu is pinned, copy it",
		page_of(passage));
	send_copied(task, passage, passage->spare);
	passage->spare = ds_pfn(DS_ZERO_PFN);
}

/* Both programs have the same frame; if it is a copy, none may write it. */
static void share(struct ds_task *task, const struct passage *passage,
		  _Atomic(uint64_t) *slot)
{
	struct ds_space *parent = passage->from->space;
	uint64_t pte = passage->pte;

	if (passage->from->is_private && (pte & DS_PTE_WRITABLE)) {
		ds_touch(task, ds_pte_object(parent, passage->vpn), DS_WRITE);
		ds_pgtable_change(&parent->table, passage->vpn, pte,
				  pte & ~DS_PTE_WRITABLE);
		pte &= ~DS_PTE_WRITABLE;
	}
	if (ds_pte_holds_ref(parent, pte))
		ds_frame_mapped(task, parent->frames, ds_pte_pfn(pte));
	ds_touch(task, ds_pte_object(passage->to->space, passage->vpn),
		 DS_WRITE);
	atomic_store(slot, pte);
	if (!ds_pte_is_copy(pte))
		return;
	ds_tell(task, "fork: the copy of page %llu is the child's, too",
		page_of(passage));
	send_copied(task, passage, ds_pte_pfn(pte));
}

/* The entry, and a step that begins with it as it was declared. */
static void read_entry(struct ds_task *task, struct passage *passage)
{
	const struct ds_space *parent = passage->from->space;
	uint64_t before = ds_task_enter(task);
	bool at_once = ds_keeps(task, DS_RULE_FORK_LOOKS_AND_PROTECTS);
	uint64_t pte;

	do {
		ds_task_forget(task, before);
		passage->pte = ds_pgtable_read(&parent->table, passage->vpn);
		ds_task_saw(task, passage->pte);
		if (!at_once) {
			declare(task, passage);
			look_for_pins(task, passage);
		}
		declare(task, passage);
		ds_touch(task, ds_pte_object(parent, passage->vpn), DS_READ);
		pte = ds_pgtable_read(&parent->table, passage->vpn);
		ds_task_saw(task, pte);
		/* Another entry than declared: the step was only a look. */
	} while (task->controlled && pte != passage->pte);
	passage->pte = pte;
	if (at_once && !task->controlled)
		hold_and_look(task, passage);
	else if (at_once)
		look_for_pins(task, passage);
}

/*
 * Copies the entry of passage->vpn: a step, under the locks of both page
 * tables. Return: 0; -EAGAIN if that takes a spare frame; -ENOMEM.
 */
static int copy_entry(struct ds_task *task, struct passage *passage)
{
	_Atomic(uint64_t) *slot;

	read_entry(task, passage);
	/* Huge entries of files are left to faults. */
	if (!(passage->pte & DS_PTE_PRESENT) || (passage->pte & DS_PTE_HUGE))
		return 0;
	if (passage->pinned && !passage->spare.pfn) {
		let_write(task, passage);
		return -EAGAIN;
	}
	slot = ds_pgtable_make(&passage->to->space->table, passage->vpn);
	if (!slot)
		return ds_task_void(task, -ENOMEM);
	if (!passage->pinned) {
		share(task, passage, slot);
		return 0;
	}
	copy_now(task, passage, slot);
	let_write(task, passage);
	return 0;
}

/*
 * Models: vma_needs_copy(), which copies what has VM_MIXEDMAP: all DAX areas to
 * v4.18 (e1fb4a086495), and those of virtiofs since.
 */
static bool needs_copy(const struct ds_vma *area)
{
	return area->space->fork_copies_shared ||
	       __atomic_load_n(&area->has_copies, __ATOMIC_RELAXED);
}

static void drop_spare(struct ds_task *task, const struct passage *passage)
{
	struct ds_space *parent = passage->from->space;

	if (!passage->spare.pfn)
		return;
	ds_yield(
		task, DS_AT_FRAME_PUT,
		ds_writes(ds_frame_refs_object(parent->frames, passage->spare)),
		ds_put_access(passage->spare));
	ds_space_put(task, parent, passage->spare);
}

/*
 * Models: copy_pte_range(), which returns for a page to copy into and goes on
 * where it was.
 */
static int copy_entries(struct ds_task *task, struct ds_vma *from,
			struct ds_vma *to)
{
	uint64_t before = ds_task_enter(task);
	struct passage passage = {.from = from, .to = to, .vpn = from->first};
	int r = 0;

	/* Of real threads none can keep both tables, so none may unmap. */
	if (!task->controlled)
		ds_rwsem_lock(task, &from->rmap->lock, DS_EXCLUSIVE);
	while (r == 0 && passage.vpn.vpn < from->end.vpn) {
		ds_task_forget(task, before);
		ds_task_saw(task, passage.vpn.vpn);
		ds_task_saw(task, passage.spare.pfn);
		r = copy_entry(task, &passage);
		if (r == -EAGAIN)
			r = take_spare(task, &passage);
		else
			passage.vpn.vpn++;
	}
	drop_spare(task, &passage);
	if (!task->controlled)
		ds_rwsem_unlock(task, &from->rmap->lock);
	ds_task_done(task, before, (uint64_t)r);
	return r;
}

static int fork_area(struct ds_task *task, struct ds_vma *from,
		     struct ds_space *child)
{
	bool first = ds_keeps(task, DS_RULE_FORK_LINKS_FIRST);
	struct ds_vma *to = ds_space_copy_area(task, from, child);
	int r = 0;

	if (!to)
		return ds_task_void(task, -ENOMEM);
	if (first)
		ds_space_link_area(task, from, to);
	if (needs_copy(from))
		r = copy_entries(task, from, to);
	if (!first)
		ds_space_link_area(task, from, to);
	return r;
}

int ds_space_fork(struct ds_task *task, struct ds_space *parent,
		  struct ds_space *child)
{
	uint64_t before = ds_task_enter(task), locked;
	struct ds_vma *area;
	int r = 0;

	ds_rwsem_lock(task, &parent->mmap_lock, DS_EXCLUSIVE);
	locked = ds_task_enter(task);
	for (area = parent->vmas; area && r == 0; area = area->next) {
		/* Areas cannot change; those before are the child's, too. */
		ds_task_forget(task, locked);
		ds_task_saw(task, area->first.vpn);
		r = fork_area(task, area, child);
	}
	child->next_free = parent->next_free;
	/* What was writable before is read-only for everybody now. */
	ds_pte_flush(task, parent, 0);
	ds_rwsem_unlock(task, &parent->mmap_lock);
	if (r < 0)
		ds_space_exit(task, child);
	ds_tell(task, "fork returns %d", r);
	ds_task_done(task, before, (uint64_t)r);
	return r;
}

int ds_space_exit(struct ds_task *task, struct ds_space *space)
{
	return ds_space_unmap(task, space, (struct ds_vpn){0},
			      ds_pgtable_limit(&space->table));
}
