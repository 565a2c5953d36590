/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Watching a simulated person. Gait depends on time alone, so it is watched more finely than the
 * mat samples it, and crossings of a threshold are interpolated; standing is a random process in
 * steps of the mat's frames, and is watched frame by frame.
 */
#include "drivers/sim/truth.h"

#include <math.h>
#include <stdlib.h>

#include "drivers/sim/footprint.h"

#define WATCH_HZ 1000.0
#define ON_N 30.0
#define OFF_N 20.0
#define LANDING_S 0.010

/* A foot that is on the mat right now, and was a moment ago. */
struct watched {
	bool down, loaded; /* a stance has begun; it has passed the threshold */
	long step;
	double before_n, whole_n; /* force a moment ago: on the mat, in all */
	double heel_n;
	double inside_ns, heel_ns;
	double landing, landing_s;
	struct pl_truth_step now;
};

struct watch {
	struct pl_truth *truth;
	struct watched foot[2];
	double dt_s, landing_s, length_mm;
	bool nomem;
};

enum pl_facing pl_truth_facing(double heading_deg)
{
	static const enum pl_facing facing[4] = {PL_FACING_FORWARD, PL_FACING_RIGHT,
						 PL_FACING_BACKWARD, PL_FACING_LEFT};

	return facing[(int)floor(heading_deg / 90 + 0.5) & 3];
}

static enum pl_strike strike_of(double index_pct)
{
	if (isnan(index_pct))
		return PL_STRIKE_UNKNOWN;
	if (index_pct < 100.0 / 3)
		return PL_STRIKE_REARFOOT;
	return index_pct < 200.0 / 3 ? PL_STRIKE_MIDFOOT : PL_STRIKE_FOREFOOT;
}

static void keep(struct watch *w, const struct pl_truth_step *step)
{
	struct pl_truth *t = w->truth;

	if (t->steps == t->cap) {
		size_t cap = t->cap ? 2 * t->cap : 32;
		struct pl_truth_step *more = realloc(t->step, cap * sizeof(*more));

		if (!more) {
			w->nomem = true;
			return;
		}
		t->step = more;
		t->cap = cap;
	}
	t->step[t->steps++] = *step;
}

/* The stance is over, or the recording is. */
static void leave(struct watch *w, struct watched *f, double t_s)
{
	struct pl_truth_step *s = &f->now;

	if (f->loaded) { /* until the end */
		s->end_s = t_s;
		s->cut_end = true;
	}
	if (!isnan(s->onset_s)) {
		s->contact_time_s = s->end_s - s->onset_s;
		s->on_mat_pct = 100 * f->inside_ns / s->impulse_ns;
		s->partial = s->on_mat_pct < 100 - 1e-9;
		if (!s->partial)
			s->on_mat_pct = 100;
		s->heel_impulse_pct = 100 * f->heel_ns / s->impulse_ns;
		s->strike_index_pct = f->landing_s > 0 ? 100 * f->landing / f->landing_s : NAN;
		s->strike = strike_of(s->strike_index_pct);
		keep(w, s);
	}
	*f = (struct watched){.down = false};
}

static void land(struct watch *w, struct watched *f, const struct pl_sim_truth *t, int side)
{
	const struct pl_sim_foot_truth *now = &t->foot[side];
	double out = (side ? 1 : -1) * (now->axis_deg - t->heading_deg);

	*f = (struct watched){.down = true, .step = now->step};
	f->now = (struct pl_truth_step){
		.side = side ? PL_SIDE_RIGHT : PL_SIDE_LEFT,
		.facing = pl_truth_facing(t->heading_deg),
		.onset_s = NAN,
		.end_s = NAN,
		.heading_deg = t->heading_deg,
		.axis_deg = now->axis_deg,
		.foot_progression_deg = out,
		.x_mm = now->x_mm,
		.y_mm = now->y_mm,
		.length_mm = w->length_mm,
	};
}

/* When the force went through the threshold, the last moment being t_s. */
static double crossing(const struct watch *w, const struct watched *f, double now_n, double at_n,
		       double t_s)
{
	return t_s - w->dt_s * (now_n - at_n) / (now_n - f->before_n);
}

static void thresholds(struct watch *w, struct watched *f, double now_n, double t_s)
{
	if (!f->loaded && now_n >= ON_N && isnan(f->now.onset_s)) {
		f->loaded = true;
		f->now.cut_onset = t_s <= 0;
		f->now.onset_s = f->now.cut_onset ? t_s : crossing(w, f, now_n, ON_N, t_s);
	} else if (!f->loaded && now_n >= ON_N) {
		f->loaded = true; /* a part of the foot came back onto the mat */
	} else if (f->loaded && now_n < OFF_N) {
		f->loaded = false;
		f->now.end_s = crossing(w, f, now_n, OFF_N, t_s);
	}
}

static void watch_foot(struct watch *w, const struct pl_sim_truth *t, int side, double t_s)
{
	const struct pl_sim_foot_truth *now = &t->foot[side];
	struct watched *f = &w->foot[side];
	bool other = f->down && now->force_n > 0 && now->step != f->step;

	if (f->down && (now->force_n <= 0 || other)) {
		thresholds(w, f, 0, t_s);
		leave(w, f, t_s);
	}
	if (now->force_n <= 0)
		return;
	if (!f->down)
		land(w, f, t, side);
	thresholds(w, f, now->on_mat_n, t_s);
	f->now.impulse_ns += 0.5 * w->dt_s * (f->whole_n + now->force_n);
	f->inside_ns += 0.5 * w->dt_s * (f->before_n + now->on_mat_n);
	f->heel_ns += 0.5 * w->dt_s * (f->heel_n + now->heel_n);
	f->now.force_peak_n = fmax(f->now.force_peak_n, now->force_n);
	if (!isnan(f->now.onset_s) && t_s < f->now.onset_s + w->landing_s) {
		f->landing += now->along * w->dt_s;
		f->landing_s += w->dt_s;
	}
	f->before_n = now->on_mat_n;
	f->whole_n = now->force_n;
	f->heel_n = now->heel_n;
}

static int by_onset(const void *a, const void *b)
{
	const struct pl_truth_step *p = a, *q = b;

	return (p->onset_s > q->onset_s) - (p->onset_s < q->onset_s);
}

static void watch_steps(struct pl_truth *t, struct watch *w, struct pl_sim *sim, uint64_t moments)
{
	double end_s = (double)t->frames / t->person.rate_hz;
	struct pl_sim_truth now;

	for (uint64_t i = 0; i < moments; i++) {
		pl_sim_frame(sim, NULL, &now);
		for (int side = 0; side < 2; side++)
			watch_foot(w, &now, side, (double)i * w->dt_s);
	}
	for (int side = 0; side < 2; side++)
		if (w->foot[side].down)
			leave(w, &w->foot[side], end_s);
	if (t->steps)
		qsort(t->step, t->steps, sizeof(*t->step), by_onset);
}

/*
 * pi 2 (N - 1)(N + 1) / (N (N - 2)) F_0.95(2, N - 2) sqrt(det S), S with N - 1 (Schubert &
 * Kirchner 2014); F_p(2, d) = (d / 2)((1 - p)^(-2/d) - 1).
 */
static double ellipse_mm2(double n, double xx, double yy, double xy)
{
	double d = n - 2, f = d / 2 * (pow(0.05, -2 / d) - 1);
	double det = (xx * yy - xy * xy) / ((n - 1) * (n - 1));

	return 2 * 3.14159265358979323846 * (n - 1) * (n + 1) / (n * d) * f * sqrt(fmax(det, 0));
}

/* Sums of a standing person; of the sway about its first moment, which is near enough to its mean
 * that nothing cancels. */
struct sums {
	double n, x0, y0, x, y, xx, yy, xy, px, py, path, left, heel[2], force[2];
};

static void add_moment(struct sums *s, const struct pl_sim_truth *now)
{
	double x, y;

	if (s->n == 0) {
		s->x0 = now->cop_x_mm;
		s->y0 = now->cop_y_mm;
	}
	x = now->cop_x_mm - s->x0;
	y = now->cop_y_mm - s->y0;
	s->path += s->n > 0 ? hypot(x - s->px, y - s->py) : 0;
	s->px = x;
	s->py = y;
	s->n++;
	s->x += x;
	s->y += y;
	s->xx += x * x;
	s->yy += y * y;
	s->xy += x * y;
	for (int i = 0; i < 2; i++) {
		s->force[i] += now->foot[i].force_n;
		s->heel[i] += now->foot[i].heel_n;
	}
}

static void watch_standing(struct pl_truth *t, struct pl_sim *sim)
{
	struct sums s = {0};
	struct pl_sim_truth now;

	for (uint64_t i = 0; i < t->frames; i++) {
		pl_sim_frame(sim, NULL, &now);
		add_moment(&s, &now);
	}
	if (s.n < 1)
		return;
	t->left_pct = 100 * s.force[0] / (s.force[0] + s.force[1]);
	t->left_heel_pct = s.force[0] > 0 ? 100 * s.heel[0] / s.force[0] : NAN;
	t->right_heel_pct = s.force[1] > 0 ? 100 * s.heel[1] / s.force[1] : NAN;
	if (s.n < 3)
		return;
	t->sway_area_95_mm2 = ellipse_mm2(s.n, s.xx - s.x * s.x / s.n, s.yy - s.y * s.y / s.n,
					  s.xy - s.x * s.y / s.n);
	t->sway_velocity_mm_s = s.path * t->person.rate_hz / (s.n - 1);
}

int pl_truth_tell(struct pl_truth *t, const struct pl_sim_options *o, uint64_t frames,
		  struct pl_error *err)
{
	struct pl_sim_options fine = *o;
	struct watch w = {.truth = t};
	struct pl_sim *sim;
	unsigned parts = 1;

	*t = (struct pl_truth){.person = *o, .frames = frames};
	t->left_pct = t->left_heel_pct = t->right_heel_pct = NAN;
	t->sway_area_95_mm2 = t->sway_velocity_mm_s = NAN;
	if (pl_sim_has_gait(o->kind) && o->rate_hz > 0)
		parts = (unsigned)fmax(ceil(WATCH_HZ / o->rate_hz), 1);
	fine.rate_hz = o->rate_hz * parts;
	sim = pl_sim_new(&fine, err);
	if (!sim)
		return -1;
	t->seconds = (double)frames / o->rate_hz;
	t->body_mass_kg = o->body_mass_kg;
	t->foot_length_mm = w.length_mm = 1e3 * pl_sim_foot_length_m(sim);
	w.dt_s = 1 / fine.rate_hz;
	w.landing_s = fmax(LANDING_S, 2 / o->rate_hz);
	if (pl_sim_has_gait(o->kind))
		watch_steps(t, &w, sim, frames * parts);
	else if (o->kind != PL_SIM_EMPTY && o->kind != PL_SIM_WEIGHT)
		watch_standing(t, sim);
	pl_sim_free(sim);
	if (w.nomem) {
		pl_truth_free(t);
		return pl_error_set(err, PL_ENOMEM, 0, "no memory for the simulated steps");
	}
	return 0;
}

void pl_truth_free(struct pl_truth *t)
{
	free(t->step);
	*t = (struct pl_truth){.step = NULL};
}
