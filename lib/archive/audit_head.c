/* SPDX-License-Identifier: Apache-2.0 */
/*
 * audit.head is all that tells a log cut off at its end from one that ends there, so it must
 * survive whatever moment the power goes, and its owner and mode must not change with whoever wrote
 * last. It is therefore not replaced by a new file: it has two places, far enough apart to be of
 * different blocks, written in turn and synced each time. One of them is always whole; the one with
 * the higher number counts.
 */
#include "audit_line.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define FORMAT "%020" PRIu64 " %64s %020" PRId64 "\n"
#define BYTES (20 + 1 + 64 + 1 + 20 + 1)
#define BYTES_OLD (20 + 1 + 64 + 1) /* without the size */
#define PLACES 2
#define APART 4096

static bool digits(const char *text, size_t n)
{
	return strspn(text, "0123456789") >= n;
}

static bool read_place(int fd, unsigned place, struct pl_audit_head *head)
{
	char text[BYTES + 1] = "";
	ssize_t n = pread(fd, text, BYTES, (off_t)place * APART);

	head->size = -1;
	if (n < BYTES_OLD || !digits(text, 20) || text[20] != ' ' ||
	    strspn(text + 21, "0123456789abcdef") != 64 ||
	    sscanf(text, "%20" SCNu64 " %64[0-9a-f]", &head->n, head->hash) != 2)
		return false;
	if (text[85] == '\n')
		return true;
	return n == BYTES && text[85] == ' ' && digits(text + 86, 20) && text[106] == '\n' &&
	       sscanf(text + 86, "%20" SCNd64, &head->size) == 1;
}

/* A log that was set aside has the same number with a size of 0: that is the later one. */
static bool is_later(const struct pl_audit_head *a, const struct pl_audit_head *b)
{
	return a->n != b->n ? a->n > b->n : a->size < b->size;
}

/* Where the one that counts is; -1: nowhere. */
static int find(int fd, struct pl_audit_head *head)
{
	int at = -1;

	for (unsigned place = 0; place < PLACES; place++) {
		struct pl_audit_head one;

		if (!read_place(fd, place, &one) || (at >= 0 && !is_later(&one, head)))
			continue;
		*head = one;
		at = (int)place;
	}
	return at;
}

bool pl_audit_read_head(int fd, struct pl_audit_head *head)
{
	return find(fd, head) >= 0;
}

int pl_audit_write_head(int fd, const struct pl_audit_head *head)
{
	struct pl_audit_head now;
	char text[BYTES + 1];
	int at = find(fd, &now);

	snprintf(text, sizeof(text), FORMAT, head->n, head->hash, head->size);
	if (pwrite(fd, text, BYTES, at == 0 ? APART : 0) != BYTES)
		return -1;
	return fdatasync(fd);
}
