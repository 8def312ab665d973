/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DAXSIM_UNIVERSE_H
#define DAXSIM_UNIVERSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct daxsim_fs;

/* One simulated machine: persistent memory with one file system on it. */
struct daxsim;

/* How the tasks of a search take turns. */
enum daxsim_turns {
	DAXSIM_FIBER, /* all on the caller's thread: the fastest */
	DAXSIM_BATON, /* on pthreads, one at a time: for debuggers */
	DAXSIM_FREE,  /* on parallel pthreads: nothing is chosen or replayed */
};

struct daxsim_options {
	size_t struct_size; /* sizeof(struct daxsim_options) */
	const char *fs;     /* name or alias of a profile; NULL: "ext4-4.19" */
	/* A file system of one's own (daxsim/fs.h); outlives the universe. */
	const struct daxsim_fs *custom_fs;
	/*
	 * The memory: NULL for a memfd, a file, or /dev/daxX.Y. A device, or a
	 * file that is not empty, is only used if @device_destroys_data, and
	 * one that holds known signatures only if @device_overwrite names them
	 * ("ext4,xfs"; "unknown" for data of a device that nothing recognises).
	 */
	const char *device;
	uint64_t device_offset; /* bytes to leave untouched before it */
	uint64_t device_size;   /* 0: 16 MiB of a memfd, else all there is */
	bool device_destroys_data;
	const char *device_overwrite;
	/*
	 * For searches, which begin each run by copying the universe: small
	 * trees and page tables, 256 MiB of address space, and the contents of
	 * the first two files made are followed (NO_STALE_DATA, 80 KiB each).
	 */
	bool small;
	/*
	 * A freed block goes to a victim file at once and is filled with that
	 * file's bytes, so that a DMA that comes too late is seen in them
	 * (NO_STRAY_WRITE). Blocks freed are then not used again.
	 */
	bool victim;
	enum daxsim_turns turns;
	/*
	 * Bytes of a huge page: 2 to 512 pages, a power of two; 0: there are
	 * none. Shared mappings get huge entries where blocks and addresses lie
	 * right for them, which blocks allocated at once do. A search takes
	 * huge pages of 8 and 16 KiB best: of larger ones it does not tell the
	 * counts of the pages apart. Models: PMD faults.
	 */
	uint64_t huge_size;
	/*
	 * Clients may get layouts (daxsim/layout.h). Who breaks them then looks
	 * for them, in steps of its own.
	 */
	bool layouts;
	unsigned int lease_break_ticks; /* until a lease expires; 0: 3 */
	/* daxsim_poison() may be called; who could meet such memory looks. */
	bool memory_fails;
	/* What if DAXSIM_PIN_LONGTERM were not refused? */
	bool longterm_allowed;
};

/**
 * daxsim_new() - make a universe with an empty file system
 * @options: NULL for the defaults
 * @ret_why: what is wrong, one line; set only when the result is negative. May
 *           be NULL if @why_size is 0
 *
 * The first page of the memory is the page that holes are read from; the others
 * are the file system's.
 *
 * Return: 0; -EINVAL for options that make no sense, among them a struct_size
 * of another version; -EPERM when a device or file is refused to protect data;
 * -ENOMEM and others from the host.
 */
int daxsim_new(const struct daxsim_options *options, struct daxsim **ret_sim,
	       char *ret_why, size_t why_size);

/*
 * Everything got from the universe is gone with it, but not reports. Not from
 * inside of a task, and no thread may be in a call. NULL is a no-op.
 */
void daxsim_free(struct daxsim *sim);

/*
 * @size bytes of zeroed memory, aligned to 64, which a search rewinds like the
 * universe: for what tasks keep. Return: NULL if there is none, or @size is 0.
 */
void *daxsim_alloc(struct daxsim *sim, size_t size);

/*
 * The page of memory at byte @physical (daxsim_extent.physical) loses its
 * bytes. Loads and stores that reach it end in DAXSIM_SIGBUS, reads and partial
 * writes in -EIO; it is unmapped everywhere and not mapped again. Its entry in
 * the page cache stays, and so do pins on it: who frees the block waits for
 * them as ever. A block that is given out anew is mended; from v5.19 on a write
 * of the whole page mends it, too.
 *
 * Models: memory_failure_dev_pagemap(), dax_lock_page(). Differs: the SIGBUS
 * comes with the next access, and goes to nobody else.
 * Return: 0; -EOPNOTSUPP without daxsim_options.memory_fails, and for a page
 * that several files have; -EBUSY if no page cache has it; -EINVAL for what is
 * no page of the file system.
 */
int daxsim_poison(struct daxsim *sim, uint64_t physical);

/* Name of profile number @i, as the @fs of the options; NULL behind the last.
 */
const char *daxsim_profile_name(unsigned int i);

/* "0.1.0" */
const char *daxsim_version(void);

#ifdef __cplusplus
}
#endif

#endif
