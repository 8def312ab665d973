// SPDX-License-Identifier: LGPL-2.1-or-later
#include "check/check.h"

/*
 * No event shows that something never happens: this is judged where the whole
 * graph of states is known (race/starving.c). A complete search that meets no
 * state twice in a run has shown that every run ends.
 */
const struct ds_property ds_no_starvation = {
	.name = "NO_STARVATION",
	.sentence = "No task stays inside one call for ever while every task "
		    "that can always go on does go on.",
	.reads = "the graph of states: cycles, who takes steps there, whose "
		 "calls return",
};
