// SPDX-License-Identifier: LGPL-2.1-or-later
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "core/units.h"
#include "pmem/region_backend.h"

int ds_region_memfd_open(const struct ds_region_options *options,
			 struct ds_region *region, struct ds_why why)
{
	uint64_t size = options->size ? options->size : DS_REGION_DEFAULT_SIZE;
	struct ds_region_options sized = *options;
	int fd, r;

	if (options->offset)
		return ds_why_say(why, -EINVAL,
				  "has nothing before it to leave untouched: "
				  "the nearest valid offset is 0");
	sized.size = size;
	r = ds_region_fit(&sized, DS_PAGE_SIZE, INT64_MAX, region, why);
	if (r)
		return r;

	fd = memfd_create("daxsim", MFD_CLOEXEC);
	if (fd < 0)
		return ds_why_say(why, -errno, "%s", strerror(errno));
	if (ftruncate(fd, (off_t)size) < 0)
		r = -errno;
	if (!r)
		r = ds_region_map(region, fd, MAP_SHARED);
	if (r) {
		close(fd);
		return ds_why_say(why, r, "no %llu bytes: %s",
				  (unsigned long long)size, strerror(-r));
	}
	region->kind = DS_REGION_MEMFD;
	region->sync = true;
	return 0;
}
