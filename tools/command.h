/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a subcommand of `plantar` is, and what all of them share: options, messages, exit codes.
 *
 * A command describes itself with data. The option table is the one source of what getopt_long
 * accepts, of `plantar help CMD` and of what a test asks of its man page, so the three cannot
 * tell different stories. To add a command: one .c file that defines a struct pl_subcommand, its
 * declaration below, a line in the table of plantar.c, and docs/man/plantar-CMD.1.scd.
 *
 *	static int run(const struct pl_subcommand *self, int argc, char **argv)
 *	{
 *		struct pl_args args;
 *		int key;
 *
 *		pl_args_begin(&args, self, argc, argv);
 *		while ((key = pl_args_next(&args)) > 0) {
 *			switch (key) {
 *			case 'j':
 *				json = true;
 *				break;
 *			case OPT_SECONDS:
 *				pl_args_number(&args, 0, 3600, &seconds);
 *				break;
 *			}
 *		}
 *		if (args.done)
 *			return args.exit_code;
 *		... argv[args.first] .. argv[argc - 1] are the operands ...
 *	}
 *
 * One thread. Messages go to stderr as "plantar CMD: message"; stdout carries results only, and
 * with --json exactly one JSON document. A command that fails before it has a result prints
 * nothing on stdout.
 */
#ifndef TOOLS_COMMAND_H
#define TOOLS_COMMAND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <plantar/error.h>
#include <plantar/log.h>

enum pl_exit { PL_EXIT_OK = 0, PL_EXIT_FAILED = 1, PL_EXIT_USAGE = 2, PL_EXIT_CONFIG = 78 };

/* Keys of options without a one-letter form start here; below they are that letter. */
#define PL_OPT_LONG 256
/* Options that only set a variable for what reads it later: pl_args_next does not return them. */
#define PL_OPT_KEY (PL_OPT_LONG + 92)	     /* $PLANTARD_KEY */
#define PL_OPT_SERVER_KEY (PL_OPT_LONG + 93) /* $PLANTARD_SERVER_KEY */

struct pl_option {
	int key;	  /* 'j': also -j; PL_OPT_LONG + n: long form only */
	const char *name; /* "json" */
	const char *arg;  /* "FILE"; NULL: takes none */
	const char *help; /* one or more lines, '\n' between them */
};

struct pl_subcommand {
	const char *name;     /* "analyze" */
	const char *summary;  /* one line, lower case, no full stop */
	const char *synopsis; /* operands and options behind the name; '\n' between forms */
	const char *about;    /* paragraphs of at most 80 columns */
	const struct pl_option *options; /* ended by { 0 }; NULL: none. --help is always there */
	int (*run)(const struct pl_subcommand *self, int argc, char **argv); /* an enum pl_exit */
};

/* In the order of the table. A daemon at work: */
extern const struct pl_subcommand pl_cmd_list, pl_cmd_status, pl_cmd_watch, pl_cmd_start,
	pl_cmd_stop, pl_cmd_mark, pl_cmd_tare, pl_cmd_weigh, pl_cmd_calibrate, pl_cmd_protocol,
	pl_cmd_keygen;
/* Recordings: */
extern const struct pl_subcommand pl_cmd_sessions, pl_cmd_info, pl_cmd_analyze, pl_cmd_annotate,
	pl_cmd_correct, pl_cmd_compare, pl_cmd_trend, pl_cmd_report, pl_cmd_export, pl_cmd_import,
	pl_cmd_verify, pl_cmd_recover, pl_cmd_seal, pl_cmd_erase;
/* A mat that is not there: */
extern const struct pl_subcommand pl_cmd_simulate, pl_cmd_replay, pl_cmd_capture, pl_cmd_probe;

struct pl_args {
	const struct pl_subcommand *command;
	int argc;
	char **argv;
	const char *value;		/* of the option just returned; NULL if it takes none */
	const struct pl_option *option; /* the option just returned */
	int first;			/* index of the first operand, once next has returned 0 */
	bool done;			/* help was shown, or something was wrong and said so */
	int exit_code;			/* then */
};

/* argv[0] is the command's name. */
void pl_args_begin(struct pl_args *args, const struct pl_subcommand *command, int argc,
		   char **argv);
/* The next option's key; 0: no more options, or done. Options and operands may be mixed; "--"
 * ends options. Only whole names are accepted. */
int pl_args_next(struct pl_args *args);

/* The value of the option just returned, strictly; on failure says so and sets done. */
void pl_args_number(struct pl_args *args, double min, double max, double *out);
void pl_args_integer(struct pl_args *args, int64_t min, int64_t max, int64_t *out);
/* names: NULL-terminated; the index of value in it. */
void pl_args_choice(struct pl_args *args, const char *const *names, int *out);
/* Through one of the libraries' *_parse functions; choices is for the message: "left, right". */
void pl_args_parse(struct pl_args *args, int (*parse)(const char *name), const char *choices,
		   int *out);
/* Operands: between min and max (-1: any number), else says so and sets done. what: "FILE". */
void pl_args_operands(struct pl_args *args, int min, int max, const char *what);

/* "plantar CMD: message" on stderr, with a pointer to the help; sets done; returns the exit code.
 */
int pl_args_fail(struct pl_args *args, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* "plantar CMD: message" on stderr. */
void pl_say(const struct pl_subcommand *command, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
/* The same for an error; returns the exit code that fits it. */
int pl_report(const struct pl_subcommand *command, const struct pl_error *err);
/* A log for library calls whose lines appear like pl_say's; notice and worse, debug if verbose. */
struct pl_log pl_command_log(const struct pl_subcommand *command, bool verbose);

void pl_command_help(const struct pl_subcommand *command);

/* The nearest of n names if it is near enough to be meant, else NULL. */
const char *pl_nearest(const char *word, const char *const *names, size_t n);

#endif
