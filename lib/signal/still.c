/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A calibration is only as good as what lay on the mat while it was made: a weight that still
 * rocks, sticks out over the border or drives cells to their end gives numbers that look like any
 * others. So the mean of some seconds comes with what tells these cases, and is refused with the
 * way out.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <plantar/stats.h>
#include <plantar/still.h>

#define BLOCKS 64
#define FRAMES_MIN 20
#define LOADED_SDS 5.0	  /* a cell is loaded: its mean is so many SD of a frame above empty */
#define LOADED_COUNTS 1.0 /* and by so much at least */
#define WEAK_SDS 20.0	  /* the sum of all cells, over its SD in one frame */
#define MOVING_SHARE 0.02 /* of the load, from the first to the last quarter */
#define EDGE_SHARE 0.01	  /* of the load: less of it on the border is crosstalk */
#define WANDER_CELLS 0.25
#define FULL_TOGETHER 3 /* so many cells at one highest code, none of them wavering */

struct block {
	double total, rows, cols; /* sums over the frames of it */
};

struct pl_still {
	struct pl_geometry g;
	struct pl_calibration plain; /* counts as they are, in any type */
	size_t n;
	double saturation;
	uint64_t frames, per_block, in_block;
	unsigned blocks;
	struct block block[BLOCKS];
	double total_sum, total_squares;
	double *empty, *first, *sum, *squares, *value, *mean, *sd;
	uint8_t *left_out;
};

static bool allocate(struct pl_still *s)
{
	double **const arrays[] = {&s->empty, &s->first, &s->sum, &s->squares,
				   &s->value, &s->mean,	 &s->sd};

	for (size_t i = 0; i < sizeof(arrays) / sizeof(*arrays); i++) {
		*arrays[i] = calloc(s->n, sizeof(double));
		if (!*arrays[i])
			return false;
	}
	s->left_out = calloc(s->n, 1);
	return s->left_out != NULL;
}

struct pl_still *pl_still_new(const struct pl_geometry *g, const double *empty,
			      const uint8_t *state, double saturation_counts, struct pl_error *err)
{
	struct pl_still *s = calloc(1, sizeof(*s));

	if (s) {
		s->g = *g;
		s->n = pl_geometry_cells(g);
		s->saturation = saturation_counts;
		pl_calibration_init(&s->plain, g);
	}
	if (!s || !allocate(s)) {
		pl_still_free(s);
		pl_error_set(err, PL_ENOMEM, 0, "out of memory to average a mat");
		return NULL;
	}
	if (empty)
		memcpy(s->empty, empty, s->n * sizeof(*empty));
	for (size_t i = 0; state && i < s->n; i++)
		s->left_out[i] = state[i] != PL_CELL_OK;
	pl_still_reset(s);
	return s;
}

void pl_still_free(struct pl_still *s)
{
	if (!s)
		return;
	free(s->empty);
	free(s->first);
	free(s->sum);
	free(s->squares);
	free(s->value);
	free(s->mean);
	free(s->sd);
	free(s->left_out);
	free(s);
}

void pl_still_reset(struct pl_still *s)
{
	s->frames = s->in_block = 0;
	s->per_block = 1;
	s->blocks = 0;
	s->total_sum = s->total_squares = 0;
	memset(s->sum, 0, s->n * sizeof(*s->sum));
	memset(s->squares, 0, s->n * sizeof(*s->squares));
}

/* Blocks of equal length, however long it takes: when all are full, each two become one. */
static void add_block(struct pl_still *s, const struct block *b)
{
	if (s->in_block == 0 && s->blocks == BLOCKS) {
		for (unsigned i = 0; i < BLOCKS / 2; i++) {
			const struct block *one = &s->block[2 * i], *two = one + 1;

			s->block[i] = (struct block){one->total + two->total, one->rows + two->rows,
						     one->cols + two->cols};
		}
		s->blocks = BLOCKS / 2;
		s->per_block *= 2;
	}
	if (s->in_block == 0)
		s->block[s->blocks++] = (struct block){0};
	s->block[s->blocks - 1].total += b->total;
	s->block[s->blocks - 1].rows += b->rows;
	s->block[s->blocks - 1].cols += b->cols;
	s->in_block = (s->in_block + 1) % s->per_block;
}

void pl_still_push(struct pl_still *s, const void *cells, enum pl_dtype dtype)
{
	struct block b = {0};

	pl_calibrate_whole(&s->plain, &s->g, cells, dtype, s->value);
	for (size_t i = 0; i < s->n; i++) {
		double raw = isnan(s->value[i]) ? 0 : s->value[i], above, step;

		if (s->frames == 0)
			s->first[i] = raw;
		step = raw - s->first[i];
		s->sum[i] += step;
		s->squares[i] += step * step;
		if (s->left_out[i])
			continue;
		above = raw - s->empty[i];
		b.total += above;
		b.rows += above * (double)(i / s->g.cols);
		b.cols += above * (double)(i % s->g.cols);
	}
	s->frames++;
	s->total_sum += b.total;
	s->total_squares += b.total * b.total;
	add_block(s, &b);
}

/* ---- what was seen ---- */

const double *pl_still_mean(struct pl_still *s)
{
	for (size_t i = 0; i < s->n; i++)
		s->mean[i] = s->frames ? s->first[i] + s->sum[i] / (double)s->frames : 0;
	return s->mean;
}

const double *pl_still_sd(struct pl_still *s)
{
	double n = s->frames ? (double)s->frames : 1;

	for (size_t i = 0; i < s->n; i++) {
		double mean = s->sum[i] / n;

		s->sd[i] = sqrt(fmax(0, s->squares[i] / n - mean * mean));
	}
	return s->sd;
}

static double median_sd(struct pl_still *s)
{
	size_t n = 0;

	for (size_t i = 0; i < s->n; i++)
		if (!s->left_out[i])
			s->value[n++] = s->sd[i];
	return n ? pl_quantile(s->value, n, 0.5) : 0;
}

/* Counts are whole and end at 2^n - 1: several cells that stand there together are at their end. */
static bool is_end(double code)
{
	static const double ends[] = {255, 511, 1023, 2047, 4095, 8191, 16383, 32767, 65535};

	for (size_t i = 0; i < sizeof(ends) / sizeof(*ends); i++)
		if (code == ends[i])
			return true;
	return false;
}

static void look_at_cells(struct pl_still *s, struct pl_still_report *r)
{
	double top = 0, at_edge = 0;
	size_t at_top = 0;

	for (size_t i = 0; i < s->n; i++) {
		size_t row = i / s->g.cols, col = i % s->g.cols;
		double above = s->mean[i] - s->empty[i];

		if (s->left_out[i])
			continue;
		if (above > fmax(LOADED_COUNTS, LOADED_SDS * fmax(r->noise, s->sd[i]))) {
			r->cells_loaded++;
			if (row == 0 || col == 0 || row + 1 == s->g.rows || col + 1 == s->g.cols) {
				r->cells_at_edge++;
				at_edge += above;
			}
		}
		r->cells_full += s->saturation > 0 && s->mean[i] >= s->saturation - 0.5;
		if (s->mean[i] > top) {
			top = s->mean[i];
			at_top = 0;
		}
		at_top += s->mean[i] == top && s->sd[i] == 0;
	}
	if (at_edge < EDGE_SHARE * r->total)
		r->cells_at_edge = 0;
	if (s->saturation <= 0 && at_top >= FULL_TOGETHER && is_end(top))
		r->cells_full = at_top;
}

static struct block quarter(const struct pl_still *s, bool last, double *frames)
{
	unsigned n = s->blocks >= 4 ? s->blocks / 4 : 1;
	unsigned from = last ? s->blocks - n : 0;
	struct block b = {0};

	*frames = (double)n * (double)s->per_block;
	if (last && s->in_block) /* the last block is not full */
		*frames -= (double)(s->per_block - s->in_block);
	for (unsigned i = from; i < from + n; i++) {
		b.total += s->block[i].total;
		b.rows += s->block[i].rows;
		b.cols += s->block[i].cols;
	}
	return b;
}

static void look_at_time(struct pl_still *s, struct pl_still_report *r)
{
	double n = (double)s->frames, in_first, in_last;
	struct block first = quarter(s, false, &in_first), last = quarter(s, true, &in_last), all;

	r->total = s->total_sum / n;
	r->total_sd = sqrt(fmax(0, s->total_squares / n - r->total * r->total));
	r->drift = last.total / in_last - first.total / in_first;
	all = (struct block){0};
	for (unsigned i = 0; i < s->blocks; i++) {
		all.rows += s->block[i].rows;
		all.cols += s->block[i].cols;
	}
	if (r->total <= 0)
		return;
	r->row = all.rows / s->total_sum;
	r->col = all.cols / s->total_sum;
	r->wander = first.total > 0 && last.total > 0
			    ? hypot(last.rows / last.total - first.rows / first.total,
				    last.cols / last.total - first.cols / first.total)
			    : INFINITY;
}

void pl_still_report(struct pl_still *s, struct pl_still_report *out)
{
	*out = (struct pl_still_report){.frames = s->frames, .row = NAN, .col = NAN};
	if (!s->frames)
		return;
	pl_still_mean(s);
	pl_still_sd(s);
	out->noise = median_sd(s);
	look_at_time(s, out);
	look_at_cells(s, out);
}

int pl_still_usable(const struct pl_still_report *r, const struct pl_geometry *g,
		    struct pl_error *err)
{
	/* What the noise of single cells lets the sum waver by, and the centre with it. */
	double sum_noise = r->noise * sqrt((double)pl_geometry_cells(g));

	if (r->frames < FRAMES_MIN)
		return pl_error_set(err, PL_ESTATE, 0,
				    "only %llu frames; at least %d are needed: measure longer",
				    (unsigned long long)r->frames, FRAMES_MIN);
	if (!r->cells_loaded || !(r->total > 0))
		return pl_error_set(err, PL_ESTATE, 0,
				    "nothing lies on the mat, or it does not feel it: use a "
				    "heavier weight, on a smaller plate");
	if (r->total < WEAK_SDS * sum_noise)
		return pl_error_set(err, PL_ESTATE, 0,
				    "the load is only %.1f times the mat's noise: use a heavier "
				    "weight, on a smaller plate",
				    r->total / sum_noise);
	if (r->cells_full)
		return pl_error_set(err, PL_ESTATE, 0,
				    "%zu cells are at their highest code and feel no more: use a "
				    "lighter weight, or a larger plate under it",
				    r->cells_full);
	if (r->cells_at_edge)
		return pl_error_set(err, PL_ESTATE, 0,
				    "%zu loaded cells are on the mat's border, so part of the load "
				    "may lie beside it: move it inwards",
				    r->cells_at_edge);
	if (fabs(r->drift) > MOVING_SHARE * r->total + 3 * sum_noise || r->wander > WANDER_CELLS)
		return pl_error_set(err, PL_ESTATE, 0,
				    "the load moves: it changed by %.1f %% and wandered %.2f cells "
				    "while it was measured; wait until it rests, then again",
				    100 * r->drift / r->total, r->wander);
	return 0;
}
