/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Streams of every kind of "matrix" mat, hurt: bytes lost, added, flipped, dropped by the host,
 * marks among the cells, plain noise. What was damaged has to be counted, what was not has to
 * arrive.
 */
#include "stream.h"

#include "matrix_variants.h"

#define FRAMES 8

/* Is the end of each frame of this mat proven before it is delivered, by more than a byte? */
static bool proven(const struct pl_matrix_config *m)
{
	return m->delimiter.n || m->tail.n || m->confirm || m->check >= PL_CHECK_CRC16_CCITT;
}

/* Bytes cut out of the middle, or put in: one frame is damaged, all others arrive. */
static void hurt_middle(const struct variant *v, int by)
{
	struct pl_decoder_config c = variant_config(&v->matrix);
	size_t ends[FRAMES], at;
	struct stream s, hurt = {0};
	uint64_t seed = 77;
	struct play p;
	uint8_t *cells;

	s = make_stream(&c, FRAMES, 4, &cells, ends);
	at = ends[3] + (ends[4] - ends[3]) / 2;
	stream_add(&hurt, s.bytes, at);
	if (by > 0)
		stream_noise(&hurt, (size_t)by, &seed);
	else
		at += (size_t)-by;
	stream_add(&hurt, s.bytes + at, s.n - at);
	p = play_many_ways(&c, &hurt, 20);
	assert_frames(&p, 0, cells, 0, 4);
	if (proven(&c.matrix)) {
		assert_int_equal(p.n, FRAMES - 1 - c.matrix.confirm);
		assert_frames(&p, 4, cells, 5, p.n - 4);
		assert_int_equal(lost(&p.frames[4].frame), 1);
		assert_int_equal(p.stats.lost_corrupt, 1);
		assert_int_equal(p.stats.bad_length + p.stats.bad_checksum, 1);
	} else { /* the damaged frame cannot be told, what follows can */
		assert_true(p.n >= FRAMES - 1);
		assert_frames(&p, p.n - 3, cells, 5, 3);
		assert_int_equal(p.stats.bad_length + p.stats.bad_checksum, 1);
	}
	assert_true(p.frames[p.n - 3 + c.matrix.confirm].frame.resync);
	play_free(&p);
	stream_free(&s);
	stream_free(&hurt);
	free(cells);
}

static void test_bytes_lost_or_added(void **state)
{
	(void)state;
	for (unsigned v = 0; v < n_variants; v++) {
		const struct pl_matrix_config *m = &variants[v].matrix;

		if (m->rows * m->cols < 8)
			continue;
		print_message("  %s\n", variants[v].name);
		hurt_middle(&variants[v], -1);
		hurt_middle(&variants[v], -3);
		hurt_middle(&variants[v], 1);
		hurt_middle(&variants[v], 3);
	}
}

/* One byte of one frame damaged, anywhere: with a checksum it is never delivered wrong; the mark
 * that two frames share may go and only one frame with it. */
static void test_damage(void **state)
{
	(void)state;
	for (unsigned v = 0; v < n_variants; v++) {
		struct pl_decoder_config c = variant_config(&variants[v].matrix);
		bool checked = c.matrix.check && !c.matrix.check_from && !c.matrix.check_to;
		size_t ends[FRAMES], step;
		struct stream s;
		uint8_t *cells;

		s = make_stream(&c, FRAMES, v + 1, &cells, ends);
		step = ends[0] > 300 ? ends[0] / 101 : 1;
		for (size_t at = ends[3]; at < ends[4]; at += step) {
			uint8_t was = s.bytes[at];
			struct play p;

			s.bytes[at] ^= 0x10;
			p = play(&c, &s, cut_random, at);
			assert_true(p.n + 1 + 2 * c.matrix.confirm >= FRAMES);
			assert_frames(&p, 0, cells, 0, 4 - c.matrix.confirm);
			assert_frames(&p, p.n - 2, cells, FRAMES - 2 - c.matrix.confirm, 2);
			if (checked) {
				assert_int_equal(p.n, FRAMES - 1);
				assert_frames(&p, 4, cells, 5, 3);
				assert_int_equal(p.stats.lost_corrupt, 1);
				assert_int_equal(lost(&p.frames[4].frame), 1);
			}
			assert_int_equal(p.n + p.stats.lost_corrupt + c.matrix.confirm, FRAMES);
			play_free(&p);
			s.bytes[at] = was;
		}
		stream_free(&s);
		free(cells);
	}
}

/* Cells that spell the marks: a stream in place does not care, even when a frame is damaged. */
static void test_marks_in_data(void **state)
{
	static const struct pl_matrix_config pad = {
		.delimiter = {.bytes = {0xAA, 0x55, 0x03, 0x99}, .n = 4},
		.rows = 8,
		.cols = 8,
		.length_field = {.offset = -1},
		.seq_field = {.offset = -1}};
	static const struct pl_matrix_config head = {.head = {.bytes = {0xAA, 0x55}, .n = 2},
						     .rows = 8,
						     .cols = 8,
						     .length_field = {.offset = -1},
						     .seq_field = {.offset = -1}};
	const struct pl_matrix_config *kinds[] = {&pad, &head};

	(void)state;
	for (int k = 0; k < 2; k++) {
		struct pl_decoder_config c = variant_config(kinds[k]);
		const uint8_t *mark = k ? head.head.bytes : pad.delimiter.bytes;
		size_t n = k ? 2 : 4, size;
		struct pl_error err;
		struct pl_encoder *e = pl_encoder_new(&c, &err);
		struct stream s = {0}, late;
		uint8_t cells[64], plain[64] = {1, 2, 3}, wire[128];
		struct play p;

		for (size_t i = 0; i < 64; i++)
			cells[i] = mark[i % n];
		for (int i = 0; i < 30; i++) {
			size = pl_encoder_frame(e, i < 20 ? cells : plain, 0, 0, wire);
			stream_add(&s, wire, size);
		}
		p = play_every_way(&c, &s, 100);
		assert_int_equal(p.n, 30);
		assert_frames(&p, 0, cells, 0, 1);
		assert_int_equal(p.stats.skipped_bytes, 0);
		play_free(&p);

		/* joined late it has to wait for a frame that is not ambiguous, and then be right
		 */
		late = (struct stream){.bytes = s.bytes + 9, .n = s.n - 9};
		p = play(&c, &late, cut_whole, 0);
		assert_true(p.n >= 9 && p.n <= 10);
		for (size_t i = 0; i < p.n; i++)
			assert_memory_equal(p.frames[i].frame.cells, plain, 64);
		play_free(&p);

		/* a byte flipped among them: the rhythm holds */
		s.bytes[10 * (64 + n) + 33] ^= 4;
		p = play(&c, &s, cut_whole, 0);
		assert_int_equal(p.n, 30);
		play_free(&p);
		/* the mark itself hurt, among all the false ones */
		s.bytes[10 * (64 + n) + 64] ^= 4;
		p = play(&c, &s, cut_whole, 0);
		assert_true(p.n >= 29 - (size_t)k);
		assert_int_equal(p.n + p.stats.lost_corrupt, 30);
		for (size_t i = 0; i < 9; i++)
			assert_memory_equal(p.frames[i].frame.cells, cells, 64);
		assert_memory_equal(p.frames[p.n - 1].frame.cells, plain, 64);
		play_free(&p);
		stream_free(&s);
		pl_encoder_free(e);
	}
}

/*
 * Somebody stands still, and a cell shows the very byte that marks frames: a stream joined anywhere
 * must not be read out of phase. Without a check nothing tells, so it waits; a sum tells.
 */
static void test_marks_that_stand_still(void **state)
{
	static const struct {
		struct pl_matrix_config m;
		bool told;
	} mats[] = {
		{{.tail = {.bytes = {10}, .n = 1}}, false},
		{{.head = {.bytes = {10}, .n = 1}}, false},
		{{.head = {.bytes = {10}, .n = 1}, .check = PL_CHECK_SUM8}, true},
		{{.tail = {.bytes = {10}, .n = 1}, .check = PL_CHECK_SUM8}, true},
	};

	(void)state;
	for (size_t k = 0; k < sizeof(mats) / sizeof(mats[0]); k++) {
		struct pl_matrix_config m = mats[k].m;
		struct pl_decoder_config c;
		struct stream s = {0}, late;
		struct pl_encoder *e;
		uint8_t sent[40][64], wire[80];
		uint64_t seed = k + 1;
		size_t size = 0;

		m.rows = m.cols = 8;
		m.length_field.offset = m.seq_field.offset = -1;
		c = variant_config(&m);
		e = pl_encoder_new(&c, NULL);
		for (size_t i = 0; i < 40; i++) {
			for (size_t n = 0; n < 64; n++)
				sent[i][n] = (uint8_t)(n % 21 == 5 ? 10 : 100 + rnd(&seed) % 100);
			size = pl_encoder_frame(e, sent[i], 0, 0, wire);
			stream_add(&s, wire, size);
		}
		for (size_t at = 0; at < size; at++) {
			struct play p;

			late = (struct stream){.bytes = s.bytes + at, .n = s.n - at};
			p = play_many_ways(&c, &late, 5);
			if (mats[k].told)
				assert_in_range(p.n, 34, 40);
			for (size_t i = 0; i < p.n; i++)
				assert_memory_equal(p.frames[i].frame.cells, sent[40 - p.n + i],
						    64);
			play_free(&p);
		}
		stream_free(&s);
		pl_encoder_free(e);
	}
}

/* A minute of noise at 3 Mbaud: next to nothing gets through, and the frames behind it do. */
static void test_noise(void **state)
{
	(void)state;
	for (unsigned v = 0; v < n_variants; v++) {
		struct pl_decoder_config c = variant_config(&variants[v].matrix);
		struct stream s = {0}, good;
		uint64_t seed = v;
		struct play p;
		uint8_t *cells;

		stream_noise(&s, 18000000, &seed);
		good = make_stream(&c, FRAMES, 9, &cells, NULL);
		stream_add(&s, good.bytes, good.n);
		p = play(&c, &s, cut_random, 1);
		assert_true(p.n + 2 + c.matrix.confirm >= FRAMES && p.n <= FRAMES + 8);
		assert_frames(&p, p.n - 4, cells, FRAMES - 4 - c.matrix.confirm, 4);
		assert_true(p.stats.skipped_bytes > 17000000);
		play_free(&p);
		stream_free(&s);
		stream_free(&good);
		free(cells);
	}
}

/* The host dropped bytes: exactly the frames they held are missing, and the place is kept. */
static void test_skip(void **state)
{
	(void)state;
	for (unsigned v = 0; v < n_variants; v++) {
		struct pl_decoder_config c = variant_config(&variants[v].matrix);
		struct play p = {.cell_bytes = config_bytes(&c)};
		struct pl_error err;
		struct pl_decoder *d = pl_decoder_new(&c, &err);
		size_t ends[20], from, to;
		struct stream s;
		uint8_t *cells;

		s = make_stream(&c, 20, 3, &cells, ends);
		from = ends[4] + 1;
		to = ends[8] + (v % 2 ? ends[0] / 2 : 0);
		feed_all(d, &p, s.bytes, from);
		assert_int_equal(p.n, 5 - c.matrix.confirm);
		pl_decoder_skip(d, to - from);
		feed_all(d, &p, s.bytes + to, s.n - to);
		assert_int_equal(p.n, 16 - v % 2 - 2 * c.matrix.confirm);
		assert_frames(&p, p.n - 9, cells, 11 - c.matrix.confirm, 9);
		assert_int_equal(pl_decoder_stats(d)->lost_overrun, 4 + v % 2 + c.matrix.confirm);
		assert_int_equal(pl_decoder_stats(d)->lost_corrupt, 0);
		assert_int_equal(pl_decoder_stats(d)->bad_length, 0);
		play_free(&p);
		pl_decoder_free(d);
		stream_free(&s);
		free(cells);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bytes_lost_or_added),
		cmocka_unit_test(test_damage),
		cmocka_unit_test(test_marks_in_data),
		cmocka_unit_test(test_marks_that_stand_still),
		cmocka_unit_test(test_noise),
		cmocka_unit_test(test_skip),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
