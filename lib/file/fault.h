/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DS_FILE_FAULT_H
#define DS_FILE_FAULT_H

/*
 * Page faults on a mapped DAX file: the operations every area of it has.
 *
 * Models: dax_iomap_pte_fault() under ext4_dax_fault() or xfs_filemap_fault(),
 * v4.19. Differs: page size only.
 */
#include "file/inode.h"

extern const struct ds_vm_ops ds_file_vm_ops;

#endif
