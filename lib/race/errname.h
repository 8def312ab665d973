/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DS_RACE_ERRNAME_H
#define DS_RACE_ERRNAME_H

#include <stdint.h>

/*
 * "ENOSPC" for -ENOSPC, also "SIGBUS" for what an access may come to. Return:
 * NULL for what no call of the model returns.
 */
const char *ds_errname(int64_t result);

#endif
