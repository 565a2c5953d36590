/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the parts of the audit log share: a line's place in the chain and its hash, what audit.head
 * remembers, and how far a log holds behind that.
 */
#ifndef ARCHIVE_AUDIT_LINE_H
#define ARCHIVE_AUDIT_LINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <plantar/error.h>

#define PL_AUDIT_NO_HASH "0000000000000000000000000000000000000000000000000000000000000000"

/* ---- audit_line.c ---- */

struct pl_audit_line {
	bool json;	 /* a JSON object */
	bool chained;	 /* with n and prev */
	bool after_tear; /* says that the line before was cut by a crash */
	uint64_t n;
	char prev[65];
};

void pl_audit_line_parse(const char *text, size_t n, struct pl_audit_line *line);
void pl_audit_hash(const char *text, size_t n, char hex[65]);

/* ---- audit_head.c ---- */

struct pl_audit_head {
	uint64_t n; /* of a line that is on the disk, and so are all before it; 0: none */
	char hash[65];
	int64_t size; /* bytes of audit.log up to behind it; 0: it is in a file set aside; -1:
			 written by a version that did not say */
};

/* False: it holds nothing. */
bool pl_audit_read_head(int fd, struct pl_audit_head *head);
/* Durable when it returns 0; whatever happens before, what was there stays readable. -1: errno. */
int pl_audit_write_head(int fd, const struct pl_audit_head *head);

/* ---- audit_end.c ---- */

/* How far the log holds behind what audit.head remembers. */
struct pl_audit_end {
	bool as_left; /* the line that is remembered is where it was */
	uint64_t n;   /* of the last line of the chain, a torn one included */
	char hash[65];
	off_t good;   /* bytes up to behind the last whole one */
	bool torn;    /* part of a line follows, as a crash in the middle of it leaves it */
	bool remains; /* something else follows: */
	bool foreign; /* ... it begins with a JSON object, which no crash makes */
};

int pl_audit_find_end(int fd, off_t size, const struct pl_audit_head *head,
		      struct pl_audit_end *end);

#endif
