/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DS_CORE_ASSERT_H
#define DS_CORE_ASSERT_H

/*
 * Assertions report programmer errors and stay on in every build type: a
 * simulator that goes on after one would prove nothing. They abort.
 *
 * Before aborting the hook of the running thread is called, so that the layer
 * that knows the seed and the schedule can print them.
 */
#include <stdbool.h>

typedef void (*ds_assert_hook)(void *arg);

/* Sets the hook of the calling thread; NULL removes it. */
void ds_assert_set_hook(ds_assert_hook hook, void *arg);

_Noreturn void ds_assert_fail(const char *expr, const char *file, int line,
			      const char *func);

#define ds_assert(expr)                                                        \
	((expr) ? (void)0 : ds_assert_fail(#expr, __FILE__, __LINE__, __func__))

#define ds_likely(expr)   __builtin_expect(!!(expr), 1)
#define ds_unlikely(expr) __builtin_expect(!!(expr), 0)

/* For what is seldom gone through, or its caller saves registers for it. */
#define ds_noinline __attribute__((noinline))

#endif
