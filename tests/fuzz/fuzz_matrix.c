/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The generic decoder with any description that the checks let through, and any bytes. The first
 * HEADER bytes are the description (the order is that of describe), the rest is the stream. A
 * mat that is polled, or that listens for silence, is also ticked.
 *
 * No fuzzer guesses a checksum, nor a mark of eight bytes in each frame. With REPAIR the bytes are
 * taken as the contents of frames, and marks, checks, lengths and escapes are put around them.
 *
 * Ten minutes on one core, 2026-11-25, ASan and UBSan: 1.1 million inputs, no finding.
 */
#include "drivers/decode/matrix_layout.h"
#include "drivers/encode/encode.h"
#include "drivers/encode/matrix_parts.h"
#include "tests/fuzz/feed.h"

#define HEADER 40

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint8_t take(const uint8_t **at)
{
	return *(*at)++;
}

static void take_sync(const uint8_t **at, struct pl_sync *sync, unsigned n)
{
	sync->n = n % (PL_SYNC_MAX + 1);
	for (unsigned i = 0; i < 3; i++)
		sync->bytes[i] = sync->bytes[i + 4] = take(at);
}

static void take_field(const uint8_t **at, struct pl_field *field)
{
	unsigned how = take(at);

	field->offset = (int)(how >> 4) - 1;
	field->width = 1u << how % 3;
	field->big_endian = how & 8;
}

enum { ESCAPED = 1, TEXT = 2, PARTS = 4, DIGITS = 8, DIMS = 16, REPAIR = 32, LIST = 64 };
#define MODES_AT 32

static void describe_text(struct pl_text_lines *t, unsigned line, unsigned how)
{
	t->line = (enum pl_line)(line % (PL_LINE_INDEX + 1));
	t->blank = how & 1;
	t->skip_other = how & 2;
	memcpy(t->begin, "on", how & 4 ? 2 : 0);
	memcpy(t->end, "off", how & 8 ? 3 : 0);
	memcpy(t->prefix, "v", how & 16 ? 1 : 0);
	t->idle_ms = how & 32 ? 1 : 0;
	t->runs_on = how & 64;
	memcpy(t->separators, ",:", how & 128 ? 2 : 0);
}

static void describe_modes(struct pl_matrix_config *m, const uint8_t *at)
{
	unsigned modes = take(&at), escape = take(&at), line = take(&at), how = take(&at);
	unsigned cells = take(&at);

	if (modes & TEXT)
		describe_text(&m->text, line, how);
	m->escape =
		modes & ESCAPED ? (enum pl_escape)(escape % (PL_ESCAPE_TABLE + 1)) : PL_ESCAPE_NONE;
	m->table = (struct pl_escape_table){.mark = 0x5C,
					    .n = 1 + escape / 4 % 3,
					    .code = {0, 1, 2},
					    .byte = {0x5C, 0x5B, 0x5D}};
	if (modes & PARTS) {
		m->chunks.cells = cells % 64;
		m->chunks.by_row = cells & 64;
		m->chunks.index_base = cells & 128 ? 11 : 0;
		take_field(&at, &m->chunks.index);
		m->chunks.list_index = modes & LIST ? 200 : 0;
	} else {
		take(&at);
	}
	m->cell_max = take(&at);
	m->poll_quiet_ms = m->poll.n && m->cell_max % 2;
	if (modes & DIGITS)
		m->digits = (struct pl_digits){.base = 32, .offset = 11};
	if (modes & DIMS)
		m->dims = (struct pl_field){.offset = m->escape ? 0 : (int)m->head.n, .width = 1};
}

static void describe(struct pl_matrix_config *m, const uint8_t *at)
{
	unsigned marks = take(&at);

	take_sync(&at, marks & 8 ? &m->delimiter : &m->head, marks & 7);
	take_sync(&at, &m->tail, marks & 8 ? 0 : marks >> 4);
	m->skip_head = take(&at) % 9;
	m->skip_tail = take(&at) % 9;
	m->lock_frames = take(&at) % 5;
	m->relock_frames = take(&at) % 7;
	m->confirm = take(&at) % 4 == 1;
	take_field(&at, &m->length_field);
	m->length_expected = take(&at);
	take_field(&at, &m->seq_field);
	m->rows = take(&at) % 13;
	m->cols = take(&at) % 13;
	m->cell = (enum pl_wire_cell)(take(&at) % (PL_WIRE_F32 + 1));
	m->big_endian = take(&at) & 1;
	m->mask = take(&at) * 257u;
	m->shift = take(&at) % 9;
	m->invert_max = take(&at);
	m->column_major = take(&at) & 1;
	m->flip_x = take(&at) & 1;
	m->flip_y = take(&at) & 1;
	m->rotate = take(&at) % 5 * 90u;
	m->row_map_n = take(&at) % 3 ? 0 : m->rows;
	for (unsigned i = 0; i < m->row_map_n; i++)
		m->row_map[i] = (uint16_t)(m->rows - 1 - i);
	m->check = (enum pl_check)(take(&at) % (PL_CHECK_CRC32 + 1));
	m->check_big_endian = take(&at) & 1;
	m->check_from = take(&at) % 5;
	m->check_to = take(&at);
	m->poll.n = take(&at) % 4 == 1;
	m->poll_timeout_ms = 1;
	describe_modes(m, at);
}

/* Asked and not answered, answered in part, answered late: no comparison, but no harm either. */
static void poll(const struct pl_decoder_config *config, const uint8_t *bytes, size_t n)
{
	size_t cells = (size_t)config->rows * config->cols * pl_dtype_size(config->dtype), used = 0;
	struct pl_decoder *d = pl_decoder_new(config, NULL);
	struct pl_raw_frame frame = {.cells = malloc(cells)};
	struct pl_tx tx;
	int64_t deadline, now = 0;
	bool got;

	CHECK(d && frame.cells);
	while (used < n) {
		size_t part = bytes[used] % 64u;

		pl_decoder_tick(d, now, &tx, &deadline);
		CHECK(tx.n <= sizeof(tx.bytes));
		now += bytes[used] & 64 ? 2000000 : 1000;
		part = part && part < n - used ? part : 1;
		used += pl_decoder_feed(d, bytes + used, part, now, &frame, &got);
	}
	pl_decoder_stop(d, &tx);
	pl_decoder_free(d);
	free(frame.cells);
}

/* One frame around as many bytes of contents; returns its length on the line. */
static size_t repair_frame(const struct pl_matrix_config *m, const struct pl_matrix_layout *l,
			   const uint8_t *from, size_t n, uint8_t *out)
{
	const struct pl_sync *tail = pl_matrix_tail(m);
	uint8_t *plain = calloc(1, l->frame_bytes + 8);
	size_t made = l->frame_bytes;

	CHECK(plain);
	memcpy(plain, from, n < l->frame_bytes ? n : l->frame_bytes);
	if (!m->escape) {
		memcpy(plain, m->head.bytes, m->head.n);
		memcpy(plain + l->tail_at, tail->bytes, tail->n);
	}
	if (m->length_field.offset >= 0)
		pl_wire_put(plain + m->length_field.offset, m->length_field.width,
			    m->length_field.big_endian, m->length_expected);
	if (m->dims.width) {
		pl_wire_put(plain + m->dims.offset, 1, false, m->rows);
		pl_wire_put(plain + m->dims.offset + 1, 1, false, m->cols);
	}
	if (m->check)
		pl_wire_put(plain + l->check_at, l->check_width, m->check_big_endian,
			    pl_matrix_checksum(m->check, plain + l->check_from,
					       l->check_to - l->check_from));
	if (m->escape)
		made = pl_escape_bytes(m, plain, l->frame_bytes, out);
	else
		memcpy(out, plain, l->frame_bytes);
	free(plain);
	return made;
}

/* The stream that a sound device would make of these contents; *n becomes its length. */
static uint8_t *repair(const struct pl_matrix_config *m, const struct pl_matrix_layout *l,
		       const uint8_t *bytes, size_t *n)
{
	size_t most = 2 * FEED_MAX + 4 * l->frame_bytes + 64, made = 0;
	uint8_t *out = malloc(most);

	CHECK(out);
	for (size_t at = 0; at < *n && made < FEED_MAX; at += l->frame_bytes)
		made += repair_frame(m, l, bytes + at, *n - at, out + made);
	CHECK(made <= most);
	*n = made;
	return out;
}

static void feed_all_ways(const struct pl_decoder_config *config, const uint8_t *bytes, size_t n,
			  unsigned cut)
{
	feed_every_way(config, bytes, n, cut * 4u, cut % 2 ? cut : 0);
	if (config->matrix.poll.n || config->matrix.text.idle_ms)
		poll(config, bytes, n);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct pl_decoder_config config = {.protocol = "matrix"};
	struct pl_matrix_layout layout;

	if (size < HEADER)
		return 0;
	describe(&config.matrix, data);
	if (pl_matrix_layout(&layout, &config.matrix, NULL)) {
		CHECK(!pl_decoder_new(&config, NULL));
		return 0;
	}
	config.rows = layout.rows;
	config.cols = layout.cols;
	config.dtype = layout.dtype;
	if (data[MODES_AT] & REPAIR && !config.matrix.text.line) {
		size_t n = size - HEADER;
		uint8_t *stream = repair(&config.matrix, &layout, data + HEADER, &n);

		feed_all_ways(&config, stream, n, data[HEADER - 1]);
		free(stream);
	} else {
		feed_all_ways(&config, data + HEADER, size - HEADER, data[HEADER - 1]);
	}
	return 0;
}
