// SPDX-License-Identifier: LGPL-2.1-or-later
#include "cache/xtree.h"

#include <errno.h>

#include <urcu-bp.h>

#include "core/assert.h"

/*
 * Shape
 *
 * A node has 2^shift slots. On level 0 (leaves) a slot holds a value, above it
 * a node of the level below. The root word holds the top node and, in the low
 * bits that its alignment leaves free, the height: both change in one store,
 * and a reader that has the word needs nothing else to find its way. No node
 * is empty, and no tree is higher than its largest index asks for, so the
 * empty tree is the root word 0.
 *
 * Behind its slots a node has one bitmap per mark: which slots are present, and
 * which carry each tag. A bit above level 0 says that the child has some bit of
 * that mark, which lets a search pass over subtrees. "Present" is only another
 * mark to it.
 *
 * Ordering
 *
 * One writer at a time. It builds a new branch in private and publishes it with
 * one release store, of a slot or of the root; readers follow with acquire
 * loads. Slots lead, bitmaps follow: a reader that finds a bit over an empty
 * slot goes on to the next bit.
 *
 * A node that left the tree keeps its contents until no reader can be in it.
 * Such a reader began before the node left, so what it sees there was true at
 * the moment the node left: a node leaves either empty, or, as the top of a
 * tree that shrinks, with its one child, which stays. If that child leaves
 * later, the grace period for the child covers that reader as well.
 *
 * Erasing only puts such nodes on a list, since the writer holds a lock under
 * which nobody may sleep. Who reclaims takes the list and then waits.
 */

enum {
	LEVELS_MAX = 64 - DS_PAGE_SHIFT, /* with two slots a node */
	WORD_BITS = 64,

	/* What ds_arena_alloc() aligns to leaves six bits for the height. */
	ROOT_HEIGHT = 63,

	/* Nodes that may wait for a grace period, whatever the tree's size. */
	DEFER_MIN = 64,
};

_Static_assert(LEVELS_MAX <= ROOT_HEIGHT, "the height fits the root word");

enum mark {
	MARK_PRESENT,
	MARK_TAGS,
	N_MARKS = MARK_TAGS + DS_XTREE_N_TAGS,
};

/*
 * All words: the slots, the bitmaps, and the link of a node that is outside of
 * the tree. The slots come first, where a lookup finds them without adding.
 */
struct node;

struct ds_xtree {
	/* Every lookup reads these; only the root changes, and seldom. */
	_Atomic uint64_t root;
	unsigned int shift;
	unsigned int fanout;
	unsigned int n_words; /* of a bitmap */
	bool concurrent;
	struct ds_arena *arena;

	/* Written by the writer; apart, so as not to disturb lookups. */
	_Alignas(64) _Atomic uint64_t count;
	_Atomic uint64_t n_nodes; /* in the tree */

	/* Nodes out of the tree, maybe with readers inside. The writer pushes;
	 * who reclaims takes them all, without the writer's lock. */
	_Atomic uint64_t deferred; /* the first; the others by link */
	_Atomic uint64_t n_deferred;
};

/* The nodes from the leaf (level 0) to the top that lead to an index. */
struct path {
	struct node *nodes[LEVELS_MAX];
	unsigned int height;
};

/* What a search found. */
struct hit {
	struct node *leaf;
	uint64_t pos;
	uint64_t value;
};

/* Race detectors do not see the order that a grace period makes: tell them. */
#if defined(__SANITIZE_THREAD__)
#define XTREE_TSAN
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define XTREE_TSAN
#endif
#endif

#ifdef XTREE_TSAN
#include <sanitizer/tsan_interface.h>

static void note_read_end(const struct ds_xtree *tree)
{
	__tsan_release((void *)(uintptr_t)&tree->arena);
}

static void note_grace_end(struct ds_xtree *tree)
{
	__tsan_acquire(&tree->arena);
}
#else
static void note_read_end(const struct ds_xtree *tree)
{
	(void)tree;
}

static void note_grace_end(struct ds_xtree *tree)
{
	(void)tree;
}
#endif

void ds_xtree_read_begin(const struct ds_xtree *tree)
{
	if (tree->concurrent)
		urcu_bp_read_lock();
}

void ds_xtree_read_end(const struct ds_xtree *tree)
{
	if (tree->concurrent) {
		note_read_end(tree);
		urcu_bp_read_unlock();
	}
}

static uint64_t load_word(const _Atomic uint64_t *word)
{
	return atomic_load_explicit(word, memory_order_acquire);
}

static void store_word(_Atomic uint64_t *word, uint64_t value)
{
	atomic_store_explicit(word, value, memory_order_release);
}

static struct node *word_to_node(uint64_t word)
{
	return (struct node *)(uintptr_t)word;
}

static uint64_t node_to_word(struct node *node)
{
	return (uintptr_t)node;
}

static uint64_t root_make(struct node *top, unsigned int height)
{
	return node_to_word(top) | height;
}

static struct node *root_top(uint64_t root)
{
	return word_to_node(root & ~(uint64_t)ROOT_HEIGHT);
}

static unsigned int root_height(uint64_t root)
{
	return root & ROOT_HEIGHT;
}

static unsigned int slot_at(const struct ds_xtree *tree, uint64_t pos,
			    unsigned int level)
{
	return (unsigned int)(pos >> (level * tree->shift)) &
	       (tree->fanout - 1);
}

/* The height at which @pos first fits. */
static unsigned int height_for(const struct ds_xtree *tree, uint64_t pos)
{
	unsigned int bits = WORD_BITS - (unsigned int)__builtin_clzll(pos | 1);

	return (bits + tree->shift - 1) / tree->shift;
}

static _Atomic uint64_t *node_slots(struct node *node)
{
	return (_Atomic uint64_t *)node;
}

static uint64_t load_slot(struct node *node, unsigned int slot)
{
	return load_word(&node_slots(node)[slot]);
}

static _Atomic uint64_t *node_bitmap(const struct ds_xtree *tree,
				     struct node *node, unsigned int mark)
{
	return node_slots(node) + tree->fanout + mark * tree->n_words;
}

static _Atomic uint64_t *node_link(const struct ds_xtree *tree,
				   struct node *node)
{
	return node_bitmap(tree, node, N_MARKS);
}

static size_t node_size(const struct ds_xtree *tree)
{
	return (tree->fanout + N_MARKS * tree->n_words + 1) * sizeof(uint64_t);
}

static bool has_mark(const struct ds_xtree *tree, struct node *node,
		     unsigned int mark, unsigned int slot)
{
	uint64_t bits =
		load_word(node_bitmap(tree, node, mark) + slot / WORD_BITS);

	return bits >> (slot % WORD_BITS) & 1;
}

/* Writers are alone, so a load and a store make an update. */
static void put_mark(const struct ds_xtree *tree, struct node *node,
		     unsigned int mark, unsigned int slot, bool on)
{
	_Atomic uint64_t *word =
		node_bitmap(tree, node, mark) + slot / WORD_BITS;
	uint64_t bit = UINT64_C(1) << (slot % WORD_BITS);
	uint64_t bits = load_word(word);

	store_word(word, on ? bits | bit : bits & ~bit);
}

/* The first slot with @mark from @slot on, or the fan-out. */
static unsigned int find_mark(const struct ds_xtree *tree, struct node *node,
			      unsigned int mark, unsigned int slot)
{
	_Atomic uint64_t *bitmap = node_bitmap(tree, node, mark);
	unsigned int i = slot / WORD_BITS;
	uint64_t bits;

	if (slot >= tree->fanout)
		return tree->fanout;
	bits = load_word(&bitmap[i]) & UINT64_MAX << (slot % WORD_BITS);
	while (!bits) {
		if (++i == tree->n_words)
			return tree->fanout;
		bits = load_word(&bitmap[i]);
	}

	return i * WORD_BITS + (unsigned int)__builtin_ctzll(bits);
}

/* The number of present slots from @slot on without a gap. */
static unsigned int run_length(const struct ds_xtree *tree, struct node *node,
			       unsigned int slot)
{
	_Atomic uint64_t *bitmap = node_bitmap(tree, node, MARK_PRESENT);
	unsigned int end = slot;
	uint64_t absent;

	do {
		absent = ~load_word(&bitmap[end / WORD_BITS]) >>
			 (end % WORD_BITS);
		if (absent) {
			end += (unsigned int)__builtin_ctzll(absent);
			break;
		}
		end += WORD_BITS - end % WORD_BITS;
	} while (end < tree->fanout);

	return end - slot;
}

static bool has_any(const struct ds_xtree *tree, struct node *node,
		    unsigned int mark)
{
	return find_mark(tree, node, mark, 0) < tree->fanout;
}

static bool has_first_only(const struct ds_xtree *tree, struct node *node)
{
	return has_mark(tree, node, MARK_PRESENT, 0) &&
	       find_mark(tree, node, MARK_PRESENT, 1) == tree->fanout;
}

static void push(const struct ds_xtree *tree, struct node **list,
		 struct node *node)
{
	store_word(node_link(tree, node), node_to_word(*list));
	*list = node;
}

static struct node *pop(const struct ds_xtree *tree, struct node **list)
{
	struct node *node = *list;

	if (node) {
		*list = word_to_node(load_word(node_link(tree, node)));
		store_word(node_link(tree, node), 0);
	}

	return node;
}

static void release_list(struct ds_xtree *tree, struct node *list)
{
	struct node *node;

	while ((node = pop(tree, &list)))
		ds_arena_release(tree->arena, node, node_size(tree));
}

static struct node *take_deferred(struct ds_xtree *tree)
{
	return word_to_node(atomic_exchange_explicit(&tree->deferred, 0,
						     memory_order_acq_rel));
}

/* Takes leave of @node, to which nothing in the tree leads any more. */
static void discard(struct ds_xtree *tree, struct node *node)
{
	uint64_t first;

	ds_assert(load_word(&tree->n_nodes));
	store_word(&tree->n_nodes, load_word(&tree->n_nodes) - 1);
	if (!tree->concurrent) {
		ds_arena_release(tree->arena, node, node_size(tree));
		return;
	}
	/* Counted before it can be taken. */
	atomic_fetch_add_explicit(&tree->n_deferred, 1, memory_order_relaxed);
	first = load_word(&tree->deferred);
	do
		store_word(node_link(tree, node), first);
	while (!atomic_compare_exchange_weak_explicit(
		&tree->deferred, &first, node_to_word(node),
		memory_order_acq_rel, memory_order_acquire));
}

void ds_xtree_reclaim(struct ds_xtree *tree)
{
	uint64_t n_deferred = load_word(&tree->n_deferred);
	struct node *list;
	struct node *node;

	/*
	 * In proportion to the tree, so that emptying a large one waits for few
	 * grace periods, while at most a part of the memory is idle.
	 */
	if (ds_likely(n_deferred <= DEFER_MIN + load_word(&tree->n_nodes) / 4))
		return;
	if (urcu_bp_read_ongoing())
		return;

	/* Taken first: the grace period is for what had left before. */
	list = take_deferred(tree);
	if (!list)
		return;
	urcu_bp_synchronize_rcu();
	note_grace_end(tree);
	for (n_deferred = 0; (node = pop(tree, &list)); n_deferred++)
		ds_arena_release(tree->arena, node, node_size(tree));
	atomic_fetch_sub_explicit(&tree->n_deferred, n_deferred,
				  memory_order_relaxed);
}

/* All nodes that an operation needs, before it changes anything. */
static int alloc_list(struct ds_xtree *tree, unsigned int n_nodes,
		      struct node **ret_list)
{
	struct node *list = NULL;
	struct node *node;
	unsigned int i;

	for (i = 0; i < n_nodes; i++) {
		node = ds_arena_alloc(tree->arena, node_size(tree));
		if (!node) {
			release_list(tree, list);
			return -ENOMEM;
		}
		push(tree, &list, node);
	}
	store_word(&tree->n_nodes, load_word(&tree->n_nodes) + n_nodes);

	*ret_list = list;
	return 0;
}

int ds_xtree_new(struct ds_arena *arena, unsigned int shift, bool concurrent,
		 struct ds_xtree **ret_tree)
{
	struct ds_xtree *tree;

	ds_assert(shift >= 1 && shift <= 9);

	tree = ds_arena_alloc(arena, sizeof(*tree));
	if (!tree)
		return -ENOMEM;
	tree->arena = arena;
	tree->shift = shift;
	tree->fanout = 1U << shift;
	tree->n_words = (tree->fanout + WORD_BITS - 1) / WORD_BITS;
	tree->concurrent = concurrent;

	*ret_tree = tree;
	return 0;
}

/* Links the children of @node, of a level above 0, into @list. */
static void push_children(const struct ds_xtree *tree, struct node *node,
			  struct node **list)
{
	unsigned int slot;

	for (slot = 0;; slot++) {
		slot = find_mark(tree, node, MARK_PRESENT, slot);
		if (slot == tree->fanout)
			return;
		push(tree, list, word_to_node(load_slot(node, slot)));
	}
}

void ds_xtree_free(struct ds_xtree *tree)
{
	struct node *children;
	struct node *list = NULL;
	struct node *node;
	unsigned int level;

	if (!tree)
		return;

	/* Level by level, since the links of nodes are free to use now. */
	level = root_height(load_word(&tree->root));
	if (level)
		push(tree, &list, root_top(load_word(&tree->root)));
	while (level--) {
		children = NULL;
		while ((node = pop(tree, &list))) {
			if (level)
				push_children(tree, node, &children);
			ds_arena_release(tree->arena, node, node_size(tree));
		}
		list = children;
	}
	/* No reader is left, so no grace period is needed. */
	release_list(tree, take_deferred(tree));
	ds_arena_release(tree->arena, tree, sizeof(*tree));
}

void ds_xtree_set_concurrent(struct ds_xtree *tree, bool concurrent)
{
	/* Nobody uses the tree: nothing to wait for. */
	release_list(tree, take_deferred(tree));
	store_word(&tree->n_deferred, 0);
	tree->concurrent = concurrent;
}

/* The leaf that has the slot of @pos, or NULL. */
static inline struct node *find_leaf_by(const struct ds_xtree *tree,
					uint64_t pos, unsigned int shift)
{
	uint64_t root = load_word(&tree->root);
	unsigned int bits = root_height(root) * shift;
	unsigned int mask = (1U << shift) - 1;
	struct node *node = root_top(root);

	if (ds_unlikely(pos >> bits))
		return NULL;
	while (node && (bits -= shift))
		node = word_to_node(
			load_slot(node, (unsigned int)(pos >> bits) & mask));

	return node;
}

/*
 * The fewer instructions a lookup has, the more lookups that miss the cache a
 * processor has in flight: constants for the usual fan-outs gain a third.
 */
static inline struct node *find_leaf(const struct ds_xtree *tree, uint64_t pos)
{
	if (ds_likely(tree->shift == 9))
		return find_leaf_by(tree, pos, 9);
	return find_leaf_by(tree, pos, tree->shift);
}

static inline uint64_t load_by(const struct ds_xtree *tree, uint64_t pos,
			       unsigned int shift)
{
	unsigned int mask = (1U << shift) - 1;
	struct node *leaf = find_leaf_by(tree, pos, shift);

	return leaf ? load_slot(leaf, (unsigned int)pos & mask) : 0;
}

static inline uint64_t load(const struct ds_xtree *tree, uint64_t pos)
{
	if (ds_likely(tree->shift == 9))
		return load_by(tree, pos, 9);
	if (tree->shift == 6)
		return load_by(tree, pos, 6);
	return load_by(tree, pos, tree->shift);
}

uint64_t ds_xtree_load(const struct ds_xtree *tree, struct ds_pgidx index)
{
	return load(tree, index.pgidx);
}

uint64_t ds_xtree_look(const struct ds_xtree *tree, struct ds_pgidx index)
{
	uint64_t value;

	if (!tree->concurrent)
		return load(tree, index.pgidx);
	urcu_bp_read_lock();
	value = load(tree, index.pgidx);
	note_read_end(tree);
	urcu_bp_read_unlock();
	return value;
}

/* The usual case of a search: @pos is in a leaf that has a next value. */
static bool search_leaf(const struct ds_xtree *tree, uint64_t pos,
			unsigned int mark, struct hit *hit)
{
	struct node *leaf = find_leaf(tree, pos);
	unsigned int slot;

	if (!leaf)
		return false;
	slot = find_mark(tree, leaf, mark, slot_at(tree, pos, 0));
	if (slot == tree->fanout)
		return false;

	hit->leaf = leaf;
	hit->pos = (pos & ~(uint64_t)(tree->fanout - 1)) | slot;
	hit->value = load_slot(leaf, slot);
	return hit->value;
}

/* The first value with @mark from @pos on, and before @end. */
static bool search_tree(const struct ds_xtree *tree, uint64_t pos, uint64_t end,
			unsigned int mark, struct hit *hit)
{
	uint64_t root = load_word(&tree->root);
	unsigned int height = root_height(root);
	unsigned int level = height - 1;
	struct node *path[LEVELS_MAX];
	unsigned int bits;
	unsigned int slot;
	uint64_t word;

	if (!root || pos >> (height * tree->shift))
		return false;

	path[level] = root_top(root);
	slot = slot_at(tree, pos, level);
	/* @pos is always inside path[level]. */
	for (;;) {
		slot = find_mark(tree, path[level], mark, slot);
		if (slot == tree->fanout) {
			if (++level == height)
				return false;
			slot = slot_at(tree, pos, level) + 1;
			continue;
		}
		if (slot != slot_at(tree, pos, level)) {
			bits = level * tree->shift;
			pos = pos >> bits >> tree->shift << tree->shift | slot;
			pos <<= bits;
		}
		if (pos >= end)
			return false;
		word = load_slot(path[level], slot);
		if (!word) {
			slot++;
		} else if (!level) {
			*hit = (struct hit){path[0], pos, word};
			return true;
		} else {
			path[--level] = word_to_node(word);
			slot = slot_at(tree, pos, level);
		}
	}
}

/* The first value in @range with @mark. Return: false if there is none. */
static bool search(const struct ds_xtree *tree, struct ds_pgrange range,
		   unsigned int mark, struct hit *hit)
{
	uint64_t pos = range.first.pgidx;
	uint64_t end = range.end.pgidx;

	if (search_leaf(tree, pos, mark, hit))
		return hit->pos < end;
	return search_tree(tree, pos, end, mark, hit);
}

static uint64_t next_marked(const struct ds_xtree *tree,
			    struct ds_pgrange range, unsigned int mark,
			    struct ds_pgidx *ret_index)
{
	struct hit hit;

	if (!search(tree, range, mark, &hit))
		return 0;

	*ret_index = ds_pgidx(hit.pos);
	return hit.value;
}

uint64_t ds_xtree_next(const struct ds_xtree *tree, struct ds_pgrange range,
		       struct ds_pgidx *ret_index)
{
	return next_marked(tree, range, MARK_PRESENT, ret_index);
}

uint64_t ds_xtree_next_tagged(const struct ds_xtree *tree,
			      struct ds_pgrange range, enum ds_xtree_tag tag,
			      struct ds_pgidx *ret_index)
{
	ds_assert(tag < DS_XTREE_N_TAGS);
	return next_marked(tree, range, MARK_TAGS + tag, ret_index);
}

struct ds_xtree_run ds_xtree_next_run(const struct ds_xtree *tree,
				      struct ds_pgrange range)
{
	struct ds_xtree_run run = {0};
	unsigned int slot;
	struct hit hit;

	if (!search(tree, range, MARK_PRESENT, &hit))
		return run;

	slot = slot_at(tree, hit.pos, 0);
	run.slots = node_slots(hit.leaf) + slot;
	run.first = ds_pgidx(hit.pos);
	/* At least one, though a writer may have taken the value since. */
	run.n = run_length(tree, hit.leaf, slot);
	if (!run.n)
		run.n = 1;
	if (run.n > range.end.pgidx - hit.pos)
		run.n = range.end.pgidx - hit.pos;

	return run;
}

/* Fills an empty slot of a node above level 0. */
static void put_child(const struct ds_xtree *tree, struct node *parent,
		      unsigned int slot, struct node *child)
{
	unsigned int mark;

	ds_assert(!load_slot(parent, slot));
	store_word(&node_slots(parent)[slot], node_to_word(child));
	for (mark = 0; mark < N_MARKS; mark++) {
		if (has_any(tree, child, mark))
			put_mark(tree, parent, mark, slot, true);
	}
}

/*
 * A branch of @n_levels nodes from @pool whose only value is @value at @pos.
 * Return: its top.
 */
static struct node *make_branch(const struct ds_xtree *tree, uint64_t pos,
				unsigned int n_levels, uint64_t value,
				struct node **pool)
{
	struct node *branch = pop(tree, pool);
	unsigned int slot = slot_at(tree, pos, 0);
	struct node *parent;
	unsigned int level;

	store_word(&node_slots(branch)[slot], value);
	put_mark(tree, branch, MARK_PRESENT, slot, true);
	for (level = 1; level < n_levels; level++) {
		parent = pop(tree, pool);
		put_child(tree, parent, slot_at(tree, pos, level), branch);
		branch = parent;
	}

	return branch;
}

/* Stores where the tree is high enough but has no leaf. */
static int store_inside(struct ds_xtree *tree, uint64_t pos, uint64_t value)
{
	uint64_t root = load_word(&tree->root);
	unsigned int level = root_height(root) - 1;
	struct node *node = root_top(root);
	struct node *pool;
	uint64_t child;
	int r;

	while ((child = load_slot(node, slot_at(tree, pos, level)))) {
		node = word_to_node(child);
		level--;
	}
	ds_assert(level);

	r = alloc_list(tree, level, &pool);
	if (r)
		return r;
	put_child(tree, node, slot_at(tree, pos, level),
		  make_branch(tree, pos, level, value, &pool));

	return 0;
}

static int store_first(struct ds_xtree *tree, uint64_t pos, uint64_t value)
{
	unsigned int height = height_for(tree, pos);
	struct node *pool;
	struct node *top;
	int r;

	r = alloc_list(tree, height, &pool);
	if (r)
		return r;
	top = make_branch(tree, pos, height, value, &pool);
	store_word(&tree->root, root_make(top, height));

	return 0;
}

/* Stores where the tree is not high enough: nodes over the old top, and a
 * branch beside it under the new one. */
static int store_above(struct ds_xtree *tree, uint64_t pos, uint64_t value)
{
	uint64_t root = load_word(&tree->root);
	unsigned int height = height_for(tree, pos);
	unsigned int level = root_height(root);
	struct node *top = root_top(root);
	struct node *branch;
	struct node *parent;
	struct node *pool;
	int r;

	r = alloc_list(tree, height - level + height - 1, &pool);
	if (r)
		return r;
	branch = make_branch(tree, pos, height - 1, value, &pool);
	for (; level < height; level++) {
		parent = pop(tree, &pool);
		put_child(tree, parent, 0, top);
		top = parent;
	}
	put_child(tree, top, slot_at(tree, pos, height - 1), branch);
	store_word(&tree->root, root_make(top, height));

	return 0;
}

static int store_branch(struct ds_xtree *tree, uint64_t pos, uint64_t value)
{
	unsigned int height = root_height(load_word(&tree->root));

	if (!height)
		return store_first(tree, pos, value);
	if (height < height_for(tree, pos))
		return store_above(tree, pos, value);
	return store_inside(tree, pos, value);
}

static void put_count(struct ds_xtree *tree, uint64_t count)
{
	atomic_store_explicit(&tree->count, count, memory_order_relaxed);
}

/* Out of line: a store that finds its leaf has no registers to save. */
static __attribute__((noinline)) int store_outside(struct ds_xtree *tree,
						   uint64_t pos, uint64_t value)
{
	int r = store_branch(tree, pos, value);

	if (r == 0)
		put_count(tree, ds_xtree_count(tree) + 1);
	return r;
}

int ds_xtree_store(struct ds_xtree *tree, struct ds_pgidx index, uint64_t value)
{
	unsigned int slot = slot_at(tree, index.pgidx, 0);
	uint64_t pos = index.pgidx;
	struct node *leaf;
	bool present;

	ds_assert(value);
	ds_assert(pos < DS_PGIDX_MAX);

	leaf = find_leaf(tree, pos);
	if (ds_unlikely(!leaf))
		return store_outside(tree, pos, value);
	present = load_slot(leaf, slot);
	store_word(&node_slots(leaf)[slot], value);
	if (present)
		return 0;
	put_mark(tree, leaf, MARK_PRESENT, slot, true);
	put_count(tree, ds_xtree_count(tree) + 1);
	return 0;
}

/* Return: false if there is no leaf for @pos. */
static bool find_path(const struct ds_xtree *tree, uint64_t pos,
		      struct path *path)
{
	uint64_t root = load_word(&tree->root);
	unsigned int level = root_height(root);
	uint64_t word = node_to_word(root_top(root));

	path->height = level;
	if (!root || pos >> (level * tree->shift))
		return false;
	while (level--) {
		path->nodes[level] = word_to_node(word);
		if (level)
			word = load_slot(path->nodes[level],
					 slot_at(tree, pos, level));
		if (!word)
			return false;
	}

	return true;
}

static void clear_tag(const struct ds_xtree *tree, const struct path *path,
		      uint64_t pos, unsigned int mark)
{
	struct node *node;
	unsigned int level;
	unsigned int slot;

	for (level = 0; level < path->height; level++) {
		node = path->nodes[level];
		slot = slot_at(tree, pos, level);
		if (!has_mark(tree, node, mark, slot))
			return;
		put_mark(tree, node, mark, slot, false);
		if (has_any(tree, node, mark))
			return;
	}
}

/* Empties the slot of @pos, and the slots of nodes that this leaves empty. */
static void unlink_path(struct ds_xtree *tree, const struct path *path,
			uint64_t pos)
{
	struct node *empty = NULL;
	struct node *node;
	unsigned int level;
	unsigned int slot;

	for (level = 0; level < path->height; level++) {
		node = path->nodes[level];
		slot = slot_at(tree, pos, level);
		store_word(&node_slots(node)[slot], 0);
		put_mark(tree, node, MARK_PRESENT, slot, false);
		if (empty)
			discard(tree, empty);
		if (has_any(tree, node, MARK_PRESENT))
			return;
		empty = node;
	}
	store_word(&tree->root, 0);
	discard(tree, empty);
}

/* Lowers the tree while its top leads to one child that can be the top. */
static void shrink(struct ds_xtree *tree)
{
	uint64_t root = load_word(&tree->root);
	unsigned int height = root_height(root);
	struct node *top = root_top(root);
	struct node *child;

	while (height > 1 && has_first_only(tree, top)) {
		child = word_to_node(load_slot(top, 0));
		height--;
		store_word(&tree->root, root_make(child, height));
		discard(tree, top);
		top = child;
	}
}

uint64_t ds_xtree_erase(struct ds_xtree *tree, struct ds_pgidx index)
{
	uint64_t pos = index.pgidx;
	struct path path;
	unsigned int tag;
	uint64_t value;

	if (!find_path(tree, pos, &path))
		return 0;
	value = load_slot(path.nodes[0], slot_at(tree, pos, 0));
	if (!value)
		return 0;

	for (tag = 0; tag < DS_XTREE_N_TAGS; tag++)
		clear_tag(tree, &path, pos, MARK_TAGS + tag);
	unlink_path(tree, &path, pos);
	shrink(tree);
	ds_assert(ds_xtree_count(tree));
	put_count(tree, ds_xtree_count(tree) - 1);

	return value;
}

void ds_xtree_set_tag(struct ds_xtree *tree, struct ds_pgidx index,
		      enum ds_xtree_tag tag)
{
	unsigned int mark = MARK_TAGS + tag;
	uint64_t pos = index.pgidx;
	struct path path;
	unsigned int level;
	unsigned int slot;
	bool found;

	ds_assert(tag < DS_XTREE_N_TAGS);
	found = find_path(tree, pos, &path);
	ds_assert(found);
	ds_assert(load_slot(path.nodes[0], slot_at(tree, pos, 0)));

	for (level = 0; level < path.height; level++) {
		slot = slot_at(tree, pos, level);
		if (has_mark(tree, path.nodes[level], mark, slot))
			return;
		put_mark(tree, path.nodes[level], mark, slot, true);
	}
}

void ds_xtree_clear_tag(struct ds_xtree *tree, struct ds_pgidx index,
			enum ds_xtree_tag tag)
{
	struct path path;

	ds_assert(tag < DS_XTREE_N_TAGS);
	if (find_path(tree, index.pgidx, &path))
		clear_tag(tree, &path, index.pgidx, MARK_TAGS + tag);
}

bool ds_xtree_has_tag(const struct ds_xtree *tree, struct ds_pgidx index,
		      enum ds_xtree_tag tag)
{
	struct node *leaf = find_leaf(tree, index.pgidx);

	ds_assert(tag < DS_XTREE_N_TAGS);
	return leaf && has_mark(tree, leaf, MARK_TAGS + tag,
				slot_at(tree, index.pgidx, 0));
}

uint64_t ds_xtree_count(const struct ds_xtree *tree)
{
	return atomic_load_explicit(&tree->count, memory_order_relaxed);
}

static void check_slot(const struct ds_xtree *tree, struct node *node,
		       unsigned int level, unsigned int slot)
{
	uint64_t word = load_slot(node, slot);
	unsigned int mark;
	bool marked;

	ds_assert(has_mark(tree, node, MARK_PRESENT, slot) == !!word);
	for (mark = 0; mark < N_MARKS; mark++) {
		marked = has_mark(tree, node, mark, slot);
		ds_assert(word || !marked);
		if (level && word)
			ds_assert(marked ==
				  has_any(tree, word_to_node(word), mark));
	}
}

static void check_node(const struct ds_xtree *tree, struct node *node,
		       unsigned int level)
{
	unsigned int mark;
	unsigned int slot;

	ds_assert(!(node_to_word(node) & ROOT_HEIGHT));
	ds_assert(!load_word(node_link(tree, node)));
	ds_assert(has_any(tree, node, MARK_PRESENT));
	for (slot = 0; slot < tree->fanout; slot++)
		check_slot(tree, node, level, slot);
	for (mark = 0; mark < N_MARKS && tree->fanout < WORD_BITS; mark++)
		ds_assert(!(load_word(node_bitmap(tree, node, mark)) >>
			    tree->fanout));
}

/* Checks all nodes of a tree that is not empty, and counts. */
static void check_nodes(const struct ds_xtree *tree, uint64_t root,
			uint64_t *n_nodes, uint64_t *n_values)
{
	unsigned int height = root_height(root);
	unsigned int level = height - 1;
	struct node *path[LEVELS_MAX];
	unsigned int from[LEVELS_MAX];
	unsigned int slot;

	path[level] = root_top(root);
	from[level] = 0;
	while (level < height) {
		if (!from[level]) {
			check_node(tree, path[level], level);
			++*n_nodes;
		}
		slot = find_mark(tree, path[level], MARK_PRESENT, from[level]);
		from[level] = slot + 1;
		if (slot == tree->fanout) {
			level++;
		} else if (!level) {
			++*n_values;
		} else {
			path[level - 1] =
				word_to_node(load_slot(path[level], slot));
			from[--level] = 0;
		}
	}
}

void ds_xtree_check(const struct ds_xtree *tree)
{
	uint64_t root = load_word(&tree->root);
	unsigned int height = root_height(root);
	struct node *node = word_to_node(load_word(&tree->deferred));
	uint64_t n_deferred = 0;
	uint64_t n_values = 0;
	uint64_t n_nodes = 0;

	ds_assert(!root == !height);
	ds_assert(!root == !root_top(root));
	ds_assert(height <= height_for(tree, DS_PGIDX_MAX));
	if (height > 1)
		ds_assert(!has_first_only(tree, root_top(root)));
	if (height)
		check_nodes(tree, root, &n_nodes, &n_values);
	ds_assert(n_nodes == load_word(&tree->n_nodes));
	ds_assert(n_values == ds_xtree_count(tree));

	while (node) {
		n_deferred++;
		node = word_to_node(load_word(node_link(tree, node)));
	}
	ds_assert(n_deferred == load_word(&tree->n_deferred));
	ds_assert(tree->concurrent || !n_deferred);
}

/* Which nodes the values lie in counts for nothing. */
void ds_xtree_digest(const struct ds_xtree *tree, struct ds_digest *digest)
{
	struct ds_pgrange range = ds_pgrange_all();
	struct ds_pgidx at;
	uint64_t value;

	while ((value = ds_xtree_next(tree, range, &at))) {
		uint64_t tags = 0;
		unsigned int tag;

		for (tag = 0; tag < DS_XTREE_N_TAGS; tag++)
			tags = tags << 1 |
			       ds_xtree_has_tag(tree, at,
						(enum ds_xtree_tag)tag);
		ds_digest_add(digest, at.pgidx << DS_XTREE_N_TAGS | tags);
		ds_digest_add(digest, value);
		range.first.pgidx = at.pgidx + 1;
	}
	ds_digest_add(digest, UINT64_MAX);
}
