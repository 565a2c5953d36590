/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A subject is a pseudonym. Which codes there may be is archive.subject_pattern of plantard.conf,
 * and holds for whatever gives a recording its subject: the daemon, plantar import, annotate and
 * correct.
 */
#ifndef DRIVERS_MAT_SUBJECT_H
#define DRIVERS_MAT_SUBJECT_H

#include <stdbool.h>
#include <stddef.h>

#include <plantar/error.h>

#define PL_SUBJECT_PATTERN "[A-Za-z0-9_-]{1,64}"

bool pl_subject_pattern_valid(const char *pattern, char *why, size_t cap);
/* Does code match the whole pattern ("": everything does)? "" (nobody is named) always does. */
int pl_subject_check(const char *pattern, const char *code, struct pl_error *err);
/* The same with the pattern of the daemon's configuration as pl_config_find finds it, else the
 * usual one. A configuration that cannot be read is refused: it may be the one that forbids. */
int pl_subject_allowed(const char *code, struct pl_error *err);

#endif
