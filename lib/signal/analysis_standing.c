/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Somebody standing on a mat. A recording may hold stepping on, a minute of quiet, a step aside
 * and another minute; what is wanted is the longest quiet of it. So the frames are kept as long as
 * the same feet carry the load and no frame is missing (a run); when that ends, the quiet part of
 * the run is compared with the best so far. Only two runs are ever in memory.
 *
 * Sway is the body's: forward is where the toes point. On a mat that is known when it was
 * confirmed, or when the feet show it; otherwise sway keeps the mat's axes and says so.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "analysis_private.h"
#include "cop.h"
#include "faint.h"
#include "standing_private.h"

#define FRAMES_MAX ((size_t)500000)
#define UNCLEAR_LOAD 0.05   /* of a frame's force on no foot: the frame's load is unclear */
#define UNCLEAR_FRAMES 0.05 /* more of them: nothing is said about left, right, heel, forefoot */
#define SAME_WAY 0.866	    /* feet point to a side of the mat within 30 degrees */
#define RATE_OFF 0.02
#define COARSE_FLOOR_KPA 1 /* from here on sway grows; measured: docs/metrics.md */

enum { T, AP, ML, FORCE, FOOT_LEFT, FOOT_RIGHT, PARTS, PARTS_ALL = PARTS + 2 * PL_STANDING_PARTS };
enum { WHOLE = PARTS_ALL + PL_STANDING_FOREFOOT + 1, WHOLE_COL, WHOLE_ROW, COLUMNS };

/* Which feet carry the load; a sum of scrambled indices, so that their order does not matter. */
struct bearing {
	uint64_t mark;
	unsigned feet;
	uint32_t foot[2]; /* the first two */
	bool loaded;
};

struct run {
	double *column[COLUMNS]; /* x and y of the mat in AP and ML; forces in N or counts */
	size_t n, cap, unclear;
	struct bearing bearing;
	bool hole_before;  /* frames are missing before it */
	bool began_loaded; /* it did not begin with the recording: somebody moved onto these feet */
	bool full;	   /* did not fit */
	bool whole;	   /* the columns WHOLE hold sums without the floor */
	struct pl_faint faint;
};

struct pl_watch {
	struct run now, best;
	size_t from, length; /* the quiet part of best */
	unsigned flags;
	uint64_t frames;
	int64_t t0_ns;
	double rate_hz;
	bool found;
	uint8_t *near; /* cells near a foot; NULL: not needed yet */
	struct pl_standing standing;
};

struct pl_watch *pl_watch_new(void)
{
	return calloc(1, sizeof(struct pl_watch));
}

void pl_watch_free(struct pl_watch *w)
{
	for (int c = 0; w && c < COLUMNS; c++) {
		free(w->now.column[c]);
		free(w->best.column[c]);
	}
	if (w) {
		pl_faint_free(&w->now.faint);
		pl_faint_free(&w->best.faint);
		free(w->near);
	}
	free(w);
}

/* ---- frames --------------------------------------------------------------------------------- */

static struct pl_standing_options options_of(const struct pl_analysis *a)
{
	struct pl_standing_options o;

	pl_standing_options_init(&o);
	o.filter_hz = a->options.filter_hz;
	if (a->calibrated)
		o.body_mass_kg = a->options.body_mass_kg;
	return o;
}

/* Feet that touch each other may be nobody's, and carry somebody all the same. */
static bool fused_feet(const struct pl_analysis *a)
{
	const struct pl_feet *f = &a->feet;

	for (int t = pl_track_after(f, -1); t >= 0; t = pl_track_after(f, t))
		if (f->track[t].fused && f->track[t].now_cells)
			return true;
	return false;
}

static struct bearing bearing_of(const struct pl_analysis *a, double force)
{
	struct pl_standing_options o = options_of(a);
	struct bearing b = {.loaded = force > 0 && force >= pl_standing_force_min(&o)};

	if (a->options.dead_weight)
		return b;
	for (uint32_t i = 0; i < a->parts.feet && b.loaded; i++) {
		uint64_t k = a->parts.foot[i];

		if (!a->foot[k].whole.before.contact)
			continue;
		b.mark += (k + 1) * UINT64_C(0x9E3779B97F4A7C15);
		if (b.feet < 2)
			b.foot[b.feet] = (uint32_t)k;
		b.feet++;
	}
	b.loaded = b.loaded && (b.feet || fused_feet(a));
	return b;
}

/* Room for what the floor hides, made when it is needed first. */
static bool ready_for_faint(struct pl_analysis *a)
{
	struct pl_watch *w = a->watch;

	if (w->near)
		return true;
	w->near = malloc(pl_geometry_cells(&a->geometry));
	if (!w->near || !pl_faint_init(&w->now.faint, &a->geometry) ||
	    !pl_faint_init(&w->best.faint, &a->geometry))
		return false;
	pl_faint_near(&a->geometry, a->ever, w->near);
	return true;
}

static bool room_for_one(struct run *run)
{
	size_t cap = run->cap ? 2 * run->cap : 1024;

	if (run->n < run->cap)
		return true;
	for (int c = 0; c < COLUMNS; c++) {
		double *more = realloc(run->column[c], cap * sizeof(*more));

		if (!more)
			return false;
		run->column[c] = more;
	}
	run->cap = cap;
	return true;
}

/* region[].before holds what this frame gave. */
static void put_foot(struct run *run, size_t i, const struct pl_foot *foot, double *on_feet)
{
	static const enum pl_region region[PL_STANDING_PARTS] = {
		[PL_STANDING_HEEL] = PL_REGION_HEEL,
		[PL_STANDING_MIDFOOT] = PL_REGION_MIDFOOT,
		[PL_STANDING_FOREFOOT] = PL_REGION_FOREFOOT,
		[PL_STANDING_HEEL_AM] = PL_REGION_HEEL_AM,
		[PL_STANDING_HEEL_AL] = PL_REGION_HEEL_AL,
		[PL_STANDING_HEEL_PM] = PL_REGION_HEEL_PM,
		[PL_STANDING_HEEL_PL] = PL_REGION_HEEL_PL,
	};
	int side = foot->side == PL_SIDE_LEFT	 ? PL_STANDING_LEFT
		   : foot->side == PL_SIDE_RIGHT ? PL_STANDING_RIGHT
						 : -1;

	*on_feet += foot->whole.before.force;
	if (side >= 0)
		run->column[FOOT_LEFT + side][i] += foot->whole.before.force;
	for (int p = 0; p < PL_STANDING_PARTS && foot->ready; p++) {
		double force = foot->region[region[p]].before.force;

		if (side >= 0)
			run->column[PARTS + side * PL_STANDING_PARTS + p][i] += force;
		if (p <= PL_STANDING_FOREFOOT)
			run->column[PARTS_ALL + p][i] += force;
	}
}

static void put_whole(struct pl_analysis *a, struct run *run, size_t i)
{
	struct pl_moments m = pl_faint_add(&run->faint, a->watch->near, a->whole, &a->cells);

	run->column[WHOLE][i] = m.sum;
	run->column[WHOLE_COL][i] = m.col;
	run->column[WHOLE_ROW][i] = m.row;
}

static void put_frame(struct pl_analysis *a, struct run *run, double t_s, double force)
{
	const struct pl_scan *scan = &a->feet.scan;
	struct pl_cop cop =
		pl_cop(&a->geometry, scan->sum, scan->sum_col, scan->sum_row, a->factor, 0);
	double on_feet = 0;
	size_t i = run->n++;

	for (int c = 0; c < COLUMNS; c++)
		run->column[c][i] = 0;
	run->column[T][i] = t_s;
	run->column[ML][i] = cop.x_mm;
	run->column[AP][i] = cop.y_mm;
	run->column[FORCE][i] = force;
	if (run->whole)
		put_whole(a, run, i);
	for (uint32_t k = 0; k < a->parts.feet; k++)
		if (a->foot[a->parts.foot[k]].whole.before.contact)
			put_foot(run, i, &a->foot[a->parts.foot[k]], &on_feet);
	run->unclear += on_feet < (1 - UNCLEAR_LOAD) * force;
}

/* ---- runs ----------------------------------------------------------------------------------- */

/* The nominal rate; that of the time stamps when there is none, or when it is so far off that
 * it cannot be true. */
static double rate_of(const struct pl_analysis *a, const struct run *run, size_t from, size_t n,
		      bool *off)
{
	double seconds = n > 1 ? run->column[T][from + n - 1] - run->column[T][from] : 0;
	double measured_hz = seconds > 0 ? (double)(n - 1) / seconds : NAN;

	*off = a->rate_hz > 0 && fabs(measured_hz / a->rate_hz - 1) > RATE_OFF;
	return a->rate_hz > 0 && !*off ? a->rate_hz : measured_hz;
}

/* The run is over, because frames are missing (hole), the recording ends, or loading changed. */
static void end_run(struct pl_analysis *a, bool hole, bool loading)
{
	struct pl_standing_options o = options_of(a);
	struct pl_watch *w = a->watch;
	struct run *now = &w->now;
	size_t from = 0, length = 0;
	bool off;
	double rate_hz = rate_of(a, now, 0, now->n, &off);

	if (rate_hz > 0)
		length = pl_standing_quiet(now->column[FORCE], now->n, rate_hz, now->began_loaded,
					   loading, &o, &from);
	if (length > w->length) {
		struct run swap = w->best;

		w->flags = (now->full ? PL_STANDING_CUT : 0u);
		if ((now->hole_before && from == 0) || (hole && from + length == now->n))
			w->flags |= PL_STANDING_GAP;
		w->best = *now;
		w->from = from;
		w->length = length;
		w->now = swap;
	}
	w->now.n = w->now.unclear = 0;
	w->now.full = false;
}

void pl_watch_frame(struct pl_analysis *a, int64_t t_ns, bool gap)
{
	struct pl_watch *w = a->watch;
	double force = a->feet.scan.sum * a->factor;
	struct bearing bearing = bearing_of(a, force);
	struct run *now = &w->now;

	if (w->frames++ == 0)
		w->t0_ns = t_ns;
	if (now->n && (gap || now->full || !bearing.loaded || bearing.mark != now->bearing.mark))
		end_run(a, gap, !gap && !now->full);
	if (!bearing.loaded)
		return;
	if (!room_for_one(now) || (a->whole && !ready_for_faint(a))) {
		a->nomem = true;
		return;
	}
	if (now->n == 0) {
		now->hole_before = gap;
		now->began_loaded = !gap && w->frames > 1;
		now->bearing = bearing;
		now->whole = a->whole != NULL;
		if (now->whole)
			pl_faint_clear(&now->faint, &a->geometry);
	}
	put_frame(a, now, (double)(t_ns - w->t0_ns) * 1e-9, force);
	now->full = now->n >= FRAMES_MAX;
}

/* ---- whose and which way -------------------------------------------------------------------- */

/* Where the person faced: as confirmed, else where the feet point; AUTO: not known. */
static enum pl_facing facing_of(const struct pl_analysis *a, const struct bearing *b)
{
	double x = 0, y = 0, norm;

	if (a->options.dead_weight)
		return PL_FACING_AUTO;
	if (a->options.facing != PL_FACING_AUTO)
		return a->options.facing;
	for (unsigned k = 0; k < b->feet && k < 2; k++) {
		const struct pl_foot *foot = &a->foot[b->foot[k]];

		x += foot->ready ? foot->shape.ax : 0;
		y += foot->ready ? foot->shape.ay : 0;
	}
	norm = hypot(x, y);
	if (!(norm > 0) || b->feet > 2)
		return PL_FACING_AUTO;
	if (fabs(y) >= SAME_WAY * norm)
		return y > 0 ? PL_FACING_FORWARD : PL_FACING_BACKWARD;
	if (fabs(x) >= SAME_WAY * norm)
		return x > 0 ? PL_FACING_RIGHT : PL_FACING_LEFT;
	return PL_FACING_AUTO;
}

/* x to the mat's right and y to its front become the person's: for somebody who faces right,
 * forward is +x and their right is -y. */
static void turn(struct run *run, enum pl_facing facing)
{
	for (size_t i = 0; i < run->n; i++) {
		double x = run->column[ML][i], y = run->column[AP][i];
		double forward = y, right = x;

		if (facing == PL_FACING_BACKWARD) {
			forward = -y;
			right = -x;
		} else if (facing == PL_FACING_RIGHT) {
			forward = x;
			right = -y;
		} else if (facing == PL_FACING_LEFT) {
			forward = -x;
			right = y;
		}
		run->column[AP][i] = forward;
		run->column[ML][i] = right;
	}
}

/* The mat's own sway was measured along the mat: along the person's axes these may be the other
 * two. */
static struct pl_sway own_sway(const struct pl_sway *own, enum pl_facing facing)
{
	struct pl_sway turned = *own;

	if (facing == PL_FACING_LEFT || facing == PL_FACING_RIGHT) {
		turned.ap = own->ml;
		turned.ml = own->ap;
	}
	return turned;
}

/* Every foot that carries load has a side, and not both the same. */
static bool sides_known(const struct pl_analysis *a, const struct bearing *b)
{
	if (b->feet == 0 || b->feet > 2)
		return false;
	for (unsigned k = 0; k < b->feet; k++)
		if (a->foot[b->foot[k]].side == PL_SIDE_UNKNOWN)
			return false;
	return b->feet == 1 || a->foot[b->foot[0]].side != a->foot[b->foot[1]].side;
}

static bool regions_known(const struct pl_analysis *a, const struct bearing *b)
{
	if (b->feet == 0 || b->feet > 2)
		return false;
	for (unsigned k = 0; k < b->feet; k++)
		if (!a->foot[b->foot[k]].ready)
			return false;
	return true;
}

static void offer_side(const struct pl_analysis *a, const struct run *run, size_t from, int side,
		       struct pl_standing_samples *s)
{
	s->force[side] = run->column[FOOT_LEFT + side] + from;
	for (unsigned k = 0; k < run->bearing.feet; k++) {
		const struct pl_foot *foot = &a->foot[run->bearing.foot[k]];
		bool quadrants = foot->ready && pl_overlay_quadrants(&foot->overlay);

		if (!foot->ready || (foot->side == PL_SIDE_LEFT) != (side == PL_STANDING_LEFT))
			continue;
		for (int p = 0; p < PL_STANDING_PARTS; p++)
			if (p <= PL_STANDING_FOREFOOT || quadrants)
				s->part[side][p] =
					run->column[PARTS + side * PL_STANDING_PARTS + p] + from;
	}
}

/* ---- the end -------------------------------------------------------------------------------- */

/* The centre of pressure again, with the load that the floor hides. */
static void take_whole(const struct pl_analysis *a, struct run *run)
{
	struct pl_moments off = pl_faint_bias(&run->faint, &a->geometry, a->watch->near);

	for (size_t i = 0; i < run->n; i++) {
		struct pl_cop cop = pl_cop(&a->geometry, run->column[WHOLE][i] - off.sum,
					   run->column[WHOLE_COL][i] - off.col,
					   run->column[WHOLE_ROW][i] - off.row, a->factor, 0);

		run->column[ML][i] = cop.x_mm;
		run->column[AP][i] = cop.y_mm;
	}
}

/* Below it the cells under a foot say nothing. */
static double silent_kpa(const struct pl_analysis *a, const struct run *run)
{
	double half_code = 0.5 * a->options.code_kpa;

	return run->whole ? half_code : fmax(half_code, a->options.noise_floor_kpa);
}

static int compute(struct pl_analysis *a, struct pl_error *err)
{
	struct pl_standing_options o = options_of(a);
	struct pl_watch *w = a->watch;
	struct run *run = &w->best;
	const double *t = run->column[T] + w->from;
	struct pl_standing_samples s = {.n = w->length};
	struct pl_sway own;
	enum pl_facing facing = facing_of(a, &run->bearing);
	bool off;

	if (run->whole)
		take_whole(a, run);
	turn(run, facing);
	if (a->options.own_sway) {
		own = own_sway(a->options.own_sway, facing);
		o.own = &own;
	}
	s.rate_hz = rate_of(a, run, w->from, w->length, &off);
	s.ap_mm = run->column[AP] + w->from;
	s.ml_mm = run->column[ML] + w->from;
	s.force[PL_STANDING_ALL] = run->column[FORCE] + w->from;
	if ((double)run->unclear <= UNCLEAR_FRAMES * (double)run->n) {
		for (int p = 0; p <= PL_STANDING_FOREFOOT && regions_known(a, &run->bearing); p++)
			s.part[PL_STANDING_ALL][p] = run->column[PARTS_ALL + p] + w->from;
		for (int k = 0; k <= PL_STANDING_RIGHT && sides_known(a, &run->bearing); k++)
			offer_side(a, run, w->from, k, &s);
	}
	if (pl_standing_compute(&s, &o, &w->standing, err) < 0)
		return -1;
	pl_album_sway(a, &w->standing, s.ap_mm, s.ml_mm, t[0]);
	w->standing.from_s = t[0];
	w->standing.to_s = t[s.n - 1] + 1 / s.rate_hz;
	w->standing.flags |= w->flags | (off ? PL_STANDING_RATE : 0u);
	w->standing.whole = run->whole;
	if (a->calibrated && silent_kpa(a, run) >= COARSE_FLOOR_KPA)
		w->standing.flags |= PL_STANDING_COARSE_FLOOR;
	w->standing.calibrated = a->calibrated;
	w->standing.on_mat = true;
	w->standing.facing = facing;
	w->found = true;
	return 0;
}

int pl_watch_finish(struct pl_analysis *a, struct pl_error *err)
{
	if (a->watch->now.n)
		end_run(a, false, false);
	return a->watch->length ? compute(a, err) : 0;
}

const struct pl_standing *pl_analysis_standing(const struct pl_analysis *a)
{
	return a->watch->found ? &a->watch->standing : NULL;
}
