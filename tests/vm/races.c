// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Tries on the running kernel what the model calls possible:
 *
 *	races DIR [TRIES]
 *
 * DIR is on ext4 or XFS with DAX. Prints a line for each race, with a tab
 * between its name and what was seen. TRIES is for the races that need luck.
 */
#include "races.h"

#include "kmsg.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#define TRIES 3000

/* A call that may wait for the pin. */
struct call {
	struct actor actor;
	const struct world *world;
	int file; /* to truncate, or -1 to unlink A */
};

struct race {
	const char *name;
	void (*run)(struct world *world);
	bool shares; /* blocks of two files */
	bool leases; /* layouts to a client */
};

static unsigned int n_tries = TRIES;

static void *make_call(void *arg)
{
	struct call *call = arg;
	int r = 0;

	begin(&call->actor);
	if (call->file < 0)
		remove_file(call->world, "A");
	else
		r = ftruncate(call->file, 0);
	end(&call->actor, r < 0);
	return NULL;
}

void judge(struct world *world, int file, uint64_t place)
{
	struct call call = {.world = world, .file = file};
	bool waits;

	start(&call.actor, make_call, &call);
	waits = settles(&call.actor, 'S');
	if (waits)
		snprintf(world->answer, sizeof(world->answer), "waits");
	else if (call.actor.over && call.actor.error == 0)
		tell_not_waited(world, place);
	else
		snprintf(world->answer, sizeof(world->answer), "fails");
	drop_pin(&world->pin);
	pthread_join(call.actor.thread, NULL);
}

static void share(int from, int to)
{
	if (ioctl(to, FICLONE, from) < 0)
		die("FICLONE");
}

static void load(const unsigned char *mem)
{
	(void)*(const volatile unsigned char *)mem;
}

/* --------------------------------- One file ------------------------------- */

static void pin_truncate(struct world *world)
{
	int file = make_file(world, "A", 'A', BLOCK);
	unsigned char *mem = map_file(file, BLOCK);

	take_pin(&world->pin, mem);
	judge(world, file, place_of(file, 0));
	munmap(mem, BLOCK);
	close(file);
}

static void pin_unmap_truncate(struct world *world)
{
	int file = make_file(world, "A", 'A', BLOCK);
	unsigned char *mem = map_file(file, BLOCK);

	take_pin(&world->pin, mem);
	munmap(mem, BLOCK);
	judge(world, file, place_of(file, 0));
	close(file);
}

static void pin_close_unlink(struct world *world)
{
	int file = make_file(world, "A", 'A', BLOCK);
	unsigned char *mem = map_file(file, BLOCK);
	uint64_t place = place_of(file, 0);

	take_pin(&world->pin, mem);
	munmap(mem, BLOCK);
	close(file);
	judge(world, -1, place);
}

static void hole_read(struct world *world)
{
	race_hole(world, false, n_tries);
}

static void hole_write(struct world *world)
{
	race_hole(world, true, n_tries);
}

static void fsync_truncate(struct world *world)
{
	race_fsync(world, n_tries);
}

/* --------------------------------- Two files ------------------------------ */

/* A write copies A's block: the page that is pinned is B's alone. */
static void copy_under_pin(struct world *world, bool writes)
{
	int a = make_file(world, "A", 'A', BLOCK);
	int b = make_file(world, "B", 0, 0);
	unsigned char *mem = map_file(a, BLOCK);
	uint64_t place;

	share(a, b);
	load(mem);
	take_pin(&world->pin, mem);
	if (writes && pwrite(a, "W", 1, 0) != 1)
		die("pwrite");
	place = place_of(b, 0);
	judge(world, b, place);
	munmap(mem, BLOCK);
	close(a);
	close(b);
}

static void shared_truncate(struct world *world)
{
	copy_under_pin(world, false);
}

static void shared_write_truncate(struct world *world)
{
	copy_under_pin(world, true);
}

/* Whether the page cache has an entry of the old block is all that differs. */
static void pin_after_unshare(struct world *world, bool loads)
{
	int a = make_file(world, "A", 'A', BLOCK);
	int b = make_file(world, "B", 0, 0);
	unsigned char *mem = map_file(a, BLOCK);

	share(a, b);
	if (loads)
		load(mem);
	if (fallocate(a, FALLOC_FL_UNSHARE_RANGE, 0, BLOCK) < 0) {
		snprintf(world->answer, sizeof(world->answer),
			 "unshare fails: %s", strerror(errno));
	} else if (place_of(a, 0) == place_of(b, 0)) {
		snprintf(world->answer, sizeof(world->answer),
			 "unshare leaves it shared");
	} else {
		*(volatile unsigned char *)mem = 'S';
		take_pin(&world->pin, mem);
		judge(world, a, place_of(a, 0));
	}
	munmap(mem, BLOCK);
	close(a);
	close(b);
}

static void unshare_pin(struct world *world)
{
	pin_after_unshare(world, false);
}

static void load_unshare_pin(struct world *world)
{
	pin_after_unshare(world, true);
}

/* Two files have the same page: to whom it belongs is all that can be wrong. */
static void load_each(struct world *world)
{
	int a = make_file(world, "A", 'A', BLOCK);
	int b = make_file(world, "B", 0, 0);
	unsigned char *mem[2];

	share(a, b);
	mem[0] = map_file(a, BLOCK);
	mem[1] = map_file(b, BLOCK);
	load(mem[0]);
	load(mem[1]);
	if (ftruncate(a, 0) < 0)
		die("ftruncate");
	snprintf(world->answer, sizeof(world->answer), "%s",
		 was_warned(world->kmsg) ? "warns" : "does not warn");
	munmap(mem[0], BLOCK);
	munmap(mem[1], BLOCK);
	close(a);
	close(b);
}

/* A mapping that was loaded through must lead to what was written since. */
static void load_written(struct world *world)
{
	int a = make_file(world, "A", 'A', BLOCK);
	int b = make_file(world, "B", 0, 0);
	unsigned char *mem = map_file(a, BLOCK);

	share(a, b);
	load(mem);
	if (pwrite(a, "W", 1, 0) != 1)
		die("pwrite");
	snprintf(world->answer, sizeof(world->answer), "%s",
		 *(volatile unsigned char *)mem == 'W' ? "sees what was written"
						       : "sees the old bytes");
	munmap(mem, BLOCK);
	close(a);
	close(b);
}

/* ---------------------------------- Rows ---------------------------------- */

static const struct race races[] = {
	{"pin, truncate", pin_truncate, false, false},
	{"pin, munmap, truncate", pin_unmap_truncate, false, false},
	{"pin, munmap, close, unlink", pin_close_unlink, false, false},
	{"write into a hole beside a pin to read", hole_read, false, false},
	{"write into a hole beside a pin to write", hole_write, false, false},
	{"fsync beside a pin, truncate", fsync_truncate, false, false},
	{"truncate, pin upon pin", wait_pin_by_pin, false, false},
	{"pin, truncate, write, unpin", wait_for_each_other, false, false},
	{"pin in the first of two files, reflink", wait_for_first, true, false},
	{"pin in the second of two files, reflink", wait_for_second, true,
	 false},
	{"shared, load each, truncate one", load_each, true, false},
	{"shared, load, write, load", load_written, true, false},
	{"shared, pin to read, truncate the other", shared_truncate, true,
	 false},
	{"shared, pin to read, write, truncate the other",
	 shared_write_truncate, true, false},
	{"shared, unshare, store, pin, truncate", unshare_pin, true, false},
	{"shared, load, unshare, store, pin, truncate", load_unshare_pin, true,
	 false},
	{"layout, truncate", layout_truncate, false, true},
	{"layout, truncate, signal", layout_signal, false, true},
	{"layout, two appends", layout_appends, false, true},
	{"store, pin, layout and back, truncate", layout_forgets, false, true},
	{"pin, reflink, layout, unpin", layout_reflink, true, true},
};

static bool can_share(const struct world *world)
{
	int a = make_file(world, "A", 'A', BLOCK);
	int b = make_file(world, "B", 0, 0);
	bool can = ioctl(b, FICLONE, a) == 0;

	close(a);
	close(b);
	return can;
}

static void run_race(struct world *world, const struct race *race)
{
	open_pin(&world->pin);
	world->kmsg = open_kmsg();
	race->run(world);
	printf("%s\t%s\n", race->name, world->answer);
	fflush(stdout);
	close(world->kmsg);
	close_pin(&world->pin);
	remove_file(world, "A");
	remove_file(world, "B");
}

int main(int argc, char **argv)
{
	struct world world = {0};
	bool can;
	unsigned int i;

	if (argc < 2 || argc > 3) {
		fputs("usage: races DIR [TRIES]\n", stderr);
		return 2;
	}
	world.dir = argv[1];
	if (argc > 2)
		n_tries = (unsigned int)strtoul(argv[2], NULL, 10);
	make_others(&world);
	can = can_share(&world);
	world.client = connect_client();
	for (i = 0; i < sizeof(races) / sizeof(races[0]); i++)
		if ((can || !races[i].shares) &&
		    (world.client || !races[i].leases))
			run_race(&world, &races[i]);
	return 0;
}
