/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The generic matrix decoder against every kind of stream it claims to read (test_matrix_faults.c:
 * hurt): what it delivers has to be what was sent, what it cannot deliver has to be counted, and
 * nothing that arrived undamaged may be lost.
 */
#include "stream.h"

#include "drivers/decode/matrix_layout.h"
#include "matrix_variants.h"

#define FRAMES 8

static void test_round_trip(void **state)
{
	(void)state;
	for (unsigned v = 0; v < n_variants; v++) {
		struct pl_decoder_config c = variant_config(&variants[v].matrix);
		bool held = c.matrix.confirm; /* the last waits for the next head */
		struct stream s;
		struct play p;
		uint8_t *cells;

		print_message("  %s\n", variants[v].name);
		s = make_stream(&c, FRAMES, v + 1, &cells, NULL);
		p = play_every_way(&c, &s, s.n > 20000 ? 100 : 1000);
		assert_int_equal(p.n, FRAMES - held);
		assert_frames(&p, 0, cells, 0, p.n);
		for (size_t i = 0; i < p.n; i++) {
			assert_int_equal(lost(&p.frames[i].frame), 0);
			assert_false(p.frames[i].frame.resync);
			assert_int_equal(p.frames[i].frame.device_seq,
					 c.matrix.seq_field.offset < 0 ? -1 : (int64_t)i);
		}
		assert_int_equal(p.stats.skipped_bytes, 0);
		assert_int_equal(p.stats.bytes, s.n);
		play_free(&p);
		stream_free(&s);
		free(cells);
	}
}

/* Joined at any byte of the first two frames: all whole frames from there, none claimed lost. */
static void test_joined_late(void **state)
{
	(void)state;
	for (unsigned v = 0; v < n_variants; v++) {
		struct pl_decoder_config c = variant_config(&variants[v].matrix);
		size_t ends[FRAMES], step;
		struct stream s;
		uint8_t *cells;

		s = make_stream(&c, FRAMES, v + 1, &cells, ends);
		step = ends[0] > 300 ? ends[0] / 97 : 1;
		for (size_t at = 1; at < ends[1]; at += step) {
			struct stream part = {.bytes = s.bytes + at, .n = s.n - at};
			struct play p = play(&c, &part, cut_whole, 0);
			size_t whole = FRAMES - (at <= ends[0] ? 1 : 2);

			assert_true(p.n + 1 + c.matrix.confirm >= whole && p.n <= whole);
			assert_frames(&p, 0, cells, FRAMES - p.n - c.matrix.confirm, p.n);
			assert_true(lost(&p.frames[0].frame) + p.n + c.matrix.confirm <= whole);
			play_free(&p);
		}
		stream_free(&s);
		free(cells);
	}
}

static const struct variant *named(const char *name)
{
	for (unsigned v = 0; v < n_variants; v++)
		if (!strcmp(variants[v].name, name))
			return &variants[v];
	fail_msg("no variant %s", name);
	return NULL;
}

static void test_counter(void **state)
{
	struct pl_decoder_config c =
		variant_config(&named("type, length, u16 be, counter, crc, tail")->matrix);
	static const unsigned seqs[] = {250, 251, 251, 255, 0, 1, 9};
	struct pl_error err;
	struct pl_encoder *e = pl_encoder_new(&c, &err);
	uint8_t *wire = malloc(pl_encoder_max(e)), *cells = calloc(1, config_bytes(&c));
	struct stream s = {0};
	struct play p;

	(void)state;
	for (size_t i = 0; i < 7; i++) {
		size_t n = pl_encoder_frame(e, cells, seqs[i], 0, wire);

		wire[n / 2] ^= i == 5; /* 1 is damaged, 2 to 8 were never sent */
		stream_add(&s, wire, n);
	}
	p = play_every_way(&c, &s, 100);
	assert_int_equal(p.n, 5);
	assert_int_equal(p.stats.duplicates, 1);
	assert_int_equal(p.frames[2].frame.device_seq, 255);
	assert_int_equal(p.frames[2].frame.lost_device, 3);
	assert_int_equal(p.frames[3].frame.device_seq, 256);
	assert_int_equal(p.frames[4].frame.device_seq, 265);
	assert_int_equal(p.frames[4].frame.lost_corrupt, 1);
	assert_int_equal(p.frames[4].frame.lost_device, 7);
	assert_int_equal(p.stats.bad_checksum, 1);
	play_free(&p);
	stream_free(&s);
	free(wire);
	free(cells);
	pl_encoder_free(e);
}

/* The host drops so many frames that the counter comes round: their bytes say how often. */
static void lose_frames(const char *variant, uint64_t n)
{
	struct pl_decoder_config c = variant_config(&named(variant)->matrix);
	struct play p = {.cell_bytes = config_bytes(&c)};
	struct pl_error err;
	struct pl_encoder *e = pl_encoder_new(&c, &err);
	struct pl_decoder *d = pl_decoder_new(&c, &err);
	uint8_t *wire = malloc(pl_encoder_max(e)), *cells = calloc(1, p.cell_bytes);
	size_t size = 0;

	for (uint64_t i = 0; i < 4; i++) {
		size = pl_encoder_frame(e, cells, 7 + i + (i < 2 ? 0 : n), 0, wire);
		if (i == 2)
			pl_decoder_skip(d, n * size);
		feed_all(d, &p, wire, size);
	}
	assert_int_equal(p.n, 4);
	assert_int_equal(p.frames[2].frame.lost_overrun, n);
	assert_int_equal(p.frames[2].frame.device_seq, 9 + n);
	assert_int_equal(p.frames[3].frame.device_seq, 10 + n);
	assert_int_equal(pl_decoder_stats(d)->lost_overrun, n);
	assert_int_equal(pl_decoder_stats(d)->duplicates, 0);
	play_free(&p);
	free(wire);
	free(cells);
	pl_encoder_free(e);
	pl_decoder_free(d);
}

static void test_counter_comes_round(void **state)
{
	static const uint64_t bytes[] = {1, 128, 254, 255, 256, 257, 300, 511, 512, 100000};
	static const uint64_t words[] = {1,	32766, 32767, 40000, 65534,
					 65535, 65536, 70000, 200000};

	(void)state;
	for (size_t i = 0; i < sizeof(bytes) / sizeof(bytes[0]); i++)
		lose_frames("type, length, u16 be, counter, crc, tail", bytes[i]);
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		lose_frames("counter of 16 bits, modbus", words[i]);
}

static void test_wrong_length_field(void **state)
{
	struct pl_decoder_config c =
		variant_config(&named("type, length, u16 be, counter, crc, tail")->matrix);
	size_t ends[FRAMES];
	struct stream s;
	struct play p;
	uint8_t *cells;

	(void)state;
	s = make_stream(&c, FRAMES, 1, &cells, ends);
	s.bytes[ends[2] + 3] ^= 1;
	p = play_every_way(&c, &s, 100);
	assert_int_equal(p.n, FRAMES - 1);
	assert_int_equal(p.stats.bad_length, 1);
	assert_int_equal(p.frames[3].frame.lost_corrupt, 1);
	play_free(&p);
	stream_free(&s);
	free(cells);
}

static void test_not_a_number(void **state)
{
	struct pl_decoder_config c = variant_config(&named("f32")->matrix);
	struct pl_error err;
	struct pl_encoder *e = pl_encoder_new(&c, &err);
	uint8_t wire[256];
	float cells[12] = {1, 2};
	struct stream s = {0};
	struct play p;

	(void)state;
	for (int i = 0; i < 3; i++) {
		cells[3] = i == 1 ? 0.0f / 0.0f : 5;
		stream_add(&s, wire, pl_encoder_frame(e, cells, 0, 0, wire));
	}
	p = play_every_way(&c, &s, 100);
	assert_int_equal(p.n, 2);
	assert_int_equal(p.stats.bad_sanity, 1);
	assert_int_equal(p.frames[1].frame.lost_corrupt, 1);
	play_free(&p);
	stream_free(&s);
	pl_encoder_free(e);
}

/* The bytes themselves, written out by hand. */
static void test_wire_bytes(void **state)
{
	static const struct {
		struct pl_matrix_config m;
		uint32_t cells[2];
		uint8_t wire[8];
		size_t n;
	} rows[] = {
		{{.cell = PL_WIRE_U8}, {0, 255}, {0, 255}, 2},
		{{.cell = PL_WIRE_I8}, {0xFFFF, 127}, {0xFF, 0x7F}, 2},
		{{.cell = PL_WIRE_U16}, {0x1234, 5}, {0x34, 0x12, 5, 0}, 4},
		{{.cell = PL_WIRE_U16, .big_endian = true}, {0x1234, 5}, {0x12, 0x34, 0, 5}, 4},
		{{.cell = PL_WIRE_I16, .big_endian = true}, {0xFFFE, 5}, {0xFF, 0xFE, 0, 5}, 4},
		{{.cell = PL_WIRE_U24}, {0x123456, 1}, {0x56, 0x34, 0x12, 1, 0, 0}, 6},
		{{.cell = PL_WIRE_U24, .big_endian = true},
		 {0x123456, 1},
		 {0x12, 0x34, 0x56, 0, 0, 1},
		 6},
		{{.cell = PL_WIRE_U32, .big_endian = true},
		 {0x12345678, 1},
		 {0x12, 0x34, 0x56, 0x78, 0, 0, 0, 1},
		 8},
		{{.cell = PL_WIRE_U16, .mask = 0x0FF0, .shift = 4},
		 {0xAB, 1},
		 {0xB0, 0x0A, 0x10, 0},
		 4},
		{{.cell = PL_WIRE_U16, .invert_max = 1023}, {1023, 3}, {0, 0, 0xFC, 0x03}, 4},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct pl_matrix_config m = rows[i].m;
		struct pl_decoder_config c;
		struct pl_error err;
		struct pl_encoder *e;
		uint8_t cells[8], back[8], wire[16];
		struct stream s = {0};
		struct play p;
		size_t size;

		m.rows = 1;
		m.cols = 2;
		m.head = (struct pl_sync){.bytes = {0xC0, 0xDE, 0xC0, 0xDE}, .n = 4};
		m.length_field.offset = m.seq_field.offset = -1;
		c = variant_config(&m);
		size = pl_dtype_size(c.dtype);
		memcpy(cells, &rows[i].cells[0], size);
		memcpy(cells + size, &rows[i].cells[1], size);
		e = pl_encoder_new(&c, &err);
		assert_int_equal(pl_encoder_frame(e, cells, 0, 0, wire), rows[i].n + 4);
		assert_memory_equal(wire + 4, rows[i].wire, rows[i].n);
		stream_add(&s, wire, rows[i].n + 4);
		p = play(&c, &s, cut_whole, 0);
		assert_int_equal(p.n, 1);
		memcpy(back, p.frames[0].frame.cells, 2 * size);
		assert_memory_equal(back, cells, 2 * size);
		play_free(&p);
		stream_free(&s);
		pl_encoder_free(e);
	}
}

/* Wire 1 2 3 / 4 5 6, as it is delivered by each way of turning. */
static void test_order(void **state)
{
	static const struct {
		struct pl_matrix_config m;
		unsigned rows, cols;
		uint8_t cells[6];
	} rows[] = {
		{{.rows = 2, .cols = 3}, 2, 3, {1, 2, 3, 4, 5, 6}},
		{{.rows = 2, .cols = 3, .flip_x = true}, 2, 3, {3, 2, 1, 6, 5, 4}},
		{{.rows = 2, .cols = 3, .flip_y = true}, 2, 3, {4, 5, 6, 1, 2, 3}},
		{{.rows = 2, .cols = 3, .rotate = 90}, 3, 2, {4, 1, 5, 2, 6, 3}},
		{{.rows = 2, .cols = 3, .rotate = 180}, 2, 3, {6, 5, 4, 3, 2, 1}},
		{{.rows = 2, .cols = 3, .rotate = 270}, 3, 2, {3, 6, 2, 5, 1, 4}},
		{{.rows = 2, .cols = 3, .column_major = true}, 2, 3, {1, 3, 5, 2, 4, 6}},
		{{.rows = 3, .cols = 2, .row_map_n = 3, .row_map = {2, 0, 1}},
		 3,
		 2,
		 {5, 6, 1, 2, 3, 4}},
		{{.rows = 2, .cols = 3, .flip_x = true, .rotate = 90}, 3, 2, {6, 3, 5, 2, 4, 1}},
		{{.rows = 3, .cols = 2, .row_map_n = 3, .row_map = {2, 0, 1}, .flip_y = true},
		 3,
		 2,
		 {3, 4, 1, 2, 5, 6}},
	};
	static const uint8_t wire[] = {1, 2, 3, 4, 5, 6, 0xEE, 0xFF, 0xEE, 0xFF};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct pl_matrix_config m = rows[i].m;
		struct pl_decoder_config c;
		struct pl_error err;
		struct pl_encoder *e;
		uint8_t out[16];
		struct stream s = {0};
		struct play p;

		m.tail = (struct pl_sync){.bytes = {0xEE, 0xFF, 0xEE, 0xFF}, .n = 4};
		m.length_field.offset = m.seq_field.offset = -1;
		c = variant_config(&m);
		assert_int_equal(c.rows, rows[i].rows);
		assert_int_equal(c.cols, rows[i].cols);
		stream_add(&s, wire, sizeof(wire));
		p = play(&c, &s, cut_whole, 0);
		assert_int_equal(p.n, 1);
		assert_memory_equal(p.frames[0].frame.cells, rows[i].cells, 6);
		e = pl_encoder_new(&c, &err);
		assert_int_equal(pl_encoder_frame(e, rows[i].cells, 0, 0, out), sizeof(wire));
		assert_memory_equal(out, wire, sizeof(wire));
		pl_encoder_free(e);
		play_free(&p);
		stream_free(&s);
	}
}

/* A mat whose frames are one byte longer than its file says: no frames, and a hint. */
static void test_length_hint(void **state)
{
	struct pl_decoder_config c = variant_config(&named("delimiter, u8")->matrix), longer;
	struct play p = {.cell_bytes = config_bytes(&c)};
	struct pl_device_text text;
	struct pl_error err;
	struct pl_decoder *d = pl_decoder_new(&c, &err);
	struct stream s;
	uint8_t *cells;

	(void)state;
	longer = c;
	longer.matrix.skip_head = 1;
	s = make_stream(&longer, 40, 6, &cells, NULL);
	feed_all(d, &p, s.bytes, s.n);
	assert_int_equal(p.n, 0);
	assert_true(pl_decoder_text(d, &text));
	assert_string_equal(text.text,
			    "frames arrive every 261 bytes, the mat file describes 260: see "
			    "rows, cols, cell, skip_head, skip_tail");
	assert_true(pl_decoder_stats(d)->skipped_bytes > 9000);
	pl_decoder_free(d);
	stream_free(&s);
	free(cells);
	play_free(&p);
}

static void test_banner(void **state)
{
	struct pl_decoder_config c = variant_config(&named("head, u8")->matrix);
	struct play p = {.cell_bytes = config_bytes(&c)};
	struct pl_device_text text;
	struct pl_error err;
	struct pl_decoder *d = pl_decoder_new(&c, &err);
	struct stream s;
	uint8_t *cells;

	(void)state;
	s = make_stream(&c, 3, 6, &cells, NULL);
	feed_all(d, &p, (const uint8_t *)"ready, firmware 1.2\r\n", 21);
	feed_all(d, &p, s.bytes, s.n);
	assert_int_equal(p.n, 3);
	assert_int_equal(lost(&p.frames[0].frame), 0);
	assert_true(pl_decoder_text(d, &text));
	assert_string_equal(text.text, "ready, firmware 1.2");
	pl_decoder_free(d);
	stream_free(&s);
	free(cells);
	play_free(&p);
}

/* Fed one byte less than it says it needs, it never has a frame. */
static void test_need(void **state)
{
	(void)state;
	for (unsigned v = 0; v < n_variants; v++) {
		struct pl_decoder_config c = variant_config(&variants[v].matrix);
		struct play p = {.cell_bytes = config_bytes(&c)};
		struct pl_error err;
		struct pl_decoder *d = pl_decoder_new(&c, &err);
		size_t at = 0, pieces = 0;
		struct stream s;
		uint8_t *cells;

		s = make_stream(&c, FRAMES, v + 1, &cells, NULL);
		for (; at < s.n; pieces++) {
			size_t need = pl_decoder_need(d), n = p.n;

			need = need <= s.n - at ? need : s.n - at;
			feed_all(d, &p, s.bytes + at, need - 1);
			assert_int_equal(p.n, n);
			feed_all(d, &p, s.bytes + at + need - 1, 1);
			at += need;
		}
		assert_int_equal(p.n, FRAMES - c.matrix.confirm);
		assert_true(pieces <= 2 * FRAMES); /* and it asks for enough */
		play_free(&p);
		pl_decoder_free(d);
		stream_free(&s);
		free(cells);
	}
}

/* A mat that answers, and a host that asks. Bytes `drop` of every fourth answer are lost. */
static void dialogue(const struct pl_matrix_config *m, size_t drop, size_t want_lost)
{
	struct pl_decoder_config c = variant_config(m);
	struct pl_error err;
	struct pl_decoder *d = pl_decoder_new(&c, &err);
	struct pl_encoder *e = pl_encoder_new(&c, &err);
	uint8_t *wire = malloc(pl_encoder_max(e)), *cells = malloc(config_bytes(&c));
	struct pl_raw_frame frame = {.cells = malloc(config_bytes(&c))};
	int64_t now = 1000, deadline = 0;
	uint64_t sent = 0, got_n = 0, seed = 3;
	struct pl_tx tx;

	assert_int_equal(pl_encoder_ready(e), !m->start.n && !m->poll.n);
	while (sent < 40) {
		pl_decoder_tick(d, now, &tx, &deadline);
		pl_encoder_receive(e, tx.bytes, tx.n);
		if (!pl_encoder_ready(e)) {
			assert_true(deadline != INT64_MAX); /* or it would wait for ever */
			now = deadline > now ? deadline : now + 1;
			continue;
		}
		while (pl_encoder_ready(e) && sent < 40) {
			size_t n, used = 0, step = 1;
			bool got = false;

			make_cells(&c, cells, &seed);
			n = pl_encoder_frame(e, cells, sent++, 0, wire);
			if (sent % 4 == 2)
				n -= drop;
			for (; step || got; used += step) {
				step = pl_decoder_feed(d, wire + used, n - used, now, &frame, &got);
				got_n += got;
				if (got)
					assert_memory_equal(frame.cells, cells, config_bytes(&c));
			}
			now += 5000000;
		}
	}
	assert_int_equal(got_n, 40 - want_lost);
	assert_true(pl_decoder_stats(d)->lost_corrupt <= want_lost);
	assert_int_equal(pl_decoder_stats(d)->bad_length, want_lost);
	pl_decoder_stop(d, &tx);
	assert_int_equal(tx.n, m->stop.n);
	pl_encoder_receive(e, tx.bytes, tx.n);
	if (m->stop.n)
		assert_false(pl_encoder_ready(e));
	free(wire);
	free(cells);
	free(frame.cells);
	pl_decoder_free(d);
	pl_encoder_free(e);
}

static void test_commands(void **state)
{
	struct pl_matrix_config m = {.rows = 14,
				     .cols = 7,
				     .poll_timeout_ms = 100,
				     .length_field = {.offset = -1},
				     .seq_field = {.offset = -1}};

	(void)state;
	m.poll = (struct pl_command){.bytes = {6}, .n = 1};
	dialogue(&m, 0, 0); /* raw cells, nothing around them */
	dialogue(&m, 5, 10);
	m.head = (struct pl_sync){.bytes = {0xAA, 0x55}, .n = 2};
	dialogue(&m, 0, 0);
	dialogue(&m, 5, 10);
	m.check = PL_CHECK_CRC16_MODBUS;
	dialogue(&m, 5, 10);
	m.check = PL_CHECK_NONE;
	m.head.n = 0;
	m.tail = (struct pl_sync){.bytes = {0xAA, 0x55}, .n = 2};
	dialogue(&m, 0, 0);
	dialogue(&m, 5, 10);
	m.start = (struct pl_command){.bytes = "go\n", .n = 3};
	m.stop = (struct pl_command){.bytes = "halt\n", .n = 5};
	dialogue(&m, 0, 0); /* started, then polled */
	m.poll.n = 0;
	m.start = (struct pl_command){.bytes = "start_reading\n", .n = 14};
	dialogue(&m, 0, 0); /* started only */
}

/* Commands come in any pieces, among other bytes; the start command is sent once. */
static void test_start(void **state)
{
	struct pl_matrix_config m = variants[0].matrix;
	struct pl_decoder_config c;
	struct pl_decoder *d;
	struct pl_encoder *e;
	struct pl_error err;
	struct pl_tx tx;
	int64_t deadline;

	(void)state;
	m.start = (struct pl_command){.bytes = "start\n", .n = 6};
	m.stop = (struct pl_command){.bytes = "stop\n", .n = 5};
	c = variant_config(&m);
	d = pl_decoder_new(&c, &err);
	e = pl_encoder_new(&c, &err);
	pl_decoder_tick(d, 5, &tx, &deadline);
	assert_int_equal(tx.n, 6);
	assert_memory_equal(tx.bytes, "start\n", 6);
	assert_true(deadline == INT64_MAX);
	pl_decoder_tick(d, 6, &tx, &deadline);
	assert_int_equal(tx.n, 0);
	pl_decoder_reset(d);
	pl_decoder_tick(d, 7, &tx, &deadline);
	assert_int_equal(tx.n, 6);
	pl_encoder_receive(e, (const uint8_t *)"ststa", 5);
	assert_false(pl_encoder_ready(e));
	pl_encoder_receive(e, (const uint8_t *)"rt\nx", 4);
	assert_true(pl_encoder_ready(e));
	pl_encoder_receive(e, (const uint8_t *)"stop\n", 5);
	assert_false(pl_encoder_ready(e));
	pl_decoder_free(d);
	pl_encoder_free(e);
}

static void test_refused(void **state)
{
	static const struct {
		struct pl_matrix_config m;
		const char *message;
	} rows[] = {
		{{.rows = 0}, "rows, cols: must be 1..512"},
		{{.rows = 2},
		 "frame: needs a head, a tail or a delimiter; only a mat that is polled "
		 "(commands.poll) can do without"},
		{{.rows = 2, .tail.n = 1},
		 "head, tail, delimiter: what cells without load look like cannot mark a frame, "
		 "since an empty mat would send nothing else; name more of what stands between "
		 "frames, or a check"},
		{{.rows = 2,
		  .delimiter = {.n = 2, .bytes = {0xFF, 0x03}},
		  .cell = PL_WIRE_U16,
		  .invert_max = 0x3FF},
		 "head, tail, delimiter: what cells without load look like cannot mark a frame, "
		 "since an empty mat would send nothing else; name more of what stands between "
		 "frames, or a check"},
		{{.rows = 2, .head.n = 1, .delimiter.n = 1},
		 "delimiter: cannot be combined with head or tail"},
		{{.rows = 2, .head.n = 1, .rotate = 45}, "rotate: must be 0, 90, 180 or 270"},
		{{.rows = 2, .head.n = 1, .row_map_n = 1},
		 "row_map: has 1 entries, the wire has 2 rows"},
		{{.rows = 2, .head.n = 1, .row_map_n = 2, .row_map = {1, 1}},
		 "row_map: names row 1 twice"},
		{{.rows = 2, .head.n = 1, .row_map_n = 2, .row_map = {0, 2}},
		 "row_map: entry 1 names row 2; valid: 0..1"},
		{{.rows = 2, .head.n = 1, .shift = 8},
		 "shift: must be smaller than the cell's number of bits"},
		{{.rows = 2, .head.n = 1, .mask = 0x100}, "mask: has more bits than the cell"},
		{{.rows = 2, .head.n = 1, .invert_max = 256},
		 "invert_max: more than the cell can hold"},
		{{.rows = 2, .head.n = 1, .cell = PL_WIRE_F32, .mask = 1},
		 "mask, shift, invert_max: only for unsigned cells"},
		{{.rows = 2, .head.n = 1, .check = PL_CHECK_SUM8, .check_to = 99},
		 "check: from 0 to 99 is no range before the checksum; valid: 0 <= from < to <= 5"},
		{{.rows = 2, .head.n = 1, .seq_field = {.offset = 2, .width = 1}},
		 "seq: bytes 2 to 2 of the frame are not skipped ones; valid: within 1..1 "
		 "(skip_head) or 5..5 (skip_tail)"},
		{{.rows = 2, .head.n = 1, .skip_head = 4, .seq_field = {.offset = 1, .width = 3}},
		 "seq: width must be 1, 2 or 4"},
		{{.rows = 2,
		  .head.n = 2,
		  .skip_head = 4,
		  .length_field = {.offset = 2, .width = 2},
		  .seq_field = {.offset = 3, .width = 2}},
		 "seq: bytes 3 to 4 of the frame overlap the length field (2 to 3)"},
		{{.rows = 2, .tail.n = 1, .confirm = true}, "confirm: needs a head"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct pl_decoder_config c = {.protocol = "matrix", .rows = 2, .cols = 2};
		struct pl_error err;

		c.matrix = rows[i].m;
		c.matrix.cols = 2;
		if (!c.matrix.length_field.width)
			c.matrix.length_field.offset = -1;
		if (!c.matrix.seq_field.width)
			c.matrix.seq_field.offset = -1;
		assert_null(pl_decoder_new(&c, &err));
		assert_string_equal(err.message, rows[i].message);
		assert_null(pl_encoder_new(&c, &err));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_joined_late),

		cmocka_unit_test(test_counter),
		cmocka_unit_test(test_counter_comes_round),
		cmocka_unit_test(test_wrong_length_field),
		cmocka_unit_test(test_not_a_number),
		cmocka_unit_test(test_wire_bytes),
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_length_hint),
		cmocka_unit_test(test_banner),
		cmocka_unit_test(test_commands),
		cmocka_unit_test(test_start),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_need),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
