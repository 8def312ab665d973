/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DS_MM_PIN_ROWS_H
#define DS_MM_PIN_ROWS_H

/*
 * Rows of pins: of one reference each, of frames that follow each other, and
 * without a record. A pin is three words, and 512 of them more than a count for
 * all their pages takes; some processors move several at once. Which file is
 * used is the build's choice.
 */
#include "mm/pin.h"

/*
 * Notes a row of @n pins from @pfn on. Return: how many were, perhaps none; the
 * rest is the caller's.
 */
uint64_t ds_pin_row_note(struct ds_pinned *ret_pinned, struct ds_pfn pfn,
			 uint64_t n);

/*
 * How many of @n pins are surely a row, from the first one on. The next one may
 * be too.
 */
uint64_t ds_pin_row_length(const struct ds_pinned *pinned, uint64_t n);

#endif
