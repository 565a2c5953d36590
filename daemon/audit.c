/* SPDX-License-Identifier: Apache-2.0 */
/*
 * In a clinic somebody will ask who ended the recording, and when the mat was tared. The answer
 * must not depend on a log level, nor on what a client put into its request: whatever it was, it
 * becomes one line of JSON.
 */
#include "daemon/audit.h"

#include <stdio.h>
#include <time.h>

#include <plantar/json.h>

#include "daemon/text.h"

#define REQUEST_MAX 2000

size_t pl_audit_format(char *buf, size_t cap, const struct pl_audit_note *note)
{
	char stamp[40], seconds[32], cut[REQUEST_MAX + 1];
	time_t s = (time_t)(note->utc_ns / 1000000000);
	struct pl_json j;
	struct tm tm;

	gmtime_r(&s, &tm);
	strftime(seconds, sizeof(seconds), "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(stamp, sizeof(stamp), "%s.%03dZ", seconds, (int)(note->utc_ns / 1000000 % 1000));
	pl_copy(cut, sizeof(cut), note->request);
	pl_json_init(&j, buf, cap);
	pl_json_begin_object(&j, NULL);
	pl_json_string(&j, "t", stamp);
	pl_json_string(&j, "who", note->who);
	pl_json_string(&j, "role", note->role);
	pl_json_string(&j, "peer", note->peer);
	pl_json_string(&j, "request", cut);
	pl_json_string(&j, "result", note->result);
	if (note->times > 1)
		pl_json_uint(&j, "times", note->times);
	pl_json_end_object(&j);
	return pl_json_finish(&j);
}
