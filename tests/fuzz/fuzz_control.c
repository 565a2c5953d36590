/* SPDX-License-Identifier: Apache-2.0 */
/* Requests to the control socket: whatever a client sends is parsed or refused with a reason. */
#include <stdlib.h>
#include <string.h>

#include <plantar/audit.h>

#include "daemon/audit.h"
#include "daemon/control_request.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct pl_error err = {0};
	struct pl_request request;
	char line[PL_AUDIT_LINE_MAX], *text;
	int r = pl_request_parse(data, size, &request, &err);

	if ((r != 0) != (err.code != PL_OK) || (r != 0 && err.message[0] == '\0'))
		abort();
	if (r == 0)
		(void)pl_command_name(request.cmd);
	text = strndup((const char *)data, size);
	if (text) { /* whatever it was, it can be audited */
		const struct pl_audit_note note = {.who = "uid:1",
						   .role = "viewer",
						   .peer = "peer",
						   .request = text,
						   .result = "usage"};
		size_t n = pl_audit_format(line, sizeof(line), &note);

		if (n == 0 || n >= sizeof(line) || memchr(line, '\n', n))
			abort();
	}
	free(text);
	return 0;
}
