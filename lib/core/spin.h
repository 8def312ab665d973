/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DS_CORE_SPIN_H
#define DS_CORE_SPIN_H

/*
 * A spin lock for a few instructions of bookkeeping. No scheduling point may
 * lie inside, so tasks that take turns never find it held.
 */
#include <sched.h>
#include <stdatomic.h>

struct ds_spin {
	atomic_uint held;
};

static inline void ds_spin_lock(struct ds_spin *spin)
{
	unsigned int tries = 0;

	while (atomic_exchange_explicit(&spin->held, 1, memory_order_acquire)) {
		/* The holder may have lost its processor to us. */
		if (++tries % 64 == 0)
			sched_yield();
	}
}

static inline void ds_spin_unlock(struct ds_spin *spin)
{
	atomic_store_explicit(&spin->held, 0, memory_order_release);
}

#endif
