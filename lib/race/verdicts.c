// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The expected verdicts of the proof table: worked out by hand from kernel
 * sources and the discussion on the mailing list, before the model was asked.
 * If the model says otherwise, one of the two is wrong.
 */
#include <string.h>

#include "race/cells.h"

#define HOLDS    false
#define VIOLATES true

#define NEVER_WAITS                                                            \
	"ext4 before v4.19 frees and moves blocks without looking at pins "    \
	"(cover letter of the 2018 series; 430657b6be89)"
#define GIVES_UP                                                               \
	"v2 and v3 look again only if the wait slept (fixed by "               \
	"b1f382178d15); "                                                      \
	"with one page nothing is left to be missed"
#define GIVES_UP_EARLY                                                         \
	"v2 and v3 look again only if the wait slept: a first page that goes " \
	"idle before it hides the second (fixed by b1f382178d15)"
#define NOT_FOR_INSERT                                                         \
	"v2 and v3 do not wait for insert (thread of 2018-07-02 to 07-09; "    \
	"v4.19 does)"
#define WAITS                                                                  \
	"waits until no page is busy (ext4_break_layouts() after "             \
	"b1f382178d15; xfs_break_dax_layouts(), d6dc57e251a4)"
#define UNMAPPED                                                               \
	"dax_layout_busy_page() returns early when nobody maps the file, in "  \
	"all kernels to v6.14 (fixed in v6.15: return unmapped busy pages)"
#define TAKES_NOTHING                                                          \
	"no block is removed, moved or zeroed, so nothing need wait (Kara "    \
	"and "                                                                 \
	"Wong, 2018-07-09)"

/* Columns in the order of design: the kinds of break. */
enum column {
	NOBREAK,
	V2_V3,
	FIXED, /* ext4-4.19 and xfs-4.19 agree in every row */
	N_COLUMNS,
};

enum pin {
	DIRECT_1,
	DIRECT_2,
	UNMAPPED_PIN,
	N_PINS,
};

struct row {
	const char *op;
	struct ds_verdict verdicts[N_COLUMNS][N_PINS];
};

#define TAKES_BLOCKS                                                           \
	{                                                                      \
		[NOBREAK] = {{VIOLATES, NEVER_WAITS},                          \
			     {VIOLATES, NEVER_WAITS},                          \
			     {VIOLATES, NEVER_WAITS}},                         \
		[V2_V3] = {{HOLDS, GIVES_UP},                                  \
			   {VIOLATES, GIVES_UP_EARLY},                         \
			   {VIOLATES, UNMAPPED}},                              \
		[FIXED] = {                                                    \
			{HOLDS, WAITS}, {HOLDS, WAITS}, {VIOLATES, UNMAPPED}}, \
	}

#define TAKES_NO_BLOCKS                                                        \
	{                                                                      \
		[NOBREAK] = {{HOLDS, TAKES_NOTHING},                           \
			     {HOLDS, TAKES_NOTHING},                           \
			     {HOLDS, TAKES_NOTHING}},                          \
		[V2_V3] = {{HOLDS, TAKES_NOTHING},                             \
			   {HOLDS, TAKES_NOTHING},                             \
			   {HOLDS, TAKES_NOTHING}},                            \
		[FIXED] = {{HOLDS, TAKES_NOTHING},                             \
			   {HOLDS, TAKES_NOTHING},                             \
			   {HOLDS, TAKES_NOTHING}},                            \
	}

static const struct row rows[] = {
	{"truncate-down", TAKES_BLOCKS},
	{"punch", TAKES_BLOCKS},
	{"collapse", TAKES_BLOCKS},
	{"insert",
	 {
		 [NOBREAK] = {{VIOLATES, NEVER_WAITS},
			      {VIOLATES, NEVER_WAITS},
			      {VIOLATES, NEVER_WAITS}},
		 [V2_V3] = {{VIOLATES, NOT_FOR_INSERT},
			    {VIOLATES, NOT_FOR_INSERT},
			    {VIOLATES, NOT_FOR_INSERT}},
		 [FIXED] = {{HOLDS, WAITS},
			    {HOLDS, WAITS},
			    {VIOLATES, UNMAPPED}},
	 }},
	{"zero", TAKES_BLOCKS},
	{"truncate-up", TAKES_NO_BLOCKS},
	{"allocate", TAKES_NO_BLOCKS},
	{"write", TAKES_NO_BLOCKS},
};

static const struct {
	const char *fs;
	enum column column;
} columns[] = {
	{"ext4-4.18", NOBREAK}, {"ext4-v2", V2_V3},  {"ext4-v3", V2_V3},
	{"ext4-4.19", FIXED},   {"xfs-4.19", FIXED},
};

static const char *const pins[] = {"direct-1", "direct-2", "unmapped"};

/*
 * What no operation shows alone: found by the search, then looked up in the
 * sources. xfs_file_dax_read() holds the IOLOCK shared and looks a block up;
 * a write fault holds MMAPLOCK shared, copies the page, maps the copy and frees
 * the old block (xfs_dax_write_iomap_end(), xfs_reflink_end_cow()). Nothing
 * keeps the two apart.
 */
static const struct ds_verdict read_beside_copy = {
	VIOLATES,
	"a fault that copies on write frees the block that a read is copying "
	"from: they share no lock",
};

/*
 * A fault that copies a page for a private mapping looks the block up and
 * copies it under its own lock of the entry, which a write that copies has
 * dropped before (invalidate_inode_pages2_range() in dax_iomap_iter(), v6.15).
 */
static const struct ds_verdict fault_beside_copy = {
	VIOLATES,
	"a write that copies frees the block from which a fault copies for a "
	"private mapping: they share no lock",
};

/* Each on one file system, beside pins of some kinds. */
static const struct {
	const char *op, *fs, *pins[8];
	const struct ds_verdict *verdict;
} exceptions[] = {
	{"read",
	 "xfs-6.15-cow",
	 {"direct-1", "direct-2", "unmapped", "kept", "at-once", "forked",
	  "given-back", "no-wait"},
	 &read_beside_copy},
	{"read-nowait",
	 "xfs-6.15-cow",
	 {"direct-1", "direct-2", "unmapped", "kept", "at-once", "forked",
	  "given-back", "no-wait"},
	 &read_beside_copy},
	{"write", "xfs-6.15-cow", {"private"}, &fault_beside_copy},
};

static bool is_among(const char *const *names, size_t n, const char *name)
{
	size_t i;

	for (i = 0; i < n && names[i]; i++)
		if (strcmp(names[i], name) == 0)
			return true;
	return false;
}

const struct ds_verdict *ds_verdict_found(const char *op, const char *fs,
					  const char *pin)
{
	size_t i;

	for (i = 0; i < sizeof(exceptions) / sizeof(exceptions[0]); i++)
		if (strcmp(exceptions[i].op, op) == 0 &&
		    strcmp(exceptions[i].fs, fs) == 0 &&
		    is_among(exceptions[i].pins, 8, pin))
			return exceptions[i].verdict;
	return NULL;
}

const struct ds_verdict *ds_verdict_expected(const char *op, const char *fs,
					     const char *pin)
{
	size_t row, column, p;

	for (row = 0; row < sizeof(rows) / sizeof(rows[0]); row++)
		for (column = 0; column < sizeof(columns) / sizeof(columns[0]);
		     column++)
			for (p = 0; p < N_PINS; p++)
				if (strcmp(rows[row].op, op) == 0 &&
				    strcmp(columns[column].fs, fs) == 0 &&
				    strcmp(pins[p], pin) == 0)
					return &rows[row].verdicts
							[columns[column].column]
							[p];
	return NULL;
}

#define MISSED                                                                 \
	"by the written rule: it takes a pinned block away without a wait "    \
	"for that pin"
#define SEEN                                                                   \
	"by the written rule: it waits for the pins of what it takes away, "   \
	"or fails, or takes nothing away"
#define REFAULTED                                                              \
	"by the written rule: a pin that faults its page in while it is "      \
	"waited for leaves a reference of the page table, and the wait does "  \
	"not end"
#define NOT_RECALLED                                                           \
	"by the written rule: it takes away a block that a client was lent, "  \
	"and recalls nothing"
#define RECALLED                                                               \
	"by the written rule: it recalls what a client was lent, or takes "    \
	"nothing of it away"
#define COPY_LOST                                                              \
	"by the written rule: it loses private copies, or parts one from its " \
	"pin"
#define NOT_WOKEN "by the written rule: the end of direct I/O wakes nobody"
#define ITS_OWN                                                                \
	"by the written rule: who is the last to use the file waits for its "  \
	"own pin"

const struct ds_verdict *ds_verdict_predicted(const struct ds_spec_op *op,
					      const struct ds_spec *spec,
					      const struct ds_cell_pin *pin)
{
	static const struct ds_verdict missed = {VIOLATES, MISSED};
	static const struct ds_verdict refaulted = {VIOLATES, REFAULTED};
	static const struct ds_verdict not_woken = {VIOLATES, NOT_WOKEN};
	static const struct ds_verdict its_own = {VIOLATES, ITS_OWN};
	static const struct ds_verdict copy_lost = {VIOLATES, COPY_LOST};
	static const struct ds_verdict seen = {HOLDS, SEEN};
	static const struct ds_verdict not_recalled = {VIOLATES, NOT_RECALLED};
	static const struct ds_verdict recalled = {HOLDS, RECALLED};
	uint32_t taken = spec->takes & pin->pages;
	uint32_t waited = spec->waits_for & pin->pages;
	uint32_t seen_by = waited | (spec->refuses & pin->pages);
	bool several = pin->pages & (pin->pages - 1);

	if (pin->copy)
		return spec->keeps_copies ? &seen : &copy_lost;
	if (pin->layout)
		return taken && !spec->recalls ? &not_recalled : &recalled;
	if ((taken & ~seen_by) ||
	    (taken && pin->unmap && !spec->waits_unmapped) ||
	    (taken && several && waited && !spec->looks_again))
		return &missed;
	if (waited && op->nobody_maps)
		return &its_own;
	if (waited && !pin->unmap &&
	    (!spec->ends_refaulted[!pin->out] ||
	     (pin->loads && !spec->ends_refaulted[0])))
		return &refaulted;
	if (waited && pin->bio && !spec->ends_with_bio)
		return &not_woken;
	return &seen;
}
