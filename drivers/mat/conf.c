/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A wrong configuration must never be half obeyed. libconfig tells whether a text is well formed;
 * here each value is held against what its reader expects, and the first that does not fit is
 * reported with its line, its full name and what would have been right.
 */
#include "drivers/mat/conf.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* "calibration.curve[2]"; empty for the root. */
static void key_path(const config_setting_t *s, char *buf, size_t cap)
{
	const config_setting_t *parent = s ? config_setting_parent(s) : NULL;
	size_t n;

	if (!parent) {
		buf[0] = '\0';
		return;
	}
	key_path(parent, buf, cap);
	n = strlen(buf);
	if (config_setting_name(s))
		snprintf(buf + n, cap - n, "%s%s", n ? "." : "", config_setting_name(s));
	else
		snprintf(buf + n, cap - n, "[%d]", config_setting_index(s));
}

static void report(struct pl_conf *c, const config_setting_t *at, const char *key, const char *fmt,
		   va_list args) __attribute__((format(printf, 4, 0)));

static void report(struct pl_conf *c, const config_setting_t *at, const char *key, const char *fmt,
		   va_list args)
{
	unsigned line = at ? config_setting_source_line(at) : 0;
	char message[448], where[24] = "";

	if (c->failed)
		return;
	c->failed = true;
	vsnprintf(message, sizeof(message), fmt, args);
	if (line)
		snprintf(where, sizeof(where), ":%u", line);
	pl_error_set(c->err, PL_ECONFIG, 0, "%s%s: %s%s%s", c->path, where, key, *key ? ": " : "",
		     message);
}

void pl_conf_fail(struct pl_conf *c, const config_setting_t *s, const char *fmt, ...)
{
	char key[128];
	va_list args;

	key_path(s, key, sizeof(key));
	va_start(args, fmt);
	report(c, s, key, fmt, args);
	va_end(args);
}

void pl_conf_fail_at(struct pl_conf *c, const config_setting_t *group, const char *name,
		     const char *fmt, ...)
{
	char key[128];
	va_list args;
	size_t n;

	key_path(group, key, sizeof(key));
	n = strlen(key);
	snprintf(key + n, sizeof(key) - n, "%s%s", n ? "." : "", name);
	va_start(args, fmt);
	report(c, group, key, fmt, args);
	va_end(args);
}

static unsigned min3(unsigned a, unsigned b, unsigned c)
{
	unsigned m = a < b ? a : b;

	return m < c ? m : c;
}

/* Levenshtein's distance of two short words. */
static unsigned distance(const char *a, const char *b)
{
	unsigned row[48], nb = (unsigned)strlen(b);

	if (nb + 1 > sizeof(row) / sizeof(row[0]))
		return nb;
	for (unsigned j = 0; j <= nb; j++)
		row[j] = j;
	for (unsigned i = 0; a[i]; i++) {
		unsigned diagonal = row[0];

		row[0] = i + 1;
		for (unsigned j = 0; j < nb; j++) {
			unsigned cost = diagonal + (a[i] != b[j]);

			diagonal = row[j + 1];
			row[j + 1] = min3(row[j] + 1, row[j + 1] + 1, cost);
		}
	}
	return row[nb];
}

/* "did you mean "scale"? valid: unit, scale, ..." */
static const char *advice(const char *word, const char *const *names, char *buf, size_t cap)
{
	unsigned best = UINT32_MAX;
	const char *nearest = "";
	size_t n = 0;

	for (const char *const *name = names; *name; name++) {
		unsigned d = distance(word, *name);

		if (d < best) {
			best = d;
			nearest = *name;
		}
	}
	buf[0] = '\0';
	if (best <= 1 + strlen(word) / 3)
		n = (size_t)snprintf(buf, cap, "did you mean \"%s\"? ", nearest);
	for (const char *const *name = names; *name && n < cap; name++)
		n += (size_t)snprintf(buf + n, cap - n, "%s%s", name == names ? "valid: " : ", ",
				      *name);
	return buf;
}

void pl_conf_only(struct pl_conf *c, const config_setting_t *group, const char *const *names)
{
	int n = group ? config_setting_length(group) : 0;
	char buf[384];

	for (int i = 0; i < n; i++) {
		const config_setting_t *s = config_setting_get_elem(group, (unsigned)i);
		const char *name = config_setting_name(s);
		const char *const *known = names;

		while (*known && strcmp(*known, name ? name : ""))
			known++;
		if (!*known)
			pl_conf_fail(c, s, "unknown key; %s",
				     advice(name ? name : "", names, buf, sizeof(buf)));
	}
}

static const char *type_name(const config_setting_t *s)
{
	switch (config_setting_type(s)) {
	case CONFIG_TYPE_INT:
	case CONFIG_TYPE_INT64:
		return "a whole number";
	case CONFIG_TYPE_FLOAT:
		return "a number with a point";
	case CONFIG_TYPE_STRING:
		return "text in quotes";
	case CONFIG_TYPE_BOOL:
		return "true or false";
	case CONFIG_TYPE_ARRAY:
		return "an array";
	case CONFIG_TYPE_LIST:
		return "a list";
	case CONFIG_TYPE_GROUP:
		return "a group";
	default:
		return "nothing";
	}
}

static config_setting_t *member(const config_setting_t *group, const char *name)
{
	return group ? config_setting_get_member(group, name) : NULL;
}

int64_t pl_conf_int(struct pl_conf *c, const config_setting_t *group, const char *name,
		    int64_t fallback, int64_t min, int64_t max)
{
	const config_setting_t *s = member(group, name);
	int type = s ? config_setting_type(s) : CONFIG_TYPE_NONE;
	int64_t value;

	if (!s)
		return fallback;
	if (type != CONFIG_TYPE_INT && type != CONFIG_TYPE_INT64) {
		pl_conf_fail(c, s, "is %s; valid: a whole number, %lld..%lld", type_name(s),
			     (long long)min, (long long)max);
		return fallback;
	}
	value = type == CONFIG_TYPE_INT ? config_setting_get_int(s) : config_setting_get_int64(s);
	if (value < min || value > max) {
		pl_conf_fail(c, s, "is %lld; valid: %lld..%lld", (long long)value, (long long)min,
			     (long long)max);
		return fallback;
	}
	return value;
}

static bool number_of(const config_setting_t *s, double *value)
{
	switch (config_setting_type(s)) {
	case CONFIG_TYPE_INT:
		*value = config_setting_get_int(s);
		return true;
	case CONFIG_TYPE_INT64:
		*value = (double)config_setting_get_int64(s);
		return true;
	case CONFIG_TYPE_FLOAT:
		*value = config_setting_get_float(s);
		return isfinite(*value);
	default:
		return false;
	}
}

/* "at least 0", "0..10", "any number" */
static const char *range(double min, double max, char *buf, size_t cap)
{
	bool low = min > -1e300, high = max < 1e300;

	if (low && high)
		snprintf(buf, cap, "%g..%g", min, max);
	else if (low)
		snprintf(buf, cap, "a number, at least %g", min);
	else if (high)
		snprintf(buf, cap, "a number, at most %g", max);
	else
		snprintf(buf, cap, "a number");
	return buf;
}

double pl_conf_number(struct pl_conf *c, const config_setting_t *group, const char *name,
		      double fallback, double min, double max)
{
	const config_setting_t *s = member(group, name);
	char valid[64];
	double value;

	if (!s)
		return fallback;
	range(min, max, valid, sizeof(valid));
	if (!number_of(s, &value)) {
		pl_conf_fail(c, s, "is %s; valid: %s", type_name(s), valid);
		return fallback;
	}
	if (!(value >= min && value <= max)) {
		pl_conf_fail(c, s, "is %g; valid: %s", value, valid);
		return fallback;
	}
	return value;
}

bool pl_conf_bool(struct pl_conf *c, const config_setting_t *group, const char *name, bool fallback)
{
	const config_setting_t *s = member(group, name);

	if (!s)
		return fallback;
	if (config_setting_type(s) != CONFIG_TYPE_BOOL) {
		pl_conf_fail(c, s, "is %s; valid: true or false", type_name(s));
		return fallback;
	}
	return config_setting_get_bool(s);
}

const char *pl_conf_string(struct pl_conf *c, const config_setting_t *group, const char *name,
			   const char *fallback)
{
	const config_setting_t *s = member(group, name);

	if (!s)
		return fallback;
	if (config_setting_type(s) != CONFIG_TYPE_STRING) {
		pl_conf_fail(c, s, "is %s; valid: text in quotes", type_name(s));
		return fallback;
	}
	return config_setting_get_string(s);
}

int pl_conf_choice(struct pl_conf *c, const config_setting_t *group, const char *name,
		   const char *const *names, int fallback)
{
	const char *value = pl_conf_string(c, group, name, NULL);
	char buf[320];

	if (!value)
		return fallback;
	for (int i = 0; names[i]; i++)
		if (!strcmp(names[i], value))
			return i;
	pl_conf_fail(c, member(group, name), "unknown \"%.40s\"; %s", value,
		     advice(value, names, buf, sizeof(buf)));
	return fallback;
}

static int hex_digit(char ch)
{
	if (ch >= '0' && ch <= '9')
		return ch - '0';
	if (ch >= 'a' && ch <= 'f')
		return ch - 'a' + 10;
	if (ch >= 'A' && ch <= 'F')
		return ch - 'A' + 10;
	return -1;
}

/* One byte of a text with escapes; moves *s on. -1: not a valid escape. */
static int escaped_byte(const char **s)
{
	static const char letters[] = "rntx\\", bytes[] = "\r\n\t?\\";
	const char *found;

	if (**s != '\\')
		return (uint8_t) * (*s)++;
	found = (*s)[1] ? strchr(letters, (*s)[1]) : NULL;
	if (!found)
		return -1;
	*s += 2;
	if (*found != 'x')
		return bytes[found - letters];
	if (hex_digit((*s)[0]) < 0 || hex_digit((*s)[1]) < 0)
		return -1;
	*s += 2;
	return hex_digit((*s)[-2]) * 16 + hex_digit((*s)[-1]);
}

/* One byte of "AA 55 03"; moves *s on. */
static int hex_byte(const char **s)
{
	int high = hex_digit((*s)[0]), low = high < 0 ? -1 : hex_digit((*s)[1]);

	if (low < 0)
		return -1;
	*s += 2;
	*s += strspn(*s, " ");
	return high * 16 + low;
}

size_t pl_conf_bytes(struct pl_conf *c, const config_setting_t *group, const char *name,
		     uint8_t *out, size_t cap)
{
	const char *s = pl_conf_string(c, group, name, NULL);
	const config_setting_t *setting = member(group, name);
	bool text = s && !strncmp(s, "text:", 5);
	size_t n = 0;

	if (!s)
		return 0;
	s += text ? 5 : strspn(s, " ");
	while (*s) {
		int byte = text ? escaped_byte(&s) : hex_byte(&s);

		if (byte < 0) {
			pl_conf_fail(c, setting,
				     "not bytes; valid: \"AA 55 03\" in hexadecimal, or "
				     "\"text:start\\\\n\" with \\\\r \\\\n \\\\t \\\\\\\\ \\\\xHH");
			return 0;
		}
		if (n == cap) {
			pl_conf_fail(c, setting, "too long; valid: at most %zu bytes", cap);
			return 0;
		}
		out[n++] = (uint8_t)byte;
	}
	return n;
}

size_t pl_conf_numbers(struct pl_conf *c, const config_setting_t *group, const char *name,
		       double *out, size_t cap, size_t n)
{
	const config_setting_t *s = member(group, name);
	size_t length;

	if (!s)
		return 0;
	if (!config_setting_is_array(s) && !config_setting_is_list(s)) {
		pl_conf_fail(c, s, "is %s; valid: [number, number, ...]", type_name(s));
		return 0;
	}
	length = (size_t)config_setting_length(s);
	if (n && length != n) {
		pl_conf_fail(c, s, "has %zu entries; valid: %zu", length, n);
		return 0;
	}
	if (length > cap) {
		pl_conf_fail(c, s, "has %zu entries; valid: at most %zu", length, cap);
		return 0;
	}
	for (size_t i = 0; i < length; i++) {
		const config_setting_t *e = config_setting_get_elem(s, (unsigned)i);

		if (!number_of(e, &out[i])) {
			pl_conf_fail(c, e, "is %s; valid: a number", type_name(e));
			return 0;
		}
	}
	return length;
}

config_setting_t *pl_conf_group(struct pl_conf *c, const config_setting_t *group, const char *name,
				bool required)
{
	config_setting_t *s = member(group, name);

	if (!s && required)
		pl_conf_require(c, group, name);
	if (s && !config_setting_is_group(s)) {
		pl_conf_fail(c, s, "is %s; valid: a group, { key = value; ... }", type_name(s));
		return NULL;
	}
	return s;
}

void pl_conf_require(struct pl_conf *c, const config_setting_t *group, const char *name)
{
	if (!member(group, name))
		pl_conf_fail_at(c, group, name, "missing");
}
