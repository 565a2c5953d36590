/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How the bytes of a "matrix" mat are laid out: groups frame and commands of a mat file into a
 * struct pl_matrix_config. What no single key can tell wrong (a counter on top of the cells) is
 * found by pl_matrix_layout and reported at the frame group.
 */
#include "drivers/decode/matrix_layout.h"
#include "drivers/mat/mat_parts.h"

#define OFFSET_MAX (1 << 21)

const char *const pl_wire_cell_names[] = {"u8",	 "i8",	"u16", "i16", "u24",
					  "u32", "i32", "f32", NULL};
static const char *const endian_names[] = {"little", "big", NULL};
static const char *const order_names[] = {"row", "column", NULL};
static const char *const check_names[] = {"none",	 "sum8",	 "sum16", "xor8", "crc8",
					  "crc16-ccitt", "crc16-modbus", "crc32", NULL};

static unsigned read_unsigned(struct pl_conf *c, const config_setting_t *group, const char *name,
			      unsigned fallback, unsigned max)
{
	return (unsigned)pl_conf_int(c, group, name, fallback, 0, max);
}

static void read_sync(struct pl_conf *c, const config_setting_t *group, const char *name,
		      struct pl_sync *sync)
{
	sync->n = (unsigned)pl_conf_bytes(c, group, name, sync->bytes, sizeof(sync->bytes));
}

static void read_command(struct pl_conf *c, const config_setting_t *group, const char *name,
			 struct pl_command *command)
{
	command->n =
		(unsigned)pl_conf_bytes(c, group, name, command->bytes, sizeof(command->bytes));
}

static void read_field(struct pl_conf *c, const config_setting_t *frame, const char *name,
		       const char *const *keys, struct pl_field *field, uint32_t *expected)
{
	const config_setting_t *group = pl_conf_group(c, frame, name, false);

	field->offset = -1;
	if (!group)
		return;
	pl_conf_only(c, group, keys);
	pl_conf_require(c, group, "offset");
	field->offset = (int)pl_conf_int(c, group, "offset", -1, 0, OFFSET_MAX);
	field->width = read_unsigned(c, group, "width", 2, 4);
	field->big_endian = pl_conf_choice(c, group, "endian", endian_names, 0);
	if (!expected)
		return;
	pl_conf_require(c, group, "expected");
	*expected = read_unsigned(c, group, "expected", 0, UINT32_MAX);
}

static void read_check(struct pl_conf *c, const config_setting_t *frame, struct pl_matrix_config *m)
{
	static const char *const keys[] = {"type", "endian", "from", "to", NULL};
	const config_setting_t *group = pl_conf_group(c, frame, "check", false);

	if (!group)
		return;
	pl_conf_only(c, group, keys);
	pl_conf_require(c, group, "type");
	m->check = (enum pl_check)pl_conf_choice(c, group, "type", check_names, 0);
	m->check_big_endian = pl_conf_choice(c, group, "endian", endian_names, 0);
	m->check_from = (int)pl_conf_int(c, group, "from", 0, 0, OFFSET_MAX);
	m->check_to = (int)pl_conf_int(c, group, "to", 0, 0, OFFSET_MAX);
}

static void read_row_map(struct pl_conf *c, const config_setting_t *frame,
			 struct pl_matrix_config *m)
{
	double rows[PL_ROW_MAP_MAX];
	size_t n = pl_conf_numbers(c, frame, "row_map", rows, PL_ROW_MAP_MAX, 0);

	for (size_t i = 0; i < n; i++) {
		if (!(rows[i] >= 0 && rows[i] < PL_ROW_MAP_MAX) || rows[i] != (uint16_t)rows[i]) {
			pl_conf_fail_at(c, frame, "row_map", "entry %zu is no row number", i);
			return;
		}
		m->row_map[i] = (uint16_t)rows[i];
	}
	m->row_map_n = (unsigned)n;
}

static void read_rotate(struct pl_conf *c, const config_setting_t *frame,
			struct pl_matrix_config *m)
{
	m->rotate = read_unsigned(c, frame, "rotate", 0, 270);
	if (m->rotate % 90)
		pl_conf_fail(c, config_setting_get_member(frame, "rotate"),
			     "is %u; valid: 0, 90, 180, 270", m->rotate);
}

static void read_group(struct pl_conf *c, const config_setting_t *frame, struct pl_matrix_config *m)
{
	static const char *const keys[] = {
		"head",		 "tail",       "delimiter", "skip_head", "skip_tail", "lock_frames",
		"relock_frames", "confirm",    "length",    "seq",	 "endian",    "mask",
		"shift",	 "invert_max", "order",	    "flip_x",	 "flip_y",    "rotate",
		"row_map",	 "check",      NULL};
	static const char *const length_keys[] = {"offset", "width", "endian", "expected", NULL};
	static const char *const seq_keys[] = {"offset", "width", "endian", NULL};

	pl_conf_only(c, frame, keys);
	read_sync(c, frame, "head", &m->head);
	read_sync(c, frame, "tail", &m->tail);
	read_sync(c, frame, "delimiter", &m->delimiter);
	m->skip_head = read_unsigned(c, frame, "skip_head", 0, 4096);
	m->skip_tail = read_unsigned(c, frame, "skip_tail", 0, 4096);
	m->lock_frames = (unsigned)pl_conf_int(c, frame, "lock_frames", 3, 1, 1000);
	m->relock_frames = (unsigned)pl_conf_int(c, frame, "relock_frames", 12, 1, 1000);
	m->confirm = pl_conf_bool(c, frame, "confirm", false);
	read_field(c, frame, "length", length_keys, &m->length_field, &m->length_expected);
	read_field(c, frame, "seq", seq_keys, &m->seq_field, NULL);
	m->big_endian = pl_conf_choice(c, frame, "endian", endian_names, 0);
	m->mask = read_unsigned(c, frame, "mask", 0, UINT32_MAX);
	m->shift = read_unsigned(c, frame, "shift", 0, 31);
	m->invert_max = read_unsigned(c, frame, "invert_max", 0, UINT32_MAX);
	m->column_major = pl_conf_choice(c, frame, "order", order_names, 0);
	m->flip_x = pl_conf_bool(c, frame, "flip_x", false);
	m->flip_y = pl_conf_bool(c, frame, "flip_y", false);
	read_rotate(c, frame, m);
	read_row_map(c, frame, m);
	read_check(c, frame, m);
}

static void read_commands(struct pl_conf *c, const config_setting_t *root,
			  struct pl_matrix_config *m)
{
	static const char *const keys[] = {"start", "stop", "poll", "poll_timeout_ms", NULL};
	const config_setting_t *group = pl_conf_group(c, root, "commands", false);

	pl_conf_only(c, group, keys);
	read_command(c, group, "start", &m->start);
	read_command(c, group, "stop", &m->stop);
	read_command(c, group, "poll", &m->poll);
	m->poll_timeout_ms = (unsigned)pl_conf_int(c, group, "poll_timeout_ms", 500, 1, 60000);
}

void pl_mat_read_frame(struct pl_conf *c, const config_setting_t *root, struct pl_mat *mat,
		       enum pl_wire_cell cell)
{
	struct pl_matrix_config *m = &mat->decoder.matrix;
	const config_setting_t *frame = pl_conf_group(c, root, "frame", false);
	struct pl_matrix_layout layout;
	struct pl_error err;

	m->cell = cell;
	m->length_field.offset = m->seq_field.offset = -1;
	if (frame)
		read_group(c, frame, m);
	read_commands(c, root, m);
	m->rows = m->rotate % 180 ? mat->geometry.cols : mat->geometry.rows;
	m->cols = m->rotate % 180 ? mat->geometry.rows : mat->geometry.cols;
	if (!c->failed && pl_matrix_layout(&layout, m, &err))
		pl_conf_fail(c, frame, "%s", err.message);
}
