/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The head of a journal: everything known about a recording before its first frame. Writer and
 * reader walk the same list of fields, so they cannot disagree about the order; a first walk only
 * counts bytes. What is read comes from a file, so every length is checked and every enumeration
 * must name something.
 */
#include <libdeflate.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "journal_file.h"

#define CONFIG_TEXT_MAX (16u << 20)

enum walk { COUNT, WRITE, READ };

struct codec {
	enum walk walk;
	uint32_t version;
	uint8_t *p;
	size_t done, end; /* end: READ and WRITE */
	bool failed;
};

static void bytes(struct codec *c, void *data, size_t n)
{
	if (c->failed)
		return;
	if (c->walk != COUNT && n > c->end - c->done) {
		c->failed = true;
		return;
	}
	if (c->walk == WRITE && n)
		memcpy(c->p + c->done, data, n);
	if (c->walk == READ && n)
		memcpy(data, c->p + c->done, n);
	c->done += n;
}

static void number(struct codec *c, uint32_t *value, uint32_t max)
{
	bytes(c, value, sizeof(*value));
	if (c->walk == READ && !c->failed && *value > max)
		c->failed = true;
	if (c->failed && c->walk == READ)
		*value = 0;
}

static void real(struct codec *c, double *value)
{
	bytes(c, value, sizeof(*value));
}

static void time_ns(struct codec *c, int64_t *value)
{
	bytes(c, value, sizeof(*value));
}

static void text(struct codec *c, char *s, size_t cap)
{
	uint32_t n = c->walk == READ ? 0 : (uint32_t)strnlen(s, cap - 1);

	number(c, &n, (uint32_t)cap - 1);
	bytes(c, s, n);
	if (c->walk == READ) {
		s[c->failed ? 0 : n] = '\0';
		if (strlen(s) != n)
			c->failed = true;
	}
}

/* An array that may be absent; n elements of size bytes, malloced when read. */
static void array(struct codec *c, void **data, size_t n, size_t size)
{
	uint32_t present = c->walk == READ ? 0 : *data != NULL;

	number(c, &present, 1);
	if (!present || c->failed)
		return;
	if (c->walk == READ) {
		if (n * size > c->end - c->done || !(*data = malloc(n * size + 1))) {
			c->failed = true;
			return;
		}
	}
	bytes(c, *data, n * size);
}

static void doubles(struct codec *c, double **data, size_t n)
{
	void *p = c->walk == READ ? NULL : *data;

	array(c, &p, n, sizeof(double));
	if (c->walk == READ)
		*data = p;
}

static void calibration(struct codec *c, struct pl_calibration *cal, size_t cells)
{
	uint32_t unit = cal->unit, policy = cal->dead_policy, points = cal->curve_points;
	void *state = c->walk == READ ? NULL : cal->cell_state;

	text(c, cal->id, sizeof(cal->id));
	number(c, &unit, PL_UNIT_N);
	number(c, &policy, PL_DEAD_INTERPOLATE);
	number(c, &points, PL_CURVE_MAX);
	real(c, &cal->scale);
	real(c, &cal->noise_floor);
	real(c, &cal->contact);
	real(c, &cal->saturation_counts);
	bytes(c, cal->curve_counts, points * sizeof(double));
	bytes(c, cal->curve_value, points * sizeof(double));
	doubles(c, &cal->cell_offset, cells);
	doubles(c, &cal->cell_gain, cells);
	doubles(c, &cal->tare, cells);
	array(c, &state, cells, 1);
	if (c->walk != READ)
		return;
	cal->unit = (enum pl_unit)unit;
	cal->dead_policy = (enum pl_dead_policy)policy;
	cal->curve_points = points;
	cal->cells = cells;
	cal->cell_state = state;
}

static void live_options(struct codec *c, struct pl_live_options *o)
{
	uint32_t region = o->region, facing = o->facing, side = o->side;

	real(c, &o->rate_hz);
	real(c, &o->filter_hz);
	real(c, &o->force_min);
	number(c, &region, PL_REGION_THIRDS_BOX);
	number(c, &facing, PL_FACING_RIGHT);
	number(c, &side, PL_SIDE_RIGHT);
	if (c->walk != READ)
		return;
	o->region = (enum pl_region_convention)region;
	o->facing = (enum pl_facing)facing;
	o->side = (enum pl_side)side;
}

static void config_text(struct codec *c, char **s)
{
	uint32_t n = c->walk == READ || !*s ? 0 : (uint32_t)strnlen(*s, CONFIG_TEXT_MAX);
	void *p = c->walk == READ ? NULL : *s;

	number(c, &n, CONFIG_TEXT_MAX);
	array(c, &p, n, 1);
	if (c->walk != READ)
		return;
	*s = p;
	if (!p)
		return;
	(*s)[c->failed ? 0 : n] = '\0';
	if (strlen(*s) != n)
		c->failed = true;
}

static void metric_keys(struct codec *c, struct journal_keys *keys)
{
	uint32_t n = keys->n;

	number(c, &n, JOURNAL_METRICS_MAX);
	if (c->walk == READ) {
		keys->key = calloc(n ? n : 1, sizeof(*keys->key));
		keys->n = keys->key ? n : 0;
		if (!keys->key)
			c->failed = true;
	}
	for (uint32_t i = 0; i < keys->n && !c->failed; i++)
		text(c, keys->key[i], sizeof(keys->key[i]));
}

/* What the cells are, where they are not those of a mat. */
static void layout(struct codec *c, struct pl_session_meta *m)
{
	uint32_t what = m->live.layout;

	number(c, &what, PL_LAYOUT_PICTURE);
	doubles(c, &m->sensor_area_m2, m->geometry.rows);
	if (c->walk == READ)
		m->live.layout = (enum pl_layout)what;
}

/* What the calibration says of itself, and its file. */
static void origin(struct codec *c, struct pl_session_meta *m)
{
	struct pl_calibration_origin *o = &m->calibration.origin;
	uint32_t loads = o->loads, expired = o->expired;

	text(c, o->calibrated, sizeof(o->calibrated));
	text(c, o->expires, sizeof(o->expires));
	text(c, o->by, sizeof(o->by));
	text(c, o->method, sizeof(o->method));
	number(c, &loads, UINT32_MAX);
	number(c, &expired, 1);
	real(c, &o->reference_n);
	real(c, &o->residual_rms_pct);
	real(c, &o->residual_max_pct);
	real(c, &o->repeat_pct);
	real(c, &o->body_mass_kg);
	real(c, &o->body_error_pct);
	config_text(c, &m->calibration_text);
	if (c->walk != READ)
		return;
	o->loads = loads;
	o->expired = expired != 0;
}

static void everything(struct codec *c, struct pl_session_meta *m, struct journal_keys *keys)
{
	uint32_t trial = m->trial, dtype = m->dtype;
	uint32_t rows = m->geometry.rows, cols = m->geometry.cols;

	text(c, m->session_uuid, sizeof(m->session_uuid));
	number(c, &trial, UINT32_MAX);
	text(c, m->subject, sizeof(m->subject));
	text(c, m->protocol, sizeof(m->protocol));
	text(c, m->condition, sizeof(m->condition));
	real(c, &m->body_mass_kg);
	time_ns(c, &m->started_utc_ns);
	time_ns(c, &m->started_mono_ns);
	text(c, m->mat, sizeof(m->mat));
	text(c, m->mat_file, sizeof(m->mat_file));
	text(c, m->source, sizeof(m->source));
	number(c, &rows, PL_SIDE_MAX);
	number(c, &cols, PL_SIDE_MAX);
	real(c, &m->geometry.pitch_row_m);
	real(c, &m->geometry.pitch_col_m);
	number(c, &dtype, PL_F64);
	real(c, &m->rate_hz);
	if (c->walk == READ) {
		m->trial = trial;
		m->geometry.rows = rows;
		m->geometry.cols = cols;
		m->dtype = (enum pl_dtype)dtype;
	}
	calibration(c, &m->calibration, pl_geometry_cells(&m->geometry));
	live_options(c, &m->live);
	text(c, m->software, sizeof(m->software));
	text(c, m->host, sizeof(m->host));
	config_text(c, &m->mat_config_text);
	metric_keys(c, keys);
	if (c->version >= 2)
		text(c, m->annotations.text, sizeof(m->annotations.text));
	if (c->version >= 3)
		layout(c, m);
	if (c->version >= 4)
		origin(c, m);
}

uint32_t pl_journal_head_crc(const uint8_t *head, size_t size)
{
	const size_t at = offsetof(struct journal_head, crc);
	uint32_t crc = libdeflate_crc32(0, head, at);

	return libdeflate_crc32(crc, head + at + 4, size - at - 4);
}

uint8_t *pl_journal_head_encode(const struct pl_session_meta *meta, const struct journal_keys *keys,
				size_t *size, struct pl_error *err)
{
	/* COUNT and WRITE only read the meta */
	struct pl_session_meta *m = (struct pl_session_meta *)meta;
	struct journal_keys *k = (struct journal_keys *)keys;
	struct journal_head head = {.version = JOURNAL_VERSION};
	struct codec c = {.walk = COUNT, .version = JOURNAL_VERSION, .done = sizeof(head)};
	uint8_t *out;

	if (meta->mat_config_text &&
	    strnlen(meta->mat_config_text, CONFIG_TEXT_MAX + 1) > CONFIG_TEXT_MAX) {
		pl_error_set(err, PL_EUSAGE, 0, "the mat's configuration is over 16 MiB of text");
		return NULL;
	}
	everything(&c, m, k);
	*size = PAD8(c.done);
	out = calloc(1, *size);
	if (!out) {
		pl_error_set(err, PL_ENOMEM, 0, "no memory for the journal's head");
		return NULL;
	}
	c = (struct codec){.walk = WRITE,
			   .version = JOURNAL_VERSION,
			   .p = out,
			   .done = sizeof(head),
			   .end = *size};
	everything(&c, m, k);
	memcpy(head.magic, JOURNAL_MAGIC, sizeof(head.magic));
	head.head_bytes = (uint32_t)*size;
	memcpy(out, &head, sizeof(head));
	head.crc = pl_journal_head_crc(out, *size);
	memcpy(out, &head, sizeof(head));
	return out;
}

static bool believable(const struct pl_session_meta *m)
{
	const struct pl_calibration_origin *o = &m->calibration.origin;

	if (!isfinite(o->reference_n) || !isfinite(o->residual_rms_pct) ||
	    !isfinite(o->residual_max_pct) || !isfinite(o->repeat_pct) ||
	    !isfinite(o->body_mass_kg) || !isfinite(o->body_error_pct))
		return false;
	for (unsigned i = 0; m->sensor_area_m2 && i < m->geometry.rows; i++)
		if (!(m->sensor_area_m2[i] > 0 && m->sensor_area_m2[i] <= PL_SENSOR_AREA_MAX_M2))
			return false;
	return !m->sensor_area_m2 || m->live.layout == PL_LAYOUT_SENSORS;
}

int pl_journal_head_decode(const uint8_t *head, size_t size, struct pl_session_meta *meta,
			   struct journal_keys *keys, struct pl_error *err)
{
	struct codec c = {
		.walk = READ,
		.p = (uint8_t *)head, /* READ only reads */
		.done = sizeof(struct journal_head),
		.end = size,
	};

	memcpy(&c.version, head + offsetof(struct journal_head, version), sizeof(c.version));
	pl_session_meta_init(meta);
	*keys = (struct journal_keys){0};
	everything(&c, meta, keys);
	if (c.failed || !believable(meta) || !pl_annotations_valid(&meta->annotations))
		return pl_error_set(err, PL_ECORRUPT, 0,
				    "the head of the journal contradicts itself; written by "
				    "another version?");
	return pl_layout_check(meta->live.layout, &meta->calibration, &meta->geometry, err);
}
