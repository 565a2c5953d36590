/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A dead cell looks like a place where nobody stands, a stuck one like somebody small. Neither is
 * seen in one frame, but both are over a few steps: who stands on all cells around a cell stands on
 * it, too, and an empty mat shows nothing. What one frame says is summed here a cell at a time.
 *
 * A foot that lands or leaves, or whose toe only drags, weighs next to nothing, but all of it on a
 * few cells: taken for an empty mat, that makes them noisy. So a frame without contact waits until
 * it is known that nobody came soon after it, as nobody had been there shortly before.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <plantar/cell_watch.h>
#include <plantar/stats.h>

#define MAD_TO_SD 1.4826 /* of normal noise */

const struct pl_cell_rules pl_cell_rules = {
	.load = 20,
	.answer = 5,
	.noisy_times = 5,
	.noisy_counts = 2,
	.stuck_mads = 10,
	.clear_s = 0.3,
	.look_s = 0.05,
	.reach = 2,
	.surrounded_frames = 20,
	.empty_frames = 20,
};

/* Room for all that can wait: clear_s / look_s of them, and the newest. */
#define WAITING_MAX 8
#define CELL_BYTES_MAX 8 /* PL_F64 */
#define NS 1e9

struct cell {
	double sum, sum_squares;     /* counts while empty, less the first */
	double first;		     /* counts */
	double least, least_untared; /* shown while empty */
	uint32_t surrounded;	     /* frames */
	uint8_t answered, left_out;  /* ever; by the calibration */
};

/* A frame without contact, of which it is not known yet whether the mat was empty. */
struct waiting {
	int64_t t_ns;
	enum pl_dtype dtype;
	void *cells; /* a copy; room for any dtype */
};

struct pl_cell_watch {
	struct pl_geometry g;
	size_t n;
	uint64_t empty, loaded;
	struct cell *cell;
	double *value, *sorted;
	unsigned char *copies; /* of all that wait */
	struct waiting waiting[WAITING_MAX];
	unsigned first, n_waiting; /* the oldest; a ring */
	bool clear;		   /* no contact since clear_ns, and every frame seen since */
	int64_t clear_ns, look_ns; /* look_ns: when a frame is looked at again */
};

const char *pl_cell_fault_name(enum pl_cell_fault fault)
{
	static const char *const names[] = {"sound", "dead", "stuck", "noisy"};

	return names[fault];
}

struct pl_cell_watch *pl_cell_watch_new(const struct pl_geometry *g, struct pl_error *err)
{
	struct pl_cell_watch *w = calloc(1, sizeof(*w));

	if (w) {
		w->g = *g;
		w->n = pl_geometry_cells(g);
		w->cell = calloc(w->n, sizeof(*w->cell));
		w->value = calloc(w->n, sizeof(*w->value));
		w->sorted = calloc(w->n, sizeof(*w->sorted));
		w->copies = calloc(w->n, (size_t)WAITING_MAX * CELL_BYTES_MAX);
	}
	if (w && w->cell && w->value && w->sorted && w->copies) {
		for (size_t i = 0; i < WAITING_MAX; i++)
			w->waiting[i].cells = w->copies + i * w->n * CELL_BYTES_MAX;
		pl_cell_watch_reset(w);
		return w;
	}
	pl_cell_watch_free(w);
	pl_error_set(err, PL_ENOMEM, 0, "out of memory to watch a mat's cells");
	return NULL;
}

void pl_cell_watch_free(struct pl_cell_watch *w)
{
	if (!w)
		return;
	free(w->cell);
	free(w->value);
	free(w->sorted);
	free(w->copies);
	free(w);
}

void pl_cell_watch_reset(struct pl_cell_watch *w)
{
	w->empty = w->loaded = 0;
	memset(w->cell, 0, w->n * sizeof(*w->cell));
	w->look_ns = INT64_MIN;
	pl_cell_watch_break(w);
}

void pl_cell_watch_break(struct pl_cell_watch *w)
{
	w->n_waiting = 0;
	w->clear = false;
}

/* ---- one frame ---- */

static double raw_at(const void *cells, enum pl_dtype dtype, size_t i)
{
	switch (dtype) {
	case PL_U8:
		return ((const uint8_t *)cells)[i];
	case PL_U16:
		return ((const uint16_t *)cells)[i];
	case PL_I16:
		return ((const int16_t *)cells)[i];
	case PL_I32:
		return ((const int32_t *)cells)[i];
	case PL_U32:
		return ((const uint32_t *)cells)[i];
	case PL_F32:
		return (double)((const float *)cells)[i];
	case PL_F64:
		return ((const double *)cells)[i];
	}
	return 0;
}

static void push_empty(struct pl_cell_watch *w, const struct pl_calibration *cal, const void *cells,
		       enum pl_dtype dtype)
{
	struct pl_calibration untared = *cal; /* borrows its arrays */

	untared.tare = NULL;
	for (size_t i = 0; i < w->n; i++) {
		struct cell *c = &w->cell[i];
		double raw = raw_at(cells, dtype, i);

		raw = isfinite(raw) ? raw : 0;
		if (w->empty == 0)
			c->first = raw;
		c->sum += raw - c->first;
		c->sum_squares += (raw - c->first) * (raw - c->first);
		if (w->empty == 0 || w->value[i] < c->least)
			c->least = w->value[i];
	}
	pl_calibrate(&untared, &w->g, cells, dtype, w->sorted);
	for (size_t i = 0; i < w->n; i++)
		if (w->empty == 0 || w->sorted[i] < w->cell[i].least_untared)
			w->cell[i].least_untared = w->sorted[i];
	w->empty++;
}

/* Is the nearest cell that answers loaded, so many cells this way? Off the mat: 0, there is none;
 * else 1 loaded, -1 not. */
static int look(const struct pl_cell_watch *w, unsigned row, unsigned col, int down, int right)
{
	for (unsigned step = 1; step <= pl_cell_rules.reach + 1; step++) {
		int r = (int)row + (int)step * down, c = (int)col + (int)step * right;
		size_t at;

		if (r < 0 || c < 0 || r >= (int)w->g.rows || c >= (int)w->g.cols)
			return 0;
		at = (size_t)r * w->g.cols + (size_t)c;
		if (w->cell[at].answered)
			return w->value[at] >= pl_cell_rules.load ? 1 : -1;
	}
	return -1;
}

static bool surrounded(const struct pl_cell_watch *w, unsigned row, unsigned col)
{
	int up = look(w, row, col, -1, 0), down = look(w, row, col, 1, 0);
	int left = look(w, row, col, 0, -1), right = look(w, row, col, 0, 1);

	return up >= 0 && down >= 0 && left >= 0 && right >= 0 && up + down > 0 && left + right > 0;
}

static void push_loaded(struct pl_cell_watch *w, const struct pl_calibration *cal)
{
	double answer = fmax(pl_cell_rules.answer, cal->contact);

	for (size_t i = 0; i < w->n; i++)
		w->cell[i].answered |= w->value[i] >= answer;
	for (unsigned row = 0; row < w->g.rows; row++)
		for (unsigned col = 0; col < w->g.cols; col++) {
			struct cell *c = &w->cell[(size_t)row * w->g.cols + col];

			if (!c->answered && !c->left_out)
				c->surrounded += surrounded(w, row, col);
		}
	w->loaded++;
}

void pl_cell_watch_push(struct pl_cell_watch *w, const struct pl_calibration *cal,
			const void *cells, enum pl_dtype dtype, bool loaded)
{
	pl_calibrate(cal, &w->g, cells, dtype, w->value);
	for (size_t i = 0; cal->cell_state && i < w->n; i++)
		w->cell[i].left_out = cal->cell_state[i] != PL_CELL_OK;
	if (loaded)
		push_loaded(w, cal);
	else
		push_empty(w, cal, cells, dtype);
}

/* ---- was the mat empty? ---- */

static int64_t clear_time(void)
{
	return (int64_t)(pl_cell_rules.clear_s * NS);
}

static void wait_with(struct pl_cell_watch *w, const void *cells, enum pl_dtype dtype, int64_t t_ns)
{
	struct waiting *f = &w->waiting[(w->first + w->n_waiting) % WAITING_MAX];

	if (w->n_waiting == WAITING_MAX)
		return; /* cannot be, looks are too rare */
	f->t_ns = t_ns;
	f->dtype = dtype;
	memcpy(f->cells, cells, w->n * pl_dtype_size(dtype));
	w->n_waiting++;
}

/* The mat is clear at t_ns: what has waited long enough was an empty mat. */
static void settle(struct pl_cell_watch *w, const struct pl_calibration *cal, int64_t t_ns)
{
	while (w->n_waiting && t_ns - w->waiting[w->first].t_ns >= clear_time()) {
		const struct waiting *f = &w->waiting[w->first];

		pl_cell_watch_push(w, cal, f->cells, f->dtype, false);
		w->first = (w->first + 1) % WAITING_MAX;
		w->n_waiting--;
	}
}

void pl_cell_watch_see(struct pl_cell_watch *w, const struct pl_calibration *cal, const void *cells,
		       enum pl_dtype dtype, int64_t t_ns, bool contact)
{
	bool look = t_ns >= w->look_ns;

	if (look)
		w->look_ns = t_ns + (int64_t)(pl_cell_rules.look_s * NS);
	if (contact) {
		pl_cell_watch_break(w);
		if (look)
			pl_cell_watch_push(w, cal, cells, dtype, true);
		return;
	}
	if (!w->clear)
		w->clear_ns = t_ns;
	w->clear = true;
	settle(w, cal, t_ns);
	if (look && t_ns - w->clear_ns >= clear_time())
		wait_with(w, cells, dtype, t_ns);
}

/* ---- what was found ---- */

static double sd_counts(const struct pl_cell_watch *w, const struct cell *c)
{
	double n = (double)w->empty, mean = c->sum / n;

	return sqrt(fmax(0, c->sum_squares / n - mean * mean));
}

/* What a cell of this mat may show while empty, and how much it may waver. */
struct limits {
	double untared, sd;
};

static struct limits find_limits(struct pl_cell_watch *w)
{
	struct limits l;
	double middle, mad;
	size_t n = 0;

	for (size_t i = 0; i < w->n; i++)
		if (!w->cell[i].left_out)
			w->sorted[n++] = w->cell[i].least_untared;
	middle = pl_quantile(w->sorted, n, 0.5);
	for (size_t i = 0; i < n; i++)
		w->sorted[i] = fabs(w->sorted[i] - middle);
	mad = pl_quantile(w->sorted, n, 0.5);
	l.untared = middle + fmax(pl_cell_rules.answer, pl_cell_rules.stuck_mads * MAD_TO_SD * mad);
	n = 0;
	for (size_t i = 0; i < w->n; i++)
		if (!w->cell[i].left_out)
			w->sorted[n++] = sd_counts(w, &w->cell[i]);
	l.sd = fmax(pl_cell_rules.noisy_counts,
		    pl_cell_rules.noisy_times * pl_quantile(w->sorted, n, 0.5));
	return l;
}

static enum pl_cell_fault fault_of(const struct pl_cell_watch *w, const struct cell *c,
				   const struct limits *l)
{
	if (c->left_out)
		return PL_CELL_SOUND;
	if (w->empty >= pl_cell_rules.empty_frames) {
		if (c->least > pl_cell_rules.answer || c->least_untared > l->untared)
			return PL_CELL_IS_STUCK;
		if (sd_counts(w, c) > l->sd)
			return PL_CELL_IS_NOISY;
	}
	return !c->answered && c->surrounded >= pl_cell_rules.surrounded_frames ? PL_CELL_IS_DEAD
										: PL_CELL_SOUND;
}

void pl_cell_watch_report(struct pl_cell_watch *w, struct pl_cell_report *out)
{
	struct limits limits = {0};

	*out = (struct pl_cell_report){.empty_frames = w->empty, .loaded_frames = w->loaded};
	if (w->empty)
		limits = find_limits(w);
	for (size_t i = 0; i < w->n; i++) {
		const struct cell *c = &w->cell[i];
		enum pl_cell_fault fault = fault_of(w, c, &limits);

		out->dead += fault == PL_CELL_IS_DEAD;
		out->stuck += fault == PL_CELL_IS_STUCK;
		out->noisy += fault == PL_CELL_IS_NOISY;
		out->untested += !c->left_out && !c->answered && fault == PL_CELL_SOUND;
		if (fault == PL_CELL_SOUND || out->listed == PL_CELLS_LISTED)
			continue;
		out->cell[out->listed].row = (uint16_t)(i / w->g.cols);
		out->cell[out->listed].col = (uint16_t)(i % w->g.cols);
		out->cell[out->listed++].fault = fault;
	}
}
