/* SPDX-License-Identifier: Apache-2.0 */
/* What a daemon says of protocols and of a visit, in words. */
#ifndef TOOLS_PROTOCOL_WORDS_H
#define TOOLS_PROTOCOL_WORDS_H

#include <jansson.h>

/* Replies to `protocols`: one line each, or the first one whole. */
void pl_protocol_list(const json_t *reply);
void pl_protocol_show(const json_t *reply);
/* Member `protocol` of a reply (docs/protocols.md, The document): how far it is, what comes next.
 */
void pl_protocol_visit(const json_t *reply);

#endif
