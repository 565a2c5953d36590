/* SPDX-License-Identifier: Apache-2.0 */
/* plantar export h5 --deidentify: a session again, without what points to a person, a day or a
 * place. */
#ifndef TOOLS_DEIDENTIFY_H
#define TOOLS_DEIDENTIFY_H

#include "tools/command.h"

/* source: a .h5 of plantard or a session's folder. to: a folder that is not there yet or empty.
 * Returns the exit code. */
int pl_deidentify(const struct pl_subcommand *self, const char *source, const char *to);

#endif
