/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef TESTS_VM_KMSG_H
#define TESTS_VM_KMSG_H

/* Whether the kernel warned. Root only; debugfs must be mounted. */
#include <stdbool.h>

/* Lets each warning come once more. Return: a descriptor for was_warned(). */
int open_kmsg(void);
/* Whether there was a warning since it was asked last. */
bool was_warned(int kmsg);

#endif
