// SPDX-License-Identifier: LGPL-2.1-or-later
#include "sched/sanitizer.h"

void ds_san_thread(struct ds_san_stack *stack)
{
	stack->bottom = NULL;
}

void ds_san_create(struct ds_san_stack *stack, const void *bottom, size_t size)
{
	stack->bottom = bottom;
	stack->size = size;
}

void ds_san_destroy(struct ds_san_stack *stack)
{
	stack->bottom = NULL;
}

void ds_san_reset(struct ds_san_stack *stack)
{
	stack->fake = NULL;
}

void ds_san_leave(struct ds_san_stack *from, struct ds_san_stack *target)
{
	(void)from;
	(void)target;
}

void ds_san_enter(struct ds_san_stack *target)
{
	(void)target;
}
