/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DS_RACE_FINALS_H
#define DS_RACE_FINALS_H

/*
 * What files can contain when all is over: for each run of a search the sizes
 * and bytes that a read would return then, whatever blocks they lie on.
 */
#include "race/world.h"

struct ds_finals {
	struct ds_digest *all; /* different ones */
	size_t n, max;
	int error; /* of the host: some are missing */
};

/*
 * Adds the contents that @world has: for struct ds_search_options.ran, with the
 * finals as its argument.
 */
void ds_finals_add(void *arg, struct ds_world *world);

/* How many of @these are not among @those. */
size_t ds_finals_foreign(const struct ds_finals *these,
			 const struct ds_finals *those);

void ds_finals_free(struct ds_finals *finals);

#endif
