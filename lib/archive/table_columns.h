/* SPDX-License-Identifier: Apache-2.0 */
/* Which columns of a table are what, and in which unit: what a person said and the header says. */
#ifndef ARCHIVE_TABLE_COLUMNS_H
#define ARCHIVE_TABLE_COLUMNS_H

#include <stdbool.h>

#include <plantar/hints.h>

#define TABLE_FIELDS_MAX 512

/* A field of a line: between separators, without blanks and quotes around it. */
struct table_field {
	const char *start, *stop;
};

/* One column that is wanted: a word of --columns. */
struct table_column {
	enum pl_column role;
	char source[64]; /* header name or number, as given */
	bool negative;	 /* a minus before it */
	unsigned field;	 /* from 0, once found */
	double scale;	 /* to the unit of table.h, sign included */
};

struct table_columns {
	struct table_column column[PL_COLUMNS];
	unsigned n;
	bool no_time;			/* time=none: a column of that name is something else */
	double unit_length, unit_force; /* to mm, to N, by hints; 0: not said */
};

/* hints->columns and the units. PL_EUSAGE. */
int pl_table_columns_parse(struct table_columns *c, const struct pl_hints *hints,
			   struct pl_error *err);
/*
 * Find each among the names of the header (n_names 0: there is none) of a table of n_fields, and
 * its unit. A column of time that nobody named is taken along. PL_EUSAGE lists what is there.
 */
int pl_table_columns_find(struct table_columns *c, const struct table_field *name, unsigned n_names,
			  unsigned n_fields, struct pl_error *err);
/* "1 Time[s], 2 Fx[N], ...", cut to cap. */
void pl_table_columns_list(const struct table_field *name, unsigned n_names, unsigned n_fields,
			   char *buf, size_t cap);

#endif
