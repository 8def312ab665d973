// SPDX-License-Identifier: LGPL-2.1-or-later
#include "bench.h"

#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "version.h"

#define GOVERNOR "/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor"

static const char *const kinds[] = {
	[DS_REGION_MEMFD] = "memfd",
	[DS_REGION_FILE] = "file",
	[DS_REGION_DEVDAX] = "devdax",
};

static void cut_line(char *text)
{
	text[strcspn(text, "\n")] = '\0';
}

/* What stands behind @key in a file of lines "key : value". */
static bool find_line(const char *path, const char *key, char *ret_text,
		      size_t size)
{
	FILE *file = fopen(path, "r");
	bool found = false;
	char line[512];

	while (file && !found && fgets(line, sizeof(line), file)) {
		char *value = strchr(line, ':');

		if (strncmp(line, key, strlen(key)) != 0 || !value)
			continue;
		value += 1 + strspn(value + 1, " \t");
		cut_line(value);
		snprintf(ret_text, size, "%s", value);
		found = true;
	}
	if (file)
		fclose(file);
	return found;
}

static bool read_line(const char *path, char *ret_text, size_t size)
{
	FILE *file = fopen(path, "r");
	bool found = file && fgets(ret_text, (int)size, file);

	if (file)
		fclose(file);
	if (found)
		cut_line(ret_text);
	return found;
}

/*
 * Adds up member @key, in bytes, of the entries of /proc/self/smaps that show
 * the region; @first: only the first one's.
 */
static double smaps_bytes(const struct ds_region *region, const char *key,
			  bool first)
{
	uintptr_t base = (uintptr_t)region->base, end = base + region->size;
	FILE *file = fopen("/proc/self/smaps", "r");
	unsigned long long from, to, kib;
	bool inside = false;
	double sum = 0;
	char line[512];

	while (file && fgets(line, sizeof(line), file)) {
		if (sscanf(line, "%llx-%llx ", &from, &to) == 2)
			inside = from >= base && to <= end;
		if (!inside || strncmp(line, key, strlen(key)) != 0 ||
		    sscanf(line + strlen(key), ": %llu kB", &kib) != 1)
			continue;
		sum += (double)kib * 1024;
		if (first)
			break;
	}
	if (file)
		fclose(file);
	return sum;
}

double bench_huge_bytes(const struct ds_region *region)
{
	return smaps_bytes(region, "ShmemPmdMapped", false) +
	       smaps_bytes(region, "FilePmdMapped", false);
}

static void describe_backing(struct cli_json *json,
			     const struct ds_region *region,
			     const struct bench_results *results)
{
	json_open(json, "backing", '{');
	json_string(json, "kind", kinds[region->kind]);
	json_string(json, "path", region->path);
	json_number(json, "offset", region->offset);
	json_number(json, "size", region->size);
	json_number(json, "align", region->align);
	json_string(json, "flush", ds_region_flush_name(region));
	json_bool(json, "sync", region->sync);
	json_number(json, "page_size",
		    (uint64_t)smaps_bytes(region, "KernelPageSize", true));
	json_number(json, "mmu_page_size",
		    (uint64_t)smaps_bytes(region, "MMUPageSize", true));
	json_number(json, "huge_bytes", (uint64_t)results->huge_bytes);
	json_close(json, '}');
}

void bench_environment(struct cli_json *json, const struct ds_region *region,
		       const struct bench_results *results)
{
	long n_processors = sysconf(_SC_NPROCESSORS_ONLN);
	struct utsname system;
	char kernel[200] = "", text[256];
	double load = 0;

	if (uname(&system) == 0)
		snprintf(kernel, sizeof(kernel), "%s %s %s", system.sysname,
			 system.release, system.machine);
	json_open(json, "environment", '{');
	json_string(json, "cpu",
		    find_line("/proc/cpuinfo", "model name", text, sizeof(text))
			    ? text
			    : NULL);
	json_number(json, "processors",
		    n_processors > 0 ? (uint64_t)n_processors : 0);
	json_string(json, "kernel", kernel);
	json_string(json, "compiler", DAXSIM_COMPILER);
	json_string(json, "flags", DAXSIM_FLAGS);
	json_string(json, "version", DAXSIM_VERSION);
	json_string(json, "governor",
		    read_line(GOVERNOR, text, sizeof(text)) ? text : NULL);
	if (getloadavg(&load, 1) == 1)
		json_real(json, "load", load);
	describe_backing(json, region, results);
	json_close(json, '}');
}

void bench_print_environment(const struct ds_region *region,
			     const struct bench_results *results)
{
	char cpu[256] = "unknown processor";

	find_line("/proc/cpuinfo", "model name", cpu, sizeof(cpu));
	printf("%s; %s; %s\n", cpu, DAXSIM_COMPILER, DAXSIM_FLAGS);
	printf("%s of %llu MiB, flushed by %s, pages of %llu KiB, %llu MiB in "
	       "huge pages\n\n",
	       region->path, (unsigned long long)region->size >> 20,
	       ds_region_flush_name(region),
	       (unsigned long long)smaps_bytes(region, "MMUPageSize", true) >>
		       10,
	       (unsigned long long)results->huge_bytes >> 20);
}
