/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A damaged HDF5 file as an array: HDF5 may crash on it, in its child; the reader must say so and
 * live. An input that begins with a letter or a minus is taken for --axes instead.
 */
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "foreign_fuzz.h"
#include "lib/archive/h5_array.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void try_axes(const uint8_t *data, size_t size)
{
	struct pl_error err = {.code = PL_OK};
	struct h5_axes axes;
	char text[64];

	if (size >= sizeof(text))
		return;
	memcpy(text, data, size);
	text[size] = '\0';
	if (pl_h5_axes_parse(text, &axes, &err))
		must(err.code == PL_EUSAGE && err.message[0]);
	else
		must(axes.t + axes.y + axes.x == 3 && axes.t != axes.y && axes.y != axes.x);
}

static void try_file(const char *path)
{
	const struct pl_hints hints = {.dataset = "/a",
				       .axes = "y,-x,t",
				       .rate_hz = 100,
				       .pitch_row_mm = 5,
				       .pitch_col_mm = 5};
	struct pl_error err = {.code = PL_OK};
	struct pl_recording *rec = pl_recording_open_hinted(path, &hints, &err);
	struct pl_frame f;
	uint64_t n = 0;
	char list[400];

	pl_h5_array_list(path, list, sizeof(list));
	if (!rec) {
		must(err.code != PL_OK && err.message[0]);
		return;
	}
	while (pl_recording_next(rec, &f, NULL) > 0)
		must(f.seq == n++);
	must(n > 0 && n == pl_recording_info(rec)->frames);
	pl_recording_close(rec);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char path[64];
	int fd;

	if (size && data[0] < 0x80) {
		try_axes(data, size);
		return 0;
	}
	fd = memfd_create("array", MFD_CLOEXEC);
	must(fd >= 0 && write(fd, data, size) == (ssize_t)size);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	try_file(path);
	close(fd);
	return 0;
}
