/* SPDX-License-Identifier: Apache-2.0 */
/*
 * PMP promises three things that other mats' protocols do not: certain resynchronisation, every
 * loss counted, the device's own time. Each is broken here on purpose and has to be noticed.
 */
#include "stream.h"

#include <plantar/crc.h>
#include <plantar/pmp.h>

#define ROWS 12
#define COLS 9
#define CELLS (ROWS * COLS)

static const struct pl_decoder_config u16_mat = {
	.protocol = "pmp", .rows = ROWS, .cols = COLS, .dtype = PL_U16, .rate_hz = 500};

static void put(void *user, const uint8_t *bytes, size_t n)
{
	stream_add(user, bytes, n);
}

/* A packet of any contents, stuffed by the plain byte-by-byte rule, for what encoders never send.
 */
static void add_packet(struct stream *s, unsigned version, unsigned type, unsigned seq,
		       uint32_t t_us, const void *payload, size_t n, bool good_crc)
{
	uint8_t plain[1024], coded[1100];
	size_t size = 0, open = 0, out = 1;
	uint16_t crc;

	plain[size++] = (uint8_t)version;
	plain[size++] = (uint8_t)type;
	plain[size++] = (uint8_t)seq;
	plain[size++] = (uint8_t)(seq >> 8);
	for (int i = 0; i < 4; i++)
		plain[size++] = (uint8_t)(t_us >> 8 * i);
	memcpy(plain + size, payload, n);
	size += n;
	crc = (uint16_t)(pl_crc16_ccitt(PL_CRC16_CCITT_INIT, plain, size) ^ !good_crc);
	plain[size++] = (uint8_t)crc;
	plain[size++] = (uint8_t)(crc >> 8);
	for (size_t i = 0; i < size; i++) {
		if (out - open == 255) {
			coded[open] = 255;
			open = out++;
		}
		if (plain[i]) {
			coded[out++] = plain[i];
		} else {
			coded[open] = (uint8_t)(out - open);
			open = out++;
		}
	}
	coded[open] = (uint8_t)(out - open);
	coded[out++] = 0;
	stream_add(s, coded, out);
}

static void add_frame(struct stream *s, unsigned seq, uint32_t t_us)
{
	uint16_t cells[CELLS];

	for (unsigned i = 0; i < CELLS; i++)
		cells[i] = (uint16_t)(seq * 31 + i * (i % 3));
	add_packet(s, 1, PL_PMP_FRAME, seq, t_us, cells, sizeof(cells), true);
}

static void test_round_trip(void **state)
{
	static const enum pl_dtype dtypes[] = {PL_U8, PL_U16, PL_I16, PL_I32, PL_U32, PL_F32};

	(void)state;
	for (size_t k = 0; k < sizeof(dtypes) / sizeof(dtypes[0]); k++) {
		struct pl_decoder_config c = u16_mat;
		struct stream s;
		struct play p;
		uint8_t *cells;

		c.dtype = dtypes[k];
		s = make_stream(&c, 7, k + 1, &cells, NULL);
		p = play_every_way(&c, &s, 1000);
		assert_int_equal(p.n, 7);
		for (size_t i = 0; i < p.n; i++) {
			const struct pl_raw_frame *f = &p.frames[i].frame;

			assert_memory_equal(f->cells, cells + i * p.cell_bytes, p.cell_bytes);
			assert_int_equal(f->device_seq, i);
			assert_int_equal(f->t_device_ns, i * 2000000);
			assert_false(f->resync);
		}
		assert_int_equal(p.stats.skipped_bytes + p.stats.resyncs + p.stats.duplicates, 0);
		play_free(&p);
		stream_free(&s);
		free(cells);
	}
}

/* Every size of run around the 254 bytes at which COBS changes its ways, in both encoders. */
static void test_cobs_edges(void **state)
{
	(void)state;
	for (unsigned n = 230; n < 520; n++) {
		struct pl_decoder_config c = {.protocol = "pmp", .rows = 1, .dtype = PL_U8};
		struct stream s = {0};
		uint8_t cells[520], wire[1024];
		struct pl_error err;
		struct pl_encoder *e;
		struct pl_pmp firmware;
		struct play p;

		c.cols = n > 512 ? 512 : n;
		memset(cells, 0x55, sizeof(cells));
		cells[n % 7 ? 0 : c.cols - 1] = 0;
		pl_pmp_init(&firmware, put, &s);
		pl_pmp_begin(&firmware, 0x01020304);
		pl_pmp_u8(&firmware, cells, c.cols);
		pl_pmp_end(&firmware);
		assert_true(s.n <= PL_PMP_WIRE_MAX(c.cols));

		e = pl_encoder_new(&c, &err);
		assert_non_null(e);
		assert_int_equal(pl_encoder_frame(e, cells, 0, 0x01020304ll * 1000, wire), s.n);
		assert_memory_equal(wire, s.bytes, s.n);
		pl_encoder_free(e);

		p = play(&c, &s, cut_whole, 0);
		assert_int_equal(p.n, 1);
		assert_memory_equal(p.frames[0].frame.cells, cells, c.cols);
		play_free(&p);
		stream_free(&s);
	}
}

/* The header for firmware, fed in pieces, makes the same bytes as the encoder of the host. */
static void test_firmware_header(void **state)
{
	struct pl_decoder_config c = {.protocol = "pmp", .rows = 64, .cols = 64, .dtype = PL_U16};
	struct stream host, mat = {0};
	struct pl_pmp firmware;
	uint8_t *cells;

	(void)state;
	host = make_stream(&c, 20, 99, &cells, NULL);
	pl_pmp_init(&firmware, put, &mat);
	for (unsigned i = 0; i < 20; i++) {
		const uint16_t *frame = (const uint16_t *)(void *)(cells + i * config_bytes(&c));

		pl_pmp_begin(&firmware, i * 2000);
		for (unsigned row = 0; row < 64; row++)
			pl_pmp_u16(&firmware, frame + row * 64, 64);
		pl_pmp_end(&firmware);
	}
	assert_int_equal(mat.n, host.n);
	assert_memory_equal(mat.bytes, host.bytes, host.n);
	stream_free(&host);
	stream_free(&mat);
	free(cells);
}

/* The example of docs/mats.md, byte by byte. */
static void test_specification(void **state)
{
	static const uint8_t wire[] = {0x04, 0x01, 0x01, 0x05, 0x03, 0xE8, 0x03, 0x01, 0x01, 0x01,
				       0x03, 0x2C, 0x01, 0x01, 0x02, 0x07, 0x03, 0x28, 0x9D, 0x00};
	struct pl_decoder_config c = {.protocol = "pmp", .rows = 2, .cols = 2, .dtype = PL_U16};
	uint16_t cells[] = {0, 300, 0, 7};
	uint8_t out[64];
	struct stream s = {0};
	struct pl_error err;
	struct pl_encoder *e = pl_encoder_new(&c, &err);
	struct play p;

	(void)state;
	stream_add(&s, wire, sizeof(wire));
	p = play(&c, &s, cut_bytes, 0);
	assert_int_equal(p.n, 1);
	assert_memory_equal(p.frames[0].frame.cells, cells, sizeof(cells));
	assert_int_equal(p.frames[0].frame.device_seq, 5);
	assert_int_equal(p.frames[0].frame.t_device_ns, 1000000);
	assert_int_equal(pl_encoder_frame(e, cells, 5, 1000000, out), sizeof(wire));
	assert_memory_equal(out, wire, sizeof(wire));
	pl_encoder_free(e);
	play_free(&p);
	stream_free(&s);
}

static void test_text(void **state)
{
	struct pl_error err;
	struct pl_decoder *d = pl_decoder_new(&u16_mat, &err);
	struct pl_encoder *e = pl_encoder_new(&u16_mat, &err);
	struct play p = {.cell_bytes = config_bytes(&u16_mat)};
	struct pl_device_text text;
	struct stream s = {0};
	uint8_t *wire = malloc(pl_encoder_max(e));
	struct pl_pmp firmware;
	size_t n;

	(void)state;
	assert_false(pl_decoder_text(d, &text));
	n = pl_encoder_hello(e, "rows=12\nid=\x01z", wire);
	feed_all(d, &p, wire, n);
	assert_true(pl_decoder_text(d, &text));
	assert_string_equal(text.text, "rows=12\nid=.z");
	assert_true(text.is_info);
	assert_false(pl_decoder_text(d, &text));

	n = pl_encoder_hello(e, NULL, wire);
	feed_all(d, &p, wire, n);
	assert_true(pl_decoder_text(d, &text));
	assert_string_equal(text.text, "rows=12\ncols=9\ncell=<u2\nrate_hz=500");

	pl_pmp_init(&firmware, put, &s);
	pl_pmp_text(&firmware, PL_PMP_LOG, "battery low");
	feed_all(d, &p, s.bytes, s.n);
	assert_true(pl_decoder_text(d, &text));
	assert_string_equal(text.text, "battery low");
	assert_false(text.is_info);
	assert_int_equal(pl_decoder_stats(d)->info_packets, 2);
	assert_int_equal(pl_decoder_stats(d)->log_packets, 1);
	assert_int_equal(pl_decoder_stats(d)->skipped_bytes, 0);
	free(wire);
	stream_free(&s);
	play_free(&p);
	pl_decoder_free(d);
	pl_encoder_free(e);
}

/* A boot message before the first packet is shown, and is not a lost frame. */
static void test_banner(void **state)
{
	struct pl_error err;
	struct pl_decoder *d = pl_decoder_new(&u16_mat, &err);
	struct play p = {.cell_bytes = config_bytes(&u16_mat)};
	struct pl_device_text text;
	struct stream s = {0};

	(void)state;
	stream_add(&s, "ESP-ROM:boot 0x29\r\n", 20); /* with its NUL */
	add_frame(&s, 0, 0);
	feed_all(d, &p, s.bytes, s.n);
	assert_true(pl_decoder_text(d, &text));
	assert_string_equal(text.text, "ESP-ROM:boot 0x29");
	assert_int_equal(p.n, 1);
	assert_true(p.frames[0].frame.resync);
	assert_int_equal(p.frames[0].frame.lost_corrupt, 0);
	assert_int_equal(pl_decoder_stats(d)->skipped_bytes, 20);
	stream_free(&s);
	play_free(&p);
	pl_decoder_free(d);
}

static void test_reasons(void **state)
{
	uint16_t cells[CELLS + 1] = {1, 2, 3};
	struct stream s = {0};
	struct play p;

	(void)state;
	add_frame(&s, 100, 1000);
	add_packet(&s, 1, PL_PMP_FRAME, 101, 2000, cells, sizeof(cells) - 2, false);
	add_frame(&s, 102, 3000);
	add_packet(&s, 1, PL_PMP_FRAME, 103, 4000, cells, sizeof(cells),
		   true); /* a cell too many */
	add_packet(&s, 1, PL_PMP_FRAME, 104, 4000, cells, 6, true);
	add_packet(&s, 2, PL_PMP_FRAME, 105, 5000, cells, sizeof(cells) - 2, true); /* version */
	stream_add(&s, "\x05\x41", 3);			 /* a code that points behind its packet */
	add_packet(&s, 1, 9, 106, 5000, cells, 4, true); /* a type of a later day */
	add_frame(&s, 106, 6000);
	p = play_every_way(&u16_mat, &s, 1000);
	assert_int_equal(p.n, 3);
	assert_int_equal(p.frames[1].frame.lost_corrupt, 1);
	assert_int_equal(p.frames[1].frame.lost_device, 0);
	assert_int_equal(p.frames[2].frame.lost_corrupt, 3);
	assert_true(p.frames[2].frame.resync);
	assert_int_equal(p.stats.bad_checksum, 1);
	assert_int_equal(p.stats.bad_length, 3);
	assert_int_equal(p.stats.bad_sanity, 1);
	assert_int_equal(p.stats.lost_corrupt, 4);
	assert_int_equal(p.stats.lost_device, 0);
	play_free(&p);
	stream_free(&s);
}

static void test_counter(void **state)
{
	struct stream s = {0};
	struct play p;

	(void)state;
	add_frame(&s, 65534, 0xFFFFF000u);
	add_frame(&s, 65535, 0xFFFFFFF0u);
	add_frame(&s, 65535, 0xFFFFFFF0u); /* sent twice */
	add_frame(&s, 65534, 0xFFFFF000u); /* and an older one */
	add_frame(&s, 0, 0x00000400u);	   /* both wrap */
	add_frame(&s, 11, 0x00004000u);	   /* ten never sent */
	p = play_every_way(&u16_mat, &s, 100);
	assert_int_equal(p.n, 4);
	assert_int_equal(p.stats.duplicates, 2);
	assert_int_equal(p.frames[2].frame.device_seq, 65536);
	assert_int_equal(p.frames[2].frame.lost_device, 0);
	assert_int_equal(p.frames[2].frame.t_device_ns, (0x100000000ll + 0x400) * 1000);
	assert_int_equal(p.frames[3].frame.device_seq, 65547);
	assert_int_equal(p.frames[3].frame.lost_device, 10);
	assert_int_equal(p.stats.lost_device, 10);
	play_free(&p);
	stream_free(&s);
}

/* A device that starts again in the middle of a connection loses nothing that could be counted. */
static void test_restart(void **state)
{
	struct stream s = {0};
	struct pl_pmp firmware;
	struct play p;

	(void)state;
	add_frame(&s, 500, 1000000);
	add_frame(&s, 0, 10); /* counter and clock went back */
	add_frame(&s, 1, 20);
	add_frame(&s, 40000,
		  80000000); /* half the counter's range ahead, but the clock agrees not */
	add_frame(&s, 2, 30);
	pl_pmp_init(&firmware, put, &s);
	pl_pmp_text(&firmware, PL_PMP_INFO, "rows=12\n"); /* says: next is 0 */
	add_frame(&s, 0, 10);
	p = play_every_way(&u16_mat, &s, 100);
	assert_int_equal(p.n, 6);
	assert_int_equal(p.frames[1].frame.device_seq, 501);
	assert_int_equal(p.frames[1].frame.t_device_ns, 10000);
	assert_int_equal(p.frames[1].frame.lost_device, 0);
	assert_int_equal(p.frames[2].frame.device_seq, 502);
	assert_int_equal(p.frames[5].frame.device_seq, p.frames[4].frame.device_seq + 1);
	assert_int_equal(p.frames[5].frame.lost_device, 0);
	assert_int_equal(p.stats.duplicates, 0);
	play_free(&p);
	stream_free(&s);
}

static void test_skip(void **state)
{
	struct pl_error err;
	struct pl_decoder *d = pl_decoder_new(&u16_mat, &err);
	struct play p = {.cell_bytes = config_bytes(&u16_mat)};
	size_t ends[20], from, to;
	struct stream s;
	uint8_t *cells;

	(void)state;
	s = make_stream(&u16_mat, 20, 3, &cells, ends);
	from = ends[4] + 5; /* in frame 5 */
	to = ends[8] + 11;  /* in frame 9 */
	feed_all(d, &p, s.bytes, from);
	assert_int_equal(p.n, 5);
	pl_decoder_skip(d, to - from);
	feed_all(d, &p, s.bytes + to, s.n - to);
	assert_int_equal(p.n, 15);
	assert_int_equal(p.frames[5].frame.device_seq, 10);
	assert_int_equal(p.frames[5].frame.lost_overrun, 5);
	assert_int_equal(p.frames[5].frame.lost_corrupt, 0);
	assert_true(p.frames[5].frame.resync);
	assert_false(p.frames[6].frame.resync);
	assert_int_equal(pl_decoder_stats(d)->lost_overrun, 5);
	assert_int_equal(pl_decoder_stats(d)->bad_checksum, 0);
	play_free(&p);
	pl_decoder_free(d);

	/* Cut exactly between two packets: nothing but the skipped frames is missing. */
	d = pl_decoder_new(&u16_mat, &err);
	p = (struct play){.cell_bytes = config_bytes(&u16_mat)};
	feed_all(d, &p, s.bytes, ends[2]);
	pl_decoder_skip(d, ends[3] - ends[2]);
	feed_all(d, &p, s.bytes + ends[3], s.n - ends[3]);
	assert_int_equal(p.n, 19);
	assert_int_equal(p.frames[3].frame.lost_overrun, 1);
	play_free(&p);
	pl_decoder_free(d);
	stream_free(&s);
	free(cells);
}

/* Joined in the middle of a packet: the rest of it is no lost frame. After reset likewise. */
static void test_joined_late(void **state)
{
	struct pl_error err;
	struct pl_decoder *d = pl_decoder_new(&u16_mat, &err);
	struct play p = {.cell_bytes = config_bytes(&u16_mat)};
	size_t ends[10];
	struct stream s;
	uint8_t *cells;

	(void)state;
	s = make_stream(&u16_mat, 10, 8, &cells, ends);
	feed_all(d, &p, s.bytes + 7, ends[3] + 9 - 7);
	assert_int_equal(p.n, 3);
	pl_decoder_reset(d);
	feed_all(d, &p, s.bytes + ends[5] + 3, s.n - ends[5] - 3);
	assert_int_equal(p.n, 6);
	assert_int_equal(p.frames[3].frame.device_seq, 7);
	assert_int_equal(pl_decoder_stats(d)->lost_corrupt, 0);
	assert_int_equal(pl_decoder_stats(d)->lost_device, 0);
	assert_int_equal(pl_decoder_stats(d)->bad_checksum, 0);
	play_free(&p);
	pl_decoder_free(d);
	stream_free(&s);
	free(cells);
}

/* Any byte of any packet damaged: no wrong frame gets through, the next is in place. */
static void test_damage(void **state)
{
	size_t ends[3];
	struct stream s;
	uint8_t *cells;

	(void)state;
	s = make_stream(&u16_mat, 3, 5, &cells, ends);
	for (size_t at = ends[0]; at < ends[1]; at++) {
		uint8_t was = s.bytes[at];
		struct play p;

		s.bytes[at] ^= 1u << at % 8;
		p = play(&u16_mat, &s, cut_random, at);
		if (at == ends[1] - 1) { /* its end gone, a packet takes the next with it */
			assert_int_equal(p.n, 1);
		} else {
			assert_int_equal(p.n, 2);
			assert_memory_equal(p.frames[1].frame.cells, cells + 2 * p.cell_bytes,
					    p.cell_bytes);
			assert_int_equal(p.frames[1].frame.lost_corrupt, 1);
		}
		assert_int_equal(p.stats.lost_device, 0);
		play_free(&p);
		s.bytes[at] = was;
	}
	stream_free(&s);
	free(cells);
}

/* A minute of noise at 3 Mbaud, and a frame behind it. */
static void test_noise(void **state)
{
	struct stream s = {0};
	uint64_t seed = 12;
	struct play p;

	(void)state;
	stream_noise(&s, 18000000, &seed);
	stream_add(&s, "", 1);
	add_frame(&s, 0, 0);
	p = play(&u16_mat, &s, cut_random, 1);
	assert_int_equal(p.n, 1);
	assert_int_equal(p.stats.frames, 1);
	assert_int_equal(p.stats.bytes, s.n);
	assert_true(p.stats.skipped_bytes > 17000000);
	assert_true(p.stats.bad_length > 0 && p.stats.bad_checksum > 0);
	play_free(&p);
	s.n = 0;
	for (int i = 0; i < 100000; i++) /* no zero byte at all */
		stream_add(&s, "\xFF", 1);
	p = play(&u16_mat, &s, cut_random, 1);
	assert_int_equal(p.n, 0);
	assert_true(p.stats.skipped_bytes > 90000);
	play_free(&p);
	stream_free(&s);
}

static void test_need(void **state)
{
	struct pl_error err;
	struct pl_decoder *d = pl_decoder_new(&u16_mat, &err);
	struct play p = {.cell_bytes = config_bytes(&u16_mat)};
	struct stream s;
	uint8_t *cells;

	(void)state;
	s = make_stream(&u16_mat, 2, 8, &cells, NULL);
	for (size_t at = 0; at < s.n; at++) {
		size_t need = pl_decoder_need(d), n = p.n;

		/* fed one byte less than needed, no frame may come */
		if (need > 1 && at + need - 1 <= s.n) {
			feed_all(d, &p, s.bytes + at, need - 1);
			assert_int_equal(p.n, n);
			at += need - 1;
		}
		if (at < s.n)
			feed_all(d, &p, s.bytes + at, 1);
	}
	assert_int_equal(p.n, 2);
	play_free(&p);
	pl_decoder_free(d);
	stream_free(&s);
	free(cells);
}

static void test_refused(void **state)
{
	struct pl_decoder_config c = u16_mat;
	struct pl_error err;

	(void)state;
	c.protocol = "smoke";
	assert_null(pl_decoder_new(&c, &err));
	assert_string_equal(err.message, "protocol: unknown \"smoke\"; valid: pmp, matrix, fisica, "
					 "jq, phidget, takktile, vernier, stepmaniax");
	assert_int_equal(err.code, PL_ECONFIG);
	assert_null(pl_encoder_new(&c, &err));
	c.protocol = "pmp";
	c.rows = 513;
	assert_null(pl_decoder_new(&c, &err));
	c.rows = 1;
	c.dtype = PL_F64;
	assert_null(pl_decoder_new(&c, &err));
	assert_string_equal(pl_decoder_protocols()[0], "pmp");
	assert_string_equal(pl_decoder_protocols()[1], "matrix");
	assert_string_equal(pl_decoder_protocols()[7], "stepmaniax");
	assert_null(pl_decoder_protocols()[8]);
	assert_true(pl_decoder_packets("stepmaniax") && !pl_decoder_packets("pmp") &&
		    !pl_decoder_packets("smoke"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trip),	cmocka_unit_test(test_cobs_edges),
		cmocka_unit_test(test_firmware_header), cmocka_unit_test(test_text),
		cmocka_unit_test(test_specification),	cmocka_unit_test(test_banner),
		cmocka_unit_test(test_reasons),		cmocka_unit_test(test_counter),
		cmocka_unit_test(test_restart),		cmocka_unit_test(test_skip),
		cmocka_unit_test(test_joined_late),	cmocka_unit_test(test_damage),
		cmocka_unit_test(test_noise),		cmocka_unit_test(test_need),
		cmocka_unit_test(test_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
