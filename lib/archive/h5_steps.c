/* SPDX-License-Identifier: Apache-2.0 */
/*
 * /steps is a table for people with h5py, MATLAB or R, who want a column by its name and no JSON.
 * Its columns are the figures of lib/signal's table of steps, so a figure added there appears
 * here by itself; rows are therefore laid out at run time and not by a struct.
 */
#include <stdlib.h>
#include <string.h>

#include "files.h"
#include "h5.h"
#include "h5_steps.h"
#include "layout.h"

#define SIDE_BYTES 8
#define STRIKE_BYTES 12
#define COLUMNS_MAX 64

/* What stands before the figures. */
struct head {
	double onset_s;
	int32_t foot;
	uint32_t rejected, flags;
	uint8_t accepted, progression_of_mat, loading_without_peak, reserved;
	char side[SIDE_BYTES], strike[STRIKE_BYTES], pad[4];
};

static void text_member(hid_t type, const char *name, size_t offset, size_t size)
{
	hid_t text = pl_h5_text_type(size);

	H5Tinsert(type, name, offset, text);
	H5Tclose(text);
}

static size_t row_bytes(void)
{
	return sizeof(struct head) + pl_step_figure_count() * sizeof(double);
}

static hid_t row_type(bool calibrated)
{
	hid_t type = H5Tcreate(H5T_COMPOUND, row_bytes());
	char key[64];

	H5Tinsert(type, "onset_s", HOFFSET(struct head, onset_s), H5T_IEEE_F64LE);
	text_member(type, "side", HOFFSET(struct head, side), SIDE_BYTES);
	H5Tinsert(type, "foot", HOFFSET(struct head, foot), H5T_STD_I32LE);
	H5Tinsert(type, "accepted", HOFFSET(struct head, accepted), H5T_STD_U8LE);
	H5Tinsert(type, "rejected", HOFFSET(struct head, rejected), H5T_STD_U32LE);
	H5Tinsert(type, "flags", HOFFSET(struct head, flags), H5T_STD_U32LE);
	text_member(type, "strike", HOFFSET(struct head, strike), STRIKE_BYTES);
	H5Tinsert(type, "loading_without_peak", HOFFSET(struct head, loading_without_peak),
		  H5T_STD_U8LE);
	H5Tinsert(type, "progression_of_mat", HOFFSET(struct head, progression_of_mat),
		  H5T_STD_U8LE);
	for (size_t i = 0; i < pl_step_figure_count(); i++)
		H5Tinsert(type, pl_step_figure_key(i, calibrated, key, sizeof(key)),
			  sizeof(struct head) + i * sizeof(double), H5T_IEEE_F64LE);
	return type;
}

static void fill_row(const struct pl_step *s, uint8_t *row)
{
	struct head head = {
		.onset_s = s->onset_s,
		.foot = s->foot,
		.rejected = s->rejected,
		.flags = s->flags,
		.accepted = !s->rejected,
		.progression_of_mat = s->progression_of_mat,
		.loading_without_peak = s->loading_without_peak,
	};

	pl_files_text(head.side, sizeof(head.side), pl_side_name(s->side));
	pl_files_text(head.strike, sizeof(head.strike), pl_strike_name(s->strike));
	memcpy(row, &head, sizeof(head));
	for (size_t i = 0; i < pl_step_figure_count(); i++) {
		double v = pl_step_value(s, i);

		memcpy(row + sizeof(head) + i * sizeof(v), &v, sizeof(v));
	}
}

/* Names, units and meanings of the figures, for who reads the file without our documentation. */
static int describe(hid_t dset, bool calibrated, struct pl_error *err)
{
	const char *name[COLUMNS_MAX], *unit[COLUMNS_MAX], *meaning[COLUMNS_MAX];
	char key[COLUMNS_MAX][64], bits[256] = "";
	unsigned n = 0;

	for (size_t i = 0; i < pl_step_figure_count() && n < COLUMNS_MAX; i++, n++) {
		name[n] = pl_step_figure_key(i, calibrated, key[n], sizeof(key[n]));
		unit[n] = pl_step_figure_unit(i, calibrated);
		meaning[n] = pl_step_figure(i)->long_name;
	}
	strcat(bits, "rejected, flags: bits from 0");
	for (unsigned bit = 0; bit < PL_REJECTS; bit++) {
		strcat(bits, bit ? ", " : ": ");
		strcat(bits, pl_reject_name(bit));
	}
	if (pl_h5_attr_text(dset, "long_name", "stances of feet, by onset; definitions: metrics.md",
			    err) != 0 ||
	    pl_h5_attr_text(dset, "bits", bits, err) != 0 ||
	    pl_h5_attr_texts(dset, "figures", name, n, err) != 0 ||
	    pl_h5_attr_texts(dset, "units", unit, n, err) != 0)
		return -1;
	return pl_h5_attr_texts(dset, "meanings", meaning, n, err);
}

static int write_table(hid_t file, const struct pl_gait *g, const uint8_t *rows,
		       struct pl_error *err)
{
	const hsize_t size = g->n, unlimited = H5S_UNLIMITED;
	const hsize_t chunk = g->n < 1 ? 1 : g->n < 1024 ? g->n : 1024;
	hid_t space = H5Screate_simple(1, &size, &unlimited), type = row_type(g->calibrated);
	hid_t dcpl = H5Pcreate(H5P_DATASET_CREATE), dset;

	H5Pset_chunk(dcpl, 1, &chunk);
	H5Pset_deflate(dcpl, 1);
	dset = H5Dcreate2(file, PL_H5_STEPS, type, space, H5P_DEFAULT, dcpl, H5P_DEFAULT);
	if (dset < 0 || (g->n && H5Dwrite(dset, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, rows) < 0))
		return pl_h5_error(err, "cannot write " PL_H5_STEPS);
	if (describe(dset, g->calibrated, err) != 0)
		return -1;
	if (H5Dclose(dset) < 0)
		return pl_h5_error(err, "cannot write " PL_H5_STEPS);
	H5Pclose(dcpl);
	H5Sclose(space);
	H5Tclose(type);
	return 0;
}

/* After a failure nothing is closed: closing has destroyed files after a failed write. */
int pl_h5_write_steps(const char *path, const struct pl_gait *gait, struct pl_error *err)
{
	uint8_t *rows = malloc((gait->n ? gait->n : 1) * row_bytes());
	hid_t file = -1;
	int result = -1;

	if (!rows)
		return pl_error_set(err, PL_ENOMEM, 0, "no memory for the table of steps");
	for (uint32_t k = 0; k < gait->n; k++)
		fill_row(&gait->step[k], rows + k * row_bytes());
	file = pl_h5_open(path, H5F_ACC_RDWR, err);
	if (file >= 0 && write_table(file, gait, rows, err) == 0) {
		if (H5Fflush(file, H5F_SCOPE_GLOBAL) < 0 || H5Fclose(file) < 0)
			pl_h5_error(err, "cannot write " PL_H5_STEPS);
		else
			result = 0;
	}
	free(rows);
	return result;
}
