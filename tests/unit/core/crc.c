/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The tables of crc.c are built from 64 numbers a polynomial; here each checksum is compared with
 * its definition, one bit at a time, for every length and alignment that takes another path.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <plantar/crc.h>

static const char nine[] = "123456789";

static uint32_t crc_reflected(uint32_t crc, const uint8_t *p, size_t n, uint32_t poly)
{
	for (; n; n--, p++) {
		crc ^= *p;
		for (int bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? poly : 0);
	}
	return crc;
}

static uint32_t crc_plain(uint32_t crc, const uint8_t *p, size_t n, uint32_t poly, int width)
{
	uint32_t top = 1u << (width - 1), mask = top * 2 - 1;

	for (; n; n--, p++) {
		crc ^= (uint32_t)*p << (width - 8);
		for (int bit = 0; bit < 8; bit++)
			crc = (crc << 1 ^ (crc & top ? poly : 0)) & mask;
	}
	return crc;
}

static void test_check_values(void **state)
{
	(void)state;
	assert_int_equal(pl_crc16_ccitt(PL_CRC16_CCITT_INIT, nine, 9), 0x29B1);
	assert_int_equal(pl_crc16_modbus(PL_CRC16_MODBUS_INIT, nine, 9), 0x4B37);
	assert_int_equal(pl_crc8(PL_CRC8_INIT, nine, 9), 0xF4);
	assert_int_equal(pl_crc32(PL_CRC32_INIT, nine, 9), 0xCBF43926);
	assert_int_equal(pl_sum8(0, nine, 9), 0xDD);
	assert_int_equal(pl_sum16(0, nine, 9), 0x1DD);
	assert_int_equal(pl_xor8(0, nine, 9), 0x31);
	assert_int_equal(pl_crc32(0, NULL, 0), 0);
	assert_int_equal(pl_sum16(7, NULL, 0), 7);
}

/* Each table entry is used: one byte is set, and 0 to 7 zero bytes follow it. */
static void test_every_table_entry(void **state)
{
	(void)state;
	for (unsigned place = 0; place < 8; place++) {
		for (unsigned byte = 0; byte < 256; byte++) {
			uint8_t p[8] = {0};

			p[place] = (uint8_t)byte;
			assert_int_equal(pl_crc16_ccitt(0, p, 8), crc_plain(0, p, 8, 0x1021, 16));
			assert_int_equal(pl_crc16_modbus(0, p, 8), crc_reflected(0, p, 8, 0xA001));
			assert_int_equal(pl_crc8(0, p, 8), crc_plain(0, p, 8, 0x07, 8));
			assert_int_equal(pl_crc32(~0u, p, 8), ~crc_reflected(0, p, 8, 0xEDB88320));
		}
	}
}

static void test_every_length_and_seed(void **state)
{
	uint8_t data[3000];
	uint32_t seed = 1;

	(void)state;
	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = (uint8_t)((seed = seed * 1664525 + 1013904223) >> 24);
	for (size_t n = 0; n < sizeof(data) - 8; n += n < 70 ? 1 : 61) {
		const uint8_t *p = data + n % 8;
		uint8_t xor = 0x5A;
		uint16_t sum = 0xFFF0;

		seed = seed * 1664525 + 1013904223;
		for (size_t i = 0; i < n; i++)
			sum = (uint16_t)(sum + p[i]), xor ^= p[i];
		assert_int_equal(pl_crc16_ccitt((uint16_t)seed, p, n),
				 crc_plain((uint16_t)seed, p, n, 0x1021, 16));
		assert_int_equal(pl_crc16_modbus((uint16_t)seed, p, n),
				 crc_reflected((uint16_t)seed, p, n, 0xA001));
		assert_int_equal(pl_crc8((uint8_t)seed, p, n),
				 crc_plain((uint8_t)seed, p, n, 0x07, 8));
		assert_int_equal(pl_crc32(seed, p, n), ~crc_reflected(~seed, p, n, 0xEDB88320));
		assert_int_equal(pl_sum16(0xFFF0, p, n), sum);
		assert_int_equal(pl_sum8(0xF0, p, n), sum & 0xFF);
		assert_int_equal(pl_xor8(0x5A, p, n), xor);
	}
}

/* Long and short pieces take different ways to the same value. */
static void test_pieces(void **state)
{
	static uint8_t data[9000];
	uint32_t seed = 7;

	(void)state;
	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = (uint8_t)((seed = seed * 1664525 + 1013904223) >> 24);
	for (size_t n = 100; n < sizeof(data); n += 89) {
		uint16_t whole = pl_crc16_ccitt((uint16_t)n, data, n), crc = (uint16_t)n;

		for (size_t at = 0; at < n; at += 40)
			crc = pl_crc16_ccitt(crc, data + at, n - at < 40 ? n - at : 40);
		assert_int_equal(whole, crc);
		assert_int_equal(whole, crc_plain((uint16_t)n, data, n, 0x1021, 16));
	}
}

static void test_sums_of_the_largest_bytes(void **state)
{
	static uint8_t ones[70000];

	(void)state;
	for (size_t i = 0; i < sizeof(ones); i++)
		ones[i] = 0xFF;
	assert_int_equal(pl_sum16(0, ones, sizeof(ones)), 255u * sizeof(ones) & 0xFFFF);
	assert_int_equal(pl_sum8(0, ones, sizeof(ones)), 255u * sizeof(ones) & 0xFF);
}

static void test_the_result_is_the_next_seed(void **state)
{
	(void)state;
	for (size_t cut = 0; cut <= 9; cut++) {
		const char *rest = nine + cut;
		size_t n = 9 - cut;

		assert_int_equal(
			pl_crc16_ccitt(pl_crc16_ccitt(PL_CRC16_CCITT_INIT, nine, cut), rest, n),
			0x29B1);
		assert_int_equal(
			pl_crc16_modbus(pl_crc16_modbus(PL_CRC16_MODBUS_INIT, nine, cut), rest, n),
			0x4B37);
		assert_int_equal(pl_crc8(pl_crc8(PL_CRC8_INIT, nine, cut), rest, n), 0xF4);
		assert_int_equal(pl_crc32(pl_crc32(PL_CRC32_INIT, nine, cut), rest, n), 0xCBF43926);
		assert_int_equal(pl_sum16(pl_sum16(0, nine, cut), rest, n), 0x1DD);
		assert_int_equal(pl_xor8(pl_xor8(0, nine, cut), rest, n), 0x31);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_check_values),
		cmocka_unit_test(test_every_table_entry),
		cmocka_unit_test(test_every_length_and_seed),
		cmocka_unit_test(test_pieces),
		cmocka_unit_test(test_sums_of_the_largest_bytes),
		cmocka_unit_test(test_the_result_is_the_next_seed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
