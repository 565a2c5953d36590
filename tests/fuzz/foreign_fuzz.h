/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What fuzz targets of foreign text formats do: read everything there is and hold it to what
 * recording.h promises.
 */
#ifndef TESTS_FOREIGN_FUZZ_H
#define TESTS_FOREIGN_FUZZ_H

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <plantar/recording.h>

#define FUZZ_JSON_BYTES (1u << 16)

static inline void must(int is_so)
{
	if (!is_so)
		abort();
}

static inline uint64_t fuzz_frames(struct pl_recording *rec)
{
	const struct pl_recording_info *info = pl_recording_info(rec);
	const struct pl_calibration *cal = pl_recording_calibration(rec);
	size_t cells = pl_geometry_cells(&info->geometry);
	double *values = malloc(cells * sizeof(double));
	int64_t before_ns = INT64_MIN;
	uint64_t n = 0;
	struct pl_frame f;

	must(values != NULL);
	while (pl_recording_next(rec, &f, NULL) > 0) {
		must(f.seq == n++ && f.cells_bytes == cells * sizeof(double));
		must(pl_recording_time_ns(rec, &f) > before_ns);
		before_ns = pl_recording_time_ns(rec, &f);
		pl_calibrate(cal, &info->geometry, f.cells, f.dtype, values);
		for (size_t i = 0; i < cells; i++)
			must(isfinite(values[i]) && values[i] >= 0);
	}
	free(values);
	return n;
}

static inline void fuzz_foreign(enum pl_format format, const uint8_t *data, size_t size)
{
	struct pl_error err = {0};
	struct pl_recording *rec = pl_recording_open_memory(format, data, size, &err);
	struct pl_json json;
	char *text;

	pl_format_probe(data, size);
	if (!rec) {
		must(err.code != PL_OK && err.message[0] && !strchr(err.message, '\n'));
		return;
	}
	must(pl_recording_info(rec)->frames > 0);
	must(fuzz_frames(rec) == pl_recording_info(rec)->frames);
	must(pl_recording_rewind(rec, NULL) == 0);
	must(fuzz_frames(rec) == pl_recording_info(rec)->frames);
	text = malloc(FUZZ_JSON_BYTES);
	must(text != NULL);
	pl_json_init(&json, text, FUZZ_JSON_BYTES);
	pl_json_begin_object(&json, NULL);
	pl_recording_json(rec, &json);
	pl_json_end_object(&json);
	must(pl_json_finish(&json) > 0);
	free(text);
	pl_recording_close(rec);
}

#endif
