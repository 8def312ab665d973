/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DS_MM_PIN_H
#define DS_MM_PIN_H

/*
 * Pinning user pages: a reference on each, so that a device may reach them.
 *
 * Models: get_user_pages_fast(), v4.19, and pin_user_pages_fast(), v6.15: the
 * lockless walk for as many pages as it serves, then the slow path for the
 * rest.
 */
#include "mm/space.h"

#define DS_PIN_WRITE    1u /* FOLL_WRITE: the device will write the pages */
#define DS_PIN_GET      2u /* FOLL_GET: one reference */
#define DS_PIN_COUNTED  4u /* FOLL_PIN: as many as tell a pin from others */
#define DS_PIN_LONGTERM 8u /* FOLL_LONGTERM: for nobody knows how long */

/* References of a FOLL_PIN pin: GUP_PIN_COUNTING_BIAS. */
#define DS_PIN_BIAS 1024

/*
 * One pinned page, and where in which file it was: of a private copy in none
 * (0), but which place of an address space, if the device will write it.
 */
struct ds_pinned {
	struct ds_pfn pfn;
	uint32_t inode;
	int refs; /* that the pin holds */
	struct ds_pgidx page;
};

/**
 * ds_pin_pages() - pin @n pages from @first on, in ascending order
 * @flags: DS_PIN_...; of neither kind: the one of this kernel's direct I/O
 *
 * A counted pin takes DS_PIN_BIAS references at once, one of a large folio, and
 * none of the zero page (c8070b787519, v6.5).
 * Differs: the kernel's lockless walk takes 1 and then 1023; the page is busy
 * from the first on. Large folios count their pins apart too; nobody who waits
 * looks at that, so it is not kept.
 *
 * A DS_PIN_LONGTERM pin of a file system's page is refused, for nothing bounds
 * how long somebody would have to wait for it. Kernels to v5.10 pin first, with
 * mmap_lock held, then look at the areas, and drop what they pinned: a pin that
 * others meet. Later ones look first. Neither takes the lockless path.
 * Models: get_user_pages_longterm(), v4.19; check_vma_flags(), v5.11 on.
 * Differs: every area is a file system's; there is none of device DAX.
 *
 * Return: pages pinned (0 < result <= @n), or, if none, -EFAULT, -EOPNOTSUPP or
 * -ENOMEM.
 */
int64_t ds_pin_pages(struct ds_task *task, struct ds_space *space,
		     struct ds_vpn first, uint64_t n, unsigned int flags,
		     struct ds_pinned *ret_pinned);

/*
 * Takes one reference more on a page that is pinned. Return: 0, or -ENOMEM.
 *
 * Models: get_page().
 */
int ds_pin_again(struct ds_task *task, struct ds_space *space,
		 const struct ds_pinned *pinned, struct ds_pinned *ret_pinned);

/*
 * Drops one pin with all its references and wakes who waits for the page to
 * become idle.
 *
 * Models: put_page(), unpin_user_page().
 */
void ds_unpin_page(struct ds_task *task, struct ds_space *space,
		   const struct ds_pinned *pinned);

/*
 * The same for @n pins, one after the other.
 *
 * Models: unpin_user_pages(). Differs: those of a folio go at once only where
 * nobody watches (mm/pin_free.h).
 */
void ds_unpin_pages(struct ds_task *task, struct ds_space *space,
		    const struct ds_pinned *pinned, uint64_t n);

/*
 * The same at the end of a block device's request. v6.1.192 drops the reference
 * there without a look at what it comes to, and wakes nobody.
 *
 * Models: __bio_release_pages(), as seen on v6.1.192 and v6.12.111.
 */
void ds_unpin_bio_pages(struct ds_task *task, struct ds_space *space,
			const struct ds_pinned *pinned, uint64_t n);

#endif
