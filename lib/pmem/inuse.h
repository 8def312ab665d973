/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DS_PMEM_INUSE_H
#define DS_PMEM_INUSE_H

/*
 * Who else uses a device or file, as far as /proc tells.
 *
 * All return 0 when nobody is known to, -EPERM with a line in @why that says
 * who does, or another negative errno when it cannot be found out: a caller
 * that protects data takes that as a refusal too.
 */
#include <sys/types.h>

#include "pmem/why.h"

struct ds_inuse_what {
	const char *name; /* last part of its path in /dev; NULL for a file */
	mode_t type;      /* S_IFCHR, S_IFBLK or S_IFREG */
	dev_t rdev;       /* of the device */
	dev_t dev;        /* of the node or file, with */
	ino_t ino;        /* 0: not known */
};

/* A file system in this mount namespace lives on it. */
int ds_inuse_mounted(const char *procfs, const struct ds_inuse_what *what,
		     struct ds_why why);

int ds_inuse_swap(const char *procfs, const struct ds_inuse_what *what,
		  struct ds_why why);

/**
 * ds_inuse_processes() - a process maps it, or sees it mounted
 * @ret_n_hidden: how many processes did not let themselves be looked at
 *
 * The calling process does not count.
 */
int ds_inuse_processes(const char *procfs, const struct ds_inuse_what *what,
		       unsigned int *ret_n_hidden, struct ds_why why);

#endif
