/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A client that misspells "subject" must not get a recording without a subject. So each command
 * has a table of the keys it takes, and anything else is refused with their names.
 */
#include "daemon/control_request.h"

#include <jansson.h>
#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "daemon/text.h"

enum field_type { FIELD_TEXT, FIELD_NUMBER, FIELD_BOOL, FIELD_CONDITIONS, FIELD_ANNOTATIONS };

struct field {
	const char *name;
	enum field_type type;
	size_t offset, cap; /* cap: of TEXT */
	double min, max;    /* of NUMBER */
};

#define TEXT(member)                                            \
	{                                                       \
		.name = #member, .type = FIELD_TEXT,            \
		.offset = offsetof(struct pl_request, member),  \
		.cap = sizeof(((struct pl_request *)0)->member) \
	}
#define NUMBER(member, lowest, highest)                                                      \
	{                                                                                    \
		.name = #member, .type = FIELD_NUMBER,                                       \
		.offset = offsetof(struct pl_request, member), .min = lowest, .max = highest \
	}

#define FLAG(member)                                           \
	{                                                      \
		.name = #member, .type = FIELD_BOOL,           \
		.offset = offsetof(struct pl_request, member), \
	}

static const struct field fields[] = {
	TEXT(mat),
	TEXT(subject),
	TEXT(protocol),
	TEXT(condition),
	TEXT(session),
	TEXT(text),
	TEXT(path),
	NUMBER(body_mass_kg, 1, 500),
	NUMBER(seconds, 0.05, 86400),
	{.name = "annotations",
	 .type = FIELD_ANNOTATIONS,
	 .offset = offsetof(struct pl_request, annotations)},
	FLAG(clear),
	TEXT(order),
	TEXT(pain_side),
	TEXT(operator),
	TEXT(name),
	TEXT(reason),
	TEXT(approach),
	TEXT(side),
	NUMBER(seed, 0, 4294967295),
	NUMBER(score, 0, 10),
	NUMBER(speed_kmh, 0.1, 50),
	{.name = "conditions", .type = FIELD_CONDITIONS},
	FLAG(stress_fracture),
	FLAG(numbness),
	FLAG(calf),
	FLAG(night_pain),
	FLAG(not_resolving),
};

#define RED_FLAGS "stress_fracture numbness calf night_pain not_resolving"

static const struct command {
	const char *name;
	bool acts;
	const char *keys;     /* "a b c": what it takes besides v and cmd */
	const char *required; /* those it cannot do without, or NULL */
} commands[] = {
	[PL_CMD_STATUS] = {"status", false, "", NULL},
	[PL_CMD_VERSION] = {"version", false, "", NULL},
	[PL_CMD_START] = {"start", true,
			  "mat subject protocol condition body_mass_kg seconds session annotations",
			  NULL},
	[PL_CMD_STOP] = {"stop", true, "mat", NULL},
	[PL_CMD_MARK] = {"mark", true, "mat text", "text"},
	[PL_CMD_TARE] = {"tare", true, "mat seconds clear", NULL},
	[PL_CMD_WEIGH] = {"weigh", true, "mat body_mass_kg seconds", "body_mass_kg"},
	[PL_CMD_WAIT] = {"wait", false, "path", "path"},
	[PL_CMD_CALIBRATION] = {"calibration", false, "mat", NULL},
	[PL_CMD_PROTOCOLS] = {"protocols", false, "protocol", NULL},
	[PL_CMD_PROTOCOL] = {"protocol", true,
			     "protocol subject body_mass_kg mat session conditions order seed "
			     "pain_side operator annotations",
			     "protocol"},
	[PL_CMD_PROTOCOL_STATUS] = {"protocol-status", false, "", NULL},
	[PL_CMD_RED_FLAGS] = {"red-flags", true, RED_FLAGS, RED_FLAGS},
	[PL_CMD_OVERRIDE] = {"override", true, "name reason", "name reason"},
	[PL_CMD_TRIAL] = {"trial", true, "seconds approach speed_kmh annotations", NULL},
	[PL_CMD_ACCEPT] = {"accept", true, "side score", NULL},
	[PL_CMD_REJECT] = {"reject", true, "reason", "reason"},
	[PL_CMD_PAIN] = {"pain", true, "score", "score"},
	[PL_CMD_NEXT] = {"next", true, "", NULL},
	[PL_CMD_ABORT] = {"abort", true, "reason", NULL},
};
#define COMMANDS (sizeof(commands) / sizeof(commands[0]))
#define FIELDS (sizeof(fields) / sizeof(fields[0]))

bool pl_command_acts(enum pl_cmd cmd)
{
	return commands[cmd].acts;
}

const char *pl_command_name(enum pl_cmd cmd)
{
	return commands[cmd].name;
}

/* Is word one of the space-separated words of list? */
static bool listed(const char *list, const char *word)
{
	size_t n = strlen(word);

	while (*list) {
		size_t m = strcspn(list, " ");

		if (m == n && memcmp(list, word, n) == 0)
			return true;
		list += m + (list[m] == ' ');
	}
	return false;
}

static int parse_command(const json_t *root, struct pl_request *request, struct pl_error *err)
{
	const json_t *v = json_object_get(root, "v");
	const char *cmd = json_string_value(json_object_get(root, "cmd"));
	char names[300];
	size_t n = 0;

	if (!json_is_integer(v) || json_integer_value(v) != 1)
		return pl_error_set(err, PL_EUSAGE, 0,
				    "\"v\":1 is missing; this daemon speaks version 1");
	for (size_t i = 0; cmd && i < COMMANDS; i++)
		if (strcmp(commands[i].name, cmd) == 0) {
			request->cmd = (enum pl_cmd)i;
			return 0;
		}
	for (size_t i = 0; i < COMMANDS; i++)
		n += (size_t)snprintf(names + n, sizeof(names) - n, "%s%s", n ? ", " : "",
				      commands[i].name);
	return pl_error_set(err, PL_EUSAGE, 0, "\"cmd\" must be one of %s%s%.40s%s", names,
			    cmd ? ", not \"" : "", cmd ? cmd : "", cmd ? "\"" : "");
}

static int take_text(const struct field *f, const json_t *value, char *out, struct pl_error *err)
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

static int take_conditions(const json_t *value, struct pl_request *request, struct pl_error *err)
{
	const struct field entry = {.name = "conditions", .cap = sizeof(request->conditions[0])};
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

static int take_annotations(const json_t *object, struct pl_annotations *a, struct pl_error *err)
{
	const json_t *value;
	const char *key;

	if (!json_is_object(object))
		return pl_error_set(err, PL_EUSAGE, 0,
				    "annotations: an object is expected: {\"heel_lift_mm\": 6}");
	json_object_foreach((json_t *)(uintptr_t)object, key, value)
	{
		if (take_annotation(key, value, a, err)) {
			pl_error_prefix(err, "annotations: ");
			return -1;
		}
	}
	return 0;
}

/* The code and the mass may come as annotations too, but only one of each. */
static int move_person(struct pl_request *r, struct pl_error *err)
{
	char code[PL_ANNOTATION_VALUE_MAX];
	double mass_kg = pl_annotations_number(&r->annotations, "body_mass_kg");

	pl_annotations_get(&r->annotations, "subject", code);
	if (*code && *r->subject && strcmp(code, r->subject) != 0)
		return pl_error_set(err, PL_EUSAGE, 0, "subject is given twice, differently");
	if (!isnan(mass_kg) && !isnan(r->body_mass_kg) && mass_kg != r->body_mass_kg)
		return pl_error_set(err, PL_EUSAGE, 0, "body_mass_kg is given twice, differently");
	if (*code)
		pl_copy(r->subject, sizeof(r->subject), code);
	if (!isnan(mass_kg))
		r->body_mass_kg = mass_kg;
	pl_annotations_set(&r->annotations, "subject", "", NULL);
	return pl_annotations_set(&r->annotations, "body_mass_kg", "", err);
}

static int take(const struct field *f, const json_t *value, struct pl_request *request,
		struct pl_error *err)
{
	char *at = (char *)request + f->offset;
	double number;

	switch (f->type) {
	case FIELD_TEXT:
		return take_text(f, value, at, err);
	case FIELD_BOOL:
		if (!json_is_boolean(value))
			return pl_error_set(err, PL_EUSAGE, 0, "%s: true or false is expected",
					    f->name);
		*(bool *)at = json_is_true(value);
		return 0;
	case FIELD_ANNOTATIONS:
		return take_annotations(value, &request->annotations, err);
	case FIELD_NUMBER:
		number = json_number_value(value);
		if (!json_is_number(value) || !(number >= f->min && number <= f->max))
			return pl_error_set(err, PL_EUSAGE, 0,
					    "%s: a number from %g to %g is expected", f->name,
					    f->min, f->max);
		memcpy(at, &number, sizeof(number));
		return 0;
	case FIELD_CONDITIONS:
		return take_conditions(value, request, err);
	}
	return 0;
}

static int check_required(const struct command *c, json_t *root, struct pl_error *err)
{
	char key[64];

	for (const char *list = c->required; list && *list;) {
		size_t n = strcspn(list, " ");

		snprintf(key, sizeof(key), "%.*s", (int)n, list);
		if (!json_object_get(root, key))
			return pl_error_set(err, PL_EUSAGE, 0, "%s needs \"%s\"", c->name, key);
		list += n + (list[n] == ' ');
	}
	return 0;
}

static int check_session(const struct pl_request *request, struct pl_error *err)
{
	const char *s = request->session;

	if (!*s || (strlen(s) == 36 && strspn(s, "0123456789abcdef-") == 36))
		return 0;
	return pl_error_set(err, PL_EUSAGE, 0,
			    "session: the uuid of a session is expected (36 characters, lower "
			    "case)");
}

static int parse_fields(json_t *root, struct pl_request *request, struct pl_error *err)
{
	const struct command *c = &commands[request->cmd];
	const char *key;
	json_t *value;

	json_object_foreach(root, key, value)
	{
		const struct field *f = NULL;

		if (strcmp(key, "v") == 0 || strcmp(key, "cmd") == 0)
			continue;
		for (size_t i = 0; i < FIELDS; i++)
			if (strcmp(fields[i].name, key) == 0 && listed(c->keys, key))
				f = &fields[i];
		if (!f)
			return pl_error_set(err, PL_EUSAGE, 0,
					    "%s does not take \"%.40s\"; it takes: %s", c->name,
					    key, *c->keys ? c->keys : "nothing");
		if (take(f, value, request, err))
			return -1;
	}
	if (check_required(c, root, err))
		return -1;
	return move_person(request, err) || check_session(request, err) ? -1 : 0;
}

/* How deep arrays and objects of a text are nested; in strings nothing counts. */
static unsigned nesting(const char *text, size_t n)
{
	unsigned depth = 0, deepest = 0;
	bool quoted = false;

	for (size_t i = 0; i < n; i++) {
		if (quoted && text[i] == '\\')
			i++;
		else if (text[i] == '"')
			quoted = !quoted;
		else if (!quoted && (text[i] == '{' || text[i] == '['))
			deepest = ++depth > deepest ? depth : deepest;
		else if (!quoted && (text[i] == '}' || text[i] == ']') && depth > 0)
			depth--;
	}
	return deepest;
}

int pl_request_parse(const void *data, size_t n, struct pl_request *request, struct pl_error *err)
{
	json_error_t problem;
	json_t *root;
	int r;

	memset(request, 0, sizeof(*request));
	request->body_mass_kg = request->seconds = NAN;
	request->seed = request->score = request->speed_kmh = NAN;
	if (n > PL_REQUEST_MAX)
		return pl_error_set(err, PL_EUSAGE, 0, "a request may have %d bytes at most",
				    PL_REQUEST_MAX);
	if (nesting(data, n) > PL_REQUEST_DEPTH_MAX)
		return pl_error_set(err, PL_EUSAGE, 0, "a request may be nested %d deep at most",
				    PL_REQUEST_DEPTH_MAX);
	root = json_loadb(data, n, JSON_REJECT_DUPLICATES, &problem);
	if (!root)
		return pl_error_set(err, PL_EUSAGE, 0, "no JSON object: %s (byte %d)", problem.text,
				    problem.position);
	r = json_is_object(root) ? parse_command(root, request, err)
				 : pl_error_set(err, PL_EUSAGE, 0, "a JSON object is expected");
	if (r == 0)
		r = parse_fields(root, request, err);
	json_decref(root);
	return r;
}
