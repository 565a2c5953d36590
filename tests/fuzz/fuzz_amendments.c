/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The log of amendments as a file may hold it. What is taken for a line is written again and must
 * read back as the same; a value in it that is an annotation's must be checked without a crash.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lib/archive/amendments.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void same(void *user, const struct pl_amendment *again)
{
	const struct pl_amendment *a = user;

	if (strcmp(a->utc, again->utc) != 0 || strcmp(a->who, again->who) != 0 ||
	    strcmp(a->key, again->key) != 0 || strcmp(a->was, again->was) != 0 ||
	    strcmp(a->is, again->is) != 0 || strcmp(a->kind, again->kind) != 0 ||
	    strcmp(a->text, again->text) != 0 || a->t_mono_ns != again->t_mono_ns)
		abort();
}

static void look(void *user, const struct pl_amendment *a)
{
	char value[PL_ANNOTATION_VALUE_MAX], twice[PL_ANNOTATION_VALUE_MAX];
	struct pl_annotations all = {0};
	struct pl_amendment copy = *a;
	char *line = pl_amendment_line(a);

	(void)user;
	if (line && pl_amendments_parse(line, strlen(line), same, &copy, NULL) != 0)
		abort();
	free(line);
	if (!*a->key || pl_annotation_check(a->key, a->is, value, NULL) != 0)
		return;
	if (pl_annotation_check(a->key, value, twice, NULL) != 0 || strcmp(value, twice) != 0)
		abort(); /* the canonical form is its own */
	if (pl_annotations_set(&all, a->key, a->is, NULL) != 0 || !pl_annotations_valid(&all))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	pl_amendments_parse((const char *)data, size, look, NULL, NULL);
	return 0;
}
