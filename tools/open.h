/* SPDX-License-Identifier: Apache-2.0 */
/* Any recording that the tools can read, byte captures included. */
#ifndef TOOLS_OPEN_H
#define TOOLS_OPEN_H

#include <plantar/hints.h>
#include <plantar/recording.h>

#include "drivers/mat/mat.h"
#include "tools/command.h"

struct pl_opened {
	struct pl_recording *recording; /* NULL: it is a table */
	struct pl_table_file *table;
	/* Byte captures only, else NULL: */
	const struct pl_mat *mat;
	const struct pl_decode_stats *decode; /* of the whole capture */
};

/*
 * path: any recording, told apart by content. as: the mat (name or path of its configuration) that
 * decodes a byte capture, instead of the one stored in it; NULL: that one. 0, or -1 and err.
 */
int pl_open_any(struct pl_opened *o, const char *path, const char *as, struct pl_error *err);
/* The same with what a person says about the file (tools/hints.h); with columns it is a table:
 * o->table is set and o->recording NULL. */
int pl_open_hinted(struct pl_opened *o, const char *path, const char *as,
		   const struct pl_hints *hints, struct pl_error *err);
/* For commands that need the frames of a mat: refuses tables, and recordings without forces. */
int pl_opened_mat(const struct pl_opened *o, const char *path, struct pl_error *err);
void pl_opened_close(struct pl_opened *o);

/* The option that every command with a recording has. */
#define PL_OPT_AS (PL_OPT_LONG + 90)
#define PL_OPTION_AS                                                           \
	{                                                                      \
		PL_OPT_AS, "as", "MAT",                                        \
			"decode a byte capture as this mat: a name of\n"       \
			"config/mats or a path; default: the mat stored in it" \
	}

#endif
