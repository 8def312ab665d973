/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DS_RACE_MUTATE_H
#define DS_RACE_MUTATE_H

/*
 * Mutations: the protocol without one of its rules (core/rule.h). Each has to
 * be killed: some scenario, in which every property holds while the rule is
 * kept, breaks one without it. A rule that nothing would miss is either none,
 * or nothing tests it.
 */
#include "core/rule.h"
#include "race/search.h"

enum ds_mutation_status {
	DS_MUTATION_KILLED,
	/* It carries an argument that no interleaving can tell, and none did */
	DS_MUTATION_EQUIVALENT,
	DS_MUTATION_SURVIVED,
};

struct ds_mutation_result {
	enum ds_rule rule;
	enum ds_mutation_status status;
	/* What killed it: a scenario on a profile; NULL if nothing did. */
	const char *scenario, *fs;
	enum ds_property_id property; /* the first that broke */
	uint32_t broken;              /* all that did in that run */
	char text[120];               /* of the first */
	char *replay;                 /* a token, or NULL */
	char search[32];      /* how complete the search without it is */
	uint64_t base;        /* interleavings in which all holds with it */
	uint64_t base_states; /* or states, where these were merged */
	uint64_t runs;        /* without it, to the first that shows it */
	unsigned int n_tried; /* scenarios in which it was broken */
	bool reached;         /* some run met the rule at all */
	bool refuted;         /* killed in spite of its argument */
};

struct ds_mutator;

/* @region stays the caller's, and is overwritten. Return: 0, or -ENOMEM. */
int ds_mutator_new(struct ds_region *region, struct ds_mutator **ret_mutator);
void ds_mutator_free(struct ds_mutator *mutator);

/*
 * The scenario and profile number @i in which the absence of @rule is looked
 * for. Return: whether there is one.
 */
bool ds_mutation_home(enum ds_rule rule, unsigned int i,
		      const char **ret_scenario, const char **ret_fs);

/**
 * ds_mutate() - break one rule and look who notices
 * @fs: only on this profile, or NULL
 * @progress: see struct ds_search_options
 *
 * Return: 0 with a result, to be cleared; -EINVAL when a scenario is not fit
 * (unknown, not searched to its end, or it breaks something while the rule is
 * kept), -EINTR when @progress said so; other errors of the host. Each but the
 * last two with one line in @ret_why.
 */
int ds_mutate(struct ds_mutator *mutator, enum ds_rule rule, const char *fs,
	      bool (*progress)(void *arg, uint64_t runs, uint64_t states),
	      struct ds_mutation_result *ret_result, char *ret_why,
	      size_t why_size);

void ds_mutation_result_clear(struct ds_mutation_result *result);

/* "killed", "equivalent" or "survived". */
const char *ds_mutation_status_name(enum ds_mutation_status status);

#endif
