/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One protocol carried out with one person: a state machine without a clock, a thread or a socket.
 * What happens is told to it; what is to be done (start a recording, tare, ...) it says as action
 * bits; what is so far is one JSON document. The daemon owns one, so that all clients see the same
 * and a client that dies takes nothing with it.
 *
 *	idle -> red-flags -> ready -> countdown -> starting -> recording -> ending -> review
 *	                       ^                      `-> waiting ---^                    |
 *	                       `--------- rest <------------------------------------------'
 *	ready -> measuring -> review (tare, weigh)      any -> aborted       last step -> done
 *
 * Time is what the last pl_visit_tick said. A function that can refuse returns -1 with PL_ESTATE
 * (not now) or PL_EUSAGE (not so), and has changed nothing then. One thread; allocates only in
 * pl_visit_new.
 */
#ifndef PLANTAR_VISIT_H
#define PLANTAR_VISIT_H

#include <stdbool.h>
#include <stdint.h>

#include <plantar/annotation.h>
#include <plantar/cell_watch.h>
#include <plantar/contact.h>
#include <plantar/error.h>
#include <plantar/json.h>
#include <plantar/protocol.h>

#ifdef __cplusplus
extern "C" {
#endif

#define PL_VISIT_TRIALS_MAX 400
#define PL_VISIT_PLAN_MAX 64

enum pl_visit_state {
	PL_VISIT_IDLE,
	PL_VISIT_RED_FLAGS, /* the checklist is asked for, or has locked the protocol */
	PL_VISIT_READY,	    /* for the next trial of the step */
	PL_VISIT_COUNTDOWN,
	PL_VISIT_STARTING,  /* until the recorder answers */
	PL_VISIT_WAITING,   /* recording, no contact yet */
	PL_VISIT_RECORDING, /* the trial itself */
	PL_VISIT_ENDING,    /* until the recording is closed */
	PL_VISIT_MEASURING, /* tare, weigh */
	PL_VISIT_REVIEW,    /* accept or reject */
	PL_VISIT_REST,	    /* until a time */
	PL_VISIT_DONE,
	PL_VISIT_ABORTED,
};
#define PL_VISIT_STATES 13
const char *pl_visit_state_name(enum pl_visit_state state); /* "idle", "red-flags", ... */

enum pl_red_flag {
	PL_RED_STRESS_FRACTURE,
	PL_RED_NUMBNESS,
	PL_RED_CALF,
	PL_RED_NIGHT_PAIN,
	PL_RED_NOT_RESOLVING,
	PL_RED_FLAGS
};
/* "stress_fracture", ...; and the question for people. */
const char *pl_red_flag_name(unsigned i);
const char *pl_red_flag_text(unsigned i);

enum pl_visit_action { PL_ACT_START = 1, PL_ACT_STOP = 2, PL_ACT_TARE = 4, PL_ACT_WEIGH = 8 };

enum pl_verdict { PL_VERDICT_NONE, PL_VERDICT_ACCEPTED, PL_VERDICT_REJECTED };
const char *pl_verdict_name(enum pl_verdict verdict); /* "undecided", "accepted", "rejected" */

struct pl_visit_setup {
	char session_uuid[37], subject[65], mat[64], pain_side[9], operator_name[65];
	bool continued;	     /* session_uuid is of a session that exists already */
	double body_mass_kg; /* NaN: not known */
	enum pl_order order;
	uint64_t seed;
	unsigned n_conditions;
	char conditions[PL_PROTOCOL_CONDITIONS_MAX][41];
	/* Red flags of this subject that were ticked before, and those of them overridden. */
	unsigned red_ticked, red_overridden;
	char override_name[65], override_reason[161]; /* who overrode, and why; "": nobody */
	struct pl_annotations annotations;	      /* said of every trial; no pain_score */
};

/* One step under one condition. */
struct pl_visit_item {
	unsigned step, condition; /* indices */
	unsigned accepted, rejected;
	unsigned strikes[3]; /* accepted, by enum pl_side */
	bool skipped;	     /* left by `next` before the quota was met */
};

/* What the operator says about one trial before it. */
struct pl_visit_ask {
	double seconds;			   /* NaN: as the step says */
	double speed_kmh;		   /* of a treadmill; NaN: none */
	char approach[33];		   /* "": none */
	struct pl_annotations annotations; /* of this trial alone; no pain_score */
};

struct pl_visit_trial {
	unsigned item;
	unsigned number; /* of the item, from 1 */
	unsigned file;	 /* number of the recording in the session's folder; 0: none */
	char path[1024]; /* of the recording that will be; "": none */
	struct pl_visit_ask ask;
	int64_t started_utc_ns;
	double seconds;	  /* from the begin (contact, if that began it) to the end */
	double contact_s; /* from the recording's begin to contact; NaN: not by contact */
	double force_n;	  /* mean while loaded; WEIGH: measured. NaN: unknown */
	double empty_n;	  /* mean while empty; TARE: before it. NaN: unknown */
	double ratio;	  /* force to body weight; NaN: unknown */
	double force_counts, empty_counts; /* instead, of a mat without calibration; else NaN */
	double pain;			   /* NaN: not asked */
	unsigned strikes[3];
	uint64_t frames, gap_frames;
	unsigned flags;		  /* enum pl_trial_flag */
	enum pl_verdict proposed; /* NONE until it has ended */
	enum pl_verdict verdict;
	bool by_operator; /* or by an abort, the stop rule */
	char reason[161]; /* of the rejection */
	char end[33];	  /* why it ended: "time", "off", "stopped", "unplugged", ... */
};

struct pl_visit {
	const struct pl_protocol *protocol; /* whoever began it keeps it */
	struct pl_visit_setup setup;
	enum pl_visit_state state;
	char why[161]; /* of ABORTED; what failed last of others */
	int64_t now_ns, now_utc_ns;
	int64_t began_utc_ns, ended_utc_ns;
	int64_t until_ns;	/* of COUNTDOWN, WAITING, RECORDING, REST */
	int64_t trial_began_ns; /* RECORDING */
	int64_t record_began_ns, last_end_ns;
	unsigned order[PL_PROTOCOL_ORDER_MAX], n_order;
	unsigned n_items, at; /* plan[at] is now */
	struct pl_visit_item plan[PL_VISIT_PLAN_MAX];
	unsigned red_asked, red_ticked, red_overridden; /* bits; asked: all or 0 */
	char override_name[65], override_reason[161];
	double pain_first, pain_last; /* NaN: none yet */
	bool recording; /* START was asked for and the end has not come yet, whatever the state */
	bool begun;	/* ... and the recorder has begun it */
	struct pl_cell_report cells; /* what the mat showed in this visit so far */
	unsigned actions;
	uint64_t changes; /* grows with everything worth telling */
	unsigned n_trials;
	struct pl_visit_trial *trials; /* PL_VISIT_TRIALS_MAX; owned */
};

struct pl_visit *pl_visit_new(struct pl_error *err); /* idle */
void pl_visit_free(struct pl_visit *v);		     /* NULL allowed */

/* The order of conditions, the plan; then the checklist or the first step. Refused while another
 * protocol is under way or its recording has not ended. */
int pl_visit_begin(struct pl_visit *v, const struct pl_protocol *protocol,
		   const struct pl_visit_setup *setup, struct pl_error *err);
/* What a log says of the time since, and of steps that were left. */
struct pl_visit_left {
	double idle_s;	    /* since the log was written */
	double rest_s;	    /* then left of a rest; NaN: none */
	double since_end_s; /* then since the end of the last trial; NaN: there was none */
	uint64_t skipped;   /* bit an item of the plan */
};
/*
 * Goes on with a visit that was read back: everything in v is set but the plan, which follows from
 * it. A trial that ran is rejected as interrupted. PL_EFORMAT: its numbers do not fit the protocol.
 */
int pl_visit_resume(struct pl_visit *v, const struct pl_visit_left *left, struct pl_error *err);
/*
 * After pl_visit_resume: a recording of this visit that its log does not name, because plantard
 * ended between its begin and the log. It becomes that of the trial that was interrupted before it
 * had one, else a trial of its own; rejected as interrupted either way.
 */
void pl_visit_lost(struct pl_visit *v, unsigned file, const char *path, int64_t started_utc_ns);
/* The program ends: a trial that runs is rejected with this reason and stopped; all else stays as
 * it is, to be gone on with. */
void pl_visit_interrupt(struct pl_visit *v, const char *reason);
/* Time goes on. Before every other call, and some times a second. */
void pl_visit_tick(struct pl_visit *v, int64_t now_ns, int64_t now_utc_ns);

/* What the operator does. */
int pl_visit_red_flags(struct pl_visit *v, unsigned ticked, struct pl_error *err);
int pl_visit_override(struct pl_visit *v, const char *name, const char *reason,
		      struct pl_error *err);
int pl_visit_trial(struct pl_visit *v, const struct pl_visit_ask *ask, struct pl_error *err);
/* score NaN: none. side UNKNOWN: as seen; else whose foot every strike was. */
int pl_visit_accept(struct pl_visit *v, enum pl_side side, double score, struct pl_error *err);
int pl_visit_reject(struct pl_visit *v, const char *reason, struct pl_error *err);
/* 0..10. Of the trial that runs or is reviewed; after its verdict still of the last one, if that
 * has none yet, even when the protocol is done. */
int pl_visit_pain(struct pl_visit *v, double score, struct pl_error *err);
int pl_visit_next(struct pl_visit *v, struct pl_error *err); /* end a rest; leave a step */
int pl_visit_abort(struct pl_visit *v, const char *reason, struct pl_error *err);

/* What the world says. connected: frames come. c: since pl_visit_started. */
void pl_visit_started(struct pl_visit *v, unsigned file, const char *path);
void pl_visit_not_started(struct pl_visit *v, const char *why);
void pl_visit_seen(struct pl_visit *v, const struct pl_contact *c, bool connected);
void pl_visit_ended(struct pl_visit *v, const struct pl_contact *c, uint64_t frames,
		    uint64_t gap_frames, const char *reason, const char *failure);
/* reason: of an end that was not this visit's doing ("stopped", "disk reserve"). failure "": none
 */
/* Of TARE: what the mat showed before; of WEIGH: what it shows. failure "": none */
void pl_visit_measured(struct pl_visit *v, double force_n, const char *failure);

/* Cells of the mat that cannot be trusted. True: another finding than before, worth telling. */
bool pl_visit_cells(struct pl_visit *v, const struct pl_cell_report *cells);

unsigned pl_visit_take_actions(struct pl_visit *v); /* enum pl_visit_action bits; forgets them */

bool pl_visit_active(const struct pl_visit *v); /* neither idle nor done nor aborted */
bool pl_visit_locked(const struct pl_visit *v); /* red flags that nobody has overridden */
const struct pl_protocol_step *pl_visit_step(const struct pl_visit *v); /* NULL: none now */
/* "barefoot", or "barefoot / eyes-open" where the protocol has several recorded steps. */
void pl_visit_condition(const struct pl_visit *v, char out[65]);
/*
 * What is said of the present trial: the annotations of the visit, over them those of the trial,
 * and what was asked in other words: pain_side, approach, and speed_kmh as speed_m_s of a belt.
 * Fails as pl_annotations_set does.
 */
int pl_visit_annotations(const struct pl_visit *v, struct pl_annotations *out,
			 struct pl_error *err);
/* The trial that runs or is reviewed; NULL: none. */
const struct pl_visit_trial *pl_visit_current(const struct pl_visit *v);

/* The members of the document (docs/protocols.md) into the open object. last: how many of the
 * latest trials; PL_VISIT_TRIALS_MAX: all. */
void pl_visit_write(const struct pl_visit *v, unsigned last, struct pl_json *j);
void pl_protocol_write(const struct pl_protocol *p, struct pl_json *j); /* all of it */

#ifdef __cplusplus
}
#endif
#endif
