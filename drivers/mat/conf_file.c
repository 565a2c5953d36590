/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A configuration as text: read whole, so that a device node or a recording given by mistake is
 * refused rather than parsed, then handed to libconfig. @include is refused: the text of a mat is
 * stored with every recording and must be complete.
 */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "drivers/mat/conf.h"

static int open_error(const char *path, struct pl_error *err)
{
	int e = errno;
	enum pl_code code = e == ENOENT || e == ENOTDIR ? PL_ENOENT
			    : e == EACCES || e == EPERM ? PL_EACCES
							: PL_EIO;

	return pl_error_set(err, code, e, "cannot read %s: %s", path, strerror(e));
}

static char *read_all(int fd, const char *path, size_t size, struct pl_error *err)
{
	char *text = malloc(size + 1);
	size_t n = 0;
	ssize_t got = 1;

	if (!text) {
		pl_error_set(err, PL_ENOMEM, 0, "out of memory for %s", path);
		return NULL;
	}
	while (n < size && got > 0) {
		got = read(fd, text + n, size - n);
		if (got < 0 && errno == EINTR)
			got = 1;
		else if (got > 0)
			n += (size_t)got;
	}
	if (got < 0) {
		open_error(path, err);
		free(text);
		return NULL;
	}
	text[n] = '\0';
	if (memchr(text, '\0', n)) {
		pl_error_set(err, PL_ECONFIG, 0, "%s: not a text file", path);
		free(text);
		return NULL;
	}
	return text;
}

char *pl_conf_read_file(const char *path, size_t cap, struct pl_error *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	char *text = NULL;
	struct stat st;

	if (fd < 0) {
		open_error(path, err);
		return NULL;
	}
	if (fstat(fd, &st))
		open_error(path, err);
	else if (!S_ISREG(st.st_mode))
		pl_error_set(err, PL_ECONFIG, 0, "%s: not a regular file", path);
	else if (st.st_size < 0 || (uint64_t)st.st_size > cap)
		pl_error_set(err, PL_ECONFIG, 0, "%s: longer than %zu bytes", path, cap);
	else
		text = read_all(fd, path, (size_t)st.st_size, err);
	close(fd);
	return text;
}

/* The number of the first line that includes another file; 0: none. */
static unsigned include_line(const char *text)
{
	unsigned line = 1;

	for (const char *s = text; s; line++) {
		s += strspn(s, " \t");
		if (!strncmp(s, "@include", 8))
			return line;
		s = strchr(s, '\n');
		if (s)
			s++;
	}
	return 0;
}

/* Past a string, a comment or a name, whose digits are no numbers; s itself if it is none. */
static const char *skip_words(const char *s)
{
	const char *end;

	if (*s == '"') {
		for (s++; *s && *s != '"'; s++)
			s += *s == '\\' && s[1];
		return s + (*s == '"');
	}
	if (*s == '#' || !strncmp(s, "//", 2))
		return s + strcspn(s, "\n");
	if (!strncmp(s, "/*", 2)) {
		end = strstr(s + 2, "*/");
		return end ? end + 2 : s + strlen(s);
	}
	if (isalpha((unsigned char)*s) || *s == '*')
		return s + strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				     "0123456789*_-");
	return s;
}

/* Is this a whole number without "L" that 32 bits with a sign cannot hold? */
static bool is_wide(const char *s, size_t n)
{
	bool hex = n > 2 && s[0] == '0' && (s[1] == 'x' || s[1] == 'X');
	const char *digits = hex ? "0123456789abcdefABCDEF" : "0123456789";
	size_t prefix = hex ? 2 : 0;

	if (strspn(s + prefix, digits) != n - prefix)
		return false;
	return strtoull(s, NULL, hex ? 16 : 10) > INT32_MAX;
}

/*
 * libconfig reads 4294967360 as 64 and 0xFFFFFFFF as -1 unless an L says that the number is a wide
 * one. Nobody knows that, so it is put there; a number that is too large is then refused as one.
 */
static char *widen_numbers(const char *text)
{
	size_t n = strlen(text);
	char *wide = malloc(n + n / 8 + 2), *out = wide; /* a wide number has eight digits */

	while (wide && *text) {
		const char *after = skip_words(text);
		size_t length = after > text ? (size_t)(after - text)
					     : strspn(text, "0123456789abcdefABCDEFxXlL.+-");
		bool is_number = after == text && length;

		length = length ? length : 1;
		memcpy(out, text, length);
		out += length;
		if (is_number && is_wide(text + (*text == '-' || *text == '+'),
					 length - (*text == '-' || *text == '+')))
			*out++ = 'L';
		text += length;
	}
	if (wide)
		*out = '\0';
	return wide;
}

int pl_conf_open_text(struct pl_conf *c, const char *name, const char *text, struct pl_error *err)
{
	unsigned line;
	char *wide;
	int ok;

	memset(c, 0, sizeof(*c));
	snprintf(c->path, sizeof(c->path), "%s", name);
	c->err = err;
	config_init(&c->config);
	line = include_line(text);
	if (line) {
		c->failed = true;
		return pl_error_set(err, PL_ECONFIG, 0,
				    "%s:%u: @include: not allowed; write everything into one file",
				    name, line);
	}
	wide = widen_numbers(text);
	ok = wide && config_read_string(&c->config, wide) == CONFIG_TRUE;
	free(wide);
	if (ok)
		return 0;
	c->failed = true;
	if (!wide)
		return pl_error_set(err, PL_ENOMEM, 0, "out of memory for %s", name);
	return pl_error_set(err, PL_ECONFIG, 0,
			    "%s:%d: %s; valid: name = value; text in \"quotes\", numbers, true or "
			    "false, [arrays], (lists), { groups }",
			    name, config_error_line(&c->config), config_error_text(&c->config));
}

int pl_conf_open(struct pl_conf *c, const char *path, struct pl_error *err)
{
	char *text = pl_conf_read_file(path, PL_CONF_FILE_MAX, err);
	int failed;

	if (!text) {
		memset(c, 0, sizeof(*c));
		config_init(&c->config);
		c->failed = true;
		return -1;
	}
	failed = pl_conf_open_text(c, path, text, err);
	free(text);
	return failed;
}

void pl_conf_close(struct pl_conf *c)
{
	config_destroy(&c->config);
	memset(c, 0, sizeof(*c));
}
