/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DS_RACE_INEVITABLE_H
#define DS_RACE_INEVITABLE_H

/*
 * When did it become inevitable? The decisive step of a failing run is the
 * last one before which some continuation was still safe: every run that
 * agrees with it up to and with that step breaks the property.
 */
#include "race/seek.h"

struct ds_inevitable {
	bool decided;
	/*
	 * The decisive step, from 1; 0: no run at all is safe. If the budget
	 * ended first: from this step on it is known to be inevitable, and
	 * before @open it is known not to be.
	 */
	uint64_t from;
	uint64_t open;
	unsigned int task; /* of the decisive step, and where it stood */
	enum ds_at at;
	/* A run that is safe, and the same up to the step before; or empty. */
	struct ds_schedule safe;
	uint64_t runs;
};

/**
 * ds_inevitable_find() - find the decisive step of a run
 * @schedule: of a run that breaks @property
 * @step:     at which it broke, from 1
 * @budget:   runs at most
 *
 * Return: 0 (free it with ds_inevitable_free()); negative errno when a run was
 * void, -EPROTO when @schedule cannot be followed.
 */
int ds_inevitable_find(struct ds_world *world,
		       const struct ds_schedule *schedule,
		       enum ds_property_id property, uint64_t step,
		       uint64_t budget, struct ds_inevitable *ret_inevitable);

void ds_inevitable_free(struct ds_inevitable *inevitable);

#endif
