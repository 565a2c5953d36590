/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The compressor against an independent inflate: whatever goes in comes out, for every kind of
 * data that makes its codes long, short, deep or empty, and never in more room than promised.
 */
#include <libdeflate.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/archive/zpack.h"

static uint64_t seed = 1;

static uint32_t any(uint32_t below)
{
	seed = seed * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)((seed >> 33) % (below ? below : 1));
}

static void there_and_back(struct zpack *z, const uint8_t *data, size_t n, size_t repeat)
{
	struct libdeflate_decompressor *d = libdeflate_alloc_decompressor();
	size_t bound = pl_zpack_bound(n), packed, got;
	uint8_t *out = malloc(bound), *back = malloc(n + 1);

	packed = pl_zpack(z, data, n, repeat, out);
	assert_in_range(packed, 1, bound);
	assert_int_equal(libdeflate_zlib_decompress(d, out, packed, back, n, &got),
			 LIBDEFLATE_SUCCESS);
	assert_int_equal(got, n);
	assert_memory_equal(back, data, n);
	free(out);
	free(back);
	libdeflate_free_decompressor(d);
}

static uint8_t byte_of(int kind, const uint8_t *data, size_t i, size_t repeat, uint32_t spread)
{
	switch (kind) {
	case 0:
		return (uint8_t)any(spread);
	case 1:
		return 0;
	case 2: /* mostly empty */
		return any(20) ? 0 : (uint8_t)any(256);
	case 3: /* as a frame ago, but for noise */
		return i >= repeat && any(50) ? data[i - repeat] : (uint8_t)any(spread);
	case 4: /* runs */
		return i && any(10) ? data[i - 1] : (uint8_t)any(spread);
	default: /* counts like Fibonacci's numbers make the longest codes */
		return (uint8_t)(any(1u << any(25)) % 256 ? __builtin_ctz(any(1u << 31) | 1u << 30)
							  : 77);
	}
}

static void test_there_and_back(void **state)
{
	struct zpack *z = pl_zpack_new();
	uint8_t *data = malloc(300000);

	(void)state;
	assert_non_null(z);
	for (int round = 0; round < 600; round++) {
		size_t n = any(round % 10 ? 3000 : 300000), repeat = any(40000);
		uint32_t spread = 1 + any(255);

		for (size_t i = 0; i < n; i++)
			data[i] = byte_of(round % 6, data, i, repeat ? repeat : 1, spread);
		there_and_back(z, data, n, repeat);
	}
	for (size_t n = 0; n < 600; n++) {
		memset(data, 7, n);
		there_and_back(z, data, n, n % 9);
	}
	free(data);
	pl_zpack_free(z);
}

/* Symbol k occurs about 1.6 times as often as k + 1: Huffman's tree is deeper than 15 bits. */
static void test_deep_codes(void **state)
{
	struct zpack *z = pl_zpack_new();
	size_t n = 0, fib[24] = {1, 1};
	uint8_t *data = malloc(1 << 20);

	(void)state;
	for (int k = 2; k < 24; k++)
		fib[k] = fib[k - 1] + fib[k - 2];
	for (int k = 0; k < 22; k++)
		for (size_t i = 0; i < fib[k]; i++)
			data[n++] = (uint8_t)(k * 11);
	for (size_t i = n - 1; i > 0; i--) { /* shuffled, so that there are no runs */
		size_t other = any((uint32_t)i + 1);
		uint8_t was = data[i];

		data[i] = data[other];
		data[other] = was;
	}
	there_and_back(z, data, n, 0);
	free(data);
	pl_zpack_free(z);
}

/* Long distances of every size class. */
static void test_distances(void **state)
{
	struct zpack *z = pl_zpack_new();
	uint8_t *data = malloc(1 << 17);

	(void)state;
	for (size_t repeat = 1; repeat <= 33000; repeat = repeat * 9 / 8 + 1) {
		size_t n = repeat * 3 + 100;

		for (size_t i = 0; i < n; i++)
			data[i] = i < repeat ? (uint8_t)any(256) : data[i - repeat];
		there_and_back(z, data, n, repeat);
	}
	free(data);
	pl_zpack_free(z);
}

static void test_shuffle(void **state)
{
	uint64_t from[101];
	uint8_t to[sizeof(from)];

	(void)state;
	for (size_t i = 0; i < sizeof(from); i++)
		((uint8_t *)from)[i] = (uint8_t)any(256);
	for (size_t size = 1; size <= 8; size *= 2) {
		size_t n = sizeof(from) / size;

		pl_zpack_shuffle(from, n, size, to);
		for (size_t i = 0; i < n; i++)
			for (size_t k = 0; k < size; k++)
				assert_int_equal(to[k * n + i], ((uint8_t *)from)[i * size + k]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_there_and_back),
		cmocka_unit_test(test_deep_codes),
		cmocka_unit_test(test_distances),
		cmocka_unit_test(test_shuffle),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
