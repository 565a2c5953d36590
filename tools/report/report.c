/* SPDX-License-Identifier: Apache-2.0 */
/*
 * plantar report: a session, or several of a person, as pages to hand over. Everything on them
 * comes from the session's files; nothing is asked, nothing is remembered, and the same session
 * gives the same bytes.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <plantar/analysis.h>

#include "tools/command.h"
#include "tools/figures.h"
#include "tools/mixing.h"
#include "tools/output.h"
#include "tools/report/options.h"
#include "tools/report/report.h"

struct choice {
	int format;   /* OPT_PDF to OPT_HTML; 0: not said */
	int64_t page; /* 0: all */
	const char *output, *condition, *reference, *between_day, *mix, *font;
};

/* ---- gathering ---- */

static int by_start(const void *a, const void *b)
{
	const struct pl_session_sheet *p = a, *q = b;

	if (p->started_utc_ns != q->started_utc_ns)
		return p->started_utc_ns < q->started_utc_ns ? -1 : 1;
	return strcmp(p->uuid, q->uuid);
}

/* No session twice: it would be compared with itself. */
static int check_once(const struct pl_report *r, struct pl_error *err)
{
	for (size_t i = 1; i < r->n; i++)
		if (*r->session[i].uuid && strcmp(r->session[i].uuid, r->session[i - 1].uuid) == 0)
			return pl_error_set(err, PL_EUSAGE, 0, "%s and %s are the same session",
					    r->session[i - 1].folder, r->session[i].folder);
	return 0;
}

static int load_sessions(struct pl_report *r, char **path, size_t n, const char *condition,
			 struct pl_error *err)
{
	r->session = calloc(n, sizeof(*r->session));
	if (!r->session)
		return pl_error_set(err, PL_ENOMEM, 0, "out of memory");
	for (; r->n < n; r->n++)
		if (pl_session_sheet_load(&r->session[r->n], path[r->n], condition, err)) {
			pl_session_sheet_free(&r->session[r->n]);
			return -1;
		}
	qsort(r->session, r->n, sizeof(*r->session), by_start);
	return check_once(r, err);
}

/* May they stand side by side, and how much does this person differ from day to day? */
static int check_sessions(struct pl_report *r, const char *between_day, struct pl_error *err)
{
	struct pl_group *group = pl_doc_room(&r->doc, r->n * sizeof(*group));
	json_t *mixed = json_array();
	int result;

	if (!group) {
		json_decref(mixed);
		return pl_error_set(err, PL_ENOMEM, 0, "out of memory");
	}
	for (size_t i = 0; i < r->n; i++)
		group[i] = r->session[i].all;
	r->days.session = group;
	r->days.sessions = r->n;
	result = r->n > 1 ? pl_mixing_check(group, r->n, r->mix, mixed, r->warnings, err) : 0;
	if (result == 0 && r->n > 1)
		result = pl_mixing_conditions(group, r->n, r->mix, r->warnings, err);
	for (size_t i = 1; i < r->n && result == 0; i++)
		pl_mixing_speed(&group[0], &group[i], r->warnings);
	json_decref(mixed);
	if (result == 0 && between_day && !(r->days.cited = pl_days_cited(between_day, err)))
		result = -1;
	return result;
}

/* ---- composing ---- */

static void put_heads(struct pl_report *r)
{
	const struct pl_session_sheet *s = &r->session[r->n - 1];
	struct pl_doc *doc = &r->doc;

	doc->code = pl_doc_print(doc, "%s", *s->subject ? s->subject : "no code");
	doc->date = pl_report_time(doc, s->started_utc_ns);
	if (r->n > 1)
		doc->date = pl_doc_print(doc, "%s to %s",
					 pl_report_date(doc, r->session[0].started_utc_ns),
					 pl_report_date(doc, s->started_utc_ns));
	doc->session =
		pl_doc_print(doc, "%s%s%.8s", s->protocol, *s->protocol ? ", " : "", s->uuid);
	doc->title = pl_doc_print(doc, "Load of the feet: %s, %s", doc->code, doc->date);
	doc->footer =
		"This report measures and compares. A qualified person interprets it, together "
		"with what else is known of the person.";
	doc->made_by = pl_doc_print(doc, "plantar %s, %s", PLANTAR_VERSION, pl_analysis_version());
	doc->utc_ns = s->started_utc_ns;
}

static int compose(struct pl_report *r, struct pl_error *err)
{
	const struct pl_session_sheet *s = &r->session[r->n - 1];

	put_heads(r);
	pl_page_person(r);
	if (r->n > 1) {
		pl_doc_add(
			&r->doc, PL_BLOCK_NOTE,
			pl_doc_print(
				&r->doc,
				"The pages up to the comparison show the last of these sessions, "
				"of %s.",
				pl_report_date(&r->doc, s->started_utc_ns)));
	}
	for (size_t i = 0; i < s->conditions; i++) {
		if (i)
			pl_doc_add(&r->doc, PL_BLOCK_PAGE, "");
		pl_page_condition(r, s, &s->condition[i]);
		pl_page_prints(r, s, &s->condition[i]);
	}
	if (pl_page_changes(r, err))
		return -1;
	pl_page_trials(r);
	if (r->doc.nomem)
		return pl_error_set(err, PL_ENOMEM, 0, "out of memory for the report");
	return 0;
}

/* ---- files ---- */

static const char *ending(int format)
{
	return format == OPT_PDF   ? ".pdf"
	       : format == OPT_SVG ? ".svg"
	       : format == OPT_PNG ? ".png"
				   : ".html";
}

/* "P-017-2026-03-02-80d4d79f.pdf": what is no letter, digit, point or dash becomes '_'. */
static void default_name(const struct pl_report *r, int format, char *name, size_t cap)
{
	const struct pl_session_sheet *s = &r->session[r->n - 1];

	snprintf(name, cap, "%s-%.10s-%.8s", *s->subject ? s->subject : "report", r->doc.date,
		 *s->uuid ? s->uuid : "file");
	if (r->n > 1)
		snprintf(name, cap, "%s-%.10s-%zu-sessions", *s->subject ? s->subject : "report",
			 r->doc.date, r->n);
	for (char *p = name; *p; p++)
		if (!((unsigned char)*p >= 0x80 || strchr("-._", *p) || (*p >= '0' && *p <= '9') ||
		      (*p >= 'A' && *p <= 'Z') || (*p >= 'a' && *p <= 'z')))
			*p = '_';
	if (*name == '.' || *name == '-')
		*name = '_';
	strncat(name, ending(format), cap - strlen(name) - 1);
}

static int write_one(const struct pl_doc *doc, const struct pl_font *font, int format,
		     unsigned page, const char *path, struct pl_error *err)
{
	struct pl_output o;
	int result = 0;

	if (pl_output_open(&o, path, err) < 0)
		return -1;
	if (format == OPT_PDF)
		result = pl_doc_pdf(doc, font, o.file, err);
	else if (format == OPT_SVG)
		result = pl_doc_svg(doc, font, page, o.file, err);
	else if (format == OPT_PNG)
		result = pl_doc_png(doc, font, page, o.file, err);
	else
		pl_doc_html(doc, font, o.file);
	return pl_output_close(&o, result, err);
}

/* NAME.png, page 3 -> NAME-3.png */
static void page_name(const char *path, unsigned page, char *name, size_t cap)
{
	const char *dot = strrchr(path, '.'), *slash = strrchr(path, '/');
	size_t stem = dot && (!slash || dot > slash + 1) ? (size_t)(dot - path) : strlen(path);

	snprintf(name, cap, "%.*s-%u%s", (int)stem, path, page, path + stem);
}

static int write_pages(const struct pl_doc *doc, const struct pl_font *font, const struct choice *c,
		       const char *path, struct pl_error *err)
{
	unsigned pages = pl_doc_pages(doc, font);
	char name[4200];

	if (c->page > pages)
		return pl_error_set(err, PL_EUSAGE, 0, "there is no page %lld: the report has %u",
				    (long long)c->page, pages);
	if (c->page)
		return write_one(doc, font, c->format, (unsigned)c->page, path, err);
	if (!path)
		return pl_error_set(err, PL_EUSAGE, 0,
				    "%u pages do not go into one stream: --page N, or -o FILE",
				    pages);
	for (unsigned page = 1; page <= pages; page++) {
		page_name(path, page, name, sizeof(name));
		if (write_one(doc, font, c->format, page, name, err))
			return -1;
		printf("%s\n", name);
	}
	return 0;
}

static int write_report(const struct pl_report *r, const struct choice *c, struct pl_error *err)
{
	struct pl_font *font = pl_font_open(c->font, err);
	char name[512];
	const char *path = c->output;
	int result;

	if (!font)
		return -1;
	default_name(r, c->format, name, sizeof(name));
	if (!path)
		path = name;
	else if (strcmp(path, "-") == 0)
		path = NULL;
	if (c->format == OPT_SVG || c->format == OPT_PNG)
		result = write_pages(&r->doc, font, c, path, err);
	else
		result = write_one(&r->doc, font, c->format, 0, path, err);
	if (result == 0 && path && (c->page || c->format == OPT_PDF || c->format == OPT_HTML))
		printf("%s\n", path);
	pl_font_close(font);
	return result;
}

/* ---- the command ---- */

static int make(struct pl_report *r, const struct choice *c, char **path, size_t n,
		struct pl_error *err)
{
	if (c->reference && pl_reference_read(&r->reference, c->reference, err))
		return -1;
	if (load_sessions(r, path, n, c->condition, err) ||
	    check_sessions(r, c->between_day, err) || compose(r, err))
		return -1;
	return write_report(r, c, err);
}

static void take_format(struct pl_args *args, struct choice *c, int key)
{
	if (c->format && c->format != key)
		pl_args_fail(args, "one of --pdf, --svg, --png and --html, please");
	c->format = key;
}

static void take_options(struct pl_args *args, struct choice *c)
{
	int key;

	while ((key = pl_args_next(args)) > 0) {
		switch (key) {
		case OPT_PAGE:
			pl_args_integer(args, 1, 10000, &c->page);
			break;
		case 'o':
			c->output = args->value;
			break;
		case OPT_CONDITION:
			c->condition = args->value;
			break;
		case OPT_REFERENCE:
			c->reference = args->value;
			break;
		case OPT_BETWEEN_DAY:
			c->between_day = args->value;
			break;
		case OPT_MIX:
			c->mix = args->value;
			break;
		case OPT_FONT:
			c->font = args->value;
			break;
		default:
			take_format(args, c, key);
		}
	}
}

static int run(const struct pl_subcommand *self, int argc, char **argv)
{
	struct choice c = {.format = 0};
	struct pl_error err = {.code = PL_OK};
	struct pl_report r = {.n = 0};
	struct pl_args args;
	int result;

	pl_args_begin(&args, self, argc, argv);
	take_options(&args, &c);
	pl_args_operands(&args, 1, PL_REPORT_SESSIONS, "SESSION");
	if (!args.done && !c.format)
		pl_args_fail(&args, "one of --pdf, --svg, --png and --html is needed");
	if (!args.done && c.page && (c.format == OPT_PDF || c.format == OPT_HTML))
		pl_args_fail(&args, "--page is for --svg and --png");
	if (!args.done && c.mix && pl_mixing_names(c.mix, &err))
		pl_args_fail(&args, "%s", err.message);
	if (args.done)
		return args.exit_code;
	r.mix = c.mix;
	r.warnings = json_array();
	pl_doc_init(&r.doc);
	result = make(&r, &c, argv + args.first, (size_t)(argc - args.first), &err);
	pl_doc_free(&r.doc);
	for (size_t i = 0; i < r.n; i++)
		pl_session_sheet_free(&r.session[i]);
	free(r.session);
	json_decref(r.days.cited);
	json_decref(r.warnings);
	pl_reference_free(&r.reference);
	return result ? pl_report(self, &err) : PL_EXIT_OK;
}

const struct pl_subcommand pl_cmd_report = {
	.name = "report",
	.summary = "make pages to hand over of a session, or of several",
	.synopsis = "SESSION --pdf|--svg|--png|--html [-o FILE] [--page N]\n"
		    "SESSION... --pdf [--condition TEXT] [--mix LIST] [--between-day FILE]\n"
		    "SESSION... --pdf [--reference FILE] [--font FILE]",
	.about =
		"Load and sway or steps, left beside right; footprints, landing, use of the heel,\n"
		"force curves; conditions of a session beside each other; of several sessions\n"
		"the last one, and how its figures came about from the first on, each beside the\n"
		"difference that could be told; all trials, and why some do not count.\n"
		"SESSION is a session's folder or a recording. The same sessions give the same\n"
		"bytes.",
	.options = pl_report_options,
	.run = run,
};
