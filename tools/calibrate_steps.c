/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What frames become on the way to a calibration. Nothing is written before the end, so whoever
 * stops half-way leaves nothing behind.
 */
#include "tools/calibrate.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <plantar/json.h>

#include "drivers/mat/calibration_text.h"
#include "tools/output.h"

#define GRAVITY 9.80665 /* standard, as everywhere in plantar */
#define PLACE_CELLS 3	/* a load may lie so far from where it is said to lie */
#define JSON_MAX (256 << 10)

/* ---- a load as asked for ---- */

static bool parse_place(const char **at, double *row, double *col)
{
	char *end;

	*row = strtod(*at, &end);
	if (end == *at || *end != ',')
		return false;
	*at = end + 1;
	*col = strtod(*at, &end);
	if (end == *at || !(*row >= 0 && *row < PL_SIDE_MAX && *col >= 0 && *col < PL_SIDE_MAX))
		return false;
	*at = end;
	return true;
}

bool pl_cal_parse_load(const char *text, struct pl_cal_load *load)
{
	char *end;
	const char *at;
	double value = strtod(text, &end);
	bool kg = strncmp(end, "kg", 2) == 0;

	*load = (struct pl_cal_load){.row = NAN, .col = NAN};
	if (end == text || !(value > 0 && value < 1e5) || (!kg && *end != 'N'))
		return false;
	at = end + (kg ? 2 : 1);
	load->force_n = kg ? value * GRAVITY : value;
	snprintf(load->label, sizeof(load->label), "%g %s", value, kg ? "kg" : "N");
	if (*at == '@') {
		at++;
		if (!parse_place(&at, &load->row, &load->col))
			return false;
	}
	if (*at == '=' && at[1]) {
		load->file = at + 1;
		return true;
	}
	return *at == '\0';
}

/* ---- the mat ---- */

int pl_cal_begin(struct pl_cal *c, const struct pl_geometry *g, enum pl_dtype dtype,
		 struct pl_error *err)
{
	size_t n = pl_geometry_cells(g);

	if (c->begun)
		return g->rows == c->geometry.rows && g->cols == c->geometry.cols &&
				       dtype == c->dtype
			       ? 0
			       : pl_error_set(err, PL_EUSAGE, 0,
					      "%u x %u cells of %s, but the others are of a mat of "
					      "%u x %u of %s; all must be of one mat",
					      g->rows, g->cols, pl_dtype_name(dtype),
					      c->geometry.rows, c->geometry.cols,
					      pl_dtype_name(c->dtype));
	if (c->mat.geometry.rows &&
	    (g->rows != c->mat.geometry.rows || g->cols != c->mat.geometry.cols))
		return pl_error_set(err, PL_EUSAGE, 0, "mat %s is %u x %u, these frames %u x %u",
				    c->mat.name, c->mat.geometry.rows, c->mat.geometry.cols,
				    g->rows, g->cols);
	c->begun = true;
	c->geometry = *g;
	c->dtype = dtype;
	pl_calibration_init(&c->plain, g);
	c->plain.tare = calloc(n, sizeof(double));
	c->plain.cell_state = calloc(n, 1);
	c->empty = calloc(n, sizeof(double));
	c->kpa = calloc(n, sizeof(double));
	c->watch = pl_cell_watch_new(g, err);
	if (!c->plain.tare || !c->plain.cell_state || !c->empty || !c->kpa || !c->watch)
		return pl_error_set(err, PL_ENOMEM, 0, "out of memory for a mat of %zu cells", n);
	c->plain.saturation_counts = c->mat.calibration.saturation_counts;
	c->plain.dead_policy = c->mat.calibration.dead_policy;
	for (size_t i = 0; c->mat.calibration.cell_state && i < n; i++)
		if (c->mat.calibration.cell_state[i] == PL_CELL_NONE)
			c->plain.cell_state[i] = PL_CELL_NONE;
	return 0;
}

void pl_cal_free(struct pl_cal *c)
{
	for (size_t i = 0; i < c->n_weighed; i++)
		free(c->load[i].counts);
	if (c->begun)
		pl_calibration_free(&c->plain);
	if (c->fitted)
		pl_calibration_free(&c->cal);
	pl_cell_watch_free(c->watch);
	pl_still_free(c->still);
	pl_mat_free(&c->mat);
	free(c->empty);
	free(c->kpa);
}

/* ---- a stretch of frames ---- */

int pl_cal_stage(struct pl_cal *c, enum pl_cal_stage stage, struct pl_error *err)
{
	c->stage = stage;
	c->first = true;
	c->body_sum_n = 0;
	c->body_frames = 0;
	pl_still_free(c->still);
	if (stage == PL_CAL_EMPTY) {
		pl_cell_watch_reset(c->watch);
		c->cells = (struct pl_cell_report){0};
	}
	c->still = pl_still_new(&c->geometry, stage == PL_CAL_EMPTY ? NULL : c->empty,
				c->plain.cell_state, c->plain.saturation_counts, err);
	return c->still ? 0 : -1;
}

static void push_body(struct pl_cal *c, const void *cells)
{
	double sum = 0;

	pl_calibrate(&c->cal, &c->geometry, cells, c->dtype, c->kpa);
	for (size_t i = 0; i < pl_geometry_cells(&c->geometry); i++)
		sum += c->kpa[i];
	c->body_sum_n += 1e3 * sum * pl_cell_area_m2(&c->geometry);
	c->body_frames++;
}

void pl_cal_push(struct pl_cal *c, const void *cells)
{
	pl_still_push(c->still, cells, c->dtype);
	if (c->stage == PL_CAL_BODY) {
		push_body(c, cells);
		return;
	}
	/* the first frame of the empty mat is its tare until the mean is known */
	if (c->stage == PL_CAL_EMPTY && c->first)
		memcpy(c->plain.tare, pl_still_mean(c->still),
		       pl_geometry_cells(&c->geometry) * sizeof(double));
	c->first = false;
	pl_cell_watch_push(c->watch, &c->plain, cells, c->dtype, c->stage == PL_CAL_LOAD);
}

/* Cells that do not tell the truth are left out; which ones, the report says. */
static int leave_faults_out(struct pl_cal *c, struct pl_error *err)
{
	struct pl_cell_report *all = &c->cells, now;
	unsigned faults;

	pl_cell_watch_report(c->watch, &now); /* without those left out already */
	all->dead += now.dead;
	all->stuck += now.stuck;
	all->noisy += now.noisy;
	for (unsigned i = 0; i < now.listed && all->listed < PL_CELLS_LISTED; i++)
		all->cell[all->listed++] = now.cell[i];
	faults = all->dead + all->stuck + all->noisy;
	if (faults > all->listed)
		return pl_error_set(err, PL_ESTATE, 0,
				    "%u cells do not work (%u dead, %u stuck, %u noisy): is "
				    "something on the mat, or a ribbon loose? Nothing can be "
				    "calibrated so",
				    faults, c->cells.dead, c->cells.stuck, c->cells.noisy);
	for (unsigned i = 0; i < c->cells.listed; i++)
		c->plain.cell_state[(size_t)c->cells.cell[i].row * c->geometry.cols +
				    c->cells.cell[i].col] =
			c->cells.cell[i].fault == PL_CELL_IS_STUCK ? PL_CELL_STUCK : PL_CELL_DEAD;
	return 0;
}

int pl_cal_empty_end(struct pl_cal *c, struct pl_error *err)
{
	struct pl_still_report *r = &c->empty_still;
	double sum_noise;

	pl_still_report(c->still, r);
	sum_noise = r->noise * sqrt((double)pl_geometry_cells(&c->geometry));
	if (r->frames < pl_cell_rules.empty_frames)
		return pl_error_set(err, PL_ESTATE, 0,
				    "only %llu frames of the empty mat; %u are needed: measure "
				    "longer",
				    (unsigned long long)r->frames, pl_cell_rules.empty_frames);
	if (fabs(r->drift) > 4 * sum_noise + 20)
		return pl_error_set(err, PL_ESTATE, 0,
				    "the empty mat changed by %.0f counts while it was measured: "
				    "keep off it, let it warm up, then again",
				    r->drift);
	memcpy(c->empty, pl_still_mean(c->still), pl_geometry_cells(&c->geometry) * sizeof(double));
	memcpy(c->plain.tare, c->empty, pl_geometry_cells(&c->geometry) * sizeof(double));
	return leave_faults_out(c, err);
}

static int at_its_place(const struct pl_cal_load *load, const struct pl_still_report *r,
			struct pl_error *err)
{
	if (isnan(load->row) || hypot(load->row - r->row, load->col - r->col) <= PLACE_CELLS)
		return 0;
	return pl_error_set(
		err, PL_ESTATE, 0,
		"the load lies at row %.1f, column %.1f, not at row %g, column %g: move "
		"it, or correct the place",
		r->row, r->col, load->row, load->col);
}

int pl_cal_load_end(struct pl_cal *c, const struct pl_cal_load *load, struct pl_error *err)
{
	size_t bytes = pl_geometry_cells(&c->geometry) * sizeof(double);
	struct pl_cal_load *to = &c->load[c->n_weighed];
	struct pl_still_report r;
	double *counts;

	pl_still_report(c->still, &r);
	if (pl_still_usable(&r, &c->geometry, err) || at_its_place(load, &r, err))
		return -1;
	if (c->n_weighed == PL_CAL_LOADS)
		return pl_error_set(err, PL_EUSAGE, 0, "at most %d loads", PL_CAL_LOADS);
	counts = malloc(bytes);
	if (!counts)
		return pl_error_set(err, PL_ENOMEM, 0, "out of memory for a load");
	memcpy(counts, pl_still_mean(c->still), bytes);
	if (to != load)
		*to = *load;
	to->still = r;
	to->counts = counts;
	c->n_weighed++;
	return 0;
}

bool pl_cal_drop(struct pl_cal *c, size_t n)
{
	if (n < 1 || n > c->n_weighed)
		return false;
	free(c->load[n - 1].counts);
	c->n_weighed--;
	memmove(&c->load[n - 1], &c->load[n], (c->n_weighed - (n - 1)) * sizeof(c->load[0]));
	return true;
}

/* ---- the calibration ---- */

static void fill_origin(struct pl_cal *c)
{
	struct pl_calibration_origin *o = &c->cal.origin;
	time_t now = time(NULL);

	*o = (struct pl_calibration_origin){.loads = (unsigned)c->n_weighed};
	pl_calibration_date(now, o->calibrated);
	if (c->valid_days > 0)
		pl_calibration_date(now + (int64_t)(c->valid_days * 86400), o->expires);
	snprintf(o->by, sizeof(o->by), "%s", c->by ? c->by : "");
	pl_fit_text(&c->fit, o->method, sizeof(o->method));
	for (size_t i = 0; i < c->n_weighed; i++)
		o->reference_n = fmax(o->reference_n, c->load[i].force_n);
	o->residual_rms_pct = c->fit.rms_pct;
	o->residual_max_pct = c->fit.max_pct;
	o->repeat_pct = isnan(c->fit.repeat_pct) ? 0 : c->fit.repeat_pct;
}

int pl_cal_fit(struct pl_cal *c, struct pl_error *err)
{
	struct pl_weighing w[PL_CAL_LOADS];

	if (leave_faults_out(c, err))
		return -1;
	for (size_t i = 0; i < c->n_weighed; i++)
		w[i] = (struct pl_weighing){c->load[i].force_n, c->load[i].counts,
					    c->load[i].still.row, c->load[i].still.col};
	if (c->fitted)
		pl_calibration_free(&c->cal);
	c->fitted = false;
	if (pl_calibration_fit(&c->geometry, w, c->n_weighed, c->empty, c->plain.cell_state,
			       c->empty_still.noise, &c->cal, &c->fit, c->residual, err))
		return -1;
	c->fitted = true;
	c->cal.saturation_counts = c->plain.saturation_counts;
	c->cal.dead_policy = c->plain.dead_policy;
	fill_origin(c);
	return 0;
}

int pl_cal_body_end(struct pl_cal *c, struct pl_error *err)
{
	if (c->body_frames < pl_cell_rules.empty_frames)
		return pl_error_set(err, PL_ESTATE, 0, "only %llu frames of the person",
				    (unsigned long long)c->body_frames);
	c->body = pl_weight_check(c->body_sum_n / (double)c->body_frames, c->body_mass_kg);
	c->cal.origin.body_mass_kg = c->body_mass_kg;
	c->cal.origin.body_error_pct = 100 * (c->body.ratio - 1);
	return 0;
}

int pl_cal_save(struct pl_cal *c, struct pl_error *err)
{
	struct pl_calibration_load load[PL_CAL_LOADS];
	struct pl_output o;
	char *text;
	int r;

	for (size_t i = 0; i < c->n_weighed; i++)
		load[i] =
			(struct pl_calibration_load){c->load[i].still.row, c->load[i].still.col,
						     c->load[i].force_n, c->residual[i].measured_n};
	text = pl_calibration_text(&c->cal, &c->geometry, load, c->n_weighed, err);
	if (!text)
		return -1;
	r = pl_output_open(&o, c->out, err);
	if (r == 0)
		r = pl_output_close(&o, fputs(text, o.file) < 0 ? -1 : 0, err);
	free(text);
	c->saved = r == 0;
	if (c->saved && !c->json)
		printf("\nSaved %s: calibration %s%s%s.\n"
		       "To use it, name it in plantard.conf, in the entry of this mat, and restart "
		       "plantard:\n  calibration = \"%s\";\n",
		       c->out, c->cal.id, *c->cal.origin.expires ? ", holds until " : "",
		       c->cal.origin.expires, c->out);
	return r;
}

/* ---- for people and programs ---- */

void pl_cal_print_empty(const struct pl_cal *c)
{
	printf("Empty mat: %llu frames, noise of a cell %.2f counts (SD, median)",
	       (unsigned long long)c->empty_still.frames, c->empty_still.noise);
	for (unsigned i = 0; i < c->cells.listed; i++)
		printf("%s%s at row %u, column %u",
		       i ? ", " : "; left out: ", pl_cell_fault_name(c->cells.cell[i].fault),
		       c->cells.cell[i].row, c->cells.cell[i].col);
	putchar('\n');
}

void pl_cal_print_load(const struct pl_cal *c)
{
	const struct pl_cal_load *l = &c->load[c->n_weighed - 1];

	printf("Load %zu, %s: %.0f counts on %zu cells at row %.1f, column %.1f\n", c->n_weighed,
	       l->label, l->still.total, l->still.cells_loaded, l->still.row, l->still.col);
}

static const char *name_of(const struct pl_fit_candidate *f, char *buf, size_t cap)
{
	snprintf(buf, cap, "%s%s", pl_fit_curve_name(f->curve), f->map ? ", gain map" : "");
	return buf;
}

void pl_cal_print_fit(const struct pl_cal *c)
{
	char text[161];

	printf("\nModels, and how well each predicts loads that it has not seen (RMS):\n");
	for (unsigned i = 0; i < PL_FIT_CANDIDATES; i++) {
		const struct pl_fit_candidate *f = &c->fit.candidate[i];

		if (f->possible)
			printf("  %-18s %6.2f %%%s\n", name_of(f, text, sizeof(text)), f->cross_pct,
			       i == c->fit.chosen ? "  <- taken" : "");
		else
			printf("  %-18s      - (%s)\n", name_of(f, text, sizeof(text)), f->why);
	}
	printf("Taken: %s\n\n  load    row  column        N  measured      off    off %%\n",
	       pl_fit_text(&c->fit, text, sizeof(text)));
	for (size_t i = 0; i < c->n_weighed; i++)
		printf("  %4zu %6.1f  %6.1f %8.1f  %8.1f %+8.2f %+8.2f\n", i + 1,
		       c->load[i].still.row, c->load[i].still.col, c->load[i].force_n,
		       c->residual[i].measured_n, c->residual[i].error_n, c->residual[i].error_pct);
	printf("Residuals: %.2f %% RMS, %.2f %% at most", c->fit.rms_pct, c->fit.max_pct);
	if (!isnan(c->fit.repeat_pct))
		printf("; equal loads at one place repeat within %.2f %% (SD)", c->fit.repeat_pct);
	putchar('\n');
	if (c->cal.cell_gain)
		printf("Gains from %.3f to %.3f; between the places they are interpolated.\n",
		       c->fit.gain_min, c->fit.gain_max);
}

void pl_cal_print_body(const struct pl_cal *c)
{
	printf("Body weight: %.1f N measured, %.1f N expected, %+.1f %%: %s\n", c->body.measured_n,
	       c->body.expected_n, c->cal.origin.body_error_pct,
	       c->body.ok ? "within 5 %" : "more than 5 % off");
}

static void json_empty(struct pl_json *j, const struct pl_cal *c)
{
	pl_json_begin_object(j, "empty");
	pl_json_uint(j, "frames", c->empty_still.frames);
	pl_json_double(j, "noise_counts", c->empty_still.noise);
	pl_json_begin_array(j, "left_out");
	for (unsigned i = 0; i < c->cells.listed; i++) {
		pl_json_begin_object(j, NULL);
		pl_json_uint(j, "row", c->cells.cell[i].row);
		pl_json_uint(j, "col", c->cells.cell[i].col);
		pl_json_string(j, "fault", pl_cell_fault_name(c->cells.cell[i].fault));
		pl_json_end_object(j);
	}
	pl_json_end_array(j);
	pl_json_end_object(j);
}

static void json_loads(struct pl_json *j, const struct pl_cal *c)
{
	pl_json_begin_array(j, "loads");
	for (size_t i = 0; i < c->n_weighed; i++) {
		pl_json_begin_object(j, NULL);
		pl_json_double(j, "row", c->load[i].still.row);
		pl_json_double(j, "col", c->load[i].still.col);
		pl_json_double(j, "force_n", c->load[i].force_n);
		pl_json_double(j, "measured_n", c->residual[i].measured_n);
		pl_json_double(j, "error_n", c->residual[i].error_n);
		pl_json_double(j, "error_pct", c->residual[i].error_pct);
		pl_json_uint(j, "frames", c->load[i].still.frames);
		pl_json_end_object(j);
	}
	pl_json_end_array(j);
}

static void json_models(struct pl_json *j, const struct pl_cal *c)
{
	pl_json_begin_array(j, "models");
	for (unsigned i = 0; i < PL_FIT_CANDIDATES; i++) {
		const struct pl_fit_candidate *f = &c->fit.candidate[i];

		pl_json_begin_object(j, NULL);
		pl_json_string(j, "curve", pl_fit_curve_name(f->curve));
		pl_json_bool(j, "map", f->map);
		pl_json_double(j, "cross_pct", f->cross_pct);
		pl_json_bool(j, "taken", i == c->fit.chosen);
		if (f->why)
			pl_json_string(j, "why_not", f->why);
		pl_json_end_object(j);
	}
	pl_json_end_array(j);
}

void pl_cal_print_json(const struct pl_cal *c)
{
	char *buf = malloc(JSON_MAX);
	struct pl_json j;

	if (!buf)
		return;
	pl_json_init(&j, buf, JSON_MAX);
	pl_json_begin_object(&j, NULL);
	pl_json_string(&j, "file", c->saved ? c->out : NULL);
	pl_json_string(&j, "id", c->cal.id);
	pl_json_string(&j, "calibrated", c->cal.origin.calibrated);
	pl_json_string(&j, "expires", *c->cal.origin.expires ? c->cal.origin.expires : NULL);
	pl_json_string(&j, "method", c->cal.origin.method);
	json_empty(&j, c);
	json_loads(&j, c);
	json_models(&j, c);
	pl_json_double(&j, "residual_rms_pct", c->fit.rms_pct);
	pl_json_double(&j, "residual_max_pct", c->fit.max_pct);
	pl_json_double(&j, "repeat_pct", c->fit.repeat_pct);
	if (c->body.expected_n > 0) {
		pl_json_begin_object(&j, "body");
		pl_json_double(&j, "expected_n", c->body.expected_n);
		pl_json_double(&j, "measured_n", c->body.measured_n);
		pl_json_double(&j, "error_pct", c->cal.origin.body_error_pct);
		pl_json_bool(&j, "within_5_pct", c->body.ok);
		pl_json_end_object(&j);
	}
	pl_json_end_object(&j);
	if (pl_json_finish(&j)) /* it always fits: loads and cells left out have limits */
		puts(buf);
	free(buf);
}
