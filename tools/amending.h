/* SPDX-License-Identifier: Apache-2.0 */
/* What plantar annotate and plantar correct share: one change, put into a trial or into each of a
 * session. */
#ifndef TOOLS_AMENDING_H
#define TOOLS_AMENDING_H

#include <stdbool.h>

#include <jansson.h>

#include <plantar/amend.h>

#include "tools/command.h"

#define PL_AMENDING_VALUES 64
#define PL_AMENDING_EVENTS 32

struct pl_amending {
	const struct pl_subcommand *self;
	bool json;
	const char *by;	       /* --by; NULL: nobody else */
	const char *of_one;    /* "a mark is at one moment": not for several trials; NULL: it is */
	struct pl_amend amend; /* counts; the rest is filled in */
	struct pl_amend_value value[PL_AMENDING_VALUES];
	struct pl_amend_event event[PL_AMENDING_EVENTS];
	json_t *trials; /* NULL: for people */
	int code;
};

/* --by: for whom it is done, kept beside the login. */
#define PL_AMENDING_BY_MAX 48
#define PL_OPT_BY (PL_OPT_LONG + 95)
#define PL_OPTION_BY                                                        \
	{                                                                   \
		PL_OPT_BY, "by", "NAME", "for whom: kept beside your login" \
	}
void pl_amending_by(struct pl_args *args, struct pl_amending *a);

/* operand: a trial, or a session, by path or uuid. Says what was done; the exit code. */
int pl_amending_run(struct pl_amending *a, const char *operand);

#endif
