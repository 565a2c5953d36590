/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The usual mats send unsigned counts, and most of the counts are of empty cells. More counts are
 * never less pressure, so whether a cell is loaded, or in contact, can be asked of its raw value:
 * is it above a limit that was worked out once, with the formula itself? That is asked of a word
 * of cells at a time, without converting any; only loaded cells are converted. A tare, gains and
 * cells that do not work are limits that differ from cell to cell. What does not fit (signed or
 * floating cells, cells that weigh something at 0 counts, dead cells to be interpolated) goes
 * through pl_calibrate, with the same values.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include "convert.h"
#include "lanes.h"
#include "reader.h"

bool pl_reader_init(struct pl_reader *rd, const struct pl_geometry *g)
{
	size_t n = pl_geometry_cells(g), limits = n > 64 ? n : 64;

	*rd = (struct pl_reader){
		.geometry = *g,
		.no_load = malloc(limits * sizeof(uint16_t)),
		.no_contact = malloc(limits * sizeof(uint16_t)),
		.not_full = malloc(64 * sizeof(uint16_t)),
	};
	return rd->no_load && rd->no_contact && rd->not_full;
}

void pl_reader_free(struct pl_reader *rd)
{
	free(rd->no_load);
	free(rd->no_contact);
	free(rd->not_full);
	*rd = (struct pl_reader){0};
}

void pl_reader_set(struct pl_reader *rd, const struct pl_calibration *cal, double contact)
{
	rd->contact = contact;
	rd->k = pl_to_pressure(cal, &rd->geometry);
	rd->prepared = false;
}

/* ---- limits --------------------------------------------------------------------------------- */

static double value_of(const struct pl_reader *rd, const struct pl_calibration *cal, size_t i,
		       unsigned raw)
{
	return pl_convert(cal, pl_linearise(cal, i, raw), rd->k);
}

/* The greatest raw value up to `greatest` whose value is not above `limit`; that of 0 is not. */
static unsigned last_not_above(const struct pl_reader *rd, const struct pl_calibration *cal,
			       size_t i, unsigned greatest, double limit)
{
	unsigned lo = 0, hi = greatest;

	while (lo < hi) {
		unsigned mid = hi - (hi - lo) / 2;

		if (value_of(rd, cal, i, mid) > limit)
			hi = mid - 1;
		else
			lo = mid;
	}
	return lo;
}

static void put(unsigned char *limits, enum pl_dtype dtype, size_t i, unsigned value)
{
	if (dtype == PL_U8)
		limits[i] = (unsigned char)value;
	else
		memcpy(limits + 2 * i, &(uint16_t){(uint16_t)value}, 2);
}

/* Limits of one cell; false if it cannot be read this way. */
static bool prepare_cell(struct pl_reader *rd, const struct pl_calibration *cal, size_t i,
			 unsigned greatest, unsigned not_full)
{
	unsigned load = greatest, contact = greatest;

	if (pl_usable(cal, i)) {
		if (value_of(rd, cal, i, 0) > 0)
			return false;
		load = last_not_above(rd, cal, i, greatest, 0);
		contact = last_not_above(rd, cal, i, greatest, rd->contact);
		if (rd->may_saturate && load > not_full) /* saturated, and yet no load */
			return false;
	} else if (cal->cell_state[i] != PL_CELL_NONE) {
		rd->flags = PL_FLAG_DEAD;
		if (cal->dead_policy == PL_DEAD_INTERPOLATE)
			return false;
	}
	rd->same_contact = rd->same_contact && load == contact;
	put(rd->no_load, rd->dtype, i, load);
	put(rd->no_contact, rd->dtype, i, contact);
	return true;
}

static bool prepare_cells(struct pl_reader *rd, const struct pl_calibration *cal)
{
	unsigned greatest = rd->dtype == PL_U8 ? UINT8_MAX : UINT16_MAX, not_full = greatest;
	size_t n = rd->alike ? 1 : pl_geometry_cells(&rd->geometry);

	if (cal->saturation_counts > 0 && cal->saturation_counts <= greatest) {
		rd->may_saturate = true;
		not_full = (unsigned)ceil(cal->saturation_counts) - 1;
	}
	for (size_t i = 0; i < n; i++)
		if (!prepare_cell(rd, cal, i, greatest, not_full))
			return false;
	for (size_t i = 0; i < 64; i++) {
		size_t size = rd->dtype == PL_U8 ? 1 : 2;

		put(rd->not_full, rd->dtype, i, not_full);
		if (i && rd->alike) {
			memcpy(rd->no_load + i * size, rd->no_load, size);
			memcpy(rd->no_contact + i * size, rd->no_contact, size);
		}
	}
	return true;
}

static void prepare(struct pl_reader *rd, const struct pl_calibration *cal, enum pl_dtype dtype)
{
	rd->prepared = true;
	rd->dtype = dtype;
	rd->alike = !cal->tare && !cal->cell_offset && !cal->cell_gain && !cal->cell_state;
	rd->plain = rd->alike && cal->curve_points == 0;
	rd->same_contact = true;
	rd->may_saturate = false;
	rd->flags = 0;
	rd->quick = (dtype == PL_U8 || dtype == PL_U16) && prepare_cells(rd, cal);
}

/* ---- a frame -------------------------------------------------------------------------------- */

/* Bits of the raw cells above their limits; n <= 64. */
static inline uint64_t above_8(const unsigned char *raw, const unsigned char *limit, unsigned n)
{
	uint64_t bits = 0;
	unsigned c = 0;

#ifdef __SSE2__
	while (n >= 16) {
		__m128i v = _mm_loadu_si128((const __m128i *)(raw + c));
		__m128i l = _mm_loadu_si128((const __m128i *)(limit + c));
		__m128i not = _mm_cmpeq_epi8(_mm_subs_epu8(v, l), _mm_setzero_si128());

		bits |= (uint64_t)(~_mm_movemask_epi8(not ) & 0xFFFF) << c;
		if (c + 16 == n)
			return bits;
		c = c + 32 <= n ? c + 16 : n - 16;
	}
#endif
	for (; c < n; c++)
		bits |= (uint64_t)(raw[c] > limit[c]) << c;
	return bits;
}

static inline uint64_t above_16(const unsigned char *raw, const unsigned char *limit, unsigned n)
{
	uint64_t bits = 0;
	unsigned c = 0;

#ifdef __SSE2__
	while (n >= 16) {
		const __m128i *v = (const __m128i *)(raw + 2 * c);
		const __m128i *l = (const __m128i *)(limit + 2 * c);
		__m128i a = _mm_subs_epu16(_mm_loadu_si128(v), _mm_loadu_si128(l));
		__m128i b = _mm_subs_epu16(_mm_loadu_si128(v + 1), _mm_loadu_si128(l + 1));
		__m128i not = _mm_packs_epi16(_mm_cmpeq_epi16(a, _mm_setzero_si128()),
					      _mm_cmpeq_epi16(b, _mm_setzero_si128()));

		bits |= (uint64_t)(~_mm_movemask_epi8(not ) & 0xFFFF) << c;
		if (c + 16 == n)
			return bits;
		c = c + 32 <= n ? c + 16 : n - 16;
	}
#endif
	for (; c < n; c++) {
		uint16_t v, l;

		memcpy(&v, raw + 2 * c, 2);
		memcpy(&l, limit + 2 * c, 2);
		bits |= (uint64_t)(v > l) << c;
	}
	return bits;
}

static inline uint64_t above(const unsigned char *raw, const unsigned char *limit, unsigned n,
			     unsigned size)
{
	return size == 1 ? above_8(raw, limit, n) : above_16(raw, limit, n);
}

static inline double load(const unsigned char *raw, size_t i, unsigned size)
{
	uint16_t v;

	if (size == 1)
		return raw[i];
	memcpy(&v, raw + 2 * i, 2);
	return v;
}

/* Loaded cells of a run, counted from the frame's first. */
static inline void convert_run(const struct pl_reader *rd, const struct pl_calibration *cal,
			       const unsigned char *raw, size_t from, unsigned n, unsigned size,
			       double *value)
{
	size_t i = from, to = from + n;

	if (rd->plain) {
		pl_v2 scale = {cal->scale, cal->scale}, k = {rd->k, rd->k};

		for (; size == 2 && i + 4 <= to; i += 4) {
			pl_v2 v[2];

			pl_v2_from_u16(raw + i * 2, v);
			v[0] = scale * v[0] * k;
			v[1] = scale * v[1] * k;
			memcpy(value + i, v, sizeof(v));
		}
		for (; i + 2 <= to; i += 2) {
			pl_v2 v = {load(raw, i, size), load(raw, i + 1, size)};

			v = scale * v * k;
			memcpy(value + i, &v, sizeof(v));
		}
		if (i < to)
			value[i] = cal->scale * load(raw, i, size) * rd->k;
		return;
	}
	for (; i < to; i++)
		value[i] = pl_convert(cal, pl_linearise(cal, i, load(raw, i, size)), rd->k);
}

static inline uint32_t read_quick(const struct pl_reader *rd, const struct pl_calibration *cal,
				  const unsigned char *raw, unsigned size, struct pl_cells *cells)
{
	uint64_t full = 0;

	for (unsigned r = 0; r < cells->rows; r++) {
		for (unsigned w = 0; w < cells->words; w++) {
			size_t word = (size_t)r * cells->words + w;
			size_t at = (size_t)r * cells->cols + 64 * w, limit = rd->alike ? 0 : at;
			unsigned left = cells->cols - 64 * w, n = left < 64 ? left : 64;
			uint64_t loaded =
				above(raw + at * size, rd->no_load + limit * size, n, size);

			pl_cells_wipe(cells->value + at, cells->loaded[word] & ~loaded);
			cells->loaded[word] = loaded;
			cells->contact[word] = loaded;
			if (!loaded)
				continue;
			if (!rd->same_contact)
				cells->contact[word] = above(
					raw + at * size, rd->no_contact + limit * size, n, size);
			if (rd->may_saturate)
				full |= loaded & above(raw + at * size, rd->not_full, n, size);
			while (loaded) {
				unsigned c, run = pl_bits_run(&loaded, &c);

				convert_run(rd, cal, raw, at + c, run, size, cells->value);
			}
		}
	}
	return rd->flags | (full ? PL_FLAG_SATURATED : 0);
}

uint32_t pl_reader_frame(struct pl_reader *rd, const struct pl_calibration *cal, const void *raw,
			 enum pl_dtype dtype, struct pl_cells *cells)
{
	uint32_t flags;

	if (!rd->prepared || rd->dtype != dtype)
		prepare(rd, cal, dtype);
	if (rd->quick && dtype == PL_U16)
		return read_quick(rd, cal, raw, 2, cells);
	if (rd->quick)
		return read_quick(rd, cal, raw, 1, cells);
	flags = pl_calibrate(cal, &rd->geometry, raw, dtype, cells->value);
	pl_cells_take(cells, cells->value, rd->contact);
	return flags;
}
