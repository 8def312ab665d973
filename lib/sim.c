// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The public interface: the only file that sees every layer.
 */
#pragma GCC visibility push(default)
#include <daxsim.h>
#pragma GCC visibility pop

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <unistd.h>

#include "dma/client.h"
#include "dma/request.h"
#include "file/poison.h"
#include "fs/custom.h"
#include "fs/profiles.h"
#include "mm/fork.h"
#include "race/battery.h"
#include "race/search.h"
#include "race/timeline.h"
#include "race/token.h"
#include "race/world.h"
#include "sched/current.h"
#include "version.h"

#define DEFAULT_FS    "ext4-4.19"
#define DEFAULT_STEPS 10000
#define DEFAULT_RUNS  1000

/* Cells are named by their places, apart from other objects of the kind. */
#define CELL_OF_PROGRAM UINT64_C(0x800000)

_Static_assert((int)DAXSIM_FIBER == (int)DS_TURNS_FIBER &&
		       (int)DAXSIM_BATON == (int)DS_TURNS_BATON &&
		       (int)DAXSIM_FREE == (int)DS_TURNS_FREE,
	       "turns are passed on as they are");
_Static_assert((int)DAXSIM_SOURCE == (int)DS_SEARCH_SOURCE &&
		       (int)DAXSIM_STATES == (int)DS_SEARCH_STATES &&
		       (int)DAXSIM_SLEEP == (int)DS_SEARCH_SLEEP &&
		       (int)DAXSIM_PLAIN == (int)DS_SEARCH_PLAIN &&
		       (int)DAXSIM_BOUND == (int)DS_SEARCH_BOUND &&
		       (int)DAXSIM_RANDOM == (int)DS_SEARCH_RANDOM &&
		       (int)DAXSIM_PCT == (int)DS_SEARCH_PCT,
	       "strategies are passed on as they are");
_Static_assert(DAXSIM_SIGSEGV == DS_SIGSEGV && DAXSIM_SIGBUS == DS_SIGBUS,
	       "results are passed on as they are");

/* A thread of the program's own that made a call. */
struct guest {
	struct guest *next; /* r/o once it is in the list */
	pthread_t thread;
	struct ds_task task;
};

/* Memory of the program's, behind this; as aligned as the arena has it. */
struct block {
	_Alignas(64) struct block *next;
	size_t size;
};

/* What a program can reach; in the arena, so that it is rewound. */
struct reach {
	struct ds_spin spin;
	struct block *blocks;
	struct daxsim_file *files;
	struct daxsim_pin *pins;
	struct daxsim_client *clients;
};

struct api_task {
	struct daxsim *sim;
	daxsim_task_fn fn;
	void *arg;
	/* Of a child: what it waits for to begin; NULL for other tasks. */
	struct ds_request *forked;
	struct ds_space *space; /* its program's */
	atomic_bool has_parent; /* ... was forked in this run */
	struct api_task *next;
};

struct daxsim {
	struct api_task *children; /* tasks that are programs of their own */
	struct ds_region *region;
	struct ds_world *world;
	struct reach *reach;
	const struct ds_fs_profile *profile;
	struct ds_fs_profile
		custom_profile; /* of a file system brought along */
	struct ds_fs_ops custom_ops;
	enum ds_turns turns;
	_Atomic(struct guest *) guests; /* only ever grows */
	struct ds_spin expect_spin; /* one finding at a time of free tasks */
	bool begun;  /* the first search: tasks have stacks or threads */
	bool marked; /* ... and the state that runs start from is kept */
};

struct daxsim_file {
	struct daxsim_file *next, **link;
	struct daxsim *sim;
	struct ds_file *file;
};

struct daxsim_pin {
	struct daxsim_pin *next, **link;
	struct daxsim *sim;
	struct ds_direct direct;
};

struct daxsim_client {
	struct ds_client client; /* first: a lease is its first part */
	struct daxsim_client *next;
	struct daxsim *sim;
	daxsim_recall_fn recall;
	void *arg;
};

struct daxsim_report {
	char search[32];
	uint64_t interleavings;
	uint64_t states;
	uint32_t warned;
	unsigned int n;
	struct {
		const char *property;
		char text[120];
		char *replay;
	} findings[DS_N_PROPERTIES];
	char *timeline;
};

/* ---------------------------- Tasks and threads --------------------------- */

static struct guest *find_guest(struct daxsim *sim)
{
	struct guest *guest = atomic_load(&sim->guests);

	while (guest && !pthread_equal(guest->thread, pthread_self()))
		guest = guest->next;
	return guest;
}

static struct guest *new_guest(struct daxsim *sim)
{
	struct guest *guest = calloc(1, sizeof(*guest));

	if (!guest)
		return NULL;
	guest->task = *sim->world->setup;
	guest->thread = pthread_self();
	guest->next = atomic_load(&sim->guests);
	while (!atomic_compare_exchange_weak(&sim->guests, &guest->next, guest))
		;
	return guest;
}

static bool in_task(const struct daxsim *sim)
{
	const struct ds_task *task = ds_task_current();

	return task && task->sched == sim->world->sched;
}

/*
 * The task that makes the present call; NULL when a thread's first call finds
 * no memory. Looked up each time: a thread may outlive the universe.
 */
static struct ds_task *self(struct daxsim *sim)
{
	struct guest *guest;

	if (ds_likely(in_task(sim)))
		return ds_task_current();
	guest = find_guest(sim);
	if (!guest)
		guest = new_guest(sim);
	return guest ? &guest->task : NULL;
}

/* The address space of the program that makes the present call. */
static struct ds_space *own_space(struct daxsim *sim)
{
	const struct api_task *api;

	if (!in_task(sim))
		return sim->world->space;
	api = ds_task_current()->arg;
	return api->space;
}

/* For what cannot fail and never sleeps. */
static struct ds_task *self_or_setup(struct daxsim *sim)
{
	struct ds_task *task = self(sim);

	return task ? task : sim->world->setup;
}

/* ------------------------ What a program can reach ------------------------ */

/* A number that does not depend on where the arena lies. */
static uint64_t name_of(const struct daxsim *sim, const void *mem)
{
	size_t place = ds_arena_place(sim->world->arena, mem);

	return place == SIZE_MAX ? (uintptr_t)mem : place | UINT64_C(1) << 63;
}

/* Words may be pointers to other things that the program can reach. */
static struct ds_digest digest_block(const struct daxsim *sim,
				     const struct block *block)
{
	const unsigned char *bytes = (const unsigned char *)(block + 1);
	uint64_t name = name_of(sim, bytes);
	struct ds_digest digest = {name, name};
	uint64_t word;
	size_t at, n;

	for (at = 0; at < block->size; at += sizeof(word)) {
		n = block->size - at;
		word = 0;
		memcpy(&word, bytes + at, n < sizeof(word) ? n : sizeof(word));
		ds_digest_add(&digest,
			      name_of(sim, (const void *)(uintptr_t)word));
	}
	return digest;
}

static struct ds_digest digest_pin(const struct daxsim *sim,
				   const struct daxsim_pin *pin)
{
	uint64_t name = name_of(sim, pin);
	struct ds_digest digest = {name, name};

	ds_direct_digest(&pin->direct, &digest);
	return digest;
}

static struct ds_digest digest_client(const struct daxsim *sim,
				      const struct daxsim_client *client)
{
	uint64_t name = name_of(sim, client);
	struct ds_digest digest = {name, name};

	ds_client_digest(&client->client, &digest);
	return digest;
}

/* The file system knows the rest; a lock's number is that of the open file. */
static struct ds_digest digest_file(const struct daxsim *sim,
				    const struct daxsim_file *file)
{
	uint64_t name = name_of(sim, file);
	struct ds_digest digest = {name, file->file->position_lock.id};

	return digest;
}

/*
 * Stacks are not looked at: what a task has on its own follows from what its
 * calls returned, which is noted in its memory.
 */
static void digest_reach(const void *arg, struct ds_digest *digest)
{
	const struct daxsim *sim = arg;
	const struct reach *reach = sim->reach;
	const struct daxsim_file *file;
	const struct daxsim_client *client;
	const struct daxsim_pin *pin;
	const struct api_task *child;
	const struct block *block;
	struct ds_digest sum = {0, 0};

	for (block = reach->blocks; block; block = block->next)
		ds_digest_join(&sum, digest_block(sim, block));
	for (file = reach->files; file; file = file->next)
		ds_digest_join(&sum, digest_file(sim, file));
	for (pin = reach->pins; pin; pin = pin->next)
		ds_digest_join(&sum, digest_pin(sim, pin));
	for (client = reach->clients; client; client = client->next)
		ds_digest_join(&sum, digest_client(sim, client));
	ds_digest_add_all(digest, sum);
	for (child = sim->children; child; child = child->next) {
		ds_digest_add(digest, atomic_load(&child->has_parent));
		ds_request_digest(child->forked, digest);
	}
}

static void add_file(struct daxsim *sim, struct daxsim_file *file)
{
	struct reach *reach = sim->reach;

	ds_spin_lock(&reach->spin);
	file->next = reach->files;
	file->link = &reach->files;
	if (file->next)
		file->next->link = &file->next;
	reach->files = file;
	ds_spin_unlock(&reach->spin);
}

static void remove_file(struct daxsim *sim, struct daxsim_file *file)
{
	ds_spin_lock(&sim->reach->spin);
	*file->link = file->next;
	if (file->next)
		file->next->link = file->link;
	ds_spin_unlock(&sim->reach->spin);
}

static void add_pin(struct daxsim *sim, struct daxsim_pin *pin)
{
	struct reach *reach = sim->reach;

	ds_spin_lock(&reach->spin);
	pin->next = reach->pins;
	pin->link = &reach->pins;
	if (pin->next)
		pin->next->link = &pin->next;
	reach->pins = pin;
	ds_spin_unlock(&reach->spin);
}

static void remove_pin(struct daxsim *sim, struct daxsim_pin *pin)
{
	ds_spin_lock(&sim->reach->spin);
	*pin->link = pin->next;
	if (pin->next)
		pin->next->link = pin->link;
	ds_spin_unlock(&sim->reach->spin);
}

/* ------------------------------- Universe --------------------------------- */

static int open_region(const struct daxsim_options *options,
		       struct ds_region **ret_region, char *why,
		       size_t why_size)
{
	struct ds_region_options region = {
		.path = options->device,
		.offset = options->device_offset,
		.size = options->device_size,
		.destroy = options->device_destroys_data,
		.overwrite = options->device_overwrite,
	};
	int r = ds_region_open(&region, ret_region, why, why_size);

	if (r < 0 || (*ret_region)->size >= 2 * DS_PAGE_SIZE)
		return r;
	snprintf(why, why_size,
		 "device_size: a universe has at least 8192 bytes");
	ds_region_close(*ret_region);
	*ret_region = NULL;
	return -EINVAL;
}

/* Turns a negative result into words too. */
static int say(int result, char *why, size_t why_size, const char *text)
{
	if (result < 0)
		snprintf(why, why_size, "%s", text);
	return result;
}

/* log2 of the pages of a huge page. */
static unsigned int huge_order(uint64_t size)
{
	unsigned int order = 0;

	while (size > DS_PAGE_SIZE << order)
		order++;
	return order;
}

static int fill(struct daxsim *sim, const struct daxsim_options *options,
		char *why, size_t why_size)
{
	struct ds_world_options world = {
		.profile = sim->profile,
		.n_zones = 1,
		.table_bits = options->small ? 4 : 9,
		.tree_shift = options->small ? 3 : 6,
		.concurrent = true,
		.victim = options->victim,
		.shadow = options->small && options->turns != DAXSIM_FREE,
		.huge_order = huge_order(options->huge_size),
		.longterm_allowed = options->longterm_allowed,
		.checked = true,
	};
	int r = open_region(options, &sim->region, why, why_size);

	if (r < 0)
		return r;
	world.region = sim->region;
	r = ds_world_new(&world, &sim->world);
	if (r == -EFBIG)
		return say(r, why, why_size,
			   "device_size: a universe has less than 16 TiB");
	if (r == 0)
		sim->reach =
			ds_arena_alloc(sim->world->arena, sizeof(*sim->reach));
	if (r == 0 && !sim->reach)
		r = -ENOMEM;
	if (r < 0)
		return say(r, why, why_size, "out of memory");
	sim->world->frames->may_poison = options->memory_fails;
	sim->world->super->leased = options->layouts;
	if (options->lease_break_ticks)
		sim->world->super->lease_break_time =
			options->lease_break_ticks;
	sim->world->super->follows_commits = true;
	sim->world->digest = digest_reach;
	sim->world->digest_arg = sim;
	/* Until a search begins any thread may make calls. */
	sim->world->events.parallel = true;
	return 0;
}

static int check_options(const struct daxsim_options *options, char *why,
			 size_t why_size)
{
	if (options->struct_size != sizeof(*options))
		return say(-EINVAL, why, why_size,
			   "options: struct_size is not that of this library");
	if ((unsigned int)options->turns > DAXSIM_FREE)
		return say(-EINVAL, why, why_size,
			   "options: turns is none of enum daxsim_turns");
	if (options->huge_size &&
	    (options->huge_size < 2 * DS_PAGE_SIZE ||
	     options->huge_size > 512 * DS_PAGE_SIZE ||
	     (options->huge_size & (options->huge_size - 1))))
		return say(-EINVAL, why, why_size,
			   "options: huge_size is not 2 to 512 pages, a power "
			   "of two");
	if (options->fs && !ds_profile_find(options->fs)) {
		snprintf(why, why_size, "options: there is no profile '%s'",
			 options->fs);
		return -EINVAL;
	}
	return 0;
}

static int choose_profile(struct daxsim *sim,
			  const struct daxsim_options *options)
{
	sim->profile = ds_profile_find(options->fs ? options->fs : DEFAULT_FS);
	if (!options->custom_fs)
		return 0;
	sim->profile = &sim->custom_profile;
	return ds_custom_profile(options->custom_fs, &sim->custom_ops,
				 &sim->custom_profile);
}

int daxsim_new(const struct daxsim_options *options, struct daxsim **ret_sim,
	       char *ret_why, size_t why_size)
{
	struct daxsim_options defaults = {.struct_size = sizeof(defaults)};
	char why[256] = "";
	struct daxsim *sim;
	int r;

	if (!options)
		options = &defaults;
	r = check_options(options, ret_why, why_size);
	if (r < 0)
		return r;
	sim = calloc(1, sizeof(*sim));
	if (!sim)
		return say(-ENOMEM, ret_why, why_size, "out of memory");
	r = choose_profile(sim, options);
	if (r < 0) {
		free(sim);
		return say(r, ret_why, why_size,
			   "options: custom_fs is not complete");
	}
	sim->turns = (enum ds_turns)options->turns;
	r = fill(sim, options, why, sizeof(why));
	if (r < 0) {
		daxsim_free(sim);
		return say(r, ret_why, why_size, why);
	}
	*ret_sim = sim;
	return 0;
}

void daxsim_free(struct daxsim *sim)
{
	struct guest *guest, *next;

	if (!sim)
		return;
	/* A task that freed its own stack could not return. */
	ds_assert(!sim->world || !in_task(sim));
	for (guest = sim->guests; guest; guest = next) {
		next = guest->next;
		free(guest);
	}
	ds_world_free(sim->world);
	ds_region_close(sim->region);
	free(sim);
}

void *daxsim_alloc(struct daxsim *sim, size_t size)
{
	struct ds_task *task = self_or_setup(sim);
	struct block *block = NULL;

	if (size && size < SIZE_MAX - sizeof(*block))
		block = ds_arena_alloc(sim->world->arena,
				       sizeof(*block) + size);
	if (!block)
		return NULL;
	block->size = size;
	ds_spin_lock(&sim->reach->spin);
	block->next = sim->reach->blocks;
	sim->reach->blocks = block;
	ds_spin_unlock(&sim->reach->spin);
	ds_task_saw(task, name_of(sim, block));
	return block + 1;
}

int daxsim_poison(struct daxsim *sim, uint64_t physical)
{
	struct ds_pfn pfn = {ds_page_down(physical)};
	struct ds_task *task = self(sim);

	if (!task)
		return -ENOMEM;
	if (pfn.pfn == DS_ZERO_PFN ||
	    pfn.pfn >= sim->region->size / DS_PAGE_SIZE)
		return -EINVAL;
	if (!sim->world->frames->may_poison)
		return -EOPNOTSUPP;
	return ds_poison_block(task, sim->world->super, pfn);
}

const char *daxsim_profile_name(unsigned int i)
{
	return ds_profile_at(i) ? ds_profile_at(i)->name : NULL;
}

const char *daxsim_version(void)
{
	return DAXSIM_VERSION;
}

/* --------------------------------- Files ---------------------------------- */

int daxsim_open(struct daxsim *sim, const char *path, int flags,
		struct daxsim_file **ret_file)
{
	struct ds_arena *arena = sim->world->arena;
	struct ds_task *task = self(sim);
	struct daxsim_file *file;
	int r;

	if (!task)
		return -ENOMEM;
	file = ds_arena_alloc(arena, sizeof(*file));
	if (!file)
		return ds_task_void(task, -ENOMEM);
	file->sim = sim;
	r = ds_vfs_open(task, sim->world->super, path, flags, &file->file);
	if (r < 0) {
		ds_arena_release(arena, file, sizeof(*file));
		return r;
	}
	add_file(sim, file);
	ds_task_saw(task, name_of(sim, file));
	*ret_file = file;
	return 0;
}

int daxsim_close(struct daxsim_file *file)
{
	struct daxsim *sim = file->sim;
	struct ds_task *task = self(sim);
	int r;

	if (!task)
		return -ENOMEM;
	remove_file(sim, file);
	r = ds_vfs_close(task, file->file);
	ds_arena_release(sim->world->arena, file, sizeof(*file));
	return r;
}

int daxsim_unlink(struct daxsim *sim, const char *path)
{
	struct ds_task *task = self(sim);

	if (!task)
		return -ENOMEM;
	return ds_vfs_unlink(task, sim->world->super, path);
}

int daxsim_fstat(struct daxsim_file *file, struct daxsim_stat *ret_stat)
{
	struct ds_task *task = self(file->sim);
	struct ds_stat stat;
	int r;

	if (!task)
		return -ENOMEM;
	r = ds_vfs_fstat(task, file->file, &stat);
	if (r < 0)
		return r;
	ret_stat->ino = stat.inode;
	ret_stat->nlink = stat.n_links;
	ret_stat->size = stat.size;
	ret_stat->blocks = stat.n_blocks;
	return 0;
}

int64_t daxsim_lseek(struct daxsim_file *file, int64_t offset, int whence)
{
	struct ds_task *task = self(file->sim);

	if (!task)
		return -ENOMEM;
	return ds_vfs_lseek(task, file->file, offset, whence);
}

ssize_t daxsim_pread(struct daxsim_file *file, void *buf, size_t len,
		     int64_t offset)
{
	struct ds_task *task = self(file->sim);

	if (!task)
		return -ENOMEM;
	return ds_vfs_pread(task, file->file, buf, len, offset);
}

ssize_t daxsim_pwrite(struct daxsim_file *file, const void *buf, size_t len,
		      int64_t offset)
{
	struct ds_task *task = self(file->sim);

	if (!task)
		return -ENOMEM;
	return ds_vfs_pwrite(task, file->file, buf, len, offset);
}

/* Others than the one we know are refused below. */
static unsigned int io_flags(int flags)
{
	return flags == RWF_NOWAIT ? DS_IO_NOWAIT : flags ? ~DS_IO_NOWAIT : 0;
}

ssize_t daxsim_preadv2(struct daxsim_file *file, void *buf, size_t len,
		       int64_t offset, int flags)
{
	struct ds_task *task = self(file->sim);

	if (!task)
		return -ENOMEM;
	return ds_vfs_preadv2(task, file->file, buf, len, offset,
			      io_flags(flags));
}

ssize_t daxsim_pwritev2(struct daxsim_file *file, const void *buf, size_t len,
			int64_t offset, int flags)
{
	struct ds_task *task = self(file->sim);

	if (!task)
		return -ENOMEM;
	return ds_vfs_pwritev2(task, file->file, buf, len, offset,
			       io_flags(flags));
}

ssize_t daxsim_read(struct daxsim_file *file, void *buf, size_t len)
{
	struct ds_task *task = self(file->sim);

	if (!task)
		return -ENOMEM;
	return ds_vfs_read(task, file->file, buf, len);
}

ssize_t daxsim_write(struct daxsim_file *file, const void *buf, size_t len)
{
	struct ds_task *task = self(file->sim);

	if (!task)
		return -ENOMEM;
	return ds_vfs_write(task, file->file, buf, len);
}

int daxsim_ftruncate(struct daxsim_file *file, int64_t length)
{
	struct ds_task *task = self(file->sim);

	if (!task)
		return -ENOMEM;
	return ds_vfs_ftruncate(task, file->file, length);
}

int daxsim_fallocate(struct daxsim_file *file, int mode, int64_t offset,
		     int64_t len)
{
	struct ds_task *task = self(file->sim);

	if (!task)
		return -ENOMEM;
	return ds_vfs_fallocate(task, file->file, mode, offset, len);
}

int daxsim_reflink(struct daxsim_file *source, int64_t offset,
		   struct daxsim_file *dest, int64_t dest_offset, int64_t len)
{
	struct ds_task *task = self(source->sim);

	if (!task)
		return -ENOMEM;
	if (source->sim != dest->sim)
		return -EXDEV;
	return ds_vfs_reflink(task, source->file, offset, dest->file,
			      dest_offset, len);
}

int64_t daxsim_dedupe(struct daxsim_file *source, int64_t offset,
		      struct daxsim_file *dest, int64_t dest_offset,
		      int64_t len)
{
	struct ds_task *task = self(source->sim);

	if (!task)
		return -ENOMEM;
	if (source->sim != dest->sim)
		return -EXDEV;
	return ds_vfs_dedupe(task, source->file, offset, dest->file,
			     dest_offset, len);
}

int daxsim_fsync(struct daxsim_file *file)
{
	struct ds_task *task = self(file->sim);

	if (!task)
		return -ENOMEM;
	return ds_vfs_fsync(task, file->file);
}

/*
 * At most @max runs of [start, end), and where to go on in *@ret_next. In small
 * pieces, since this may be a task's stack.
 */
static int64_t next_extents(struct ds_task *task, struct ds_file *file,
			    uint64_t start, uint64_t end, unsigned int max,
			    struct daxsim_extent *ret_extents,
			    uint64_t *ret_next)
{
	struct ds_fiemap_run runs[16];
	unsigned int room = sizeof(runs) / sizeof(runs[0]);
	unsigned int want = max < room ? max : room;
	int64_t n, i;

	n = ds_vfs_extents(task, file, start, end - start, want, runs);
	for (i = 0; i < n; i++)
		ret_extents[i] = (struct daxsim_extent){
			.logical = runs[i].logical,
			.physical = runs[i].physical,
			.length = runs[i].length,
			.unwritten = runs[i].unwritten,
		};
	*ret_next = n == want ? runs[n - 1].logical + runs[n - 1].length : end;
	return n;
}

int64_t daxsim_fiemap(struct daxsim_file *file, uint64_t start, uint64_t len,
		      unsigned int max, struct daxsim_extent *ret_extents)
{
	struct ds_task *task = self(file->sim);
	uint64_t end = len < UINT64_MAX - start ? start + len : UINT64_MAX;
	int64_t n = 0, got;

	if (!task)
		return -ENOMEM;
	if (max == 0 || len == 0 || start == end)
		return ds_vfs_fiemap(task, file->file, start, len, 0, NULL);
	got = ds_vfs_fsync(task, file->file);
	while (got >= 0 && start < end && (uint64_t)n < max) {
		got = next_extents(task, file->file, start, end,
				   max - (unsigned int)n, ret_extents + n,
				   &start);
		n += got;
	}
	return got < 0 ? got : n;
}

/* --------------------------------- Memory --------------------------------- */

/* What do_mmap() refuses of the arguments, and what is not modelled. */
static int check_mmap(uint64_t offset, uint64_t len, int prot, int flags)
{
	int type = flags & MAP_TYPE;

	if (len == 0 || (offset & DS_PAGE_MASK))
		return -EINVAL;
	if (type != MAP_SHARED && type != MAP_PRIVATE &&
	    type != MAP_SHARED_VALIDATE)
		return -EINVAL;
	if (flags & ~(MAP_TYPE | MAP_SYNC))
		return -EOPNOTSUPP;
	if (prot == PROT_NONE || (prot & ~(PROT_READ | PROT_WRITE)))
		return -EOPNOTSUPP;
	return 0;
}

int daxsim_mmap(struct daxsim_file *file, uint64_t len, int prot, int flags,
		uint64_t offset, uint64_t *ret_addr)
{
	struct ds_task *task = self(file->sim);
	int r = check_mmap(offset, len, prot, flags);
	unsigned int how = 0;

	if (!task)
		return -ENOMEM;
	if (r < 0)
		return r;
	if (prot & PROT_WRITE)
		how |= DS_MAP_WRITABLE;
	if ((flags & MAP_TYPE) == MAP_PRIVATE)
		how |= DS_MAP_PRIVATE;
	if ((flags & MAP_TYPE) == MAP_SHARED_VALIDATE && (flags & MAP_SYNC))
		how |= DS_MAP_SYNC;
	return ds_vfs_mmap(task, own_space(file->sim), file->file, offset, len,
			   how, ret_addr);
}

int daxsim_munmap(struct daxsim *sim, uint64_t addr, uint64_t len)
{
	struct ds_task *task = self(sim);
	struct ds_space *space = own_space(sim);
	uint64_t limit = ds_pgtable_limit(&space->table).vpn << DS_PAGE_SHIFT;
	struct ds_vpn first = {ds_page_down(addr)};
	struct ds_vpn end;

	if (!task)
		return -ENOMEM;
	if ((addr & DS_PAGE_MASK) || len == 0 || addr > limit ||
	    len > limit - addr)
		return -EINVAL;
	end.vpn = ds_page_up(addr + len);
	return ds_space_unmap(task, space, first, end);
}

int daxsim_madvise(struct daxsim *sim, uint64_t addr, uint64_t len, int advice)
{
	struct ds_task *task = self(sim);
	struct ds_vpn first = {ds_page_down(addr)};
	struct ds_vpn end;

	if (!task)
		return -ENOMEM;
	if (advice != MADV_DONTNEED || (addr & DS_PAGE_MASK) ||
	    len > UINT64_MAX - DS_PAGE_MASK ||
	    ((len + DS_PAGE_MASK) & ~DS_PAGE_MASK) > UINT64_MAX - addr)
		return -EINVAL;
	if (len == 0)
		return 0;
	end.vpn = ds_page_up(addr + len);
	return ds_space_dontneed(task, own_space(sim), first, end);
}

ssize_t daxsim_load(struct daxsim *sim, uint64_t addr, void *buf, size_t len)
{
	struct ds_task *task = self(sim);

	if (!task)
		return -ENOMEM;
	return ds_space_access(task, own_space(sim), addr, buf, len, false);
}

ssize_t daxsim_store(struct daxsim *sim, uint64_t addr, const void *buf,
		     size_t len)
{
	struct ds_task *task = self(sim);

	if (!task)
		return -ENOMEM;
	/* A store only reads the buffer. */
	return ds_space_access(task, own_space(sim), addr,
			       (void *)(uintptr_t)buf, len, true);
}

/* ---------------------------------- Pins ---------------------------------- */

/* The library's flags for the interface's; -EINVAL if they make no sense. */
static int pin_flags(unsigned int flags)
{
	const unsigned int kinds = DAXSIM_PIN_GET | DAXSIM_PIN_COUNTED;

	if (flags & ~(DAXSIM_PIN_WRITE | DAXSIM_PIN_LONGTERM | kinds) ||
	    (flags & kinds) == kinds)
		return -EINVAL;
	return (flags & DAXSIM_PIN_WRITE ? (int)DS_PIN_WRITE : 0) |
	       (flags & DAXSIM_PIN_LONGTERM ? (int)DS_PIN_LONGTERM : 0) |
	       (flags & DAXSIM_PIN_GET ? (int)DS_PIN_GET : 0) |
	       (flags & DAXSIM_PIN_COUNTED ? (int)DS_PIN_COUNTED : 0);
}

ssize_t daxsim_pin_user_pages(struct daxsim *sim, uint64_t addr, size_t len,
			      unsigned int flags, struct daxsim_pin **ret_pin)
{
	struct ds_arena *arena = sim->world->arena;
	struct ds_task *task = self(sim);
	struct daxsim_pin *pin;
	int how = pin_flags(flags);
	int64_t r;

	if (!task)
		return -ENOMEM;
	if (how < 0)
		return how;
	pin = ds_arena_alloc(arena, sizeof(*pin));
	if (!pin)
		return ds_task_void(task, -ENOMEM);
	pin->sim = sim;
	r = ds_direct_begin(task, own_space(sim), addr, len, (unsigned int)how,
			    &pin->direct);
	if (r < 0) {
		ds_arena_release(arena, pin, sizeof(*pin));
		return r;
	}
	add_pin(sim, pin);
	ds_task_saw(task, name_of(sim, pin));
	*ret_pin = pin;
	return r;
}

static ssize_t transfer(struct daxsim_pin *pin, unsigned char *bytes,
			size_t len, bool to_memory)
{
	struct ds_task *task = self(pin->sim);
	struct ds_direct part = pin->direct;

	if (!task)
		return -ENOMEM;
	if (to_memory != part.to_memory || len > part.len)
		return -EINVAL;
	part.len = len;
	ds_direct_transfer(task, &part, bytes);
	return (ssize_t)len;
}

ssize_t daxsim_pin_write(struct daxsim_pin *pin, const void *bytes, size_t len)
{
	return transfer(pin, (unsigned char *)(uintptr_t)bytes, len, true);
}

ssize_t daxsim_pin_read(struct daxsim_pin *pin, void *bytes, size_t len)
{
	return transfer(pin, bytes, len, false);
}

static void forget_pin(struct daxsim_pin *pin)
{
	struct daxsim *sim = pin->sim;

	remove_pin(sim, pin);
	ds_arena_release(sim->world->arena, pin, sizeof(*pin));
}

void daxsim_unpin_user_pages(struct daxsim_pin *pin)
{
	ds_direct_unpin(self_or_setup(pin->sim), &pin->direct);
	forget_pin(pin);
}

void daxsim_end_direct(struct daxsim_pin *pin)
{
	ds_direct_end(self_or_setup(pin->sim), &pin->direct);
	forget_pin(pin);
}

static ssize_t direct_io(struct daxsim *sim, uint64_t addr,
			 unsigned char *bytes, size_t len, bool to_memory)
{
	struct ds_task *task = self(sim);
	struct ds_direct direct;
	uint64_t before;
	int64_t r;

	if (!task)
		return -ENOMEM;
	before = ds_task_enter(task);
	r = ds_direct_begin(task, own_space(sim), addr, len, to_memory,
			    &direct);
	if (r < 0)
		return r;
	ds_direct_transfer(task, &direct, bytes);
	ds_direct_end(task, &direct);
	ds_task_done(task, before, (uint64_t)r);
	if (!to_memory)
		ds_task_saw_bytes(task, bytes, (size_t)r);
	return r;
}

ssize_t daxsim_direct_read(struct daxsim *sim, uint64_t addr, const void *bytes,
			   size_t len)
{
	return direct_io(sim, addr, (unsigned char *)(uintptr_t)bytes, len,
			 true);
}

ssize_t daxsim_direct_write(struct daxsim *sim, uint64_t addr, void *ret_bytes,
			    size_t len)
{
	return direct_io(sim, addr, ret_bytes, len, false);
}

/* -------------------------------- Layouts --------------------------------- */

static struct daxsim_client *client_of(struct ds_lease *lease)
{
	return (struct daxsim_client *)(void *)lease;
}

static bool answer_recall(struct ds_lease *lease)
{
	struct daxsim_client *client = client_of(lease);

	switch (client->recall(client->arg)) {
	case DAXSIM_RECALL_GIVE_UP:
		return true;
	case DAXSIM_RECALL_EXPIRE:
		lease->asked = lease->layout.valid;
		return false;
	default:
		lease->break_time = 0;
		lease->asked = lease->layout.valid;
		return false;
	}
}

static const struct ds_lease_ops lease_ops = {.recall = answer_recall};

int daxsim_client_new(struct daxsim *sim, const char *name,
		      daxsim_recall_fn recall, void *arg,
		      struct daxsim_client **ret_client)
{
	struct ds_arena *arena = sim->world->arena;
	struct ds_task *task = self(sim);
	size_t size = strlen(name) + 1;
	struct daxsim_client *client;
	char *copy;

	if (!task)
		return -ENOMEM;
	if (!sim->world->super->leased)
		return -EOPNOTSUPP;
	client = ds_arena_alloc(arena, sizeof(*client));
	copy = ds_arena_alloc(arena, size);
	if (!client || !copy) {
		ds_arena_release(arena, client, sizeof(*client));
		ds_arena_release(arena, copy, size);
		return ds_task_void(task, -ENOMEM);
	}
	memcpy(copy, name, size);
	/* Its place in the arena is a number that nobody else has. */
	ds_client_init(&client->client,
		       (uint32_t)(ds_arena_place(arena, client) / 8), copy);
	client->sim = sim;
	client->recall = recall;
	client->arg = arg;
	if (recall)
		client->client.lease.ops = &lease_ops;
	ds_spin_lock(&sim->reach->spin);
	client->next = sim->reach->clients;
	sim->reach->clients = client;
	ds_spin_unlock(&sim->reach->spin);
	ds_task_saw(task, name_of(sim, client));
	*ret_client = client;
	return 0;
}

int daxsim_layout_get(struct daxsim_client *client, struct daxsim_file *file,
		      uint64_t offset, uint64_t len, bool write)
{
	struct ds_task *task = self(client->sim);

	if (!task)
		return -ENOMEM;
	if (client->sim != file->sim)
		return -EXDEV;
	if (len == 0 || len > INT64_MAX || offset > INT64_MAX - len)
		return -EINVAL;
	return ds_client_get(task, &client->client, file->file->inode, offset,
			     len, write);
}

/* Whether a layout could reach that far at all. */
static bool is_access(uint64_t offset, size_t len)
{
	return len > 0 && len <= INT64_MAX && offset <= INT64_MAX - len;
}

ssize_t daxsim_layout_read(struct daxsim_client *client, uint64_t offset,
			   void *buf, size_t len)
{
	struct ds_task *task = self(client->sim);
	int64_t r;

	if (!task)
		return -ENOMEM;
	if (!is_access(offset, len))
		return -EINVAL;
	r = ds_client_read(task, &client->client, offset, buf, len);
	if (r > 0)
		ds_task_saw_bytes(task, buf, (size_t)r);
	return r;
}

ssize_t daxsim_layout_write(struct daxsim_client *client, uint64_t offset,
			    const void *buf, size_t len)
{
	struct ds_task *task = self(client->sim);

	if (!task)
		return -ENOMEM;
	if (!is_access(offset, len))
		return -EINVAL;
	return ds_client_write(task, &client->client, offset, buf, len);
}

int daxsim_layout_commit(struct daxsim_client *client, uint64_t offset,
			 size_t len)
{
	struct ds_task *task = self(client->sim);

	if (!task)
		return -ENOMEM;
	if (!is_access(offset, len))
		return -EINVAL;
	return ds_client_commit(task, &client->client, offset, len);
}

int daxsim_layout_return(struct daxsim_client *client)
{
	struct ds_task *task = self(client->sim);

	if (!task)
		return -ENOMEM;
	return ds_client_return(task, &client->client);
}

int daxsim_layout_fence(struct daxsim_client *client)
{
	struct ds_task *task = self(client->sim);

	if (!task)
		return -ENOMEM;
	return ds_client_fence(task, &client->client);
}

int daxsim_layout_await_recall(struct daxsim_file *file,
			       struct daxsim_client **ret_client)
{
	struct ds_lease *lease;

	if (!in_task(file->sim))
		return -EDEADLK;
	lease = ds_leases_await_recall(ds_task_current(), file->file->inode);
	if (!lease)
		return -ESRCH;
	*ret_client = client_of(lease);
	return 0;
}

void daxsim_sleep(struct daxsim *sim, uint64_t ticks)
{
	if (ticks)
		ds_task_pause(self_or_setup(sim), ticks);
}

/* --------------------------------- Tasks ---------------------------------- */

static void run_task(struct ds_task *task, void *arg)
{
	struct api_task *api = arg;

	if (api->forked)
		ds_request_await(task, api->forked);
	api->fn(api->sim, api->arg);
}

/* @child: it is a program of its own, and begins when it is forked. */
static int spawn(struct daxsim *sim, const char *name, daxsim_task_fn fn,
		 void *arg, struct ds_request *child, struct ds_space *space)
{
	struct ds_arena *arena = sim->world->arena;
	size_t size = strlen(name) + 1;
	struct ds_task *task;
	struct api_task *api;
	char *copy;
	int r = -ENOMEM;

	if (sim->begun)
		return -EBUSY;
	api = ds_arena_alloc(arena, sizeof(*api));
	copy = ds_arena_alloc(arena, size);
	if (api && copy) {
		memcpy(copy, name, size);
		*api = (struct api_task){
			.sim = sim,
			.fn = fn,
			.arg = arg,
			.forked = child,
			.space = space,
		};
		r = ds_sched_spawn(sim->world->sched, arena, copy, run_task,
				   api, &task);
	}
	if (r < 0) {
		ds_arena_release(arena, api, sizeof(*api));
		ds_arena_release(arena, copy, size);
		return r;
	}
	if (child) {
		child->id = 2 * DS_TASKS_MAX + task->id;
		api->next = sim->children;
		sim->children = api;
	}
	return (int)task->id;
}

int daxsim_spawn(struct daxsim *sim, const char *name, daxsim_task_fn fn,
		 void *arg)
{
	return spawn(sim, name, fn, arg, NULL, sim->world->space);
}

int daxsim_spawn_child(struct daxsim *sim, const char *name, daxsim_task_fn fn,
		       void *arg)
{
	struct ds_request *forked;
	struct ds_space *space;
	int r;

	if (sim->begun)
		return -EBUSY;
	if (sim->world->sched->n_tasks == DS_TASKS_MAX)
		return -ENOSPC;
	forked = ds_arena_alloc(sim->world->arena, sizeof(*forked));
	if (!forked)
		return -ENOMEM;
	r = ds_world_add_space(sim->world, name, &space);
	return r < 0 ? r : spawn(sim, name, fn, arg, forked, space);
}

int daxsim_fork(struct daxsim *sim, int child)
{
	const struct ds_sched *sched = sim->world->sched;
	struct ds_task *task = self(sim);
	struct api_task *api;
	int r;

	if (!task)
		return -ENOMEM;
	if (child < 0 || (unsigned int)child >= sched->n_tasks)
		return -ESRCH;
	api = sched->tasks[child]->arg;
	if (!api->forked)
		return -ESRCH;
	/* No step: a child has one parent, which knows what it did. */
	if (atomic_exchange(&api->has_parent, true))
		return -EBUSY;
	r = ds_space_fork(task, own_space(sim), api->space);
	ds_request_complete(task, api->forked);
	return r;
}

int daxsim_exit(struct daxsim *sim)
{
	struct ds_task *task = self(sim);

	return task ? ds_space_exit(task, own_space(sim)) : -ENOMEM;
}

int daxsim_signal(struct daxsim *sim, int task)
{
	struct ds_sched *sched = sim->world->sched;
	struct ds_task *from = self(sim);

	if (!from)
		return -ENOMEM;
	if (task < 0 || (unsigned int)task >= sched->n_tasks)
		return -ESRCH;
	ds_task_signal(from, sched->tasks[task]);
	return 0;
}

bool daxsim_take_signal(struct daxsim *sim)
{
	struct ds_task *task = self(sim);

	return task && ds_task_take_signal(task);
}

static ds_obj cell_object(const struct daxsim *sim, const uint64_t *cell)
{
	uint64_t name = name_of(sim, cell) & INT64_MAX;

	return ds_object(DS_OBJ_CELL, CELL_OF_PROGRAM | name >> 32, name);
}

uint64_t daxsim_cell_get(struct daxsim *sim, const uint64_t *cell)
{
	struct ds_task *task = self_or_setup(sim);
	uint64_t value;

	ds_yield(task, DS_AT_CELL, ds_reads(cell_object(sim, cell)));
	value = __atomic_load_n(cell, __ATOMIC_SEQ_CST);
	ds_task_saw(task, name_of(sim, (const void *)(uintptr_t)value));
	return value;
}

void daxsim_cell_set(struct daxsim *sim, uint64_t *cell, uint64_t value)
{
	struct ds_task *task = self_or_setup(sim);

	ds_yield(task, DS_AT_CELL, ds_writes(cell_object(sim, cell)));
	__atomic_store_n(cell, value, __ATOMIC_SEQ_CST);
}

void daxsim_expect(struct daxsim *sim, bool condition, const char *text)
{
	if (condition)
		return;
	ds_spin_lock(&sim->expect_spin);
	ds_checks_report(sim->world->checks, DS_EXPECTED,
			 self_or_setup(sim)->id, "%s", text);
	ds_spin_unlock(&sim->expect_spin);
}

/* --------------------------------- Search --------------------------------- */

/* Before the first run: from here on tasks take turns, or are parallel. */
static int begin(struct daxsim *sim)
{
	struct ds_world *world = sim->world;
	bool free = sim->turns == DS_TURNS_FREE;
	struct ds_inode *inode;
	int r;

	r = ds_sched_prepare(world->sched, sim->turns);
	if (r < 0)
		return r;
	world->super->concurrent = free;
	for (inode = world->super->inodes; inode; inode = inode->next)
		ds_xtree_set_concurrent(inode->mapping.tree, free);
	world->events.parallel = free;
	ds_checks_start(world->checks);
	sim->begun = true;
	return 0;
}

/* Makes the universe ready for runs, which start from the mark. */
static int prepare(struct daxsim *sim)
{
	int r = 0;

	if (in_task(sim))
		return -EBUSY;
	if (sim->world->sched->n_tasks == 0)
		return -EINVAL;
	if (!sim->begun)
		r = begin(sim);
	if (r == 0 && !sim->marked)
		r = ds_world_mark(sim->world);
	if (r == 0)
		sim->marked = true;
	return r;
}

/*
 * A run that did not end leaves locks behind, on which later calls would hang:
 * what they find then is what runs start from.
 */
static void settle(struct daxsim *sim)
{
	if (sim->marked && sim->world->sched->end != DS_RUN_DONE)
		ds_world_rewind(sim->world);
}

/* What a token is good for: tasks with these names. */
static uint32_t hash_names(const struct ds_sched *sched)
{
	uint64_t hash = 0;
	unsigned int i;

	for (i = 0; i < sched->n_tasks; i++)
		hash = ds_token_add_name(hash, sched->tasks[i]->name);
	return (uint32_t)hash;
}

/* @schedule: NULL when there is no token. */
static int add_finding(struct daxsim *sim, struct daxsim_report *report,
		       unsigned int id, const struct ds_finding *finding,
		       const struct ds_schedule *schedule)
{
	unsigned int i = report->n++;

	report->findings[i].property =
		ds_property((enum ds_property_id)id)->name;
	snprintf(report->findings[i].text, sizeof(report->findings[i].text),
		 "%s", finding->text);
	if (!schedule)
		return 0;
	report->findings[i].replay =
		ds_token_format(DS_TOKEN_API, hash_names(sim->world->sched),
				sim->profile->name, DS_RULE_NONE, schedule);
	return report->findings[i].replay ? 0 : -ENOMEM;
}

static int make_report(struct daxsim *sim,
		       const struct ds_search_options *search,
		       const struct ds_search_result *result,
		       struct daxsim_report **ret_report)
{
	struct daxsim_report *report = calloc(1, sizeof(*report));
	bool free = sim->turns == DS_TURNS_FREE;
	unsigned int i;
	int r = 0;

	if (!report)
		return -ENOMEM;
	ds_search_end_text(result, search, report->search,
			   sizeof(report->search));
	report->interleavings = result->interleavings;
	report->states = result->states;
	report->warned = result->warned;
	for (i = 0; i < DS_N_PROPERTIES && r == 0; i++) {
		const struct ds_search_finding *found = &result->findings[i];

		if (found->runs)
			r = add_finding(sim, report, i, &found->finding,
					free ? NULL : &found->schedule);
	}
	if (r < 0) {
		daxsim_report_free(report);
		return r;
	}
	*ret_report = report;
	return 0;
}

static int read_options(const struct daxsim *sim,
			const struct daxsim_explore_options *options,
			struct ds_search_options *ret_search)
{
	if (options->struct_size != sizeof(*options) ||
	    (unsigned int)options->strategy > DAXSIM_PCT)
		return -EINVAL;
	*ret_search = (struct ds_search_options){
		.kind = (enum ds_search_kind)options->strategy,
		.bound = options->bound,
		.depth = options->depth,
		.budget = options->budget,
		.seed = options->seed,
		.first = options->first,
		.max_steps =
			options->max_steps ? options->max_steps : DEFAULT_STEPS,
	};
	if (sim->turns == DS_TURNS_FREE)
		ret_search->kind = DS_SEARCH_RANDOM;
	if (ds_search_samples(ret_search->kind) && !ret_search->budget)
		ret_search->budget = DEFAULT_RUNS;
	return 0;
}

int daxsim_explore(struct daxsim *sim,
		   const struct daxsim_explore_options *options,
		   struct daxsim_report **ret_report)
{
	struct daxsim_explore_options defaults = {.struct_size =
							  sizeof(defaults)};
	struct ds_search_options search;
	struct ds_search_result result;
	int r;

	r = read_options(sim, options ? options : &defaults, &search);
	if (r == 0)
		r = prepare(sim);
	if (r < 0)
		return r;
	r = ds_search_run(sim->world, &search, &result);
	settle(sim);
	if (r < 0)
		return r;
	r = make_report(sim, &search, &result, ret_report);
	ds_search_result_free(&result);
	return r;
}

/* One told run, with its findings in @report. */
static int replay(struct daxsim *sim, const struct ds_schedule *schedule,
		  struct daxsim_report *report)
{
	struct ds_checks *checks = sim->world->checks;
	struct ds_timeline *timeline;
	size_t diverged;
	unsigned int i;
	int r;

	r = ds_timeline_new(sim->world, &timeline);
	if (r < 0)
		return r;
	r = ds_replay_run(sim->world, schedule, &diverged);
	if (r == 0)
		report->timeline = ds_timeline_text(timeline, false);
	if (r == 0 && !report->timeline)
		r = -ENOMEM;
	ds_timeline_free(timeline);
	for (i = 0; i < DS_N_PROPERTIES && r == 0; i++)
		if (checks->findings[i].found)
			r = add_finding(sim, report, i, &checks->findings[i],
					schedule);
	report->interleavings = 1;
	report->warned = checks->warned;
	snprintf(report->search, sizeof(report->search), "SAMPLED");
	settle(sim);
	return r;
}

/* Whether @token is one of these tasks on this profile. */
static bool is_ours(const struct daxsim *sim, const struct ds_token *token)
{
	return sim->turns != DS_TURNS_FREE &&
	       strcmp(token->scenario, DS_TOKEN_API) == 0 &&
	       strcmp(token->fs, sim->profile->name) == 0 && !token->broken &&
	       ds_token_fits(token, hash_names(sim->world->sched));
}

int daxsim_replay(struct daxsim *sim, const char *token,
		  struct daxsim_report **ret_report)
{
	struct daxsim_report *report;
	struct ds_token parsed;
	char why[160];
	int r;

	r = ds_token_parse(token, &parsed, why, sizeof(why));
	if (r < 0)
		return r;
	report = calloc(1, sizeof(*report));
	r = report ? 0 : -ENOMEM;
	if (r == 0 && !is_ours(sim, &parsed))
		r = -EINVAL;
	if (r == 0)
		r = prepare(sim);
	if (r == 0)
		r = replay(sim, &parsed.schedule, report);
	ds_token_free(&parsed);
	if (r < 0) {
		daxsim_report_free(report);
		return r;
	}
	*ret_report = report;
	return 0;
}

/* --------------------------------- Report --------------------------------- */

const char *daxsim_report_search(const struct daxsim_report *report)
{
	return report->search;
}

uint64_t daxsim_report_states(const struct daxsim_report *report)
{
	return report->states;
}

uint64_t daxsim_report_interleavings(const struct daxsim_report *report)
{
	return report->interleavings;
}

uint32_t daxsim_report_warnings(const struct daxsim_report *report)
{
	return report->warned;
}

unsigned int daxsim_report_findings(const struct daxsim_report *report)
{
	return report->n;
}

const char *daxsim_report_property(const struct daxsim_report *report,
				   unsigned int finding)
{
	return finding < report->n ? report->findings[finding].property : NULL;
}

const char *daxsim_report_text(const struct daxsim_report *report,
			       unsigned int finding)
{
	return finding < report->n ? report->findings[finding].text : NULL;
}

const char *daxsim_report_replay(const struct daxsim_report *report,
				 unsigned int finding)
{
	return finding < report->n ? report->findings[finding].replay : NULL;
}

const char *daxsim_report_timeline(const struct daxsim_report *report)
{
	return report->timeline;
}

void daxsim_report_free(struct daxsim_report *report)
{
	unsigned int i;

	if (!report)
		return;
	for (i = 0; i < report->n; i++)
		free(report->findings[i].replay);
	free(report->timeline);
	free(report);
}

/* ----------------------- File systems of one's own ------------------------ */

/* A call of daxsim_fs_prove(). */
struct proof {
	const struct daxsim_fs_prove_options *options;
	int n_bad;
};

static void tell_cell(void *arg, const struct ds_battery_cell *cell)
{
	struct proof *proof = arg;
	const struct daxsim_fs_cell told = {
		.op = cell->op->name,
		.pin = cell->pin->name,
		.violates = cell->violates,
		.inherited = cell->inherited,
		.as_predicted = cell->predicted,
		.because = cell->because,
		.search = cell->search,
		.interleavings = cell->interleavings,
		.property = cell->property,
		.text = cell->violates ? cell->text : NULL,
		.replay = cell->replay,
	};

	if (!cell->complete || (cell->violates && !cell->inherited))
		proof->n_bad++;
	if (proof->options->report)
		proof->options->report(proof->options->arg, &told);
}

int daxsim_fs_prove(const struct daxsim_fs *fs,
		    const struct daxsim_fs_prove_options *options,
		    char *ret_why, size_t why_size)
{
	struct daxsim_fs_prove_options defaults = {.struct_size =
							   sizeof(defaults)};
	struct proof proof = {.options = options ? options : &defaults};
	struct ds_battery_options battery = {0};
	struct ds_fs_profile profile;
	struct ds_fs_ops ops;
	char why[256] = "";
	int r;

	options = proof.options;
	if (options->struct_size != sizeof(*options))
		return say(-EINVAL, ret_why, why_size,
			   "options: struct_size is not that of this library");
	r = ds_custom_profile(fs, &ops, &profile);
	if (r < 0)
		return say(r, ret_why, why_size, "fs: it is not complete");
	battery.profile = &profile;
	battery.op = options->op;
	battery.pin = options->pin;
	battery.all = options->all;
	battery.budget = options->budget;
	r = ds_battery_run(&battery, tell_cell, &proof, why, sizeof(why));
	if (r < 0)
		return say(r, ret_why, why_size, why);
	return proof.n_bad;
}

/* What broke in a replayed run, in @report, with the token that shows it. */
static int tell_replay(const struct ds_battery_replay *replayed,
		       const char *token, struct daxsim_report *report)
{
	size_t size = strlen(token) + 1;
	unsigned int i;

	report->interleavings = 1;
	report->warned = replayed->warned;
	snprintf(report->search, sizeof(report->search), "SAMPLED");
	for (i = 0; i < DS_N_PROPERTIES; i++) {
		const struct ds_finding *found = &replayed->findings[i];
		char *copy;

		if (!found->found)
			continue;
		copy = calloc(1, size);
		if (!copy)
			return -ENOMEM;
		memcpy(copy, token, size);
		report->findings[report->n].property =
			ds_property((enum ds_property_id)i)->name;
		snprintf(report->findings[report->n].text,
			 sizeof(report->findings[0].text), "%s", found->text);
		report->findings[report->n++].replay = copy;
	}
	return 0;
}

int daxsim_fs_replay(const struct daxsim_fs *fs, const char *token,
		     struct daxsim_report **ret_report)
{
	struct ds_battery_replay replayed = {0};
	struct daxsim_report *report;
	struct ds_fs_profile profile;
	struct ds_fs_ops ops;
	char why[256];
	int r;

	r = ds_custom_profile(fs, &ops, &profile);
	if (r < 0)
		return r;
	report = calloc(1, sizeof(*report));
	if (!report)
		return -ENOMEM;
	r = ds_battery_replay(&profile, token, &replayed, why, sizeof(why));
	report->timeline = replayed.timeline;
	if (r == 0)
		r = tell_replay(&replayed, token, report);
	if (r < 0) {
		daxsim_report_free(report);
		return r;
	}
	*ret_report = report;
	return 0;
}
