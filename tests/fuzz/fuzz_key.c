/* SPDX-License-Identifier: Apache-2.0 */
/* Any text as a key file: refused with a place in it, or a key of 40 characters. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "drivers/mat/keys.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
const char *__lsan_default_suppressions(void);

/* libconfig 1.5 forgets the text token at which a syntax error is found: once a file, not ours. */
const char *__lsan_default_suppressions(void)
{
	return "leak:libconfig.so";
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = strndup((const char *)data, size);

	for (int secret = 0; text && secret < 2; secret++) {
		struct pl_error err = {0};
		struct pl_key_pair pair;
		int r = pl_key_parse("x.public", text, secret, &pair, &err);

		if (r == 0 && (!pl_key_valid(pair.public_key) ||
			       pl_key_valid(pair.secret_key) != (secret == 1)))
			abort();
		if (r && (err.code == PL_OK || !*err.message || *pair.public_key))
			abort();
	}
	free(text);
	return 0;
}
