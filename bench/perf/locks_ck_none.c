// SPDX-License-Identifier: LGPL-2.1-or-later
#include "perf/locks.h"

const struct perf_lock_ops perf_lock_ck_rwlock = {.name = "ck_rwlock"};
const struct perf_lock_ops perf_lock_ck_brlock = {.name = "ck_brlock"};
