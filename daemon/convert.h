/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Child processes that turn journals into HDF5 files: this program's own binary with --convert.
 * HDF5's state cannot be trusted after a failing call (facts.md), so it lives in processes that may
 * die; main starts, watches and restarts them. Main thread only.
 */
#ifndef DAEMON_CONVERT_H
#define DAEMON_CONVERT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <plantar/error.h>
#include <plantar/log.h>

struct pl_conversion {
	char journal[1024];
	char path[1024]; /* the .h5 that it makes */
	int mat;	 /* index; -1: recovered, of no mat in particular */
	bool recovery;
	unsigned attempts;
	uint64_t frames, gaps; /* when finished */
	bool complete;
	struct pl_error err; /* of the last attempt that failed */
};

enum pl_conversion_news {
	PL_CONVERSION_FINISHED,
	PL_CONVERSION_RESTARTED, /* it failed and will be tried again */
	PL_CONVERSION_FAILED,	 /* nobody need wait any longer; the journal stays, and is tried
				    again from time to time if the cause may pass (a full disk) */
};
typedef void pl_conversion_report(void *user, enum pl_conversion_news news,
				  const struct pl_conversion *c);

struct pl_converter;
struct pl_converter *pl_converter_new(pl_conversion_report *report, void *user,
				      const struct pl_log *log, struct pl_error *err);
/* Kills what still runs (the journals stay for the next start) and frees. NULL allowed. */
void pl_converter_free(struct pl_converter *c);

/* Follow a journal that is being written (at once), or recover one (one at a time). */
int pl_converter_add(struct pl_converter *c, const char *journal, int mat, bool recovery,
		     struct pl_error *err);

/* Seal a session's folder again, in a child too; once if asked for more often meanwhile. */
int pl_converter_seal(struct pl_converter *c, const char *folder, struct pl_error *err);

/* Collects children that have ended, starts what is due. Call on SIGCHLD and a few times a
 * second. */
void pl_converter_tick(struct pl_converter *c, int64_t now_ns);
/* Recoveries are dropped: they can wait for the next start. */
void pl_converter_drop_recoveries(struct pl_converter *c);

unsigned pl_converter_following(const struct pl_converter *c);
unsigned pl_converter_recovering(const struct pl_converter *c);
/* Is the recording that becomes this .h5 still being converted? */
bool pl_converter_knows(const struct pl_converter *c, const char *path);

/* The child: converts and prints its result on stdout for the parent. Returns the exit code. */
int pl_convert_main(const char *journal, const struct pl_log *log);
/* The same for sealing. */
int pl_convert_seal_main(const char *folder);

#endif
