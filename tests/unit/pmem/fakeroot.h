/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef TESTS_UNIT_PMEM_FAKEROOT_H
#define TESTS_UNIT_PMEM_FAKEROOT_H

/*
 * A folder with a sysfs, a procfs and a /dev of our own making. Needs no
 * privileges: where a character device must be seen, it is /dev/zero, by a
 * symlink and under its number 1:5.
 */
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <setjmp.h>
#include <cmocka.h>

#include "core/prng.h"

#define T_ZERO "1:5" /* /dev/zero */
#define T_NULL "1:3" /* /dev/null */

struct t_root {
	char path[64];
	char sysfs[80];
	char procfs[80];
	char dev[80];
};

static inline int t_format(char *buf, size_t size, const char *fmt, ...)
{
	va_list args;
	int n;

	va_start(args, fmt);
	n = vsnprintf(buf, size, fmt, args);
	va_end(args);
	assert_true(n >= 0 && (size_t)n < size);
	return n;
}

/* Makes @path and its parents. */
static inline void t_mkdirs(const char *path)
{
	char part[PATH_MAX];

	t_format(part, sizeof(part), "%s", path);
	for (char *slash = part + 1; (slash = strchr(slash, '/')); slash++) {
		*slash = '\0';
		(void)mkdir(part, 0755);
		*slash = '/';
	}
	(void)mkdir(part, 0755);
	assert_int_equal(access(path, F_OK), 0);
}

static inline void t_mkparent(const char *path)
{
	char parent[PATH_MAX];

	t_format(parent, sizeof(parent), "%s", path);
	*strrchr(parent, '/') = '\0';
	t_mkdirs(parent);
}

static inline void t_write(const struct t_root *root, const char *rel,
			   const char *text)
{
	char path[PATH_MAX];
	int fd;

	t_format(path, sizeof(path), "%s/%s", root->path, rel);
	t_mkparent(path);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
}

/* @target is below the root unless it begins with '/'. */
static inline void t_link(const struct t_root *root, const char *rel,
			  const char *target)
{
	char path[PATH_MAX], to[PATH_MAX];

	t_format(path, sizeof(path), "%s/%s", root->path, rel);
	t_mkparent(path);
	if (target[0] == '/')
		t_format(to, sizeof(to), "%s", target);
	else
		t_format(to, sizeof(to), "%s/%s", root->path, target);
	(void)unlink(path);
	assert_int_equal(symlink(to, path), 0);
}

static inline void t_remove(const struct t_root *root, const char *rel)
{
	char path[PATH_MAX];

	t_format(path, sizeof(path), "%s/%s", root->path, rel);
	assert_int_equal(remove(path), 0);
}

struct t_dax {
	const char *name;   /* "dax0.0" */
	const char *dir;    /* below sys/devices */
	const char *rdev;   /* "1:5" */
	const char *driver; /* NULL: none */
	const char *size;
	const char *align;
};

static inline void t_add_attr(const struct t_root *root,
			      const struct t_dax *dax, const char *attr,
			      const char *text)
{
	char rel[PATH_MAX];

	t_format(rel, sizeof(rel), "sys/devices/%s/%s", dax->dir, attr);
	t_write(root, rel, text);
}

static inline void t_bind(const struct t_root *root, const struct t_dax *dax,
			  const char *driver)
{
	char rel[PATH_MAX], target[PATH_MAX];

	t_format(rel, sizeof(rel), "sys/devices/%s/driver", dax->dir);
	t_format(target, sizeof(target), "sys/bus/dax/drivers/%s", driver);
	t_link(root, rel, target);
}

static inline void t_add_dax(const struct t_root *root, const struct t_dax *dax)
{
	char rel[PATH_MAX], target[PATH_MAX];

	t_add_attr(root, dax, "dev", dax->rdev);
	t_add_attr(root, dax, "size", dax->size);
	t_add_attr(root, dax, "align", dax->align);
	t_add_attr(root, dax, "resource", "0x120a00000\n");
	t_add_attr(root, dax, "target_node", "2\n");
	t_add_attr(root, dax, "numa_node", "-1\n");
	if (dax->driver)
		t_bind(root, dax, dax->driver);

	t_format(target, sizeof(target), "sys/devices/%s", dax->dir);
	t_format(rel, sizeof(rel), "sys/bus/dax/devices/%s", dax->name);
	t_link(root, rel, target);
	t_format(rel, sizeof(rel), "sys/dev/char/%s", dax->rdev);
	t_link(root, rel, target);
	t_format(rel, sizeof(rel), "sys/devices/%s/subsystem", dax->dir);
	t_link(root, rel, "sys/bus/dax");
}

/* A disk or partition, @dir below sys/devices. */
static inline void t_add_block(const struct t_root *root, const char *dir,
			       const char *rdev)
{
	char rel[PATH_MAX];

	t_format(rel, sizeof(rel), "sys/devices/%s/dev", dir);
	t_write(root, rel, rdev);
}

/* Nothing is mounted from any device, nothing is swap, process 1 is idle. */
static inline void t_root_new(struct t_root *root)
{
	t_format(root->path, sizeof(root->path), "/tmp/daxsim-test-XXXXXX");
	assert_non_null(mkdtemp(root->path));
	t_format(root->sysfs, sizeof(root->sysfs), "%s/sys", root->path);
	t_format(root->procfs, sizeof(root->procfs), "%s/proc", root->path);
	t_format(root->dev, sizeof(root->dev), "%s/dev", root->path);
	t_mkdirs(root->dev);
	t_write(root, "proc/self/mountinfo",
		"21 1 0:19 / / rw - tmpfs tmpfs rw\n"
		"22 21 8:1 / /home rw shared:1 - ext4 /dev/sda1 rw\n");
	t_write(root, "proc/swaps",
		"Filename\t\t\tType\t\tSize\tUsed\tPriority\n");
	t_write(root, "proc/1/maps",
		"55d0a0000000-55d0a0021000 r--p 00000000 08:01 131 /bin/init\n"
		"7ffc0000-7ffd0000 rw-p 00000000 00:00 0 [stack]\n");
}

static inline int t_remove_one(const char *path, const struct stat *st,
			       int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

static inline void t_root_free(struct t_root *root)
{
	assert_int_equal(
		nftw(root->path, t_remove_one, 16, FTW_DEPTH | FTW_PHYS), 0);
}

/* Bytes that differ from offset to offset, none of them 0. */
static inline void t_fill(int fd, uint64_t first, uint64_t end)
{
	unsigned char chunk[4096];

	for (uint64_t at = first; at < end;) {
		size_t len = sizeof(chunk);

		if (end - at < len)
			len = (size_t)(end - at);
		for (size_t i = 0; i < len; i++)
			chunk[i] = (unsigned char)(1 + (at + i) % 251);
		assert_int_equal(pwrite(fd, chunk, len, (off_t)at), len);
		at += len;
	}
}

/* The number the next file opened would get: shows what was left open. */
static inline int t_next_fd(void)
{
	int fd = open("/dev/null", O_RDONLY);

	assert_true(fd >= 0);
	close(fd);
	return fd;
}

/* Of all bytes of a file and its size. */
static inline uint64_t t_hash(int fd)
{
	static uint64_t words[1 << 13];
	uint64_t hash = 0;
	uint64_t at = 0;
	ssize_t n;

	while ((n = pread(fd, words, sizeof(words), (off_t)at)) > 0) {
		size_t rest = sizeof(words) - (size_t)n;

		memset((char *)words + n, 0, rest);
		for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
			hash = ds_hash_step(hash, words[i]);
		at += (uint64_t)n;
	}
	assert_int_equal(n, 0);
	return ds_hash_step(hash, at);
}

#endif
