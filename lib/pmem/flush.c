// SPDX-License-Identifier: LGPL-2.1-or-later
#include "pmem/flush.h"

const struct ds_flush *ds_flush_choose(const struct ds_flush *methods)
{
	while (!methods->is_there())
		methods++;
	return methods;
}
