/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any text as a protocol's log in a session's folder: what sealing takes from it is a verdict of
 * three, a reason, a number or nothing; and what goes into session.json is JSON again.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/archive/protocol_log.h"

#define CHECK(condition)          \
	do {                      \
		if (!(condition)) \
			abort();  \
	} while (0)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void look(const char *folder)
{
	struct pl_protocol_logs *logs = pl_protocol_logs_read(folder, NULL);
	static char text[8 << 20]; /* of one thread */
	const char *reason, *verdict;
	struct pl_json j;
	double pain;

	CHECK(logs);
	verdict = pl_protocol_logs_verdict(logs, "trial-001.h5", &reason);
	CHECK(!verdict || strlen(verdict) < sizeof(text));
	CHECK(!reason || strlen(reason) < sizeof(text));
	pain = pl_protocol_logs_pain(logs, "trial-001.h5");
	CHECK(isnan(pain) || isfinite(pain));
	pl_protocol_logs_text(logs, "subject");
	pl_json_init(&j, text, sizeof(text));
	pl_json_begin_object(&j, NULL);
	CHECK(pl_protocol_logs_write(logs, &j));
	pl_json_end_object(&j);
	pl_protocol_logs_free(logs);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char folder[] = "/tmp/plantar-fuzz-XXXXXX", path[64];
	FILE *f;

	CHECK(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/protocol-x.json", folder);
	f = fopen(path, "we");
	CHECK(f && (size == 0 || fwrite(data, 1, size, f) == size) && fclose(f) == 0);
	look(folder);
	unlink(path);
	rmdir(folder);
	return 0;
}
