/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What people say about a recording that no sensor knows: body mass and foot lengths, where it
 * hurts and how much, shoes, surface, speed, and what a clinician measured by hand. One table says
 * which keys there are, what each may be and where a session file keeps it; whoever takes values
 * from people (control requests, `plantar start --set`, `plantar annotate`, protocols) checks them
 * with the one function below, so that a value which got in anywhere reads the same everywhere.
 *
 * A struct pl_annotations is a plain value: copied by assignment, compared by strcmp of its text,
 * {0} is empty. Pure; any thread.
 */
#ifndef PLANTAR_ANNOTATION_H
#define PLANTAR_ANNOTATION_H

#include <stdbool.h>
#include <stddef.h>

#include <plantar/error.h>
#include <plantar/json.h>

#ifdef __cplusplus
extern "C" {
#endif

enum pl_annotation_type {
	PL_ANNOTATION_NUMBER, /* min to max, millionths are kept */
	PL_ANNOTATION_WORD,   /* one of words */
	PL_ANNOTATION_WORDS,  /* one or several of words: "a,b", in the table's order */
	PL_ANNOTATION_BOOL,   /* "true" or "false" */
	PL_ANNOTATION_TEXT,   /* one line of UTF-8, at most max bytes */
	PL_ANNOTATION_CODE,   /* a pseudonym: printable ASCII without spaces, at most max bytes */
	PL_ANNOTATION_FEET,   /* sides of single feet of `plantar analyze`: "1=left,3=right" */
	PL_ANNOTATION_STEPS,  /* steps that do not count: rejection.h */
};

enum pl_annotation_group {
	PL_ANNOTATION_SUBJECT, /* the person: /subject */
	PL_ANNOTATION_TRIAL,   /* this one recording: /trial */
};

struct pl_annotation_key {
	const char *name; /* "body_mass_kg": key in JSON, attribute in the file */
	enum pl_annotation_type type;
	enum pl_annotation_group group;
	const char *unit;	  /* of a NUMBER, "" if it has none */
	double min, max;	  /* NUMBER; max also of TEXT and CODE */
	const char *const *words; /* WORD, WORDS; NULL-terminated */
	bool after_only;	  /* a correction of what the analysis found: not known before */
	const char *help;	  /* what it is, lower case, no full stop */
};

/* The table, *n rows, in the order in which values are listed. */
const struct pl_annotation_key *pl_annotation_keys(size_t *n);
const struct pl_annotation_key *pl_annotation_key(const char *name); /* NULL: no such key */

#define PL_ANNOTATION_VALUE_MAX 1024 /* a value as text, with its NUL */
#define PL_ANNOTATION_FEET_MAX 64

/* "key=value\n" in the table's order, values in canonical form ("70.5", "true"). */
struct pl_annotations {
	char text[6144];
};

/*
 * Checks value and brings it to its canonical form in out[PL_ANNOTATION_VALUE_MAX]. PL_EUSAGE names
 * the key and what would be valid; an unknown key is answered with the nearest one or the list.
 */
int pl_annotation_check(const char *key, const char *value, char *out, struct pl_error *err);

/* The same, and stores it; "" takes the value away. a is unchanged on failure. */
int pl_annotations_set(struct pl_annotations *a, const char *key, const char *value,
		       struct pl_error *err);
/* A NUMBER, rounded to millionths. */
int pl_annotations_set_number(struct pl_annotations *a, const char *key, double value,
			      struct pl_error *err);
/* "key=value", as on a command line. */
int pl_annotations_assign(struct pl_annotations *a, const char *assignment, struct pl_error *err);
/* The canonical value in out[PL_ANNOTATION_VALUE_MAX]; false and "": not given. */
bool pl_annotations_get(const struct pl_annotations *a, const char *key, char *out);
double pl_annotations_number(const struct pl_annotations *a, const char *key); /* NaN: not given */
/* What a reader of foreign bytes asks: is the text what the functions above would have made? */
bool pl_annotations_valid(const struct pl_annotations *a);

/* The value as a member of the open object: number, string, boolean, or array of WORDS. */
void pl_annotation_json(struct pl_json *json, const char *key, const char *value);
/* All of a, as members of the open object. */
void pl_annotations_json(struct pl_json *json, const struct pl_annotations *a);

#ifdef __cplusplus
}
#endif
#endif
