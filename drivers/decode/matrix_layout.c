/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A matrix description has two dozen keys, and most combinations that make no sense would still
 * produce bytes: a checksum that covers itself, a counter on top of the cells, a row map that
 * names a row twice. They are found here, once, when the description is loaded, and not as a
 * wrong number in a recording.
 */
#include "drivers/decode/matrix_layout.h"

#include <plantar/calibration.h>
#include <plantar/crc.h>

#define SKIP_MAX 4096

static const unsigned cell_bytes[] = {
	[PL_WIRE_U8] = 1,  [PL_WIRE_I8] = 1,  [PL_WIRE_U16] = 2, [PL_WIRE_I16] = 2,
	[PL_WIRE_U24] = 3, [PL_WIRE_U32] = 4, [PL_WIRE_I32] = 4, [PL_WIRE_F32] = 4,
};

static const enum pl_dtype cell_dtype[] = {
	[PL_WIRE_U8] = PL_U8,	[PL_WIRE_I8] = PL_I16,	[PL_WIRE_U16] = PL_U16,
	[PL_WIRE_I16] = PL_I16, [PL_WIRE_U24] = PL_U32, [PL_WIRE_U32] = PL_U32,
	[PL_WIRE_I32] = PL_I32, [PL_WIRE_F32] = PL_F32,
};

static const unsigned check_width[] = {
	[PL_CHECK_NONE] = 0,	     [PL_CHECK_SUM8] = 1,  [PL_CHECK_SUM16] = 2,
	[PL_CHECK_XOR8] = 1,	     [PL_CHECK_CRC8] = 1,  [PL_CHECK_CRC16_CCITT] = 2,
	[PL_CHECK_CRC16_MODBUS] = 2, [PL_CHECK_CRC32] = 4,
};

enum pl_dtype pl_wire_dtype(enum pl_wire_cell cell)
{
	return cell_dtype[cell];
}

const struct pl_sync *pl_matrix_tail(const struct pl_matrix_config *c)
{
	return c->delimiter.n ? &c->delimiter : &c->tail;
}

bool pl_matrix_unmarked(const struct pl_matrix_config *c)
{
	return !c->head.n && !c->tail.n && !c->delimiter.n && !c->escape && !c->text.line;
}

unsigned pl_matrix_told_bytes(const struct pl_matrix_config *c)
{
	return (c->length_field.offset >= 0 ? c->length_field.width : 0) + 2 * c->dims.width;
}

bool pl_matrix_by_mark(const struct pl_matrix_config *c)
{
	unsigned tail = c->head.n ? c->tail.n : 0; /* alone it is the mark */

	return !c->check && tail + pl_matrix_told_bytes(c) < 2;
}

static bool is_signed(enum pl_wire_cell cell)
{
	return cell == PL_WIRE_I8 || cell == PL_WIRE_I16 || cell == PL_WIRE_I32;
}

static uint32_t cell_mask(enum pl_wire_cell cell)
{
	return cell_bytes[cell] == 4 ? UINT32_MAX : (1u << 8 * cell_bytes[cell]) - 1;
}

static int bad(struct pl_error *err, const char *message)
{
	return pl_error_set(err, PL_ECONFIG, 0, "%s", message);
}

static int check_enums(const struct pl_matrix_config *c, struct pl_error *err)
{
	if ((unsigned)c->cell > PL_WIRE_F32)
		return bad(err, "cell: not a known cell type");
	if ((unsigned)c->check > PL_CHECK_CRC32)
		return bad(err, "check: not a known checksum");
	if (c->rotate % 90 || c->rotate > 270)
		return bad(err, "rotate: must be 0, 90, 180 or 270");
	return 0;
}

static int check_marks(const struct pl_matrix_config *c, struct pl_error *err)
{
	if (c->head.n > PL_SYNC_MAX || c->tail.n > PL_SYNC_MAX || c->delimiter.n > PL_SYNC_MAX)
		return bad(err, "head, tail, delimiter: at most 8 bytes each");
	if (c->delimiter.n && (c->head.n || c->tail.n))
		return bad(err, "delimiter: cannot be combined with head or tail");
	if (c->start.n > PL_COMMAND_MAX || c->stop.n > PL_COMMAND_MAX || c->poll.n > PL_COMMAND_MAX)
		return bad(err, "commands: at most 64 bytes each");
	if (pl_matrix_unmarked(c) && !c->poll.n)
		return bad(err, "frame: needs a head, a tail or a delimiter; only a mat that is "
				"polled (commands.poll) can do without");
	if (c->confirm && !c->head.n)
		return bad(err, "confirm: needs a head");
	if (c->confirm && c->poll.n)
		return bad(err, "confirm: a polled mat sends no next head to wait for");
	return 0;
}

static int check_values(const struct pl_matrix_config *c, struct pl_error *err)
{
	bool changed = c->mask || c->shift || c->invert_max;

	if (changed && (c->cell == PL_WIRE_F32 || is_signed(c->cell)))
		return bad(err, "mask, shift, invert_max: only for unsigned cells");
	if (c->shift >= 8 * cell_bytes[c->cell])
		return bad(err, "shift: must be smaller than the cell's number of bits");
	if (c->mask & ~cell_mask(c->cell))
		return bad(err, "mask: has more bits than the cell");
	if (c->invert_max & ~(cell_mask(c->cell) >> c->shift))
		return bad(err, "invert_max: more than the cell can hold");
	if (c->cell_max && (c->cell == PL_WIRE_F32 || is_signed(c->cell)))
		return bad(err, "cell_max: only for unsigned cells");
	if (c->cell_max & ~(cell_mask(c->cell) >> c->shift))
		return bad(err, "cell_max: more than the cell can hold");
	return 0;
}

static int check_row_map(const struct pl_matrix_config *c, struct pl_error *err)
{
	uint8_t seen[PL_ROW_MAP_MAX] = {0};

	if (!c->row_map_n)
		return 0;
	if (c->row_map_n != c->rows)
		return pl_error_set(err, PL_ECONFIG, 0,
				    "row_map: has %u entries, the wire has %u rows", c->row_map_n,
				    c->rows);
	for (unsigned i = 0; i < c->row_map_n; i++) {
		if (c->row_map[i] >= c->rows)
			return pl_error_set(err, PL_ECONFIG, 0,
					    "row_map: entry %u names row %u; valid: 0..%u", i,
					    c->row_map[i], c->rows - 1);
		if (seen[c->row_map[i]]++)
			return pl_error_set(err, PL_ECONFIG, 0, "row_map: names row %u twice",
					    c->row_map[i]);
	}
	return 0;
}

struct named_field {
	const char *name;
	struct pl_field f;
};

#define FIELDS 4

static void fields_of(const struct pl_matrix_config *c, struct named_field *fields)
{
	fields[0] = (struct named_field){"length", c->length_field};
	fields[1] = (struct named_field){"seq", c->seq_field};
	fields[2] = (struct named_field){"dims", c->dims};
	fields[3] = (struct named_field){"chunks", c->chunks.index};
}

static bool used(const struct named_field *f)
{
	return f->f.offset >= 0 && f->f.width;
}

static unsigned bytes_of(const struct named_field *f)
{
	return f->f.width * (f->name[0] == 'd' ? 2 : 1); /* dims: two numbers */
}

/* A field is bytes that the description otherwise skips: it must not lie on anything else. */
static int check_field(const struct pl_matrix_config *c, const struct pl_matrix_layout *l,
		       const struct named_field *f, struct pl_error *err)
{
	size_t at = (size_t)f->f.offset, end = at + bytes_of(f);
	size_t head = c->escape ? 0 : c->head.n, tail_skip = l->cells_at + l->cells_bytes;

	if (!used(f))
		return 0;
	if (f->f.width != 1 && f->f.width != 2 && f->f.width != 4)
		return pl_error_set(err, PL_ECONFIG, 0, "%s: width must be 1, 2 or 4", f->name);
	if ((at >= head && end <= l->cells_at) || (at >= tail_skip && end <= l->check_at))
		return 0;
	return pl_error_set(err, PL_ECONFIG, 0,
			    "%s: bytes %zu to %zu of the frame are not skipped ones; valid: within "
			    "%zu..%zu (skip_head) or %zu..%zu (skip_tail)",
			    f->name, at, end - 1, head, l->cells_at, tail_skip, l->check_at);
}

/* Two fields on the same byte: what one of them says would be read as the other. */
static int check_overlap(const struct named_field *a, const struct named_field *b,
			 struct pl_error *err)
{
	int a_end = a->f.offset + (int)bytes_of(a), b_end = b->f.offset + (int)bytes_of(b);

	if (!used(a) || !used(b) || a_end <= b->f.offset || b_end <= a->f.offset)
		return 0;
	return pl_error_set(err, PL_ECONFIG, 0,
			    "%s: bytes %d to %d of the frame overlap the %s field (%d to %d)",
			    b->name, b->f.offset, b_end - 1, a->name, a->f.offset, a_end - 1);
}

static int check_fields(const struct pl_matrix_config *c, const struct pl_matrix_layout *l,
			struct pl_error *err)
{
	struct named_field fields[FIELDS];

	fields_of(c, fields);
	for (int i = 0; i < FIELDS; i++) {
		if (check_field(c, l, &fields[i], err))
			return -1;
		for (int k = 0; k < i; k++)
			if (check_overlap(&fields[k], &fields[i], err))
				return -1;
	}
	return 0;
}

static int check_check(const struct pl_matrix_config *c, struct pl_matrix_layout *l,
		       struct pl_error *err)
{
	l->check_from = c->check_from > 0 ? (size_t)c->check_from : 0;
	l->check_to = c->check_to > 0 ? (size_t)c->check_to : l->check_at;
	if (!c->check)
		return 0;
	if (c->check_from < 0 || c->check_to < 0 || l->check_to > l->check_at ||
	    l->check_from >= l->check_to)
		return pl_error_set(err, PL_ECONFIG, 0,
				    "check: from %d to %d is no range before the checksum; valid: "
				    "0 <= from < to <= %zu",
				    c->check_from, c->check_to, l->check_at);
	return 0;
}

static bool identity_order(const struct pl_matrix_config *c)
{
	if (c->flip_x || c->flip_y || c->rotate || (c->column_major && c->rows > 1 && c->cols > 1))
		return false;
	for (unsigned i = 0; i < c->row_map_n; i++)
		if (c->row_map[i] != i)
			return false;
	return true;
}

/* A mark that looks like cells without load: an empty mat would send nothing but marks. */
static int check_empty(const struct pl_matrix_config *c, const struct pl_matrix_layout *l,
		       struct pl_error *err)
{
	const struct pl_sync *mark = c->head.n ? &c->head : pl_matrix_tail(c);
	static const uint8_t empty[8];
	uint8_t wire[8] = {0};
	unsigned width = l->wire_cell_bytes;

	if (!mark->n || c->escape || c->text.line || c->poll.n || !pl_matrix_by_mark(c))
		return 0;
	pl_matrix_pack(c, l, empty, 1, wire);
	for (unsigned phase = 0; phase < width; phase++) {
		unsigned i = 0;

		while (i < mark->n && mark->bytes[i] == wire[(phase + i) % width])
			i++;
		if (i == mark->n && l->cells_bytes >= mark->n)
			return bad(err,
				   "head, tail, delimiter: what cells without load look like "
				   "cannot mark a frame, since an empty mat would send nothing "
				   "else; name more of what stands between frames, or a check");
	}
	return 0;
}

int pl_matrix_layout(struct pl_matrix_layout *l, const struct pl_matrix_config *c,
		     struct pl_error *err)
{
	bool turned;

	if (c->rows < 1 || c->rows > PL_SIDE_MAX || c->cols < 1 || c->cols > PL_SIDE_MAX)
		return bad(err, "rows, cols: must be 1..512");
	if (check_enums(c, err) || pl_matrix_check_modes(c, err) || check_marks(c, err) ||
	    check_values(c, err) || check_row_map(c, err))
		return -1;
	if (c->skip_head > SKIP_MAX || c->skip_tail > SKIP_MAX)
		return bad(err, "skip_head, skip_tail: at most 4096");

	turned = c->rotate == 90 || c->rotate == 270;
	*l = (struct pl_matrix_layout){
		.cells_at = (c->escape ? 0 : c->head.n) + c->skip_head,
		.wire_cell_bytes = cell_bytes[c->cell],
		.cells_n = c->chunks.cells ? c->chunks.cells : (size_t)c->rows * c->cols,
		.check_width = check_width[c->check],
		.rows = turned ? c->cols : c->rows,
		.cols = turned ? c->rows : c->cols,
		.dtype = cell_dtype[c->cell],
		.permuted = !identity_order(c),
	};
	l->cells_bytes = l->cells_n * l->wire_cell_bytes;
	l->check_at = l->cells_at + l->cells_bytes + c->skip_tail;
	l->tail_at = l->check_at + l->check_width;
	l->frame_bytes = l->tail_at + (c->escape ? 0 : pl_matrix_tail(c)->n);
	if (check_check(c, l, err) || check_fields(c, l, err) || check_empty(c, l, err))
		return -1;
	return 0;
}

/* Where cell (r, c) of the delivered matrix lies before the turn by `rotate` degrees clockwise. */
static void unrotate(const struct pl_matrix_config *c, unsigned *row, unsigned *col)
{
	unsigned r = *row, k = *col;

	switch (c->rotate) {
	case 90:
		*row = c->rows - 1 - k;
		*col = r;
		break;
	case 180:
		*row = c->rows - 1 - r;
		*col = c->cols - 1 - k;
		break;
	case 270:
		*row = k;
		*col = c->cols - 1 - r;
		break;
	default:
		break;
	}
}

void pl_matrix_order(const struct pl_matrix_config *c, uint32_t *from)
{
	bool turned = c->rotate == 90 || c->rotate == 270;
	unsigned rows = turned ? c->cols : c->rows, cols = turned ? c->rows : c->cols;

	for (unsigned r = 0; r < rows; r++) {
		for (unsigned k = 0; k < cols; k++) {
			unsigned row = r, col = k;

			unrotate(c, &row, &col);
			if (c->flip_x)
				col = c->cols - 1 - col;
			if (c->flip_y)
				row = c->rows - 1 - row;
			if (c->row_map_n)
				row = c->row_map[row];
			*from++ = c->column_major ? col * c->rows + row : row * c->cols + col;
		}
	}
}

uint32_t pl_matrix_checksum(enum pl_check check, const uint8_t *bytes, size_t n)
{
	switch (check) {
	case PL_CHECK_SUM8:
		return pl_sum8(0, bytes, n);
	case PL_CHECK_SUM16:
		return pl_sum16(0, bytes, n);
	case PL_CHECK_XOR8:
		return pl_xor8(0, bytes, n);
	case PL_CHECK_CRC8:
		return pl_crc8(PL_CRC8_INIT, bytes, n);
	case PL_CHECK_CRC16_CCITT:
		return pl_crc16_ccitt(PL_CRC16_CCITT_INIT, bytes, n);
	case PL_CHECK_CRC16_MODBUS:
		return pl_crc16_modbus(PL_CRC16_MODBUS_INIT, bytes, n);
	case PL_CHECK_CRC32:
		return pl_crc32(PL_CRC32_INIT, bytes, n);
	case PL_CHECK_NONE:
		break;
	}
	return 0;
}

uint32_t pl_wire_get(const uint8_t *at, unsigned width, bool big_endian)
{
	uint32_t value = 0;

	for (unsigned i = 0; i < width; i++)
		value |= (uint32_t)at[big_endian ? width - 1 - i : i] << 8 * i;
	return value;
}

void pl_wire_put(uint8_t *at, unsigned width, bool big_endian, uint32_t value)
{
	for (unsigned i = 0; i < width; i++)
		at[big_endian ? width - 1 - i : i] = (uint8_t)(value >> 8 * i);
}
