/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A log call costs nothing when nobody listens at its level, and must not change what the caller
 * is in the middle of: errno is kept. The line is formatted on the stack, so any thread may log.
 */
#include <plantar/log.h>

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "text.h"

#define LINE_BYTES 1000

static const struct {
	enum pl_level level;
	const char *name;
} levels[] = {
	{.level = PL_ERR, .name = "error"},	{.level = PL_WARNING, .name = "warning"},
	{.level = PL_NOTICE, .name = "notice"}, {.level = PL_INFO, .name = "info"},
	{.level = PL_DEBUG, .name = "debug"},
};

#define LEVELS (sizeof(levels) / sizeof(levels[0]))

void pl_logf(const struct pl_log *log, enum pl_level level, const char *fmt, ...)
{
	char line[LINE_BYTES + 1];
	int saved_errno = errno;
	va_list args;

	if (!log || !log->sink || level > log->max)
		return;
	va_start(args, fmt);
	pl_text_line(line, sizeof(line), vsnprintf(line, sizeof(line), fmt, args));
	va_end(args);
	log->sink(log->user, level, line);
	errno = saved_errno;
}

const char *pl_level_name(enum pl_level level)
{
	for (size_t i = 0; i < LEVELS; i++)
		if (levels[i].level == level)
			return levels[i].name;
	return "unknown";
}

int pl_level_parse(const char *name)
{
	for (size_t i = 0; name && i < LEVELS; i++)
		if (!strcmp(levels[i].name, name))
			return (int)levels[i].level;
	return -1;
}
