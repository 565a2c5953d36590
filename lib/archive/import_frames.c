/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Imported frames in memory, played as a recording. A foreign file is parsed whole before its first
 * frame is believed, so that damage near its end is found before anybody has computed with its
 * beginning; what is parsed has to be kept somewhere, and doubles in a growing array are the
 * simplest place. The limits keep a hostile file from taking the machine's memory.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "import_frames.h"

#define NS_PER_S 1e9

struct pl_import *pl_import_new(enum pl_format format, struct pl_error *err)
{
	struct pl_import *im = calloc(1, sizeof(*im));

	if (!im) {
		pl_error_set(err, PL_ENOMEM, 0, "out of memory");
		return NULL;
	}
	im->format = format;
	im->unit = PL_UNIT_KPA;
	return im;
}

void pl_import_free(struct pl_import *im)
{
	if (!im)
		return;
	free(im->cells);
	free(im->cell_state);
	free(im->t_ns);
	free(im->sensor_area_m2);
	free(im);
}

static int grow(struct pl_import *im, struct pl_error *err)
{
	size_t frame_bytes = pl_geometry_cells(&im->geometry) * sizeof(double);
	size_t capacity = im->capacity ? im->capacity * 2 : 16;
	double *cells;

	if (capacity > PL_IMPORT_BYTES_MAX / frame_bytes)
		capacity = PL_IMPORT_BYTES_MAX / frame_bytes;
	if (im->frames >= PL_IMPORT_FRAMES_MAX || capacity <= im->frames)
		return pl_error_set(err, PL_ENOMEM, 0,
				    "more than %zu frames of %u x %u cells; split the recording",
				    im->frames, im->geometry.rows, im->geometry.cols);
	cells = realloc(im->cells, capacity * frame_bytes);
	if (!cells)
		return pl_error_set(err, PL_ENOMEM, 0, "out of memory at frame %zu",
				    im->frames + 1);
	im->cells = cells;
	im->capacity = capacity;
	return 0;
}

double *pl_import_frame(struct pl_import *im, struct pl_error *err)
{
	if ((im->frames == im->capacity || im->frames == PL_IMPORT_FRAMES_MAX) && grow(im, err))
		return NULL;
	return im->cells + im->frames++ * pl_geometry_cells(&im->geometry);
}

void pl_import_fact_number(struct pl_import *im, const char *key, double number)
{
	if (im->n_facts < PL_IMPORT_FACTS)
		im->facts[im->n_facts++] = (struct pl_import_fact){.key = key, .number = number};
}

/* The files are in the exporting computer's code page: whatever is not ASCII becomes '?'. */
void pl_import_fact_text(struct pl_import *im, const char *key, const char *text, size_t n)
{
	struct pl_import_fact *fact;

	if (im->n_facts == PL_IMPORT_FACTS)
		return;
	fact = &im->facts[im->n_facts++];
	*fact = (struct pl_import_fact){.key = key, .is_text = true};
	if (n >= sizeof(fact->text))
		n = sizeof(fact->text) - 1;
	for (size_t i = 0; i < n; i++)
		fact->text[i] = text[i] >= 0x20 && text[i] < 0x7f ? text[i] : '?';
}

static int next_frame(void *user, struct pl_frame *frame, struct pl_error *err)
{
	struct pl_import *im = user;
	size_t cells = pl_geometry_cells(&im->geometry);
	int64_t t_ns;

	(void)err;
	if (im->next == im->frames)
		return 0;
	t_ns = im->t_ns ? im->t_ns[im->next]
			: llround((double)im->next * im->interval_s * NS_PER_S);
	*frame = (struct pl_frame){
		.seq = im->next,
		.t_mono_ns = t_ns,
		.t_est_ns = t_ns,
		.t_device_ns = INT64_MIN,
		.device_seq = -1,
		.rows = (uint16_t)im->geometry.rows,
		.cols = (uint16_t)im->geometry.cols,
		.dtype = PL_F64,
		.cells_bytes = cells * sizeof(double),
		.cells = im->cells + im->next * cells,
	};
	im->next++;
	return 1;
}

static int rewind_frames(void *user, struct pl_error *err)
{
	struct pl_import *im = user;

	(void)err;
	im->next = 0;
	return 0;
}

static void close_frames(void *user)
{
	pl_import_free(user);
}

static void describe(const void *user, struct pl_json *json)
{
	const struct pl_import *im = user;

	for (unsigned i = 0; i < im->n_facts; i++) {
		const struct pl_import_fact *fact = &im->facts[i];

		if (fact->is_text)
			pl_json_string(json, fact->key, fact->text);
		else
			pl_json_double(json, fact->key, fact->number);
	}
}

void pl_import_backend(struct pl_import *im, struct pl_backend *b)
{
	struct pl_recording_source *s = &b->source;

	*b = (struct pl_backend){.describe = describe, .sensor_area_m2 = im->sensor_area_m2};
	s->user = im;
	s->next = next_frame;
	s->rewind = rewind_frames;
	s->close = close_frames;
	s->info.format = im->format;
	s->info.geometry = im->geometry;
	s->info.dtype = PL_F64;
	s->info.cropped = im->cropped;
	s->info.rate_hz = im->interval_s > 0 ? 1.0 / im->interval_s : 0;
	s->info.frames = im->frames;
	s->info.duration_s = im->interval_s > 0 ? (double)im->frames / s->info.rate_hz : 0;
	s->info.calibrated = im->unit != PL_UNIT_COUNTS;
	memcpy(s->info.problem, im->problem, sizeof(s->info.problem));
	pl_calibration_init(&s->calibration, &im->geometry);
	s->calibration.unit = im->unit;
	if (im->unit != PL_UNIT_COUNTS)
		memcpy(s->calibration.id, "as-exported", sizeof("as-exported"));
	s->calibration.saturation_counts = im->saturation;
	s->calibration.cell_state = im->cell_state;
	pl_live_options_init(&s->live);
	s->live.rate_hz = s->info.rate_hz;
	s->live.side = im->side;
	s->live.facing = im->facing;
	s->live.layout = im->layout;
	if (im->side != PL_SIDE_UNKNOWN)
		snprintf(s->info.side_hint, sizeof(s->info.side_hint), "%s",
			 pl_side_name(im->side));
}
