// SPDX-License-Identifier: LGPL-2.1-or-later
#include "pmem/device.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "core/units.h"
#include "pmem/inuse.h"
#include "pmem/signature.h"

/* region0/namespace0.0/block: how far below a region block devices hang. */
#define BLOCK_DEPTH 3

/* Reads a one-line attribute. Return: 0 or -errno. */
static int attr_read(int dir, const char *name, char *buf, size_t size)
{
	int fd = openat(dir, name, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		return -errno;
	n = read(fd, buf, size - 1);
	if (n < 0)
		n = -errno;
	close(fd);
	if (n < 0)
		return (int)n;
	buf[n] = '\0';
	buf[strcspn(buf, "\n")] = '\0';
	return 0;
}

static int attr_u64(int dir, const char *name, uint64_t *ret_value)
{
	unsigned long long value;
	char text[64];
	char *end;
	int r;

	r = attr_read(dir, name, text, sizeof(text));
	if (r)
		return r;
	errno = 0;
	value = strtoull(text, &end, 0);
	if (errno || end == text || *end || text[0] == '-')
		return -EINVAL;
	*ret_value = value;
	return 0;
}

/* A node number, -1 when there is none. */
static int attr_node(int dir, const char *name)
{
	char text[32];

	if (attr_read(dir, name, text, sizeof(text)) ||
	    !isdigit((unsigned char)text[0]))
		return -1;
	return atoi(text);
}

static int attr_dev(int dir, const char *name, dev_t *ret_dev)
{
	unsigned int dev_major, dev_minor;
	char text[32];
	int r;

	r = attr_read(dir, name, text, sizeof(text));
	if (r)
		return r;
	if (sscanf(text, "%u:%u", &dev_major, &dev_minor) != 2)
		return -EINVAL;
	*ret_dev = makedev(dev_major, dev_minor);
	return 0;
}

/* The last part of what a symlink points to, cut to fit; "" without one. */
static void link_name(int dir, const char *name, char *buf, size_t size)
{
	char target[PATH_MAX];
	ssize_t n = readlinkat(dir, name, target, sizeof(target) - 1);
	const char *slash;

	buf[0] = '\0';
	if (n < 0)
		return;
	target[n] = '\0';
	slash = strrchr(target, '/');
	(void)ds_why_format(buf, size, "%s", slash ? slash + 1 : target);
}

/* "dax" is also a class on old kernels, whose devices are others. */
static bool is_on_dax_bus(int dir)
{
	char target[PATH_MAX];
	ssize_t n = readlinkat(dir, "subsystem", target, sizeof(target) - 1);

	if (n < 0)
		return false;
	target[n] = '\0';
	return n >= 8 && !strcmp(target + n - 8, "/bus/dax");
}

static int judge_driver(const struct ds_device *device, struct ds_why why)
{
	if (!device->driver[0])
		return ds_why_say(why, -EPERM,
				  "has no driver bound (needs device_dax)");
	if (!strcmp(device->driver, "kmem"))
		return ds_why_say(why, -EPERM,
				  "is in use as RAM (driver kmem, needs "
				  "device_dax)");
	if (strcmp(device->driver, "device_dax"))
		return ds_why_say(why, -EPERM,
				  "is not for user space (driver %s, needs "
				  "device_dax)",
				  device->driver);
	return 0;
}

static int read_geometry(int dir, struct ds_device *device, struct ds_why why)
{
	int r;

	r = attr_u64(dir, "size", &device->size);
	if (r)
		return ds_why_say(why, r, "has no readable size in %s",
				  device->dir);
	r = attr_u64(dir, "align", &device->align);
	if (r == -ENOENT)
		r = attr_u64(dir, "../dax_region/align", &device->align);
	if (r)
		return ds_why_say(why, r, "has no readable align in %s",
				  device->dir);

	if (device->align < DS_PAGE_SIZE || device->align & (device->align - 1))
		return ds_why_say(why, -EINVAL, "has the odd align %" PRIu64,
				  device->align);
	if (device->size < device->align || device->size > INT64_MAX)
		return ds_why_say(why, -EINVAL,
				  "has %" PRIu64 " bytes, not one unit of its "
				  "align %" PRIu64,
				  device->size, device->align);
	return 0;
}

static int read_device(int dir, struct ds_device *device, struct ds_why why)
{
	int geometry, r;

	link_name(dir, "subsystem", device->subsystem,
		  sizeof(device->subsystem));
	if (!is_on_dax_bus(dir))
		return ds_why_say(
			why, -EINVAL, "is not a DAX device (subsystem %s)",
			device->subsystem[0] ? device->subsystem : "unknown");

	link_name(dir, "driver", device->driver, sizeof(device->driver));
	device->target_node = attr_node(dir, "target_node");
	device->numa_node = attr_node(dir, "numa_node");
	if (attr_u64(dir, "resource", &device->resource))
		device->resource = 0;
	r = attr_dev(dir, "dev", &device->rdev);
	if (r)
		return ds_why_say(why, r, "has no device number in %s",
				  device->dir);

	/* What the driver says comes first, but the numbers are read anyway. */
	geometry = read_geometry(dir, device, why);
	r = judge_driver(device, why);
	return r ? r : geometry;
}

/* @path leads to the device's directory in sysfs. */
static int identify_at(const char *path, struct ds_device *device,
		       struct ds_why why)
{
	char dir_path[PATH_MAX];
	const char *name;
	int dir, r;

	device->target_node = -1;
	device->numa_node = -1;
	if (!realpath(path, dir_path))
		return ds_why_say(why, -errno, "is not known to sysfs: %s: %s",
				  path, strerror(errno));
	name = strrchr(dir_path, '/') + 1;
	r = ds_why_format(device->dir, sizeof(device->dir), "%s", dir_path);
	if (!r)
		r = ds_why_format(device->name, sizeof(device->name), "%s",
				  name);
	if (r)
		return ds_why_say(why, r, "has too long a path: %s", dir_path);

	dir = open(dir_path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0)
		return ds_why_say(why, -errno, "is hidden in sysfs: %s: %s",
				  dir_path, strerror(errno));
	r = read_device(dir, device, why);
	close(dir);
	return r;
}

int ds_device_identify(const char *sysfs, dev_t rdev,
		       struct ds_device *ret_device, struct ds_why why)
{
	char path[PATH_MAX];
	int r;

	*ret_device = (struct ds_device){.usable = false};
	r = ds_why_format(path, sizeof(path), "%s/dev/char/%u:%u", sysfs,
			  major(rdev), minor(rdev));
	if (r)
		return ds_why_say(why, r, "sysfs path is too long");
	r = identify_at(path, ret_device, why);
	if (!r && ret_device->rdev != rdev)
		return ds_why_say(why, -EINVAL,
				  "has another device number in %s",
				  ret_device->dir);
	return r;
}

/* A walk over the block devices of a region. */
struct walk {
	const char *procfs;
	struct ds_why why;
};

static int open_below(int dir, const char *name)
{
	return openat(dir, name,
		      O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

/*
 * Calls @visit with each directory below @dir that is not a symlink, until it
 * returns other than 0. Closes @dir.
 */
static int each_dir(int dir, int depth, const struct walk *walk,
		    int (*visit)(int dir, const char *name, int depth,
				 const struct walk *walk))
{
	struct dirent *entry;
	DIR *stream = fdopendir(dir);
	int r = 0;

	if (!stream) {
		r = -errno;
		close(dir);
		return r;
	}
	while (!r && (errno = 0, entry = readdir(stream))) {
		int below;

		if (entry->d_name[0] == '.')
			continue;
		below = open_below(dirfd(stream), entry->d_name);
		if (below < 0 && errno != ENOTDIR && errno != ELOOP)
			r = -errno;
		if (below < 0)
			continue;
		r = visit(below, entry->d_name, depth, walk);
	}
	if (!r)
		r = -errno;
	closedir(stream);
	return r;
}

/* Device mapper, MD and the like show what sits on a disk as a symlink. */
static int check_holders(int disk, const char *name, const struct walk *walk)
{
	struct dirent *entry;
	DIR *stream;
	int dir, r = 0;

	dir = open_below(disk, "holders");
	if (dir < 0)
		return errno == ENOENT ? 0 : -errno;
	stream = fdopendir(dir);
	if (!stream) {
		r = -errno;
		close(dir);
		return r;
	}
	while (!r && (entry = readdir(stream))) {
		if (entry->d_name[0] != '.')
			r = ds_why_say(walk->why, -EPERM,
				       "shares its region with %s, which %s "
				       "holds",
				       name, entry->d_name);
	}
	closedir(stream);
	return r;
}

static int check_block(int disk, const char *name, const struct walk *walk)
{
	struct ds_inuse_what what = {.name = name, .type = S_IFBLK};
	char line[256] = "cannot be judged";
	struct ds_why why = {line, sizeof(line)};
	int r;

	r = attr_dev(disk, "dev", &what.rdev);
	if (r == -ENOENT) /* some other directory of the disk */
		return 0;
	if (!r)
		r = ds_inuse_mounted(walk->procfs, &what, why);
	if (!r)
		r = ds_inuse_swap(walk->procfs, &what, why);
	if (r)
		return ds_why_say(walk->why, r,
				  "shares its region with %s, which %s", name,
				  line);
	return check_holders(disk, name, walk);
}

/* A disk, then with @depth to spare its partitions. */
static int visit_disk(int dir, const char *name, int depth,
		      const struct walk *walk)
{
	int r = check_block(dir, name, walk);

	if (r || !depth) {
		close(dir);
		return r;
	}
	return each_dir(dir, depth - 1, walk, visit_disk);
}

static int visit_region_part(int dir, const char *name, int depth,
			     const struct walk *walk)
{
	if (!strcmp(name, "block"))
		return each_dir(dir, 1, walk, visit_disk);
	if (!depth) {
		close(dir);
		return 0;
	}
	return each_dir(dir, depth - 1, walk, visit_region_part);
}

static bool is_region_name(const char *name)
{
	return !strncmp(name, "region", 6) && isdigit((unsigned char)name[6]);
}

/* Cuts @path at the nearest parent named regionN. Return: there is one. */
static bool cut_to_region(char *path)
{
	char *slash;

	while ((slash = strrchr(path, '/'))) {
		*slash = '\0';
		slash = strrchr(path, '/');
		if (slash && is_region_name(slash + 1))
			return true;
	}
	return false;
}

static int check_siblings(const struct ds_device *device, const char *procfs,
			  struct ds_why why)
{
	struct walk walk = {procfs, why};
	char path[sizeof(device->dir)];
	int dir, r;

	memcpy(path, device->dir, sizeof(path));
	if (!cut_to_region(path))
		return 0;
	/* Should a call fail without a line, this is it. */
	ds_why_say(why, 0, "shares a region that cannot be read: %s", path);
	dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0)
		return -errno;
	r = each_dir(dir, BLOCK_DEPTH, &walk, visit_region_part);
	if (!r)
		ds_why_say(why, 0, "%s", "");
	return r;
}

int ds_device_check_use(struct ds_device *device, const char *procfs, dev_t dev,
			ino_t ino, struct ds_why why)
{
	struct ds_inuse_what what = {
		.name = device->name,
		.type = S_IFCHR,
		.rdev = device->rdev,
		.dev = dev,
		.ino = ino,
	};
	int r;

	r = ds_inuse_mounted(procfs, &what, why);
	if (!r)
		r = ds_inuse_swap(procfs, &what, why);
	if (!r)
		r = check_siblings(device, procfs, why);
	if (!r)
		r = ds_inuse_processes(procfs, &what, &device->n_hidden, why);
	return r;
}

/* Reads what the device holds. Return: 0: nothing, or negative with a line. */
static int check_content(struct ds_device *device, struct ds_why why)
{
	struct ds_signature_device probe = {
		.size = device->size,
		.align = device->align,
		.window_size = device->size,
	};
	struct ds_signature found;
	int r;

	probe.fd = open(device->path, O_RDONLY | O_CLOEXEC);
	if (probe.fd < 0)
		return ds_why_say(why, -errno, "cannot be opened: %s",
				  strerror(errno));
	r = ds_signature_find_device(&probe, NULL, &found);
	close(probe.fd);
	if (r < 0)
		return ds_why_say(why, r, "cannot be read: %s", strerror(-r));
	if (!r)
		return 0;
	memcpy(device->signature, found.name, sizeof(device->signature));
	return ds_why_say(why, -EPERM,
			  "holds %s data (seen at byte %" PRIu64 ")",
			  found.name, found.offset);
}

static int check_node(struct ds_device *device, const char *procfs,
		      struct ds_why why)
{
	struct stat st;
	int r;

	if (stat(device->path, &st) < 0)
		return ds_why_say(why, -errno, "has no node: %s",
				  strerror(errno));
	if (!S_ISCHR(st.st_mode) || st.st_rdev != device->rdev)
		return ds_why_say(why, -EINVAL, "has a node that is not it");
	r = ds_device_check_use(device, procfs, st.st_dev, st.st_ino, why);
	if (r)
		return r;
	if (faccessat(AT_FDCWD, device->path, R_OK | W_OK, AT_EACCESS) < 0)
		return ds_why_say(why, -errno, "cannot be opened: %s",
				  strerror(errno));
	return check_content(device, why);
}

static void judge(const char *dir, const struct ds_device_roots *roots,
		  const char *name, struct ds_device *device)
{
	struct ds_why why = {device->reason, sizeof(device->reason)};
	char path[PATH_MAX];
	int r;

	*device = (struct ds_device){.n_hidden = 0};
	(void)ds_why_format(device->name, sizeof(device->name), "%s", name);
	(void)ds_why_format(device->path, sizeof(device->path), "%s/%s",
			    roots->dev, name);
	r = ds_why_format(path, sizeof(path), "%s/%s", dir, name);
	if (!r)
		r = identify_at(path, device, why);
	if (!r)
		r = check_node(device, roots->procfs, why);
	device->usable = !r;
}

/* "dax2.0" before "dax10.0". */
static int by_name(const void *a, const void *b)
{
	const struct ds_device *left = a, *right = b;

	return strverscmp(left->name, right->name);
}

int ds_device_list(const struct ds_device_roots *roots,
		   struct ds_device *devices, unsigned int n_max)
{
	struct ds_device_roots at = {
		.sysfs = roots->sysfs ? roots->sysfs : "/sys",
		.procfs = roots->procfs ? roots->procfs : "/proc",
		.dev = roots->dev ? roots->dev : "/dev",
	};
	struct dirent *entry;
	unsigned int n_stored;
	char path[PATH_MAX];
	int n = 0, r;
	DIR *dir;

	r = ds_why_format(path, sizeof(path), "%s/bus/dax/devices", at.sysfs);
	if (r)
		return r;
	dir = opendir(path);
	if (!dir) /* a kernel without the bus has no devices on it */
		return errno == ENOENT ? 0 : -errno;
	while ((errno = 0, entry = readdir(dir))) {
		if (entry->d_name[0] == '.')
			continue;
		if ((unsigned int)n < n_max)
			judge(path, &at, entry->d_name, &devices[n]);
		n++;
	}
	r = errno ? -errno : n;
	closedir(dir);
	n_stored = (unsigned int)n < n_max ? (unsigned int)n : n_max;
	if (r > 0 && n_stored > 0)
		qsort(devices, n_stored, sizeof(*devices), by_name);
	return r;
}
