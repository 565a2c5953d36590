/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every importer meets pressures in its maker's unit. They come to kPa by the exact factor: psi by
 * the pound (0.45359237 kg), standard gravity (9.80665 m/s2) and the inch (25.4 mm); mmHg
 * (conventional, 13,595.1 kg/m3 of mercury) as ISO 80000-4 has it.
 */
#include <string.h>
#include <strings.h>

#include "import_units.h"

static const struct {
	const char *name;
	double kpa; /* 0: counts */
} units[] = {
	{"kPa", 1.0},	     {"MPa", 1e3},    {"PSI", 6.894757293168361},
	{"Pa", 1e-3},	     {"hPa", 0.1},    {"mbar", 0.1},
	{"bar", 100.0},	     {"N/cm2", 10.0}, {"mmHg", 0.133322387415},
	{"Kg/cm2", 98.0665}, {"Raw", 0.0},    {"counts", 0.0},
};

double pl_import_pressure_unit(const char *name, size_t n)
{
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
		if (strlen(units[i].name) == n && strncasecmp(name, units[i].name, n) == 0)
			return units[i].kpa;
	return -1;
}
