/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DAXSIM_WORKERS_H
#define DAXSIM_WORKERS_H

/*
 * Independent pieces of work on several threads. The library has no state of
 * its own, so that each thread may run a universe; nothing of one is seen by
 * another.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CLI_JOBS_MAX 256

/*
 * Does piece @i of the work. @worker: the number of the thread, below @jobs,
 * for what each has to have of its own. Return: an exit code.
 */
typedef int (*cli_work_fn)(void *arg, unsigned int worker, size_t i);

/* Processors that this process may use, CLI_JOBS_MAX at most. */
unsigned int cli_processors(void);

/* The value of --jobs. Return: whether it is one; else says so. */
bool cli_jobs(const char *verb, const char *text, unsigned int *ret);

/**
 * cli_work() - do pieces 0 to @n - 1 on @jobs threads
 *
 * Each thread takes the next piece that nobody took, so put long ones first.
 * The caller's thread is one of them; where the host refuses the others, fewer
 * do it all. Nothing new is begun once a piece failed or the user interrupted.
 *
 * Return: the exit code of the piece that failed first, or EXIT_AS_ASKED.
 */
int cli_work(unsigned int jobs, size_t n, cli_work_fn work, void *arg);

#endif
