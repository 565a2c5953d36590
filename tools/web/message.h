/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a browser may say, one JSON object a message (docs/web.md):
 *
 *	{"hello":1,"token":"..."}		first; token may be left out
 *	{"watch":"left","hz":60}		null: the first mat
 *	{"id":7,"request":{"cmd":"status"}}	for plantard
 *	{"ping":123.4}
 *
 * Pure: bytes in, a message out.
 */
#ifndef TOOLS_WEB_MESSAGE_H
#define TOOLS_WEB_MESSAGE_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include <plantar/error.h>

#define PL_MESSAGE_MAX 65536
#define PL_TOKEN_MAX 128
#define PL_MAT_NAME_MAX 64

enum pl_message_type { PL_MESSAGE_HELLO, PL_MESSAGE_WATCH, PL_MESSAGE_REQUEST, PL_MESSAGE_PING };

struct pl_message {
	enum pl_message_type type;
	char token[PL_TOKEN_MAX + 1];  /* hello; "": none */
	char mat[PL_MAT_NAME_MAX + 1]; /* watch; "": the first one */
	double hz;		       /* watch */
	bool has_id; /* also where the request itself is wrong: it can be answered */
	uint32_t id;
	json_t *request; /* with a string "cmd"; owned */
	double ping;
};

/* -1 and err (PL_EUSAGE) for everything else. To be freed after success only. */
int pl_message_parse(const char *text, size_t n, struct pl_message *m, struct pl_error *err);
void pl_message_free(struct pl_message *m);

/* docs/access.md: does this change nothing, so that a viewer may ask it? */
bool pl_message_viewer_may(const json_t *request);

#endif
