// SPDX-License-Identifier: LGPL-2.1-or-later
#include "check/check.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "check/shadow.h"
#include "check/stores.h"

static const struct ds_property *const properties[DS_N_PROPERTIES] = {
	[DS_NO_FREE_BLOCK_PINNED] = &ds_no_free_block_pinned,
	[DS_NO_STRAY_WRITE] = &ds_no_stray_write,
	[DS_LAYOUT_HOLDER_COHERENT] = &ds_layout_holder_coherent,
	[DS_WAITED] = &ds_waited,
	[DS_NO_NEW_PIN_AFTER_BREAK] = &ds_no_new_pin_after_break,
	[DS_TREES_AGREE] = &ds_trees_agree,
	[DS_REFS_ADD_UP] = &ds_refs_add_up,
	[DS_CLEAN_FAILURE] = &ds_clean_failure,
	[DS_LOCKS_BALANCED] = &ds_locks_balanced,
	[DS_NO_DEADLOCK] = &ds_no_deadlock,
	[DS_NO_LOST_WAKEUP] = &ds_no_lost_wakeup,
	[DS_NO_STARVATION] = &ds_no_starvation,
	[DS_NO_STALE_DATA] = &ds_no_stale_data,
	[DS_NO_UNFLUSHED_STORE] = &ds_no_unflushed_store,
	[DS_NO_LOST_DMA] = &ds_no_lost_dma,
	[DS_NO_VOLATILE_STORE] = &ds_no_volatile_store,
	[DS_EXPECTED] = &ds_expected,
};

static void observe(void *arg, const struct ds_event *event)
{
	struct ds_checks *checks = arg;
	uint32_t bit = ds_event_bit(event->kind);
	unsigned int i;

	if (event->kind == DS_EV_WARNED)
		checks->warned |= UINT32_C(1) << event->value;
	for (i = 0; i < DS_N_PROPERTIES; i++) {
		const struct ds_property *property = properties[i];
		/* Parallel tasks change what a property reads while it does. */
		uint32_t judged = checks->sched->events->parallel
					  ? property->parallel_events
					  : property->events;

		if (judged & bit)
			property->event(checks, event);
	}
}

int ds_checks_new(struct ds_arena *arena, struct ds_sched *sched,
		  struct ds_super *super, bool shadow,
		  struct ds_checks **ret_checks)
{
	struct ds_checks *checks = ds_arena_alloc(arena, sizeof(*checks));

	_Static_assert(DS_EV_N_KINDS <= 32, "a property's events fit a word");
	if (!checks)
		return -ENOMEM;
	checks->sched = sched;
	checks->super = super;
	if (shadow) {
		checks->shadow = ds_arena_alloc(arena, sizeof(*checks->shadow));
		if (!checks->shadow)
			return -ENOMEM;
	}
	ds_events_observe(sched->events, observe, checks);
	*ret_checks = checks;
	return 0;
}

int ds_checks_watch_stores(struct ds_checks *checks, struct ds_arena *arena)
{
	checks->stores = ds_arena_alloc(arena, sizeof(*checks->stores));
	return checks->stores ? 0 : -ENOMEM;
}

void ds_checks_start(struct ds_checks *checks)
{
	unsigned int i;

	for (i = 0; i < DS_N_PROPERTIES; i++)
		if (properties[i]->start)
			properties[i]->start(checks);
}

void ds_checks_quiet(struct ds_checks *checks)
{
	unsigned int i;

	for (i = 0; i < DS_N_PROPERTIES; i++)
		if (properties[i]->quiet)
			properties[i]->quiet(checks);
}

uint32_t ds_checks_broken(const struct ds_checks *checks)
{
	uint32_t broken = 0;
	unsigned int i;

	for (i = 0; i < DS_N_PROPERTIES; i++)
		if (checks->findings[i].found)
			broken |= UINT32_C(1) << i;
	return broken;
}

/* Blocks in whatever order they came. */
static void digest_blocks(const struct ds_pfn *blocks, unsigned int n,
			  struct ds_digest *digest)
{
	struct ds_digest sum = {0, 0};
	unsigned int i;

	for (i = 0; i < n; i++)
		ds_digest_join(&sum, (struct ds_digest){blocks[i].pfn + 1,
							blocks[i].pfn + 1});
	ds_digest_add_all(digest, sum);
}

void ds_checks_digest(const struct ds_checks *checks, struct ds_digest *digest)
{
	unsigned int i;

	for (i = 0; i < DS_CHECK_INODES; i++)
		ds_digest_add(digest, checks->clean_pages[i]);
	for (i = 0; checks->super->follows_commits && i < DS_CHECK_INODES; i++)
		ds_digest_add(digest, checks->pending[i]);
	for (i = 0; i < checks->sched->n_tasks; i++)
		ds_digest_add(digest, (uint64_t)checks->held_at_entry[i] << 32 |
					      checks->changed_since_entry[i]);
	digest_blocks(checks->victims, checks->n_victims, digest);
	digest_blocks(checks->pinned, checks->n_pinned, digest);
	if (checks->shadow)
		ds_shadow_digest(checks->shadow, digest);
	if (checks->stores)
		ds_stores_digest(checks->stores, digest);
}

const struct ds_property *ds_property(enum ds_property_id id)
{
	ds_assert(id < DS_N_PROPERTIES);
	return properties[id];
}

enum ds_property_id ds_property_find(const char *name)
{
	unsigned int i = 0;

	while (i < DS_N_PROPERTIES && strcmp(properties[i]->name, name) != 0)
		i++;
	return (enum ds_property_id)i;
}

void ds_checks_report(struct ds_checks *checks, enum ds_property_id id,
		      unsigned int task, const char *format, ...)
{
	struct ds_finding *finding = &checks->findings[id];
	struct ds_event event = {.kind = DS_EV_TOLD, .task = task};
	char line[180];
	va_list args;

	if (finding->found)
		return;
	finding->found = true;
	finding->task = task;
	finding->step = checks->sched->n_steps;
	va_start(args, format);
	vsnprintf(finding->text, sizeof(finding->text), format, args);
	va_end(args);
	if (!checks->sched->events->telling)
		return;
	snprintf(line, sizeof(line), "!! %s: %s", properties[id]->name,
		 finding->text);
	event.text = line;
	ds_events_send(checks->sched->events, &event);
}

const char *ds_checks_task_name(const struct ds_checks *checks,
				unsigned int task)
{
	return task < checks->sched->n_tasks ? checks->sched->tasks[task]->name
					     : "setup";
}

bool ds_checks_owns(const struct ds_checks *checks, uint32_t inode,
		    struct ds_pfn pfn)
{
	uint32_t owner = ds_frame_view(checks->super->frames, pfn)->file;
	const struct ds_inode *file;
	struct ds_pgidx page = {0};

	if (owner != DS_SHARED_FILE)
		return owner == inode;
	file = ds_super_inode(checks->super, inode);
	while (file && page.pgidx < ds_extmap_end(file->extents).pgidx) {
		struct ds_extent run = ds_extmap_lookup(file->extents, page);

		if (run.state != DS_EXT_HOLE && pfn.pfn >= run.pfn.pfn &&
		    pfn.pfn - run.pfn.pfn < run.n_pages)
			return true;
		page.pgidx = run.page.pgidx + run.n_pages;
	}
	return false;
}
