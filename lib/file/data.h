/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DS_FILE_DATA_H
#define DS_FILE_DATA_H

/*
 * Reading and writing a DAX file: copies between the caller's buffer and the
 * blocks, page by page. Direct I/O to a DAX file is this copy too.
 */
#include "file/inode.h"

/*
 * Begins to fetch the byte at @offset from where it probably is: as long as the
 * processor does not know where a page lies, what follows waits, and for as
 * long as writing a third of it takes. Changes nothing.
 */
void ds_data_fetch(const struct ds_task *task, const struct ds_inode *inode,
		   uint64_t offset);

/*
 * Reads up to @len bytes at @offset, not beyond i_size. i_rwsem is held shared.
 * Return: bytes read.
 *
 * Models: dax_iomap_rw() for reads.
 */
int64_t ds_data_read(struct ds_task *task, struct ds_inode *inode,
		     uint64_t offset, void *buf, size_t len);

/*
 * Writes @len bytes at @offset, making blocks as needed and moving i_size at
 * last when they reach beyond it. i_rwsem is held exclusively.
 * Return: bytes written, or -ENOSPC when there are none.
 *
 * Models: dax_iomap_rw() for writes.
 */
int64_t ds_data_write(struct ds_task *task, struct ds_inode *inode,
		      uint64_t offset, const void *buf, size_t len);

/*
 * The same; i_size follows each run of blocks.
 *
 * Models: dax_iomap_rw() with ext4_iomap_end(), v4.19.
 */
int64_t ds_data_write_by_runs(struct ds_task *task, struct ds_inode *inode,
			      uint64_t offset, const void *buf, size_t len);

#endif
