/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DS_RACE_FIXES_H
#define DS_RACE_FIXES_H

/*
 * Which commit of Linux mended what a run shows.
 */
#include "check/check.h"

struct ds_fix {
	const char *commit; /* of the mainline, 12 digits */
	const char *title;
	const char *since; /* the first release with it */
};

/*
 * The fix for @property broken on profile @fs by call @call (as in
 * DS_EV_CALL_ENTERED; NULL: by evicting a file). @unmapped: the file was not
 * mapped when the call looked for busy pages. NULL: none is known.
 */
const struct ds_fix *ds_fix_find(const char *fs, enum ds_property_id property,
				 const char *call, bool unmapped);

#endif
