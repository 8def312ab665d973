/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DS_SCHED_SANITIZER_H
#define DS_SCHED_SANITIZER_H

/*
 * Switches of stacks, announced to the sanitizer the library is built with.
 * One of sanitizer_{none,asan,tsan}.c is built.
 */
#include <stddef.h>

/* What the sanitizer knows of one stack. */
struct ds_san_stack {
	const void *bottom;
	size_t size;
	void *fake;  /* ASan's fake stack while switched away */
	void *fiber; /* TSan's handle */
};

/* Describes the stack of the calling thread. */
void ds_san_thread(struct ds_san_stack *stack);

/* Describes a new stack. */
void ds_san_create(struct ds_san_stack *stack, const void *bottom, size_t size);

void ds_san_destroy(struct ds_san_stack *stack);

/* The frames on it were abandoned; it will be started again from its top. */
void ds_san_reset(struct ds_san_stack *stack);

/* Right before a switch from @from to @target, and right after, on it. */
void ds_san_leave(struct ds_san_stack *from, struct ds_san_stack *target);
void ds_san_enter(struct ds_san_stack *target);

#endif
