// SPDX-License-Identifier: LGPL-2.1-or-later
#include "sched/sanitizer.h"

#include <sanitizer/tsan_interface.h>

void ds_san_thread(struct ds_san_stack *stack)
{
	stack->fiber = __tsan_get_current_fiber();
}

void ds_san_create(struct ds_san_stack *stack, const void *bottom, size_t size)
{
	stack->bottom = bottom;
	stack->size = size;
	stack->fiber = __tsan_create_fiber(0);
}

void ds_san_destroy(struct ds_san_stack *stack)
{
	__tsan_destroy_fiber(stack->fiber);
}

void ds_san_reset(struct ds_san_stack *stack)
{
	/* The abandoned call stack goes with its fiber. */
	__tsan_destroy_fiber(stack->fiber);
	stack->fiber = __tsan_create_fiber(0);
}

void ds_san_leave(struct ds_san_stack *from, struct ds_san_stack *target)
{
	(void)from;
	__tsan_switch_to_fiber(target->fiber, 0);
}

void ds_san_enter(struct ds_san_stack *target)
{
	(void)target;
}
