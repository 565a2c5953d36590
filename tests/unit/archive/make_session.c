/* SPDX-License-Identifier: Apache-2.0 */
/*
 * make_session ROOT FRAMES [ROWS COLS [DTYPE [crash]]]: records a made-up trial below ROOT and
 * converts it; prints the path of the session file (of the journal with `crash`, which leaves it
 * without an end). For tests that want to look at a file from outside.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <plantar/archive.h>

#include "fixture.h"

static int record(struct fixture *f, const char *path, long frames, bool crash,
		  struct pl_error *err)
{
	struct pl_journal *j = pl_journal_create(path, &f->meta, err);
	struct pl_gap gap = {.epoch = 1, .cause = "unplugged", .t0_mono_ns = 1, .t1_mono_ns = 2};
	int result = j ? 0 : -1;

	for (long i = 0; i < frames && result == 0; i++) {
		struct pl_frame *frame = fixture_next(f);

		result = pl_journal_frames(j, &frame, 1, err);
	}
	if (result == 0)
		result = pl_journal_event(j, 6000000000, "mark", "h\xc3\xb6rbar", err);
	if (result == 0)
		result = pl_journal_gap(j, &gap, err);
	if (result == 0)
		result = pl_journal_clock(j, 5000000000, f->meta.started_utc_ns, err);
	if (j && crash)
		pl_journal_abandon(j);
	else if (j && pl_journal_end(j, "stopped", err) != 0)
		result = -1;
	return result;
}

int main(int argc, char **argv)
{
	struct pl_error err = {0};
	char stem[4000], path[4096];
	struct pl_convert_options options = {.journal = path};
	struct pl_convert_result result;
	struct fixture f;
	bool crash = argc > 6 && strcmp(argv[6], "crash") == 0;

	if (argc < 3)
		return 2;
	fixture_init(&f, argc > 4 ? (unsigned)atoi(argv[3]) : 64,
		     argc > 4 ? (unsigned)atoi(argv[4]) : 64,
		     argc > 5 ? (enum pl_dtype)pl_dtype_parse(argv[5]) : PL_U16, 250, true);
	if (pl_session_folder(argv[1], &f.meta, stem, sizeof(stem), &err) != 0)
		goto failed;
	snprintf(path, sizeof(path), "%s.journal", stem);
	if (record(&f, path, atol(argv[2]), crash, &err) != 0)
		goto failed;
	if (!crash && pl_convert(&options, &result, &err) != 0)
		goto failed;
	printf("%s\n", crash ? path : result.path);
	fixture_free(&f);
	return 0;
failed:
	fprintf(stderr, "%s\n", err.message);
	return 1;
}
