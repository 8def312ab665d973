// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * How calls fail, of every profile: a signal before each of their steps beside
 * a pin, and no space left. Each search is of all states. What a call may leave
 * behind is what CLEAN_FAILURE knows of its kernel; here is told which errors
 * it can return at all.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "fs/profiles.h"
#include "race/program.h"
#include "race/search.h"

#define MAX_STEPS 10000

/* Results seen of one call. */
#define DONE          1u
#define INTERRUPTED   2u
#define FULL          4u
#define NOT_SUPPORTED 8u
#define INVALID       16u
#define OTHER         32u

/* Of which profiles a row speaks: families of kernels that fail alike. */
#define EXT4_NEVER 1u  /* waits for nothing: to v4.18 */
#define EXT4_V2    2u  /* the patches, whose insert does not wait */
#define EXT4       4u  /* v4.19 and later */
#define XFS        8u  /* before files on DAX shared blocks */
#define XFS_SHARES 16u /* v6.0 and later */
#define XFS_COPIES 32u /* each write a copy */
#define ANY_EXT4   (EXT4_NEVER | EXT4_V2 | EXT4)
#define SHARES     (XFS_SHARES | XFS_COPIES)
#define ANY_XFS    (XFS | SHARES)
#define FUSE       64u  /* virtiofs: truncate, punch, zero, allocate */
#define GENERIC    128u /* what the helpers of v6.15 do by themselves */
#define NO_WAIT    256u /* the same, asked not to wait */
#define ELSE       (FUSE | GENERIC | NO_WAIT)
#define ANY        (ANY_EXT4 | ANY_XFS | ELSE)

struct row {
	const char *call;
	unsigned int kinds;   /* of profiles */
	unsigned int results; /* all that can be seen, no more and no less */
};

struct seen {
	unsigned int results;
};

static unsigned int kind_of(const struct ds_fs_profile *profile)
{
	/* Over the ordinary page cache nothing waits for pins either. */
	if (strcmp(profile->name, "ext4-4.18") == 0 || profile->page_cache)
		return EXT4_NEVER;
	if (strncmp(profile->name, "ext4-v", 6) == 0)
		return EXT4_V2;
	if (strncmp(profile->name, "virtiofs", 8) == 0)
		return FUSE;
	if (strcmp(profile->name, "generic-6.15-nowait") == 0)
		return NO_WAIT;
	if (strncmp(profile->name, "generic", 7) == 0)
		return GENERIC;
	if (strcmp(profile->ops->family, "ext4") == 0)
		return EXT4;
	if (profile->always_copies)
		return XFS_COPIES;
	return profile->shares_dax ? XFS_SHARES : XFS;
}

static unsigned int bit_of(int64_t result)
{
	if (result >= 0)
		return DONE;
	switch (result) {
	case -EINTR:
		return INTERRUPTED;
	case -ENOSPC:
		return FULL;
	case -EOPNOTSUPP:
		return NOT_SUPPORTED;
	case -EINVAL:
		return INVALID;
	default:
		return OTHER;
	}
}

/* The first task makes the call. */
static void look(void *arg, const struct ds_event *event)
{
	struct seen *seen = arg;

	if (event->kind == DS_EV_CALL_LEFT && event->task == 0)
		seen->results |= bit_of(event->value);
}

static void print_results(const char *what, unsigned int results)
{
	static const char *const names[] = {
		"done", "EINTR", "ENOSPC", "EOPNOTSUPP", "EINVAL", "other",
	};
	size_t i;

	printf(" %s", what);
	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (results >> i & 1)
			printf(" %s", names[i]);
}

/* What is told of who did not wait is the business of other tests. */
static uint32_t judged(void)
{
	return UINT32_C(1) << DS_CLEAN_FAILURE |
	       UINT32_C(1) << DS_LOCKS_BALANCED |
	       UINT32_C(1) << DS_NO_DEADLOCK |
	       UINT32_C(1) << DS_NO_LOST_WAKEUP |
	       UINT32_C(1) << DS_NO_STARVATION;
}

static int search(struct ds_program *program, struct seen *seen,
		  struct ds_search_result *result)
{
	const struct ds_search_options how = {
		.kind = DS_SEARCH_STATES,
		.max_steps = MAX_STEPS,
	};
	struct ds_world *world = ds_program_world(program);
	int r;

	ds_events_observe(&world->events, look, seen);
	r = ds_search_run(world, &how, result);
	ds_events_unobserve(&world->events, look, seen);
	return r;
}

/* Return: whether it could be searched. */
static bool play(const char *text, const struct ds_fs_profile *profile,
		 struct seen *seen, struct ds_search_result *result)
{
	struct ds_region_options memfd = {.size = 4 << 20};
	struct ds_program_options options = {
		.profile = profile,
		.checked = true,
	};
	struct ds_scenario scenario;
	struct ds_program *program;
	char why[512];
	int r;

	r = ds_scenario_parse("failures", text, &scenario, why, sizeof(why));
	if (r == 0)
		r = ds_region_open(&memfd, &options.region, why, sizeof(why));
	if (r < 0) {
		printf("%s\n", why);
		return false;
	}
	r = ds_program_new(&scenario, &options, &program, why, sizeof(why));
	if (r == 0) {
		r = search(program, seen, result);
		snprintf(why, sizeof(why), "the search failed: %d", r);
		ds_program_free(program);
	}
	ds_region_close(options.region);
	if (r < 0)
		printf("%s\n", why);
	return r == 0;
}

/* Return: whether the call fails as @row says. */
static bool try(const char *format, const struct row *row,
		const struct ds_fs_profile *profile)
{
	struct ds_search_result result;
	struct seen seen = {0};
	char text[1024];
	uint32_t broken;
	bool well;

	snprintf(text, sizeof(text), format, row->call);
	if (!play(text, profile, &seen, &result))
		return false;
	broken = result.broken & judged();
	well = result.end == DS_END_COMPLETE && !broken &&
	       seen.results == row->results;
	printf("%s%s, %s: %" PRIu64 " states,", well ? "" : "NOT ", row->call,
	       profile->name, result.states);
	print_results("", seen.results);
	if (seen.results != row->results)
		print_results("instead of", row->results);
	if (broken)
		printf(" and breaks %#" PRIx32, broken);
	printf("%s\n", result.end == DS_END_COMPLETE ? "" : ", not COMPLETE");
	ds_search_result_free(&result);
	return well;
}

/* Each profile has to be spoken of once, and no more. */
static unsigned int try_all(const char *format, const struct row *rows,
			    size_t n_rows)
{
	const struct ds_fs_profile *profile;
	unsigned int i, bad = 0;
	size_t j;

	for (i = 0; (profile = ds_profile_at(i)); i++)
		for (j = 0; j < n_rows; j++)
			if (rows[j].kinds & kind_of(profile))
				bad += !try(format, &rows[j], profile);
	return bad;
}

/* The file's first two pages are pinned. A signal comes at any time. */
static const char signalled[] = "file A 16K hole 8K+4K\n"
				"file B 16K\n"
				"task call\n%s\n"
				"task direct\n"
				"before map A 0+8K\n"
				"before touch A 0+8K\n"
				"before pin A 0+8K\n"
				"unpin\n"
				"task user\nsignal call\n";

#define WAITS   (DONE | INTERRUPTED)
#define REFUSES (DONE | OTHER) /* ERESTARTSYS */

static const struct row signal_rows[] = {
	{"truncate A 4K", EXT4_NEVER, DONE},
	{"truncate A 4K", ANY & ~(EXT4_NEVER | NO_WAIT), WAITS},
	{"truncate A 4K", NO_WAIT, REFUSES},
	{"truncate A 16K", EXT4_NEVER, DONE},
	{"truncate A 16K", ANY & ~(EXT4_NEVER | NO_WAIT), WAITS},
	{"truncate A 16K", NO_WAIT, REFUSES},
	{"truncate A 20K", EXT4_NEVER, DONE},
	{"truncate A 20K", ANY & ~(EXT4_NEVER | NO_WAIT), WAITS},
	{"truncate A 20K", NO_WAIT, REFUSES},
	{"open-truncate A", EXT4_NEVER, DONE},
	{"open-truncate A", ANY & ~(EXT4_NEVER | NO_WAIT), WAITS},
	{"open-truncate A", NO_WAIT, REFUSES},
	{"punch A 4K+4K", EXT4_NEVER, DONE},
	{"punch A 4K+4K", ANY & ~(EXT4_NEVER | NO_WAIT), WAITS},
	{"punch A 4K+4K", NO_WAIT, REFUSES},
	{"zero A 2K+8K", EXT4_NEVER, DONE},
	{"zero A 2K+8K", ANY & ~(EXT4_NEVER | NO_WAIT), WAITS},
	{"zero A 2K+8K", NO_WAIT, REFUSES},
	{"collapse A 4K+4K", EXT4_NEVER, DONE},
	{"collapse A 4K+4K", ANY & ~(EXT4_NEVER | FUSE | NO_WAIT), WAITS},
	{"collapse A 4K+4K", FUSE, NOT_SUPPORTED},
	{"collapse A 4K+4K", NO_WAIT, REFUSES},
	{"insert A 4K+4K", EXT4_NEVER | EXT4_V2, DONE},
	{"insert A 4K+4K", EXT4 | ANY_XFS | GENERIC, WAITS},
	{"insert A 4K+4K", FUSE, NOT_SUPPORTED},
	{"insert A 4K+4K", NO_WAIT, REFUSES},
	{"allocate A 4K+8K", ANY_EXT4 | GENERIC | NO_WAIT, DONE},
	{"allocate A 4K+8K", XFS | XFS_SHARES | FUSE, WAITS},
	{"allocate A 4K+8K", XFS_COPIES, NOT_SUPPORTED | INTERRUPTED},
	{"unshare A 4K+8K", ANY_EXT4 | ELSE, NOT_SUPPORTED},
	{"unshare A 4K+8K", ANY_XFS, WAITS},
	{"write A 4K+8K", ANY, DONE},
	{"append A 4K", ANY, DONE},
	{"fsync A", ANY, DONE},
	{"read A 4K+8K", ANY, DONE},
	{"reflink A 0+8K B 0", SHARES, WAITS},
};

/* Nobody is in the way, but no block is left, or one. */
static const char full[] = "space 0\n"
			   "file A 16K hole 8K+4K\n"
			   "file B 16K\n"
			   "task call\n%s\n"
			   "task other\nread B 0+4K\n";
static const char almost_full[] = "space 1\n"
				  "file A 16K hole 8K+8K\n"
				  "file B 16K\n"
				  "task call\n%s\n"
				  "task other\nread B 0+4K\n";

static const struct row full_rows[] = {
	{"truncate A 4K", ANY, DONE},
	{"truncate A 20K", ANY, DONE},
	{"open-truncate A", ANY, DONE},
	{"punch A 4K+4K", ANY, DONE},
	{"punch A 2K+8K", ANY & ~XFS_COPIES, DONE},
	{"collapse A 4K+4K", ANY & ~FUSE, DONE},
	{"insert A 4K+4K", ANY & ~FUSE, DONE},
	{"zero A 4K+4K", ANY_EXT4 | XFS_COPIES | ELSE, DONE},
	{"zero A 4K+4K", XFS | XFS_SHARES, FULL},
	{"zero A 4K+8K", ANY & ~XFS_COPIES, FULL},
	{"zero A 2K+8K", ANY & ~XFS_COPIES, FULL},
	{"allocate A 4K+8K", ANY & ~XFS_COPIES, FULL},
	/* XFS reserves before it sees that it needs none. */
	{"allocate A 0+8K", ANY & ~(XFS | XFS_SHARES | XFS_COPIES), DONE},
	{"allocate A 0+8K", XFS | XFS_SHARES, FULL},
	{"write A 8K+4K", ANY, FULL},
	{"write A 0+4K", ANY & ~XFS_COPIES, DONE},
	{"append A 4K", ANY, FULL},
	{"reflink A 0+8K B 0", SHARES, DONE},
};

static const struct row almost_full_rows[] = {
	{"zero A 4K+12K", ANY & ~XFS_COPIES, FULL},
	{"allocate A 8K+8K", ANY & ~XFS_COPIES, FULL},
	{"allocate A 12K+8K keep", ANY & ~XFS_COPIES, FULL},
	{"write A 8K+8K", ANY & ~ANY_XFS, DONE},
	{"write A 8K+8K", ANY_XFS, FULL},
	{"append A 8K", ANY & ~ANY_XFS, DONE},
	{"append A 8K", ANY_XFS, FULL},
};

int main(void)
{
	unsigned int bad = 0;

	bad += try_all(signalled, signal_rows,
		       sizeof(signal_rows) / sizeof(signal_rows[0]));
	bad += try_all(full, full_rows,
		       sizeof(full_rows) / sizeof(full_rows[0]));
	bad += try_all(almost_full, almost_full_rows,
		       sizeof(almost_full_rows) / sizeof(almost_full_rows[0]));
	printf("%u not as told\n", bad);
	return bad ? 1 : 0;
}
