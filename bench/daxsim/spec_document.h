/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DAXSIM_SPEC_DOCUMENT_H
#define DAXSIM_SPEC_DOCUMENT_H

#include "pmem/region.h"

/*
 * Prints the written rule of all file systems as Markdown: the words it uses,
 * each file system in full, or by what it does otherwise than the kernel before
 * it. Return: an exit code.
 */
int spec_document(const char *verb, struct ds_region *region);

#endif
