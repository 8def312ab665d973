// SPDX-License-Identifier: LGPL-2.1-or-later
#include <blkid/blkid.h>
#include <errno.h>
#include <stdlib.h>

#include "pmem/signature.h"
#include "pmem/why.h"

/* As wipefs does: also superblocks whose checksum is bad. */
#define SUPERBLOCK_FLAGS                                                       \
	(BLKID_SUBLKS_TYPE | BLKID_SUBLKS_MAGIC | BLKID_SUBLKS_BADCSUM)

static const char *value_of(blkid_probe probe, const char *key)
{
	const char *value;

	return blkid_probe_lookup_value(probe, key, &value, NULL) ? NULL
								  : value;
}

/* Return: 1 when what was found last is not @allowed. */
static int hit_counts(blkid_probe probe, const char *allowed,
		      struct ds_signature *ret_signature)
{
	struct ds_signature hit = {.offset = 0};
	const char *name = value_of(probe, "TYPE");
	const char *offset = value_of(probe, "SBMAGIC_OFFSET");

	if (!name) {
		name = value_of(probe, "PTTYPE");
		offset = value_of(probe, "PTMAGIC_OFFSET");
	}
	if (!name || ds_signature_allowed(allowed, name))
		return 0;
	(void)ds_why_format(hit.name, sizeof(hit.name), "%s", name);
	if (offset)
		hit.offset = strtoull(offset, NULL, 10);
	*ret_signature = hit;
	return 1;
}

int ds_signature_find_foreign(int fd, const char *allowed,
			      struct ds_signature *ret_signature)
{
	blkid_probe probe = blkid_new_probe();
	int r;

	if (!probe)
		return -ENOMEM;
	if (blkid_probe_set_device(probe, fd, 0, 0) ||
	    blkid_probe_enable_superblocks(probe, 1) ||
	    blkid_probe_set_superblocks_flags(probe, SUPERBLOCK_FLAGS) ||
	    blkid_probe_enable_partitions(probe, 1) ||
	    blkid_probe_set_partitions_flags(probe, BLKID_PARTS_MAGIC)) {
		blkid_free_probe(probe);
		return -EIO;
	}

	/* Each call goes on behind the last hit; 1 is the end. */
	do {
		r = blkid_do_probe(probe);
		if (r == 0 && hit_counts(probe, allowed, ret_signature))
			break;
	} while (r == 0);
	blkid_free_probe(probe);
	if (r < 0)
		return -EIO;
	return r == 0;
}

const char *ds_signature_library(void)
{
	return "libblkid";
}
