/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The running daemon: what main owns, and the files that share it: daemon.c (beginning, loop,
 * end), commands.c (what requests do), visit_run.c (the protocol that is under way), status.c (what
 * status says). Main thread only.
 */
#ifndef DAEMON_DAEMON_H
#define DAEMON_DAEMON_H

#include <stdbool.h>
#include <stdint.h>

#include <plantar/json.h>
#include <plantar/log.h>
#include <plantar/visit.h>

#include "daemon/audit_log.h"
#include "daemon/config.h"
#include "daemon/control.h"
#include "daemon/convert.h"
#include "daemon/engine.h"
#include "daemon/event.h"
#include "daemon/look.h"
#include "daemon/mailbox.h"
#include "daemon/publish.h"
#include "daemon/record.h"
#include "daemon/wire.h"

#define PL_SOFTWARE "plantard " PLANTAR_VERSION
#define PL_STATUS_MAX 65536
#define PL_HELD_MAX 64
#define PL_RESULTS 32
#define PL_RED_PERSONS 256
#define PL_VISIT_REQUEST UINT64_MAX /* what other threads do for the protocol, not a client */

/* A request whose answer comes later, from one or several mats. */
struct pl_held {
	uint64_t id; /* 0: free */
	uint64_t token;
	enum pl_cmd cmd;
	double body_mass_kg;
	char path[1024];   /* wait */
	unsigned waiting;  /* mats that have not answered */
	uint32_t expected; /* bit a mat */
	unsigned n_done;
	struct pl_done *done; /* PL_MATS_MAX; owned */
	struct pl_error failed;
};

struct pl_mat_run {
	struct pl_engine *engine;
	struct pl_wire_mat wire;
	bool recording;			/* from the request to start until its journal has ended */
	bool starting;			/* ... to the answer to it */
	bool averaging;			/* a tare or weighing is under way */
	int64_t stop_ns, stop_after_ns; /* end the recording by itself; 0: no */
};

/* Red flags outlast a visit: as long as plantard runs. */
struct pl_red_person {
	char subject[65];
	unsigned ticked, overridden;
	char override_name[65], override_reason[161];
};

struct pl_daemon {
	const struct pl_config *config;
	const struct pl_log *log;
	int64_t started_ns;
	int eventfd, lock_fd, signal_fd;
	void *zmq;
	struct udev *udev;
	struct udev_monitor *monitor;
	struct pl_mailbox *box; /* struct pl_main_item */
	struct pl_publisher *publisher;
	struct pl_recorder *recorder;
	struct pl_audit_log *audit;
	struct pl_converter *converter;
	struct pl_access *access;
	struct pl_control *control;
	struct pl_looks *looks;
	struct pl_mat_run mats[PL_MATS_MAX];
	struct pl_engine *engines[PL_MATS_MAX];
	struct pl_held held[PL_HELD_MAX];
	uint64_t next_held;
	struct pl_conversion results[PL_RESULTS]; /* the last ones, err.code says how they went */
	unsigned n_results;
	int last_finished; /* index in results, -1: none */
	struct pl_visit *visit;
	uint64_t visit_told;   /* its changes that were told of */
	unsigned logs_pending; /* of it, on their way to the disk */
	uint64_t visit_sealed; /* what of it session.json shows */
	int64_t log_retry_ns;  /* its log could not be written: when to try again; 0: it could */
	struct pl_red_person persons[PL_RED_PERSONS]; /* those with red flags, a ring */
	unsigned n_persons;			      /* in all */
	bool tare_lost;				      /* by a restart in the middle of the visit */
	bool stopping;
	int64_t stop_deadline_ns, next_status_ns, next_extend_ns;
	int64_t watchdog_ns, next_watchdog_ns;
	bool recorder_stalled;
	uint32_t outlived; /* bit i: the calibration of mat i has expired meanwhile */
	uint64_t recorder_stalls, audit_requests;
	char text[PL_STATUS_MAX]; /* documents are made here */
};

/* daemon.c: run until a signal asks to end. Returns the exit code. */
int pl_daemon_run(const struct pl_config *config, const struct pl_log *log, struct pl_error *err);
/* An event of the daemon itself (mat -1) or of a mat, from main. */
void pl_daemon_event(struct pl_daemon *d, int mat, enum pl_level level, const char *kind,
		     const char *fmt, ...) __attribute__((format(printf, 5, 6)));

void pl_daemon_publish_status(struct pl_daemon *d);

/* commands.c */
void pl_command_start_reply(struct pl_daemon *d, struct pl_json *j);
void pl_command_send_reply(struct pl_daemon *d, uint64_t token, struct pl_json *j);
/* Asks the recorder to begin; answered with id. */
int pl_command_begin(struct pl_daemon *d, unsigned mat, const struct pl_request *r, uint64_t id,
		     const char *session_uuid, unsigned trial, struct pl_error *err);
void pl_command_handle(void *daemon, uint64_t token, const struct pl_request *request);
void pl_command_audit(void *daemon, const struct pl_asker *asker, const char *request,
		      const enum pl_cmd *command, const char *result, uint64_t times);
void pl_command_done(struct pl_daemon *d, const struct pl_done *done); /* tare, weigh */
void pl_command_started(struct pl_daemon *d, const struct pl_done *done);
void pl_command_ended(struct pl_daemon *d, const struct pl_done *done);
void pl_command_converted(void *daemon, enum pl_conversion_news news,
			  const struct pl_conversion *c);
void pl_command_stop_all(struct pl_daemon *d, const char *reason);
void pl_command_timers(struct pl_daemon *d, int64_t now_ns);
void pl_command_free(struct pl_daemon *d);
bool pl_command_recording(const struct pl_daemon *d); /* any mat */

/* visit_run.c: the protocol that is under way */
int pl_visit_run_command(struct pl_daemon *d, uint64_t token, const struct pl_request *r,
			 struct pl_error *err);
/* Does the protocol need one of these mats for itself? */
int pl_visit_run_forbids(const struct pl_daemon *d, uint32_t mats, struct pl_error *err);
void pl_visit_run_started(struct pl_daemon *d, const struct pl_done *done);
void pl_visit_run_ended(struct pl_daemon *d, const struct pl_done *done);
void pl_visit_run_measured(struct pl_daemon *d, const struct pl_done *done);
void pl_visit_run_logged(struct pl_daemon *d, const char *folder, uint64_t mark,
			 const struct pl_error *err);
void pl_visit_run_clock(struct pl_daemon *d, int64_t now_ns);
void pl_visit_run_resume(struct pl_daemon *d);	   /* plantard begins */
void pl_visit_run_stop(struct pl_daemon *d);	   /* plantard ends */
bool pl_visit_run_busy(const struct pl_daemon *d); /* it must be looked at every few ms */
void pl_visit_run_write(struct pl_daemon *d, struct pl_json *j); /* member "protocol" */

/* red_persons.c: what was ticked for this subject before goes into the setup of the next visit. */
void pl_red_persons_keep(struct pl_daemon *d, struct pl_visit_setup *s);

/* status.c: the members of the status document into the open object. */
void pl_status_write(struct pl_daemon *d, struct pl_json *j);

#endif
