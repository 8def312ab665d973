/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DS_RACE_SHRINK_H
#define DS_RACE_SHRINK_H

/*
 * The smallest counterexample: fewest tasks, calls and pages that still break
 * the same property, then the run with the fewest preemptions, and of those one
 * that breaks it after the fewest steps.
 */
#include "race/program.h"
#include "race/search.h"

struct ds_shrink {
	struct ds_program_options program;
	enum ds_property_id property;
	uint64_t budget; /* runs for each scenario tried, and for each bound */
	uint64_t max_steps;
	/* NULL, or called now and then; true: stop with what there is. */
	bool (*progress)(void *arg, uint64_t runs, uint64_t states);
	void *progress_arg;
};

struct ds_shrunk {
	struct ds_scenario scenario;
	struct ds_schedule schedule;
	struct ds_finding finding;
	unsigned int preemptions; /* of @schedule */
	bool fewest;              /* no run with fewer breaks the property */
	bool shortest;            /* ... and none with as many does it sooner */
	unsigned int tried;       /* scenarios */
	uint64_t runs;
	bool interrupted;
};

/**
 * ds_shrink() - make a counterexample small
 * @scenario: one in which the property breaks
 *
 * Tasks that go on for ever make their calls once: a run has to end.
 * No single reduction of the result breaks the property any more, as far as
 * the budget could tell. Its expectations are what a complete search of it
 * finds, if that fits the budget too. Nothing in it depends on time.
 *
 * Return: 0 (free the schedule); -ENOENT when @scenario does not break the
 * property within the budget; -ENOMEM and others when a run was void.
 */
int ds_shrink(const struct ds_scenario *scenario, const struct ds_shrink *how,
	      struct ds_shrunk *ret_shrunk);

#endif
