/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The audit log: who asked for what, when, and what became of it, one JSON object a line in
 * <folder>/audit.log, appended, never rewritten. Each line has a number "n" and, as "prev", the
 * SHA-256 of the line before it (its bytes without the newline), so that a line that was changed,
 * removed or put in breaks the chain at that place. audit.head holds number and hash of the last
 * line that was synced, so that lines cut off at the end are missed, too. A log that has grown to
 * 64 MiB is set aside as audit.log.<date>; the chain goes on in the next. docs/access.md says what
 * this proves and what it cannot.
 *
 * Several processes may append (a lock on audit.head keeps them apart), one thread each.
 */
#ifndef PLANTAR_AUDIT_H
#define PLANTAR_AUDIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <plantar/error.h>

#ifdef __cplusplus
extern "C" {
#endif

#define PL_AUDIT_LINE_MAX 16384
#define PL_AUDIT_FILE_MAX ((off_t)64 << 20)

struct pl_audit {
	char folder[512];
	int log_fd, head_fd; /* -1: closed */
	uint64_t n;	     /* of the last line; 0: none */
	char hash[65];	     /* of the last line */
	off_t size;	     /* of the log, when n and hash were right */
	off_t file_max;	     /* PL_AUDIT_FILE_MAX */
	bool unsynced;	     /* lines are written that are not certainly on the disk */
	bool new_name;	     /* nor is the name of the log */
	bool mended;	     /* what pl_audit_open had to tell is what a crash left, not a change */
};

/*
 * Opens or makes both files (mode 0640) in a folder that exists. *told (may be NULL; cap bytes)
 * says, when the end of the log is not what audit.head remembers, what is wrong, else it is "".
 * The next line then leaves the break visible. What a power cut left of lines that had not been
 * synced is put aside, as audit.torn.<n>-<k>, and told as well (mended).
 */
int pl_audit_open(struct pl_audit *a, const char *folder, char *told, size_t cap,
		  struct pl_error *err);
/* Syncs. */
void pl_audit_close(struct pl_audit *a);

/* object: a JSON object as text with at least one member, one line; "n" and "prev" are put in
 * front of its members. Whole or not at all. */
int pl_audit_append(struct pl_audit *a, const char *object, struct pl_error *err);
/* All lines so far are on the disk, and audit.head says so. Does nothing when nothing is new; waits
 * for the disk, so many lines share one call. */
int pl_audit_sync(struct pl_audit *a, struct pl_error *err);

/* One finding of pl_audit_verify: file and line (0: the file as a whole), and what is wrong. */
typedef void pl_audit_finding(void *user, const char *file, uint64_t line, const char *text);

struct pl_audit_report {
	uint64_t files, lines;
	uint64_t unchained; /* lines of versions before the chain, at its beginning */
	uint64_t torn;	    /* lines that a crash has cut; the line behind says so */
	uint64_t findings;
	char hash[65]; /* of the last line: keep it elsewhere, and nobody can rewrite the past */
	uint64_t n;
};

/* Looks at everything in folder up to the moment of the call; a daemon may be writing. Returns -1
 * only when files cannot be read; PL_ENOENT: there is no audit log. */
int pl_audit_verify(const char *folder, pl_audit_finding *finding, void *user,
		    struct pl_audit_report *report, struct pl_error *err);

#ifdef __cplusplus
}
#endif
#endif
