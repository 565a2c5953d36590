/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The daemon's own file (config/plantard.conf explains every key). Strict: an unknown key, a wrong
 * type or a mat that does not exist is refused with file, line, key and what would be valid, before
 * any device is opened.
 */
#ifndef DAEMON_CONFIG_H
#define DAEMON_CONFIG_H

#include <plantar/error.h>
#include <plantar/log.h>

#include "daemon/protocol_conf.h"
#include "drivers/mat/keys.h"
#include "drivers/mat/mat.h"
#include "drivers/mat/mat_join.h"
#include "drivers/mat/paths.h"

#define PL_MATS_MAX 12
#define PL_ENDPOINTS_MAX 8
#define PL_PADS_MAX 24 /* of all mats together: status names each and must stay bounded */

/* One of several sources of a mat (docs/mats.md, "A walkway of several pads"). */
struct pl_pad_entry {
	char name[32];	  /* in status and events */
	char source[256]; /* transport URI */
	char device[64];  /* what it must say of itself before it is believed; "": nothing */
	struct pl_mat mat;
	struct pl_mat_place place;
};

struct pl_mat_entry {
	char name[64];	   /* topic and file: [A-Za-z0-9_-] */
	char source[256];  /* transport URI; of several, for people */
	struct pl_mat mat; /* as loaded, with facing, side, filter_hz and region of the entry; of
			      several sources the joint one */
	unsigned n_pads;   /* 0: source and mat are all there is */
	struct pl_pad_entry *pads;
};

/* Who may come in, and what they may do: access.h. */
struct pl_access_config {
	char keys[512];	       /* folder; "": no keys, so nobody from elsewhere */
	enum pl_role loopback; /* of tcp on this machine without a key; none: a key is needed */
	char view_group[64];   /* the group of viewers on ipc; "": none */
	bool view_group_set;   /* by the file: then it must exist */
	double requests_per_s; /* of one client */
	double look_s;	       /* what is asked of recordings may take; look.h */
};

struct pl_config {
	char path[512];
	enum pl_level log_level;
	unsigned n_mats;
	struct pl_mat_entry *mats;
	unsigned n_data;
	char data[PL_ENDPOINTS_MAX][256];
	double view_hz; /* the decimated topic */
	double hwm_s;	/* a slow subscriber may be this many seconds behind */
	unsigned n_control;
	char control[PL_ENDPOINTS_MAX][256];
	struct pl_access_config access;
	char folder[512];   /* of recordings */
	char fallback[512]; /* of those that folder does not take; "": none */
	double reserve_mb;
	struct pl_protocols protocols; /* all there are; of pl_config_load only */
	char subject_pattern[256];     /* an extended regular expression, matched whole */
	bool reserve_set; /* by the file: then it is not bounded to a share of the disk */
};

/* How the mats of the entries are found: pl_mat_load, or something else in tests. Without
 * name_or_path: only the calibration of a mat that is there, pl_mat_load_calibration. */
typedef int pl_mat_loader(struct pl_mat *mat, const char *name_or_path,
			  const char *calibration_path, struct pl_error *err);

int pl_config_load(struct pl_config *config, const char *path, struct pl_error *err);
int pl_config_parse(struct pl_config *config, const char *name, const char *text,
		    pl_mat_loader *loader, struct pl_error *err);
void pl_config_free(struct pl_config *config);

/* Is code a subject's code as the file allows it? "" (nobody is named) always is. */
int pl_config_subject(const struct pl_config *config, const char *code, struct pl_error *err);

/* Is there no way to this endpoint but with a key? */
bool pl_config_needs_key(const struct pl_config *config, const char *endpoint);

#endif
