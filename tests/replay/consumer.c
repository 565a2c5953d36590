/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A program of somebody else, built with nothing but what `cmake --install` put into place and
 * what pkg-config says of it: reads a recording and prints its live force, frame by frame.
 */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include <plantar/live.h>
#include <plantar/recording.h>

int main(int argc, char **argv)
{
	struct pl_error err = {.code = PL_OK};
	struct pl_recording *recording;
	const struct pl_recording_info *info;
	struct pl_live_options options;
	struct pl_live *live;
	struct pl_frame frame;
	double largest = 0;
	float *metrics;
	int force, r;

	recording = argc == 2 ? pl_recording_open(argv[1], &err) : NULL;
	if (!recording) {
		fprintf(stderr, "%s\n", argc == 2 ? err.message : "usage: consumer RECORDING");
		return 1;
	}
	info = pl_recording_info(recording);
	options = *pl_recording_live(recording);
	options.rate_hz = info->rate_hz;
	live = pl_live_new(&info->geometry, pl_recording_calibration(recording), &options, &err);
	metrics = calloc(pl_metric_count(), sizeof(*metrics));
	force = pl_metric_find("force_n");
	if (!live || !metrics || force < 0) {
		fprintf(stderr, "%s\n", err.message);
		return 1;
	}
	while ((r = pl_recording_next(recording, &frame, &err)) > 0) {
		pl_live_frame(live, frame.cells, frame.dtype, frame.seq, metrics);
		if (isfinite(metrics[force]) && (double)metrics[force] > largest)
			largest = (double)metrics[force];
	}
	printf("{\"frames\": %" PRIu64 ", \"force_peak_n\": %.6f}\n", info->frames, largest);
	free(metrics);
	pl_live_free(live);
	pl_recording_close(recording);
	return r < 0;
}
