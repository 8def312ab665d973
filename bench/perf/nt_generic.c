// SPDX-License-Identifier: LGPL-2.1-or-later
#include <string.h>

#include "perf/nt.h"

const char *const perf_nt_name = "memcpy";

void perf_nt_copy(void *to, const void *from, size_t len)
{
	memcpy(to, from, len);
}

void perf_nt_zero(void *to, size_t len)
{
	memset(to, 0, len);
}
