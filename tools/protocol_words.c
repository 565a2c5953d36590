/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A visit in words: who leads a person over a mat reads what to say to the person, how much of the
 * quota is met, and which command is next, and need not know the document behind it.
 */
#include "tools/protocol_words.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "tools/figures.h"
#include "tools/layout.h"

static long long whole(const json_t *object, const char *key)
{
	return (long long)json_integer_value(json_object_get(object, key));
}

/* As in the protocol's file: 60, not 60.00. buf of 32 bytes is enough. */
static const char *plain(const json_t *number, char *buf)
{
	snprintf(buf, 32, "%.6g", json_number_value(number));
	return buf;
}

/* None, or the one without a name that stands for none? */
static bool words_said(const json_t *words)
{
	const char *first = json_string_value(json_array_get(words, 0));

	return first && *first;
}

static void print_words(const char *before, const json_t *words, const char *between,
			const char *after)
{
	const json_t *word;
	size_t i;

	if (!words_said(words))
		return;
	json_array_foreach(words, i, word) printf(
		"%s%s", i ? between : before, json_is_string(word) ? json_string_value(word) : "-");
	fputs(after, stdout);
}

/* ---- protocols ---- */

void pl_protocol_list(const json_t *reply)
{
	const json_t *p;
	size_t i;

	if (json_array_size(json_object_get(reply, "protocols")) == 0)
		puts("none: the daemon found no protocols; PLANTAR_PROTOCOLS names their folder to "
		     "it, see plantard(8)");
	json_array_foreach(json_object_get(reply, "protocols"), i, p)
		printf("%-18s v%-3lld %s%s\n", pl_figure_text(p, "protocol", ""),
		       whole(p, "version"), pl_figure_text(p, "title", ""),
		       json_is_true(json_object_get(p, "dynamic")) ? " (red flags first)" : "");
}

/* "3 trials of 60 s (60 to 90), 5 strikes of each foot, begins by contact, ends by off" */
static void print_quota(const json_t *s)
{
	const json_t *seconds = json_object_get(s, "seconds");
	const json_t *least = json_object_get(s, "seconds_min"),
		     *most = json_object_get(s, "seconds_max");
	bool record = strcmp(pl_figure_text(s, "kind", ""), "record") == 0;
	bool off = strcmp(pl_figure_text(s, "end", ""), "off") == 0;
	char a[32], b[32];

	if (!record) {
		printf("   %s", pl_figure_text(s, "kind", ""));
		if (json_is_number(seconds))
			printf(", %s s", plain(seconds, a));
		putchar('\n');
		return;
	}
	if (whole(s, "strikes_per_foot"))
		printf("   until %lld strikes of each foot are accepted",
		       whole(s, "strikes_per_foot"));
	else
		printf("   %lld trial%s", whole(s, "trials"), whole(s, "trials") == 1 ? "" : "s");
	if (json_is_number(seconds))
		printf(", %s s%s", plain(seconds, a), off ? " at most" : "");
	if (!off && json_is_number(least) && json_is_number(most) &&
	    json_number_value(least) < json_number_value(most))
		printf(" (%s to %s)", plain(least, a), plain(most, b));
	printf("; begins by %s\n", pl_figure_text(s, "start", "-"));
	print_words("   --approach: ", json_object_get(s, "approaches"), ", ", "\n");
	print_words("   checked: ", json_object_get(s, "checks"), ", ", "\n");
}

static void print_stop_rule(const json_t *pain)
{
	const json_t *at = json_object_get(pain, "stop_at"),
		     *rise = json_object_get(pain, "stop_rise");
	char a[32];

	if (json_is_number(at))
		printf("ends when pain reaches %s", plain(at, a));
	if (json_is_number(rise))
		printf("%s by %s", json_is_number(at) ? " or rises" : "ends when pain rises",
		       plain(rise, a));
	if (json_is_number(at) || json_is_number(rise))
		printf("; pain is %sasked for in each trial\n",
		       json_is_true(json_object_get(pain, "asked")) ? "" : "not ");
}

void pl_protocol_show(const json_t *reply)
{
	const json_t *p = json_array_get(json_object_get(reply, "protocols"), 0), *s;
	const json_t *conditions = json_object_get(p, "conditions");
	size_t i;

	printf("%s, version %lld: %s\n", pl_figure_text(p, "protocol", ""), whole(p, "version"),
	       pl_figure_text(p, "title", ""));
	if (*pl_figure_text(p, "text", ""))
		pl_wrapped(stdout, "", pl_figure_text(p, "text", ""), 0);
	print_words("conditions: ", conditions, ", ", "\n");
	if (json_array_size(conditions) > 1)
		printf("order of conditions: %s\n", pl_figure_text(p, "order", "fixed"));
	if (json_is_true(json_object_get(p, "body_mass")))
		printf("body mass is needed: --mass\n");
	if (json_is_true(json_object_get(p, "dynamic")))
		printf("red flags are asked for first\n");
	print_stop_rule(json_object_get(p, "pain"));
	json_array_foreach(json_object_get(p, "steps"), i, s)
	{
		printf("\n%zu. %s\n", i + 1, pl_figure_text(s, "title", ""));
		if (*pl_figure_text(s, "text", ""))
			pl_wrapped(stdout, "   ", pl_figure_text(s, "text", ""), 3);
		print_quota(s);
	}
}

/* ---- a visit ---- */

/* "2 of 3 trials", "strikes left 3, right 2 of 5 each; 2 rejected" */
static void print_progress(const json_t *item)
{
	const json_t *strikes = json_object_get(item, "strikes");

	if (strikes)
		printf("strikes left %lld, right %lld of %lld each", whole(strikes, "left"),
		       whole(strikes, "right"), whole(item, "strikes_per_foot"));
	else
		printf("%lld of %lld trials", whole(item, "accepted"), whole(item, "trials"));
	if (strikes && whole(strikes, "unknown"))
		printf(", %lld of no known side (accept --side)", whole(strikes, "unknown"));
	if (whole(item, "rejected"))
		printf(", %lld rejected", whole(item, "rejected"));
	if (json_is_true(json_object_get(item, "skipped")))
		printf(", left before its quota");
	putchar('\n');
}

/* All of the plan when it is over. */
static void print_plan(const json_t *p)
{
	const json_t *trials = json_object_get(p, "trials"), *item;
	const char *path =
		pl_figure_text(json_array_get(trials, json_array_size(trials) - 1), "path", "");
	const char *slash = strrchr(path, '/'); /* the session is a folder of trials */
	char label[96];
	size_t i;

	json_array_foreach(json_object_get(p, "plan"), i, item)
	{
		const char *condition = pl_figure_text(item, "condition", "");

		snprintf(label, sizeof(label), "%s%s%s", pl_figure_text(item, "step", ""),
			 *condition ? ", " : "", condition);
		printf("  %-36s ", label);
		print_progress(item);
	}
	if (slash)
		printf("  session %.*s\n", (int)(slash - path), path);
	else
		printf("  session %s\n", pl_figure_text(p, "session_uuid", "-"));
}

static void print_strikes(const json_t *strikes)
{
	static const char *const side[] = {"left", "right", "unknown"};
	const char *before = ", strikes ";

	for (int i = 0; i < 3; i++)
		if (whole(strikes, side[i])) {
			printf("%s%s %lld", before, side[i], whole(strikes, side[i]));
			before = ", ";
		}
}

static void print_trial(const json_t *p)
{
	const json_t *trials = json_object_get(p, "trials"),
		     *t = json_array_get(trials, json_array_size(trials) - 1);
	bool pain = json_is_true(json_object_get(json_object_get(p, "pain"), "asked"));
	char seconds[32];

	printf("  trial %lld: %s s", whole(t, "number"),
	       pl_figure(json_object_get(t, "seconds"), seconds));
	print_strikes(json_object_get(t, "strikes"));
	printf("; proposed: %s", pl_figure_text(t, "proposed", ""));
	print_words(" (", json_object_get(t, "flags"), ", ", ")");
	printf("\n  next: plantar protocol accept%s, or: plantar protocol reject REASON\n",
	       pain ? " --score PAIN" : "");
}

static void print_checklist(const json_t *p)
{
	if (json_is_true(json_object_get(json_object_get(p, "red_flags"), "locked")))
		printf("  locked by red flags; next: plantar protocol override --name NAME "
		       "REASON,\n"
		       "  or: plantar protocol abort\n");
	else
		printf("  ask for: signs of a stress fracture, numbness, a swollen or red calf,\n"
		       "  pain at night, not getting better\n"
		       "  next: plantar protocol flags [--tick FLAG]\n");
}

static void print_step(const json_t *p)
{
	const char *condition = pl_figure_text(p, "condition", "");
	const json_t *item = json_array_get(json_object_get(p, "plan"), (size_t)whole(p, "at"));

	printf("  %s%s%s: ", pl_figure_text(p, "step_title", ""), *condition ? ", " : "",
	       condition);
	if (strcmp(pl_figure_text(p, "kind", ""), "wait") == 0)
		putchar('\n');
	else
		print_progress(item);
	if (*pl_figure_text(p, "text", ""))
		pl_wrapped(stdout, "  ", pl_figure_text(p, "text", ""), 2);
}

static void print_next(const json_t *p, const char *state)
{
	if (strcmp(state, "review") == 0) {
		print_trial(p);
	} else if (strcmp(state, "red-flags") == 0) {
		print_checklist(p);
	} else if (strcmp(state, "ready") == 0) {
		printf("  next: plantar protocol trial --wait");
		print_words(" --approach ", json_object_get(p, "approaches"), "|", "");
		putchar('\n');
	} else if (strcmp(state, "rest") == 0) {
		printf("  goes on by itself; at once: plantar protocol next\n");
	}
}

static void print_cells(const json_t *p)
{
	const json_t *cells = json_object_get(p, "cells"), *cell;
	long long found = whole(cells, "dead") + whole(cells, "stuck") + whole(cells, "noisy");
	size_t i;

	if (found == 0)
		return;
	printf("  cells not to be trusted: %lld dead, %lld stuck, %lld noisy (row, column):",
	       whole(cells, "dead"), whole(cells, "stuck"), whole(cells, "noisy"));
	json_array_foreach(json_object_get(cells, "list"), i, cell)
		printf("%s (%lld, %lld) %s", i ? "," : "", whole(cell, "row"),
		       whole(cell, "column"), pl_figure_text(cell, "fault", ""));
	printf("%s\n  clean and check the mat; name those that stay in dead_cells of its mat "
	       "file\n",
	       found > (long long)json_array_size(json_object_get(cells, "list")) ? ", ..." : "");
}

void pl_protocol_visit(const json_t *reply)
{
	const json_t *p = json_object_get(reply, "protocol"), *left = json_object_get(p, "left_s");
	const char *state = pl_figure_text(p, "state", "idle");

	if (!json_is_object(p)) {
		printf("no protocol is under way; plantar protocol list shows what there is\n");
		return;
	}
	printf("%s: %s", pl_figure_text(p, "protocol", ""), state);
	if (json_is_number(left))
		printf(", %.0f s left", fmax(0, json_number_value(left)));
	if (strcmp(pl_figure_text(p, "why", state), state) != 0)
		printf(" (%s)", pl_figure_text(p, "why", ""));
	putchar('\n');
	if (*pl_figure_text(p, "step", ""))
		print_step(p);
	print_cells(p);
	print_next(p, state);
	if (strcmp(state, "done") == 0 || strcmp(state, "aborted") == 0)
		print_plan(p);
}
