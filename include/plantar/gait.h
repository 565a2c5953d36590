/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Steps: one stance of one foot in numbers, and what several of them say together. A step comes
 * from a force curve (a plate, an instrumented treadmill: timing and force only) or from a
 * footprint on a mat (then with everything that lies in space). The definitions and their sources
 * stand in docs/metrics.md; NaN where nothing can be said, never 0.
 *
 *	pl_gait_init(&gait);
 *	pl_gait_force(&gait, &force, &options, err)	once for each plate
 *	pl_gait_reject(&gait, &options.rejections)
 *	pl_gait_sum_up(&gait)
 *	pl_gait_json(&gait, &options, json)		sections "steps" and "gait"
 *	pl_gait_free(&gait)
 *
 * One thread at a time. Memory is bounded by PL_STEPS_MAX.
 */
#ifndef PLANTAR_GAIT_H
#define PLANTAR_GAIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <plantar/error.h>
#include <plantar/json.h>
#include <plantar/live.h>
#include <plantar/rejection.h>
#include <plantar/table.h>

#ifdef __cplusplus
extern "C" {
#endif

enum pl_strike { PL_STRIKE_UNKNOWN, PL_STRIKE_REARFOOT, PL_STRIKE_MIDFOOT, PL_STRIKE_FOREFOOT };
const char *pl_strike_name(enum pl_strike strike); /* "unknown", "rearfoot", ... */
/* Borders at 33.3 and 66.7 % of the foot's length (Cavanagh & Lafortune 1980). NaN: unknown. */
enum pl_strike pl_strike_of(double strike_index_pct);

/* What is remarked on about a step, one bit each; most of them reject it. */
enum pl_step_reject {
	PL_REJECT_PARTIAL = 1 << 0,   /* part of the foot was beside the mat */
	PL_REJECT_TWO_FEET = 1 << 1,  /* another foot touched this one */
	PL_REJECT_SATURATED = 1 << 2, /* cells at full scale */
	PL_REJECT_GAP = 1 << 3,	      /* frames are missing in it */
	PL_REJECT_CUT_ONSET = 1 << 4, /* loaded when the recording began */
	PL_REJECT_CUT_END = 1 << 5,   /* loaded when it ended */
	PL_REJECT_OPERATOR = 1 << 6,  /* taken out by a person */
};
#define PL_REJECTS 7
const char *pl_reject_name(unsigned bit); /* of bit 0..PL_REJECTS-1: "partial", ... */

/* One stance. The figures are those of pl_step_figure; keys of the JSON are their names. */
struct pl_step {
	enum pl_side side;
	unsigned rejected; /* enum pl_step_reject; 0: accepted */
	unsigned flags;	   /* the same bits where they are remarked on but do not reject */
	unsigned why;	   /* which of the options' rejections, from 1; 0: none */
	int foot;	   /* index in "feet", -1 without a mat */
	double onset_s, contact_time_s;
	double force_peak_n, impulse_ns;
	double first_peak_n, loading_rate_avg_n_s, loading_rate_max_n_s;
	bool loading_without_peak; /* no first peak: the average is up to 13 % of stance */
	/* footprints only */
	enum pl_strike strike;
	double strike_index_pct, strike_index_first_pct;
	double heel_contact_s, heel_off_pct, rearfoot_cop_time_pct;
	double heel_impulse_pct, mid_impulse_pct, fore_impulse_pct, heel_medial_pct;
	double cop_ml_excursion_mm, cpei_pct, arch_index;
	double foot_progression_deg;
	bool progression_of_mat; /* against the mat's axis, for want of a second contact */
	double length_mm, width_mm;
	double saturated_pct; /* most of its loaded cells that were at full scale in one frame */
};

/* The figures of a step as data: JSON, statistics and the archive's /steps go through this. */
enum pl_step_quantity {
	PL_STEP_PLAIN,	 /* the name carries the unit already */
	PL_STEP_FORCE,	 /* _n, _counts; also _bw */
	PL_STEP_IMPULSE, /* _ns, _counts_s; also _bw_s */
	PL_STEP_RATE,	 /* _n_s, _counts_per_s; also _bw_per_s */
};
struct pl_step_figure {
	const char *base; /* "force_peak", "strike_index_pct" */
	enum pl_step_quantity quantity;
	size_t offset;	/* of the double in struct pl_step */
	bool footprint; /* only from a mat */
	const char *long_name;
};
size_t pl_step_figure_count(void);
const struct pl_step_figure *pl_step_figure(size_t i);
/* "force_peak_n" or "force_peak_counts". Returns buf; 64 bytes are always enough. */
const char *pl_step_figure_key(size_t i, bool calibrated, char *buf, size_t cap);
const char *pl_step_figure_unit(size_t i, bool calibrated); /* "N", "s", "%", "" */
static inline double pl_step_value(const struct pl_step *s, size_t i)
{
	return *(const double *)(const void *)((const char *)s + pl_step_figure(i)->offset);
}

/* ---- over steps ----------------------------------------------------------------------------- */

#define PL_STEPS_MAX 16384 /* a run of an hour and a half */

/*
 * One surface under many steps: its force drifts and is freed of that, and steps that the
 * recording's ends cut are rejected. AUTO: one force curve with more than three contacts.
 */
enum pl_treadmill { PL_TREADMILL_AUTO, PL_TREADMILL_NO, PL_TREADMILL_YES };

struct pl_gait_options {
	double contact_on_n, contact_off_n; /* 30 and 20 */
	double stance_min_s, swing_min_s;   /* 0.1: shorter ones are no stance, no swing */
	double stance_max_s;		    /* 3: longer ones are standing */
	double filter_hz;		    /* zero-lag low-pass of force curves, 50; NaN: none. Not
					       used where the rate does not carry it */
	enum pl_treadmill treadmill;
	double belt_speed_m_s; /* of a mat under a belt that runs to the rear, > 0: footprints are
				  computed on the belt; NaN: not known or none */
	double body_mass_kg;   /* NaN: not known */
	double speed_m_s;      /* NaN: not known */
	const char *speed_source;	 /* "gates", "belt", "entered"; NULL: none */
	struct pl_rejections rejections; /* what the operator took out */
};
void pl_gait_options_init(struct pl_gait_options *o);

/* n accepted steps; sd with n - 1; NaN where there are too few. */
struct pl_step_stats {
	uint32_t n;
	double mean, sd, cv_pct;
};

struct pl_gait {
	struct pl_step *step; /* [n], by onset once summed up */
	uint32_t n, cap, not_kept;
	double rate_hz, pitch_m; /* pitch NaN without a mat */
	bool calibrated, footprints, treadmill;
	double filter_hz;   /* as it was used; NaN: none */
	double drift_n;	    /* most that was taken off as drift; NaN: none removed */
	unsigned not_found; /* rejections of the options that no step is meant by */
	/* pl_gait_sum_up */
	uint32_t accepted, left, right, rejected[PL_REJECTS];
	double cadence_spm, flight_time_s, double_support_s;
	bool one_foot; /* all of one known side: cadence is twice its strides */
};

void pl_gait_init(struct pl_gait *g);
void pl_gait_free(struct pl_gait *g);
/* Copies the step, without the figures that rate_hz, pitch_m and saturation do not carry (limits
 * in docs/metrics.md); -1: out of memory. Beyond PL_STEPS_MAX it is counted in not_kept. */
int pl_gait_add(struct pl_gait *g, const struct pl_step *step);

struct pl_gait_curve {
	const double *force_n; /* [n], NaN: a gap */
	size_t n;
	double rate_hz;	   /* > 0 */
	enum pl_side side; /* of this plate, or UNKNOWN */
};
/*
 * Steps of one vertical force, filtered and freed of drift as the options say; g->filter_hz says
 * whether the rate carried the filter. -1: PL_EUSAGE (no rate, contact thresholds out of their
 * range), PL_ENOMEM.
 */
int pl_gait_force(struct pl_gait *g, const struct pl_gait_curve *curve,
		  const struct pl_gait_options *o, struct pl_error *err);
/* The same for the force columns of a table: left and right if it has them, else the force. */
int pl_gait_table(struct pl_gait *g, const struct pl_table *t, const struct pl_gait_options *o,
		  struct pl_error *err);

/* Marks the steps that the operator took out; before they are summed up. */
void pl_gait_reject(struct pl_gait *g, const struct pl_rejections *r);
/* Sorts the steps, counts, cadence, flight. */
void pl_gait_sum_up(struct pl_gait *g);
/* Of one figure, accepted steps of one side (UNKNOWN: of all) with onset in [from_s, to_s). */
struct pl_step_stats pl_gait_stats(const struct pl_gait *g, size_t figure, enum pl_side side,
				   double from_s, double to_s);
double pl_gait_cadence(const struct pl_gait *g, double from_s, double to_s);

/* Appends "steps" and "gait" to the object that is open in json; nothing if there is no step. */
void pl_gait_json(const struct pl_gait *g, const struct pl_gait_options *o, struct pl_json *json);

#ifdef __cplusplus
}
#endif
#endif
