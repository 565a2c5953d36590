/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Errors that say what failed and what the person can do about it.
 *
 * A struct pl_error belongs to the caller and is filled once, at the place where the failure is
 * known. Functions that take one return a negative value (or NULL) on failure and have then
 * filled it; they never print. Passing NULL is allowed everywhere: the failure is then only the
 * return value. No function here allocates or touches global state: safe from any thread.
 */
#ifndef PLANTAR_ERROR_H
#define PLANTAR_ERROR_H

#ifdef __cplusplus
extern "C" {
#endif

enum pl_code {
	PL_OK = 0,
	PL_EUSAGE,	 /* the caller or the command line asked for something meaningless */
	PL_ECONFIG,	 /* a configuration file is wrong: exit 78 */
	PL_EIO,		 /* the operating system refused a read or write */
	PL_EACCES,	 /* permission denied */
	PL_ENOENT,	 /* no such file, port or mat */
	PL_EGONE,	 /* the device was there and is not any more */
	PL_EBUSY,	 /* someone else holds it */
	PL_ENOSPC,	 /* the disk is full or below its reserve */
	PL_EFORMAT,	 /* not a file of this format, or a format nobody here reads */
	PL_ECORRUPT,	 /* the right format, but damaged or truncated */
	PL_ESTATE,	 /* not possible now (for example: stop without a recording) */
	PL_ENOMEM,	 /* out of memory, or over a stated limit */
	PL_ETIMEOUT,	 /* nobody answered in time */
	PL_EUNSUPPORTED, /* understood, but not something this build can do */
};

struct pl_error {
	enum pl_code code;
	int os_errno;	   /* errno at the failure, 0 if there was none */
	char message[512]; /* one line, no newline, ends with the way out where there is one */
};

/*
 * Fill err (if not NULL) and return -1. os_errno is stored, not formatted: put strerror() into
 * fmt where the text helps. The message is cut at a character boundary when it is too long.
 */
int pl_error_set(struct pl_error *err, enum pl_code code, int os_errno, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

/* Put text in front of err's message ("mats[0].source: " + message). NULL err is allowed. */
void pl_error_prefix(struct pl_error *err, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* The stable lower-case name used in JSON replies: "usage", "config", "io", "access", "noent",
 * "gone", "busy", "nospace", "format", "corrupt", "state", "nomem", "timeout", "unsupported". */
const char *pl_code_name(enum pl_code code);

#ifdef __cplusplus
}
#endif
#endif
