// SPDX-License-Identifier: LGPL-2.1-or-later
#include "race/cells.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* On the files of the written rule: pins on page 2, on 2 and 3, or a hole. */
#define PAGE_2 (UINT32_C(1) << 2)
#define PAGE_3 (UINT32_C(1) << 3)
#define PAGE_6 (UINT32_C(1) << 6)

static const struct ds_cell_pin pins[] = {
	{
		.name = "direct-1",
		.bio = true,
		.does = "a direct read into that many pages",
		.calls = "direct-read A 8K+4K\n",
		.pages = PAGE_2,
		.proved = true,
	},
	{
		.name = "direct-2",
		.bio = true,
		.does = "a direct read into that many pages",
		.calls = "direct-read A 8K+8K\n",
		.pages = PAGE_2 | PAGE_3,
		.proved = true,
	},
	{
		.name = "unmapped",
		.does = "pinned, then unmapped before the DMA",
		.calls = "pin A 8K+4K\nunmap A\ndma\nunpin\n",
		.pages = PAGE_2,
		.unmap = true,
		.proved = true,
	},
	{
		.name = "kept",
		.does = "pinned by a call, released by a later one",
		.calls = "pin A 8K+4K\ndma\nunpin\n",
		.pages = PAGE_2,
	},
	{
		.name = "out-1",
		.out = true,
		.bio = true,
		.does = "a direct write out of that many pages",
		.calls = "direct-write A 8K+4K\n",
		.pages = PAGE_2,
	},
	{
		.name = "hole",
		.out = true,
		.bio = true,
		.does = "a direct write out of a hole: the zero page",
		.calls = "direct-write A 24K+4K\n",
		.pages = 0,
	},
	{
		.name = "layout",
		.layout = true,
		.does = "a pNFS client's layout, written or read through",
		.calls = "8K+4K",
		.pages = PAGE_2,
	},
	{
		.name = "forked",
		.forked = true,
		.bio = true,
		.does = "a store and a direct read of a child; its parent maps "
			"the page, too",
		.calls = "touch A 8K+4K\ndirect-read A 8K+4K\n",
		.pages = PAGE_2,
	},
	{
		.name = "given-back",
		.loads = true,
		.does = "pinned, given back (MADV_DONTNEED) and loaded again",
		.calls = "pin A 8K+4K\ndontneed A 8K+4K\nload A 8K+4K\n"
			 "dma\nunpin\n",
		.pages = PAGE_2,
	},
	{
		.name = "no-wait",
		.does = "pinned, then a read of the file with RWF_NOWAIT",
		.calls = "pin A 8K+4K\nread A 8K+4K nowait\ndma\nunpin\n",
		.pages = PAGE_2,
	},
	{
		.name = "sync",
		.sync = true,
		.bio = true,
		.does = "a direct read into a hole, through MAP_SYNC",
		.calls = "direct-read A 24K+4K\n",
		.map = "sync",
		.pages = PAGE_6,
	},
	{
		.name = "private",
		.copy = true,
		.does = "a private copy is pinned, stored to and loaded",
		.calls = "pin A 8K+4K\ntouch A 8K+4K\ndma\nunpin\n"
			 "load A 8K+4K\n",
		.map = "private",
		.pages = 0,
	},
	{
		.name = "at-once",
		.bio = true,
		.does = "two direct reads at once, a page each",
		.calls = "direct-read A 8K+4K\n",
		.more = "direct-read A 12K+4K\n",
		.pages = PAGE_2 | PAGE_3,
		.deep = true,
	},
};

#define N_PINS (sizeof(pins) / sizeof(pins[0]))

const struct ds_cell_pin *ds_cell_pin_at(unsigned int i)
{
	return i < N_PINS ? &pins[i] : NULL;
}

/* A task with a mapping of the pages that it, or its child, will pin. */
static void write_device(const char *name, const char *calls,
			 const struct ds_cell_pin *pin, bool touched, char *ret,
			 size_t size)
{
	const char *range = strchr(calls, 'A') + 2;
	int n = (int)strcspn(range, "\n");
	char mapping[120];
	int at;

	at = snprintf(mapping, sizeof(mapping), "before map A %.*s %s\n", n,
		      range, pin->map ? pin->map : "");
	if (touched)
		snprintf(mapping + at, sizeof(mapping) - (size_t)at,
			 "before touch A %.*s\n", n, range);
	if (pin->forked)
		snprintf(ret, size,
			 "task %s\n%stask parent\n%sbefore fork %s\n", name,
			 calls, mapping, name);
	else
		snprintf(ret, size, "task %s\n%s%s", name, mapping, calls);
}

/* A client with a layout, and the server that answers when it is recalled. */
static void write_client(const char *range, bool writes, char *ret, size_t size)
{
	snprintf(ret, size,
		 "task client\nbefore layout-get A %s%s\nlayout-%s A %s\n"
		 "task server\nanswer A prompt\n",
		 range, writes ? " write" : "", writes ? "write" : "read",
		 range);
}

int ds_cell_scenario(const struct ds_spec_op *op, const struct ds_cell_pin *pin,
		     bool touched, struct ds_scenario *ret_scenario)
{
	char name[64], device[240], other[240] = "", text[800], why[160];

	snprintf(name, sizeof(name), "prove/%s/%s/%s", op->name, pin->name,
		 touched ? "fast" : "slow");
	/* What reads the zero page must not give the hole a block before. */
	if (pin->layout)
		write_client(pin->calls, touched, device, sizeof(device));
	else
		write_device("direct", pin->calls, pin,
			     touched && (pin->pages || pin->copy), device,
			     sizeof(device));
	if (pin->more)
		write_device("direct2", pin->more, pin, touched, other,
			     sizeof(other));
	snprintf(text, sizeof(text), "scenario %s\n%s%s%stask %s\n%s\n", name,
		 ds_spec_files(op), device, other, op->name, op->calls);
	return ds_scenario_parse(name, text, ret_scenario, why, sizeof(why));
}

bool ds_cell_exists(const struct ds_spec_op *op,
		    const struct ds_fs_profile *profile,
		    const struct ds_cell_pin *pin)
{
	/* Who pins ordinary pages has no block, and is owed no wait. */
	if (profile->page_cache)
		return false;
	if (pin->sync && !profile->syncs_maps)
		return false;
	/*
	 * Where each store copies, a store and a pin can take the page from
	 * each other for ever, and each time that takes a block.
	 */
	if (profile->always_copies && strstr(op->calls, "touch "))
		return false;
	/* Only who nobody else uses can be evicted. */
	return !op->nobody_maps || pin->unmap;
}

int ds_cell_find(const char *name, struct ds_scenario *ret_scenario)
{
	unsigned int i, j, touched;
	char candidate[64];

	for (i = 0; ds_spec_op_at(i); i++)
		for (j = 0; j < N_PINS; j++)
			for (touched = 0; touched < 2; touched++) {
				snprintf(candidate, sizeof(candidate),
					 "prove/%s/%s/%s",
					 ds_spec_op_at(i)->name, pins[j].name,
					 touched ? "fast" : "slow");
				if (strcmp(candidate, name) == 0)
					return ds_cell_scenario(
						ds_spec_op_at(i), &pins[j],
						touched, ret_scenario);
			}
	return -ENOENT;
}
