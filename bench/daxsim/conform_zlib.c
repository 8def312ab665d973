// SPDX-License-Identifier: LGPL-2.1-or-later
#include "conform.h"

#include <errno.h>
#include <limits.h>
#include <zlib.h>

/* zlib reads plain files too; the handle is its own. */
int conform_input_open(const char *path, struct conform_input **ret_input)
{
	gzFile file;

	errno = ENOMEM;
	file = gzopen(path, "rb");
	if (!file)
		return -errno;
	*ret_input = (struct conform_input *)file;
	return 0;
}

void conform_input_close(struct conform_input *input)
{
	gzclose((gzFile)input);
}

int conform_input_read(struct conform_input *input, char *buf, size_t size)
{
	gzFile file = (gzFile)input;
	int n, error = Z_OK;

	n = gzread(file, buf, size < INT_MAX ? (unsigned int)size : INT_MAX);
	if (n < 0 || (n == 0 && size))
		gzerror(file, &error);
	/* At the end of a file cut short it says so only now. */
	if (n >= 0 && error == Z_OK)
		return n;
	return error == Z_ERRNO ? -errno : -EBADMSG;
}
