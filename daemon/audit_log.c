/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A sync for each line would let a client that asks often own the disk; none at all would let a
 * power cut take the trace of what was done before it. So lines are written as they come, and
 * synced together.
 */
#include "daemon/audit_log.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include <plantar/audit.h>

#include "daemon/audit.h"
#include "daemon/mailbox.h"
#include "daemon/text.h"
#include "drivers/mat/paths.h"

#define LINES 2048
#define SYNC_NS (400 * PL_MS) /* within half a second a line is on the disk */

struct pl_audit_log {
	const struct pl_log *log;
	struct pl_mailbox *lines; /* of char *, owned */
	struct pl_wake wake;
	struct pl_audit audit; /* the thread's */
	int64_t sync_ns;       /* when lines are to be synced; 0: nothing is new */
	bool failed;	       /* said already */
	pthread_t thread;
	bool started;
	atomic_bool stop;
};

static void say(struct pl_audit_log *a, bool failed, const struct pl_error *err)
{
	if (failed && !a->failed)
		pl_logf(a->log, PL_ERR, "%s", err->message);
	a->failed = failed;
}

static void append(struct pl_audit_log *a, const char *line)
{
	struct pl_error err = {0};
	bool failed;

	if (a->audit.head_fd < 0)
		return; /* said when it was opened */
	failed = pl_audit_append(&a->audit, line, &err) != 0;
	say(a, failed, &err);
	if (!failed && !a->sync_ns)
		a->sync_ns = pl_now_ns() + SYNC_NS;
}

static void append_all(struct pl_audit_log *a)
{
	char *line;

	while (pl_mailbox_take(a->lines, &line)) {
		append(a, line);
		free(line);
	}
}

static void sync_due(struct pl_audit_log *a, int64_t now)
{
	struct pl_error err = {0};

	if (!a->sync_ns || now < a->sync_ns)
		return;
	if (pl_audit_sync(&a->audit, &err) == 0) {
		a->sync_ns = 0;
		return;
	}
	say(a, true, &err);
	a->sync_ns = pl_now_ns() + SYNC_NS;
}

/* What was done to the log while nobody watched is said in the log itself, too. */
static void open_log(struct pl_audit_log *a)
{
	struct pl_audit_note note = {.utc_ns = pl_utc_ns(),
				     .who = "plantard",
				     .role = "none",
				     .peer = "",
				     .request = "plantard begins",
				     .result = "ok"};
	char state[512], told[1000], line[2048];
	struct pl_error err = {0};

	if (pl_make_folder(pl_state_dir(state, sizeof(state)), 0750, "the state folder", &err) ||
	    pl_audit_open(&a->audit, state, told, sizeof(told), &err)) {
		pl_logf(a->log, PL_WARNING,
			"requests are not audited: %s; make its folder writable, or set "
			"PLANTARD_STATE_DIR",
			err.message);
		return;
	}
	if (*told) {
		pl_logf(a->log, a->audit.mended ? PL_WARNING : PL_ERR, "%s", told);
		note.request = told;
		note.result = a->audit.mended ? "ok" : "corrupt";
	}
	if (pl_audit_format(line, sizeof(line), &note))
		append(a, line);
}

static void *run(void *arg)
{
	struct pl_audit_log *a = arg;

	pl_thread_priority(0);
	open_log(a);
	while (!atomic_load(&a->stop)) {
		int64_t now = pl_now_ns();

		append_all(a);
		sync_due(a, now);
		pl_wake_wait(&a->wake, a->sync_ns > now ? a->sync_ns - now : PL_S);
	}
	append_all(a);
	return NULL;
}

struct pl_audit_log *pl_audit_log_new(const struct pl_log *log, struct pl_error *err)
{
	struct pl_audit_log *a = calloc(1, sizeof(*a));

	if (!a) {
		pl_error_set(err, PL_ENOMEM, errno, "out of memory for the audit log");
		return NULL;
	}
	a->log = log;
	a->audit.log_fd = a->audit.head_fd = -1;
	a->lines = pl_mailbox_new(LINES, sizeof(char *), &a->wake, -1, err);
	if (a->lines)
		return a;
	free(a);
	return NULL;
}

int pl_audit_log_start(struct pl_audit_log *a, struct pl_error *err)
{
	int failed = pthread_create(&a->thread, NULL, run, a);

	if (failed)
		return pl_error_set(err, PL_ENOMEM, failed, "cannot start the audit thread: %s",
				    strerror(failed));
	a->started = true;
	pthread_setname_np(a->thread, "audit");
	return 0;
}

void pl_audit_log_write(struct pl_audit_log *a, const char *line)
{
	char *copy = strdup(line);

	if (!copy || pl_mailbox_post(a->lines, &copy))
		return;
	pl_logf(a->log, PL_WARNING, "the disk is stuck; not in the audit file: %s", line);
	free(copy);
}

void pl_audit_log_stop(struct pl_audit_log *a)
{
	char *line;

	if (!a)
		return;
	if (a->started) {
		atomic_store(&a->stop, true);
		pl_wake_post(&a->wake);
		pthread_join(a->thread, NULL);
	}
	while (pl_mailbox_take(a->lines, &line))
		free(line);
	pl_audit_close(&a->audit);
	pl_mailbox_free(a->lines);
	free(a);
}
