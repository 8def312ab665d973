// SPDX-License-Identifier: LGPL-2.1-or-later
#include "delays.h"

#include <execinfo.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "delays_calls.h"

enum {
	N_CHOICES = 48, /* a thread dawdles at one of so many places */
	N_SLEEPS = 6,   /* ... so often, and then chooses again */
	MAX_NS = 200000,
	STACK = 1 << 17, /* what is nearer is a thread's own */
	N_NOTED = 64,
	DEPTH = 12,
};

enum mood {
	MOOD_NEW,
	MOOD_DAWDLES,
	MOOD_HURRIES,
};

struct dawdler {
	enum mood mood;
	uint32_t choice;
	unsigned int n_left;
	uint64_t chance;
};

struct note {
	long thread;
	long ns;
	int depth;
	void *calls[DEPTH];
};

static _Thread_local struct dawdler self;

static atomic_uint n_threads;
static atomic_uint n_notes, n_begun;
static struct note notes[N_NOTED];

static uint64_t mix(uint64_t z)
{
	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return z ^ z >> 31;
}

static uint64_t draw(void)
{
	return mix(self.chance += UINT64_C(0x9e3779b97f4a7c15));
}

static void choose(void)
{
	self.choice = (uint32_t)(draw() % N_CHOICES);
	self.n_left = N_SLEEPS;
}

/* The thread that makes the others prepares and judges; it takes its time. */
static void start(void)
{
	const char *seed = getenv("DELAYS_SEED");
	uint64_t n = atomic_fetch_add(&n_threads, 1);

	self.mood = MOOD_HURRIES;
	if (getpid() == (pid_t)syscall(SYS_gettid))
		return;
	self.chance = mix(seed ? strtoull(seed, NULL, 0) : 0) + mix(n);
	choose();
	/* Somebody has to come between. */
	if (draw() % 4 != 0)
		self.mood = MOOD_DAWDLES;
}

static void dawdle(void)
{
	struct timespec time = {.tv_nsec = (long)(draw() % MAX_NS)};
	struct note *note = &notes[atomic_fetch_add(&n_notes, 1) % N_NOTED];

	note->thread = syscall(SYS_gettid);
	note->ns = time.tv_nsec;
	note->depth = backtrace(note->calls, DEPTH);
	if (--self.n_left == 0)
		choose();
	nanosleep(&time, NULL);
}

void delays_access(const volatile void *at, const void *place)
{
	uintptr_t frame = (uintptr_t)__builtin_frame_address(0);

	if (self.mood == MOOD_NEW)
		start();
	if (self.mood == MOOD_HURRIES || (uintptr_t)at - frame < STACK)
		return;
	if (mix((uintptr_t)place) % N_CHOICES == self.choice && draw() % 2)
		dawdle();
}

/*
 * Moving bytes, whole: the linker leads ds_copy_bytes() and the like here and
 * calls them __real_ds_copy_bytes(). To let the lock go also waits for stores
 * past the cache.
 */
void __wrap_ds_copy_bytes(void *target, const void *source, size_t len);
void __real_ds_copy_bytes(void *target, const void *source, size_t len);
void __wrap_ds_zero_bytes(void *target, size_t len);
void __real_ds_zero_bytes(void *target, size_t len);
void __wrap_ds_stream_bytes(void *target, const void *source, size_t len);
void __real_ds_stream_bytes(void *target, const void *source, size_t len);
void __wrap_ds_stream_zeros(void *target, size_t len);
void __real_ds_stream_zeros(void *target, size_t len);

static pthread_mutex_t copies = PTHREAD_MUTEX_INITIALIZER;
static _Thread_local unsigned int copying; /* they call each other */

static void begin_copy(void)
{
	if (copying++ == 0)
		pthread_mutex_lock(&copies);
}

static void end_copy(void)
{
	if (--copying == 0)
		pthread_mutex_unlock(&copies);
}

void __wrap_ds_copy_bytes(void *target, const void *source, size_t len)
{
	begin_copy();
	__real_ds_copy_bytes(target, source, len);
	end_copy();
}

void __wrap_ds_zero_bytes(void *target, size_t len)
{
	begin_copy();
	__real_ds_zero_bytes(target, len);
	end_copy();
}

void __wrap_ds_stream_bytes(void *target, const void *source, size_t len)
{
	begin_copy();
	__real_ds_stream_bytes(target, source, len);
	end_copy();
}

void __wrap_ds_stream_zeros(void *target, size_t len)
{
	begin_copy();
	__real_ds_stream_zeros(target, len);
	end_copy();
}

void delays_begin(void)
{
	atomic_store(&n_begun, atomic_load(&n_notes));
}

void delays_print(void)
{
	unsigned int end = atomic_load(&n_notes);
	unsigned int i = atomic_load(&n_begun);

	if (end - i > N_NOTED)
		i = end - N_NOTED;
	for (; i != end; i++) {
		const struct note *note = &notes[i % N_NOTED];

		printf("  thread %ld slept %ld us at\n", note->thread,
		       note->ns / 1000);
		fflush(stdout);
		/* Without this file's own. */
		if (note->depth > 3)
			backtrace_symbols_fd(note->calls + 3, note->depth - 3,
					     STDOUT_FILENO);
	}
}
