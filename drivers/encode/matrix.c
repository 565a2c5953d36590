/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any mat that the generic matrix decoder can read, from the same description: lays the cells,
 * marks, counters and checksum where the decoder looks for them, and listens for the commands
 * that such a mat waits for.
 */
#include <string.h>

#include "drivers/decode/matrix_layout.h"
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
	return sizeof(struct matrix) + n * (sizeof(uint32_t) + pl_dtype_size(l.dtype));
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
	pl_matrix_order(&m->c, m->order);
	return 0;
}

static size_t matrix_max(const void *state)
{
	const struct matrix *m = state;

	return m->l.frame_bytes;
}

static void put_field(uint8_t *frame, const struct pl_field *f, uint32_t value)
{
	if (f->offset >= 0)
		pl_wire_put(frame + f->offset, f->width, f->big_endian, value);
}

static size_t matrix_frame(void *state, const void *cells, uint64_t seq, int64_t t_device_ns,
			   uint8_t *out)
{
	struct matrix *m = state;
	const struct pl_matrix_layout *l = &m->l;
	const struct pl_sync *tail = pl_matrix_tail(&m->c);

	(void)t_device_ns;
	memset(out, 0, l->frame_bytes);
	memcpy(out, m->c.head.bytes, m->c.head.n);
	memcpy(out + l->tail_at, tail->bytes, tail->n);
	if (l->permuted) {
		pl_matrix_scatter(m->scratch, cells, m->order, cells_n(m), pl_dtype_size(l->dtype));
		cells = m->scratch;
	}
	pl_matrix_pack(&m->c, l, cells, out + l->cells_at);
	put_field(out, &m->c.length_field, m->c.length_expected);
	put_field(out, &m->c.seq_field, (uint32_t)seq);
	if (m->c.check)
		pl_wire_put(out + l->check_at, l->check_width, m->c.check_big_endian,
			    pl_matrix_checksum(m->c.check, out + l->check_from,
					       l->check_to - l->check_from));
	if (m->polls)
		m->polls--;
	return l->frame_bytes;
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
