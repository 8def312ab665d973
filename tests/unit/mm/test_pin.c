// SPDX-License-Identifier: LGPL-2.1-or-later
#include "../../support/world.h"

/* A world with file A of 4 pages, mapped; pages are touched where asked. */
static uint64_t set_up_on(struct t_world *t, const char *fs,
			  struct ds_file **ret_file, uint64_t touched)
{
	uint64_t addr, i;

	t_open(t, fs);
	*ret_file = t_file(t, "A", 4);
	addr = t_map(t, *ret_file, 0, 4);
	for (i = 0; i < touched; i++)
		t_store(t, addr + i * T_PAGE, 1);
	return addr;
}

static uint64_t set_up(struct t_world *t, struct ds_file **ret_file,
		       uint64_t touched)
{
	return set_up_on(t, "ext4-4.19", ret_file, touched);
}

static int64_t pin(struct t_world *t, uint64_t addr, uint64_t n, bool write,
		   struct ds_pinned *ret_pinned)
{
	return ds_pin_pages(t->setup, t->space,
			    (struct ds_vpn){ds_page_down(addr)}, n, write,
			    ret_pinned);
}

static void a_pin_takes_one_reference_and_says_where(void **state)
{
	struct ds_pinned pinned[2];
	struct ds_file *file;
	struct t_world t;
	uint64_t addr;

	(void)state;
	addr = set_up(&t, &file, 4);
	assert_int_equal(pin(&t, addr + T_PAGE, 2, true, pinned), 2);
	assert_int_equal(pinned[0].pfn.pfn, t_block(file, 1).pfn);
	assert_int_equal(pinned[1].pfn.pfn, t_block(file, 2).pfn);
	assert_int_equal(pinned[1].page.pgidx, 2);
	assert_int_equal(pinned[1].inode, file->inode->id);
	assert_int_equal(t_extra(&t, t_block(file, 0)), 0);
	assert_int_equal(t_extra(&t, t_block(file, 1)), 1);
	assert_int_equal(t_extra(&t, t_block(file, 2)), 1);
	ds_unpin_page(t.setup, t.space, &pinned[0]);
	ds_unpin_page(t.setup, t.space, &pinned[1]);
	assert_int_equal(t_extra(&t, t_block(file, 1)), 0);
	assert_null(t.frames->holders);
	t_close(&t);
}

static void pages_that_nobody_touched_are_faulted_in(void **state)
{
	struct ds_pinned pinned[4];
	struct ds_file *file;
	struct t_world t;
	uint64_t addr;

	(void)state;
	addr = set_up(&t, &file, 2);
	assert_int_equal(t_pte(&t, addr + 3 * T_PAGE), 0);
	assert_int_equal(pin(&t, addr, 4, true, pinned), 4);
	assert_true(ds_pte_allows(t_pte(&t, addr + 3 * T_PAGE), true));
	assert_int_equal(pinned[3].pfn.pfn, t_block(file, 3).pfn);
	t_close(&t);
}

static void a_pin_for_writing_is_not_satisfied_by_a_read_only_entry(
	void **state)
{
	struct ds_pinned pinned;
	struct ds_file *file;
	struct t_world t;
	uint64_t addr;

	(void)state;
	addr = set_up(&t, &file, 0);
	t_load(&t, addr);
	assert_false(ds_pte_allows(t_pte(&t, addr), true));
	assert_int_equal(pin(&t, addr, 1, false, &pinned), 1);
	assert_false(ds_pte_allows(t_pte(&t, addr), true));
	assert_int_equal(pin(&t, addr, 1, true, &pinned), 1);
	assert_true(ds_pte_allows(t_pte(&t, addr), true));
	assert_int_equal(t_extra(&t, t_block(file, 0)), 2);
	t_close(&t);
}

static void a_read_only_pin_of_a_hole_pins_the_zero_page(void **state)
{
	struct ds_pinned pinned[2];
	struct ds_file *file;
	struct t_world t;
	uint64_t addr;

	(void)state;
	t_open(&t, "ext4-4.19");
	file = t_open_file(&t, "A", O_RDWR | O_CREAT);
	assert_int_equal(t_truncate(&t, file, 2 * T_PAGE), 0);
	addr = t_map(&t, file, 0, 2);
	assert_int_equal(pin(&t, addr, 1, false, pinned), 1);
	assert_int_equal(pinned[0].pfn.pfn, DS_ZERO_PFN);
	t_assert_extents(file, "");
	/* The device that writes needs a block first. */
	assert_int_equal(pin(&t, addr, 1, true, pinned), 1);
	assert_int_not_equal(pinned[0].pfn.pfn, DS_ZERO_PFN);
	t_assert_extents(file, "1w");
	t_close(&t);
}

/* How many references one pin of @flags takes of a page on @fs. */
static int refs_taken(const char *fs, unsigned int flags, uint64_t touched)
{
	struct ds_pinned pinned;
	struct ds_file *file;
	struct t_world t;
	struct ds_pfn pfn;
	uint64_t addr;
	int taken;

	addr = set_up_on(&t, fs, &file, touched);
	assert_int_equal(ds_pin_pages(t.setup, t.space,
				      (struct ds_vpn){ds_page_down(addr)}, 1,
				      DS_PIN_WRITE | flags, &pinned),
			 1);
	pfn = t_block(file, 0);
	taken = t_extra(&t, pfn) - t_mapped(&t, pfn);
	assert_int_equal(pinned.refs, taken);
	assert_int_equal(t.frames->holders->refs, taken);
	ds_unpin_page(t.setup, t.space, &pinned);
	assert_int_equal(t_extra(&t, pfn), t_mapped(&t, pfn));
	assert_null(t.frames->holders);
	t_close(&t);
	return taken;
}

/* v6.5 gave direct I/O pins that can be told from other references. */
static void a_pin_of_either_kind_takes_what_its_kernel_takes(void **state)
{
	uint64_t touched;

	(void)state;
	for (touched = 0; touched < 2; touched++) {
		assert_int_equal(refs_taken("ext4-4.19", 0, touched), 1);
		assert_int_equal(refs_taken("xfs-6.1", 0, touched), 1);
		assert_int_equal(refs_taken("ext4-6.15", 0, touched), 1024);
		assert_int_equal(refs_taken("xfs-6.15", 0, touched), 1024);
		assert_int_equal(refs_taken("xfs-6.15", DS_PIN_GET, touched),
				 1);
		assert_int_equal(refs_taken("xfs-6.1", DS_PIN_COUNTED, touched),
				 1024);
	}
}

/* References that two pins of a huge page's frames are, on kernel @fs. */
static int refs_of_huge(const char *fs, uint64_t *ret_first, uint64_t *ret_next)
{
	struct ds_pinned pinned[2];
	struct ds_file *file;
	struct t_world t;
	uint64_t addr;
	int refs;

	t_open_huge(&t, fs, 2);
	file = t_file_together(&t, "A", 8);
	addr = t_map(&t, file, 0, 8);
	t_store(&t, addr, 1);
	assert_true(t_pte(&t, addr) & DS_PTE_HUGE);
	*ret_first = (uint64_t)t_extra(&t, t_block(file, 0));
	*ret_next = (uint64_t)t_extra(&t, t_block(file, 1));
	assert_int_equal(ds_pin_pages(t.setup, t.space,
				      (struct ds_vpn){ds_page_down(addr)}, 2,
				      DS_PIN_WRITE | DS_PIN_COUNTED, pinned),
			 2);
	refs = pinned[0].refs;
	assert_int_equal(pinned[1].refs, refs);
	*ret_first = (uint64_t)t_extra(&t, t_block(file, 0)) - *ret_first;
	*ret_next = (uint64_t)t_extra(&t, t_block(file, 1)) - *ret_next;
	ds_unpin_page(t.setup, t.space, &pinned[0]);
	ds_unpin_page(t.setup, t.space, &pinned[1]);
	assert_null(t.frames->holders);
	t_close(&t);
	return refs;
}

static void of_a_large_folio_a_counted_pin_takes_one(void **state)
{
	uint64_t first, next;

	(void)state;
	assert_int_equal(refs_of_huge("xfs-6.15", &first, &next), 1);
	assert_int_equal(first, 2);
	assert_int_equal(next, 0);
	/* Before v6.15 a huge page's frames were counted one by one. */
	assert_int_equal(refs_of_huge("xfs-6.12", &first, &next), 1024);
	assert_int_equal(first, 1024);
	assert_int_equal(next, 1024);
}

static void a_counted_pin_leaves_the_zero_page_alone(void **state)
{
	struct ds_pinned pinned[2];
	struct ds_file *file;
	struct t_world t;
	uint64_t addr;

	(void)state;
	t_open(&t, "ext4-6.15");
	file = t_open_file(&t, "A", O_RDWR | O_CREAT);
	assert_int_equal(t_truncate(&t, file, 2 * T_PAGE), 0);
	addr = t_map(&t, file, 0, 2);
	t_load(&t, addr);
	assert_int_equal(pin(&t, addr, 2, false, pinned), 2);
	assert_int_equal(pinned[0].pfn.pfn, DS_ZERO_PFN);
	assert_int_equal(pinned[1].pfn.pfn, DS_ZERO_PFN);
	assert_int_equal(t_extra(&t, ds_pfn(DS_ZERO_PFN)), 0);
	/* They are on record all the same. */
	assert_non_null(t.frames->holders->next);
	ds_unpin_page(t.setup, t.space, &pinned[0]);
	ds_unpin_page(t.setup, t.space, &pinned[1]);
	assert_int_equal(t_extra(&t, ds_pfn(DS_ZERO_PFN)), 0);
	assert_null(t.frames->holders);
	t_close(&t);
}

static int64_t pin_for_long(struct t_world *t, uint64_t addr, uint64_t n,
			    struct ds_pinned *ret_pinned)
{
	return ds_pin_pages(t->setup, t->space,
			    (struct ds_vpn){ds_page_down(addr)}, n,
			    DS_PIN_WRITE | DS_PIN_LONGTERM, ret_pinned);
}

/* To v5.10 they are pinned, looked at and dropped; then looked at first. */
static void long_term_pins_are_refused_before_or_after(void **state)
{
	static const struct {
		const char *fs;
		unsigned int n_pins;
	} kernels[] = {
		{"ext4-4.18", 2}, {"ext4-4.19", 2}, {"xfs-4.19", 2},
		{"ext4-6.1", 0},  {"xfs-6.15", 0},
	};
	struct ds_pinned pinned[8];
	struct ds_file *file;
	struct t_world t;
	uint64_t addr;
	size_t i;

	(void)state;
	for (i = 0; i < T_N(kernels); i++) {
		addr = set_up_on(&t, kernels[i].fs, &file, 1);
		t.followed = 0;
		assert_int_equal(pin_for_long(&t, addr, 2, pinned),
				 -EOPNOTSUPP);
		assert_int_equal(t_n_events(&t, DS_EV_PINNED),
				 kernels[i].n_pins);
		assert_int_equal(t_n_events(&t, DS_EV_UNPINNED),
				 kernels[i].n_pins);
		/* The second page was faulted in to be pinned, or not. */
		assert_int_equal(t_pte(&t, addr + T_PAGE) != 0,
				 kernels[i].n_pins != 0);
		assert_null(t.frames->holders);
		assert_int_equal(t_extra(&t, t_block(file, 0)),
				 t_mapped(&t, t_block(file, 0)));
		assert_int_equal(pin_for_long(&t, 0, 1, pinned), -EFAULT);
		t_close(&t);
	}
}

static void long_term_pins_are_pins_where_they_are_allowed(void **state)
{
	struct ds_pinned pinned[8];
	struct ds_file *file;
	struct t_world t;
	uint64_t addr;

	(void)state;
	addr = set_up_on(&t, "xfs-6.15", &file, 1);
	t.space->longterm_allowed = true;
	assert_int_equal(pin_for_long(&t, addr, 8, pinned), 4);
	assert_int_equal(t_extra(&t, t_block(file, 3)) -
				 t_mapped(&t, t_block(file, 3)),
			 1024);
	t_close(&t);
}

/* Two areas side by side show one page: each pin of it counts. */
static void a_page_can_be_pinned_twice_by_one_call(void **state)
{
	struct ds_pinned pinned[2];
	struct ds_file *file;
	struct t_world t;
	uint64_t a, b;

	(void)state;
	t_open(&t, "ext4-4.19");
	file = t_file(&t, "A", 4);
	a = t_map(&t, file, 1, 1);
	b = t_map(&t, file, 1, 1);
	assert_int_equal(b, a + T_PAGE);
	assert_int_equal(pin(&t, a, 2, true, pinned), 2);
	assert_int_equal(pinned[0].pfn.pfn, pinned[1].pfn.pfn);
	assert_int_equal(t_extra(&t, t_block(file, 1)), 2);
	ds_unpin_page(t.setup, t.space, &pinned[0]);
	assert_int_equal(t_extra(&t, t_block(file, 1)), 1);
	assert_non_null(t.frames->holders);
	ds_unpin_page(t.setup, t.space, &pinned[1]);
	assert_null(t.frames->holders);
	t_close(&t);
}

static void a_second_reference_is_one_of_its_own(void **state)
{
	struct ds_pinned pinned, again;
	struct ds_file *file;
	struct t_world t;
	struct ds_pfn pfn;
	uint64_t addr;

	(void)state;
	addr = set_up_on(&t, "xfs-6.15", &file, 1);
	pfn = t_block(file, 0);
	assert_int_equal(pin(&t, addr, 1, true, &pinned), 1);
	assert_int_equal(ds_pin_again(t.setup, t.space, &pinned, &again), 0);
	assert_int_equal(again.refs, 1);
	assert_int_equal(t_extra(&t, pfn) - t_mapped(&t, pfn), 1025);
	ds_unpin_page(t.setup, t.space, &pinned);
	assert_true(ds_frame_is_busy(t.setup, t.frames, pfn));
	assert_int_equal(t.frames->holders->refs, 1);
	ds_unpin_page(t.setup, t.space, &again);
	assert_false(ds_frame_is_busy(t.setup, t.frames, pfn));
	t_close(&t);
}

static void what_cannot_be_pinned_is_a_fault(void **state)
{
	struct ds_pinned pinned[8];
	struct ds_file *file;
	struct t_world t;
	uint64_t addr;

	(void)state;
	addr = set_up(&t, &file, 4);
	assert_int_equal(pin(&t, 0, 1, true, pinned), -EFAULT);
	assert_int_equal(pin(&t, addr + 4 * T_PAGE, 1, true, pinned), -EFAULT);
	assert_int_equal(pin(&t, UINT64_C(65536) * T_PAGE, 1, true, pinned),
			 -EFAULT);
	assert_int_equal(pin(&t, UINT64_C(65535) * T_PAGE, 2, true, pinned),
			 -EFAULT);
	assert_int_equal(t_truncate(&t, file, T_PAGE), 0);
	assert_int_equal(pin(&t, addr + T_PAGE, 1, true, pinned), -EFAULT);
	assert_int_equal(ds_vfs_mmap(t.setup, t.space, file, 0, T_PAGE, false,
				     &addr),
			 0);
	assert_int_equal(pin(&t, addr, 1, true, pinned), -EFAULT);
	assert_int_equal(pin(&t, addr, 1, false, pinned), 1);
	t_close(&t);
}

/* The fast part may have pinned pages before the slow part fails. */
static void a_failure_behind_pinned_pages_tells_how_many(void **state)
{
	struct ds_pinned pinned[6];
	struct ds_file *file;
	struct t_world t;
	uint64_t addr;

	(void)state;
	addr = set_up(&t, &file, 2);
	assert_int_equal(pin(&t, addr, 6, true, pinned), 4);
	assert_int_equal(t_extra(&t, t_block(file, 3)), 1);
	t_close(&t);
}

/* ------------------------ Against an unmapping task ----------------------- */

struct t_race {
	struct t_world t;
	struct t_job pin, unmap;
	struct ds_file *file;
};

/* Task 0 pins one touched page, task 1 takes it out of the page tables twice.
 */
static void do_unmap_file(struct ds_task *task, void *arg)
{
	struct t_job *job = arg;
	int i;

	for (i = 0; i < 2; i++)
		ds_rmap_unmap(task, &job->file->inode->mapping.rmap,
			      ds_pgrange_all(), false);
	t_end(job, 0);
}

static void race_on(struct t_race *r, const char *fs, const struct t_leg *legs,
		    size_t n_legs)
{
	memset(r, 0, sizeof(*r));
	r->pin.addr = set_up_on(&r->t, fs, &r->file, 1);
	r->pin.len = T_PAGE;
	r->unmap.file = r->file;
	r->t.note = r;
	r->t.followed = 0;
	t_task(&r->t, "direct", t_do_direct_read, &r->pin);
	t_task(&r->t, "unmap", do_unmap_file, &r->unmap);
	assert_int_equal(t_run(&r->t, legs, n_legs), DS_RUN_DONE);
	assert_int_equal(r->pin.result, T_PAGE);
	t_assert_holds(&r->t);
	/* What is left is page tables'. */
	assert_int_equal(t_extra(&r->t, t_block(r->file, 0)),
			 t_mapped(&r->t, t_block(r->file, 0)));
}

static void race(struct t_race *r, const struct t_leg *legs, size_t n_legs)
{
	race_on(r, "ext4-4.19", legs, n_legs);
	assert_int_equal(t_extra(&r->t, t_block(r->file, 0)), 0);
}

static void a_walker_that_sees_the_entry_change_backs_out(void **state)
{
	static const struct t_leg legs[] = {
		{0, DS_AT_PTE_RECHECK, 0, NULL},
		{1, DS_AT_END, 0, NULL},
		{0, DS_AT_FRAME_PUT, 0, NULL},
		{0, DS_AT_PTE_FOLLOW, 2, NULL},
	};
	struct t_race r;

	(void)state;
	race(&r, legs, T_N(legs));
	/* The reference it took for nothing is no pin. */
	assert_int_equal(t_n_events(&r.t, DS_EV_PINNED), 1);
	t_close(&r.t);
}

static void note_none(struct t_world *t)
{
	struct t_race *r = t->note;

	assert_int_equal(t_extra(t, t_block(r->file, 0)), 0);
	/* It read the entry and wanted the reference: that is all. */
	assert_int_equal(t->world->sched->tasks[0]->steps, 2);
}

/*
 * It read the entry, which is gone with the last reference when it wants one of
 * its own: the frame may be anybody's by now.
 */
static void a_walker_takes_no_reference_where_none_is_left(void **state)
{
	static const struct t_leg legs[] = {
		{0, DS_AT_FRAME_GET, 0, NULL},
		{1, DS_AT_END, 0, NULL},
		{0, DS_AT_COUNT, 0, note_none},
		{0, DS_AT_PTE_FOLLOW, 2, NULL},
	};
	struct t_race r;

	(void)state;
	race_on(&r, "xfs-6.15", legs, T_N(legs));
	assert_int_equal(t_n_events(&r.t, DS_EV_PINNED), 1);
	assert_int_equal(r.t.space->walkers.walking, 0);
	t_close(&r.t);
}

static void a_walker_that_came_first_keeps_its_pin(void **state)
{
	static const struct t_leg legs[] = {
		{0, DS_AT_DMA, 0, NULL},
		{1, DS_AT_END, 0, NULL},
		{0, DS_AT_END, 0, NULL},
	};
	struct t_race r;

	(void)state;
	race(&r, legs, T_N(legs));
	assert_int_equal(t_n_events(&r.t, DS_EV_PINNED), 1);
	t_close(&r.t);
}

static void a_walker_that_came_too_late_takes_the_slow_path(void **state)
{
	static const struct t_leg legs[] = {
		{1, DS_AT_END, 0, NULL},
		{0, DS_AT_LOCK_SHARED, 0, NULL},
	};
	struct t_race r;

	(void)state;
	race(&r, legs, T_N(legs));
	t_close(&r.t);
}

/* The slow path faults again when the page goes before it has it. */
static void the_slow_path_tries_until_the_page_stays(void **state)
{
	static const struct t_leg legs[] = {
		{1, DS_AT_LOCK_SHARED, 2, NULL},
		{0, DS_AT_PTE_FOLLOW, 2, NULL},
		{1, DS_AT_END, 0, NULL},
		{0, DS_AT_PTE_SET, 0, NULL},
	};
	struct t_race r;

	(void)state;
	race(&r, legs, T_N(legs));
	t_close(&r.t);
}

/* ------------------------------- Unpinning -------------------------------- */

/* What a waiter would find when the wake-up comes. */
static void note_count(struct t_world *t)
{
	struct t_job *job = t->note;

	job->value = (unsigned char)t_extra(t, t_block(job->file, 0));
}

static void the_count_drops_before_the_wake_up(void **state)
{
	static const struct t_leg legs[] = {
		{0, DS_AT_WAKE, 0, note_count},
	};
	struct t_job job = {.len = T_PAGE};
	struct t_world t;

	(void)state;
	job.addr = set_up(&t, &job.file, 1);
	job.value = 9;
	t.note = &job;
	t_pin(&t, &job);
	t_task(&t, "direct", t_do_unpin, &job);
	assert_int_equal(t_run(&t, legs, T_N(legs)), DS_RUN_DONE);
	assert_int_equal(job.value, 0);
	t_close(&t);
}

static void only_the_last_of_two_pins_wakes(void **state)
{
	/* Of two unpins the first never stands before a wake-up. */
	static const struct t_leg legs[] = {
		{0, DS_AT_END, 0, note_count},
		{1, DS_AT_WAKE, 0, NULL},
	};
	struct t_job a = {.len = T_PAGE}, b = {.len = T_PAGE};
	struct t_world t;

	(void)state;
	a.addr = b.addr = set_up(&t, &a.file, 1);
	t.note = &a;
	t_pin(&t, &a);
	t_pin(&t, &b);
	t.followed = 0;
	t_task(&t, "a", t_do_unpin, &a);
	t_task(&t, "b", t_do_unpin, &b);
	assert_int_equal(t_run(&t, legs, T_N(legs)), DS_RUN_DONE);
	assert_int_equal(a.value, 1);
	t_close(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_pin_takes_one_reference_and_says_where),
		cmocka_unit_test(pages_that_nobody_touched_are_faulted_in),
		cmocka_unit_test(
			a_pin_for_writing_is_not_satisfied_by_a_read_only_entry),
		cmocka_unit_test(a_read_only_pin_of_a_hole_pins_the_zero_page),
		cmocka_unit_test(
			a_pin_of_either_kind_takes_what_its_kernel_takes),
		cmocka_unit_test(of_a_large_folio_a_counted_pin_takes_one),
		cmocka_unit_test(a_counted_pin_leaves_the_zero_page_alone),
		cmocka_unit_test(long_term_pins_are_refused_before_or_after),
		cmocka_unit_test(
			long_term_pins_are_pins_where_they_are_allowed),
		cmocka_unit_test(a_page_can_be_pinned_twice_by_one_call),
		cmocka_unit_test(a_second_reference_is_one_of_its_own),
		cmocka_unit_test(what_cannot_be_pinned_is_a_fault),
		cmocka_unit_test(a_failure_behind_pinned_pages_tells_how_many),
		cmocka_unit_test(a_walker_that_sees_the_entry_change_backs_out),
		cmocka_unit_test(
			a_walker_takes_no_reference_where_none_is_left),
		cmocka_unit_test(a_walker_that_came_first_keeps_its_pin),
		cmocka_unit_test(
			a_walker_that_came_too_late_takes_the_slow_path),
		cmocka_unit_test(the_slow_path_tries_until_the_page_stays),
		cmocka_unit_test(the_count_drops_before_the_wake_up),
		cmocka_unit_test(only_the_last_of_two_pins_wakes),
	};

	return cmocka_run_group_tests_name("pin", tests, NULL, NULL);
}
