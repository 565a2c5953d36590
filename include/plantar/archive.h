/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Finished sessions: from journal to HDF5, recovery after a crash, verification. This library is
 * the only place that speaks to HDF5; its functions are not thread-safe against each other (HDF5
 * is not), so one thread or one process calls them.
 */
#ifndef PLANTAR_ARCHIVE_H
#define PLANTAR_ARCHIVE_H

#include <stdbool.h>
#include <stdint.h>

#include <plantar/error.h>
#include <plantar/journal.h>
#include <plantar/log.h>
#include <plantar/session.h>

#ifdef __cplusplus
extern "C" {
#endif

struct pl_convert_options {
	const char *journal; /* .../trial-001.journal; the rest of the names follow from it */
	bool follow;	     /* a writer is at work: wait for more until the END record, or until
				the writer is gone */
	bool keep_journal;   /* do not remove it after success (tests, doubt) */
	/* Called a few times a second; NULL allowed. Returns true to give up (PL_ESTATE, the part
	 * file is removed, the journal stays). total 0: not known yet. */
	bool (*progress)(void *user, uint64_t frames_done, uint64_t frames_total);
	void *user;
	const struct pl_log *log;
};

struct pl_convert_result {
	char path[4096]; /* the finished .h5 */
	uint64_t frames, events, gaps, bytes;
	bool complete; /* the journal had its END record and no damage */
};

/*
 * Journal -> <stem>.h5.part (compressed chunks written direct) -> summary, fsync, verified frame
 * by frame against the journal, renamed to <stem>.h5, session sealed, journal removed. A failing
 * HDF5 call abandons the part file without closing it through HDF5; the journal stays untouched and
 * the call can be repeated (in a new process: HDF5's state is then unknown).
 */
int pl_convert(const struct pl_convert_options *o, struct pl_convert_result *result,
	       struct pl_error *err);

/* The journal has gone and its .h5 is there: what a conversion would have reported. */
int pl_convert_done(const char *journal, struct pl_convert_result *result, struct pl_error *err);

struct pl_table_file;

/* A table (hints.h) that becomes the trial <stem>.h5, and what is said of it. */
struct pl_table_store {
	const struct pl_table_file *table;
	const struct pl_session_meta *meta; /* live.layout PL_LAYOUT_TABLE, no geometry */
	const char *stem, *origin;	    /* origin: text of the event `import` */
};
/*
 * Written, read back and compared, renamed where nothing is (PL_EBUSY), session sealed. On failure
 * nothing is left, and HDF5's state unknown: call it in a process of its own, as pl_convert.
 */
int pl_table_store(const struct pl_table_store *o, struct pl_convert_result *result,
		   struct pl_error *err);

/* Finds what a crash left below root, oldest first: journals whose writer is gone, also those that
 * somebody is converting (pl_convert then says PL_EBUSY), and the announced manifests of sessions
 * whose sealing or amending was cut off. each(user, path) returns non-zero to stop. Returns how
 * many were found or -1. */
int pl_recover_find(const char *root, int (*each)(void *user, const char *path), void *user,
		    struct pl_error *err);
/* Is what was found such a manifest? Then folder[cap] is its session, and pl_session_reseal() ends
 * the change. */
bool pl_recover_is_session(const char *path, char *folder, size_t cap);

/*
 * A signature of a session's manifest by the key of a site (Ed25519). pl_site_key_new makes path,
 * mode 0600, and path.pub; neither is ever overwritten. A secret that others can read is refused
 * (PL_EACCES).
 */
#define PL_SIGNATURE_NAME "MANIFEST.sha256.sig"
#define PL_SITE_PUBLIC_BYTES 32
#define PL_SITE_SECRET_BYTES 64
int pl_site_key_new(const char *path, struct pl_error *err);
int pl_site_key_secret(const char *path, unsigned char secret[PL_SITE_SECRET_BYTES],
		       struct pl_error *err);
int pl_site_key_public(const char *path, unsigned char public_key[PL_SITE_PUBLIC_BYTES],
		       struct pl_error *err);
int pl_session_sign(const char *folder, const unsigned char secret[PL_SITE_SECRET_BYTES],
		    struct pl_error *err);
/* 0: right, and by wanted (NULL: by any key); 1: there is none; -1: wrong. signed_by: hex. */
int pl_signature_check(const char *folder, const unsigned char *wanted, char signed_by[65],
		       struct pl_error *err);

/* The .h5 of a journal that is still there (nobody writes or converts it) holds what the journal
 * holds. 0, or -1 and what differs; under pl_h5_guard if the file may be damaged. */
int pl_convert_compare(const char *journal, struct pl_error *err);

struct pl_verify_report {
	char path[4096];
	uint64_t frames, gaps, lost_frames;
	bool overview;	    /* session.json or session.h5: only its checksum is looked at */
	char signed_by[65]; /* of MANIFEST.sha256.sig: the key; "": another file */
	bool readable, manifest_ok, manifest_present, metrics_bit_equal, metrics_checked;
	char problem[512]; /* "" when all is well */
};
/*
 * A .h5 file or a session folder: every chunk readable, lengths agree, sequence and gaps tell the
 * same story, MANIFEST.sha256 matches, live metrics recomputed from the raw frames equal /metrics
 * bit for bit, a .h5 whose journal is still there equals it, and a signature is right (of a folder;
 * with public_key there must be one by that key). A trial is read in a child process: HDF5 crashes
 * on some damaged files, and that is then what the report says. each is called per file. Returns
 * the number of files with a problem, -1 on error.
 */
int pl_verify_signed(const char *path, const unsigned char *public_key,
		     void (*each)(void *user, const struct pl_verify_report *report),
		     bool (*progress)(void *user, uint64_t done, uint64_t total), void *user,
		     struct pl_error *err); /* NULL: any key, or none */
int pl_verify(const char *path, void (*each)(void *user, const struct pl_verify_report *report),
	      bool (*progress)(void *user, uint64_t done, uint64_t total), void *user,
	      struct pl_error *err);

/* A row of /events. */
struct pl_archive_event {
	int64_t t_mono_ns;
	char kind[32], text[480];
};

enum pl_trial_verdict {
	PL_TRIAL_UNSAID, /* nobody was asked: it counts */
	PL_TRIAL_ACCEPTED,
	PL_TRIAL_REJECTED,
	PL_TRIAL_UNDECIDED, /* its protocol waits, or waited in vain, for somebody to decide */
};
/*
 * Does a recording count? The last word is the last event `accept` or `reject` in the file (its
 * text is the reason); without one, the log of its protocol beside it (docs/protocols.md); without
 * a log, session.json. A path that is none of ours is UNSAID. reason "": none was given.
 */
enum pl_trial_verdict pl_archive_verdict(const char *path, char reason[480]);

/* The events, or the gaps, of a finished .h5 or of a journal, in order, each(user, row). Other
 * recordings have none. 0, or -1 and err. */
int pl_archive_events(const char *path,
		      void (*each)(void *user, const struct pl_archive_event *event), void *user,
		      struct pl_error *err);
int pl_archive_gaps(const char *path, void (*each)(void *user, const struct pl_gap *gap),
		    void *user, struct pl_error *err);

#ifdef __cplusplus
}
#endif
#endif
