/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A journal, or a table, to its .h5 in a process of its own: after a failing HDF5 call that
 * library's state is unknown, and what broke one conversion must not reach the next.
 */
#ifndef TOOLS_FINISH_H
#define TOOLS_FINISH_H

#include <plantar/archive.h>

#include "tools/command.h"

struct pl_finish {
	const struct pl_subcommand *self;
	const char *journal;		    /* NULL: */
	const struct pl_table_store *table; /* that becomes a trial without one */
	const char *what;		    /* on the progress line: "recovering" */
	bool keep_journal;
};

struct pl_finished {
	bool ok;
	struct pl_error err; /* if not */
	struct pl_convert_result result;
};

void pl_finish_trial(const struct pl_finish *f, struct pl_finished *o);

#endif
