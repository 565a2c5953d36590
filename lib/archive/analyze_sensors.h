/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ARCHIVE_ANALYZE_SENSORS_H
#define ARCHIVE_ANALYZE_SENSORS_H

#include <plantar/recording.h>

/* pl_recording_analyze for a PL_LAYOUT_SENSORS: one pass, pressures and times only. */
int pl_sensors_analyze(struct pl_recording *r, struct pl_json *json,
		       bool (*progress)(void *user, uint64_t done, uint64_t total), void *user,
		       struct pl_error *err);

#endif
