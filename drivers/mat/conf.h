/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Strict reading of libconfig files: every key is known or refused with the nearest valid names,
 * every value has the right type and range, every message reads "file:line: key: what is wrong;
 * what would be valid". Used for mats, calibrations and the daemon's own file.
 *
 * A struct pl_conf collects the first error and lets later reads fall through to defaults, so a
 * loader reads straight down and checks once.
 */
#ifndef DRIVERS_MAT_CONF_H
#define DRIVERS_MAT_CONF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <libconfig.h>

#include <plantar/error.h>

struct pl_conf {
	config_t config;
	char path[512];
	struct pl_error *err;
	bool failed;
};

/* Read a file (PL_ENOENT, PL_EACCES, PL_ECONFIG with line for syntax) or a text (name for
 * messages). */
int pl_conf_open(struct pl_conf *c, const char *path, struct pl_error *err);
int pl_conf_open_text(struct pl_conf *c, const char *name, const char *text, struct pl_error *err);
void pl_conf_close(struct pl_conf *c);

/* A whole text file, NUL-terminated, to be freed; NULL: PL_ENOENT, PL_EACCES, PL_EIO, or PL_ECONFIG
 * when it is longer than cap bytes, holds NUL bytes or is not a regular file. */
char *pl_conf_read_file(const char *path, size_t cap, struct pl_error *err);
#define PL_CONF_FILE_MAX (1u << 20)

/* Report "path:line: key: message" for a setting (NULL: the whole file). Keeps only the first. */
void pl_conf_fail(struct pl_conf *c, const config_setting_t *s, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* The same for a name that is missing in group. */
void pl_conf_fail_at(struct pl_conf *c, const config_setting_t *group, const char *name,
		     const char *fmt, ...) __attribute__((format(printf, 4, 5)));

/* Every member of group must be one of the NULL-terminated names. */
void pl_conf_only(struct pl_conf *c, const config_setting_t *group, const char *const *names);

/* In all functions below, group may be NULL: everything is absent then. */

/* Optional scalars: fallback when absent, error when of the wrong type or out of range. */
int64_t pl_conf_int(struct pl_conf *c, const config_setting_t *group, const char *name,
		    int64_t fallback, int64_t min, int64_t max);
double pl_conf_number(struct pl_conf *c, const config_setting_t *group, const char *name,
		      double fallback, double min, double max);
bool pl_conf_bool(struct pl_conf *c, const config_setting_t *group, const char *name,
		  bool fallback);
/* Points into the config; copy before pl_conf_close. fallback may be NULL. */
const char *pl_conf_string(struct pl_conf *c, const config_setting_t *group, const char *name,
			   const char *fallback);
/* One of names (NULL-terminated): its index. */
int pl_conf_choice(struct pl_conf *c, const config_setting_t *group, const char *name,
		   const char *const *names, int fallback);
/* Bytes: a hex string "AA 55 03 99", or text after "text:" with \r \n \t \\ \xHH escapes. */
size_t pl_conf_bytes(struct pl_conf *c, const config_setting_t *group, const char *name,
		     uint8_t *out, size_t cap);
/* An array or list of exactly n numbers (n 0: any number up to cap). Returns how many. */
size_t pl_conf_numbers(struct pl_conf *c, const config_setting_t *group, const char *name,
		       double *out, size_t cap, size_t n);
/* A required group / scalar: fails when absent; wraps the above. */
config_setting_t *pl_conf_group(struct pl_conf *c, const config_setting_t *group, const char *name,
				bool required);
void pl_conf_require(struct pl_conf *c, const config_setting_t *group, const char *name);

#endif
