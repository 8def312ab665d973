// SPDX-License-Identifier: LGPL-2.1-or-later
#include "dma/client.h"

#include <errno.h>
#include <string.h>

#include "fs/pnfs.h"

/*
 * The server sees to it itself that an unanswered lease goes: it never expires.
 * A client without a layout is not asked for one.
 *
 * Models: nfsd4_layout_lm_break(), nfsd4_recall_file_layout().
 */
static bool recall(struct ds_lease *lease)
{
	lease->break_time = 0;
	lease->asked = lease->layout.valid;
	return false;
}

static const struct ds_lease_ops ops = {.recall = recall};

void ds_client_init(struct ds_client *client, uint32_t holder, const char *name)
{
	*client = (struct ds_client){
		.lease = {.ops = &ops, .holder = holder, .name = name},
	};
}

/* A step that changes what the client has; properties look at that. */
static void layout_step(struct ds_task *task, const struct ds_lease *lease)
{
	ds_yield(task, DS_AT_LAYOUT, ds_writes(ds_layout_object(lease)),
		 ds_writes(ds_leases_object(lease->inode->id)),
		 ds_writes(ds_holders_object(lease->inode->id)));
	ds_touch(task, ds_layout_object(lease), DS_WRITE);
}

static void insert_layout(struct ds_task *task, struct ds_lease *lease,
			  const struct ds_extent *run, bool write)
{
	layout_step(task, lease);
	ds_spin_lock(&lease->inode->leases_spin);
	lease->layout = (struct ds_layout){true, write, *run};
	lease->draining = false;
	ds_spin_unlock(&lease->inode->leases_spin);
	if (run->state == DS_EXT_HOLE)
		ds_tell(task, "layout: a hole from page %llu on",
			(unsigned long long)run->page.pgidx);
	else
		ds_tell(task, "layout: pages from %llu on in block %llu",
			(unsigned long long)run->page.pgidx,
			(unsigned long long)run->pfn.pfn);
}

/* Its server may take it away at any time. */
static bool has_layout(struct ds_task *task, const struct ds_lease *lease)
{
	bool valid;

	ds_yield(task, DS_AT_LAYOUT, ds_reads(ds_layout_object(lease)));
	ds_touch(task, ds_layout_object(lease), DS_READ);
	ds_spin_lock(&lease->inode->leases_spin);
	valid = lease->layout.valid;
	ds_spin_unlock(&lease->inode->leases_spin);
	ds_task_saw(task, valid);
	return valid;
}

int ds_client_get(struct ds_task *task, struct ds_client *client,
		  struct ds_inode *inode, uint64_t offset, uint64_t len,
		  bool write)
{
	bool lease_first = ds_keeps(task, DS_RULE_LEASE_BEFORE_LAYOUT);
	struct ds_lease *lease = &client->lease;
	uint64_t before = ds_task_enter(task);
	struct ds_extent run = {.n_pages = 0};
	int r = 0;

	if (lease->inode && has_layout(task, lease))
		return -EEXIST;
	lease->inode = inode;
	if (lease_first)
		r = ds_lease_add(task, lease);
	if (r < 0)
		return r;
	r = ds_pnfs_map(task, inode, offset, len, write, &run);
	if (r < 0 && lease_first)
		ds_lease_remove(task, lease);
	else if (r == 0 && !lease_first)
		r = ds_lease_add(task, lease);
	if (r == 0)
		insert_layout(task, lease, &run, write);
	ds_task_done(task, before, (uint64_t)r);
	return r;
}

/* Whether it may use its layout for [offset, offset + len); if so, begins. */
static int begin_io(struct ds_task *task, struct ds_lease *lease,
		    uint64_t offset, size_t len, bool write)
{
	const struct ds_layout *layout = &lease->layout;
	uint64_t first = ds_page_down(offset), end = ds_page_up(offset + len);
	int r = 0;

	if (!lease->inode)
		return -ENODATA;
	ds_yield(task, DS_AT_LAYOUT, ds_writes(ds_layout_object(lease)));
	ds_touch(task, ds_layout_object(lease), DS_WRITE);
	ds_spin_lock(&lease->inode->leases_spin);
	if (!layout->valid || lease->draining)
		r = -ENODATA;
	else if (first < layout->run.page.pgidx ||
		 end - layout->run.page.pgidx > layout->run.n_pages ||
		 (write &&
		  (!layout->write || layout->run.state == DS_EXT_HOLE)))
		r = -EINVAL;
	lease->n_io += r == 0;
	lease->user = task->id;
	ds_spin_unlock(&lease->inode->leases_spin);
	ds_task_saw(task, (uint64_t)r);
	return r;
}

static void end_io(struct ds_task *task, struct ds_lease *lease)
{
	ds_obj object = ds_layout_object(lease);
	struct ds_waitq_table *waitq = lease->inode->super->waitq;
	bool waited_for;

	ds_yield(task, DS_AT_LAYOUT, ds_writes(object),
		 ds_reads(ds_wait_object(object)));
	ds_touch(task, object, DS_WRITE);
	ds_spin_lock(&lease->inode->leases_spin);
	lease->n_io--;
	waited_for = ds_wait_has_waiters(task, waitq, object);
	ds_spin_unlock(&lease->inode->leases_spin);
	if (waited_for)
		ds_wake(task, waitq, object, true);
}

/* One page's part of an access. */
struct part {
	struct ds_lease *lease;
	uint64_t offset;
	unsigned char *into;       /* a read */
	const unsigned char *from; /* or a write */
	size_t n;
};

static void send_use(struct ds_task *task, const struct part *part,
		     struct ds_pgidx page, struct ds_pfn pfn)
{
	const struct ds_lease *lease = part->lease;
	struct ds_event event = {
		.kind = DS_EV_LAYOUT_USED,
		.inode = lease->inode->id,
		.page = page,
		.pfn = pfn,
		.value = part->from != NULL,
		.holder = lease,
	};

	ds_task_send(task, &event);
	if (!part->from)
		return;
	event.kind = DS_EV_DMA_WROTE;
	event.offset = part->offset & DS_PAGE_MASK;
	event.bytes = part->from;
	event.n = part->n;
	ds_task_send(task, &event);
}

/* What the device does for one part: nothing for who is fenced. */
static int reach_device(struct ds_task *task, const struct part *part,
			struct ds_pgidx page, struct ds_pfn pfn)
{
	const struct ds_lease *lease = part->lease;
	struct ds_frames *frames = lease->inode->super->frames;
	bool fenced = lease->fenced && ds_keeps(task, DS_RULE_FENCE_SHUTS_OUT);

	ds_task_saw(task, fenced);
	if (fenced) {
		ds_tell(task, "the device shuts it out");
		return -EIO;
	}
	if (part->from) {
		ds_frame_write(task, frames, pfn, part->offset & DS_PAGE_MASK,
			       part->from, part->n);
		ds_tell(task, "client writes block %llu",
			(unsigned long long)pfn.pfn);
	} else if (lease->layout.run.state == DS_EXT_WRITTEN) {
		ds_frame_read(task, frames, pfn, part->offset & DS_PAGE_MASK,
			      part->into, part->n);
		ds_tell(task, "client reads block %llu",
			(unsigned long long)pfn.pfn);
	} else {
		memset(part->into, 0, part->n);
		ds_tell(task, "client sees no data at page %llu",
			(unsigned long long)page.pgidx);
	}
	send_use(task, part, page, pfn);
	return 0;
}

/* A step. Return: 0, or -EIO. */
static int move_part(struct ds_task *task, const struct part *part)
{
	struct ds_lease *lease = part->lease;
	const struct ds_extent *run = &lease->layout.run;
	struct ds_pgidx page = {ds_page_down(part->offset)};
	struct ds_pfn pfn = {DS_ZERO_PFN};
	int r;

	if (run->state != DS_EXT_HOLE)
		pfn = ds_extent_pfn(run, page);

	/* Properties compare the place with the extent map and i_size. */
	ds_yield(task, DS_AT_DMA,
		 part->from ? ds_writes(ds_bytes_object(pfn))
			    : ds_reads(ds_bytes_object(pfn)),
		 ds_writes(ds_content_object(lease->inode->id, page.pgidx)),
		 ds_reads(ds_extents_object(lease->inode->id)),
		 ds_reads(ds_size_object(lease->inode->id)),
		 ds_reads(ds_layout_object(lease)));
	ds_touch(task, ds_layout_object(lease), DS_READ);
	/* Behind the fence nothing is under way to the device any more. */
	ds_spin_lock(&lease->inode->leases_spin);
	r = reach_device(task, part, page, pfn);
	ds_spin_unlock(&lease->inode->leases_spin);
	return r;
}

static int64_t do_io(struct ds_task *task, struct ds_client *client,
		     uint64_t offset, void *into, const void *from, size_t len)
{
	struct part part = {.lease = &client->lease, .offset = offset};
	uint64_t before = ds_task_enter(task);
	size_t done = 0;
	int r;

	r = begin_io(task, part.lease, offset, len, from != NULL);
	if (r < 0)
		return r;
	while (done < len && r == 0) {
		uint64_t room = DS_PAGE_SIZE - (part.offset & DS_PAGE_MASK);

		part.n = len - done < room ? len - done : (size_t)room;
		part.into = into ? (unsigned char *)into + done : NULL;
		part.from = from ? (const unsigned char *)from + done : NULL;
		r = move_part(task, &part);
		done += part.n;
		part.offset += part.n;
	}
	end_io(task, part.lease);
	ds_task_done(task, before, (uint64_t)r);
	return r < 0 ? r : (int64_t)len;
}

int64_t ds_client_read(struct ds_task *task, struct ds_client *client,
		       uint64_t offset, void *buf, size_t len)
{
	return do_io(task, client, offset, buf, NULL, len);
}

int64_t ds_client_write(struct ds_task *task, struct ds_client *client,
			uint64_t offset, const void *buf, size_t len)
{
	return do_io(task, client, offset, NULL, buf, len);
}

/* Of blocks that were unwritten it keeps those that it knows to be written. */
static void keep_committed(struct ds_task *task, struct ds_lease *lease,
			   uint64_t offset, size_t len)
{
	struct ds_extent *run = &lease->layout.run;
	uint64_t first = ds_page_down(offset);

	if (run->state == DS_EXT_WRITTEN)
		return;
	layout_step(task, lease);
	run->pfn.pfn += first - run->page.pgidx;
	run->page.pgidx = first;
	run->n_pages = ds_page_up(offset + len) - first;
	run->state = DS_EXT_WRITTEN;
}

int ds_client_commit(struct ds_task *task, struct ds_client *client,
		     uint64_t offset, size_t len)
{
	struct ds_lease *lease = &client->lease;
	uint64_t before = ds_task_enter(task);
	int r = begin_io(task, lease, offset, len, true);

	if (r < 0)
		return r;
	r = ds_pnfs_commit(task, lease->inode, offset, len);
	if (r == 0)
		keep_committed(task, lease, offset, len);
	end_io(task, lease);
	ds_task_done(task, before, (uint64_t)r);
	return r;
}

/* Waits until no access is under way; none begins any more. */
static void drain(struct ds_task *task, struct ds_lease *lease)
{
	struct ds_waitq_table *waitq = lease->inode->super->waitq;
	ds_obj object = ds_layout_object(lease);
	uint64_t before = ds_task_enter(task);
	bool busy;

	for (;;) {
		ds_task_forget(task, before);
		ds_yield(task, DS_AT_LAYOUT, ds_writes(object),
			 ds_writes(ds_wait_object(object)));
		ds_touch(task, object, DS_WRITE);
		ds_spin_lock(&lease->inode->leases_spin);
		lease->draining = true;
		busy = lease->n_io && ds_keeps(task, DS_RULE_RETURN_DRAINS_IO);
		if (busy)
			ds_wait_join(task, waitq, object, false);
		ds_spin_unlock(&lease->inode->leases_spin);
		ds_task_saw(task, busy);
		if (!busy)
			break;
		ds_wait_sleep(task, object, false);
		ds_task_forget_wake(task);
	}
	ds_task_done(task, before, 0);
}

static void drop_layout(struct ds_task *task, struct ds_lease *lease)
{
	layout_step(task, lease);
	ds_spin_lock(&lease->inode->leases_spin);
	lease->layout.valid = false;
	ds_spin_unlock(&lease->inode->leases_spin);
}

int ds_client_return(struct ds_task *task, struct ds_client *client)
{
	struct ds_lease *lease = &client->lease;
	uint64_t before = ds_task_enter(task);

	if (!lease->inode)
		return -ENODATA;
	drain(task, lease);
	drop_layout(task, lease);
	ds_lease_remove(task, lease);
	ds_task_done(task, before, 0);
	return 0;
}

/* What it does reaches the device no more; it may go on to believe so. */
static void fence(struct ds_task *task, struct ds_lease *lease)
{
	layout_step(task, lease);
	ds_spin_lock(&lease->inode->leases_spin);
	lease->fenced = true;
	ds_spin_unlock(&lease->inode->leases_spin);
	ds_tell(task, "fence %s", lease->name);
	ds_lease_remove(task, lease);
}

int ds_client_fence(struct ds_task *task, struct ds_client *client)
{
	if (!client->lease.inode)
		return -ENODATA;
	fence(task, &client->lease);
	return 0;
}

void ds_layouts_answer(struct ds_task *task, struct ds_inode *inode,
		       enum ds_answer answer)
{
	uint64_t before = ds_task_enter(task);
	struct ds_lease *lease;

	while ((lease = ds_leases_await_recall(task, inode))) {
		if (answer == DS_ANSWER_SLOW)
			ds_task_pause(task, DS_SLOW_TICKS);
		if (answer == DS_ANSWER_FENCE) {
			ds_task_pause(task, DS_FENCE_TICKS);
			fence(task, lease);
		} else {
			drain(task, lease);
			drop_layout(task, lease);
			ds_lease_remove(task, lease);
		}
		ds_task_forget(task, before);
	}
}

void ds_client_digest(const struct ds_client *client, struct ds_digest *digest)
{
	const struct ds_lease *lease = &client->lease;
	const struct ds_layout *layout = &lease->layout;

	ds_digest_add(digest, (uint64_t)lease->n_io << 4 |
				      (uint64_t)layout->valid << 3 |
				      (uint64_t)lease->listed << 2 |
				      (uint64_t)lease->draining << 1 |
				      lease->fenced);
	ds_digest_add(digest, lease->inode ? lease->inode->id : 0);
	if (!layout->valid)
		return;
	/* What who accessed last then writes, it knows itself. */
	ds_digest_add(digest, lease->user);
	ds_digest_add(digest, layout->run.page.pgidx);
	ds_digest_add(digest, layout->run.n_pages);
	ds_digest_add(digest, layout->run.pfn.pfn << 3 |
				      (uint64_t)layout->run.state << 1 |
				      layout->write);
}
