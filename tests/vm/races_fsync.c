// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * While fsync() writes a page back the page's entry is locked, and a search for
 * pins that comes then has to wait for it. Both begin together, the truncate a
 * bit later each time. The page is a huge one where the file system has its
 * blocks so: it takes longer to write back.
 */
#include "races.h"

#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#define HUGE_PAGE (512 * BLOCK)
#define N_DELAYS  256
#define STEP      60 /* turns of an empty loop */
#define ENOUGH    20 /* milliseconds: who did not come back in these waits */

struct fsync_race {
	struct world *world;
	int file;
	unsigned int tries;
	_Atomic unsigned int begun, done; /* tries, counted from 1 on */
	_Atomic bool missed;
	_Atomic unsigned int seen; /* the last try that was judged */
};

static void *write_back(void *arg)
{
	struct fsync_race *race = arg;
	unsigned int i;

	for (i = 1; i <= race->tries; i++) {
		int64_t limit;

		while (race->begun < i)
			sched_yield();
		if (race->begun > race->tries)
			break;
		if (fsync(race->file) < 0)
			die("fsync");
		limit = now() + ENOUGH;
		while (race->done < i && now() < limit)
			sched_yield();
		if (race->done >= i)
			race->missed = true;
		else
			drop_pin(&race->world->pin);
		race->seen = i;
	}
	return NULL;
}

/* Return: whether the truncate came back while the page was pinned. */
static bool try_once(struct fsync_race *race, unsigned char *mem,
		     unsigned int i, uint64_t *place)
{
	volatile unsigned int turn;

	if (ftruncate(race->file, HUGE_PAGE) < 0 ||
	    posix_fallocate(race->file, 0, HUGE_PAGE))
		die("posix_fallocate");
	*place = place_of(race->file, 0);
	*(volatile unsigned char *)mem = 'S';
	take_pin(&race->world->pin, mem);
	race->begun = i;
	for (turn = 0; turn < i % N_DELAYS * STEP; turn++)
		;
	if (ftruncate(race->file, 0) < 0)
		die("ftruncate");
	race->done = i;
	while (race->seen < i)
		sched_yield();
	return race->missed;
}

void race_fsync(struct world *world, unsigned int tries)
{
	struct fsync_race race = {
		.world = world,
		.file = make_file(world, "A", 0, HUGE_PAGE),
		.tries = tries,
	};
	unsigned char *mem = map_file(race.file, HUGE_PAGE);
	unsigned int i = 1;
	pthread_t thread;
	uint64_t place = 0;

	if (pthread_create(&thread, NULL, write_back, &race))
		die("pthread_create");
	snprintf(world->answer, sizeof(world->answer), "always waits");
	while (i <= tries && !try_once(&race, mem, i, &place))
		i++;
	if (race.missed) {
		tell_not_waited(world, place);
		drop_pin(&world->pin);
	}
	race.begun = tries + 1;
	pthread_join(thread, NULL);
	fprintf(stderr, "races: %u tries\n", i);
	munmap(mem, HUGE_PAGE);
	close(race.file);
}
