/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the recorder writes besides recordings, because it alone waits for disks: the audit file and
 * the logs of protocols.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "daemon/audit.h"
#include "daemon/event.h"
#include "daemon/text.h"
#include "daemon/track.h"
#include "daemon/visit_resume.h"
#include "drivers/mat/paths.h"

void pl_recorder_write_audit(struct pl_recorder *r, const char *line)
{
	struct pl_error err = {0};

	if (r->audit.head_fd < 0)
		return; /* said when it was opened */
	if (pl_audit_append(&r->audit, line, &err) == 0) {
		r->audit_failed = false;
		return;
	}
	if (!r->audit_failed)
		pl_logf(r->log, PL_ERR, "%s", err.message);
	r->audit_failed = true;
}

/* What was done to the log while nobody watched is said in the log itself, too. */
void pl_recorder_open_audit(struct pl_recorder *r)
{
	struct pl_audit_note note = {.utc_ns = pl_utc_ns(),
				     .who = "plantard",
				     .role = "none",
				     .peer = "",
				     .request = "plantard begins",
				     .result = "ok"};
	char state[512], broken[400], line[1024];
	struct pl_error err = {0};

	if (pl_make_folder(pl_state_dir(state, sizeof(state)), 0750, "the state folder", &err) ||
	    pl_audit_open(&r->audit, state, broken, sizeof(broken), &err)) {
		pl_logf(r->log, PL_WARNING,
			"requests are not audited: %s; make its folder writable, or set "
			"PLANTARD_STATE_DIR",
			err.message);
		return;
	}
	if (*broken) {
		pl_logf(r->log, PL_ERR, "%s", broken);
		note.request = broken;
		note.result = "corrupt";
	}
	if (pl_audit_format(line, sizeof(line), &note))
		pl_recorder_write_audit(r, line);
}

/* While a protocol is under way its log is in the state folder too, where the next start looks. */
static void keep_for_next_start(const struct pl_recorder_log *log)
{
	char state[512], path[600];

	snprintf(path, sizeof(path), "%s/" PL_VISIT_FILE, pl_state_dir(state, sizeof(state)));
	if (log->under_way)
		pl_session_file(path, log->text, strlen(log->text), NULL);
	else
		unlink(path);
}

/* The log of a protocol is small and rewritten whole: what is there is always one whole state. */
void pl_recorder_write_log(struct pl_recorder *r, const struct pl_recorder_log *log)
{
	struct pl_main_item item = {.type = PL_ITEM_LOGGED, .logged.mark = log->mark};
	struct pl_session_meta meta = {.trial = 1, .started_utc_ns = log->began_utc_ns};

	keep_for_next_start(log);
	pl_copy(meta.session_uuid, sizeof(meta.session_uuid), log->session_uuid);
	pl_places_log(&r->places, &meta, log->may_make, log->name, log->text, item.logged.folder,
		      sizeof(item.logged.folder), &item.logged.err);
	while (!pl_mailbox_post(r->main_box, &item) && !atomic_load(&r->stop))
		usleep(1000);
}
