/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A name that gets into one recording stays in its journal, its file, its manifest and every copy
 * of them. So it is refused at each door, and by the same rule.
 */
#include "drivers/mat/subject.h"

#include <regex.h>
#include <stdio.h>
#include <string.h>

#include "drivers/mat/conf.h"
#include "drivers/mat/paths.h"

/* The pattern anchored at both ends, compiled. */
static int compile(const char *pattern, regex_t *compiled)
{
	char whole[300];

	snprintf(whole, sizeof(whole), "^(%s)$", pattern);
	return regcomp(compiled, whole, REG_EXTENDED | REG_NOSUB);
}

bool pl_subject_pattern_valid(const char *pattern, char *why, size_t cap)
{
	regex_t compiled;
	int failed = compile(pattern, &compiled);

	if (failed)
		regerror(failed, &compiled, why, cap);
	else
		regfree(&compiled);
	return failed == 0;
}

int pl_subject_check(const char *pattern, const char *code, struct pl_error *err)
{
	regex_t compiled;
	bool good;

	if (!*code || !*pattern)
		return 0;
	if (compile(pattern, &compiled))
		return pl_error_set(err, PL_ECONFIG, 0, "archive.subject_pattern cannot be used");
	good = regexec(&compiled, code, 0, NULL, 0) == 0;
	regfree(&compiled);
	if (good)
		return 0;
	return pl_error_set(err, PL_EUSAGE, 0,
			    "subject: \"%.64s\" is no code that is allowed here: %s; a code is a "
			    "pseudonym, never a name",
			    code,
			    strcmp(pattern, PL_SUBJECT_PATTERN) == 0
				    ? "letters, digits, - and _, at most 64"
				    : pattern);
}

int pl_subject_allowed(const char *code, struct pl_error *err)
{
	const config_setting_t *archive;
	struct pl_conf c = {0};
	const char *pattern;
	char path[512];
	int r = -1;

	if (pl_config_find(path, sizeof(path), NULL))
		return pl_subject_check(PL_SUBJECT_PATTERN, code, err);
	if (pl_conf_open(&c, path, err) == 0) {
		archive = config_setting_get_member(config_root_setting(&c.config), "archive");
		pattern =
			archive && config_setting_is_group(archive)
				? pl_conf_string(&c, archive, "subject_pattern", PL_SUBJECT_PATTERN)
				: PL_SUBJECT_PATTERN;
		r = c.failed ? -1 : pl_subject_check(pattern, code, err);
	}
	pl_conf_close(&c);
	return r;
}
