/* SPDX-License-Identifier: Apache-2.0 */
/* Packets in a stream: written as docs/mats.md says, here by hand, and read however it is cut. */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "drivers/decode/packets.h"

static const uint8_t stream[] = {
	0x08, 0x80, 1,	  2,	3,    4, 5, 6, 7, 8, /* an answer of 8 bytes */
	0x00, 0x80,				     /* an empty answer */
	0x03, 0x00, 0xaa, 0xbb, 0xcc,		     /* a packet */
	0x00, 0x00,				     /* an empty one */
	0x01, 0x00, 0x00,
};
static const struct {
	size_t n;
	bool answer;
	uint8_t first;
} packets[] = {{8, true, 1}, {0, true, 0}, {3, false, 0xaa}, {0, false, 0}, {1, false, 0}};
#define PACKETS (sizeof(packets) / sizeof(*packets))

/* Feeds pieces of at most step bytes, the first one of begin. */
static void check(size_t begin, size_t step)
{
	static struct pl_packets p;
	size_t at = 0, end = begin, found = 0;
	bool complete;

	pl_packets_reset(&p);
	for (;;) {
		size_t need = pl_packets_need(&p), used;

		assert_true(need >= 1);
		used = pl_packets_feed(&p, stream + at, end - at, &complete);
		at += used;
		if (complete) {
			assert_true(used >= need);
			assert_true(found < PACKETS);
			assert_int_equal(p.n, packets[found].n);
			assert_int_equal(p.answer, packets[found].answer);
			assert_false(p.oversize);
			if (p.n)
				assert_int_equal(p.bytes[0], packets[found].first);
			found++;
		} else if (at == sizeof(stream)) {
			break;
		} else {
			assert_int_equal(at, end);
			end = end + step < sizeof(stream) ? end + step : sizeof(stream);
		}
	}
	assert_int_equal(found, PACKETS);
}

static void test_cuts(void **state)
{
	(void)state;
	check(sizeof(stream), 1);
	for (size_t step = 1; step < sizeof(stream); step++)
		check(step, step);
	for (size_t begin = 0; begin < sizeof(stream); begin++)
		check(begin, sizeof(stream));
}

static void test_put(void **state)
{
	static const uint8_t answer[] = {1, 2, 3, 4, 5, 6, 7, 8}, packet[] = {0xaa, 0xbb, 0xcc};
	uint8_t out[sizeof(stream)];
	size_t n = 0;

	(void)state;
	n += pl_packets_put(out + n, answer, 8, true);
	n += pl_packets_put(out + n, NULL, 0, true);
	n += pl_packets_put(out + n, packet, 3, false);
	n += pl_packets_put(out + n, NULL, 0, false);
	n += pl_packets_put(out + n, "", 1, false);
	assert_int_equal(n, sizeof(stream));
	assert_memory_equal(out, stream, n);
}

/* A length that no transport makes: said, nothing written outside, and the next one is found. */
static void test_oversize(void **state)
{
	static uint8_t bytes[2 + 0x7fff + 5];
	static struct pl_packets p;
	bool complete;
	size_t used;

	(void)state;
	memset(bytes, 0x55, sizeof(bytes));
	memcpy(bytes, (uint8_t[]){0xff, 0x7f}, 2);
	memcpy(bytes + 2 + 0x7fff, (uint8_t[]){3, 0, 7, 8, 9}, 5);
	pl_packets_reset(&p);
	for (size_t at = 0, found = 0; found < 2; at += used) {
		size_t n = sizeof(bytes) - at < 1000 ? sizeof(bytes) - at : 1000;

		used = pl_packets_feed(&p, bytes + at, n, &complete);
		if (!complete)
			continue;
		assert_int_equal(p.oversize, found == 0);
		assert_int_equal(p.n, found == 0 ? 0x7fff : 3);
		assert_int_equal(p.bytes[0], found == 0 ? 0x55 : 7);
		found++;
	}
}

static void test_request(void **state)
{
	struct pl_tx tx = {.n = 0};

	(void)state;
	pl_packets_request(&tx, 0xc0, 0x6c, 0x0102, 3, 8, NULL);
	assert_int_equal(tx.n, 8);
	assert_memory_equal(tx.bytes, "\xc0\x6c\x02\x01\x03\x00\x08\x00", 8);
	pl_packets_request(&tx, 0x40, 1, 0, 0x0304, 2, "ab");
	assert_int_equal(tx.n, 10);
	assert_memory_equal(tx.bytes, "\x40\x01\x00\x00\x04\x03\x02\x00\x61\x62", 10);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cuts),
		cmocka_unit_test(test_put),
		cmocka_unit_test(test_oversize),
		cmocka_unit_test(test_request),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
