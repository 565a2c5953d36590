/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The usual mistake of small web servers is to make a path out of what they are asked for. Here
 * there is nothing to be mistaken about: after the start no file is opened.
 */
#include "tools/web/page.h"

#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <plantar/crc.h>

#define FILES_MAX 500
#define BYTES_MAX (8u << 20)

static const struct {
	const char *ending, *type;
} types[] = {
	{".html", "text/html; charset=utf-8"},
	{".css", "text/css; charset=utf-8"},
	{".js", "text/javascript; charset=utf-8"},
	{".mjs", "text/javascript; charset=utf-8"},
	{".json", "application/json"},
	{".webmanifest", "application/manifest+json"},
	{".svg", "image/svg+xml"},
	{".png", "image/png"},
	{".ico", "image/x-icon"},
	{".woff2", "font/woff2"},
	{".txt", "text/plain; charset=utf-8"},
};

static const char *type_of(const char *name)
{
	const char *dot = strrchr(name, '.');

	for (size_t i = 0; dot && dot != name && i < sizeof(types) / sizeof(types[0]); i++)
		if (strcmp(dot, types[i].ending) == 0)
			return types[i].type;
	return NULL;
}

static int read_file(const char *path, struct pl_file *file, struct pl_error *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	struct stat st;
	size_t at = 0;
	ssize_t n;

	if (fd < 0 || fstat(fd, &st))
		goto fail;
	if (st.st_size > (off_t)BYTES_MAX) {
		close(fd);
		return pl_error_set(err, PL_ENOMEM, 0, "%s is too large for a page", path);
	}
	file->bytes = malloc((size_t)st.st_size + 1);
	if (!file->bytes)
		goto fail;
	while (at < (size_t)st.st_size &&
	       (n = read(fd, file->bytes + at, (size_t)st.st_size - at)) > 0)
		at += (size_t)n;
	file->n = at;
	close(fd);
	if (at == (size_t)st.st_size)
		return 0;
	return pl_error_set(err, PL_EIO, errno, "cannot read all of %s", path);
fail:
	pl_error_set(err, PL_EIO, errno, "cannot read %s: %s", path, strerror(errno));
	if (fd >= 0)
		close(fd);
	return -1;
}

static int add(struct pl_page *page, const char *path, const char *name, const char *type,
	       struct pl_error *err)
{
	struct pl_file *file;

	if (page->n == FILES_MAX)
		return pl_error_set(err, PL_EUSAGE, 0, "%s: more than %d files are no page", path,
				    FILES_MAX);
	file = &page->files[page->n];
	if (read_file(path, file, err))
		return -1;
	page->n++;
	file->type = type;
	file->name = strdup(name);
	if (!file->name)
		return pl_error_set(err, PL_ENOMEM, errno, "out of memory");
	snprintf(file->etag, sizeof(file->etag), "\"%08x-%zx\"", pl_crc32(0, file->bytes, file->n),
		 file->n);
	return 0;
}

int pl_page_load(struct pl_page *page, const char *named, struct pl_error *err)
{
	char folder[800], *roots[2] = {folder, NULL};
	FTSENT *entry;
	FTS *tree;
	int r = 0;

	snprintf(folder, sizeof(folder), "%s", named);
	while (strlen(folder) > 1 && folder[strlen(folder) - 1] == '/')
		folder[strlen(folder) - 1] = '\0';
	tree = fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR | FTS_COMFOLLOW, NULL);

	*page = (struct pl_page){.files = calloc(FILES_MAX, sizeof(struct pl_file))};
	if (!tree || !page->files)
		r = pl_error_set(err, PL_ENOMEM, errno, "out of memory");
	while (r == 0 && (entry = fts_read(tree))) {
		const char *type = type_of(entry->fts_name);

		if (entry->fts_level > 0 && entry->fts_name[0] == '.')
			fts_set(tree, entry, FTS_SKIP);
		else if (entry->fts_info == FTS_F && type)
			r = add(page, entry->fts_path, entry->fts_path + strlen(folder), type, err);
	}
	if (tree)
		fts_close(tree);
	if (r == 0 && !pl_page_find(page, "/"))
		r = pl_error_set(err, PL_ENOENT, ENOENT,
				 "there is no page in %s (no index.html); name its folder with "
				 "--page",
				 folder);
	if (r)
		pl_page_free(page);
	return r;
}

void pl_page_free(struct pl_page *page)
{
	for (unsigned i = 0; i < page->n; i++) {
		free(page->files[i].name);
		free(page->files[i].bytes);
	}
	free(page->files);
	*page = (struct pl_page){0};
}

const struct pl_file *pl_page_find(const struct pl_page *page, const char *name)
{
	if (strcmp(name, "/") == 0)
		name = "/index.html";
	for (unsigned i = 0; i < page->n; i++)
		if (strcmp(page->files[i].name, name) == 0)
			return &page->files[i];
	return NULL;
}

const char *pl_page_folder(char *buf, size_t cap)
{
	char program[512], path[800];
	ssize_t n = readlink("/proc/self/exe", program, sizeof(program) - 1);
	char *slash;

	if (n > 0) {
		program[n] = '\0';
		slash = strrchr(program, '/');
		snprintf(path, sizeof(path), "%.*s/../share/plantard/web", (int)(slash - program),
			 program);
		if (access(path, R_OK) == 0) {
			snprintf(buf, cap, "%s", path);
			return buf;
		}
	}
	snprintf(buf, cap, "%s", PLANTAR_WEB_PAGE);
	return buf;
}
