/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How much a trial hurt is asked when it is over: the protocol knows it (and keeps it in its log),
 * the recording has been written by then. Who opens the file years later must find it there, so it
 * is amended like everything else that becomes known afterwards. What a person has amended since
 * is left alone.
 */
#include <dirent.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <plantar/amend.h>

#include "files.h"
#include "protocol_log.h"
#include "protocol_scores.h"
#include "seal.h"

#define KEY "pain_score"
#define WHO "protocol"

struct known {
	char is[PL_ANNOTATION_VALUE_MAX];
	bool by_person;
};

static void listen(void *user, const struct pl_amendment *a)
{
	struct known *known = user;

	if (strcmp(a->key, KEY) != 0)
		return;
	snprintf(known->is, sizeof(known->is), "%s", a->is);
	known->by_person = strcmp(a->who, WHO) != 0;
}

static int carry(const char *path, double score, struct pl_error *err)
{
	char text[32];
	struct pl_amend_value value = {.key = KEY, .value = text};
	struct pl_amend amend = {
		.trial = path, .who = WHO, .software = "plantard", .value = &value, .values = 1};
	struct known known = {.by_person = false};
	size_t changed;

	snprintf(text, sizeof(text), "%g", score);
	if (pl_amendments(path, listen, &known, err))
		return -1;
	if (known.by_person || strcmp(known.is, text) == 0)
		return 0;
	return pl_amend(&amend, &changed, err);
}

static int is_trial(const struct dirent *entry)
{
	return pl_seal_is_trial(entry->d_name);
}

int pl_protocol_carry_scores(const char *folder, struct pl_error *err)
{
	struct pl_protocol_logs *logs = pl_protocol_logs_read(folder, err);
	struct dirent **entry;
	int result = 0, n;

	if (!logs)
		return -1;
	n = scandir(folder, &entry, is_trial, alphasort);
	for (int i = 0; i < n; i++) {
		double score = pl_protocol_logs_pain(logs, entry[i]->d_name);
		char path[PATH_MAX];

		snprintf(path, sizeof(path), "%s/%s", folder, entry[i]->d_name);
		if (result == 0 && !isnan(score))
			result = carry(path, score, err);
		free(entry[i]);
	}
	if (n >= 0)
		free(entry);
	pl_protocol_logs_free(logs);
	return result;
}
