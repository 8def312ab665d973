// SPDX-License-Identifier: LGPL-2.1-or-later
/* Does a punch wait while a device still reads into the punched pages? */
#include <daxsim.h>
#include <fcntl.h>
#include <linux/falloc.h>
#include <sys/mman.h>

static void direct_read(struct daxsim *sim, void *addr)
{
	daxsim_direct_read(sim, *(uint64_t *)addr, (char[8192]){"data"}, 8192);
}

static void punch(struct daxsim *sim, void *file)
{
	int mode = FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE;
	daxsim_expect(sim, !daxsim_fallocate(file, mode, 0, 8192), "success");
}

int main(int argc, char **argv)
{
	struct daxsim_options options = {sizeof(options), argv[1], .small = 1};
	struct daxsim_report *report;
	struct daxsim_file *file;
	unsigned int races;
	struct daxsim *sim;
	uint64_t addr;

	if (argc != 2 || daxsim_new(&options, &sim, NULL, 0) ||
	    daxsim_open(sim, "file", O_CREAT | O_RDWR, &file) ||
	    daxsim_ftruncate(file, 8192) ||
	    daxsim_mmap(file, 8192, PROT_WRITE, MAP_SHARED, 0, &addr) ||
	    daxsim_spawn(sim, "direct", direct_read, &addr) < 0 ||
	    daxsim_spawn(sim, "punch", punch, file) < 0 ||
	    daxsim_explore(sim, NULL, &report))
		return 2;
	races = daxsim_report_findings(report);
	daxsim_report_free(report);
	daxsim_free(sim);
	return races > 0;
}
