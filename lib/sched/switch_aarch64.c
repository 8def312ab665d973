// SPDX-License-Identifier: LGPL-2.1-or-later
#include "sched/switch.h"

#include <stdint.h>

void ds_switch_start(void);

/* The frame that ds_switch() loads, lowest address first. */
struct frame {
	uint64_t x19, x20, x21_to_x28[8], x29, x30, d8_to_d15[8];
};

void *ds_switch_init(void *stack, size_t size, void (*fn)(void *arg), void *arg)
{
	uintptr_t top = ((uintptr_t)stack + size) & ~(uintptr_t)15;
	struct frame *frame = (struct frame *)(top - sizeof(*frame));

	*frame = (struct frame){
		.x19 = (uint64_t)(uintptr_t)fn,
		.x20 = (uint64_t)(uintptr_t)arg,
		.x30 = (uint64_t)(uintptr_t)ds_switch_start,
	};
	return frame;
}
