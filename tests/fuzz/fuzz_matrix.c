/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The generic decoder with any description that the checks let through, and any bytes. The first
 * HEADER bytes are the description (the order is that of describe), the rest is the stream. A
 * mat that is polled is also ticked.
 */
#include "drivers/decode/matrix_layout.h"
#include "drivers/encode/encode.h"
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

static void describe(struct pl_matrix_config *m, const uint8_t *at)
{
	unsigned marks = take(&at);

	take_sync(&at, marks & 8 ? &m->delimiter : &m->head, marks);
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
	feed_every_way(&config, data + HEADER, size - HEADER, data[HEADER - 1] * 4u,
		       data[HEADER - 1] % 2 ? data[HEADER - 1] : 0);
	if (config.matrix.poll.n)
		poll(&config, data + HEADER, size - HEADER);
	return 0;
}
