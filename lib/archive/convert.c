/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From journal to session file. The journal is the truth until the file was read back and found
 * equal to it; only then does the file get its name and the journal go. Whatever fails before,
 * the journal is as it was and the conversion can be done again.
 *
 * The steps after the last frame, in an order that a power cut may interrupt anywhere: close the
 * part file, add the summary, check it against the journal, fsync, rename, fsync the folder, seal
 * the session, remove the journal. A journal beside a finished file (cut between the last two)
 * is checked against it and goes if they agree.
 *
 * A journal that is damaged in its middle does not go: what is behind the damage is in no file,
 * and somebody may want to look at it.
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <plantar/analysis.h>
#include <plantar/archive.h>
#include <plantar/recording.h>

#include "analyze.h"
#include "claim.h"
#include "files.h"
#include "h5_check.h"
#include "h5_steps.h"
#include "h5_write.h"
#include "protocol_scores.h"
#include "seal.h"
#include "trial.h"

#define WAIT_MS 100		  /* between two looks at a journal that is being written */
#define ASK_FRAMES 1024		  /* between two calls of progress */
#define SUMMARY_BYTES (48u << 20) /* untouched pages cost nothing */

struct conversion {
	const struct pl_convert_options *o;
	char stem[PATH_MAX - 32], part[PATH_MAX], final[PATH_MAX - 16];
	struct pl_journal_reader *reader;
	struct claim claim;
	struct h5_writer *writer; /* NULL: only counting */
	struct rows rows;
	uint64_t frames;
	int64_t last_mono_ns;
	bool ended;	     /* the END record was there */
	bool more_behind;    /* damage, and whole records behind it */
	bool given_up;	     /* by progress, while analysing */
	char end_reason[32]; /* of END, "interrupted" or "damaged" */
	char damage[512];
};

static int set_names(struct conversion *c, struct pl_error *err)
{
	static const char extension[] = ".journal";
	size_t n = strlen(c->o->journal), e = sizeof(extension) - 1;

	if (n <= e || n >= sizeof(c->stem) || strcmp(c->o->journal + n - e, extension) != 0)
		return pl_error_set(err, PL_EUSAGE, 0,
				    "'%s' is no journal: its name must end in "
				    ".journal",
				    c->o->journal);
	memcpy(c->stem, c->o->journal, n - e);
	c->stem[n - e] = '\0';
	snprintf(c->part, sizeof(c->part), "%s.h5.part", c->stem);
	snprintf(c->final, sizeof(c->final), "%s.h5", c->stem);
	return 0;
}

static uint64_t total_guess(const struct conversion *c)
{
	const struct pl_session_meta *m = pl_journal_meta(c->reader);
	size_t size = frame_record_size(pl_journal_metric_columns(c->reader),
					pl_geometry_cells(&m->geometry) * pl_dtype_size(m->dtype));

	if (c->ended)
		return c->frames;
	return c->o->follow ? 0 : pl_journal_reader_file_bytes(c->reader) / size;
}

static int ask(const struct conversion *c, struct pl_error *err)
{
	if (!c->o->progress || !c->o->progress(c->o->user, c->frames, total_guess(c)))
		return 0;
	return pl_error_set(err, PL_ESTATE, 0, "the conversion of %s was given up", c->o->journal);
}

static int take(struct conversion *c, const struct pl_journal_record *record, struct pl_error *err)
{
	if (record->type == PL_RECORD_END) {
		c->ended = true;
		pl_files_text(c->end_reason, sizeof(c->end_reason), record->kind);
		return 0;
	}
	if (record->type != PL_RECORD_FRAME)
		return pl_rows_add(&c->rows, record, err);
	if (c->writer && pl_h5_write_frame(c->writer, &record->frame, err) != 0)
		return -1;
	c->last_mono_ns = record->frame.t_mono_ns;
	if (++c->frames % ASK_FRAMES == 0)
		return ask(c, err);
	return 0;
}

/* Nothing there now: wait, or see that nothing will come. 1: go on reading. 0: that was all. */
static int wait_for_more(struct conversion *c, bool *writer_gone, struct pl_error *err)
{
	const struct timespec pause = {.tv_nsec = WAIT_MS * 1000000};

	if (!c->o->follow || c->ended || *writer_gone)
		return 0;
	*writer_gone = !pl_journal_reader_has_writer(c->reader); /* then one last look */
	if (*writer_gone)
		return 1;
	nanosleep(&pause, NULL);
	return ask(c, err) == 0 ? 1 : -1;
}

/* The journal without its end: what is there counts, and the file says so. */
static int note_incomplete(struct conversion *c, struct pl_error *err)
{
	char text[700];

	if (c->ended)
		return 0;
	strcpy(c->end_reason, *c->damage ? "damaged" : "interrupted");
	snprintf(text, sizeof(text), "the recording has no end record; %llu frames recovered%s%s",
		 (unsigned long long)c->frames, *c->damage ? ": " : "", c->damage);
	return pl_rows_add_event(&c->rows, c->last_mono_ns, "recovered", text, err);
}

/*
 * The journal is damaged here. While somebody still writes it nothing can be concluded (and the
 * file must not go): wait, and look again at the end. 1: look again. 0: that was all.
 */
static int meet_damage(struct conversion *c, const struct pl_error *damage, bool *writer_gone,
		       struct pl_error *err)
{
	int more;

	if (damage->code != PL_ECORRUPT) {
		if (err)
			*err = *damage;
		return -1;
	}
	if (!*c->damage)
		pl_logf(c->o->log, PL_WARNING, "%s", damage->message);
	snprintf(c->damage, sizeof(c->damage), "%s", damage->message);
	more = wait_for_more(c, writer_gone, err);
	if (more == 0)
		c->more_behind = pl_journal_reader_more_behind(c->reader);
	return more;
}

/* Every record of the journal, as far as it can be believed. */
static int read_journal(struct conversion *c, struct pl_error *err)
{
	struct pl_journal_record record;
	struct pl_error damage = {0};
	bool writer_gone = false;
	int got, more = 1;

	c->last_mono_ns = pl_journal_meta(c->reader)->started_mono_ns;
	while (more > 0) {
		got = pl_journal_next(c->reader, &record, &damage);
		if (got > 0) {
			c->damage[0] = '\0'; /* what looked so was being written */
			more = take(c, &record, err) == 0 ? 1 : -1;
		} else if (got == 0) {
			more = wait_for_more(c, &writer_gone, err);
		} else {
			more = meet_damage(c, &damage, &writer_gone, err);
		}
	}
	return more < 0 ? -1 : note_incomplete(c, err);
}

static void forget(struct conversion *c)
{
	pl_rows_free(&c->rows);
	c->frames = 0;
	c->ended = c->more_behind = false;
	c->damage[0] = c->end_reason[0] = '\0';
}

static int write_part(struct conversion *c, struct pl_error *err)
{
	int result = -1;

	if (unlink(c->part) != 0 && errno != ENOENT)
		return pl_files_error(err, errno, "cannot remove %s", c->part);
	c->writer = pl_h5_write_new(c->part, c->reader, err);
	if (c->writer && read_journal(c, err) == 0)
		result = pl_h5_write_finish(c->writer, &c->rows, c->ended && !*c->damage,
					    c->end_reason, err);
	pl_h5_write_free(c->writer);
	c->writer = NULL;
	return result;
}

static bool ask_while_analysing(void *user, uint64_t done, uint64_t total)
{
	struct conversion *c = user;

	c->given_up = c->o->progress && c->o->progress(c->o->user, done, total);
	return c->given_up;
}

/*
 * The analysis names the file that it read: the part file, somewhere on this machine. What stays
 * is the name that the file will have in its session.
 */
static void set_path(const struct conversion *c, char *json)
{
	static const char key[] = "\"path\":\"";
	const char *name = strrchr(c->final, '/');
	char *from = strstr(json, key), *end;
	size_t n;

	name = name ? name + 1 : c->final;
	n = strlen(name);
	if (!from)
		return;
	from += sizeof(key) - 1;
	for (end = from; *end && *end != '"'; end++)
		if (*end == '\\' && end[1])
			end++;
	if ((size_t)(end - from) < n)
		return;
	memmove(from + n, end, strlen(end) + 1);
	memcpy(from, name, n);
}

/* The figures of the whole recording. A recording that cannot be analysed is still a recording. */
static int add_summary(struct conversion *c, struct pl_error *err)
{
	struct pl_analysis_options options;
	struct pl_recording *recording;
	struct pl_gait steps;
	struct pl_error why = {0};
	struct pl_json json;
	char *text = malloc(SUMMARY_BYTES);
	int result = 0;

	if (!text)
		return pl_error_set(err, PL_ENOMEM, 0, "no memory for the summary");
	pl_gait_init(&steps);
	pl_json_init(&json, text, SUMMARY_BYTES);
	recording = pl_recording_open(c->part, &why);
	if (recording)
		pl_recording_options(recording, &options);
	if (recording &&
	    pl_analyze_steps(recording, &options, &json, ask_while_analysing, c, &steps, &why) ==
		    0 &&
	    pl_json_finish(&json) > 0) {
		pl_recording_close(recording);
		recording = NULL;
		set_path(c, text);
		result = pl_h5_write_summary(c->part, text, err);
		if (result == 0)
			result = pl_h5_write_steps(c->part, &steps, err);
	} else if (c->given_up) {
		result = pl_error_set(err, PL_ESTATE, 0, "the conversion of %s was given up",
				      c->o->journal);
	} else {
		pl_logf(c->o->log, PL_WARNING, "%s gets no summary: %s", c->final,
			*why.message ? why.message : "it does not fit into 48 MiB");
	}
	pl_recording_close(recording);
	pl_gait_free(&steps);
	free(text);
	return result;
}

static int check(struct conversion *c, const char *path, struct pl_error *err)
{
	const struct h5_check h5 = {
		.path = path,
		.frames = c->frames,
		.rows = &c->rows,
		.progress = c->o->progress,
		.user = c->o->user,
	};

	return pl_h5_check(&h5, c->reader, err);
}

/* A finished file is there already: is it this journal's? 1 yes, 0 no (moved aside), -1 error. */
static int already_done(struct conversion *c, struct pl_error *err)
{
	char aside[PATH_MAX + 32];
	struct pl_error why = {0};

	if (access(c->final, F_OK) != 0)
		return 0;
	if (read_journal(c, err) != 0)
		return -1;
	if (check(c, c->final, &why) == 0)
		return 1;
	if (why.code == PL_ESTATE) {
		if (err)
			*err = why;
		return -1;
	}
	if (pl_files_put_aside(c->final, ".replaced", aside, sizeof(aside), err) != 0)
		return -1;
	pl_logf(c->o->log, PL_WARNING, "%s does not agree with its journal (%s); kept as %s",
		c->final, why.message, aside);
	forget(c);
	return pl_journal_reader_rewind(c->reader, err);
}

static int build(struct conversion *c, struct pl_error *err)
{
	if (write_part(c, err) != 0 || add_summary(c, err) != 0 || check(c, c->part, err) != 0 ||
	    pl_files_sync(c->part, err) != 0) {
		unlink(c->part); /* the space is what a full disk needs most */
		return -1;
	}
	if (rename(c->part, c->final) != 0)
		return pl_files_error(err, errno, "cannot rename %s", c->part);
	return pl_files_sync_parent(c->final, err);
}

static int remove_journal(struct conversion *c, struct pl_error *err)
{
	char aside[PATH_MAX + 32];

	if (c->o->keep_journal)
		return 0;
	if (c->more_behind) {
		if (pl_files_put_aside(c->o->journal, ".damaged", aside, sizeof(aside), err) != 0)
			return -1;
		pl_logf(c->o->log, PL_WARNING,
			"frames behind the damage are not in %s; the journal is kept as %s",
			c->final, aside);
		return 0;
	}
	if (unlink(c->o->journal) != 0)
		return pl_files_error(err, errno, "cannot remove %s", c->o->journal);
	return pl_files_sync_parent(c->o->journal, err);
}

static void report(const struct conversion *c, struct pl_convert_result *result)
{
	struct stat st;

	if (!result)
		return;
	*result = (struct pl_convert_result){
		.frames = c->frames,
		.events = c->rows.events,
		.gaps = c->rows.gaps,
		.bytes = stat(c->final, &st) == 0 ? (uint64_t)st.st_size : 0,
		.complete = c->ended && !*c->damage,
	};
	snprintf(result->path, sizeof(result->path), "%s", c->final);
}

/* A score that came while the file was being made. It is in session.json all the same, so the
 * recording is whole without it. */
static void carry_scores(const struct conversion *c)
{
	const char *slash = strrchr(c->final, '/');
	struct pl_error err = {.code = PL_OK};
	char folder[PATH_MAX];

	snprintf(folder, sizeof(folder), "%.*s", slash ? (int)(slash - c->final) : 1,
		 slash ? c->final : ".");
	if (pl_protocol_carry_scores(folder, &err))
		pl_logf(c->o->log, PL_WARNING, "a score of pain is not in its file yet: %s",
			err.message);
}

static int convert(struct conversion *c, struct pl_error *err)
{
	int done;

	c->reader = pl_journal_open(c->o->journal, err);
	if (!c->reader)
		return -1;
	if (!c->o->follow && pl_journal_reader_has_writer(c->reader))
		return pl_error_set(err, PL_EBUSY, 0, "%s is still being written", c->o->journal);
	done = already_done(c, err);
	if (done < 0 || (done == 0 && build(c, err) != 0))
		return -1;
	if (pl_seal_session(c->final, err) != 0 || remove_journal(c, err) != 0)
		return -1;
	carry_scores(c);
	return 0;
}

int pl_convert_done(const char *journal, struct pl_convert_result *result, struct pl_error *err)
{
	const struct pl_convert_options o = {.journal = journal};
	struct conversion *c = calloc(1, sizeof(*c));
	struct trial trial = {0};
	int failed = -1;

	if (!c)
		return pl_error_set(err, PL_ENOMEM, 0, "no memory to look at a recording");
	c->o = &o;
	if (set_names(c, err) == 0 && access(journal, F_OK) == 0)
		pl_error_set(err, PL_ESTATE, 0, "%s is there, so it is not done", journal);
	else if (*c->final && pl_trial_read(c->final, &trial, err) == 0)
		failed = 0;
	c->frames = trial.frames;
	c->ended = trial.complete;
	c->rows = trial.rows;
	if (!failed)
		report(c, result);
	pl_rows_free(&c->rows);
	free(c);
	return failed;
}

int pl_convert_compare(const char *journal, struct pl_error *err)
{
	const struct pl_convert_options o = {.journal = journal};
	struct conversion *c = calloc(1, sizeof(*c));
	struct pl_error busy = {0};
	int result = -1;

	if (!c)
		return pl_error_set(err, PL_ENOMEM, 0, "no memory to compare a recording");
	c->o = &o;
	c->claim.fd = -1;
	pl_h5_init();
	if (set_names(c, err) == 0 && pl_claim_take(&c->claim, c->stem, &busy) != 0 &&
	    busy.code == PL_EBUSY)
		result = 0; /* who converts it compares it, too */
	else if (*c->final && (c->reader = pl_journal_open(journal, err)))
		result = pl_journal_reader_has_writer(c->reader) ||
					 (read_journal(c, err) == 0 && check(c, c->final, err) == 0)
				 ? 0
				 : -1;
	pl_journal_reader_close(c->reader);
	pl_claim_release(&c->claim);
	pl_rows_free(&c->rows);
	free(c);
	return result;
}

int pl_convert(const struct pl_convert_options *o, struct pl_convert_result *result,
	       struct pl_error *err)
{
	struct conversion *c = calloc(1, sizeof(*c));
	int failed;

	if (!c)
		return pl_error_set(err, PL_ENOMEM, 0, "no memory to convert a recording");
	c->o = o;
	c->claim.fd = -1;
	pl_h5_init();
	failed = set_names(c, err) != 0 || pl_claim_take(&c->claim, c->stem, err) != 0;
	if (!failed && convert(c, err) != 0) {
		failed = 1;
		if (err && !strstr(err->message, c->stem))
			pl_error_prefix(err, "%s: ", o->journal);
	}
	if (!failed)
		report(c, result);
	pl_journal_reader_close(c->reader);
	pl_claim_release(&c->claim);
	pl_rows_free(&c->rows);
	free(c);
	return failed ? -1 : 0;
}
