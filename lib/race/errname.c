// SPDX-License-Identifier: LGPL-2.1-or-later
#include "race/errname.h"

#include <errno.h>
#include <stddef.h>

#include "file/layout.h"
#include "mm/space.h"

const char *ds_errname(int64_t result)
{
	static const struct {
		int error;
		const char *name;
	} names[] = {
		{EACCES, "EACCES"},
		{EAGAIN, "EAGAIN"},
		{EBADE, "EBADE"},
		{EBADF, "EBADF"},
		{EBUSY, "EBUSY"},
		{EEXIST, "EEXIST"},
		{EFAULT, "EFAULT"},
		{EFBIG, "EFBIG"},
		{EHWPOISON, "EHWPOISON"},
		{EINTR, "EINTR"},
		{EINVAL, "EINVAL"},
		{EIO, "EIO"},
		{EMEDIUMTYPE, "EMEDIUMTYPE"},
		{ENOENT, "ENOENT"},
		{ENOMEM, "ENOMEM"},
		{ENOSPC, "ENOSPC"},
		{ENXIO, "ENXIO"},
		{EOPNOTSUPP, "EOPNOTSUPP"},
		{EOVERFLOW, "EOVERFLOW"},
		{EPERM, "EPERM"},
		{DS_ERESTARTSYS, "ERESTARTSYS"},
		{ESTALE, "ESTALE"},
		{ETIMEDOUT, "ETIMEDOUT"},
		{ETXTBSY, "ETXTBSY"},
		{-DS_SIGBUS, "SIGBUS"},
		{-DS_SIGSEGV, "SIGSEGV"},
	};
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (-names[i].error == result)
			return names[i].name;
	return NULL;
}
