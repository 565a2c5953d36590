/* SPDX-License-Identifier: Apache-2.0 */
/*
 * plantar annotate: what is known of a finished recording is said afterwards, and kept in it with
 * who said so and when. What the analysis found and got wrong is corrected by plantar correct.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <plantar/amend.h>

#include "tools/amending.h"
#include "tools/archives.h"
#include "tools/command.h"

enum {
	OPT_NOTE = PL_OPT_LONG,
	OPT_MARK,
	OPT_REJECT,
	OPT_ACCEPT,
	OPT_KEYS,
};

struct asked {
	struct pl_amending to;
	bool keys;
	char key[PL_AMENDING_VALUES][64];
};

static void add_event(struct pl_args *args, struct asked *a, const char *kind, double t_s,
		      const char *text)
{
	if (a->to.amend.events == PL_AMENDING_EVENTS) {
		pl_args_fail(args, "at most %d notes and marks at a time", PL_AMENDING_EVENTS);
		return;
	}
	a->to.event[a->to.amend.events++] =
		(struct pl_amend_event){.kind = kind, .t_s = t_s, .text = text};
}

static void take_mark(struct pl_args *args, struct asked *a)
{
	char *end;
	double t_s = strtod(args->value, &end);

	if (end == args->value || *end != ':' || !(t_s >= 0) || isinf(t_s)) {
		pl_args_fail(args, "--mark wants seconds since the start, a colon and a text: "
				   "12.5:stumbled");
		return;
	}
	a->to.of_one = "a mark is at one moment";
	add_event(args, a, "mark", t_s, end + 1);
}

static void take_value(struct pl_args *args, struct asked *a, const char *assignment)
{
	size_t n = strcspn(assignment, "="), i = a->to.amend.values;

	if (!assignment[n] || n == 0 || n >= sizeof(a->key[0])) {
		pl_args_fail(args, "KEY=VALUE is expected, not '%s'", assignment);
		return;
	}
	if (i == PL_AMENDING_VALUES) {
		pl_args_fail(args, "at most %d values at a time", PL_AMENDING_VALUES);
		return;
	}
	snprintf(a->key[i], sizeof(a->key[i]), "%.*s", (int)n, assignment);
	a->to.value[i] = (struct pl_amend_value){.key = a->key[i], .value = assignment + n + 1};
	a->to.amend.values++;
}

static void print_range(const struct pl_annotation_key *k)
{
	switch (k->type) {
	case PL_ANNOTATION_NUMBER:
		printf("%g to %g%s%s", k->min, k->max, *k->unit ? " " : "", k->unit);
		break;
	case PL_ANNOTATION_WORD:
	case PL_ANNOTATION_WORDS:
		for (size_t i = 0; k->words[i]; i++)
			printf("%s%s", i ? ", " : "", k->words[i]);
		if (k->type == PL_ANNOTATION_WORDS)
			printf("; or several: a,b");
		break;
	case PL_ANNOTATION_BOOL:
		printf("true, false");
		break;
	case PL_ANNOTATION_TEXT:
		printf("text, at most %g bytes", k->max);
		break;
	case PL_ANNOTATION_CODE:
		printf("a code, at most %g characters", k->max);
		break;
	case PL_ANNOTATION_FEET:
		printf("set by plantar correct --foot");
		break;
	case PL_ANNOTATION_STEPS:
		printf("set by plantar correct --reject-step");
		break;
	}
}

static int print_keys(void)
{
	const struct pl_annotation_key *k;
	size_t n;

	k = pl_annotation_keys(&n);
	for (size_t i = 0; i < n; i++) {
		printf("%-28s %-8s %s: ", k[i].name,
		       k[i].group == PL_ANNOTATION_SUBJECT ? "subject" : "trial", k[i].help);
		print_range(&k[i]);
		putchar('\n');
	}
	return PL_EXIT_OK;
}

static void take_annotate(struct pl_args *args, struct asked *a)
{
	int key;

	while ((key = pl_args_next(args)) > 0) {
		switch (key) {
		case 'j':
			a->to.json = true;
			break;
		case PL_OPT_BY:
			pl_amending_by(args, &a->to);
			break;
		case OPT_KEYS:
			a->keys = true;
			break;
		case OPT_NOTE:
			add_event(args, a, "note", 0, args->value);
			break;
		case OPT_MARK:
			take_mark(args, a);
			break;
		case OPT_REJECT:
			add_event(args, a, "reject", 0, args->value);
			break;
		case OPT_ACCEPT:
			add_event(args, a, "accept", 0, "");
			break;
		}
	}
}

static int run_annotate(const struct pl_subcommand *self, int argc, char **argv)
{
	struct asked *a = calloc(1, sizeof(*a));
	struct pl_args args;
	int code;

	if (!a) {
		pl_say(self, "out of memory");
		return PL_EXIT_FAILED;
	}
	a->to.self = self;
	pl_args_begin(&args, self, argc, argv);
	take_annotate(&args, a);
	pl_args_operands(&args, a->keys ? 0 : 1, -1, "SESSION or TRIAL");
	for (int i = args.first + 1; !args.done && i < argc; i++)
		take_value(&args, a, argv[i]);
	if (!args.done && !a->keys && !a->to.amend.values && !a->to.amend.events)
		pl_args_fail(&args, "nothing to add: KEY=VALUE, --note or --mark is missing");
	if (args.done)
		code = args.exit_code;
	else
		code = a->keys ? print_keys() : pl_amending_run(&a->to, argv[args.first]);
	free(a);
	return code;
}

static const struct pl_option annotate_options[] = {
	{OPT_NOTE, "note", "TEXT", "a note about the trial, or about each trial of the session"},
	{OPT_MARK, "mark", "T:TEXT", "a mark at T seconds since the start of the trial"},
	{OPT_REJECT, "reject", "REASON", "the trial is not to be used; comparisons leave it out"},
	{OPT_ACCEPT, "accept", NULL, "the trial is to be used after all"},
	{OPT_KEYS, "keys", NULL, "list the keys and what each may be"},
	PL_OPTION_BY,
	PL_OPTION_ARCHIVE,
	{'j', "json", NULL, "print one JSON document"},
	{0},
};

const struct pl_subcommand pl_cmd_annotate = {
	.name = "annotate",
	.summary = "say more about a finished recording",
	.synopsis = "SESSION|TRIAL KEY=VALUE... [--note TEXT] [--mark T:TEXT] [--json]\n"
		    "--keys",
	.about = "Adds or changes annotations of a trial (trial-NNN.h5), or of all trials of a\n"
		 "session's folder: body_mass_kg=70.5, pain_score=3, surface=barefoot, ...;\n"
		 "KEY= takes a value away. Frames and figures recorded are never touched. Who\n"
		 "changed what, and when, is kept in the file; plantar info shows it.",
	.options = annotate_options,
	.run = run_annotate,
};
