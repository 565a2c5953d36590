/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A protocol: what a person is asked to do on the mat, in steps, with what counts as a usable trial
 * and how many are needed. It is data (config/protocols, plantar-protocol(5)); visit.h carries it
 * out. All texts are UTF-8, NUL-terminated. Plain values, nothing is owned.
 */
#ifndef PLANTAR_PROTOCOL_H
#define PLANTAR_PROTOCOL_H

#include <stdbool.h>
#include <stdint.h>

#include <plantar/live.h>

#ifdef __cplusplus
extern "C" {
#endif

#define PL_PROTOCOL_STEPS_MAX 12
#define PL_PROTOCOL_CONDITIONS_MAX 8
#define PL_PROTOCOL_APPROACHES_MAX 4
#define PL_PROTOCOL_ORDER_MAX (2 * PL_PROTOCOL_CONDITIONS_MAX)

enum pl_step_kind {
	PL_STEP_RECORD, /* trials */
	PL_STEP_WAIT,	/* time passes: warm up, sit, rest */
	PL_STEP_TARE,	/* the empty mat becomes zero */
	PL_STEP_WEIGH,	/* what the mat shows against the body mass */
};
const char *pl_step_kind_name(enum pl_step_kind kind); /* "record", "wait", "tare", "weigh" */

enum pl_step_start {
	PL_START_COUNTDOWN, /* recording begins when a countdown has ended */
	PL_START_CONTACT,   /* it runs while contact is waited for; the trial begins with that */
};
const char *pl_step_start_name(enum pl_step_start start); /* "countdown", "contact" */

enum pl_step_end {
	PL_END_TIME, /* after `seconds` */
	PL_END_OFF,  /* when the mat was empty for off_s after contact; `seconds` is the limit */
};
const char *pl_step_end_name(enum pl_step_end end); /* "time", "off" */

/* What may be wrong with a trial; bits. Which of them a step looks for is data. */
enum pl_trial_flag {
	PL_TRIAL_PARTIAL = 1u << 0,    /* load on the mat's edge: a foot may be cut off */
	PL_TRIAL_FEET = 1u << 1,       /* other than the expected number of feet */
	PL_TRIAL_SATURATED = 1u << 2,  /* a cell at its limit */
	PL_TRIAL_GAP = 1u << 3,	       /* frames lost, or the mat unplugged or silent */
	PL_TRIAL_DRIFT = 1u << 4,      /* the empty mat does not show zero */
	PL_TRIAL_WEIGHT = 1u << 5,     /* mean force is not the body weight */
	PL_TRIAL_SHORT = 1u << 6,      /* ended before seconds_min */
	PL_TRIAL_NO_CONTACT = 1u << 7, /* nobody came */
	PL_TRIAL_OTHER_FOOT = 1u << 8, /* the other side than the step asks for */
	PL_TRIAL_FAILED = 1u << 9,     /* could not be recorded or measured */
	PL_TRIAL_STRIKES = 1u << 10,   /* fewer strikes than strikes_min */
	PL_TRIAL_LONG = 1u << 11,      /* end = off, but the limit came first */
};
#define PL_TRIAL_FLAGS 12
/* "partial", "feet", "saturation", "gap", "drift", "weight", "short", "no-contact", "other-foot",
 * "failed", "strikes", "long"; i counts bits. */
const char *pl_trial_flag_name(unsigned i);
/* What it means, for people. */
const char *pl_trial_flag_text(unsigned i);

struct pl_protocol_step {
	char id[21]; /* [a-z0-9-] */
	char title[97];
	char text[1001]; /* what to tell the person */
	enum pl_step_kind kind;
	bool once; /* before the first condition only */

	/* quota: accepted trials, and strikes of each foot in them. 0: none of that */
	unsigned trials, strikes_per_foot;

	enum pl_step_start start;
	enum pl_step_end end;
	double countdown_s;		 /* COUNTDOWN */
	double wait_s;			 /* CONTACT: how long contact is waited for */
	double contact_n;		 /* force from which there is contact */
	double off_s;			 /* OFF */
	double seconds;			 /* TIME: length; OFF: limit; WAIT, TARE, WEIGH: length */
	double seconds_min, seconds_max; /* what `trial` may ask for instead; shorter is flagged */
	double rest_s;			 /* after each trial */
	double after_s; /* earliest begin after the end of the last trial of the step before */

	unsigned checks;      /* enum pl_trial_flag bits that are looked for */
	unsigned feet;	      /* expected on the mat; 0: any number */
	double feet_pct;      /* share of loaded frames that may show another number */
	double weight_pct;    /* WEIGHT */
	double drift_n;	      /* DRIFT */
	unsigned strikes_min; /* STRIKES: in one trial */
	enum pl_side side;    /* UNKNOWN: any */

	unsigned n_approaches; /* how the person came; one must be named if there are any */
	char approaches[PL_PROTOCOL_APPROACHES_MAX][33];
};

enum pl_order {
	PL_ORDER_FIXED,	 /* as listed */
	PL_ORDER_RANDOM, /* shuffled by the seed */
	PL_ORDER_ABBA,	 /* shuffled by the seed, then there and back: each condition twice */
};
const char *pl_order_name(enum pl_order order); /* "fixed", "random", "abba" */
int pl_order_parse(const char *name);		/* -1: none of them */

struct pl_protocol {
	char id[33];
	unsigned version; /* from 1; grows with each change that makes trials differ */
	char title[97];
	char text[1001];
	bool dynamic; /* the checklist of red flags comes first */
	bool subject; /* a subject's code is needed */
	enum pl_order order;
	unsigned n_conditions; /* at least 1 */
	char conditions[PL_PROTOCOL_CONDITIONS_MAX][41];
	bool pain_ask;	       /* a score is needed before a trial can be accepted */
	double pain_stop_at;   /* NaN: no such rule */
	double pain_stop_rise; /* above the first score of the visit; NaN: no such rule */
	unsigned n_steps;
	struct pl_protocol_step steps[PL_PROTOCOL_STEPS_MAX];
};

/* Defaults of a step of this kind. */
void pl_protocol_step_init(struct pl_protocol_step *step, enum pl_step_kind kind);

/* Does any step need calibrated force, resp. the person's mass? */
bool pl_protocol_needs_force(const struct pl_protocol *p);
bool pl_protocol_needs_mass(const struct pl_protocol *p);

/*
 * The order of n conditions (at most PL_PROTOCOL_CONDITIONS_MAX) as indices; returns how many (n,
 * or 2n for ABBA). The shuffle is Fisher and Yates' (Knuth, TAOCP vol. 2, 3.4.2 P) over splitmix64
 * (Steele, Lea & Flood 2014): the same seed gives the same order on every machine.
 */
unsigned pl_protocol_order(enum pl_order order, unsigned n, uint64_t seed,
			   unsigned out[PL_PROTOCOL_ORDER_MAX]);

#ifdef __cplusplus
}
#endif
#endif
