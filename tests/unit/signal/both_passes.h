/* SPDX-License-Identifier: Apache-2.0 */
/* For tests: frames through both passes of an analysis, and its JSON. */
#ifndef TEST_BOTH_PASSES_H
#define TEST_BOTH_PASSES_H

#include <math.h>
#include <stdint.h>

#include <plantar/analysis.h>

/* Frame k of the recording, [rows*cols]; valid until the next call. */
typedef const double *frame_fn(void *ctx, unsigned k);

/* n frames at rate, twice; frames are missing before frame gap_before (-1: none are). */
static inline void both_passes(struct pl_analysis *a, frame_fn *frame, void *ctx, unsigned n,
			       double rate, int gap_before)
{
	for (int pass = 0; pass < 2; pass++) {
		for (unsigned k = 0; k < n; k++)
			assert_int_equal(pl_analysis_push(a, frame(ctx, k),
							  (int64_t)llround(k * 1e9 / rate),
							  (int)k == gap_before, NULL),
					 0);
		assert_int_equal(
			pass ? pl_analysis_finish(a, NULL) : pl_analysis_second_pass(a, NULL), 0);
	}
}

struct stored_frames {
	const double *values;
	size_t stride; /* doubles from one frame to the next */
};

static inline const double *stored_frame(void *ctx, unsigned k)
{
	const struct stored_frames *s = ctx;

	return s->values + k * s->stride;
}

/* The same for frames that are all in memory. */
static inline void both_passes_of(struct pl_analysis *a, const double *values, size_t stride,
				  size_t n, double rate)
{
	struct stored_frames s = {values, stride};

	both_passes(a, stored_frame, &s, (unsigned)n, rate, -1);
}

static inline void analysis_text(const struct pl_analysis *a, char *text, size_t cap)
{
	struct pl_json json;

	pl_json_init(&json, text, cap);
	pl_json_begin_object(&json, NULL);
	pl_analysis_json(a, &json);
	pl_json_end_object(&json);
	assert_true(pl_json_finish(&json) > 0);
}

#endif
