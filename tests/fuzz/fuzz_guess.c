/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any bytes as the stream of an unknown mat. Whatever is guessed makes a decoder, and the mat file
 * that is proposed loads and says the same.
 */
#include <stdlib.h>
#include <string.h>

#include "drivers/decode/guess.h"
#include "drivers/mat/mat.h"
#include "tools/probe_conf.h"

#define BYTES_MAX 12000 /* longer streams only take longer */

#define CHECK(condition)          \
	do {                      \
		if (!(condition)) \
			abort();  \
	} while (0)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
const char *__lsan_default_suppressions(void);

/* libconfig 1.5 forgets the text token at which a syntax error is found: once a file, not ours. */
const char *__lsan_default_suppressions(void)
{
	return "leak:libconfig.so";
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct pl_guess g, again;
	size_t n = size < BYTES_MAX ? size : BYTES_MAX;
	uint8_t *bytes = malloc(n ? n : 1);
	struct pl_error err = {0};
	struct pl_mat mat;
	char *text;

	CHECK(bytes);
	if (n)
		memcpy(bytes, data, n);
	if (!pl_guess_stream(&g, bytes, n, &err)) {
		CHECK(memchr(g.why, 0, sizeof(g.why)));
		text = pl_probe_conf(&g, 115200, "fuzz");
		CHECK(text);
		if (pl_mat_parse(&mat, "fuzz", text, &err)) {
			CHECK(0);
		} else {
			again = g;
			again.config = mat.decoder;
			pl_guess_try(&again, bytes, n);
			CHECK(again.frames == g.frames);
			pl_mat_free(&mat);
		}
		free(text);
	}
	free(bytes);
	return 0;
}
