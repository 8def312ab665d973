// SPDX-License-Identifier: LGPL-2.1-or-later
#include "perf/extents.h"

const struct perf_extents_ops perf_extents_ext2fs = {.name = "libext2fs"};
