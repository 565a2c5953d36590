/* SPDX-License-Identifier: Apache-2.0 */
/* Whether a certificate and its key can be used, asked before anything listens. */
#ifndef TOOLS_WEB_TLS_H
#define TOOLS_WEB_TLS_H

#include <plantar/error.h>

int pl_tls_check(const char *cert, const char *key, struct pl_error *err);

#endif
