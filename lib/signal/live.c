/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From raw cells to a row of live metrics. The order of work in a frame: read the loaded cells,
 * find the feet, then sum each foot and its regions, run of cells by run of cells. Everything the
 * numbers depend on is in the frames and their sequence numbers, never in a clock, so the same
 * frames give the same bits live and offline.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <plantar/live.h>

#include "cop.h"
#include "feet.h"
#include "filter.h"
#include "live_columns.h"
#include "overlay.h"
#include "reader.h"

#define UNREGIONED_MAX 0.05 /* share of the load that may lie on feet without regions */

struct foot {
	uint32_t serial, version; /* of the track the rest belongs to */
	bool laid;		  /* the overlay is laid over the print */
	struct pl_overlay overlay;
	struct pl_biquad_state fx, fy;
	double atom[PL_ATOMS]; /* sums of values in this frame */
};

struct pl_live {
	struct pl_geometry geometry;
	struct pl_calibration calibration;
	struct pl_live_options options;
	double factor; /* N or counts of a value of one */
	struct pl_reader reader;
	struct pl_cells cells;
	struct pl_feet feet;
	struct foot foot[PL_TRACKS];
	struct pl_biquad filter;
	struct pl_biquad_state fx, fy;
	uint64_t seq;
	bool running;
};

static const char *const region_names[] = {
	[PL_REGION_NOVEL] = "novel",
	[PL_REGION_THIRDS] = "thirds",
	[PL_REGION_30_30_40] = "30-30-40",
	[PL_REGION_THIRDS_BOX] = "thirds-box",
};
static const char *const facing_names[] = {
	[PL_FACING_AUTO] = "auto",	   [PL_FACING_FORWARD] = "forward",
	[PL_FACING_BACKWARD] = "backward", [PL_FACING_LEFT] = "left",
	[PL_FACING_RIGHT] = "right",
};
static const char *const side_names[] = {
	[PL_SIDE_UNKNOWN] = "unknown",
	[PL_SIDE_LEFT] = "left",
	[PL_SIDE_RIGHT] = "right",
};

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static int parse(const char *const *names, size_t n, const char *name)
{
	for (size_t i = 0; name && i < n; i++)
		if (strcmp(names[i], name) == 0)
			return (int)i;
	return -1;
}

const char *pl_region_name(enum pl_region_convention convention)
{
	return (size_t)convention < COUNT(region_names) ? region_names[convention] : "unknown";
}

int pl_region_parse(const char *name)
{
	return parse(region_names, COUNT(region_names), name);
}

const char *pl_facing_name(enum pl_facing facing)
{
	return (size_t)facing < COUNT(facing_names) ? facing_names[facing] : "auto";
}

int pl_facing_parse(const char *name)
{
	return parse(facing_names, COUNT(facing_names), name);
}

const char *pl_side_name(enum pl_side side)
{
	return (size_t)side < COUNT(side_names) ? side_names[side] : "unknown";
}

int pl_side_parse(const char *name)
{
	return parse(side_names, COUNT(side_names), name);
}

void pl_live_options_init(struct pl_live_options *o)
{
	*o = (struct pl_live_options){
		.filter_hz = 10,
		.force_min = 20,
		.region = PL_REGION_NOVEL,
		.facing = PL_FACING_AUTO,
		.side = PL_SIDE_UNKNOWN,
	};
}

/* ---- life ----------------------------------------------------------------------------------- */

static void apply_calibration(struct pl_live *live)
{
	const struct pl_calibration *cal = &live->calibration;

	live->factor = pl_force_factor(&live->geometry, pl_calibrated(cal));
	pl_reader_set(&live->reader, cal,
		      cal->unit == PL_UNIT_N
			      ? cal->contact * 1e-3 / pl_cell_area_m2(&live->geometry)
			      : cal->contact);
}

struct pl_live *pl_live_new(const struct pl_geometry *g, const struct pl_calibration *cal,
			    const struct pl_live_options *o, struct pl_error *err)
{
	struct pl_feet_options feet = {.rate_hz = o->rate_hz,
				       .facing = o->facing,
				       .side = o->side,
				       .rows_axis = o->region == PL_REGION_THIRDS_BOX};
	struct pl_live *live;
	bool ok;

	if (pl_layout_check(o->layout, cal, g, err) < 0)
		return NULL;
	live = calloc(1, sizeof(*live));
	if (!live)
		goto nomem;
	live->geometry = *g;
	live->options = *o;
	pl_biquad_lowpass(&live->filter, o->filter_hz, o->rate_hz);
	ok = pl_cells_init(&live->cells, g);
	ok = pl_reader_init(&live->reader, g) && ok;
	ok = pl_feet_init(&live->feet, g, &feet) && ok;
	for (unsigned t = 0; ok && t < PL_TRACKS; t++)
		ok = pl_overlay_init(&live->foot[t].overlay, g->rows, g->cols);
	if (!ok || pl_calibration_copy(&live->calibration, cal, err) < 0)
		goto nomem;
	apply_calibration(live);
	return live;
nomem:
	pl_live_free(live);
	pl_error_set(err, PL_ENOMEM, 0, "out of memory for a mat of %u x %u cells", g->rows,
		     g->cols);
	return NULL;
}

void pl_live_free(struct pl_live *live)
{
	if (!live)
		return;
	for (unsigned t = 0; t < PL_TRACKS; t++)
		pl_overlay_free(&live->foot[t].overlay);
	pl_feet_free(&live->feet);
	pl_calibration_free(&live->calibration);
	pl_reader_free(&live->reader);
	pl_cells_free(&live->cells);
	free(live);
}

static void break_filters(struct pl_live *live)
{
	pl_biquad_break(&live->fx);
	pl_biquad_break(&live->fy);
	for (unsigned t = 0; t < PL_TRACKS; t++) {
		pl_biquad_break(&live->foot[t].fx);
		pl_biquad_break(&live->foot[t].fy);
	}
}

void pl_live_reset(struct pl_live *live)
{
	pl_feet_reset(&live->feet);
	break_filters(live);
	for (unsigned t = 0; t < PL_TRACKS; t++)
		live->foot[t].serial = 0;
	live->running = false;
}

int pl_live_calibrate(struct pl_live *live, const struct pl_calibration *cal, struct pl_error *err)
{
	struct pl_calibration copy;

	if (pl_layout_check(live->options.layout, cal, &live->geometry, err) < 0 ||
	    pl_calibration_copy(&copy, cal, err) < 0)
		return -1;
	pl_calibration_free(&live->calibration);
	live->calibration = copy;
	apply_calibration(live);
	pl_live_reset(live);
	return 0;
}

/* ---- one frame ------------------------------------------------------------------------------ */

static void follow_sequence(struct pl_live *live, uint64_t seq)
{
	if (live->running && seq != live->seq + 1) {
		break_filters(live);
		if (seq > live->seq + 1)
			pl_feet_gap(&live->feet, seq - live->seq - 1);
	}
	live->seq = seq;
	live->running = true;
}

/* Regions for the cells of the print that have none yet. */
static void note_cells(struct pl_live *live, unsigned t)
{
	struct pl_feet *f = &live->feet;
	struct pl_track *track = &f->track[t];

	for (unsigned r = track->r0; r < track->r1; r++) {
		size_t at = (size_t)r * live->geometry.cols;

		for (unsigned c = track->c0; c < track->c1; c++)
			if (f->owner[at + c] == t + 1 && !f->note[at + c])
				f->note[at + c] = pl_overlay_note(&live->foot[t].overlay,
								  pl_x_m(&live->geometry, c),
								  pl_y_m(&live->geometry, r));
	}
	track->noteless = false;
}

/* Lay the regions over every cell of the print again: its axis has changed. */
static void lay(struct pl_live *live, unsigned t)
{
	struct pl_feet *f = &live->feet;
	const struct pl_track *track = &f->track[t];

	for (unsigned r = track->r0; r < track->r1; r++)
		for (size_t i = (size_t)r * live->geometry.cols + track->c0,
			    end = i + track->c1 - track->c0;
		     i < end; i++)
			if (f->owner[i] == t + 1)
				f->note[i] = 0;
	pl_overlay_begin(&live->foot[t].overlay, live->options.region, &track->shape,
			 live->geometry.pitch_col_m, live->geometry.pitch_row_m);
	note_cells(live, t);
	live->foot[t].version = track->version;
}

static void prepare(struct pl_live *live)
{
	struct pl_feet *f = &live->feet;

	for (int t = pl_track_after(f, -1); t >= 0; t = pl_track_after(f, t)) {
		struct pl_track *track = &f->track[t];
		struct foot *foot = &live->foot[t];

		track->sum = track->sum_col = track->sum_row = track->peak = 0;
		if (foot->serial != track->serial) {
			foot->serial = track->serial;
			foot->laid = false;
			pl_biquad_break(&foot->fx);
			pl_biquad_break(&foot->fy);
		}
		if (!track->now_cells)
			continue;
		memset(foot->atom, 0, sizeof(foot->atom));
		if (track->ready && (!foot->laid || foot->version != track->version))
			lay(live, (unsigned)t);
		else if (track->ready && track->noteless)
			note_cells(live, (unsigned)t);
		foot->laid = track->ready;
	}
}

/* Cells c0..c1-1 of a row, all of one foot. */
static void add_cells(struct pl_live *live, unsigned t, unsigned row, unsigned c0, unsigned c1,
		      const struct pl_sums *sums)
{
	size_t at = (size_t)row * live->geometry.cols + c0;
	const double *value = live->cells.value + at;
	float *peak = live->feet.peak + at;
	struct pl_track *track = &live->feet.track[t];
	struct foot *foot = &live->foot[t];

	track->sum += sums->sum;
	track->sum_col += sums->sum_col;
	track->sum_row += sums->sum * row;
	track->peak = sums->peak > track->peak ? sums->peak : track->peak;
	for (unsigned c = 0; c < c1 - c0; c++)
		peak[c] = (float)value[c] > peak[c] ? (float)value[c] : peak[c];
	if (foot->laid)
		pl_overlay_add_cells(&foot->overlay, live->feet.note + at, value, c1 - c0,
				     foot->atom);
}

/* A run that more than one foot has a part of. */
static void add_mixed(struct pl_live *live, const struct pl_run *run)
{
	size_t at = (size_t)run->row * live->geometry.cols;
	const uint8_t *owner = live->feet.owner + at;
	unsigned c = run->c0;

	while (c < run->c1) {
		unsigned c0 = c;
		struct pl_sums sums;

		while (c < run->c1 && owner[c] == owner[c0])
			c++;
		sums = pl_sum_cells(live->cells.value + at, c0, c);
		if (owner[c0])
			add_cells(live, owner[c0] - 1u, run->row, c0, c, &sums);
	}
}

static void sum_feet(struct pl_live *live)
{
	const struct pl_segment *s = &live->feet.segment;

	for (uint32_t i = 0; i < s->runs; i++) {
		const struct pl_run *run = &s->run[i];
		struct pl_sums sums = {run->sum, run->sum_col, run->peak};

		if (run->owner == PL_MIXED)
			add_mixed(live, run);
		else if (run->owner)
			add_cells(live, run->owner - 1u, run->row, run->c0, run->c1, &sums);
	}
}

static double pct(double part, double whole)
{
	return 100.0 * part / whole;
}

static void write_cop(const struct pl_live *live, struct pl_cop cop, struct pl_biquad_state *fx,
		      struct pl_biquad_state *fy, float *out)
{
	out[0] = (float)cop.x_mm;
	out[1] = (float)cop.y_mm;
	out[2] = (float)pl_biquad_step(&live->filter, fx, cop.x_mm);
	out[3] = (float)pl_biquad_step(&live->filter, fy, cop.y_mm);
}

static void write_regions(const struct pl_live *live, const struct pl_track *track,
			  const struct foot *foot, float *out)
{
	static const enum pl_region quadrant[] = {PL_REGION_HEEL_AM, PL_REGION_HEEL_AL,
						  PL_REGION_HEEL_PM, PL_REGION_HEEL_PL};

	for (int k = 0; k < 3; k++)
		out[PL_FOOT_HEEL_PCT + k] = (float)pct(
			pl_atoms_sum(
				foot->atom,
				pl_region_atoms((enum pl_region)(PL_REGION_HEEL + k), track->side)),
			track->sum);
	if (track->side == PL_SIDE_UNKNOWN || !pl_overlay_quadrants(&foot->overlay))
		return;
	for (int k = 0; k < 4; k++)
		out[PL_FOOT_HEEL_AM_FORCE + k] =
			(float)(live->factor *
				pl_atoms_sum(foot->atom,
					     pl_region_atoms(quadrant[k], track->side)));
}

/* Where the borders of the regions are, so that a screen can draw them. */
static void write_lines(const struct pl_region_frame *frame, float *out)
{
	out[PL_FOOT_HEEL_X] = (float)(1e3 * frame->ox);
	out[PL_FOOT_HEEL_Y] = (float)(1e3 * frame->oy);
	out[PL_FOOT_HEEL_HALF] = (float)(1e3 * frame->cut[0]);
	out[PL_FOOT_HEEL_END] = (float)(1e3 * frame->cut[1]);
	out[PL_FOOT_FOREFOOT_BEGIN] = (float)(1e3 * frame->cut[2]);
}

/* One foot's columns. The filters step in every frame, whichever column the foot is shown in. */
static void write_foot(struct pl_live *live, unsigned t, float *out)
{
	const struct pl_track *track = &live->feet.track[t];
	struct foot *foot = &live->foot[t];
	double force = track->sum * live->factor;
	float unused[PL_FOOT_COLUMNS];

	if (!out)
		out = unused;
	write_cop(live,
		  pl_cop(&live->geometry, track->sum, track->sum_col, track->sum_row, live->factor,
			 live->options.force_min),
		  &foot->fx, &foot->fy, out + PL_FOOT_COP_X);
	out[PL_FOOT_FORCE] = (float)force;
	out[PL_FOOT_PRESSURE_PEAK] = (float)track->peak;
	out[PL_FOOT_CONTACT_AREA] =
		(float)(1e4 * track->now_cells * pl_cell_area_m2(&live->geometry));
	out[PL_FOOT_PROVISIONAL] =
		live->feet.frame - track->grown < live->feet.settle ? 1.0f : 0.0f;
	if (!foot->laid)
		return;
	out[PL_FOOT_LENGTH] = (float)(1e3 * track->shape.length_m);
	out[PL_FOOT_AXIS] = (float)(atan2(track->shape.ax, track->shape.ay) * 180.0 / M_PI);
	write_lines(&foot->overlay.frame, out);
	if (force >= live->options.force_min)
		write_regions(live, track, foot, out);
}

/* The most loaded foot of each side of which it is known what it carries, -1: none. */
static void choose(const struct pl_live *live, int chosen[3])
{
	const struct pl_feet *f = &live->feet;

	chosen[PL_SIDE_UNKNOWN] = chosen[PL_SIDE_LEFT] = chosen[PL_SIDE_RIGHT] = -1;
	for (int t = pl_track_after(f, -1); t >= 0; t = pl_track_after(f, t)) {
		const struct pl_track *track = &f->track[t];
		int *best = &chosen[track->side];

		if (!track->now_cells || track->fused || pl_track_doubtful(track))
			continue;
		if (*best < 0 || track->sum > f->track[*best].sum)
			*best = t;
	}
}

struct shares {
	double side[3], region[3], regioned, standing;
	unsigned feet;
	bool fused, doubtful;
};

static struct shares share(const struct pl_live *live)
{
	const struct pl_feet *f = &live->feet;
	struct shares s = {0};

	for (int t = pl_track_after(f, -1); t >= 0; t = pl_track_after(f, t)) {
		const struct pl_track *track = &f->track[t];

		if (!track->now_cells || track->sum * live->factor < live->options.force_min)
			continue;
		s.feet++;
		s.fused = s.fused || track->fused;
		s.doubtful = s.doubtful || pl_track_doubtful(track);
		s.standing += track->sum;
		s.side[track->side] += track->sum;
		if (!live->foot[t].laid)
			continue;
		s.regioned += track->sum;
		for (int k = 0; k < 3; k++)
			s.region[k] += pl_atoms_sum(
				live->foot[t].atom,
				pl_region_atoms((enum pl_region)(PL_REGION_HEEL + k), track->side));
	}
	return s;
}

static void write_totals(struct pl_live *live, float *out)
{
	const struct pl_scan *scan = &live->feet.scan;
	struct shares s = share(live);
	double known = s.side[PL_SIDE_LEFT] + s.side[PL_SIDE_RIGHT];

	out[PL_COL_FORCE] = (float)(scan->sum * live->factor);
	out[PL_COL_PRESSURE_PEAK] = (float)scan->peak;
	out[PL_COL_CONTACT_AREA] = (float)(1e4 * scan->contact * pl_cell_area_m2(&live->geometry));
	out[PL_COL_FEET] = s.fused ? NAN : (float)s.feet;
	write_cop(live,
		  pl_cop(&live->geometry, scan->sum, scan->sum_col, scan->sum_row, live->factor,
			 live->options.force_min),
		  &live->fx, &live->fy, out + PL_COL_COP_X);
	if (known > 0 && s.side[PL_SIDE_UNKNOWN] == 0 && !s.doubtful) {
		out[PL_COL_LEFT_PCT] = (float)pct(s.side[PL_SIDE_LEFT], known);
		out[PL_COL_RIGHT_PCT] = (float)pct(s.side[PL_SIDE_RIGHT], known);
	}
	if (s.regioned > 0 && scan->sum - s.regioned <= UNREGIONED_MAX * scan->sum)
		for (int k = 0; k < 3; k++)
			out[PL_COL_HEEL_PCT + k] = (float)pct(s.region[k], scan->sum);
}

/* Cells that have no places, or were not loaded at one time: what can be said is how much the most
 * loaded one carries, of sensors also of each insole. */
static void write_peaks(const struct pl_live *live, float *metrics)
{
	static const unsigned columns[] = {PL_COL_FOOT, PL_COL_LEFT, PL_COL_RIGHT};
	unsigned cols = live->cells.cols;
	double peak[2] = {0};

	for (size_t i = 0; i < (size_t)live->cells.rows * cols; i++)
		peak[i % cols & 1] = fmax(peak[i % cols & 1], live->cells.value[i]);
	metrics[PL_COL_PRESSURE_PEAK] = (float)fmax(peak[0], peak[1]);
	for (unsigned c = 0; live->options.layout == PL_LAYOUT_SENSORS && c < cols; c++) {
		enum pl_side side = cols == 1 ? live->options.side
				    : c == 0  ? PL_SIDE_LEFT
					      : PL_SIDE_RIGHT;

		metrics[columns[side] + PL_FOOT_PRESSURE_PEAK] = (float)peak[c];
	}
}

uint32_t pl_live_frame(struct pl_live *live, const void *cells, enum pl_dtype dtype, uint64_t seq,
		       float *metrics)
{
	const struct pl_feet *f = &live->feet;
	float *column[3];
	uint32_t flags;
	int chosen[3];

	flags = pl_reader_frame(&live->reader, &live->calibration, cells, dtype, &live->cells);
	for (size_t i = 0; i < PL_COLUMNS; i++)
		metrics[i] = NAN;
	if (live->options.layout != PL_LAYOUT_MAT) {
		write_peaks(live, metrics);
		return flags;
	}
	follow_sequence(live, seq);
	pl_feet_frame(&live->feet, &live->cells);
	prepare(live);
	sum_feet(live);
	choose(live, chosen);
	column[PL_SIDE_UNKNOWN] = metrics + PL_COL_FOOT;
	column[PL_SIDE_LEFT] = metrics + PL_COL_LEFT;
	column[PL_SIDE_RIGHT] = metrics + PL_COL_RIGHT;
	for (int t = pl_track_after(f, -1); t >= 0; t = pl_track_after(f, t)) {
		enum pl_side side = f->track[t].side;

		if (f->track[t].now_cells)
			write_foot(live, (unsigned)t, chosen[side] == t ? column[side] : NULL);
	}
	write_totals(live, metrics);
	return flags | (f->scan.edge ? PL_FLAG_EDGE : 0);
}
