/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Laboratories keep footprints as 3-D arrays in HDF5 files of their own making. The array has
 * numbers; that they are pressures, how far apart the cells are, how often they were read and
 * which axis is time, a person says.
 *
 * Nobody vouches for such a file, and HDF5 may crash on it or change its mind between two looks.
 * So this process never opens it: a child says how large the array is, another one reads it into
 * memory that both share (h5_guard.h).
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "h5_array.h"
#include "h5_guard.h"
#include "h5_read.h"
#include "import_frames.h"
#include "import_units.h"

#define LIST_MAX 6

/* ---- axes ------------------------------------------------------------------------------------ */

int pl_h5_axes_parse(const char *text, struct h5_axes *axes, struct pl_error *err)
{
	const char *p = text;

	*axes = (struct h5_axes){.t = -1, .y = -1, .x = -1};
	for (int i = 0; i < 3; i++) {
		bool down = *p == '-';
		int *axis;

		p += down;
		axis = *p == 't' && !down ? &axes->t
		       : *p == 'y'	  ? &axes->y
		       : *p == 'x'	  ? &axes->x
					  : NULL;
		if (!axis || *axis >= 0 || p[1] != (i < 2 ? ',' : '\0'))
			return pl_error_set(
				err, PL_EUSAGE, 0,
				"--axes: '%.40s' is not like y,x,t: rows, columns and time in the "
				"order of the array; -y where its first row is the rear one, -x "
				"where its first column is the right one",
				text);
		*axis = i;
		axes->y_down |= down && axis == &axes->y;
		axes->x_down |= down && axis == &axes->x;
		p += 2;
	}
	return 0;
}

/* ---- in the children ------------------------------------------------------------------------- */

struct look {
	const char *path, *dataset;
	double *to; /* shared; NULL: look only */
	struct {
		hsize_t size[3];
		struct pl_error err; /* code PL_OK: all went well */
	} found;
};

static void read_array(void *user, int tell)
{
	static const H5T_class_t classes[] = {H5T_FLOAT, H5T_INTEGER};
	struct look *l = user;
	struct h5_data d = {.dset = -1};
	struct pl_error *err = &l->found.err;
	hid_t file = pl_h5_open(l->path, H5F_ACC_RDONLY, err);
	int result = -1;

	(void)tell;
	if (file < 0)
		return;
	if (!pl_h5_has(file, l->dataset)) {
		pl_error_set(err, PL_ENOENT, 0, "there is no %s in it", l->dataset);
	} else {
		for (int i = 0; i < 2 && result; i++)
			result = pl_h5_data_open(file, l->dataset, classes[i], 3, &d, err);
		memcpy(l->found.size, d.size, sizeof(d.size));
		if (result == 0 && l->to)
			result = pl_h5_data_read(&d, l->dataset, H5T_NATIVE_DOUBLE, 0, d.size[0],
						 l->to, NULL, err);
		if (result == 0)
			*err = (struct pl_error){.code = PL_OK};
	}
	pl_h5_data_close(&d);
	H5Fclose(file);
}

static int guarded(struct look *l, struct pl_error *err)
{
	const struct h5_guarded g = {.work = read_array,
				     .user = l,
				     .result = &l->found,
				     .result_bytes = sizeof(l->found)};

	pl_error_set(&l->found.err, PL_ECORRUPT, 0, "it cannot be read");
	if (pl_h5_guard(&g, l->path, err))
		return -1;
	if (l->found.err.code == PL_OK)
		return 0;
	return pl_error_set(err, l->found.err.code, 0, "%s: %s", l->path, l->found.err.message);
}

struct list {
	const char *path;
	unsigned n;
	char text[400];
};

static herr_t list_one(hid_t file, const char *name, const H5O_info_t *info, void *user)
{
	struct list *list = user;
	size_t used = strlen(list->text);
	hsize_t size[H5S_MAX_RANK] = {0};
	hid_t dset, space, type;
	H5T_class_t class;

	if (info->type != H5O_TYPE_DATASET || (dset = H5Dopen2(file, name, H5P_DEFAULT)) < 0)
		return 0;
	space = H5Dget_space(dset);
	type = H5Dget_type(dset);
	class = type < 0 ? H5T_NO_CLASS : H5Tget_class(type);
	if (space >= 0 && (class == H5T_INTEGER || class == H5T_FLOAT) &&
	    H5Sget_simple_extent_ndims(space) == 3 &&
	    H5Sget_simple_extent_dims(space, size, NULL) == 3 && list->n++ < LIST_MAX &&
	    used + 60 < sizeof(list->text))
		snprintf(list->text + used, sizeof(list->text) - used,
			 "%s/%.30s (%llu x %llu x %llu)", used ? ", " : "", name,
			 (unsigned long long)size[0], (unsigned long long)size[1],
			 (unsigned long long)size[2]);
	if (space >= 0)
		H5Sclose(space);
	if (type >= 0)
		H5Tclose(type);
	H5Dclose(dset);
	return 0;
}

static void list_all(void *user, int tell)
{
	struct list *list = user;
	hid_t file = pl_h5_open(list->path, H5F_ACC_RDONLY, NULL);

	(void)tell;
	if (file < 0)
		return;
	H5Ovisit(file, H5_INDEX_NAME, H5_ITER_NATIVE, list_one, list);
	H5Fclose(file);
}

void pl_h5_array_list(const char *path, char *buf, size_t cap)
{
	struct list list = {.path = path};
	const struct h5_guarded g = {
		.work = list_all, .user = &list, .result = &list, .result_bytes = sizeof(list)};

	buf[0] = '\0';
	pl_h5_init();
	if (pl_h5_guard(&g, path, NULL) || !list.text[0])
		return;
	list.text[sizeof(list.text) - 1] = '\0';
	for (char *p = list.text; *p; p++)
		if ((unsigned char)*p < 0x20 || (unsigned char)*p >= 0x7f)
			*p = '?';
	if (list.n > LIST_MAX)
		snprintf(buf, cap, "%s and %u more", list.text, list.n - LIST_MAX);
	else
		snprintf(buf, cap, "%s", list.text);
}

/* ---- in this process ------------------------------------------------------------------------- */

static int check_hints(const struct look *l, const struct pl_hints *h, struct pl_error *err)
{
	const hsize_t *n = l->found.size;

	if (h->axes && h->rate_hz > 0 && h->pitch_row_mm > 0 && h->pitch_col_mm > 0)
		return 0;
	return pl_error_set(err, PL_EUSAGE, 0,
			    "%s: %s is an array of %llu x %llu x %llu numbers; add%s%s%s", l->path,
			    l->dataset, (unsigned long long)n[0], (unsigned long long)n[1],
			    (unsigned long long)n[2],
			    h->axes ? "" : " --axes y,x,t (rows, columns, time in its order)",
			    h->rate_hz > 0 ? "" : " --rate HZ",
			    h->pitch_row_mm > 0 ? "" : " --pitch MM (from cell to cell)");
}

static int check_size(const struct look *l, const struct h5_axes *axes, struct pl_error *err)
{
	const hsize_t *n = l->found.size;

	if (n[axes->y] < 1 || n[axes->y] > PL_SIDE_MAX || n[axes->x] < 1 ||
	    n[axes->x] > PL_SIDE_MAX)
		return pl_error_set(
			err, PL_EUSAGE, 0,
			"%s: by --axes %s would be %llu rows and %llu columns; a mat has "
			"1 to %d",
			l->path, l->dataset, (unsigned long long)n[axes->y],
			(unsigned long long)n[axes->x], PL_SIDE_MAX);
	if (n[axes->t] < 1 || n[axes->t] > PL_IMPORT_FRAMES_MAX ||
	    n[axes->t] > PL_IMPORT_BYTES_MAX / sizeof(double) / n[axes->y] / n[axes->x])
		return pl_error_set(err, PL_ENOMEM, 0,
				    "%s: by --axes %s would be %llu frames of %llu x %llu cells; "
				    "that many are not read",
				    l->path, l->dataset, (unsigned long long)n[axes->t],
				    (unsigned long long)n[axes->y], (unsigned long long)n[axes->x]);
	return 0;
}

/* The array as it lies to frames as the mat sees them. */
static int put_frames(struct pl_import *im, const struct look *l, const struct h5_axes *axes,
		      double factor, struct pl_error *err)
{
	const size_t stride[3] = {l->found.size[1] * l->found.size[2], l->found.size[2], 1};
	unsigned rows = im->geometry.rows, cols = im->geometry.cols;

	for (size_t f = 0; f < l->found.size[axes->t]; f++) {
		double *cells = pl_import_frame(im, err);

		if (!cells)
			return -1;
		for (unsigned r = 0; r < rows; r++) {
			size_t y = axes->y_down ? rows - 1 - r : r;
			size_t at = f * stride[axes->t] + y * stride[axes->y];

			for (unsigned c = 0; c < cols; c++) {
				size_t x = axes->x_down ? cols - 1 - c : c;

				*cells++ = l->to[at + x * stride[axes->x]] * factor;
			}
		}
	}
	return 0;
}

static int set_unit(struct pl_import *im, const struct pl_hints *h, double *factor,
		    struct pl_error *err)
{
	double kpa = h->unit ? pl_import_pressure_unit(h->unit, strlen(h->unit)) : 0;

	if (kpa < 0)
		return pl_error_set(err, PL_EUSAGE, 0,
				    "--unit: '%.20s' is no pressure known here: kPa, N/cm2, mmHg, "
				    "psi, or counts",
				    h->unit);
	im->unit = kpa > 0 ? PL_UNIT_KPA : PL_UNIT_COUNTS;
	*factor = kpa > 0 ? kpa : 1;
	return 0;
}

static int take(struct pl_import *im, struct look *l, const struct pl_hints *h,
		struct pl_error *err)
{
	struct h5_axes axes;
	size_t bytes;
	double factor = 1;
	int result = -1;

	if (guarded(l, err) || check_hints(l, h, err) || pl_h5_axes_parse(h->axes, &axes, err) ||
	    check_size(l, &axes, err) || set_unit(im, h, &factor, err))
		return -1;
	im->geometry = (struct pl_geometry){.rows = (unsigned)l->found.size[axes.y],
					    .cols = (unsigned)l->found.size[axes.x],
					    .pitch_row_m = h->pitch_row_mm / 1000,
					    .pitch_col_m = h->pitch_col_mm / 1000};
	im->interval_s = 1 / h->rate_hz;
	im->side = h->side;
	im->cropped = h->cropped;
	bytes = l->found.size[0] * l->found.size[1] * l->found.size[2] * sizeof(double);
	l->to = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (l->to == MAP_FAILED)
		return pl_error_set(err, PL_ENOMEM, 0, "no memory to read %s", l->path);
	if (guarded(l, err) == 0)
		result = put_frames(im, l, &axes, factor, err);
	munmap(l->to, bytes);
	return result;
}

int pl_backend_h5_array(const char *path, const struct pl_hints *hints, struct pl_backend *b,
			struct pl_error *err)
{
	struct look look = {.path = path, .dataset = hints->dataset};
	struct pl_import *im;

	if (look.dataset[0] != '/')
		return pl_error_set(
			err, PL_EUSAGE, 0,
			"--dataset: '%.60s' is no path in an HDF5 file; it begins with /",
			look.dataset);
	pl_h5_init();
	im = pl_import_new(PL_FORMAT_HDF5_ARRAY, err);
	if (!im)
		return -1;
	if (take(im, &look, hints, err)) {
		pl_import_free(im);
		return -1;
	}
	pl_import_fact_text(im, "dataset", look.dataset, strlen(look.dataset));
	pl_import_fact_text(im, "axes", hints->axes, strlen(hints->axes));
	pl_import_backend(im, b);
	return 0;
}
