/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every program of this machine can open a connection to 127.0.0.1, so the port itself proves
 * nothing. What proves is a secret that lies where only the right person reads it.
 */
#include "tools/web/token.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "drivers/mat/paths.h"

const char *pl_tokens_path(char *buf, size_t cap)
{
	char folder[512];

	pl_runtime_dir(folder, sizeof(folder));
	snprintf(buf, cap, "%s/web.token", folder);
	return buf;
}

static int make_token(char out[PL_TOKEN_CHARS + 1], struct pl_error *err)
{
	unsigned char random[PL_TOKEN_CHARS / 2];

	if (getrandom(random, sizeof(random), 0) != (ssize_t)sizeof(random))
		return pl_error_set(err, PL_EIO, errno, "the kernel gives no random numbers: %s",
				    strerror(errno));
	for (size_t i = 0; i < sizeof(random); i++)
		snprintf(out + 2 * i, 3, "%02x", random[i]);
	return 0;
}

static bool is_token(const char *text)
{
	return strlen(text) == PL_TOKEN_CHARS && strspn(text, "0123456789abcdef") == PL_TOKEN_CHARS;
}

static int read_lines(FILE *f, const char *path, struct pl_tokens *t, struct pl_error *err)
{
	char line[400], key[16], value[300];

	while (fgets(line, sizeof(line), f)) {
		if (line[0] == '#' || sscanf(line, "%15s %299s", key, value) != 2)
			continue;
		if (strcmp(key, "operator") == 0 && is_token(value))
			memcpy(t->operator_token, value, PL_TOKEN_CHARS + 1);
		else if (strcmp(key, "viewer") == 0 && is_token(value))
			memcpy(t->viewer_token, value, PL_TOKEN_CHARS + 1);
		else if (strcmp(key, "url") == 0)
			snprintf(t->url, sizeof(t->url), "%s", value);
	}
	explicit_bzero(line, sizeof(line));
	explicit_bzero(value, sizeof(value));
	if (*t->operator_token && *t->viewer_token)
		return 0;
	return pl_error_set(err, PL_ECONFIG, 0,
			    "%s is not a file of tokens; remove it, and a new one is made", path);
}

static int read_file(const char *path, int fd, struct pl_tokens *t, struct pl_error *err)
{
	struct stat st;
	FILE *f;
	int r;

	if (fstat(fd, &st) || !S_ISREG(st.st_mode) || (st.st_mode & 077)) {
		close(fd);
		return pl_error_set(err, PL_EACCES, 0,
				    "%s holds secrets and can be read by others; `chmod 600 %s`, "
				    "or remove it and a new one is made",
				    path, path);
	}
	f = fdopen(fd, "re");
	if (!f) {
		close(fd);
		return pl_error_set(err, PL_ENOMEM, errno, "cannot read %s", path);
	}
	r = read_lines(f, path, t, err);
	fclose(f);
	return r;
}

/* Its last folder is made when it is not there: a person's, like the daemon's. */
static void make_folder(const char *path)
{
	char folder[600];
	char *slash;

	snprintf(folder, sizeof(folder), "%s", path);
	slash = strrchr(folder, '/');
	if (slash && slash != folder) {
		*slash = '\0';
		mkdir(folder, 0700);
	}
}

int pl_tokens_save(const char *path, struct pl_tokens *t, const char *url, struct pl_error *err)
{
	char fresh[640];
	int fd, wrote;

	snprintf(t->url, sizeof(t->url), "%s", url);
	snprintf(fresh, sizeof(fresh), "%.600s.%d", path, (int)getpid());
	fd = open(fresh, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return pl_error_set(err, PL_EIO, errno, "cannot write the tokens to %s: %s", path,
				    strerror(errno));
	wrote = dprintf(fd,
			"# plantar-web: who knows the operator's token may act, who knows the "
			"viewer's may watch\noperator %s\nviewer %s\n%s%s\n",
			t->operator_token, t->viewer_token, *url ? "url " : "", url);
	if (close(fd) == 0 && wrote > 0 && rename(fresh, path) == 0)
		return 0;
	pl_error_set(err, PL_EIO, errno, "cannot write the tokens to %s: %s", path,
		     strerror(errno));
	unlink(fresh);
	return -1;
}

int pl_tokens_load(const char *path, struct pl_tokens *t, struct pl_error *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);

	*t = (struct pl_tokens){0};
	if (fd >= 0)
		return read_file(path, fd, t, err);
	if (errno != ENOENT)
		return pl_error_set(err, PL_EACCES, errno,
				    "cannot read the tokens in %s: %s; ask with sudo or as the "
				    "user that plantar-web runs as, or name another file with "
				    "--token-file",
				    path, strerror(errno));
	make_folder(path);
	if (make_token(t->operator_token, err) || make_token(t->viewer_token, err))
		return -1;
	return pl_tokens_save(path, t, "", err);
}

static bool same(const char *token, const char *asked)
{
	size_t n = strlen(asked);
	unsigned char differ = n != PL_TOKEN_CHARS;

	for (size_t i = 0; i < PL_TOKEN_CHARS; i++)
		differ |= (unsigned char)(token[i] ^ (i < n ? asked[i] : 0));
	return differ == 0;
}

enum pl_web_role pl_tokens_role(const struct pl_tokens *t, const char *token)
{
	bool operates = same(t->operator_token, token), views = same(t->viewer_token, token);

	return operates ? PL_WEB_OPERATOR : views ? PL_WEB_VIEWER : PL_WEB_NOBODY;
}
