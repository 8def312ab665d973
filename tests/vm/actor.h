/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef TESTS_VM_ACTOR_H
#define TESTS_VM_ACTOR_H

/* Threads that make calls, and what they sleep in. Needs root's /proc. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/* Who is that many milliseconds in one state sleeps there. */
#define SETTLED 60

/* Somebody who makes a call, and when it was over. */
struct actor {
	pthread_t thread;
	_Atomic int id; /* of the thread or process, 0 before it runs */
	atomic_bool over;
	int64_t end;
	int error;
};

_Noreturn void die(const char *what);
/* Milliseconds of the monotonic clock. */
int64_t now(void);
void poll_pause(void);

/* For the actor's own thread: first, and with what the call returned last. */
void begin(struct actor *actor);
void end(struct actor *actor, bool failed);

void start(struct actor *actor, void *(*body)(void *), void *arg);
/* Return: whether it was over within @ms milliseconds. */
bool wait_over(const struct actor *actor, int64_t ms);
/* Whether it sleeps in state @state ('S' is interruptible, 'D' another sleep),
 * rather than being over. */
bool settles(const struct actor *actor, char state);

#endif
