// SPDX-License-Identifier: LGPL-2.1-or-later
#include "sched/sanitizer.h"

#include <pthread.h>
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>

/* Asks the kernel, which writes a line for every mapping of the process. */
static void find_stack(struct ds_san_stack *stack)
{
	pthread_attr_t attr;
	void *bottom = NULL;

	if (pthread_getattr_np(pthread_self(), &attr) == 0) {
		pthread_attr_getstack(&attr, &bottom, &stack->size);
		pthread_attr_destroy(&attr);
	}
	stack->bottom = bottom;
}

void ds_san_thread(struct ds_san_stack *stack)
{
	/* Once a thread: every run of a search begins here. */
	static _Thread_local struct ds_san_stack own;

	if (!own.bottom)
		find_stack(&own);
	stack->bottom = own.bottom;
	stack->size = own.size;
}

void ds_san_create(struct ds_san_stack *stack, const void *bottom, size_t size)
{
	stack->bottom = bottom;
	stack->size = size;
}

void ds_san_destroy(struct ds_san_stack *stack)
{
	ds_san_reset(stack);
	stack->bottom = NULL;
}

/*
 * The only way to free a fake stack is to leave its fiber for good: goes there
 * and back in ASan's books alone. Meanwhile no instrumented code may run.
 */
__attribute__((no_sanitize_address)) static void free_fake(
	struct ds_san_stack *stack)
{
	const void *bottom;
	void *fake;
	size_t size;

	__sanitizer_start_switch_fiber(&fake, stack->bottom, stack->size);
	__sanitizer_finish_switch_fiber(stack->fake, &bottom, &size);
	__sanitizer_start_switch_fiber(NULL, bottom, size);
	__sanitizer_finish_switch_fiber(fake, NULL, NULL);
}

void ds_san_reset(struct ds_san_stack *stack)
{
	/* Abandoned frames leave their red zones poisoned. */
	__asan_unpoison_memory_region(stack->bottom, stack->size);
	if (stack->fake)
		free_fake(stack);
	stack->fake = NULL;
}

void ds_san_leave(struct ds_san_stack *from, struct ds_san_stack *target)
{
	__sanitizer_start_switch_fiber(&from->fake, target->bottom,
				       target->size);
}

void ds_san_enter(struct ds_san_stack *target)
{
	__sanitizer_finish_switch_fiber(target->fake, NULL, NULL);
}
