/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sim:KIND - a simulated person on the configured mat: drivers/sim makes pressures, the inverse of
 * the mat's calibration makes counts, the mat's own encoder makes bytes. Everything behind this
 * transport is what runs with hardware. Frames are due at start + i / hz. A mat that is polled or
 * started answers only when asked; while nobody asks, the person waits.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "drivers/encode/encode.h"
#include "drivers/sim/flaws.h"
#include "drivers/sim/person.h"
#include "drivers/transport/internal.h"

#define DEFAULT_HZ 100
/* Counts of a mat without calibration: its full scale is taken for this pressure. */
#define FULL_SCALE_KPA 150

struct sim {
	struct pl_paced paced;
	const struct pl_mat *mat;
	struct pl_sim *person;
	struct pl_encoder *encoder;
	struct pl_flaws flaws;
	double *kpa;
	void *cells;
	uint8_t *out;
	double hz; /* 0: unpaced */
	double rate_hz;
	double counts_per_kpa; /* 0: the mat is calibrated */
	uint64_t frame, frames_max;
	bool started, starved;
	int64_t start_ns;
};

static const struct pl_uri_key keys[] = {
	{.name = "rows", .min = 1, .max = PL_SIDE_MAX, .whole = true},
	{.name = "cols", .min = 1, .max = PL_SIDE_MAX, .whole = true},
	{.name = "hz", .min = 0, .max = 1e5},
	{.name = "seed", .min = 0, .max = 0x1p53, .whole = true},
	{.name = "mass", .min = 0.1, .max = 1000},
	{.name = "row", .min = 0, .max = PL_SIDE_MAX},
	{.name = "col", .min = 0, .max = PL_SIDE_MAX},
	{.name = "plate", .min = 1, .max = 1000},
	{.name = "left", .min = 0, .max = 1},
	{.name = "heel", .min = 0, .max = 1},
	{.name = "noise", .min = 0, .max = 1e4},
	{.name = "speed", .min = 0.2, .max = 8},
	{.name = "cadence", .min = 40, .max = 400},
	{.name = "belt", .min = 0, .max = 8},
	{.name = "strike", .min = 0, .max = 1},
	{.name = "spare_left", .min = 0, .max = 1},
	{.name = "spare_right", .min = 0, .max = 1},
	{.name = "foot", .min = 50, .max = 400},
	{.name = "arch", .min = 0, .max = 1},
	{.name = "toe_gap", .min = 0, .max = 100},
	{.name = "toe_out", .min = -30, .max = 60},
	{.name = "stance_width", .min = 0, .max = 1000},
	{.name = "heading", .min = -360, .max = 360},
	{.name = "feet_together", .min = 0, .max = 1, .whole = true},
	{.name = "there_and_back", .min = 0, .max = 1, .whole = true},
	{.name = "offset", .min = -10000, .max = 10000},
	{.name = "code_noise", .min = 0, .max = 1e6},
	{.name = "dead", .min = 0, .max = 1},
	{.name = "seconds", .min = 0, .max = 1e9},
	{.name = NULL},
};

static int kind_of(const struct pl_uri *uri, struct pl_error *err)
{
	int kind = pl_sim_kind_parse(uri->path);

	if (kind >= 0)
		return kind;
	return pl_error_set(err, PL_EUSAGE, 0, "sim: nobody is \"%.60s\"; valid are: " PL_SIM_KINDS,
			    uri->path);
}

static int size_fits(const struct pl_uri *uri, const char *key, unsigned mat, const char *name,
		     struct pl_error *err)
{
	double asked = pl_uri_number(uri, key, mat);

	if (asked == mat)
		return 0;
	return pl_error_set(err, PL_EUSAGE, 0,
			    "sim: %s=%g, but mat %s has %s = %u; leave it out or name another mat",
			    key, asked, name, key, mat);
}

static int sim_check(const struct pl_uri *uri, const struct pl_mat *mat, struct pl_error *err)
{
	double hz = pl_uri_number(uri, "hz", DEFAULT_HZ);

	if (kind_of(uri, err) < 0)
		return -1;
	if (hz > 0 && hz < 0.1)
		return pl_error_set(err, PL_EUSAGE, 0,
				    "sim: hz=%g; it must be 0 (unpaced) or 0.1 to 100000", hz);
	if (!mat)
		return 0;
	if (size_fits(uri, "rows", mat->geometry.rows, mat->name, err) ||
	    size_fits(uri, "cols", mat->geometry.cols, mat->name, err))
		return -1;
	return 0;
}

static double full_scale(const struct pl_mat *mat)
{
	const struct pl_matrix_config *m = &mat->decoder.matrix;

	if (mat->calibration.saturation_counts > 0)
		return mat->calibration.saturation_counts;
	if (m->invert_max)
		return m->invert_max;
	if (m->mask)
		return m->mask >> m->shift;
	if (mat->dtype == PL_I16 && m->cell == PL_WIRE_I8)
		return INT8_MAX;
	return mat->dtype == PL_U8 ? 255 : 4095;
}

/* What a device of this kind says of itself after power-up. */
static void say_hello(struct sim *s)
{
	const struct pl_geometry *g = &s->mat->geometry;
	char text[256];

	snprintf(text, sizeof(text),
		 "id=simulated\nrows=%u\ncols=%u\ncell=%s\npitch_row_mm=%g\npitch_col_mm=%g\n"
		 "rate_hz=%g\n",
		 g->rows, g->cols, pl_dtype_name(s->mat->dtype), 1e3 * g->pitch_row_m,
		 1e3 * g->pitch_col_m, s->rate_hz);
	s->paced.n = pl_encoder_hello(s->encoder, text, s->out);
	s->paced.bytes = s->out;
}

static void make_frame(struct sim *s)
{
	size_t n = pl_geometry_cells(&s->mat->geometry);
	int64_t t_device_ns = (int64_t)((double)s->frame * 1e9 / s->rate_hz);

	pl_sim_frame(s->person, s->kpa, NULL);
	for (size_t i = 0; s->counts_per_kpa > 0 && i < n; i++)
		s->kpa[i] *= s->counts_per_kpa;
	pl_calibrate_inverse(&s->mat->calibration, &s->mat->geometry, s->kpa, s->mat->dtype,
			     s->cells);
	pl_flaws_apply(&s->flaws, s->cells, s->mat->dtype);
	s->paced.n = pl_encoder_frame(s->encoder, s->cells, s->frame, t_device_ns, s->out);
	s->paced.bytes = s->out;
	s->frame++;
}

static int64_t frame_due(const struct sim *s)
{
	if (s->hz <= 0) /* as fast as it is read, once it has booted */
		return s->frame || !pl_mat_boot_ns(s->mat) ? INT64_MIN : s->start_ns;
	return s->start_ns + (int64_t)((double)s->frame * 1e9 / s->hz);
}

static int next(struct pl_paced *p, struct pl_error *err)
{
	struct sim *s = (struct sim *)p;

	if (!s->started) {
		s->started = true;
		s->start_ns = pl_mono_ns();
		say_hello(s);
		p->due_ns = s->start_ns;
		s->start_ns += pl_mat_boot_ns(s->mat);
		if (p->n)
			return PL_PACED_CHUNK;
	}
	if (s->frame >= s->frames_max)
		return PL_PACED_END;
	if (!pl_encoder_ready(s->encoder)) {
		s->starved = true;
		p->due_ns = INT64_MAX;
		return PL_PACED_IDLE;
	}
	p->due_ns = frame_due(s);
	if (s->starved && s->hz > 0 && p->due_ns < pl_mono_ns()) {
		s->start_ns += pl_mono_ns() - p->due_ns;
		p->due_ns = frame_due(s);
	}
	s->starved = false;
	make_frame(s);
	if (!p->n)
		return pl_error_set(err, PL_ESTATE, 0, "sim: mat %s cannot encode a frame",
				    s->mat->name);
	return PL_PACED_CHUNK;
}

static void sim_close(struct pl_transport *t)
{
	struct sim *s = (struct sim *)t;

	pl_transport_fini(t);
	pl_sim_free(s->person);
	pl_encoder_free(s->encoder);
	pl_flaws_free(&s->flaws);
	free(s->kpa);
	free(s->cells);
	free(s->out);
	free(s);
}

static void person_options(struct pl_sim_options *o, const struct pl_uri *uri,
			   const struct pl_mat *mat, double rate_hz)
{
	pl_sim_options_init(o);
	o->kind = (enum pl_sim_kind)kind_of(uri, NULL);
	o->geometry = mat->geometry;
	o->rate_hz = rate_hz;
	o->seed = (uint64_t)pl_uri_number(uri, "seed", (double)o->seed);
	o->body_mass_kg = pl_uri_number(uri, "mass", o->body_mass_kg);
	o->left_share = pl_uri_number(uri, "left", o->left_share);
	o->heel_share = pl_uri_number(uri, "heel", o->heel_share);
	o->noise_kpa = pl_uri_number(uri, "noise", o->noise_kpa);
	o->speed_m_s = pl_uri_number(uri, "speed", o->speed_m_s);
	o->cadence_spm = pl_uri_number(uri, "cadence", o->cadence_spm);
	o->belt_m_s = pl_uri_number(uri, "belt", o->belt_m_s);
	o->strike = pl_uri_number(uri, "strike", o->strike);
	o->spare_left = pl_uri_number(uri, "spare_left", o->spare_left);
	o->spare_right = pl_uri_number(uri, "spare_right", o->spare_right);
	o->foot_length_m = 1e-3 * pl_uri_number(uri, "foot", 1e3 * o->foot_length_m);
	o->arch = pl_uri_number(uri, "arch", o->arch);
	o->toe_gap_m = 1e-3 * pl_uri_number(uri, "toe_gap", 0);
	o->toe_out_deg = pl_uri_number(uri, "toe_out", o->toe_out_deg);
	o->stance_width_m = 1e-3 * pl_uri_number(uri, "stance_width", 0);
	o->heading_deg = pl_uri_number(uri, "heading", o->heading_deg);
	o->feet_together = pl_uri_number(uri, "feet_together", 0) > 0;
	o->there_and_back = pl_uri_number(uri, "there_and_back", 0) > 0;
	o->place_row = pl_uri_number(uri, "row", o->place_row);
	o->place_col = pl_uri_number(uri, "col", o->place_col);
	o->plate_m = 1e-3 * pl_uri_number(uri, "plate", 1e3 * o->plate_m);
	o->offset_m = 1e-3 * pl_uri_number(uri, "offset", 0);
}

static int set_up(struct sim *s, const struct pl_uri *uri, struct pl_error *err)
{
	const struct pl_mat *mat = s->mat;
	double nominal_hz = mat->rate_hz > 0 ? mat->rate_hz : DEFAULT_HZ;
	size_t cells = pl_geometry_cells(&mat->geometry);
	struct pl_sim_options o;

	s->hz = pl_uri_number(uri, "hz", nominal_hz);
	s->rate_hz = s->hz > 0 ? s->hz : nominal_hz;
	s->frames_max = (uint64_t)ceil(pl_uri_number(uri, "seconds", 1e11) * s->rate_hz - 1e-9);
	s->counts_per_kpa = pl_calibrated(&mat->calibration) ? 0 : full_scale(mat) / FULL_SCALE_KPA;
	person_options(&o, uri, mat, s->rate_hz);
	s->person = pl_sim_new(&o, err);
	if (!s->person)
		return -1;
	s->encoder = pl_encoder_new(&mat->decoder, err);
	if (!s->encoder)
		return -1;
	if (pl_flaws_init(&s->flaws, cells, pl_uri_number(uri, "code_noise", 0), full_scale(mat),
			  pl_uri_number(uri, "dead", 0), o.seed, err) < 0)
		return -1;
	s->kpa = malloc(cells * sizeof(*s->kpa));
	s->cells = malloc(cells * pl_dtype_size(mat->dtype));
	s->out = malloc(pl_encoder_max(s->encoder));
	if (!s->kpa || !s->cells || !s->out)
		return pl_error_set(err, PL_ENOMEM, 0, "no memory for a simulated mat");
	return pl_transport_init(&s->paced.base, &pl_sim_ops, err);
}

static struct pl_transport *sim_open(const struct pl_uri *uri, const struct pl_mat *mat,
				     const struct pl_log *log, struct pl_error *err)
{
	struct sim *s = calloc(1, sizeof(*s));

	(void)log;
	if (!s) {
		pl_error_set(err, PL_ENOMEM, 0, "no memory for a simulated mat");
		return NULL;
	}
	s->mat = mat;
	s->paced.next = next;
	s->paced.base.cancel_fd = -1;
	if (set_up(s, uri, err)) {
		sim_close(&s->paced.base);
		return NULL;
	}
	return &s->paced.base;
}

static int sim_write(struct pl_transport *t, const void *bytes, size_t n, struct pl_error *err)
{
	struct sim *s = (struct sim *)t;

	(void)err;
	pl_encoder_receive(s->encoder, bytes, n);
	return 0;
}

static bool sim_present(const struct pl_uri *uri)
{
	(void)uri;
	return true;
}

const struct pl_transport_ops pl_sim_ops = {
	.scheme = "sim",
	.example = "sim:standing?hz=250&seed=1",
	.keys = keys,
	.check = sim_check,
	.open = sim_open,
	.close = sim_close,
	.read = pl_paced_read,
	.write = sim_write,
	.present = sim_present,
};
