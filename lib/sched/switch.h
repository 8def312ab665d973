/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DS_SCHED_SWITCH_H
#define DS_SCHED_SWITCH_H

/*
 * Switching between stacks of one thread: hand-written where the machine is
 * known (switch_x86_64.S, switch_aarch64.S), ucontext elsewhere.
 */
#include <stddef.h>

/*
 * Prepares a stack so that the first ds_switch() to the result calls @fn with
 * @arg. @fn must never return.
 */
void *ds_switch_init(void *stack, size_t size, void (*fn)(void *arg),
		     void *arg);

/* Stores where the caller is in @save and goes on at @target. */
void ds_switch(void **save, void *target);

#endif
