// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/lazy.h"

#include <sys/mman.h>

void *ds_lazy_new(size_t size)
{
	char *mem = mmap(NULL, size, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (mem == MAP_FAILED)
		return NULL;
	/* A wish: without huge pages it is only slower. */
	if (size > DS_LAZY_SMALL)
		madvise(mem + DS_LAZY_SMALL, size - DS_LAZY_SMALL,
			MADV_HUGEPAGE);
	return mem;
}

void ds_lazy_free(void *mem, size_t size)
{
	if (mem)
		munmap(mem, size);
}
