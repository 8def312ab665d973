/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DAXSIM_COMPARE_H
#define DAXSIM_COMPARE_H

/* Results of daxsim bench, read again. */
#include "bench.h"

/* What one file has; several documents in it are one with more rounds. */
struct compare_side {
	const char *path;
	struct bench_results results; /* with the references */
	char cpu[128], flags[256], kernel[200], backing[64];
	bool is_short;
};

/* Return: an exit code. */
int compare_read(const char *path, struct compare_side *side);

#endif
