// SPDX-License-Identifier: LGPL-2.1-or-later
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "pmem/flush.h"

#define PAGE 4096u

/* A page, and behind it one that nobody may touch. */
struct t_pages {
	unsigned char *page;
};

static int map_pages(void **state)
{
	static struct t_pages pages;

	pages.page = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	assert_ptr_not_equal(pages.page, MAP_FAILED);
	assert_int_equal(mprotect(pages.page + PAGE, PAGE, PROT_NONE), 0);
	*state = &pages;
	return 0;
}

static int unmap_pages(void **state)
{
	struct t_pages *pages = *state;

	return munmap(pages->page, 2 * PAGE);
}

static bool yes(void)
{
	return true;
}

static bool no(void)
{
	return false;
}

static void the_first_method_that_is_there_is_chosen(void **state)
{
	const struct ds_flush methods[] = {
		{"best", no, NULL, true},
		{"good", yes, NULL, true},
		{"last", yes, NULL, true},
	};

	(void)state;
	assert_string_equal(ds_flush_choose(methods)->name, "good");
	assert_string_equal(ds_flush_choose(methods + 2)->name, "last");
}

static void this_machine_has_a_method(void **state)
{
	const struct ds_flush *flush = ds_flush_choose(ds_flush_methods);

	(void)state;
	assert_true(flush->is_there());
	assert_true(strlen(flush->name) > 0);
	print_message("# flushes with %s\n", flush->name);
}

/* Calls @test with each method that this machine has. */
static void each_method(const struct t_pages *pages,
			void (*test)(const struct t_pages *pages,
				     const struct ds_flush *flush))
{
	unsigned int n = 0;

	for (const struct ds_flush *at = ds_flush_methods; at->name; at++) {
		if (!at->is_there())
			continue;
		print_message("# %s\n", at->name);
		test(pages, at);
		n++;
	}
	assert_true(n > 0);
}

static void check_bytes(const struct t_pages *pages,
			const struct ds_flush *flush)
{
	for (unsigned int i = 0; i < PAGE; i++)
		pages->page[i] = (unsigned char)(i * 7);
	for (size_t len = 0; len < 200; len++)
		flush->write_back(pages->page + 61, len);
	flush->write_back(pages->page, PAGE);
	for (unsigned int i = 0; i < PAGE; i++)
		assert_int_equal(pages->page[i], (unsigned char)(i * 7));
}

static void flushing_changes_no_byte(void **state)
{
	each_method(*state, check_bytes);
}

/* Return: whether flushing [@mem, +@len) meets memory it may not touch. */
static bool touches_forbidden(const struct ds_flush *flush, const void *mem,
			      size_t len)
{
	const struct rlimit no_core = {0, 0};
	pid_t child = fork();
	int status;

	assert_true(child >= 0);
	if (!child) {
		(void)setrlimit(RLIMIT_CORE, &no_core);
		(void)signal(SIGSEGV, SIG_DFL);
		flush->write_back(mem, len);
		_exit(0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	if (WIFSIGNALED(status))
		assert_int_equal(WTERMSIG(status), SIGSEGV);
	return WIFSIGNALED(status);
}

/* Flushing a line faults where a load would: that shows what is flushed. */
static void check_lines(const struct t_pages *pages,
			const struct ds_flush *flush)
{
	const unsigned char *end = pages->page + PAGE;

	if (!flush->durable)
		return;
	assert_false(touches_forbidden(flush, end - 100, 100));
	assert_false(touches_forbidden(flush, pages->page, PAGE));
	assert_false(touches_forbidden(flush, end, 0));
	assert_true(touches_forbidden(flush, end - 100, 101));
	assert_true(touches_forbidden(flush, end - 1, 2));
	assert_true(touches_forbidden(flush, end, 1));
}

static void every_line_of_the_range_and_no_other_is_flushed(void **state)
{
	each_method(*state, check_lines);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_first_method_that_is_there_is_chosen),
		cmocka_unit_test(this_machine_has_a_method),
		cmocka_unit_test(flushing_changes_no_byte),
		cmocka_unit_test(
			every_line_of_the_range_and_no_other_is_flushed),
	};

	return cmocka_run_group_tests(tests, map_pages, unmap_pages);
}
