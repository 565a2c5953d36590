/* SPDX-License-Identifier: Apache-2.0 */
/* A mat file that says what was guessed of a stream. */
#ifndef TOOLS_PROBE_CONF_H
#define TOOLS_PROBE_CONF_H

#include "drivers/decode/guess.h"

/* Text to be freed; NULL: no memory. from: what was probed, for its comment. */
char *pl_probe_conf(const struct pl_guess *g, unsigned baud, const char *from);

#endif
