// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * How a call waits for pins that do not end: because others follow, because who
 * has them waits for the call, or because the call cannot sleep.
 */
#include "races.h"

#include <errno.h>
#include <linux/fs.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#define N_PINS 500
#define ENDS   5000 /* milliseconds, that a call has to come back */

struct job {
	struct actor actor;
	int file, other;
};

static void on_signal(int number)
{
	(void)number;
}

static void *truncate_it(void *arg)
{
	struct job *job = arg;

	begin(&job->actor);
	end(&job->actor, ftruncate(job->file, 0) < 0);
	return NULL;
}

static void *write_it(void *arg)
{
	struct job *job = arg;

	begin(&job->actor);
	end(&job->actor, pwrite(job->file, "W", 1, BLOCK) != 1);
	return NULL;
}

static void *share_it(void *arg)
{
	struct job *job = arg;

	begin(&job->actor);
	end(&job->actor, ioctl(job->other, FICLONE, job->file) < 0);
	return NULL;
}

static void catch_signal(void)
{
	struct sigaction action = {.sa_handler = on_signal};

	if (sigaction(SIGUSR1, &action, NULL) < 0)
		die("sigaction");
}

static void tell(struct world *world, const char *answer)
{
	snprintf(world->answer, sizeof(world->answer), "%s", answer);
}

/* ------------------------------- Pin by pin ------------------------------- */

/* Pins the page again before it is let go, and lets the first pin go. */
static void pin_next(struct world *world, struct pin *next, void *mem)
{
	struct pin last = world->pin;

	take_pin(next, mem);
	drop_pin(&last);
	world->pin = *next;
	*next = last;
}

void wait_pin_by_pin(struct world *world)
{
	struct job job = {.file = make_file(world, "A", 'A', BLOCK)};
	unsigned char *mem = map_file(job.file, BLOCK);
	struct pin next;
	unsigned int i;
	bool waits;

	open_pin(&next);
	take_pin(&world->pin, mem);
	start(&job.actor, truncate_it, &job);
	waits = settles(&job.actor, 'S');
	for (i = 0; i < N_PINS && !job.actor.over; i++)
		pin_next(world, &next, mem);
	waits = waits && settles(&job.actor, 'S');
	drop_pin(&world->pin);
	pthread_join(job.actor.thread, NULL);
	if (waits)
		snprintf(world->answer, sizeof(world->answer),
			 "waits through all %u pins", N_PINS);
	else
		tell(world, "does not wait for all");
	close_pin(&next);
	munmap(mem, BLOCK);
	close(job.file);
}

/* --------------------------------- In turn -------------------------------- */

/* Who has the pin writes to the file, and lets go behind that. */
void wait_for_each_other(struct world *world)
{
	int file = make_file(world, "A", 'A', 2 * BLOCK);
	unsigned char *mem = map_file(file, BLOCK);
	struct job cut = {.file = file}, write = {.file = file};
	bool both, ends;

	catch_signal();
	take_pin(&world->pin, mem);
	start(&cut.actor, truncate_it, &cut);
	both = settles(&cut.actor, 'S');
	start(&write.actor, write_it, &write);
	both = settles(&write.actor, 'D') && both && !cut.actor.over;
	pthread_kill(cut.actor.thread, SIGUSR1);
	ends = wait_over(&write.actor, ENDS);
	drop_pin(&world->pin);
	pthread_join(cut.actor.thread, NULL);
	pthread_join(write.actor.thread, NULL);
	if (!both)
		tell(world, "does not wait");
	else if (ends && cut.actor.error == EINTR && !write.actor.error)
		tell(world, "each waits for the other; a signal ends it");
	else
		tell(world, "each waits for the other; no signal ends it");
	munmap(mem, BLOCK);
	close(file);
}

/* --------------------------------- Two files ------------------------------ */

/* The second of two files cannot be waited for with the first one locked. */
static void share_beside_pin(struct world *world, bool first)
{
	int a = make_file(world, "A", 'A', BLOCK);
	int b = make_file(world, "B", 'B', BLOCK);
	bool ordered = number_of(a) < number_of(b);
	unsigned char *mem = map_file(ordered == first ? a : b, BLOCK);
	struct job job = {.file = a, .other = b};
	bool sleeps, runs;

	catch_signal();
	(void)*(volatile unsigned char *)mem;
	take_pin(&world->pin, mem);
	start(&job.actor, share_it, &job);
	sleeps = settles(&job.actor, first ? 'S' : 'R');
	runs = !first && sleeps;
	pthread_kill(job.actor.thread, SIGUSR1);
	runs = runs && settles(&job.actor, 'R');
	if (first && sleeps)
		sleeps =
			wait_over(&job.actor, ENDS) && job.actor.error == EINTR;
	drop_pin(&world->pin);
	pthread_join(job.actor.thread, NULL);
	if (runs)
		tell(world, "runs all the time, also behind a signal");
	else if (first && sleeps)
		tell(world, "waits; a signal ends it");
	else
		tell(world, job.actor.error ? "fails" : "does not wait");
	munmap(mem, BLOCK);
	close(a);
	close(b);
}

void wait_for_first(struct world *world)
{
	share_beside_pin(world, true);
}

void wait_for_second(struct world *world)
{
	share_beside_pin(world, false);
}
