// SPDX-License-Identifier: LGPL-2.1-or-later
#include "race/program.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/falloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "file/poison.h"
#include "mm/fork.h"

#define N_ZONES    4
#define TABLE_BITS 4
#define TREE_SHIFT 3

/* Rounds of a task that goes on for ever, where it is a free thread. */
#define FREE_ROUNDS 64

#define FORMER_BYTES 0x5c

/* A mapping of one file in one task. */
struct mapped {
	uint64_t addr, offset, len;
};

/*
 * An open file that tasks share like a descriptor: who closes it while another
 * is inside a call leaves the rest to that one.
 */
struct handle {
	struct ds_spin spin;
	struct ds_file *file;
	unsigned int n_calls;
	bool closed;
	bool may_close; /* some task closes it: using it is a step */
};

/* What a task keeps between its calls; rewound with the rest. */
struct actor {
	struct mapped maps[DS_SCN_FILES];
	struct ds_direct direct; /* of a call under way */
	struct ds_direct pinned; /* from pin to unpin */
	struct ds_direct dup;    /* from dup to undup */
	struct ds_client client; /* what it has of layouts */
	uint64_t wait; /* that lasted when a watched call began, 0: none */
};

/* One task's view of the program; fixed once made. */
struct role {
	struct ds_program *program;
	const struct ds_scn_task *script;
	struct actor *actor;
	struct ds_space *space;
	struct ds_request *forked; /* NULL, or what it waits for to begin */
	/* NULL, or what others take from it, or wait for. */
	struct ds_request *taken, *awaited;
	bool serves;           /* it takes: its pages are a bio's */
	unsigned char *buffer; /* for what it reads; nobody looks at it */
	uint32_t ran_in_wait;  /* calls, bit each: in some run so far */
	/* Where memory fails, call by call; frame 0: nowhere. */
	struct ds_pfn poison[DS_SCN_CALLS];
	/* In the last of all runs: of the first call that failed, or the last.
	 */
	int64_t result;
};

struct ds_program {
	struct ds_scenario scenario;
	struct ds_world *world;
	size_t buffer_size;
	unsigned char *written;  /* what writes bring */
	unsigned char *from_dma; /* what the device brings */
	struct handle *handles;  /* one per file, rewound with the rest */
	struct role roles[DS_SCN_TASKS];
	uint64_t n_waits; /* seen by calls, over all runs */
};

static void handle_step(struct ds_task *task, const struct handle *handle,
			unsigned int i)
{
	if (handle->may_close)
		ds_yield(task, DS_AT_NAME,
			 ds_writes(ds_object(DS_OBJ_CELL, 0, i)));
}

/* Return: the file, NULL if it was closed. */
static struct ds_file *get_file(struct ds_program *program,
				struct ds_task *task, unsigned int i)
{
	struct handle *handle = &program->handles[i];
	struct ds_file *file = NULL;

	handle_step(task, handle, i);
	ds_spin_lock(&handle->spin);
	if (!handle->closed) {
		handle->n_calls++;
		file = handle->file;
	}
	ds_spin_unlock(&handle->spin);
	ds_task_saw(task, file != NULL);
	return file;
}

/* Ends a call; @close: and closes the handle. */
static void put_file(struct ds_program *program, struct ds_task *task,
		     unsigned int i, bool close)
{
	struct handle *handle = &program->handles[i];
	bool last;

	handle_step(task, handle, i);
	ds_spin_lock(&handle->spin);
	handle->closed |= close;
	last = --handle->n_calls == 0 && handle->closed;
	ds_spin_unlock(&handle->spin);
	ds_task_saw(task, last);
	if (last)
		ds_vfs_close(task, handle->file);
}

/* The address in @role's mapping of byte call->offset, 0 if it has none. */
static uint64_t address(const struct role *role, const struct ds_scn_call *call)
{
	const struct mapped *map = &role->actor->maps[call->target];

	if (!map->len || call->offset < map->offset ||
	    call->offset + call->len > map->offset + map->len)
		return 0;
	return map->addr + (call->offset - map->offset);
}

static int64_t do_map(struct role *role, struct ds_task *task,
		      struct ds_file *file, const struct ds_scn_call *call)
{
	struct mapped *map = &role->actor->maps[call->target];
	unsigned int how = (call->read_only ? 0 : DS_MAP_WRITABLE) |
			   (call->is_private ? DS_MAP_PRIVATE : 0) |
			   (call->sync ? DS_MAP_SYNC : 0);
	int r;

	r = ds_vfs_mmap(task, role->space, file, call->offset, call->len, how,
			&map->addr);
	if (r < 0)
		return r;
	map->offset = call->offset;
	map->len = call->len;
	return 0;
}

static int64_t do_unmap(struct role *role, struct ds_task *task,
			const struct ds_scn_call *call)
{
	struct mapped *map = &role->actor->maps[call->target];
	struct ds_vpn first = {ds_page_down(map->addr)};
	struct ds_vpn end = {ds_page_up(map->addr + map->len)};

	if (!map->len)
		return -EINVAL;
	map->len = 0;
	return ds_space_unmap(task, role->space, first, end);
}

/* The pages of the range that are mapped: all, or none. */
static int64_t do_dontneed(struct role *role, struct ds_task *task,
			   const struct ds_scn_call *call)
{
	uint64_t addr = address(role, call);
	struct ds_vpn first = {ds_page_down(addr)};
	struct ds_vpn end = {ds_page_up(addr + call->len)};

	if (!addr)
		return -ENOMEM;
	if (addr & DS_PAGE_MASK)
		return -EINVAL;
	return ds_space_dontneed(task, role->space, first, end);
}

/* The child begins also where nothing could be forked: to fail at its calls. */
static int64_t do_fork(struct role *role, struct ds_task *task,
		       const struct ds_scn_call *call)
{
	struct role *child = &role->program->roles[call->target];
	int r = ds_space_fork(task, role->space, child->space);

	if (r == 0)
		memcpy(child->actor->maps, role->actor->maps,
		       sizeof(child->actor->maps));
	ds_request_complete(task, child->forked);
	return r;
}

static int64_t do_exit(struct role *role, struct ds_task *task)
{
	memset(role->actor->maps, 0, sizeof(role->actor->maps));
	return ds_space_exit(task, role->space);
}

/* One access in each page of the range. */
static int64_t do_access(struct role *role, struct ds_task *task,
			 const struct ds_scn_call *call)
{
	uint64_t addr = address(role, call);
	bool write = call->kind == DS_CALL_TOUCH;
	uint64_t before = ds_task_enter(task);
	unsigned char byte;
	uint64_t done;
	int64_t r;

	for (done = 0; done < call->len; done += DS_PAGE_SIZE) {
		/* Nobody looks at what was loaded, and so far all was there. */
		ds_task_forget(task, before);
		ds_task_saw(task, done);
		byte = 0x77;
		r = ds_space_access(task, role->space, addr + done, &byte, 1,
				    write);
		if (r < 0)
			return r;
	}
	return 0;
}

static void transfer(struct role *role, struct ds_task *task,
		     struct ds_direct *direct)
{
	ds_direct_transfer(task, direct,
			   direct->to_memory ? role->program->from_dma
					     : role->buffer);
}

static unsigned int pin_flags(const struct ds_scn_call *call)
{
	return (call->how & DS_HOW_READ ? 0 : DS_PIN_WRITE) |
	       (call->how & DS_HOW_GET ? DS_PIN_GET : 0) |
	       (call->how & DS_HOW_COUNTED ? DS_PIN_COUNTED : 0) |
	       (call->how & DS_HOW_LONGTERM ? DS_PIN_LONGTERM : 0);
}

static int64_t begin(struct role *role, struct ds_task *task,
		     const struct ds_scn_call *call, unsigned int flags,
		     struct ds_direct *direct)
{
	uint64_t addr = address(role, call);

	if (!addr)
		return -EFAULT;
	return ds_direct_begin(task, role->space, addr, (size_t)call->len,
			       flags, direct);
}

static int64_t do_pin(struct role *role, struct ds_task *task,
		      const struct ds_scn_call *call)
{
	struct ds_direct *direct = &role->actor->pinned;
	int64_t r;

	/* A task that pins twice would forget the first pages. */
	if (direct->n_pages)
		return -EBUSY;
	r = begin(role, task, call, pin_flags(call), direct);
	/* Whoever takes from it must not wait for what failed. */
	if (role->taken)
		ds_request_submit(task, role->taken, direct);
	return r;
}

static int64_t do_direct(struct role *role, struct ds_task *task,
			 const struct ds_scn_call *call)
{
	struct ds_direct *direct = &role->actor->direct;
	bool to_memory = call->kind != DS_CALL_DIRECT_WRITE;
	uint64_t before = ds_task_enter(task);
	int64_t r;

	r = begin(role, task, call, to_memory ? DS_PIN_WRITE : 0, direct);
	/* What it pinned is kept in @direct, not on the stack. */
	if (r >= 0) {
		ds_task_done(task, before, 0);
		transfer(role, task, direct);
	}
	if (role->awaited)
		ds_request_complete(task, role->awaited);
	if (r >= 0)
		ds_direct_end(task, direct);
	return r;
}

/* Calls on pages that are pinned. */
static int64_t on_pins(struct role *role, struct ds_task *task,
		       const struct ds_scn_call *call)
{
	struct ds_direct *pinned = &role->actor->pinned;
	struct ds_direct *dup = &role->actor->dup;

	switch (call->kind) {
	case DS_CALL_DMA:
		if (pinned->n_pages)
			transfer(role, task, pinned);
		return 0;
	case DS_CALL_UNPIN:
		if (pinned->n_pages && role->serves)
			ds_direct_end(task, pinned);
		else if (pinned->n_pages)
			ds_direct_unpin(task, pinned);
		return 0;
	case DS_CALL_DUP:
		if (dup->n_pages)
			return -EBUSY;
		return pinned->n_pages ? ds_direct_dup(task, pinned, dup) : 0;
	case DS_CALL_UNDUP:
		if (dup->n_pages)
			ds_direct_unpin(task, dup);
		return 0;
	case DS_CALL_TAKE:
		if (pinned->n_pages)
			return -EBUSY;
		ds_request_take(task, role->program->roles[call->target].taken,
				pinned);
		return 0;
	case DS_CALL_COMPLETE:
		if (role->awaited)
			ds_request_complete(task, role->awaited);
		return 0;
	default:
		ds_request_await(task,
				 role->program->roles[call->target].awaited);
		return 0;
	}
}

static int fallocate_mode(const struct ds_scn_call *call)
{
	switch (call->kind) {
	case DS_CALL_PUNCH:
		return FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE;
	case DS_CALL_COLLAPSE:
		return FALLOC_FL_COLLAPSE_RANGE;
	case DS_CALL_INSERT:
		return FALLOC_FL_INSERT_RANGE;
	case DS_CALL_ZERO:
		return FALLOC_FL_ZERO_RANGE |
		       (call->keep ? FALLOC_FL_KEEP_SIZE : 0);
	case DS_CALL_UNSHARE:
		return FALLOC_FL_UNSHARE_RANGE |
		       (call->keep ? FALLOC_FL_KEEP_SIZE : 0);
	default:
		return call->keep ? FALLOC_FL_KEEP_SIZE : 0;
	}
}

/* Calls of a pNFS client, and of its server. */
static int64_t do_layout_call(struct role *role, struct ds_task *task,
			      struct ds_inode *inode,
			      const struct ds_scn_call *call)
{
	struct ds_client *client = &role->actor->client;

	switch (call->kind) {
	case DS_CALL_LAYOUT_GET:
		return ds_client_get(task, client, inode, call->offset,
				     call->len, call->keep);
	case DS_CALL_LAYOUT_READ:
		return ds_client_read(task, client, call->offset, role->buffer,
				      call->len);
	case DS_CALL_LAYOUT_WRITE:
		return ds_client_write(task, client, call->offset,
				       role->program->from_dma, call->len);
	case DS_CALL_LAYOUT_COMMIT:
		return ds_client_commit(task, client, call->offset, call->len);
	case DS_CALL_LAYOUT_RETURN:
		return ds_client_return(task, client);
	default:
		ds_layouts_answer(task, inode, call->answer);
		return 0;
	}
}

/* The file of @call once more, through a handle of its own. */
static int64_t do_append(struct role *role, struct ds_task *task,
			 const struct ds_scn_call *call)
{
	struct ds_program *program = role->program;
	const char *name = program->scenario.files[call->target].name;
	struct ds_file *file;
	int64_t r;

	r = ds_vfs_open(task, program->world->super, name, O_WRONLY | O_APPEND,
			&file);
	if (r < 0)
		return r;
	r = ds_vfs_pwrite(task, file, program->written, call->len, 0);
	ds_vfs_close(task, file);
	return r;
}

/* The name may be gone: then it is no file of this call any more. */
static int64_t do_open_truncate(struct role *role, struct ds_task *task,
				const struct ds_scn_call *call)
{
	struct ds_program *program = role->program;
	const char *name = program->scenario.files[call->target].name;
	struct ds_file *file;
	int r;

	r = ds_vfs_open(task, program->world->super, name, O_RDWR | O_TRUNC,
			&file);
	return r < 0 ? r : ds_vfs_close(task, file);
}

/* Calls on an open file. */
static int64_t do_file_call(struct role *role, struct ds_task *task,
			    struct ds_file *file,
			    const struct ds_scn_call *call)
{
	struct ds_program *program = role->program;

	switch (call->kind) {
	case DS_CALL_MAP:
		return do_map(role, task, file, call);
	case DS_CALL_READ:
		return ds_vfs_preadv2(task, file, role->buffer, call->len,
				      (int64_t)call->offset,
				      call->keep ? DS_IO_NOWAIT : 0);
	case DS_CALL_WRITE:
		return ds_vfs_pwritev2(task, file, program->written, call->len,
				       (int64_t)call->offset,
				       call->keep ? DS_IO_NOWAIT : 0);
	case DS_CALL_TRUNCATE:
		return ds_vfs_ftruncate(task, file, (int64_t)call->len);
	case DS_CALL_FSYNC:
		return ds_vfs_fsync(task, file);
	case DS_CALL_CLOSE:
		return 0;
	case DS_CALL_LAYOUT_GET:
	case DS_CALL_LAYOUT_READ:
	case DS_CALL_LAYOUT_WRITE:
	case DS_CALL_LAYOUT_COMMIT:
	case DS_CALL_LAYOUT_RETURN:
	case DS_CALL_ANSWER:
		return do_layout_call(role, task, file->inode, call);
	default:
		return ds_vfs_fallocate(task, file, fallocate_mode(call),
					(int64_t)call->offset,
					(int64_t)call->len);
	}
}

static int64_t on_file(struct role *role, struct ds_task *task,
		       const struct ds_scn_call *call)
{
	struct ds_file *file = get_file(role->program, task, call->target);
	int64_t r;

	if (!file)
		return -EBADF;
	r = do_file_call(role, task, file, call);
	put_file(role->program, task, call->target,
		 call->kind == DS_CALL_CLOSE);
	return r;
}

/* Calls on two open files, or on one twice. */
static int64_t do_remap(struct role *role, struct ds_task *task,
			const struct ds_scn_call *call)
{
	struct ds_program *program = role->program;
	struct ds_file *source = get_file(program, task, call->target);
	struct ds_file *dest = get_file(program, task, call->target2);
	int64_t r = -EBADF;

	if (source && dest && call->kind == DS_CALL_DEDUPE)
		r = ds_vfs_dedupe(task, source, (int64_t)call->offset, dest,
				  (int64_t)call->offset2, (int64_t)call->len);
	else if (source && dest)
		r = ds_vfs_reflink(task, source, (int64_t)call->offset, dest,
				   (int64_t)call->offset2, (int64_t)call->len);
	if (dest)
		put_file(program, task, call->target2, false);
	if (source)
		put_file(program, task, call->target, false);
	return r;
}

static int64_t do_poison(struct role *role, struct ds_task *task,
			 const struct ds_scn_call *call)
{
	struct ds_pfn pfn = role->poison[call - role->script->calls];

	if (pfn.pfn == DS_ZERO_PFN)
		return -ENXIO;
	return ds_poison_block(task, role->program->world->super, pfn);
}

/* Calls on memory. */
static int64_t on_memory(struct role *role, struct ds_task *task,
			 const struct ds_scn_call *call)
{
	if (call->kind == DS_CALL_PIN)
		return do_pin(role, task, call);
	if (call->kind == DS_CALL_TOUCH || call->kind == DS_CALL_LOAD)
		return address(role, call) ? do_access(role, task, call)
					   : -EFAULT;
	return do_direct(role, task, call);
}

static int64_t do_call(struct role *role, struct ds_task *task,
		       const struct ds_scn_call *call)
{
	switch (call->kind) {
	case DS_CALL_UNMAP:
		return do_unmap(role, task, call);
	case DS_CALL_DONTNEED:
		return do_dontneed(role, task, call);
	case DS_CALL_FORK:
		return do_fork(role, task, call);
	case DS_CALL_EXIT:
		return do_exit(role, task);
	case DS_CALL_TOUCH:
	case DS_CALL_LOAD:
	case DS_CALL_PIN:
	case DS_CALL_DIRECT_READ:
	case DS_CALL_DIRECT_WRITE:
		return on_memory(role, task, call);
	case DS_CALL_DMA:
	case DS_CALL_UNPIN:
	case DS_CALL_DUP:
	case DS_CALL_UNDUP:
	case DS_CALL_TAKE:
	case DS_CALL_COMPLETE:
	case DS_CALL_AWAIT:
		return on_pins(role, task, call);
	case DS_CALL_PAUSE:
		ds_task_pause(task, DS_SCN_PAUSE);
		return 0;
	case DS_CALL_REFLINK:
	case DS_CALL_DEDUPE:
		return do_remap(role, task, call);
	case DS_CALL_SIGNAL:
		ds_task_signal(
			task, role->program->world->sched->tasks[call->target]);
		return 0;
	case DS_CALL_APPEND:
		return do_append(role, task, call);
	case DS_CALL_OPEN_TRUNCATE:
		return do_open_truncate(role, task, call);
	case DS_CALL_POISON:
		return do_poison(role, task, call);
	case DS_CALL_UNLINK:
		return ds_vfs_unlink(
			task, role->program->world->super,
			role->program->scenario.files[call->target].name);
	default:
		return on_file(role, task, call);
	}
}

/* A step that looks whether somebody waits. Return: which wait, 0: none. */
static uint64_t look_for_wait(struct ds_task *task,
			      const struct ds_super *super)
{
	ds_yield(task, DS_AT_WATCH, ds_reads(ds_waits_object()));
	return super->n_waiting ? super->n_waits : 0;
}

static int64_t watched_call(struct role *role, struct ds_task *task,
			    unsigned int i)
{
	const struct ds_super *super = role->program->world->super;
	uint64_t *wait = &role->actor->wait;
	int64_t r;

	/* Not a local: what it says is whether that wait still lasts. */
	*wait = look_for_wait(task, super);
	r = do_call(role, task, &role->script->calls[i]);
	role->program->n_waits += *wait != 0;
	if (*wait && look_for_wait(task, super) == *wait)
		role->ran_in_wait |= UINT32_C(1) << i;
	*wait = 0;
	return r;
}

/* Makes the task's calls once. */
static void play_round(struct role *role, struct ds_task *task)
{
	bool watch = role->program->scenario.watch_waits && task->controlled;
	unsigned int i;
	int64_t r;

	role->result = 0;
	for (i = 0; i < role->script->n_calls; i++) {
		const struct ds_scn_call *call = &role->script->calls[i];

		if (call->before)
			continue;
		/* What calls leave behind for later ones is in the actor. */
		ds_task_forget(task, 0);
		ds_task_saw(task, i);
		/* Results are told by the calls; a failure is no surprise. */
		r = watch ? watched_call(role, task, i)
			  : do_call(role, task, call);
		if (role->result >= 0)
			role->result = r;
		ds_task_call_ended(task);
	}
}

/* Whether @task has not yet made its calls for the last time. */
static bool goes_on(const struct role *role, const struct ds_task *task,
		    unsigned int rounds)
{
	if (!role->script->forever)
		return rounds < 1;
	/* No search can cut real threads short. */
	return task->controlled || rounds < FREE_ROUNDS;
}

static void play(struct ds_task *task, void *arg)
{
	struct role *role = arg;
	unsigned int rounds = 0;

	if (role->forked)
		ds_request_await(task, role->forked);
	while (goes_on(role, task, rounds++)) {
		uint64_t steps = task->steps;

		play_round(role, task);
		if (!role->script->forever || task->steps != steps)
			continue;
		/* All its calls fail at once: others must get on. */
		ds_task_forget(task, 0);
		ds_task_saw(task, role->script->n_calls);
		ds_yield(task, DS_AT_CELL,
			 ds_reads(ds_object(DS_OBJ_NONE, 0, 0)));
	}
}

static void digest_actor(const struct ds_program *program,
			 const struct actor *actor, struct ds_digest *digest)
{
	uint64_t wait = actor->wait;
	unsigned int i;

	for (i = 0; i < program->scenario.n_files; i++) {
		ds_digest_add(digest, actor->maps[i].len);
		if (!actor->maps[i].len)
			continue;
		ds_digest_add(digest, actor->maps[i].addr);
		ds_digest_add(digest, actor->maps[i].offset);
	}
	ds_direct_digest(&actor->direct, digest);
	ds_direct_digest(&actor->pinned, digest);
	ds_direct_digest(&actor->dup, digest);
	if (program->world->super->leased)
		ds_client_digest(&actor->client, digest);
	/* None, one that lasts, or one that is over. */
	ds_digest_add(digest,
		      wait ? 1 + (wait == program->world->super->n_waits) : 0);
}

/* Buffers are for bytes that nobody looks at, or never change. */
static void digest_program(const void *arg, struct ds_digest *digest)
{
	const struct ds_program *program = arg;
	unsigned int i;

	for (i = 0; i < program->scenario.n_files; i++)
		ds_digest_add(digest,
			      (uint64_t)program->handles[i].n_calls << 1 |
				      program->handles[i].closed);
	for (i = 0; i < program->scenario.n_tasks; i++) {
		const struct role *role = &program->roles[i];

		digest_actor(program, role->actor, digest);
		if (role->taken)
			ds_request_digest(role->taken, digest);
		if (role->awaited)
			ds_request_digest(role->awaited, digest);
		if (role->forked)
			ds_request_digest(role->forked, digest);
	}
}

/* ------------------------------- Setting up ------------------------------- */

static bool is_in_hole(const struct ds_scn_file *file, uint64_t offset)
{
	unsigned int i;

	for (i = 0; i < file->n_holes; i++)
		if (offset >= file->holes[i].offset &&
		    offset < file->holes[i].offset + file->holes[i].len)
			return true;
	return false;
}

/*
 * Gives a file that is fit for huge pages its blocks: of each stretch that is
 * no hole at once, so that they lie together.
 */
static int64_t allocate_huge(struct ds_program *program,
			     const struct ds_scn_file *script,
			     struct ds_file *file)
{
	uint64_t start, end;
	int64_t r = 0;

	for (start = 0; r >= 0 && start < script->size; start = end) {
		bool hole = is_in_hole(script, start);

		end = start;
		while (end < script->size && is_in_hole(script, end) == hole)
			end += DS_PAGE_SIZE;
		if (!hole)
			r = ds_vfs_fallocate(program->world->setup, file,
					     FALLOC_FL_KEEP_SIZE,
					     (int64_t)start,
					     (int64_t)(end - start));
	}
	return r;
}

static int write_file(struct ds_program *program, unsigned int i)
{
	const struct ds_scn_file *script = &program->scenario.files[i];
	struct ds_world *world = program->world;
	unsigned char page[DS_PAGE_SIZE];
	struct ds_file *file;
	uint64_t offset;
	int64_t r;

	r = ds_vfs_open(world->setup, world->super, script->name,
			O_RDWR | O_CREAT, &file);
	if (r < 0)
		return (int)r;
	program->handles[i].file = file;
	if (script->huge)
		r = allocate_huge(program, script, file);
	for (offset = 0; r >= 0 && offset < script->size;
	     offset += DS_PAGE_SIZE) {
		uint64_t left = script->size - offset;
		size_t n = left < DS_PAGE_SIZE ? (size_t)left : DS_PAGE_SIZE;

		if (is_in_hole(script, offset))
			continue;
		memset(page, (int)(0x10 * (i + 1) + ds_page_down(offset)), n);
		r = ds_vfs_pwrite(world->setup, file, page, n, (int64_t)offset);
	}
	if (r >= 0)
		r = ds_vfs_ftruncate(world->setup, file, (int64_t)script->size);
	/* What was there before the search is the journal's. */
	if (r == 0 && world->super->follows_commits)
		r = ds_vfs_fsync(world->setup, file);
	return (int)r;
}

static void find_closers(struct ds_program *program)
{
	const struct ds_scenario *scenario = &program->scenario;
	unsigned int i, j;

	for (i = 0; i < scenario->n_tasks; i++)
		for (j = 0; j < scenario->tasks[i].n_calls; j++)
			if (scenario->tasks[i].calls[j].kind == DS_CALL_CLOSE)
				program->handles
					[scenario->tasks[i].calls[j].target]
						.may_close = true;
}

static size_t longest_call(const struct ds_scenario *scenario)
{
	size_t longest = DS_PAGE_SIZE;
	unsigned int i, j;

	for (i = 0; i < scenario->n_tasks; i++)
		for (j = 0; j < scenario->tasks[i].n_calls; j++)
			if (scenario->tasks[i].calls[j].len > longest)
				longest = scenario->tasks[i].calls[j].len;
	return longest;
}

/* What goes from hand to hand; only if somebody has a hand in it. */
static int make_requests(struct ds_program *program, unsigned int i)
{
	struct role *role = &program->roles[i];
	struct ds_arena *arena = program->world->arena;
	unsigned int j;

	for (j = 0; j < role->script->n_calls; j++)
		role->serves |= role->script->calls[j].kind == DS_CALL_TAKE;
	if (ds_scenario_targets(&program->scenario, DS_CALL_TAKE, i)) {
		role->taken = ds_arena_alloc(arena, sizeof(*role->taken));
		if (!role->taken)
			return -ENOMEM;
		role->taken->id = 2 * i;
	}
	if (ds_scenario_targets(&program->scenario, DS_CALL_AWAIT, i)) {
		role->awaited = ds_arena_alloc(arena, sizeof(*role->awaited));
		if (!role->awaited)
			return -ENOMEM;
		role->awaited->id = 2 * i + 1;
	}
	return 0;
}

/* A task that is forked has an address space of its own, empty so far. */
static int make_space(struct ds_program *program, unsigned int i)
{
	struct role *role = &program->roles[i];
	struct ds_world *world = program->world;

	role->space = world->space;
	if (!ds_scenario_targets(&program->scenario, DS_CALL_FORK, i))
		return 0;
	role->forked = ds_arena_alloc(world->arena, sizeof(*role->forked));
	if (!role->forked)
		return -ENOMEM;
	role->forked->id = 2 * DS_SCN_TASKS + i;
	return ds_world_add_space(world, role->script->name, &role->space);
}

static int make_roles(struct ds_program *program)
{
	struct ds_world *world = program->world;
	unsigned int i;
	int r = 0;

	for (i = 0; i < program->scenario.n_tasks && r == 0; i++) {
		struct role *role = &program->roles[i];

		role->program = program;
		role->script = &program->scenario.tasks[i];
		role->actor =
			ds_arena_alloc(world->arena, sizeof(struct actor));
		role->buffer = malloc(program->buffer_size);
		if (!role->actor || !role->buffer)
			return -ENOMEM;
		r = make_requests(program, i);
		if (r == 0)
			r = make_space(program, i);
		if (r < 0)
			return r;
		ds_client_init(&role->actor->client, i, role->script->name);
		r = ds_sched_spawn(world->sched, world->arena,
				   role->script->name, play, role, NULL);
	}
	return r;
}

/* Whether @call could wait for a layout given out before; none answers yet. */
static bool waits_for_layout(const struct ds_program *program,
			     const struct ds_scn_call *call)
{
	switch (call->kind) {
	case DS_CALL_WRITE:
	case DS_CALL_APPEND:
	case DS_CALL_TRUNCATE:
	case DS_CALL_OPEN_TRUNCATE:
	case DS_CALL_ALLOCATE:
	case DS_CALL_ZERO:
	case DS_CALL_PUNCH:
	case DS_CALL_COLLAPSE:
	case DS_CALL_INSERT:
		return program->handles[call->target].file->inode->leases;
	default:
		return false;
	}
}

/* The block that is where @call says; frame 0 if there is none. */
static struct ds_pfn block_of(const struct ds_program *program,
			      const struct ds_scn_call *call)
{
	const struct handle *handle = &program->handles[call->target];
	struct ds_pgidx page = {ds_page_down(call->len)};
	struct ds_extent run;

	if (handle->closed)
		return ds_pfn(DS_ZERO_PFN);
	run = ds_extmap_lookup(handle->file->inode->extents, page);
	if (run.state == DS_EXT_HOLE)
		return ds_pfn(DS_ZERO_PFN);
	return ds_extent_pfn(&run, page);
}

/* What hardware hits is a block, whichever file has it when it does. */
static void aim_poison(struct ds_program *program, bool before)
{
	unsigned int i, j;

	for (i = 0; i < program->scenario.n_tasks; i++) {
		struct role *role = &program->roles[i];
		const struct ds_scn_call *calls = role->script->calls;

		for (j = 0; j < role->script->n_calls; j++)
			if (calls[j].kind == DS_CALL_POISON &&
			    calls[j].before == before)
				role->poison[j] = block_of(program, &calls[j]);
	}
}

/* The calls made before the search, in the order of the text. */
static int play_before(struct ds_program *program, char *why, size_t why_size)
{
	const struct ds_scenario *scenario = &program->scenario;
	unsigned int i, j;
	int64_t r;

	for (i = 0; i < scenario->n_tasks; i++) {
		struct role *role = &program->roles[i];

		for (j = 0; j < role->script->n_calls; j++) {
			const struct ds_scn_call *call =
				&role->script->calls[j];

			if (!call->before)
				continue;
			if (waits_for_layout(program, call)) {
				snprintf(why, why_size,
					 "%s: task %s: call %u before the "
					 "search would wait for a layout",
					 scenario->name, role->script->name,
					 j + 1);
				return -EINVAL;
			}
			r = do_call(role, program->world->setup, call);
			if (r >= 0)
				continue;
			snprintf(why, why_size,
				 "%s: task %s: call %u before the search "
				 "failed: %s",
				 scenario->name, role->script->name, j + 1,
				 r < -4096 ? "signal" : strerror((int)-r));
			return -EINVAL;
		}
	}
	return 0;
}

/*
 * Leaves scenario->space blocks free; the others are nobody's, and never are
 * anybody's again.
 */
static int fill_up(struct ds_program *program, char *why, size_t why_size)
{
	struct ds_blocks *blocks = program->world->super->blocks;
	uint64_t left = program->scenario.space;
	uint64_t n_free = ds_blocks_n_free(blocks);
	struct ds_pfn first;

	if (!program->scenario.has_space)
		return 0;
	if (n_free < left) {
		snprintf(why, why_size, "%s: only %llu blocks are free",
			 program->scenario.name, (unsigned long long)n_free);
		return -EINVAL;
	}
	while (n_free > left)
		n_free -= ds_blocks_alloc(blocks, 0, n_free - left, &first);
	return 0;
}

static int write_files(struct ds_program *program, char *why, size_t why_size)
{
	const struct ds_scenario *scenario = &program->scenario;
	unsigned int i;
	int r;

	for (i = 0; i < scenario->n_files; i++) {
		r = write_file(program, i);
		if (r == 0)
			continue;
		if (r == -ENOMEM)
			return r;
		/* Other errors are those of a file system of the user's. */
		if (r == -ENOSPC)
			snprintf(why, why_size,
				 "%s: its files do not fit on the region",
				 scenario->name);
		else
			snprintf(why, why_size,
				 "%s: file %s could not be made: %s",
				 scenario->name, scenario->files[i].name,
				 strerror(-r));
		return -EINVAL;
	}
	return 0;
}

static int set_up(struct ds_program *program,
		  const struct ds_program_options *options, char *why,
		  size_t why_size)
{
	struct ds_world *world = program->world;
	int r;

	world->super->watch_waits = program->scenario.watch_waits &&
				    options->turns != DS_TURNS_FREE;
	world->super->leased =
		ds_scenario_has_call(&program->scenario, DS_CALL_LAYOUT_GET);
	world->super->follows_commits = ds_scenario_syncs(&program->scenario);
	program->handles = ds_arena_alloc(world->arena,
					  DS_SCN_FILES * sizeof(struct handle));
	if (!program->handles)
		return -ENOMEM;
	r = write_files(program, why, why_size);
	find_closers(program);
	if (r == 0)
		r = make_roles(program);
	world->digest = digest_program;
	world->digest_arg = program;
	world->frames->may_poison =
		ds_scenario_has_call(&program->scenario, DS_CALL_POISON);
	if (r == 0) {
		aim_poison(program, true);
		r = play_before(program, why, why_size);
	}
	if (r == 0)
		aim_poison(program, false);
	if (r == 0)
		r = fill_up(program, why, why_size);
	/* What was done until now recalled, too. */
	world->super->no_lease_memory = program->scenario.recall_fails;
	ds_sched_break_rule(world->sched, options->broken);
	if (r == 0)
		r = ds_sched_prepare(world->sched, options->turns);
	return r == 0 ? ds_world_mark(world) : r;
}

int ds_program_new(const struct ds_scenario *scenario,
		   const struct ds_program_options *options,
		   struct ds_program **ret_program, char *ret_why,
		   size_t why_size)
{
	struct ds_world_options world = {
		.profile = options->profile,
		.region = options->region,
		/* Who finds its zone empty would look into others. */
		.n_zones = scenario->reuse_blocks || scenario->has_space
				   ? 1
				   : N_ZONES,
		.table_bits = TABLE_BITS,
		.tree_shift = TREE_SHIFT,
		.huge_order = scenario->huge_order,
		.scan_batch = scenario->batch,
		.concurrent = options->turns == DS_TURNS_FREE,
		.victim = !scenario->reuse_blocks,
		.shadow = options->turns != DS_TURNS_FREE,
		.watch_stores = scenario->watch_stores &&
				options->turns != DS_TURNS_FREE,
		.checked = options->checked,
		.longterm_allowed = scenario->longterm_allowed,
		.flush =
			scenario->flush_ipi ? DS_FLUSH_IPI : DS_FLUSH_BROADCAST,
	};
	struct ds_program *program = calloc(1, sizeof(*program));
	int r;

	snprintf(ret_why, why_size, "out of memory");
	if (!program)
		return -ENOMEM;
	program->scenario = *scenario;
	program->buffer_size = longest_call(scenario);
	program->written = malloc(program->buffer_size);
	program->from_dma = malloc(program->buffer_size);
	r = program->written && program->from_dma ? 0 : -ENOMEM;
	if (options->used)
		memset(options->region->base, FORMER_BYTES,
		       options->region->size);
	if (r == 0) {
		memset(program->written, 0x57, program->buffer_size);
		memset(program->from_dma, 0xd3, program->buffer_size);
		r = ds_world_new(&world, &program->world);
	}
	if (r == 0)
		r = set_up(program, options, ret_why, why_size);
	if (r < 0) {
		ds_program_free(program);
		return r;
	}
	*ret_program = program;
	return 0;
}

void ds_program_free(struct ds_program *program)
{
	unsigned int i;

	if (!program)
		return;
	ds_world_free(program->world);
	for (i = 0; i < DS_SCN_TASKS; i++)
		free(program->roles[i].buffer);
	free(program->written);
	free(program->from_dma);
	free(program);
}

struct ds_world *ds_program_world(struct ds_program *program)
{
	return program->world;
}

int64_t ds_program_result(const struct ds_program *program, unsigned int task)
{
	return program->roles[task].result;
}

uint64_t ds_program_waits(const struct ds_program *program)
{
	return program->n_waits;
}

bool ds_program_ran_in_wait(const struct ds_program *program, unsigned int task,
			    unsigned int call)
{
	return program->roles[task].ran_in_wait >> call & 1;
}
