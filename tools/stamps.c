/* SPDX-License-Identifier: Apache-2.0 */
/* Latency is measured from here: whoever receives a frame subtracts its line in this file. */
#include "tools/stamps.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/folder.h"

void pl_stamps_add(struct pl_stamps *s, uint64_t seq, int64_t t_ns)
{
	if (!s->path)
		return;
	if (s->n == s->cap) {
		size_t cap = s->cap ? 2 * s->cap : 65536;
		struct pl_stamp *list = realloc(s->list, cap * sizeof(*list));

		if (!list)
			return; /* a shorter file is noticed by its length */
		s->list = list;
		s->cap = cap;
	}
	s->list[s->n++] = (struct pl_stamp){.seq = seq, .t_ns = t_ns};
}

int pl_stamps_finish(struct pl_stamps *s, struct pl_error *err)
{
	FILE *file;
	int r = 0;

	if (!s->path)
		return 0;
	if (pl_check_output(s->path, err) < 0)
		return -1;
	file = fopen(s->path, "we");
	for (size_t i = 0; file && i < s->n; i++)
		fprintf(file, "%" PRIu64 " %" PRId64 "\n", s->list[i].seq, s->list[i].t_ns);
	if (!file || ferror(file))
		r = -1;
	if (file && fclose(file) != 0)
		r = -1;
	if (r < 0)
		pl_error_set(err, PL_EIO, errno, "cannot write %s: %s", s->path, strerror(errno));
	free(s->list);
	s->list = NULL;
	return r;
}
