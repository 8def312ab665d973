// SPDX-License-Identifier: LGPL-2.1-or-later
#include "mm/fork.h"

#include "../../support/world.h"
#include "mm/pin.h"

/* A program, and one that it forks. */
struct t_two {
	struct t_world t;
	struct ds_file *file;
	struct ds_space *child;
	uint64_t addr;
};

/* File A of two pages, mapped: @how. */
static void set_up(struct t_two *s, const char *fs, unsigned int how)
{
	t_open(&s->t, fs);
	s->file = t_file(&s->t, "A", 2);
	assert_int_equal(ds_vfs_mmap(s->t.setup, s->t.space, s->file, 0,
				     2 * T_PAGE, how, &s->addr),
			 0);
	assert_int_equal(ds_world_add_space(s->t.world, "child", &s->child), 0);
}

static void set_up_private(struct t_two *s, const char *fs)
{
	set_up(s, fs, DS_MAP_WRITABLE | DS_MAP_PRIVATE);
	assert_int_equal(t_store(&s->t, s->addr, 0x99), 1);
	assert_int_equal(t_load(&s->t, s->addr + T_PAGE), t_pattern(1));
}

static void do_fork(struct t_two *s)
{
	assert_int_equal(ds_space_fork(s->t.setup, s->t.space, s->child), 0);
}

static uint64_t child_pte(const struct t_two *s, uint64_t page)
{
	return ds_pgtable_read(&s->child->table,
			       (struct ds_vpn){s->addr / T_PAGE + page});
}

static uint64_t parent_pte(const struct t_two *s, uint64_t page)
{
	return t_pte(&s->t, s->addr + page * T_PAGE);
}

static int child_load(struct t_two *s, uint64_t page)
{
	unsigned char byte = 0;

	assert_int_equal(ds_space_access(s->t.setup, s->child,
					 s->addr + page * T_PAGE, &byte, 1,
					 false),
			 1);
	return byte;
}

static void child_store(struct t_two *s, uint64_t page, unsigned char byte)
{
	assert_int_equal(ds_space_access(s->t.setup, s->child,
					 s->addr + page * T_PAGE, &byte, 1,
					 true),
			 1);
}

/* Of the parent's first page, by a device that writes it. */
static struct ds_pinned pin(struct t_two *s, unsigned int kind)
{
	const struct ds_vpn vpn = {s->addr / T_PAGE};
	struct ds_pinned pinned;

	assert_int_equal(ds_pin_pages(s->t.setup, s->t.space, vpn, 1,
				      DS_PIN_WRITE | kind, &pinned),
			 1);
	return pinned;
}

static void entries_of_shared_areas_are_left_to_faults(void **state)
{
	struct t_two s;

	(void)state;
	set_up(&s, "ext4-4.19", DS_MAP_WRITABLE);
	assert_int_equal(t_store(&s.t, s.addr, 1), 1);
	do_fork(&s);
	assert_int_equal(child_pte(&s, 0), 0);
	assert_int_equal(child_load(&s, 0), 1);
	child_store(&s, 0, 2);
	assert_int_equal(t_load(&s.t, s.addr), 2);
	assert_int_equal(s.file->inode->n_users, 3);
	t_close(&s.t);
}

static void to_v4_18_they_are_copied_and_stay_writable(void **state)
{
	static const char *const systems[] = {"ext4-4.18", "ext4-v3",
					      "xfs-4.18"};
	struct t_two s;
	size_t i;

	(void)state;
	for (i = 0; i < T_N(systems); i++) {
		set_up(&s, systems[i], DS_MAP_WRITABLE);
		assert_int_equal(t_store(&s.t, s.addr, 1), 1);
		do_fork(&s);
		assert_int_equal(child_pte(&s, 0),
				 ds_pte(t_block(s.file, 0), true));
		assert_int_equal(parent_pte(&s, 0), child_pte(&s, 0));
		assert_int_equal(child_pte(&s, 1), 0);
		t_close(&s.t);
	}
}

static void private_copies_are_shared_until_one_stores(void **state)
{
	static const char *const systems[] = {"ext4-4.19", "xfs-6.15"};
	struct ds_pfn copy;
	struct t_two s;
	size_t i;

	(void)state;
	for (i = 0; i < T_N(systems); i++) {
		set_up_private(&s, systems[i]);
		copy = ds_pte_pfn(parent_pte(&s, 0));
		do_fork(&s);
		assert_int_equal(parent_pte(&s, 0), ds_pte(copy, false));
		assert_int_equal(child_pte(&s, 0), ds_pte(copy, false));
		assert_int_equal(t_extra(&s.t, copy), 2);
		/* The area has copies: the file's page comes along. */
		assert_int_equal(child_pte(&s, 1),
				 ds_pte(t_block(s.file, 1), false));
		assert_int_equal(t_mapped(&s.t, t_block(s.file, 1)), 2 * i);
		child_store(&s, 0, 0x55);
		assert_int_equal(t_load(&s.t, s.addr), 0x99);
		assert_int_equal(child_load(&s, 0), 0x55);
		assert_int_equal(t_extra(&s.t, copy), 1);
		t_assert_holds(&s.t);
		t_close(&s.t);
	}
}

static void a_private_area_without_copies_is_left_to_faults(void **state)
{
	struct t_two s;

	(void)state;
	set_up(&s, "ext4-6.1", DS_MAP_WRITABLE | DS_MAP_PRIVATE);
	assert_int_equal(t_load(&s.t, s.addr), t_pattern(0));
	do_fork(&s);
	assert_int_equal(child_pte(&s, 0), 0);
	assert_int_equal(child_load(&s, 0), t_pattern(0));
	t_close(&s.t);
}

static void a_copy_with_counted_pins_is_copied_at_once(void **state)
{
	struct ds_pinned pinned;
	struct ds_pfn copy;
	struct t_two s;

	(void)state;
	set_up_private(&s, "xfs-5.10");
	copy = ds_pte_pfn(parent_pte(&s, 0));
	pinned = pin(&s, DS_PIN_COUNTED);
	do_fork(&s);
	assert_int_equal(parent_pte(&s, 0), ds_pte(copy, true));
	assert_true(ds_pte_is_copy(child_pte(&s, 0)));
	assert_int_not_equal(ds_pte_pfn(child_pte(&s, 0)).pfn, copy.pfn);
	assert_int_equal(t_extra(&s.t, ds_pte_pfn(child_pte(&s, 0))), 1);
	assert_int_equal(child_load(&s, 0), 0x99);
	ds_unpin_page(s.t.setup, s.t.space, &pinned);
	assert_int_equal(t_extra(&s.t, copy), 1);
	t_close(&s.t);
}

/* One such pin is as good as none: what was pinned may be lost. */
static void neither_are_others_nor_any_to_v5_8(void **state)
{
	static const struct {
		const char *fs;
		unsigned int kind;
	} pins[] = {{"xfs-5.10", DS_PIN_GET}, {"ext4-5.3", DS_PIN_COUNTED}};
	struct ds_pinned pinned;
	struct t_two s;
	size_t i;

	(void)state;
	for (i = 0; i < T_N(pins); i++) {
		set_up_private(&s, pins[i].fs);
		pinned = pin(&s, pins[i].kind);
		do_fork(&s);
		assert_int_equal(child_pte(&s, 0), ds_pte(pinned.pfn, false));
		assert_int_equal(t_store(&s.t, s.addr, 1), 1);
		assert_int_not_equal(ds_pte_pfn(parent_pte(&s, 0)).pfn,
				     pinned.pfn.pfn);
		assert_true(t_broke(&s.t, DS_NO_LOST_DMA));
		ds_unpin_page(s.t.setup, s.t.space, &pinned);
		t_close(&s.t);
	}
}

static void who_is_left_alone_gets_a_copy_back(void **state)
{
	static const char *const systems[] = {"ext4-5.3", "xfs-5.10"};
	struct ds_pinned pinned;
	struct ds_pfn copy;
	struct t_two s;
	size_t i, j;

	(void)state;
	/* Unpinned, on both; pinned, to v5.8. */
	for (i = 0; i < 4; i++) {
		set_up_private(&s, systems[i % 2]);
		copy = ds_pte_pfn(parent_pte(&s, 0));
		if (i >= 2)
			pinned = pin(&s, DS_PIN_GET);
		do_fork(&s);
		assert_int_equal(ds_space_exit(s.t.setup, s.child), 0);
		assert_null(s.child->vmas);
		assert_int_equal(t_store(&s.t, s.addr, 1), 1);
		j = ds_pte_pfn(parent_pte(&s, 0)).pfn != copy.pfn;
		assert_int_equal(j, i == 3);
		assert_int_equal(t_broke(&s.t, DS_NO_LOST_DMA), i == 3);
		if (i >= 2)
			ds_unpin_page(s.t.setup, s.t.space, &pinned);
		t_close(&s.t);
	}
}

static void a_file_finds_the_child_behind_its_parent(void **state)
{
	const struct ds_vma *area;
	struct t_two s;

	(void)state;
	set_up_private(&s, "ext4-6.1");
	t_map(&s.t, s.file, 0, 1);
	do_fork(&s);
	/* The later area, its child's, the earlier one, its child's. */
	area = s.file->inode->mapping.rmap.vmas;
	assert_ptr_equal(area->space, s.t.space);
	assert_ptr_equal(area->rmap_next->space, s.child);
	assert_int_equal(area->rmap_next->first.vpn, area->first.vpn);
	area = area->rmap_next->rmap_next;
	assert_ptr_equal(area->space, s.t.space);
	assert_ptr_equal(area->rmap_next->space, s.child);
	assert_null(area->rmap_next->rmap_next);
	assert_int_equal(t_truncate(&s.t, s.file, 0), 0);
	assert_int_equal(child_pte(&s, 0), 0);
	assert_int_equal(child_pte(&s, 1), 0);
	t_close(&s.t);
}

static void without_memory_for_a_copy_nothing_is_forked(void **state)
{
	struct ds_pinned pinned;
	struct ds_pfn pfn;
	struct t_two s;

	(void)state;
	set_up_private(&s, "xfs-6.12");
	pinned = pin(&s, DS_PIN_COUNTED);
	while (ds_frame_new_anon(s.t.setup, s.t.frames, &pfn))
		;
	assert_int_equal(ds_space_fork(s.t.setup, s.t.space, s.child), -ENOMEM);
	assert_null(s.child->vmas);
	assert_int_equal(s.file->inode->n_users, 2);
	ds_unpin_page(s.t.setup, s.t.space, &pinned);
	t_close(&s.t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(entries_of_shared_areas_are_left_to_faults),
		cmocka_unit_test(to_v4_18_they_are_copied_and_stay_writable),
		cmocka_unit_test(private_copies_are_shared_until_one_stores),
		cmocka_unit_test(
			a_private_area_without_copies_is_left_to_faults),
		cmocka_unit_test(a_copy_with_counted_pins_is_copied_at_once),
		cmocka_unit_test(neither_are_others_nor_any_to_v5_8),
		cmocka_unit_test(who_is_left_alone_gets_a_copy_back),
		cmocka_unit_test(a_file_finds_the_child_behind_its_parent),
		cmocka_unit_test(without_memory_for_a_copy_nothing_is_forked),
	};

	return cmocka_run_group_tests_name("mm/fork", tests, NULL, NULL);
}
