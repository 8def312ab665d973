// SPDX-License-Identifier: LGPL-2.1-or-later
#include "../../support/world.h"

static void the_zero_page_is_no_block(void **state)
{
	struct t_world t;

	(void)state;
	t_open_sized(&t, "ext4-4.19", 8);
	assert_int_equal(ds_blocks_n_free(t.super->blocks), 7);
	assert_int_equal(ds_frame_bytes(t.frames, ds_pfn(DS_ZERO_PFN))[17], 0);
	t_close(&t);
}

/* Whatever the device held before. */
static void the_zero_page_is_zero(void **state)
{
	struct ds_region_options region_options = {.size = 16 * T_PAGE};
	struct ds_world_options options = {
		.profile = ds_profile_find("ext4-4.19"),
		.n_zones = 1,
		.table_bits = 4,
		.tree_shift = 2,
	};
	struct ds_world *world;
	char why[256];

	(void)state;
	assert_int_equal(ds_region_open(&region_options, &options.region, why,
					sizeof(why)),
			 0);
	memset(options.region->base, 0x5a, 2 * T_PAGE);
	assert_int_equal(ds_world_new(&options, &world), 0);
	assert_int_equal(options.region->base[0], 0);
	assert_int_equal(options.region->base[T_PAGE - 1], 0);
	assert_int_equal(options.region->base[T_PAGE], 0x5a);
	ds_world_free(world);
	ds_region_close(options.region);
}

static void inodes_are_numbered_and_found(void **state)
{
	struct ds_inode *a, *b;
	struct t_world t;

	(void)state;
	t_open(&t, "ext4-4.19");
	assert_int_equal(ds_inode_new(t.super, "A", &a), 0);
	assert_int_equal(ds_inode_new(t.super, "B", &b), 0);
	assert_int_equal(a->id, 1);
	assert_int_equal(b->id, 2);
	assert_ptr_equal(ds_super_inode(t.super, 1), a);
	assert_ptr_equal(ds_super_inode(t.super, 2), b);
	assert_null(ds_super_inode(t.super, 3));
	ds_inode_free(a);
	assert_null(ds_super_inode(t.super, 1));
	assert_ptr_equal(ds_super_inode(t.super, 2), b);
	t_close(&t);
}

static void a_freed_inode_gives_its_memory_back(void **state)
{
	struct ds_inode *inode;
	struct t_world t;
	size_t used;

	(void)state;
	t_open(&t, "ext4-4.19");
	used = ds_arena_used(t.world->arena);
	assert_int_equal(ds_inode_new(t.super, "A", &inode), 0);
	assert_true(ds_arena_used(t.world->arena) > used);
	ds_inode_free(inode);
	assert_int_equal(ds_arena_used(t.world->arena), used);
	t_close(&t);
}

static void locks_carry_the_name_of_their_file(void **state)
{
	struct ds_inode *inode;
	struct t_world t;

	(void)state;
	t_open(&t, "ext4-4.19");
	assert_int_equal(ds_inode_new(t.super, "A", &inode), 0);
	assert_string_equal(inode->lock.name, "A.i_rwsem");
	assert_string_equal(inode->fault_lock.name, "A.fault_lock");
	assert_string_equal(inode->extents_lock.name, "A.extents_lock");
	assert_string_equal(inode->mapping.rmap.lock.name, "A.i_mmap");
	assert_true(inode->lock.class < inode->fault_lock.class);
	assert_true(inode->fault_lock.class < inode->extents_lock.class);
	t_close(&t);
}

/* Properties compare cache and extent map when the fault lock is given up. */
static void giving_the_fault_lock_up_is_charged_with_what_is_compared(
	void **state)
{
	struct ds_inode *inode;
	struct t_world t;

	(void)state;
	t_open(&t, "ext4-4.19");
	assert_int_equal(ds_inode_new(t.super, "A", &inode), 0);
	assert_int_equal(inode->fault_lock.charged[0], ds_extents_object(1));
	assert_int_equal(inode->fault_lock.charged[1], ds_index_object(1));
	assert_int_equal(inode->fault_lock.charged[2], ds_holders_object(1));
	t_close(&t);
}

static void changing_the_size_is_an_event(void **state)
{
	const struct ds_event *event;
	struct ds_inode *inode;
	struct t_world t;

	(void)state;
	t_open(&t, "ext4-4.19");
	assert_int_equal(ds_inode_new(t.super, "A", &inode), 0);
	ds_inode_set_size(t.setup, inode, 5000);
	ds_inode_set_size(t.setup, inode, 400);
	assert_int_equal(ds_inode_size(t.setup, inode), 400);
	event = t_event(&t, DS_EV_SIZE_CHANGED, 1);
	assert_int_equal(event->n, 5000);
	assert_int_equal(event->offset, 400);
	assert_int_equal(event->inode, 1);
	t_close(&t);
}

static void allowing_faults_again_is_an_event(void **state)
{
	struct ds_inode *inode;
	struct t_world t;

	(void)state;
	t_open(&t, "ext4-4.19");
	assert_int_equal(ds_inode_new(t.super, "A", &inode), 0);
	ds_inode_lock_faults(t.setup, inode);
	assert_true(ds_rwsem_is_exclusive(&inode->fault_lock));
	assert_int_equal(t.n_events, 0);
	ds_inode_unlock_faults(t.setup, inode);
	assert_false(ds_rwsem_is_exclusive(&inode->fault_lock));
	assert_int_equal(t_n_events(&t, DS_EV_FAULTS_ALLOWED), 1);
	t_close(&t);
}

static void the_victims_bytes_differ_from_block_to_block(void **state)
{
	unsigned char a[DS_PAGE_SIZE], b[DS_PAGE_SIZE];

	(void)state;
	ds_victim_pattern(ds_pfn(3), a);
	ds_victim_pattern(ds_pfn(4), b);
	assert_memory_not_equal(a, b, sizeof(a));
	assert_int_not_equal(a[0], a[1]);
	ds_victim_pattern(ds_pfn(3), b);
	assert_memory_equal(a, b, sizeof(a));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_zero_page_is_no_block),
		cmocka_unit_test(the_zero_page_is_zero),
		cmocka_unit_test(inodes_are_numbered_and_found),
		cmocka_unit_test(a_freed_inode_gives_its_memory_back),
		cmocka_unit_test(locks_carry_the_name_of_their_file),
		cmocka_unit_test(
			giving_the_fault_lock_up_is_charged_with_what_is_compared),
		cmocka_unit_test(changing_the_size_is_an_event),
		cmocka_unit_test(allowing_faults_again_is_an_event),
		cmocka_unit_test(the_victims_bytes_differ_from_block_to_block),
	};

	return cmocka_run_group_tests_name("inode", tests, NULL, NULL);
}
