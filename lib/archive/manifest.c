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

static int read_named(const char *folder, const char *name, struct manifest *m,
		      struct pl_error *err)
{
	char path[PATH_MAX], text[256];
	struct manifest_line line;
	int result = 0;
	FILE *f;

	*m = (struct manifest){0};
	snprintf(path, sizeof(path), "%s/%s", folder, name);
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

int pl_manifest_read(const char *folder, struct manifest *m, struct pl_error *err)
{
	return read_named(folder, MANIFEST_NAME, m, err);
}

int pl_manifest_read_pending(const char *folder, struct manifest *m, struct pl_error *err)
{
	return read_named(folder, MANIFEST_PENDING, m, err);
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct manifest_line *)a)->name,
		      ((const struct manifest_line *)b)->name);
}

/* Sorted, since the order in which trials were finished says nothing. */
static int write_named(const char *folder, const char *name, const struct manifest *m,
		       struct pl_error *err)
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
	snprintf(path, sizeof(path), "%s/%s", folder, name);
	result = pl_files_replace(path, text, at, err);
	free(text);
	return result;
}

int pl_manifest_announce(const char *folder, const struct manifest *m, struct pl_error *err)
{
	return write_named(folder, MANIFEST_PENDING, m, err);
}

int pl_manifest_commit(const char *folder, struct pl_error *err)
{
	char pending[PATH_MAX], path[PATH_MAX];

	snprintf(pending, sizeof(pending), "%s/" MANIFEST_PENDING, folder);
	snprintf(path, sizeof(path), "%s/" MANIFEST_NAME, folder);
	/* the files' new names first: a manifest may be behind its files, never ahead */
	if (pl_files_sync_parent(path, err))
		return -1;
	if (rename(pending, path) != 0)
		return pl_files_error(err, errno, "cannot rename %s", pending);
	return pl_files_sync_parent(path, err);
}

/* Of what was announced, that which came to be. */
static int take_over(const char *folder, struct manifest *m, const struct manifest *pending,
		     struct pl_error *err)
{
	struct pl_error missing;
	char hex[65];
	int result = 0;

	for (size_t i = 0; i < pending->n && result == 0; i++) {
		const struct manifest_line *line = &pending->line[i];
		const char *listed = pl_manifest_find(m, line->name);

		if (listed && strcmp(listed, line->hex) == 0)
			continue;
		if (pl_manifest_hash(folder, line->name, hex, &missing) == 0 &&
		    strcmp(hex, line->hex) == 0)
			result = pl_manifest_set(m, line->name, hex, err);
	}
	return result;
}

int pl_manifest_read_settled(const char *folder, struct manifest *m, bool *unfinished,
			     struct pl_error *err)
{
	struct manifest pending;
	char path[PATH_MAX];
	int result;

	snprintf(path, sizeof(path), "%s/" MANIFEST_PENDING, folder);
	if (unfinished)
		*unfinished = access(path, F_OK) == 0;
	if (pl_manifest_read(folder, m, err))
		return -1;
	/* what a damaged announcement said is lost; verify tells which file it was about */
	if (pl_manifest_read_pending(folder, &pending, NULL))
		return 0;
	result = take_over(folder, m, &pending, err);
	pl_manifest_free(&pending);
	if (result)
		pl_manifest_free(m);
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
