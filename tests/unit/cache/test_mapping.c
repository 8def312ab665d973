// SPDX-License-Identifier: LGPL-2.1-or-later
#include "../../support/world.h"

#define NOTHING ds_object(DS_OBJ_NONE, 0, 0)

/* A world with file A of 4 written pages, mapped. */
struct t_cache {
	struct t_world t;
	struct ds_file *file;
	struct ds_mapping *mapping;
	uint64_t addr;
};

static void set_up(struct t_cache *c, const char *fs)
{
	t_open(&c->t, fs);
	c->file = t_file(&c->t, "A", 4);
	c->mapping = &c->file->inode->mapping;
	c->addr = t_map(&c->t, c->file, 0, 4);
}

static void touch(struct t_cache *c, uint64_t page)
{
	assert_int_equal(t_store(&c->t, c->addr + page * T_PAGE, 1), 1);
}

static void look(struct t_cache *c, uint64_t page)
{
	assert_in_range(t_load(&c->t, c->addr + page * T_PAGE), 0, 255);
}

/* -------------------------------- Entries --------------------------------- */

static void a_fault_leaves_an_unlocked_data_entry(void **state)
{
	struct t_cache c;
	uint64_t entry;

	(void)state;
	set_up(&c, "ext4-4.19");
	assert_int_equal(t_entry(c.file, 2), 0);
	look(&c, 2);
	entry = t_entry(c.file, 2);
	assert_true(ds_entry_is_data(entry));
	assert_false(ds_entry_is_locked(entry));
	assert_int_equal(ds_entry_pfn(entry).pfn, t_block(c.file, 2).pfn);
	assert_false(t_is_dirty(c.file, 2));
	touch(&c, 2);
	assert_int_equal(t_entry(c.file, 2), entry);
	assert_true(t_is_dirty(c.file, 2));
	t_close(&c.t);
}

static void a_data_entry_ties_its_frame_to_the_file(void **state)
{
	const struct ds_frame *frame;
	struct t_cache c;

	(void)state;
	set_up(&c, "ext4-4.19");
	look(&c, 3);
	frame = ds_frame_view(c.t.frames, t_block(c.file, 3));
	assert_int_equal(frame->mapping, c.file->inode->id);
	assert_int_equal(frame->index, 3);
	ds_mapping_delete(c.t.setup, c.mapping, ds_pgrange(3, 4));
	assert_int_equal(frame->mapping, 0);
	assert_int_equal(frame->file, c.file->inode->id);
	t_close(&c.t);
}

static void a_hole_that_is_read_has_an_entry_without_a_block(void **state)
{
	struct t_cache c;

	(void)state;
	set_up(&c, "ext4-4.19");
	assert_int_equal(t_fallocate(&c.t, c.file, T_PUNCH, 0, T_PAGE), 0);
	look(&c, 0);
	assert_true(t_entry(c.file, 0) & DS_ENTRY_ZERO);
	assert_false(ds_entry_is_data(t_entry(c.file, 0)));
	assert_int_equal(ds_pte_pfn(t_pte(&c.t, c.addr)).pfn, DS_ZERO_PFN);
	assert_int_equal(
		ds_frame_view(c.t.frames, ds_pfn(DS_ZERO_PFN))->mapping, 0);
	t_close(&c.t);
}

static void a_grabbed_entry_is_locked_and_an_absent_one_made(void **state)
{
	struct t_cache c;
	uint64_t old;

	(void)state;
	set_up(&c, "ext4-4.19");
	assert_int_equal(ds_entry_grab(c.t.setup, c.mapping, ds_pgidx(1), &old),
			 0);
	assert_int_equal(old, 0);
	assert_true(t_entry(c.file, 1) & DS_ENTRY_EMPTY);
	assert_true(ds_entry_is_locked(t_entry(c.file, 1)));
	ds_entry_unlock(c.t.setup, c.mapping, ds_pgidx(1), NOTHING);
	assert_false(ds_entry_is_locked(t_entry(c.file, 1)));
	assert_int_equal(ds_entry_grab(c.t.setup, c.mapping, ds_pgidx(1), &old),
			 0);
	assert_true(old & DS_ENTRY_EMPTY);
	assert_int_equal(t_n_events(&c.t, DS_EV_ENTRY_UNLOCKED), 1);
	t_close(&c.t);
}

static void truncation_deletes_the_range_and_nothing_else(void **state)
{
	struct t_cache c;
	uint64_t i;

	(void)state;
	set_up(&c, "ext4-4.19");
	for (i = 0; i < 4; i++)
		touch(&c, i);
	ds_mapping_delete(c.t.setup, c.mapping, ds_pgrange(1, 3));
	for (i = 0; i < 4; i++)
		assert_int_equal(t_entry(c.file, i) != 0, i == 0 || i == 3);
	ds_mapping_delete(c.t.setup, c.mapping, ds_pgrange(3, 3));
	assert_int_not_equal(t_entry(c.file, 3), 0);
	assert_int_equal(t_n_events(&c.t, DS_EV_WARNED), 0);
	t_close(&c.t);
}

static void a_busy_page_that_leaves_the_cache_is_warned_of(void **state)
{
	struct t_job pin = {.len = T_PAGE};
	const struct ds_event *event;
	struct t_cache c;

	(void)state;
	set_up(&c, "ext4-4.19");
	touch(&c, 1);
	touch(&c, 2);
	pin.addr = c.addr + 2 * T_PAGE;
	t_pin(&c.t, &pin);
	ds_mapping_delete(c.t.setup, c.mapping, ds_pgrange_all());
	assert_int_equal(t_n_events(&c.t, DS_EV_WARNED), 1);
	event = t_event(&c.t, DS_EV_WARNED, 0);
	assert_int_equal(event->value, 1);
	assert_int_equal(event->page.pgidx, 2);
	assert_int_equal(c.t.world->checks->warned, 2);
	t_close(&c.t);
}

static void truncation_warns_of_what_a_break_left(void **state)
{
	const struct ds_event *event;
	struct t_cache c;

	(void)state;
	set_up(&c, "ext4-6.15");
	touch(&c, 1);
	touch(&c, 2);
	ds_mapping_delete(c.t.setup, c.mapping, ds_pgrange(1, 2));
	assert_int_equal(t_n_events(&c.t, DS_EV_WARNED), 0);
	ds_mapping_truncate(c.t.setup, c.mapping, ds_pgrange(1, 3));
	assert_int_equal(t_n_events(&c.t, DS_EV_WARNED), 1);
	event = t_event(&c.t, DS_EV_WARNED, 0);
	assert_int_equal(event->value, DS_WARN_ENTRY_LEFT);
	assert_int_equal(event->page.pgidx, 2);
	assert_int_equal(t_entry(c.file, 2), 0);
	t_close(&c.t);
}

static void truncation_warns_of_no_idle_entry_to_v6_14(void **state)
{
	struct t_cache c;

	(void)state;
	set_up(&c, "ext4-6.12");
	touch(&c, 1);
	ds_mapping_truncate(c.t.setup, c.mapping, ds_pgrange_all());
	assert_int_equal(t_n_events(&c.t, DS_EV_WARNED), 0);
	assert_int_equal(t_entry(c.file, 1), 0);
	t_close(&c.t);
}

static void an_entry_that_is_dirty_without_a_block_is_warned_of(void **state)
{
	const struct ds_event *event;
	struct t_cache c;
	uint64_t old;

	(void)state;
	set_up(&c, "ext4-4.19");
	ds_entry_grab(c.t.setup, c.mapping, ds_pgidx(1), &old);
	ds_entry_dirty(c.t.setup, c.mapping, ds_pgidx(1));
	ds_entry_unlock(c.t.setup, c.mapping, ds_pgidx(1),
			ds_object(DS_OBJ_NONE, 0, 0));
	ds_mapping_write_back(c.t.setup, c.mapping, ds_pgrange_all());
	assert_int_equal(t_n_events(&c.t, DS_EV_WARNED), 1);
	event = t_event(&c.t, DS_EV_WARNED, 0);
	assert_int_equal(event->value, DS_WARN_DIRTY_WITHOUT_BLOCK);
	assert_int_equal(event->page.pgidx, 1);
	t_close(&c.t);
}

static void invalidation_spares_dirty_entries(void **state)
{
	struct t_job pin = {.len = T_PAGE};
	struct t_cache c;

	(void)state;
	set_up(&c, "ext4-4.19");
	look(&c, 0);
	touch(&c, 1);
	look(&c, 2);
	pin.addr = c.addr + 2 * T_PAGE;
	t_pin(&c.t, &pin); /* which makes the entry dirty, as a write fault */
	ds_mapping_write_back(c.t.setup, c.mapping, ds_pgrange(2, 3));
	ds_mapping_invalidate(c.t.setup, c.mapping, ds_pgrange(0, 3));
	assert_int_equal(t_entry(c.file, 0), 0);
	assert_int_not_equal(t_entry(c.file, 1), 0);
	assert_int_equal(t_entry(c.file, 2), 0);
	/* Page tables go all the same; nobody warns of a forgotten pin. */
	assert_int_equal(t_pte(&c.t, c.addr), 0);
	assert_int_equal(t_pte(&c.t, c.addr + T_PAGE), 0);
	assert_int_equal(t_n_events(&c.t, DS_EV_WARNED), 0);
	t_close(&c.t);
}

static void writing_back_cleans_the_range(void **state)
{
	struct t_cache c;
	uint64_t i;

	(void)state;
	set_up(&c, "ext4-4.19");
	for (i = 0; i < 4; i++)
		touch(&c, i);
	ds_mapping_write_back(c.t.setup, c.mapping, ds_pgrange(1, 3));
	for (i = 0; i < 4; i++) {
		assert_int_equal(t_is_dirty(c.file, i), i == 0 || i == 3);
		assert_false(ds_entry_is_locked(t_entry(c.file, i)));
	}
	t_close(&c.t);
}

/* Page 1 was punched, and what dirtied it forgotten to go along. */
static void a_tag_without_a_block_is_an_error(void **state)
{
	struct t_cache c;

	(void)state;
	set_up(&c, "ext4-4.19");
	assert_int_equal(t_fallocate(&c.t, c.file, T_PUNCH, T_PAGE, T_PAGE), 0);
	look(&c, 1);
	ds_xtree_set_tag(c.mapping->tree, ds_pgidx(1), DS_XTREE_DIRTY);
	assert_int_equal(ds_mapping_write_back(c.t.setup, c.mapping,
					       ds_pgrange_all()),
			 -EIO);
	assert_int_equal(c.t.world->checks->warned,
			 1u << DS_WARN_DIRTY_WITHOUT_BLOCK);
	assert_false(ds_entry_is_locked(t_entry(c.file, 1)));
	t_close(&c.t);
}

/* A store behind the flush would be lost at the next one. */
static void a_store_after_writing_back_makes_its_page_dirty_again(void **state)
{
	struct t_cache c;
	uint64_t other;

	(void)state;
	set_up(&c, "ext4-4.19");
	other = t_map(&c.t, c.file, 1, 2);
	touch(&c, 1);
	touch(&c, 2);
	assert_int_equal(t_store(&c.t, other, 0x66), 1);
	ds_mapping_write_back(c.t.setup, c.mapping, ds_pgrange(1, 2));
	/* In every mapping of that page, and still there to be read. */
	assert_true(ds_pte_allows(t_pte(&c.t, c.addr + T_PAGE), false));
	assert_false(ds_pte_allows(t_pte(&c.t, c.addr + T_PAGE), true));
	assert_false(ds_pte_allows(t_pte(&c.t, other), true));
	assert_true(ds_pte_allows(t_pte(&c.t, c.addr + 2 * T_PAGE), true));
	assert_int_equal(t_store(&c.t, other, 0x67), 1);
	assert_true(t_is_dirty(c.file, 1));
	t_close(&c.t);
}

/* -------------------------- The search for pins --------------------------- */

static bool find_busy(struct t_cache *c, struct ds_pgrange range,
		      bool mapped_only, struct ds_pfn *ret_pfn)
{
	return ds_mapping_first_busy(c->t.setup, c->mapping, range, mapped_only,
				     ret_pfn);
}

static void the_search_unmaps_and_finds_the_first_busy_page(void **state)
{
	struct t_job pin = {.len = 2 * T_PAGE};
	struct ds_pfn pfn;
	struct t_cache c;
	uint64_t i;

	(void)state;
	set_up(&c, "ext4-4.19");
	for (i = 0; i < 4; i++)
		touch(&c, i);
	pin.addr = c.addr + 2 * T_PAGE;
	t_pin(&c.t, &pin);
	assert_true(find_busy(&c, ds_pgrange_all(), true, &pfn));
	assert_int_equal(pfn.pfn, t_block(c.file, 2).pfn);
	for (i = 0; i < 4; i++)
		assert_int_equal(t_pte(&c.t, c.addr + i * T_PAGE), 0);
	assert_int_equal(t_n_events(&c.t, DS_EV_SCANNED_CLEAN), 0);
	ds_unpin_page(c.t.setup, c.t.space, &pin.direct.pages[0]);
	assert_true(find_busy(&c, ds_pgrange_all(), true, &pfn));
	assert_int_equal(pfn.pfn, t_block(c.file, 3).pfn);
	ds_unpin_page(c.t.setup, c.t.space, &pin.direct.pages[1]);
	assert_false(find_busy(&c, ds_pgrange_all(), true, &pfn));
	assert_int_equal(t_n_events(&c.t, DS_EV_SCANNED_CLEAN), 1);
	t_close(&c.t);
}

static void the_search_looks_at_its_range_only(void **state)
{
	struct t_job pin = {.len = T_PAGE};
	struct ds_pfn pfn;
	struct t_cache c;

	(void)state;
	set_up(&c, "ext4-4.19");
	touch(&c, 0);
	touch(&c, 2);
	pin.addr = c.addr + 2 * T_PAGE;
	t_pin(&c.t, &pin);
	assert_false(find_busy(&c, ds_pgrange(0, 2), true, &pfn));
	assert_int_equal(t_pte(&c.t, c.addr), 0);
	assert_int_not_equal(t_pte(&c.t, c.addr + 2 * T_PAGE), 0);
	assert_true(find_busy(&c, ds_pgrange(2, 3), true, &pfn));
	assert_false(find_busy(&c, ds_pgrange(3, DS_PGIDX_MAX), true, &pfn));
	t_close(&c.t);
}

static void pins_of_the_zero_page_keep_no_hole_busy(void **state)
{
	struct ds_pinned pinned;
	struct ds_pfn pfn;
	struct t_cache c;

	(void)state;
	set_up(&c, "ext4-4.19");
	assert_int_equal(t_fallocate(&c.t, c.file, T_PUNCH, 0, T_PAGE), 0);
	assert_int_equal(ds_pin_pages(c.t.setup, c.t.space,
				      (struct ds_vpn){ds_page_down(c.addr)}, 1,
				      false, &pinned),
			 1);
	assert_int_equal(t_extra(&c.t, ds_pfn(DS_ZERO_PFN)), 1);
	assert_false(find_busy(&c, ds_pgrange_all(), true, &pfn));
	t_close(&c.t);
}

/* Until v6.14: a pin that outlives its mapping is not seen. */
static void a_file_that_nobody_maps_is_not_searched(void **state)
{
	struct t_job pin = {.len = T_PAGE};
	struct ds_pfn pfn;
	struct t_cache c;

	(void)state;
	set_up(&c, "ext4-4.19");
	touch(&c, 0);
	pin.addr = c.addr;
	t_pin(&c.t, &pin);
	t_unmap(&c.t, c.addr, 4);
	assert_false(find_busy(&c, ds_pgrange_all(), true, &pfn));
	assert_true(find_busy(&c, ds_pgrange_all(), false, &pfn));
	t_close(&c.t);
}

enum {
	N_SEARCHED = 24,
	N_SEARCHES = 20,
};

/* Searches of some ranges, and which page each found, 0: none. */
struct searches {
	struct t_job job;
	struct ds_pgrange ranges[N_SEARCHES];
	uint64_t found[N_SEARCHES];
};

static void do_searches(struct ds_task *task, void *arg)
{
	struct searches *searches = arg;
	unsigned int i;

	for (i = 0; i < N_SEARCHES; i++) {
		struct ds_pfn pfn;
		bool busy = ds_mapping_first_busy(
			task, &searches->job.file->inode->mapping,
			searches->ranges[i], false, &pfn);

		searches->found[i] = busy ? pfn.pfn : 0;
	}
	t_end(&searches->job, 0);
}

/* Blocks, holes that are mapped, and pages that nobody touched; some pins. */
static void make_searched(struct t_cache *c, const char *fs,
			  struct ds_prng *prng)
{
	struct ds_pinned pinned;
	uint64_t i;

	t_open(&c->t, fs);
	c->file = t_file(&c->t, "A", N_SEARCHED / 2);
	assert_int_equal(t_truncate(&c->t, c->file, N_SEARCHED * T_PAGE), 0);
	c->mapping = &c->file->inode->mapping;
	c->addr = t_map(&c->t, c->file, 0, N_SEARCHED);
	for (i = 0; i < N_SEARCHED; i++) {
		uint64_t what = ds_prng_below(prng, 8);
		struct ds_vpn vpn = {ds_page_down(c->addr) + i};

		if (what > 3)
			touch(c, i);
		else if (what > 1)
			look(c, i);
		if (what == 7)
			assert_int_equal(ds_pin_pages(c->t.setup, c->t.space,
						      vpn, 1, DS_PIN_WRITE,
						      &pinned),
					 1);
	}
}

/* See pass_idle(). */
static void the_search_finds_the_same_freely_and_explored(void **state)
{
	struct searches freely, explored;
	unsigned int i, j, n_found = 0;
	const struct ds_fs_profile *profile;
	struct ds_prng prng = {1};
	struct t_cache c;

	(void)state;
	for (i = 0; (profile = ds_profile_at(i)); i++) {
		make_searched(&c, profile->name, &prng);
		freely.job = (struct t_job){.t = &c.t, .file = c.file};
		for (j = 0; j < N_SEARCHES; j++) {
			uint64_t first = ds_prng_below(&prng, N_SEARCHED);
			uint64_t n = ds_prng_below(&prng, N_SEARCHED);

			freely.ranges[j] = ds_pgrange(first, first + n);
		}
		explored = freely;
		do_searches(c.t.setup, &freely);
		t_task(&c.t, "explored", do_searches, &explored.job);
		assert_int_equal(t_run(&c.t, NULL, 0), DS_RUN_DONE);
		for (j = 0; j < N_SEARCHES; j++) {
			assert_int_equal(freely.found[j], explored.found[j]);
			n_found += freely.found[j] != 0;
		}
		t_close(&c.t);
	}
	/* Both kinds of answers came. */
	assert_in_range(n_found, i, i * N_SEARCHES - i);
}

/* ------------------------- Waiting for an entry --------------------------- */

static void do_search(struct ds_task *task, void *arg)
{
	struct t_job *job = arg;
	struct ds_pfn pfn;

	t_end(job, ds_mapping_first_busy(task, &job->file->inode->mapping,
					 ds_pgrange_all(), true, &pfn));
}

static void do_delete(struct ds_task *task, void *arg)
{
	struct t_job *job = arg;

	ds_mapping_delete(task, &job->file->inode->mapping, ds_pgrange(0, 1));
	t_end(job, 0);
}

static void do_invalidate(struct ds_task *task, void *arg)
{
	struct t_job *job = arg;

	ds_mapping_invalidate(task, &job->file->inode->mapping,
			      ds_pgrange(0, 1));
	t_end(job, 0);
}

static void do_write_back(struct ds_task *task, void *arg)
{
	struct t_job *job = arg;

	ds_mapping_write_back(task, &job->file->inode->mapping,
			      ds_pgrange(0, 1));
	t_end(job, 0);
}

/* Four tasks at most, all at page 0. */
static enum ds_run_end meet(struct t_cache *c, const ds_task_fn *fns,
			    struct t_job *jobs, size_t n,
			    const struct t_leg *legs, size_t n_legs)
{
	static const char *const names[] = {"a", "b", "c", "d"};
	size_t i;

	for (i = 0; i < n; i++) {
		jobs[i] = (struct t_job){.file = c->file, .addr = c->addr};
		t_task(&c->t, names[i], fns[i], &jobs[i]);
	}
	return t_run(&c->t, legs, n_legs);
}

static void unlocking_wakes_one_waiter_after_the_other(void **state)
{
	static const ds_task_fn fns[] = {t_do_store, t_do_store, t_do_store};
	static const struct t_leg legs[] = {
		{0, DS_AT_PTE_SET, 0, NULL},
		{1, DS_AT_WAIT_SLEEP, 0, NULL},
		{2, DS_AT_WAIT_SLEEP, 0, NULL},
		{0, DS_AT_END, 0, NULL},
		/* Would it be woken, it could go on. */
		{1, DS_AT_ENTRY_UNLOCK, 0, NULL},
		{2, DS_AT_WAIT_SLEEP, 0, NULL},
	};
	struct t_job jobs[3];
	struct t_cache c;

	(void)state;
	set_up(&c, "ext4-4.19");
	assert_int_equal(meet(&c, fns, jobs, 3, legs, T_N(legs)), DS_RUN_DONE);
	t_assert_holds(&c.t);
	t_close(&c.t);
}

static void deletion_waits_for_the_lock(void **state)
{
	static const ds_task_fn fns[] = {t_do_store, do_delete};
	static const struct t_leg legs[] = {
		{0, DS_AT_ENTRY_UNLOCK, 0, NULL},
		{1, DS_AT_WAIT_SLEEP, 0, NULL},
		{0, DS_AT_END, 0, NULL},
		{1, DS_AT_END, 0, NULL},
	};
	struct t_job jobs[2];
	struct t_cache c;

	(void)state;
	set_up(&c, "ext4-4.19");
	assert_int_equal(meet(&c, fns, jobs, 2, legs, T_N(legs)), DS_RUN_DONE);
	assert_int_equal(t_entry(c.file, 0), 0);
	t_close(&c.t);
}

/* The mark is taken with the lock: who looks then never sees the lock. */
static void write_back_passes_by_what_another_took(void **state)
{
	static const ds_task_fn fns[] = {do_write_back, do_write_back};
	static const struct t_leg legs[] = {
		{1, DS_AT_ENTRY_NEXT, 2, NULL},
		{0, DS_AT_BYTES_READ, 0, NULL},
		{1, DS_AT_END, 0, NULL},
	};
	struct t_job jobs[2];
	struct t_cache c;

	(void)state;
	set_up(&c, "ext4-4.19");
	touch(&c, 0);
	assert_int_equal(meet(&c, fns, jobs, 2, legs, T_N(legs)), DS_RUN_DONE);
	assert_false(t_is_dirty(c.file, 0));
	t_close(&c.t);
}

/* Marked again behind the other's lock, the page is written twice. */
static void write_back_waits_for_who_took_it_before(void **state)
{
	static const ds_task_fn fns[] = {do_write_back, do_write_back};
	static const struct t_leg legs[] = {
		{0, DS_AT_BYTES_READ, 0, NULL},
		{1, DS_AT_WAIT_SLEEP, 0, NULL},
		{0, DS_AT_END, 0, NULL},
		{1, DS_AT_BYTES_READ, 0, NULL},
	};
	struct t_job jobs[2];
	struct t_cache c;

	(void)state;
	set_up(&c, "ext4-4.19");
	touch(&c, 0);
	assert_int_equal(meet(&c, fns, jobs, 2, legs, T_N(legs)), DS_RUN_DONE);
	assert_false(t_is_dirty(c.file, 0));
	t_close(&c.t);
}

/* Else a page that is pinned would be missed while it is written back. */
static void the_search_waits_for_the_lock(void **state)
{
	static const ds_task_fn fns[] = {do_write_back, do_search};
	static const struct t_leg legs[] = {
		{0, DS_AT_BYTES_READ, 0, NULL},
		{1, DS_AT_WAIT_SLEEP, 0, NULL},
		{0, DS_AT_END, 0, NULL},
	};
	struct t_job jobs[2], pin = {.len = T_PAGE};
	struct t_cache c;

	(void)state;
	set_up(&c, "ext4-4.19");
	touch(&c, 0);
	pin.addr = c.addr;
	t_pin(&c.t, &pin);
	assert_int_equal(meet(&c, fns, jobs, 2, legs, T_N(legs)), DS_RUN_DONE);
	assert_int_equal(jobs[1].result, 1);
	t_close(&c.t);
}

static void is_still_asleep(struct t_world *t)
{
	const struct ds_task *search = t->world->sched->tasks[1];

	assert_int_equal(search->state, DS_TASK_ASLEEP);
	assert_false(search->interruptible);
}

/* Only the wait for pins can be interrupted, not that for the entry. */
static void the_search_sleeps_through_a_signal(void **state)
{
	static const struct t_leg legs[] = {
		{0, DS_AT_BYTES_READ, 0, NULL},
		{1, DS_AT_WAIT_SLEEP, 0, NULL},
		{2, DS_AT_END, 0, is_still_asleep},
		{0, DS_AT_END, 0, NULL},
	};
	struct t_job write_back, search, signal = {0};
	struct t_cache c;

	(void)state;
	set_up(&c, "ext4-4.19");
	touch(&c, 0);
	write_back = (struct t_job){.file = c.file, .addr = c.addr};
	search = write_back;
	t_task(&c.t, "write_back", do_write_back, &write_back);
	t_task(&c.t, "search", do_search, &search);
	t_task(&c.t, "signal", t_do_signal, &signal);
	signal.target = c.t.world->sched->tasks[1];
	assert_int_equal(t_run(&c.t, legs, T_N(legs)), DS_RUN_DONE);
	t_assert_holds(&c.t);
	t_close(&c.t);
}

/* Who was woken and does not lock the entry owes the next one a wake-up. */
static void the_search_passes_its_wake_up_on(void **state)
{
	static const ds_task_fn fns[] = {do_write_back, do_search,
					 do_write_back};
	static const struct t_leg legs[] = {
		{0, DS_AT_BYTES_READ, 0, NULL}, {1, DS_AT_WAIT_SLEEP, 0, NULL},
		{2, DS_AT_WAIT_SLEEP, 0, NULL}, {0, DS_AT_END, 0, NULL},
		{1, DS_AT_END, 0, NULL},
	};
	struct t_job jobs[3];
	struct t_cache c;

	(void)state;
	set_up(&c, "ext4-4.19");
	touch(&c, 0);
	assert_int_equal(meet(&c, fns, jobs, 3, legs, T_N(legs)), DS_RUN_DONE);
	t_assert_holds(&c.t);
	t_close(&c.t);
}

static void invalidation_that_spares_an_entry_passes_its_wake_up_on(
	void **state)
{
	static const ds_task_fn fns[] = {t_do_store, do_invalidate, t_do_store};
	static const struct t_leg legs[] = {
		{0, DS_AT_PTE_SET, 0, NULL},    {1, DS_AT_WAIT_SLEEP, 0, NULL},
		{2, DS_AT_WAIT_SLEEP, 0, NULL}, {0, DS_AT_END, 0, NULL},
		{1, DS_AT_END, 0, NULL},
	};
	struct t_job jobs[3];
	struct t_cache c;

	(void)state;
	set_up(&c, "ext4-4.19");
	assert_int_equal(meet(&c, fns, jobs, 3, legs, T_N(legs)), DS_RUN_DONE);
	t_assert_holds(&c.t);
	t_close(&c.t);
}

/*
 * The deleted entry has two more waiters. Before v5.13 one is woken, finds
 * nothing and wakes nobody.
 */
static enum ds_run_end delete_before_two_waiters(struct t_cache *c,
						 const char *fs)
{
	static const ds_task_fn fns[] = {do_write_back, do_delete,
					 do_write_back, do_write_back};
	static const struct t_leg legs[] = {
		{0, DS_AT_BYTES_READ, 0, NULL}, {1, DS_AT_WAIT_SLEEP, 0, NULL},
		{2, DS_AT_WAIT_SLEEP, 0, NULL}, {3, DS_AT_WAIT_SLEEP, 0, NULL},
		{0, DS_AT_END, 0, NULL},        {1, DS_AT_END, 0, NULL},
	};
	struct t_job jobs[4];

	set_up(c, fs);
	touch(c, 0);
	return meet(c, fns, jobs, 4, legs, T_N(legs));
}

static void deletion_wakes_one_waiter_in_old_kernels(void **state)
{
	struct t_cache c;

	(void)state;
	assert_int_equal(delete_before_two_waiters(&c, "ext4-4.19"),
			 DS_RUN_STUCK);
	t_assert_broken(&c.t, UINT32_C(1) << DS_NO_LOST_WAKEUP);
	t_close(&c.t);
}

static void deletion_wakes_every_waiter_in_new_kernels(void **state)
{
	struct t_cache c;

	(void)state;
	assert_int_equal(delete_before_two_waiters(&c, "ext4-6.1"),
			 DS_RUN_DONE);
	t_assert_holds(&c.t);
	t_close(&c.t);
}

/* The page was dirty when it was found, and gone when it was looked at. */
static void writing_back_makes_no_entry_again(void **state)
{
	static const ds_task_fn fns[] = {do_write_back, do_delete};
	static const struct t_leg legs[] = {
		{0, DS_AT_ENTRY_GRAB, 0, NULL},
		{1, DS_AT_END, 0, NULL},
		{0, DS_AT_END, 0, NULL},
	};
	struct t_job jobs[2];
	struct t_cache c;

	(void)state;
	set_up(&c, "ext4-4.19");
	touch(&c, 0);
	assert_int_equal(meet(&c, fns, jobs, 2, legs, T_N(legs)), DS_RUN_DONE);
	assert_int_equal(t_entry(c.file, 0), 0);
	t_close(&c.t);
}

/* ------------------------------ Huge entries ------------------------------ */

/* The same in a world whose huge pages have 4 pages; all of it touched. */
static void set_up_huge(struct t_cache *c, const char *fs)
{
	t_open_huge(&c->t, fs, 2);
	c->file = t_file_together(&c->t, "A", 8);
	c->mapping = &c->file->inode->mapping;
	c->addr = t_map(&c->t, c->file, 0, 8);
	touch(c, 0);
	touch(c, 4);
	assert_true(ds_entry_is_huge(t_entry(c->file, 3)));
	assert_int_equal(ds_xtree_count(c->mapping->tree), 2);
}

static void every_frame_of_a_huge_entry_is_tied_to_v6_14(void **state)
{
	struct t_cache c;
	uint64_t i;

	(void)state;
	set_up_huge(&c, "ext4-4.19");
	for (i = 0; i < 8; i++) {
		struct ds_pfn pfn = t_block(c.file, i);
		const struct ds_frame *frame = ds_frame_view(c.t.frames, pfn);

		assert_int_equal(frame->mapping, c.file->inode->id);
		assert_int_equal(frame->index, i);
		assert_int_equal(ds_frame_head(c.t.frames, pfn).pfn, pfn.pfn);
	}
	ds_mapping_delete(c.t.setup, c.mapping, ds_pgrange(0, 8));
	for (i = 0; i < 8; i++)
		assert_int_equal(
			ds_frame_view(c.t.frames, t_block(c.file, i))->mapping,
			0);
	t_close(&c.t);
}

static void the_frames_of_a_huge_entry_are_a_folio_from_v6_15(void **state)
{
	struct ds_pfn first;
	struct t_cache c;

	(void)state;
	set_up_huge(&c, "xfs-6.15");
	first = t_block(c.file, 4);
	assert_int_equal(ds_frame_head(c.t.frames, t_block(c.file, 7)).pfn,
			 first.pfn);
	assert_int_equal(ds_frame_view(c.t.frames, first)->index, 4);
	assert_int_equal(t_mapped(&c.t, first), 1);
	ds_rmap_unmap(c.t.setup, &c.mapping->rmap, ds_pgrange_all(), false);
	assert_int_equal(t_extra(&c.t, first), 0);
	ds_mapping_delete(c.t.setup, c.mapping, ds_pgrange(4, 8));
	assert_int_equal(ds_frame_head(c.t.frames, t_block(c.file, 7)).pfn,
			 t_block(c.file, 7).pfn);
	assert_int_equal(t_n_events(&c.t, DS_EV_WARNED), 0);
	t_close(&c.t);
}

static void a_part_of_the_range_deletes_the_whole_huge_entry(void **state)
{
	struct t_cache c;

	(void)state;
	set_up_huge(&c, "ext4-4.19");
	assert_true(t_is_dirty(c.file, 0));
	ds_mapping_delete(c.t.setup, c.mapping, ds_pgrange(3, 4));
	assert_int_equal(t_entry(c.file, 0), 0);
	assert_false(t_is_dirty(c.file, 0));
	assert_int_not_equal(t_entry(c.file, 4), 0);
	/* Its mapping is another thing. */
	assert_true(t_pte(&c.t, c.addr) & DS_PTE_HUGE);
	t_close(&c.t);
}

static void unmapping_a_part_takes_the_whole_mapping_away(void **state)
{
	struct t_cache c;

	(void)state;
	set_up_huge(&c, "ext4-4.19");
	ds_rmap_unmap(c.t.setup, &c.mapping->rmap, ds_pgrange(3, 5), false);
	assert_int_equal(t_pte(&c.t, c.addr), 0);
	assert_int_equal(t_pte(&c.t, c.addr + 7 * T_PAGE), 0);
	assert_true(ds_entry_is_huge(t_entry(c.file, 0)));
	look(&c, 0);
	assert_true(t_pte(&c.t, c.addr) & DS_PTE_HUGE);
	t_close(&c.t);
}

static void assert_busy(struct t_cache *c, struct ds_pgrange range,
			bool expected, struct ds_pfn expected_pfn)
{
	struct ds_pfn pfn = {0};

	assert_int_equal(ds_mapping_first_busy(c->t.setup, c->mapping, range,
					       false, &pfn),
			 expected);
	if (expected)
		assert_int_equal(pfn.pfn, expected_pfn.pfn);
}

/* W4: whoever waits for pins on a DAX file does not expect any. */
static void the_search_warns_of_ordinary_pages_and_goes_on(void **state)
{
	struct t_job pin = {.len = T_PAGE};
	const struct ds_event *event;
	struct t_cache c;

	(void)state;
	set_up(&c, "ext4-pagecache");
	pin.addr = c.addr + 2 * T_PAGE;
	t_pin(&c.t, &pin);
	c.t.n_events = 0;
	assert_busy(&c, ds_pgrange(2, 3), false, ds_pfn(0));
	event = t_event(&c.t, DS_EV_WARNED, 0);
	assert_non_null(event);
	assert_int_equal(event->value, DS_WARN_NOT_DAX);
	assert_int_equal(event->page.pgidx, 2);
	t_unpin(&c.t, &pin);
	t_close(&c.t);
}

static void the_search_finds_the_busy_page_of_a_huge_entry(void **state)
{
	struct t_job pin = {.len = T_PAGE};
	struct t_cache c;

	(void)state;
	set_up_huge(&c, "ext4-4.19");
	pin.addr = c.addr + 6 * T_PAGE;
	t_pin(&c.t, &pin);
	assert_busy(&c, ds_pgrange_all(), true, t_block(c.file, 6));
	/* Also from a part of the entry that it is not in. */
	assert_busy(&c, ds_pgrange(7, 8), true, t_block(c.file, 6));
	assert_busy(&c, ds_pgrange(0, 4), false, ds_pfn(0));
	t_unpin(&c.t, &pin);
	assert_busy(&c, ds_pgrange_all(), false, ds_pfn(0));
	t_close(&c.t);
}

static void the_search_finds_the_folio_from_v6_15(void **state)
{
	struct t_job pin = {.len = T_PAGE};
	struct t_cache c;

	(void)state;
	set_up_huge(&c, "ext4-6.15");
	assert_busy(&c, ds_pgrange_all(), false, ds_pfn(0));
	touch(&c, 4);
	pin.addr = c.addr + 6 * T_PAGE;
	t_pin(&c.t, &pin);
	assert_busy(&c, ds_pgrange_all(), true, t_block(c.file, 4));
	t_unpin(&c.t, &pin);
	t_close(&c.t);
}

static void every_busy_page_of_a_huge_entry_is_warned_of(void **state)
{
	struct t_job pin = {.len = 2 * T_PAGE};
	struct t_cache c;

	(void)state;
	set_up_huge(&c, "ext4-4.19");
	pin.addr = c.addr + 2 * T_PAGE;
	t_pin(&c.t, &pin);
	ds_mapping_delete(c.t.setup, c.mapping, ds_pgrange(0, 1));
	assert_int_equal(t_n_events(&c.t, DS_EV_WARNED), 2);
	t_close(&c.t);
}

static void a_folio_that_is_split_while_busy_is_warned_of(void **state)
{
	const struct ds_event *event;
	struct t_job pin = {.len = T_PAGE};
	struct t_cache c;

	(void)state;
	set_up_huge(&c, "ext4-6.15");
	pin.addr = c.addr + 2 * T_PAGE;
	t_pin(&c.t, &pin);
	ds_rmap_unmap(c.t.setup, &c.mapping->rmap, ds_pgrange_all(), false);
	ds_mapping_delete(c.t.setup, c.mapping, ds_pgrange(0, 8));
	assert_int_equal(t_n_events(&c.t, DS_EV_WARNED), 1);
	event = t_event(&c.t, DS_EV_WARNED, 0);
	assert_int_equal(event->value, DS_WARN_FOLIO_STATE);
	assert_int_equal(event->pfn.pfn, t_block(c.file, 0).pfn);
	t_close(&c.t);
}

static void write_back_protects_a_huge_mapping_and_clears_its_tag(void **state)
{
	struct t_cache c;

	(void)state;
	set_up_huge(&c, "ext4-4.19");
	/* From the middle of an entry on. */
	ds_mapping_write_back(c.t.setup, c.mapping, ds_pgrange(6, 7));
	assert_true(t_is_dirty(c.file, 0));
	assert_false(t_is_dirty(c.file, 4));
	assert_false(ds_pte_allows(t_pte(&c.t, c.addr + 5 * T_PAGE), true));
	assert_true(ds_pte_allows(t_pte(&c.t, c.addr), true));
	touch(&c, 5);
	assert_true(t_is_dirty(c.file, 4));
	t_close(&c.t);
}

/* 06083a0921fd: who maps a part with a small entry kept writing. */
static void write_back_protects_small_mappings_of_a_huge_entry(void **state)
{
	static const char *const kernels[] = {"ext4-4.19", "ext4-6.1"};
	struct t_cache c;
	uint64_t one, i;

	(void)state;
	for (i = 0; i < T_N(kernels); i++) {
		set_up_huge(&c, kernels[i]);
		one = t_map(&c.t, c.file, 2, 1);
		assert_int_equal(t_store(&c.t, one, 1), 1);
		ds_mapping_write_back(c.t.setup, c.mapping, ds_pgrange_all());
		assert_false(t_is_dirty(c.file, 0));
		assert_false(ds_pte_allows(t_pte(&c.t, c.addr), true));
		assert_int_equal(ds_pte_allows(t_pte(&c.t, one), true), i == 0);
		t_close(&c.t);
	}
}

static void a_block_in_two_entries_is_warned_of(void **state)
{
	const struct ds_event *event;
	struct t_cache c;
	uint64_t old;

	(void)state;
	set_up(&c, "ext4-4.19");
	look(&c, 2);
	ds_entry_grab(c.t.setup, c.mapping, ds_pgidx(0), &old);
	ds_entry_fill(c.t.setup, c.mapping, ds_pgidx(0),
		      ds_entry_data(t_block(c.file, 2)), false);
	assert_int_equal(t_n_events(&c.t, DS_EV_WARNED), 1);
	event = t_event(&c.t, DS_EV_WARNED, 0);
	assert_int_equal(event->value, DS_WARN_OWNED_ALREADY);
	assert_int_equal(event->page.pgidx, 0);
	t_close(&c.t);
}

static void a_block_of_another_file_is_warned_of(void **state)
{
	const struct ds_event *event;
	struct t_cache c;

	(void)state;
	set_up(&c, "ext4-4.19");
	look(&c, 2);
	ds_frame_associate(c.t.setup, c.t.frames, t_block(c.file, 2), 77,
			   ds_pgidx(0));
	ds_mapping_delete(c.t.setup, c.mapping, ds_pgrange(2, 3));
	assert_int_equal(t_n_events(&c.t, DS_EV_WARNED), 1);
	event = t_event(&c.t, DS_EV_WARNED, 0);
	assert_int_equal(event->value, DS_WARN_OTHER_OWNER);
	t_close(&c.t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_fault_leaves_an_unlocked_data_entry),
		cmocka_unit_test(a_data_entry_ties_its_frame_to_the_file),
		cmocka_unit_test(
			a_hole_that_is_read_has_an_entry_without_a_block),
		cmocka_unit_test(
			a_grabbed_entry_is_locked_and_an_absent_one_made),
		cmocka_unit_test(truncation_deletes_the_range_and_nothing_else),
		cmocka_unit_test(
			a_busy_page_that_leaves_the_cache_is_warned_of),
		cmocka_unit_test(truncation_warns_of_what_a_break_left),
		cmocka_unit_test(truncation_warns_of_no_idle_entry_to_v6_14),
		cmocka_unit_test(
			an_entry_that_is_dirty_without_a_block_is_warned_of),
		cmocka_unit_test(invalidation_spares_dirty_entries),
		cmocka_unit_test(writing_back_cleans_the_range),
		cmocka_unit_test(a_tag_without_a_block_is_an_error),
		cmocka_unit_test(write_back_passes_by_what_another_took),
		cmocka_unit_test(write_back_waits_for_who_took_it_before),
		cmocka_unit_test(
			a_store_after_writing_back_makes_its_page_dirty_again),
		cmocka_unit_test(
			the_search_unmaps_and_finds_the_first_busy_page),
		cmocka_unit_test(the_search_looks_at_its_range_only),
		cmocka_unit_test(pins_of_the_zero_page_keep_no_hole_busy),
		cmocka_unit_test(a_file_that_nobody_maps_is_not_searched),
		cmocka_unit_test(the_search_finds_the_same_freely_and_explored),
		cmocka_unit_test(unlocking_wakes_one_waiter_after_the_other),
		cmocka_unit_test(deletion_waits_for_the_lock),
		cmocka_unit_test(the_search_waits_for_the_lock),
		cmocka_unit_test(the_search_sleeps_through_a_signal),
		cmocka_unit_test(the_search_passes_its_wake_up_on),
		cmocka_unit_test(
			invalidation_that_spares_an_entry_passes_its_wake_up_on),
		cmocka_unit_test(deletion_wakes_one_waiter_in_old_kernels),
		cmocka_unit_test(deletion_wakes_every_waiter_in_new_kernels),
		cmocka_unit_test(writing_back_makes_no_entry_again),
		cmocka_unit_test(every_frame_of_a_huge_entry_is_tied_to_v6_14),
		cmocka_unit_test(
			the_frames_of_a_huge_entry_are_a_folio_from_v6_15),
		cmocka_unit_test(
			a_part_of_the_range_deletes_the_whole_huge_entry),
		cmocka_unit_test(unmapping_a_part_takes_the_whole_mapping_away),
		cmocka_unit_test(
			the_search_warns_of_ordinary_pages_and_goes_on),
		cmocka_unit_test(
			the_search_finds_the_busy_page_of_a_huge_entry),
		cmocka_unit_test(the_search_finds_the_folio_from_v6_15),
		cmocka_unit_test(every_busy_page_of_a_huge_entry_is_warned_of),
		cmocka_unit_test(a_folio_that_is_split_while_busy_is_warned_of),
		cmocka_unit_test(
			write_back_protects_a_huge_mapping_and_clears_its_tag),
		cmocka_unit_test(
			write_back_protects_small_mappings_of_a_huge_entry),
		cmocka_unit_test(a_block_in_two_entries_is_warned_of),
		cmocka_unit_test(a_block_of_another_file_is_warned_of),
	};

	return cmocka_run_group_tests_name("mapping", tests, NULL, NULL);
}
