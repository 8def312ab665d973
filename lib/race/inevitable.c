// SPDX-License-Identifier: LGPL-2.1-or-later
#include "race/inevitable.h"

#include <string.h>

#include "race/walk.h"

/* Runs longer than that are neither safe nor broken. */
#define MAX_STEPS 10000

/*
 * Let S(k) say: some safe run begins with the first k steps of the schedule.
 * What begins with k + 1 of them also begins with k, so S(k + 1) implies S(k):
 * once inevitable, always inevitable. So there is one border to be found, and
 * bisection finds it.
 *
 * A question behind the border costs a complete search, which is the smaller
 * the longer the prefix; one before it ends with the first safe run. So the
 * border is approached from the end, in growing strides, and then bisected:
 * no search is larger than that from the border itself.
 */
struct border {
	struct ds_world *world;
	const struct ds_schedule *schedule;
	struct ds_seek seek;
	struct ds_inevitable *found;
	uint64_t budget;
	uint64_t unsafe; /* not S(unsafe) */
	uint64_t safe;   /* S(safe), if @any_safe */
	bool any_safe;
};

/* Asks for S(@k). Return: 0; 1 when the budget ended; negative errno. */
static int ask(struct border *border, uint64_t k)
{
	struct ds_seek_result result;
	int r;

	border->seek.n_prefix = (size_t)k;
	border->seek.budget = border->budget - border->found->runs;
	r = ds_seek_run(border->world, &border->seek, &result);
	if (r < 0)
		return r;
	border->found->runs += result.runs;
	if (result.end == DS_SEEK_FOUND) {
		border->safe = k;
		border->any_safe = true;
		ds_schedule_free(&border->found->safe);
		border->found->safe = result.schedule;
		return 0;
	}
	ds_schedule_free(&result.schedule);
	if (result.end == DS_SEEK_UNDECIDED)
		return 1;
	border->unsafe = k;
	return 0;
}

static int approach(struct border *border)
{
	uint64_t stride = 1;
	int r = 0;

	while (r == 0 && !border->any_safe && border->unsafe > 0) {
		r = ask(border,
			border->unsafe > stride ? border->unsafe - stride : 0);
		stride *= 2;
	}
	while (r == 0 && border->any_safe && border->unsafe - border->safe > 1)
		r = ask(border,
			border->safe + (border->unsafe - border->safe) / 2);
	return r;
}

int ds_inevitable_find(struct ds_world *world,
		       const struct ds_schedule *schedule,
		       enum ds_property_id property, uint64_t step,
		       uint64_t budget, struct ds_inevitable *ret_inevitable)
{
	struct border border = {
		.world = world,
		.schedule = schedule,
		.seek = {.property = property,
			 .prefix = schedule,
			 .max_steps = MAX_STEPS},
		.found = ret_inevitable,
		.budget = budget,
		.unsafe = step < schedule->n ? step : schedule->n,
	};
	int r;

	memset(ret_inevitable, 0, sizeof(*ret_inevitable));
	r = approach(&border);
	if (r >= 0) {
		ret_inevitable->decided = r == 0;
		ret_inevitable->from = border.unsafe;
		ret_inevitable->open = border.any_safe ? border.safe + 1 : 0;
		r = 0;
	}
	if (r == 0 && ret_inevitable->from) {
		ret_inevitable->task =
			schedule->tasks[ret_inevitable->from - 1];
		r = ds_walk_point(world, schedule, ret_inevitable->from,
				  &ret_inevitable->at);
	}
	if (r < 0)
		ds_inevitable_free(ret_inevitable);
	return r;
}

void ds_inevitable_free(struct ds_inevitable *inevitable)
{
	ds_schedule_free(&inevitable->safe);
}
