/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A name that gets into one recording stays in its journal, its file, its manifest and every copy
 * of them. So it is refused at each door, and by the same rule.
 */
#include "drivers/mat/subject.h"

#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "drivers/mat/conf.h"
#include "drivers/mat/paths.h"

#define DEPTH_MAX 16
#define REPEATS_MAX 32
#define COPIES_MAX 4096

/*
 * Regular expressions can be made to take minutes and gigabytes to read: repetitions of
 * repetitions. A code needs none but fixed ones, so a group that holds another is not repeated, and
 * there are not many.
 */
struct taming {
	bool varies[DEPTH_MAX]; /* of the groups that are open: holds a repetition that is not {n}
				 */
	unsigned depth, repeats;
	unsigned long copies;
	bool atom_varies; /* what stands before here */
	bool repeated;	  /* it is a repetition already */
};

static bool tame_group(struct taming *t, char c)
{
	if (c == '(') {
		if (++t->depth == DEPTH_MAX)
			return false;
		t->varies[t->depth] = false;
		return true;
	}
	if (t->depth == 0)
		return true; /* regcomp will say so */
	t->atom_varies = t->varies[t->depth--];
	t->varies[t->depth] |= t->atom_varies;
	t->repeated = false;
	return true;
}

static bool tame_repeat(struct taming *t, const char *p)
{
	const char *comma = p + strcspn(p, ",}");
	unsigned long least = *p == '{' ? strtoul(p + 1, NULL, 10) : 1;
	unsigned long most = *p == '{' && *comma == ',' ? strtoul(comma + 1, NULL, 10) : least;

	if (t->repeated || (*p != '?' && t->atom_varies) || ++t->repeats > REPEATS_MAX ||
	    least > COPIES_MAX || most > COPIES_MAX)
		return false;
	t->copies *= most > least ? most : least ? least : 1;
	t->repeated = true;
	t->varies[t->depth] |= *p != '{' || least != most;
	return t->copies <= COPIES_MAX;
}

static bool is_tame(const char *pattern)
{
	struct taming t = {.copies = 1};

	for (const char *p = pattern; *p; p++) {
		if (*p == '(' || *p == ')') {
			if (!tame_group(&t, *p))
				return false;
			continue;
		}
		if (strchr("*+?{", *p)) {
			if (!tame_repeat(&t, p))
				return false;
			if (*p == '{')
				p += strcspn(p, "}") - (p[strcspn(p, "}")] == '\0');
			continue;
		}
		if (*p == '\\' && p[1]) {
			p++;
		} else if (*p == '[') {
			p += p[1] == '^';
			p += p[1] == ']'; /* the first one is meant as it stands */
			while (p[1] && p[1] != ']')
				p++;
			p += p[1] == ']';
		}
		t.atom_varies = t.repeated = false;
	}
	return true;
}

/* The pattern anchored at both ends, compiled. */
static int compile(const char *pattern, regex_t *compiled)
{
	char whole[300];

	if (!is_tame(pattern))
		return REG_ESPACE;
	snprintf(whole, sizeof(whole), "^(%s)$", pattern);
	return regcomp(compiled, whole, REG_EXTENDED | REG_NOSUB);
}

bool pl_subject_pattern_valid(const char *pattern, char *why, size_t cap)
{
	regex_t compiled;
	int failed;

	if (!is_tame(pattern)) {
		snprintf(why, cap,
			 "a repetition within one that is repeated, or more than %d of them, or "
			 "than %d by their numbers multiplied",
			 REPEATS_MAX, COPIES_MAX);
		return false;
	}
	failed = compile(pattern, &compiled);
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
