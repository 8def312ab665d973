/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DS_DMA_CLIENT_H
#define DS_DMA_CLIENT_H

/*
 * A pNFS client with a block layout: it knows where blocks of a file lie and
 * accesses them on the device, past the page cache and every lock. The server's
 * lease on the file is all that keeps them there.
 *
 * Models: fs/nfsd/{nfs4layouts,blocklayout}.c and a client, v4.19. Differs: one
 * layout of one run at a time; what the client and its server say to each other
 * takes no time and is never lost.
 */
#include "file/lease.h"

struct ds_client {
	struct ds_lease lease;
};

/* How a server answers a recall. */
enum ds_answer {
	/* Hands it on; the client ends what it does and gives the layout back.
	 */
	DS_ANSWER_PROMPT,
	DS_ANSWER_SLOW,  /* the same DS_SLOW_TICKS later */
	DS_ANSWER_FENCE, /* waits for DS_FENCE_TICKS, then shuts it out */
	DS_N_ANSWERS,
};

#define DS_SLOW_TICKS  2
#define DS_FENCE_TICKS 2

/* A client without a layout. @holder: its number, @name outlives it. */
void ds_client_init(struct ds_client *client, uint32_t holder,
		    const char *name);

/*
 * Gets a layout for the run in which @offset lies; for a write, of blocks
 * allocated to take the range if there were none.
 *
 * The lease comes first, then the look at the extent map, then the layout. Who
 * breaks the lease in between asks nobody, as there is no layout to be asked
 * for; and nobody is asked later, as the lease is already broken.
 *
 * Return: 0; -EEXIST if it has a layout; -EAGAIN during a recall; -EINVAL,
 * -ENXIO, -ENOSPC from the file system.
 *
 * Models: nfsd4_layoutget(), nfsd4_insert_layout().
 */
int ds_client_get(struct ds_task *task, struct ds_client *client,
		  struct ds_inode *inode, uint64_t offset, uint64_t len,
		  bool write);

/*
 * Reads or writes @len bytes at @offset on the device. Holes and unwritten
 * blocks read as zero without a look. Return: @len; -ENODATA without a layout,
 * and while it is asked back; -EINVAL if the layout does not allow it; -EIO
 * once the device shuts it out.
 */
int64_t ds_client_read(struct ds_task *task, struct ds_client *client,
		       uint64_t offset, void *buf, size_t len);
int64_t ds_client_write(struct ds_task *task, struct ds_client *client,
			uint64_t offset, const void *buf, size_t len);

/*
 * Tells the server what was written. Return: 0; -ENODATA without a layout;
 * -EIO.
 */
int ds_client_commit(struct ds_task *task, struct ds_client *client,
		     uint64_t offset, size_t len);

/* Gives the layout back. Return: 0, or -ENODATA without one. */
int ds_client_return(struct ds_task *task, struct ds_client *client);

/*
 * Its server shuts it out of the device and drops its lease; it is not told.
 * Return: 0, or -ENODATA without a lease.
 */
int ds_client_fence(struct ds_task *task, struct ds_client *client);

/*
 * The server's part: answers recalls of the layouts of @inode until nobody is
 * left who could recall one. Under a controlled scheduler it does not return.
 */
void ds_layouts_answer(struct ds_task *task, struct ds_inode *inode,
		       enum ds_answer answer);

/* Adds what it has. */
void ds_client_digest(const struct ds_client *client, struct ds_digest *digest);

#endif
