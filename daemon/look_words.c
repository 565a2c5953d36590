/* SPDX-License-Identifier: Apache-2.0 */
/*
 * No shell reads these words, so nothing in them can be a command; but a value that begins with a
 * dash could still be an option, and a word that is a path could name any file. So values stand
 * behind "=" or "--", and recordings are named by uuid and number, which the parser of requests has
 * checked.
 */
#include "daemon/look_words.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static void add(struct pl_look_words *w, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* What does not fit is not left out silently: used says so in the end. */
static void add(struct pl_look_words *w, const char *fmt, ...)
{
	size_t left = w->used < sizeof(w->text) ? sizeof(w->text) - w->used : 0;
	va_list args;
	int n;

	if (w->n == PL_LOOK_WORDS_MAX || left == 0) {
		w->used = sizeof(w->text) + 1;
		return;
	}
	va_start(args, fmt);
	n = vsnprintf(w->text + w->used, left, fmt, args);
	va_end(args);
	w->argv[w->n++] = w->text + w->used;
	w->used += n < 0 || (size_t)n >= left ? left + 1 : (size_t)n + 1;
}

static void add_archives(struct pl_look_words *w, const struct pl_look_place *place)
{
	add(w, "--archive=%s", place->folder);
	if (*place->fallback)
		add(w, "--archive=%s", place->fallback);
}

static void add_session(struct pl_look_words *w, const struct pl_request *r)
{
	if (isnan(r->trial_number))
		add(w, "%s", r->session);
	else
		add(w, "%s/%.0f", r->session, r->trial_number);
}

static void add_sessions(struct pl_look_words *w, const struct pl_request *r)
{
	add(w, "--");
	for (unsigned i = 0; i < r->n_sessions; i++)
		add(w, "%s", r->sessions[i]);
}

static const char *by_word(const char *by)
{
	return strcmp(by, "condition") == 0 ? "conditions"
	       : strcmp(by, "session") == 0 ? "groups"
					    : "sides";
}

/* "key=value" a line, as struct pl_annotations has them; and what is taken away. */
static void add_annotations(struct pl_look_words *w, const struct pl_request *r)
{
	const char *line = r->annotations.text;

	while (*line) {
		size_t n = strcspn(line, "\n");

		add(w, "%.*s", (int)n, line);
		line += n + (line[n] == '\n');
	}
	for (unsigned i = 0; i < r->n_removed; i++)
		add(w, "%s=", r->removed[i]);
}

static void add_by(struct pl_look_words *w, const struct pl_request *r,
		   const struct pl_look_place *place)
{
	add(w, "--by=%.48s", *r->by ? r->by : place->who);
}

static void annotate(struct pl_look_words *w, const struct pl_request *r,
		     const struct pl_look_place *place)
{
	add_by(w, r, place);
	if (*r->note)
		add(w, "--note=%s", r->note);
	if (*r->reject)
		add(w, "--reject=%s", r->reject);
	if (r->accept)
		add(w, "--accept");
	add(w, "--");
	add_session(w, r);
	add_annotations(w, r);
}

static void correct(struct pl_look_words *w, const struct pl_request *r,
		    const struct pl_look_place *place)
{
	add_by(w, r, place);
	add(w, "--reason=%s", r->reason);
	if (*r->side)
		add(w, "--side=%s", r->side);
	if (!isnan(r->foot))
		add(w, "--foot=%.0f", r->foot);
	if (*r->facing)
		add(w, "--facing=%s", r->facing);
	for (unsigned i = 0; i < r->n_reject_steps; i++)
		add(w, "--reject-step=%u", r->reject_steps[i]);
	for (unsigned i = 0; i < r->n_accept_steps; i++)
		add(w, "--accept-step=%u", r->accept_steps[i]);
	add(w, "--");
	add_session(w, r);
}

static void report(struct pl_look_words *w, const struct pl_request *r)
{
	add(w, "--%s", r->format); /* one of four words */
	add(w, "--output=-");
	if (!isnan(r->page))
		add(w, "--page=%.0f", r->page);
	add_sessions(w, r);
}

static void add_command(struct pl_look_words *w, const struct pl_request *r,
			const struct pl_look_place *place)
{
	static const char *const tools[] = {
		[PL_CMD_SESSIONS] = "sessions", [PL_CMD_SESSION] = "info",
		[PL_CMD_ANALYSIS] = "analyze",	[PL_CMD_COMPARE] = "compare",
		[PL_CMD_TREND] = "trend",	[PL_CMD_REPORT] = "report",
		[PL_CMD_ANNOTATE] = "annotate", [PL_CMD_CORRECT] = "correct",
	};

	add(w, "plantar");
	add(w, "%s", tools[r->cmd]);
	add_archives(w, place);
	if (r->cmd != PL_CMD_REPORT)
		add(w, "--json");
}

int pl_look_words(const struct pl_request *r, const struct pl_look_place *place,
		  struct pl_look_words *w, struct pl_error *err)
{
	w->n = 0;
	w->used = 0;
	add_command(w, r, place);
	switch (r->cmd) {
	case PL_CMD_SESSIONS:
		if (*r->subject)
			add(w, "--subject=%s", r->subject);
		if (!isnan(r->limit))
			add(w, "--limit=%.0f", r->limit);
		break;
	case PL_CMD_ANALYSIS:
		if (r->pictures)
			add(w, "--pictures");
		/* fallthrough */
	case PL_CMD_SESSION:
		add(w, "--");
		add_session(w, r);
		break;
	case PL_CMD_COMPARE:
		if (*r->by)
			add(w, "--by=%s", by_word(r->by));
		for (unsigned i = 0; i < r->n_of; i++)
			add(w, "--condition=%s", r->of[i]);
		if (*r->mix)
			add(w, "--mix=%s", r->mix);
		add_sessions(w, r);
		break;
	case PL_CMD_TREND:
		if (*r->condition)
			add(w, "--condition=%s", r->condition);
		add(w, "--");
		add(w, "%s", r->subject);
		break;
	case PL_CMD_REPORT:
		report(w, r);
		break;
	case PL_CMD_ANNOTATE:
		annotate(w, r, place);
		break;
	default:
		correct(w, r, place);
	}
	w->argv[w->n] = NULL;
	if (w->used > sizeof(w->text))
		return pl_error_set(err, PL_EUSAGE, 0, "%s: too much at a time",
				    pl_command_name(r->cmd));
	return 0;
}

const char *pl_look_type(const char *format)
{
	return strcmp(format, "pdf") == 0   ? "application/pdf"
	       : strcmp(format, "svg") == 0 ? "image/svg+xml"
	       : strcmp(format, "png") == 0 ? "image/png"
					    : "text/html; charset=utf-8";
}

void pl_look_name(const struct pl_request *r, char *name, size_t cap)
{
	char page[16] = "";

	if (!isnan(r->page))
		snprintf(page, sizeof(page), "-%.0f", r->page);
	snprintf(name, cap, "report-%s%s.%s", r->sessions[0], page, r->format);
}
