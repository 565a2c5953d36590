/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every byte of every frame passes a checksum, and a table of 256 entries makes each byte wait for
 * the one before it. With eight such tables ("slicing by 8", Kounavis and Berry 2005) eight bytes
 * are looked up at once, without waiting. Table k holds what a byte contributes when k more bytes
 * follow it.
 *
 * A CRC is linear: the entry of a byte is the exclusive or of the entries of its bits. So the
 * source holds only the 64 values of the single bits a polynomial, each of which is the one before
 * it shifted once more through the polynomial, and the preprocessor adds up the other 1,984. The
 * tests check all of it against the bit-by-bit definition.
 */
#include <plantar/crc.h>

#include <string.h>
#ifdef __x86_64__
#include <immintrin.h>
#endif

#define BIT(i, bit, value) ((i) >> (bit)&1 ? (value) : 0)
#define ENTRY(i, a, b, c, d, e, f, g, h)                                                           \
	(BIT(i, 0, a) ^ BIT(i, 1, b) ^ BIT(i, 2, c) ^ BIT(i, 3, d) ^ BIT(i, 4, e) ^ BIT(i, 5, f) ^ \
	 BIT(i, 6, g) ^ BIT(i, 7, h))
#define E4(i, ...)                                                                   \
	ENTRY(i, __VA_ARGS__), ENTRY(i + 1, __VA_ARGS__), ENTRY(i + 2, __VA_ARGS__), \
		ENTRY(i + 3, __VA_ARGS__)
#define E16(i, ...) \
	E4(i, __VA_ARGS__), E4(i + 4, __VA_ARGS__), E4(i + 8, __VA_ARGS__), E4(i + 12, __VA_ARGS__)
#define E64(i, ...)                                                              \
	E16(i, __VA_ARGS__), E16(i + 16, __VA_ARGS__), E16(i + 32, __VA_ARGS__), \
		E16(i + 48, __VA_ARGS__)
/* One table from the values of bits 0 to 7. */
#define ROW(...)                                                                  \
	{                                                                         \
		E64(0, __VA_ARGS__), E64(64, __VA_ARGS__), E64(128, __VA_ARGS__), \
			E64(192, __VA_ARGS__)                                     \
	}

/* clang-format off */
static const uint16_t ccitt[8][256] = { /* x^16 + x^12 + x^5 + 1 */
	ROW(0x1021, 0x2042, 0x4084, 0x8108, 0x1231, 0x2462, 0x48C4, 0x9188),
	ROW(0x3331, 0x6662, 0xCCC4, 0x89A9, 0x0373, 0x06E6, 0x0DCC, 0x1B98),
	ROW(0x3730, 0x6E60, 0xDCC0, 0xA9A1, 0x4363, 0x86C6, 0x1DAD, 0x3B5A),
	ROW(0x76B4, 0xED68, 0xCAF1, 0x85C3, 0x1BA7, 0x374E, 0x6E9C, 0xDD38),
	ROW(0xAA51, 0x4483, 0x8906, 0x022D, 0x045A, 0x08B4, 0x1168, 0x22D0),
	ROW(0x45A0, 0x8B40, 0x06A1, 0x0D42, 0x1A84, 0x3508, 0x6A10, 0xD420),
	ROW(0xB861, 0x60E3, 0xC1C6, 0x93AD, 0x377B, 0x6EF6, 0xDDEC, 0xABF9),
	ROW(0x47D3, 0x8FA6, 0x0F6D, 0x1EDA, 0x3DB4, 0x7B68, 0xF6D0, 0xFD81),
};

static const uint16_t modbus[8][256] = { /* x^16 + x^15 + x^2 + 1, lowest bit first */
	ROW(0xC0C1, 0xC181, 0xC301, 0xC601, 0xCC01, 0xD801, 0xF001, 0xA001),
	ROW(0x9001, 0x6001, 0xC002, 0xC007, 0xC00D, 0xC019, 0xC031, 0xC061),
	ROW(0xC051, 0xC0A1, 0xC141, 0xC281, 0xC501, 0xCA01, 0xD401, 0xE801),
	ROW(0xFC01, 0xB801, 0x3001, 0x6002, 0xC004, 0xC00B, 0xC015, 0xC029),
	ROW(0xC03D, 0xC079, 0xC0F1, 0xC1E1, 0xC3C1, 0xC781, 0xCF01, 0xDE01),
	ROW(0xD101, 0xE201, 0x8401, 0x4801, 0x9002, 0x6007, 0xC00E, 0xC01F),
	ROW(0xC010, 0xC023, 0xC045, 0xC089, 0xC111, 0xC221, 0xC441, 0xC881),
	ROW(0xCCC1, 0xD981, 0xF301, 0xA601, 0x0C01, 0x1802, 0x3004, 0x6008),
};

static const uint8_t crc8[8][256] = { /* x^8 + x^2 + x + 1 */
	ROW(0x07, 0x0E, 0x1C, 0x38, 0x70, 0xE0, 0xC7, 0x89),
	ROW(0x15, 0x2A, 0x54, 0xA8, 0x57, 0xAE, 0x5B, 0xB6),
	ROW(0x6B, 0xD6, 0xAB, 0x51, 0xA2, 0x43, 0x86, 0x0B),
	ROW(0x16, 0x2C, 0x58, 0xB0, 0x67, 0xCE, 0x9B, 0x31),
	ROW(0x62, 0xC4, 0x8F, 0x19, 0x32, 0x64, 0xC8, 0x97),
	ROW(0x29, 0x52, 0xA4, 0x4F, 0x9E, 0x3B, 0x76, 0xEC),
	ROW(0xDF, 0xB9, 0x75, 0xEA, 0xD3, 0xA1, 0x45, 0x8A),
	ROW(0x13, 0x26, 0x4C, 0x98, 0x37, 0x6E, 0xDC, 0xBF),
};

static const uint32_t crc32[8][256] = { /* IEEE 802.3, lowest bit first */
	ROW(0x77073096, 0xEE0E612C, 0x076DC419, 0x0EDB8832, 0x1DB71064, 0x3B6E20C8, 0x76DC4190, 0xEDB88320),
	ROW(0x191B3141, 0x32366282, 0x646CC504, 0xC8D98A08, 0x4AC21251, 0x958424A2, 0xF0794F05, 0x3B83984B),
	ROW(0x01C26A37, 0x0384D46E, 0x0709A8DC, 0x0E1351B8, 0x1C26A370, 0x384D46E0, 0x709A8DC0, 0xE1351B80),
	ROW(0xB8BC6765, 0xAA09C88B, 0x8F629757, 0xC5B428EF, 0x5019579F, 0xA032AF3E, 0x9B14583D, 0xED59B63B),
	ROW(0x3D6029B0, 0x7AC05360, 0xF580A6C0, 0x30704BC1, 0x60E09782, 0xC1C12F04, 0x58F35849, 0xB1E6B092),
	ROW(0xCB5CD3A5, 0x4DC8A10B, 0x9B914216, 0xEC53826D, 0x03D6029B, 0x07AC0536, 0x0F580A6C, 0x1EB014D8),
	ROW(0xA6770BB4, 0x979F1129, 0xF44F2413, 0x33EF4E67, 0x67DE9CCE, 0xCFBD399C, 0x440B7579, 0x8816EAF2),
	ROW(0xCCAA009E, 0x4225077D, 0x844A0EFA, 0xD3E51BB5, 0x7CBB312B, 0xF9766256, 0x299DC2ED, 0x533B85DA),
};
/* clang-format on */

/* Each loop looks up first what does not wait for the previous round, and joins that in last. */

static uint16_t ccitt_by_table(uint16_t seed, const uint8_t *p, size_t n)
{
	unsigned crc = seed, rest;

	for (; n >= 8; n -= 8, p += 8) {
		rest = (ccitt[5][p[2]] ^ ccitt[4][p[3]]) ^ (ccitt[3][p[4]] ^ ccitt[2][p[5]]) ^
		       (ccitt[1][p[6]] ^ ccitt[0][p[7]]);
		crc = (ccitt[7][p[0] ^ crc >> 8] ^ rest) ^ ccitt[6][p[1] ^ (crc & 0xFF)];
	}
	for (; n; n--, p++)
		crc = (crc << 8 & 0xFFFF) ^ ccitt[0][crc >> 8 ^ *p];
	return (uint16_t)crc;
}

#ifdef __x86_64__
/*
 * A checksum is the rest of a division of polynomials, and a block of 128 bits may be replaced by
 * anything of the same rest. So a block is moved to where a later one is, by multiplying its halves
 * with the rests of x^(distance) and x^(distance + 64), and added to that one (Gopal et al. 2009).
 * Four blocks travel side by side; the one that is left goes through the table.
 */
#define FOLD_MIN 128

#define CLMUL __attribute__((target("pclmul,ssse3")))

/* Bytes in the order of their weight: the first is the greatest. */
CLMUL static inline __m128i reverse(__m128i v)
{
	return _mm_shuffle_epi8(v,
				_mm_set_epi8(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15));
}

CLMUL static inline __m128i block(const uint8_t *p)
{
	return reverse(_mm_loadu_si128((const __m128i *)p));
}

CLMUL static inline __m128i fold(__m128i v, __m128i rests, __m128i onto)
{
	return _mm_xor_si128(onto, _mm_xor_si128(_mm_clmulepi64_si128(v, rests, 0x00),
						 _mm_clmulepi64_si128(v, rests, 0x11)));
}

CLMUL static uint16_t ccitt_by_folding(uint16_t seed, const uint8_t *p, size_t n)
{
	const __m128i by_512 = _mm_set_epi64x(0x8832, 0x13FC),
		      by_128 = _mm_set_epi64x(0x650B, 0xAEFC);
	__m128i v[4] = {block(p), block(p + 16), block(p + 32), block(p + 48)};
	uint8_t rest[16];

	v[0] = _mm_xor_si128(v[0], _mm_set_epi64x((long long)((uint64_t)seed << 48), 0));
	for (p += 64, n -= 64; n >= 64; p += 64, n -= 64)
		for (int k = 0; k < 4; k++)
			v[k] = fold(v[k], by_512, block(p + 16 * k));
	for (int k = 1; k < 4; k++)
		v[k] = fold(v[k - 1], by_128, v[k]);
	_mm_storeu_si128((__m128i *)rest, reverse(v[3]));
	return ccitt_by_table(ccitt_by_table(0, rest, sizeof(rest)), p, n);
}
#endif

uint16_t pl_crc16_ccitt(uint16_t seed, const void *data, size_t n)
{
#ifdef __x86_64__
	if (n >= FOLD_MIN && __builtin_cpu_supports("pclmul") && __builtin_cpu_supports("ssse3"))
		return ccitt_by_folding(seed, data, n);
#endif
	return ccitt_by_table(seed, data, n);
}

uint16_t pl_crc16_modbus(uint16_t seed, const void *data, size_t n)
{
	const uint8_t *p = data;
	unsigned crc = seed, rest;

	for (; n >= 8; n -= 8, p += 8) {
		rest = (modbus[5][p[2]] ^ modbus[4][p[3]]) ^ (modbus[3][p[4]] ^ modbus[2][p[5]]) ^
		       (modbus[1][p[6]] ^ modbus[0][p[7]]);
		crc = (modbus[7][p[0] ^ (crc & 0xFF)] ^ rest) ^ modbus[6][p[1] ^ crc >> 8];
	}
	for (; n; n--, p++)
		crc = crc >> 8 ^ modbus[0][(crc ^ *p) & 0xFF];
	return (uint16_t)crc;
}

uint8_t pl_crc8(uint8_t seed, const void *data, size_t n)
{
	const uint8_t *p = data;
	unsigned crc = seed, rest;

	for (; n >= 8; n -= 8, p += 8) {
		rest = (crc8[6][p[1]] ^ crc8[5][p[2]]) ^ (crc8[4][p[3]] ^ crc8[3][p[4]]) ^
		       (crc8[2][p[5]] ^ crc8[1][p[6]] ^ crc8[0][p[7]]);
		crc = crc8[7][p[0] ^ crc] ^ rest;
	}
	for (; n; n--, p++)
		crc = crc8[0][crc ^ *p];
	return (uint8_t)crc;
}

uint32_t pl_crc32(uint32_t seed, const void *data, size_t n)
{
	const uint8_t *p = data;
	uint32_t crc = ~seed, rest;

	for (; n >= 8; n -= 8, p += 8) {
		rest = (crc32[3][p[4]] ^ crc32[2][p[5]]) ^ (crc32[1][p[6]] ^ crc32[0][p[7]]);
		crc = ((crc32[7][p[0] ^ (crc & 0xFF)] ^ rest) ^
		       crc32[6][p[1] ^ (crc >> 8 & 0xFF)]) ^
		      (crc32[5][p[2] ^ (crc >> 16 & 0xFF)] ^ crc32[4][p[3] ^ crc >> 24]);
	}
	for (; n; n--, p++)
		crc = crc >> 8 ^ crc32[0][(crc ^ *p) & 0xFF];
	return ~crc;
}

uint8_t pl_sum8(uint8_t seed, const void *data, size_t n)
{
	return (uint8_t)pl_sum16(seed, data, n);
}

/* The bytes of a word are summed in four lanes of 16 bits. */
uint16_t pl_sum16(uint16_t seed, const void *data, size_t n)
{
	const uint64_t even = UINT64_C(0x00FF00FF00FF00FF);
	const uint8_t *p = data;
	unsigned sum = seed;

	while (n >= 8) {
		/* 128 words at most: 128 * 2 * 255 fits 16 bits, so no lane carries into the next
		 */
		size_t words = n / 8 < 128 ? n / 8 : 128;
		uint64_t lanes = 0, word;

		for (size_t i = 0; i < words; i++, p += 8) {
			memcpy(&word, p, sizeof(word));
			lanes += (word & even) + (word >> 8 & even);
		}
		n -= words * 8;
		for (; lanes; lanes >>= 16)
			sum += lanes & 0xFFFF;
	}
	for (; n; n--)
		sum += *p++;
	return (uint16_t)sum;
}

uint8_t pl_xor8(uint8_t seed, const void *data, size_t n)
{
	const uint8_t *p = data;
	uint64_t all = 0, word;
	unsigned result = seed;

	for (; n >= 8; n -= 8, p += 8) {
		memcpy(&word, p, sizeof(word));
		all ^= word;
	}
	for (; all; all >>= 8)
		result ^= all & 0xFF;
	for (; n; n--)
		result ^= *p++;
	return (uint8_t)result;
}
