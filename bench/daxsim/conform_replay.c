// SPDX-License-Identifier: LGPL-2.1-or-later
#include "conform_model.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "fs/profiles.h"
#include "mm/space.h"
#include "race/errname.h"

#define FILE_NAME  "recorded"
#define HASH_CHUNK (UINT64_C(1) << 20)

/* Linux writes no more at once. */
#define WRITE_LIMIT (INT64_C(0x7fffffff) & ~INT64_C(4095))

#define FNV_BASIS UINT64_C(0xcbf29ce484222325)
#define FNV_PRIME UINT64_C(0x100000001b3)

/* ------------------------------- Contents --------------------------------- */

/* The byte at @offset of what is written with @tag; never 0. */
static unsigned char byte_at(uint32_t tag, uint64_t offset)
{
	uint32_t low = (uint32_t)offset, pages = (uint32_t)(offset >> 8),
		 high = (uint32_t)(offset >> 16);

	return (unsigned char)(tag * 131u + low * 7u + pages * 13u +
			       high * 29u) |
	       1;
}

static unsigned char *make_bytes(uint32_t tag, uint64_t offset, size_t len)
{
	unsigned char *bytes = malloc(len ? len : 1);
	size_t i;

	for (i = 0; bytes && i < len; i++)
		bytes[i] = byte_at(tag, offset + i);
	return bytes;
}

/* FNV-1a over @n zero bytes is a multiplication by the prime's power. */
static uint64_t hash_zeroes(uint64_t hash, uint64_t n)
{
	uint64_t power = FNV_PRIME;

	for (; n; n >>= 1) {
		if (n & 1)
			hash *= power;
		power *= power;
	}
	return hash;
}

static bool is_zero(const unsigned char *bytes, size_t n)
{
	return bytes[0] == 0 && memcmp(bytes, bytes + 1, n - 1) == 0;
}

static uint64_t hash_bytes(uint64_t hash, const unsigned char *bytes, size_t n)
{
	size_t i;

	if (is_zero(bytes, n))
		return hash_zeroes(hash, n);
	for (i = 0; i < n; i++)
		hash = (hash ^ bytes[i]) * FNV_PRIME;
	return hash;
}

/* Every byte is read, also those of holes. */
static int hash_file(struct conform_model *model, uint64_t size,
		     uint64_t *ret_hash)
{
	struct ds_task *task = model->world->setup;
	uint64_t hash = FNV_BASIS;
	uint64_t at = 0, done;
	int64_t n;

	for (; at < size; at += (uint64_t)n) {
		n = ds_vfs_pread(task, model->file, model->chunk, HASH_CHUNK,
				 (int64_t)at);
		if (n <= 0)
			return -EIO;
		for (done = 0; done < (uint64_t)n; done += DS_PAGE_SIZE) {
			uint64_t left = (uint64_t)n - done;

			hash = hash_bytes(hash, model->chunk + done,
					  left < DS_PAGE_SIZE ? left
							      : DS_PAGE_SIZE);
		}
	}
	*ret_hash = hash;
	return 0;
}

/* ------------------------------ After a call ------------------------------ */

int conform_model_list(struct conform_model *model, struct conform_ranges *ext,
		       struct conform_ranges *blocks)
{
	struct ds_task *task = model->world->setup;
	struct ds_fiemap_run *runs;
	int64_t n, i;
	int r = 0;

	n = ds_vfs_fiemap(task, model->file, 0, UINT64_MAX, 0, NULL);
	if (n <= 0)
		return (int)n;
	runs = calloc((size_t)n, sizeof(*runs));
	if (!runs)
		return -ENOMEM;
	n = ds_vfs_fiemap(task, model->file, 0, UINT64_MAX, (unsigned int)n,
			  runs);
	for (i = 0; i < n && r == 0; i++) {
		uint64_t page = ds_page_down(runs[i].logical);
		uint64_t n_pages = ds_page_down(runs[i].length);

		r = conform_ranges_add(ext, page, n_pages, runs[i].unwritten);
		if (r == 0)
			r = conform_ranges_add(blocks, page, n_pages,
					       ds_page_down(runs[i].physical));
	}
	free(runs);
	return r;
}

static uint64_t count(const struct conform_ranges *ranges)
{
	uint64_t n = 0;
	size_t i;

	for (i = 0; i < ranges->n; i++)
		n += ranges->at[i].n;
	return n;
}

/* Notes what of the run @old is elsewhere in @now. *@kept: all of it there. */
static int find_moves(const struct conform_range *old,
		      const struct conform_ranges *now,
		      struct conform_ranges *moves, uint64_t *kept)
{
	size_t i;

	for (i = 0; i < now->n; i++) {
		const struct conform_range *run = &now->at[i];
		uint64_t first =
			old->value > run->value ? old->value : run->value;
		uint64_t old_end = old->value + old->n;
		uint64_t end = run->value + run->n;
		uint64_t from = old->first + first - old->value;
		uint64_t to = run->first + first - run->value;

		if (old_end < end)
			end = old_end;
		if (first >= end)
			continue;
		*kept += end - first;
		if (from != to &&
		    conform_ranges_add(moves, from, end - first, to) < 0)
			return -ENOMEM;
	}
	return 0;
}

/* Compares where the blocks were with where they are @now. */
static int set_changes(const struct conform_model *model,
		       const struct conform_ranges *now,
		       struct conform_result *result)
{
	struct conform_ranges moves = {0};
	uint64_t kept = 0;
	int r = 0;
	size_t i;

	for (i = 0; i < model->blocks.n && r == 0; i++)
		r = find_moves(&model->blocks.at[i], now, &moves, &kept);
	if (r == 0)
		r = conform_set(result, CONFORM_ADD,
				conform_format("%" PRIu64, count(now) - kept));
	if (r == 0)
		r = conform_set(result, CONFORM_RM,
				conform_format("%" PRIu64,
					       count(&model->blocks) - kept));
	if (r == 0)
		r = conform_set(result, CONFORM_MOVED,
				conform_ranges_text(&moves, CONFORM_MOVED));
	conform_ranges_clear(&moves);
	return r;
}

static int set_blocks(struct conform_model *model,
		      const struct conform_call *call, bool succeeded,
		      struct conform_result *result)
{
	struct conform_ranges ext = {0}, now = {0};
	int r = conform_model_list(model, &ext, &now);

	if (r == 0)
		r = set_changes(model, &now, result);
	if (r == 0)
		r = conform_set(result, CONFORM_EXT,
				conform_ranges_text(&ext, CONFORM_EXT));
	if (r == 0 && model->places)
		conform_places_follow(model, call, succeeded, &now);
	conform_ranges_clear(&ext);
	conform_ranges_clear(&model->blocks);
	model->blocks = now;
	return r;
}

static int set_hash(struct conform_model *model, uint64_t size,
		    struct conform_result *result)
{
	uint64_t hash;
	int r;

	if (size > CONFORM_HASH_LIMIT)
		return conform_set(result, CONFORM_FNV, conform_format("null"));
	r = hash_file(model, size, &hash);
	if (r < 0)
		return r;
	return conform_set(result, CONFORM_FNV,
			   conform_format("%016" PRIx64, hash));
}

static int look(struct conform_model *model, const struct conform_call *call,
		bool succeeded, struct conform_result *result)
{
	struct ds_stat stat;
	int r;

	ds_vfs_fstat(model->world->setup, model->file, &stat);
	r = conform_set(result, CONFORM_SIZE,
			conform_format("%" PRIu64, stat.size));
	if (r == 0)
		r = set_blocks(model, call, succeeded, result);
	return r < 0 ? r : set_hash(model, stat.size, result);
}

/* --------------------------------- Calls ---------------------------------- */

static int64_t write_bytes(struct conform_model *model, struct ds_file *file,
			   const struct conform_call *call, bool append)
{
	int64_t len = call->len < WRITE_LIMIT ? call->len : WRITE_LIMIT;
	int64_t offset = call->offset;
	unsigned char *bytes;
	struct ds_stat stat;
	int64_t r;

	if (append) {
		ds_vfs_fstat(model->world->setup, file, &stat);
		offset = (int64_t)stat.size;
	}
	bytes = make_bytes(call->tag, (uint64_t)offset, (size_t)len);
	if (!bytes)
		return -ENOMEM;
	/* All of the length counts for the argument checks. */
	r = ds_vfs_pwrite(model->world->setup, file, bytes, (size_t)call->len,
			  call->offset);
	free(bytes);
	return r;
}

/* Through a mapping at @addr. Return: 0, or what stopped it. */
static int64_t store(struct conform_model *model, uint64_t addr,
		     const struct conform_call *call)
{
	struct ds_world *world = model->world;
	size_t done = 0, len = (size_t)call->len;
	unsigned char *bytes;
	int64_t n = 0;

	bytes = make_bytes(call->tag, (uint64_t)call->offset, len);
	if (!bytes)
		return -ENOMEM;
	while (done < len && n >= 0) {
		n = ds_space_access(world->setup, world->space, addr + done,
				    bytes + done, len - done, true);
		if (n > 0)
			done += (size_t)n;
	}
	free(bytes);
	return n < 0 ? n : 0;
}

/* One byte of each page from the first one on. */
static int64_t load(struct conform_model *model, uint64_t addr,
		    const struct conform_call *call)
{
	struct ds_world *world = model->world;
	uint64_t at, len = (uint64_t)call->len;
	unsigned char byte;
	int64_t n;

	for (at = 0; at < len; at += DS_PAGE_SIZE) {
		n = ds_space_access(world->setup, world->space, addr + at,
				    &byte, 1, false);
		if (n < 0)
			return n;
	}
	return 0;
}

static int64_t access_mapped(struct conform_model *model,
			     const struct conform_call *call, bool is_store)
{
	struct ds_world *world = model->world;
	uint64_t in_page = (uint64_t)call->offset & DS_PAGE_MASK;
	uint64_t len = in_page + (uint64_t)call->len;
	uint64_t addr;
	struct ds_vpn first, end;
	int64_t r, unmapped;

	r = ds_vfs_mmap(world->setup, world->space, model->file,
			(uint64_t)call->offset - in_page, len, true, &addr);
	if (r < 0)
		return r;
	r = is_store ? store(model, addr + in_page, call)
		     : load(model, addr + in_page, call);
	first.vpn = addr >> DS_PAGE_SHIFT;
	end.vpn = first.vpn + ds_page_up(len);
	unmapped = ds_space_unmap(world->setup, world->space, first, end);
	return unmapped < 0 ? unmapped : r;
}

int64_t conform_model_do(struct conform_model *model,
			 const struct conform_call *call)
{
	struct ds_task *task = model->world->setup;

	switch (call->op) {
	case CONFORM_PWRITE:
		return write_bytes(model, model->file, call, false);
	case CONFORM_PWRITE_APPEND:
		return write_bytes(model, model->appending, call, true);
	case CONFORM_PWRITE_RO:
		return write_bytes(model, model->reading, call, false);
	case CONFORM_FTRUNCATE:
		return ds_vfs_ftruncate(task, model->file, call->size);
	case CONFORM_FTRUNCATE_RO:
		return ds_vfs_ftruncate(task, model->reading, call->size);
	case CONFORM_FALLOCATE:
		return ds_vfs_fallocate(task, model->file, call->mode,
					call->offset, call->len);
	case CONFORM_FALLOCATE_RO:
		return ds_vfs_fallocate(task, model->reading, call->mode,
					call->offset, call->len);
	case CONFORM_FSYNC:
		return ds_vfs_fsync(task, model->file);
	case CONFORM_MSTORE:
		return access_mapped(model, call, true);
	default:
		return access_mapped(model, call, false);
	}
}

/* Its name as in recordings; a number for what no file call returns. */
static char *error_name(int64_t error)
{
	if (error >= 0)
		return conform_format("%s", "");
	if (ds_errname(error))
		return conform_format("%s", ds_errname(error));
	return conform_format("%" PRId64, -error);
}

/* ------------------------------- Capacity --------------------------------- */

/* The file system's own blocks are not modelled: files cannot have them. */
static int set_capacity(struct conform_model *model, uint64_t n_blocks)
{
	struct ds_blocks *blocks = model->world->super->blocks;
	struct conform_ranges *reserved = &model->reserved;
	uint64_t want = model->n_free > n_blocks ? model->n_free - n_blocks : 0;
	uint64_t n, have = count(reserved);
	struct ds_pfn pfn;

	for (; have > want; have -= n) {
		struct conform_range *last = &reserved->at[reserved->n - 1];

		n = last->n < have - want ? last->n : have - want;
		last->n -= n;
		ds_blocks_release(blocks, ds_pfn(last->first + last->n), n);
		reserved->n -= !last->n;
	}
	for (; have < want; have += n) {
		n = ds_blocks_alloc(blocks, 0, want - have, &pfn);
		if (!n)
			break;
		if (conform_ranges_add(reserved, pfn.pfn, n, 0) < 0)
			return -ENOMEM;
	}
	return 0;
}

static uint64_t capacity(const struct conform_model *model)
{
	return model->n_free - count(&model->reserved);
}

int conform_model_lend(struct conform_model *model, uint64_t n)
{
	return set_capacity(model, capacity(model) + n);
}

/* What mkfs left of the recorded device for the data of files. */
static uint64_t capacity_of(const struct ds_fs_profile *profile)
{
	return strcmp(profile->ops->family, "ext4") == 0 ? 113606 : 105515;
}

/*
 * ext4 keeps what it got before the device was full: the recording tells how
 * much that was.
 */
static int learn_capacity(struct conform_model *model,
			  const struct conform_line *line)
{
	const struct ds_fs_profile *profile = model->world->super->profile;

	if (!profile->full_keeps_blocks || line->call.op != CONFORM_FALLOCATE ||
	    strcmp(line->result.fields[CONFORM_ERR], "ENOSPC") != 0)
		return 0;
	return set_capacity(model, line->n_blocks);
}

int conform_model_call(struct conform_model *model,
		       const struct conform_line *line,
		       struct conform_result *ret_result)
{
	const struct conform_call *call = &line->call;
	int r = learn_capacity(model, line);
	uint64_t n_blocks = capacity(model);
	int64_t value;

	if (r == 0 && model->places)
		r = conform_places_choose(model, call,
					  line->result.fields[CONFORM_EXT]);
	if (r < 0)
		return r;
	value = conform_model_do(model, call);
	r = conform_set(ret_result, CONFORM_RET,
			conform_format("%" PRId64, value < 0 ? -1 : value));
	if (r == 0)
		r = conform_set(ret_result, CONFORM_ERR, error_name(value));
	if (r == 0)
		r = look(model, call, value >= 0, ret_result);
	return r < 0 ? r : set_capacity(model, n_blocks);
}

/* ------------------------------- The file --------------------------------- */

static int open_all(struct conform_model *model)
{
	struct ds_super *super = model->world->super;
	struct ds_task *task = model->world->setup;
	int r;

	r = ds_vfs_open(task, super, FILE_NAME, O_RDWR | O_CREAT | O_EXCL,
			&model->file);
	if (r == 0)
		r = ds_vfs_open(task, super, FILE_NAME, O_RDWR | O_APPEND,
				&model->appending);
	if (r == 0)
		r = ds_vfs_open(task, super, FILE_NAME, O_RDONLY,
				&model->reading);
	return r;
}

int conform_model_new(const struct ds_fs_profile *profile,
		      struct ds_region *region, unsigned int zeroout_blocks,
		      struct conform_model **ret_model)
{
	struct conform_model *model = calloc(1, sizeof(*model));
	struct ds_world_options options = {
		.profile = profile,
		.region = region,
		.n_zones = 1,
		.table_bits = 9,
		.tree_shift = 6,
	};
	int r = -ENOMEM;

	if (!model)
		return -ENOMEM;
	model->chunk = malloc(HASH_CHUNK);
	if (model->chunk)
		r = ds_world_new(&options, &model->world);
	if (r == 0) {
		model->world->super->zeroout_blocks = zeroout_blocks;
		model->n_free = ds_blocks_n_free(model->world->super->blocks);
		r = open_all(model);
	}
	if (r == 0)
		r = set_capacity(model, capacity_of(profile));
	if (r == 0 && zeroout_blocks)
		r = conform_places_new(model->world->frames->n, &model->places);
	if (r < 0) {
		conform_model_free(model);
		return r;
	}
	*ret_model = model;
	return 0;
}

int conform_model_free(struct conform_model *model)
{
	struct ds_world *world = model->world;
	uint64_t n_free = model->n_free;

	if (model->reading) {
		ds_vfs_close(world->setup, model->file);
		ds_vfs_close(world->setup, model->appending);
		ds_vfs_close(world->setup, model->reading);
		ds_vfs_unlink(world->setup, world->super, FILE_NAME);
		n_free = ds_blocks_n_free(world->super->blocks) +
			 count(&model->reserved);
	}
	ds_world_free(world);
	conform_ranges_clear(&model->reserved);
	conform_ranges_clear(&model->blocks);
	conform_places_free(model->places);
	free(model->chunk);
	n_free -= model->n_free;
	free(model);
	return n_free ? -EIO : 0;
}
