/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef TESTS_SUPPORT_DIES_H
#define TESTS_SUPPORT_DIES_H

/*
 * Programmer errors abort: seen from a forked child, whose message and core
 * nobody wants.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

/* The wait status of a child that calls @fn and then exits with 0. */
static inline int t_child(void (*fn)(void *arg), void *arg)
{
	const struct rlimit no_core = {0, 0};
	int status = 0;
	pid_t child;

	fflush(NULL);
	child = fork();
	if (child == 0) {
		int null = open("/dev/null", O_WRONLY);

		dup2(null, STDERR_FILENO);
		dup2(null, STDOUT_FILENO);
		setrlimit(RLIMIT_CORE, &no_core);
		signal(SIGABRT, SIG_DFL);
		fn(arg);
		_exit(0);
	}
	while (child < 0 || waitpid(child, &status, 0) < 0)
		;
	return status;
}

static inline bool t_aborts(void (*fn)(void *arg), void *arg)
{
	int status = t_child(fn, arg);

	return WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT;
}

#endif
