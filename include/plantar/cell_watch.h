/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which cells of a mat do not tell the truth, from frames of the empty mat and of people on it:
 *
 *	stuck	shows load in every frame of the empty mat: more than answer above zero, or, before
 *		the tare, more than answer and stuck_mads MAD (scaled to an SD) above the mat's
 *		median cell
 *	noisy	the SD of its counts on the empty mat is above noisy_counts and noisy_times that
 *		of the mat's median cell
 *	dead	has never answered, although the cells around it (the nearest on each side that do
 *		answer, at most reach silent ones between) were all loaded in surrounded_frames
 *		frames
 *
 * Where people come and go (pl_cell_watch_see) one frame each look_s is looked at, and the mat is
 * empty in it when there was no contact for clear_s before and after.
 *
 * One answer clears a cell of being dead, so a hole between toes is no dead cell once somebody
 * has stepped on it. Cells that the calibration names dead, stuck or not there are left out.
 * Allocates only in new; one thread.
 */
#ifndef PLANTAR_CELL_WATCH_H
#define PLANTAR_CELL_WATCH_H

#include <stdbool.h>
#include <stdint.h>

#include <plantar/calibration.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Loads in kPa, of a mat without calibration in counts. */
struct pl_cell_rules {
	double load;   /* a neighbour is loaded from here on */
	double answer; /* a cell answers from here on; never below the calibration's contact */
	double noisy_times, noisy_counts, stuck_mads;
	double clear_s, look_s;
	unsigned reach, surrounded_frames, empty_frames;
};
extern const struct pl_cell_rules pl_cell_rules; /* load 20, answer 5, ... */

enum pl_cell_fault { PL_CELL_SOUND, PL_CELL_IS_DEAD, PL_CELL_IS_STUCK, PL_CELL_IS_NOISY };
const char *pl_cell_fault_name(enum pl_cell_fault fault); /* "sound", "dead", "stuck", "noisy" */

#define PL_CELLS_LISTED 32

struct pl_cell_report {
	uint64_t empty_frames, loaded_frames; /* looked at */
	unsigned dead, stuck, noisy;
	unsigned untested; /* cells that were never loaded and never surrounded by load */
	unsigned listed;
	struct {
		uint16_t row, col;
		enum pl_cell_fault fault;
	} cell[PL_CELLS_LISTED]; /* the first ones, by row and column */
};

struct pl_cell_watch;
struct pl_cell_watch *pl_cell_watch_new(const struct pl_geometry *g, struct pl_error *err);
void pl_cell_watch_free(struct pl_cell_watch *w); /* NULL allowed */
void pl_cell_watch_reset(struct pl_cell_watch *w);
/* One frame of a mat that is known to be empty, or loaded. cal: as for pl_calibrate. */
void pl_cell_watch_push(struct pl_cell_watch *w, const struct pl_calibration *cal,
			const void *cells, enum pl_dtype dtype, bool loaded);
/* Every frame of a mat that people come to, as it comes. t_ns: monotonic. cal: another one only
 * after a break. */
void pl_cell_watch_see(struct pl_cell_watch *w, const struct pl_calibration *cal, const void *cells,
		       enum pl_dtype dtype, int64_t t_ns, bool contact);
/* Before the next frame something was not seen (frames are lost, another trial begins): who knows
 * whether the mat was clear then. */
void pl_cell_watch_break(struct pl_cell_watch *w);
/* What was found so far; too few frames find nothing. */
void pl_cell_watch_report(struct pl_cell_watch *w, struct pl_cell_report *out);

#ifdef __cplusplus
}
#endif
#endif
