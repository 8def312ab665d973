/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DS_MM_PRIVATE_H
#define DS_MM_PRIVATE_H

/*
 * Stores to a private area: they go to a copy of the page, an anonymous frame
 * of the address space that the file knows nothing of.
 */
#include "mm/space.h"

/*
 * Makes @vpn writable for a store or for a pin that writes. Where the page is
 * absent, the area's fault operation brings the copy, with ds_private_fill();
 * where it is present, nobody is asked, and no lock but mmap_lock is held: the
 * entry may go away, or come back, at any time.
 *
 * Models: do_wp_page() and wp_page_copy(): a copy that fork made read-only is
 * written in place to v5.8 if one entry alone maps it, whoever has it pinned;
 * from v5.9 on (09854ba94c6a) if nobody else has a reference.
 * Return: 0, also when it was changed meanwhile, DS_SIGBUS, or -ENOMEM.
 */
int ds_private_write(struct ds_task *task, struct ds_vma *vma,
		     struct ds_vpn vpn);

/*
 * Gives @vpn, if it is absent still, a copy of @from: a block of the file, or
 * the zero page. For the fault operation, whose locks keep that block.
 *
 * Models: dax_fault_cow_page() and finish_fault(). Return: 0, or -ENOMEM.
 */
int ds_private_fill(struct ds_task *task, struct ds_vma *vma, struct ds_vpn vpn,
		    struct ds_pfn from);

#endif
