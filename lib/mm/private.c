// SPDX-License-Identifier: LGPL-2.1-or-later
#include "mm/private.h"

#include <errno.h>

/* Says that a copy of the page is being made (@value 1), is made, or is not. */
static void send(struct ds_task *task, const struct ds_vma *vma,
		 struct ds_vpn vpn, enum ds_event_kind kind, int64_t value,
		 struct ds_pfn pfn)
{
	struct ds_event event = {
		.kind = kind,
		.inode = vma->rmap->inode,
		.page.pgidx = vma->pgoff.pgidx + vpn.vpn - vma->first.vpn,
		.pfn = pfn,
		.value = value,
	};

	if (kind == DS_EV_COPIED)
		event.place = ds_space_place_id(vma->space, vpn);
	/* What a copy of a copy holds is none of the file's. */
	if (kind == DS_EV_COPIED && !value) {
		event.bytes = ds_frame_bytes(vma->space->frames, pfn);
		event.n = DS_PAGE_SIZE;
	}
	ds_task_send(task, &event);
}

/* A step that drops a reference on @pfn. */
static void put(struct ds_task *task, struct ds_space *space, struct ds_pfn pfn)
{
	ds_yield(task, DS_AT_FRAME_PUT,
		 ds_writes(ds_frame_refs_object(space->frames, pfn)),
		 ds_put_access(pfn));
	ds_space_put(task, space, pfn);
}

/*
 * Sets the entry of @vpn to the copy @to if it is still @expected, otherwise
 * drops the copy. Return: 0, or -ENOMEM.
 */
static int install(struct ds_task *task, struct ds_vma *vma, struct ds_vpn vpn,
		   uint64_t expected, struct ds_pfn to)
{
	struct ds_space *space = vma->space;
	int r = ds_pte_replace(task, vma, vpn, expected, ds_pte(to, true));

	if (r < 0)
		return r;
	if (r) {
		__atomic_store_n(&vma->has_copies, true, __ATOMIC_RELAXED);
		ds_tell(task, "copy page %llu: private from here on",
			(unsigned long long)(vma->pgoff.pgidx + vpn.vpn -
					     vma->first.vpn));
		send(task, vma, vpn, DS_EV_COPIED,
		     ds_pte_is_copy(expected)
			     ? (int64_t)ds_pte_pfn(expected).pfn
			     : 0,
		     to);
	}
	send(task, vma, vpn, DS_EV_COPYING, 0, to);
	if (r) {
		if (expected)
			ds_pte_flush(task, space, expected);
		return 0;
	}
	ds_tell(task, "page table changed: drop the copy");
	put(task, space, to);
	return 0;
}

int ds_private_fill(struct ds_task *task, struct ds_vma *vma, struct ds_vpn vpn,
		    struct ds_pfn from)
{
	struct ds_frames *frames = vma->space->frames;
	uint64_t before = ds_task_enter(task);
	struct ds_pfn to;
	int r = -ENOMEM;

	ds_yield(task, DS_AT_COPY, ds_reads(ds_bytes_object(from)),
		 ds_writes(ds_anon_object()));
	if (ds_frame_new_anon(task, frames, &to)) {
		send(task, vma, vpn, DS_EV_COPYING, 1, to);
		ds_frame_copy(task, frames, to, from);
		r = install(task, vma, vpn, 0, to);
	}
	ds_task_done(task, before, (uint64_t)r);
	return r;
}

/* Whether who copies the page holds a reference on it meanwhile. */
static bool copy_holds_ref(const struct ds_space *space, uint64_t pte)
{
	struct ds_pfn pfn = ds_pte_pfn(pte);

	/* Up to v6.14 a DAX page is not a normal page to the copier. */
	return (pte & DS_PTE_PRESENT) && !(pte & DS_PTE_WRITABLE) &&
	       pfn.pfn != DS_ZERO_PFN &&
	       (ds_pfn_is_ordinary(pfn) || space->frames->pte_holds_ref);
}

/*
 * A step that reads the entry under its lock and takes the reference, if any.
 * Return: the entry; for real threads 0 as well if it changed meanwhile.
 */
static uint64_t look(struct ds_task *task, struct ds_space *space,
		     struct ds_vpn vpn, bool *ret_held)
{
	ds_obj entry = ds_pte_object(space, vpn);
	uint64_t before = ds_task_enter(task);
	uint64_t guess, pte;

	do {
		ds_task_forget(task, before);
		guess = ds_pgtable_read(&space->table, vpn);
		*ret_held = copy_holds_ref(space, guess);
		ds_task_saw(task, guess);
		ds_yield(task, DS_AT_WALK_PTE, ds_reads(entry),
			 *ret_held ? ds_adds(ds_frame_refs_object(
					     space->frames, ds_pte_pfn(guess)))
				   : ds_reads(ds_object(DS_OBJ_NONE, 0, 0)));
		ds_touch(task, entry, DS_READ);
		pte = ds_pgtable_read(&space->table, vpn);
		/* Another entry than declared: the step was only a look. */
	} while (task->controlled && pte != guess);
	if (!*ret_held || task->controlled) {
		if (*ret_held)
			ds_frame_get(task, space->frames, ds_pte_pfn(pte));
		return pte;
	}
	*ret_held =
		ds_frame_try_get_n(task, space->frames, ds_pte_pfn(guess), 1);
	return guess;
}

/*
 * A step that writes in place what nobody else maps. Return: whether nobody
 * did.
 */
static bool reuse(struct ds_task *task, struct ds_vma *vma, struct ds_vpn vpn,
		  uint64_t pte)
{
	struct ds_space *space = vma->space;
	struct ds_pfn pfn = ds_pte_pfn(pte);
	bool sole;

	ds_yield(task, DS_AT_PTE_SET, ds_writes(ds_pte_object(space, vpn)),
		 ds_reads(ds_frame_refs_object(space->frames, pfn)));
	ds_touch(task, ds_pte_object(space, vpn), DS_WRITE);
	/* The entry's own reference, and this task's. */
	sole = space->counts_sharers
		       ? !ds_frame_has_more(task, space->frames, pfn, 2)
		       : ds_frame_is_mapped_once(task, space->frames, pfn);
	if (sole)
		ds_pgtable_change(&space->table, vpn, pte,
				  pte | DS_PTE_WRITABLE);
	return sole;
}

/*
 * A step that copies what @pte leads to. Where no reference keeps the page, it
 * is read through the entry, as a program would, and may be gone.
 * Return: 1, 0 if it was gone, or -ENOMEM.
 */
static int copy_page(struct ds_task *task, struct ds_vma *vma,
		     struct ds_vpn vpn, uint64_t pte, bool held,
		     struct ds_pfn *ret_to)
{
	struct ds_space *space = vma->space;
	ds_obj entry = ds_pte_object(space, vpn);
	struct ds_pfn from = ds_pte_pfn(pte);

	ds_yield(task, DS_AT_COPY, ds_reads(ds_bytes_object(from)),
		 ds_writes(ds_anon_object()),
		 ds_reads(held ? ds_object(DS_OBJ_NONE, 0, 0) : entry),
		 ds_reads(ds_bytes_object(ds_pfn(DS_ZERO_PFN))));
	if (!held) {
		bool there;

		ds_touch(task, entry, DS_READ);
		there = ds_pgtable_read(&space->table, vpn) == pte;
		ds_task_saw(task, there);
		if (!there && !space->lost_copy_is_zero)
			return 0;
		if (!there) {
			ds_tell(task, "the page is gone: copy zeroes");
			from = ds_pfn(DS_ZERO_PFN);
		}
	}
	if (!ds_frame_new_anon(task, space->frames, ret_to))
		return -ENOMEM;
	ds_frame_copy(task, space->frames, *ret_to, from);
	return 1;
}

/* Copies the page that @pte maps for reading; @held: with a reference. */
static int copy_present(struct ds_task *task, struct ds_vma *vma,
			struct ds_vpn vpn, uint64_t pte, bool held)
{
	struct ds_pfn to = {0};
	int r;

	send(task, vma, vpn, DS_EV_COPYING, 1, ds_pte_pfn(pte));
	r = copy_page(task, vma, vpn, pte, held, &to);
	if (r > 0)
		r = install(task, vma, vpn, pte, to);
	else
		send(task, vma, vpn, DS_EV_COPYING, 0, to);
	if (held)
		put(task, vma->space, ds_pte_pfn(pte));
	return r;
}

int ds_private_write(struct ds_task *task, struct ds_vma *vma,
		     struct ds_vpn vpn)
{
	struct ds_space *space = vma->space;
	uint64_t before = ds_task_enter(task);
	bool held;
	uint64_t pte = look(task, space, vpn, &held);
	int r = 0;

	ds_task_done(task, before, pte << 1 | held);
	before = ds_task_enter(task);
	if (!(pte & DS_PTE_PRESENT)) {
		r = vma->ops->fault(task, vma, vpn, true);
	} else if (!(pte & DS_PTE_WRITABLE)) {
		if (!held && copy_holds_ref(space, pte))
			return 0;
		if (ds_pfn_is_anon(ds_pte_pfn(pte)) &&
		    reuse(task, vma, vpn, pte))
			put(task, space, ds_pte_pfn(pte));
		else
			r = copy_present(task, vma, vpn, pte, held);
	}
	ds_task_done(task, before, (uint64_t)r);
	return r;
}
