// SPDX-License-Identifier: LGPL-2.1-or-later
#include "perf/locks.h"

const struct perf_lock_ops perf_lock_nsync = {.name = "nsync_mu"};
