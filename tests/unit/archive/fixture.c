/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Recordings for the tests of the archive. The numbers are plausible (two feet of some thousand
 * counts, quiet surroundings) so that sizes and times measured with them mean something.
 */
#include <ftw.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fixture.h"

static double noise(uint64_t *state)
{
	*state = *state * 6364136223846793005u + 1442695040888963407u;
	return (double)(*state >> 40) / (1 << 24) * 2 - 1;
}

static void tables(struct pl_session_meta *m)
{
	struct pl_calibration *cal = &m->calibration;
	size_t n = cal->cells;

	strcpy(cal->id, "bench-2026-11");
	cal->unit = PL_UNIT_KPA;
	cal->scale = 0.125;
	cal->noise_floor = 1.5;
	cal->contact = 2;
	cal->saturation_counts = 4095;
	cal->cell_offset = calloc(n, sizeof(double));
	cal->cell_gain = calloc(n, sizeof(double));
	cal->tare = calloc(n, sizeof(double));
	cal->cell_state = calloc(n, 1);
	for (size_t i = 0; i < n; i++) {
		cal->cell_offset[i] = (double)(i % 3);
		cal->cell_gain[i] = 1 + (double)(i % 7) * 0.01;
		cal->tare[i] = (double)(i % 2);
	}
	cal->cell_state[n / 2] = PL_CELL_DEAD;
	cal->origin = (struct pl_calibration_origin){
		.calibrated = "2026-11-01",
		.expires = "2027-11-01",
		.by = "bench \xc3\xa9",
		.method = "linear, gain map of 9 places",
		.loads = 12,
		.reference_n = 392.266,
		.residual_rms_pct = 0.7,
		.residual_max_pct = 1.9,
		.repeat_pct = 0.3,
		.body_mass_kg = 70,
		.body_error_pct = -1.25,
	};
	m->calibration_text = strdup("id = \"bench-2026-11\"; # whole\n");
	m->body_mass_kg = 71.5;
	m->mat_config_text = strdup("# a mat\nrows = 64;\nname = \"\xc3\xa9\";\n");
}

void fixture_init(struct fixture *f, unsigned rows, unsigned cols, enum pl_dtype dtype,
		  double rate_hz, bool calibrated)
{
	struct pl_session_meta *m = &f->meta;

	memset(f, 0, sizeof(*f));
	pl_session_meta_init(m);
	pl_session_uuid(m->session_uuid);
	strcpy(m->subject, "P-0042");
	strcpy(m->protocol, "quiet-stance");
	strcpy(m->condition, "barefoot");
	m->started_utc_ns = 1795000000123456789;
	m->started_mono_ns = 5000000000;
	strcpy(m->mat, "mat0");
	strcpy(m->mat_file, "test.conf");
	strcpy(m->source, "sim:standing");
	m->geometry = (struct pl_geometry){rows, cols, 0.0085, 0.0085};
	m->dtype = dtype;
	m->rate_hz = rate_hz;
	strcpy(m->software, "test 1");
	strcpy(m->host, "here");
	pl_calibration_init(&m->calibration, &m->geometry);
	m->live.rate_hz = rate_hz;
	if (calibrated)
		tables(m);
	f->noise = 6;
	f->live = pl_live_new(&m->geometry, &m->calibration, &m->live, NULL);
	f->frame = (struct pl_frame){
		.rows = (uint16_t)rows,
		.cols = (uint16_t)cols,
		.dtype = dtype,
		.cells_bytes = (size_t)rows * cols * pl_dtype_size(dtype),
		.metrics = calloc(pl_metric_count(), sizeof(float)),
		.cells = calloc(rows * cols, pl_dtype_size(dtype)),
	};
	if (!f->live || !f->frame.metrics || !f->frame.cells) {
		fprintf(stderr, "the fixture could not be set up\n");
		exit(1);
	}
}

void fixture_free(struct fixture *f)
{
	pl_live_free(f->live);
	pl_session_meta_free(&f->meta);
	free(f->frame.metrics);
	free(f->frame.cells);
}

static void put_cell(struct pl_frame *f, size_t i, double v, double max)
{
	v = v < 0 ? 0 : v > max ? max : v;
	switch (f->dtype) {
	case PL_U8:
		((uint8_t *)f->cells)[i] = (uint8_t)(v / 17);
		break;
	case PL_U16:
		((uint16_t *)f->cells)[i] = (uint16_t)v;
		break;
	case PL_I16:
		((int16_t *)f->cells)[i] = (int16_t)v;
		break;
	case PL_I32:
		((int32_t *)f->cells)[i] = (int32_t)v;
		break;
	case PL_U32:
		((uint32_t *)f->cells)[i] = (uint32_t)v;
		break;
	case PL_F32:
		((float *)f->cells)[i] = (float)v;
		break;
	case PL_F64:
		((double *)f->cells)[i] = v;
		break;
	}
}

static double bump(double r, double c, double r0, double c0, double width_r, double width_c)
{
	double y = (r - r0) / width_r, x = (c - c0) / width_c;
	double d = x * x + y * y;

	return d < 6 ? exp(-d) : 0;
}

struct pl_frame *fixture_next(struct fixture *f)
{
	struct pl_frame *frame = &f->frame;
	const double t = (double)f->made / (f->meta.rate_hz > 0 ? f->meta.rate_hz : 100);
	const double sway = 0.05 * sin(7 * t), side = 0.08 * sin(1.3 * t);
	const unsigned rows = frame->rows, cols = frame->cols;
	uint64_t state = f->made * 7919 + 1;

	for (unsigned r = 0; r < rows; r++) {
		for (unsigned c = 0; c < cols; c++) {
			double u = (r + 0.5) / rows * 64, w = (c + 0.5) / cols * 64, v = 0;

			for (int k = 0; k < 2; k++) {
				double load = k ? 1 + side : 1 - side, c0 = k ? 44 : 20;

				v += load * (1 + sway) * 2500 * bump(u, w, 47, c0, 5, 4);
				v += load * (1 - sway) * 1800 * bump(u, w, 20, c0 + k, 6, 5.5);
			}
			if (v > 0)
				v += f->noise * (noise(&state) + noise(&state));
			put_cell(frame, (size_t)r * cols + c, v, 4095);
		}
	}
	frame->seq = f->made;
	frame->t_mono_ns = f->meta.started_mono_ns + (int64_t)(t * 1e9) + 150000;
	frame->t_est_ns = f->meta.started_mono_ns + (int64_t)(t * 1e9);
	frame->t_device_ns = (int64_t)(t * 1e9) + 77;
	frame->device_seq = (int64_t)f->made + 1000;
	frame->flags = f->made == 0 ? PL_FLAG_EPOCH : 0;
	frame->flags |=
		pl_live_frame(f->live, frame->cells, frame->dtype, frame->seq, frame->metrics);
	f->made++;
	return frame;
}

static void must(int result, const struct pl_error *err)
{
	if (result == 0)
		return;
	fprintf(stderr, "%s\n", err->message);
	exit(1);
}

struct pl_journal *fixture_begin(const struct fixture *f, const char *root, char *path, size_t cap)
{
	struct pl_error err = {0};
	struct pl_journal *j;
	char stem[400];

	must(pl_session_folder(root, &f->meta, stem, sizeof(stem), &err), &err);
	snprintf(path, cap, "%s.journal", stem);
	j = pl_journal_create(path, &f->meta, &err);
	must(j ? 0 : -1, &err);
	return j;
}

void fixture_append(struct fixture *f, struct pl_journal *j, int n)
{
	struct pl_error err = {0};

	for (int i = 0; i < n; i++) {
		struct pl_frame *frame = fixture_next(f);

		must(pl_journal_frames(j, &frame, 1, &err), &err);
	}
}

void fixture_folder(char path[64])
{
	const char *tmp = getenv("TMPDIR");

	snprintf(path, 64, "%.40s/plantar-XXXXXX", tmp && *tmp ? tmp : "/tmp");
	if (!mkdtemp(path)) {
		perror(path);
		exit(1);
	}
}

static int remove_one(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
	(void)st;
	(void)flag;
	(void)ftw;
	return remove(path);
}

void fixture_remove(const char *path)
{
	nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}
