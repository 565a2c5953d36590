/* SPDX-License-Identifier: Apache-2.0 */
/* Options to hints; what they must be is checked where they are used (lib/archive). */
#include "tools/hints.h"

#include <stdlib.h>
#include <string.h>

/* "5.08" or "5x8.47", rows first. */
static void take_pitch(struct pl_args *args, struct pl_hints *hints)
{
	const char *whole = args->value, *x = strchr(whole, 'x');
	char row[32];

	if (!x || (size_t)(x - whole) >= sizeof(row)) {
		pl_args_number(args, 0.01, 1000, &hints->pitch_row_mm);
		hints->pitch_col_mm = hints->pitch_row_mm;
		return;
	}
	memcpy(row, whole, (size_t)(x - whole));
	row[x - whole] = '\0';
	args->value = row;
	pl_args_number(args, 0.01, 1000, &hints->pitch_row_mm);
	args->value = x + 1;
	if (!args->done)
		pl_args_number(args, 0.01, 1000, &hints->pitch_col_mm);
	args->value = whole;
}

bool pl_hints_option(struct pl_args *args, int key, struct pl_hints *hints)
{
	switch (key) {
	case PL_OPT_COLUMNS:
		hints->columns = args->value;
		return true;
	case PL_OPT_UNIT:
		hints->unit = args->value;
		return true;
	case PL_OPT_UNIT_LENGTH:
		hints->unit_length = args->value;
		return true;
	case PL_OPT_RATE:
		pl_args_number(args, 0.001, 1e6, &hints->rate_hz);
		return true;
	case PL_OPT_DATASET:
		hints->dataset = args->value;
		return true;
	case PL_OPT_AXES:
		hints->axes = args->value;
		return true;
	case PL_OPT_GEOMETRY:
		hints->geometry = args->value;
		return true;
	case PL_OPT_CROPPED:
		hints->cropped = true;
		return true;
	case PL_OPT_PITCH:
		take_pitch(args, hints);
		return true;
	default:
		return false;
	}
}
