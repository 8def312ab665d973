/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef PERF_NT_H
#define PERF_NT_H

/*
 * The fastest way to persistent memory that the processor has: stores past the
 * caches, one fence behind them. @to and @len: multiples of 64 bytes.
 */
#include <stddef.h>

extern const char *const perf_nt_name; /* what it is here */

void perf_nt_copy(void *to, const void *from, size_t len);
void perf_nt_zero(void *to, size_t len);

#endif
