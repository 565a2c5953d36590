/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Logging into a sink that the caller owns. The library decides what is worth saying, the
 * program decides where it goes. A struct pl_log is read-only after it was set up, so any thread
 * may log through it as long as the sink itself may be called from any thread.
 */
#ifndef PLANTAR_LOG_H
#define PLANTAR_LOG_H

#ifdef __cplusplus
extern "C" {
#endif

/* The numbers are syslog's, so that a sink can print "<n>" for systemd unchanged. */
enum pl_level { PL_ERR = 3, PL_WARNING = 4, PL_NOTICE = 5, PL_INFO = 6, PL_DEBUG = 7 };

typedef void pl_log_sink(void *user, enum pl_level level, const char *text);

struct pl_log {
	pl_log_sink *sink; /* NULL: nothing is logged */
	void *user;
	enum pl_level max; /* messages above this level are not formatted at all */
};

/* log may be NULL. One line of at most 1,000 bytes, without newline. */
void pl_logf(const struct pl_log *log, enum pl_level level, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* "error", "warning", "notice", "info", "debug" <-> level; -1 for any other name. */
const char *pl_level_name(enum pl_level level);
int pl_level_parse(const char *name);

#ifdef __cplusplus
}
#endif
#endif
