// SPDX-License-Identifier: LGPL-2.1-or-later
#include "check/check.h"

const struct ds_property ds_expected = {
	.name = "EXPECTED",
	.sentence = "What a test program expects at a step of its own is so.",
	.reads = "whatever the program read in that step",
};
