/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libwebsockets starts with a certificate whose key is another kind of key, and then no handshake
 * ever succeeds. So OpenSSL is asked first, which also says what is wrong with a file.
 */
#include "tools/web/tls.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdio.h>

static int fail(struct pl_error *err, const char *path, const char *what)
{
	const char *reason = ERR_reason_error_string(ERR_peek_last_error());

	ERR_clear_error();
	return pl_error_set(err, PL_ECONFIG, 0, "%s: %s%s%s", path, what, reason ? ": " : "",
			    reason ? reason : "");
}

int pl_tls_check(const char *cert, const char *key, struct pl_error *err)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());
	int r = 0;

	if (!ctx)
		return pl_error_set(err, PL_ENOMEM, 0, "OpenSSL does not start");
	if (SSL_CTX_use_certificate_chain_file(ctx, cert) != 1)
		r = fail(err, cert, "not a certificate in PEM form");
	else if (SSL_CTX_use_PrivateKey_file(ctx, key, SSL_FILETYPE_PEM) != 1 ||
		 SSL_CTX_check_private_key(ctx) != 1)
		r = fail(err, key, "not the private key of the certificate");
	SSL_CTX_free(ctx);
	return r;
}
