/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Walks the chain from its first line to its last, over all files, and says at each place where it
 * does not hold what that means: a line changed, lines missing, lines put in. What is compared is
 * fixed in one moment under the lock, so a daemon that goes on writing is no finding.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <plantar/audit.h>

#include "audit_line.h"
#include "files.h"

#define FILES_MAX 4096

struct log_file {
	char name[128];
	int fd;
	off_t size;
	uint64_t first; /* number of its first chained line, 0: none */
};

struct walk {
	const char *folder;
	pl_audit_finding *finding;
	void *user;
	struct pl_audit_report *report;
	uint64_t n; /* of the line before; 0: none yet */
	char hash[65];
	bool any;     /* a line was there */
	bool chained; /* the chain has begun */
	bool torn;    /* the line before is no JSON: the next must say so */
	uint64_t torn_line;
	const struct pl_audit_head *head; /* NULL: nothing is remembered */
	bool head_seen; /* the line that is remembered was there: what follows was not synced yet */
	bool remains;	/* and then came what a power cut leaves */
	char file[128];
};

static void found(struct walk *w, uint64_t line, const char *text)
{
	w->report->findings++;
	if (w->finding)
		w->finding(w->user, w->file, line, text);
}

/* ---- the files ---- */

static uint64_t first_number(int fd)
{
	char buf[512];
	ssize_t n = pread(fd, buf, sizeof(buf) - 1, 0);
	const char *at;

	if (n <= 0)
		return 0;
	buf[n] = '\0';
	at = strncmp(buf, "{\"n\":", 5) == 0 ? buf + 5 : NULL;
	return at ? strtoull(at, NULL, 10) : 0;
}

static int by_number(const void *a, const void *b)
{
	const struct log_file *x = a, *y = b;
	bool current_x = strcmp(x->name, "audit.log") == 0,
	     current_y = strcmp(y->name, "audit.log") == 0;

	if (current_x != current_y)
		return current_x - current_y;
	if (x->first != y->first)
		return x->first < y->first ? -1 : 1;
	return strcmp(x->name, y->name);
}

static int open_file(const char *folder, struct log_file *f, struct pl_error *err)
{
	char path[1024];
	struct stat st;

	snprintf(path, sizeof(path), "%s/%s", folder, f->name);
	f->fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (f->fd < 0 || fstat(f->fd, &st))
		return pl_files_error(err, errno, "cannot read %s", path);
	f->size = st.st_size;
	f->first = first_number(f->fd);
	return 0;
}

/* Opens audit.log and all audit.log.*, oldest first. Returns how many, -1: not all can be read. */
static int open_files(const char *folder, struct log_file *files, struct pl_error *err)
{
	DIR *dir = opendir(folder);
	const struct dirent *entry;
	int n = 0, r = 0;

	if (!dir)
		return pl_files_error(err, errno, "cannot read %s", folder);
	while (r == 0 && n < FILES_MAX && (entry = readdir(dir))) {
		if (strncmp(entry->d_name, "audit.log", 9) != 0 ||
		    (entry->d_name[9] != '.' && entry->d_name[9] != '\0') ||
		    strlen(entry->d_name) >= sizeof(files[n].name))
			continue;
		snprintf(files[n].name, sizeof(files[n].name), "%s", entry->d_name);
		r = open_file(folder, &files[n++], err);
	}
	closedir(dir);
	qsort(files, (size_t)n, sizeof(*files), by_number);
	if (r == 0)
		return n;
	for (int i = 0; i < n; i++)
		if (files[i].fd >= 0)
			close(files[i].fd);
	return -1;
}

/* ---- the chain ---- */

static void judge_place(struct walk *w, uint64_t line, const struct pl_audit_line *l)
{
	char text[300];

	if (!w->chained && l->n != 1)
		snprintf(text, sizeof(text),
			 "begins with line %" PRIu64 ": the %" PRIu64
			 " before it are missing (an older file that was taken away?)",
			 l->n, l->n - 1);
	else if (!w->chained)
		snprintf(text, sizeof(text), "what stood before line 1 was changed");
	else if (l->n > w->n + 1)
		snprintf(text, sizeof(text), "%" PRIu64 " line(s) are missing before line %" PRIu64,
			 l->n - w->n - 1, l->n);
	else if (l->n <= w->n)
		snprintf(text, sizeof(text),
			 "line %" PRIu64 " stands behind line %" PRIu64 ": put in, or moved", l->n,
			 w->n);
	else
		snprintf(text, sizeof(text),
			 "line %" PRIu64 " or its numbers of the chain were changed: the next line "
			 "does not continue it",
			 w->n);
	found(w, line, text);
}

static void take_line(struct walk *w, uint64_t line, const char *text, size_t n)
{
	struct pl_audit_line l;

	w->report->lines++;
	if (w->remains)
		return;
	pl_audit_line_parse(text, n, &l);
	if (w->torn && !l.after_tear && w->head_seen) {
		w->remains = true;
		return;
	}
	if (w->torn && !l.after_tear)
		found(w, w->torn_line, "is no JSON, and no crash is told of: changed");
	if (l.chained) {
		bool follows = strcmp(l.prev, w->any ? w->hash : PL_AUDIT_NO_HASH) == 0;

		if (!follows || l.n != w->n + 1)
			judge_place(w, line, &l);
		w->report->torn += w->torn && l.after_tear;
		w->chained = true;
		w->n = l.n;
	} else if (!l.json) {
		w->n++;
	} else if (w->chained) {
		found(w, line, "has no place in the chain: put in");
	} else {
		w->report->unchained++;
	}
	w->torn = !l.json;
	w->torn_line = line;
	w->any = true;
	pl_audit_hash(text, n, w->hash);
	w->head_seen |= w->head && w->n == w->head->n && strcmp(w->hash, w->head->hash) == 0;
}

static int walk_file(struct walk *w, const struct log_file *f, struct pl_error *err)
{
	FILE *in = fdopen(dup(f->fd), "r");
	off_t left = f->size;
	uint64_t line = 0;
	char *text = NULL;
	size_t cap = 0;
	ssize_t n;

	if (!in)
		return pl_files_error(err, errno, "cannot read %s", f->name);
	snprintf(w->file, sizeof(w->file), "%s", f->name);
	while (left > 0 && (n = getline(&text, &cap, in)) > 0) {
		left -= n;
		n -= text[n - 1] == '\n';
		take_line(w, ++line, text, (size_t)n);
	}
	free(text);
	fclose(in);
	w->report->files++;
	return 0;
}

static void judge_end(struct walk *w)
{
	const struct pl_audit_head *head = w->head;
	char text[300];

	snprintf(w->file, sizeof(w->file), "audit.head");
	if (w->torn) /* a crash cut it, and nothing was asked since */
		w->report->torn++;
	if (!head) {
		if (w->chained)
			found(w, 0, "is missing: nothing says which line was the last");
		return;
	}
	if (w->head_seen)
		return;
	if (head->n > w->n)
		snprintf(text, sizeof(text),
			 "remembers line %" PRIu64 ", but the log ends with line %" PRIu64
			 ": %" PRIu64 " line(s) were cut off at the end",
			 head->n, w->n, head->n - w->n);
	else if (head->n == w->n)
		snprintf(text, sizeof(text), "line %" PRIu64 ", the last one, was changed",
			 head->n);
	else
		snprintf(text, sizeof(text),
			 "remembers line %" PRIu64
			 " otherwise than it stands in the log: changed, or put in",
			 head->n);
	found(w, 0, text);
}

static int walk_all(struct walk *w, struct log_file *files, int n_files, struct pl_error *err)
{
	int r = 0;

	for (int i = 0; i < n_files; i++) {
		if (r == 0)
			r = walk_file(w, &files[i], err);
		close(files[i].fd);
	}
	return r;
}

int pl_audit_verify(const char *folder, pl_audit_finding *finding, void *user,
		    struct pl_audit_report *report, struct pl_error *err)
{
	struct log_file *files = calloc(FILES_MAX, sizeof(*files));
	struct walk w = {.folder = folder, .finding = finding, .user = user, .report = report};
	struct pl_audit_head head;
	int head_fd, n_files, r = -1;
	char path[1024];

	memset(report, 0, sizeof(*report));
	if (!files)
		return pl_error_set(err, PL_ENOMEM, errno, "out of memory");
	snprintf(path, sizeof(path), "%s/audit.head", folder);
	head_fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (head_fd >= 0)
		flock(head_fd, LOCK_SH);
	n_files = open_files(folder, files, err);
	if (head_fd >= 0) {
		w.head = pl_audit_read_head(head_fd, &head) ? &head : NULL;
		w.head_seen = w.head && head.n == 0;
		close(head_fd); /* and with it the lock */
	}
	if (n_files == 0 && head_fd < 0)
		pl_error_set(err, PL_ENOENT, ENOENT, "there is no audit log in %s", folder);
	else if (n_files >= 0)
		r = walk_all(&w, files, n_files, err);
	free(files);
	if (r)
		return -1;
	judge_end(&w);
	report->n = w.n;
	memcpy(report->hash, w.hash, sizeof(report->hash));
	return 0;
}
