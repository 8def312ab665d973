// SPDX-License-Identifier: LGPL-2.1-or-later
#include "../../support/world.h"

static const char *const systems[] = {"ext4-4.19", "xfs-4.19"};

/* A mapped file of 4 pages: written, hole, unwritten, written. */
struct t_fault {
	struct t_world t;
	struct ds_file *file;
	uint64_t addr;
};

static void set_up(struct t_fault *f, const char *fs)
{
	t_open(&f->t, fs);
	f->file = t_file(&f->t, "A", 4);
	assert_int_equal(
		t_fallocate(&f->t, f->file, T_PUNCH, T_PAGE, 2 * T_PAGE), 0);
	assert_int_equal(t_fallocate(&f->t, f->file, 0, 2 * T_PAGE, T_PAGE), 0);
	t_assert_extents(f->file, "1w 1- 1u 1w");
	f->addr = t_map(&f->t, f->file, 0, 4);
}

static void a_load_maps_the_block_for_reading(void **state)
{
	struct t_fault f;
	uint64_t pte;

	(void)state;
	set_up(&f, "ext4-4.19");
	assert_int_equal(t_load(&f.t, f.addr + 3 * T_PAGE), t_pattern(3));
	pte = t_pte(&f.t, f.addr + 3 * T_PAGE);
	assert_int_equal(ds_pte_pfn(pte).pfn, t_block(f.file, 3).pfn);
	assert_false(ds_pte_allows(pte, true));
	assert_false(t_is_dirty(f.file, 3));
	t_close(&f.t);
}

static void a_store_maps_the_block_for_writing(void **state)
{
	struct t_fault f;
	uint64_t pte;

	(void)state;
	set_up(&f, "ext4-4.19");
	assert_int_equal(t_store(&f.t, f.addr, 0x77), 1);
	pte = t_pte(&f.t, f.addr);
	assert_int_equal(ds_pte_pfn(pte).pfn, t_block(f.file, 0).pfn);
	assert_true(ds_pte_allows(pte, true));
	assert_true(t_is_dirty(f.file, 0));
	t_assert_extents(f.file, "1w 1- 1u 1w");
	t_close(&f.t);
}

static void a_load_where_nothing_was_written_shows_the_zero_page(void **state)
{
	struct t_fault f;
	uint64_t i;

	(void)state;
	set_up(&f, "ext4-4.19");
	for (i = 1; i < 3; i++) {
		uint64_t addr = f.addr + i * T_PAGE;

		assert_int_equal(t_load(&f.t, addr), 0);
		assert_int_equal(ds_pte_pfn(t_pte(&f.t, addr)).pfn,
				 DS_ZERO_PFN);
		assert_false(ds_pte_allows(t_pte(&f.t, addr), true));
		assert_true(t_entry(f.file, i) & DS_ENTRY_ZERO);
	}
	t_assert_extents(f.file, "1w 1- 1u 1w");
	t_close(&f.t);
}

static void a_store_writes_exactly_the_block_it_needs(void **state)
{
	struct t_fault f;
	size_t i;

	(void)state;
	for (i = 0; i < T_N(systems); i++) {
		set_up(&f, systems[i]);
		assert_int_equal(t_store(&f.t, f.addr + T_PAGE + 5, 0x77), 1);
		t_assert_extents(f.file, "2w 1u 1w");
		assert_int_equal(t_byte(&f.t, f.file, T_PAGE + 5), 0x77);
		assert_int_equal(t_byte(&f.t, f.file, T_PAGE + 6), 0);
		assert_int_equal(t_store(&f.t, f.addr + 2 * T_PAGE, 0x78), 1);
		t_assert_extents(f.file, "4w");
		assert_int_equal(t_byte(&f.t, f.file, 2 * T_PAGE), 0x78);
		assert_int_equal(t_byte(&f.t, f.file, 2 * T_PAGE + 1), 0);
		t_close(&f.t);
	}
}

static void a_store_takes_the_zero_page_away_from_others(void **state)
{
	struct t_fault f;
	uint64_t other, i;

	(void)state;
	set_up(&f, "ext4-4.19");
	other = t_map(&f.t, f.file, 0, 4);
	for (i = 1; i < 3; i++) {
		assert_int_equal(t_load(&f.t, other + i * T_PAGE), 0);
		assert_int_equal(t_store(&f.t, f.addr + i * T_PAGE, 0x77), 1);
		assert_int_equal(t_load(&f.t, other + i * T_PAGE), 0x77);
		assert_true(ds_entry_is_data(t_entry(f.file, i)));
	}
	t_close(&f.t);
}

/*
 * Whoever takes a block away without dropping its page leaves an entry that no
 * fault repairs: the search for pins looks at that block from then on.
 */
static void a_store_leaves_the_block_that_the_cache_has(void **state)
{
	struct t_fault f;
	struct ds_pfn old;
	struct t_job job;

	(void)state;
	set_up(&f, "ext4-4.19");
	assert_int_equal(t_store(&f.t, f.addr, 0x77), 1);
	old = t_block(f.file, 0);
	job = (struct t_job){.file = f.file, .len = T_PAGE};
	t_do_remove_rudely(f.t.setup, &job);
	t_fill(&f.t, t_file(&f.t, "B", 1), 0, 0x20); /* takes that block */
	t_unmap(&f.t, f.addr, 4);
	f.addr = t_map(&f.t, f.file, 0, 4);
	assert_int_equal(t_store(&f.t, f.addr, 0x78), 1);
	assert_int_not_equal(t_block(f.file, 0).pfn, old.pfn);
	assert_int_equal(ds_pte_pfn(t_pte(&f.t, f.addr)).pfn,
			 t_block(f.file, 0).pfn);
	assert_int_equal(ds_entry_pfn(t_entry(f.file, 0)).pfn, old.pfn);
	assert_true(t_is_dirty(f.file, 0));
	t_close(&f.t);
}

/* The handle on the journal encloses all that a write fault does. */
static void faults_keep_their_order_of_locks(void **state)
{
	static const struct {
		const char *fs, *steps;
	} cases[] = {
		{"ext4-4.19", "+F +j fill map -j -f bytes"},
		{"xfs-4.19", "+F fill map -f bytes"},
	};
	size_t i;

	(void)state;
	for (i = 0; i < T_N(cases); i++) {
		struct t_job job = {0};
		struct t_fault f;

		set_up(&f, cases[i].fs);
		job.addr = f.addr;
		t_task(&f.t, "store", t_do_store, &job);
		assert_int_equal(t_run(&f.t, NULL, 0), DS_RUN_DONE);
		assert_string_equal(f.t.steps, cases[i].steps);
		t_close(&f.t);
		/* Past the end of file too. */
		set_up(&f, cases[i].fs);
		job.addr = f.addr + 3 * T_PAGE;
		assert_int_equal(t_truncate(&f.t, f.file, T_PAGE), 0);
		t_task(&f.t, "store", t_do_store, &job);
		assert_int_equal(t_run(&f.t, NULL, 0), DS_RUN_DONE);
		assert_int_equal(job.result, DS_SIGBUS);
		assert_string_equal(f.t.steps,
				    i == 0 ? "+F +j -j -f" : "+F -f");
		t_close(&f.t);
	}
}

static void a_store_where_the_disk_is_full_is_a_bus_error(void **state)
{
	struct t_world t;
	struct ds_file *file;
	uint64_t addr;

	(void)state;
	t_open_sized(&t, "ext4-4.19", 3);
	file = t_file(&t, "A", 2);
	assert_int_equal(t_truncate(&t, file, 3 * T_PAGE), 0);
	addr = t_map(&t, file, 0, 3);
	assert_int_equal(t_store(&t, addr + 2 * T_PAGE, 1), DS_SIGBUS);
	/* Nobody is left waiting for the entry. */
	assert_false(ds_entry_is_locked(t_entry(file, 2)));
	assert_int_equal(t_load(&t, addr + 2 * T_PAGE), 0);
	assert_int_equal(t_fallocate(&t, file, T_PUNCH, 0, T_PAGE), 0);
	assert_int_equal(t_store(&t, addr + 2 * T_PAGE, 1), 1);
	t_close(&t);
}

static void store_in_hole(struct t_fault *f, const char *fs, const char *steps)
{
	struct t_job job = {.value = 1};

	set_up(f, fs);
	job.addr = f->addr + T_PAGE;
	f->t.followed = 0;
	t_task(&f->t, "task", t_do_store, &job);
	assert_int_equal(t_run(&f->t, NULL, 0), DS_RUN_DONE);
	assert_int_equal(job.result, 1);
	assert_string_equal(f->t.steps, steps);
	t_assert_holds(&f->t);
	t_close(&f->t);
}

static void ext4_faults_for_writing_inside_a_transaction(void **state)
{
	struct t_fault f;

	(void)state;
	store_in_hole(&f, "ext4-4.19",
		      "+F +j +x alloc bytes extents -x fill map -j -f bytes");
}

static void xfs_faults_for_writing_with_transactions_inside(void **state)
{
	struct t_fault f;

	(void)state;
	store_in_hole(&f, "xfs-4.19",
		      "+F +j +x alloc bytes extents -x -j fill map -f bytes");
}

/* The fault waits for the lock; what it finds then decides. */
static void i_size_is_looked_at_under_the_fault_lock(void **state)
{
	static const struct t_leg legs[] = {
		/* It saw no entry and wants the fault lock. */
		{0, DS_AT_LOCK_SHARED, 2, NULL},
		{1, DS_AT_END, 0, NULL},
		{0, DS_AT_END, 0, NULL},
	};
	struct t_job load = {0}, truncate = {.len = T_PAGE};
	struct t_fault f;
	size_t i;

	(void)state;
	for (i = 0; i < T_N(systems); i++) {
		set_up(&f, systems[i]);
		load.addr = f.addr + 3 * T_PAGE;
		truncate.file = f.file;
		t_task(&f.t, "load", t_do_load, &load);
		t_task(&f.t, "truncate", t_do_truncate, &truncate);
		assert_int_equal(t_run(&f.t, legs, T_N(legs)), DS_RUN_DONE);
		assert_int_equal(load.result, DS_SIGBUS);
		assert_int_equal(t_entry(f.file, 3), 0);
		t_close(&f.t);
	}
}

static void a_fault_waits_while_blocks_are_taken_away(void **state)
{
	static const struct t_leg legs[] = {
		{1, DS_AT_BLOCK_FREE, 0, NULL},
		{0, DS_AT_LOCK_GRANTED, 0, NULL},
		{1, DS_AT_END, 0, NULL},
		{0, DS_AT_END, 0, NULL},
	};
	struct t_job store = {.value = 1};
	struct t_job punch = {.mode = T_PUNCH, .len = T_PAGE};
	struct ds_pfn before;
	struct t_fault f;

	(void)state;
	set_up(&f, "ext4-4.19");
	before = t_block(f.file, 0);
	store.addr = f.addr;
	punch.file = f.file;
	f.t.super->victim = true;
	t_task(&f.t, "store", t_do_store, &store);
	t_task(&f.t, "punch", t_do_fallocate, &punch);
	assert_int_equal(t_run(&f.t, legs, T_N(legs)), DS_RUN_DONE);
	assert_int_equal(store.result, 1);
	assert_int_not_equal(t_block(f.file, 0).pfn, before.pfn);
	t_assert_holds(&f.t);
	t_close(&f.t);
}

/* ------------------------------ Huge pages -------------------------------- */

/* A file of 8 pages that lie together, in a world whose huge pages have 4. */
static void set_up_huge(struct t_fault *f, const char *fs)
{
	t_open_huge(&f->t, fs, 2);
	f->file = t_file_together(&f->t, "A", 8);
	assert_int_equal(t_block(f->file, 0).pfn % 4, 0);
}

static bool is_huge(struct t_fault *f, uint64_t page)
{
	bool huge = ds_entry_is_huge(t_entry(f->file, page));

	assert_int_equal(huge, !!(t_pte(&f->t, f->addr + page * T_PAGE) &
				  DS_PTE_HUGE));
	return huge;
}

static void one_fault_maps_a_huge_page(void **state)
{
	struct t_fault f;
	uint64_t i;

	(void)state;
	for (i = 0; i < T_N(systems); i++) {
		set_up_huge(&f, systems[i]);
		f.addr = t_map(&f.t, f.file, 0, 8);
		assert_int_equal(t_load(&f.t, f.addr + 5 * T_PAGE),
				 t_pattern(5));
		assert_true(is_huge(&f, 4));
		assert_true(is_huge(&f, 7));
		assert_int_equal(t_entry(f.file, 0), 0);
		assert_int_equal(t_entry(f.file, 7), t_entry(f.file, 4));
		assert_int_equal(
			ds_pte_pfn(t_pte(&f.t, f.addr + 7 * T_PAGE)).pfn,
			t_block(f.file, 7).pfn);
		assert_false(t_is_dirty(f.file, 4));
		assert_int_equal(t_store(&f.t, f.addr + 6 * T_PAGE, 0x77), 1);
		assert_true(is_huge(&f, 6));
		assert_true(t_is_dirty(f.file, 4));
		assert_int_equal(t_byte(&f.t, f.file, 6 * T_PAGE), 0x77);
		t_close(&f.t);
	}
}

static void an_area_that_is_too_small_has_small_entries(void **state)
{
	struct t_fault f;

	(void)state;
	set_up_huge(&f, "ext4-4.19");
	f.addr = t_map(&f.t, f.file, 0, 3);
	assert_int_equal(t_load(&f.t, f.addr), t_pattern(0));
	assert_false(is_huge(&f, 0));
	assert_int_equal(t_entry(f.file, 1), 0);
	/* One that ends inside of the second huge page. */
	f.addr = t_map(&f.t, f.file, 4, 3) - 4 * T_PAGE;
	assert_int_equal(t_load(&f.t, f.addr + 4 * T_PAGE), t_pattern(4));
	assert_false(is_huge(&f, 4));
	t_close(&f.t);
}

static void an_address_of_another_colour_has_small_entries(void **state)
{
	struct t_fault f;
	struct ds_vma vma = {.writable = true, .ops = &ds_file_vm_ops};
	struct ds_vpn first;

	(void)state;
	set_up_huge(&f, "ext4-4.19");
	/* Page 1 of the address space is where an area begins by itself. */
	vma.rmap = &f.file->inode->mapping.rmap;
	vma.file = f.file->inode;
	assert_int_equal(ds_space_map(f.t.setup, f.t.space, &vma, 8, &first),
			 0);
	assert_int_equal(first.vpn % 4, 1);
	f.addr = first.vpn << DS_PAGE_SHIFT;
	assert_int_equal(t_load(&f.t, f.addr + 4 * T_PAGE), t_pattern(4));
	assert_false(is_huge(&f, 4));
	t_close(&f.t);
}

static void a_huge_page_that_crosses_the_end_has_small_entries(void **state)
{
	struct t_fault f;

	(void)state;
	set_up_huge(&f, "ext4-4.19");
	assert_int_equal(t_truncate(&f.t, f.file, 6 * T_PAGE), 0);
	f.addr = t_map(&f.t, f.file, 0, 8);
	assert_int_equal(t_load(&f.t, f.addr + 4 * T_PAGE), t_pattern(4));
	assert_false(is_huge(&f, 4));
	assert_int_equal(t_load(&f.t, f.addr), t_pattern(0));
	assert_true(is_huge(&f, 0));
	assert_int_equal(t_load(&f.t, f.addr + 6 * T_PAGE), DS_SIGBUS);
	t_close(&f.t);
}

static void a_small_entry_in_the_way_stays(void **state)
{
	static const char *const kernels[] = {"ext4-4.19", "ext4-6.1"};
	struct t_fault f;
	uint64_t i, one;

	(void)state;
	for (i = 0; i < T_N(kernels); i++) {
		set_up_huge(&f, kernels[i]);
		one = t_map(&f.t, f.file, 3, 1);
		assert_int_equal(t_load(&f.t, one), t_pattern(3));
		f.addr = t_map(&f.t, f.file, 0, 8);
		assert_int_equal(t_load(&f.t, f.addr), t_pattern(0));
		assert_false(is_huge(&f, 0));
		assert_false(ds_entry_is_huge(t_entry(f.file, 3)));
		t_close(&f.t);
	}
}

static void blocks_that_are_short_or_askew_have_small_entries(void **state)
{
	struct t_fault f;

	(void)state;
	/* Page by page from block 1 on. */
	t_open_huge(&f.t, "ext4-4.19", 2);
	f.file = t_file(&f.t, "A", 8);
	assert_int_not_equal(t_block(f.file, 0).pfn % 4, 0);
	f.addr = t_map(&f.t, f.file, 0, 8);
	assert_int_equal(t_load(&f.t, f.addr), t_pattern(0));
	assert_false(is_huge(&f, 0));
	/* What a try left behind gives way. */
	assert_false(t_entry(f.file, 0) & DS_ENTRY_EMPTY);
	t_close(&f.t);
	/* Half of it is a hole. */
	set_up_huge(&f, "ext4-4.19");
	assert_int_equal(
		t_fallocate(&f.t, f.file, T_PUNCH, 2 * T_PAGE, 2 * T_PAGE), 0);
	f.addr = t_map(&f.t, f.file, 0, 8);
	assert_int_equal(t_load(&f.t, f.addr), t_pattern(0));
	assert_false(is_huge(&f, 0));
	assert_int_equal(t_load(&f.t, f.addr + 4 * T_PAGE), t_pattern(4));
	assert_true(is_huge(&f, 4));
	t_close(&f.t);
}

static void small_entries_in_the_page_table_keep_a_huge_one_out(void **state)
{
	struct t_fault f;
	uint64_t one;

	(void)state;
	set_up_huge(&f, "ext4-4.19");
	one = t_map(&f.t, f.file, 0, 1);
	assert_int_equal(t_load(&f.t, one), t_pattern(0));
	f.addr = t_map(&f.t, f.file, 0, 8);
	assert_int_equal(t_load(&f.t, f.addr), t_pattern(0));
	ds_mapping_delete(f.t.setup, &f.file->inode->mapping, ds_pgrange(0, 8));
	ds_rmap_unmap(f.t.setup, &f.file->inode->mapping.rmap, ds_pgrange(0, 8),
		      false);
	/* Its table stayed when its entries went. */
	assert_int_equal(t_load(&f.t, f.addr + T_PAGE), t_pattern(1));
	assert_false(is_huge(&f, 1));
	t_close(&f.t);
}

static void a_hole_has_a_huge_zero_page_until_somebody_stores(void **state)
{
	struct t_fault f;
	uint64_t one;

	(void)state;
	t_open_huge(&f.t, "ext4-4.19", 2);
	f.file = t_open_file(&f.t, "A", O_RDWR | O_CREAT);
	assert_int_equal(t_truncate(&f.t, f.file, 8 * T_PAGE), 0);
	f.addr = t_map(&f.t, f.file, 0, 8);
	assert_int_equal(t_load(&f.t, f.addr + T_PAGE), 0);
	assert_true(is_huge(&f, 2));
	assert_true(t_entry(f.file, 2) & DS_ENTRY_ZERO);
	assert_int_equal(ds_pte_pfn(t_pte(&f.t, f.addr + T_PAGE)).pfn,
			 DS_ZERO_PFN);
	/* A store gets blocks for all of it. */
	assert_int_equal(t_store(&f.t, f.addr + 2 * T_PAGE, 0x77), 1);
	assert_true(is_huge(&f, 2));
	assert_true(ds_entry_is_data(t_entry(f.file, 2)));
	t_assert_extents(f.file, "4w");
	/* One whose area is too small: the huge entry gives way. */
	assert_int_equal(t_load(&f.t, f.addr + 4 * T_PAGE), 0);
	one = t_map(&f.t, f.file, 5, 1);
	assert_int_equal(t_store(&f.t, one, 0x78), 1);
	assert_int_equal(t_entry(f.file, 4), 0);
	assert_true(ds_entry_is_data(t_entry(f.file, 5)));
	assert_int_equal(t_load(&f.t, f.addr + 5 * T_PAGE), 0x78);
	t_close(&f.t);
}

static void a_small_store_dirties_the_whole_huge_entry(void **state)
{
	struct t_fault f;
	uint64_t one;

	(void)state;
	set_up_huge(&f, "ext4-6.15");
	f.addr = t_map(&f.t, f.file, 0, 8);
	assert_int_equal(t_load(&f.t, f.addr), t_pattern(0));
	one = t_map(&f.t, f.file, 3, 1);
	assert_int_equal(t_store(&f.t, one, 0x77), 1);
	assert_true(is_huge(&f, 0));
	assert_true(t_is_dirty(f.file, 0));
	assert_int_equal(t_load(&f.t, f.addr + 3 * T_PAGE), 0x77);
	/* One reference of the huge mapping, one of the small one. */
	assert_int_equal(t_mapped(&f.t, t_block(f.file, 0)), 2);
	assert_int_equal(t_mapped(&f.t, t_block(f.file, 3)), 0);
	t_close(&f.t);
}

static int map_sync(struct t_world *t, struct ds_file *file, uint64_t *addr)
{
	return ds_vfs_mmap(t->setup, t->space, file, 0, 2 * T_PAGE,
			   DS_MAP_WRITABLE | DS_MAP_SYNC, addr);
}

/* Journal, page table, store: in this order. */
static void a_store_through_map_sync_commits_before_it_maps(void **state)
{
	static const char *const kernels[] = {"ext4-4.19", "xfs-6.15"};
	const struct ds_event *event;
	struct ds_file *file;
	struct t_world t;
	uint64_t addr;
	size_t i;

	(void)state;
	for (i = 0; i < T_N(kernels); i++) {
		t_open(&t, kernels[i]);
		t.super->follows_commits = true;
		file = t_file(&t, "A", 1);
		assert_int_equal(t_truncate(&t, file, 2 * T_PAGE), 0);
		assert_int_equal(map_sync(&t, file, &addr), 0);
		assert_true(file->inode->uncommitted);
		/* Loads ask nobody. */
		assert_int_equal(t_load(&t, addr), t_pattern(0));
		assert_true(file->inode->uncommitted);
		t.n_events = 0;
		assert_int_equal(t_store(&t, addr + T_PAGE, 7), 1);
		event = t_event(&t, DS_EV_COMMITTED, 0);
		assert_non_null(event);
		assert_true(event < t_event(&t, DS_EV_STORED_BYTES, 0));
		assert_false(file->inode->uncommitted);
		assert_true(t_is_dirty(file, 1));
		assert_int_equal(t_pte(&t, addr + T_PAGE),
				 ds_pte(t_block(file, 1), true));
		/* What the journal has is mapped at once. */
		t.n_events = 0;
		assert_int_equal(t_store(&t, addr, 7), 1);
		assert_int_equal(t_n_events(&t, DS_EV_COMMITTED), 0);
		t_assert_holds(&t);
		t_close(&t);
	}
}

static void map_sync_is_for_ext4_and_xfs_on_dax(void **state)
{
	static const char *const refused[] = {"virtiofs-6.12", "generic-6.15",
					      "ext4-pagecache"};
	struct t_world t;
	uint64_t addr;
	size_t i;

	(void)state;
	for (i = 0; i < T_N(refused); i++) {
		t_open(&t, refused[i]);
		assert_int_equal(map_sync(&t, t_file(&t, "A", 2), &addr),
				 -EOPNOTSUPP);
		t_close(&t);
	}
}

static int make_nothing(struct ds_task *task, struct ds_inode *inode,
			struct ds_pgrange range)
{
	(void)task;
	(void)inode;
	(void)range;
	return 0;
}

/* A file system that says it made a block, and did not: W13. */
static void a_block_that_was_not_made_is_a_warning_and_an_error(void **state)
{
	struct ds_fs_profile profile;
	struct ds_fs_ops ops;
	struct t_fault f;
	size_t i;

	(void)state;
	for (i = 0; i < T_N(systems); i++) {
		set_up(&f, systems[i]);
		profile = *f.t.super->profile;
		ops = *profile.ops;
		ops.make_written = make_nothing;
		profile.ops = &ops;
		f.t.super->profile = &profile;
		f.t.n_events = 0;
		assert_int_equal(t_store(&f.t, f.addr + T_PAGE, 1), DS_SIGBUS);
		assert_int_equal(t_n_events(&f.t, DS_EV_WARNED), 1);
		assert_int_equal(t_event(&f.t, DS_EV_WARNED, 0)->value,
				 DS_WARN_SHORT_EXTENT);
		assert_false(t_pte(&f.t, f.addr + T_PAGE));
		assert_int_equal(ds_vfs_pwrite(f.t.setup, f.file, "x", 1,
					       2 * T_PAGE),
				 -EIO);
		assert_int_equal(t_n_events(&f.t, DS_EV_WARNED), 2);
		/* What has its block needs none. */
		assert_int_equal(t_store(&f.t, f.addr, 1), 1);
		t_close(&f.t);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_load_maps_the_block_for_reading),
		cmocka_unit_test(a_store_maps_the_block_for_writing),
		cmocka_unit_test(
			a_load_where_nothing_was_written_shows_the_zero_page),
		cmocka_unit_test(a_store_writes_exactly_the_block_it_needs),
		cmocka_unit_test(a_store_takes_the_zero_page_away_from_others),
		cmocka_unit_test(faults_keep_their_order_of_locks),
		cmocka_unit_test(a_store_leaves_the_block_that_the_cache_has),
		cmocka_unit_test(a_store_where_the_disk_is_full_is_a_bus_error),
		cmocka_unit_test(ext4_faults_for_writing_inside_a_transaction),
		cmocka_unit_test(
			xfs_faults_for_writing_with_transactions_inside),
		cmocka_unit_test(i_size_is_looked_at_under_the_fault_lock),
		cmocka_unit_test(a_fault_waits_while_blocks_are_taken_away),
		cmocka_unit_test(one_fault_maps_a_huge_page),
		cmocka_unit_test(an_area_that_is_too_small_has_small_entries),
		cmocka_unit_test(
			an_address_of_another_colour_has_small_entries),
		cmocka_unit_test(
			a_huge_page_that_crosses_the_end_has_small_entries),
		cmocka_unit_test(a_small_entry_in_the_way_stays),
		cmocka_unit_test(
			blocks_that_are_short_or_askew_have_small_entries),
		cmocka_unit_test(
			small_entries_in_the_page_table_keep_a_huge_one_out),
		cmocka_unit_test(
			a_hole_has_a_huge_zero_page_until_somebody_stores),
		cmocka_unit_test(a_small_store_dirties_the_whole_huge_entry),
		cmocka_unit_test(
			a_store_through_map_sync_commits_before_it_maps),
		cmocka_unit_test(map_sync_is_for_ext4_and_xfs_on_dax),
		cmocka_unit_test(
			a_block_that_was_not_made_is_a_warning_and_an_error),
	};

	return cmocka_run_group_tests_name("fault", tests, NULL, NULL);
}
