/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pictures are taken where the figures are made. Peaks, integrals and regions of cells are there
 * anyway; what has to be collected on the way is what the figures forget: the path of the centre of
 * pressure and the force of each stance. Both are thinned to what a page can show, by leaving out
 * every second point when there is no more room, so that memory does not grow with the recording.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "analysis_private.h"
#include "cop.h"
#include "filter.h"
#include "pictures.h"
#include "standing_private.h"

/* A curve that is still to find its step: steps are sorted by onset at the end. */
struct curve {
	double onset_s;
	struct pl_picture_step picture;
};

struct pl_album {
	struct pl_picture_path cop, sway;
	uint64_t point; /* of the path, kept or not */
	uint32_t run;
	bool loaded, failed;
	struct curve *curve;
	size_t n, cap, not_kept;
};

/* ---- paths ---------------------------------------------------------------------------------- */

static void path_free(struct pl_picture_path *path)
{
	free(path->t_s);
	free(path->x_mm);
	free(path->y_mm);
	free(path->run);
}

static bool path_init(struct pl_picture_path *path)
{
	*path = (struct pl_picture_path){
		.every = 1,
		.t_s = malloc(PL_PICTURE_PATH_MAX * sizeof(double)),
		.x_mm = malloc(PL_PICTURE_PATH_MAX * sizeof(double)),
		.y_mm = malloc(PL_PICTURE_PATH_MAX * sizeof(double)),
		.run = malloc(PL_PICTURE_PATH_MAX * sizeof(uint32_t)),
	};
	return path->t_s && path->x_mm && path->y_mm && path->run;
}

static void path_halve(struct pl_picture_path *path)
{
	size_t n = 0;

	for (size_t i = 0; i < path->n; i += 2, n++) {
		path->t_s[n] = path->t_s[i];
		path->x_mm[n] = path->x_mm[i];
		path->y_mm[n] = path->y_mm[i];
		path->run[n] = path->run[i];
	}
	path->n = n;
	path->every *= 2;
}

/* point: its number, counted from 0. */
static void path_add(struct pl_picture_path *path, uint64_t point, double t_s, double x_mm,
		     double y_mm, uint32_t run)
{
	size_t i;

	if (point % path->every)
		return;
	if (path->n == PL_PICTURE_PATH_MAX)
		path_halve(path);
	if (point % path->every)
		return;
	i = path->n++;
	path->t_s[i] = t_s;
	path->x_mm[i] = x_mm;
	path->y_mm[i] = y_mm;
	path->run[i] = run;
}

void pl_album_frame(struct pl_analysis *a, double t_s, bool gap)
{
	const struct pl_scan *scan = &a->feet.scan;
	double least = a->calibrated ? a->options.contact_off_n : 0;
	struct pl_album *album = a->album;
	struct pl_cop cop;
	bool loaded;

	if (!album || a->belt || a->options.picture)
		return;
	cop = pl_cop(&a->geometry, scan->sum, scan->sum_col, scan->sum_row, a->factor, least);
	loaded = isfinite(cop.x_mm) && isfinite(cop.y_mm);
	if (gap || (loaded && !album->loaded))
		album->run++;
	album->loaded = loaded;
	if (loaded)
		path_add(&album->cop, album->point++, t_s, cop.x_mm, cop.y_mm, album->run);
}

void pl_album_sway(struct pl_analysis *a, const struct pl_standing *standing, const double *ap_mm,
		   const double *ml_mm, double from_s)
{
	size_t n = standing->samples;
	double *ap, *ml, mean_ap = 0, mean_ml = 0;

	if (!a->album || !standing->has_sway)
		return;
	ap = malloc(2 * n * sizeof(*ap));
	if (!ap) {
		a->album->failed = true;
		return;
	}
	ml = ap + n;
	memcpy(ap, ap_mm, n * sizeof(*ap));
	memcpy(ml, ml_mm, n * sizeof(*ml));
	if (standing->filter_hz > 0) {
		pl_filter_zero_lag(ap, n, standing->rate_hz, standing->filter_hz);
		pl_filter_zero_lag(ml, n, standing->rate_hz, standing->filter_hz);
	}
	for (size_t i = 0; i < n; i++) {
		mean_ap += ap[i] / (double)n;
		mean_ml += ml[i] / (double)n;
	}
	for (size_t i = 0; i < n; i++)
		path_add(&a->album->sway, i, from_s + (double)i / standing->rate_hz,
			 ml[i] - mean_ml, ap[i] - mean_ap, 0);
	free(ap);
}

/* ---- curves --------------------------------------------------------------------------------- */

static void step_free(struct pl_picture_step *s)
{
	free(s->t_s); /* all of it: one allocation */
}

static struct curve *curve_new(struct pl_album *album)
{
	size_t cap = album->cap ? 2 * album->cap : 32;
	struct curve *more;

	if (album->n == PL_PICTURE_CURVES_MAX) {
		album->not_kept++;
		return NULL;
	}
	if (album->n == album->cap) {
		more = realloc(album->curve, cap * sizeof(*more));
		if (!more) {
			album->failed = true;
			return NULL;
		}
		album->curve = more;
		album->cap = cap;
	}
	return &album->curve[album->n];
}

static void put_sample(struct pl_picture_step *p, const struct pl_stance_sample *s, double onset_s)
{
	size_t i = p->n++;

	p->t_s[i] = (float)(s->t_s - onset_s);
	p->force[i] = (float)s->force;
	p->heel[i] = (float)s->heel;
	p->x_mm[i] = (float)(1e3 * s->x);
	p->y_mm[i] = (float)(1e3 * s->y);
}

void pl_album_stance(struct pl_analysis *a, const struct pl_stance *stance)
{
	/* with the first sample after it, if there is one: it shows that the load was gone */
	size_t end = stance->off < stance->n ? stance->off + 1 : stance->n;
	size_t samples = end - stance->on;
	unsigned every = (unsigned)((samples - 1) / PL_PICTURE_SAMPLES_MAX + 1);
	struct curve *curve = a->album ? curve_new(a->album) : NULL;
	float *room;

	if (!curve)
		return;
	room = malloc(5 * samples * sizeof(*room));
	if (!room) {
		a->album->failed = true;
		return;
	}
	*curve = (struct curve){
		.onset_s = stance->sample[stance->on].t_s,
		.picture = {.foot = (int)stance->foot,
			    .every = every,
			    .t_s = room,
			    .force = room + samples,
			    .heel = room + 2 * samples,
			    .x_mm = room + 3 * samples,
			    .y_mm = room + 4 * samples},
	};
	for (size_t i = stance->on; i < end; i += every)
		put_sample(&curve->picture, &stance->sample[i], curve->onset_s);
	a->album->n++;
}

/* ---- the whole ------------------------------------------------------------------------------ */

struct pl_album *pl_album_new(void)
{
	struct pl_album *album = calloc(1, sizeof(*album));

	if (album && (!path_init(&album->cop) || !path_init(&album->sway))) {
		pl_album_free(album);
		return NULL;
	}
	return album;
}

void pl_album_free(struct pl_album *album)
{
	if (!album)
		return;
	path_free(&album->cop);
	path_free(&album->sway);
	for (size_t i = 0; i < album->n; i++)
		step_free(&album->curve[i].picture);
	free(album->curve);
	free(album);
}

void pl_pictures_free(struct pl_pictures *p)
{
	for (size_t i = 0; i < p->n_steps; i++)
		step_free(&p->steps[i]);
	for (size_t i = 0; i < p->n_feet; i++)
		free(p->feet[i].peak); /* and impulse: one allocation */
	free(p->steps);
	free(p->feet);
	path_free(&p->cop);
	path_free(&p->sway);
	free(p->peak);
	free(p->impulse);
	free(p->region);
	free(p->foot);
	*p = (struct pl_pictures){0};
}

static enum pl_picture_region region_of(int atom)
{
	if (atom <= PL_ATOM_HEEL_A_RIGHT)
		return PL_PICTURE_HEEL;
	if (atom <= PL_ATOM_MID_RIGHT)
		return PL_PICTURE_MIDFOOT;
	return atom <= PL_ATOM_FORE_RIGHT ? PL_PICTURE_FOREFOOT : PL_PICTURE_OTHER;
}

static void mark_cells(const struct pl_analysis *a, uint32_t k, struct pl_pictures *p)
{
	const struct pl_foot *foot = &a->foot[k];

	for (unsigned r = foot->print.r0; r < foot->print.r1; r++)
		for (unsigned c = foot->print.c0; c < foot->print.c1; c++) {
			size_t at = (size_t)r * p->cols + c;
			uint16_t note;

			if (p->foot[at] || !pl_print_has(&foot->print, r, c))
				continue;
			note = foot->note[pl_print_index(&foot->print, r, c)];
			p->foot[at] = (uint16_t)(k + 1);
			p->region[at] =
				(uint8_t)(foot->ready && note ? region_of(pl_overlay_centre(
									&foot->overlay, note))
							      : PL_PICTURE_OTHER);
		}
}

static struct pl_picture_foot foot_of(const struct pl_foot *foot)
{
	const struct pl_shape *s = &foot->shape;
	const double *cut = foot->overlay.frame.cut;
	struct pl_picture_foot p = {
		.side = foot->side,
		.partial = foot->partial != 0,
		.touched = foot->touched,
		.row0 = foot->print.r0,
		.row1 = foot->print.r1,
		.col0 = foot->print.c0,
		.col1 = foot->print.c1,
		.heel_x_mm = NAN,
		.heel_y_mm = NAN,
		.toe_x_mm = NAN,
		.toe_y_mm = NAN,
		.half_heel_line_mm = NAN,
		.heel_line_mm = NAN,
		.forefoot_line_mm = NAN,
	};

	if (!foot->ready)
		return p;
	p.heel_x_mm = 1e3 * s->ox;
	p.heel_y_mm = 1e3 * s->oy;
	p.toe_x_mm = 1e3 * (s->ox + s->length_m * s->ax);
	p.toe_y_mm = 1e3 * (s->oy + s->length_m * s->ay);
	p.half_heel_line_mm = 1e3 * cut[0];
	p.heel_line_mm = 1e3 * cut[1];
	p.forefoot_line_mm = 1e3 * cut[2];
	p.quadrants = foot->side != PL_SIDE_UNKNOWN && pl_overlay_quadrants(&foot->overlay);
	return p;
}

/* Its own maps, which other feet on the same cells do not touch. */
static bool foot_maps(const struct pl_analysis *a, const struct pl_foot *foot,
		      struct pl_picture_foot *p)
{
	size_t n = (size_t)(foot->print.r1 - foot->print.r0) * pl_print_cols(&foot->print);

	p->peak = malloc(2 * n * sizeof(*p->peak));
	if (!p->peak)
		return false;
	p->impulse = p->peak + n;
	for (size_t i = 0; i < n; i++) {
		bool mine = foot->print.peak[i] >= 0;

		p->peak[i] = mine ? foot->print.peak[i] : NAN;
		p->impulse[i] = mine && !a->options.picture ? (float)foot->cell_time[i] : NAN;
	}
	return true;
}

static bool take_maps(const struct pl_analysis *a, struct pl_pictures *p)
{
	size_t n = pl_geometry_cells(&a->geometry);

	p->peak = malloc(n * sizeof(*p->peak));
	p->impulse = malloc(n * sizeof(*p->impulse));
	p->region = calloc(n, sizeof(*p->region));
	p->foot = calloc(n, sizeof(*p->foot));
	p->feet = calloc(a->n_feet ? a->n_feet : 1, sizeof(*p->feet));
	if (!p->peak || !p->impulse || !p->region || !p->foot || !p->feet)
		return false;
	memcpy(p->peak, a->top, n * sizeof(*p->peak));
	for (size_t i = 0; i < n; i++)
		p->impulse[i] = a->options.picture ? NAN : (float)a->cell_time[i];
	for (uint32_t k = 0; k < a->n_feet; k++) {
		p->feet[k] = foot_of(&a->foot[k]);
		p->n_feet++;
		mark_cells(a, k, p);
		if (!foot_maps(a, &a->foot[k], &p->feet[k]))
			return false;
	}
	return true;
}

/* The step that began then on that foot; NULL: it was not kept. */
static const struct pl_step *step_of(const struct pl_gait *gait, const struct curve *curve)
{
	for (uint32_t i = 0; i < gait->n; i++)
		if (gait->step[i].foot == curve->picture.foot &&
		    gait->step[i].onset_s == curve->onset_s)
			return &gait->step[i];
	return NULL;
}

static int by_step(const void *a, const void *b)
{
	const struct pl_picture_step *p = a, *q = b;

	return (p->step > q->step) - (p->step < q->step);
}

static bool take_curves(struct pl_analysis *a, struct pl_pictures *p)
{
	struct pl_album *album = a->album;

	p->steps = calloc(album->n ? album->n : 1, sizeof(*p->steps));
	if (!p->steps)
		return false;
	p->not_kept = album->not_kept;
	for (size_t i = 0; i < album->n; i++) {
		const struct pl_step *step = step_of(&a->gait, &album->curve[i]);
		struct pl_picture_step *picture = &album->curve[i].picture;

		if (!step) {
			step_free(picture);
			continue;
		}
		picture->step = (size_t)(step - a->gait.step);
		picture->side = step->side;
		picture->rejected = step->rejected;
		p->steps[p->n_steps++] = *picture;
	}
	album->n = 0;
	qsort(p->steps, p->n_steps, sizeof(*p->steps), by_step);
	return true;
}

int pl_analysis_pictures(struct pl_analysis *a, struct pl_pictures *p, struct pl_error *err)
{
	*p = (struct pl_pictures){
		.rows = a->geometry.rows,
		.cols = a->geometry.cols,
		.pitch_row_mm = 1e3 * a->geometry.pitch_row_m,
		.pitch_col_mm = 1e3 * a->geometry.pitch_col_m,
		.calibrated = a->calibrated,
		.laid_out = a->belt != NULL,
		.weight_n = a->calibrated ? pl_standing_weight_n(a->options.body_mass_kg) : NAN,
	};
	if (!a->album || a->pass != 3)
		return pl_error_set(err, PL_ESTATE, 0,
				    "the analysis is not finished, or was not asked for pictures");
	if (a->album->failed || !take_maps(a, p) || !take_curves(a, p)) {
		pl_pictures_free(p);
		return pl_error_set(err, PL_ENOMEM, 0, "out of memory for the pictures");
	}
	p->cop = a->album->cop;
	p->sway = a->album->sway;
	a->album->cop = a->album->sway = (struct pl_picture_path){0};
	pl_album_free(a->album);
	a->album = NULL;
	return 0;
}
