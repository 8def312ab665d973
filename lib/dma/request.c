// SPDX-License-Identifier: LGPL-2.1-or-later
#include "dma/request.h"

static bool has_room(const struct ds_task *task)
{
	const struct ds_request *request = task->awaited;

	return !atomic_load(&request->submitted);
}

static bool is_submitted(const struct ds_task *task)
{
	return !has_room(task);
}

static bool is_completed(const struct ds_task *task)
{
	const struct ds_request *request = task->awaited;

	return atomic_load(&request->completed);
}

static void step(struct ds_task *task, struct ds_request *request,
		 enum ds_at at, bool (*ready)(const struct ds_task *task))
{
	task->awaited = request;
	ds_yield_until(task, at, ready, ds_writes(ds_request_object(request)));
	ds_touch(task, ds_request_object(request), DS_WRITE);
}

void ds_request_submit(struct ds_task *task, struct ds_request *request,
		       struct ds_direct *direct)
{
	step(task, request, DS_AT_IO_SUBMIT, has_room);
	request->direct = *direct;
	direct->n_pages = 0;
	ds_tell(task, "submit I/O of %llu pages",
		(unsigned long long)request->direct.n_pages);
	atomic_store(&request->submitted, true);
}

void ds_request_take(struct ds_task *task, struct ds_request *request,
		     struct ds_direct *ret_direct)
{
	step(task, request, DS_AT_IO_TAKE, is_submitted);
	*ret_direct = request->direct;
	request->direct.n_pages = 0;
	ds_tell(task, "take I/O of %llu pages",
		(unsigned long long)ret_direct->n_pages);
	atomic_store(&request->submitted, false);
}

void ds_request_complete(struct ds_task *task, struct ds_request *request)
{
	ds_yield(task, DS_AT_IO_COMPLETE,
		 ds_writes(ds_request_object(request)));
	ds_touch(task, ds_request_object(request), DS_WRITE);
	ds_tell(task, "I/O is complete");
	atomic_store(&request->completed, true);
}

void ds_request_await(struct ds_task *task, struct ds_request *request)
{
	/* Of free threads another one may have read it first. */
	do {
		step(task, request, DS_AT_IO_AWAIT, is_completed);
	} while (!atomic_exchange(&request->completed, false));
	ds_tell(task, "learns that the I/O is complete");
}

void ds_request_digest(const struct ds_request *request,
		       struct ds_digest *digest)
{
	ds_digest_add(digest, (uint64_t)atomic_load(&request->submitted) << 1 |
				      atomic_load(&request->completed));
	ds_direct_digest(&request->direct, digest);
}
