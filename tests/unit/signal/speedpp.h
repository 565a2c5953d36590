/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Real steps for tests: data/speedpp, 240 barefoot steps of four people's right feet at 500 Hz,
 * laid on a larger mat as they are, mirrored, turned, or partly beside it. Axes of the file: y from
 * heel to toe, x, time; row 0 of a mat is the front.
 */
#ifndef TEST_SPEEDPP_H
#define TEST_SPEEDPP_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <hdf5.h>

#include <plantar/calibration.h>

#define STEP_Y 63
#define STEP_X 33
#define STEP_FRAMES 500
#define STEP_RATE 500.0
#define STEP_PITCH_M 0.00508
#define STEPS 240
#define STEPS_EACH 60 /* of one person */
#define MARGIN 6      /* empty cells around */

struct real_step {
	uint16_t raw[STEP_Y * STEP_X * STEP_FRAMES];
	unsigned frames;	 /* up to the last loaded one */
	unsigned y0, y1, x0, x1; /* loaded box, y1 and x1 exclusive */
};

static inline const char *speedpp_path(unsigned person, char *path, size_t cap)
{
	const char *shared = getenv("PLANTAR_SHARED");

	snprintf(path, cap, "%s/data/speedpp/subj%03u.h5", shared ? shared : "../shared", person);
	return path;
}

static inline bool speedpp_there(void)
{
	char path[4096];
	FILE *file = fopen(speedpp_path(3, path, sizeof(path)), "rb");

	if (file)
		fclose(file);
	return file != NULL;
}

static inline void measure_step(struct real_step *s)
{
	s->frames = s->y1 = s->x1 = 0;
	s->y0 = s->x0 = UINT32_MAX;
	for (unsigned y = 0; y < STEP_Y; y++)
		for (unsigned x = 0; x < STEP_X; x++)
			for (unsigned t = 0; t < STEP_FRAMES; t++) {
				if (!s->raw[(y * STEP_X + x) * STEP_FRAMES + t])
					continue;
				s->frames = t + 1 > s->frames ? t + 1 : s->frames;
				s->y0 = y < s->y0 ? y : s->y0;
				s->x0 = x < s->x0 ? x : s->x0;
				s->y1 = y + 1 > s->y1 ? y + 1 : s->y1;
				s->x1 = x + 1 > s->x1 ? x + 1 : s->x1;
			}
}

static inline bool read_real_step(unsigned step, struct real_step *s)
{
	char path[4096], name[16];
	hid_t file, set;
	bool ok;

	snprintf(name, sizeof(name), "img%03u", step % STEPS_EACH);
	file = H5Fopen(speedpp_path(step / STEPS_EACH, path, sizeof(path)), H5F_ACC_RDONLY,
		       H5P_DEFAULT);
	if (file < 0)
		return false;
	set = H5Dopen2(file, name, H5P_DEFAULT);
	ok = H5Dread(set, H5T_NATIVE_UINT16, H5S_ALL, H5S_ALL, H5P_DEFAULT, s->raw) >= 0;
	H5Dclose(set);
	H5Fclose(file);
	measure_step(s);
	return ok;
}

/* How a step lies on the mat: mirrored first, then turned clockwise by quarter turns; the mat's
 * edge passes through the foot so that `lost` rows or columns of the footprint are beside it. */
enum edge { EDGE_NONE, EDGE_HEEL, EDGE_TOES, EDGE_INNER, EDGE_OUTER };
struct laying {
	bool mirrored;
	unsigned quarters;
	enum edge edge;
	double lost; /* share of the footprint's loaded rows (heel, toes) or columns */
};

/* The part of the file that is on the mat, with the margin around where nothing is cut. */
struct window {
	int y0, y1, x0, x1;
};

static inline struct window window_of(const struct real_step *s, const struct laying *l)
{
	struct window w = {-MARGIN, STEP_Y + MARGIN, -MARGIN, STEP_X + MARGIN};
	int rows = (int)(l->lost * (s->y1 - s->y0) + 0.5);
	int cols = (int)(l->lost * (s->x1 - s->x0) + 0.5);

	/* a right foot's toes are at large y, its outer border at large x */
	if (l->edge == EDGE_HEEL)
		w.y0 = (int)s->y0 + rows;
	if (l->edge == EDGE_TOES)
		w.y1 = (int)s->y1 - rows;
	if (l->edge == EDGE_INNER)
		w.x0 = (int)s->x0 + cols;
	if (l->edge == EDGE_OUTER)
		w.x1 = (int)s->x1 - cols;
	return w;
}

static inline struct pl_geometry laid_geometry(const struct real_step *s, const struct laying *l)
{
	struct window w = window_of(s, l);
	unsigned rows = (unsigned)(w.y1 - w.y0), cols = (unsigned)(w.x1 - w.x0);

	return (struct pl_geometry){l->quarters % 2 ? cols : rows, l->quarters % 2 ? rows : cols,
				    STEP_PITCH_M, STEP_PITCH_M};
}

/* Cell of the mat that cell (y, x) of the file lies on; false: beside the mat. */
static inline bool laid_cell(const struct real_step *s, const struct laying *l, int y, int x,
			     size_t *cell)
{
	struct window w = window_of(s, l);
	int rows = w.y1 - w.y0, cols = w.x1 - w.x0, r = w.y1 - 1 - y, c = x - w.x0;

	if (y < w.y0 || y >= w.y1 || x < w.x0 || x >= w.x1)
		return false;
	if (l->mirrored)
		c = cols - 1 - c;
	for (unsigned q = 0; q < l->quarters; q++) {
		int was = r, h = rows;

		r = c;
		c = h - 1 - was;
		rows = cols;
		cols = h;
	}
	*cell = (size_t)(r * cols + c);
	return true;
}

/* frame: rows*cols of the mat, overwritten. */
static inline void lay_frame(const struct real_step *s, const struct laying *l, unsigned t,
			     double *frame)
{
	struct pl_geometry g = laid_geometry(s, l);
	size_t cell;

	memset(frame, 0, pl_geometry_cells(&g) * sizeof(*frame));
	for (unsigned y = s->y0; y < s->y1; y++)
		for (unsigned x = s->x0; x < s->x1; x++) {
			uint16_t v = s->raw[(y * STEP_X + x) * STEP_FRAMES + t];

			if (v && laid_cell(s, l, (int)y, (int)x, &cell))
				frame[cell] = v;
		}
}

#define LAID_CELLS ((STEP_Y + 2 * MARGIN) * (STEP_X + 2 * MARGIN))

#endif
