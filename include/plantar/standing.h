/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Standing: how the load is shared between the feet, and within them between heel and forefoot,
 * how often the weight is moved over, and how much the centre of pressure (CoP) sways. The same
 * figures for a mat, for one force plate and for two; definitions and sources: docs/metrics.md.
 *
 *	pl_standing_options_init(&o);
 *	got = pl_standing_table(&table, &o, &standing, &err);   1: somebody stood
 *	if (got > 0) pl_standing_json(&standing, json);
 *
 * NaN wherever nothing can be said, never 0. Pure: no state is kept, nothing is to be freed.
 */
#ifndef PLANTAR_STANDING_H
#define PLANTAR_STANDING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <plantar/error.h>
#include <plantar/json.h>
#include <plantar/live.h>
#include <plantar/table.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- sway ----------------------------------------------------------------------------------- */

/* Of one axis, or of both together. */
struct pl_sway_figures {
	double path_mm;				   /* sum of the steps from sample to sample */
	double mean_velocity_mm_s;		   /* path fs/N; of an axis path fs/(N-1) */
	double rms_mm, mean_distance_mm, range_mm; /* from the mean CoP; range: axes only */
	double mean_frequency_hz, f50_hz, f95_hz; /* Welch spectrum; together: of the sum of both */
	double mean_frequency_prieto_hz;
};

struct pl_sway {
	size_t samples;
	double rate_hz;
	struct pl_sway_figures both, ap, ml;
	double mean_velocity_n1_mm_s; /* both together, path fs/(N-1) */
	double mean_ap_mm, mean_ml_mm;
	double area_95_mm2;			   /* prediction ellipse, exact F */
	double ellipse_major_mm, ellipse_minor_mm; /* semi-axes of the same ellipse */
	double ellipse_angle_deg; /* of the long axis from forward, positive to the right, -90..90
				   */
};

/*
 * n samples of CoP at rate_hz, ap forward, ml to the right, in mm, all finite, as they are: no
 * filter. n >= 20. -1: PL_EUSAGE (too few, not finite, no rate), PL_ENOMEM.
 */
int pl_sway_compute(const double *ap_mm, const double *ml_mm, size_t n, double rate_hz,
		    struct pl_sway *sway, struct pl_error *err);

/* ---- standing ------------------------------------------------------------------------------- */

/* Where a foot's load is. Of both feet together only the first three are summed. */
enum pl_standing_part {
	PL_STANDING_HEEL,
	PL_STANDING_MIDFOOT,
	PL_STANDING_FOREFOOT,
	PL_STANDING_HEEL_AM,
	PL_STANDING_HEEL_AL,
	PL_STANDING_HEEL_PM,
	PL_STANDING_HEEL_PL,
	PL_STANDING_PARTS
};
enum pl_standing_who { PL_STANDING_LEFT, PL_STANDING_RIGHT, PL_STANDING_ALL, PL_STANDING_WHO };

/* What is known of n samples. Any column may be NULL: not known. Owned by the caller. */
struct pl_standing_samples {
	size_t n;
	double rate_hz;
	const double *ap_mm, *ml_mm; /* CoP; used when both are there */
	/* N (or counts) of the left foot, of the right, of all. Either foot may be missing. */
	const double *force[PL_STANDING_WHO];
	const double *part[PL_STANDING_WHO][PL_STANDING_PARTS];
};

struct pl_standing_options {
	double filter_hz; /* of the CoP before sway: zero-lag Butterworth; NaN: none. Default 10 */
	double body_mass_kg;	   /* NaN: not known */
	double force_min_n;	   /* NaN: 5 % of body weight, 20 N where that is not known */
	double stretch_min_s;	   /* shorter standing is none; default 5 */
	const struct pl_sway *own; /* of the mat under a dead weight; copied. NULL: not known */
	double shift_min_pct;	   /* a weight shift moves at least this share; default 20 */
};
void pl_standing_options_init(struct pl_standing_options *o);
double pl_standing_force_min(const struct pl_standing_options *o); /* N, NaN resolved */

/* What is to be remarked on; the JSON lists the names. */
enum pl_standing_flag {
	PL_STANDING_SHORT = 1 << 0,	 /* "below_25_s" */
	PL_STANDING_SLOW = 1 << 1,	 /* "below_50_hz" */
	PL_STANDING_GAP = 1 << 2,	 /* "gap": missing samples cut the stretch short */
	PL_STANDING_UNFILTERED = 1 << 3, /* "unfiltered": not below half of the rate */
	PL_STANDING_CUT = 1 << 4,	 /* "cut": longer than what is kept in memory */
	/* "rate": time stamps and nominal rate differ by over 2 %; the time stamps were taken */
	PL_STANDING_RATE = 1 << 5,
	PL_STANDING_NEAR_OWN = 1 << 6, /* "near_own_sway": a figure is below three times the own */
	/* "coarse_floor": below 1 kPa or more the mat says nothing, which enlarges the sway */
	PL_STANDING_COARSE_FLOOR = 1 << 7,
};

struct pl_mean_sd {
	double mean, sd;
};

struct pl_standing_shifts {
	bool known; /* both feet were */
	unsigned count;
	double size_mean_pct, size_max_pct; /* of the load that changed feet */
	double dwell_mean_s, dwell_max_s;   /* between one shift and the next; NaN below two */
};

#define PL_STANDING_SERIES 600

struct pl_standing {
	double from_s, to_s; /* of the stretch, in the recording; set by whoever cut it out */
	size_t samples;
	double rate_hz;
	unsigned flags;	 /* enum pl_standing_flag */
	bool whole;	 /* sway is of all load under the feet, also below the noise floor */
	bool calibrated; /* forces are N, else counts */
	double body_mass_kg;
	struct pl_mean_sd force[PL_STANDING_WHO];
	/* share of the whole load; mean from mean forces, SD (n - 1) of the samples' shares */
	struct pl_mean_sd left_pct, right_pct;
	double symmetry_index_pct; /* 200 (R - L) / (R + L): positive, more on the right */
	/* share of that foot's load, or of all load */
	struct pl_mean_sd part_pct[PL_STANDING_WHO][PL_STANDING_PARTS];
	struct pl_standing_shifts shifts;
	/* means over equal intervals: 1 s, or longer so that they are at most PL_STANDING_SERIES */
	double series_interval_s;
	unsigned series;
	double series_left_pct[PL_STANDING_SERIES];
	double series_part_pct[PL_STANDING_WHO][3][PL_STANDING_SERIES]; /* heel, midfoot, fore */
	bool has_sway;							/* CoP was known */
	struct pl_sway sway;
	bool has_own; /* what the mat does by itself is known */
	struct pl_sway own;
	/* how it was made */
	double filter_hz; /* NaN: not filtered */
	double shift_min_pct;
	/* mats: where the person faced, AUTO: not known, then ap and ml are y and x of the mat */
	bool on_mat;
	enum pl_facing facing;
};

/*
 * Figures of n samples of standing, already cut out: no gaps; CoP and forces finite (else
 * PL_EUSAGE). Fills all but from_s, to_s (0 and n / rate), gap flags, on_mat and facing.
 */
int pl_standing_compute(const struct pl_standing_samples *s, const struct pl_standing_options *o,
			struct pl_standing *standing, struct pl_error *err);

/*
 * The longest stretch of quiet standing in a run of n samples of vertical force without gaps
 * (NULL: unknown, then all of it): the force stays within 20 % of the run's median. One second is
 * left out where a stretch begins or ends within the run, or where the caller says that loading
 * did (begins, ends). Returns its length, 0 when shorter than o->stretch_min_s or 20 samples.
 */
size_t pl_standing_quiet(const double *force, size_t n, double rate_hz, bool begins, bool ends,
			 const struct pl_standing_options *o, size_t *from);

/*
 * Finds the longest stretch of quiet standing in a table and computes it. Two plates are
 * recombined by force. Rows with NaN are gaps. 1: computed; 0: nobody stands in it, or it has
 * neither CoP nor two forces; -1: error (no rate, no memory).
 */
int pl_standing_table(const struct pl_table *table, const struct pl_standing_options *o,
		      struct pl_standing *standing, struct pl_error *err);

/* Appends member "standing" to the open object. */
void pl_standing_json(const struct pl_standing *standing, struct pl_json *json);
/* Appends "filter_hz", "filter_kind", "ellipse" and what else was chosen to an open "method";
 * standing NULL: nobody stood, filter null. */
void pl_standing_method_json(const struct pl_standing *standing, struct pl_json *json);

#ifdef __cplusplus
}
#endif
#endif
