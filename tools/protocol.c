/* SPDX-License-Identifier: Apache-2.0 */
/*
 * plantar protocol: what a clinic does with protocols, from a terminal. Everything is decided by
 * the daemon; this only asks, and prints how far the visit is in words, so that a second terminal,
 * a screen and a script may steer the same visit.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tools/client.h"
#include "tools/figures.h"
#include "tools/protocol_words.h"

#define ANSWER_MS 10000

enum {
	OPT_SUBJECT = PL_OPT_LONG,
	OPT_MASS,
	OPT_SESSION,
	OPT_CONDITION,
	OPT_ORDER,
	OPT_SEED,
	OPT_PAIN_SIDE,
	OPT_OPERATOR,
	OPT_APPROACH,
	OPT_SPEED,
	OPT_SECONDS,
	OPT_SIDE,
	OPT_SCORE,
	OPT_NAME,
	OPT_TICK,
	OPT_WAIT,
	OPT_SET,
};

struct asked {
	const char *endpoint;
	json_t *keys; /* of the request, by option */
	struct pl_annotations annotations;
	bool json, wait;
};

static const char *const red_flags[] = {"stress_fracture", "numbness",	    "calf",
					"night_pain",	   "not_resolving", NULL};

/* What each verb sends: its command, the options it takes, and what its operand is. */
static const struct verb {
	const char *name, *command, *keys, *operand;
	bool needs_operand;
} verbs[] = {
	{"list", "protocols", "", NULL, false},
	{"show", "protocols", "", "protocol", true},
	{"begin", "protocol",
	 "subject body_mass_kg session conditions order seed pain_side operator mat "
	 "annotations",
	 "protocol", true},
	{"status", "protocol-status", "", NULL, false},
	{"flags", "red-flags", "tick", NULL, false},
	{"override", "override", "name", "reason", true},
	{"trial", "trial", "seconds approach speed_kmh annotations", NULL, false},
	{"stop", "stop", "mat", NULL, false},
	{"accept", "accept", "side score", NULL, false},
	{"reject", "reject", "", "reason", true},
	{"pain", "pain", "", "score", true},
	{"next", "next", "", NULL, false},
	{"abort", "abort", "", "reason", false},
};
#define VERBS (sizeof(verbs) / sizeof(verbs[0]))

static const struct verb *find_verb(struct pl_args *args, const char *name)
{
	const char *names[VERBS], *nearest;

	for (size_t i = 0; i < VERBS; i++) {
		if (strcmp(verbs[i].name, name) == 0)
			return &verbs[i];
		names[i] = verbs[i].name;
	}
	nearest = pl_nearest(name, names, VERBS);
	pl_args_fail(args, "there is no 'protocol %s'%s%s%s", name,
		     nearest ? "; did you mean " : "", nearest ? nearest : "", nearest ? "?" : "");
	return NULL;
}

/* ---- options to keys ---- */

static void append_text(struct asked *a, const char *key, const char *value)
{
	json_t *list = json_object_get(a->keys, key);

	if (!list) {
		json_object_set_new(a->keys, key, json_array());
		list = json_object_get(a->keys, key);
	}
	json_array_append_new(list, json_string(value));
}

static void take_number(struct pl_args *args, struct asked *a, const char *key, double min,
			double max)
{
	double value = 0;

	pl_args_number(args, min, max, &value);
	json_object_set_new(a->keys, key, json_real(value));
}

static void take_tick(struct pl_args *args, struct asked *a)
{
	for (int i = 0; red_flags[i]; i++)
		if (strcmp(red_flags[i], args->value) == 0) {
			append_text(a, "tick", args->value);
			return;
		}
	pl_args_fail(args, "--tick: one of stress_fracture, numbness, calf, night_pain, "
			   "not_resolving is expected");
}

static const char *text_key(int option)
{
	switch (option) {
	case 'm':
		return "mat";
	case OPT_SUBJECT:
		return "subject";
	case OPT_SESSION:
		return "session";
	case OPT_ORDER:
		return "order";
	case OPT_PAIN_SIDE:
		return "pain_side";
	case OPT_OPERATOR:
		return "operator";
	case OPT_APPROACH:
		return "approach";
	case OPT_SIDE:
		return "side";
	case OPT_NAME:
		return "name";
	default:
		return NULL;
	}
}

static void take_seed(struct pl_args *args, struct asked *a)
{
	int64_t seed = 0;

	pl_args_integer(args, 0, 4294967295, &seed);
	json_object_set_new(a->keys, "seed", json_integer(seed));
}

static void take_option(struct pl_args *args, struct asked *a, int key)
{
	struct pl_error err = {.code = PL_OK};

	switch (key) {
	case 'j':
		a->json = true;
		break;
	case OPT_WAIT:
		a->wait = true;
		break;
	case PL_OPT_CONTROL:
		a->endpoint = args->value;
		break;
	case OPT_MASS:
		take_number(args, a, "body_mass_kg", 1, 500);
		break;
	case OPT_SPEED:
		take_number(args, a, "speed_kmh", 0.1, 50);
		break;
	case OPT_SECONDS:
		take_number(args, a, "seconds", 0.1, 3600);
		break;
	case OPT_SCORE:
		take_number(args, a, "score", 0, 10);
		break;
	case OPT_SEED:
		take_seed(args, a);
		break;
	case OPT_CONDITION:
		append_text(a, "conditions", args->value);
		break;
	case OPT_TICK:
		take_tick(args, a);
		break;
	case OPT_SET:
		if (pl_annotations_assign(&a->annotations, args->value, &err))
			pl_args_fail(args, "--set: %s", err.message);
		break;
	default:
		json_object_set_new(a->keys, text_key(key), json_string(args->value));
	}
}

static bool listed(const char *list, const char *word)
{
	size_t n = strlen(word);

	for (; *list; list += strcspn(list, " "), list += *list == ' ')
		if (strcspn(list, " ") == n && memcmp(list, word, n) == 0)
			return true;
	return false;
}

/* Operands of one verb: a word or a sentence, or a number. */
static void take_operand(struct pl_args *args, const struct verb *v, json_t *request)
{
	char text[200] = "", *end;
	size_t n = 0;
	double score;

	for (int i = args->first + 1; i < args->argc && n < sizeof(text) - 1; i++)
		n += (size_t)snprintf(text + n, sizeof(text) - n, "%s%s", n ? " " : "",
				      args->argv[i]);
	if (n >= sizeof(text))
		pl_args_fail(args, "%s: too long", v->operand ? v->operand : v->name);
	else if (n > 0 && !v->operand)
		pl_args_fail(args, "'protocol %s' takes no operand", v->name);
	else if (n == 0 && v->needs_operand)
		pl_args_fail(args, "'protocol %s' needs a %s", v->name, v->operand);
	if (args->done || n == 0)
		return;
	if (strcmp(v->operand, "score") != 0) {
		json_object_set_new(request, v->operand, json_string(text));
		return;
	}
	score = strtod(text, &end);
	if (*end || !(score >= 0 && score <= 10))
		pl_args_fail(args, "score: a number from 0 to 10 is expected, not '%s'", text);
	else
		json_object_set_new(request, "score", json_real(score));
}

static json_t *make_request(struct pl_args *args, const struct verb *v, const struct asked *a)
{
	json_t *request = pl_request(v->command, NULL), *value;
	const char *key;
	size_t i;

	json_object_foreach(a->keys, key, value)
	{
		if (!listed(v->keys, key))
			pl_args_fail(args, "'protocol %s' does not take %s", v->name, key);
		else if (strcmp(key, "tick") != 0)
			json_object_set(request, key, value);
	}
	for (i = 0; strcmp(v->name, "flags") == 0 && red_flags[i]; i++)
		json_object_set_new(request, red_flags[i], json_false());
	json_array_foreach(json_object_get(a->keys, "tick"), i, value)
		json_object_set_new(request, json_string_value(value), json_true());
	if (!args->done)
		take_operand(args, v, request);
	return request;
}

/* ---- running ---- */

static bool under_way(const json_t *reply)
{
	static const char *const passing[] = {"countdown", "starting",	"waiting", "recording",
					      "ending",	   "measuring", NULL};
	const char *state = pl_figure_text(json_object_get(reply, "protocol"), "state", "");

	for (int i = 0; passing[i]; i++)
		if (strcmp(state, passing[i]) == 0)
			return true;
	return false;
}

static json_t *wait_for_review(struct pl_client *client, json_t *reply, struct pl_error *err)
{
	while (reply && under_way(reply)) {
		json_decref(reply);
		usleep(100000);
		reply = pl_client_ask(client, pl_request("protocol-status", NULL), ANSWER_MS, err);
	}
	return reply;
}

static void print_reply(const struct verb *v, const struct asked *a, const json_t *reply)
{
	if (a->json) {
		json_dumpf(reply, stdout, JSON_INDENT(2));
		putchar('\n');
	} else if (strcmp(v->name, "list") == 0) {
		pl_protocol_list(reply);
	} else if (strcmp(v->name, "show") == 0) {
		pl_protocol_show(reply);
	} else if (strcmp(v->name, "stop") == 0) {
		printf("stopped\n");
	} else {
		pl_protocol_visit(reply);
	}
}

/* "trial: not now, ..." alone leaves one standing there. */
static void say_what_is_next(struct pl_error *err)
{
	char text[sizeof(err->message)];

	snprintf(text, sizeof(text), "%s", err->message);
	if (strstr(text, "not now"))
		pl_error_set(err, PL_ESTATE, 0, "%s; plantar protocol status says what is next",
			     text);
}

static int ask(const struct pl_subcommand *self, const struct verb *v, const struct asked *a,
	       json_t *request)
{
	struct pl_error err = {.code = PL_OK};
	struct pl_client *client = pl_client_open(a->endpoint, &err);
	json_t *reply = NULL;

	if (client)
		reply = pl_client_ask(client, request, ANSWER_MS, &err);
	else
		json_decref(request);
	if (a->wait)
		reply = wait_for_review(client, reply, &err);
	if (reply)
		print_reply(v, a, reply);
	else if (err.code == PL_ESTATE)
		say_what_is_next(&err);
	pl_client_close(client);
	json_decref(reply);
	return reply ? PL_EXIT_OK : pl_report(self, &err);
}

static int run(const struct pl_subcommand *self, int argc, char **argv)
{
	struct asked a = {.keys = json_object()};
	const struct verb *v = NULL;
	json_t *request = NULL;
	struct pl_args args;
	int key;

	pl_args_begin(&args, self, argc, argv);
	while ((key = pl_args_next(&args)) > 0)
		take_option(&args, &a, key);
	pl_args_operands(&args, 1, -1, "VERB");
	if (!args.done)
		v = find_verb(&args, argv[args.first]);
	pl_client_annotations(a.keys, &a.annotations);
	if (v)
		request = make_request(&args, v, &a);
	json_decref(a.keys);
	if (!args.done)
		return ask(self, v, &a, request);
	json_decref(request);
	return args.exit_code;
}

static const struct pl_option options[] = {
	{OPT_SUBJECT, "subject", "CODE", "begin: who stands on the mat: a code, never a name"},
	{OPT_MASS, "mass", "KG", "begin: body mass"},
	{OPT_CONDITION, "condition", "TEXT",
	 "begin: a condition to compare; once for each of them.\n"
	 "Default: as the protocol says"},
	{OPT_ORDER, "order", "NAME", "begin: fixed, random or abba"},
	{OPT_SEED, "seed", "N", "begin: of the order; default: drawn, and stored"},
	{OPT_PAIN_SIDE, "pain-side", "SIDE", "begin: left, right, both or none"},
	{OPT_OPERATOR, "operator", "TEXT", "begin: who leads the visit"},
	{OPT_SET, "set", "KEY=VALUE",
	 "begin: something else about the person or all trials;\n"
	 "trial: about this one: heel_lift_mm=6, ...; see\n"
	 "plantar annotate --keys"},
	{OPT_SESSION, "session", "UUID", "begin: in this session; default: a new one"},
	PL_OPTION_MAT,
	{OPT_TICK, "tick", "FLAG",
	 "flags: stress_fracture, numbness, calf, night_pain or\n"
	 "not_resolving; once for each that applies"},
	{OPT_NAME, "name", "TEXT", "override: who decides"},
	{OPT_SECONDS, "seconds", "S", "trial: another length, where the step allows it"},
	{OPT_APPROACH, "approach", "NAME", "trial: how the person comes, where the step asks"},
	{OPT_SPEED, "speed", "KMH", "trial: of the treadmill's belt"},
	{OPT_WAIT, "wait", NULL, "trial: come back when it can be accepted or rejected"},
	{OPT_SIDE, "side", "SIDE", "accept: left or right, whose foot it was"},
	{OPT_SCORE, "score", "N", "accept: pain in this trial, 0 to 10"},
	{'j', "json", NULL, "print the daemon's reply as one JSON document"},
	PL_OPTION_CONTROL,
	{0},
};

const struct pl_subcommand pl_cmd_protocol = {
	.name = "protocol",
	.summary = "lead a person through a protocol",
	.synopsis = "list | show PROTOCOL | status [--json]\n"
		    "begin PROTOCOL --subject CODE [--mass KG] [--condition TEXT ...] ...\n"
		    "flags [--tick FLAG ...] | override --name TEXT REASON\n"
		    "trial [--wait] [--seconds S] [--approach NAME] [--set KEY=VALUE ...] | stop\n"
		    "accept [--side SIDE] [--score N] | reject REASON | pain SCORE\n"
		    "next | abort [REASON]",
	.about = "The daemon knows how far the visit is; any number of terminals and screens may\n"
		 "steer it. Each verb is one request and prints what comes next.",
	.options = options,
	.run = run,
};
