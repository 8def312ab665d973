// SPDX-License-Identifier: LGPL-2.1-or-later
#include "file/exttree.h"

#include <errno.h>
#include <string.h>

#include "core/assert.h"

#define N_SLOTS     DS_EXTNODE_SLOTS
#define N_SLOTS_MIN DS_EXTNODE_SLOTS_MIN
/* Merged nodes keep room, or the next insertion would split them again. */
#define N_SLOTS_MERGED 24

_Static_assert(sizeof(struct ds_extnode) == 512, "a node is 8 cache lines");

static void release_node(struct ds_exttree *tree, struct ds_extnode *node)
{
	ds_arena_release(tree->arena, node, sizeof(*node));
}

void ds_exttree_release_spares(struct ds_exttree *tree)
{
	while (tree->spares) {
		struct ds_extnode *node = tree->spares;

		tree->spares = node->next_spare;
		release_node(tree, node);
	}
}

int ds_exttree_reserve(const struct ds_extcursor *c, unsigned int n_slots)
{
	struct ds_exttree *tree = c->tree;
	unsigned int h = 0, n_nodes;

	/*
	 * A slot put in fills up any node by one slot at most, so with room for
	 * @n_slots the splitting stops whatever the other slots have done.
	 */
	while (h < tree->height && c->step[h].node->n_slots + n_slots > N_SLOTS)
		h++;
	n_nodes = h + (h == tree->height);
	while (n_nodes--) {
		struct ds_extnode *node =
			ds_arena_alloc(tree->arena, sizeof(*node));

		if (!node) {
			ds_exttree_release_spares(tree);
			return -ENOMEM;
		}
		node->next_spare = tree->spares;
		tree->spares = node;
	}
	return 0;
}

/* Fixed values, so that the same small tree is the same bytes. */
static void clear_unused(struct ds_extnode *node)
{
	unsigned int i;

	for (i = node->n_slots; i < N_SLOTS; i++) {
		/* Larger than any key: no search goes beyond. */
		node->end[i] = UINT64_MAX;
		node->val[i] = 0;
	}
}

static struct ds_extnode *take_spare(struct ds_exttree *tree)
{
	struct ds_extnode *node = tree->spares;

	ds_assert(node);
	tree->spares = node->next_spare;
	node->next_spare = NULL;
	clear_unused(node);
	return node;
}

static void seek_end(struct ds_extcursor *c)
{
	struct ds_extnode *node = c->tree->root;
	unsigned int h;

	c->start = c->tree->n_pages;
	for (h = c->tree->height; h-- > 0;) {
		c->step[h].node = node;
		c->step[h].idx = node->n_slots - (h > 0);
		if (h)
			node = ds_extnode_child(node, c->step[h].idx);
	}
}

void ds_exttree_seek(struct ds_extcursor *c, struct ds_exttree *tree,
		     uint64_t page)
{
	struct ds_extnode *node = tree->root;
	uint64_t key = ds_extnode_key(page);
	unsigned int h;

	c->tree = tree;
	if (page >= tree->n_pages) {
		seek_end(c);
		return;
	}
	for (h = tree->height; h-- > 0;) {
		unsigned int idx = ds_extnode_find(node, key);

		key -= ds_extnode_start(node, idx);
		c->step[h].node = node;
		c->step[h].idx = idx;
		if (h)
			node = ds_extnode_child(node, idx);
	}
	c->start = page - (key >> DS_EXTTREE_SHIFT);
}

bool ds_exttree_at_end(const struct ds_extcursor *c)
{
	const struct ds_extstep *leaf = &c->step[0];

	return !c->tree->height || leaf->idx == leaf->node->n_slots;
}

/* Goes to the first slot of the next leaf; stays when there is none. */
static bool next_leaf(struct ds_extcursor *c)
{
	struct ds_extstep *step = c->step;
	unsigned int h = 1;

	while (h < c->tree->height && step[h].idx + 1 == step[h].node->n_slots)
		h++;
	if (h >= c->tree->height)
		return false;
	step[h].idx++;
	while (h-- > 0) {
		step[h].node =
			ds_extnode_child(step[h + 1].node, step[h + 1].idx);
		step[h].idx = 0;
	}
	return true;
}

void ds_exttree_shift(struct ds_extcursor *c, uint64_t n_pages)
{
	unsigned int h, i;

	for (h = 0; h < c->tree->height; h++) {
		struct ds_extnode *node = c->step[h].node;

		for (i = c->step[h].idx; i < node->n_slots; i++)
			node->end[i] += n_pages << DS_EXTTREE_SHIFT;
	}
	c->tree->n_pages += n_pages;
}

void ds_exttree_stretch(struct ds_extcursor *c, uint64_t n_pages)
{
	struct ds_extnode *leaf = c->step[0].node;
	unsigned int idx = c->step[0].idx;
	struct ds_extcursor next;

	if (idx + 1 < leaf->n_slots) {
		leaf->end[idx] += n_pages << DS_EXTTREE_SHIFT;
		return;
	}
	next = *c;
	ds_exttree_shift(c, n_pages);
	if (next_leaf(&next))
		ds_exttree_shift(&next, -n_pages);
}

static void refill(struct ds_extnode *node, const uint64_t *end,
		   const uint64_t *val, unsigned int n_slots, uint64_t start)
{
	unsigned int i;

	for (i = 0; i < n_slots; i++) {
		node->end[i] = end[i] - start;
		node->val[i] = val[i];
	}
	node->n_slots = n_slots;
	clear_unused(node);
}

/* Deals the slots of child @idx and the next so that the first has @n_left. */
static void deal(struct ds_extnode *parent, unsigned int idx,
		 unsigned int n_left)
{
	struct ds_extnode *left = ds_extnode_child(parent, idx);
	struct ds_extnode *right = ds_extnode_child(parent, idx + 1);
	uint64_t end[2 * N_SLOTS], val[2 * N_SLOTS];
	uint64_t start = ds_extnode_start(parent, idx);
	uint64_t width = parent->end[idx] - start;
	unsigned int i, n = left->n_slots;

	memcpy(end, left->end, sizeof(left->end));
	memcpy(val, left->val, sizeof(left->val));
	for (i = 0; i < right->n_slots; i++, n++) {
		end[n] = right->end[i] + width;
		val[n] = right->val[i];
	}
	width = end[n_left - 1] & ~DS_EXTTREE_LOW;
	refill(left, end, val, n_left, 0);
	refill(right, end + n_left, val + n_left, n - n_left, width);
	parent->end[idx] = start + width;
}

/* Puts a root over the present one, or the first leaf. */
static void grow(struct ds_extcursor *c)
{
	struct ds_exttree *tree = c->tree;
	struct ds_extnode *root = take_spare(tree);

	ds_assert(tree->height < DS_EXTTREE_HEIGHT_MAX);
	if (tree->root) {
		root->end[0] = tree->n_pages << DS_EXTTREE_SHIFT;
		root->val[0] = (uintptr_t)tree->root;
		root->n_slots = 1;
	}
	c->step[tree->height].node = root;
	c->step[tree->height].idx = 0;
	tree->root = root;
	tree->height++;
}

/* At the edges of a node more is likely to come, so leave room just there. */
static unsigned int split_point(unsigned int idx)
{
	if (idx <= 1)
		return N_SLOTS_MIN;
	if (idx == N_SLOTS)
		return N_SLOTS - N_SLOTS_MIN;
	return N_SLOTS / 2;
}

static void insert_slot(struct ds_extcursor *c, unsigned int h, uint64_t val);

/*
 * Makes room at level @h. A place between the halves goes with the left one:
 * when the node's parent is split as well, that keeps the new node in the same
 * parent as the node it is split from.
 */
static void split(struct ds_extcursor *c, unsigned int h)
{
	struct ds_extstep *step = &c->step[h], *up = &c->step[h + 1];
	unsigned int n_left = split_point(step->idx);
	struct ds_extnode *right;

	if (h + 1 == c->tree->height)
		grow(c);
	right = take_spare(c->tree);
	up->idx++;
	insert_slot(c, h + 1, (uintptr_t)right);
	up->idx--;
	deal(up->node, up->idx, n_left);
	if (step->idx > n_left) {
		step->node = right;
		step->idx -= n_left;
		up->idx++;
	}
}

/* Moves the slots from @from on to @to. */
static void move_slots(struct ds_extnode *node, unsigned int to,
		       unsigned int from)
{
	size_t len = (node->n_slots - from) * sizeof(node->end[0]);

	memmove(&node->end[to], &node->end[from], len);
	memmove(&node->val[to], &node->val[from], len);
	node->n_slots += to - from;
}

static void insert_slot(struct ds_extcursor *c, unsigned int h, uint64_t val)
{
	struct ds_extstep *step = &c->step[h];

	if (step->node->n_slots == N_SLOTS)
		split(c, h);
	move_slots(step->node, step->idx + 1, step->idx);
	step->node->end[step->idx] = ds_extnode_start(step->node, step->idx);
	step->node->val[step->idx] = val;
}

void ds_exttree_insert(struct ds_extcursor *c)
{
	if (!c->tree->height)
		grow(c);
	insert_slot(c, 0, 0);
}

/* Takes off roots that have one child, and a leaf that is empty. */
static void shrink(struct ds_exttree *tree)
{
	while (tree->height && tree->root->n_slots <= (tree->height > 1)) {
		struct ds_extnode *root = tree->root;

		tree->height--;
		tree->root = tree->height ? ds_extnode_child(root, 0) : NULL;
		release_node(tree, root);
	}
}

static void remove_slots(struct ds_extcursor *c, unsigned int h,
			 unsigned int n);

/* Slots of child @idx and the next. */
static unsigned int pair_slots(const struct ds_extnode *parent,
			       unsigned int idx)
{
	return ds_extnode_child(parent, idx)->n_slots +
	       ds_extnode_child(parent, idx + 1)->n_slots;
}

/* Merges child @idx of the node at level @h with the next. */
static void merge(struct ds_extcursor *c, unsigned int h, unsigned int idx)
{
	struct ds_extnode *parent = c->step[h].node;

	deal(parent, idx, pair_slots(parent, idx));
	release_node(c->tree, ds_extnode_child(parent, idx + 1));
	c->step[h].idx = idx + 1;
	remove_slots(c, h, 1);
}

/* Looks after the node at level @h, from which slots were taken. */
static void rebalance(struct ds_extcursor *c, unsigned int h)
{
	struct ds_extstep *up = &c->step[h + 1];
	unsigned int n_slots = c->step[h].node->n_slots, before, after;

	if (h + 1 == c->tree->height) {
		shrink(c->tree);
		return;
	}
	if (n_slots > N_SLOTS / 2)
		return;
	before = up->idx - (up->idx > 0);
	after = up->idx - (up->idx + 1 == up->node->n_slots);
	if (pair_slots(up->node, before) <= N_SLOTS_MERGED)
		merge(c, h + 1, before);
	else if (pair_slots(up->node, after) <= N_SLOTS_MERGED)
		merge(c, h + 1, after);
	else if (n_slots < N_SLOTS_MIN)
		deal(up->node, before, pair_slots(up->node, before) / 2);
}

static void remove_slots(struct ds_extcursor *c, unsigned int h, unsigned int n)
{
	struct ds_extstep *step = &c->step[h];

	move_slots(step->node, step->idx, step->idx + n);
	clear_unused(step->node);
	rebalance(c, h);
}

void ds_exttree_remove(struct ds_extcursor *c, unsigned int n)
{
	remove_slots(c, 0, n);
}

static void release_nodes(struct ds_exttree *tree, struct ds_extnode *node,
			  unsigned int h)
{
	unsigned int i;

	for (i = 0; h && i < node->n_slots; i++)
		release_nodes(tree, ds_extnode_child(node, i), h - 1);
	release_node(tree, node);
}

void ds_exttree_clear(struct ds_exttree *tree)
{
	if (tree->root)
		release_nodes(tree, tree->root, tree->height - 1);
	tree->root = NULL;
	tree->height = 0;
	tree->n_pages = 0;
}

/* Return: the width of @node in the form of an end word. */
static uint64_t check_node(const struct ds_extnode *node, unsigned int h,
			   unsigned int n_slots_min)
{
	uint64_t width = 0;
	unsigned int i;

	ds_assert(node->n_slots >= n_slots_min && node->n_slots <= N_SLOTS);
	ds_assert(!node->next_spare);
	for (i = 0; i < node->n_slots; i++) {
		uint64_t slot = node->end[i] - ds_extnode_start(node, i);

		ds_assert(slot >> DS_EXTTREE_SHIFT);
		ds_assert(node->end[i] > ds_extnode_start(node, i));
		ds_assert(!h || slot == check_node(ds_extnode_child(node, i),
						   h - 1, N_SLOTS_MIN));
		width = node->end[i] & ~DS_EXTTREE_LOW;
	}
	for (; i < N_SLOTS; i++)
		ds_assert(node->end[i] == UINT64_MAX && !node->val[i]);
	return width;
}

void ds_exttree_check(const struct ds_exttree *tree)
{
	uint64_t width = 0;

	ds_assert(!tree->spares);
	ds_assert(!tree->root == !tree->height);
	if (tree->root)
		width = check_node(tree->root, tree->height - 1,
				   1 + (tree->height > 1));
	ds_assert(width >> DS_EXTTREE_SHIFT == tree->n_pages);
}
