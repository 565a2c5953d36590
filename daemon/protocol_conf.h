/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Protocols as files (plantar-protocol(5)), read as strictly as everything else that is configured:
 * an unknown key, a wrong type or a step that contradicts itself is refused with file, line, key
 * and what would be valid.
 */
#ifndef DAEMON_PROTOCOL_CONF_H
#define DAEMON_PROTOCOL_CONF_H

#include <plantar/error.h>
#include <plantar/protocol.h>

#define PL_PROTOCOLS_MAX 64

struct pl_protocols {
	unsigned n;
	struct pl_protocol *list; /* sorted by id; owned */
};

/* name: for messages. */
int pl_protocol_parse(struct pl_protocol *p, const char *name, const char *text,
		      struct pl_error *err);
int pl_protocol_load(struct pl_protocol *p, const char *path, struct pl_error *err);

/*
 * All protocols of $PLANTAR_PROTOCOLS (colon-separated), $XDG_CONFIG_HOME/plantard/protocols,
 * /etc/plantard/protocols, the installed data folder, and config/protocols beside the build tree's
 * source; of files with the same name the first one counts.
 */
int pl_protocols_load(struct pl_protocols *p, struct pl_error *err);
void pl_protocols_free(struct pl_protocols *p);
const struct pl_protocol *pl_protocols_find(const struct pl_protocols *p, const char *id,
					    struct pl_error *err); /* PL_ENOENT names all */

#endif
