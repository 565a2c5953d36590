/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where simulated frames come from. Pressures go through the inverse of the mat's calibration, and
 * back again to see how far rounding and clipping moved them: whoever plays a recording into a
 * daemon wants to know what agreement to expect. A recording that is played again and again is
 * converted once and kept when it is not too long.
 */
#include "tools/feed.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <plantar/recording.h>

#include "drivers/sim/flaws.h"
#include "tools/open.h"

#define KEEP_BYTES ((size_t)256 << 20)
#define PITCH_TOLERANCE 1e-3
#define DEFAULT_HZ 100

struct kept {
	int64_t t_ns;
	uint64_t seq;
};

struct pl_feed {
	const struct pl_mat *mat;
	struct pl_feed_options o;
	char title[160];
	struct pl_sim *person;
	struct pl_flaws flaws;
	struct pl_opened opened;
	struct pl_geometry source; /* of the recording */
	double rate_hz;
	double *in, *out, *back,
		*limit; /* kPa: the recording's, the mat's, as read back, highest */
	void *cells;
	struct pl_feed_quality quality;
	uint64_t frames; /* delivered so far */
	/* this round of the recording */
	uint64_t round, in_round, seq_base, seq_last;
	int64_t t_base, t_last, period_ns;
	uint32_t epoch;
	uint64_t seq_first;
	int64_t t_first;
	/* rounds after the first */
	bool keeping, kept_all;
	struct kept *kept;
	uint8_t *kept_cells;
	size_t n_kept, cells_bytes;
};

static int no_memory(struct pl_error *err)
{
	return pl_error_set(err, PL_ENOMEM, 0, "out of memory");
}

struct fitting {
	const struct pl_geometry *g;
	char names[256];
	size_t n;
};

static bool same_pitch(double a, double b)
{
	return fabs(a - b) <= PITCH_TOLERANCE * b;
}

static bool same_geometry(const struct pl_geometry *a, const struct pl_geometry *b)
{
	return a->rows == b->rows && a->cols == b->cols &&
	       same_pitch(a->pitch_row_m, b->pitch_row_m) &&
	       same_pitch(a->pitch_col_m, b->pitch_col_m);
}

static void note_if_fitting(void *user, const char *name, const char *path)
{
	struct fitting *f = user;
	struct pl_mat mat;

	if (pl_mat_load(&mat, path, NULL, NULL) < 0)
		return;
	if (same_geometry(&mat.geometry, f->g) && f->n < sizeof(f->names))
		f->n += (size_t)snprintf(f->names + f->n, sizeof(f->names) - f->n, "%s%s",
					 f->n ? ", " : "", name);
	pl_mat_free(&mat);
}

static int does_not_fit(const struct pl_feed *f, struct pl_error *err)
{
	const struct pl_geometry *g = &f->source, *m = &f->mat->geometry;
	struct fitting fitting = {.g = g};
	char size[160];

	snprintf(size, sizeof(size), "%u x %u cells of %.6g x %.6g mm", g->rows, g->cols,
		 g->pitch_row_m * 1e3, g->pitch_col_m * 1e3);
	pl_mat_list(note_if_fitting, &fitting);
	if (fitting.n)
		return pl_error_set(err, PL_EUSAGE, 0,
				    "%s has %s, mat %s %u x %u of %.6g x %.6g mm; it fits --as %s",
				    f->title, size, f->mat->name, m->rows, m->cols,
				    m->pitch_row_m * 1e3, m->pitch_col_m * 1e3, fitting.names);
	return pl_error_set(
		err, PL_EUSAGE, 0,
		"%s has %s, mat %s %u x %u of %.6g x %.6g mm; copy a file of "
		"config/mats, give it that geometry and name it with --as ./FILE.conf%s",
		f->title, size, f->mat->name, m->rows, m->cols, m->pitch_row_m * 1e3,
		m->pitch_col_m * 1e3,
		g->rows <= m->rows && g->cols <= m->cols &&
				same_pitch(g->pitch_row_m, m->pitch_row_m) &&
				same_pitch(g->pitch_col_m, m->pitch_col_m)
			? ", or add --pad"
			: "");
}

static int check_geometry(const struct pl_feed *f, struct pl_error *err)
{
	const struct pl_geometry *g = &f->source, *m = &f->mat->geometry;

	if (same_geometry(g, m))
		return 0;
	if (f->o.pad && !f->o.raw && g->rows <= m->rows && g->cols <= m->cols &&
	    same_pitch(g->pitch_row_m, m->pitch_row_m) &&
	    same_pitch(g->pitch_col_m, m->pitch_col_m))
		return 0;
	return does_not_fit(f, err);
}

static int open_recording(struct pl_feed *f, struct pl_error *err)
{
	const struct pl_recording_info *info;

	snprintf(f->title, sizeof(f->title), "%s", f->o.from);
	if (pl_open_hinted(&f->opened, f->o.from, NULL, &f->o.hints, err) < 0 ||
	    pl_opened_mat(&f->opened, f->o.from, err) < 0)
		return -1;
	info = pl_recording_info(f->opened.recording);
	f->source = info->geometry;
	if (!info->frames)
		return pl_error_set(err, PL_EFORMAT, 0, "%s holds no frames", f->o.from);
	if (check_geometry(f, err) < 0)
		return -1;
	if (f->o.raw && info->dtype != f->mat->dtype)
		return pl_error_set(err, PL_EUSAGE, 0,
				    "%s holds codes of type %s, mat %s sends %s; leave --raw out",
				    f->title, pl_dtype_name(info->dtype), f->mat->name,
				    pl_dtype_name(f->mat->dtype));
	if (!f->o.raw && !info->calibrated)
		return pl_error_set(err, PL_EUSAGE, 0,
				    "%s has no calibration, so its counts are no pressure; --raw "
				    "plays them as they are",
				    f->title);
	f->rate_hz = info->rate_hz > 0	    ? info->rate_hz
		     : info->duration_s > 0 ? (double)info->frames / info->duration_s
					    : DEFAULT_HZ;
	return 0;
}

static int open_person(struct pl_feed *f, struct pl_error *err)
{
	struct pl_sim_options *o = &f->o.person;

	snprintf(f->title, sizeof(f->title), "a person, %s", pl_sim_kind_name(o->kind));
	if (o->rate_hz <= 0)
		o->rate_hz = f->mat->rate_hz > 0 ? f->mat->rate_hz : DEFAULT_HZ;
	o->geometry = f->mat->geometry;
	f->rate_hz = o->rate_hz;
	f->source = o->geometry;
	f->person = pl_sim_new(o, err);
	return f->person ? 0 : -1;
}

static double highest_code(const struct pl_mat *mat)
{
	double top = mat->calibration.saturation_counts;

	if (top <= 0)
		top = mat->decoder.matrix.invert_max;
	return top > 0 ? top : mat->dtype == PL_U8 ? 255 : 4095;
}

/* Counts of a mat without calibration stand for pressure by its full scale. */
static double kpa_per_value(const struct pl_feed *f)
{
	if (pl_calibrated(&f->mat->calibration))
		return 1;
	return f->o.full_scale_kpa / highest_code(f->mat);
}

static void to_codes(struct pl_feed *f, const double *kpa, void *cells, double *back)
{
	const struct pl_mat *mat = f->mat;
	size_t n = pl_geometry_cells(&mat->geometry);
	double scale = kpa_per_value(f);

	if (scale != 1)
		for (size_t i = 0; i < n; i++)
			f->out[i] = kpa[i] / scale;
	pl_calibrate_inverse(&mat->calibration, &mat->geometry, scale != 1 ? f->out : kpa,
			     mat->dtype, cells);
	pl_calibrate(&mat->calibration, &mat->geometry, cells, mat->dtype, back);
	if (scale != 1)
		for (size_t i = 0; i < n; i++)
			back[i] *= scale;
}

/* The highest pressure that each cell can say. */
static void find_limits(struct pl_feed *f)
{
	size_t n = pl_geometry_cells(&f->mat->geometry);

	for (size_t i = 0; i < n; i++)
		f->back[i] = 1e9;
	memcpy(f->limit, f->back, n * sizeof(*f->limit));
	to_codes(f, f->limit, f->cells, f->back);
	memcpy(f->limit, f->back, n * sizeof(*f->limit));
}

static void judge(struct pl_feed *f, const double *kpa)
{
	struct pl_feed_quality *q = &f->quality;
	const uint8_t *state = f->mat->calibration.cell_state;
	size_t n = pl_geometry_cells(&f->mat->geometry);

	for (size_t i = 0; i < n; i++) {
		double off = fabs(kpa[i] - f->back[i]);

		if (state && state[i] != PL_CELL_OK)
			continue;
		if (kpa[i] > f->limit[i]) {
			q->clipped++;
			if (kpa[i] > q->clipped_max_kpa)
				q->clipped_max_kpa = kpa[i];
		} else if (off > q->rounding_max_kpa) {
			q->rounding_max_kpa = off;
		}
	}
}

static int make_room(struct pl_feed *f, struct pl_error *err)
{
	size_t n = pl_geometry_cells(&f->mat->geometry), n_in = pl_geometry_cells(&f->source);

	f->cells_bytes = n * pl_dtype_size(f->mat->dtype);
	f->in = calloc(n > n_in ? n : n_in, sizeof(double));
	f->out = calloc(n, sizeof(double));
	f->back = calloc(n, sizeof(double));
	f->limit = calloc(n, sizeof(double));
	f->cells = calloc(1, f->cells_bytes);
	if (!f->in || !f->out || !f->back || !f->limit || !f->cells)
		return no_memory(err);
	find_limits(f);
	if (!f->person)
		return 0;
	return pl_flaws_init(&f->flaws, n, f->o.noise_counts, highest_code(f->mat), f->o.dead_share,
			     f->o.person.seed, err);
}

/* Worth keeping? Only what is played more than once and fits. */
static void plan_keeping(struct pl_feed *f)
{
	uint64_t frames;

	if (f->person || f->o.loops == 1)
		return;
	frames = pl_recording_info(f->opened.recording)->frames;
	if (frames > KEEP_BYTES / f->cells_bytes)
		return;
	f->kept = calloc(frames, sizeof(*f->kept));
	f->kept_cells = malloc(frames * f->cells_bytes);
	f->keeping = f->kept && f->kept_cells;
}

struct pl_feed *pl_feed_open(const struct pl_mat *mat, const struct pl_feed_options *o,
			     struct pl_error *err)
{
	struct pl_feed *f = calloc(1, sizeof(*f));

	if (!f) {
		no_memory(err);
		return NULL;
	}
	f->mat = mat;
	f->o = *o;
	if ((o->from ? open_recording(f, err) : open_person(f, err)) < 0 || make_room(f, err) < 0) {
		pl_feed_close(f);
		return NULL;
	}
	f->period_ns = (int64_t)llround(1e9 / f->rate_hz);
	plan_keeping(f);
	return f;
}

void pl_feed_close(struct pl_feed *f)
{
	if (!f)
		return;
	pl_sim_free(f->person);
	pl_flaws_free(&f->flaws);
	pl_opened_close(&f->opened);
	free(f->in);
	free(f->out);
	free(f->back);
	free(f->limit);
	free(f->cells);
	free(f->kept);
	free(f->kept_cells);
	free(f);
}

/* The recording's cells to the middle of the mat; where they differ in parity, towards row 0. */
static const double *padded(struct pl_feed *f)
{
	const struct pl_geometry *g = &f->source, *m = &f->mat->geometry;
	size_t top = (m->rows - g->rows) / 2, left = (m->cols - g->cols) / 2;

	if (g->rows == m->rows && g->cols == m->cols)
		return f->in;
	memset(f->out, 0, pl_geometry_cells(m) * sizeof(*f->out));
	for (size_t r = 0; r < g->rows; r++)
		memcpy(f->out + (top + r) * m->cols + left, f->in + r * g->cols,
		       g->cols * sizeof(*f->out));
	memcpy(f->in, f->out, pl_geometry_cells(m) * sizeof(*f->in));
	return f->in;
}

static void convert(struct pl_feed *f, const struct pl_frame *frame)
{
	const double *kpa;

	if (f->o.raw) {
		memcpy(f->cells, frame->cells, f->cells_bytes);
		return;
	}
	pl_calibrate(pl_recording_calibration(f->opened.recording), &f->source, frame->cells,
		     frame->dtype, f->in);
	kpa = padded(f);
	to_codes(f, kpa, f->cells, f->back);
	judge(f, kpa);
}

/* The frame's number and time in the whole run: they never go back, whatever the recording says
 * (a new epoch begins at 0 again). */
static void place(struct pl_feed *f, const struct pl_frame *frame, struct pl_feed_frame *to)
{
	int64_t t_ns = pl_recording_time_ns(f->opened.recording, frame);
	bool first = f->in_round == 0;

	if (first || frame->epoch != f->epoch || frame->seq < f->seq_first) {
		f->seq_base = f->frames ? f->seq_last + 1 : 0;
		f->seq_first = frame->seq;
		f->epoch = frame->epoch;
	}
	if (first || t_ns < f->t_first) {
		f->t_base = f->frames ? f->t_last + f->period_ns : 0;
		f->t_first = t_ns;
	}
	to->seq = f->seq_base + (frame->seq - f->seq_first);
	to->t_ns = f->t_base + (t_ns - f->t_first);
	if (f->frames && to->t_ns < f->t_last)
		to->t_ns = f->t_last;
}

static void keep(struct pl_feed *f, const struct pl_feed_frame *frame)
{
	f->kept[f->n_kept] = (struct kept){.t_ns = frame->t_ns, .seq = frame->seq};
	memcpy(f->kept_cells + f->n_kept * f->cells_bytes, f->cells, f->cells_bytes);
	f->n_kept++;
}

static int next_recorded(struct pl_feed *f, struct pl_feed_frame *to, struct pl_error *err)
{
	struct pl_frame frame;
	int r = pl_recording_next(f->opened.recording, &frame, err);

	if (r <= 0)
		return r;
	convert(f, &frame);
	to->cells = f->cells;
	place(f, &frame, to);
	if (f->keeping && f->n_kept < pl_recording_info(f->opened.recording)->frames)
		keep(f, to);
	return 1;
}

static int next_kept(struct pl_feed *f, struct pl_feed_frame *to)
{
	const struct kept *k = &f->kept[f->in_round];

	if (f->in_round == f->n_kept)
		return 0;
	if (f->in_round == 0) {
		f->seq_base = f->seq_last + 1;
		f->t_base = f->t_last + f->period_ns;
	}
	to->seq = f->seq_base + (k->seq - f->kept[0].seq);
	to->t_ns = f->t_base + (k->t_ns - f->kept[0].t_ns);
	to->cells = f->kept_cells + f->in_round * f->cells_bytes;
	return 1;
}

static int next_person(struct pl_feed *f, struct pl_feed_frame *to)
{
	pl_sim_frame(f->person, f->in, NULL);
	to_codes(f, f->in, f->cells, f->back);
	judge(f, f->in);
	pl_flaws_apply(&f->flaws, f->cells, f->mat->dtype);
	to->cells = f->cells;
	to->seq = f->frames;
	to->t_ns = (int64_t)llround((double)f->frames * 1e9 / f->rate_hz);
	return 1;
}

/* The recording from its beginning once more; 0: that was the last time. */
static int again(struct pl_feed *f, struct pl_error *err)
{
	if (f->person || f->in_round == 0)
		return 0;
	if (++f->round == f->o.loops)
		return 0;
	f->in_round = 0;
	f->kept_all = f->keeping && f->n_kept > 0;
	if (!f->kept_all && pl_recording_rewind(f->opened.recording, err) < 0)
		return -1;
	return 1;
}

int pl_feed_next(struct pl_feed *f, struct pl_feed_frame *frame, struct pl_error *err)
{
	int r;

	do {
		r = f->person	  ? next_person(f, frame)
		    : f->kept_all ? next_kept(f, frame)
				  : next_recorded(f, frame, err);
		if (r == 0) {
			r = again(f, err);
			if (r <= 0)
				return r;
			r = 0;
		}
	} while (r == 0);
	if (r < 0)
		return -1;
	if (f->o.seconds > 0 && (double)frame->t_ns >= f->o.seconds * 1e9 - 0.5)
		return 0;
	f->seq_last = frame->seq;
	f->t_last = frame->t_ns;
	f->in_round++;
	f->frames++;
	return 1;
}

double pl_feed_rate_hz(const struct pl_feed *f)
{
	return f->rate_hz;
}

bool pl_feed_endless(const struct pl_feed *f)
{
	return f->o.seconds <= 0 && (f->person || f->o.loops == 0);
}

uint64_t pl_feed_frames(const struct pl_feed *f)
{
	uint64_t all = f->person ? 0 : pl_recording_info(f->opened.recording)->frames * f->o.loops;
	uint64_t timed = f->o.seconds > 0 ? (uint64_t)ceil(f->o.seconds * f->rate_hz) : 0;

	return !all || (timed && timed < all) ? timed : all;
}

const char *pl_feed_title(const struct pl_feed *f)
{
	return f->title;
}

const struct pl_feed_quality *pl_feed_quality(const struct pl_feed *f)
{
	return &f->quality;
}

const struct pl_sim_options *pl_feed_person(const struct pl_feed *f)
{
	return f->person ? &f->o.person : NULL;
}
