/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DS_FILE_EXTTREE_H
#define DS_FILE_EXTTREE_H

/*
 * The tree under the extent map: a B+tree of slots. A slot has a width in pages
 * and a value, and begins where the slot before it ends. Slots of leaves are
 * the user's; a slot of an inner node is a child.
 *
 * Nodes of both kinds look alike. The end word of a slot has in its upper 52
 * bits the pages from the start of its node to its own end; in a leaf the lower
 * 12 bits are the user's. Ends relative to the node are sums of lengths, kept
 * so that a search needs no adding: what lies behind a change moves with one
 * addition for each slot of the nodes on the path, and no other node is
 * touched.
 *
 * Slots come and go while they are of width zero, so that neither concerns the
 * ends of other slots or nodes. Widths change by shift and stretch only.
 */
#include <stdbool.h>
#include <stdint.h>

#include "core/arena.h"

#define DS_EXTTREE_SHIFT 12
#define DS_EXTTREE_LOW   UINT64_C(0xfff)

/* Four cache lines of end words less one word, see ds_extnode_find(). */
#define DS_EXTNODE_SLOTS     31
#define DS_EXTNODE_SLOTS_MIN 7

/* Nodes have seven children or more: a higher tree exceeds any memory. */
#define DS_EXTTREE_HEIGHT_MAX 16

struct ds_extnode {
	_Alignas(64) uint64_t end[DS_EXTNODE_SLOTS]; /* unused: all ones */
	uint32_t n_slots;
	uint64_t val[DS_EXTNODE_SLOTS]; /* unused: 0 */
	struct ds_extnode *next_spare;
};

struct ds_exttree {
	struct ds_arena *arena;
	struct ds_extnode *root;   /* NULL when there is no slot */
	struct ds_extnode *spares; /* reserved for the change under way */
	uint64_t n_pages;          /* sum of all widths */
	unsigned int height;       /* levels of nodes */
};

/*
 * A slot of a leaf, or the place behind the last one, with the way to it.
 * A slot put in makes all other cursors stale, a slot taken out every cursor.
 */
struct ds_extcursor {
	struct ds_exttree *tree;
	uint64_t start; /* page where the slot begins */
	struct ds_extstep {
		struct ds_extnode *node;
		unsigned int idx;
	} step[DS_EXTTREE_HEIGHT_MAX]; /* the leaf's first, the root's last */
};

static inline struct ds_extnode *ds_extnode_child(const struct ds_extnode *node,
						  unsigned int idx)
{
	return (struct ds_extnode *)(uintptr_t)node->val[idx];
}

/* Where slot @idx begins, in the form of an end word. */
static inline uint64_t ds_extnode_start(const struct ds_extnode *node,
					unsigned int idx)
{
	return idx ? node->end[idx - 1] & ~DS_EXTTREE_LOW : 0;
}

/* What ds_extnode_find() looks for to find @page. */
static inline uint64_t ds_extnode_key(uint64_t page)
{
	return page << DS_EXTTREE_SHIFT | DS_EXTTREE_LOW;
}

/*
 * The first slot that ends behind @key. Picks the cache line and then the slot
 * in it, without branches that depend on the key. In large trees the time goes
 * into waiting for memory, so all lines of the node are asked for at once.
 */
static inline unsigned int ds_extnode_find(const struct ds_extnode *node,
					   uint64_t key)
{
	const uint64_t *end = node->end;
	int line, idx;

	__builtin_prefetch(&node->end[24]);
	__builtin_prefetch(&node->val[0]);
	__builtin_prefetch(&node->val[8]);
	__builtin_prefetch(&node->val[16]);
	__builtin_prefetch(&node->val[24]);
	line = 8 * ((end[7] <= key) + (end[15] <= key) + (end[23] <= key));
	end += line;
	idx = (end[0] <= key) + (end[1] <= key) + (end[2] <= key) +
	      (end[3] <= key) + (end[4] <= key) + (end[5] <= key) +
	      (end[6] <= key);
	return (unsigned int)(line + idx);
}

/* Goes to the slot that holds @page, or behind the last. */
void ds_exttree_seek(struct ds_extcursor *c, struct ds_exttree *tree,
		     uint64_t page);

/* Whether the cursor is behind the last slot. */
bool ds_exttree_at_end(const struct ds_extcursor *c);

/*
 * Sets nodes aside for putting in @n_slots slots near the cursor, in one place
 * or several. Return: 0, or -ENOMEM: then no spare is left.
 */
int ds_exttree_reserve(const struct ds_extcursor *c, unsigned int n_slots);

/* Ends a change: gives back what it had reserved and did not need. */
void ds_exttree_release_spares(struct ds_exttree *tree);

/*
 * Puts a slot of width zero and value zero before the one at the cursor, and
 * goes to it. Room must be reserved.
 */
void ds_exttree_insert(struct ds_extcursor *c);

/*
 * Takes @n slots of one leaf out, from the cursor on. Together they must be of
 * width zero.
 */
void ds_exttree_remove(struct ds_extcursor *c, unsigned int n);

/*
 * Makes the slot at the cursor @n_pages wider; what lies behind moves up.
 * Here and below fewer pages are written as the complement, -n.
 */
void ds_exttree_shift(struct ds_extcursor *c, uint64_t n_pages);

/* Makes the slot @n_pages wider and the next one narrower, if there is one. */
void ds_exttree_stretch(struct ds_extcursor *c, uint64_t n_pages);

/* Releases all nodes. */
void ds_exttree_clear(struct ds_exttree *tree);

/* Asserts every invariant of the nodes. For tests. */
void ds_exttree_check(const struct ds_exttree *tree);

#endif
