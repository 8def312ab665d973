// SPDX-License-Identifier: LGPL-2.1-or-later
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "cli.h"
#include "pmem/device.h"

static const char verb[] = "devices";

static const char help[] =
	"usage: daxsim devices [--json]\n"
	"\n"
	"Lists the DAX devices of this machine, whether each can be used for\n"
	"a region, and if not why. Devices are read, never written.\n"
	"\n"
	"  --json          one JSON document\n"
	"  --sysroot=DIR   look in DIR/sys, DIR/proc and DIR/dev\n"
	"  --help          this text\n"
	"\n"
	"A process that this user may not look at could still map a device:\n"
	"as root all are seen.\n";

struct options {
	bool json;
	const char *sysroot; /* NULL: this machine */
};

struct list {
	struct ds_device *devices;
	unsigned int n_devices;
};

/* JSON. */

/* "" is null. */
static void json_text(struct cli_json *json, const char *key, const char *text)
{
	json_string(json, key, *text ? text : NULL);
}

/* -1 is null. */
static void json_node(struct cli_json *json, const char *key, int node)
{
	if (node < 0)
		json_string(json, key, NULL);
	else
		json_number(json, key, (uint64_t)node);
}

static void json_device(struct cli_json *json, const struct ds_device *device)
{
	json_open(json, NULL, '{');
	json_string(json, "path", device->path);
	json_number(json, "size", device->size);
	json_number(json, "align", device->align);
	json_bool(json, "usable", device->usable);
	json_text(json, "reason", device->usable ? "" : device->reason);
	json_text(json, "driver", device->driver);
	json_text(json, "signature", device->signature);
	json_node(json, "target_node", device->target_node);
	json_node(json, "numa_node", device->numa_node);
	json_number(json, "resource", device->resource);
	json_string(json, "sysfs", device->dir);
	json_number(json, "processes_not_seen", device->n_hidden);
	json_close(json, '}');
}

static void print_json(const struct list *list)
{
	struct cli_json json;

	json_begin(&json, stdout);
	json_number(&json, "schema_version", 1);
	json_string(&json, "verb", "devices");
	json_open(&json, "devices", '[');
	for (unsigned int i = 0; i < list->n_devices; i++)
		json_device(&json, &list->devices[i]);
	json_close(&json, ']');
	json_end(&json);
}

/* Text. */

/* As sizes are typed: the largest unit that divides it. */
static void format_size(uint64_t bytes, char *buf, size_t size)
{
	static const char units[] = "\0KMGT";
	unsigned int unit = 0;

	while (bytes && bytes % 1024 == 0 && unit < 4) {
		bytes /= 1024;
		unit++;
	}
	snprintf(buf, size, "%" PRIu64 "%.1s", bytes, &units[unit]);
}

static void print_text(const struct list *list)
{
	unsigned int n_hidden = 0;
	int path_width = 4;

	if (!list->n_devices) {
		puts("no DAX devices");
		return;
	}
	for (unsigned int i = 0; i < list->n_devices; i++) {
		int width = (int)strlen(list->devices[i].path);

		if (width > path_width)
			path_width = width;
	}

	printf("%-*s  %8s  %6s  %4s  %-10s  %s\n", path_width, "PATH", "SIZE",
	       "ALIGN", "NODE", "DRIVER", "USABLE");
	for (unsigned int i = 0; i < list->n_devices; i++) {
		const struct ds_device *device = &list->devices[i];
		char size[32], align[32], node[16] = "-";

		format_size(device->size, size, sizeof(size));
		format_size(device->align, align, sizeof(align));
		if (device->target_node >= 0)
			snprintf(node, sizeof(node), "%d", device->target_node);
		printf("%-*s  %8s  %6s  %4s  %-10s  %s%s\n", path_width,
		       device->path, size, align, node,
		       device->driver[0] ? device->driver : "-",
		       device->usable ? "yes" : "no: ",
		       device->usable ? "" : device->reason);
		if (device->n_hidden > n_hidden)
			n_hidden = device->n_hidden;
	}
	if (n_hidden)
		printf("%u processes could not be looked at (not root): they "
		       "may map a device\n",
		       n_hidden);
}

static void print_help(void)
{
	fputs(help, stdout);
}

/* Return: whether option @c is well. */
static bool take_option(void *arg, int c)
{
	struct options *options = arg;
	struct stat status;

	errno = 0;
	if (c == 'j') {
		options->json = true;
		return true;
	}
	options->sysroot = optarg;
	if (strlen(optarg) > PATH_MAX - 8)
		errno = ENAMETOOLONG;
	else if (stat(optarg, &status) == 0 && S_ISDIR(status.st_mode))
		return true;
	else if (!errno)
		errno = ENOTDIR;
	cli_error(verb, "--sysroot: '%s': %s", optarg, strerror(errno));
	return false;
}

/* Return: -1 to go on, or the exit code. */
static int parse(int argc, char **argv, struct options *options)
{
	static const struct option longs[] = {
		{"json", no_argument, NULL, 'j'},
		{"sysroot", required_argument, NULL, 'r'},
		{"help", no_argument, NULL, 'h'},
		{0},
	};
	int code = cli_options(verb, argc, argv, longs, print_help, take_option,
			       options);

	if (code < 0 && optind < argc) {
		cli_error(verb, "unexpected argument '%s'", argv[optind]);
		return EXIT_USAGE;
	}
	return code;
}

/* Return: 0 or -errno; the caller frees the devices. */
static int list_devices(const struct ds_device_roots *roots, struct list *list)
{
	unsigned int room = 16;

	for (;;) {
		int n;

		free(list->devices);
		list->devices = calloc(room, sizeof(*list->devices));
		if (!list->devices)
			return -ENOMEM;
		n = ds_device_list(roots, list->devices, room);
		if (n < 0)
			return n;
		if ((unsigned int)n <= room) {
			list->n_devices = (unsigned int)n;
			return 0;
		}
		room = (unsigned int)n + 16;
	}
}

int daxsim_verb_devices(int argc, char **argv)
{
	struct ds_device_roots roots = {.sysfs = NULL};
	char sysfs[PATH_MAX], procfs[PATH_MAX], dev[PATH_MAX];
	struct options options = {.json = false};
	struct list list = {.devices = NULL};
	int r;

	r = parse(argc, argv, &options);
	if (r >= 0)
		return r;
	if (options.sysroot) {
		snprintf(sysfs, sizeof(sysfs), "%s/sys", options.sysroot);
		snprintf(procfs, sizeof(procfs), "%s/proc", options.sysroot);
		snprintf(dev, sizeof(dev), "%s/dev", options.sysroot);
		roots = (struct ds_device_roots){sysfs, procfs, dev};
	}

	r = list_devices(&roots, &list);
	if (r < 0)
		cli_error(verb, "cannot list devices: %s", strerror(-r));
	else if (options.json)
		print_json(&list);
	else
		print_text(&list);
	free(list.devices);
	return r < 0 ? EXIT_INTERNAL : 0;
}
