/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a key of a request may hold, by the key's type: each value is checked before it gets
 * anywhere, and what is wrong is named with what would be right.
 */
#include "daemon/control_values.h"

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <plantar/gait.h>

#include "daemon/text.h"

static int take_text(const struct pl_field *f, const json_t *value, char *out, struct pl_error *err)
{
	const char *text = json_string_value(value);

	if (!text)
		return pl_error_set(err, PL_EUSAGE, 0, "%s: a string is expected", f->name);
	if (strlen(text) != json_string_length(value))
		return pl_error_set(err, PL_EUSAGE, 0, "%s: contains a NUL", f->name);
	for (const char *p = text; *p; p++)
		if ((unsigned char)*p < 0x20 || *p == 0x7f)
			return pl_error_set(err, PL_EUSAGE, 0, "%s: contains a control character",
					    f->name);
	if (!pl_copy(out, f->cap, text))
		return pl_error_set(err, PL_EUSAGE, 0, "%s: longer than %zu bytes", f->name,
				    f->cap - 1);
	return 0;
}

/* compare: one for each session; null is all of them, "" those without one. */
static int take_conditions_of(const json_t *value, struct pl_request *request, struct pl_error *err)
{
	const struct pl_field entry = {.name = "conditions", .cap = sizeof(request->of[0])};
	size_t n = json_array_size(value);

	if (!json_is_array(value) || n < 1 || n > PL_REQUEST_SESSIONS_MAX)
		return pl_error_set(err, PL_EUSAGE, 0,
				    "conditions: an array with a string or null for each session "
				    "is expected");
	for (size_t i = 0; i < n; i++) {
		const json_t *one = json_array_get(value, i);

		if (json_is_null(one))
			pl_copy(request->of[i], sizeof(request->of[i]), "*");
		else if (take_text(&entry, one, request->of[i], err))
			return -1;
	}
	request->n_of = (unsigned)n;
	return 0;
}

static int take_conditions(const json_t *value, struct pl_request *request, struct pl_error *err)
{
	const struct pl_field entry = {.name = "conditions", .cap = sizeof(request->conditions[0])};
	size_t n = json_array_size(value);

	if (!json_is_array(value) || n < 1 || n > PL_PROTOCOL_CONDITIONS_MAX)
		return pl_error_set(err, PL_EUSAGE, 0,
				    "conditions: an array of 1 to %d strings is expected",
				    PL_PROTOCOL_CONDITIONS_MAX);
	for (size_t i = 0; i < n; i++) {
		char *text = request->conditions[i];

		if (take_text(&entry, json_array_get(value, i), text, err))
			return -1;
		if (!*text)
			return pl_error_set(err, PL_EUSAGE, 0, "conditions: one is empty");
		for (size_t k = 0; k < i; k++)
			if (strcmp(request->conditions[k], text) == 0)
				return pl_error_set(err, PL_EUSAGE, 0,
						    "conditions: \"%s\" is there twice", text);
	}
	request->n_conditions = (unsigned)n;
	return 0;
}

/* An array of words becomes "a,b". */
static int join_words(const char *key, const json_t *list, char *out, size_t cap,
		      struct pl_error *err)
{
	size_t n = 0, i;
	const json_t *word;

	*out = '\0';
	json_array_foreach(list, i, word)
	{
		const char *text = json_string_value(word);

		if (!text || n + strlen(text) + 2 > cap)
			return pl_error_set(err, PL_EUSAGE, 0, "%.60s: a list of words is expected",
					    key);
		n += (size_t)snprintf(out + n, cap - n, "%s%s", n ? "," : "", text);
	}
	return 0;
}

static int take_annotation(const char *key, const json_t *value, struct pl_annotations *a,
			   struct pl_error *err)
{
	const struct pl_annotation_key *k = pl_annotation_key(key);
	const char *text = json_string_value(value);
	char words[PL_ANNOTATION_VALUE_MAX];

	if (k && k->after_only)
		return pl_error_set(err, PL_EUSAGE, 0,
				    "%s: is not known before the recording; plantar correct sets "
				    "it afterwards",
				    key);
	if (k && json_is_number(value) != (k->type == PL_ANNOTATION_NUMBER))
		return pl_error_set(err, PL_EUSAGE, 0, "%s: a %s is expected", key,
				    json_is_number(value) ? "string" : "number");
	if (json_is_number(value))
		return pl_annotations_set_number(a, key, json_number_value(value), err);
	if (json_is_boolean(value))
		return pl_annotations_set(a, key, json_is_true(value) ? "true" : "false", err);
	if (json_is_array(value)) {
		if (join_words(key, value, words, sizeof(words), err))
			return -1;
		text = words;
	}
	if (!text || (json_is_string(value) && strlen(text) != json_string_length(value)))
		return pl_error_set(err, PL_EUSAGE, 0,
				    "%.60s: a string, number, true, false or list of words is "
				    "expected",
				    key);
	return pl_annotations_set(a, key, text, err);
}

/* Of what is finished a value can be taken away again: null, or "". */
static bool is_removal(enum pl_cmd cmd, const json_t *value)
{
	return cmd == PL_CMD_ANNOTATE &&
	       (json_is_null(value) || (json_is_string(value) && !json_string_length(value)));
}

static int take_removal(const char *key, struct pl_request *r, struct pl_error *err)
{
	char canonical[PL_ANNOTATION_VALUE_MAX];

	if (!pl_annotation_key(key)) /* says which keys there are */
		return pl_annotation_check(key, "", canonical, err);
	if (r->n_removed == PL_REQUEST_REMOVED_MAX)
		return pl_error_set(err, PL_EUSAGE, 0, "at most %d values are taken away at a time",
				    PL_REQUEST_REMOVED_MAX);
	pl_copy(r->removed[r->n_removed++], sizeof(r->removed[0]), key);
	return 0;
}

static int take_annotations(const json_t *object, struct pl_request *r, struct pl_error *err)
{
	const json_t *value;
	const char *key;

	if (!json_is_object(object) || (r->cmd == PL_CMD_ANNOTATE && !json_object_size(object)))
		return pl_error_set(err, PL_EUSAGE, 0,
				    "annotations: an object is expected: {\"heel_lift_mm\": 6}");
	json_object_foreach((json_t *)(uintptr_t)object, key, value)
	{
		if (is_removal(r->cmd, value) ? take_removal(key, r, err)
					      : take_annotation(key, value, &r->annotations, err)) {
			pl_error_prefix(err, "annotations: ");
			return -1;
		}
	}
	return 0;
}

/* ---- sessions and steps ---- */

bool pl_is_session(const char *text)
{
	static const char form[] = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";

	if (strlen(text) != sizeof(form) - 1)
		return false;
	for (size_t i = 0; form[i]; i++)
		if (form[i] == '-' ? text[i] != '-' : !strchr("0123456789abcdef", text[i]))
			return false;
	return true;
}

static int take_sessions(const json_t *list, struct pl_request *r, struct pl_error *err)
{
	size_t n = json_array_size(list);

	if (!json_is_array(list) || n < 1 || n > PL_REQUEST_SESSIONS_MAX)
		return pl_error_set(err, PL_EUSAGE, 0,
				    "sessions: an array of 1 to %d uuids is expected",
				    PL_REQUEST_SESSIONS_MAX);
	for (size_t i = 0; i < n; i++) {
		const char *uuid = json_string_value(json_array_get(list, i));

		if (!uuid || !pl_is_session(uuid))
			return pl_error_set(err, PL_EUSAGE, 0,
					    "sessions: the uuids of sessions are expected (36 "
					    "characters, lower case)");
		for (size_t k = 0; k < i; k++)
			if (strcmp(r->sessions[k], uuid) == 0)
				return pl_error_set(err, PL_EUSAGE, 0,
						    "sessions: %s is there twice", uuid);
		pl_copy(r->sessions[i], sizeof(r->sessions[i]), uuid);
	}
	r->n_sessions = (unsigned)n;
	return 0;
}

static bool whole(const json_t *value, double min, double max)
{
	double number = json_number_value(value);

	return json_is_number(value) && number >= min && number <= max && number == floor(number);
}

static int take_steps(const struct pl_field *f, const json_t *value, unsigned *steps, unsigned *n,
		      struct pl_error *err)
{
	size_t size = json_is_array(value) ? json_array_size(value) : 1;

	for (size_t i = 0; i < size && i < PL_REQUEST_STEPS_MAX; i++) {
		const json_t *one = json_is_array(value) ? json_array_get(value, i) : value;

		if (!whole(one, 1, PL_STEPS_MAX))
			size = 0;
		else
			steps[i] = (unsigned)json_number_value(one);
	}
	if (size < 1 || size > PL_REQUEST_STEPS_MAX)
		return pl_error_set(err, PL_EUSAGE, 0,
				    "%s: the number of a step, or an array of 1 to %d, is expected",
				    f->name, PL_REQUEST_STEPS_MAX);
	*n = (unsigned)size;
	return 0;
}

/* ---- any key ---- */

int pl_field_take(const struct pl_field *f, const json_t *value, struct pl_request *request,
		  struct pl_error *err)
{
	char *at = (char *)request + f->offset;
	double number;

	switch (f->type) {
	case PL_FIELD_TEXT:
		return take_text(f, value, at, err);
	case PL_FIELD_BOOL:
		if (!json_is_boolean(value))
			return pl_error_set(err, PL_EUSAGE, 0, "%s: true or false is expected",
					    f->name);
		*(bool *)at = json_is_true(value);
		return 0;
	case PL_FIELD_ANNOTATIONS:
		return take_annotations(value, request, err);
	case PL_FIELD_NUMBER:
		number = json_number_value(value);
		if (!json_is_number(value) || !(number >= f->min && number <= f->max))
			return pl_error_set(err, PL_EUSAGE, 0,
					    "%s: a number from %g to %g is expected", f->name,
					    f->min, f->max);
		memcpy(at, &number, sizeof(number));
		return 0;
	case PL_FIELD_WHOLE:
		if (!whole(value, f->min, f->max))
			return pl_error_set(err, PL_EUSAGE, 0,
					    "%s: a whole number from %g to %g is expected", f->name,
					    f->min, f->max);
		number = json_number_value(value);
		memcpy(at, &number, sizeof(number));
		return 0;
	case PL_FIELD_CONDITIONS:
		return request->cmd == PL_CMD_COMPARE ? take_conditions_of(value, request, err)
						      : take_conditions(value, request, err);
	case PL_FIELD_SESSIONS:
		return take_sessions(value, request, err);
	case PL_FIELD_STEPS:
		return take_steps(f, value, (unsigned *)at,
				  (unsigned *)((char *)request + f->count_offset), err);
	}
	return 0;
}
