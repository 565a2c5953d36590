/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What browsers say to plantar-web. Whatever the bytes are, the answer is a message whose parts are
 * within what the header promises, or an error with a text; and what is a request may be looked at.
 */
#include <assert.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "tools/web/message.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct pl_error err = {0};
	struct pl_message m;

	if (pl_message_parse((const char *)data, size, &m, &err)) {
		assert(err.code == PL_EUSAGE && *err.message && !m.request);
		return 0;
	}
	assert(size <= PL_MESSAGE_MAX && !*err.message);
	assert(strlen(m.token) <= PL_TOKEN_MAX && strlen(m.mat) <= PL_MAT_NAME_MAX);
	assert(!strpbrk(m.mat, "/\"\\ ") && !strpbrk(m.token, "/\"\\ "));
	switch (m.type) {
	case PL_MESSAGE_WATCH:
		assert(m.hz >= 1 && m.hz <= 60);
		break;
	case PL_MESSAGE_PING:
		assert(isfinite(m.ping));
		break;
	case PL_MESSAGE_REQUEST: {
		char *text = json_dumps(m.request, JSON_COMPACT);

		assert(m.has_id && text);
		assert(!pl_message_viewer_may(m.request) || strstr(text, "status") ||
		       strstr(text, "version") || strstr(text, "wait") ||
		       strstr(text, "protocols"));
		free(text);
		break;
	}
	case PL_MESSAGE_HELLO:
		break;
	}
	pl_message_free(&m);
	return 0;
}
