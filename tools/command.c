/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Options, help and messages of all subcommands. getopt_long does the work, but three of its
 * habits are bent: it may not print (its messages name the program, not the command), it may not
 * accept abbreviations (a script that says --rec today would break when --recompute and --record
 * both exist), and a wrong option gets the nearest right one offered.
 */
#include "tools/command.h"

#include <errno.h>
#include <getopt.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/archives.h"

#define OPTIONS_MAX 48
#define KEY_HELP 'h'

static const struct pl_option help_option = {
	.key = KEY_HELP, .name = "help", .help = "show this help and exit"};

static size_t count_options(const struct pl_subcommand *command)
{
	size_t n = 0;

	while (command->options && command->options[n].name)
		n++;
	return n;
}

static size_t edit_distance(const char *a, const char *b)
{
	size_t row[64], n = strlen(b);

	if (n >= sizeof(row) / sizeof(row[0]))
		return SIZE_MAX;
	for (size_t j = 0; j <= n; j++)
		row[j] = j;
	for (size_t i = 1; a[i - 1]; i++) {
		size_t diagonal = row[0];

		row[0] = i;
		for (size_t j = 1; j <= n; j++) {
			size_t best = diagonal + (a[i - 1] != b[j - 1]);

			diagonal = row[j];
			if (row[j] + 1 < best)
				best = row[j] + 1;
			if (row[j - 1] + 1 < best)
				best = row[j - 1] + 1;
			row[j] = best;
		}
	}
	return row[n];
}

const char *pl_nearest(const char *word, const char *const *names, size_t n)
{
	const char *nearest = NULL;
	size_t best = SIZE_MAX, length = strlen(word);

	for (size_t i = 0; i < n; i++) {
		size_t distance = edit_distance(word, names[i]);

		if (length >= 2 && strncmp(word, names[i], length) == 0)
			distance = 1; /* a beginning is as good as one slip of a finger */
		if (distance < best) {
			best = distance;
			nearest = names[i];
		}
	}
	return best <= 2 && best < length ? nearest : NULL;
}

static void complain(const struct pl_subcommand *command, const char *fmt, va_list ap)
	__attribute__((format(printf, 2, 0)));

static void complain(const struct pl_subcommand *command, const char *fmt, va_list ap)
{
	fflush(stdout); /* in the order in which things were said, when both go to one place */
	fprintf(stderr, "plantar %s: ", command->name);
	vfprintf(stderr, fmt, ap);
	fputc('\n', stderr);
}

void pl_say(const struct pl_subcommand *command, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	complain(command, fmt, ap);
	va_end(ap);
}

int pl_report(const struct pl_subcommand *command, const struct pl_error *err)
{
	pl_say(command, "%s", err->message);
	if (getenv("PLANTARD_LOOK")) /* plantard asks, and passes the code on: daemon/look.c */
		fprintf(stderr, "error %d %s\n", (int)err->code, err->message);
	switch (err->code) {
	case PL_EUSAGE:
		return PL_EXIT_USAGE;
	case PL_ECONFIG:
		return PL_EXIT_CONFIG;
	default:
		return PL_EXIT_FAILED;
	}
}

static void log_line(void *user, enum pl_level level, const char *text)
{
	(void)level;
	pl_say(user, "%s", text);
}

struct pl_log pl_command_log(const struct pl_subcommand *command, bool verbose)
{
	return (struct pl_log){.sink = log_line,
			       .user = (void *)(uintptr_t)command,
			       .max = verbose ? PL_DEBUG : PL_NOTICE};
}

int pl_args_fail(struct pl_args *args, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	complain(args->command, fmt, ap);
	va_end(ap);
	fprintf(stderr, "Try 'plantar help %s'.\n", args->command->name);
	args->done = true;
	args->exit_code = PL_EXIT_USAGE;
	return args->exit_code;
}

void pl_args_begin(struct pl_args *args, const struct pl_subcommand *command, int argc, char **argv)
{
	*args = (struct pl_args){.command = command, .argc = argc, .argv = argv};
	optind = 0; /* GNU: forget everything about an earlier scan */
	opterr = 0;
}

/* getopt's own tables, made from ours. */
static void make_tables(const struct pl_subcommand *command, struct option *longs, char *shorts)
{
	size_t n = count_options(command), length = 0;

	shorts[length++] = ':'; /* tell a missing argument from an unknown option */
	for (size_t i = 0; i < n && i < OPTIONS_MAX; i++) {
		const struct pl_option *o = &command->options[i];

		longs[i] = (struct option){.name = o->name,
					   .has_arg = o->arg ? required_argument : no_argument,
					   .val = o->key};
		if (o->key < PL_OPT_LONG) {
			shorts[length++] = (char)o->key;
			if (o->arg)
				shorts[length++] = ':';
		}
	}
	shorts[length++] = KEY_HELP;
	longs[n] = (struct option){.name = help_option.name, .val = help_option.key};
	longs[n + 1] = (struct option){0};
	shorts[length] = '\0';
}

static const struct pl_option *find_option(const struct pl_subcommand *command, int key)
{
	for (size_t i = 0; i < count_options(command); i++)
		if (command->options[i].key == key)
			return &command->options[i];
	return key == KEY_HELP ? &help_option : NULL;
}

/* The long option that getopt just looked at, without dashes and value. */
static void current_word(const struct pl_args *args, char *word, size_t cap)
{
	int i = optind - 1;
	const char *text;

	if (optarg && i > 1 && args->argv[i] == optarg)
		i--; /* --name VALUE */
	text = args->argv[i];
	text += strspn(text, "-");
	snprintf(word, cap, "%.*s", (int)strcspn(text, "="), text);
}

static void unknown_option(struct pl_args *args, const char *word)
{
	const char *names[OPTIONS_MAX + 1], *nearest;
	size_t n = count_options(args->command);

	for (size_t i = 0; i < n; i++)
		names[i] = args->command->options[i].name;
	names[n] = help_option.name;
	nearest = pl_nearest(word, names, n + 1);
	if (nearest)
		pl_args_fail(args, "unknown option '--%s'; did you mean '--%s'?", word, nearest);
	else
		pl_args_fail(args, "unknown option '--%s'", word);
}

/* What getopt refused: '?' or ':'. */
static void refused(struct pl_args *args, int key)
{
	const struct pl_option *o = optopt ? find_option(args->command, optopt) : NULL;
	char word[64];

	if (o && key == ':')
		pl_args_fail(args, "option '--%s' wants a value: --%s %s", o->name, o->name,
			     o->arg);
	else if (o)
		pl_args_fail(args, "option '--%s' takes no value", o->name);
	else if (optopt) {
		pl_args_fail(args, "unknown option '-%c'", optopt);
	} else {
		current_word(args, word, sizeof(word));
		unknown_option(args, word);
	}
}

int pl_args_next(struct pl_args *args)
{
	struct option longs[OPTIONS_MAX + 2];
	char shorts[2 * OPTIONS_MAX + 3], word[64];
	int key, index = -1;

	if (args->done)
		return 0;
	make_tables(args->command, longs, shorts);
	key = getopt_long(args->argc, args->argv, shorts, longs, &index);
	if (key == -1) {
		args->first = optind;
		return 0;
	}
	args->option = find_option(args->command, key);
	current_word(args, word, sizeof(word));
	if (key == '?' || key == ':') {
		refused(args, key);
	} else if (index >= 0 && strcmp(word, longs[index].name) != 0) {
		unknown_option(args, word); /* an abbreviation */
	} else if (key == KEY_HELP) {
		pl_command_help(args->command);
		args->done = true;
		args->exit_code = PL_EXIT_OK;
	}
	args->value = optarg;
	if (!args->done && (key == PL_OPT_KEY || key == PL_OPT_SERVER_KEY)) {
		setenv(key == PL_OPT_KEY ? "PLANTARD_KEY" : "PLANTARD_SERVER_KEY", optarg, 1);
		return pl_args_next(args);
	}
	if (!args->done && key == PL_OPT_ARCHIVE) {
		if (!pl_archive_take(optarg))
			pl_args_fail(args, "--archive wants a folder, and at most %d of them",
				     PL_SESSIONS_MAX);
		return pl_args_next(args);
	}
	return args->done ? 0 : key;
}

static void wrong_value(struct pl_args *args, const char *wanted)
{
	pl_args_fail(args, "--%s wants %s, not '%s'", args->option->name, wanted, args->value);
}

void pl_args_number(struct pl_args *args, double min, double max, double *out)
{
	char *end, wanted[96];
	double value;

	errno = 0;
	value = strtod(args->value, &end);
	if (end != args->value && !*end && !errno && value >= min && value <= max) {
		*out = value;
		return;
	}
	if (isinf(max))
		snprintf(wanted, sizeof(wanted), "a number of at least %g", min);
	else
		snprintf(wanted, sizeof(wanted), "a number from %g to %g", min, max);
	wrong_value(args, wanted);
}

void pl_args_integer(struct pl_args *args, int64_t min, int64_t max, int64_t *out)
{
	char *end, wanted[96];
	long long value;

	errno = 0;
	value = strtoll(args->value, &end, 10);
	if (end != args->value && !*end && !errno && value >= min && value <= max) {
		*out = value;
		return;
	}
	if (max == INT64_MAX)
		snprintf(wanted, sizeof(wanted), "a whole number of at least %lld", (long long)min);
	else
		snprintf(wanted, sizeof(wanted), "a whole number from %lld to %lld", (long long)min,
			 (long long)max);
	wrong_value(args, wanted);
}

void pl_args_choice(struct pl_args *args, const char *const *names, int *out)
{
	char wanted[256] = "one of";
	size_t length = strlen(wanted);

	for (int i = 0; names[i]; i++) {
		if (strcmp(args->value, names[i]) == 0) {
			*out = i;
			return;
		}
		if (length < sizeof(wanted))
			length += (size_t)snprintf(wanted + length, sizeof(wanted) - length,
						   "%s %s", i ? "," : "", names[i]);
	}
	wrong_value(args, wanted);
}

void pl_args_parse(struct pl_args *args, int (*parse)(const char *name), const char *choices,
		   int *out)
{
	char wanted[256];
	int value = parse(args->value);

	if (value >= 0) {
		*out = value;
		return;
	}
	snprintf(wanted, sizeof(wanted), "one of %s", choices);
	wrong_value(args, wanted);
}

void pl_args_operands(struct pl_args *args, int min, int max, const char *what)
{
	int n = args->argc - args->first;

	if (args->done)
		return;
	if (n < min)
		pl_args_fail(args, "%s is missing", what);
	else if (max >= 0 && n > max)
		pl_args_fail(args, "'%s' is one operand too many", args->argv[args->first + max]);
}

static void print_option(const struct pl_option *o)
{
	char left[64];
	const char *line = o->help;
	size_t n;

	if (o->key > ' ' && o->key < PL_OPT_LONG)
		snprintf(left, sizeof(left), "  -%c, --%s%s%s", o->key, o->name, o->arg ? " " : "",
			 o->arg ? o->arg : "");
	else
		snprintf(left, sizeof(left), "      --%s%s%s", o->name, o->arg ? " " : "",
			 o->arg ? o->arg : "");
	if (strlen(left) > 28)
		printf("%s\n%-30s", left, "");
	else
		printf("%-30s", left);
	for (;; line += n + 1) {
		n = strcspn(line, "\n");
		printf("%.*s\n", (int)n, line);
		if (!line[n])
			return;
		printf("%-30s", "");
	}
}

void pl_command_help(const struct pl_subcommand *command)
{
	const char *line = command->synopsis;
	const char *lead = "usage:";

	printf("plantar %s: %s\n\n", command->name, command->summary);
	for (;;) {
		size_t n = strcspn(line, "\n");

		printf("%s plantar %s%s%.*s\n", lead, command->name, n ? " " : "", (int)n, line);
		if (!line[n])
			break;
		line += n + 1;
		lead = "      ";
	}
	printf("\n%s\n\noptions:\n", command->about);
	for (size_t i = 0; i < count_options(command); i++)
		print_option(&command->options[i]);
	print_option(&help_option);
}
