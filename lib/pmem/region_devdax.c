// SPDX-License-Identifier: LGPL-2.1-or-later
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "pmem/region_backend.h"
#include "pmem/signature.h"

static int check_consent(const struct ds_region_options *options,
			 const struct ds_region *region, struct ds_why why)
{
	if (options->destroy)
		return 0;
	return ds_why_say(why, -EPERM,
			  "there is no consent to destroy bytes %" PRIu64
			  " to %" PRIu64 " of this device",
			  region->offset, region->offset + region->size);
}

static int check_use(const struct ds_region_options *options, int fd,
		     struct ds_device *device, struct ds_why why)
{
	const char *procfs = options->procfs ? options->procfs : "/proc";
	struct stat st;

	if (fstat(fd, &st) < 0)
		return ds_why_say(why, -errno, "%s", strerror(errno));
	return ds_device_check_use(device, procfs, st.st_dev, st.st_ino, why);
}

static int check_content(const struct ds_region_options *options, int fd,
			 const struct ds_device *device,
			 const struct ds_region *region, struct ds_why why)
{
	struct ds_signature_device probe = {
		.fd = fd,
		.size = device->size,
		.align = device->align,
		.window_offset = region->offset,
		.window_size = region->size,
	};
	struct ds_signature found;
	int r;

	r = ds_signature_find_device(&probe, options->overwrite, &found);
	if (r < 0)
		return ds_why_say(why, r, "cannot be read: %s", strerror(-r));
	if (r > 0)
		return ds_why_say(why, -EPERM,
				  "holds %s data (seen at byte %" PRIu64 "); "
				  "only naming it allows to overwrite it",
				  found.name, found.offset);
	return 0;
}

int ds_region_devdax_adopt(const struct ds_region_options *options, int fd,
			   struct ds_device *device, struct ds_region *region,
			   struct ds_why why)
{
	int r;

	r = ds_region_fit(options, device->align, device->size, region, why);
	if (!r)
		r = check_consent(options, region, why);
	if (!r)
		r = ds_region_lock(fd, why);
	if (!r)
		r = check_use(options, fd, device, why);
	if (!r)
		r = check_content(options, fd, device, region, why);
	if (r)
		return r;

	r = ds_region_map(region, fd, MAP_SHARED);
	if (r)
		return ds_why_say(why, r, "cannot be mapped: %s", strerror(-r));
	region->kind = DS_REGION_DEVDAX;
	region->sync = true; /* there is no file system to tell */
	return 0;
}

int ds_region_devdax_open(const struct ds_region_options *options,
			  struct ds_region *region, struct ds_why why)
{
	const char *sysfs = options->sysfs ? options->sysfs : "/sys";
	struct ds_device device;
	struct stat before, st;
	int fd, r;

	/* Judged first: just opening some other devices does something. */
	if (stat(options->path, &before) < 0)
		return ds_why_say(why, -errno, "%s", strerror(errno));
	r = ds_device_identify(sysfs, before.st_rdev, &device, why);
	if (r)
		return r;

	fd = open(options->path, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return ds_why_say(why, -errno, "%s", strerror(errno));
	if (fstat(fd, &st) < 0 || !S_ISCHR(st.st_mode) ||
	    st.st_rdev != before.st_rdev)
		r = ds_why_say(why, -EINVAL, "changed while it was opened");
	if (!r)
		r = ds_region_devdax_adopt(options, fd, &device, region, why);
	if (r)
		close(fd);
	return r;
}

void ds_region_devdax_leave(struct ds_region *region)
{
	ds_signature_stamp(region->base, region->size);
	(void)ds_region_flush(region, region->base, DS_SIGNATURE_STAMP_SIZE);
}
