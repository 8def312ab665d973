// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Read or write a piece of a DAX device. read(2) and write(2) on /dev/dax are
 * EINVAL, so that dd and cmp cannot look at one.
 *
 *	daxmap get FILE OFFSET LENGTH >data
 *	daxmap put FILE OFFSET LENGTH <data
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* A mapping must be a multiple of this, which a common device is aligned to. */
static const size_t align = (size_t)2 << 20;

/* The front of the file. What lies beyond its end is mapped, not touched. */
static uint8_t *map(const char *path, size_t end, int write)
{
	int fd = open(path, write ? O_RDWR : O_RDONLY);
	void *base;

	if (fd < 0)
		return NULL;
	base = mmap(NULL, (end + align - 1) / align * align,
		    write ? PROT_READ | PROT_WRITE : PROT_READ, MAP_SHARED, fd,
		    0);
	close(fd);
	return base == MAP_FAILED ? NULL : base;
}

int main(int argc, char **argv)
{
	int put = argc == 5 && strcmp(argv[1], "put") == 0;
	size_t offset, length, moved;
	uint8_t *base;

	if (argc != 5 || (!put && strcmp(argv[1], "get") != 0)) {
		fprintf(stderr, "usage: daxmap get|put FILE OFFSET LENGTH\n");
		return 2;
	}
	offset = strtoull(argv[3], NULL, 0);
	length = strtoull(argv[4], NULL, 0);
	base = map(argv[2], offset + length, put);
	if (base == NULL) {
		perror(argv[2]);
		return 1;
	}
	if (put)
		moved = fread(base + offset, 1, length, stdin);
	else
		moved = fwrite(base + offset, 1, length, stdout);
	if (moved != length || fflush(stdout) != 0) {
		perror("daxmap");
		return 1;
	}
	return 0;
}
