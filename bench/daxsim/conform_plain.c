// SPDX-License-Identifier: LGPL-2.1-or-later
#include "conform.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

/* Without zlib; the handle is a FILE. */
int conform_input_open(const char *path, struct conform_input **ret_input)
{
	FILE *file = fopen(path, "rb");

	if (!file)
		return -errno;
	*ret_input = (struct conform_input *)file;
	return 0;
}

void conform_input_close(struct conform_input *input)
{
	fclose((FILE *)input);
}

int conform_input_read(struct conform_input *input, char *buf, size_t size)
{
	static const char gzip_magic[2] = {'\x1f', '\x8b'};
	FILE *file = (FILE *)input;
	bool at_start = ftell(file) == 0;
	size_t n;

	errno = EIO;
	n = fread(buf, 1, size < INT_MAX ? size : INT_MAX, file);
	if (ferror(file))
		return -errno;
	if (at_start && n > 2 && memcmp(buf, gzip_magic, 2) == 0)
		return -ENOTSUP;
	return (int)n;
}
