// SPDX-License-Identifier: LGPL-2.1-or-later
#include "pmem/frame.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/lazy.h"
#include "pmem/copy.h"

/* One frame's record or bytes as they were at the mark. */
struct saved_record {
	struct ds_pfn pfn;
	struct ds_frame frame;
};

struct saved_bytes {
	struct ds_pfn pfn;
	unsigned char *copy; /* one page; made once, kept for later runs */
	bool changed;        /* in this run */
	bool known;          /* @now is the digest of the bytes as they are */
	struct ds_digest then, now;
};

/*
 * Outside the arena, since rewinding must not forget it. A frame is logged
 * before its first change after a mark or rewind.
 */
struct ds_frame_log {
	struct ds_spin spin;
	atomic_bool lost;
	uint64_t *slot_of; /* per frame: index + 1 into @bytes, 0: none */
	unsigned char *record_logged; /* per frame */
	struct saved_record *records;
	size_t n_records, max_records;
	struct saved_bytes *bytes;
	size_t n_bytes, max_bytes;
	uint64_t *changed; /* slots changed in this run */
	size_t n_changed, max_changed;
	uint64_t n_frames;
};

_Static_assert(sizeof(struct ds_frame) <= 32, "frames must stay small");

static void log_free(struct ds_frame_log *log)
{
	size_t i;

	if (!log)
		return;
	for (i = 0; i < log->n_bytes; i++)
		free(log->bytes[i].copy);
	ds_lazy_free(log->slot_of, log->n_frames * sizeof(*log->slot_of));
	ds_lazy_free(log->record_logged, log->n_frames);
	free(log->records);
	free(log->bytes);
	free(log->changed);
	free(log);
}

static struct ds_frame_log *log_new(uint64_t n_frames)
{
	struct ds_frame_log *log = calloc(1, sizeof(*log));

	if (!log)
		return NULL;
	log->n_frames = n_frames;
	log->slot_of = ds_lazy_new(n_frames * sizeof(*log->slot_of));
	log->record_logged = ds_lazy_new(n_frames);
	if (!log->slot_of || !log->record_logged) {
		log_free(log);
		return NULL;
	}
	return log;
}

static uint64_t n_records(const struct ds_frames *frames)
{
	return frames->n + DS_ANON_N;
}

/* Where the record of @pfn is. */
static uint64_t place_of(const struct ds_frames *frames, struct ds_pfn pfn)
{
	if (!ds_pfn_is_ordinary(pfn)) {
		ds_assert(pfn.pfn < frames->n);
		return pfn.pfn;
	}
	ds_assert(pfn.pfn - DS_ANON_FIRST < DS_ANON_N);
	return frames->n + (pfn.pfn - DS_ANON_FIRST);
}

static struct ds_frame *record_of(const struct ds_frames *frames,
				  struct ds_pfn pfn)
{
	return &frames->frames[place_of(frames, pfn)];
}

static unsigned char *page_of(const struct ds_frames *frames, struct ds_pfn pfn)
{
	if (ds_pfn_is_ordinary(pfn))
		return frames->anon +
		       ((pfn.pfn - DS_ANON_FIRST) << DS_PAGE_SHIFT);
	ds_assert(pfn.pfn < frames->n);
	return frames->region->base + (pfn.pfn << DS_PAGE_SHIFT);
}

/* The references that nobody's frame has. */
static int idle_of(const struct ds_frames *frames, struct ds_pfn pfn)
{
	return ds_pfn_is_ordinary(pfn) ? 0 : frames->idle;
}

int ds_frames_new(struct ds_arena *arena, struct ds_region *region, int idle,
		  struct ds_frames **ret_frames)
{
	struct ds_frames *frames = ds_arena_alloc(arena, sizeof(*frames));

	if (!frames)
		return -ENOMEM;
	frames->region = region;
	frames->arena = arena;
	frames->idle = idle;
	frames->cached_hint = DS_CACHED_FIRST - DS_ANON_FIRST;
	frames->keep_holders = true;
	frames->n = region->size >> DS_PAGE_SHIFT;
	if (frames->n > DS_ANON_FIRST)
		return -EFBIG;
	frames->frames =
		ds_lazy_new(n_records(frames) * sizeof(*frames->frames));
	frames->anon = ds_lazy_new(DS_ANON_N << DS_PAGE_SHIFT);
	frames->log = log_new(n_records(frames));
	if (!frames->frames || !frames->anon || !frames->log) {
		ds_frames_free(frames);
		return -ENOMEM;
	}
	*ret_frames = frames;
	return 0;
}

void ds_frames_free(struct ds_frames *frames)
{
	if (!frames)
		return;
	ds_lazy_free(frames->frames,
		     n_records(frames) * sizeof(*frames->frames));
	ds_lazy_free(frames->anon, DS_ANON_N << DS_PAGE_SHIFT);
	log_free(frames->log);
}

void ds_frames_mark(struct ds_frames *frames)
{
	struct ds_frame_log *log = frames->log;
	size_t i;

	for (i = 0; i < log->n_records; i++)
		log->record_logged[place_of(frames, log->records[i].pfn)] = 0;
	for (i = 0; i < log->n_bytes; i++) {
		log->slot_of[place_of(frames, log->bytes[i].pfn)] = 0;
		free(log->bytes[i].copy);
	}
	log->n_records = 0;
	log->n_bytes = 0;
	log->n_changed = 0;
	frames->marked = true;
	atomic_store(&log->lost, false);
}

void ds_frames_rewind(struct ds_frames *frames)
{
	struct ds_frame_log *log = frames->log;
	size_t i;

	ds_assert(frames->marked);
	for (i = 0; i < log->n_records; i++) {
		uint64_t place = place_of(frames, log->records[i].pfn);

		frames->frames[place] = log->records[i].frame;
		log->record_logged[place] = 0;
	}
	log->n_records = 0;
	for (i = 0; i < log->n_changed; i++) {
		struct saved_bytes *saved = &log->bytes[log->changed[i]];

		memcpy(page_of(frames, saved->pfn), saved->copy, DS_PAGE_SIZE);
		saved->changed = false;
	}
	log->n_changed = 0;
}

bool ds_frames_lost(const struct ds_frames *frames)
{
	return atomic_load(&frames->log->lost);
}

/* Makes room for one more of @n; a failure leaves *@mem as it was. */
static int make_room(void **mem, size_t n, size_t *max, size_t size)
{
	size_t more = *max ? *max * 2 : 64;
	void *bigger;

	if (n < *max)
		return 0;
	bigger = realloc(*mem, more * size);
	if (!bigger)
		return -ENOMEM;
	*mem = bigger;
	*max = more;
	return 0;
}

static int log_record(struct ds_frames *frames, struct ds_pfn pfn)
{
	struct ds_frame_log *log = frames->log;
	uint64_t place = place_of(frames, pfn);
	void *mem = log->records;
	int r;

	if (log->record_logged[place])
		return 0;
	r = make_room(&mem, log->n_records, &log->max_records,
		      sizeof(*log->records));
	log->records = mem;
	if (r < 0)
		return r;
	log->record_logged[place] = 1;
	log->records[log->n_records].pfn = pfn;
	memcpy(&log->records[log->n_records++].frame, &frames->frames[place],
	       sizeof(struct ds_frame));
	return 0;
}

/* The bytes of a frame, and which one it is. */
static struct ds_digest digest_bytes(struct ds_pfn pfn,
				     const unsigned char *bytes)
{
	struct ds_digest digest = ds_digest_bytes(bytes, DS_PAGE_SIZE);

	ds_digest_add(&digest, pfn.pfn);
	return digest;
}

static int log_slot(struct ds_frames *frames, struct ds_pfn pfn)
{
	struct ds_frame_log *log = frames->log;
	uint64_t place = place_of(frames, pfn);
	void *mem = log->bytes;
	unsigned char *copy;
	int r;

	if (log->slot_of[place])
		return 0;
	r = make_room(&mem, log->n_bytes, &log->max_bytes, sizeof(*log->bytes));
	log->bytes = mem;
	if (r < 0)
		return r;
	copy = malloc(DS_PAGE_SIZE);
	if (!copy)
		return -ENOMEM;
	memcpy(copy, page_of(frames, pfn), DS_PAGE_SIZE);
	log->bytes[log->n_bytes++] = (struct saved_bytes){
		.pfn = pfn,
		.copy = copy,
		.then = digest_bytes(pfn, copy),
	};
	log->slot_of[place] = log->n_bytes;
	return 0;
}

static int log_bytes(struct ds_frames *frames, struct ds_pfn pfn)
{
	struct ds_frame_log *log = frames->log;
	uint64_t place = place_of(frames, pfn);
	void *mem = log->changed;
	struct saved_bytes *saved;
	int r;

	r = log_slot(frames, pfn);
	if (r < 0)
		return r;
	saved = &log->bytes[log->slot_of[place] - 1];
	saved->known = false;
	if (saved->changed)
		return 0;
	r = make_room(&mem, log->n_changed, &log->max_changed,
		      sizeof(*log->changed));
	log->changed = mem;
	if (r < 0)
		return r;
	saved->changed = true;
	log->changed[log->n_changed++] = log->slot_of[place] - 1;
	return 0;
}

/* Before a record (or the bytes) of @pfn change. */
static void will_change(struct ds_frames *frames, struct ds_pfn pfn, bool bytes)
{
	struct ds_frame_log *log = frames->log;
	int r;

	if (!frames->marked)
		return;
	ds_spin_lock(&log->spin);
	r = bytes ? log_bytes(frames, pfn) : log_record(frames, pfn);
	ds_spin_unlock(&log->spin);
	if (r < 0)
		atomic_store(&log->lost, true);
}

int ds_frame_refs(struct ds_task *task, struct ds_frames *frames,
		  struct ds_pfn pfn)
{
	int refs;

	ds_touch(task, ds_frame_refs_object(frames, pfn), DS_READ);
	pfn = ds_frame_head(frames, pfn);
	refs = ds_frame_extra(record_of(frames, pfn)) + idle_of(frames, pfn);
	/* How many there are is for people: tasks ask whether it is idle. */
	ds_task_saw(task, refs == idle_of(frames, pfn));
	return refs;
}

bool ds_frame_is_busy(struct ds_task *task, struct ds_frames *frames,
		      struct ds_pfn pfn)
{
	const struct ds_frame *frame;
	uint64_t refs;
	int others;

	ds_touch(task, ds_frame_refs_object(frames, pfn), DS_READ);
	frame = record_of(frames, ds_frame_head(frames, pfn));
	refs = atomic_load(&frame->refs);
	others = ds_refs_extra(refs) - ds_refs_mapped(refs);
	ds_task_saw(task, others != 0);
	return others != 0;
}

bool ds_frame_is_mapped_once(struct ds_task *task, struct ds_frames *frames,
			     struct ds_pfn pfn)
{
	int mapped;

	ds_touch(task, ds_frame_refs_object(frames, pfn), DS_READ);
	mapped = ds_refs_mapped(record_of(frames, pfn)->refs);
	ds_task_saw(task, mapped == 1);
	return mapped == 1;
}

bool ds_frame_has_more(struct ds_task *task, struct ds_frames *frames,
		       struct ds_pfn pfn, int n)
{
	int refs;

	ds_touch(task, ds_frame_refs_object(frames, pfn), DS_READ);
	pfn = ds_frame_head(frames, pfn);
	refs = ds_frame_extra(record_of(frames, pfn)) + idle_of(frames, pfn);
	ds_task_saw(task, refs > n);
	return refs > n;
}

void ds_frame_get(struct ds_task *task, struct ds_frames *frames,
		  struct ds_pfn pfn)
{
	ds_frame_get_n(task, frames, pfn, 1);
}

void ds_frame_get_n(struct ds_task *task, struct ds_frames *frames,
		    struct ds_pfn pfn, int n)
{
	ds_touch(task, ds_frame_refs_object(frames, pfn), DS_ADD);
	pfn = ds_frame_head(frames, pfn);
	will_change(frames, pfn, false);
	ds_frame_add(record_of(frames, pfn), n);
}

bool ds_frame_try_get_n(struct ds_task *task, struct ds_frames *frames,
			struct ds_pfn pfn, int n)
{
	int idle = idle_of(frames, pfn);
	bool taken;

	ds_touch(task, ds_frame_refs_object(frames, pfn), DS_WRITE);
	pfn = ds_frame_head(frames, pfn);
	will_change(frames, pfn, false);
	taken = ds_frame_take(record_of(frames, pfn), idle, n);
	ds_task_saw(task, taken);
	return taken;
}

void ds_frame_mapped(struct ds_task *task, struct ds_frames *frames,
		     struct ds_pfn pfn)
{
	ds_touch(task, ds_frame_refs_object(frames, pfn), DS_ADD);
	pfn = ds_frame_head(frames, pfn);
	will_change(frames, pfn, false);
	/* At once: in between the page would look pinned. */
	atomic_fetch_add(&record_of(frames, pfn)->refs, DS_FRAME_REF + 1);
}

void ds_frame_copy_mapped(struct ds_task *task, struct ds_frames *frames,
			  struct ds_pfn pfn)
{
	ds_touch(task, ds_frame_refs_object(frames, pfn), DS_ADD);
	will_change(frames, pfn, false);
	atomic_fetch_add(&record_of(frames, pfn)->refs, 1);
}

void ds_frame_unmapped(struct ds_task *task, struct ds_frames *frames,
		       struct ds_pfn pfn)
{
	uint64_t before;

	ds_touch(task, ds_frame_refs_object(frames, pfn), DS_ADD);
	pfn = ds_frame_head(frames, pfn);
	will_change(frames, pfn, false);
	before = atomic_fetch_sub(&record_of(frames, pfn)->refs, 1);
	ds_assert(ds_refs_mapped(before) > 0);
}

/* The lowest free one below place @end; below *@hint none is. */
static bool new_ordinary(struct ds_task *task, struct ds_frames *frames,
			 uint64_t end, uint64_t *hint, struct ds_pfn *ret_pfn)
{
	uint64_t i;

	ds_touch(task, ds_anon_object(), DS_WRITE);
	ds_spin_lock(&frames->spin);
	for (i = *hint; i < end; i++)
		if (!ds_frame_extra(&frames->frames[frames->n + i]))
			break;
	*hint = i;
	if (i < end) {
		*ret_pfn = ds_pfn(DS_ANON_FIRST + i);
		will_change(frames, *ret_pfn, false);
		ds_frame_add(&frames->frames[frames->n + i], 1);
		++*hint;
	}
	ds_spin_unlock(&frames->spin);
	ds_task_saw(task, i);
	return i < end;
}

bool ds_frame_new_anon(struct ds_task *task, struct ds_frames *frames,
		       struct ds_pfn *ret_pfn)
{
	return new_ordinary(task, frames, DS_ANON_N / 2, &frames->anon_hint,
			    ret_pfn);
}

bool ds_frame_new_cached(struct ds_task *task, struct ds_frames *frames,
			 struct ds_pfn *ret_pfn)
{
	return new_ordinary(task, frames, DS_ANON_N, &frames->cached_hint,
			    ret_pfn);
}

/* An ordinary frame of which the last reference went may be taken again. */
static void give_back(struct ds_task *task, struct ds_frames *frames,
		      struct ds_pfn pfn)
{
	uint64_t *hint = ds_pfn_is_cached(pfn) ? &frames->cached_hint
					       : &frames->anon_hint;
	uint64_t i = pfn.pfn - DS_ANON_FIRST;

	ds_touch(task, ds_anon_object(), DS_WRITE);
	ds_spin_lock(&frames->spin);
	if (i < *hint)
		*hint = i;
	ds_spin_unlock(&frames->spin);
}

int ds_frame_put(struct ds_task *task, struct ds_frames *frames,
		 struct ds_pfn pfn)
{
	return ds_frame_put_n(task, frames, pfn, 1);
}

int ds_frame_put_n(struct ds_task *task, struct ds_frames *frames,
		   struct ds_pfn pfn, int n)
{
	int left;

	ds_touch(task, ds_frame_refs_object(frames, pfn), DS_WRITE);
	pfn = ds_frame_head(frames, pfn);
	will_change(frames, pfn, false);
	left = ds_frame_add(record_of(frames, pfn), -n);
	/* A folio split under its pins leaves them frames with no count. */
	ds_assert(left >= 0 || frames->huge_order);
	ds_task_saw(task, left == 0);
	if (left == 0 && ds_pfn_is_ordinary(pfn))
		give_back(task, frames, pfn);
	return left + idle_of(frames, pfn);
}

static void send_pin(struct ds_task *task, enum ds_event_kind kind,
		     struct ds_pfn pfn, uint32_t inode, struct ds_pgidx page)
{
	struct ds_event event = {
		.kind = kind,
		.inode = inode,
		.page = page,
		.pfn = pfn,
	};

	ds_task_send(task, &event);
}

int ds_frame_hold(struct ds_task *task, struct ds_frames *frames,
		  struct ds_pfn pfn, uint32_t inode, struct ds_pgidx page,
		  int refs)
{
	struct ds_holder *holder;

	if (!frames->keep_holders)
		return 0;
	ds_touch(task, ds_holders_object(inode), DS_ADD);
	holder = ds_arena_alloc(frames->arena, sizeof(*holder));
	if (!holder)
		return ds_task_void(task, -ENOMEM);
	*holder = (struct ds_holder){
		.pfn = pfn,
		.inode = inode,
		.page = page,
		.task = task->id,
		.refs = refs,
	};
	ds_spin_lock(&frames->spin);
	holder->next = frames->holders;
	frames->holders = holder;
	ds_spin_unlock(&frames->spin);
	send_pin(task, DS_EV_PINNED, pfn, inode, page);
	return 0;
}

/*
 * Takes out a record of the pin: @task's own if it has one, for a pin may be
 * dropped by another task than took it.
 */
static struct ds_holder *take_out(struct ds_frames *frames, unsigned int task,
				  struct ds_pfn pfn, uint32_t inode,
				  struct ds_pgidx page, int refs)
{
	struct ds_holder **found = NULL;
	struct ds_holder **link = &frames->holders;
	struct ds_holder *holder;

	for (; *link; link = &(*link)->next) {
		holder = *link;
		if (holder->pfn.pfn != pfn.pfn || holder->inode != inode ||
		    holder->page.pgidx != page.pgidx || holder->refs != refs)
			continue;
		/* Another order of the list means nothing: by number. */
		if (!found || holder->task == task ||
		    ((*found)->task != task && holder->task < (*found)->task))
			found = link;
	}
	if (!found)
		return NULL;
	holder = *found;
	*found = holder->next;
	return holder;
}

void ds_frame_unhold(struct ds_task *task, struct ds_frames *frames,
		     struct ds_pfn pfn, uint32_t inode, struct ds_pgidx page,
		     int refs)
{
	struct ds_holder *holder;

	if (!frames->keep_holders)
		return;
	ds_touch(task, ds_holders_object(inode), DS_ADD);
	ds_spin_lock(&frames->spin);
	holder = take_out(frames, task->id, pfn, inode, page, refs);
	ds_spin_unlock(&frames->spin);
	ds_assert(holder);
	ds_arena_release(frames->arena, holder, sizeof(*holder));
	send_pin(task, DS_EV_UNPINNED, pfn, inode, page);
}

/* Under frames->spin: who owns a page and where belong together. */
static void set_owner(struct ds_task *task, struct ds_frames *frames,
		      struct ds_pfn pfn, uint32_t inode, uint64_t index)
{
	ds_touch(task, ds_frame_owner_object(frames, pfn), DS_WRITE);
	will_change(frames, pfn, false);
	record_of(frames, pfn)->mapping = inode;
	record_of(frames, pfn)->index = index;
}

uint32_t ds_frame_associate(struct ds_task *task, struct ds_frames *frames,
			    struct ds_pfn pfn, uint32_t inode,
			    struct ds_pgidx page)
{
	uint32_t before;

	ds_spin_lock(&frames->spin);
	before = record_of(frames, pfn)->mapping;
	set_owner(task, frames, pfn, inode, page.pgidx);
	ds_spin_unlock(&frames->spin);
	return before;
}

void ds_frame_join(struct ds_task *task, struct ds_frames *frames,
		   struct ds_pfn head, unsigned int order)
{
	uint64_t i;

	ds_touch(task, ds_frame_refs_object(frames, head), DS_WRITE);
	ds_assert(order > 0 && order == frames->huge_order);
	for (i = 0; i < UINT64_C(1) << order; i++) {
		struct ds_frame *frame = &frames->frames[head.pfn + i];

		will_change(frames, ds_pfn(head.pfn + i), false);
		frame->order = i ? 0 : (uint8_t)order;
		__atomic_store_n(&frame->behind, (uint16_t)i, __ATOMIC_RELEASE);
	}
}

void ds_frame_split(struct ds_task *task, struct ds_frames *frames,
		    struct ds_pfn head)
{
	unsigned int order = frames->frames[head.pfn].order;
	uint64_t i;

	ds_touch(task, ds_frame_refs_object(frames, head), DS_WRITE);
	for (i = 0; i < UINT64_C(1) << order; i++) {
		struct ds_frame *frame = &frames->frames[head.pfn + i];

		will_change(frames, ds_pfn(head.pfn + i), false);
		frame->order = 0;
		__atomic_store_n(&frame->behind, 0, __ATOMIC_RELEASE);
	}
}

void ds_frame_associate_shared(struct ds_task *task, struct ds_frames *frames,
			       struct ds_pfn pfn, uint32_t inode,
			       struct ds_pgidx page)
{
	struct ds_frame *frame = record_of(frames, pfn);

	ds_spin_lock(&frames->spin);
	if (frames->pte_holds_ref && frame->mapping == 0)
		set_owner(task, frames, pfn, inode, page.pgidx);
	else if (frame->mapping == DS_SHARED_MAPPING)
		set_owner(task, frames, pfn, DS_SHARED_MAPPING,
			  frame->index + 1);
	else
		set_owner(task, frames, pfn, DS_SHARED_MAPPING,
			  frame->mapping ? 2 : 1);
	ds_spin_unlock(&frames->spin);
}

uint32_t ds_frame_dissociate(struct ds_task *task, struct ds_frames *frames,
			     struct ds_pfn pfn)
{
	struct ds_frame *frame = record_of(frames, pfn);
	uint32_t before;

	ds_spin_lock(&frames->spin);
	before = frame->mapping;
	if (frame->mapping == DS_SHARED_MAPPING && frame->index > 1)
		set_owner(task, frames, pfn, DS_SHARED_MAPPING,
			  frame->index - 1);
	else
		set_owner(task, frames, pfn, 0, 0);
	ds_spin_unlock(&frames->spin);
	return before;
}

void ds_frame_share_block(struct ds_task *task, struct ds_frames *frames,
			  struct ds_pfn pfn)
{
	ds_touch(task, ds_shares_object(pfn), DS_WRITE);
	will_change(frames, pfn, false);
	ds_spin_lock(&frames->spin);
	ds_assert(frames->frames[pfn.pfn].file != 0);
	/* Who has it already may be looking at this. */
	if (frames->frames[pfn.pfn].file != DS_SHARED_FILE)
		frames->frames[pfn.pfn].file = DS_SHARED_FILE;
	frames->frames[pfn.pfn].others++;
	ds_spin_unlock(&frames->spin);
}

bool ds_frame_unshare_block(struct ds_task *task, struct ds_frames *frames,
			    struct ds_pfn pfn)
{
	bool last;

	ds_touch(task, ds_shares_object(pfn), DS_WRITE);
	will_change(frames, pfn, false);
	ds_spin_lock(&frames->spin);
	last = frames->frames[pfn.pfn].others == 0;
	if (!last)
		frames->frames[pfn.pfn].others--;
	ds_spin_unlock(&frames->spin);
	ds_task_saw(task, last);
	return last;
}

bool ds_frame_has_others(struct ds_task *task, struct ds_frames *frames,
			 struct ds_pfn pfn)
{
	bool others;

	ds_touch(task, ds_shares_object(pfn), DS_READ);
	ds_spin_lock(&frames->spin);
	others = frames->frames[pfn.pfn].others != 0;
	ds_spin_unlock(&frames->spin);
	ds_task_saw(task, others);
	return others;
}

void ds_frame_set_poisoned(struct ds_task *task, struct ds_frames *frames,
			   struct ds_pfn pfn, bool poisoned)
{
	ds_touch(task, ds_bytes_object(pfn), DS_WRITE);
	will_change(frames, pfn, false);
	__atomic_store_n(&frames->frames[pfn.pfn].poisoned, poisoned,
			 __ATOMIC_RELAXED);
}

bool ds_frame_look_poisoned(struct ds_task *task,
			    const struct ds_frames *frames, struct ds_pfn pfn)
{
	bool poisoned;

	if (ds_pfn_is_anon(pfn))
		return false;
	poisoned = __atomic_load_n(&frames->frames[pfn.pfn].poisoned,
				   __ATOMIC_RELAXED);
	ds_task_saw(task, poisoned);
	return poisoned;
}

uint32_t ds_frame_look_owner(struct ds_frames *frames, struct ds_pfn pfn,
			     struct ds_pgidx *ret_page)
{
	struct ds_pfn head = ds_frame_head(frames, pfn);
	const struct ds_frame *frame = record_of(frames, head);
	uint32_t owner;

	ds_spin_lock(&frames->spin);
	owner = frame->mapping;
	*ret_page = ds_pgidx(frame->index + pfn.pfn - head.pfn);
	ds_spin_unlock(&frames->spin);
	return owner;
}

uint32_t ds_frame_owner(struct ds_task *task, struct ds_frames *frames,
			struct ds_pfn pfn, struct ds_pgidx *ret_page)
{
	uint32_t owner = ds_frame_look_owner(frames, pfn, ret_page);

	ds_touch(task, ds_frame_owner_object(frames, pfn), DS_READ);
	ds_task_saw(task, owner);
	ds_task_saw(task, ret_page->pgidx);
	return owner;
}

void ds_frame_set_file(struct ds_frames *frames, struct ds_pfn pfn,
		       uint32_t inode)
{
	will_change(frames, pfn, false);
	record_of(frames, pfn)->file = inode;
}

static unsigned char *bytes_at(struct ds_frames *frames, struct ds_pfn pfn,
			       uint64_t offset, size_t len)
{
	ds_assert(offset <= DS_PAGE_SIZE && len <= DS_PAGE_SIZE - offset);
	return page_of(frames, pfn) + offset;
}

/* Free tasks move many pages; tasks that take turns look at few, and soon. */
static void put_bytes(const struct ds_task *task, void *target,
		      const void *source, size_t len)
{
	if (task->controlled)
		ds_copy_bytes(target, source, len);
	else
		ds_stream_bytes(target, source, len);
}

void ds_frame_read(struct ds_task *task, struct ds_frames *frames,
		   struct ds_pfn pfn, uint64_t offset, void *buf, size_t len)
{
	ds_touch(task, ds_bytes_object(pfn), DS_READ);
	ds_copy_bytes(buf, bytes_at(frames, pfn, offset, len), len);
	ds_task_saw_bytes(task, buf, len);
}

void ds_frame_stream(struct ds_task *task, struct ds_frames *frames,
		     struct ds_pfn pfn, uint64_t offset, const void *buf,
		     size_t len)
{
	ds_touch(task, ds_bytes_object(pfn), DS_WRITE);
	will_change(frames, pfn, true);
	put_bytes(task, bytes_at(frames, pfn, offset, len), buf, len);
}

void ds_frame_stream_zeros(struct ds_task *task, struct ds_frames *frames,
			   struct ds_pfn pfn, uint64_t offset, size_t len)
{
	ds_touch(task, ds_bytes_object(pfn), DS_WRITE);
	will_change(frames, pfn, true);
	if (task->controlled)
		ds_zero_bytes(bytes_at(frames, pfn, offset, len), len);
	else
		ds_stream_zeros(bytes_at(frames, pfn, offset, len), len);
}

void ds_frame_stream_end(const struct ds_task *task)
{
	if (!task->controlled)
		ds_stream_end();
}

void ds_frame_write(struct ds_task *task, struct ds_frames *frames,
		    struct ds_pfn pfn, uint64_t offset, const void *buf,
		    size_t len)
{
	ds_frame_stream(task, frames, pfn, offset, buf, len);
	ds_frame_stream_end(task);
}

void ds_frame_zero(struct ds_task *task, struct ds_frames *frames,
		   struct ds_pfn pfn, uint64_t offset, size_t len)
{
	ds_frame_stream_zeros(task, frames, pfn, offset, len);
	ds_frame_stream_end(task);
}

void ds_frame_copy(struct ds_task *task, struct ds_frames *frames,
		   struct ds_pfn to, struct ds_pfn from)
{
	ds_touch(task, ds_bytes_object(from), DS_READ);
	will_change(frames, to, true);
	put_bytes(task, page_of(frames, to), page_of(frames, from),
		  DS_PAGE_SIZE);
	ds_frame_stream_end(task);
}

static struct ds_digest digest_record(struct ds_pfn pfn,
				      const struct ds_frame *frame)
{
	struct ds_digest digest = {pfn.pfn, pfn.pfn};

	ds_digest_add(&digest, atomic_load(&frame->refs));
	ds_digest_add(&digest, (uint64_t)frame->mapping << 32 | frame->file);
	ds_digest_add(&digest, frame->index);
	ds_digest_add(&digest, frame->others);
	ds_digest_add(&digest, (uint64_t)frame->poisoned << 32 |
				       (uint64_t)frame->order << 16 |
				       frame->behind);
	return digest;
}

static bool records_differ(const struct ds_frame *a, const struct ds_frame *b)
{
	return atomic_load(&a->refs) != atomic_load(&b->refs) ||
	       a->mapping != b->mapping || a->file != b->file ||
	       a->index != b->index || a->order != b->order ||
	       a->behind != b->behind || a->poisoned != b->poisoned ||
	       a->others != b->others;
}

/* Not: when it was taken, nor the order of the list. */
static struct ds_digest digest_holder(const struct ds_holder *holder)
{
	struct ds_digest digest = {holder->task, holder->task};

	ds_digest_add(&digest, holder->pfn.pfn);
	ds_digest_add(&digest, holder->inode);
	ds_digest_add(&digest, holder->page.pgidx);
	ds_digest_add(&digest, (uint64_t)holder->refs);
	return digest;
}

/* Of a frame that is again as it was at the mark nothing is left in the sum. */
static void join_changes(const struct ds_frames *frames, struct ds_digest *sum)
{
	const struct ds_frame_log *log = frames->log;
	size_t i;

	for (i = 0; i < log->n_records; i++) {
		const struct saved_record *record = &log->records[i];
		const struct ds_frame *frame = record_of(frames, record->pfn);

		if (records_differ(frame, &record->frame))
			ds_digest_join(sum, digest_record(record->pfn, frame));
	}
	for (i = 0; i < log->n_changed; i++) {
		struct saved_bytes *saved = &log->bytes[log->changed[i]];

		/* Who takes it next writes all of it first. */
		if (ds_pfn_is_ordinary(saved->pfn) &&
		    !ds_frame_extra(record_of(frames, saved->pfn)))
			continue;
		if (!saved->known)
			saved->now = digest_bytes(
				saved->pfn, ds_frame_bytes(frames, saved->pfn));
		saved->known = true;
		if (!ds_digest_equal(saved->now, saved->then))
			ds_digest_join(sum, saved->now);
	}
}

void ds_frames_digest(const struct ds_frames *frames, struct ds_digest *digest)
{
	const struct ds_holder *holder;
	struct ds_digest sum = {0, 0};

	join_changes(frames, &sum);
	for (holder = frames->holders; holder; holder = holder->next)
		ds_digest_join(&sum, digest_holder(holder));
	ds_digest_add_all(digest, sum);
}

const struct ds_frame *ds_frame_view(const struct ds_frames *frames,
				     struct ds_pfn pfn)
{
	return record_of(frames, pfn);
}

const unsigned char *ds_frame_bytes(const struct ds_frames *frames,
				    struct ds_pfn pfn)
{
	return page_of(frames, pfn);
}
