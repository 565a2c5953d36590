/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every frame goes out with a header of some ninety numbers in JSON, so writing a number is on the
 * path of a frame. printf would need three tries to find the shortest digits, writes the decimal
 * point of whatever locale the program is in, and takes a microsecond. Numbers are therefore
 * written here, by the Schubfach method (Giulietti, The Schubfach way to render doubles, 2020): it
 * scales the number and the borders of its rounding interval by one power of ten from a table, and
 * takes the shortest decimal between the borders, the nearest one if there are several.
 *
 * Floats take the same way as doubles: a float is such a number with fewer bits, and only the
 * width of the rounding interval differs.
 */
#include <plantar/json.h>

#include <math.h>
#include <string.h>

#include "pow10.h"
#include "text.h"

#define DEPTH_MAX 64
#define NUMBER_MAX 32 /* bytes: sign, 17 digits, point, five zeros or an exponent fit */
#define PLAIN_DIGITS \
	16 /* whole numbers beyond are written with an exponent: fits any integer type */

/* A positive number: digits * 10^exponent. */
struct decimal {
	uint64_t digits;
	int exponent;
};

void pl_json_init(struct pl_json *j, char *buf, size_t cap)
{
	*j = (struct pl_json){.buf = buf, .cap = cap};
}

/* The writer */

static void put(struct pl_json *j, const char *text, size_t n)
{
	if (j->overflow)
		return;
	if (n >= j->cap - j->len) { /* one byte is kept for the NUL */
		j->overflow = true;
		return;
	}
	memcpy(j->buf + j->len, text, n);
	j->len += n;
}

static void put_escaped(struct pl_json *j, unsigned char c)
{
	static const char hex[] = "0123456789abcdef";
	static const char names[] = "\"\"\\\\\bb\ff\nn\rr\tt";
	char text[6] = {'\\', 'u', '0', '0', hex[c >> 4], hex[c & 15]};

	for (const char *name = names; *name; name += 2) {
		if (c == (unsigned char)name[0]) {
			text[1] = name[1];
			put(j, text, 2);
			return;
		}
	}
	put(j, text, sizeof(text));
}

static bool is_plain(unsigned char c)
{
	return c >= 0x20 && c < 0x80 && c != '"' && c != '\\';
}

static void put_string(struct pl_json *j, const char *value)
{
	const unsigned char *s = (const unsigned char *)value;
	size_t run;
	unsigned n;

	put(j, "\"", 1);
	while (*s) {
		for (run = 0; is_plain(s[run]); run++)
			;
		put(j, (const char *)s, run);
		s += run;
		if (!*s)
			break;
		n = pl_text_utf8_length(s);
		if (n > 1)
			put(j, (const char *)s, n);
		else if (n == 1)
			put_escaped(j, *s);
		else
			put(j, "\xEF\xBF\xBD", 3);
		s += n ? n : 1;
	}
	put(j, "\"", 1);
}

/* Comma and key before a value; notices what could not become a document. */
static void begin_value(struct pl_json *j, const char *key)
{
	bool in_object =
		j->depth > 0 && j->depth <= DEPTH_MAX && (j->objects >> (j->depth - 1) & 1);

	if ((key != NULL) != in_object || (j->depth == 0 && j->comma))
		j->broken = true;
	if (j->comma)
		put(j, ",", 1);
	j->comma = true;
	if (!key)
		return;
	put_string(j, key);
	put(j, ":", 1);
}

static void begin_level(struct pl_json *j, const char *key, bool object)
{
	begin_value(j, key);
	put(j, object ? "{" : "[", 1);
	j->comma = false;
	if (j->depth < DEPTH_MAX) {
		uint64_t bit = UINT64_C(1) << j->depth;

		j->objects = object ? j->objects | bit : j->objects & ~bit;
	} else {
		j->broken = true;
	}
	j->depth++;
}

static void end_level(struct pl_json *j, bool object)
{
	if (j->depth == 0 || j->depth > DEPTH_MAX ||
	    (bool)(j->objects >> (j->depth - 1) & 1) != object)
		j->broken = true;
	put(j, object ? "}" : "]", 1);
	j->comma = true;
	if (j->depth > 0)
		j->depth--;
}

void pl_json_begin_object(struct pl_json *j, const char *key)
{
	begin_level(j, key, true);
}

void pl_json_end_object(struct pl_json *j)
{
	end_level(j, true);
}

void pl_json_begin_array(struct pl_json *j, const char *key)
{
	begin_level(j, key, false);
}

void pl_json_end_array(struct pl_json *j)
{
	end_level(j, false);
}

void pl_json_string(struct pl_json *j, const char *key, const char *value)
{
	begin_value(j, key);
	if (value)
		put_string(j, value);
	else
		put(j, "null", 4);
}

void pl_json_bool(struct pl_json *j, const char *key, bool value)
{
	begin_value(j, key);
	put(j, value ? "true" : "false", value ? 4 : 5);
}

void pl_json_null(struct pl_json *j, const char *key)
{
	begin_value(j, key);
	put(j, "null", 4);
}

void pl_json_raw(struct pl_json *j, const char *key, const char *json_text)
{
	bool empty = !json_text || !*json_text;

	begin_value(j, key);
	put(j, empty ? "null" : json_text, empty ? 4 : strlen(json_text));
}

size_t pl_json_finish(struct pl_json *j)
{
	if (j->cap == 0)
		return 0;
	j->buf[j->len] = '\0';
	return j->overflow || j->broken || j->depth ? 0 : j->len;
}

/* Numbers */

/* The digits of value, right-aligned before end; returns where they begin. */
static char *digits_before(char *end, uint64_t value)
{
	static const char pairs[] = "0001020304050607080910111213141516171819"
				    "2021222324252627282930313233343536373839"
				    "4041424344454647484950515253545556575859"
				    "6061626364656667686970717273747576777879"
				    "8081828384858687888990919293949596979899";

	while (value >= 100) {
		end -= 2;
		memcpy(end, pairs + value % 100 * 2, 2);
		value /= 100;
	}
	if (value < 10) {
		*--end = (char)('0' + value);
		return end;
	}
	end -= 2;
	memcpy(end, pairs + value * 2, 2);
	return end;
}

static void put_integer(struct pl_json *j, uint64_t magnitude, bool negative)
{
	char text[NUMBER_MAX], *end = text + sizeof(text), *start = digits_before(end, magnitude);

	if (negative)
		*--start = '-';
	put(j, start, (size_t)(end - start));
}

static uint64_t magnitude_of(int64_t value)
{
	return value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
}

void pl_json_int(struct pl_json *j, const char *key, int64_t value)
{
	begin_value(j, key);
	put_integer(j, magnitude_of(value), value < 0);
}

void pl_json_uint(struct pl_json *j, const char *key, uint64_t value)
{
	begin_value(j, key);
	put_integer(j, value, false);
}

void pl_json_ns(struct pl_json *j, const char *key, int64_t t_ns)
{
	begin_value(j, key);
	put(j, "\"", 1);
	put_integer(j, magnitude_of(t_ns), t_ns < 0);
	put(j, "\"", 1);
}

static uint64_t multiply_high(uint64_t a, uint64_t b, uint64_t *low)
{
#ifdef __SIZEOF_INT128__
	__extension__ unsigned __int128 product = (unsigned __int128)a * b;

	*low = (uint64_t)product;
	return (uint64_t)(product >> 64);
#else
	uint64_t a0 = a & 0xFFFFFFFFu, a1 = a >> 32, b0 = b & 0xFFFFFFFFu, b1 = b >> 32;
	uint64_t middle = a1 * b0 + (a0 * b0 >> 32);
	uint64_t other = a0 * b1 + (middle & 0xFFFFFFFFu);

	*low = a * b;
	return a1 * b1 + (middle >> 32) + (other >> 32);
#endif
}

/* value * 10^k, scaled by the table's binary exponent; the last bit says "and something more". */
static uint64_t times_pow10(uint64_t value, int k)
{
	uint64_t hi = pow10_table[k - POW10_MIN].hi, lo = pow10_table[k - POW10_MIN].lo;
	uint64_t upper, middle, ignored, carry = multiply_high(lo, value, &ignored);

	upper = multiply_high(hi, value, &middle);
	middle += carry;
	upper += middle < carry;
	return upper | (middle > 1);
}

/* floor(q * log10(2)), or of 3/4 2^q; floor(k * log2(10)): exact over the range of doubles. */
static int floor_log10_pow2(int q, bool three_quarters)
{
	return (q * 1262611 - (three_quarters ? 524031 : 0)) >> 22;
}

static int floor_log2_pow10(int k)
{
	return (k * 1741647) >> 19;
}

/*
 * The shortest decimal that rounds to c * 2^q. closer: c is the smallest of its binade, so that
 * the number below is only half as far away. The names are those of the paper's figure 7.
 */
static struct decimal shortest(uint64_t c, int q, bool closer)
{
	bool odd = c & 1; /* ties go to even: an odd c owns neither border of its interval */
	int k, h;
	uint64_t vb, lower, upper, s, tens;
	bool below_in, above_in;

	if (q <= 0 && q > -64 && (c & ((UINT64_C(1) << -q) - 1)) == 0)
		return (struct decimal){.digits = c >> -q, .exponent = 0};
	k = floor_log10_pow2(q, closer);
	h = q + floor_log2_pow10(-k) + 1;
	vb = times_pow10((4 * c) << h, -k);
	lower = times_pow10((4 * c - 2 + closer) << h, -k) + odd;
	upper = times_pow10((4 * c + 2) << h, -k) - odd;
	s = vb / 4;
	if (s >= 10) {
		tens = s / 10;
		below_in = lower <= 40 * tens;
		above_in = 40 * tens + 40 <= upper;
		if (below_in != above_in)
			return (struct decimal){.digits = tens + above_in, .exponent = k + 1};
	}
	below_in = lower <= 4 * s;
	above_in = 4 * s + 4 <= upper;
	if (below_in == above_in) /* both or neither: the nearer one, the even one of two */
		above_in = vb > 4 * s + 2 || (vb == 4 * s + 2 && (s & 1));
	return (struct decimal){.digits = s + above_in, .exponent = k};
}

static size_t append_exponent(char *out, int exponent)
{
	char text[8], *end = text + sizeof(text), *start;
	size_t n = 0;

	out[n++] = 'e';
	if (exponent < 0)
		out[n++] = '-';
	start = digits_before(end, (uint64_t)(exponent < 0 ? -exponent : exponent));
	memcpy(out + n, start, (size_t)(end - start));
	return n + (size_t)(end - start);
}

/* As people write it: 1250, 12.5, 0.00125, 1.25e-7. out has NUMBER_MAX bytes; returns the length.
 */
static size_t format_decimal(char *out, struct decimal d)
{
	char text[24], *end = text + sizeof(text), *start;
	int n, point; /* digits; how many of them are before the point */
	size_t len = 0;

	while (d.digits % 10 == 0) {
		d.digits /= 10;
		d.exponent++;
	}
	start = digits_before(end, d.digits);
	n = (int)(end - start);
	point = n + d.exponent;
	if (point > PLAIN_DIGITS || point < -4) {
		out[len++] = start[0];
		if (n > 1) {
			out[len++] = '.';
			memcpy(out + len, start + 1, (size_t)n - 1);
			len += (size_t)n - 1;
		}
		return len + append_exponent(out + len, point - 1);
	}
	if (point <= 0) {
		memcpy(out, "0.0000", 6);
		len = (size_t)(2 - point);
		memcpy(out + len, start, (size_t)n);
		return len + (size_t)n;
	}
	if (point >= n) {
		memcpy(out, start, (size_t)n);
		memset(out + n, '0', (size_t)(point - n));
		return (size_t)point;
	}
	memcpy(out, start, (size_t)point);
	out[point] = '.';
	memcpy(out + point + 1, start + point, (size_t)(n - point));
	return (size_t)n + 1;
}

/* mantissa and exponent as they are in the number, of an IEEE type of so many mantissa bits. */
static void put_real(struct pl_json *j, uint64_t mantissa, int exponent, int mantissa_bits,
		     int bias, bool negative)
{
	uint64_t c = mantissa;
	char text[NUMBER_MAX];
	size_t len = 0;
	int q = 1 - bias - mantissa_bits;

	if (mantissa == 0 && exponent == 0) {
		put(j, negative ? "-0.0" : "0", negative ? 4 : 1);
		return;
	}
	if (exponent != 0) {
		c |= UINT64_C(1) << mantissa_bits;
		q = exponent - bias - mantissa_bits;
	}
	if (negative)
		text[len++] = '-';
	len += format_decimal(text + len, shortest(c, q, mantissa == 0 && exponent > 1));
	put(j, text, len);
}

void pl_json_double(struct pl_json *j, const char *key, double value)
{
	uint64_t bits;

	if (!isfinite(value)) {
		pl_json_null(j, key);
		return;
	}
	memcpy(&bits, &value, sizeof(bits));
	begin_value(j, key);
	put_real(j, bits & ((UINT64_C(1) << 52) - 1), (int)(bits >> 52 & 0x7FF), 52, 1023,
		 bits >> 63);
}

void pl_json_float(struct pl_json *j, const char *key, float value)
{
	uint32_t bits;

	if (!isfinite(value)) {
		pl_json_null(j, key);
		return;
	}
	memcpy(&bits, &value, sizeof(bits));
	begin_value(j, key);
	put_real(j, bits & ((1u << 23) - 1), (int)(bits >> 23 & 0xFF), 23, 127, bits >> 31);
}

size_t pl_json_refusal(char *buf, size_t cap, const struct pl_error *err)
{
	struct pl_json j;

	pl_json_init(&j, buf, cap);
	pl_json_begin_object(&j, NULL);
	pl_json_bool(&j, "ok", false);
	pl_json_begin_object(&j, "error");
	pl_json_string(&j, "code", pl_code_name(err->code));
	pl_json_string(&j, "message", err->message);
	pl_json_end_object(&j);
	pl_json_end_object(&j);
	return pl_json_finish(&j);
}
