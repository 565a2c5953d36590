/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One step says little; what is compared is the mean of several and how far they scatter. A step
 * is described here once, as a table of figures, and everybody who prints, averages or stores
 * steps goes through that table, so that a figure added to it is in all places at once.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gait_private.h"
#include "limits.h"

#define BOUT_GAP_S 2.5 /* between onsets: more is a pause or another walk over the mat */

#define FIGURE(member, base_, quantity_, footprint_, text)                             \
	{                                                                              \
		.base = (base_), .quantity = PL_STEP_##quantity_,                      \
		.offset = offsetof(struct pl_step, member), .footprint = (footprint_), \
		.long_name = (text)                                                    \
	}

static const struct pl_step_figure figures[] = {
	FIGURE(contact_time_s, "contact_time_s", PLAIN, false, "time in contact"),
	FIGURE(force_peak_n, "force_peak", FORCE, false, "greatest force"),
	FIGURE(impulse_ns, "impulse", IMPULSE, false, "force-time integral"),
	FIGURE(first_peak_n, "first_peak", FORCE, false, "first local maximum of the force"),
	FIGURE(loading_rate_avg_n_s, "loading_rate_avg", RATE, false,
	       "mean rise of the force from 20 to 80 % of the first peak"),
	FIGURE(loading_rate_max_n_s, "loading_rate_max", RATE, false,
	       "steepest rise of the force before the first peak"),
	FIGURE(strike_index_pct, "strike_index_pct", PLAIN, true,
	       "centre of pressure at the start, from the heel, of the foot's length"),
	FIGURE(strike_index_first_pct, "strike_index_first_pct", PLAIN, true,
	       "the same in the first frame alone, along the mat's nearest axis"),
	FIGURE(heel_contact_s, "heel_contact_s", PLAIN, true, "time with load on the heel"),
	FIGURE(heel_off_pct, "heel_off_pct", PLAIN, true, "last load of the heel, of stance"),
	FIGURE(rearfoot_cop_time_pct, "rearfoot_cop_time_pct", PLAIN, true,
	       "time with the centre of pressure in the heel, of stance"),
	FIGURE(heel_impulse_pct, "heel_impulse_pct", PLAIN, true, "heel's share of the impulse"),
	FIGURE(mid_impulse_pct, "mid_impulse_pct", PLAIN, true, "midfoot's share of the impulse"),
	FIGURE(fore_impulse_pct, "fore_impulse_pct", PLAIN, true,
	       "forefoot's share of the impulse"),
	FIGURE(heel_medial_pct, "heel_medial_pct", PLAIN, true,
	       "medial half's share of the heel's impulse"),
	FIGURE(cop_ml_excursion_mm, "cop_ml_excursion_mm", PLAIN, true,
	       "range of the centre of pressure across the foot in the first 20 % of stance"),
	FIGURE(cpei_pct, "cpei_pct", PLAIN, true, "centre of pressure excursion index"),
	FIGURE(arch_index, "arch_index", PLAIN, true,
	       "midfoot's share of the area of the foot without toes"),
	FIGURE(foot_progression_deg, "foot_progression_deg", PLAIN, true,
	       "foot's axis against the line of progression, toes out positive"),
	FIGURE(length_mm, "length_mm", PLAIN, true, "length of the footprint"),
	FIGURE(width_mm, "width_mm", PLAIN, true, "width of the footprint"),
	FIGURE(saturated_pct, "saturated_pct", PLAIN, true,
	       "most of its cells in contact that were at full scale in one frame"),
};
#define FIGURES (sizeof(figures) / sizeof(figures[0]))

size_t pl_step_figure_count(void)
{
	return FIGURES;
}

const struct pl_step_figure *pl_step_figure(size_t i)
{
	return &figures[i];
}

const char *pl_step_figure_key(size_t i, bool calibrated, char *buf, size_t cap)
{
	static const char *const suffix[][2] = {
		[PL_STEP_PLAIN] = {"", ""},
		[PL_STEP_FORCE] = {"_counts", "_n"},
		[PL_STEP_IMPULSE] = {"_counts_s", "_ns"},
		[PL_STEP_RATE] = {"_counts_per_s", "_n_s"},
	};

	snprintf(buf, cap, "%s%s", figures[i].base, suffix[figures[i].quantity][calibrated]);
	return buf;
}

const char *pl_step_figure_unit(size_t i, bool calibrated)
{
	static const char *const unit[][2] = {
		[PL_STEP_FORCE] = {"counts", "N"},
		[PL_STEP_IMPULSE] = {"counts s", "N s"},
		[PL_STEP_RATE] = {"counts/s", "N/s"},
	};
	static const char *const ending[][2] = {
		{"_pct", "%"}, {"_mm", "mm"}, {"_deg", "deg"}, {"_s", "s"}};
	const char *base = figures[i].base;

	if (figures[i].quantity != PL_STEP_PLAIN)
		return unit[figures[i].quantity][calibrated];
	for (size_t k = 0; k < sizeof(ending) / sizeof(ending[0]); k++) {
		size_t n = strlen(base), e = strlen(ending[k][0]);

		if (n > e && strcmp(base + n - e, ending[k][0]) == 0)
			return ending[k][1];
	}
	return "";
}

static const char *const strikes[] = {"unknown", "rearfoot", "midfoot", "forefoot"};

const char *pl_strike_name(enum pl_strike strike)
{
	return (unsigned)strike < 4 ? strikes[strike] : strikes[0];
}

enum pl_strike pl_strike_of(double index)
{
	if (!isfinite(index))
		return PL_STRIKE_UNKNOWN;
	return index < 33.3   ? PL_STRIKE_REARFOOT
	       : index < 66.7 ? PL_STRIKE_MIDFOOT
			      : PL_STRIKE_FOREFOOT;
}

static const char *const rejects[PL_REJECTS] = {"partial",   "two_feet", "saturation", "gap",
						"cut_onset", "cut_end",	 "operator"};

const char *pl_reject_name(unsigned bit)
{
	return bit < PL_REJECTS ? rejects[bit] : "";
}

void pl_step_clear(struct pl_step *s)
{
	*s = (struct pl_step){.foot = -1, .onset_s = NAN};
	for (size_t i = 0; i < FIGURES; i++)
		*(double *)(void *)((char *)s + figures[i].offset) = NAN;
}

/* ---- a list of steps ------------------------------------------------------------------------ */

void pl_gait_options_init(struct pl_gait_options *o)
{
	*o = (struct pl_gait_options){
		.contact_on_n = 30,
		.contact_off_n = 20,
		.stance_min_s = 0.1,
		.swing_min_s = 0.1,
		.stance_max_s = 3,
		.filter_hz = 50,
		.belt_speed_m_s = NAN,
		.body_mass_kg = NAN,
		.speed_m_s = NAN,
	};
}

void pl_gait_init(struct pl_gait *g)
{
	*g = (struct pl_gait){
		.pitch_m = NAN,
		.calibrated = true,
		.filter_hz = NAN,
		.drift_n = NAN,
		.cadence_spm = NAN,
		.flight_time_s = NAN,
		.double_support_s = NAN,
	};
}

void pl_gait_free(struct pl_gait *g)
{
	free(g->step);
	g->step = NULL;
	g->n = g->cap = 0;
}

void pl_step_keep_to_limits(const struct pl_gait *g, struct pl_step *s)
{
	for (size_t i = 0; i < FIGURES; i++)
		if (pl_limit_verdict(pl_limit_of(figures[i].base), g->rate_hz, g->pitch_m,
				     s->saturated_pct) == PL_FIGURE_NULL)
			*(double *)(void *)((char *)s + figures[i].offset) = NAN;
	if (isnan(s->strike_index_pct))
		s->strike = PL_STRIKE_UNKNOWN;
}

int pl_gait_add(struct pl_gait *g, const struct pl_step *step)
{
	struct pl_step *more;
	uint32_t cap;

	if (g->n >= PL_STEPS_MAX) {
		g->not_kept++;
		return 0;
	}
	if (g->n == g->cap) {
		cap = g->cap ? 2 * g->cap : 64;
		more = realloc(g->step, cap * sizeof(*more));
		if (!more)
			return -1;
		g->step = more;
		g->cap = cap;
	}
	g->step[g->n] = *step;
	pl_step_keep_to_limits(g, &g->step[g->n++]);
	return 0;
}

/* A rejection means one step, the nearest that is not meant by another. */
void pl_gait_reject(struct pl_gait *g, const struct pl_rejections *r)
{
	double off, nearest[PL_REJECTIONS_MAX];
	struct pl_step *meant[PL_REJECTIONS_MAX] = {NULL};

	for (uint32_t k = 0; k < g->n && r->n; k++) {
		struct pl_step *s = &g->step[k];
		int i = pl_rejections_find(r, s->onset_s, s->contact_time_s, s->foot, &off);

		if (i < 0 || (meant[i] && nearest[i] <= off))
			continue;
		meant[i] = s;
		nearest[i] = off;
	}
	g->not_found = 0;
	for (unsigned i = 0; i < r->n; i++) {
		if (meant[i]) {
			meant[i]->rejected |= PL_REJECT_OPERATOR;
			meant[i]->why = i + 1;
		}
		g->not_found += !meant[i];
	}
}

static int by_onset(const void *a, const void *b)
{
	const struct pl_step *p = a, *q = b;

	if (p->onset_s != q->onset_s)
		return p->onset_s < q->onset_s ? -1 : 1;
	return (p->foot > q->foot) - (p->foot < q->foot);
}

/* ---- over steps ----------------------------------------------------------------------------- */

/*
 * 60 (n - 1) / (last - first onset). Walks over a mat with pauses between are bouts, each with
 * its own n and times; the sums are divided. Every contact is an event here, also of a step whose
 * figures do not count, except where the recording cut it off.
 */
double pl_gait_cadence(const struct pl_gait *g, double from_s, double to_s)
{
	const struct pl_step *last = NULL;
	double time = 0, n = 0;

	for (uint32_t k = 0; k < g->n; k++) {
		const struct pl_step *s = &g->step[k];

		if (s->onset_s < from_s || s->onset_s >= to_s ||
		    (s->rejected & (PL_REJECT_CUT_ONSET | PL_REJECT_CUT_END)))
			continue;
		if (last && s->onset_s > last->onset_s &&
		    s->onset_s - last->onset_s <= BOUT_GAP_S &&
		    !((last->rejected | s->rejected) & PL_REJECT_GAP)) {
			time += s->onset_s - last->onset_s;
			n++;
		}
		last = s;
	}
	return time > 0 ? 60 * n / time * (g->one_foot ? 2 : 1) : NAN;
}

/* Mean time from one foot's end to the next onset: in the air, or with both feet on the ground. */
static void flights(struct pl_gait *g)
{
	double air = 0, both = 0;
	unsigned n_air = 0, n_both = 0;

	for (uint32_t k = 1; k < g->n && !g->one_foot; k++) {
		const struct pl_step *a = &g->step[k - 1], *b = &g->step[k];
		double gap = b->onset_s - a->onset_s - a->contact_time_s;

		if (b->onset_s - a->onset_s > BOUT_GAP_S || (a->rejected | b->rejected) ||
		    (a->flags & PL_REJECT_CUT_END))
			continue;
		if (gap >= 0) {
			air += gap;
			n_air++;
		} else {
			both -= gap;
			n_both++;
		}
	}
	/* a walker whose feet miss each other once has no flight, a runner no double support */
	g->flight_time_s = n_air > n_both ? air / n_air : NAN;
	g->double_support_s = n_both >= n_air && n_both ? both / n_both : NAN;
}

void pl_gait_sum_up(struct pl_gait *g)
{
	enum pl_side first = g->n ? g->step[0].side : PL_SIDE_UNKNOWN;

	if (g->n)
		qsort(g->step, g->n, sizeof(*g->step), by_onset);
	g->accepted = g->left = g->right = 0;
	memset(g->rejected, 0, sizeof(g->rejected));
	g->one_foot = first != PL_SIDE_UNKNOWN;
	for (uint32_t k = 0; k < g->n; k++) {
		const struct pl_step *s = &g->step[k];

		g->one_foot = g->one_foot && s->side == first;
		g->accepted += !s->rejected;
		g->left += !s->rejected && s->side == PL_SIDE_LEFT;
		g->right += !s->rejected && s->side == PL_SIDE_RIGHT;
		for (int bit = 0; bit < PL_REJECTS; bit++)
			g->rejected[bit] += s->rejected >> bit & 1;
	}
	g->cadence_spm = pl_gait_cadence(g, -INFINITY, INFINITY);
	flights(g);
}

struct pl_step_stats pl_gait_stats(const struct pl_gait *g, size_t figure, enum pl_side side,
				   double from_s, double to_s)
{
	struct pl_step_stats stats = {.mean = NAN, .sd = NAN, .cv_pct = NAN};
	double sum = 0, squares = 0;

	for (int pass = 0; pass < 2; pass++) {
		for (uint32_t k = 0; k < g->n; k++) {
			const struct pl_step *s = &g->step[k];
			double v = pl_step_value(s, figure);

			if (s->rejected || !isfinite(v) || s->onset_s < from_s ||
			    s->onset_s >= to_s || (side != PL_SIDE_UNKNOWN && s->side != side))
				continue;
			if (pass == 0) {
				stats.n++;
				sum += v;
			} else {
				squares += (v - stats.mean) * (v - stats.mean);
			}
		}
		if (pass == 0 && stats.n)
			stats.mean = sum / stats.n;
	}
	if (stats.n > 1)
		stats.sd = sqrt(squares / (stats.n - 1));
	if (stats.mean > 0)
		stats.cv_pct = 100 * stats.sd / stats.mean;
	return stats;
}
