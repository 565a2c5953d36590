/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where sessions are, and sessions by their uuid. A uuid stands wherever the folder of a session
 * may: "<uuid>" is the session, "<uuid>/3" or "<uuid>/trial-003.h5" a trial of it. A session may
 * lie in two folders, when the disk of the first was full in the middle of it.
 */
#ifndef TOOLS_ARCHIVES_H
#define TOOLS_ARCHIVES_H

#include <stdbool.h>

#include <plantar/error.h>

#include "drivers/mat/paths.h"
#include "tools/command.h"

/* The option of every command that takes a session: pl_args_next keeps it for what is below. Twice:
 * the second folder, too. */
#define PL_OPT_ARCHIVE (PL_OPT_LONG + 94)
#define PL_OPTION_ARCHIVE                                                        \
	{                                                                        \
		PL_OPT_ARCHIVE, "archive", "FOLDER",                             \
			"where the sessions are; may be given twice; default:\n" \
			"where plantard keeps them"                              \
	}
/* False: a third one, or too long. */
bool pl_archive_take(const char *folder);
/* Those of --archive, else where plantard keeps them. How many. */
unsigned pl_archive_folders(char out[PL_SESSIONS_MAX][512]);

/* Is it written as the uuid of a session is? */
bool pl_is_uuid(const char *text);

#define PL_NAMED_PATH 4096
struct pl_named {
	unsigned n;
	char path[PL_SESSIONS_MAX][PL_NAMED_PATH];
};
/*
 * The paths that an operand means: of a uuid, its folders or its trial; anything else, and what
 * exists under that very name, is a path and stays as it is. 0, or -1 and err (PL_ENOENT): no such
 * session, no such trial.
 */
int pl_named_find(const char *operand, struct pl_named *named, struct pl_error *err);
/* For commands that take one file: of a session in two folders the first. */
int pl_named_file(const char *operand, char path[PL_NAMED_PATH], struct pl_error *err);
/* For commands that take any number: all operands' paths, *n of them; free() frees it whole. NULL:
 * said so, args->done is set. */
char **pl_named_operands(struct pl_args *args, int *n);

#endif
