// SPDX-License-Identifier: LGPL-2.1-or-later
#include "fixture.h"

#include "mm/fork.h"

/* A private copy of page 0 of file A, pinned with @flags. */
static void set_up(struct t_scene *s, unsigned int flags)
{
	t_set_up(s, "ext4-6.1");
	assert_int_equal(
		ds_vfs_mmap(s->t.setup, s->t.space, s->file, 0, 2 * T_PAGE,
			    DS_MAP_WRITABLE | DS_MAP_PRIVATE, &s->addr),
		0);
	assert_int_equal(t_store(&s->t, s->addr, 1), 1);
	assert_int_equal(ds_direct_begin(s->t.setup, s->t.space, s->addr, T_K,
					 flags, &s->pin.direct),
			 T_K);
}

static struct ds_space *forked(struct t_scene *s)
{
	struct ds_space *child;

	assert_int_equal(ds_world_add_space(s->t.world, "child", &child), 0);
	assert_int_equal(ds_space_fork(s->t.setup, s->t.space, child), 0);
	return child;
}

static void a_store_that_gets_another_copy_breaks_it(void **state)
{
	struct t_scene s;

	(void)state;
	set_up(&s, DS_PIN_WRITE);
	forked(&s);
	t_assert_holds(&s.t);
	assert_int_equal(t_store(&s.t, s.addr, 2), 1);
	t_assert_broken(&s.t, UINT32_C(1) << DS_NO_LOST_DMA);
	ds_direct_end(s.t.setup, &s.pin.direct);
	t_close(&s.t);
}

/* Whose copy it was keeps it. */
static void a_store_of_the_child_does_not(void **state)
{
	struct ds_space *child;
	unsigned char byte = 2;
	struct t_scene s;

	(void)state;
	set_up(&s, DS_PIN_WRITE);
	child = forked(&s);
	assert_int_equal(
		ds_space_access(s.t.setup, child, s.addr, &byte, 1, true), 1);
	t_assert_holds(&s.t);
	ds_direct_end(s.t.setup, &s.pin.direct);
	t_close(&s.t);
}

static void nor_does_one_beside_a_device_that_reads(void **state)
{
	struct t_scene s;

	(void)state;
	set_up(&s, 0);
	forked(&s);
	assert_int_equal(t_store(&s.t, s.addr, 2), 1);
	t_assert_holds(&s.t);
	ds_direct_end(s.t.setup, &s.pin.direct);
	t_close(&s.t);
}

static void nor_one_behind_the_pin(void **state)
{
	struct t_scene s;

	(void)state;
	set_up(&s, DS_PIN_WRITE);
	forked(&s);
	ds_direct_end(s.t.setup, &s.pin.direct);
	assert_int_equal(t_store(&s.t, s.addr, 2), 1);
	t_assert_holds(&s.t);
	t_close(&s.t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_store_that_gets_another_copy_breaks_it),
		cmocka_unit_test(a_store_of_the_child_does_not),
		cmocka_unit_test(nor_does_one_beside_a_device_that_reads),
		cmocka_unit_test(nor_one_behind_the_pin),
	};

	return cmocka_run_group_tests_name("check/no_lost_dma", tests, NULL,
					   NULL);
}
