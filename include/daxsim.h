/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DAXSIM_H
#define DAXSIM_H

/*
 * libdaxsim: DAX files, pinned pages and extent maps in user space, under a
 * scheduler that can try every interleaving.
 *
 * Four outcomes never mix. A host failure (no memory) is a negative errno from
 * a constructor or a search, which is then void. A simulated result is what the
 * kernel call modelled would return: >= 0 or a negative errno. A finding is an
 * object of a report: a property broke. A programmer error, such as a file used
 * after it was closed, is an assertion that aborts if it is noticed.
 *
 * Bytes are the only unit. There are no globals: universes do not meet. No
 * function prints or exits. Outputs come last, are called ret_something, and
 * are untouched when the result is negative, unless said otherwise.
 *
 * Headers in order of use: universe, file, memory, pin, layout, explore, fs.
 */
#include <daxsim/universe.h>

#include <daxsim/file.h>

#include <daxsim/memory.h>

#include <daxsim/pin.h>

#include <daxsim/layout.h>

#include <daxsim/explore.h>

#include <daxsim/fs.h>

#endif
