/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every figure starts here: raw counts become pressure. The daemon does this for each frame, so
 * the usual mats (unsigned counts, one scale, mostly empty) take a path that touches only the
 * cells that are loaded; everything else goes through one general loop a cell type. Both give
 * the same bits. What cannot be trusted (no cell there, dead, stuck, not a finite number) becomes
 * zero or is interpolated, and the frame says so.
 */
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <plantar/calibration.h>

#include "convert.h"

#define STANDARD_GRAVITY_M_S2 9.80665
#define WEIGHT_TOLERANCE 0.05
#define TARE_MARK "+tare"

static const char *const layout_names[] = {
	[PL_LAYOUT_MAT] = "mat",
	[PL_LAYOUT_SENSORS] = "sensors",
	[PL_LAYOUT_PICTURE] = "picture",
	[PL_LAYOUT_TABLE] = "table",
};
static const char *const unit_names[] = {
	[PL_UNIT_COUNTS] = "counts",
	[PL_UNIT_KPA] = "kPa",
	[PL_UNIT_N] = "N",
};

double pl_cell_area_m2(const struct pl_geometry *g)
{
	return g->pitch_row_m * g->pitch_col_m;
}

const char *pl_layout_name(enum pl_layout layout)
{
	if ((unsigned)layout >= sizeof(layout_names) / sizeof(layout_names[0]))
		return "unknown";
	return layout_names[layout];
}

int pl_layout_parse(const char *name)
{
	for (int i = 0; name && i < (int)(sizeof(layout_names) / sizeof(layout_names[0])); i++)
		if (strcmp(name, layout_names[i]) == 0)
			return i;
	return -1;
}

const char *pl_unit_name(enum pl_unit unit)
{
	if ((unsigned)unit >= sizeof(unit_names) / sizeof(unit_names[0]))
		return "counts";
	return unit_names[unit];
}

int pl_unit_parse(const char *name)
{
	for (int i = 0; name && i < (int)(sizeof(unit_names) / sizeof(unit_names[0])); i++)
		if (strcmp(name, unit_names[i]) == 0)
			return i;
	return -1;
}

void pl_calibration_init(struct pl_calibration *cal, const struct pl_geometry *g)
{
	*cal = (struct pl_calibration){
		.id = "none",
		.unit = PL_UNIT_COUNTS,
		.scale = 1.0,
		.cells = pl_geometry_cells(g),
	};
}

void pl_calibration_free(struct pl_calibration *cal)
{
	free(cal->cell_offset);
	free(cal->cell_gain);
	free(cal->tare);
	free(cal->cell_state);
	cal->cell_offset = NULL;
	cal->cell_gain = NULL;
	cal->tare = NULL;
	cal->cell_state = NULL;
}

static bool copy_array(void *to, const void *from, size_t bytes)
{
	void *copy = NULL;

	if (from && bytes) {
		copy = malloc(bytes);
		if (!copy)
			return false;
		memcpy(copy, from, bytes);
	}
	memcpy(to, &copy, sizeof(copy));
	return true;
}

int pl_calibration_copy(struct pl_calibration *to, const struct pl_calibration *from,
			struct pl_error *err)
{
	size_t doubles = from->cells * sizeof(double);

	*to = *from;
	to->cell_offset = NULL;
	to->cell_gain = NULL;
	to->tare = NULL;
	to->cell_state = NULL;
	if (copy_array(&to->cell_offset, from->cell_offset, doubles) &&
	    copy_array(&to->cell_gain, from->cell_gain, doubles) &&
	    copy_array(&to->tare, from->tare, doubles) &&
	    copy_array(&to->cell_state, from->cell_state, from->cells))
		return 0;
	pl_calibration_free(to);
	return pl_error_set(err, PL_ENOMEM, 0, "out of memory copying a calibration of %zu cells",
			    from->cells);
}

static int check_curve(const struct pl_calibration *cal, struct pl_error *err)
{
	if (cal->curve_points == 0)
		return 0;
	if (cal->curve_points < 2 || cal->curve_points > PL_CURVE_MAX)
		return pl_error_set(err, PL_ECONFIG, 0,
				    "a calibration curve has 2 to %d points, not %u", PL_CURVE_MAX,
				    cal->curve_points);
	for (unsigned i = 0; i < cal->curve_points; i++) {
		if (!isfinite(cal->curve_counts[i]) || !isfinite(cal->curve_value[i]) ||
		    cal->curve_value[i] < 0)
			return pl_error_set(err, PL_ECONFIG, 0,
					    "calibration curve, point %u: counts and value must "
					    "be finite, the value not negative",
					    i + 1);
		if (i && cal->curve_counts[i] <= cal->curve_counts[i - 1])
			return pl_error_set(err, PL_ECONFIG, 0,
					    "calibration curve, point %u: counts must rise from "
					    "point to point",
					    i + 1);
		if (i && cal->curve_value[i] < cal->curve_value[i - 1])
			return pl_error_set(err, PL_ECONFIG, 0,
					    "calibration curve, point %u: the value must not fall",
					    i + 1);
	}
	return 0;
}

static int check_cells(const struct pl_calibration *cal, struct pl_error *err)
{
	for (size_t i = 0; i < cal->cells; i++) {
		if (cal->cell_offset && !isfinite(cal->cell_offset[i]))
			return pl_error_set(err, PL_ECONFIG, 0,
					    "calibration, cell %zu: the offset is not a number", i);
		if (cal->cell_gain && !(isfinite(cal->cell_gain[i]) && cal->cell_gain[i] > 0))
			return pl_error_set(err, PL_ECONFIG, 0,
					    "calibration, cell %zu: the gain must be above 0; mark "
					    "a cell without signal as dead instead",
					    i);
		if (cal->tare && !isfinite(cal->tare[i]))
			return pl_error_set(err, PL_ECONFIG, 0,
					    "calibration, cell %zu: the tare is not a number", i);
		if (cal->cell_state && cal->cell_state[i] > PL_CELL_STUCK)
			return pl_error_set(err, PL_ECONFIG, 0,
					    "calibration, cell %zu: state %u is none of 0 (ok), 1 "
					    "(none), 2 (dead), 3 (stuck)",
					    i, cal->cell_state[i]);
	}
	return 0;
}

int pl_calibration_check(const struct pl_calibration *cal, const struct pl_geometry *g,
			 struct pl_error *err)
{
	if (g->rows < 1 || g->rows > PL_SIDE_MAX || g->cols < 1 || g->cols > PL_SIDE_MAX)
		return pl_error_set(err, PL_ECONFIG, 0,
				    "a mat has 1 to %d rows and columns, not %u x %u", PL_SIDE_MAX,
				    g->rows, g->cols);
	if (!(isfinite(g->pitch_row_m) && g->pitch_row_m > 0 && isfinite(g->pitch_col_m) &&
	      g->pitch_col_m > 0))
		return pl_error_set(err, PL_ECONFIG, 0, "the cell pitch must be above 0 m");
	if ((unsigned)cal->unit > PL_UNIT_N)
		return pl_error_set(err, PL_ECONFIG, 0,
				    "the calibration's unit is none of counts, kPa, N");
	if ((cal->cell_offset || cal->cell_gain || cal->tare || cal->cell_state) &&
	    cal->cells != pl_geometry_cells(g))
		return pl_error_set(err, PL_ECONFIG, 0,
				    "the calibration is for %zu cells, the mat has %zu", cal->cells,
				    pl_geometry_cells(g));
	if (cal->curve_points == 0 && !(isfinite(cal->scale) && cal->scale > 0))
		return pl_error_set(err, PL_ECONFIG, 0, "the calibration's scale must be above 0");
	if (!(isfinite(cal->noise_floor) && cal->noise_floor >= 0))
		return pl_error_set(err, PL_ECONFIG, 0, "the noise floor must not be negative");
	if (!(isfinite(cal->contact) && cal->contact >= 0))
		return pl_error_set(err, PL_ECONFIG, 0,
				    "the contact threshold must not be negative");
	if (!(isfinite(cal->saturation_counts) && cal->saturation_counts >= 0))
		return pl_error_set(err, PL_ECONFIG, 0,
				    "saturation_counts must not be negative (0: unknown)");
	if ((unsigned)cal->dead_policy > PL_DEAD_INTERPOLATE)
		return pl_error_set(err, PL_ECONFIG, 0,
				    "the dead-cell policy is neither exclude nor interpolate");
	if (check_curve(cal, err) < 0)
		return -1;
	return check_cells(cal, err);
}

int pl_layout_check(enum pl_layout layout, const struct pl_calibration *cal,
		    const struct pl_geometry *g, struct pl_error *err)
{
	const struct pl_geometry unplaced = {
		.rows = g->rows, .cols = g->cols, .pitch_row_m = 1, .pitch_col_m = 1};

	if (layout == PL_LAYOUT_MAT || layout == PL_LAYOUT_PICTURE)
		return pl_calibration_check(cal, g, err);
	if (layout != PL_LAYOUT_SENSORS)
		return pl_error_set(err, PL_ECONFIG, 0, "a table has no cells");
	if (!isnan(g->pitch_row_m) || !isnan(g->pitch_col_m) || g->cols > 2 ||
	    cal->unit == PL_UNIT_N)
		return pl_error_set(err, PL_ECONFIG, 0,
				    "sensors without places stand in one or two columns, have no "
				    "pitch and are not calibrated in newtons");
	return pl_calibration_check(cal, &unplaced, err);
}

/* ---- forward -------------------------------------------------------------------------------- */

/*
 * One loop a cell type. memcpy is a plain load that does not care about alignment. A saturated
 * cell of a place without a cell does not count.
 */
#define DEFINE_CONVERT(TYPE, NAME)                                                               \
	static uint32_t convert_##NAME(const struct pl_calibration *cal, size_t n, double k,     \
				       const unsigned char *cells, double *value)                \
	{                                                                                        \
		double full = cal->saturation_counts > 0 ? cal->saturation_counts : (double)NAN; \
		uint32_t flags = 0;                                                              \
                                                                                                 \
		for (size_t i = 0; i < n; i++) {                                                 \
			TYPE raw;                                                                \
			double v;                                                                \
                                                                                                 \
			memcpy(&raw, cells + i * sizeof(raw), sizeof(raw));                      \
			v = pl_convert(cal, pl_linearise(cal, i, (double)raw), k);               \
			value[i] = v;                                                            \
			if ((double)raw >= full && pl_usable(cal, i))                            \
				flags = PL_FLAG_SATURATED;                                       \
		}                                                                                \
		return flags;                                                                    \
	}

DEFINE_CONVERT(uint8_t, u8)
DEFINE_CONVERT(uint16_t, u16)
DEFINE_CONVERT(int16_t, i16)
DEFINE_CONVERT(int32_t, i32)
DEFINE_CONVERT(uint32_t, u32)
DEFINE_CONVERT(float, f32)
DEFINE_CONVERT(double, f64)

/* Zero counts are zero pressure: no tare, no offset, no curve that starts below 0. */
static bool zero_is_zero(const struct pl_calibration *cal)
{
	return !cal->tare && !cal->cell_offset &&
	       (cal->curve_points == 0 || pl_curve_at(cal, 0.0) <= 0.0);
}

static inline double load(const unsigned char *cells, size_t i, size_t size)
{
	uint16_t u;

	if (size == 1)
		return cells[i];
	memcpy(&u, cells + i * 2, 2);
	return u;
}

/* Scale and floor, nothing else; the same bits as pl_convert(). Returns the greatest raw value. */
static inline double scale_some(const struct pl_calibration *cal, size_t from, size_t to, double k,
				const unsigned char *cells, size_t size, double *value)
{
	double scale = cal->scale, floor = fmax(cal->noise_floor, DBL_MIN), top = 0;

	for (size_t c = from; c < to; c++) {
		double raw = load(cells, c, size), v = scale * raw;

		top = raw > top ? raw : top;
		value[c] = v * k * (v >= floor); /* without a branch: edges are hard to predict */
	}
	return top;
}

static inline double convert_some(const struct pl_calibration *cal, size_t from, size_t to,
				  double k, const unsigned char *cells, size_t size, double *value)
{
	double top = 0;

	for (size_t c = from; c < to; c++) {
		double raw = load(cells, c, size);

		top = raw > top && pl_usable(cal, c) ? raw : top;
		value[c] = pl_convert(cal, pl_linearise(cal, c, raw), k);
	}
	return top;
}

/* u8 or u16 where most cells are 0: sixteen bytes are looked at together. */
static inline uint32_t convert_sparse(const struct pl_calibration *cal, size_t n, double k,
				      const unsigned char *cells, size_t size, double *value)
{
	bool plain = !cal->cell_gain && !cal->cell_state && cal->curve_points == 0;
	size_t step = 16 / size, next = 0;
	double top = 0;

	memset(value, 0, n * sizeof(*value));
	for (size_t i = 0; i < n; i = next) {
		uint64_t word[2] = {1, 1};
		double some;

		next = i + step <= n ? i + step : n;
		if (next == i + step)
			memcpy(word, cells + i * size, 16);
		if (!(word[0] | word[1]))
			continue;
		some = plain ? scale_some(cal, i, next, k, cells, size, value)
			     : convert_some(cal, i, next, k, cells, size, value);
		top = some > top ? some : top;
	}
	return cal->saturation_counts > 0 && top >= cal->saturation_counts ? PL_FLAG_SATURATED : 0;
}

static uint32_t convert_all(const struct pl_calibration *cal, size_t n, double k, const void *cells,
			    enum pl_dtype dtype, double *value)
{
	switch (dtype) {
	case PL_U8:
		return zero_is_zero(cal) ? convert_sparse(cal, n, k, cells, 1, value)
					 : convert_u8(cal, n, k, cells, value);
	case PL_U16:
		return zero_is_zero(cal) ? convert_sparse(cal, n, k, cells, 2, value)
					 : convert_u16(cal, n, k, cells, value);
	case PL_I16:
		return convert_i16(cal, n, k, cells, value);
	case PL_I32:
		return convert_i32(cal, n, k, cells, value);
	case PL_U32:
		return convert_u32(cal, n, k, cells, value);
	case PL_F32:
		return convert_f32(cal, n, k, cells, value);
	case PL_F64:
		return convert_f64(cal, n, k, cells, value);
	}
	memset(value, 0, n * sizeof(*value));
	return 0;
}

/* Floating-point cells may hold infinities: no pressure is infinite. */
static uint32_t drop_infinities(size_t n, double *value)
{
	uint32_t flags = 0;

	for (size_t i = 0; i < n; i++) {
		if (value[i] > DBL_MAX) {
			value[i] = 0.0;
			flags = PL_FLAG_DEAD;
		}
	}
	return flags;
}

/* The mean of the working cells around; 0 if there is none. */
static double neighbours(const struct pl_calibration *cal, const struct pl_geometry *g, size_t cell,
			 const double *value)
{
	unsigned r = (unsigned)(cell / g->cols), c = (unsigned)(cell % g->cols), n = 0;
	unsigned r1 = r + 1 < g->rows ? r + 1 : r, c1 = c + 1 < g->cols ? c + 1 : c;
	double sum = 0;

	for (unsigned i = r ? r - 1 : 0; i <= r1; i++) {
		for (unsigned j = c ? c - 1 : 0; j <= c1; j++) {
			size_t at = (size_t)i * g->cols + j;

			if (cal->cell_state[at] == PL_CELL_OK) {
				sum += value[at];
				n++;
			}
		}
	}
	return n ? sum / n : 0.0;
}

static uint32_t apply_states(const struct pl_calibration *cal, const struct pl_geometry *g,
			     double *value)
{
	uint32_t flags = 0;
	size_t n = pl_geometry_cells(g);

	for (size_t i = 0; i < n; i++) {
		if (cal->cell_state[i] == PL_CELL_OK)
			continue;
		value[i] = 0.0;
		if (cal->cell_state[i] == PL_CELL_NONE)
			continue;
		flags = PL_FLAG_DEAD;
		if (cal->dead_policy == PL_DEAD_INTERPOLATE)
			value[i] = neighbours(cal, g, i, value);
	}
	return flags;
}

uint32_t pl_calibrate(const struct pl_calibration *cal, const struct pl_geometry *g,
		      const void *cells, enum pl_dtype dtype, double *value)
{
	size_t n = pl_geometry_cells(g);
	uint32_t flags = convert_all(cal, n, pl_to_pressure(cal, g), cells, dtype, value);

	if (dtype == PL_F32 || dtype == PL_F64)
		flags |= drop_infinities(n, value);
	if (cal->cell_state)
		flags |= apply_states(cal, g, value);
	return flags;
}

/* ---- without the floor ---------------------------------------------------------------------- */

#define DEFINE_WHOLE(TYPE, NAME)                                                                   \
	static void whole_##NAME(const struct pl_calibration *cal, size_t n, double k,             \
				 const unsigned char *cells, double *value)                        \
	{                                                                                          \
		for (size_t i = 0; i < n; i++) {                                                   \
			TYPE raw;                                                                  \
			double lin;                                                                \
                                                                                                   \
			memcpy(&raw, cells + i * sizeof(raw), sizeof(raw));                        \
			lin = pl_linearise(cal, i, (double)raw);                                   \
			value[i] = k *                                                             \
				   (cal->curve_points ? pl_curve_at(cal, lin) : cal->scale * lin); \
		}                                                                                  \
	}

DEFINE_WHOLE(uint8_t, u8)
DEFINE_WHOLE(uint16_t, u16)
DEFINE_WHOLE(int16_t, i16)
DEFINE_WHOLE(int32_t, i32)
DEFINE_WHOLE(uint32_t, u32)
DEFINE_WHOLE(float, f32)
DEFINE_WHOLE(double, f64)

void pl_calibrate_whole(const struct pl_calibration *cal, const struct pl_geometry *g,
			const void *cells, enum pl_dtype dtype, double *value)
{
	static void (*const convert[])(const struct pl_calibration *, size_t, double,
				       const unsigned char *, double *) = {
		[PL_U8] = whole_u8,   [PL_U16] = whole_u16, [PL_I16] = whole_i16,
		[PL_I32] = whole_i32, [PL_U32] = whole_u32, [PL_F32] = whole_f32,
		[PL_F64] = whole_f64,
	};
	size_t n = pl_geometry_cells(g);

	convert[dtype](cal, n, pl_to_pressure(cal, g), cells, value);
	for (size_t i = 0; i < n; i++)
		if (!isfinite(value[i]))
			value[i] = NAN;
	if (!cal->cell_state)
		return;
	apply_states(cal, g, value);
	for (size_t i = 0; i < n; i++)
		if (cal->cell_state[i] == PL_CELL_NONE ||
		    (!pl_usable(cal, i) && cal->dead_policy == PL_DEAD_EXCLUDE))
			value[i] = NAN;
}

/* ---- inverse -------------------------------------------------------------------------------- */

static double curve_inverse(const struct pl_calibration *cal, double value)
{
	unsigned last = cal->curve_points - 1, i = 0;
	double slope;

	if (value <= 0)
		return cal->curve_counts[0] > 0 ? 0.0 : cal->curve_counts[0];
	if (value <= cal->curve_value[0])
		return cal->curve_counts[0];
	while (i + 1 < last && value > cal->curve_value[i + 1])
		i++;
	slope = (cal->curve_value[i + 1] - cal->curve_value[i]) /
		(cal->curve_counts[i + 1] - cal->curve_counts[i]);
	if (slope <= 0)
		return cal->curve_counts[i + 1];
	return cal->curve_counts[i] + (value - cal->curve_value[i]) / slope;
}

static double raw_of(const struct pl_calibration *cal, size_t i, double value)
{
	double lin = cal->curve_points ? curve_inverse(cal, value) : value / cal->scale;

	if (cal->cell_gain)
		lin /= cal->cell_gain[i];
	if (cal->tare)
		lin += cal->tare[i];
	if (cal->cell_offset)
		lin += cal->cell_offset[i];
	return lin;
}

static double clip(double v, double lo, double hi)
{
	if (!(v >= lo)) /* NaN too */
		return lo;
	return v > hi ? hi : v;
}

static void store(enum pl_dtype dtype, unsigned char *cells, size_t i, double raw)
{
	switch (dtype) {
	case PL_U8:
		cells[i] = (uint8_t)clip(rint(raw), 0, UINT8_MAX);
		break;
	case PL_U16:
		memcpy(cells + i * 2, &(uint16_t){(uint16_t)clip(rint(raw), 0, UINT16_MAX)}, 2);
		break;
	case PL_I16:
		memcpy(cells + i * 2, &(int16_t){(int16_t)clip(rint(raw), INT16_MIN, INT16_MAX)},
		       2);
		break;
	case PL_I32:
		memcpy(cells + i * 4, &(int32_t){(int32_t)clip(rint(raw), INT32_MIN, INT32_MAX)},
		       4);
		break;
	case PL_U32:
		memcpy(cells + i * 4, &(uint32_t){(uint32_t)clip(rint(raw), 0, UINT32_MAX)}, 4);
		break;
	case PL_F32:
		memcpy(cells + i * 4, &(float){(float)clip(raw, -(double)FLT_MAX, (double)FLT_MAX)},
		       4);
		break;
	case PL_F64:
		memcpy(cells + i * 8, &(double){clip(raw, -DBL_MAX, DBL_MAX)}, 8);
		break;
	}
}

void pl_calibrate_inverse(const struct pl_calibration *cal, const struct pl_geometry *g,
			  const double *value, enum pl_dtype dtype, void *cells)
{
	size_t n = pl_geometry_cells(g);
	double k = pl_to_pressure(cal, g);

	for (size_t i = 0; i < n; i++) {
		double raw = pl_usable(cal, i) ? raw_of(cal, i, value[i] / k) : 0.0;

		if (cal->saturation_counts > 0 && raw > cal->saturation_counts)
			raw = cal->saturation_counts;
		store(dtype, cells, i, raw);
	}
}

/* ---- tare and weight ------------------------------------------------------------------------ */

static bool has_tare_mark(const char *id)
{
	size_t len = strlen(id), mark = strlen(TARE_MARK);

	return len >= mark && strcmp(id + len - mark, TARE_MARK) == 0;
}

static void set_tare_mark(struct pl_calibration *cal, bool on)
{
	size_t len = strlen(cal->id), mark = strlen(TARE_MARK);

	if (has_tare_mark(cal->id) == on)
		return;
	if (!on) {
		cal->id[len - mark] = '\0';
		return;
	}
	if (len > sizeof(cal->id) - 1 - mark)
		len = sizeof(cal->id) - 1 - mark;
	memcpy(cal->id + len, TARE_MARK, mark + 1);
}

int pl_calibration_tare(struct pl_calibration *cal, const double *mean_counts, struct pl_error *err)
{
	if (!mean_counts) {
		free(cal->tare);
		cal->tare = NULL;
		set_tare_mark(cal, false);
		return 0;
	}
	for (size_t i = 0; i < cal->cells; i++)
		if (!isfinite(mean_counts[i]))
			return pl_error_set(err, PL_EUSAGE, 0,
					    "tare: the mean of cell %zu is not a number", i);
	if (!cal->tare)
		cal->tare = malloc((cal->cells ? cal->cells : 1) * sizeof(*cal->tare));
	if (!cal->tare)
		return pl_error_set(err, PL_ENOMEM, 0, "out of memory for a tare of %zu cells",
				    cal->cells);
	memcpy(cal->tare, mean_counts, cal->cells * sizeof(*cal->tare));
	set_tare_mark(cal, true);
	return 0;
}

struct pl_weight_check pl_weight_check(double mean_force_n, double body_mass_kg)
{
	struct pl_weight_check check = {
		.expected_n = body_mass_kg * STANDARD_GRAVITY_M_S2,
		.measured_n = mean_force_n,
		.ratio = NAN,
	};

	if (check.expected_n > 0)
		check.ratio = check.measured_n / check.expected_n;
	check.ok = fabs(check.ratio - 1.0) <= WEIGHT_TOLERANCE;
	return check;
}
