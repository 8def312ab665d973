// SPDX-License-Identifier: LGPL-2.1-or-later
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "core/assert.h"
#include "core/prng.h"
#include "file/exttree.h"

#define N_MAX 4096

/* The tree, and what should be in it: widths and values in order. */
struct t_world {
	struct ds_exttree tree;
	struct ds_prng prng;
	uint64_t width[N_MAX];
	uint64_t val[N_MAX];
	unsigned int n;
};

static int t_open(void **state)
{
	static struct t_world world;

	memset(&world, 0, sizeof(world));
	if (ds_arena_new(8 << 20, &world.tree.arena))
		return -1;
	*state = &world;
	return 0;
}

static int t_close(void **state)
{
	struct t_world *w = *state;

	ds_exttree_clear(&w->tree);
	assert_int_equal(ds_arena_used(w->tree.arena), 0);
	ds_arena_free(w->tree.arena);
	return 0;
}

/* Goes to slot @i. Return: the page where it begins. */
static uint64_t t_seek(struct t_world *w, struct ds_extcursor *c,
		       unsigned int i)
{
	uint64_t page = 0;
	unsigned int j;

	for (j = 0; j < i; j++)
		page += w->width[j];
	ds_exttree_seek(c, &w->tree, page);
	return page;
}

/* Puts a slot before slot @i; what lies behind moves up. */
static void t_put(struct t_world *w, unsigned int i, uint64_t width)
{
	size_t len = (w->n - i) * sizeof(uint64_t);
	struct ds_extcursor c;

	memmove(&w->width[i + 1], &w->width[i], len);
	memmove(&w->val[i + 1], &w->val[i], len);
	w->width[i] = width;
	w->val[i] = ds_prng_next(&w->prng);
	w->n++;
	t_seek(w, &c, i);
	assert_int_equal(ds_exttree_reserve(&c, 1), 0);
	ds_exttree_insert(&c);
	c.step[0].node->val[c.step[0].idx] = w->val[i];
	ds_exttree_shift(&c, width);
	ds_exttree_release_spares(&w->tree);
}

/* Takes up to @n slots from slot @i on out; what lies behind moves down. */
static void t_take(struct t_world *w, unsigned int i, unsigned int n)
{
	struct ds_extcursor c;
	uint64_t width = 0;
	unsigned int j;

	t_seek(w, &c, i);
	if (n > c.step[0].node->n_slots - c.step[0].idx)
		n = c.step[0].node->n_slots - c.step[0].idx;
	for (j = i; j < i + n; j++)
		width += w->width[j];
	c.step[0].idx += n - 1;
	ds_exttree_shift(&c, -width);
	c.step[0].idx -= n - 1;
	ds_exttree_remove(&c, n);
	w->n -= n;
	memmove(&w->width[i], &w->width[i + n], (w->n - i) * sizeof(uint64_t));
	memmove(&w->val[i], &w->val[i + n], (w->n - i) * sizeof(uint64_t));
}

/* Moves the boundary between slot @i and the next one up by one page. */
static void t_stretch(struct t_world *w, unsigned int i)
{
	struct ds_extcursor c;

	if (i + 1 < w->n && w->width[i + 1] == 1)
		return;
	t_seek(w, &c, i);
	ds_exttree_stretch(&c, 1);
	w->width[i]++;
	if (i + 1 < w->n)
		w->width[i + 1]--;
}

static void t_compare(struct t_world *w)
{
	struct ds_extcursor c;
	uint64_t page = 0;
	unsigned int i;

	ds_exttree_check(&w->tree);
	for (i = 0; i < w->n; i++) {
		ds_exttree_seek(&c, &w->tree, page + w->width[i] - 1);
		assert_int_equal(c.start, page);
		assert_int_equal(c.step[0].node->val[c.step[0].idx], w->val[i]);
		page += w->width[i];
	}
	assert_int_equal(w->tree.n_pages, page);
	ds_exttree_seek(&c, &w->tree, page);
	assert_true(ds_exttree_at_end(&c));
	assert_int_equal(c.start, page);
}

static void an_empty_tree_has_no_nodes(void **state)
{
	struct t_world *w = *state;

	t_compare(w);
	t_put(w, 0, 5);
	t_compare(w);
	assert_int_equal(w->tree.height, 1);
	t_take(w, 0, 1);
	t_compare(w);
	assert_null(w->tree.root);
	assert_int_equal(ds_arena_used(w->tree.arena), 0);
}

/* Grows to three levels and shrinks by turns. */
static void random_changes_follow_a_plain_array(void **state)
{
	struct t_world *w = *state;
	unsigned int i, at, height = 0;

	for (i = 0; i < 24000; i++) {
		at = (unsigned int)ds_prng_below(&w->prng, w->n + 1);
		if (w->n < N_MAX && (i / 6000 % 2 == 0 || i % 4 == 0))
			t_put(w, at, 1 + ds_prng_below(&w->prng, 9));
		else if (at < w->n)
			t_take(w, at,
			       1 + (unsigned int)ds_prng_below(&w->prng, 3));
		if (w->n)
			t_stretch(w,
				  (unsigned int)ds_prng_below(&w->prng, w->n));
		if (i % 64 == 0)
			t_compare(w);
		if (w->tree.height > height)
			height = w->tree.height;
	}
	t_compare(w);
	assert_int_equal(height, 3);
	while (w->n)
		t_take(w, 0, w->n);
	assert_null(w->tree.root);
}

/* Slots put in one after the other leave full nodes behind. */
static void orderly_growth_fills_nodes(void **state)
{
	struct t_world *w = *state;
	unsigned int i;

	for (i = 0; i < 2000; i++)
		t_put(w, w->n, 1);
	t_compare(w);
	assert_in_range(ds_arena_used(w->tree.arena), 1, 2000 * 24);
	ds_exttree_clear(&w->tree);
	w->n = 0;
	for (i = 0; i < 2000; i++)
		t_put(w, 0, 1);
	t_compare(w);
	assert_in_range(ds_arena_used(w->tree.arena), 1, 2000 * 24);
}

/* Slots before child @idx of the root. */
static unsigned int t_slots_before(const struct t_world *w, unsigned int idx)
{
	unsigned int i, n = 0;

	for (i = 0; i < idx; i++)
		n += ds_extnode_child(w->tree.root, i)->n_slots;
	return n;
}

static void every_child_of_a_full_root_may_split_it(void **state)
{
	struct t_world *w = *state;
	unsigned int idx, at;

	for (idx = 0; idx < DS_EXTNODE_SLOTS; idx++) {
		while (w->tree.height < 2 ||
		       w->tree.root->n_slots < DS_EXTNODE_SLOTS)
			t_put(w, w->n, 1);
		at = t_slots_before(w, idx) + 3;
		while (w->tree.height == 2)
			t_put(w, at, 2);
		t_compare(w);
		ds_exttree_clear(&w->tree);
		w->n = 0;
	}
}

static void nothing_is_reserved_while_there_is_room(void **state)
{
	struct t_world *w = *state;
	struct ds_extcursor c;
	unsigned int i;
	size_t used;

	for (i = 0; i < DS_EXTNODE_SLOTS - 1; i++)
		t_put(w, i, 1);
	used = ds_arena_used(w->tree.arena);
	ds_exttree_seek(&c, &w->tree, 0);
	assert_int_equal(ds_exttree_reserve(&c, 1), 0);
	assert_int_equal(ds_arena_used(w->tree.arena), used);
	/* For two the leaf may need a neighbour and a parent. */
	assert_int_equal(ds_exttree_reserve(&c, 2), 0);
	assert_int_equal(ds_arena_used(w->tree.arena), 3 * used);
	ds_exttree_release_spares(&w->tree);
	assert_int_equal(ds_arena_used(w->tree.arena), used);
}

static void small_trees_of_equal_slots_are_equal_bytes(void **state)
{
	struct t_world *w = *state;
	struct ds_extnode before;
	unsigned int i;

	for (i = 0; i < 20; i++)
		t_put(w, i, 3);
	before = *w->tree.root;
	for (i = 0; i < 100; i++)
		t_put(w, 10 + i, 7);
	assert_int_equal(w->tree.height, 2);
	while (w->n > 20)
		t_take(w, 10, w->n - 20);
	assert_int_equal(w->tree.height, 1);
	assert_memory_equal(&before, w->tree.root, sizeof(before));
}

static void jump_out(void *env)
{
	longjmp(*(jmp_buf *)env, 1);
}

static bool check_fails(const struct ds_exttree *tree)
{
	jmp_buf env;

	if (setjmp(env))
		return true;
	ds_assert_set_hook(jump_out, &env);
	ds_exttree_check(tree);
	ds_assert_set_hook(NULL, NULL);
	return false;
}

static void check_finds_damage(void **state)
{
	struct t_world *w = *state;
	struct ds_extnode *leaf, saved;
	unsigned int i;

	for (i = 0; i < 100; i++)
		t_put(w, i, 3);
	leaf = ds_extnode_child(w->tree.root, 1);
	saved = *leaf;
	assert_false(check_fails(&w->tree));

	leaf->end[3] = leaf->end[2];
	assert_true(check_fails(&w->tree));
	*leaf = saved;
	leaf->end[leaf->n_slots - 1] += 1 << DS_EXTTREE_SHIFT;
	assert_true(check_fails(&w->tree));
	*leaf = saved;
	leaf->n_slots = DS_EXTNODE_SLOTS_MIN - 1;
	assert_true(check_fails(&w->tree));
	*leaf = saved;
	leaf->val[leaf->n_slots] = 1;
	assert_true(check_fails(&w->tree));
	*leaf = saved;
	w->tree.n_pages++;
	assert_true(check_fails(&w->tree));
	w->tree.n_pages--;
	assert_false(check_fails(&w->tree));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(an_empty_tree_has_no_nodes,
						t_open, t_close),
		cmocka_unit_test_setup_teardown(
			random_changes_follow_a_plain_array, t_open, t_close),
		cmocka_unit_test_setup_teardown(orderly_growth_fills_nodes,
						t_open, t_close),
		cmocka_unit_test_setup_teardown(
			every_child_of_a_full_root_may_split_it, t_open,
			t_close),
		cmocka_unit_test_setup_teardown(
			nothing_is_reserved_while_there_is_room, t_open,
			t_close),
		cmocka_unit_test_setup_teardown(
			small_trees_of_equal_slots_are_equal_bytes, t_open,
			t_close),
		cmocka_unit_test_setup_teardown(check_finds_damage, t_open,
						t_close),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
