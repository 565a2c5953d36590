/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One table describes the live metrics for everybody: the JSON keys of the metrics topic, the
 * datasets of /metrics, the columns of a CSV, docs/metrics.md. The unit is part of the key, so
 * the key of a force without calibration says counts.
 */
#include <stdio.h>
#include <string.h>

#include <plantar/live.h>

#include "live_columns.h"

#define FOOT_DEFS(base, first, who)                                                                \
	[first +                                                                                   \
		PL_FOOT_FORCE] = {base "_force", PL_Q_FORCE, "force under " who},                  \
		[first + PL_FOOT_COP_X] = {base "_cop_x", PL_Q_MM,                                 \
					   "centre of pressure of " who ", x"},                    \
		[first + PL_FOOT_COP_Y] = {base "_cop_y", PL_Q_MM,                                 \
					   "centre of pressure of " who ", y"},                    \
		[first + PL_FOOT_COP_FILTERED_X] = {base "_cop_filtered_x", PL_Q_MM,               \
						    "centre of pressure of " who                   \
						    ", x, low-passed"},                            \
		[first + PL_FOOT_COP_FILTERED_Y] = {base "_cop_filtered_y", PL_Q_MM,               \
						    "centre of pressure of " who                   \
						    ", y, low-passed"},                            \
		[first + PL_FOOT_HEEL_PCT] = {base "_heel", PL_Q_PCT, "heel load, share of " who}, \
		[first + PL_FOOT_MIDFOOT_PCT] = {base "_midfoot", PL_Q_PCT,                        \
						 "midfoot load, share of " who},                   \
		[first + PL_FOOT_FOREFOOT_PCT] = {base "_forefoot", PL_Q_PCT,                      \
						  "forefoot load, share of " who},                 \
		[first + PL_FOOT_HEEL_AM_FORCE] = {base "_heel_am_force", PL_Q_FORCE,              \
						   "force on the anterior medial heel of " who},   \
		[first + PL_FOOT_HEEL_AL_FORCE] = {base "_heel_al_force", PL_Q_FORCE,              \
						   "force on the anterior lateral heel of " who},  \
		[first + PL_FOOT_HEEL_PM_FORCE] = {base "_heel_pm_force", PL_Q_FORCE,              \
						   "force on the posterior medial heel of " who},  \
		[first + PL_FOOT_HEEL_PL_FORCE] = {base "_heel_pl_force", PL_Q_FORCE,              \
						   "force on the posterior lateral heel of " who}, \
		[first + PL_FOOT_PRESSURE_PEAK] = {base "_pressure_peak", PL_Q_PRESSURE,           \
						   "greatest cell under " who},                    \
		[first + PL_FOOT_CONTACT_AREA] = {base "_contact_area", PL_Q_CM2,                  \
						  "area in contact under " who},                   \
		[first + PL_FOOT_LENGTH] = {base "_length", PL_Q_MM,                               \
					    "length of the print of " who},                        \
		[first + PL_FOOT_AXIS] =                                                           \
			{base "_axis_deg", PL_Q_PLAIN,                                             \
			 "direction of " who                                                       \
			 ", heel to toe, degrees from forward, to the right positive"},            \
		[first + PL_FOOT_HEEL_X] = {base "_heel_x", PL_Q_MM,                               \
					    "where the axis of " who " begins, x"},                \
		[first + PL_FOOT_HEEL_Y] = {base "_heel_y", PL_Q_MM,                               \
					    "where the axis of " who " begins, y"},                \
		[first + PL_FOOT_HEEL_HALF] = {base "_heel_half", PL_Q_MM,                         \
					       "from there along the axis, half of the heel"},     \
		[first + PL_FOOT_HEEL_END] = {base "_heel_end", PL_Q_MM,                           \
					      "from there along the axis, end of the heel"},       \
		[first + PL_FOOT_FOREFOOT_BEGIN] = {base "_forefoot_begin", PL_Q_MM,               \
						    "from there along the axis, where the "        \
						    "forefoot begins"},                            \
		[first + PL_FOOT_PROVISIONAL] = {base "_provisional", PL_Q_PLAIN,                  \
						 "1 while the print of " who                       \
						 " may still grow, else 0"}

static const struct pl_metric_def columns[PL_COLUMNS] = {
	[PL_COL_FORCE] = {"force", PL_Q_FORCE, "force on the mat"},
	[PL_COL_COP_X] = {"cop_x", PL_Q_MM, "centre of pressure, x"},
	[PL_COL_COP_Y] = {"cop_y", PL_Q_MM, "centre of pressure, y"},
	[PL_COL_COP_FILTERED_X] = {"cop_filtered_x", PL_Q_MM, "centre of pressure, x, low-passed"},
	[PL_COL_COP_FILTERED_Y] = {"cop_filtered_y", PL_Q_MM, "centre of pressure, y, low-passed"},
	[PL_COL_PRESSURE_PEAK] = {"pressure_peak", PL_Q_PRESSURE, "greatest cell"},
	[PL_COL_CONTACT_AREA] = {"contact_area", PL_Q_CM2, "area in contact"},
	[PL_COL_FEET] = {"feet", PL_Q_PLAIN, "feet on the mat"},
	[PL_COL_LEFT_PCT] = {"left", PL_Q_PCT, "load of the left foot, share of both feet"},
	[PL_COL_RIGHT_PCT] = {"right", PL_Q_PCT, "load of the right foot, share of both feet"},
	[PL_COL_HEEL_PCT] = {"heel", PL_Q_PCT, "load of the heels, share of the whole load"},
	[PL_COL_MIDFOOT_PCT] = {"midfoot", PL_Q_PCT,
				"load of the midfeet, share of the whole load"},
	[PL_COL_FOREFOOT_PCT] = {"forefoot", PL_Q_PCT,
				 "load of the forefeet, share of the whole load"},
	FOOT_DEFS("left", PL_COL_LEFT, "the left foot"),
	FOOT_DEFS("right", PL_COL_RIGHT, "the right foot"),
	FOOT_DEFS("foot", PL_COL_FOOT, "the most loaded foot of unknown side"),
};

size_t pl_metric_count(void)
{
	return PL_COLUMNS;
}

bool pl_metric_is_later(size_t i)
{
	size_t column = i < PL_COL_LEFT ? 0 : (i - PL_COL_LEFT) % PL_FOOT_COLUMNS;

	return column >= PL_FOOT_HEEL_X && column <= PL_FOOT_FOREFOOT_BEGIN;
}

const struct pl_metric_def *pl_metric_def(size_t i)
{
	return i < PL_COLUMNS ? &columns[i] : NULL;
}

static const char *suffix(enum pl_quantity quantity, bool calibrated)
{
	switch (quantity) {
	case PL_Q_FORCE:
		return calibrated ? "_n" : "_counts";
	case PL_Q_PRESSURE:
		return calibrated ? "_kpa" : "_counts";
	case PL_Q_MM:
		return "_mm";
	case PL_Q_PCT:
		return "_pct";
	case PL_Q_CM2:
		return "_cm2";
	case PL_Q_PLAIN:
		break;
	}
	return "";
}

const char *pl_metric_key(size_t i, bool calibrated, char *buf, size_t cap)
{
	if (cap == 0)
		return buf;
	buf[0] = '\0';
	if (i < PL_COLUMNS)
		snprintf(buf, cap, "%s%s", columns[i].base,
			 suffix(columns[i].quantity, calibrated));
	return buf;
}

const char *pl_metric_unit(size_t i, bool calibrated)
{
	if (i >= PL_COLUMNS)
		return "";
	switch (columns[i].quantity) {
	case PL_Q_FORCE:
		return calibrated ? "N" : "counts";
	case PL_Q_PRESSURE:
		return calibrated ? "kPa" : "counts";
	case PL_Q_MM:
		return "mm";
	case PL_Q_PCT:
		return "%";
	case PL_Q_CM2:
		return "cm2";
	case PL_Q_PLAIN:
		break;
	}
	return "";
}

int pl_metric_find(const char *key)
{
	char buf[64];

	for (size_t i = 0; i < PL_COLUMNS; i++) {
		if (strcmp(key, pl_metric_key(i, true, buf, sizeof(buf))) == 0 ||
		    strcmp(key, pl_metric_key(i, false, buf, sizeof(buf))) == 0)
			return (int)i;
	}
	return -1;
}
