/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whether a trial counts is decided after it was recorded, so it cannot stand in the recording.
 * The daemon keeps it in a log beside, which is rewritten whole with each decision; here the logs
 * are read back for the session's overview. A log names trials by file, so nothing else is needed
 * to bring both together.
 */
#include "protocol_log.h"

#include <dirent.h>
#include <errno.h>
#include <jansson.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "files.h"

#define LOG_MAX (8 << 20)

struct pl_protocol_logs {
	json_t *list; /* an array of objects */
};

static int is_log(const struct dirent *entry)
{
	size_t n = strlen(entry->d_name);

	return strncmp(entry->d_name, "protocol-", 9) == 0 && n > 14 &&
	       strcmp(entry->d_name + n - 5, ".json") == 0;
}

static void add(struct pl_protocol_logs *logs, const char *folder, const char *name)
{
	char path[PATH_MAX];
	struct stat st;
	json_t *log;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	if (stat(path, &st) != 0 || !S_ISREG(st.st_mode) || st.st_size > LOG_MAX)
		return;
	log = json_load_file(path, JSON_REJECT_DUPLICATES, NULL);
	if (json_is_object(log) && json_is_array(json_object_get(log, "trials")))
		json_array_append(logs->list, log);
	json_decref(log);
}

struct pl_protocol_logs *pl_protocol_logs_read(const char *folder, struct pl_error *err)
{
	struct pl_protocol_logs *logs = calloc(1, sizeof(*logs));
	struct dirent **entry;
	int n;

	if (!logs || !(logs->list = json_array())) {
		pl_error_set(err, PL_ENOMEM, 0, "no memory for the protocols of %s", folder);
		free(logs);
		return NULL;
	}
	n = scandir(folder, &entry, is_log, versionsort);
	if (n < 0) {
		pl_files_error(err, errno, "cannot read the folder %s", folder);
		pl_protocol_logs_free(logs);
		return NULL;
	}
	for (int i = 0; i < n; i++) {
		add(logs, folder, entry[i]->d_name);
		free(entry[i]);
	}
	free(entry);
	return logs;
}

void pl_protocol_logs_free(struct pl_protocol_logs *logs)
{
	if (logs)
		json_decref(logs->list);
	free(logs);
}

const char *pl_protocol_logs_text(const struct pl_protocol_logs *logs, const char *key)
{
	return json_string_value(json_object_get(json_array_get(logs->list, 0), key));
}

/* The trial of that file in an array of them, the latest if there are several. */
static const json_t *find_trial(const json_t *trials, const char *file)
{
	const json_t *trial, *found = NULL;
	size_t i;

	json_array_foreach(trials, i, trial)
	{
		const char *name = json_string_value(json_object_get(trial, "file"));

		if (name && strcmp(name, file) == 0)
			found = trial;
	}
	return found;
}

static const json_t *find_in_logs(const struct pl_protocol_logs *logs, const char *file)
{
	const json_t *log, *trial, *found = NULL;
	size_t i;

	json_array_foreach(logs->list, i, log)
	{
		trial = find_trial(json_object_get(log, "trials"), file);
		found = trial ? trial : found;
	}
	return found;
}

const char *pl_protocol_logs_verdict(const struct pl_protocol_logs *logs, const char *file,
				     const char **reason)
{
	const json_t *trial = find_in_logs(logs, file);

	*reason = json_string_value(json_object_get(trial, "reason"));
	return json_string_value(json_object_get(trial, "verdict"));
}

double pl_protocol_logs_pain(const struct pl_protocol_logs *logs, const char *file)
{
	const json_t *pain = json_object_get(find_in_logs(logs, file), "pain");

	return json_is_number(pain) ? json_number_value(pain) : (double)NAN;
}

const char *pl_overview_verdict(const char *folder, const char *file, char *reason)
{
	const json_t *trial, *accepted;
	const char *verdict = NULL, *why;
	char path[PATH_MAX];
	json_t *overview;

	snprintf(path, sizeof(path), "%s/session.json", folder);
	overview = json_load_file(path, JSON_REJECT_DUPLICATES, NULL);
	trial = find_trial(json_object_get(overview, "trials"), file);
	accepted = json_object_get(trial, "accepted");
	why = json_string_value(json_object_get(trial, "reason"));
	if (json_is_false(accepted))
		verdict = "rejected";
	else if (json_is_null(accepted))
		verdict = "undecided";
	snprintf(reason, 480, "%s", why ? why : "");
	json_decref(overview);
	return verdict;
}

bool pl_protocol_logs_write(const struct pl_protocol_logs *logs, struct pl_json *j)
{
	char *text = json_dumps(logs->list, JSON_COMPACT | JSON_ENCODE_ANY);
	bool ok = text != NULL;

	if (ok)
		pl_json_raw(j, "protocols", text);
	free(text);
	return ok;
}
