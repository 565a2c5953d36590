/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The small tables of a session file. Fixed-size rows only: variable-length members are what
 * other readers stumble over. The bytes behind the end of a text are zero, so that equal rows are
 * equal in memory.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "files.h"
#include "layout.h"
#include "rows.h"

#define ROWS_MAX (64u << 20) /* bytes of a table that are read back */

void pl_rows_free(struct rows *rows)
{
	free(rows->event);
	free(rows->gap);
	free(rows->clock);
	*rows = (struct rows){0};
}

/* Room for one more of size bytes in *array. */
static int grow(void *array, size_t n, size_t *room, size_t size, struct pl_error *err)
{
	size_t more = *room ? *room * 2 : 64;
	void *old, *bigger;

	if (n < *room)
		return 0;
	memcpy(&old, array, sizeof(old));
	bigger = reallocarray(old, more, size);
	if (!bigger)
		return pl_error_set(err, PL_ENOMEM, 0, "no memory for the recording's events");
	memcpy(array, &bigger, sizeof(bigger));
	*room = more;
	return 0;
}

int pl_rows_add_event(struct rows *rows, int64_t t_mono_ns, const char *kind, const char *text,
		      struct pl_error *err)
{
	struct event_row *row;

	if (grow(&rows->event, rows->events, &rows->events_room, sizeof(*row), err) != 0)
		return -1;
	row = &rows->event[rows->events++];
	row->t_mono_ns = t_mono_ns;
	pl_files_text(row->kind, sizeof(row->kind), kind);
	pl_files_text(row->text, sizeof(row->text), text);
	return 0;
}

static int add_gap(struct rows *rows, const struct pl_gap *gap, struct pl_error *err)
{
	struct gap_row *row;

	if (grow(&rows->gap, rows->gaps, &rows->gaps_room, sizeof(*row), err) != 0)
		return -1;
	row = &rows->gap[rows->gaps++];
	*row = (struct gap_row){
		.first_seq = gap->first_seq,
		.count = gap->count,
		.t0_mono_ns = gap->t0_mono_ns,
		.t1_mono_ns = gap->t1_mono_ns,
		.epoch = gap->epoch,
	};
	pl_files_text(row->cause, sizeof(row->cause), gap->cause);
	return 0;
}

int pl_rows_add(struct rows *rows, const struct pl_journal_record *record, struct pl_error *err)
{
	switch (record->type) {
	case PL_RECORD_EVENT:
		return pl_rows_add_event(rows, record->t_mono_ns, record->kind, record->text, err);
	case PL_RECORD_GAP:
		return add_gap(rows, &record->gap, err);
	case PL_RECORD_CLOCK:
		if (grow(&rows->clock, rows->clocks, &rows->clocks_room, sizeof(*rows->clock),
			 err) != 0)
			return -1;
		rows->clock[rows->clocks++] = (struct clock_row){record->t_mono_ns, record->utc_ns};
		return 0;
	case PL_RECORD_FRAME:
	case PL_RECORD_END:
		break;
	}
	return 0;
}

static void text_member(hid_t type, const char *name, size_t offset, size_t size)
{
	hid_t text = pl_h5_text_type(size);

	H5Tinsert(type, name, offset, text);
	H5Tclose(text);
}

/* Memory types; the same in the file, packed as they are, little endian. */
static hid_t event_type(void)
{
	hid_t type = H5Tcreate(H5T_COMPOUND, sizeof(struct event_row));

	H5Tinsert(type, "time", HOFFSET(struct event_row, t_mono_ns), H5T_STD_I64LE);
	text_member(type, "kind", HOFFSET(struct event_row, kind), 32);
	text_member(type, "text", HOFFSET(struct event_row, text), 480);
	return type;
}

static hid_t gap_type(void)
{
	hid_t type = H5Tcreate(H5T_COMPOUND, sizeof(struct gap_row));

	H5Tinsert(type, "epoch", HOFFSET(struct gap_row, epoch), H5T_STD_U32LE);
	H5Tinsert(type, "first_seq", HOFFSET(struct gap_row, first_seq), H5T_STD_U64LE);
	H5Tinsert(type, "count", HOFFSET(struct gap_row, count), H5T_STD_U64LE);
	text_member(type, "cause", HOFFSET(struct gap_row, cause), 16);
	H5Tinsert(type, "t0", HOFFSET(struct gap_row, t0_mono_ns), H5T_STD_I64LE);
	H5Tinsert(type, "t1", HOFFSET(struct gap_row, t1_mono_ns), H5T_STD_I64LE);
	return type;
}

static hid_t clock_type(void)
{
	hid_t type = H5Tcreate(H5T_COMPOUND, sizeof(struct clock_row));

	H5Tinsert(type, "mono_ns", HOFFSET(struct clock_row, mono_ns), H5T_STD_I64LE);
	H5Tinsert(type, "utc_ns", HOFFSET(struct clock_row, utc_ns), H5T_STD_I64LE);
	return type;
}

/* The order of members in the file must not depend on the order in memory: each has its offset. */
static int write_table(hid_t file, const char *name, hid_t type, size_t n, const void *data,
		       const char *long_name, struct pl_error *err)
{
	const hsize_t size = n, unlimited = H5S_UNLIMITED, chunk = n < 1 ? 1 : n < 1024 ? n : 1024;
	hid_t space = H5Screate_simple(1, &size, &unlimited);
	hid_t dcpl = H5Pcreate(H5P_DATASET_CREATE), dset;

	H5Pset_chunk(dcpl, 1, &chunk);
	H5Pset_deflate(dcpl, 1);
	dset = H5Dcreate2(file, name, type, space, H5P_DEFAULT, dcpl, H5P_DEFAULT);
	if (dset < 0 || (n && H5Dwrite(dset, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, data) < 0))
		return pl_h5_error(err, "cannot write %s", name);
	if (pl_h5_attr_text(dset, "long_name", long_name, err) != 0)
		return -1;
	if (H5Dclose(dset) < 0)
		return pl_h5_error(err, "cannot write %s", name);
	H5Pclose(dcpl);
	H5Sclose(space);
	H5Tclose(type);
	return 0;
}

int pl_rows_write(const struct rows *rows, hid_t file, struct pl_error *err)
{
	if (write_table(file, PL_H5_EVENTS, event_type(), rows->events, rows->event,
			"what happened, on the host's monotonic clock", err) != 0 ||
	    write_table(file, PL_H5_GAPS, gap_type(), rows->gaps, rows->gap,
			"frames known to be missing; count 0: unknown how many", err) != 0)
		return -1;
	return write_table(file, PL_H5_CLOCK, clock_type(), rows->clocks, rows->clock,
			   "the monotonic clock and UTC at the same moment", err);
}

/* The whole table, malloced (never NULL on success). */
static void *read_table(hid_t file, const char *name, hid_t type, size_t *n, struct pl_error *err)
{
	hid_t dset = H5Dopen2(file, name, H5P_DEFAULT), space;
	const size_t size = H5Tget_size(type);
	hssize_t points;
	void *data = NULL;

	if (dset < 0) {
		pl_h5_error(err, "cannot open %s", name);
		goto out;
	}
	space = H5Dget_space(dset);
	points = H5Sget_simple_extent_npoints(space);
	H5Sclose(space);
	if (points < 0 || (hsize_t)points > ROWS_MAX * 16ull / size) {
		pl_error_set(err, PL_ECORRUPT, 0, "%s has an absurd number of rows", name);
		goto close;
	}
	*n = (size_t)points;
	data = calloc(*n + 1, size);
	if (!data) {
		pl_error_set(err, PL_ENOMEM, 0, "no memory to read %s", name);
	} else if (*n && H5Dread(dset, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, data) < 0) {
		pl_h5_error(err, "cannot read %s", name);
		free(data);
		data = NULL;
	}
close:
	H5Dclose(dset);
out:
	H5Tclose(type);
	return data;
}

int pl_rows_read(struct rows *rows, hid_t file, struct pl_error *err)
{
	*rows = (struct rows){0};
	rows->event = read_table(file, PL_H5_EVENTS, event_type(), &rows->events, err);
	if (rows->event)
		rows->gap = read_table(file, PL_H5_GAPS, gap_type(), &rows->gaps, err);
	if (rows->gap)
		rows->clock = read_table(file, PL_H5_CLOCK, clock_type(), &rows->clocks, err);
	if (rows->clock)
		return 0;
	pl_rows_free(rows);
	return -1;
}

int pl_rows_check(const struct rows *rows, hid_t file, struct pl_error *err)
{
	struct rows is;
	int result = 0;

	if (pl_rows_read(&is, file, err) != 0)
		return -1;
	if (is.events != rows->events ||
	    (is.events && memcmp(is.event, rows->event, is.events * sizeof(*is.event)) != 0))
		result = pl_error_set(err, PL_ECORRUPT, 0, "/events differs from the journal");
	else if (is.gaps != rows->gaps ||
		 (is.gaps && memcmp(is.gap, rows->gap, is.gaps * sizeof(*is.gap)) != 0))
		result = pl_error_set(err, PL_ECORRUPT, 0, "/gaps differs from the journal");
	else if (is.clocks != rows->clocks ||
		 (is.clocks && memcmp(is.clock, rows->clock, is.clocks * sizeof(*is.clock)) != 0))
		result = pl_error_set(err, PL_ECORRUPT, 0, "/clock differs from the journal");
	pl_rows_free(&is);
	return result;
}
