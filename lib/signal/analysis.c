/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Live, a foot's regions are laid over what it has touched so far; here they are laid over
 * everything it touches, so the recording is read twice: once for the totals and the prints,
 * once for the regions. Integrals are trapezoids over the given times and never span a gap.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "analysis_private.h"
#include "cop.h"

#define CONTACT_MIN_M2 4e-4 /* smaller prints are no contact of a foot */
#define LEFT_SHARE 0.25	    /* of the greatest force: below it a foot is as good as gone */

static const char *const axis_names[] = {[PL_AXIS_FOOT] = "foot", [PL_AXIS_ROWS] = "rows"};

const char *pl_axis_name(enum pl_axis axis)
{
	return axis == PL_AXIS_ROWS ? axis_names[PL_AXIS_ROWS] : axis_names[PL_AXIS_FOOT];
}

int pl_axis_parse(const char *name)
{
	for (int i = 0; name && i < 2; i++)
		if (strcmp(axis_names[i], name) == 0)
			return i;
	return -1;
}

void pl_analysis_options_init(struct pl_analysis_options *o)
{
	*o = (struct pl_analysis_options){
		.region = PL_REGION_NOVEL,
		.axis = PL_AXIS_FOOT,
		.filter_hz = 10,
		.body_mass_kg = NAN,
		.side = PL_SIDE_UNKNOWN,
		.facing = PL_FACING_AUTO,
		.contact_on_n = 30,
		.contact_off_n = 20,
		.barefoot = true,
	};
	pl_gait_options_init(&o->gait);
}

/* ---- contacts ------------------------------------------------------------------------------- */

static struct pl_footfall *contact_new(struct pl_analysis *a)
{
	struct pl_footfall *more;
	uint32_t cap;

	if (a->n_contacts < a->cap_contacts)
		return &a->contacts[a->n_contacts];
	if (a->n_contacts >= PL_FEET_MAX) {
		a->not_kept++;
		return NULL;
	}
	cap = a->cap_contacts ? 2 * a->cap_contacts : 16;
	more = realloc(a->contacts, cap * sizeof(*more));
	if (!more) {
		a->nomem = true;
		return NULL;
	}
	a->contacts = more;
	a->cap_contacts = cap;
	return &a->contacts[a->n_contacts];
}

static void contact_ended(void *ctx, const struct pl_feet *f, const struct pl_track *track)
{
	struct pl_analysis *a = ctx;
	unsigned slot = (unsigned)(track - f->track);
	double least = a->calibrated ? a->options.contact_off_n : 0;
	struct pl_footfall *contact;

	if (a->pass != 1 || track->fused || a->now[slot].serial != track->serial ||
	    track->cells * pl_cell_area_m2(&a->geometry) < CONTACT_MIN_M2 ||
	    a->now[slot].peak < least)
		return;
	contact = contact_new(a);
	if (!contact)
		return;
	*contact = (struct pl_footfall){
		.serial = track->serial,
		.foot = -1,
		.born = track->born,
		.last = a->now[slot].last,
		.first_x = track->first_x,
		.first_y = track->first_y,
		.path = a->now[slot].path,
		.left_x = a->now[slot].left_x,
		.left_y = a->now[slot].left_y,
		.belt_y_m = a->belt ? pl_belt_offset_m(a->belt, track->r0) : 0,
		.belt_edge = a->belt && pl_belt_edge(a->belt, track->r0),
		.before = -1,
		.after = -1,
		.touched = track->touched,
		.cut = track->cut,
		.onset = a->now[slot].first < 0.5 * a->now[slot].peak,
	};
	if (pl_print_copy(&contact->print, f, track) < 0)
		a->nomem = true;
	else
		a->n_contacts++;
}

/* Two tracks were one foot all the time. */
static void contacts_merged(void *ctx, uint32_t from_serial, uint32_t into_serial)
{
	struct pl_analysis *a = ctx;
	unsigned from = PL_TRACKS, into = PL_TRACKS;

	for (unsigned t = 0; t < PL_TRACKS; t++) {
		from = a->now[t].serial == from_serial ? t : from;
		into = a->now[t].serial == into_serial ? t : into;
	}
	if (a->pass != 1 || from == PL_TRACKS || into == PL_TRACKS)
		return;
	pl_path_join(&a->now[into].path, &a->now[from].path);
	if (a->now[from].last > a->now[into].last) {
		a->now[into].left_x = a->now[from].left_x;
		a->now[into].left_y = a->now[from].left_y;
	}
	a->now[into].first = fmin(a->now[into].first, a->now[from].first);
	a->now[into].peak = fmax(a->now[into].peak, a->now[from].peak);
	a->now[from].serial = 0;
}

static void raise_tops(float *top, const double *value, unsigned n)
{
	for (unsigned c = 0; c < n; c++)
		top[c] = (float)value[c] > top[c] ? (float)value[c] : top[c];
}

/* Sums of the tracks in one frame, in the unit of the values; columns and rows from 0. */
struct track_sums {
	double sum, col, row;
};

static void add_sums(struct track_sums *sums, double sum, double sum_col, double row)
{
	sums->sum += sum;
	sums->col += sum_col;
	sums->row += sum * row;
}

/* Greatest values of the tracks' cells, which their shapes are judged by; sums of the tracks. */
static void follow_cells(struct pl_analysis *a, struct track_sums sum[PL_TRACKS])
{
	const struct pl_segment *s = &a->feet.segment;

	for (uint32_t i = 0; i < s->runs; i++) {
		const struct pl_run *run = &s->run[i];
		size_t at = (size_t)run->row * s->cols, from = at + run->c0, to = at + run->c1;

		if (a->pass == 1)
			raise_tops(a->top + from, a->cells.value + from, run->c1 - run->c0);
		if (run->owner && run->owner != PL_MIXED) {
			raise_tops(a->feet.peak + from, a->cells.value + from, run->c1 - run->c0);
			add_sums(&sum[run->owner - 1], run->sum, run->sum_col, run->row);
			continue;
		}
		for (size_t k = from; run->owner && k < to; k++) {
			if (!a->feet.owner[k])
				continue;
			raise_tops(a->feet.peak + k, a->cells.value + k, 1);
			add_sums(&sum[a->feet.owner[k] - 1], a->cells.value[k],
				 a->cells.value[k] * (double)(k - at), run->row);
		}
	}
}

/* Where the load was and, as long as it is no less than a quarter of what it was, where it left. */
static void follow_path(struct pl_analysis *a, unsigned slot, const struct track_sums *sums)
{
	const struct pl_geometry *g = &a->geometry;
	double x, y;

	if (!(sums->sum > 0))
		return;
	x = pl_x_m(g, sums->col / sums->sum);
	y = pl_y_m(g, sums->row / sums->sum);
	pl_path_add(&a->now[slot].path, a->feet.frame, sums->sum, x, y);
	if (sums->sum * a->factor < LEFT_SHARE * a->now[slot].peak)
		return;
	a->now[slot].left_x = x;
	a->now[slot].left_y = y;
}

/* Forces of the tracks and cells in contact, for the prints. */
static void follow_tracks(struct pl_analysis *a)
{
	const struct pl_feet *f = &a->feet;
	struct track_sums sum[PL_TRACKS] = {0};

	follow_cells(a, sum);
	if (a->pass != 1)
		return;
	for (size_t w = 0, n = (size_t)a->cells.rows * a->cells.words; w < n; w++)
		a->ever[w] |= a->cells.contact[w];
	for (int t = pl_track_after(f, -1); t >= 0; t = pl_track_after(f, t)) {
		double force = sum[t].sum * a->factor;

		if (!f->track[t].now_cells)
			continue;
		if (a->now[t].serial != f->track[t].serial) {
			a->now[t].serial = f->track[t].serial;
			a->now[t].first = force;
			a->now[t].peak = 0;
			a->now[t].path = (struct pl_path){0};
		}
		a->now[t].peak = fmax(a->now[t].peak, force);
		follow_path(a, (unsigned)t, &sum[t]);
		a->now[t].last = f->frame;
	}
}

/* ---- life ----------------------------------------------------------------------------------- */

static void totals_clear(struct pl_totals *t)
{
	*t = (struct pl_totals){
		.force_peak_n = NAN,
		.force_peak_frame = -1,
		.force_time_integral_ns = NAN,
		.pressure_peak_kpa = NAN,
		.contact_area_peak_cm2 = NAN,
		.contact_area_footprint_cm2 = NAN,
		.pressure_time_integral_max_cell_kpa_s = NAN,
		.pressure_time_integral_peak_curve_kpa_s = NAN,
		.region_sum_error_max = NAN,
	};
}

static bool allocate(struct pl_analysis *a)
{
	struct pl_feet_options feet = {
		.rate_hz = a->rate_hz,
		.facing = a->options.facing,
		.hooks = {.ctx = a, .ended = contact_ended, .merged = contacts_merged},
	};
	size_t n = pl_geometry_cells(&a->geometry);
	bool ok = pl_cells_init(&a->cells, &a->geometry);

	ok = pl_cells_init(&a->before, &a->geometry) && ok;
	ok = pl_feet_init(&a->feet, &a->geometry, &feet) && ok;
	a->cell_time = calloc(n, sizeof(*a->cell_time));
	a->ever = calloc((size_t)a->cells.rows * a->cells.words, sizeof(*a->ever));
	a->top = calloc(n, sizeof(*a->top));
	a->home = malloc(n * sizeof(*a->home));
	a->parts.part = malloc(n * sizeof(*a->parts.part));
	a->parts_before.part = malloc(n * sizeof(*a->parts.part));
	a->watch = pl_watch_new();
	a->album = a->options.pictures ? pl_album_new() : NULL;
	ok = ok && (a->album || !a->options.pictures);
	return ok && a->watch && a->cell_time && a->ever && a->top && a->home && a->parts.part &&
	       a->parts_before.part;
}

/* The analysis sees the laid-out mat only. */
static int begin_belt(struct pl_analysis *a, struct pl_error *err)
{
	struct pl_analysis_options *o = &a->options;
	double speed = o->gait.belt_speed_m_s;

	if (o->facing == PL_FACING_LEFT || o->facing == PL_FACING_RIGHT)
		return pl_error_set(err, PL_EUSAGE, 0,
				    "a belt runs along the mat's rows: facing must be forward or "
				    "backward");
	if (o->facing == PL_FACING_AUTO)
		o->facing = PL_FACING_FORWARD;
	a->belt = calloc(1, sizeof(*a->belt));
	if (!a->belt ||
	    !pl_belt_init(a->belt, &a->geometry, o->facing == PL_FACING_BACKWARD ? -speed : speed))
		return pl_error_set(err, PL_ENOMEM, 0,
				    "no room for two feet on the belt: out of memory, or rows "
				    "closer than 3.5 mm");
	a->geometry = a->belt->laid;
	o->border_is_no_edge = true;
	o->gait.treadmill = PL_TREADMILL_YES;
	o->gait.speed_m_s = speed;
	o->gait.speed_source = "belt";
	return 0;
}

static void begin_gait(struct pl_analysis *a)
{
	a->options.gait.contact_on_n = a->options.contact_on_n;
	a->options.gait.contact_off_n = a->options.contact_off_n;
	pl_gait_init(&a->gait);
	a->gait.footprints = true;
	a->gait.calibrated = a->calibrated;
	a->gait.rate_hz = a->rate_hz > 0 ? a->rate_hz : NAN;
	a->gait.pitch_m = fmax(a->geometry.pitch_row_m, a->geometry.pitch_col_m);
}

int pl_analysis_saturation(struct pl_analysis *a, const double *full, struct pl_error *err)
{
	size_t n = pl_geometry_cells(a->belt ? &a->belt->mat : &a->geometry);
	size_t laid = pl_geometry_cells(&a->geometry);

	if (!a->full)
		a->full = malloc(laid * sizeof(*a->full));
	if (!a->full)
		return pl_error_set(err, PL_ENOMEM, 0, "out of memory");
	a->full_least = INFINITY;
	for (size_t i = 0; i < n; i++)
		if (full[i] > 0)
			a->full_least = fmin(a->full_least, full[i]);
	for (size_t i = 0; i < laid; i++) /* on a belt any cell may come to lie anywhere */
		a->full[i] = a->belt ? a->full_least : full[i];
	return 0;
}

const struct pl_gait *pl_analysis_gait(const struct pl_analysis *a)
{
	return &a->gait;
}

void pl_analysis_take_gait(struct pl_analysis *a, struct pl_gait *to)
{
	*to = a->gait;
	pl_gait_init(&a->gait);
}

struct pl_analysis *pl_analysis_new(const struct pl_geometry *g, bool calibrated, double contact,
				    double rate_hz, const struct pl_analysis_options *o,
				    struct pl_error *err)
{
	struct pl_calibration shape_only;
	struct pl_analysis *a;

	pl_calibration_init(&shape_only, g);
	if (pl_calibration_check(&shape_only, g, err) < 0)
		return NULL;
	if (!(contact >= 0 && isfinite(contact))) {
		pl_error_set(err, PL_EUSAGE, 0, "the contact threshold must not be negative");
		return NULL;
	}
	a = calloc(1, sizeof(*a));
	if (!a)
		goto nomem;
	a->geometry = *g;
	a->options = *o;
	if (o->region == PL_REGION_THIRDS_BOX)
		a->options.axis = PL_AXIS_ROWS;
	a->calibrated = calibrated;
	a->contact = contact;
	a->rate_hz = rate_hz;
	a->factor = pl_force_factor(g, calibrated);
	a->pass = 1;
	if (o->gait.belt_speed_m_s > 0 && begin_belt(a, err) < 0) {
		pl_analysis_free(a);
		return NULL;
	}
	begin_gait(a);
	totals_clear(&a->totals);
	if (allocate(a))
		return a;
nomem:
	pl_analysis_free(a);
	pl_error_set(err, PL_ENOMEM, 0, "out of memory for a mat of %u x %u cells", g->rows,
		     g->cols);
	return NULL;
}

void pl_analysis_free(struct pl_analysis *a)
{
	if (!a)
		return;
	for (uint32_t i = 0; i < a->n_contacts; i++)
		free(a->contacts[i].print.peak);
	for (uint32_t i = 0; i < a->n_feet; i++)
		pl_foot_free(&a->foot[i]);
	free(a->contacts);
	free(a->foot);
	pl_feet_free(&a->feet);
	pl_cells_free(&a->cells);
	pl_cells_free(&a->before);
	free(a->cell_time);
	free(a->ever);
	free(a->top);
	free(a->home);
	free(a->full);
	if (a->belt)
		pl_belt_free(a->belt);
	free(a->belt);
	pl_stances_free(a);
	pl_gait_free(&a->gait);
	free(a->parts.part);
	free(a->parts.foot);
	free(a->parts_before.part);
	free(a->parts_before.foot);
	pl_watch_free(a->watch);
	pl_album_free(a->album);
	free(a);
}

/* ---- first pass ----------------------------------------------------------------------------- */

static void add_cell_times(struct pl_analysis *a, double dt_s)
{
	for (size_t w = 0, n = (size_t)a->cells.rows * a->cells.words; w < n; w++) {
		uint64_t bits = a->cells.loaded[w] | a->before.loaded[w];
		size_t at = w / a->cells.words * a->cells.cols + 64 * (w % a->cells.words);

		while (bits) {
			unsigned from, run = pl_bits_run(&bits, &from);
			const double *now = a->cells.value + at + from;
			const double *before = a->before.value + at + from;
			double *time = a->cell_time + at + from;

			for (unsigned c = 0; c < run; c++)
				time[c] += 0.5 * (now[c] + before[c]) * dt_s;
		}
	}
}

static void add_totals(struct pl_analysis *a, double dt_s)
{
	const struct pl_scan *scan = &a->feet.scan;
	struct pl_totals *t = &a->totals;
	double force = scan->sum * a->factor;
	double area = 1e4 * scan->contact * pl_cell_area_m2(&a->geometry);

	if (t->frames == 0) {
		t->force_time_integral_ns = 0;
		t->pressure_time_integral_peak_curve_kpa_s = 0;
		t->pressure_peak_kpa = 0;
		t->contact_area_peak_cm2 = 0;
	}
	if (t->frames == 0 || force > t->force_peak_n) {
		t->force_peak_n = force;
		t->force_peak_frame = (int64_t)t->frames;
	}
	t->pressure_peak_kpa = fmax(t->pressure_peak_kpa, scan->peak);
	t->contact_area_peak_cm2 = fmax(t->contact_area_peak_cm2, area);
	if (dt_s > 0) {
		t->force_time_integral_ns += 0.5 * (force + a->force_before) * dt_s;
		t->pressure_time_integral_peak_curve_kpa_s +=
			0.5 * (scan->peak + a->top_before) * dt_s;
		add_cell_times(a, dt_s);
	}
	a->force_before = force;
	a->top_before = scan->peak;
	t->frames++;
}

static void finish_totals(struct pl_analysis *a)
{
	struct pl_totals *t = &a->totals;
	size_t n = pl_geometry_cells(&a->geometry), cells = 0;
	double most = 0;

	if (t->frames == 0)
		return;
	for (size_t w = 0; w < (size_t)a->cells.rows * a->cells.words; w++)
		cells += (size_t)__builtin_popcountll(a->ever[w]);
	for (size_t i = 0; i < n; i++)
		most = fmax(most, a->cell_time[i]);
	t->contact_area_footprint_cm2 = 1e4 * (double)cells * pl_cell_area_m2(&a->geometry);
	t->pressure_time_integral_max_cell_kpa_s = most;
	t->region_sum_error_max = 0;
}

/* Seconds since the frame before, 0 when there is none or frames are missing in between. */
static double since(struct pl_analysis *a, int64_t t_ns, bool gap)
{
	double dt = a->frames ? (double)(t_ns - a->t_ns) * 1e-9 : 0;
	double nominal = pl_analysis_interval_s(a);

	a->t_ns = t_ns;
	if (a->frames++ == 0)
		return 0;
	if (!gap) {
		a->step_s = dt;
		return dt;
	}
	if (nominal > 0 && dt > nominal)
		pl_feet_gap(&a->feet, (uint64_t)fmin(dt / nominal, 1e9));
	return 0;
}

/* Integrals and stances end here. */
static void frames_missing(struct pl_analysis *a, bool over)
{
	pl_analysis_feet_break(a);
	pl_stances_break(a, over);
}

int pl_analysis_push(struct pl_analysis *a, const double *values, int64_t t_ns, bool gap,
		     struct pl_error *err)
{
	struct pl_cells swap;
	double dt_s;

	if (a->pass > 2)
		return pl_error_set(err, PL_ESTATE, 0, "the analysis is finished");
	if (a->frames && t_ns <= a->t_ns)
		return pl_error_set(err, PL_ECORRUPT, 0,
				    "frame %llu is not later than the frame before it",
				    (unsigned long long)a->frames);
	if (a->frames == 0)
		a->start_ns = t_ns;
	if (a->belt)
		values = pl_belt_frame(a->belt, values, a->contact,
				       (double)(t_ns - a->start_ns) * 1e-9);
	swap = a->before;
	a->before = a->cells;
	a->cells = swap;
	pl_cells_take(&a->cells, values, a->contact);
	if (a->pass == 2 && gap)
		frames_missing(a, false);
	dt_s = since(a, t_ns, gap);
	pl_feet_frame(&a->feet, &a->cells);
	follow_tracks(a);
	if (a->pass == 1) {
		add_totals(a, dt_s);
	} else {
		pl_analysis_feet_frame(a, dt_s);
		pl_watch_frame(a, t_ns, gap);
		pl_album_frame(a, (double)(t_ns - a->start_ns) * 1e-9, gap);
	}
	a->whole = NULL;
	if (a->nomem)
		return pl_error_set(err, PL_ENOMEM, 0, "out of memory for the footprints");
	return 0;
}

void pl_analysis_whole(struct pl_analysis *a, const double *whole)
{
	if (!a->belt)
		a->whole = whole;
}

int pl_analysis_second_pass(struct pl_analysis *a, struct pl_error *err)
{
	if (a->pass != 1)
		return pl_error_set(err, PL_ESTATE, 0, "the second pass has begun already");
	pl_feet_end(&a->feet);
	finish_totals(a);
	if (a->nomem || pl_analysis_form_feet(a) < 0)
		return pl_error_set(err, PL_ENOMEM, 0, "out of memory for the footprints");
	pl_feet_reset(&a->feet);
	memset(a->now, 0, sizeof(a->now));
	pl_cells_clear(&a->cells);
	a->frames = 0;
	a->step_s = 0;
	a->pass = 2;
	if (a->belt)
		pl_belt_reset(a->belt);
	return 0;
}

int pl_analysis_finish(struct pl_analysis *a, struct pl_error *err)
{
	if (a->pass != 2)
		return pl_error_set(err, PL_ESTATE, 0, "the second pass is still to come");
	if (a->frames != a->totals.frames)
		return pl_error_set(
			err, PL_EUSAGE, 0, "the second pass had %llu frames, the first %llu",
			(unsigned long long)a->frames, (unsigned long long)a->totals.frames);
	frames_missing(a, true);
	pl_analysis_feet_finish(a);
	if (a->nomem)
		return pl_error_set(err, PL_ENOMEM, 0, "out of memory for the steps");
	pl_stances_finish(a);
	a->pass = 3;
	return pl_watch_finish(a, err);
}

const struct pl_totals *pl_analysis_totals(const struct pl_analysis *a)
{
	return &a->totals;
}
