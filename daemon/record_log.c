/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the recorder writes besides recordings, because it may wait for disks: the logs of
 * protocols.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "daemon/event.h"
#include "daemon/text.h"
#include "daemon/track.h"
#include "daemon/visit_resume.h"
#include "drivers/mat/paths.h"

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
