/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef STRESS_DELAYS_H
#define STRESS_DELAYS_H

/*
 * Threads that dawdle. The library is compiled once more as for
 * ThreadSanitizer, which calls a function before every access to memory that
 * others may see; here that function sleeps, now and then. So what is one step
 * where tasks take turns, and a few nanoseconds where they are free, lasts long
 * enough for others to come between at any place.
 *
 * A thread sleeps before the accesses at some places of the code, drawn for it
 * at its start: spread over all accesses, the sleeps would nearly all lie in
 * the loops. Each thread that the process starts draws others.
 */

/*
 * What is told by delays_print() begins here. Where there are no delays neither
 * does anything.
 */
void delays_begin(void);

/* Prints where which thread slept since then, the last times. */
void delays_print(void);

#endif
