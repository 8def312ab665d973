// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * A write allocates a block in a hole and then drops what the page cache has
 * there, if it is clean. A fault for a pin that comes in between puts the new
 * block in; the entry goes, the pin stays. Both threads begin together, one of
 * them a bit later each time.
 */
#include "races.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <unistd.h>

#define N_PAGES  4096
#define N_DELAYS 64
#define STEP     60     /* turns of an empty loop */
#define ENOUGH   100000 /* microseconds: who sleeps that long waits */

struct hole {
	struct world *world;
	unsigned char *mem;
	bool dirty;
	unsigned int tries;
	_Atomic unsigned int begun, done; /* tries, counted from 1 on */
	_Atomic size_t offset;
};

static void *pin_each(void *arg)
{
	struct hole *hole = arg;
	volatile unsigned int turn;
	unsigned int i;

	for (i = 1; i <= hole->tries; i++) {
		unsigned char *at;

		while (hole->begun < i)
			sched_yield();
		if (hole->begun > hole->tries)
			break;
		for (turn = 0; turn < i % N_DELAYS * STEP; turn++)
			;
		at = hole->mem + hole->offset;
		if (hole->dirty)
			at[BLOCK - 1] = 'S';
		take_pin(&hole->world->pin, at);
		hole->done = i;
	}
	return NULL;
}

/* Whether a page table maps it. */
static bool is_mapped(const void *at)
{
	int map = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
	off_t where = (off_t)((uintptr_t)at / BLOCK * sizeof(uint64_t));
	uint64_t entry;

	if (map < 0 ||
	    pread(map, &entry, sizeof(entry), where) != sizeof(entry))
		die("/proc/self/pagemap");
	close(map);
	return entry >> 63;
}

static void on_alarm(int number)
{
	(void)number;
}

/* Return: whether the truncate came back while the page was pinned. */
static bool truncate_at_once(int file, int64_t len)
{
	struct itimerval timer = {.it_value = {.tv_usec = ENOUGH}};
	struct itimerval off = {0};
	int r;

	/* Again and again: the first may come before the call. */
	timer.it_interval = timer.it_value;
	setitimer(ITIMER_REAL, &timer, NULL);
	r = ftruncate(file, len);
	setitimer(ITIMER_REAL, &off, NULL);
	if (r < 0 && errno != EINTR)
		die("ftruncate");
	return r == 0;
}

/* Return: whether the pin is of the file's block, and was forgotten. */
static bool is_forgotten(struct hole *hole, int file, int64_t offset)
{
	uint64_t place;

	if (look_at(&hole->world->pin) != 'W' || is_mapped(hole->mem + offset))
		return false;
	place = place_of(file, offset);
	if (!truncate_at_once(file, offset))
		return false;
	tell_not_waited(hole->world, place);
	return true;
}

static bool try_once(struct hole *hole, int file, unsigned int i)
{
	int64_t offset = (int64_t)(N_PAGES - 1 - i % N_PAGES) * BLOCK;
	unsigned char block[BLOCK];
	bool forgotten;

	if (i % N_PAGES == 0 &&
	    (ftruncate(file, 0) < 0 || ftruncate(file, N_PAGES * BLOCK) < 0))
		die("ftruncate");
	memset(block, 'W', sizeof(block));
	hole->offset = (size_t)offset;
	hole->begun = i + 1;
	if (pwrite(file, block, sizeof(block), offset) != BLOCK)
		die("pwrite");
	while (hole->done <= i)
		sched_yield();
	forgotten = is_forgotten(hole, file, offset);
	drop_pin(&hole->world->pin);
	return forgotten;
}

void race_hole(struct world *world, bool dirty, unsigned int tries)
{
	int file = make_file(world, "hole", 0, N_PAGES * BLOCK);
	struct hole hole = {
		.world = world,
		.mem = map_file(file, N_PAGES * BLOCK),
		.dirty = dirty,
		.tries = tries,
	};
	struct sigaction action = {.sa_handler = on_alarm};
	pthread_t thread;
	unsigned int i = 0;
	sigset_t alarm;

	sigemptyset(&alarm);
	sigaddset(&alarm, SIGALRM);
	pthread_sigmask(SIG_BLOCK, &alarm, NULL);
	if (sigaction(SIGALRM, &action, NULL) < 0 ||
	    pthread_create(&thread, NULL, pin_each, &hole))
		die("pthread_create");
	pthread_sigmask(SIG_UNBLOCK, &alarm, NULL);

	snprintf(world->answer, sizeof(world->answer), "never forgotten");
	while (i < tries && !try_once(&hole, file, i))
		i++;
	hole.begun = tries + 1;
	pthread_join(thread, NULL);
	fprintf(stderr, "races: %u tries\n", i);
	munmap(hole.mem, N_PAGES * BLOCK);
	close(file);
	remove_file(world, "hole");
}
