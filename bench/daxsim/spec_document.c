// SPDX-License-Identifier: LGPL-2.1-or-later
#include "spec_document.h"

#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "fs/profiles.h"
#include "race/spec.h"

enum { OPS_MAX = 64 };

/* All that is said of one profile. */
struct chapter {
	const struct ds_fs_profile *profile;
	struct ds_spec specs[OPS_MAX];
};

static const char words[] =
	"# What the operations do about pins\n"
	"\n"
	"Printed by `daxsim spec --document`; a test compares. Nothing here is "
	"written down\n"
	"anywhere else: each word was found out by running the operation in "
	"the model, alone,\n"
	"beside a pin that is never released, with a signal, beside a fault, "
	"and once without\n"
	"each rule of the protocol, and, where it must not wait, beside who "
	"holds a lock. The\n"
	"file has 8 pages; page 6 is a hole.\n"
	"\n"
	"## Words\n"
	"\n"
	"* **mapped**: a page-table entry leads to the page. Unmapping takes "
	"it away; the next\n"
	"  access faults.\n"
	"* **pinned**: somebody holds a reference to the page that a pin call "
	"returned and that\n"
	"  was not released: a device may read or write its bytes, mapped or "
	"not.\n"
	"* **busy**: the page has more references than one that nobody uses: "
	"to v6.14 more than\n"
	"  one; from v6.15 on more than its page-table entries hold. Every "
	"pinned page is busy. A\n"
	"  page is also busy while a lockless pin has its reference and may "
	"still back out.\n"
	"* **idle**: not referenced at all but by the device's driver: one "
	"reference to v6.14,\n"
	"  none from v6.15 on. What a break waits for.\n"
	"* **change of the extent map**: blocks are added to a file, removed "
	"from it, moved to\n"
	"  another offset, replaced by others, or become written or "
	"unwritten.\n"
	"* **layout holder**: who accesses blocks directly by a map of offsets "
	"to blocks that it\n"
	"  got earlier: a pNFS client with a layout, or, as it was argued in "
	"2018, a device\n"
	"  that has pages pinned.\n"
	"* **break**: making a file free of layout holders before its extent "
	"map changes.\n"
	"* **BREAK_WRITE** (WRITE): layouts are recalled, and the operation "
	"waits for their\n"
	"  return. It does not look at pages. Meant for changes that collide "
	"with a holder's\n"
	"  writes.\n"
	"* **BREAK_UNMAP** (UNMAP): the file is unmapped and the operation "
	"waits until no page\n"
	"  is busy; where there are leases, they are recalled too. Meant for "
	"changes that make a\n"
	"  holder's map untrue.\n"
	"* **commit**: the journal gets all of the file's map and size; a "
	"store through MAP_SYNC\n"
	"  reaches its page only behind that.\n"
	"* **where held**: what a call with RWF_NOWAIT does while somebody "
	"else has that lock\n"
	"  exclusively, or a client a layout of the file.\n"
	"* **private copies**: what becomes of a copy that a private mapping "
	"has of page 2, and\n"
	"  that a device has pinned; nothing where nothing is said.\n"
	"* **final**: the same wait when the last user of the file has gone, "
	"for as long as it\n"
	"  takes.\n"
	"\n"
	"Locks, in the order in which they are taken: inode (`i_rwsem`, "
	"IOLOCK), fault\n"
	"(`i_mmap_sem`, MMAPLOCK, `invalidate_lock`), journal (a transaction), "
	"extents\n"
	"(`i_data_sem`, ILOCK); w is exclusively, r shared.\n";

static int read_chapter(const char *verb, const struct ds_fs_profile *profile,
			struct ds_region *region, struct chapter *ret)
{
	char why[200];
	unsigned int i;

	ret->profile = profile;
	for (i = 0; ds_spec_op_at(i); i++) {
		if (ds_spec_find(ds_spec_op_at(i), profile, region,
				 &ret->specs[i], why, sizeof(why)) == 0)
			continue;
		cli_error(verb, "%s on %s: %s", ds_spec_op_at(i)->name,
			  profile->name, why);
		return EXIT_INTERNAL;
	}
	return EXIT_AS_ASKED;
}

static const char *text_of(const struct ds_spec *spec, enum ds_spec_field field)
{
	return spec->text[field][0] ? spec->text[field] : "-";
}

/* Whether @spec says anything in @columns but that nothing is done. */
static bool says_much(const struct ds_spec *spec,
		      const enum ds_spec_field *columns, unsigned int n)
{
	unsigned int k;

	if (columns[0] == DS_SPEC_BREAKS)
		return strcmp(spec->text[DS_SPEC_BREAKS], "none") != 0;
	for (k = 0; k < n; k++)
		if (spec->text[columns[k]][0])
			return true;
	return false;
}

static void print_table(const struct chapter *chapter,
			const enum ds_spec_field *columns, unsigned int n)
{
	unsigned int i, k;

	printf("\n| operation |");
	for (k = 0; k < n; k++)
		printf(" %s |", ds_spec_field_name(columns[k]));
	printf("\n|---|");
	for (k = 0; k < n; k++)
		printf("---|");
	printf("\n");
	for (i = 0; ds_spec_op_at(i); i++) {
		if (!says_much(&chapter->specs[i], columns, n))
			continue;
		printf("| %s |", ds_spec_op_at(i)->name);
		for (k = 0; k < n; k++)
			printf(" %s |",
			       text_of(&chapter->specs[i], columns[k]));
		printf("\n");
	}
}

static bool says_any(const struct chapter *chapter, enum ds_spec_field field)
{
	unsigned int i;

	for (i = 0; ds_spec_op_at(i); i++)
		if (chapter->specs[i].text[field][0])
			return true;
	return false;
}

static void print_in_full(const struct chapter *chapter)
{
	static const enum ds_spec_field wait[] = {
		DS_SPEC_BREAKS, DS_SPEC_WAITS_FOR, DS_SPEC_LOOKS_AGAIN,
		DS_SPEC_LEASES, DS_SPEC_UNMAPPED,  DS_SPEC_LOOKS_WITH,
		DS_SPEC_SLEEPS, DS_SPEC_FAULTS,    DS_SPEC_REFAULT,
		DS_SPEC_BIO,    DS_SPEC_SIGNAL,
	};
	static const enum ds_spec_field steps[] = {
		DS_SPEC_RETURNS, DS_SPEC_ORDER, DS_SPEC_MAP_WITH,
		DS_SPEC_COPIES,  DS_SPEC_CITES,
	};
	static const enum ds_spec_field held[] = {DS_SPEC_NOWAIT};

	printf("\nOperations that are not in this table wait for nobody.\n");
	print_table(chapter, wait, sizeof(wait) / sizeof(wait[0]));
	print_table(chapter, steps, sizeof(steps) / sizeof(steps[0]));
	if (says_any(chapter, DS_SPEC_NOWAIT))
		print_table(chapter, held, 1);
}

/* A chapter of its own is shorter than so many differences. */
#define MANY 60

static unsigned int count_differences(const struct chapter *a,
				      const struct chapter *b)
{
	unsigned int i, k, n = 0;

	for (i = 0; ds_spec_op_at(i); i++)
		for (k = 0; k < DS_SPEC_N_FIELDS; k++)
			n += strcmp(a->specs[i].text[k], b->specs[i].text[k]) !=
			     0;
	return n;
}

static void print_differences(const struct chapter *chapter,
			      const struct chapter *before)
{
	unsigned int i, k;

	printf("\nAs %s, but:\n\n| operation | what | was | is "
	       "|\n|---|---|---|---|\n",
	       before->profile->name);
	for (i = 0; ds_spec_op_at(i); i++)
		for (k = 0; k < DS_SPEC_N_FIELDS; k++) {
			enum ds_spec_field field = (enum ds_spec_field)k;
			const char *now = text_of(&chapter->specs[i], field);
			const char *was = text_of(&before->specs[i], field);

			if (strcmp(now, was) != 0)
				printf("| %s | %s | %s | %s |\n",
				       ds_spec_op_at(i)->name,
				       ds_spec_field_name(field), was, now);
		}
}

/* @before: the kernel before it, or NULL. */
static void print_chapter(const struct chapter *chapter,
			  const struct chapter *before)
{
	unsigned int n = before ? count_differences(chapter, before) : MANY;

	if (n >= MANY)
		print_in_full(chapter);
	else if (n > 0)
		print_differences(chapter, before);
	else
		printf("\nAs %s in all that an operation alone shows.\n",
		       before->profile->name);
}

/* Whether both are kernels of one file system: "ext4-4.18", "ext4-6.1". */
static bool are_kin(const struct ds_fs_profile *a,
		    const struct ds_fs_profile *b)
{
	size_t n = strcspn(a->name, "-");

	return n == strcspn(b->name, "-") && strncmp(a->name, b->name, n) == 0;
}

int spec_document(const char *verb, struct ds_region *region)
{
	struct chapter *chapters = calloc(2, sizeof(*chapters));
	const struct ds_fs_profile *profile, *first;
	unsigned int i, k, n;
	int code = chapters ? EXIT_AS_ASKED : EXIT_INTERNAL;

	if (chapters)
		fputs(words, stdout);
	for (i = 0; code == EXIT_AS_ASKED && (first = ds_profile_at(i)); i++) {
		/* The families in the order of their first members. */
		for (k = 0; k < i && !are_kin(ds_profile_at(k), first); k++)
			;
		if (k < i)
			continue;
		for (k = i, n = 0; (profile = ds_profile_at(k)); k++) {
			if (!are_kin(profile, first))
				continue;
			printf("\n## %s\n\n%s.\n", profile->name,
			       profile->models);
			code = read_chapter(verb, profile, region,
					    &chapters[n % 2]);
			if (code != EXIT_AS_ASKED)
				break;
			print_chapter(&chapters[n % 2],
				      n ? &chapters[(n + 1) % 2] : NULL);
			n++;
		}
	}
	free(chapters);
	return code;
}
