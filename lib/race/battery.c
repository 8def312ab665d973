// SPDX-License-Identifier: LGPL-2.1-or-later
#include "race/battery.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "race/program.h"
#include "race/timeline.h"
#include "race/token.h"

#define MAX_STEPS 10000

/* What breaks when blocks go or move under a pin, and when a wait hangs. */
#define UNDER_A_PIN                                                            \
	(UINT32_C(1) << DS_NO_FREE_BLOCK_PINNED |                              \
	 UINT32_C(1) << DS_NO_STRAY_WRITE |                                    \
	 UINT32_C(1) << DS_LAYOUT_HOLDER_COHERENT | UINT32_C(1) << DS_WAITED)
#define COPIES (UINT32_C(1) << DS_NO_STALE_DATA | UINT32_C(1) << DS_NO_LOST_DMA)
#define HANGS  (UINT32_C(1) << DS_NO_DEADLOCK | UINT32_C(1) << DS_NO_LOST_WAKEUP)

struct battery {
	const struct ds_battery_options *options;
	struct ds_region *region;
	char *why;
	size_t why_size;
};

static bool is_asked(const struct ds_battery_options *options,
		     const struct ds_spec_op *op, const struct ds_cell_pin *pin)
{
	if (!ds_cell_exists(op, options->profile, pin))
		return false;
	/* Who writes a file system here does not say that it lends blocks. */
	if (pin->deep || pin->layout ||
	    (!options->all && !(op->proved && pin->proved)))
		return false;
	return (!options->op || strcmp(options->op, op->name) == 0) &&
	       (!options->pin || strcmp(options->pin, pin->name) == 0);
}

/*
 * What breaks in this cell though the file system waits for whatever it takes
 * away, with the search and the wait that its kernel has.
 */
static uint32_t inherited_of(const struct ds_fs_profile *profile,
			     const struct ds_spec_op *op,
			     const struct ds_spec *spec,
			     const struct ds_cell_pin *pin)
{
	struct ds_spec careful = {
		.takes = spec->takes,
		.waits_for = spec->takes | spec->waits_for,
		.waits_unmapped = !profile->break_if_mapped,
		.looks_again = true,
		.ends_refaulted = {!profile->pte_holds_ref,
				   !profile->pte_holds_ref},
		.ends_with_bio = !profile->bio_wakes_nobody,
	};

	/* Which copies a break and fork leave alone is the kernel's. */
	if (pin->copy)
		return strstr(op->calls, "fork ") || profile->break_takes_copies
			       ? COPIES
			       : 0;
	if (!ds_verdict_predicted(op, &careful, pin)->violates)
		return 0;
	if (pin->unmap && !careful.waits_unmapped)
		return UNDER_A_PIN;
	return HANGS;
}

/* Corruption says most; otherwise the property that comes first. */
static const struct ds_search_finding *telling(
	const struct ds_search_result *result, unsigned int *ret_id)
{
	unsigned int i;

	*ret_id = DS_NO_STRAY_WRITE;
	if (result->findings[DS_NO_STRAY_WRITE].runs)
		return &result->findings[DS_NO_STRAY_WRITE];
	for (i = 0; i < DS_N_PROPERTIES; i++) {
		*ret_id = i;
		if (result->findings[i].runs)
			return &result->findings[i];
	}
	return NULL;
}

static int note(struct ds_battery_cell *cell,
		const struct ds_scenario *scenario,
		const struct ds_fs_profile *profile,
		const struct ds_search_options *search,
		const struct ds_search_result *result)
{
	const struct ds_search_finding *shown;
	unsigned int id;

	cell->broken |= result->broken;
	cell->warned |= result->warned;
	cell->violates |= result->broken != 0;
	cell->interleavings += result->interleavings;
	if (cell->complete)
		ds_search_end_text(result, search, cell->search,
				   sizeof(cell->search));
	cell->complete &= result->end == DS_END_COMPLETE;
	shown = cell->replay ? NULL : telling(result, &id);
	if (!shown)
		return 0;
	cell->property = ds_property((enum ds_property_id)id)->name;
	snprintf(cell->text, sizeof(cell->text), "%s", shown->finding.text);
	cell->replay =
		ds_token_format(scenario->name, scenario->hash, profile->name,
				DS_RULE_NONE, &shown->schedule);
	return cell->replay ? 0 : -ENOMEM;
}

static int bring_to_life(const struct ds_scenario *scenario,
			 const struct ds_fs_profile *profile,
			 struct ds_region *region,
			 struct ds_program **ret_program, char *ret_why,
			 size_t why_size)
{
	struct ds_program_options how = {
		.profile = profile,
		.region = region,
		.turns = DS_TURNS_FIBER,
		.checked = true,
	};

	return ds_program_new(scenario, &how, ret_program, ret_why, why_size);
}

/* One of a cell's searches. */
static int search_once(const struct battery *battery,
		       struct ds_battery_cell *cell, bool touched)
{
	const struct ds_fs_profile *profile = battery->options->profile;
	struct ds_search_options search = {
		.kind = DS_SEARCH_STATES,
		.budget = battery->options->budget,
		.max_steps = MAX_STEPS,
	};
	struct ds_search_result result;
	struct ds_scenario scenario;
	struct ds_program *program;
	int r;

	r = ds_cell_scenario(cell->op, cell->pin, touched, &scenario);
	if (r == 0)
		r = bring_to_life(&scenario, profile, battery->region, &program,
				  battery->why, battery->why_size);
	if (r < 0)
		return r;
	r = ds_search_run(ds_program_world(program), &search, &result);
	if (r < 0) {
		snprintf(battery->why, battery->why_size,
			 "%s: the search is void: %s", scenario.name,
			 strerror(-r));
	} else {
		r = note(cell, &scenario, profile, &search, &result);
		ds_search_result_free(&result);
	}
	ds_program_free(program);
	return r;
}

static int search_cell(const struct battery *battery,
		       struct ds_battery_cell *cell, const struct ds_spec *spec)
{
	const struct ds_verdict *verdict =
		ds_verdict_predicted(cell->op, spec, cell->pin);
	uint32_t inherited = inherited_of(battery->options->profile, cell->op,
					  spec, cell->pin);
	int r;

	cell->complete = true;
	/* Fast pins first: they show most. */
	r = search_once(battery, cell, true);
	if (r == 0)
		r = search_once(battery, cell, false);
	cell->predicted = cell->violates == verdict->violates;
	cell->because = verdict->because;
	cell->inherited = cell->violates && !(cell->broken & ~inherited);
	return r;
}

static int search_op(const struct battery *battery, const struct ds_spec_op *op,
		     void (*tell)(void *arg,
				  const struct ds_battery_cell *cell),
		     void *arg, unsigned int *n)
{
	const struct ds_battery_options *options = battery->options;
	const struct ds_cell_pin *pin;
	struct ds_spec spec;
	bool found = false;
	unsigned int i;
	int r = 0;

	for (i = 0; r == 0 && (pin = ds_cell_pin_at(i)); i++) {
		struct ds_battery_cell cell = {.op = op, .pin = pin};

		if (!is_asked(options, op, pin))
			continue;
		if (!found)
			r = ds_spec_find(op, options->profile, battery->region,
					 &spec, battery->why,
					 battery->why_size);
		found = true;
		if (r == 0)
			r = search_cell(battery, &cell, &spec);
		if (r == 0)
			tell(arg, &cell);
		free(cell.replay);
		++*n;
	}
	return r;
}

int ds_battery_run(const struct ds_battery_options *options,
		   void (*tell)(void *arg, const struct ds_battery_cell *cell),
		   void *arg, char *ret_why, size_t why_size)
{
	struct ds_region_options memory = {0};
	struct battery battery = {
		.options = options,
		.why = ret_why,
		.why_size = why_size,
	};
	unsigned int i, n = 0;
	int r;

	r = ds_region_open(&memory, &battery.region, ret_why, why_size);
	if (r < 0)
		return r;
	for (i = 0; r == 0 && ds_spec_op_at(i); i++)
		r = search_op(&battery, ds_spec_op_at(i), tell, arg, &n);
	ds_region_close(battery.region);
	if (r == 0 && n == 0) {
		snprintf(ret_why, why_size,
			 "no such operation, or no such pin, in the table");
		return -EINVAL;
	}
	return r;
}

/* ------------------------------- Replaying -------------------------------- */

static int replay(struct ds_world *world, const struct ds_schedule *schedule,
		  struct ds_battery_replay *ret)
{
	struct ds_timeline *timeline;
	size_t diverged;
	int r;

	r = ds_timeline_new(world, &timeline);
	if (r < 0)
		return r;
	r = ds_replay_run(world, schedule, &diverged);
	memcpy(ret->findings, world->checks->findings, sizeof(ret->findings));
	ret->warned = world->checks->warned;
	ret->timeline = r == 0 ? ds_timeline_text(timeline, false) : NULL;
	ds_timeline_free(timeline);
	return r == 0 && !ret->timeline ? -ENOMEM : r;
}

static int replay_in(struct ds_region *region,
		     const struct ds_fs_profile *profile,
		     const struct ds_token *token,
		     struct ds_battery_replay *ret_replay, char *ret_why,
		     size_t why_size)
{
	struct ds_scenario scenario;
	struct ds_program *program;
	int r;

	r = ds_cell_find(token->scenario, &scenario);
	if (r < 0 || strcmp(token->fs, profile->name) != 0 || token->broken ||
	    !ds_token_fits(token, scenario.hash)) {
		snprintf(ret_why, why_size,
			 "the token is of no cell on '%s', or of another "
			 "version of it",
			 profile->name);
		return -EINVAL;
	}
	r = bring_to_life(&scenario, profile, region, &program, ret_why,
			  why_size);
	if (r < 0)
		return r;
	r = replay(ds_program_world(program), &token->schedule, ret_replay);
	if (r < 0)
		snprintf(ret_why, why_size, "%s: the run took another way",
			 scenario.name);
	ds_program_free(program);
	return r;
}

int ds_battery_replay(const struct ds_fs_profile *profile, const char *token,
		      struct ds_battery_replay *ret_replay, char *ret_why,
		      size_t why_size)
{
	struct ds_region_options memory = {0};
	struct ds_region *region;
	struct ds_token parsed;
	int r;

	r = ds_token_parse(token, &parsed, ret_why, why_size);
	if (r < 0)
		return r;
	r = ds_region_open(&memory, &region, ret_why, why_size);
	if (r == 0) {
		r = replay_in(region, profile, &parsed, ret_replay, ret_why,
			      why_size);
		ds_region_close(region);
	}
	ds_token_free(&parsed);
	return r;
}
