/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DS_CORE_LAZY_H
#define DS_CORE_LAZY_H

/*
 * Memory that the host gives out only where it is touched: for tables as large
 * as what they may have to hold one day. What lies behind the first
 * DS_LAZY_SMALL bytes asks for huge pages, since large tables are walked at
 * random; small universes stay in front of that and pay for nothing.
 *
 * The kernel, too, maps its records of page frames by huge pages.
 */
#include <stddef.h>

#define DS_LAZY_SMALL ((size_t)2 << 20)

/* @size > 0 zeroed bytes. Return: NULL if there is no address space. */
void *ds_lazy_new(size_t size);

/* Gives them back; NULL is a no-op. */
void ds_lazy_free(void *mem, size_t size);

#endif
