/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A protocol is written once and then followed for years, by people who were not there when it was
 * written. So a file must not only be well formed: a quota that no trial can fill or a check that
 * has nothing to compare with is an error here, with its line, and not a surprise with a person on
 * the mat.
 */
#include "daemon/protocol_conf.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "daemon/text.h"
#include "drivers/mat/conf.h"

static const char *const kind_names[] = {"record", "wait", "tare", "weigh", NULL};
static const char *const start_names[] = {"countdown", "contact", NULL};
static const char *const end_names[] = {"time", "off", NULL};
static const char *const order_names[] = {"fixed", "random", "abba", NULL};
static const char *const side_names[] = {"unknown", "left", "right", NULL};
static const char *const check_names[] = {"partial", "saturation", "drift", "weight", NULL};
static const unsigned check_bits[] = {PL_TRIAL_PARTIAL, PL_TRIAL_SATURATED, PL_TRIAL_DRIFT,
				      PL_TRIAL_WEIGHT};

#define ID_CHARS "abcdefghijklmnopqrstuvwxyz0123456789-"

static const config_setting_t *member(const config_setting_t *group, const char *name)
{
	return config_setting_get_member(group, name);
}

static void take_text(struct pl_conf *c, const config_setting_t *group, const char *name, char *out,
		      size_t cap)
{
	const char *value = pl_conf_string(c, group, name, NULL);

	if (value && !pl_copy(out, cap, value))
		pl_conf_fail(c, member(group, name), "longer than %zu bytes", cap - 1);
}

static void take_id(struct pl_conf *c, const config_setting_t *group, char *out, size_t cap)
{
	pl_conf_require(c, group, "id");
	take_text(c, group, "id", out, cap);
	if (!c->failed && (!*out || out[strspn(out, ID_CHARS)]))
		pl_conf_fail(c, member(group, "id"),
			     "\"%s\" is no id; valid: small letters, digits and -", out);
}

static void take_title(struct pl_conf *c, const config_setting_t *group, char *title, size_t cap)
{
	pl_conf_require(c, group, "title");
	take_text(c, group, "title", title, cap);
	if (!c->failed && !*title)
		pl_conf_fail(c, member(group, "title"), "is empty");
}

/* An array of texts into rows of width bytes. Returns how many. */
static unsigned take_texts(struct pl_conf *c, const config_setting_t *group, const char *name,
			   char *rows, size_t width, unsigned max)
{
	const config_setting_t *s = member(group, name);
	int n = s && (config_setting_is_array(s) || config_setting_is_list(s))
			? config_setting_length(s)
			: -1;

	if (!s)
		return 0;
	if (n < 1 || n > (int)max) {
		pl_conf_fail(c, s, "valid: an array of 1 to %u texts: [\"barefoot\"]", max);
		return 0;
	}
	for (int i = 0; i < n; i++) {
		const char *text = config_setting_get_string_elem(s, i);

		if (!text || !*text || !pl_copy(rows + (size_t)i * width, width, text)) {
			pl_conf_fail(c, s, "entry %d: valid: a text of 1 to %zu bytes", i,
				     width - 1);
			return 0;
		}
		for (int k = 0; k < i; k++)
			if (strcmp(rows + (size_t)k * width, text) == 0)
				pl_conf_fail(c, s, "\"%s\" is there twice", text);
	}
	return (unsigned)n;
}

static unsigned take_checks(struct pl_conf *c, const config_setting_t *group, unsigned fallback)
{
	char rows[4][16];
	unsigned n = take_texts(c, group, "checks", rows[0], sizeof(rows[0]), 4), checks = 0;

	if (!member(group, "checks"))
		return fallback;
	for (unsigned i = 0; i < n; i++) {
		unsigned k = 0;

		while (check_names[k] && strcmp(check_names[k], rows[i]))
			k++;
		if (!check_names[k]) {
			pl_conf_fail(c, member(group, "checks"),
				     "unknown \"%s\"; valid: partial, saturation, drift, weight",
				     rows[i]);
			return 0;
		}
		checks |= check_bits[k];
	}
	return checks;
}

static unsigned whole(struct pl_conf *c, const config_setting_t *group, const char *name,
		      unsigned fallback, unsigned max)
{
	return (unsigned)pl_conf_int(c, group, name, fallback, 0, max);
}

static void read_length(struct pl_conf *c, struct pl_protocol_step *s,
			const config_setting_t *group)
{
	const double longest = 3600;

	s->seconds = pl_conf_number(c, group, "seconds", s->seconds, 0.1, longest);
	s->seconds_min = s->end == PL_END_TIME ? s->seconds : 0;
	s->seconds_min = pl_conf_number(c, group, "seconds_min", s->seconds_min, 0, s->seconds);
	s->seconds_max = pl_conf_number(c, group, "seconds_max", s->seconds, s->seconds, longest);
	s->rest_s = pl_conf_number(c, group, "rest_s", 0, 0, 86400);
	s->after_s = pl_conf_number(c, group, "after_s", 0, 0, 86400);
}

static void read_begin_and_end(struct pl_conf *c, struct pl_protocol_step *s,
			       const config_setting_t *group)
{
	s->start = (enum pl_step_start)pl_conf_choice(c, group, "start", start_names, s->start);
	s->end = (enum pl_step_end)pl_conf_choice(c, group, "end", end_names, s->end);
	if (s->start == PL_START_CONTACT && member(group, "countdown_s"))
		pl_conf_fail(c, member(group, "countdown_s"),
			     "start = \"contact\" has no countdown");
	if (s->start == PL_START_COUNTDOWN && member(group, "wait_s"))
		pl_conf_fail(c, member(group, "wait_s"), "valid with start = \"contact\" only");
	if (s->end == PL_END_TIME && member(group, "off_s"))
		pl_conf_fail(c, member(group, "off_s"), "valid with end = \"off\" only");
	s->countdown_s = pl_conf_number(c, group, "countdown_s", s->countdown_s, 0, 600);
	s->wait_s = pl_conf_number(c, group, "wait_s", s->wait_s, 0.1, 3600);
	s->contact_n = pl_conf_number(c, group, "contact_n", s->contact_n, 1, 5000);
	s->off_s = pl_conf_number(c, group, "off_s", s->off_s, 0.05, 60);
}

static void read_quality(struct pl_conf *c, struct pl_protocol_step *s,
			 const config_setting_t *group)
{
	s->trials = whole(c, group, "trials", s->trials, 100);
	s->strikes_per_foot = whole(c, group, "strikes_per_foot", 0, 1000);
	if (s->trials == 0 && s->strikes_per_foot == 0)
		pl_conf_fail(c, member(group, "trials"),
			     "0 trials need a quota of another kind: strikes_per_foot");
	s->checks = take_checks(c, group, s->checks) | PL_TRIAL_GAP;
	s->feet = whole(c, group, "feet", 0, 2);
	s->feet_pct = pl_conf_number(c, group, "feet_pct", s->feet_pct, 0, 100);
	s->weight_pct = pl_conf_number(c, group, "weight_pct", s->weight_pct, 0.1, 100);
	s->drift_n = pl_conf_number(c, group, "drift_n", s->drift_n, 0.1, 1000);
	s->strikes_min = whole(c, group, "strikes_min", 0, 1000);
	s->side = (enum pl_side)pl_conf_choice(c, group, "side", side_names, s->side);
	s->n_approaches = take_texts(c, group, "approaches", s->approaches[0],
				     sizeof(s->approaches[0]), PL_PROTOCOL_APPROACHES_MAX);
	s->checks |= s->feet ? PL_TRIAL_FEET : 0;
	s->checks |= s->strikes_min ? PL_TRIAL_STRIKES : 0;
	s->checks |= s->side != PL_SIDE_UNKNOWN ? PL_TRIAL_OTHER_FOOT : 0;
	s->checks |= s->end == PL_END_OFF ? PL_TRIAL_LONG : 0;
	if (s->side != PL_SIDE_UNKNOWN && s->strikes_per_foot)
		pl_conf_fail(c, member(group, "side"),
			     "of one foot only, but strikes_per_foot wants both");
}

static void read_step(struct pl_conf *c, struct pl_protocol_step *s, const config_setting_t *group)
{
	static const char *const record_keys[] = {
		"id",	       "title",	  "text",	"kind",	       "once",
		"trials",      "start",	  "end",	"countdown_s", "wait_s",
		"seconds",     "off_s",	  "contact_n",	"seconds_min", "seconds_max",
		"rest_s",      "after_s", "checks",	"feet",	       "feet_pct",
		"drift_n",     "side",	  "weight_pct", "approaches",  "strikes_per_foot",
		"strikes_min", NULL};
	static const char *const other_keys[] = {"id",	    "title",   "text",	  "kind",
						 "once",    "seconds", "after_s", "weight_pct",
						 "drift_n", NULL};
	int kind = pl_conf_choice(c, group, "kind", kind_names, PL_STEP_RECORD);

	if (c->failed)
		return;
	pl_protocol_step_init(s, (enum pl_step_kind)kind);
	pl_conf_only(c, group, kind == PL_STEP_RECORD ? record_keys : other_keys);
	take_id(c, group, s->id, sizeof(s->id));
	take_title(c, group, s->title, sizeof(s->title));
	take_text(c, group, "text", s->text, sizeof(s->text));
	s->once = pl_conf_bool(c, group, "once", kind != PL_STEP_RECORD && kind != PL_STEP_WAIT);
	if (c->failed)
		return;
	if (kind == PL_STEP_RECORD) {
		read_begin_and_end(c, s, group);
		read_length(c, s, group);
		read_quality(c, s, group);
		return;
	}
	s->seconds = pl_conf_number(c, group, "seconds", s->seconds, 0.1,
				    kind == PL_STEP_WAIT ? 86400 : 60);
	s->after_s = pl_conf_number(c, group, "after_s", 0, 0, 86400);
	s->weight_pct = pl_conf_number(c, group, "weight_pct", s->weight_pct, 0.1, 100);
	s->drift_n = pl_conf_number(c, group, "drift_n", s->drift_n, 0.1, 1000);
}

static void read_steps(struct pl_conf *c, struct pl_protocol *p, const config_setting_t *root)
{
	const config_setting_t *steps = member(root, "steps");
	int n = steps && config_setting_is_list(steps) ? config_setting_length(steps) : -1;

	pl_conf_require(c, root, "steps");
	if (!c->failed && (n < 1 || n > PL_PROTOCOL_STEPS_MAX))
		pl_conf_fail(c, steps,
			     "valid: a list of 1 to %d groups: steps = ({ id = \"...\"; ... })",
			     PL_PROTOCOL_STEPS_MAX);
	for (int i = 0; i < n && !c->failed; i++) {
		const config_setting_t *group = config_setting_get_elem(steps, (unsigned)i);

		if (!config_setting_is_group(group)) {
			pl_conf_fail(c, group, "valid: a group { id = \"...\"; ... }");
			return;
		}
		read_step(c, &p->steps[i], group);
		for (int k = 0; k < i; k++)
			if (strcmp(p->steps[k].id, p->steps[i].id) == 0)
				pl_conf_fail(c, member(group, "id"), "\"%s\" is there twice",
					     p->steps[i].id);
		p->n_steps = (unsigned)i + 1;
	}
}

static void read_pain(struct pl_conf *c, struct pl_protocol *p, const config_setting_t *root)
{
	static const char *const pain_keys[] = {"ask", "stop_at", "stop_rise", NULL};
	const config_setting_t *group = pl_conf_group(c, root, "pain", false);

	p->pain_stop_at = p->pain_stop_rise = NAN;
	if (!group)
		return;
	pl_conf_only(c, group, pain_keys);
	p->pain_ask = pl_conf_bool(c, group, "ask", false);
	p->pain_stop_at = pl_conf_number(c, group, "stop_at", NAN, 1, 10);
	p->pain_stop_rise = pl_conf_number(c, group, "stop_rise", NAN, 1, 10);
}

static int read_all(struct pl_conf *c, struct pl_protocol *p)
{
	static const char *const keys[] = {"id",      "version", "title", "text",
					   "dynamic", "subject", "order", "conditions",
					   "pain",    "steps",	 NULL};
	const config_setting_t *root = config_root_setting(&c->config);

	pl_conf_only(c, root, keys);
	take_id(c, root, p->id, sizeof(p->id));
	pl_conf_require(c, root, "version");
	p->version = (unsigned)pl_conf_int(c, root, "version", 1, 1, 100000);
	take_title(c, root, p->title, sizeof(p->title));
	take_text(c, root, "text", p->text, sizeof(p->text));
	p->dynamic = pl_conf_bool(c, root, "dynamic", false);
	p->subject = pl_conf_bool(c, root, "subject", true);
	p->order = (enum pl_order)pl_conf_choice(c, root, "order", order_names, PL_ORDER_FIXED);
	p->n_conditions = take_texts(c, root, "conditions", p->conditions[0],
				     sizeof(p->conditions[0]), PL_PROTOCOL_CONDITIONS_MAX);
	if (!member(root, "conditions"))
		p->n_conditions = 1; /* one without a name */
	read_pain(c, p, root);
	if (!c->failed)
		read_steps(c, p, root);
	return c->failed ? -1 : 0;
}

int pl_protocol_parse(struct pl_protocol *p, const char *name, const char *text,
		      struct pl_error *err)
{
	struct pl_conf c = {0};
	int r;

	memset(p, 0, sizeof(*p));
	r = pl_conf_open_text(&c, name, text, err);
	if (r == 0)
		r = read_all(&c, p);
	pl_conf_close(&c);
	return r;
}

/* Files are found by name and protocols by id: one word for both. */
static void check_name(struct pl_conf *c, const struct pl_protocol *p, const char *path)
{
	const char *slash = strrchr(path, '/'), *file = slash ? slash + 1 : path;
	size_t n = strlen(p->id);

	if (strncmp(file, p->id, n) != 0 || strcmp(file + n, ".conf") != 0)
		pl_conf_fail(c, member(config_root_setting(&c->config), "id"),
			     "is \"%s\", but the file is called %s; they must agree", p->id, file);
}

int pl_protocol_load(struct pl_protocol *p, const char *path, struct pl_error *err)
{
	struct pl_conf c = {0};
	int r;

	memset(p, 0, sizeof(*p));
	r = pl_conf_open(&c, path, err);
	if (r == 0)
		r = read_all(&c, p);
	if (r == 0) {
		check_name(&c, p, path);
		r = c.failed ? -1 : 0;
	}
	pl_conf_close(&c);
	return r;
}
