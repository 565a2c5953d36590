/* SPDX-License-Identifier: Apache-2.0 */
/* The options of plantar simulate that say who stands on the mat, and how worn the mat is. */
#ifndef TOOLS_PERSON_OPTIONS_H
#define TOOLS_PERSON_OPTIONS_H

#include "tools/command.h"
#include "tools/feed.h"

enum {
	PL_OPT_SEED = PL_OPT_LONG + 100, /* clear of the command's own */
	PL_OPT_MASS,
	PL_OPT_HZ,
	PL_OPT_FOOT,
	PL_OPT_ARCH,
	PL_OPT_TOE_GAP,
	PL_OPT_TOE_OUT,
	PL_OPT_STANCE_WIDTH,
	PL_OPT_HEADING,
	PL_OPT_TOGETHER,
	PL_OPT_THERE_AND_BACK,
	PL_OPT_OFFSET,
	PL_OPT_LEFT,
	PL_OPT_HEEL,
	PL_OPT_SPARE_LEFT,
	PL_OPT_SPARE_RIGHT,
	PL_OPT_STRIKE,
	PL_OPT_NOISE,
	PL_OPT_SPEED,
	PL_OPT_CADENCE,
	PL_OPT_BELT,
	PL_OPT_CODE_NOISE,
	PL_OPT_DEAD,
	PL_OPT_PLACE,
	PL_OPT_PLATE,
};

#define PL_PERSON_OPTIONS                                                                         \
	{PL_OPT_SEED, "seed", "N", "person: the same seed gives the same frames"},                \
		{PL_OPT_MASS, "mass", "KG", "person, weight: mass (default 70)"},                 \
		{PL_OPT_HZ, "hz", "HZ",                                                           \
		 "person: frames a second (default: the mat's, else 100);\n"                      \
		 "array: frames a second as it was recorded"},                                    \
		{PL_OPT_FOOT, "foot-length", "MM", "person: default 255"},                        \
		{PL_OPT_ARCH, "arch", "PCT",                                                      \
		 "person: 0 flat, 50 usual (default), 100: the midfoot\n"                         \
		 "leaves no print"},                                                              \
		{PL_OPT_TOE_GAP, "toe-gap", "MM",                                                 \
		 "person: toes further off the forefoot (default 0)"},                            \
		{PL_OPT_TOE_OUT, "toe-out", "DEG", "person: feet turned out (default 7)"},        \
		{PL_OPT_STANCE_WIDTH, "stance-width", "MM",                                       \
		 "person: between the feet's axes (default: what goes\n"                          \
		 "with the kind)"},                                                               \
		{PL_OPT_TOGETHER, "feet-together", NULL, "person: the feet touch each other"},    \
		{PL_OPT_HEADING, "heading", "DEG",                                                \
		 "person: which way, clockwise from forward (default 0)"},                        \
		{PL_OPT_THERE_AND_BACK, "there-and-back", NULL,                                   \
		 "person: every other pass the other way"},                                       \
		{PL_OPT_OFFSET, "offset", "MM", "person: beside the middle, to their right"},     \
		{PL_OPT_LEFT, "left", "PCT",                                                      \
		 "person: load on the left foot, standing (default 50)"},                         \
		{PL_OPT_HEEL, "heel", "PCT", "person: load on the heels, standing (default 60)"}, \
		{PL_OPT_SPARE_LEFT, "spare-left", "PCT",                                          \
		 "person: part of the left heel's load moved forward"},                           \
		{PL_OPT_SPARE_RIGHT, "spare-right", "PCT", "person: the same of the right heel"}, \
		{PL_OPT_STRIKE, "strike", "WHERE",                                                \
		 "person: lands on the rearfoot (default), midfoot or\n"                          \
		 "forefoot, or in % of the foot's length from the heel"},                         \
		{PL_OPT_NOISE, "noise", "KPA", "person: standard deviation of each loaded cell"}, \
		{PL_OPT_SPEED, "speed", "M_S",                                                    \
		 "person: over the mat (default: walking 1.2,\n"                                  \
		 "run-over 3)"},                                                                  \
		{PL_OPT_CADENCE, "cadence", "SPM",                                                \
		 "person: running steps a minute (default 165)"},                                 \
		{PL_OPT_BELT, "belt", "M_S",                                                      \
		 "person: walks or runs against a belt of that speed"},                           \
		{PL_OPT_PLACE, "place", "ROW,COL",                                                \
		 "weight: the cell under its middle (default: the mat's)"},                       \
		{PL_OPT_PLATE, "plate", "MM", "weight: side of its plate (default 60)"},          \
		{PL_OPT_CODE_NOISE, "code-noise", "COUNTS",                                       \
		 "mat: standard deviation of every code"},                                        \
	{                                                                                         \
		PL_OPT_DEAD, "dead", "PCT", "mat: cells that always say 0"                        \
	}

/* False: none of the above. */
bool pl_person_option(struct pl_args *args, int key, struct pl_feed_options *o);

#endif
