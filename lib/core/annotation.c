/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Values that people type, checked once and kept in one canonical form. Numbers are kept in
 * millionths and never pass through the C library's locale: what was typed as 70.5 is "70.5" in
 * every file and on every machine, and reading it back gives the same double.
 */
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <plantar/annotation.h>
#include <plantar/rejection.h>

#include "text.h"

#define MICRO 1000000
#define WHOLE_MAX 1000000000 /* far above every bound of the table */

/* ---- numbers ---- */

/* "-12.345" as millionths; false if it is no plain decimal number. More digits are rounded. */
static bool parse_micro(const char *s, int64_t *micro)
{
	bool minus = *s == '-', any = false, up = false;
	int64_t whole = 0, part = 0;
	unsigned digits = 0;

	s += *s == '-' || *s == '+';
	for (; *s >= '0' && *s <= '9'; s++, any = true)
		if ((whole = 10 * whole + (*s - '0')) > WHOLE_MAX)
			return false;
	if (*s == '.')
		for (s++; *s >= '0' && *s <= '9'; s++, any = true, digits++) {
			if (digits < 6)
				part = 10 * part + (*s - '0');
			else if (digits == 6)
				up = *s >= '5';
		}
	for (; digits < 6; digits++)
		part *= 10;
	*micro = whole * MICRO + part + up;
	if (minus)
		*micro = -*micro;
	return any && !*s;
}

static void print_micro(int64_t micro, char *out)
{
	uint64_t size = (uint64_t)(micro < 0 ? -micro : micro);
	int n = snprintf(out, 32, "%s%llu", micro < 0 ? "-" : "",
			 (unsigned long long)(size / MICRO));

	if (size % MICRO == 0)
		return;
	n += snprintf(out + n, 32 - (size_t)n, ".%06llu", (unsigned long long)(size % MICRO));
	while (out[n - 1] == '0')
		out[--n] = '\0';
}

static int check_number(const struct pl_annotation_key *k, const char *value, char *out,
			struct pl_error *err)
{
	int64_t micro;

	if (!parse_micro(value, &micro) || micro < llround(k->min * MICRO) ||
	    micro > llround(k->max * MICRO))
		return pl_error_set(err, PL_EUSAGE, 0,
				    "%s: a number from %g to %g%s%s is expected, not \"%.40s\"",
				    k->name, k->min, k->max, *k->unit ? " " : "", k->unit, value);
	print_micro(micro, out);
	return 0;
}

/* ---- words ---- */

static void list_words(const char *const *words, char *out, size_t cap)
{
	size_t n = 0;

	for (*out = '\0'; *words && n < cap; words++)
		n += (size_t)snprintf(out + n, cap - n, "%s%s", n ? ", " : "", *words);
}

static int find_word(const char *const *words, const char *s, size_t n)
{
	for (int i = 0; words[i]; i++)
		if (strlen(words[i]) == n && memcmp(words[i], s, n) == 0)
			return i;
	return -1;
}

static int check_words(const struct pl_annotation_key *k, const char *value, char *out,
		       struct pl_error *err)
{
	bool several = k->type == PL_ANNOTATION_WORDS;
	uint32_t named = 0;
	char list[256];
	size_t at = 0;

	for (const char *s = value;; s++) {
		size_t n = several ? strcspn(s, ",") : strlen(s);
		int i = find_word(k->words, s, n);

		if (i < 0) {
			list_words(k->words, list, sizeof(list));
			return pl_error_set(err, PL_EUSAGE, 0,
					    "%s: %s %s is expected, not \"%.*s\"", k->name,
					    several ? "one or more (a,b) of" : "one of", list,
					    (int)(n < 40 ? n : 40), s);
		}
		named |= 1u << i;
		s += n;
		if (!*s)
			break;
	}
	if (several && (named & 1) && named != 1)
		return pl_error_set(err, PL_EUSAGE, 0, "%s: %s stands alone", k->name, k->words[0]);
	for (int i = 0; k->words[i]; i++)
		if (named & 1u << i)
			at += (size_t)snprintf(out + at, PL_ANNOTATION_VALUE_MAX - at, "%s%s",
					       at ? "," : "", k->words[i]);
	return 0;
}

/* ---- text ---- */

static int check_text(const struct pl_annotation_key *k, const char *value, char *out,
		      struct pl_error *err)
{
	bool code = k->type == PL_ANNOTATION_CODE;
	const unsigned char *s = (const unsigned char *)value;

	if (strlen(value) > (size_t)k->max)
		return pl_error_set(err, PL_EUSAGE, 0, "%s: longer than %g bytes", k->name, k->max);
	while (*s) {
		unsigned n = pl_text_utf8_length(s);

		if (code && (*s <= ' ' || *s > '~'))
			return pl_error_set(err, PL_EUSAGE, 0,
					    "%s: a pseudonym of printable ASCII characters without "
					    "spaces is expected",
					    k->name);
		if (*s < ' ' || *s == 0x7f)
			return pl_error_set(err, PL_EUSAGE, 0, "%s: contains a control character",
					    k->name);
		if (!n)
			return pl_error_set(err, PL_EUSAGE, 0, "%s: is not UTF-8", k->name);
		s += n;
	}
	strcpy(out, value);
	return 0;
}

/* ---- feet ---- */

/* One "3=right" at s, not NUL-terminated: the foot's number, and its side in *side. 0: neither. */
static unsigned parse_foot(const char *s, size_t n, const char **side)
{
	static const char *const sides[] = {"unknown", "left", "right", NULL};
	unsigned foot = 0;
	size_t i = 0;
	int word;

	while (i < n && i < 3 && s[i] >= '0' && s[i] <= '9')
		foot = 10 * foot + (unsigned)(s[i++] - '0');
	if (i == 0 || i >= n || s[i] != '=' || foot < 1 || foot > PL_ANNOTATION_FEET_MAX)
		return 0;
	word = find_word(sides, s + i + 1, n - i - 1);
	*side = word < 0 ? NULL : sides[word];
	return word < 0 ? 0 : foot;
}

static int check_feet(const struct pl_annotation_key *k, const char *value, char *out,
		      struct pl_error *err)
{
	const char *side[PL_ANNOTATION_FEET_MAX + 1] = {NULL}, *word;
	size_t at = 0;

	for (const char *s = value;; s++) {
		size_t n = strcspn(s, ",");
		unsigned foot = parse_foot(s, n, &word);

		if (!foot)
			return pl_error_set(
				err, PL_EUSAGE, 0,
				"%s: foot=side is expected, foot from 1 to %d, side one "
				"of left, right, unknown (\"1=left,3=right\"), not "
				"\"%.40s\"",
				k->name, PL_ANNOTATION_FEET_MAX, value);
		side[foot] = word;
		s += n;
		if (!*s)
			break;
	}
	for (unsigned foot = 1; foot <= PL_ANNOTATION_FEET_MAX; foot++)
		if (side[foot])
			at += (size_t)snprintf(out + at, PL_ANNOTATION_VALUE_MAX - at, "%s%u=%s",
					       at ? "," : "", foot, side[foot]);
	return 0;
}

/* ---- steps ---- */

static int check_steps(const struct pl_annotation_key *k, const char *value, char *out,
		       struct pl_error *err)
{
	struct pl_rejections r;

	/* a line of text first, in the same words as any other */
	if (check_text(k, value, out, err))
		return -1;
	if (pl_rejections_parse(&r, value, err) == 0 &&
	    pl_rejections_print(&r, out, PL_ANNOTATION_VALUE_MAX, err) == 0)
		return 0;
	pl_error_prefix(err, "%s: ", k->name);
	return -1;
}

/* ---- any value ---- */

static int check_bool(const struct pl_annotation_key *k, const char *value, char *out,
		      struct pl_error *err)
{
	bool yes = strcmp(value, "true") == 0 || strcmp(value, "yes") == 0;

	if (!yes && strcmp(value, "false") != 0 && strcmp(value, "no") != 0)
		return pl_error_set(err, PL_EUSAGE, 0,
				    "%s: true or false is expected, not \"%.40s\"", k->name, value);
	strcpy(out, yes ? "true" : "false");
	return 0;
}

/* The key that shares the longest beginning with name, if that says anything. */
static const struct pl_annotation_key *nearest(const char *name)
{
	const struct pl_annotation_key *best = NULL, *k;
	size_t keys, most = 3;

	k = pl_annotation_keys(&keys);
	for (size_t i = 0; i < keys; i++) {
		size_t n = 0;

		while (name[n] && name[n] == k[i].name[n])
			n++;
		if (n > most) {
			most = n;
			best = &k[i];
		}
	}
	return best;
}

static int unknown_key(const char *name, struct pl_error *err)
{
	const struct pl_annotation_key *like = nearest(name), *k;
	char list[440] = "";
	size_t keys, n = 0;

	if (like)
		return pl_error_set(err, PL_EUSAGE, 0,
				    "there is no annotation \"%.60s\"; did you mean \"%s\"?", name,
				    like->name);
	k = pl_annotation_keys(&keys);
	for (size_t i = 0; i < keys && n + 40 < sizeof(list); i++)
		n += (size_t)snprintf(list + n, sizeof(list) - n, "%s%s", n ? ", " : "", k[i].name);
	return pl_error_set(err, PL_EUSAGE, 0,
			    "there is no annotation \"%.40s\"; valid are %.300s, ...", name, list);
}

int pl_annotation_check(const char *key, const char *value, char *out, struct pl_error *err)
{
	const struct pl_annotation_key *k = pl_annotation_key(key);

	if (!k)
		return unknown_key(key, err);
	if (!*value)
		return pl_error_set(err, PL_EUSAGE, 0, "%s: a value is missing", k->name);
	switch (k->type) {
	case PL_ANNOTATION_NUMBER:
		return check_number(k, value, out, err);
	case PL_ANNOTATION_WORD:
	case PL_ANNOTATION_WORDS:
		return check_words(k, value, out, err);
	case PL_ANNOTATION_BOOL:
		return check_bool(k, value, out, err);
	case PL_ANNOTATION_TEXT:
	case PL_ANNOTATION_CODE:
		return check_text(k, value, out, err);
	case PL_ANNOTATION_FEET:
		return check_feet(k, value, out, err);
	case PL_ANNOTATION_STEPS:
		return check_steps(k, value, out, err);
	}
	return pl_error_set(err, PL_EUSAGE, 0, "%s: cannot be given", k->name);
}

/* ---- all of them ---- */

/* The line of key in text: its value's start, and *n its length. NULL: there is none. */
static const char *find_line(const char *text, const char *key, size_t *n)
{
	size_t length = strlen(key);

	while (*text) {
		size_t line = strcspn(text, "\n");

		if (line > length && text[length] == '=' && memcmp(text, key, length) == 0) {
			*n = line - length - 1;
			return text + length + 1;
		}
		text += line + (text[line] == '\n');
	}
	return NULL;
}

bool pl_annotations_get(const struct pl_annotations *a, const char *key, char *out)
{
	size_t n = 0;
	const char *value = find_line(a->text, key, &n);

	*out = '\0';
	if (!value || n >= PL_ANNOTATION_VALUE_MAX)
		return false;
	memcpy(out, value, n);
	out[n] = '\0';
	return true;
}

double pl_annotations_number(const struct pl_annotations *a, const char *key)
{
	char value[PL_ANNOTATION_VALUE_MAX];
	int64_t micro;

	if (!pl_annotations_get(a, key, value) || !parse_micro(value, &micro))
		return NAN;
	return (double)micro / MICRO;
}

int pl_annotations_set(struct pl_annotations *a, const char *key, const char *value,
		       struct pl_error *err)
{
	char canonical[PL_ANNOTATION_VALUE_MAX] = "", other[PL_ANNOTATION_VALUE_MAX];
	const struct pl_annotation_key *k;
	struct pl_annotations now = {0};
	size_t keys, at = 0;

	if (*value || !pl_annotation_key(key)) {
		if (pl_annotation_check(key, value, canonical, err))
			return -1;
	}
	k = pl_annotation_keys(&keys);
	for (size_t i = 0; i < keys; i++) {
		bool this = strcmp(k[i].name, key) == 0;
		const char *is = this ? canonical : other;

		if (!this)
			pl_annotations_get(a, k[i].name, other);
		if (!*is)
			continue;
		at += (size_t)snprintf(now.text + at, sizeof(now.text) - at, "%s=%s\n", k[i].name,
				       is);
		if (at >= sizeof(now.text))
			return pl_error_set(err, PL_ENOMEM, 0, "%s: too much text in all", key);
	}
	*a = now;
	return 0;
}

int pl_annotations_set_number(struct pl_annotations *a, const char *key, double value,
			      struct pl_error *err)
{
	char text[32] = "not finite";

	if (fabs(value) < WHOLE_MAX)
		print_micro(llround(value * MICRO), text);
	return pl_annotations_set(a, key, text, err);
}

int pl_annotations_assign(struct pl_annotations *a, const char *assignment, struct pl_error *err)
{
	size_t n = strcspn(assignment, "=");
	char key[64];

	if (!assignment[n] || n == 0)
		return pl_error_set(err, PL_EUSAGE, 0, "key=value is expected, not \"%.60s\"",
				    assignment);
	snprintf(key, sizeof(key), "%.*s", (int)(n < 63 ? n : 63), assignment);
	return pl_annotations_set(a, key, assignment + n + 1, err);
}

bool pl_annotations_valid(const struct pl_annotations *a)
{
	char value[PL_ANNOTATION_VALUE_MAX];
	struct pl_annotations again = {0};
	const struct pl_annotation_key *k;
	size_t keys;

	if (!memchr(a->text, '\0', sizeof(a->text)))
		return false;
	k = pl_annotation_keys(&keys);
	for (size_t i = 0; i < keys; i++)
		if (pl_annotations_get(a, k[i].name, value) &&
		    pl_annotations_set(&again, k[i].name, value, NULL))
			return false;
	return strcmp(again.text, a->text) == 0;
}

/* ---- JSON ---- */

static void words_json(struct pl_json *json, const char *key, const char *value)
{
	char word[PL_ANNOTATION_VALUE_MAX];

	pl_json_begin_array(json, key);
	while (*value) {
		size_t n = strcspn(value, ",");

		snprintf(word, sizeof(word), "%.*s", (int)n, value);
		pl_json_string(json, NULL, word);
		value += n + (value[n] == ',');
	}
	pl_json_end_array(json);
}

void pl_annotation_json(struct pl_json *json, const char *key, const char *value)
{
	const struct pl_annotation_key *k = pl_annotation_key(key);
	int64_t micro;

	if (k && k->type == PL_ANNOTATION_NUMBER && parse_micro(value, &micro))
		pl_json_double(json, key, (double)micro / MICRO);
	else if (k && k->type == PL_ANNOTATION_BOOL)
		pl_json_bool(json, key, strcmp(value, "true") == 0);
	else if (k && k->type == PL_ANNOTATION_WORDS)
		words_json(json, key, value);
	else
		pl_json_string(json, key, value);
}

void pl_annotations_json(struct pl_json *json, const struct pl_annotations *a)
{
	char value[PL_ANNOTATION_VALUE_MAX];
	const struct pl_annotation_key *k;
	size_t keys;

	k = pl_annotation_keys(&keys);
	for (size_t i = 0; i < keys; i++)
		if (pl_annotations_get(a, k[i].name, value))
			pl_annotation_json(json, k[i].name, value);
}
