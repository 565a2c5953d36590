/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The ways of sending a matrix that have no fixed length: escaped, in parts, as text. What arrives
 * whole comes out exactly, however it is cut; what is hurt is counted and never delivered as
 * something else where the protocol can tell.
 */
#include "stream.h"

#include "drivers/decode/matrix_layout.h"
#include "matrix_variants.h"
#include "tests/unit/sanitized.h"

#define FRAMES 10
#define NO_FIELDS .length_field = {.offset = -1}, .seq_field = {.offset = -1}
#define POLL .poll = {.bytes = {'?'}, .n = 1}

/* first: frames at the beginning that may have been joined in the middle. held: at the end, what
 * still waits for a byte. told: one byte lost or flipped never makes a wrong frame. */
static const struct {
	const char *name;
	struct pl_matrix_config m;
	unsigned first, held;
	bool told;
} modes[] = {
	{"slip, u8", {.escape = PL_ESCAPE_SLIP, .rows = 8, .cols = 9, NO_FIELDS}, 0, 0, false},
	{"slip, length, crc32",
	 {.escape = PL_ESCAPE_SLIP,
	  .rows = 8,
	  .cols = 9,
	  .skip_head = 4,
	  .length_field = {.offset = 1, .width = 2, .big_endian = true},
	  .length_expected = 72,
	  .seq_field = {.offset = -1},
	  .check = PL_CHECK_CRC32},
	 0,
	 0,
	 true},
	{"cobs, u16, counter, crc16",
	 {.escape = PL_ESCAPE_COBS,
	  .rows = 20,
	  .cols = 15,
	  .cell = PL_WIRE_U16,
	  .skip_head = 2,
	  .length_field = {.offset = -1},
	  .seq_field = {.offset = 0, .width = 2},
	  .check = PL_CHECK_CRC16_MODBUS},
	 0,
	 0,
	 true},
	{"table, turned",
	 {.escape = PL_ESCAPE_TABLE,
	  .table = {.mark = 0x5C, .n = 3, .code = {0, 1, 2}, .byte = {0x5C, 0x5B, 0x5D}},
	  .head = {.bytes = {0x5B}, .n = 1},
	  .tail = {.bytes = {0x5D}, .n = 1},
	  .rows = 6,
	  .cols = 9,
	  .rotate = 90,
	  NO_FIELDS},
	 0,
	 0,
	 false},
	{"parts that run on, counter, crc16",
	 {.head = {.bytes = {0xAA, 0x55}, .n = 2},
	  .skip_head = 4,
	  .chunks = {.cells = 24, .index = {.offset = 2, .width = 2}},
	  .rows = 8,
	  .cols = 10,
	  .cell = PL_WIRE_U16,
	  .skip_tail = 2,
	  .length_field = {.offset = -1},
	  .seq_field = {.offset = 54, .width = 2},
	  .check = PL_CHECK_CRC16_CCITT},
	 0,
	 1,
	 true},
	{"parts in cobs, by row, crc8, flipped",
	 {.escape = PL_ESCAPE_COBS,
	  .skip_head = 1,
	  .chunks = {.cells = 20,
		     .by_row = true,
		     .index = {.offset = 0, .width = 1},
		     .index_base = 3},
	  .rows = 8,
	  .cols = 10,
	  .flip_x = true,
	  .check = PL_CHECK_CRC16_CCITT,
	  NO_FIELDS},
	 0,
	 0,
	 true},
	{"digits",
	 {.digits = {.base = 32, .offset = 11},
	  .cell = PL_WIRE_U16,
	  .tail = {.bytes = {'\n'}, .n = 1},
	  .rows = 8,
	  .cols = 8,
	  NO_FIELDS},
	 0,

	 0,
	 false},
	{"text, empty line",
	 {.text = {.line = PL_LINE_ROW, .blank = true},
	  .cell = PL_WIRE_U16,
	  .rows = 5,
	  .cols = 4,
	  NO_FIELDS},
	 1,
	 0,
	 false},
	{"text, begin and end, i16",
	 {.text = {.line = PL_LINE_ROW, .begin = "START", .end = "END", .separators = ","},
	  .cell = PL_WIRE_I16,
	  .rows = 5,
	  .cols = 4,
	  .column_major = true,
	  NO_FIELDS},
	 0,
	 0,
	 false},
	{"text, begin alone, f32",
	 {.text = {.line = PL_LINE_CELL, .begin = "go"},
	  .cell = PL_WIRE_F32,
	  .rows = 3,
	  .cols = 4,
	  NO_FIELDS},
	 0,
	 0,
	 false},
	{"text, a line is a frame",
	 {.text = {.line = PL_LINE_FRAME}, .cell = PL_WIRE_U32, .rows = 4, .cols = 4, NO_FIELDS},
	 1,
	 0,
	 false},
	{"text, prefix, 10 bits",
	 {.text = {.line = PL_LINE_FRAME, .prefix = "v", .separators = " "},
	  .cell = PL_WIRE_U16,
	  .cell_max = 1023,
	  .rows = 2,
	  .cols = 4,
	  NO_FIELDS},
	 0,
	 0,
	 false},
	{"text, index and value, inverted",
	 {.text = {.line = PL_LINE_INDEX},
	  .cell = PL_WIRE_U16,
	  .invert_max = 4095,
	  .rows = 5,
	  .cols = 4,
	  NO_FIELDS},
	 1,
	 0,
	 false},
	{"text, polled, a number a line",
	 {.text = {.line = PL_LINE_CELL},
	  POLL,
	  .cell = PL_WIRE_U16,
	  .rows = 5,
	  .cols = 4,
	  NO_FIELDS},
	 0,
	 0,
	 false},
};
#define N_MODES (sizeof(modes) / sizeof(modes[0]))

static struct stream stream_of(size_t k, struct pl_decoder_config *c, uint8_t **cells, size_t *ends)
{
	*c = variant_config(&modes[k].m);
	return make_stream(c, FRAMES, k + 1, cells, ends);
}

/* Which of the frames that were sent this is, from `from` on; FRAMES: none. */
static size_t which(const struct play *p, size_t i, const uint8_t *cells, size_t from)
{
	while (from < FRAMES &&
	       memcmp(p->frames[i].frame.cells, cells + from * p->cell_bytes, p->cell_bytes))
		from++;
	return from;
}

static void test_round_trip(void **state)
{
	(void)state;
	for (size_t k = 0; k < N_MODES; k++) {
		struct pl_decoder_config c;
		uint8_t *cells;
		struct stream s = stream_of(k, &c, &cells, NULL);
		struct play p = play_every_way(&c, &s, SANITIZED ? 20 : 200);

		print_message("  %s\n", modes[k].name);
		assert_int_equal(p.n, FRAMES - modes[k].first - modes[k].held);
		assert_frames(&p, 0, cells, modes[k].first, p.n);
		for (size_t i = 0; i < p.n; i++)
			assert_int_equal(lost(&p.frames[i].frame), 0);
		play_free(&p);
		stream_free(&s);
		free(cells);
	}
}

/* Joined anywhere in the first frame: whole frames from then on, none claimed lost. */
static void test_joined_late(void **state)
{
	(void)state;
	for (size_t k = 0; k < N_MODES; k++) {
		struct pl_decoder_config c;
		size_t ends[FRAMES];
		uint8_t *cells;
		struct stream s = stream_of(k, &c, &cells, ends);

		if (c.matrix.poll.n) /* an answer is not joined */
			goto next;
		for (size_t at = 1; at<ends[0]; at += ends[0]> 100 ? 7 : 1) {
			struct stream part = {.bytes = s.bytes + at, .n = s.n - at};
			struct play p = play(&c, &part, cut_whole, 0);
			size_t from = which(&p, 0, cells, 0);

			assert_in_range(from, 0, 3);
			assert_int_equal(p.n, FRAMES - modes[k].held - from);
			assert_frames(&p, 0, cells, from, p.n);
			assert_int_equal(lost(&p.frames[0].frame), 0);
			play_free(&p);
		}
	next:
		stream_free(&s);
		free(cells);
	}
}

/* One byte of the middle frame lost, doubled or flipped: nothing but it and its neighbours is hurt,
 * the loss is counted, and where there is a check nothing comes out that was not sent. */
static void hurt(size_t k, int how)
{
	struct pl_decoder_config c;
	size_t ends[FRAMES], step;
	uint8_t *cells;
	struct stream s = stream_of(k, &c, &cells, ends);

	step = ends[4] - ends[3] > 120 ? 11 : 1;
	for (size_t at = ends[3]; at < ends[4] - 1; at += SANITIZED ? 5 * step : step) {
		struct stream t = {0};
		size_t next = modes[k].first, wrong = 0, missed;
		uint8_t flipped = s.bytes[at] ^ 0x20;
		uint64_t counted = 0;
		struct play p;

		stream_add(&t, s.bytes, at + (how > 0));
		if (how == 0)
			stream_add(&t, &flipped, 1);
		stream_add(&t, s.bytes + at + (how <= 0), s.n - at - (how <= 0));
		p = play(&c, &t, cut_random, at);
		for (size_t i = 0; i < p.n; i++) {
			size_t n = which(&p, i, cells, next);

			counted += lost(&p.frames[i].frame);
			wrong += n == FRAMES;
			if (n == FRAMES)
				continue;
			assert_true(n == next || (next >= 3 && n <= 7));
			next = n + 1;
		}
		assert_int_equal(next, FRAMES - modes[k].held);
		assert_true(wrong <= !modes[k].told);
		missed = FRAMES - modes[k].first - modes[k].held - p.n;
		assert_in_range(counted, missed ? missed - 1 : 0, missed + 1);
		if (modes[k].told)
			assert_int_equal(counted, missed);
		play_free(&p);
		stream_free(&t);
	}
	stream_free(&s);
	free(cells);
}

static void test_hurt(void **state)
{
	(void)state;
	for (size_t k = 0; k < N_MODES; k++) {
		if (modes[k].m.poll.n) /* a short answer needs its clock: test_survey.py */
			continue;
		print_message("  %s\n", modes[k].name);
		for (int how = -1; how <= 1; how++)
			hurt(k, how);
	}
}

/* The host dropped bytes in the middle of frame 3: so many frames are its loss. */
static void test_skip(void **state)
{
	(void)state;
	for (size_t k = 0; k < N_MODES; k++) {
		struct pl_decoder_config c;
		size_t ends[FRAMES], from, to;
		uint8_t *cells;
		struct stream s = stream_of(k, &c, &cells, ends);
		struct play p = {.cell_bytes = config_bytes(&c)};
		struct pl_decoder *d = pl_decoder_new(&c, NULL);
		uint64_t overrun;

		from = (ends[2] + ends[3]) / 2;
		to = (ends[5] + ends[6]) / 2;
		feed_all(d, &p, s.bytes, from);
		pl_decoder_skip(d, to - from);
		feed_all(d, &p, s.bytes + to, s.n - to);
		if (!c.matrix.poll.n) { /* a polled one has to be asked again first */
			assert_frames(&p, p.n - 1, cells, FRAMES - 1 - modes[k].held, 1);
			overrun = pl_decoder_stats(d)->lost_overrun;
			assert_in_range(overrun + p.n, FRAMES - modes[k].first - modes[k].held - 1,
					FRAMES - modes[k].first - modes[k].held + 1);
			assert_true(overrun >= 3);
			assert_int_equal(pl_decoder_stats(d)->lost_corrupt, 0);
		}
		play_free(&p);
		pl_decoder_free(d);
		stream_free(&s);
		free(cells);
	}
}

/* Noise before, and the frames behind it come out. */
static void test_noise(void **state)
{
	(void)state;
	for (size_t k = 0; k < N_MODES; k++) {
		struct pl_decoder_config c;
		uint8_t *cells;
		struct stream s = {0}, good = stream_of(k, &c, &cells, NULL);
		uint64_t seed = k;
		struct play p;

		stream_noise(&s, SANITIZED ? 100000 : 1000000, &seed);
		stream_add(&s, good.bytes, good.n);
		p = play(&c, &s, cut_random, 1);
		if (!c.matrix.poll.n)
			assert_frames(&p, p.n - 4, cells, FRAMES - 4 - modes[k].held, 4);
		play_free(&p);
		stream_free(&s);
		stream_free(&good);
		free(cells);
	}
}

/* The bytes themselves, written out by hand. */
static void test_wire_bytes(void **state)
{
	static const struct {
		struct pl_matrix_config m;
		const char *wire;
		size_t n;
	} rows[] = {
		{{.escape = PL_ESCAPE_SLIP}, "\xC0\x01\xDB\xDC\xDB\xDD\x00\xC0", 8},
		{{.escape = PL_ESCAPE_COBS}, "\x04\x01\xC0\xDB\x01\x00", 6},
		{{.escape = PL_ESCAPE_TABLE,
		  .tail = {.bytes = {0xC0}, .n = 1},
		  .table = {.mark = 0xDB, .n = 2, .code = {7, 8}, .byte = {0xC0, 0xDB}}},
		 "\x01\xDB\x07\xDB\x08\x00\xC0",
		 7},
		{{.text = {.line = PL_LINE_ROW, .blank = true}}, "1 192\n219 0\n\n", 13},
		{{.text = {.line = PL_LINE_FRAME, .prefix = "v", .separators = ","}},
		 "v,1,192,219,0\n",
		 14},
		{{.text = {.line = PL_LINE_INDEX}}, "0 1\n1 192\n2 219\n3 0\n", 20},
		{{.text = {.line = PL_LINE_CELL, .begin = "A", .end = "B"}},
		 "A\n1\n192\n219\n0\nB\n",
		 16},
		{{.skip_head = 1,
		  .tail = {.bytes = {'\n'}, .n = 1},
		  .chunks = {.cells = 2,
			     .by_row = true,
			     .index_base = 11,
			     .index = {.offset = 0, .width = 1}}},
		 "\x0B\x01\xC0\n\x0C\xDB\x00\n",
		 8},
	};
	static const uint8_t cells[4] = {1, 0xC0, 0xDB, 0};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct pl_matrix_config m = rows[i].m;
		struct pl_decoder_config c;
		struct pl_encoder *e;
		uint8_t wire[512];

		m.rows = m.cols = 2;
		m.length_field.offset = m.seq_field.offset = -1;
		c = variant_config(&m);
		e = pl_encoder_new(&c, NULL);
		assert_true(pl_encoder_max(e) <= sizeof(wire));
		assert_int_equal(pl_encoder_frame(e, cells, 0, 0, wire), rows[i].n);
		assert_memory_equal(wire, rows[i].wire, rows[i].n);
		pl_encoder_free(e);
	}
}

static struct play play_text(const struct pl_matrix_config *m, const char *text)
{
	struct pl_decoder_config c = variant_config(m);
	struct stream s = {0};
	struct play p;

	stream_add(&s, text, strlen(text));
	p = play_every_way(&c, &s, 10);
	stream_free(&s);
	return p;
}

/* What a line may hold, and what not. */
static void test_lines(void **state)
{
	static const struct pl_matrix_config m = {.text = {.line = PL_LINE_FRAME, .prefix = "v"},
						  .cell = PL_WIRE_U8,
						  .rows = 1,
						  .cols = 3,
						  NO_FIELDS};
	static const struct {
		const char *text;
		size_t frames;
	} rows[] = {
		{"v 1 2 3\n", 1},	   {"v 1,2;\t3 \r\n", 1},    {"v 1 2\n", 0},
		{"v 1 2 3 4\n", 0},	   {"1 2 3\n", 0},	     {"w 1 2 3\n", 0},
		{"v 1 2 256\n", 0},	   {"v 1 -2 3\n", 0},	     {"v 1 2. 3\n", 0},
		{"v 1 - 3\n", 0},	   {"v 1 2a 3\n", 0},	     {"v 1 2 3 x\n", 0},
		{"v 1 2 0000000003\n", 0}, {"v 1 2 000000003\n", 1}, {"v 1 2 3", 0},
		{"\n\nv 1 2 3\n\n", 1},	   {"v v 1 2 3\n", 0},	     {"v 255 0 -0\n", 1},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct play p = play_text(&m, rows[i].text);

		assert_int_equal(p.n, rows[i].frames);
		play_free(&p);
	}
}

/* A device that prints other lines: its words are shown, or they spoil the frame they stand in. */
static void test_other_lines(void **state)
{
	static const char text[] = "boot 1.2\n1 2\n3 4\n\n5 6\nlog: hot\n7 8\n\n1 2\n3 4\n\n";
	struct pl_matrix_config m = {.text = {.line = PL_LINE_ROW, .blank = true},
				     .cell = PL_WIRE_U8,
				     .rows = 2,
				     .cols = 2,
				     NO_FIELDS};
	struct play p = play_text(&m, text);

	(void)state;
	assert_int_equal(p.n, 1);
	assert_int_equal(p.stats.bad_sanity, 0); /* before the first frame nothing is a fault */
	play_free(&p);
	m.text.skip_other = true;
	p = play_text(&m, text);
	assert_int_equal(p.n, 2);
	assert_int_equal(((uint8_t *)p.frames[0].frame.cells)[3], 8);
	play_free(&p);
}

/* A picture told cell by cell. */
static void test_list(void **state)
{
	static const struct pl_matrix_config m = {
		.tail = {.bytes = {'w', 'r', 'w', 'r'}, .n = 4},
		.skip_head = 2,
		.chunks = {.cells = 2, .index = {.offset = 0, .width = 2}, .list_index = 500},
		.rows = 2,
		.cols = 2,
		NO_FIELDS};
	static const uint8_t wire[] =
		"\xF4\x01\x02\x63wrwr\xF4\x01\x00\x07wrwr\xF4\x01\x09\x07wrwr";
	struct pl_decoder_config c = variant_config(&m);
	struct stream s = {0};
	struct play p;

	(void)state;
	stream_add(&s, wire, sizeof(wire) - 1);
	p = play_every_way(&c, &s, 20);
	assert_int_equal(p.n, 2);
	assert_memory_equal(p.frames[0].frame.cells, "\0\0\x63\0", 4);
	assert_memory_equal(p.frames[1].frame.cells, "\7\0\x63\0", 4);
	assert_int_equal(p.stats.bad_sanity, 1); /* cell 9 of 4 */
	play_free(&p);
	stream_free(&s);
}

/* A device that is larger than its file: both sizes are told. */
static void test_dims(void **state)
{
	static const struct pl_matrix_config m = {.head = {.bytes = {0xAA, 0x55}, .n = 2},
						  .skip_head = 2,
						  .dims = {.offset = 2, .width = 1},
						  .rows = 2,
						  .cols = 2,
						  NO_FIELDS};
	static const uint8_t wire[] = {0xAA, 0x55, 2, 2, 1, 2, 3, 4,	0xAA, 0x55, 3,
				       2,    1,	   2, 3, 4, 5, 6, 0xAA, 0x55, 3,    2};
	struct pl_decoder_config c = variant_config(&m);
	struct play p = {.cell_bytes = 4};
	struct pl_decoder *d = pl_decoder_new(&c, NULL);
	struct pl_device_text text;

	(void)state;
	feed_all(d, &p, wire, sizeof(wire));
	assert_int_equal(p.n, 1);
	assert_true(pl_decoder_text(d, &text));
	assert_string_equal(text.text, "the device says it has 3 rows and 2 cols, the mat file "
				       "describes 2 and 2");
	play_free(&p);
	pl_decoder_free(d);
}

static size_t feed_at(struct pl_decoder *d, struct pl_raw_frame *f, const void *bytes, size_t n,
		      int64_t t_ns)
{
	struct pl_raw_frame now = *f;
	size_t used = 0, frames = 0, step;
	bool got;

	do {
		step = pl_decoder_feed(d, (const uint8_t *)bytes + used, n - used, t_ns, &now,
				       &got);
		used += step;
		frames += got;
		if (got)
			*f = now;
	} while (step || got);
	return frames;
}

/* Answers without a mark: one that lost a byte is given up after a while, one with a byte too many
 * does not shift the next; in a capture, where nobody asks, the silence tells the former. */
static void test_unmarked_answers(void **state)
{
	static const struct pl_matrix_config m = {
		POLL, .poll_timeout_ms = 100, .poll_quiet_ms = 2, .rows = 2, .cols = 2, NO_FIELDS};
	struct pl_decoder_config c = variant_config(&m);
	struct pl_decoder *d = pl_decoder_new(&c, NULL);
	uint8_t cells[4];
	struct pl_raw_frame f = {.cells = cells};
	const int64_t ms = 1000000;
	int64_t deadline;
	struct pl_tx tx;

	(void)state;
	pl_decoder_tick(d, 1 * ms, &tx, &deadline);
	assert_int_equal(tx.n, 1);
	assert_int_equal(feed_at(d, &f, "abcdX", 5, 5 * ms), 1);
	pl_decoder_tick(d, 5 * ms, &tx, &deadline);
	assert_int_equal(tx.n, 0); /* quiet first */
	assert_true(deadline == 7 * ms);
	assert_int_equal(feed_at(d, &f, "Y", 1, 6 * ms), 0);
	pl_decoder_tick(d, deadline, &tx, &deadline);
	assert_int_equal(tx.n, 1);
	assert_int_equal(feed_at(d, &f, "efgh", 4, 10 * ms), 1);
	assert_memory_equal(cells, "efgh", 4);
	assert_true(f.resync);
	assert_int_equal(pl_decoder_stats(d)->skipped_bytes, 2);
	assert_int_equal(pl_decoder_stats(d)->bad_length, 1);
	pl_decoder_tick(d, 12 * ms, &tx, &deadline);
	assert_int_equal(feed_at(d, &f, "ijk", 3, 15 * ms), 0);
	pl_decoder_tick(d, 200 * ms, &tx, &deadline);
	assert_int_equal(tx.n, 1);
	assert_int_equal(feed_at(d, &f, "mnop", 4, 205 * ms), 1);
	assert_memory_equal(cells, "mnop", 4);
	assert_int_equal(f.lost_corrupt, 1);

	pl_decoder_reset(d); /* a capture of the same */
	assert_int_equal(feed_at(d, &f, "abcd", 4, 5 * ms), 1);
	assert_int_equal(feed_at(d, &f, "efg", 3, 10 * ms), 0);
	assert_int_equal(feed_at(d, &f, "ijkl", 4, 120 * ms), 1);
	assert_memory_equal(cells, "ijkl", 4);
	pl_decoder_free(d);
}

static void test_refused(void **state)
{
	static const struct {
		struct pl_matrix_config m;
		const char *message;
	} rows[] = {
		{{.escape = PL_ESCAPE_SLIP, .head.n = 1},
		 "escape: slip and cobs have their own head and tail"},
		{{.escape = PL_ESCAPE_TABLE, .tail.n = 1},
		 "escape: a table needs a tail of one byte, a head of one or none, and codes"},
		{{.escape = PL_ESCAPE_TABLE, .tail.n = 1, .table = {.n = 1}},
		 "escape: a code cannot be the head or the tail"},
		{{.escape = PL_ESCAPE_TABLE,
		  .tail.n = 1,
		  .table = {.mark = 0x5C, .n = 1, .code = {7}, .byte = {0x5B}}},
		 "escape: codes has none for the mark itself, so a cell of that value could not be "
		 "sent"},
		{{.escape = PL_ESCAPE_TABLE, .tail.n = 1, .table = {.n = 2, .code = {1, 1}}},
		 "escape: codes names one twice"},
		{{.tail.n = 2, .chunks.cells = 5}, "chunks: cells must be at most rows x cols"},
		{{.tail.n = 2, .chunks.cells = 2}, "chunks: needs index"},
		{{.tail.n = 2, .chunks = {.cells = 3, .by_row = true, .index.width = 1}},
		 "chunks: parts counted in rows hold whole rows, row by row"},
		{{.tail.n = 2, .chunks = {.cells = 2, .index.width = 1}},
		 "chunks: bytes 0 to 0 of the frame are not skipped ones; valid: within 0..0 "
		 "(skip_head) or 2..2 (skip_tail)"},
		{{.tail.n = 2, .digits.base = 32}, "digits: need cell = \"u16\""},
		{{.tail.n = 2, .digits = {.base = 250, .offset = 11}, .cell = PL_WIRE_U16},
		 "digits: base 2..256, and offset + base at most 256"},
		{{.text.line = PL_LINE_ROW},
		 "text: says nowhere where a frame begins; one of begin, end, blank_line, idle_ms, "
		 "or commands.poll"},
		{{.text = {.line = PL_LINE_ROW, .blank = true}, .tail.n = 1},
		 "text: marks, skips, checks, escapes, chunks, digits and fields are for mats that "
		 "are no text"},
		{{.text = {.line = PL_LINE_ROW, .blank = true, .end = "E"}},
		 "text: end or blank_line, not both"},
		{{.text = {.line = PL_LINE_ROW, .blank = true, .runs_on = true}},
		 "text: runs_on needs idle_ms"},
		{{.text = {.line = PL_LINE_FRAME, .separators = "x"}},
		 "text: separators must be no letters, digits, signs or line ends"},
		{{.tail.n = 2, .cell_max = 256}, "cell_max: more than the cell can hold"},
		{{.tail.n = 2, .cell_max = 1, .cell = PL_WIRE_I16},
		 "cell_max: only for unsigned cells"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct pl_matrix_layout l;
		struct pl_matrix_config m = rows[i].m;
		struct pl_error err;

		m.rows = m.cols = 2;
		m.length_field.offset = m.seq_field.offset = -1;
		assert_int_equal(pl_matrix_layout(&l, &m, &err), -1);
		assert_string_equal(err.message, rows[i].message);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trip), cmocka_unit_test(test_joined_late),
		cmocka_unit_test(test_hurt),	   cmocka_unit_test(test_skip),
		cmocka_unit_test(test_noise),	   cmocka_unit_test(test_wire_bytes),
		cmocka_unit_test(test_lines),	   cmocka_unit_test(test_other_lines),
		cmocka_unit_test(test_list),	   cmocka_unit_test(test_dims),
		cmocka_unit_test(test_refused),	   cmocka_unit_test(test_unmarked_answers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
