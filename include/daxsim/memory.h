/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DAXSIM_MEMORY_H
#define DAXSIM_MEMORY_H

/*
 * Mapping files into the simulated address space of the calling task's program,
 * and accesses to it. There is one program, unless tasks are forked
 * (daxsim/explore.h). Addresses are numbers of the simulation, not pointers.
 */
#include <daxsim/file.h>

#ifdef __cplusplus
extern "C" {
#endif

/* What a load or store returns where a program would get the signal. */
#define DAXSIM_SIGSEGV (-4097)
#define DAXSIM_SIGBUS  (-4098)

/**
 * daxsim_mmap() - map @len bytes of a file from byte @offset on
 * @prot: PROT_READ, PROT_WRITE or both; what can be written can be read
 * @flags: MAP_SHARED, MAP_SHARED_VALIDATE or MAP_PRIVATE, with MAP_SYNC or not
 *
 * What is stored through a private mapping goes to a copy of the page, which
 * the file never sees. A pin that writes takes the copy, and nobody waits for
 * it; one that only reads may take the file's own page. A universe has 65,536
 * such pages; without one left a store returns -ENOMEM.
 *
 * A store through a mapping of MAP_SHARED_VALIDATE with MAP_SYNC goes to pages
 * whose block, and place in the file, the journal has: the fault that finds the
 * file changed since the last fsync() makes one. With other types MAP_SYNC is
 * ignored.
 *
 * Touches no page. The area keeps the file as an open descriptor does. The
 * addresses are never used again.
 *
 * Models: do_mmap(). Differs: no PROT_EXEC or PROT_NONE.
 * Return: 0; -EINVAL for a length of 0, an @offset that is no multiple of the
 * page size (4096 bytes), or none of these flags; -EACCES when the file is not
 * open for reading, or for writing; -EOVERFLOW beyond the largest file;
 * -ENOMEM when the address space is full; -EOPNOTSUPP for what is not modelled,
 * and for MAP_SYNC where the file system is neither ext4 nor XFS on DAX.
 */
int daxsim_mmap(struct daxsim_file *file, uint64_t len, int prot, int flags,
		uint64_t offset, uint64_t *ret_addr);

/*
 * Unmaps the pages of [addr, addr + len); a part of an area may stay, and what
 * is not mapped is ignored. Pins on the pages stay too.
 *
 * Models: do_munmap(). Return: 0; -EINVAL for an @addr inside a page, a length
 * of 0 or addresses beyond the space.
 */
int daxsim_munmap(struct daxsim *sim, uint64_t addr, uint64_t len);

/*
 * Gives the pages of [addr, addr + len) back: their page-table entries go, and
 * with them what was stored to private copies. The areas stay: the next access
 * faults. Pins on the pages stay too. @advice: MADV_DONTNEED.
 *
 * Models: madvise_dontneed_single_vma(), v4.19. Return: 0, also for a length of
 * 0; -ENOMEM if something there is not mapped, which the rest does not suffer
 * from; -EINVAL for an @addr inside a page, a length that wraps around, or
 * another @advice.
 */
int daxsim_madvise(struct daxsim *sim, uint64_t addr, uint64_t len, int advice);

/*
 * Moves @len bytes as loads or stores of a program do, faulting pages in: a
 * store gives holes blocks, a load does not. Inside a page the bytes are moved
 * in one step.
 *
 * Models: handle_mm_fault(), dax_iomap_fault() at page size. Return: bytes
 * moved before a fault could not be served; if none, DAXSIM_SIGSEGV where
 * nothing (or nothing writable) is mapped, DAXSIM_SIGBUS beyond the end of the
 * file or without space.
 */
ssize_t daxsim_load(struct daxsim *sim, uint64_t addr, void *buf, size_t len);
ssize_t daxsim_store(struct daxsim *sim, uint64_t addr, const void *buf,
		     size_t len);

#ifdef __cplusplus
}
#endif

#endif
