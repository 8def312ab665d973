/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DAXSIM_LAYOUT_H
#define DAXSIM_LAYOUT_H

/*
 * Layouts: a client of a server of blocks (pNFS) that knows where the blocks of
 * a file lie, and accesses them on the device, past page cache and locks. All
 * that keeps the blocks there is the server's lease on the file. Who is about
 * to change where they lie breaks the lease: it recalls the layout and waits
 * until the lease is gone.
 *
 * For universes with daxsim_options.layouts. Of the kernels modelled XFS alone
 * has layouts; the others give them out, too, and recall none: what would be.
 * A client has one layout at a time, of one run of blocks.
 */
#include <daxsim/file.h>

#ifdef __cplusplus
extern "C" {
#endif

struct daxsim_client;

/* What becomes of a lease that is broken. */
enum daxsim_recall {
	/*
	 * The server asks the client, if it has its layout already, and keeps
	 * the lease until the layout is returned or the client shut out:
	 * without an answer who breaks the lease waits for ever.
	 */
	DAXSIM_RECALL_ASK,
	/*
	 * The same, but the lease is gone daxsim_options.lease_break_ticks
	 * later, whether the client knows of it or not.
	 */
	DAXSIM_RECALL_EXPIRE,
	/* The lease is gone at once; the client is not told. */
	DAXSIM_RECALL_GIVE_UP,
};

/*
 * Called in the step that breaks the lease, once a recall: it makes no call of
 * the library, and its answer follows from what @arg points to, which nobody
 * changes during a search.
 *
 * Models: lm_break of struct lock_manager_operations, v4.19.
 */
typedef enum daxsim_recall (*daxsim_recall_fn)(void *arg);

/*
 * A client without a layout; it lasts as long as the universe. @name is for
 * people. @recall: NULL for DAXSIM_RECALL_ASK each time, as the kernel's server
 * does (nfsd4_layout_lm_break()).
 *
 * Return: 0; -EOPNOTSUPP without daxsim_options.layouts; -ENOMEM.
 */
int daxsim_client_new(struct daxsim *sim, const char *name,
		      daxsim_recall_fn recall, void *arg,
		      struct daxsim_client **ret_client);

/**
 * daxsim_layout_get() - get a layout, and the lease under it
 * @file: stays open as long as the client has the layout
 * @offset: in bytes; the layout is of the whole run in which it lies
 * @write: a hole of @len bytes gets unwritten blocks, and the client may write
 *
 * The lease comes first, then the look at the extent map. Drops clean pages of
 * the file from the page cache, pinned ones too.
 *
 * Models: nfsd4_layoutget(), xfs_fs_map_blocks(), v4.19.
 * Return: 0; -EEXIST if the client has a layout; -EAGAIN while a lease on the
 * file is being recalled; -ENXIO for a file that shares blocks, or did; -EINVAL
 * for a @len of 0 or a place beyond the largest file; -EXDEV if @file is of
 * another universe; -ENOSPC.
 */
int daxsim_layout_get(struct daxsim_client *client, struct daxsim_file *file,
		      uint64_t offset, uint64_t len, bool write);

/*
 * The client moves bytes to or from the blocks that its layout names, in one
 * step a page, whoever has these by now. Holes and unwritten blocks read as
 * zero; the client does not look.
 *
 * Return: @len; -ENODATA without a layout, and while it is given back; -EINVAL
 * for a @len of 0 or what lies outside of the layout, or is a hole or not for
 * writing; -EIO once it is shut out.
 */
ssize_t daxsim_layout_read(struct daxsim_client *client, uint64_t offset,
			   void *buf, size_t len);
ssize_t daxsim_layout_write(struct daxsim_client *client, uint64_t offset,
			    const void *buf, size_t len);

/*
 * Tells the server what was written: unwritten blocks there become written, the
 * file grows to the end of it.
 *
 * Models: xfs_fs_commit_blocks(), v4.19. Return: 0; -ENODATA without a layout;
 * -EINVAL as above; -EIO if the new end were in no written block.
 */
int daxsim_layout_commit(struct daxsim_client *client, uint64_t offset,
			 size_t len);

/*
 * Gives the layout back, asked for or not: waits for what the client has under
 * way on the device, and wakes who waits for the lease.
 *
 * Models: nfsd4_return_file_layouts(). Return: 0; -ENODATA if it never had one.
 */
int daxsim_layout_return(struct daxsim_client *client);

/*
 * The server shuts the client out of the device for good, and drops its lease.
 * The client is not told: what it does ends with -EIO.
 *
 * Models: nfsd4_scsi_fence_client(). Return: as above.
 */
int daxsim_layout_fence(struct daxsim_client *client);

/**
 * daxsim_layout_await_recall() - the server's part: whom to ask
 *
 * Sleeps until some client's layout of @file was asked for and not answered,
 * and says whose. A search counts a task that sleeps here as done: when only
 * such are left the run is over. So a server is a task that asks in a loop and
 * answers with daxsim_layout_return() or, say, daxsim_sleep() and
 * daxsim_layout_fence().
 *
 * Models: the work item behind nfsd4_recall_file_layout(), and
 * nfsd4_cb_layout_done(). Differs: what server and client say to each other
 * takes no time and is never lost.
 * Return: 0; -EDEADLK outside of a task; -ESRCH on free threads, once nobody is
 * left who could recall a layout.
 */
int daxsim_layout_await_recall(struct daxsim_file *file,
			       struct daxsim_client **ret_client);

/*
 * Sleeps for @ticks. In a search time moves only where nobody can go on, and
 * then to the next end of a sleep; elsewhere a tick is a millisecond.
 *
 * Models: schedule_timeout_uninterruptible() in jiffies.
 */
void daxsim_sleep(struct daxsim *sim, uint64_t ticks);

#ifdef __cplusplus
}
#endif

#endif
