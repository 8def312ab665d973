// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/assert.h"

#include <stdio.h>
#include <stdlib.h>

/* Per thread, because each thread may run a universe of its own. */
static _Thread_local ds_assert_hook assert_hook;
static _Thread_local void *assert_hook_arg;

void ds_assert_set_hook(ds_assert_hook hook, void *arg)
{
	assert_hook = hook;
	assert_hook_arg = arg;
}

_Noreturn void ds_assert_fail(const char *expr, const char *file, int line,
			      const char *func)
{
	ds_assert_hook hook = assert_hook;

	/* An assertion inside the hook must not come back here. */
	assert_hook = NULL;
	if (hook)
		hook(assert_hook_arg);
	fprintf(stderr, "daxsim: %s:%d: %s: assertion '%s' failed\n", file,
		line, func, expr);
	abort();
}
