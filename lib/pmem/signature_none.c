// SPDX-License-Identifier: LGPL-2.1-or-later
#include "pmem/signature.h"

/* Nothing beyond our own table is known: what it misses is "unknown". */
int ds_signature_find_foreign(int fd, const char *allowed,
			      struct ds_signature *ret_signature)
{
	(void)fd;
	(void)allowed;
	(void)ret_signature;
	return 0;
}

const char *ds_signature_library(void)
{
	return "none";
}
