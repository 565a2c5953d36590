/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any mat that the generic matrix decoder can read, from the same description: lays the cells,
 * marks, counters and checksum where the decoder looks for them, and listens for the commands
 * that such a mat waits for.
 */
#include <string.h>

#include "drivers/decode/matrix_layout.h"
#include "drivers/encode/matrix_parts.h"
#include "drivers/encode/protocols.h"

#define POLLS_MAX 16 /* a device's own buffer for commands has an end too */

struct matrix {
	struct pl_matrix_config c;
	struct pl_matrix_layout l;
	bool started;
	unsigned polls;
	uint8_t heard[PL_COMMAND_MAX]; /* the last bytes received */
	unsigned heard_n;
	uint32_t *order; /* NULL: as it comes */
	uint8_t *scratch;
	uint8_t *plain;	 /* a frame, or a part of one, before it is escaped */
	size_t next;	 /* chunks: the cell that the next part begins with */
	uint32_t part;	 /* ... and its number */
	uint8_t *behind; /* ... cells of the part that goes on behind the last frame */
	size_t behind_n;
};

static size_t cells_n(const struct matrix *m)
{
	return (size_t)m->l.rows * m->l.cols;
}

static size_t matrix_state_size(const struct pl_decoder_config *config)
{
	struct pl_matrix_layout l;
	size_t n;

	if (pl_matrix_layout(&l, &config->matrix, NULL))
		return sizeof(struct matrix); /* init will say why not */
	n = (size_t)l.rows * l.cols;
	return sizeof(struct matrix) + n * (sizeof(uint32_t) + pl_dtype_size(l.dtype)) +
	       l.frame_bytes + config->matrix.chunks.cells * pl_dtype_size(l.dtype);
}

static int matrix_init(void *state, const struct pl_decoder_config *config, struct pl_error *err)
{
	struct matrix *m = state;

	m->c = config->matrix;
	if (pl_matrix_layout(&m->l, &m->c, err))
		return -1;
	if (config->rows != m->l.rows || config->cols != m->l.cols || config->dtype != m->l.dtype)
		return pl_error_set(err, PL_ECONFIG, 0,
				    "rows, cols, cell: the frame gives %u x %u %s after turning",
				    m->l.rows, m->l.cols, pl_dtype_name(m->l.dtype));
	m->started = !m->c.start.n;
	m->order = (uint32_t *)(void *)(m + 1);
	m->scratch = (uint8_t *)(m->order + cells_n(m));
	m->plain = m->scratch + cells_n(m) * pl_dtype_size(m->l.dtype);
	m->behind = m->plain + m->l.frame_bytes;
	pl_matrix_order(&m->c, m->order);
	return 0;
}

/* So many parts a frame at most: one that began in the frame before may be among them. */
static size_t parts_max(const struct matrix *m)
{
	return m->c.chunks.cells ? cells_n(m) / m->c.chunks.cells + 2 : 1;
}

static size_t matrix_max(const void *state)
{
	const struct matrix *m = state;

	if (m->c.text.line)
		return pl_text_max(&m->c);
	return parts_max(m) * (m->c.escape ? 2 * m->l.frame_bytes + 4 : m->l.frame_bytes);
}

static void put_field(uint8_t *frame, const struct pl_field *f, uint32_t value)
{
	if (f->offset >= 0 && f->width)
		pl_wire_put(frame + f->offset, f->width, f->big_endian, value);
}

/* A frame, or a part, around n cells in the order of the wire; into m->plain. */
static void wrap(struct matrix *m, const void *cells, size_t n, uint32_t seq)
{
	const struct pl_matrix_layout *l = &m->l;
	const struct pl_matrix_config *c = &m->c;
	const struct pl_sync *tail = pl_matrix_tail(c);
	struct pl_field second = c->dims;

	memset(m->plain, 0, l->frame_bytes);
	if (!c->escape) {
		memcpy(m->plain, c->head.bytes, c->head.n);
		memcpy(m->plain + l->tail_at, tail->bytes, tail->n);
	}
	pl_matrix_pack(c, l, cells, n, m->plain + l->cells_at);
	put_field(m->plain, &c->length_field, c->length_expected);
	put_field(m->plain, &c->seq_field, seq);
	put_field(m->plain, &c->dims, c->rows);
	second.offset += (int)second.width;
	put_field(m->plain, &second, c->cols);
	if (c->chunks.cells)
		put_field(m->plain, &c->chunks.index,
			  (uint32_t)(m->next / (c->chunks.by_row ? c->cols : 1)) +
				  c->chunks.index_base);
	if (c->check)
		pl_wire_put(m->plain + l->check_at, l->check_width, c->check_big_endian,
			    pl_matrix_checksum(c->check, m->plain + l->check_from,
					       l->check_to - l->check_from));
}

static size_t send(const struct matrix *m, uint8_t *out)
{
	if (m->c.escape)
		return pl_escape_bytes(&m->c, m->plain, m->l.frame_bytes, out);
	memcpy(out, m->plain, m->l.frame_bytes);
	return m->l.frame_bytes;
}

/* Parts follow each other without a gap, so one may end in the frame that is not there yet: it is
 * sent with the next frame's cells. */
static size_t send_parts(struct matrix *m, const uint8_t *cells, uint8_t *out)
{
	size_t size = pl_dtype_size(m->l.dtype), total = cells_n(m), at = 0, n = 0;
	size_t part = m->c.chunks.cells;

	while (at + part - m->behind_n <= total) {
		size_t fresh = part - m->behind_n;

		memcpy(m->behind + m->behind_n * size, cells + at * size, fresh * size);
		wrap(m, m->behind, part, m->part++);
		n += send(m, out + n);
		at += fresh;
		m->next = (m->next + part) % total;
		m->behind_n = 0;
	}
	m->behind_n += total - at;
	memcpy(m->behind + (m->behind_n - (total - at)) * size, cells + at * size,
	       (total - at) * size);
	return n;
}

static size_t matrix_frame(void *state, const void *cells, uint64_t seq, int64_t t_device_ns,
			   uint8_t *out)
{
	struct matrix *m = state;
	const struct pl_matrix_layout *l = &m->l;

	(void)t_device_ns;
	if (l->permuted) {
		pl_matrix_scatter(m->scratch, cells, m->order, cells_n(m), pl_dtype_size(l->dtype));
		cells = m->scratch;
	}
	if (m->polls)
		m->polls--;
	if (m->c.text.line)
		return pl_text_print(&m->c, l, cells, out);
	if (m->c.chunks.cells)
		return send_parts(m, cells, out);
	wrap(m, cells, cells_n(m), (uint32_t)seq);
	return send(m, out);
}

static bool heard(const struct matrix *m, const struct pl_command *command)
{
	return command->n && command->n <= m->heard_n &&
	       !memcmp(m->heard + m->heard_n - command->n, command->bytes, command->n);
}

/* The longest command that ends here; what was heard before it is forgotten. */
static void obey(struct matrix *m)
{
	const struct pl_command *commands[] = {&m->c.start, &m->c.stop, &m->c.poll};
	const struct pl_command *longest = NULL;

	for (size_t i = 0; i < 3; i++)
		if (heard(m, commands[i]) && (!longest || commands[i]->n > longest->n))
			longest = commands[i];
	if (!longest)
		return;
	m->heard_n = 0;
	if (longest == &m->c.poll) {
		m->polls += m->polls < POLLS_MAX;
		return;
	}
	m->started = longest == &m->c.start;
	m->polls = 0;
}

static void matrix_receive(void *state, const uint8_t *bytes, size_t n)
{
	struct matrix *m = state;

	for (size_t i = 0; i < n; i++) {
		if (m->heard_n == sizeof(m->heard))
			memmove(m->heard, m->heard + 1, --m->heard_n);
		m->heard[m->heard_n++] = bytes[i];
		obey(m);
	}
}

static bool matrix_ready(const void *state)
{
	const struct matrix *m = state;

	return m->started && (!m->c.poll.n || m->polls > 0);
}

const struct pl_encoder_ops pl_matrix_encoder = {
	.protocol = "matrix",
	.state_size = matrix_state_size,
	.init = matrix_init,
	.max = matrix_max,
	.frame = matrix_frame,
	.receive = matrix_receive,
	.ready = matrix_ready,
};
