/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who looks through an audit log wants to know two things: is this everything, and what can I write
 * down so that it stays so. The second is the hash of the last line.
 */
#include "tools/verify_audit.h"

#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include <plantar/audit.h>

#include "tools/output.h"
#include "tools/progress.h"

struct showing {
	const char *folder;
	json_t *findings; /* NULL: for people */
};

bool pl_verify_has_audit(const char *folder)
{
	char log[4200], head[4200];

	snprintf(log, sizeof(log), "%s/audit.log", folder);
	snprintf(head, sizeof(head), "%s/audit.head", folder);
	return access(log, F_OK) == 0 || access(head, F_OK) == 0;
}

static void show(void *user, const char *file, uint64_t line, const char *text)
{
	struct showing *s = user;

	if (s->findings)
		json_array_append_new(s->findings,
				      json_pack("{s:s, s:I, s:s}", "file", file, "line",
						(json_int_t)line, "problem", text));
	else if (line)
		printf("BAD  %s/%s:%" PRIu64 ": %s\n", s->folder, file, line, text);
	else
		printf("BAD  %s/%s: %s\n", s->folder, file, text);
}

int pl_verify_audit(const char *folder, json_t *logs, size_t *findings, struct pl_error *err)
{
	struct showing s = {.folder = folder, .findings = logs ? json_array() : NULL};
	struct pl_audit_report r;
	char lines[32];

	if (pl_audit_verify(folder, show, &s, &r, err)) {
		json_decref(s.findings);
		return -1;
	}
	*findings += r.findings;
	if (logs) {
		json_array_append_new(
			logs, json_pack("{s:s, s:b, s:I, s:I, s:I, s:I, s:I, s:s, s:o}", "folder",
					folder, "ok", r.findings == 0, "files", (json_int_t)r.files,
					"lines", (json_int_t)r.lines, "unchained",
					(json_int_t)r.unchained, "torn", (json_int_t)r.torn, "n",
					(json_int_t)r.n, "hash", r.hash, "findings", s.findings));
		return 0;
	}
	pl_count_text(r.lines, lines);
	if (r.findings == 0)
		printf("ok   %s/audit.log: %s lines, the chain is whole; line %" PRIu64
		       " has the hash %s\n",
		       folder, lines, r.n, r.hash);
	return 0;
}
