/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Control requests, parsed strictly: one JSON object, keys that the command knows, values of the
 * right type and range (docs/wire.md). Bytes from any client come in here: pure, bounded, fuzzed.
 */
#ifndef DAEMON_CONTROL_REQUEST_H
#define DAEMON_CONTROL_REQUEST_H

#include <stdbool.h>
#include <stddef.h>

#include <plantar/annotation.h>
#include <plantar/error.h>
#include <plantar/protocol.h>

#define PL_REQUEST_MAX 65536
#define PL_REQUEST_DEPTH_MAX 8
#define PL_REQUEST_SESSIONS_MAX 20
#define PL_REQUEST_STEPS_MAX 20
#define PL_REQUEST_REMOVED_MAX 32

enum pl_cmd {
	PL_CMD_STATUS,
	PL_CMD_VERSION,
	PL_CMD_START,
	PL_CMD_STOP,
	PL_CMD_MARK,
	PL_CMD_TARE,
	PL_CMD_WEIGH,
	PL_CMD_WAIT,
	PL_CMD_CALIBRATION,
	/* protocols: visit_run.c */
	PL_CMD_PROTOCOLS,
	PL_CMD_PROTOCOL,
	PL_CMD_PROTOCOL_STATUS,
	PL_CMD_RED_FLAGS,
	PL_CMD_OVERRIDE,
	PL_CMD_TRIAL,
	PL_CMD_ACCEPT,
	PL_CMD_REJECT,
	PL_CMD_PAIN,
	PL_CMD_NEXT,
	PL_CMD_ABORT,
	/* what lies in the archive: look.c */
	PL_CMD_SESSIONS,
	PL_CMD_SESSION,
	PL_CMD_ANALYSIS,
	PL_CMD_COMPARE,
	PL_CMD_TREND,
	PL_CMD_REPORT,
	PL_CMD_ANNOTATE,
	PL_CMD_CORRECT
};

struct pl_request {
	enum pl_cmd cmd;
	char mat[64]; /* "": all mats */
	char subject[65], protocol[65], condition[65];
	char session[37];    /* "": a new one */
	char text[480];	     /* mark */
	char path[1024];     /* wait */
	double body_mass_kg; /* NaN: not given */
	double seconds;	     /* NaN: not given */
	bool clear;	     /* tare */
	/* start, protocol, trial; subject and body mass are moved to their members above */
	struct pl_annotations annotations;

	/* protocols; numbers NaN, texts "" when not given */
	char order[8], state[12], pain_side[9], operator[65], name[65], reason[161], approach[33],
		side[9];
	double seed, score, speed_kmh;
	unsigned n_conditions; /* 0: not given */
	char conditions[PL_PROTOCOL_CONDITIONS_MAX][41];
	bool stress_fracture, numbness, calf, night_pain, not_resolving;

	/* what lies in the archive; numbers NaN, texts "" when not given */
	unsigned n_sessions;
	char sessions[PL_REQUEST_SESSIONS_MAX][37];
	double trial_number, limit, page, foot; /* whole */
	/* compare: of each session this condition only, "*" all of them; differences that are
	 * allowed */
	unsigned n_of; /* 0: all of all */
	char of[PL_REQUEST_SESSIONS_MAX][129], mix[65];
	char by[49], format[8], facing[12], note[161], reject[161];
	bool pictures, accept;
	unsigned n_reject_steps, n_accept_steps;
	unsigned reject_steps[PL_REQUEST_STEPS_MAX], accept_steps[PL_REQUEST_STEPS_MAX];
	unsigned n_removed; /* annotate: annotations that are taken away */
	char removed[PL_REQUEST_REMOVED_MAX][64];
};

/* PL_EUSAGE with what is wrong and what would be valid. */
int pl_request_parse(const void *data, size_t n, struct pl_request *request, struct pl_error *err);
/* Does the command change anything (and so deserves an event)? */
bool pl_command_acts(enum pl_cmd cmd);
/* Does it read or change recordings? Then it is for operators, as their files are. */
bool pl_command_recordings(enum pl_cmd cmd);
const char *pl_command_name(enum pl_cmd cmd);

#endif
