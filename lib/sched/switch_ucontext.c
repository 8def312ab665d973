// SPDX-License-Identifier: LGPL-2.1-or-later
#include "sched/switch.h"

#include <stdint.h>
#include <ucontext.h>

#include "core/assert.h"

/* A new stack carries its context and function at its low end. */
struct seed {
	ucontext_t context;
	void (*fn)(void *arg);
	void *arg;
};

/* makecontext() passes ints only: the pointer comes in two halves. */
static void start(unsigned int high, unsigned int low)
{
	struct seed *seed = (struct seed *)((uintptr_t)high << 32 | low);

	seed->fn(seed->arg);
	ds_assert(!"a stack's function returned");
}

void *ds_switch_init(void *stack, size_t size, void (*fn)(void *arg), void *arg)
{
	struct seed *seed = stack;
	uint64_t address = (uintptr_t)seed;

	getcontext(&seed->context);
	seed->fn = fn;
	seed->arg = arg;
	seed->context.uc_stack.ss_sp = seed + 1;
	seed->context.uc_stack.ss_size = size - sizeof(*seed);
	seed->context.uc_link = NULL;
	makecontext(&seed->context, (void (*)(void))start, 2,
		    (unsigned int)(address >> 32), (unsigned int)address);
	return &seed->context;
}

void ds_switch(void **save, void *target)
{
	ucontext_t here;

	*save = &here;
	swapcontext(&here, target);
}
