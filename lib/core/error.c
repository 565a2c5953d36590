/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Errors are filled where the failure is known, often from pieces of another error, so the text is
 * put together in a buffer of its own before it replaces what was there. errno survives: the
 * caller may still want it.
 */
#include <plantar/error.h>

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "text.h"

static const char *const code_names[] = {
	[PL_OK] = "ok",		 [PL_EUSAGE] = "usage",	    [PL_ECONFIG] = "config",
	[PL_EIO] = "io",	 [PL_EACCES] = "access",    [PL_ENOENT] = "noent",
	[PL_EGONE] = "gone",	 [PL_EBUSY] = "busy",	    [PL_ENOSPC] = "nospace",
	[PL_EFORMAT] = "format", [PL_ECORRUPT] = "corrupt", [PL_ESTATE] = "state",
	[PL_ENOMEM] = "nomem",	 [PL_ETIMEOUT] = "timeout", [PL_EUNSUPPORTED] = "unsupported",
};

int pl_error_set(struct pl_error *err, enum pl_code code, int os_errno, const char *fmt, ...)
{
	char text[sizeof(err->message)];
	int saved_errno = errno;
	va_list args;

	if (!err)
		return -1;
	va_start(args, fmt);
	pl_text_line(text, sizeof(text), vsnprintf(text, sizeof(text), fmt, args));
	va_end(args);
	err->code = code;
	err->os_errno = os_errno;
	memcpy(err->message, text, strlen(text) + 1);
	errno = saved_errno;
	return -1;
}

void pl_error_prefix(struct pl_error *err, const char *fmt, ...)
{
	char text[sizeof(err->message)];
	int saved_errno = errno;
	size_t head, tail;
	va_list args;

	if (!err)
		return;
	va_start(args, fmt);
	pl_text_line(text, sizeof(text), vsnprintf(text, sizeof(text), fmt, args));
	va_end(args);
	head = strlen(text);
	tail = strlen(err->message);
	if (tail > sizeof(text) - 1 - head)
		tail = pl_text_whole(err->message, sizeof(text) - 1 - head);
	memmove(err->message + head, err->message, tail);
	memcpy(err->message, text, head);
	err->message[head + tail] = '\0';
	errno = saved_errno;
}

const char *pl_code_name(enum pl_code code)
{
	if ((unsigned)code >= sizeof(code_names) / sizeof(code_names[0]))
		return "unknown";
	return code_names[code];
}
