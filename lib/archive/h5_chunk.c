/* SPDX-License-Identifier: Apache-2.0 */
/*
 * HDF5's own path costs three times as much (zlib instead of libdeflate) and trusts the file: where
 * a damaged chunk inflates to less than it should, it reads what lies behind. Here a chunk has
 * exactly its size or is refused. Finding a chunk is a walk down the index and not, as
 * H5Dget_chunk_info_by_coord does it, a look at all chunks.
 */
#include <libdeflate.h>
#include <stdlib.h>
#include <string.h>

#include "h5_chunk.h"

struct h5_unpacker {
	struct libdeflate_decompressor *inflate;
	uint8_t *packed, *planes;
	size_t packed_room, planes_room;
};

struct h5_packing pl_h5_packing(hid_t create_plist)
{
	struct h5_packing p = {.known = true, .shuffle = -1, .deflate = -1};
	int n = H5Pget_nfilters(create_plist);

	for (int i = 0; i < n; i++) {
		unsigned flags = 0, config = 0;
		size_t values = 0;
		H5Z_filter_t id = H5Pget_filter2(create_plist, (unsigned)i, &flags, &values, NULL,
						 0, NULL, &config);

		if (id == H5Z_FILTER_SHUFFLE && i == 0)
			p.shuffle = i;
		else if (id == H5Z_FILTER_DEFLATE && i == n - 1)
			p.deflate = i;
		else
			p.known = false;
	}
	p.known &= n >= 0 && n <= 2;
	return p;
}

struct h5_unpacker *pl_h5_unpacker_new(void)
{
	struct h5_unpacker *u = calloc(1, sizeof(*u));

	if (u)
		u->inflate = libdeflate_alloc_decompressor();
	if (u && !u->inflate) {
		free(u);
		u = NULL;
	}
	return u;
}

void pl_h5_unpacker_free(struct h5_unpacker *u)
{
	if (!u)
		return;
	libdeflate_free_decompressor(u->inflate);
	free(u->packed);
	free(u->planes);
	free(u);
}

static int room(uint8_t **buffer, size_t *has, size_t wanted, struct pl_error *err)
{
	uint8_t *more;

	if (wanted <= *has)
		return 0;
	more = malloc(wanted);
	if (!more)
		return pl_error_set(err, PL_ENOMEM, 0, "no memory for a chunk");
	free(*buffer);
	*buffer = more;
	*has = wanted;
	return 0;
}

/* The chunk as it is in the file, into u->packed. */
static int fetch(struct h5_unpacker *u, const struct h5_chunk *c, size_t *bytes, uint32_t *skipped,
		 struct pl_error *err)
{
	hsize_t stored = 0;

	if (H5Dget_chunk_storage_size(c->dset, c->at, &stored) < 0)
		return pl_h5_error(err, "the index of chunks is damaged");
	if (stored == 0)
		return pl_error_set(err, PL_ECORRUPT, 0, "a chunk is missing");
	if (stored > 2 * (hsize_t)c->bytes + 1024)
		return pl_error_set(err, PL_ECORRUPT, 0, "a chunk has an impossible size");
	if (room(&u->packed, &u->packed_room, (size_t)stored, err) != 0)
		return -1;
	if (H5Dread_chunk(c->dset, H5P_DEFAULT, c->at, skipped, u->packed) < 0)
		return pl_h5_error(err, "a chunk cannot be read");
	*bytes = (size_t)stored;
	return 0;
}

static bool applied(int filter, uint32_t skipped)
{
	return filter >= 0 && !(skipped & 1u << filter);
}

/* Elements whose bytes lie in planes of all elements each, back together. */
static void unshuffle(const uint8_t *planes, size_t elements, size_t size, size_t n, uint8_t *to)
{
	if (size == 2) {
		const uint8_t *low = planes, *high = planes + elements;

		for (size_t i = 0; i < n; i++) {
			uint16_t value = (uint16_t)(low[i] | high[i] << 8);

			memcpy(to + 2 * i, &value, 2);
		}
		return;
	}
	for (size_t k = 0; k < size; k++, planes += elements)
		for (size_t i = 0; i < n; i++)
			to[i * size + k] = planes[i];
}

int pl_h5_chunk_read(struct h5_unpacker *u, const struct h5_chunk *c, size_t first, size_t n,
		     void *to, struct pl_error *err)
{
	const struct h5_packing *p = c->packing;
	const uint8_t *data;
	uint32_t skipped = 0;
	size_t bytes = 0;

	if (fetch(u, c, &bytes, &skipped, err) != 0)
		return -1;
	data = u->packed;
	if (applied(p->deflate, skipped)) {
		if (room(&u->planes, &u->planes_room, c->bytes, err) != 0)
			return -1;
		if (libdeflate_zlib_decompress(u->inflate, u->packed, bytes, u->planes, c->bytes,
					       NULL) != LIBDEFLATE_SUCCESS)
			return pl_error_set(err, PL_ECORRUPT, 0, "a chunk is damaged");
		data = u->planes;
	} else if (bytes != c->bytes) {
		return pl_error_set(err, PL_ECORRUPT, 0, "a chunk has a wrong size");
	}
	if (applied(p->shuffle, skipped) && c->element > 1)
		unshuffle(data + first, c->bytes / c->element, c->element, n, to);
	else
		memcpy(to, data + first * c->element, n * c->element);
	return 0;
}
