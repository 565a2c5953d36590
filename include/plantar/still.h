/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A mat with something on it that does not move, or with nothing: the mean of each cell over some
 * seconds, how it wavers, and whether anything moved meanwhile. Counts; no calibration is needed.
 * Allocates only in new; one thread.
 */
#ifndef PLANTAR_STILL_H
#define PLANTAR_STILL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <plantar/calibration.h>
#include <plantar/error.h>
#include <plantar/frame.h>

#ifdef __cplusplus
extern "C" {
#endif

struct pl_still_report {
	uint64_t frames;
	/* Counts above the empty mat, all cells together: mean over time, SD of a frame, and the
	 * last quarter less the first. */
	double total, total_sd, drift;
	double row, col;      /* centre of these counts, as cells; NaN if total <= 0 */
	double wander;	      /* cells: distance of the centre, last quarter to first */
	size_t cells_loaded;  /* clearly above the empty mat */
	size_t cells_at_edge; /* of these, on the border of the mat; 0: with < 1 % of the load */
	size_t cells_full;    /* at saturation_counts, or standing at a full code together */
	double noise;	      /* SD of a cell over time, counts: median of all cells */
};

struct pl_still;

/* empty: cells counts of the empty mat, copied, or NULL: 0. state: as cell_state, or NULL. */
struct pl_still *pl_still_new(const struct pl_geometry *g, const double *empty,
			      const uint8_t *state, double saturation_counts, struct pl_error *err);
void pl_still_free(struct pl_still *s); /* NULL allowed */
void pl_still_reset(struct pl_still *s);
void pl_still_push(struct pl_still *s, const void *cells, enum pl_dtype dtype);
void pl_still_report(struct pl_still *s, struct pl_still_report *out);
/* [cells] mean counts (not less empty) and SD over time; valid until the next push. */
const double *pl_still_mean(struct pl_still *s);
const double *pl_still_sd(struct pl_still *s);

/*
 * Is this a load to calibrate with? 0, or PL_ESTATE with what is wrong and what to do: too few
 * frames, nothing there, too weak against the noise, moving, partly off the mat, saturated.
 */
int pl_still_usable(const struct pl_still_report *r, const struct pl_geometry *g,
		    struct pl_error *err);

#ifdef __cplusplus
}
#endif
#endif
