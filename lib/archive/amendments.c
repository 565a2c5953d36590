/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The log of what was changed in a trial after it was finished: JSON, a line an amendment, in the
 * order in which they were made. Read as strictly as anything from outside: the file may have
 * lain about for years.
 */
#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include <plantar/json.h>
#include <plantar/recording.h>

#include "amendments.h"
#include "h5_guard.h"
#include "h5_read.h"
#include "layout.h"

/* ---- lines ---- */

char *pl_amendment_line(const struct pl_amendment *a)
{
	const size_t cap = 16384;
	char *line = malloc(cap);
	struct pl_json j;
	size_t n;

	if (!line)
		return NULL;
	pl_json_init(&j, line, cap - 1);
	pl_json_begin_object(&j, NULL);
	pl_json_string(&j, "utc", a->utc);
	pl_json_string(&j, "who", a->who);
	pl_json_string(&j, "software", a->software);
	if (*a->key) {
		pl_json_string(&j, "key", a->key);
		pl_json_string(&j, "was", a->was);
		pl_json_string(&j, "is", a->is);
	} else {
		pl_json_string(&j, "kind", a->kind);
		pl_json_ns(&j, "t_mono_ns", a->t_mono_ns);
		pl_json_string(&j, "text", a->text);
	}
	pl_json_end_object(&j);
	n = pl_json_finish(&j);
	if (!n) {
		free(line);
		return NULL;
	}
	memcpy(line + n, "\n", 2);
	return line;
}

/* A string member into to[cap]; "" if it is absent and may be. */
static bool take(const json_t *line, const char *name, bool needed, char *to, size_t cap)
{
	const json_t *value = json_object_get(line, name);
	const char *text = json_string_value(value);

	*to = '\0';
	if (!value)
		return !needed;
	if (!text || strlen(text) != json_string_length(value) || strlen(text) >= cap)
		return false;
	strcpy(to, text);
	return true;
}

static bool take_time(const json_t *line, int64_t *t_ns)
{
	char text[32], *end;

	if (!take(line, "t_mono_ns", true, text, sizeof(text)))
		return false;
	errno = 0;
	*t_ns = strtoll(text, &end, 10);
	return *text && !*end && !errno;
}

static bool take_value(const json_t *line, struct pl_amendment *a)
{
	return take(line, "key", true, a->key, sizeof(a->key)) && *a->key &&
	       take(line, "was", true, a->was, sizeof(a->was)) &&
	       take(line, "is", true, a->is, sizeof(a->is));
}

static bool take_event(const json_t *line, struct pl_amendment *a)
{
	return take(line, "kind", true, a->kind, sizeof(a->kind)) && *a->kind &&
	       take(line, "text", true, a->text, sizeof(a->text)) && take_time(line, &a->t_mono_ns);
}

/* Either a value or an event, never both. */
static bool parse_line(const char *text, size_t n, struct pl_amendment *a)
{
	json_t *line = json_loadb(text, n, JSON_REJECT_DUPLICATES, NULL);
	bool value = json_object_get(line, "key") != NULL;
	bool event = json_object_get(line, "kind") != NULL, good;

	*a = (struct pl_amendment){0};
	good = value != event && take(line, "utc", true, a->utc, sizeof(a->utc)) &&
	       take(line, "who", true, a->who, sizeof(a->who)) &&
	       take(line, "software", false, a->software, sizeof(a->software)) &&
	       (value ? take_value(line, a) : take_event(line, a));
	json_decref(line);
	return good;
}

int pl_amendments_parse(const char *text, size_t n,
			void (*each)(void *user, const struct pl_amendment *a), void *user,
			struct pl_error *err)
{
	struct pl_amendment a;

	for (size_t at = 0, number = 1; at < n; number++) {
		const char *end = memchr(text + at, '\n', n - at);
		size_t length = end ? (size_t)(end - text) - at : n - at;

		if (!end || !parse_line(text + at, length, &a))
			return pl_error_set(err, PL_ECORRUPT, 0,
					    PL_H5_AMENDMENTS ": line %zu is no amendment", number);
		if (each)
			each(user, &a);
		at += length + 1;
	}
	return 0;
}

/* ---- in the file ---- */

char *pl_h5_amendments(hid_t file, struct pl_error *err)
{
	char *none;

	if (pl_h5_has(file, PL_H5_AMENDMENTS))
		return pl_h5_read_long_text(file, PL_H5_AMENDMENTS, AMENDMENTS_MAX, err);
	none = calloc(1, 1);
	if (!none)
		pl_error_set(err, PL_ENOMEM, 0, "out of memory");
	return none;
}

struct adding {
	struct rows *rows;
	size_t *lines;
	struct pl_error *err;
	int result;
};

static void add_row(void *user, const struct pl_amendment *a)
{
	struct adding *adding = user;

	++*adding->lines;
	if (*a->kind && adding->result == 0)
		adding->result = pl_rows_add_event(adding->rows, a->t_mono_ns, a->kind, a->text,
						   adding->err);
}

int pl_amendments_add_rows(hid_t file, struct rows *rows, size_t *lines, struct pl_error *err)
{
	struct adding adding = {.rows = rows, .lines = lines, .err = err};
	char *text = pl_h5_amendments(file, err);
	int result;

	*lines = 0;
	if (!text)
		return -1;
	result = pl_amendments_parse(text, strlen(text), add_row, &adding, err);
	free(text);
	return result ? result : adding.result;
}

/* ---- of a file that nobody vouches for ---- */

static char *read_text(const char *path, struct pl_error *err)
{
	hid_t file = pl_h5_open(path, H5F_ACC_RDONLY, err);
	char *text = NULL;

	if (file < 0)
		return NULL;
	text = pl_h5_amendments(file, err);
	H5Fclose(file);
	return text;
}

static void try_text(void *user, int tell)
{
	(void)tell;
	free(read_text(user, NULL));
}

int pl_amendments(const char *path, void (*each)(void *user, const struct pl_amendment *a),
		  void *user, struct pl_error *err)
{
	const struct h5_guarded guarded = {.work = try_text, .user = (void *)(uintptr_t)path};
	char *text;
	int result;

	if (pl_format_probe_file(path, err) != PL_FORMAT_PLANTAR_H5)
		return 0;
	pl_h5_init();
	if (pl_h5_guard(&guarded, path, err) != 0)
		return -1;
	text = read_text(path, err);
	if (!text)
		return -1;
	result = pl_amendments_parse(text, strlen(text), each, user, err);
	if (result)
		pl_error_prefix(err, "%s: ", path);
	free(text);
	return result;
}
