/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How the bytes of a "matrix" mat are laid out: groups frame and commands of a mat file into a
 * struct pl_matrix_config. What no single key can tell wrong (a counter on top of the cells) is
 * found by pl_matrix_layout and reported at the frame group.
 */
#include <string.h>

#include "drivers/decode/matrix_layout.h"
#include "drivers/mat/mat_parts.h"

#define OFFSET_MAX (1 << 21)
#define POLL_QUIET_MS 2

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

static const char *const endian_keys[] = {"offset", "width", "endian", NULL};

static void read_escape(struct pl_conf *c, const config_setting_t *frame,
			struct pl_matrix_config *m)
{
	static const char *const names[] = {"none", "slip", "cobs", "table", NULL};
	uint8_t mark[1] = {0}, pairs[2 * PL_SYNC_MAX];
	size_t n;

	m->escape = (enum pl_escape)pl_conf_choice(c, frame, "escape", names, 0);
	if (m->escape != PL_ESCAPE_TABLE) {
		if (config_setting_get_member(frame, "escape_mark") ||
		    config_setting_get_member(frame, "escape_codes"))
			pl_conf_fail_at(c, frame, "escape",
					"escape_mark and escape_codes are for "
					"escape = \"table\"");
		return;
	}
	pl_conf_require(c, frame, "escape_mark");
	if (!pl_conf_bytes(c, frame, "escape_mark", mark, sizeof(mark)))
		pl_conf_fail_at(c, frame, "escape_mark", "valid: one byte, \"5C\"");
	m->table.mark = mark[0];
	n = pl_conf_bytes(c, frame, "escape_codes", pairs, sizeof(pairs));
	if (!n || n % 2)
		pl_conf_fail_at(
			c, frame, "escape_codes",
			"valid: pairs of a code and the byte it stands for, \"00 5C 01 5B\"");
	m->table.n = (unsigned)n / 2;
	for (size_t i = 0; i < n / 2; i++) {
		m->table.code[i] = pairs[2 * i];
		m->table.byte[i] = pairs[2 * i + 1];
	}
}

static void read_chunks(struct pl_conf *c, const config_setting_t *frame,
			struct pl_matrix_config *m)
{
	static const char *const keys[] = {"cells",  "unit",  "index_base", "list_index",
					   "offset", "width", "endian",	    NULL};
	static const char *const units[] = {"cell", "row", NULL};
	const config_setting_t *group = pl_conf_group(c, frame, "chunks", false);

	if (!group)
		return;
	pl_conf_require(c, group, "cells");
	read_field(c, frame, "chunks", keys, &m->chunks.index, NULL);
	m->chunks.cells = (unsigned)pl_conf_int(c, group, "cells", 1, 1, 1 << 18);
	m->chunks.by_row = pl_conf_choice(c, group, "unit", units, 0);
	m->chunks.index_base = read_unsigned(c, group, "index_base", 0, 65535);
	m->chunks.list_index = read_unsigned(c, group, "list_index", 0, UINT32_MAX);
}

static void read_digits(struct pl_conf *c, const config_setting_t *frame,
			struct pl_matrix_config *m)
{
	static const char *const keys[] = {"base", "offset", NULL};
	const config_setting_t *group = pl_conf_group(c, frame, "digits", false);

	if (!group)
		return;
	pl_conf_only(c, group, keys);
	pl_conf_require(c, group, "base");
	m->digits.base = (unsigned)pl_conf_int(c, group, "base", 2, 2, 256);
	m->digits.offset = read_unsigned(c, group, "offset", 0, 255);
}

static void read_word(struct pl_conf *c, const config_setting_t *group, const char *name,
		      char *word, size_t cap, const char *needs)
{
	const char *text = pl_conf_string(c, group, name, "");

	if (strlen(text) >= cap)
		pl_conf_fail_at(c, group, name, "valid: at most %zu characters", cap - 1);
	else if (needs && (strpbrk(text, "\r\n") || (text[0] >= '0' && text[0] <= '9')))
		pl_conf_fail_at(c, group, name, "%s", needs);
	else
		memcpy(word, text, strlen(text) + 1);
}

static void read_text(struct pl_conf *c, const config_setting_t *frame, struct pl_matrix_config *m)
{
	static const char *const keys[] = {"line",	 "begin",   "end",     "prefix",
					   "blank_line", "idle_ms", "runs_on", "skip_other",
					   "separators", NULL};
	static const char *const lines[] = {"row", "frame", "cell", "index", NULL};
	static const char word[] = "valid: a word of one line that begins with no digit";
	const config_setting_t *group = pl_conf_group(c, frame, "text", false);
	struct pl_text_lines *t = &m->text;

	if (!group)
		return;
	pl_conf_only(c, group, keys);
	pl_conf_require(c, group, "line");
	t->line = (enum pl_line)(PL_LINE_ROW + pl_conf_choice(c, group, "line", lines, 0));
	read_word(c, group, "begin", t->begin, sizeof(t->begin), word);
	read_word(c, group, "end", t->end, sizeof(t->end), word);
	read_word(c, group, "prefix", t->prefix, sizeof(t->prefix), word);
	read_word(c, group, "separators", t->separators, sizeof(t->separators), NULL);
	t->blank = pl_conf_bool(c, group, "blank_line", false);
	t->idle_ms = read_unsigned(c, group, "idle_ms", 0, 60000);
	t->runs_on = pl_conf_bool(c, group, "runs_on", false);
	t->skip_other = pl_conf_bool(c, group, "skip_other", false);
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
		"head",	       "tail",		"delimiter",	"skip_head",  "skip_tail",
		"lock_frames", "relock_frames", "confirm",	"length",     "seq",
		"endian",      "mask",		"shift",	"invert_max", "order",
		"flip_x",      "flip_y",	"rotate",	"row_map",    "check",
		"escape",      "escape_mark",	"escape_codes", "chunks",     "digits",
		"dims",	       "cell_max",	"text",		NULL};
	static const char *const length_keys[] = {"offset", "width", "endian", "expected", NULL};

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
	read_field(c, frame, "seq", endian_keys, &m->seq_field, NULL);
	read_field(c, frame, "dims", endian_keys, &m->dims, NULL);
	m->big_endian = pl_conf_choice(c, frame, "endian", endian_names, 0);
	m->mask = read_unsigned(c, frame, "mask", 0, UINT32_MAX);
	m->shift = read_unsigned(c, frame, "shift", 0, 31);
	m->invert_max = read_unsigned(c, frame, "invert_max", 0, UINT32_MAX);
	m->cell_max = read_unsigned(c, frame, "cell_max", 0, UINT32_MAX);
	m->column_major = pl_conf_choice(c, frame, "order", order_names, 0);
	m->flip_x = pl_conf_bool(c, frame, "flip_x", false);
	m->flip_y = pl_conf_bool(c, frame, "flip_y", false);
	read_rotate(c, frame, m);
	read_row_map(c, frame, m);
	read_check(c, frame, m);
	read_escape(c, frame, m);
	read_chunks(c, frame, m);
	read_digits(c, frame, m);
	read_text(c, frame, m);
}

static void read_commands(struct pl_conf *c, const config_setting_t *root,
			  struct pl_matrix_config *m)
{
	static const char *const keys[] = {"start",	      "stop",	       "poll",
					   "poll_timeout_ms", "poll_quiet_ms", NULL};
	const config_setting_t *group = pl_conf_group(c, root, "commands", false);

	pl_conf_only(c, group, keys);
	read_command(c, group, "start", &m->start);
	read_command(c, group, "stop", &m->stop);
	read_command(c, group, "poll", &m->poll);
	/* Where nothing marks a frame, a byte too many would shift all that follows. */
	m->poll_quiet_ms = read_unsigned(c, group, "poll_quiet_ms",
					 pl_matrix_unmarked(m) ? POLL_QUIET_MS : 0, 1000);
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
