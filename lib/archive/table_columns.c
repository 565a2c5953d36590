/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A table does not say what its columns mean, and what it says of units it says in its header, if
 * at all: COPx[cm]. A person says the rest. Where both speak of a unit they must agree; where
 * neither does, a length is refused (a factor of ten is no detail) and a force is taken for
 * newtons.
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "table_columns.h"

#define ROLES "time, force, ap, ml, left.force, left.ap, left.ml, right.force, right.ap, right.ml"

static const struct unit {
	const char *name;
	double to_mm, to_n, to_s;
} units[] = {
	{"mm", 1, 0, 0},  {"cm", 10, 0, 0},   {"m", 1000, 0, 0},
	{"N", 0, 1, 0},	  {"kN", 0, 1000, 0}, {"s", 0, 0, 1},
	{"sec", 0, 0, 1}, {"secs", 0, 0, 1},  {"ms", 0, 0, 1e-3},
};

static const struct unit *find_unit(const char *name, size_t n)
{
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
		if (strlen(units[i].name) == n && memcmp(units[i].name, name, n) == 0)
			return &units[i];
	return NULL;
}

static bool is_force(enum pl_column role)
{
	return role == PL_COLUMN_FORCE || role == PL_COLUMN_LEFT_FORCE ||
	       role == PL_COLUMN_RIGHT_FORCE;
}

static double factor(const struct unit *u, enum pl_column role)
{
	return role == PL_COLUMN_TIME ? u->to_s : is_force(role) ? u->to_n : u->to_mm;
}

/* ---- what a person said ---------------------------------------------------------------------- */

static int one_column(struct table_columns *c, const char *word, size_t n, struct pl_error *err)
{
	const char *equals = memchr(word, '=', n);
	struct table_column column = {.field = 0};
	char role[32];
	size_t k;
	int r;

	if (!equals || equals == word || equals == word + n - 1)
		return pl_error_set(
			err, PL_EUSAGE, 0,
			"--columns: '%.*s' is not like ap=COPx; left of the = stands one "
			"of " ROLES,
			n < 60 ? (int)n : 60, word);
	k = (size_t)(equals - word);
	snprintf(role, sizeof(role), "%.*s", k < 31 ? (int)k : 31, word);
	r = pl_column_parse(role);
	if (r < 0)
		return pl_error_set(err, PL_EUSAGE, 0,
				    "--columns: '%s' is none of " ROLES " (role=column)", role);
	column.role = (enum pl_column)r;
	for (unsigned i = 0; i < c->n; i++)
		if (c->column[i].role == column.role)
			return pl_error_set(err, PL_EUSAGE, 0, "--columns names %s twice", role);
	equals++;
	column.negative = *equals == '-';
	equals += column.negative;
	k = (size_t)(word + n - equals);
	if (!k || k >= sizeof(column.source))
		return pl_error_set(
			err, PL_EUSAGE, 0,
			"--columns: no column after %s=, or a name longer than %zu bytes", role,
			sizeof(column.source) - 1);
	memcpy(column.source, equals, k);
	if (column.role == PL_COLUMN_TIME && strcmp(column.source, "none") == 0)
		c->no_time = true;
	else
		c->column[c->n++] = column;
	return 0;
}

static int one_unit(struct table_columns *c, const char *option, const char *name, bool lengths,
		    struct pl_error *err)
{
	const struct unit *u = name ? find_unit(name, strlen(name)) : NULL;

	if (!name)
		return 0;
	if (!u || u->to_s > 0 || (lengths && !(u->to_mm > 0)))
		return pl_error_set(err, PL_EUSAGE, 0, "%s: '%.20s' is none of mm, cm, m%s", option,
				    name, lengths ? "" : ", N, kN");
	if (u->to_n > 0)
		c->unit_force = u->to_n;
	else if (c->unit_length > 0 && c->unit_length != u->to_mm)
		return pl_error_set(err, PL_EUSAGE, 0,
				    "--unit and --unit-length name two different lengths");
	else
		c->unit_length = u->to_mm;
	return 0;
}

static int check_units(const struct table_columns *c, struct pl_error *err)
{
	bool forces = false, lengths = false;

	for (unsigned i = 0; i < c->n; i++) {
		forces |= is_force(c->column[i].role);
		lengths |= !is_force(c->column[i].role) && c->column[i].role != PL_COLUMN_TIME;
	}
	if (!forces && !lengths)
		return pl_error_set(err, PL_EUSAGE, 0,
				    "--columns names neither a force nor a centre of pressure");
	if ((c->unit_force > 0 && !forces) || (c->unit_length > 0 && !lengths))
		return pl_error_set(err, PL_EUSAGE, 0, "a unit of %s is given, but no such column",
				    c->unit_force > 0 && !forces ? "force" : "length");
	return 0;
}

int pl_table_columns_parse(struct table_columns *c, const struct pl_hints *hints,
			   struct pl_error *err)
{
	*c = (struct table_columns){.n = 0};
	for (const char *at = hints->columns; *at;) {
		size_t n = strcspn(at, ",");

		if (one_column(c, at, n, err))
			return -1;
		at += n + (at[n] == ',');
	}
	if (one_unit(c, "--unit", hints->unit, false, err) ||
	    one_unit(c, "--unit-length", hints->unit_length, true, err))
		return -1;
	return check_units(c, err);
}

/* ---- what the file says ---------------------------------------------------------------------- */

void pl_table_columns_list(const struct table_field *name, unsigned n_names, unsigned n_fields,
			   char *buf, size_t cap)
{
	size_t used = 0;

	buf[0] = '\0';
	for (unsigned i = 0; i < n_fields && used + 80 < cap; i++) {
		size_t at = used;

		used += (size_t)snprintf(buf + used, cap - used, "%s%u", i ? ", " : "", i + 1);
		if (n_names) {
			size_t n = (size_t)(name[i].stop - name[i].start);

			used += (size_t)snprintf(buf + used, cap - used, " %.*s",
						 n < 40 ? (int)n : 40, name[i].start);
		}
		for (; at < used; at++)
			if ((unsigned char)buf[at] < 0x20 || (unsigned char)buf[at] >= 0x7f)
				buf[at] = '?';
		if (i + 1 < n_fields && used + 80 >= cap)
			snprintf(buf + used, cap - used, ", ... up to %u", n_fields);
	}
}

/* The name before a unit in brackets, and that unit; unit->start NULL: there is none. */
static struct table_field split_unit(const struct table_field *f, struct table_field *unit)
{
	struct table_field name = *f;

	*unit = (struct table_field){NULL, NULL};
	for (const char *p = f->start; p < f->stop; p++) {
		const char *close = f->stop - 1;

		if (p == f->start || (*p != '[' && *p != '('))
			continue;
		if (*close != (*p == '[' ? ']' : ')'))
			break;
		*unit = (struct table_field){p + 1, close};
		name.stop = p;
		while (name.stop > name.start && name.stop[-1] == ' ')
			name.stop--;
		break;
	}
	return name;
}

static bool is_name(const struct table_field *f, const char *name)
{
	size_t n = strlen(name);
	struct table_field unit, bare = split_unit(f, &unit);

	return ((size_t)(f->stop - f->start) == n && memcmp(f->start, name, n) == 0) ||
	       ((size_t)(bare.stop - bare.start) == n && memcmp(bare.start, name, n) == 0);
}

static int no_such_column(const struct table_column *column, const struct table_field *name,
			  unsigned n_names, unsigned n_fields, const char *why,
			  struct pl_error *err)
{
	char list[300];

	pl_table_columns_list(name, n_names, n_fields, list, sizeof(list));
	return pl_error_set(err, PL_EUSAGE, 0, "--columns %s=%s: %s; the columns are %s",
			    pl_column_name(column->role), column->source, why, list);
}

static int find_field(struct table_column *column, const struct table_field *name, unsigned n_names,
		      unsigned n_fields, struct pl_error *err)
{
	unsigned found = 0;
	size_t digits = strspn(column->source, "0123456789");

	for (unsigned i = 0; i < n_names; i++)
		if (is_name(&name[i], column->source)) {
			column->field = i;
			found++;
		}
	if (found == 1)
		return 0;
	if (found > 1)
		return no_such_column(column, name, n_names, n_fields,
				      "more than one column has that name; give its number", err);
	if (digits && digits < 6 && !column->source[digits]) {
		column->field = (unsigned)atoi(column->source) - 1;
		if (column->field < n_fields)
			return 0;
	}
	return no_such_column(column, name, n_names, n_fields, "there is no such column", err);
}

static int find_scale(const struct table_columns *c, struct table_column *column,
		      const struct table_field *name, unsigned n_names, struct pl_error *err)
{
	enum pl_column role = column->role;
	double said = is_force(role) ? c->unit_force : role == PL_COLUMN_TIME ? 0 : c->unit_length;
	const struct unit *u = NULL;
	struct table_field unit = {NULL, NULL};

	if (n_names)
		split_unit(&name[column->field], &unit);
	if (unit.start)
		u = find_unit(unit.start, (size_t)(unit.stop - unit.start));
	if (u && !(factor(u, role) > 0))
		return pl_error_set(err, PL_EUSAGE, 0,
				    "--columns %s=%s: the header says it is in %s",
				    pl_column_name(role), column->source, u->name);
	if (u && said > 0 && said != factor(u, role))
		return pl_error_set(err, PL_EUSAGE, 0,
				    "--columns %s=%s: the header says %s, the option another unit",
				    pl_column_name(role), column->source, u->name);
	column->scale = u ? factor(u, role) : said;
	if (!(column->scale > 0) && !is_force(role) && role != PL_COLUMN_TIME)
		return pl_error_set(err, PL_EUSAGE, 0,
				    "--columns %s=%s: in which unit? add --unit-length mm, cm or m",
				    pl_column_name(role), column->source);
	if (!(column->scale > 0))
		column->scale = 1;
	if (column->negative)
		column->scale = -column->scale;
	return 0;
}

/* "Time", "time[s]", "TIME (ms)": what nearly every table begins with. */
static void add_time(struct table_columns *c, const struct table_field *name, unsigned n_names)
{
	for (unsigned i = 0; i < c->n; i++)
		if (c->column[i].role == PL_COLUMN_TIME)
			return;
	for (unsigned i = 0; !c->no_time && i < n_names; i++) {
		struct table_field unit, bare = split_unit(&name[i], &unit);

		if (bare.stop - bare.start != 4 || strncasecmp(bare.start, "time", 4) != 0)
			continue;
		if (unit.start && !find_unit(unit.start, (size_t)(unit.stop - unit.start)))
			continue;
		c->column[c->n++] =
			(struct table_column){.role = PL_COLUMN_TIME, .source = "time", .field = i};
		return;
	}
}

int pl_table_columns_find(struct table_columns *c, const struct table_field *name, unsigned n_names,
			  unsigned n_fields, struct pl_error *err)
{
	unsigned asked = c->n;

	add_time(c, name, n_names);
	for (unsigned i = 0; i < c->n; i++)
		if ((i < asked && find_field(&c->column[i], name, n_names, n_fields, err)) ||
		    find_scale(c, &c->column[i], name, n_names, err))
			return -1;
	return 0;
}
