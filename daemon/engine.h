/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The process thread of one mat: bytes -> frames -> times -> live metrics -> publisher and
 * recorder, and the state of the mat as people see it. A mat may have several sources, each with a
 * reader thread: their frames are joined here (join.h). No malloc, no lock held by others for
 * long, no system call a frame but the wake-ups.
 */
#ifndef DAEMON_ENGINE_H
#define DAEMON_ENGINE_H

#include <stdbool.h>
#include <stdint.h>

#include <plantar/cell_watch.h>
#include <plantar/contact.h>
#include <plantar/error.h>
#include <plantar/frame.h>
#include <plantar/log.h>

#include "daemon/config.h"
#include "daemon/join.h"
#include "daemon/mailbox.h"
#include "daemon/publish.h"
#include "daemon/record.h"
#include "daemon/source.h"
#include "daemon/wire.h"

enum pl_mat_state {
	PL_STATE_OPENING, /* open, or being opened; no frame yet */
	PL_STATE_RUNNING,
	PL_STATE_STALLED, /* open, but frames have stopped */
	PL_STATE_GONE,	  /* unplugged */
	PL_STATE_ENDED,	  /* a capture's end */
	PL_STATE_FAILED,  /* cannot be opened: permission, busy */
	PL_STATE_PARTIAL, /* of several sources: some run, some do not */
	PL_STATE_REFUSED, /* of one of several sources: its frames come, but cannot be used */
};
const char *pl_mat_state_name(enum pl_mat_state state);

struct pl_engine_status {
	enum pl_mat_state state;
	char state_text[512];
	char device_text[512];
	char calibration[65];
	bool tared, recording;
	int64_t tare_t_ns; /* when; 0: not while plantard ran */
	uint32_t epoch;
	uint64_t seq, frames, bytes;
	uint64_t lost[PL_LOSS_CAUSES], lost_total[PL_LOSS_CAUSES];
	struct pl_decode_stats decode;
	double rate_measured_hz;
	unsigned pool_available, pool_size;
};

/* One of the sources of a mat that has several. */
struct pl_link_status {
	enum pl_mat_state state;
	char state_text[200];
	char device_text[160];
	bool clock; /* its frames are the moments of the joint ones */
	double rate_measured_hz;
	uint64_t frames, lost[PL_LOSS_CAUSES]; /* since start */
	struct pl_decode_stats decode;
	struct pl_join_counters join;
};

struct pl_engine_setup {
	const struct pl_mat_entry *entry;
	unsigned index;
	struct pl_publisher *publisher;
	unsigned publisher_depth;
	struct pl_lane *lane;
	struct pl_mailbox *main_box; /* struct pl_main_item */
	struct pl_wire_mat *wire;
	double view_hz;
	const struct pl_log *log;
};

struct pl_engine;
struct pl_engine *pl_engine_new(const struct pl_engine_setup *setup, struct pl_error *err);
int pl_engine_start(struct pl_engine *e, struct pl_error *err); /* all threads of the mat */
/* Ends the threads: the mat's stop command is sent, nothing more comes after this. */
void pl_engine_stop(struct pl_engine *e);
/* Frames may be held by publisher and recorder until they have stopped: free after them. */
void pl_engine_free(struct pl_engine *e); /* NULL allowed */

/* Any thread. */
void pl_engine_status(struct pl_engine *e, struct pl_engine_status *out);
int pl_engine_calibration(struct pl_engine *e, struct pl_calibration *out, struct pl_error *err);
/* Watch contact from now on (contact_n 0: not any more), and what was seen since. clear_first: as
 * for pl_contact_reset. The cells are watched at the same time, over all trials until the reset. */
void pl_engine_watch(struct pl_engine *e, double contact_n, bool clear_first);
void pl_engine_cells(struct pl_engine *e, struct pl_cell_report *out);
void pl_engine_cells_reset(struct pl_engine *e);
void pl_engine_contact(struct pl_engine *e, struct pl_contact *out);
void pl_engine_retry(struct pl_engine *e); /* a device was plugged in */
/* Of source i of a mat with several. */
void pl_engine_link_status(struct pl_engine *e, unsigned i, struct pl_link_status *out);
void pl_engine_reader_counters(const struct pl_engine *e, struct pl_source_counters *out);
int64_t pl_engine_reader_heartbeat(const struct pl_engine *e); /* of the reader that is latest */
int64_t pl_engine_heartbeat(const struct pl_engine *e);

/* Any thread; carried out in order by the process thread. Tare and weigh answer with
 * PL_ITEM_DONE. */
void pl_engine_record(struct pl_engine *e, bool on, const char *reason);
void pl_engine_mark(struct pl_engine *e, const char *text);
/* An event of kind "protocol", in the recording too if one runs. */
void pl_engine_note(struct pl_engine *e, const char *text);
void pl_engine_tare(struct pl_engine *e, uint64_t request, double seconds, bool clear);
void pl_engine_weigh(struct pl_engine *e, uint64_t request, double seconds);

#endif
