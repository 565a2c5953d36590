/* SPDX-License-Identifier: Apache-2.0 */
/*
 * plantar: everything a person does with mats and recordings from a terminal, one subcommand
 * each. This file only finds the command; what a command is stands in command.h.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "tools/command.h"

static int run_help(const struct pl_subcommand *self, int argc, char **argv);
static int run_version(const struct pl_subcommand *self, int argc, char **argv);

static const struct pl_subcommand cmd_help = {
	.name = "help",
	.summary = "explain a command",
	.synopsis = "[CMD]",
	.about = "Without CMD, lists all commands. The manual has more: man plantar-CMD.",
	.run = run_help,
};

static const struct pl_option version_options[] = {
	{'j', "json", NULL, "print one JSON document"},
	{0},
};

static const struct pl_subcommand cmd_version = {
	.name = "version",
	.summary = "say which version this is",
	.synopsis = "[--json]",
	.about = "The same as plantar --version. A recording carries the version that made it:\n"
		 "plantar info shows it.",
	.options = version_options,
	.run = run_version,
};

/* In the order of the help: from the person on the mat to the numbers on paper. */
static const struct pl_subcommand *const commands[] = {
	/* a daemon at work */
	&pl_cmd_list,
	&pl_cmd_status,
	&pl_cmd_watch,
	&pl_cmd_start,
	&pl_cmd_stop,
	&pl_cmd_mark,
	&pl_cmd_tare,
	&pl_cmd_weigh,
	&pl_cmd_calibrate,
	&pl_cmd_protocol,
	&pl_cmd_keygen,
	/* recordings */
	&pl_cmd_sessions,
	&pl_cmd_info,
	&pl_cmd_analyze,
	&pl_cmd_compare,
	&pl_cmd_trend,
	&pl_cmd_report,
	&pl_cmd_annotate,
	&pl_cmd_correct,
	&pl_cmd_export,
	&pl_cmd_import,
	&pl_cmd_verify,
	&pl_cmd_seal,
	&pl_cmd_recover,
	&pl_cmd_erase,
	/* a mat that is not there */
	&pl_cmd_simulate,
	&pl_cmd_replay,
	&pl_cmd_capture,
	&pl_cmd_probe,
	&cmd_help,
	&cmd_version,
};
#define COMMANDS (sizeof(commands) / sizeof(commands[0]))

/* What `plantar help` writes above some of them; plantar(1) has the same parts. */
static const struct {
	const struct pl_subcommand *first;
	const char *title;
} parts[] = {
	{&pl_cmd_list, "with a running daemon"},
	{&pl_cmd_sessions, "with recordings"},
	{&pl_cmd_simulate, "without a mat"},
	{&cmd_help, "about plantar"},
};

static const struct pl_subcommand *find(const char *name)
{
	for (size_t i = 0; i < COMMANDS; i++)
		if (strcmp(commands[i]->name, name) == 0)
			return commands[i];
	return NULL;
}

static int unknown_command(const char *name)
{
	const char *names[COMMANDS], *nearest;

	for (size_t i = 0; i < COMMANDS; i++)
		names[i] = commands[i]->name;
	nearest = pl_nearest(name, names, COMMANDS);
	fprintf(stderr, "plantar: there is no command '%s'", name);
	if (nearest)
		fprintf(stderr, "; did you mean 'plantar %s'?", nearest);
	fprintf(stderr, "\nTry 'plantar help'.\n");
	return PL_EXIT_USAGE;
}

static void list_commands(FILE *out)
{
	fprintf(out, "plantar: force-sensor mats, their recordings and their numbers\n\n"
		     "usage: plantar CMD [ARGUMENTS]\n"
		     "       plantar help CMD\n"
		     "       plantar --version\n\n");
	for (size_t i = 0; i < COMMANDS; i++) {
		for (size_t k = 0; k < sizeof(parts) / sizeof(parts[0]); k++)
			if (parts[k].first == commands[i])
				fprintf(out, "%s%s:\n", i ? "\n" : "", parts[k].title);
		fprintf(out, "  %-10s %s\n", commands[i]->name, commands[i]->summary);
	}
}

static int run_help(const struct pl_subcommand *self, int argc, char **argv)
{
	const struct pl_subcommand *command;
	struct pl_args args;

	pl_args_begin(&args, self, argc, argv);
	pl_args_next(&args);
	pl_args_operands(&args, 0, 1, "CMD");
	if (args.done)
		return args.exit_code;
	if (args.first == argc) {
		list_commands(stdout);
		return PL_EXIT_OK;
	}
	command = find(argv[args.first]);
	if (!command)
		return unknown_command(argv[args.first]);
	pl_command_help(command);
	return PL_EXIT_OK;
}

static int run_version(const struct pl_subcommand *self, int argc, char **argv)
{
	struct pl_args args;
	bool json = false;

	pl_args_begin(&args, self, argc, argv);
	while (pl_args_next(&args) > 0)
		json = true;
	pl_args_operands(&args, 0, 0, "");
	if (args.done)
		return args.exit_code;
	if (json)
		printf("{\"software\":\"plantar\",\"version\":\"%s\"}\n", PLANTAR_VERSION);
	else
		printf("plantar %s\n", PLANTAR_VERSION);
	return PL_EXIT_OK;
}

static int dispatch(int argc, char **argv)
{
	const struct pl_subcommand *command;

	if (argc < 2) {
		list_commands(stderr);
		return PL_EXIT_USAGE;
	}
	if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)
		argv[1] = "help";
	else if (strcmp(argv[1], "--version") == 0)
		argv[1] = "version";
	command = find(argv[1]);
	if (!command)
		return unknown_command(argv[1]);
	return command->run(command, argc - 1, argv + 1);
}

int main(int argc, char **argv)
{
	int code = dispatch(argc, argv);

	/* A result that did not reach its file is not a result. */
	if (fflush(stdout) != 0 || ferror(stdout)) {
		fprintf(stderr, "plantar: cannot write the output: %s\n", strerror(errno));
		if (code == PL_EXIT_OK)
			code = PL_EXIT_FAILED;
	}
	return code;
}
