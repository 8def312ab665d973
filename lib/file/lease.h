/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DS_FILE_LEASE_H
#define DS_FILE_LEASE_H

/*
 * Layout leases: somebody outside the kernel may access blocks of a file
 * directly, as long as its lease is on the file's list. Who is about to change
 * where blocks lie breaks the leases: their holders are asked to give them up,
 * and until the list is empty the change has to wait.
 *
 * Models: the FL_LAYOUT leases of fs/locks.c, v4.19. Differs: no other kind of
 * lease on the list, so each breaker conflicts with each lease; who waits for
 * the first lease is woken by the removal of any, and looks again.
 */
#include "file/inode.h"

struct ds_lease;

/* What a holder brings; under the list's lock, in a step that changes it. */
struct ds_lease_ops {
	/*
	 * The lease is broken: lease->break_time says when it will expire, and
	 * may be changed; 0: never. Return: whether it is given up at once.
	 */
	bool (*recall)(struct ds_lease *lease);
};

/* The blocks that a holder may access: a run as the extent map had it. */
struct ds_layout {
	bool valid;
	bool write;
	struct ds_extent run;
};

struct ds_lease {
	const struct ds_lease_ops *ops;
	struct ds_inode *inode;
	uint32_t holder; /* a number, in this universe */
	const char *name;
	/* Under the list's lock. */
	struct ds_lease *next;
	bool listed;
	bool pending; /* it was broken: FL_UNLOCK_PENDING */
	bool asked;   /* its holder was asked for it and has not answered */
	uint64_t break_time; /* tick behind which it expires, 0: never */
	/* Changed in steps that write ds_layout_object(). */
	struct ds_layout layout;
	bool draining;     /* nothing may begin to use the layout */
	bool fenced;       /* no access reaches the device */
	unsigned int n_io; /* accesses under way */
	unsigned int user; /* the task that accessed last */
};

/* The list of leases of a file. */
static inline ds_obj ds_leases_object(uint32_t inode)
{
	return ds_object(DS_OBJ_LEASES, inode, 0);
}

/* For the queue of who answers when leases are recalled. */
static inline ds_obj ds_recalls_object(uint32_t inode)
{
	return ds_object(DS_OBJ_LEASES, inode, 1);
}

/* What a holder has of a file. */
static inline ds_obj ds_layout_object(const struct ds_lease *lease)
{
	return ds_object(DS_OBJ_LEASES, lease->inode->id, 2 + lease->holder);
}

/*
 * Puts @lease, with @ops, @inode, @holder and @name set, on the list of its
 * file. Return: 0; -EAGAIN while a lease is being recalled; -EEXIST if it is on
 * the list.
 *
 * Models: generic_add_lease() for FL_LAYOUT.
 */
int ds_lease_add(struct ds_task *task, struct ds_lease *lease);

/*
 * Takes it from the list, if it is there, and wakes who waits for that.
 *
 * Models: lease_modify() to F_UNLCK.
 */
void ds_lease_remove(struct ds_task *task, struct ds_lease *lease);

/**
 * ds_leases_break() - recall all leases of a file
 * @wait: sleep until there are none; nothing that a holder needs is held
 *
 * Return: 0 when there are none; -ENOMEM if the super block says that there is
 * no memory for the breaker's own record; -EWOULDBLOCK if some are left and not
 * @wait; -EINTR when a signal ended the wait.
 *
 * A lease whose holder lets it expire is gone after lease_break_time; one that
 * never expires is looked for again at every tick.
 *
 * Models: break_layout() and __break_lease(), v4.19.
 */
int ds_leases_break(struct ds_task *task, struct ds_inode *inode, bool wait);

/*
 * The first lease of @inode that was asked for, after waiting idly until there
 * is one. Return: NULL when no task is left that could recall any.
 */
struct ds_lease *ds_leases_await_recall(struct ds_task *task,
					struct ds_inode *inode);

/* Whether @page of the file lies where @layout says. No step. */
bool ds_layout_is_true(const struct ds_layout *layout,
		       const struct ds_inode *inode, struct ds_pgidx page);

/* Adds the leases of all files; times count from @now. */
void ds_leases_digest(const struct ds_super *super, uint64_t now,
		      struct ds_digest *digest);

#endif
