// SPDX-License-Identifier: LGPL-2.1-or-later
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/units.h"
#include "pmem/inuse.h"
#include "pmem/region_backend.h"
#include "pmem/signature.h"

struct file {
	int fd;
	uint64_t size; /* at the start */
	bool created;  /* by us, and locked: nobody else's to lose */
	bool grown;
};

/* A device's name with a mistake in it is no name for a new file. */
static bool may_create(const char *path)
{
	return strncmp(path, "/dev/", strlen("/dev/")) != 0 ||
	       strncmp(path, "/dev/shm/", strlen("/dev/shm/")) == 0;
}

static int open_file(const char *path, struct file *file, struct ds_why why)
{
	/* Should the path have changed under us, opening must do no harm. */
	int flags = O_RDWR | O_CLOEXEC | O_NONBLOCK | O_NOCTTY;
	bool created = false;
	struct stat st;
	int r;

	file->fd = open(path, flags);
	if (file->fd < 0 && errno == ENOENT && may_create(path)) {
		file->fd = open(path, flags | O_CREAT | O_EXCL, 0666);
		created = file->fd >= 0;
	}
	if (file->fd < 0)
		return ds_why_say(why, -errno, "%s", strerror(errno));

	r = ds_region_lock(file->fd, why);
	file->created = created && !r;
	if (r)
		return r;
	if (fstat(file->fd, &st) < 0)
		return ds_why_say(why, -errno, "%s", strerror(errno));
	if (!S_ISREG(st.st_mode))
		return ds_why_say(why, -EINVAL, "is not a file any more");
	file->size = (uint64_t)st.st_size;
	return 0;
}

static int check_use(const struct ds_region_options *options,
		     const struct file *file, struct ds_why why)
{
	const char *procfs = options->procfs ? options->procfs : "/proc";
	struct ds_inuse_what what = {.type = S_IFREG};
	unsigned int n_hidden;
	struct stat st;
	int r;

	if (fstat(file->fd, &st) < 0)
		return ds_why_say(why, -errno, "%s", strerror(errno));
	what.dev = st.st_dev;
	what.ino = st.st_ino;
	r = ds_inuse_swap(procfs, &what, why);
	return r ? r : ds_inuse_processes(procfs, &what, &n_hidden, why);
}

/* Content anywhere in the file counts: its parts belong together. */
static int check_content(const struct ds_region_options *options,
			 const struct file *file, struct ds_why why)
{
	struct ds_signature found;
	uint64_t offset;
	int r;

	r = ds_signature_nonzero(file->fd, 0, file->size, &offset);
	if (!r)
		return 0;
	if (r > 0 && !options->destroy)
		return ds_why_say(why, -EPERM,
				  "has content (byte %" PRIu64 " is not 0) and "
				  "there is no consent to destroy it",
				  offset);
	if (r > 0)
		r = ds_signature_find(file->fd, file->size, options->overwrite,
				      &found);
	if (r > 0)
		return ds_why_say(why, -EPERM,
				  "holds %s data (seen at byte %" PRIu64 "); "
				  "only naming it allows to overwrite it",
				  found.name, found.offset);
	return r < 0 ? ds_why_say(why, r, "cannot be read: %s", strerror(-r))
		     : 0;
}

/* Gives a new or empty file its size, with blocks where that is possible. */
static int grow_file(const struct ds_region *region, struct file *file,
		     struct ds_why why)
{
	off_t size = (off_t)(region->offset + region->size);
	int r = 0;

	file->grown = true;
	if (fallocate(file->fd, 0, 0, size) < 0)
		r = errno;
	if (r == EOPNOTSUPP || r == ENOSYS)
		r = ftruncate(file->fd, size) < 0 ? errno : 0;
	if (r)
		return ds_why_say(why, -r, "cannot be given %lld bytes: %s",
				  (long long)size, strerror(r));
	return 0;
}

/* With MAP_SYNC stores need no msync(); only DAX file systems can do it. */
static int map_file(struct ds_region *region, const struct file *file,
		    struct ds_why why)
{
	int r;

	if (region->flush->durable &&
	    !ds_region_map(region, file->fd, MAP_SHARED_VALIDATE | MAP_SYNC)) {
		region->sync = true;
		return 0;
	}
	r = ds_region_map(region, file->fd, MAP_SHARED);
	if (r)
		return ds_why_say(why, r, "cannot be mapped: %s", strerror(-r));
	region->sync = false;
	return 0;
}

static int prepare(const struct ds_region_options *options, struct file *file,
		   struct ds_region *region, struct ds_why why)
{
	struct ds_region_options sized = *options;
	uint64_t there = file->size;
	uint64_t align = (uint64_t)sysconf(_SC_PAGESIZE);
	int r;

	if (align < DS_PAGE_SIZE)
		align = DS_PAGE_SIZE;
	if (!file->size) {
		there = INT64_MAX;
		if (!options->size)
			sized.size = options->at_most ? options->at_most
						      : DS_REGION_DEFAULT_SIZE;
	}
	r = ds_region_fit(&sized, align, there, region, why);
	if (!r)
		r = check_use(options, file, why);
	if (!r)
		r = check_content(options, file, why);
	if (!r && !file->size)
		r = grow_file(region, file, why);
	if (!r)
		r = map_file(region, file, why);
	return r;
}

int ds_region_file_open(const struct ds_region_options *options,
			struct ds_region *region, struct ds_why why)
{
	struct file file = {.fd = -1};
	int r;

	r = open_file(options->path, &file, why);
	if (!r)
		r = prepare(options, &file, region, why);
	if (!r) {
		region->kind = DS_REGION_FILE;
		return 0;
	}

	/* Leave the place as it was found. */
	if (file.created)
		(void)unlink(options->path);
	else if (file.grown && ftruncate(file.fd, 0) < 0)
		ds_why_say(why, r, "cannot be mapped, nor emptied again: %s",
			   strerror(errno));
	if (file.fd >= 0)
		close(file.fd);
	return r;
}
