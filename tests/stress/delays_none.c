// SPDX-License-Identifier: LGPL-2.1-or-later
#include "delays.h"

void delays_begin(void)
{
}

void delays_print(void)
{
}
