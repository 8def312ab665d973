/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DS_DMA_REQUEST_H
#define DS_DMA_REQUEST_H

/*
 * Direct I/O that one task submits, another one serves, and a third one waits
 * for: the pins go from hand to hand, and whoever learns that the I/O is over
 * may act while the pages are still pinned.
 *
 * How the tasks wait for each other is no part of the kernel modelled: the
 * device is hardware, and user space reads its completions somehow. So these
 * waits lose no wake-up; each call is one step.
 *
 * Models: submit_bio() and bi_end_io, one request of a queue at a time;
 * completions that nobody has read yet count as one.
 */
#include "dma/direct.h"

struct ds_request {
	uint32_t id; /* of the task that submits */
	atomic_bool submitted;
	atomic_bool completed;   /* and nobody has read it yet */
	struct ds_direct direct; /* while submitted */
};

/* Hands @direct, maybe without pages, to who takes it; waits for room. */
void ds_request_submit(struct ds_task *task, struct ds_request *request,
		       struct ds_direct *direct);

/* Waits for a request and takes its pages. */
void ds_request_take(struct ds_task *task, struct ds_request *request,
		     struct ds_direct *ret_direct);

/* Tells that an I/O of the task with @request is over. */
void ds_request_complete(struct ds_task *task, struct ds_request *request);

/* Waits until one is, and reads it. */
void ds_request_await(struct ds_task *task, struct ds_request *request);

/* Adds what is under way. */
void ds_request_digest(const struct ds_request *request,
		       struct ds_digest *digest);

static inline ds_obj ds_request_object(const struct ds_request *request)
{
	return ds_object(DS_OBJ_REQUEST, request->id, 0);
}

#endif
