/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A range beside a figure is read as a judgement unless it says whose it is. So a file without
 * study and population is refused, and so is whatever it has that would silently not be drawn: a
 * key that does not exist, a range upside down, a number that is none.
 */
#include "tools/report/reference.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define FILE_MAX_BYTES ((size_t)1 << 20)
#define TEXT_MAX_BYTES 600
#define FIGURES_MAX 500

static int refuse(const char *name, const char *what, const char *key, struct pl_error *err)
{
	return pl_error_set(err, PL_EFORMAT, 0, "%s: %s%s%.80s%s", name, what, *key ? " (" : "",
			    key, *key ? ")" : "");
}

/* The text of a member: required, not empty, of a length that fits a page. */
static int take_text(const json_t *file, const char *key, const char *name, const char **text,
		     struct pl_error *err)
{
	const json_t *value = json_object_get(file, key);
	const char *s = json_string_value(value);

	if (!s || !*s || strspn(s, " \t\n") == strlen(s))
		return refuse(name, "a text is expected that says whose ranges these are", key,
			      err);
	if (json_string_length(value) != strlen(s) || strlen(s) > TEXT_MAX_BYTES)
		return refuse(name, "at most 600 letters are expected", key, err);
	*text = s;
	return 0;
}

static int check_figures(const json_t *figures, const char *name, struct pl_error *err)
{
	const json_t *figure, *value;
	const char *key, *member;

	if (!json_is_object(figures) || !json_object_size(figures) ||
	    json_object_size(figures) > FIGURES_MAX)
		return refuse(name,
			      "\"figures\": {\"steps.contact_time_s\": {\"low\": 0.61, \"high\": "
			      "0.71}} is expected, of 1 to 500 figures",
			      "", err);
	json_object_foreach((json_t *)figures, key, figure)
	{
		double low = json_number_value(json_object_get(figure, "low"));
		double high = json_number_value(json_object_get(figure, "high"));

		if (!json_is_number(json_object_get(figure, "low")) ||
		    !json_is_number(json_object_get(figure, "high")) || !isfinite(low) ||
		    !isfinite(high) || !(low < high))
			return refuse(name, "\"low\" and \"high\" are expected, low below high",
				      key, err);
		json_object_foreach(
			(json_t *)figure, member,
			value) if (strcmp(member, "low") != 0 &&
				   strcmp(member, "high") !=
					   0) return refuse(name,
							    "only \"low\" and \"high\" are known",
							    key, err);
	}
	return 0;
}

static int check(struct pl_reference *r, const char *name, struct pl_error *err)
{
	const json_t *value;
	const char *key;

	if (!json_is_object(r->file))
		return refuse(name, "an object is expected", "", err);
	json_object_foreach(
		r->file, key,
		value) if (strcmp(key, "study") != 0 && strcmp(key, "population") != 0 &&
			   strcmp(key, "range") != 0 &&
			   strcmp(key, "figures") !=
				   0) return refuse(name,
						    "known are study, population, range, figures",
						    key, err);
	if (take_text(r->file, "study", name, &r->study, err) ||
	    take_text(r->file, "population", name, &r->population, err) ||
	    take_text(r->file, "range", name, &r->range, err))
		return -1;
	return check_figures(json_object_get(r->file, "figures"), name, err);
}

int pl_reference_parse(struct pl_reference *r, const char *text, size_t n, const char *name,
		       struct pl_error *err)
{
	json_error_t wrong;

	*r = (struct pl_reference){0};
	r->file = json_loadb(text, n, JSON_REJECT_DUPLICATES, &wrong);
	if (!r->file)
		return pl_error_set(err, PL_EFORMAT, 0, "%s:%d:%d: %s", name, wrong.line,
				    wrong.column, wrong.text);
	if (check(r, name, err) == 0)
		return 0;
	pl_reference_free(r);
	return -1;
}

int pl_reference_read(struct pl_reference *r, const char *path, struct pl_error *err)
{
	FILE *f = fopen(path, "re");
	char *text = f ? malloc(FILE_MAX_BYTES + 1) : NULL;
	size_t n = text ? fread(text, 1, FILE_MAX_BYTES + 1, f) : 0;
	int result;

	*r = (struct pl_reference){0};
	if (!f)
		return pl_error_set(err, PL_ENOENT, 0, "cannot read %s", path);
	if (!text)
		result = pl_error_set(err, PL_ENOMEM, 0, "out of memory");
	else if (n > FILE_MAX_BYTES)
		result = pl_error_set(err, PL_EFORMAT, 0, "%s is larger than 1 MiB", path);
	else
		result = pl_reference_parse(r, text, n, path, err);
	fclose(f);
	free(text);
	return result;
}

void pl_reference_free(struct pl_reference *r)
{
	json_decref(r->file);
	*r = (struct pl_reference){0};
}

struct pl_band pl_reference_band(const struct pl_reference *r, const char *figure)
{
	const json_t *f = json_object_get(json_object_get(r->file, "figures"), figure);

	if (!f)
		return (struct pl_band){NAN, NAN};
	return (struct pl_band){json_number_value(json_object_get(f, "low")),
				json_number_value(json_object_get(f, "high"))};
}
