// SPDX-License-Identifier: LGPL-2.1-or-later
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "mm/space.h"
#include "race/errname.h"

static void results_have_the_names_of_their_errors(void **state)
{
	(void)state;
	assert_string_equal(ds_errname(-ENOSPC), "ENOSPC");
	assert_string_equal(ds_errname(-EINTR), "EINTR");
	assert_string_equal(ds_errname(DS_SIGBUS), "SIGBUS");
	assert_string_equal(ds_errname(DS_SIGSEGV), "SIGSEGV");
}

static void what_is_no_error_has_no_name(void **state)
{
	(void)state;
	assert_null(ds_errname(0));
	assert_null(ds_errname(4096));
	assert_null(ds_errname(ENOSPC));
	assert_null(ds_errname(-99999));
	assert_null(ds_errname(INT64_MIN));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(results_have_the_names_of_their_errors),
		cmocka_unit_test(what_is_no_error_has_no_name),
	};

	return cmocka_run_group_tests_name("errname", tests, NULL, NULL);
}
