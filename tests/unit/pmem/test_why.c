// SPDX-License-Identifier: LGPL-2.1-or-later
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "pmem/why.h"

static void saying_why_returns_the_error(void **state)
{
	char line[32];
	struct ds_why why = {line, sizeof(line)};

	(void)state;
	assert_int_equal(ds_why_say(why, -EPERM, "is %s", "busy"), -EPERM);
	assert_string_equal(line, "is busy");
}

static void a_long_line_is_cut(void **state)
{
	char line[4] = "";
	struct ds_why why = {line, sizeof(line)};

	(void)state;
	ds_why_say(why, 0, "%d", 123456);
	assert_string_equal(line, "123");
}

static void nobody_needs_to_listen(void **state)
{
	struct ds_why why = {NULL, 0};

	(void)state;
	assert_int_equal(ds_why_say(why, -EINVAL, "%d", 1), -EINVAL);
}

static void formatting_says_when_it_does_not_fit(void **state)
{
	char buf[4];

	(void)state;
	assert_int_equal(ds_why_format(buf, sizeof(buf), "abc"), 0);
	assert_string_equal(buf, "abc");
	assert_int_equal(ds_why_format(buf, sizeof(buf), "abcd"),
			 -ENAMETOOLONG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(saying_why_returns_the_error),
		cmocka_unit_test(a_long_line_is_cut),
		cmocka_unit_test(nobody_needs_to_listen),
		cmocka_unit_test(formatting_says_when_it_does_not_fit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
