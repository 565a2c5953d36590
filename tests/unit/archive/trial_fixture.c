/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include <plantar/archive.h>

#include "trial_fixture.h"

static void add_frames(struct pl_journal *j, struct fixture *f, uint64_t n)
{
	for (uint64_t i = 0; i < n; i++) {
		struct pl_frame *frame = fixture_next(f);

		assert_int_equal(pl_journal_frames(j, &frame, 1, NULL), 0);
	}
}

void trial_make(struct trial *t, unsigned rows, unsigned cols, enum pl_dtype dtype, uint64_t frames,
		bool calibrated)
{
	const struct pl_gap gap = {.first_seq = 7, .count = 3, .cause = "device"};
	const struct pl_gap hole = {.epoch = 1, .cause = "unplugged"};
	struct pl_convert_options options = {.journal = t->journal, .keep_journal = true};
	struct pl_convert_result result;
	struct pl_error err = {0};
	struct pl_journal *j;
	char stem[4000];

	t->frames = frames;
	fixture_folder(t->folder);
	fixture_init(&t->fixture, rows, cols, dtype, 250, calibrated);
	assert_int_equal(pl_session_folder(t->folder, &t->fixture.meta, stem, sizeof(stem), &err),
			 0);
	snprintf(t->journal, sizeof(t->journal), "%s.journal", stem);
	j = pl_journal_create(t->journal, &t->fixture.meta, &err);
	assert_non_null(j);
	add_frames(j, &t->fixture, frames);
	assert_int_equal(pl_journal_gap(j, &gap, &err), 0);
	assert_int_equal(pl_journal_gap(j, &hole, &err), 0);
	assert_int_equal(pl_journal_end(j, "stopped", &err), 0);
	if (pl_convert(&options, &result, &err))
		fail_msg("%s", err.message);
	snprintf(t->h5, sizeof(t->h5), "%s", result.path);
	t->fixture.made = 0;
	pl_live_reset(t->fixture.live);
}

void trial_free(struct trial *t)
{
	fixture_free(&t->fixture);
	fixture_remove(t->folder);
}
