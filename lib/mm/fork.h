/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DS_MM_FORK_H
#define DS_MM_FORK_H

/*
 * A program forks: another address space with the same areas at the same
 * addresses. Private copies are shared, read-only for both, until one of them
 * stores to them.
 */
#include "mm/space.h"

/*
 * An empty address space like @parent, for a child of that. @name: of its
 * mmap_lock. Return: 0, or -ENOMEM.
 */
int ds_space_new_child(const struct ds_space *parent, uint32_t id,
		       const char *name, struct ds_space **ret_child);

/*
 * Gives the empty @child, which nobody uses yet, all areas of @parent. The
 * page-table entries of an area are copied only where it has private copies:
 * others the child's faults find again. A file's page in such an area is mapped
 * in the child without its entry being locked, so what keeps it from staying
 * behind when the file loses the page is the order in which areas are unmapped.
 *
 * Pins stay pins of the pages. A private copy that has DS_PIN_COUNTED ones is
 * copied for the child at once (struct ds_space, counts_sharers); another one
 * that a device is to write may be lost to the parent, which gets a new copy
 * when it stores to it.
 *
 * Models: dup_mmap(), copy_page_range(), vma_needs_copy(). Differs: mmap_lock
 * of the child is not taken, of which nobody knows.
 * Return: 0; -ENOMEM without memory for a copy: @child is empty again.
 */
int ds_space_fork(struct ds_task *task, struct ds_space *parent,
		  struct ds_space *child);

/*
 * The program ends: unmaps all areas. Pins stay.
 *
 * Models: exit_mmap(). Differs: area by area, where the kernel clears all
 * entries first; and with mmap_lock.
 */
int ds_space_exit(struct ds_task *task, struct ds_space *space);

#endif
