// SPDX-License-Identifier: LGPL-2.1-or-later
#include "../../support/world.h"

static struct ds_vpn vpn_of(uint64_t addr)
{
	return (struct ds_vpn){ds_page_down(addr)};
}

/* Pages of the areas that are left, as "1-3@0 5-6@4": vpns and file page. */
static void assert_areas(const struct t_world *t, const char *expected)
{
	const struct ds_vma *vma;
	char text[256] = "";
	size_t n = 0;

	for (vma = t->space->vmas; vma; vma = vma->next)
		n += (size_t)snprintf(text + n, sizeof(text) - n,
				      "%s%llu-%llu@%llu", n ? " " : "",
				      (unsigned long long)vma->first.vpn,
				      (unsigned long long)vma->end.vpn,
				      (unsigned long long)vma->pgoff.pgidx);
	assert_string_equal(text, expected);
}

static unsigned int n_in_rmap(const struct ds_file *file)
{
	const struct ds_vma *vma;
	unsigned int n = 0;

	for (vma = file->inode->mapping.rmap.vmas; vma; vma = vma->rmap_next)
		n++;
	return n;
}

static void a_mapping_shows_the_file_from_its_offset_on(void **state)
{
	struct ds_file *file;
	struct t_world t;
	uint64_t addr;

	(void)state;
	t_open(&t, "ext4-4.19");
	file = t_file(&t, "A", 4);
	addr = t_map(&t, file, 1, 2);
	assert_true(addr >= T_PAGE);
	assert_int_equal(n_in_rmap(file), 1);
	assert_int_equal(t_load(&t, addr), t_pattern(1));
	assert_int_equal(t_load(&t, addr + T_PAGE + 5), t_pattern(2));
	assert_int_equal(t_store(&t, addr + 7, 0x99), 1);
	assert_int_equal(t_byte(&t, file, T_PAGE + 7), 0x99);
	assert_int_equal(t_byte(&t, file, T_PAGE + 6), t_pattern(1));
	t_close(&t);
}

static void an_access_over_a_page_border_is_served_page_by_page(void **state)
{
	struct ds_file *file;
	unsigned char bytes[4] = {1, 2, 3, 4};
	struct t_world t;
	uint64_t addr;

	(void)state;
	t_open(&t, "ext4-4.19");
	file = t_file(&t, "A", 3);
	addr = t_map(&t, file, 0, 2);
	assert_int_equal(ds_space_access(t.setup, t.space, addr + T_PAGE - 2,
					 bytes, 4, true),
			 4);
	assert_int_equal(t_byte(&t, file, T_PAGE - 1), 2);
	assert_int_equal(t_byte(&t, file, T_PAGE), 3);
	/* What lies behind the area is not done. */
	assert_int_equal(ds_space_access(t.setup, t.space,
					 addr + 2 * T_PAGE - 1, bytes, 4, true),
			 1);
	assert_int_equal(t_byte(&t, file, 2 * T_PAGE - 1), 1);
	assert_int_equal(t_byte(&t, file, 2 * T_PAGE), t_pattern(2));
	t_close(&t);
}

static void an_access_outside_of_areas_is_a_segfault(void **state)
{
	const uint64_t end = UINT64_C(65536) * T_PAGE;
	struct t_world t;
	uint64_t addr;

	(void)state;
	t_open(&t, "ext4-4.19");
	assert_int_equal(t_load(&t, 0), DS_SIGSEGV);
	assert_int_equal(t_load(&t, T_PAGE), DS_SIGSEGV);
	assert_int_equal(t_load(&t, end - 1), DS_SIGSEGV);
	assert_int_equal(t_load(&t, end), DS_SIGSEGV);
	assert_int_equal(t_load(&t, UINT64_MAX), DS_SIGSEGV);
	addr = t_map(&t, t_file(&t, "A", 1), 0, 1);
	t_unmap(&t, addr, 1);
	assert_int_equal(t_load(&t, addr), DS_SIGSEGV);
	t_close(&t);
}

static void a_read_only_area_refuses_stores(void **state)
{
	struct ds_file *file;
	struct t_world t;
	uint64_t addr;

	(void)state;
	t_open(&t, "ext4-4.19");
	file = t_file(&t, "A", 1);
	assert_int_equal(ds_vfs_mmap(t.setup, t.space, file, 0, T_PAGE, false,
				     &addr),
			 0);
	assert_int_equal(t_store(&t, addr, 1), DS_SIGSEGV);
	assert_int_equal(t_load(&t, addr), t_pattern(0));
	assert_int_equal(t_store(&t, addr, 1), DS_SIGSEGV);
	t_close(&t);
}

static void an_access_beyond_the_end_of_file_is_a_bus_error(void **state)
{
	struct ds_file *file;
	struct t_world t;
	uint64_t addr;

	(void)state;
	t_open(&t, "ext4-4.19");
	file = t_file(&t, "A", 1);
	addr = t_map(&t, file, 0, 3);
	assert_int_equal(t_load(&t, addr + T_PAGE), DS_SIGBUS);
	assert_int_equal(t_store(&t, addr + T_PAGE, 1), DS_SIGBUS);
	assert_int_equal(t_truncate(&t, file, T_PAGE + 1), 0);
	assert_int_equal(t_load(&t, addr + 2 * T_PAGE - 1), 0);
	assert_int_equal(t_load(&t, addr + 2 * T_PAGE), DS_SIGBUS);
	t_close(&t);
}

static void unmapping_cuts_areas_where_it_must(void **state)
{
	struct ds_file *file;
	struct t_world t;
	uint64_t addr, i;

	(void)state;
	t_open(&t, "ext4-4.19");
	file = t_file(&t, "A", 8);
	addr = t_map(&t, file, 0, 8);
	assert_areas(&t, "1-9@0");
	for (i = 0; i < 8; i++)
		assert_int_equal(t_load(&t, addr + i * T_PAGE), t_pattern(i));
	t_unmap(&t, addr + 3 * T_PAGE, 2);
	assert_areas(&t, "1-4@0 6-9@5");
	assert_int_equal(n_in_rmap(file), 2);
	assert_int_equal(t_load(&t, addr + 3 * T_PAGE), DS_SIGSEGV);
	assert_int_equal(t_load(&t, addr + 5 * T_PAGE), t_pattern(5));
	t_unmap(&t, addr, 1);
	assert_areas(&t, "2-4@1 6-9@5");
	t_unmap(&t, addr + 7 * T_PAGE, 1);
	assert_areas(&t, "2-4@1 6-8@5");
	/* Over both, and over holes. */
	t_unmap(&t, addr, 8);
	assert_areas(&t, "");
	assert_int_equal(n_in_rmap(file), 0);
	for (i = 0; i < 8; i++)
		assert_int_equal(t_pte(&t, addr + i * T_PAGE), 0);
	t_close(&t);
}

static void an_area_uses_the_file_it_shows(void **state)
{
	struct ds_file *file;
	struct t_world t;
	uint64_t addr;

	(void)state;
	t_open(&t, "ext4-4.19");
	file = t_file(&t, "A", 4);
	addr = t_map(&t, file, 0, 4);
	assert_int_equal(file->inode->n_users, 2);
	t_unmap(&t, addr + T_PAGE, 1);
	assert_int_equal(file->inode->n_users, 3);
	t_unmap(&t, addr, 4);
	assert_int_equal(file->inode->n_users, 1);
	t_close(&t);
}

static void a_freed_address_space_gives_its_memory_back(void **state)
{
	struct ds_space *space;
	struct ds_file *file;
	struct t_world t;
	uint64_t addr;
	size_t used;

	(void)state;
	t_open(&t, "ext4-4.19");
	file = t_file(&t, "A", 1);
	used = ds_arena_used(t.world->arena);
	assert_int_equal(ds_space_new(t.world->arena, 2, "other", t.frames,
				      t.world->waitq, 4, &space),
			 0);
	assert_int_equal(
		ds_vfs_mmap(t.setup, space, file, 0, T_PAGE, true, &addr), 0);
	assert_int_equal(ds_pte_set(t.setup, space, vpn_of(addr), 1), 0);
	assert_true(ds_arena_used(t.world->arena) > used);
	ds_space_free(space);
	assert_int_equal(ds_arena_used(t.world->arena), used);
	t_close(&t);
}

static void a_full_address_space_refuses_areas(void **state)
{
	struct ds_file *file;
	uint64_t addr = 7;
	struct t_world t;

	(void)state;
	t_open(&t, "ext4-4.19");
	file = t_file(&t, "A", 1);
	assert_int_equal(ds_vfs_mmap(t.setup, t.space, file, 0,
				     UINT64_C(65536) * T_PAGE, true, &addr),
			 -ENOMEM);
	assert_int_equal(addr, 7);
	assert_int_equal(ds_vfs_mmap(t.setup, t.space, file, 0,
				     UINT64_C(65535) * T_PAGE, true, &addr),
			 0);
	assert_int_equal(ds_vfs_mmap(t.setup, t.space, file, 0, T_PAGE, true,
				     &addr),
			 -ENOMEM);
	t_close(&t);
}

static void a_file_range_leaves_every_area_that_shows_it(void **state)
{
	struct ds_file *file;
	struct t_world t;
	uint64_t a, b, i;

	(void)state;
	t_open(&t, "ext4-4.19");
	file = t_file(&t, "A", 6);
	a = t_map(&t, file, 0, 6);
	b = t_map(&t, file, 2, 3);
	for (i = 0; i < 6; i++)
		t_load(&t, a + i * T_PAGE);
	for (i = 0; i < 3; i++)
		t_load(&t, b + i * T_PAGE);
	ds_rmap_unmap(t.setup, &file->inode->mapping.rmap, ds_pgrange(3, 5),
		      false);
	for (i = 0; i < 6; i++)
		assert_int_equal(!t_pte(&t, a + i * T_PAGE), i == 3 || i == 4);
	for (i = 0; i < 3; i++)
		assert_int_equal(!t_pte(&t, b + i * T_PAGE), i > 0);
	ds_rmap_unmap(t.setup, &file->inode->mapping.rmap, ds_pgrange_all(),
		      false);
	assert_int_equal(t_pte(&t, a), 0);
	assert_int_equal(t_pte(&t, b), 0);
	assert_true(ds_rmap_is_mapped(t.setup, &file->inode->mapping.rmap,
				      ds_object(DS_OBJ_NONE, 0, 0)));
	t_close(&t);
}

static void a_place_is_told_by_its_address(void **state)
{
	struct ds_pgidx page;
	struct ds_file *file;
	struct t_world t;
	uint32_t inode;
	uint64_t addr;

	(void)state;
	t_open(&t, "ext4-4.19");
	file = t_file(&t, "A", 8);
	addr = t_map(&t, file, 3, 4);
	ds_space_place(t.space, vpn_of(addr + 2 * T_PAGE), &inode, &page);
	assert_int_equal(inode, file->inode->id);
	assert_int_equal(page.pgidx, 5);
	ds_space_place(t.space, vpn_of(addr + 4 * T_PAGE), &inode, &page);
	assert_int_equal(inode, 0);
	assert_non_null(ds_space_find(t.space, vpn_of(addr)));
	assert_null(ds_space_find(t.space, vpn_of(addr - 1)));
	t_close(&t);
}

/* What munmap() has left when the file is no longer seen as mapped. */
static void note_entries(struct t_world *t)
{
	struct t_job *job = t->note;

	job->offset = job->file->inode->mapping.rmap.vmas != NULL;
	job->len =
		(int64_t)(t_pte(t, job->addr) | t_pte(t, job->addr + T_PAGE));
}

/* Who finds a file unmapped must not have to look for page tables. */
static void a_file_counts_as_mapped_until_its_entries_are_gone(void **state)
{
	static const struct t_leg legs[] = {
		{0, DS_AT_RMAP_CHANGE, 0, note_entries},
	};
	struct t_job job = {.len = 2 * T_PAGE};
	struct t_world t;

	(void)state;
	t_open(&t, "ext4-4.19");
	job.file = t_file(&t, "A", 2);
	job.addr = t_map(&t, job.file, 0, 2);
	t_store(&t, job.addr, 1);
	t_store(&t, job.addr + T_PAGE, 1);
	t.note = &job;
	t_task(&t, "unmap", t_do_unmap, &job);
	assert_int_equal(t_run(&t, legs, T_N(legs)), DS_RUN_DONE);
	assert_int_equal(job.offset, 1);
	assert_int_equal(job.len, 0);
	assert_null(job.file->inode->mapping.rmap.vmas);
	t_close(&t);
}

/* ------------------------ References of entries --------------------------- */

static void assert_refs(const struct t_world *t, struct ds_pfn pfn, int refs)
{
	assert_int_equal(t_extra(t, pfn), refs);
	assert_int_equal(t_mapped(t, pfn), refs);
}

static void from_v6_15_an_entry_holds_a_reference(void **state)
{
	struct ds_file *file;
	uint64_t addr, other;
	struct t_world t;

	(void)state;
	t_open(&t, "xfs-6.15");
	file = t_file(&t, "A", 2);
	addr = t_map(&t, file, 0, 2);
	other = t_map(&t, file, 0, 2);
	assert_refs(&t, t_block(file, 0), 0);
	t_load(&t, addr);
	assert_refs(&t, t_block(file, 0), 1);
	/* The same entry, made writable. */
	t_store(&t, addr, 1);
	assert_refs(&t, t_block(file, 0), 1);
	t_load(&t, other);
	assert_refs(&t, t_block(file, 0), 2);
	t_unmap(&t, addr, 2);
	assert_refs(&t, t_block(file, 0), 1);
	ds_rmap_unmap(t.setup, &file->inode->mapping.rmap, ds_pgrange_all(),
		      false);
	assert_refs(&t, t_block(file, 0), 0);
	assert_refs(&t, t_block(file, 1), 0);
	t_close(&t);
}

static void to_v6_14_an_entry_holds_none(void **state)
{
	struct ds_file *file;
	struct t_world t;
	uint64_t addr;

	(void)state;
	t_open(&t, "xfs-6.1");
	file = t_file(&t, "A", 1);
	addr = t_map(&t, file, 0, 1);
	t_store(&t, addr, 1);
	assert_refs(&t, t_block(file, 0), 0);
	t_close(&t);
}

/* Shared by everybody, and nobody's to wait for. */
static void entries_of_the_zero_page_hold_none(void **state)
{
	struct ds_file *file;
	struct t_world t;
	uint64_t addr;

	(void)state;
	t_open(&t, "xfs-6.15");
	file = t_open_file(&t, "A", O_RDWR | O_CREAT);
	assert_int_equal(t_truncate(&t, file, T_PAGE), 0);
	addr = t_map(&t, file, 0, 1);
	assert_int_equal(t_load(&t, addr), 0);
	assert_int_equal(ds_pte_pfn(t_pte(&t, addr)).pfn, DS_ZERO_PFN);
	assert_refs(&t, ds_pfn(DS_ZERO_PFN), 0);
	/* A block in its place does. */
	t_store(&t, addr, 1);
	assert_refs(&t, t_block(file, 0), 1);
	t_unmap(&t, addr, 1);
	assert_refs(&t, t_block(file, 0), 0);
	t_close(&t);
}

/* More than are gathered for one flush. */
static void every_reference_goes_with_a_large_area(void **state)
{
	struct ds_file *file;
	struct t_world t;
	uint64_t addr, i;

	(void)state;
	t_open(&t, "xfs-6.15");
	file = t_file(&t, "A", 40);
	addr = t_map(&t, file, 0, 40);
	for (i = 0; i < 40; i++)
		t_store(&t, addr + i * T_PAGE, 1);
	t_unmap(&t, addr, 40);
	for (i = 0; i < 40; i++)
		assert_refs(&t, t_block(file, i), 0);
	t_close(&t);
}

/* What is left when the first reference is about to be dropped. */
static void note_refs(struct t_world *t)
{
	struct t_job *job = t->note;

	assert_int_equal(t_pte(t, job->addr) | t_pte(t, job->addr + T_PAGE), 0);
	assert_int_equal(t->space->walkers.walking, 0);
	assert_int_equal(t_extra(t, t_block(job->file, 0)), 1);
	assert_int_equal(t_mapped(t, t_block(job->file, 0)), 0);
	job->value++;
}

/* A processor may use an entry until the flush; a page must not go before. */
static void references_are_dropped_behind_the_flush(void **state)
{
	static const struct t_leg legs[] = {
		{1, DS_AT_FRAME_GET, 0, NULL}, /* in its lockless walk */
		{0, DS_AT_TLB_FLUSH, 2, NULL},
		{1, DS_AT_LOCK_SHARED, 0, NULL},
		{0, DS_AT_FRAME_PUT, 0, note_refs},
	};
	struct t_job job = {.len = 2 * T_PAGE}, pin = {.len = T_PAGE};
	struct t_world t;

	(void)state;
	t_open(&t, "xfs-6.15");
	t.space->flush = DS_FLUSH_IPI;
	job.file = t_file(&t, "A", 2);
	job.addr = t_map(&t, job.file, 0, 2);
	t_store(&t, job.addr, 1);
	t_store(&t, job.addr + T_PAGE, 1);
	pin.addr = job.addr;
	t.note = &job;
	t_task(&t, "unmap", t_do_unmap, &job);
	t_task(&t, "direct", t_do_direct_read, &pin);
	t_run(&t, legs, T_N(legs));
	assert_int_equal(job.value, 1);
	t_assert_holds(&t);
	t_close(&t);
}

static void do_map_other(struct ds_task *task, void *arg)
{
	struct t_job *job = arg;

	t_end(job, ds_vfs_mmap(task, job->t->space, job->file, 0, T_PAGE, true,
			       &job->addr));
}

/* Closing the last area evicts the file, which waits for its pins there. */
static void a_file_is_evicted_when_the_lock_was_given_back(void **state)
{
	static const struct t_leg legs[] = {
		{0, DS_AT_WAIT_SLEEP, 0, NULL},
		{1, DS_AT_END, 0, NULL},
		{2, DS_AT_END, 0, NULL},
		{0, DS_AT_END, 0, NULL},
	};
	struct t_job unmap = {.len = T_PAGE}, map = {0}, pin = {.len = T_PAGE};
	struct ds_file *file;
	struct t_world t;

	(void)state;
	t_open(&t, "xfs-6.15");
	file = t_file(&t, "A", 1);
	map.file = t_file(&t, "B", 1);
	unmap.addr = pin.addr = t_map(&t, file, 0, 1);
	t_pin(&t, &pin);
	assert_int_equal(ds_vfs_unlink(t.setup, t.super, "A"), 0);
	assert_int_equal(ds_vfs_close(t.setup, file), 0);
	t_task(&t, "unmap", t_do_unmap, &unmap);
	t_task(&t, "map", do_map_other, &map);
	t_task(&t, "holder", t_do_unpin, &pin);
	assert_int_equal(t_run(&t, legs, T_N(legs)), DS_RUN_DONE);
	assert_int_equal(map.result, 0);
	assert_int_equal(unmap.result, 0);
	t_assert_holds(&t);
	t_close(&t);
}

/* Whether the task that unmaps could go on. */
static void note_enabled(struct t_world *t)
{
	struct t_job *job = t->note;

	job->value = ds_task_is_enabled(t->world->sched->tasks[1]);
}

/*
 * A walker has read the entry of a page; clearing it and flushing the TLB
 * waits for the walker to leave, where the flush is an interrupt.
 */
static void flush_meets_walker(struct t_world *t, enum ds_tlb_flush flush,
			       const struct t_leg *legs, size_t n_legs,
			       struct t_job *unmap)
{
	struct t_job pin = {.len = T_PAGE};

	t_open(t, "ext4-4.19");
	t->space->flush = flush;
	t->note = unmap;
	pin.addr = t_map(t, t_file(t, "A", 1), 0, 1);
	unmap->addr = pin.addr;
	unmap->len = T_PAGE;
	t_store(t, pin.addr, 1);
	t_task(t, "direct", t_do_direct_read, &pin);
	t_task(t, "unmap", t_do_unmap, unmap);
	assert_int_equal(t_run(t, legs, n_legs), DS_RUN_DONE);
	assert_int_equal(unmap->result, 0);
	assert_int_equal(pin.result, -EFAULT);
}

static void a_flush_by_interrupt_waits_for_walkers(void **state)
{
	static const struct t_leg legs[] = {
		{0, DS_AT_FRAME_GET, 0, NULL},
		{1, DS_AT_TLB_FLUSH, 2, note_enabled},
	};
	static const struct t_leg more_legs[] = {
		{0, DS_AT_FRAME_GET, 0, NULL},
		{1, DS_AT_TLB_FLUSH, 2, NULL},
		{0, DS_AT_LOCK_SHARED, 0, note_enabled},
		{1, DS_AT_END, 0, NULL},
	};
	struct t_job unmap = {0};
	struct t_world t;

	(void)state;
	flush_meets_walker(&t, DS_FLUSH_IPI, legs, T_N(legs), &unmap);
	assert_false(unmap.value);
	t_close(&t);
	flush_meets_walker(&t, DS_FLUSH_IPI, more_legs, T_N(more_legs), &unmap);
	assert_true(unmap.value);
	t_close(&t);
}

static void a_broadcast_flush_waits_for_nobody(void **state)
{
	static const struct t_leg legs[] = {
		{0, DS_AT_FRAME_GET, 0, NULL},
		{1, DS_AT_END, 0, NULL},
	};
	struct t_job unmap = {0};
	struct t_world t;

	(void)state;
	flush_meets_walker(&t, DS_FLUSH_BROADCAST, legs, T_N(legs), &unmap);
	t_close(&t);
}

static void faults_of_one_page_meet_without_harm(void **state)
{
	static const struct t_leg legs[] = {
		{0, DS_AT_PTE_SET, 0, NULL},
		{1, DS_AT_WAIT_SLEEP, 0, NULL},
		{0, DS_AT_END, 0, NULL},
		{1, DS_AT_END, 0, NULL},
	};
	struct t_job a = {.value = 1}, b = {.value = 2};
	struct ds_file *file;
	struct t_world t;

	(void)state;
	t_open(&t, "ext4-4.19");
	file = t_file(&t, "A", 1);
	a.addr = t_map(&t, file, 0, 1);
	b.addr = a.addr + 1;
	t_task(&t, "a", t_do_store, &a);
	t_task(&t, "b", t_do_store, &b);
	assert_int_equal(t_run(&t, legs, T_N(legs)), DS_RUN_DONE);
	t_assert_holds(&t);
	assert_int_equal(t_byte(&t, file, 0), 1);
	assert_int_equal(t_byte(&t, file, 1), 2);
	t_close(&t);
}

static void an_area_that_holds_a_huge_page_is_aligned_as_the_file_is(
	void **state)
{
	struct ds_file *file;
	struct t_world t;

	(void)state;
	t_open_huge(&t, "ext4-4.19", 2);
	file = t_file_together(&t, "A", 8);
	assert_int_equal(ds_page_down(t_map(&t, file, 0, 4)) % 4, 0);
	assert_int_equal(ds_page_down(t_map(&t, file, 3, 5)) % 4, 3);
	/* Where no huge page fits: at the next free address. */
	assert_int_equal(ds_page_down(t_map(&t, file, 1, 3)), 16);
	t_close(&t);
}

static void cutting_a_huge_mapping_leaves_its_rest_to_faults(void **state)
{
	struct ds_file *file;
	struct t_world t;
	uint64_t addr;

	(void)state;
	t_open_huge(&t, "ext4-6.15", 2);
	file = t_file_together(&t, "A", 4);
	addr = t_map(&t, file, 0, 4);
	assert_int_equal(t_store(&t, addr, 0x77), 1);
	assert_int_equal(t_mapped(&t, t_block(file, 0)), 1);
	t_unmap(&t, addr + 3 * T_PAGE, 1);
	assert_int_equal(t_pte(&t, addr), 0);
	assert_int_equal(t_extra(&t, t_block(file, 0)), 0);
	/* The area is too small now; the entry is used as it is. */
	assert_int_equal(t_load(&t, addr), 0x77);
	assert_false(t_pte(&t, addr) & DS_PTE_HUGE);
	assert_true(ds_entry_is_huge(t_entry(file, 0)));
	assert_int_equal(t_mapped(&t, t_block(file, 0)), 1);
	assert_int_equal(t_load(&t, addr + 3 * T_PAGE), DS_SIGSEGV);
	t_close(&t);
}

static int dontneed(struct t_world *t, uint64_t addr, uint64_t n_pages)
{
	return ds_space_dontneed(t->setup, t->space,
				 (struct ds_vpn){addr / T_PAGE},
				 (struct ds_vpn){addr / T_PAGE + n_pages});
}

static void what_is_not_needed_is_faulted_in_again(void **state)
{
	static const char *const systems[] = {"ext4-4.19", "xfs-6.15"};
	struct t_job pin = {0};
	struct ds_file *file;
	struct t_world t;
	size_t i;

	(void)state;
	for (i = 0; i < T_N(systems); i++) {
		t_open(&t, systems[i]);
		file = t_file(&t, "A", 3);
		pin.addr = t_map(&t, file, 0, 3);
		pin.len = T_PAGE;
		t_store(&t, pin.addr, 7);
		t_store(&t, pin.addr + T_PAGE, 8);
		t_pin(&t, &pin);
		assert_int_equal(dontneed(&t, pin.addr, 1), 0);
		assert_int_equal(t_pte(&t, pin.addr), 0);
		assert_int_not_equal(t_pte(&t, pin.addr + T_PAGE), 0);
		assert_int_equal(t_mapped(&t, t_block(file, 0)), 0);
		assert_true(t_extra(&t, t_block(file, 0)) > 0);
		assert_int_equal(t_load(&t, pin.addr), 7);
		t_unpin(&t, &pin);
		t_assert_holds(&t);
		t_close(&t);
	}
}

static void a_private_copy_not_needed_is_lost(void **state)
{
	struct ds_file *file;
	struct ds_pfn copy;
	struct t_world t;
	uint64_t addr;

	(void)state;
	t_open(&t, "ext4-6.1");
	file = t_file(&t, "A", 1);
	assert_int_equal(ds_vfs_mmap(t.setup, t.space, file, 0, T_PAGE,
				     DS_MAP_WRITABLE | DS_MAP_PRIVATE, &addr),
			 0);
	assert_int_equal(t_store(&t, addr, 7), 1);
	copy = ds_pte_pfn(t_pte(&t, addr));
	assert_int_equal(dontneed(&t, addr, 1), 0);
	assert_int_equal(t_extra(&t, copy), 0);
	assert_int_equal(t_load(&t, addr), t_pattern(0));
	t_assert_holds(&t);
	t_close(&t);
}

static void holes_in_what_is_not_needed_are_told(void **state)
{
	struct ds_file *file;
	struct t_world t;
	uint64_t addr;

	(void)state;
	t_open(&t, "ext4-4.19");
	file = t_file(&t, "A", 3);
	addr = t_map(&t, file, 0, 3);
	t_store(&t, addr + 2 * T_PAGE, 7);
	t_unmap(&t, addr + T_PAGE, 1);
	assert_int_equal(dontneed(&t, addr, 1), 0);
	assert_int_equal(dontneed(&t, addr, 3), -ENOMEM);
	assert_int_equal(t_pte(&t, addr + 2 * T_PAGE), 0);
	assert_int_equal(dontneed(&t, addr, 2), -ENOMEM);
	assert_int_equal(dontneed(&t, addr + 2 * T_PAGE, 2), -ENOMEM);
	t_close(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_mapping_shows_the_file_from_its_offset_on),
		cmocka_unit_test(
			an_access_over_a_page_border_is_served_page_by_page),
		cmocka_unit_test(an_access_outside_of_areas_is_a_segfault),
		cmocka_unit_test(a_read_only_area_refuses_stores),
		cmocka_unit_test(
			an_access_beyond_the_end_of_file_is_a_bus_error),
		cmocka_unit_test(unmapping_cuts_areas_where_it_must),
		cmocka_unit_test(an_area_uses_the_file_it_shows),
		cmocka_unit_test(a_freed_address_space_gives_its_memory_back),
		cmocka_unit_test(a_full_address_space_refuses_areas),
		cmocka_unit_test(a_file_range_leaves_every_area_that_shows_it),
		cmocka_unit_test(a_place_is_told_by_its_address),
		cmocka_unit_test(
			a_file_counts_as_mapped_until_its_entries_are_gone),
		cmocka_unit_test(a_flush_by_interrupt_waits_for_walkers),
		cmocka_unit_test(a_broadcast_flush_waits_for_nobody),
		cmocka_unit_test(from_v6_15_an_entry_holds_a_reference),
		cmocka_unit_test(to_v6_14_an_entry_holds_none),
		cmocka_unit_test(entries_of_the_zero_page_hold_none),
		cmocka_unit_test(every_reference_goes_with_a_large_area),
		cmocka_unit_test(references_are_dropped_behind_the_flush),
		cmocka_unit_test(
			a_file_is_evicted_when_the_lock_was_given_back),
		cmocka_unit_test(faults_of_one_page_meet_without_harm),
		cmocka_unit_test(
			an_area_that_holds_a_huge_page_is_aligned_as_the_file_is),
		cmocka_unit_test(
			cutting_a_huge_mapping_leaves_its_rest_to_faults),
		cmocka_unit_test(what_is_not_needed_is_faulted_in_again),
		cmocka_unit_test(a_private_copy_not_needed_is_lost),
		cmocka_unit_test(holes_in_what_is_not_needed_are_told),
	};

	return cmocka_run_group_tests_name("space", tests, NULL, NULL);
}
