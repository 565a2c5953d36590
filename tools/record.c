/* SPDX-License-Identifier: Apache-2.0 */
/*
 * plantar start, stop, mark, tare, weigh: what a person tells a running daemon. Each is one
 * request; what takes time (finishing a file, averaging an empty mat) is waited for, so that when
 * the prompt comes back the thing is done.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include <plantar/annotation.h>

#include "tools/client.h"
#include "tools/figures.h"

#define ANSWER_MS 5000
#define EMPTY_N 50		   /* more than an empty mat's offset should show */
#define FINISH_MS (30 * 60 * 1000) /* an hour's recording on a slow disk */

enum {
	OPT_SUBJECT = PL_OPT_LONG,
	OPT_PROTOCOL,
	OPT_CONDITION,
	OPT_MASS,
	OPT_SECONDS,
	OPT_SESSION,
	OPT_NO_WAIT,
	OPT_CLEAR,
	OPT_SET,
};

struct asked {
	const char *endpoint, *mat;
	const char *subject, *protocol, *condition, *session;
	double mass_kg, seconds;
	bool json, no_wait, clear;
	struct pl_annotations annotations;
};

static void take_options(struct pl_args *args, struct asked *a)
{
	struct pl_error err = {.code = PL_OK};
	int key;

	*a = (struct asked){.mass_kg = NAN, .seconds = NAN};
	while ((key = pl_args_next(args)) > 0) {
		switch (key) {
		case 'j':
			a->json = true;
			break;
		case 'm':
			a->mat = args->value;
			break;
		case PL_OPT_CONTROL:
			a->endpoint = args->value;
			break;
		case OPT_SUBJECT:
			a->subject = args->value;
			break;
		case OPT_PROTOCOL:
			a->protocol = args->value;
			break;
		case OPT_CONDITION:
			a->condition = args->value;
			break;
		case OPT_SESSION:
			a->session = args->value;
			break;
		case OPT_MASS:
			pl_args_number(args, 1, 500, &a->mass_kg);
			break;
		case OPT_SECONDS:
			pl_args_number(args, 0.1, 86400, &a->seconds);
			break;
		case OPT_NO_WAIT:
			a->no_wait = true;
			break;
		case OPT_CLEAR:
			a->clear = true;
			break;
		case OPT_SET:
			if (pl_annotations_assign(&a->annotations, args->value, &err))
				pl_args_fail(args, "--set: %s", err.message);
			break;
		}
	}
}

static void add_text(json_t *request, const char *key, const char *value)
{
	if (value)
		json_object_set_new(request, key, json_string(value));
}

static void add_number(json_t *request, const char *key, double value)
{
	if (!isnan(value))
		json_object_set_new(request, key, json_real(value));
}

static json_t *ask_once(const struct asked *a, json_t *request, int timeout_ms,
			struct pl_error *err)
{
	struct pl_client *client = pl_client_open(a->endpoint, err);
	json_t *reply = NULL;

	if (client)
		reply = pl_client_ask(client, request, timeout_ms, err);
	else
		json_decref(request);
	pl_client_close(client);
	return reply;
}

/* Prints the reply as JSON if asked to; true if it did. */
static bool printed_json(const struct asked *a, const json_t *reply)
{
	if (!a->json)
		return false;
	json_dumpf(reply, stdout, JSON_INDENT(2));
	putchar('\n');
	return true;
}

static int run_start(const struct pl_subcommand *self, int argc, char **argv)
{
	struct pl_error err = {.code = PL_OK};
	json_t *request, *reply;
	const json_t *trial;
	struct pl_args args;
	struct asked a;
	size_t i;

	pl_args_begin(&args, self, argc, argv);
	take_options(&args, &a);
	pl_args_operands(&args, 0, 0, "");
	if (args.done)
		return args.exit_code;
	request = pl_request("start", a.mat);
	add_text(request, "subject", a.subject);
	add_text(request, "protocol", a.protocol);
	add_text(request, "condition", a.condition);
	add_text(request, "session", a.session);
	add_number(request, "body_mass_kg", a.mass_kg);
	add_number(request, "seconds", a.seconds);
	pl_client_annotations(request, &a.annotations);
	reply = ask_once(&a, request, ANSWER_MS, &err);
	if (!reply)
		return pl_report(self, &err);
	if (!printed_json(&a, reply)) {
		printf("session %s\n", pl_figure_text(reply, "session_uuid", "-"));
		json_array_foreach(json_object_get(reply, "trials"), i, trial)
			printf("  recording %s to %s\n", pl_figure_text(trial, "mat", "-"),
			       pl_figure_text(trial, "path", "-"));
	}
	json_decref(reply);
	return PL_EXIT_OK;
}

/* Waits until the daemon has turned the journal of one trial into its file. */
static int wait_finished(struct pl_client *client, const char *path, struct pl_error *err)
{
	json_t *request = pl_request("wait", NULL), *reply;

	add_text(request, "path", path);
	reply = pl_client_ask(client, request, FINISH_MS, err);
	json_decref(reply);
	return reply ? 0 : -1;
}

static int finish_all(struct pl_client *client, const json_t *reply, const struct asked *a,
		      struct pl_error *err)
{
	const json_t *trial;
	size_t i;

	json_array_foreach(json_object_get(reply, "trials"), i, trial)
	{
		const char *path = pl_figure_text(trial, "path", "");
		json_int_t missing = json_integer_value(json_object_get(trial, "gap_frames"));

		if (!a->no_wait && wait_finished(client, path, err) < 0)
			return -1;
		if (a->json)
			continue;
		printf("%s%s\n  %" JSON_INTEGER_FORMAT " frames", path,
		       a->no_wait ? " (being finished)" : "",
		       json_integer_value(json_object_get(trial, "frames")));
		if (missing)
			printf(", %" JSON_INTEGER_FORMAT " missing: see /gaps", missing);
		putchar('\n');
	}
	return 0;
}

static int run_stop(const struct pl_subcommand *self, int argc, char **argv)
{
	struct pl_error err = {.code = PL_OK};
	struct pl_client *client;
	json_t *reply = NULL;
	struct pl_args args;
	struct asked a;
	int r = -1;

	pl_args_begin(&args, self, argc, argv);
	take_options(&args, &a);
	pl_args_operands(&args, 0, 0, "");
	if (args.done)
		return args.exit_code;
	client = pl_client_open(a.endpoint, &err);
	if (client)
		reply = pl_client_ask(client, pl_request("stop", a.mat), ANSWER_MS, &err);
	if (reply)
		r = finish_all(client, reply, &a, &err);
	if (r == 0)
		printed_json(&a, reply);
	json_decref(reply);
	pl_client_close(client);
	return r == 0 ? PL_EXIT_OK : pl_report(self, &err);
}

/* Is the mat that was meant, or any, being recorded? True when that cannot be found out. */
static bool recording(const struct asked *a)
{
	struct pl_error err = {.code = PL_OK};
	json_t *reply = ask_once(a, pl_request("status", NULL), ANSWER_MS, &err);
	const json_t *mat;
	bool any = !reply;
	size_t i;

	json_array_foreach(json_object_get(json_object_get(reply, "status"), "mats"), i, mat)
	{
		bool meant = !a->mat || strcmp(a->mat, pl_figure_text(mat, "mat", "")) == 0;

		any |= meant && json_is_object(json_object_get(mat, "recording"));
	}
	json_decref(reply);
	return any;
}

static int run_mark(const struct pl_subcommand *self, int argc, char **argv)
{
	struct pl_error err = {.code = PL_OK};
	json_t *request, *reply;
	struct pl_args args;
	struct asked a;
	char text[400] = "";
	size_t used = 0;

	pl_args_begin(&args, self, argc, argv);
	take_options(&args, &a);
	pl_args_operands(&args, 0, -1, "TEXT");
	for (int i = args.first; !args.done && i < argc; i++) {
		int n = snprintf(text + used, sizeof(text) - used, "%s%s", used ? " " : "",
				 argv[i]);

		if (n < 0 || (size_t)n >= sizeof(text) - used)
			pl_args_fail(&args, "a mark holds at most %zu bytes", sizeof(text) - 1);
		else
			used += (size_t)n;
	}
	if (args.done)
		return args.exit_code;
	request = pl_request("mark", a.mat);
	add_text(request, "text", text);
	reply = ask_once(&a, request, ANSWER_MS, &err);
	if (!reply)
		return pl_report(self, &err);
	if (!printed_json(&a, reply))
		printf("marked%s%s%s\n", used ? ": " : "", text,
		       recording(&a) ? "" : " (but nothing is being recorded)");
	json_decref(reply);
	return PL_EXIT_OK;
}

/* A tare of somebody who stands on the mat is a recording of nonsense an hour later. */
static void print_tared(const struct pl_subcommand *self, const json_t *mat, bool cleared)
{
	double load_n = json_number_value(json_object_get(mat, "mean_force_n"));
	const char *name = pl_figure_text(mat, "mat", "-");
	char buf[32];

	printf("%s: %s, calibration %s, largest cell %s counts\n", name,
	       cleared ? "tare removed" : "tared", pl_figure_text(mat, "calibration", "none"),
	       pl_figure(json_object_get(mat, "mean_counts_max"), buf));
	if (load_n > EMPTY_N)
		pl_say(self,
		       "%s showed %.0f N while it was tared; if somebody stood on it, step off and "
		       "tare again",
		       name, load_n);
}

static int run_tare(const struct pl_subcommand *self, int argc, char **argv)
{
	struct pl_error err = {.code = PL_OK};
	json_t *request, *reply;
	const json_t *mat;
	struct pl_args args;
	struct asked a;
	size_t i;

	pl_args_begin(&args, self, argc, argv);
	take_options(&args, &a);
	pl_args_operands(&args, 0, 0, "");
	if (!args.done && a.clear && !isnan(a.seconds))
		pl_args_fail(&args, "--clear takes no --seconds");
	if (args.done)
		return args.exit_code;
	request = pl_request("tare", a.mat);
	add_number(request, "seconds", a.seconds);
	if (a.clear)
		json_object_set_new(request, "clear", json_true());
	reply = ask_once(&a, request,
			 ANSWER_MS + (isnan(a.seconds) ? 1000 : (int)(1000 * a.seconds)), &err);
	if (!reply)
		return pl_report(self, &err);
	if (!printed_json(&a, reply)) {
		json_array_foreach(json_object_get(reply, "mats"), i, mat)
			print_tared(self, mat, a.clear);
	}
	json_decref(reply);
	return PL_EXIT_OK;
}

static int run_weigh(const struct pl_subcommand *self, int argc, char **argv)
{
	struct pl_error err = {.code = PL_OK};
	json_t *request, *reply;
	char measured[32], expected[32], ratio[32];
	struct pl_args args;
	struct asked a;
	bool ok;

	pl_args_begin(&args, self, argc, argv);
	take_options(&args, &a);
	pl_args_operands(&args, 0, 0, "");
	if (!args.done && isnan(a.mass_kg))
		pl_args_fail(&args, "--mass is needed: what the person weighs, in kilograms");
	if (args.done)
		return args.exit_code;
	request = pl_request("weigh", a.mat);
	add_number(request, "body_mass_kg", a.mass_kg);
	add_number(request, "seconds", a.seconds);
	reply = ask_once(&a, request,
			 ANSWER_MS + (isnan(a.seconds) ? 2000 : (int)(1000 * a.seconds)), &err);
	if (!reply)
		return pl_report(self, &err);
	ok = json_is_true(json_object_get(reply, "within_5_pct"));
	if (!printed_json(&a, reply))
		printf("measured %s N, expected %s N, ratio %s: %s\n",
		       pl_figure(json_object_get(reply, "measured_n"), measured),
		       pl_figure(json_object_get(reply, "expected_n"), expected),
		       pl_figure(json_object_get(reply, "ratio"), ratio),
		       ok ? "within 5 %"
			  : "more than 5 % off: tare the empty mat, check the mass and the "
			    "calibration");
	json_decref(reply);
	return ok ? PL_EXIT_OK : PL_EXIT_FAILED;
}

#define JSON_OPTION                                                                \
	{                                                                          \
		'j', "json", NULL, "print the daemon's reply as one JSON document" \
	}
#define MASS_OPTION(text)                    \
	{                                    \
		OPT_MASS, "mass", "KG", text \
	}

static const struct pl_option start_options[] = {
	{OPT_SUBJECT, "subject", "CODE", "who stands on the mat: a code, never a name"},
	{OPT_PROTOCOL, "protocol", "NAME", "what the person is asked to do"},
	{OPT_CONDITION, "condition", "TEXT", "barefoot, \"heel lift 6 mm\", ..."},
	MASS_OPTION("body mass, stored with the recording"),
	{OPT_SET, "set", "KEY=VALUE",
	 "an annotation, any number of times: heel_lift_mm=6,\n"
	 "surface=barefoot, ...; plantar annotate --keys"},
	{OPT_SECONDS, "seconds", "S", "stop by itself after so long"},
	{OPT_SESSION, "session", "UUID", "another trial of this session; default: a new session"},
	PL_OPTION_MAT,
	JSON_OPTION,
	PL_OPTION_CONTROL,
	{0},
};

static const struct pl_option stop_options[] = {
	{OPT_NO_WAIT, "no-wait", NULL, "do not wait until the .h5 file is finished"},
	PL_OPTION_MAT,
	JSON_OPTION,
	PL_OPTION_CONTROL,
	{0},
};

static const struct pl_option mark_options[] = {PL_OPTION_MAT, JSON_OPTION, PL_OPTION_CONTROL, {0}};

static const struct pl_option tare_options[] = {
	{OPT_SECONDS, "seconds", "S", "how long to average the empty mat; default 1"},
	{OPT_CLEAR, "clear", NULL, "take the tare away"},
	PL_OPTION_MAT,
	JSON_OPTION,
	PL_OPTION_CONTROL,
	{0},
};

static const struct pl_option weigh_options[] = {
	MASS_OPTION("what the person on the mat weighs"),
	{OPT_SECONDS, "seconds", "S", "how long to average; default 2"},
	PL_OPTION_MAT,
	JSON_OPTION,
	PL_OPTION_CONTROL,
	{0},
};

const struct pl_subcommand pl_cmd_start = {
	.name = "start",
	.summary = "start recording",
	.synopsis = "[--subject CODE] [--condition TEXT] [--mass KG] [--set KEY=VALUE]...",
	.about = "Prints the session and the file that 'plantar stop' will have finished. With "
		 "several\n"
		 "mats, each gets a trial of the same session.",
	.options = start_options,
	.run = run_start,
};

const struct pl_subcommand pl_cmd_stop = {
	.name = "stop",
	.summary = "stop recording and finish the file",
	.synopsis = "[--no-wait] [--mat NAME] [--json]",
	.about = "Returns when the .h5 file is complete, verified and in place. With --no-wait it "
		 "is\n"
		 "finished behind the scenes; 'plantar status' shows when.",
	.options = stop_options,
	.run = run_stop,
};

const struct pl_subcommand pl_cmd_mark = {
	.name = "mark",
	.summary = "put a remark into the running recording",
	.synopsis = "[TEXT ...] [--mat NAME]",
	.about = "The mark falls on the next frame: an event with TEXT, and a flag in "
		 "/frames/flags.",
	.options = mark_options,
	.run = run_mark,
};

const struct pl_subcommand pl_cmd_tare = {
	.name = "tare",
	.summary = "take the empty mat as zero",
	.synopsis = "[--seconds S | --clear] [--mat NAME]",
	.about = "Averages the empty mat and subtracts it from every cell from then on. Not while\n"
		 "recording: a recording has one calibration. Raw counts are archived untouched.",
	.options = tare_options,
	.run = run_tare,
};

const struct pl_subcommand pl_cmd_weigh = {
	.name = "weigh",
	.summary = "check the calibration by a person's weight",
	.synopsis = "--mass KG [--seconds S] [--mat NAME]",
	.about = "Somebody of known mass stands quietly, wholly on the mat. Exit 0 when the "
		 "measured\n"
		 "force is within 5 % of mass x 9.80665 m/s2, 1 when it is not.",
	.options = weigh_options,
	.run = run_weigh,
};
