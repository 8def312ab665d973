// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The smallest whole use of the library, in the words that C and C++ share: a
 * punch beside a direct read into the punched page.
 */
#include <daxsim.h>

#include <fcntl.h>
#include <linux/falloc.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

static const size_t page = 4096;

struct story {
	struct daxsim_file *file;
	uint64_t addr;
};

static void direct_read(struct daxsim *sim, void *arg)
{
	struct story *story = (struct story *)arg;
	char bytes[4096];

	memset(bytes, 'x', sizeof(bytes));
	daxsim_direct_read(sim, story->addr, bytes, sizeof(bytes));
}

static void punch(struct daxsim *sim, void *arg)
{
	struct story *story = (struct story *)arg;

	(void)sim;
	daxsim_fallocate(story->file,
			 FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0,
			 (int64_t)page);
}

/* Return: findings of a complete search, or -1. */
static int explore(const char *fs)
{
	struct daxsim_options options;
	struct daxsim_report *report;
	struct daxsim *sim;
	struct story *story;
	char why[256] = "";
	int findings = -1;

	memset(&options, 0, sizeof(options));
	options.struct_size = sizeof(options);
	options.fs = fs;
	options.small = true;
	options.victim = true;
	if (daxsim_new(&options, &sim, why, sizeof(why))) {
		fprintf(stderr, "%s: %s\n", fs, why);
		return -1;
	}
	story = (struct story *)daxsim_alloc(sim, sizeof(*story));
	if (daxsim_open(sim, "file", O_RDWR | O_CREAT, &story->file) ||
	    daxsim_ftruncate(story->file, (int64_t)page) ||
	    daxsim_mmap(story->file, page, PROT_READ | PROT_WRITE, MAP_SHARED,
			0, &story->addr) ||
	    daxsim_store(sim, story->addr, "hello", 5) != 5)
		goto out;
	if (daxsim_spawn(sim, "direct", direct_read, story) < 0 ||
	    daxsim_spawn(sim, "punch", punch, story) < 0 ||
	    daxsim_explore(sim, NULL, &report))
		goto out;
	if (strcmp(daxsim_report_search(report), "COMPLETE") == 0)
		findings = (int)daxsim_report_findings(report);
	daxsim_report_free(report);
out:
	daxsim_free(sim);
	return findings;
}

int main(void)
{
	int before = explore("ext4-4.18");
	int after = explore("ext4-4.19");

	printf("daxsim %s: %d properties break in ext4-4.18, %d in 4.19\n",
	       daxsim_version(), before, after);
	return before > 0 && after == 0 ? 0 : 1;
}
