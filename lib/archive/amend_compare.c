/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Is the amended copy of a trial the same recording? Every dataset of the old file is read beside
 * its counterpart, through HDF5 alone, and compared byte for byte; only the log of amendments may
 * differ. Attributes are compared by whoever wrote them.
 */
#include <stdlib.h>
#include <string.h>

#include "amend_compare.h"
#include "h5_guard.h"
#include "layout.h"

#define BLOCK_BYTES ((size_t)4 << 20)

struct compare {
	hid_t was, is;
	int tell, result;
	uint64_t done;
	struct pl_error *err;
};

struct pair {
	hid_t was, is, type, space;
	hsize_t size[H5S_MAX_RANK];
	int rank;
	size_t row_bytes;
};

static bool same_shape(struct pair *p)
{
	hid_t is_type = H5Dget_type(p->is), was_type = H5Dget_type(p->was);
	hid_t is_space = H5Dget_space(p->is);
	bool same = H5Tequal(was_type, is_type) > 0 && H5Sextent_equal(p->space, is_space) > 0;

	H5Tclose(is_type);
	H5Tclose(was_type);
	H5Sclose(is_space);
	return same;
}

/* n rows from first on (all of a scalar) of both, into buffers of that size. */
static bool read_rows(const struct pair *p, hsize_t first, hsize_t n, void *was, void *is)
{
	hsize_t from[H5S_MAX_RANK] = {first}, count[H5S_MAX_RANK];
	hid_t memory;
	bool good;

	if (p->rank == 0)
		return H5Dread(p->was, p->type, H5S_ALL, H5S_ALL, H5P_DEFAULT, was) >= 0 &&
		       H5Dread(p->is, p->type, H5S_ALL, H5S_ALL, H5P_DEFAULT, is) >= 0;
	memcpy(count, p->size, sizeof(count));
	count[0] = n;
	memory = H5Screate_simple(p->rank, count, NULL);
	good = H5Sselect_hyperslab(p->space, H5S_SELECT_SET, from, NULL, count, NULL) >= 0 &&
	       H5Dread(p->was, p->type, memory, p->space, H5P_DEFAULT, was) >= 0 &&
	       H5Dread(p->is, p->type, memory, p->space, H5P_DEFAULT, is) >= 0;
	H5Sclose(memory);
	return good;
}

static int same_rows(struct compare *c, const struct pair *p, const char *name)
{
	hsize_t rows = p->rank ? p->size[0] : 1, step = BLOCK_BYTES / p->row_bytes;
	char *was, *is;
	int result = 0;

	step = step < 1 ? 1 : step > rows ? rows : step;
	was = calloc(step ? step : 1, p->row_bytes);
	is = calloc(step ? step : 1, p->row_bytes);
	if (!was || !is)
		result = pl_error_set(c->err, PL_ENOMEM, 0, "out of memory");
	for (hsize_t at = 0; at < rows && result == 0; at += step) {
		hsize_t n = rows - at < step ? rows - at : step;

		if (!read_rows(p, at, n, was, is))
			result = pl_h5_error(c->err, "cannot read %s", name);
		else if (memcmp(was, is, n * p->row_bytes) != 0)
			result = pl_error_set(c->err, PL_ECORRUPT, 0,
					      "%s of the amended copy differs", name);
		pl_h5_guard_tell(c->tell, ++c->done, 0);
	}
	free(was);
	free(is);
	return result;
}

static int compare_pair(struct compare *c, struct pair *p, const char *name)
{
	hid_t type = H5Dget_type(p->was);
	int result;

	p->space = H5Dget_space(p->was);
	p->rank = H5Sget_simple_extent_dims(p->space, p->size, NULL);
	p->type = H5Tget_native_type(type, H5T_DIR_ASCEND);
	p->row_bytes = H5Tget_size(p->type);
	for (int i = 1; i < p->rank; i++)
		p->row_bytes *= p->size[i];
	if (p->rank < 0 || !same_shape(p))
		result = pl_error_set(c->err, PL_ECORRUPT, 0, "%s of the amended copy differs",
				      name);
	else
		result = p->row_bytes ? same_rows(c, p, name) : 0;
	H5Tclose(p->type);
	H5Tclose(type);
	H5Sclose(p->space);
	return result;
}

static herr_t compare_object(hid_t at, const char *name, const H5O_info_t *info, void *user)
{
	struct compare *c = user;
	struct pair p;

	(void)at;
	if (info->type != H5O_TYPE_DATASET || strcmp(name, &PL_H5_AMENDMENTS[1]) == 0)
		return 0;
	p.was = H5Dopen2(c->was, name, H5P_DEFAULT);
	p.is = H5Dopen2(c->is, name, H5P_DEFAULT);
	if (p.was < 0 || p.is < 0)
		c->result = pl_h5_error(c->err, "cannot open %s", name);
	else
		c->result = compare_pair(c, &p, name);
	if (p.was >= 0)
		H5Dclose(p.was);
	if (p.is >= 0)
		H5Dclose(p.is);
	return c->result ? 1 : 0;
}

int pl_amend_compare(const char *was, const char *is, int tell, struct pl_error *err)
{
	struct compare c = {.tell = tell, .err = err};

	c.was = pl_h5_open(was, H5F_ACC_RDONLY, err);
	c.is = c.was < 0 ? -1 : pl_h5_open(is, H5F_ACC_RDONLY, err);
	if (c.is < 0)
		c.result = -1;
	else if (H5Ovisit(c.was, H5_INDEX_NAME, H5_ITER_NATIVE, compare_object, &c) < 0)
		c.result = pl_h5_error(err, "cannot list what is in %s", was);
	if (c.was >= 0)
		H5Fclose(c.was);
	if (c.is >= 0)
		H5Fclose(c.is);
	return c.result;
}
