// SPDX-License-Identifier: LGPL-2.1-or-later
#include "actor.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* Milliseconds. */
#define POLL     1
#define PATIENCE 5000

_Noreturn void die(const char *what)
{
	perror(what);
	exit(2);
}

int64_t now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (int64_t)time.tv_sec * 1000 + time.tv_nsec / 1000000;
}

void poll_pause(void)
{
	nanosleep(&(struct timespec){.tv_nsec = POLL * 1000000}, NULL);
}

void begin(struct actor *actor)
{
	actor->id = gettid();
}

void end(struct actor *actor, bool failed)
{
	actor->error = failed ? errno : 0;
	actor->end = now();
	actor->over = true;
}

bool wait_over(const struct actor *actor, int64_t ms)
{
	int64_t limit = now() + ms;

	while (!actor->over && now() < limit)
		poll_pause();
	return actor->over;
}

/* 'S': an interruptible sleep; 'D': another one. */
static char state_of(int id)
{
	char path[64], text[512];
	const char *at;
	FILE *file;
	size_t n;

	snprintf(path, sizeof(path), "/proc/%d/stat", id);
	file = fopen(path, "r");
	if (!file)
		return 'X';
	n = fread(text, 1, sizeof(text) - 1, file);
	fclose(file);
	text[n] = '\0';
	at = strrchr(text, ')');
	return at && at[1] ? at[2] : '?';
}

/* Whether it sleeps in state @state, rather than being over. */
bool settles(const struct actor *actor, char state)
{
	int64_t limit = now() + PATIENCE, since = now();

	while (!actor->over && now() < limit) {
		if (!actor->id || state_of(actor->id) != state)
			since = now();
		else if (now() - since >= SETTLED)
			return true;
		poll_pause();
	}
	return false;
}

void start(struct actor *actor, void *(*body)(void *), void *arg)
{
	if (pthread_create(&actor->thread, NULL, body, arg))
		die("pthread_create");
}
