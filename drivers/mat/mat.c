/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A mat file from top to bottom. It is read straight down, every key through the strict readers
 * of conf.h, and checked once at the end: whatever is wrong first is what the person hears.
 */
#include "drivers/mat/mat.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "drivers/decode/matrix_layout.h"
#include "drivers/mat/mat_join.h"
#include "drivers/mat/mat_parts.h"

static const char *const facing_names[] = {"auto", "forward", "backward", "left", "right", NULL};
static const char *const side_names[] = {"unknown", "left", "right", NULL};
static const char *const region_names[] = {"novel", "thirds", "30-30-40", "thirds-box", NULL};

/* Of protocols that send cells as they are: all but "matrix". */
static const enum pl_dtype plain_dtype[] = {
	[PL_WIRE_U8] = PL_U8,	[PL_WIRE_U16] = PL_U16, [PL_WIRE_I16] = PL_I16,
	[PL_WIRE_U32] = PL_U32, [PL_WIRE_I32] = PL_I32, [PL_WIRE_F32] = PL_F32,
};

static void read_pitch(struct pl_conf *c, const config_setting_t *root, struct pl_geometry *g)
{
	const config_setting_t *s = config_setting_get_member(root, "pitch_mm");
	double mm[2] = {1, 1};

	pl_conf_require(c, root, "pitch_mm");
	if (s && (config_setting_is_array(s) || config_setting_is_list(s)))
		pl_conf_numbers(c, root, "pitch_mm", mm, 2, 2);
	else
		mm[0] = mm[1] = pl_conf_number(c, root, "pitch_mm", 1, 0.1, 1000);
	if (!(mm[0] >= 0.1 && mm[0] <= 1000 && mm[1] >= 0.1 && mm[1] <= 1000))
		pl_conf_fail(c, s, "valid: 0.1..1000, or [between rows, between columns]");
	g->pitch_row_m = mm[0] / 1000;
	g->pitch_col_m = mm[1] / 1000;
}

static void read_geometry(struct pl_conf *c, const config_setting_t *root, struct pl_mat *mat)
{
	struct pl_geometry *g = &mat->geometry;

	pl_conf_require(c, root, "rows");
	pl_conf_require(c, root, "cols");
	g->rows = (unsigned)pl_conf_int(c, root, "rows", 1, 1, PL_SIDE_MAX);
	g->cols = (unsigned)pl_conf_int(c, root, "cols", 1, 1, PL_SIDE_MAX);
	read_pitch(c, root, g);
	mat->rate_hz = pl_conf_number(c, root, "rate_hz", 0, 0, 100000);
	mat->row_scan_s = pl_conf_number(c, root, "scan_ms", 0, 0, 10000) / 1000;
}

static int read_switch(struct pl_conf *c, const config_setting_t *group, const char *name)
{
	if (!group || !config_setting_get_member(group, name))
		return -1;
	return pl_conf_bool(c, group, name, false);
}

static void read_serial(struct pl_conf *c, const config_setting_t *root,
			struct pl_serial_config *serial)
{
	static const char *const keys[] = {"baud",	     "dtr", "rts", "settle_ms",
					   "discard_banner", NULL};
	const config_setting_t *group = pl_conf_group(c, root, "serial", false);

	pl_conf_only(c, group, keys);
	serial->baud = (unsigned)pl_conf_int(c, group, "baud", 115200, 50, 20000000);
	serial->dtr = read_switch(c, group, "dtr");
	serial->rts = read_switch(c, group, "rts");
	serial->settle_ms = (unsigned)pl_conf_int(c, group, "settle_ms", 0, 0, 10000);
	serial->discard_banner = pl_conf_bool(c, group, "discard_banner", false);
}

static void refuse(struct pl_conf *c, const config_setting_t *root, const char *name)
{
	const config_setting_t *s = config_setting_get_member(root, name);

	if (s)
		pl_conf_fail(c, s, "only for protocol = \"matrix\"");
}

static void read_protocol(struct pl_conf *c, const config_setting_t *root, struct pl_mat *mat)
{
	const char *const *protocols = pl_decoder_protocols();
	bool matrix;
	int cell;

	pl_conf_require(c, root, "protocol");
	mat->decoder.protocol = protocols[pl_conf_choice(c, root, "protocol", protocols, 0)];
	matrix = !strcmp(mat->decoder.protocol, "matrix");
	if (matrix)
		pl_conf_require(c, root, "cell");
	cell = pl_conf_choice(c, root, "cell", pl_wire_cell_names, PL_WIRE_U16);
	if (matrix) {
		mat->dtype = pl_wire_dtype((enum pl_wire_cell)cell);
		pl_mat_read_frame(c, root, mat, (enum pl_wire_cell)cell);
	} else {
		mat->dtype = plain_dtype[cell];
		if (cell == PL_WIRE_I8 || cell == PL_WIRE_U24)
			pl_conf_fail_at(c, root, "cell",
					"only for protocol = \"matrix\"; valid: u8, u16, i16, u32, "
					"i32, f32");
		refuse(c, root, "frame");
		refuse(c, root, "commands");
	}
	pl_mat_read_device(c, root, mat);
	mat->decoder.rows = mat->geometry.rows;
	mat->decoder.cols = mat->geometry.cols;
	mat->decoder.dtype = mat->dtype;
	mat->decoder.rate_hz = mat->rate_hz;
}

static void read_live(struct pl_conf *c, const config_setting_t *root, struct pl_mat *mat)
{
	static const char *const keys[] = {"facing",	"side",	     "region",
					   "force_min", "filter_hz", NULL};
	const config_setting_t *group = pl_conf_group(c, root, "live", false);
	struct pl_live_options *o = &mat->live;

	pl_live_options_init(o);
	o->rate_hz = mat->rate_hz;
	pl_conf_only(c, group, keys);
	o->facing = (enum pl_facing)pl_conf_choice(c, group, "facing", facing_names, o->facing);
	o->side = (enum pl_side)pl_conf_choice(c, group, "side", side_names, o->side);
	o->region = (enum pl_region_convention)pl_conf_choice(c, group, "region", region_names,
							      o->region);
	o->force_min = pl_conf_number(c, group, "force_min", o->force_min, 0, 1e9);
	o->filter_hz = pl_conf_number(c, group, "filter_hz", o->filter_hz, 0, 10000);
	if (o->rate_hz <= 0 || o->filter_hz < o->rate_hz / 2)
		return;
	if (group && config_setting_get_member(group, "filter_hz"))
		pl_conf_fail(c, config_setting_get_member(group, "filter_hz"),
			     "is %g; valid: 0 (none) or less than half of rate_hz (%g)",
			     o->filter_hz, o->rate_hz);
	o->filter_hz = 0; /* too slow a mat for the usual filter */
}

/* The folder of a path, for files named in it. */
static void folder_of(const char *path, char *buf, size_t cap)
{
	const char *slash = strrchr(path, '/');

	snprintf(buf, cap, "%.*s", slash ? (int)(slash - path) : 1, slash ? path : ".");
	if (slash == path)
		snprintf(buf, cap, "/");
}

static void read_calibration_file(struct pl_conf *c, const char *path, struct pl_mat *mat)
{
	struct pl_error *err = c->err;
	struct pl_conf own;
	char folder[512];

	folder_of(path, folder, sizeof(folder));
	mat->calibration_text = pl_conf_read_file(path, PL_CALIBRATION_FILE_MAX, err);
	if (!mat->calibration_text) {
		c->failed = true;
		return;
	}
	if (!pl_conf_open_text(&own, path, mat->calibration_text, err))
		pl_mat_read_calibration(&own, config_root_setting(&own.config), &mat->geometry,
					folder, &mat->calibration);
	c->failed = own.failed;
	pl_conf_close(&own);
}

/* What a decoder does not take is said now, by the file's name, and not when a device is opened. */
static void try_decoder(struct pl_conf *c, const config_setting_t *root, const struct pl_mat *mat)
{
	static const char key[] = "protocol ";
	struct pl_error err = {0};
	struct pl_decoder *decoder = pl_decoder_new(&mat->decoder, &err);
	size_t named = strncmp(err.message, key, sizeof(key) - 1) ? 0 : sizeof(key) - 1;

	if (!decoder)
		pl_conf_fail(c, config_setting_get_member(root, "protocol"), "%s",
			     err.message + named);
	pl_decoder_free(decoder);
}

static void read_mat(struct pl_conf *c, struct pl_mat *mat, const char *folder,
		     const char *calibration_path)
{
	static const char *const keys[] = {
		"title",  "rows", "cols",  "pitch_mm", "rate_hz",     "scan_ms", "protocol", "cell",
		"serial", "usb",  "frame", "commands", "calibration", "live",	 "device",   NULL};
	const config_setting_t *root = config_root_setting(&c->config), *calibration;
	const char *title;

	pl_conf_only(c, root, keys);
	title = pl_conf_string(c, root, "title", mat->name);
	if (strlen(title) >= sizeof(mat->title))
		pl_conf_fail_at(c, root, "title", "valid: at most %zu characters",
				sizeof(mat->title) - 1);
	snprintf(mat->title, sizeof(mat->title), "%s", title);
	read_geometry(c, root, mat);
	read_serial(c, root, &mat->serial);
	read_protocol(c, root, mat);
	mat->usb.packets = pl_decoder_packets(mat->decoder.protocol);
	pl_mat_read_usb(c, root, &mat->usb);
	if (!mat->usb.packets && pl_decoder_packets(mat->decoder.protocol))
		pl_conf_fail(c, root, "usb.packets: protocol \"%s\" cannot do without",
			     mat->decoder.protocol);
	read_live(c, root, mat);
	calibration = pl_conf_group(c, root, "calibration", false);
	if (!c->failed)
		try_decoder(c, root, mat);
	if (c->failed)
		return;
	pl_calibration_init(&mat->calibration, &mat->geometry);
	if (calibration_path)
		read_calibration_file(c, calibration_path, mat);
	else
		pl_mat_read_calibration(c, calibration, &mat->geometry, folder, &mat->calibration);
}

static int parse(struct pl_mat *mat, const char *where, const char *folder,
		 const char *calibration_path, struct pl_error *err)
{
	struct pl_conf c;
	int failed = pl_conf_open_text(&c, where, mat->config_text, err);

	if (!failed)
		read_mat(&c, mat, folder, calibration_path);
	failed = c.failed;
	pl_conf_close(&c);
	if (failed)
		pl_mat_free(mat);
	return failed ? -1 : 0;
}

static int bad_name(const char *name, struct pl_error *err)
{
	return pl_error_set(err, PL_ECONFIG, 0,
			    "%s: not the name of a mat; valid: a to z, 0 to 9 and -, then .conf",
			    name);
}

int pl_mat_parse(struct pl_mat *mat, const char *name, const char *text, struct pl_error *err)
{
	memset(mat, 0, sizeof(*mat));
	if (!pl_mat_name_ok(name))
		return bad_name(name, err);
	snprintf(mat->name, sizeof(mat->name), "%s", name);
	mat->config_text = strdup(text);
	if (!mat->config_text)
		return pl_error_set(err, PL_ENOMEM, 0, "out of memory");
	return parse(mat, name, NULL, NULL, err);
}

static int set_name(struct pl_mat *mat, struct pl_error *err)
{
	const char *slash = strrchr(mat->path, '/'), *file = slash ? slash + 1 : mat->path;
	size_t n = strlen(file);

	if (n > 5 && !strcmp(file + n - 5, ".conf"))
		n -= 5;
	snprintf(mat->name, sizeof(mat->name), "%.*s", (int)n, file);
	return n < sizeof(mat->name) && pl_mat_name_ok(mat->name) ? 0 : bad_name(mat->path, err);
}

int pl_mat_load(struct pl_mat *mat, const char *name_or_path, const char *calibration_path,
		struct pl_error *err)
{
	size_t n = strlen(name_or_path);
	bool is_path =
		strchr(name_or_path, '/') || (n >= 5 && !strcmp(name_or_path + n - 5, ".conf"));
	char folder[512];

	memset(mat, 0, sizeof(*mat));
	if (!is_path && pl_mat_find(name_or_path, mat->path, sizeof(mat->path), err))
		return -1;
	if (is_path && n >= sizeof(mat->path))
		return pl_error_set(err, PL_ECONFIG, 0, "path too long: %.100s...", name_or_path);
	if (is_path)
		memcpy(mat->path, name_or_path, n + 1);
	mat->config_text = pl_conf_read_file(mat->path, PL_CONF_FILE_MAX, err);
	if (!mat->config_text)
		return -1;
	if (set_name(mat, err)) {
		pl_mat_free(mat);
		return -1;
	}
	folder_of(mat->path, folder, sizeof(folder));
	return parse(mat, mat->path, folder, calibration_path, err);
}

int pl_mat_load_calibration(struct pl_mat *mat, const char *path, struct pl_error *err)
{
	struct pl_conf c = {.err = err};

	pl_calibration_free(&mat->calibration);
	free(mat->calibration_text);
	mat->calibration_text = NULL;
	pl_calibration_init(&mat->calibration, &mat->geometry);
	read_calibration_file(&c, path, mat);
	return c.failed ? -1 : 0;
}

int64_t pl_mat_boot_ns(const struct pl_mat *mat)
{
	return (int64_t)mat->decoder.matrix.text.idle_ms * 3 / 2 * 1000000;
}

void pl_mat_free(struct pl_mat *mat)
{
	pl_calibration_free(&mat->calibration);
	free(mat->config_text);
	free(mat->calibration_text);
	memset(mat, 0, sizeof(*mat));
}
