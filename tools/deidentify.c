/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A file from which names are crossed out still holds what was forgotten: free space keeps old
 * attributes, texts keep names. So nothing is crossed out here. A new session is made the way an
 * import makes one, from a journal (or a table) into which only what is on the list below was put:
 * frames and their figures, or samples, holes, the mat's geometry and calibration, and what was
 * said of the person and the trial in numbers and fixed words. Days become days of January 2000;
 * within the session times keep their distances.
 */
#include "tools/deidentify.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <plantar/archive.h>
#include <plantar/recording.h>
#include <plantar/rejection.h>

#include "tools/finish.h"
#include "tools/folder.h"
#include "tools/open.h"
#include "tools/progress.h"

#define NEW_START_UTC_NS (INT64_C(946684800) * 1000000000) /* 2000-01-01T00:00:00Z */
#define NEW_START_MONO_NS INT64_C(1000000000)
#define TRIALS_MAX 1000

struct deidentify {
	const struct pl_subcommand *self;
	const char *to;
	char *trials[TRIALS_MAX];
	unsigned n;
	char uuid[37];
	int64_t utc_shift_ns, mono_shift_ns;
	bool shifted;
};

struct gaps {
	struct pl_gap *list;
	size_t n, cap, next;
};

struct copy {
	struct deidentify *d;
	struct pl_opened opened;
	struct pl_recording *from; /* of it; NULL: a table */
	struct pl_session_meta meta;
	struct pl_journal *journal;
	struct gaps gaps;
	struct pl_error *err;
	int failed;
};

/* ---- what is kept of what was said ---- */

/* Which steps do not count, without what somebody wrote about them. */
static int keep_rejections(const char *value, struct pl_session_meta *m, struct pl_error *err)
{
	char text[PL_ANNOTATION_VALUE_MAX];
	struct pl_rejections r;

	if (pl_rejections_parse(&r, value, err))
		return -1;
	for (unsigned i = 0; i < r.n; i++)
		r.of[i].reason[0] = '\0';
	return pl_rejections_print(&r, text, sizeof(text), err) ||
			       pl_annotations_set(&m->annotations, "steps_rejected", text, err)
		       ? -1
		       : 0;
}

static int keep_annotations(const struct pl_session_meta *from, struct pl_session_meta *m,
			    struct pl_error *err)
{
	size_t n;
	const struct pl_annotation_key *k = pl_annotation_keys(&n);
	char value[PL_ANNOTATION_VALUE_MAX];

	for (size_t i = 0; i < n; i++) {
		if (k[i].type == PL_ANNOTATION_TEXT || k[i].type == PL_ANNOTATION_CODE)
			continue;
		if (!pl_annotations_get(&from->annotations, k[i].name, value))
			continue;
		if (k[i].type == PL_ANNOTATION_STEPS
			    ? keep_rejections(value, m, err)
			    : pl_annotations_set(&m->annotations, k[i].name, value, err))
			return -1;
	}
	return 0;
}

static int keep_areas(const double *area_m2, struct pl_session_meta *m, struct pl_error *err)
{
	size_t bytes = m->geometry.rows * sizeof(*area_m2);

	if (!area_m2)
		return 0;
	m->sensor_area_m2 = malloc(bytes);
	if (!m->sensor_area_m2)
		return pl_error_set(err, PL_ENOMEM, 0, "out of memory");
	memcpy(m->sensor_area_m2, area_m2, bytes);
	return 0;
}

static int fill_meta(struct copy *c, const struct pl_session_meta *from, struct pl_error *err)
{
	struct pl_session_meta *m = &c->meta;
	struct deidentify *d = c->d;

	if (!d->shifted) {
		d->utc_shift_ns = from->started_utc_ns - NEW_START_UTC_NS;
		d->mono_shift_ns = from->started_mono_ns - NEW_START_MONO_NS;
		d->shifted = true;
	}
	memcpy(m->session_uuid, d->uuid, sizeof(m->session_uuid));
	m->trial = from->trial;
	snprintf(m->protocol, sizeof(m->protocol), "%s", from->protocol);
	snprintf(m->condition, sizeof(m->condition), "%s", from->condition);
	m->body_mass_kg = from->body_mass_kg;
	m->started_utc_ns = from->started_utc_ns - d->utc_shift_ns;
	m->started_mono_ns = from->started_mono_ns - d->mono_shift_ns;
	snprintf(m->mat, sizeof(m->mat), "mat");
	snprintf(m->mat_file, sizeof(m->mat_file), "%s", from->mat_file);
	snprintf(m->software, sizeof(m->software), "%s", from->software);
	m->geometry = from->geometry;
	m->dtype = from->dtype;
	m->rate_hz = from->rate_hz;
	m->live = from->live;
	if (keep_annotations(from, m, err) || keep_areas(from->sensor_area_m2, m, err) ||
	    pl_calibration_copy(&m->calibration, &from->calibration, err))
		return -1;
	m->calibration.origin.by[0] = '\0'; /* a name may stand there */
	return 0;
}

/* ---- frames, holes, events ---- */

static void take_gap(void *user, const struct pl_gap *gap)
{
	struct gaps *g = user;

	if (g->n == g->cap) {
		size_t cap = g->cap ? 2 * g->cap : 64;
		struct pl_gap *list = realloc(g->list, cap * sizeof(*list));

		if (!list)
			return; /* the count of frames then differs, and verification says so */
		g->list = list;
		g->cap = cap;
	}
	g->list[g->n++] = *gap;
}

/* Before the frame that follows it; at the end (NULL) all that are left. */
static int put_gaps(struct copy *c, const struct pl_frame *before, struct pl_error *err)
{
	while (c->gaps.next < c->gaps.n) {
		struct pl_gap gap = c->gaps.list[c->gaps.next];

		if (before && (gap.epoch > before->epoch ||
			       (gap.epoch == before->epoch && gap.first_seq > before->seq)))
			return 0;
		gap.t0_mono_ns -= c->d->mono_shift_ns;
		gap.t1_mono_ns -= c->d->mono_shift_ns;
		if (pl_journal_gap(c->journal, &gap, err))
			return -1;
		c->gaps.next++;
	}
	return 0;
}

/* What happened and when, without the words that somebody may have put there. */
static void put_event(void *user, const struct pl_archive_event *event)
{
	struct copy *c = user;

	if (!c->failed)
		c->failed = pl_journal_event(c->journal, event->t_mono_ns - c->d->mono_shift_ns,
					     event->kind, "", c->err);
}

static int put_frames(struct copy *c, struct pl_error *err)
{
	uint64_t total = pl_recording_info(c->from)->frames, done = 0;
	struct pl_progress progress;
	struct pl_frame f;
	int got;

	pl_progress_begin(&progress, "copying", "frames");
	while ((got = pl_recording_next(c->from, &f, err)) > 0) {
		struct pl_frame *const list[1] = {&f};

		f.t_mono_ns -= c->d->mono_shift_ns;
		f.t_est_ns -= c->d->mono_shift_ns;
		if (put_gaps(c, &f, err) || pl_journal_frames(c->journal, list, 1, err))
			got = -1;
		else if (++done % 64 == 0 && pl_progress_step(&progress, done, total))
			got = pl_error_set(err, PL_ESTATE, 0, "interrupted");
		if (got < 0)
			break;
	}
	pl_progress_end(&progress);
	return got < 0 ? -1 : put_gaps(c, NULL, err);
}

static int put_all(struct copy *c, const char *path, struct pl_error *err)
{
	c->err = err;
	if (pl_journal_clock(c->journal, c->meta.started_mono_ns, c->meta.started_utc_ns, err) ||
	    pl_archive_gaps(path, take_gap, &c->gaps, err) ||
	    pl_archive_events(path, put_event, c, err) || c->failed || put_frames(c, err))
		return -1;
	return pl_journal_sync(c->journal, err);
}

/* ---- one trial ---- */

static const struct pl_session_meta *meta_of(const struct copy *c)
{
	if (c->opened.table)
		return c->opened.table->meta;
	return pl_recording_info(c->from)->format == PL_FORMAT_PLANTAR_H5
		       ? pl_recording_meta(c->from)
		       : NULL;
}

static int open_trial(struct copy *c, const char *path, struct pl_error *err)
{
	if (pl_open_any(&c->opened, path, NULL, err) < 0)
		return -1;
	c->from = c->opened.recording;
	if (!meta_of(c))
		return pl_error_set(err, PL_EUNSUPPORTED, 0,
				    "%s is no finished recording of plantard", path);
	return fill_meta(c, meta_of(c), err);
}

/* What the file called its columns may name anybody; what they are is their role. */
static void rename_columns(struct pl_table_file *t)
{
	for (int i = 0; i < PL_COLUMNS; i++)
		if (t->table.column[i])
			snprintf(t->from[i], sizeof(t->from[i]), "%s",
				 pl_column_name((enum pl_column)i));
}

static int write_journal(struct copy *c, const char *path, const char *journal,
			 struct pl_error *err)
{
	c->journal = pl_journal_create(journal, &c->meta, err);
	if (!c->journal)
		return -1;
	if (put_all(c, path, err)) {
		pl_journal_abandon(c->journal);
		unlink(journal);
		return -1;
	}
	return pl_journal_end(c->journal, "deidentified", err);
}

static int copy_one(struct deidentify *d, const char *path)
{
	struct copy c = {.d = d};
	struct pl_error err = {.code = PL_OK};
	struct pl_finished finished = {.ok = false};
	char stem[PATH_MAX - 16], journal[PATH_MAX];
	struct pl_table_store store = {.meta = &c.meta, .stem = stem, .origin = ""};
	struct pl_finish finish = {.self = d->self, .what = "finishing"};
	int r;

	pl_session_meta_init(&c.meta);
	snprintf(stem, sizeof(stem), "%s/%.*s", d->to,
		 (int)(strrchr(path, '.') - strrchr(path, '/') - 1), strrchr(path, '/') + 1);
	snprintf(journal, sizeof(journal), "%s.journal", stem);
	r = open_trial(&c, path, &err);
	if (r == 0 && c.opened.table) {
		rename_columns(c.opened.table);
		store.table = c.opened.table;
		finish.table = &store;
	} else if (r == 0) {
		r = write_journal(&c, path, journal, &err);
		finish.journal = journal;
	}
	if (r == 0)
		pl_finish_trial(&finish, &finished);
	pl_opened_close(&c.opened);
	pl_session_meta_free(&c.meta);
	free(c.gaps.list);
	if (r)
		return pl_report(d->self, &err);
	return finished.ok ? PL_EXIT_OK : pl_report(d->self, &finished.err);
}

/* ---- the session ---- */

static int take_trial(void *user, const char *path)
{
	struct deidentify *d = user;
	size_t n = strlen(path);

	if (n < 3 || strcmp(path + n - 3, ".h5") != 0)
		return 0;
	if (d->n == TRIALS_MAX)
		return 1;
	d->trials[d->n] = strdup(path);
	d->n += d->trials[d->n] != NULL;
	return 0;
}

static int find_trials(struct deidentify *d, const char *source, struct pl_error *err)
{
	char full[PATH_MAX];
	struct stat st;

	if (!realpath(source, full) || stat(full, &st))
		return pl_error_set(err, PL_ENOENT, errno, "cannot read %s: %s", source,
				    strerror(errno));
	if (!S_ISDIR(st.st_mode))
		return take_trial(d, full);
	if (pl_folder_trials(full, take_trial, d, err) < 0)
		return -1;
	for (unsigned i = 1; i < d->n; i++)
		if (strrchr(d->trials[i], '/') - d->trials[i] !=
			    strrchr(d->trials[0], '/') - d->trials[0] ||
		    strncmp(d->trials[i], d->trials[0],
			    (size_t)(strrchr(d->trials[0], '/') - d->trials[0])) != 0)
			return pl_error_set(err, PL_EUSAGE, 0,
					    "%s holds several sessions; one at a time, or they "
					    "would be joined",
					    source);
	return 0;
}

static int make_output(const char *to, struct pl_error *err)
{
	if (mkdir(to, 0750) == 0 || (errno == EEXIST && rmdir(to) == 0 && mkdir(to, 0750) == 0))
		return 0;
	return pl_error_set(err, PL_EUSAGE, errno,
			    "cannot make the folder %s: %s; name one that is not there yet", to,
			    strerror(errno));
}

static void say_what(const struct deidentify *d)
{
	printf("%s: %u recording%s, without the code, session id, dates (they begin on "
	       "2000-01-01),\n"
	       "host, source and configuration of the mat, free texts (notes, training, texts of\n"
	       "events, reasons of rejected steps), the logs of amendments and protocols.\n"
	       "Kept: frames or samples and figures, calibration, protocol and condition, body "
	       "mass, height "
	       "and\n"
	       "other numbers and fixed words that were entered. Read protocol, condition and "
	       "those\n"
	       "numbers before you give it away: together they may still point to somebody.\n",
	       d->to, d->n, d->n == 1 ? "" : "s");
}

int pl_deidentify(const struct pl_subcommand *self, const char *source, const char *to)
{
	struct deidentify d = {.self = self, .to = to};
	struct pl_error err = {.code = PL_OK};
	int code = PL_EXIT_OK;

	pl_session_uuid(d.uuid);
	if (find_trials(&d, source, &err) == 0 && d.n == 0)
		pl_error_set(&err, PL_ENOENT, 0, "%s holds no finished recording of plantard",
			     source);
	if (err.code != PL_OK || make_output(to, &err))
		code = pl_report(self, &err);
	for (unsigned i = 0; i < d.n; i++) {
		if (code == PL_EXIT_OK)
			code = copy_one(&d, d.trials[i]);
		free(d.trials[i]);
	}
	if (code == PL_EXIT_OK)
		say_what(&d);
	return code;
}
