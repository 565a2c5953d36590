/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whether a trial counts is said in two places: beside the file, by the protocol it was recorded
 * in, within seconds; and in the file, by whoever thought better of it later. Who reads trials must
 * hear both, and the later one last.
 */
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include <plantar/archive.h>

#include "protocol_log.h"
#include "seal.h"

struct last_word {
	enum pl_trial_verdict verdict;
	char *reason;
};

static void listen(void *user, const struct pl_archive_event *event)
{
	struct last_word *w = user;
	bool reject = strcmp(event->kind, "reject") == 0;

	if (!reject && strcmp(event->kind, "accept") != 0)
		return;
	w->verdict = reject ? PL_TRIAL_REJECTED : PL_TRIAL_ACCEPTED;
	snprintf(w->reason, sizeof(event->text), "%s", reject ? event->text : "");
}

static enum pl_trial_verdict by_name(const char *verdict)
{
	if (strcmp(verdict, "accepted") == 0)
		return PL_TRIAL_ACCEPTED;
	return strcmp(verdict, "rejected") == 0 ? PL_TRIAL_REJECTED : PL_TRIAL_UNDECIDED;
}

static enum pl_trial_verdict beside(const char *folder, const char *file, char *reason)
{
	struct pl_protocol_logs *logs = pl_protocol_logs_read(folder, NULL);
	enum pl_trial_verdict said = PL_TRIAL_UNSAID;
	const char *verdict = NULL, *why = NULL;

	if (logs)
		verdict = pl_protocol_logs_verdict(logs, file, &why);
	if (verdict)
		snprintf(reason, 480, "%s", why ? why : "");
	else
		verdict = pl_overview_verdict(folder, file, reason);
	if (verdict)
		said = by_name(verdict);
	pl_protocol_logs_free(logs);
	return said;
}

enum pl_trial_verdict pl_archive_verdict(const char *path, char reason[480])
{
	struct last_word word = {.verdict = PL_TRIAL_UNSAID, .reason = reason};
	const char *slash = strrchr(path, '/'), *file = slash ? slash + 1 : path;
	const char *dot = strrchr(file, '.');
	char folder[PATH_MAX] = ".", finished[64];

	reason[0] = '\0';
	pl_archive_events(path, listen, &word, NULL);
	/* A journal that is not finished yet will be that file; the log names it so already. */
	if (dot && strcmp(dot, ".journal") == 0) {
		snprintf(finished, sizeof(finished), "%.*s.h5", (int)(dot - file), file);
		file = finished;
	}
	if (word.verdict != PL_TRIAL_UNSAID || !pl_seal_is_trial(file))
		return word.verdict;
	if (slash)
		snprintf(folder, sizeof(folder), "%.*s", (int)(slash - path), path);
	if (slash == path)
		snprintf(folder, sizeof(folder), "/");
	return beside(folder, file, reason);
}
