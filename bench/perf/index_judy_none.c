// SPDX-License-Identifier: LGPL-2.1-or-later
#include "perf/index.h"

const struct perf_index_ops perf_index_judy = {.name = "Judy"};
