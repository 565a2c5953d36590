/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Checksums that anybody can check without us: `sha256sum -c MANIFEST.sha256`. They are for what
 * happens to files later, in years of copying and on ageing disks.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "files.h"
#include "manifest.h"

#define BUFFER (256u << 10)

void pl_manifest_free(struct manifest *m)
{
	free(m->line);
	*m = (struct manifest){0};
}

const char *pl_manifest_find(const struct manifest *m, const char *name)
{
	for (size_t i = 0; i < m->n; i++)
		if (strcmp(m->line[i].name, name) == 0)
			return m->line[i].hex;
	return NULL;
}

int pl_manifest_set(struct manifest *m, const char *name, const char *hex, struct pl_error *err)
{
	char *old = (char *)pl_manifest_find(m, name);

	if (old) {
		memcpy(old, hex, sizeof(m->line->hex));
		return 0;
	}
	if (m->n == m->room) {
		size_t room = m->room ? 2 * m->room : 16;
		struct manifest_line *line = reallocarray(m->line, room, sizeof(*line));

		if (!line)
			return pl_error_set(err, PL_ENOMEM, 0, "no memory for the manifest");
		m->line = line;
		m->room = room;
	}
	snprintf(m->line[m->n].name, sizeof(m->line->name), "%s", name);
	memcpy(m->line[m->n++].hex, hex, sizeof(m->line->hex));
	return 0;
}

static bool parse_line(char *text, struct manifest_line *line)
{
	if (strspn(text, "0123456789abcdef") != 64 || text[64] != ' ' ||
	    (text[65] != ' ' && text[65] != '*') || !text[66] || strchr(text, '/') ||
	    strlen(text + 66) >= sizeof(line->name))
		return false;
	memcpy(line->hex, text, 64);
	line->hex[64] = '\0';
	strcpy(line->name, text + 66);
	return true;
}

int pl_manifest_read(const char *folder, struct manifest *m, struct pl_error *err)
{
	char path[PATH_MAX], text[256];
	struct manifest_line line;
	int result = 0;
	FILE *f;

	*m = (struct manifest){0};
	snprintf(path, sizeof(path), "%s/" MANIFEST_NAME, folder);
	f = fopen(path, "re");
	if (!f)
		return errno == ENOENT ? 0 : pl_files_error(err, errno, "cannot read %s", path);
	while (result == 0 && fgets(text, sizeof(text), f)) {
		text[strcspn(text, "\n")] = '\0';
		if (!parse_line(text, &line))
			result = pl_error_set(err, PL_ECORRUPT, 0,
					      "%s has a line that is none: %.80s", path, text);
		else
			result = pl_manifest_set(m, line.name, line.hex, err);
	}
	fclose(f);
	if (result != 0)
		pl_manifest_free(m);
	return result;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct manifest_line *)a)->name,
		      ((const struct manifest_line *)b)->name);
}

int pl_manifest_write(const char *folder, const struct manifest *m, struct pl_error *err)
{
	const size_t cap = m->n * (sizeof(m->line->hex) + sizeof(m->line->name) + 4) + 1;
	char *text = malloc(cap), path[PATH_MAX];
	size_t at = 0;
	int result;

	if (!text)
		return pl_error_set(err, PL_ENOMEM, 0, "no memory for the manifest");
	if (m->n)
		qsort(m->line, m->n, sizeof(*m->line), by_name);
	for (size_t i = 0; i < m->n; i++)
		at += (size_t)snprintf(text + at, cap - at, "%s  %s\n", m->line[i].hex,
				       m->line[i].name);
	snprintf(path, sizeof(path), "%s/" MANIFEST_NAME, folder);
	result = pl_files_replace(path, text, at, err);
	free(text);
	return result;
}

int pl_manifest_hash(const char *folder, const char *name, char hex[65], struct pl_error *err)
{
	unsigned char digest[crypto_hash_sha256_BYTES];
	crypto_hash_sha256_state state;
	unsigned char *buffer = malloc(BUFFER);
	char path[PATH_MAX];
	ssize_t n = -1;
	int fd, e = 0;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || !buffer) {
		e = fd < 0 ? errno : ENOMEM;
	} else {
		crypto_hash_sha256_init(&state);
		while ((n = read(fd, buffer, BUFFER)) != 0) {
			if (n < 0 && errno == EINTR)
				continue;
			if (n < 0)
				break;
			crypto_hash_sha256_update(&state, buffer, (unsigned long long)n);
		}
		e = n < 0 ? errno : 0;
		crypto_hash_sha256_final(&state, digest);
	}
	if (fd >= 0)
		close(fd);
	free(buffer);
	if (e)
		return pl_files_error(err, e, "cannot read %s", path);
	sodium_bin2hex(hex, 65, digest, sizeof(digest));
	return 0;
}

/* ---- what is about to change ---- */

/* Every whole line; the last one may have been cut off while it was written. */
static int read_pending(const char *folder, struct manifest_line **line, size_t *n,
			struct pl_error *err)
{
	char path[PATH_MAX], text[256];
	struct manifest_line one, *more;
	FILE *f;

	*line = NULL;
	*n = 0;
	snprintf(path, sizeof(path), "%s/" MANIFEST_PENDING, folder);
	f = fopen(path, "re");
	if (!f)
		return errno == ENOENT ? 0 : pl_files_error(err, errno, "cannot read %s", path);
	while (fgets(text, sizeof(text), f)) {
		if (!strchr(text, '\n'))
			break;
		text[strcspn(text, "\n")] = '\0';
		if (!parse_line(text, &one))
			continue;
		more = reallocarray(*line, *n + 1, sizeof(**line));
		if (!more)
			break;
		*line = more;
		more[(*n)++] = one;
	}
	fclose(f);
	return 0;
}

int pl_manifest_announce(const char *folder, const char *name, const char *fresh,
			 struct pl_error *err)
{
	char path[PATH_MAX], hex[65], text[160];
	int fd, n, e = 0;

	if (pl_manifest_hash(folder, fresh, hex, err))
		return -1;
	n = snprintf(text, sizeof(text), "\n%s  %s\n", hex, name); /* ends a line cut off before */
	snprintf(path, sizeof(path), "%s/" MANIFEST_PENDING, folder);
	fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0640);
	if (fd < 0 || write(fd, text, (size_t)n) != n || fsync(fd) != 0)
		e = errno ? errno : EIO;
	if (fd >= 0)
		close(fd);
	if (e)
		return pl_files_error(err, e, "cannot write %s", path);
	return pl_files_sync_parent(path, err);
}

bool pl_manifest_announced(const char *folder, const char *name, const char *hex)
{
	struct manifest_line *line;
	bool found = false;
	size_t n;

	if (read_pending(folder, &line, &n, NULL))
		return false;
	for (size_t i = 0; i < n; i++)
		found |= strcmp(line[i].name, name) == 0 && strcmp(line[i].hex, hex) == 0;
	free(line);
	return found;
}

int pl_manifest_settle(const char *folder, bool *unfinished, struct pl_error *err)
{
	struct manifest_line *line;
	struct manifest m = {0};
	int result, set = 0;
	char hex[65];
	size_t n;

	*unfinished = false;
	if (read_pending(folder, &line, &n, err))
		return -1;
	*unfinished = n > 0;
	result = n ? pl_manifest_read(folder, &m, err) : 0;
	for (size_t i = 0; i < n && result == 0; i++) {
		const char *known = pl_manifest_find(&m, line[i].name);

		if (pl_manifest_hash(folder, line[i].name, hex, NULL) != 0 ||
		    strcmp(hex, line[i].hex) != 0 || (known && strcmp(hex, known) == 0))
			continue;
		result = pl_manifest_set(&m, line[i].name, hex, err);
		set++;
	}
	if (result == 0 && set)
		result = pl_manifest_write(folder, &m, err);
	pl_manifest_free(&m);
	free(line);
	return result;
}

void pl_manifest_settled(const char *folder)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/" MANIFEST_PENDING, folder);
	unlink(path); /* if it stays, it says what the manifest says */
}
