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

#include "daemon/control_values.h"
#include "daemon/text.h"

#define TEXT(member)                                            \
	{                                                       \
		.name = #member, .type = PL_FIELD_TEXT,         \
		.offset = offsetof(struct pl_request, member),  \
		.cap = sizeof(((struct pl_request *)0)->member) \
	}
#define NUMBER(member, lowest, highest)                                                      \
	{                                                                                    \
		.name = #member, .type = PL_FIELD_NUMBER,                                    \
		.offset = offsetof(struct pl_request, member), .min = lowest, .max = highest \
	}

#define WHOLE(key, member, lowest, highest)                                                  \
	{                                                                                    \
		.name = key, .type = PL_FIELD_WHOLE,                                         \
		.offset = offsetof(struct pl_request, member), .min = lowest, .max = highest \
	}

#define STEPS(key, member)                                               \
	{                                                                \
		.name = #key, .type = PL_FIELD_STEPS,                    \
		.offset = offsetof(struct pl_request, member),           \
		.count_offset = offsetof(struct pl_request, n_##member), \
	}

#define FLAG(member)                                           \
	{                                                      \
		.name = #member, .type = PL_FIELD_BOOL,        \
		.offset = offsetof(struct pl_request, member), \
	}

static const struct pl_field fields[] = {
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
	 .type = PL_FIELD_ANNOTATIONS,
	 .offset = offsetof(struct pl_request, annotations)},
	FLAG(clear),
	TEXT(order),
	TEXT(state),
	TEXT(pain_side),
	TEXT(operator),
	TEXT(name),
	TEXT(reason),
	TEXT(approach),
	TEXT(side),
	NUMBER(seed, 0, 4294967295),
	NUMBER(score, 0, 10),
	NUMBER(speed_kmh, 0.1, 50),
	{.name = "conditions", .type = PL_FIELD_CONDITIONS},
	FLAG(stress_fracture),
	FLAG(numbness),
	FLAG(calf),
	FLAG(night_pain),
	FLAG(not_resolving),
	{.name = "sessions", .type = PL_FIELD_SESSIONS},
	WHOLE("trial", trial_number, 1, 999999),
	WHOLE("limit", limit, 1, 10000),
	WHOLE("page", page, 1, 999),
	WHOLE("foot", foot, 1, 64),
	TEXT(mix),
	TEXT(by),
	TEXT(format),
	TEXT(facing),
	TEXT(note),
	TEXT(reject),
	FLAG(pictures),
	FLAG(accept),
	STEPS(reject_step, reject_steps),
	STEPS(accept_step, accept_steps),
};

#define RED_FLAGS "stress_fracture numbness calf night_pain not_resolving"

enum { ASKS = 0, ACTS = 1, RECORDINGS = 2 }; /* changes something; is about recordings */

static const struct command {
	const char *name;
	unsigned is;
	const char *keys;     /* "a b c": what it takes besides v and cmd */
	const char *required; /* those it cannot do without: "a b|c" a, and b or c; or NULL */
} commands[] = {
	[PL_CMD_STATUS] = {"status", ASKS, "", NULL},
	[PL_CMD_VERSION] = {"version", ASKS, "", NULL},
	[PL_CMD_START] = {"start", ACTS,
			  "mat subject protocol condition body_mass_kg seconds session annotations",
			  NULL},
	[PL_CMD_STOP] = {"stop", ACTS, "mat", NULL},
	[PL_CMD_MARK] = {"mark", ACTS, "mat text", "text"},
	[PL_CMD_TARE] = {"tare", ACTS, "mat seconds clear", NULL},
	[PL_CMD_WEIGH] = {"weigh", ACTS, "mat body_mass_kg seconds", "body_mass_kg"},
	[PL_CMD_WAIT] = {"wait", ASKS, "path", "path"},
	[PL_CMD_CALIBRATION] = {"calibration", ASKS, "mat", NULL},
	[PL_CMD_PROTOCOLS] = {"protocols", ASKS, "protocol", NULL},
	[PL_CMD_PROTOCOL] = {"protocol", ACTS,
			     "protocol subject body_mass_kg mat session conditions order seed "
			     "pain_side operator annotations",
			     "protocol"},
	[PL_CMD_PROTOCOL_STATUS] = {"protocol-status", ASKS, "", NULL},
	[PL_CMD_RED_FLAGS] = {"red-flags", ACTS, RED_FLAGS, RED_FLAGS},
	[PL_CMD_OVERRIDE] = {"override", ACTS, "name reason", "name reason"},
	[PL_CMD_TRIAL] = {"trial", ACTS, "seconds approach speed_kmh annotations", NULL},
	[PL_CMD_ACCEPT] = {"accept", ACTS, "side score", NULL},
	[PL_CMD_REJECT] = {"reject", ACTS, "reason", "reason"},
	[PL_CMD_PAIN] = {"pain", ACTS, "score", "score"},
	[PL_CMD_NEXT] = {"next", ACTS, "state", NULL},
	[PL_CMD_ABORT] = {"abort", ACTS, "reason", NULL},
	[PL_CMD_SESSIONS] = {"sessions", ASKS | RECORDINGS, "subject limit", NULL},
	[PL_CMD_SESSION] = {"session", ASKS | RECORDINGS, "session", "session"},
	[PL_CMD_ANALYSIS] = {"analysis", ASKS | RECORDINGS, "session trial pictures",
			     "session trial"},
	[PL_CMD_COMPARE] = {"compare", ASKS | RECORDINGS, "sessions by conditions mix", "sessions"},
	[PL_CMD_TREND] = {"trend", ASKS | RECORDINGS, "subject condition", "subject"},
	[PL_CMD_REPORT] = {"report", ASKS | RECORDINGS, "sessions format page", "sessions format"},
	[PL_CMD_ANNOTATE] = {"annotate", ACTS | RECORDINGS,
			     "session trial by annotations note reject accept",
			     "session annotations|note|reject|accept"},
	[PL_CMD_CORRECT] = {"correct", ACTS | RECORDINGS,
			    "session trial reason by foot side facing reject_step accept_step",
			    "session trial reason side|facing|reject_step|accept_step"},
};
#define COMMANDS (sizeof(commands) / sizeof(commands[0]))
#define FIELDS (sizeof(fields) / sizeof(fields[0]))

bool pl_command_acts(enum pl_cmd cmd)
{
	return commands[cmd].is & ACTS;
}

bool pl_command_recordings(enum pl_cmd cmd)
{
	return commands[cmd].is & RECORDINGS;
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
	char names[400];
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

/* Is one of the keys "a|b|c" there? */
static bool has_one(json_t *root, const char *keys, size_t n)
{
	char key[64];

	while (n > 0) {
		size_t m = strcspn(keys, "| ");

		snprintf(key, sizeof(key), "%.*s", (int)m, keys);
		if (json_object_get(root, key))
			return true;
		m += keys[m] == '|';
		keys += m;
		n -= m;
	}
	return false;
}

static int check_required(const struct command *c, json_t *root, struct pl_error *err)
{
	for (const char *list = c->required; list && *list;) {
		size_t n = strcspn(list, " ");
		bool several = memchr(list, '|', n) != NULL;

		if (!has_one(root, list, n))
			return pl_error_set(err, PL_EUSAGE, 0, "%s needs %s\"%.*s\"", c->name,
					    several ? "one of " : "", (int)n, list);
		list += n + (list[n] == ' ');
	}
	return 0;
}

/* A text that is one of a few words. */
static int check_word(const char *key, const char *word, const char *words, struct pl_error *err)
{
	if (!*word || listed(words, word))
		return 0;
	return pl_error_set(err, PL_EUSAGE, 0, "%s: one of %s is expected, not \"%.40s\"", key,
			    words, word);
}

/* A drawing or picture is one page; the other formats have them all. */
static int check_report(const struct pl_request *r, struct pl_error *err)
{
	bool one_page = listed("svg png", r->format);

	if (check_word("format", *r->format ? r->format : "none", "pdf svg png html", err))
		return -1;
	if (one_page == !isnan(r->page))
		return 0;
	return pl_error_set(err, PL_EUSAGE, 0,
			    one_page ? "page: svg and png are one page each; which?"
				     : "page: is for svg and png; pdf and html have all pages");
}

/* mix: words with commas between. */
static int check_compare(const struct pl_request *r, struct pl_error *err)
{
	char list[sizeof(r->mix)], *rest = list, *word;

	if (check_word("by", r->by, "condition session side", err))
		return -1;
	if (r->n_of && r->n_of != r->n_sessions)
		return pl_error_set(err, PL_EUSAGE, 0,
				    "conditions: one for each session, %u, not %u", r->n_sessions,
				    r->n_of);
	pl_copy(list, sizeof(list), r->mix);
	while ((word = strsep(&rest, ",")))
		if (check_word("mix", word,
			       "mat surface ground filter region version condition all", err))
			return -1;
	return 0;
}

static int check_words(const struct pl_request *r, struct pl_error *err)
{
	if (r->cmd == PL_CMD_COMPARE)
		return check_compare(r, err);
	if (r->cmd == PL_CMD_REPORT)
		return check_report(r, err);
	if (r->cmd != PL_CMD_CORRECT)
		return 0;
	if (!isnan(r->foot) && !*r->side)
		return pl_error_set(err, PL_EUSAGE, 0, "foot goes with side");
	if (!*r->reason)
		return pl_error_set(err, PL_EUSAGE, 0, "reason: is empty");
	if (check_word("side", r->side, "left right unknown auto", err))
		return -1;
	return check_word("facing", r->facing, "auto forward backward left right", err);
}

/* "" is a new one, where there may be a new one. */
static int check_session(const struct pl_request *r, struct pl_error *err)
{
	const char *required = commands[r->cmd].required;
	bool needed = required && listed(required, "session");

	if (*r->session ? pl_is_session(r->session) : !needed)
		return 0;
	return pl_error_set(err, PL_EUSAGE, 0,
			    "session: the uuid of a session is expected (36 characters, lower "
			    "case)");
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

static int parse_fields(json_t *root, struct pl_request *request, struct pl_error *err)
{
	const struct command *c = &commands[request->cmd];
	const char *key;
	json_t *value;

	json_object_foreach(root, key, value)
	{
		const struct pl_field *f = NULL;

		if (strcmp(key, "v") == 0 || strcmp(key, "cmd") == 0)
			continue;
		for (size_t i = 0; i < FIELDS; i++)
			if (strcmp(fields[i].name, key) == 0 && listed(c->keys, key))
				f = &fields[i];
		if (!f)
			return pl_error_set(err, PL_EUSAGE, 0,
					    "%s does not take \"%.40s\"; it takes: %s", c->name,
					    key, *c->keys ? c->keys : "nothing");
		if (pl_field_take(f, value, request, err))
			return -1;
	}
	if (check_required(c, root, err) || check_words(request, err) ||
	    check_session(request, err))
		return -1;
	return request->cmd == PL_CMD_ANNOTATE ? 0 : move_person(request, err);
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
	request->trial_number = request->limit = request->page = request->foot = NAN;
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
