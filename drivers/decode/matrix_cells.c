/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The cells of one frame, between the bytes of the wire and values of the host. Nearly every mat
 * sends u8 or u16, and those must cost no more than copying them; all others go cell by cell
 * through one 32-bit value.
 */
#include "drivers/decode/matrix_layout.h"

#include <string.h>

#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "frames hold little-endian cells; this host would need them swapped"
#endif

static bool plain(const struct pl_matrix_config *c)
{
	return !c->mask && !c->shift && !c->invert_max && !c->digits.base;
}

/* Are the bytes of the wire the values of the host as they stand? */
static bool same_bytes(const struct pl_matrix_config *c, const struct pl_matrix_layout *l)
{
	return plain(c) && l->wire_cell_bytes == pl_dtype_size(l->dtype) &&
	       (l->wire_cell_bytes == 1 || !c->big_endian);
}

static void swap16(void *to, const void *from, size_t n)
{
	uint8_t *out = to;
	const uint8_t *in = from;

	for (size_t i = 0; i < n; i++) {
		uint16_t v;

		memcpy(&v, in + 2 * i, 2);
		v = (uint16_t)(v << 8 | v >> 8);
		memcpy(out + 2 * i, &v, 2);
	}
}

static uint32_t from_digits(const struct pl_matrix_config *c, const uint8_t *at)
{
	return (at[0] - c->digits.offset) * c->digits.base + (at[1] - c->digits.offset);
}

static void to_digits(const struct pl_matrix_config *c, uint32_t v, uint8_t *at)
{
	uint32_t base = c->digits.base, max = base * base - 1;

	v = v < max ? v : max;
	at[0] = (uint8_t)(v / base + c->digits.offset);
	at[1] = (uint8_t)(v % base + c->digits.offset);
}

static uint32_t sign_extend(enum pl_wire_cell cell, uint32_t v)
{
	if (cell == PL_WIRE_I8)
		return (uint32_t)(int32_t)(int8_t)v;
	return v;
}

uint32_t pl_matrix_forward(const struct pl_matrix_config *c, uint32_t v)
{
	if (c->mask)
		v &= c->mask;
	v >>= c->shift;
	if (c->invert_max)
		v = v < c->invert_max ? c->invert_max - v : 0;
	return v;
}

uint32_t pl_matrix_backward(const struct pl_matrix_config *c, uint32_t v)
{
	if (c->invert_max)
		v = v < c->invert_max ? c->invert_max - v : 0;
	if (c->cell_max && v > c->cell_max)
		v = c->cell_max;
	v <<= c->shift;
	if (c->mask)
		v &= c->mask;
	return v;
}

static bool digits_right(const struct pl_matrix_config *c, const uint8_t *wire, size_t n)
{
	unsigned wrong = 0;

	for (size_t i = 0; i < 2 * n; i++)
		wrong |= (unsigned)(uint8_t)(wire[i] - c->digits.offset) >= c->digits.base;
	return !wrong;
}

static bool all_finite(const struct pl_matrix_config *c, const uint8_t *wire, size_t n)
{
	uint32_t exponent = 0x7F800000u, wrong = 0;

	for (size_t i = 0; i < n; i++)
		wrong |= (pl_wire_get(wire + 4 * i, 4, c->big_endian) & exponent) == exponent;
	return !wrong;
}

bool pl_matrix_plausible(const struct pl_matrix_config *c, const struct pl_matrix_layout *l,
			 const uint8_t *wire, size_t n)
{
	unsigned width = l->wire_cell_bytes;

	if (c->digits.base && !digits_right(c, wire, n))
		return false;
	if (c->cell == PL_WIRE_F32)
		return all_finite(c, wire, n);
	for (size_t i = 0; c->cell_max && i < n; i++) {
		uint32_t v = c->digits.base ? from_digits(c, wire + 2 * i)
					    : pl_wire_get(wire + i * width, width, c->big_endian);

		if ((c->mask ? v & c->mask : v) >> c->shift > c->cell_max)
			return false;
	}
	return true;
}

void pl_matrix_unpack(const struct pl_matrix_config *c, const struct pl_matrix_layout *l,
		      const uint8_t *wire, size_t n, void *cells)
{
	size_t size = pl_dtype_size(l->dtype);
	unsigned width = l->wire_cell_bytes;
	uint8_t *out = cells;

	if (same_bytes(c, l)) {
		memcpy(cells, wire, n * size);
		return;
	}
	if (plain(c) && width == 2) {
		swap16(cells, wire, n);
		return;
	}
	for (size_t i = 0; i < n; i++) {
		uint32_t v = c->digits.base ? from_digits(c, wire + 2 * i)
					    : pl_wire_get(wire + i * width, width, c->big_endian);

		v = pl_matrix_forward(c, sign_extend(c->cell, v));
		memcpy(out + i * size, &v, size);
	}
}

static uint32_t widen(enum pl_dtype dtype, const uint8_t *at)
{
	uint32_t v = 0;

	memcpy(&v, at, pl_dtype_size(dtype));
	return v;
}

/* A value that the cell on the wire cannot hold becomes the nearest that it can. */
static uint32_t clip(const struct pl_matrix_config *c, uint32_t v)
{
	int16_t narrow = (int16_t)(uint16_t)v;

	if (c->cell == PL_WIRE_I8)
		return (uint32_t)(narrow < -128 ? -128 : narrow > 127 ? 127 : narrow);
	if (c->cell == PL_WIRE_U24 && v > 0xFFFFFFu)
		return 0xFFFFFFu;
	return v;
}

/* The same for values made narrower by mask and shift. */
static uint32_t clip_shifted(const struct pl_matrix_config *c, const struct pl_matrix_layout *l,
			     uint32_t v)
{
	uint32_t bits = l->wire_cell_bytes == 4 ? UINT32_MAX : (1u << 8 * l->wire_cell_bytes) - 1;
	uint32_t max = (c->mask ? c->mask : bits) >> c->shift;

	return v > max ? max : v;
}

void pl_matrix_pack(const struct pl_matrix_config *c, const struct pl_matrix_layout *l,
		    const void *cells, size_t n, uint8_t *wire)
{
	size_t size = pl_dtype_size(l->dtype);
	unsigned width = l->wire_cell_bytes;
	const uint8_t *in = cells;

	if (same_bytes(c, l) && !c->cell_max) {
		memcpy(wire, cells, n * size);
		return;
	}
	if (plain(c) && width == 2 && !c->cell_max) {
		swap16(wire, cells, n);
		return;
	}
	for (size_t i = 0; i < n; i++) {
		uint32_t v = clip(c, widen(l->dtype, in + i * size));

		if (!plain(c) || c->cell_max)
			v = pl_matrix_backward(c, clip_shifted(c, l, v));
		if (c->digits.base) {
			to_digits(c, v, wire + 2 * i);
			continue;
		}
		pl_wire_put(wire + i * width, width, c->big_endian, v);
	}
}

#define GATHER(type, to_index, from_index)                                           \
	do {                                                                         \
		for (size_t i = 0; i < n; i++)                                       \
			memcpy((uint8_t *)to + sizeof(type) * (to_index),            \
			       (const uint8_t *)cells + sizeof(type) * (from_index), \
			       sizeof(type));                                        \
	} while (0)

void pl_matrix_gather(void *to, const void *cells, const uint32_t *from, size_t n, size_t size)
{
	if (size == 1)
		GATHER(uint8_t, i, from[i]);
	else if (size == 2)
		GATHER(uint16_t, i, from[i]);
	else
		GATHER(uint32_t, i, from[i]);
}

void pl_matrix_scatter(void *to, const void *cells, const uint32_t *from, size_t n, size_t size)
{
	if (size == 1)
		GATHER(uint8_t, from[i], i);
	else if (size == 2)
		GATHER(uint16_t, from[i], i);
	else
		GATHER(uint32_t, from[i], i);
}
