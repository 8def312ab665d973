/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DS_FILE_POISON_H
#define DS_FILE_POISON_H

/*
 * Memory that fails: a block whose bytes are lost until it is written anew.
 */
#include "file/inode.h"

/*
 * The block @pfn loses its bytes. Loads and stores that still reach it end in
 * DS_SIGBUS, reads and partial writes in -EIO; the page is unmapped everywhere
 * and is not mapped again. Its entry stays, and so do pins on it: who frees the
 * block waits for them as ever. A block that is given out anew is mended.
 *
 * Return: 0; -EBUSY if no page cache has the page; -EOPNOTSUPP if several have.
 *
 * Models: memory_failure_dev_pagemap(), mf_generic_kill_procs().
 * Differs: the SIGBUS comes with the next access and goes to nobody else. XFS
 * from v6.0 on finds the files by its reverse map, if it has one.
 */
int ds_poison_block(struct ds_task *task, struct ds_super *super,
		    struct ds_pfn pfn);

#endif
