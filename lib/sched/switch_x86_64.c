// SPDX-License-Identifier: LGPL-2.1-or-later
#include "sched/switch.h"

#include <stdint.h>

void ds_switch_start(void);

/* The frame that ds_switch() pops, lowest address first. */
struct frame {
	uint64_t r15, r14, r13, r12, rbx, rbp, rip;
};

void *ds_switch_init(void *stack, size_t size, void (*fn)(void *arg), void *arg)
{
	/* On entry to ds_switch_start the stack is 16-byte aligned, as the ABI
	 * wants it before a call. */
	uintptr_t top = ((uintptr_t)stack + size) & ~(uintptr_t)15;
	struct frame *frame = (struct frame *)(top - sizeof(*frame));

	*frame = (struct frame){
		.r12 = (uint64_t)(uintptr_t)fn,
		.r13 = (uint64_t)(uintptr_t)arg,
		.rip = (uint64_t)(uintptr_t)ds_switch_start,
	};
	return frame;
}
