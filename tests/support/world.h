/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef TESTS_SUPPORT_WORLD_H
#define TESTS_SUPPORT_WORLD_H

/*
 * A world on a memfd, calls made in it outside a run, and runs whose schedule
 * a test writes down as legs: this task up to that point, then that one.
 *
 * Tasks only record, in the jobs they are given: the test asserts when the run
 * is over.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/falloc.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "file/extents.h"
#include "file/fault.h"
#include "file/layout.h"
#include "file/truncate.h"
#include "fs/common.h"
#include "fs/profiles.h"
#include "race/world.h"

#define T_PAGE DS_PAGE_SIZE

enum {
	T_EVENTS = 512,
	T_KEEP = FALLOC_FL_KEEP_SIZE,
	T_PUNCH = FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
	T_COLLAPSE = FALLOC_FL_COLLAPSE_RANGE,
	T_INSERT = FALLOC_FL_INSERT_RANGE,
	T_ZERO = FALLOC_FL_ZERO_RANGE,
	T_UNSHARE = FALLOC_FL_UNSHARE_RANGE,
};

struct t_world;

/* Runs task @task until it stands before @at, for the @nth time in this leg. */
struct t_leg {
	unsigned int task;
	enum ds_at at;
	unsigned int nth;                /* 0 is 1 */
	void (*then)(struct t_world *t); /* looks around there */
};

struct t_world {
	struct ds_region *region;
	struct ds_world *world;
	struct ds_super *super;
	struct ds_space *space;
	struct ds_frames *frames;
	struct ds_task *setup;
	void *note; /* the test's own */

	/* the events of a run, without what is only told */
	unsigned int n_events;
	struct ds_event events[T_EVENTS];

	/* the schedule */
	const struct t_leg *legs;
	size_t n_legs, leg;
	unsigned int n_hits;
	size_t astray; /* the first leg that was not run to its end, from 1 */

	/* the steps of one task, as words; see t_word() */
	unsigned int followed;
	char steps[1024];
};

/* What a task does: one call. */
struct t_job {
	struct t_world *t;
	struct ds_file *file;
	int mode;
	int64_t offset, len;
	uint64_t addr;
	struct ds_task *target; /* of a signal */
	struct ds_direct direct;
	unsigned char value; /* of bytes written, or the first one read */
	bool done;
	int64_t result;
};

/* ------------------------------- The world -------------------------------- */

static inline void t_note_event(void *arg, const struct ds_event *event)
{
	struct t_world *t = arg;

	if (event->kind != DS_EV_TOLD && t->n_events < T_EVENTS)
		t->events[t->n_events++] = *event;
}

static inline void t_open_with(struct t_world *t,
			       const struct ds_world_options *asked,
			       uint64_t n_pages)
{
	struct ds_region_options region = {.size = n_pages * T_PAGE};
	struct ds_world_options options = *asked;
	char why[256];

	memset(t, 0, sizeof(*t));
	assert_non_null(options.profile);
	assert_int_equal(ds_region_open(&region, &t->region, why, sizeof(why)),
			 0);
	options.region = t->region;
	assert_int_equal(ds_world_new(&options, &t->world), 0);
	t->super = t->world->super;
	t->space = t->world->space;
	t->frames = t->world->frames;
	t->setup = t->world->setup;
	ds_events_observe(&t->world->events, t_note_event, t);
}

static inline void t_open_sized(struct t_world *t, const char *fs,
				uint64_t n_pages)
{
	const struct ds_world_options options = {
		.profile = ds_profile_find(fs),
		.n_zones = 1,
		.table_bits = 4,
		.tree_shift = 2,
		.shadow = true,
		.checked = true,
	};

	t_open_with(t, &options, n_pages);
}

static inline void t_open(struct t_world *t, const char *fs)
{
	t_open_sized(t, fs, 1024);
}

/* The same with huge pages of 2^@order pages. */
static inline void t_open_huge(struct t_world *t, const char *fs,
			       unsigned int order)
{
	const struct ds_world_options options = {
		.profile = ds_profile_find(fs),
		.n_zones = 1,
		.table_bits = 4,
		.tree_shift = 2,
		.huge_order = order,
		.shadow = true,
		.checked = true,
	};

	t_open_with(t, &options, 1024);
}

static inline void t_close(struct t_world *t)
{
	ds_world_free(t->world);
	ds_region_close(t->region);
}

/* ------------------------- Calls outside a run ---------------------------- */

static inline struct ds_file *t_open_file(struct t_world *t, const char *name,
					  int flags)
{
	struct ds_file *file = NULL;

	assert_int_equal(ds_vfs_open(t->setup, t->super, name, flags, &file),
			 0);
	return file;
}

/* The byte that page @page of a new file is full of. */
static inline unsigned char t_pattern(uint64_t page)
{
	return (unsigned char)(0x10 + page);
}

static inline void t_fill(struct t_world *t, struct ds_file *file,
			  uint64_t page, unsigned char byte)
{
	unsigned char bytes[DS_PAGE_SIZE];

	memset(bytes, byte, sizeof(bytes));
	assert_int_equal(ds_vfs_pwrite(t->setup, file, bytes, sizeof(bytes),
				       (int64_t)(page * T_PAGE)),
			 sizeof(bytes));
}

/* A file of @n_pages written pages. */
static inline struct ds_file *t_file(struct t_world *t, const char *name,
				     uint64_t n_pages)
{
	struct ds_file *file = t_open_file(t, name, O_RDWR | O_CREAT);
	uint64_t i;

	for (i = 0; i < n_pages; i++)
		t_fill(t, file, i, t_pattern(i));
	return file;
}

/* The same with blocks that lie together, aligned where the world aligns. */
static inline struct ds_file *t_file_together(struct t_world *t,
					      const char *name,
					      uint64_t n_pages)
{
	struct ds_file *file = t_open_file(t, name, O_RDWR | O_CREAT);
	uint64_t i;

	assert_int_equal(ds_vfs_fallocate(t->setup, file, 0, 0,
					  (int64_t)(n_pages * T_PAGE)),
			 0);
	for (i = 0; i < n_pages; i++)
		t_fill(t, file, i, t_pattern(i));
	return file;
}

static inline int t_fallocate(struct t_world *t, struct ds_file *file, int mode,
			      int64_t offset, int64_t len)
{
	return ds_vfs_fallocate(t->setup, file, mode, offset, len);
}

static inline int t_truncate(struct t_world *t, struct ds_file *file,
			     int64_t size)
{
	return ds_vfs_ftruncate(t->setup, file, size);
}

/* Maps pages of @file for reading and writing. Return: their address. */
static inline uint64_t t_map(struct t_world *t, struct ds_file *file,
			     uint64_t page, uint64_t n_pages)
{
	uint64_t addr = 0;

	assert_int_equal(ds_vfs_mmap(t->setup, t->space, file, page * T_PAGE,
				     n_pages * T_PAGE, true, &addr),
			 0);
	return addr;
}

static inline void t_unmap(struct t_world *t, uint64_t addr, uint64_t n_pages)
{
	struct ds_vpn first = {ds_page_down(addr)};

	assert_int_equal(ds_space_unmap(t->setup, t->space, first,
					(struct ds_vpn){first.vpn + n_pages}),
			 0);
}

static inline int64_t t_store(struct t_world *t, uint64_t addr,
			      unsigned char byte)
{
	return ds_space_access(t->setup, t->space, addr, &byte, 1, true);
}

/* Return: the byte at @addr, or what the load returned if not 1. */
static inline int64_t t_load(struct t_world *t, uint64_t addr)
{
	unsigned char byte = 0;
	int64_t r = ds_space_access(t->setup, t->space, addr, &byte, 1, false);

	return r == 1 ? byte : r;
}

/* Return: the byte at @offset as read() sees it, -1 at the end of file. */
static inline int t_byte(struct t_world *t, struct ds_file *file,
			 uint64_t offset)
{
	unsigned char byte = 0;
	int64_t r = ds_vfs_pread(t->setup, file, &byte, 1, (int64_t)offset);

	assert_in_range(r, 0, 1);
	return r == 1 ? byte : -1;
}

/* Whether all bytes of [first, end) are @byte. */
static inline bool t_all_are(struct t_world *t, struct ds_file *file,
			     uint64_t first, uint64_t end, unsigned char byte)
{
	while (first < end && t_byte(t, file, first) == byte)
		first++;
	return first == end;
}

static inline uint64_t t_size(const struct ds_file *file)
{
	return atomic_load(&file->inode->size);
}

/* The block under @page, 0 if there is none. */
static inline struct ds_pfn t_block(const struct ds_file *file, uint64_t page)
{
	struct ds_extent run =
		ds_extmap_lookup(file->inode->extents, ds_pgidx(page));

	if (run.state == DS_EXT_HOLE)
		return ds_pfn(0);
	return ds_pfn(run.pfn.pfn + page - run.page.pgidx);
}

static inline uint64_t t_entry(const struct ds_file *file, uint64_t page)
{
	return ds_mapping_view(&file->inode->mapping, ds_pgidx(page));
}

static inline bool t_is_dirty(const struct ds_file *file, uint64_t page)
{
	return ds_xtree_has_tag(file->inode->mapping.tree, ds_pgidx(page),
				DS_XTREE_DIRTY);
}

static inline uint64_t t_pte(const struct t_world *t, uint64_t addr)
{
	return ds_pgtable_read(&t->space->table,
			       (struct ds_vpn){ds_page_down(addr)});
}

/* References beyond idle. */
static inline int t_extra(const struct t_world *t, struct ds_pfn pfn)
{
	return ds_frame_extra(ds_frame_view(t->frames, pfn));
}

/* Those of page-table entries among them. */
static inline int t_mapped(const struct t_world *t, struct ds_pfn pfn)
{
	return ds_refs_mapped(ds_frame_view(t->frames, pfn)->refs);
}

/*
 * The extents of @file as text: lengths of runs in order, of written blocks,
 * unwritten blocks or holes: "2w 1- 3u".
 */
static inline void t_assert_extents(const struct ds_file *file,
				    const char *expected)
{
	static const char states[] = {'-', 'w', 'u'};
	struct ds_extmap *map = file->inode->extents;
	struct ds_pgidx page = {0};
	char text[256] = "";

	while (page.pgidx < ds_extmap_end(map).pgidx) {
		struct ds_extent run = ds_extmap_lookup(map, page);
		uint64_t n = run.n_pages;
		size_t used = strlen(text);

		/* Runs of one state count as one, wherever their blocks are. */
		for (page.pgidx += n; page.pgidx < ds_extmap_end(map).pgidx;
		     page.pgidx += n) {
			struct ds_extent next = ds_extmap_lookup(map, page);

			if (next.state != run.state)
				break;
			n = next.n_pages;
			run.n_pages += n;
		}
		snprintf(text + used, sizeof(text) - used, "%s%llu%c",
			 used ? " " : "", (unsigned long long)run.n_pages,
			 states[run.state]);
	}
	assert_string_equal(text, expected);
}

/* ------------------------------- Schedules -------------------------------- */

/*
 * A short word for a step of an operation, "" for one of no interest:
 *	+i -i	inode lock exclusive, given back; +s shared
 *	+f -f	fault lock exclusive, shared as +F -f
 *	+j -j	a handle on the journal, +J a commit
 *	+x -x	extents lock exclusive
 */
static inline const char *t_word(const struct ds_task *task)
{
	static const char *const words[DS_AT_N_POINTS] = {
		[DS_AT_MAPPED_TEST] = "mapped?",
		[DS_AT_PTE_CLEAR] = "unmap",
		[DS_AT_BUSY_TEST] = "busy?",
		[DS_AT_ENTRY_DELETE] = "drop",
		[DS_AT_ENTRY_FILL] = "fill",
		[DS_AT_PTE_SET] = "map",
		[DS_AT_SIZE_WRITE] = "size",
		[DS_AT_EXTENT_CHANGE] = "extents",
		[DS_AT_BLOCK_ALLOC] = "alloc",
		[DS_AT_BLOCK_FREE] = "free",
		[DS_AT_BYTES_WRITE] = "bytes",
		[DS_AT_BYTES_READ] = "flush",
		[DS_AT_COUNT] = "dio?",
	};
	static const char *const locks[3][6] = {
		{"+s", "", "+F", "+j", "", ""},
		{"+i", "", "+f", "+J", "+x", ""},
		{"-i", "", "-f", "-j", "-x", ""},
	};
	uint32_t id = task->accesses[0].obj >> 32 & 0xffffff;
	unsigned int which, how;

	switch (task->at) {
	case DS_AT_LOCK_SHARED:
		how = 0;
		break;
	case DS_AT_LOCK_EXCLUSIVE:
		how = 1;
		break;
	case DS_AT_UNLOCK:
		how = 2;
		/* Shared holders of the extents lock only look. */
		if (task->n_accesses == 1 && id >= 0x40000 &&
		    task->accesses[0].how == DS_ADD)
			return "";
		break;
	default:
		return words[task->at] ? words[task->at] : "";
	}
	switch (id >> 16) {
	case 2:
		which = 0;
		break;
	case 3:
		which = 2;
		break;
	case 4:
		which = 4;
		break;
	default:
		which = id == 0 ? 3 : 1;
	}
	return locks[how][which];
}

/* Repeats of a word count once. */
static inline void t_follow(struct t_world *t, const struct ds_task *task)
{
	const char *word = t_word(task);
	size_t used = strlen(t->steps), n = strlen(word);

	if (!n)
		return;
	if (used >= n && strcmp(t->steps + used - n, word) == 0 &&
	    (used == n || t->steps[used - n - 1] == ' '))
		return;
	snprintf(t->steps + used, sizeof(t->steps) - used, "%s%s",
		 used ? " " : "", word);
}

static inline bool t_reached(struct t_world *t, const struct ds_sched *sched,
			     unsigned int last)
{
	const struct t_leg *leg = &t->legs[t->leg];
	const struct ds_task *task = sched->tasks[leg->task];

	if (task->at == leg->at && (t->n_hits == 0 || last == leg->task))
		t->n_hits++;
	if (t->n_hits < (leg->nth ? leg->nth : 1) || task->at != leg->at)
		return false;
	if (leg->then)
		leg->then(t);
	return true;
}

static inline int t_pick(void *arg, const struct ds_sched *sched,
			 uint32_t enabled, unsigned int last)
{
	struct t_world *t = arg;
	unsigned int task = (unsigned int)__builtin_ctz(enabled);

	while (t->leg < t->n_legs) {
		unsigned int wanted = t->legs[t->leg].task;

		if (!t_reached(t, sched, last)) {
			if (enabled >> wanted & 1) {
				task = wanted;
				break;
			}
			if (!t->astray)
				t->astray = t->leg + 1;
		}
		t->leg++;
		t->n_hits = 0;
		last = DS_TASKS_MAX;
	}
	if (task == t->followed)
		t_follow(t, sched->tasks[task]);
	return (int)task;
}

static inline struct ds_task *t_task(struct t_world *t, const char *name,
				     ds_task_fn fn, struct t_job *job)
{
	struct ds_task *task = NULL;

	job->t = t;
	assert_int_equal(ds_sched_spawn(t->world->sched, t->world->arena, name,
					fn, job, &task),
			 0);
	return task;
}

/*
 * Runs all tasks: first the legs, then always the first task that can go on.
 * Every leg must be reached.
 */
static inline enum ds_run_end t_run(struct t_world *t, const struct t_leg *legs,
				    size_t n_legs)
{
	struct ds_sched *sched = t->world->sched;
	enum ds_run_end end;

	t->legs = legs;
	t->n_legs = n_legs;
	t->leg = 0;
	t->n_hits = 0;
	t->n_events = 0;
	sched->strategy.pick = t_pick;
	sched->strategy.arg = t;
	sched->max_steps = 10000;
	if (!sched->host)
		assert_int_equal(ds_sched_prepare(sched, DS_TURNS_FIBER), 0);
	end = ds_sched_run(sched);
	/* A leg whose task is done when nobody is left was reached. */
	if (t->leg < n_legs && !t_reached(t, sched, DS_TASKS_MAX))
		t->astray = t->leg + 1;
	assert_int_equal(t->astray, 0);
	ds_checks_quiet(t->world->checks);
	return end;
}

#define T_N(array) (sizeof(array) / sizeof((array)[0]))

/* Runs @fn alone and compares its steps, see t_word(). */
static inline void t_assert_steps(struct t_world *t, ds_task_fn fn,
				  struct t_job *job, const char *expected)
{
	t_task(t, "task", fn, job);
	assert_int_equal(t_run(t, NULL, 0), DS_RUN_DONE);
	assert_int_equal(job->result, 0);
	assert_string_equal(t->steps, expected);
}

/* ------------------------------- Findings --------------------------------- */

static inline void t_assert_broken(const struct t_world *t, uint32_t expected)
{
	const struct ds_checks *checks = t->world->checks;
	uint32_t broken = ds_checks_broken(checks);
	unsigned int i;

	for (i = 0; i < DS_N_PROPERTIES; i++)
		if ((broken ^ expected) >> i & 1)
			print_error("%s%s: %s\n",
				    broken >> i & 1 ? "" : "not broken: ",
				    ds_property((enum ds_property_id)i)->name,
				    checks->findings[i].text);
	assert_int_equal(broken, expected);
}

static inline void t_assert_holds(const struct t_world *t)
{
	t_assert_broken(t, 0);
}

static inline bool t_broke(const struct t_world *t, enum ds_property_id id)
{
	return t->world->checks->findings[id].found;
}

/* The first event of that kind at or behind number @from, or NULL. */
static inline const struct ds_event *t_event(const struct t_world *t,
					     enum ds_event_kind kind,
					     unsigned int from)
{
	unsigned int i;

	for (i = from; i < t->n_events; i++)
		if (t->events[i].kind == kind)
			return &t->events[i];
	return NULL;
}

static inline unsigned int t_n_events(const struct t_world *t,
				      enum ds_event_kind kind)
{
	unsigned int i, n = 0;

	for (i = 0; i < t->n_events; i++)
		n += t->events[i].kind == kind;
	return n;
}

/* -------------------------------- Jobs ------------------------------------ */

static inline void t_end(struct t_job *job, int64_t result)
{
	job->result = result;
	job->done = true;
}

static inline void t_do_fallocate(struct ds_task *task, void *arg)
{
	struct t_job *job = arg;

	t_end(job, ds_vfs_fallocate(task, job->file, job->mode, job->offset,
				    job->len));
}

/* To @len bytes. */
static inline void t_do_truncate(struct ds_task *task, void *arg)
{
	struct t_job *job = arg;

	t_end(job, ds_vfs_ftruncate(task, job->file, job->len));
}

static inline void t_do_fsync(struct ds_task *task, void *arg)
{
	struct t_job *job = arg;

	t_end(job, ds_vfs_fsync(task, job->file));
}

static inline void t_do_write(struct ds_task *task, void *arg)
{
	struct t_job *job = arg;
	unsigned char bytes[2 * DS_PAGE_SIZE];

	memset(bytes, job->value, sizeof(bytes));
	t_end(job, ds_vfs_pwrite(task, job->file, bytes, (size_t)job->len,
				 job->offset));
}

static inline void t_do_read(struct ds_task *task, void *arg)
{
	struct t_job *job = arg;
	unsigned char bytes[2 * DS_PAGE_SIZE] = {0};

	t_end(job, ds_vfs_pread(task, job->file, bytes, (size_t)job->len,
				job->offset));
	job->value = bytes[0];
}

static inline void t_do_store(struct ds_task *task, void *arg)
{
	struct t_job *job = arg;

	t_end(job, ds_space_access(task, job->t->space, job->addr, &job->value,
				   1, true));
}

static inline void t_do_load(struct ds_task *task, void *arg)
{
	struct t_job *job = arg;

	t_end(job, ds_space_access(task, job->t->space, job->addr, &job->value,
				   1, false));
}

/* A direct read into @len bytes at @addr, of bytes @value. */
static inline void t_do_direct_read(struct ds_task *task, void *arg)
{
	struct t_job *job = arg;
	unsigned char bytes[4 * DS_PAGE_SIZE];
	int64_t r;

	memset(bytes, job->value, sizeof(bytes));
	r = ds_direct_begin(task, job->t->space, job->addr, (size_t)job->len,
			    true, &job->direct);
	if (r > 0) {
		ds_direct_transfer(task, &job->direct, bytes);
		ds_direct_end(task, &job->direct);
	}
	t_end(job, r);
}

static inline void t_do_unmap(struct ds_task *task, void *arg)
{
	struct t_job *job = arg;
	struct ds_vpn first = {ds_page_down(job->addr)};
	struct ds_vpn end = {first.vpn + ds_page_up((uint64_t)job->len)};

	t_end(job, ds_space_unmap(task, job->t->space, first, end));
}

static inline void t_do_signal(struct ds_task *task, void *arg)
{
	struct t_job *job = arg;

	ds_task_signal(task, job->target);
	t_end(job, 0);
}

/*
 * Frees the blocks of the range under all locks, but waits for nobody and drops
 * no page before: the rule that everything here is about, broken.
 */
static inline void t_do_remove_rudely(struct ds_task *task, void *arg)
{
	struct t_job *job = arg;
	struct ds_inode *inode = job->file->inode;
	uint64_t first = ds_page_down((uint64_t)job->offset);
	uint64_t n = ds_page_up((uint64_t)job->len);

	ds_rwsem_lock(task, &inode->lock, DS_EXCLUSIVE);
	ds_inode_lock_faults(task, inode);
	ds_transaction_begin(task, inode);
	ds_rwsem_lock(task, &inode->extents_lock, DS_EXCLUSIVE);
	t_end(job, ds_inode_remove_blocks(task, inode,
					  ds_pgrange(first, first + n)));
	ds_rwsem_unlock(task, &inode->extents_lock);
	ds_transaction_end(task, inode);
	ds_inode_unlock_faults(task, inode);
	ds_rwsem_unlock(task, &inode->lock);
}

/* ------------------------ Pins outside a run ------------------------------ */

static inline void t_pin(struct t_world *t, struct t_job *job)
{
	job->t = t;
	assert_int_equal(ds_direct_begin(t->setup, t->space, job->addr,
					 (size_t)job->len, true, &job->direct),
			 job->len);
}

static inline void t_unpin(struct t_world *t, struct t_job *job)
{
	ds_direct_end(t->setup, &job->direct);
}

/* The rest of a direct read whose pages t_pin() has pinned. */
static inline void t_do_dma_and_unpin(struct ds_task *task, void *arg)
{
	struct t_job *job = arg;
	unsigned char bytes[4 * DS_PAGE_SIZE];

	memset(bytes, job->value, sizeof(bytes));
	ds_direct_transfer(task, &job->direct, bytes);
	ds_direct_end(task, &job->direct);
	t_end(job, 0);
}

static inline void t_do_unpin(struct ds_task *task, void *arg)
{
	struct t_job *job = arg;

	ds_direct_end(task, &job->direct);
	t_end(job, 0);
}

#endif
