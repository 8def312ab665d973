// SPDX-License-Identifier: LGPL-2.1-or-later
#include "race/fixes.h"

#include <string.h>

/* What breaks when blocks go or move under a pin. */
enum {
	UNDER_A_PIN = 1 << DS_NO_FREE_BLOCK_PINNED | 1 << DS_NO_STRAY_WRITE |
		      1 << DS_LAYOUT_HOLDER_COHERENT | 1 << DS_WAITED |
		      1 << DS_NO_NEW_PIN_AFTER_BREAK,
};

static const char evicting[] = "";

/* The first row that fits counts; NULL fits everything, or is no fix. */
static const struct {
	const char *fs;
	const char *call;
	bool unmapped; /* only then */
	uint32_t properties;
	struct ds_fix fix;
} rows[] = {
	{"ext4-6.15", NULL, false, UNDER_A_PIN, {NULL, NULL, NULL}},
	{"xfs-6.15", NULL, false, UNDER_A_PIN, {NULL, NULL, NULL}},
	{"virtiofs-6.15",
	 evicting,
	 false,
	 UNDER_A_PIN,
	 {"befd9a71d859",
	  "fuse: fix runtime warning on truncate_folio_batch_exceptionals()",
	  "v6.16"}},
	{"virtiofs-6.15", NULL, false, UNDER_A_PIN, {NULL, NULL, NULL}},
	{"virtiofs-6.12",
	 evicting,
	 false,
	 UNDER_A_PIN,
	 {"befd9a71d859",
	  "fuse: fix runtime warning on truncate_folio_batch_exceptionals()",
	  "v6.16"}},
	{"virtiofs-6.12",
	 NULL,
	 false,
	 UNDER_A_PIN,
	 {"7851bf649d42", "fuse: fix dax truncate/punch_hole fault path",
	  "v6.15"}},
	{NULL,
	 evicting,
	 false,
	 UNDER_A_PIN,
	 {"0e2f80afcfa6",
	  "fs/dax: ensure all pages are idle prior to filesystem unmount",
	  "v6.15"}},
	{"ext4-4.18",
	 NULL,
	 false,
	 UNDER_A_PIN,
	 {"430657b6be89", "ext4: handle layout changes to pinned DAX mappings",
	  "v4.19"}},
	{"ext4-v2",
	 "insert",
	 false,
	 UNDER_A_PIN,
	 {"430657b6be89", "ext4: handle layout changes to pinned DAX mappings",
	  "v4.19"}},
	{"ext4-v3",
	 "insert",
	 false,
	 UNDER_A_PIN,
	 {"430657b6be89", "ext4: handle layout changes to pinned DAX mappings",
	  "v4.19"}},
	{NULL,
	 NULL,
	 true,
	 UNDER_A_PIN,
	 {"cee91fa13a8e",
	  "fs/dax: return unmapped busy pages from "
	  "dax_layout_busy_page_range()",
	  "v6.15"}},
	{"ext4-v2",
	 NULL,
	 false,
	 UNDER_A_PIN,
	 {"b1f382178d15",
	  "ext4: close race between direct IO and ext4_break_layouts()",
	  "v4.19"}},
	{"ext4-v3",
	 NULL,
	 false,
	 UNDER_A_PIN,
	 {"b1f382178d15",
	  "ext4: close race between direct IO and ext4_break_layouts()",
	  "v4.19"}},
	{"xfs-4.18",
	 NULL,
	 false,
	 UNDER_A_PIN,
	 {"e25ff835af89",
	  "xfs: close race between direct IO and xfs_break_layouts()",
	  "v4.19"}},
};

const struct ds_fix *ds_fix_find(const char *fs, enum ds_property_id property,
				 const char *call, bool unmapped)
{
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (rows[i].fs && strcmp(rows[i].fs, fs) != 0)
			continue;
		if (rows[i].call &&
		    strcmp(rows[i].call, call ? call : evicting) != 0)
			continue;
		if ((!rows[i].unmapped || unmapped) &&
		    (rows[i].properties >> property & 1))
			return rows[i].fix.commit ? &rows[i].fix : NULL;
	}
	return NULL;
}
