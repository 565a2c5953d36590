/* SPDX-License-Identifier: Apache-2.0 */
/* What the two halves of the audit log share: a line's place in the chain, and its hash. */
#ifndef ARCHIVE_AUDIT_LINE_H
#define ARCHIVE_AUDIT_LINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PL_AUDIT_NO_HASH "0000000000000000000000000000000000000000000000000000000000000000"

struct pl_audit_line {
	bool json;	 /* a JSON object */
	bool chained;	 /* with n and prev */
	bool after_tear; /* says that the line before was cut by a crash */
	uint64_t n;
	char prev[65];
};

void pl_audit_line_parse(const char *text, size_t n, struct pl_audit_line *line);
void pl_audit_hash(const char *text, size_t n, char hex[65]);
/* Number and hash that audit.head remembers; false: it holds nothing. */
bool pl_audit_read_head(int fd, uint64_t *n, char hash[65]);

#endif
