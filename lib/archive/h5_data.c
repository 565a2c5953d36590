/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Datasets of a file that nobody vouches for. HDF5 allocates what a file tells it to: a flipped bit
 * in a chunk's size asks for gigabytes, a dataset can lie in another file altogether. So a dataset
 * is looked over before it is read, and read in pieces whose sizes we choose.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "h5_read.h"

#define CHUNK_BYTES_MAX ((size_t)256 << 20)

int pl_h5_damaged(struct pl_error *err, const char *fmt, ...)
{
	char text[256];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	pl_h5_error(err, "%s", text);
	if (err)
		err->code = PL_ECORRUPT;
	return -1;
}

bool pl_h5_has(hid_t file, const char *path)
{
	char part[128];
	size_t n = strlen(path);

	if (n >= sizeof(part))
		return false;
	/* every step must be a link: asking for /a/b where /a is not there is an error */
	for (size_t i = 1; i <= n; i++) {
		if (path[i] != '/' && path[i] != '\0')
			continue;
		memcpy(part, path, i);
		part[i] = '\0';
		if (H5Lexists(file, part, H5P_DEFAULT) <= 0)
			return false;
	}
	return true;
}

static const char *class_name(H5T_class_t class)
{
	return class == H5T_INTEGER    ? "whole numbers"
	       : class == H5T_FLOAT    ? "floating-point numbers"
	       : class == H5T_STRING   ? "text"
	       : class == H5T_COMPOUND ? "a table"
				       : "something else";
}

static int check_type(hid_t dset, const char *path, H5T_class_t class, size_t *size,
		      struct pl_error *err)
{
	hid_t type = H5Dget_type(dset);
	H5T_class_t found = type < 0 ? H5T_NO_CLASS : H5Tget_class(type);

	*size = type < 0 ? 0 : H5Tget_size(type);
	if (type >= 0)
		H5Tclose(type);
	if (found != class || *size == 0)
		return pl_error_set(err, PL_ECORRUPT, 0, "%s holds %s, not %s", path,
				    class_name(found), class_name(class));
	return 0;
}

static int check_shape(hid_t dset, const char *path, int rank, hsize_t *size, struct pl_error *err)
{
	hsize_t all[H5S_MAX_RANK] = {0};
	hid_t space = H5Dget_space(dset);
	int found = space < 0 ? -1 : H5Sget_simple_extent_dims(space, all, NULL);

	if (space >= 0)
		H5Sclose(space);
	if (found != rank)
		return pl_error_set(err, PL_ECORRUPT, 0, "%s has %d axes, not %d", path, found,
				    rank);
	for (int i = 0; i < rank; i++)
		size[i] = all[i];
	return 0;
}

static int check_layout(hid_t dset, const char *path, int rank, size_t element, struct h5_data *d,
			struct pl_error *err)
{
	hid_t plist = H5Dget_create_plist(dset);
	hsize_t chunk[H5S_MAX_RANK] = {0};
	size_t bytes = element;
	int result = 0;
	H5D_layout_t layout = plist < 0 ? H5D_LAYOUT_ERROR : H5Pget_layout(plist);

	d->chunk_rows = d->size[0];
	d->chunk_bytes = 0;
	d->chunk_spans = false;
	if (layout == H5D_CHUNKED && H5Pget_chunk(plist, H5S_MAX_RANK, chunk) == rank) {
		for (int i = 0; i < rank; i++)
			if (!chunk[i] || chunk[i] > CHUNK_BYTES_MAX / bytes) {
				bytes = CHUNK_BYTES_MAX + 1;
				break;
			} else {
				bytes *= chunk[i];
			}
		d->chunk_rows = chunk[0];
		d->chunk_bytes = bytes;
		d->chunk_spans = (rank < 2 || chunk[1] == d->size[1]) &&
				 (rank < 3 || chunk[2] == d->size[2]);
		d->packing = pl_h5_packing(plist);
		if (bytes > CHUNK_BYTES_MAX)
			result = pl_error_set(err, PL_ECORRUPT, 0,
					      "%s has chunks of an impossible size", path);
	} else if ((layout != H5D_CONTIGUOUS && layout != H5D_COMPACT) ||
		   H5Pget_external_count(plist) != 0) {
		result = pl_error_set(err, PL_ECORRUPT, 0,
				      "%s has a layout that plantard does not write", path);
	}
	if (plist >= 0)
		H5Pclose(plist);
	return result;
}

int pl_h5_data_open(hid_t file, const char *path, H5T_class_t class, int rank, struct h5_data *d,
		    struct pl_error *err)
{
	size_t element;

	d->dset = -1;
	if (!pl_h5_has(file, path))
		return pl_error_set(err, PL_ECORRUPT, 0, "%s is missing", path);
	d->dset = H5Dopen2(file, path, H5P_DEFAULT);
	if (d->dset < 0)
		return pl_h5_damaged(err, "cannot open %s", path);
	if (check_type(d->dset, path, class, &element, err) == 0 &&
	    check_shape(d->dset, path, rank, d->size, err) == 0 &&
	    check_layout(d->dset, path, rank, element, d, err) == 0)
		return 0;
	pl_h5_data_close(d);
	return -1;
}

void pl_h5_data_close(struct h5_data *d)
{
	if (d->dset >= 0)
		H5Dclose(d->dset);
	d->dset = -1;
}

int pl_h5_data_walk(const struct h5_data *d, const char *path, struct pl_error *err)
{
	hid_t space = d->chunk_bytes ? H5Dget_space(d->dset) : -1;
	hsize_t chunks;
	int result = 0;

	if (space < 0)
		return 0;
	if (H5Dget_num_chunks(d->dset, space, &chunks) < 0)
		result = pl_h5_damaged(err, "cannot find the chunks of %s", path);
	H5Sclose(space);
	return result;
}

/*
 * Are rows [first, first + n) in the file? Where a chunk is missing HDF5 gives zeros, and where its
 * filter mask is damaged it takes compressed bytes for cells.
 */
static int check_stored(const struct h5_data *d, const char *path, uint64_t first, uint64_t n,
			struct pl_error *err)
{
	H5D_space_status_t status = H5D_SPACE_STATUS_NOT_ALLOCATED;
	bool stored = true;

	if (!d->chunk_bytes)
		stored = H5Dget_space_status(d->dset, &status) >= 0 &&
			 status == H5D_SPACE_STATUS_ALLOCATED;
	for (uint64_t row = first - first % d->chunk_rows;
	     d->chunk_bytes && d->chunk_spans && stored && row < first + n; row += d->chunk_rows) {
		const hsize_t at[H5_READ_RANK] = {row};
		haddr_t address = HADDR_UNDEF;
		hsize_t bytes = 0;
		unsigned skipped = 0;

		stored = H5Dget_chunk_info_by_coord(d->dset, at, &skipped, &address, &bytes) >= 0 &&
			 address != HADDR_UNDEF && (!skipped || bytes == d->chunk_bytes);
	}
	if (stored)
		return 0;
	return pl_error_set(err, PL_ECORRUPT, 0, "%s: rows from %llu on are damaged or missing",
			    path, (unsigned long long)first);
}

/* Through HDF5, which converts types, unpacks any filter, and finds its way in any layout. */
static int read_slab(const struct h5_data *d, const char *path, hid_t memory_type, uint64_t first,
		     uint64_t n, void *to, struct pl_error *err)
{
	hsize_t from[H5_READ_RANK] = {first}, count[H5_READ_RANK] = {n, d->size[1], d->size[2]};
	hid_t space, memory = -1;
	int rank, result = -1;

	if (n && check_stored(d, path, first, n, err))
		return -1;
	space = H5Dget_space(d->dset);
	rank = space < 0 ? -1 : H5Sget_simple_extent_ndims(space);
	if (rank >= 1 && rank <= H5_READ_RANK)
		memory = H5Screate_simple(rank, count, NULL);
	if (memory >= 0 &&
	    H5Sselect_hyperslab(space, H5S_SELECT_SET, from, NULL, count, NULL) >= 0 &&
	    H5Dread(d->dset, memory_type, memory, space, H5P_DEFAULT, to) >= 0)
		result = 0;
	else
		pl_h5_damaged(err, "cannot read %s from row %llu on", path,
			      (unsigned long long)first);
	if (memory >= 0)
		H5Sclose(memory);
	if (space >= 0)
		H5Sclose(space);
	return result;
}

/* Are the chunks of a kind that h5_chunk.c reads, and no types to convert? */
static bool is_plain(const struct h5_data *d, hid_t memory_type)
{
	hid_t type = H5Dget_type(d->dset);
	bool same = type >= 0 && H5Tequal(type, memory_type) > 0;

	if (type >= 0)
		H5Tclose(type);
	return same && d->chunk_spans && d->packing.known;
}

int pl_h5_data_read(const struct h5_data *d, const char *path, hid_t memory_type, uint64_t first,
		    uint64_t n, void *to, struct h5_unpacker *u, struct pl_error *err)
{
	struct h5_chunk chunk = {.dset = d->dset, .packing = &d->packing, .bytes = d->chunk_bytes};
	size_t row_bytes;

	if (!u || !d->chunk_bytes)
		return read_slab(d, path, memory_type, first, n, to, err);
	if (!is_plain(d, memory_type))
		return pl_error_set(
			err, PL_ECORRUPT, 0,
			"%s has chunks, filters or numbers that plantard does not write", path);
	row_bytes = d->chunk_bytes / d->chunk_rows;
	chunk.element = H5Tget_size(memory_type);
	for (uint64_t row = first, end = first + n; row < end;) {
		uint64_t in_chunk = row % d->chunk_rows, rows = d->chunk_rows - in_chunk;
		const hsize_t at[H5_READ_RANK] = {row - in_chunk};

		rows = rows < end - row ? rows : end - row;
		chunk.at = at;
		if (pl_h5_chunk_read(u, &chunk, in_chunk * (row_bytes / chunk.element),
				     rows * (row_bytes / chunk.element), to, err) != 0) {
			pl_error_prefix(err, "%s: rows from %llu on are damaged or missing: ", path,
					(unsigned long long)row);
			if (err && err->code == PL_EIO)
				err->code = PL_ECORRUPT;
			return -1;
		}
		to = (uint8_t *)to + rows * row_bytes;
		row += rows;
	}
	return 0;
}

/* Read a scalar string of fixed size n, or of variable length. */
static char *read_text(hid_t dset, hid_t type, size_t cap)
{
	bool variable = H5Tis_variable_str(type) > 0;
	size_t n = H5Tget_size(type);
	char *text = NULL, *copy = NULL;
	hid_t memory;

	if (variable) {
		memory = pl_h5_text_type(H5T_VARIABLE);
		H5Tset_cset(memory, H5Tget_cset(type)); /* HDF5 does not take ASCII for UTF-8 */
		if (H5Dread(dset, memory, H5S_ALL, H5S_ALL, H5P_DEFAULT, &text) >= 0 && text) {
			copy = strlen(text) < cap ? strdup(text) : NULL;
			H5free_memory(text);
		}
	} else {
		memory = pl_h5_text_type(n + 1);
		H5Tset_cset(memory, H5Tget_cset(type));
		copy = n < cap ? calloc(1, n + 1) : NULL;
		if (copy && H5Dread(dset, memory, H5S_ALL, H5S_ALL, H5P_DEFAULT, copy) < 0) {
			free(copy);
			copy = NULL;
		}
	}
	H5Tclose(memory);
	return copy;
}

char *pl_h5_read_long_text(hid_t file, const char *path, size_t cap, struct pl_error *err)
{
	struct h5_data d;
	char *text = NULL;
	hid_t type;

	if (pl_h5_data_open(file, path, H5T_STRING, 0, &d, err))
		return NULL;
	type = H5Dget_type(d.dset);
	if (type >= 0) {
		text = read_text(d.dset, type, cap);
		H5Tclose(type);
	}
	if (!text)
		pl_h5_damaged(err, "cannot read %s", path);
	pl_h5_data_close(&d);
	return text;
}
