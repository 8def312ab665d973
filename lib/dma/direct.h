/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DS_DMA_DIRECT_H
#define DS_DMA_DIRECT_H

/*
 * O_DIRECT I/O of some other file, with pages of a DAX file as its buffer:
 * this is where pins come from.
 *
 * The pages are pinned one by one in ascending order, the device moves its
 * bytes one page a step, and the pages are released one by one in ascending
 * order.
 */
#include "mm/pin.h"

#define DS_DIRECT_MAX_PAGES 64

struct ds_direct {
	struct ds_space *space;
	uint64_t addr;
	size_t len;     /* bytes that will be moved */
	bool to_memory; /* a read: the device writes the buffer */
	uint64_t n_pages;
	struct ds_pinned pages[DS_DIRECT_MAX_PAGES];
};

/*
 * Pins the buffer [addr, addr + len); @flags: DS_PIN_..., DS_PIN_WRITE for a
 * read, in which the device writes the buffer. Return: bytes that can be moved,
 * fewer if the slow path stopped; -EFAULT; -EINVAL for no or too many bytes.
 *
 * Models: bio_iov_iter_get_pages(), v4.19.
 */
int64_t ds_direct_begin(struct ds_task *task, struct ds_space *space,
			uint64_t addr, size_t len, unsigned int flags,
			struct ds_direct *direct);

/*
 * The device's part: moves the bytes between the frames that were pinned,
 * wherever they belong by now, and @bytes.
 */
void ds_direct_transfer(struct ds_task *task, struct ds_direct *direct,
			unsigned char *bytes);

/* Adds what is pinned, and what for. */
void ds_direct_digest(const struct ds_direct *direct, struct ds_digest *digest);

/* Releases the pages, as the block layer does. */
void ds_direct_end(struct ds_task *task, struct ds_direct *direct);

/* The same for pins that are no bio's: put_page(), unpin_user_page(). */
void ds_direct_unpin(struct ds_task *task, struct ds_direct *direct);

/*
 * Takes a reference more on each page of @from, to be released on its own: the
 * page lives as long as either. Return: bytes, or -ENOMEM.
 *
 * Models: get_page() by tee() of pipe buffers that vmsplice() filled.
 */
int64_t ds_direct_dup(struct ds_task *task, const struct ds_direct *from,
		      struct ds_direct *ret_direct);

#endif
