/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two secrets in a file that only its owner reads: who knows the first may act, who knows the
 * second may watch from elsewhere. Made once, kept over restarts, so that a page that is open stays
 * what it was. The file also says where the bridge listens, for `plantar-web --print-url`.
 */
#ifndef TOOLS_WEB_TOKEN_H
#define TOOLS_WEB_TOKEN_H

#include <stdbool.h>
#include <stddef.h>

#include <plantar/error.h>

#define PL_TOKEN_CHARS 32 /* 128 bits as hexadecimal digits */

enum pl_web_role { PL_WEB_NOBODY, PL_WEB_VIEWER, PL_WEB_OPERATOR };

struct pl_tokens {
	char operator_token[PL_TOKEN_CHARS + 1], viewer_token[PL_TOKEN_CHARS + 1];
	char url[300]; /* "": no bridge has used this file yet */
};

/* Reads the file, or makes it (and its folder) with fresh tokens. Refused is a file that others can
 * read, or whose lines are not tokens. */
int pl_tokens_load(const char *path, struct pl_tokens *t, struct pl_error *err);
/* Writes it anew with this url. */
int pl_tokens_save(const char *path, struct pl_tokens *t, const char *url, struct pl_error *err);
/* In a time that does not tell how much of it is right. */
enum pl_web_role pl_tokens_role(const struct pl_tokens *t, const char *token);
/* Where it is when nobody names one: <runtime>/web.token, of this process. */
const char *pl_tokens_path(char *buf, size_t cap);

#endif
