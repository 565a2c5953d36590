/* SPDX-License-Identifier: Apache-2.0 */
/*
 * plantar status: what a running daemon is doing, mat by mat. The same document that the daemon
 * publishes once a second; nothing is computed here but the layout.
 */
#include <stdio.h>
#include <string.h>

#include "tools/client.h"
#include "tools/figures.h"
#include "tools/progress.h"

#define ANSWER_MS 3000

static void print_losses(const json_t *mat)
{
	const json_t *lost = json_object_get(mat, "lost_total"), *n;
	const char *cause;
	bool any = false;

	json_object_foreach((json_t *)(uintptr_t)lost, cause, n)
	{
		if (!json_integer_value(n))
			continue;
		printf("%s%s %" JSON_INTEGER_FORMAT, any ? ", " : "    lost frames: ", cause,
		       json_integer_value(n));
		any = true;
	}
	if (any)
		putchar('\n');
}

static long long count_of(const json_t *group, const char *key)
{
	return (long long)json_integer_value(json_object_get(group, key));
}

/* Of a mat of several sources: each with its state, and what became of its frames. */
static void print_sources(const json_t *mat)
{
	const json_t *source;
	char rate[32];
	size_t i;

	json_array_foreach(json_object_get(mat, "sources"), i, source)
	{
		const char *text = pl_figure_text(source, "state_text", "");
		const char *says = pl_figure_text(source, "device_text", "");

		printf("    source %-10s %-8s %s Hz%s, %lld held, %lld skipped, %lld missing, %lld "
		       "spoilt\n",
		       pl_figure_text(source, "name", "-"), pl_figure_text(source, "state", "-"),
		       pl_figure(json_object_get(source, "rate_measured_hz"), rate),
		       json_is_true(json_object_get(source, "clock")) ? " (clock)" : "",
		       count_of(source, "held"), count_of(source, "skipped"),
		       count_of(source, "missing"), count_of(source, "spoilt"));
		if (*text)
			printf("      %s\n", text);
		if (*says) /* its first line */
			printf("      says \"%.*s\"\n", (int)strcspn(says, "\n"), says);
	}
}

static void print_recording(const json_t *recording)
{
	char frames[32];

	if (!json_is_object(recording))
		return;
	pl_count_text((uint64_t)json_integer_value(json_object_get(recording, "frames")), frames);
	printf("    recording %s (%s frames", pl_figure_text(recording, "path", "-"), frames);
	if (json_integer_value(json_object_get(recording, "gap_frames")))
		printf(", %" JSON_INTEGER_FORMAT " missing",
		       json_integer_value(json_object_get(recording, "gap_frames")));
	printf(")%s%s\n", *pl_figure_text(recording, "subject", "") ? ", subject " : "",
	       pl_figure_text(recording, "subject", ""));
}

static void print_mat(const json_t *mat)
{
	char rate[32], nominal[32], rows[32], cols[32], until[64] = "";
	const char *text = pl_figure_text(mat, "state_text", "");

	printf("  %-12s %-8s %s of %s Hz, %s x %s cells, %s\n", pl_figure_text(mat, "mat", "-"),
	       pl_figure_text(mat, "state", "-"),
	       pl_figure(json_object_get(mat, "rate_measured_hz"), rate),
	       pl_figure(json_object_get(mat, "rate_hz"), nominal),
	       pl_figure(json_object_get(mat, "rows"), rows),
	       pl_figure(json_object_get(mat, "cols"), cols), pl_figure_text(mat, "unit", "-"));
	if (*pl_figure_text(mat, "calibration_expires", ""))
		snprintf(until, sizeof(until), " (%s %s)",
			 json_is_true(json_object_get(mat, "calibration_expired")) ? "ended on"
										   : "holds until",
			 pl_figure_text(mat, "calibration_expires", ""));
	printf("    %s (%s), calibration %s%s%s\n", pl_figure_text(mat, "source", "-"),
	       pl_figure_text(mat, "mat_file", "-"), pl_figure_text(mat, "calibration", "none"),
	       until,
	       json_is_true(json_object_get(mat, "calibrated")) ? "" : ": values are counts");
	if (*text)
		printf("    %s\n", text);
	print_losses(mat);
	print_sources(mat);
	print_recording(json_object_get(mat, "recording"));
}

static void print_status(const json_t *status)
{
	const json_t *archive = json_object_get(status, "archive"), *mat;
	char up[32];
	size_t i;

	printf("%s on %s, up %s\n", pl_figure_text(status, "software", "plantard"),
	       pl_figure_text(status, "host", "-"),
	       pl_clock_text(json_number_value(json_object_get(status, "uptime_s")), up));
	printf("  sessions in %s, %.1f GB free\n", pl_figure_text(archive, "folder", "-"),
	       json_number_value(json_object_get(archive, "free_bytes")) / 1e9);
	if (json_integer_value(json_object_get(archive, "converting")))
		printf("  finishing %" JSON_INTEGER_FORMAT " recording(s)\n",
		       json_integer_value(json_object_get(archive, "converting")));
	if (json_integer_value(json_object_get(archive, "recovering")))
		printf("  recovering %" JSON_INTEGER_FORMAT " unfinished recording(s)\n",
		       json_integer_value(json_object_get(archive, "recovering")));
	json_array_foreach(json_object_get(status, "mats"), i, mat) print_mat(mat);
}

static int run(const struct pl_subcommand *self, int argc, char **argv)
{
	struct pl_error err = {.code = PL_OK};
	const char *endpoint = NULL;
	struct pl_client *client;
	struct pl_args args;
	json_t *reply = NULL;
	bool json = false;
	int key;

	pl_args_begin(&args, self, argc, argv);
	while ((key = pl_args_next(&args)) > 0) {
		if (key == 'j')
			json = true;
		else if (key == PL_OPT_CONTROL)
			endpoint = args.value;
	}
	pl_args_operands(&args, 0, 0, "");
	if (args.done)
		return args.exit_code;
	client = pl_client_open(endpoint, &err);
	if (client)
		reply = pl_client_ask(client, pl_request("status", NULL), ANSWER_MS, &err);
	pl_client_close(client);
	if (!reply)
		return pl_report(self, &err);
	if (json) {
		json_dumpf(json_object_get(reply, "status"), stdout, JSON_INDENT(2));
		putchar('\n');
	} else {
		print_status(json_object_get(reply, "status"));
	}
	json_decref(reply);
	return PL_EXIT_OK;
}

static const struct pl_option options[] = {
	{'j', "json", NULL, "print one JSON document: docs/wire.md, topic status"},
	PL_OPTION_CONTROL,
	{0},
};

const struct pl_subcommand pl_cmd_status = {
	.name = "status",
	.summary = "show what the running daemon is doing",
	.synopsis = "[--json] [--control ENDPOINT]",
	.about = "Every mat with its state, rate, losses by cause and recording, and the room left "
		 "in\n"
		 "the archive. Fails when no daemon answers.",
	.options = options,
	.run = run,
};
