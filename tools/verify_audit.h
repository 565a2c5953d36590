/* SPDX-License-Identifier: Apache-2.0 */
/* The part of plantar verify that walks an audit log's chain. */
#ifndef TOOLS_VERIFY_AUDIT_H
#define TOOLS_VERIFY_AUDIT_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include <plantar/error.h>

bool pl_verify_has_audit(const char *folder);
/* Findings of the log in folder: printed, or appended with a summary to logs (not NULL). -1: it
 * cannot be read. */
int pl_verify_audit(const char *folder, json_t *logs, size_t *findings, struct pl_error *err);

#endif
