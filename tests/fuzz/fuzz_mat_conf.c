/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any text as a mat file. Either it is refused with a message that has a place in it, or it is a
 * mat whose own encoder and decoder understand each other.
 */
#include <stdlib.h>
#include <string.h>

#include "drivers/decode/matrix_layout.h"
#include "drivers/encode/encode.h"
#include "drivers/mat/mat.h"

#define CHECK(condition)          \
	do {                      \
		if (!(condition)) \
			abort();  \
	} while (0)

#define FRAMES 10u /* a mark of one byte is believed when enough others follow */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
const char *__lsan_default_suppressions(void);

/* libconfig 1.5 forgets the text token at which a syntax error is found: once a file, not ours. */
const char *__lsan_default_suppressions(void)
{
	return "leak:libconfig.so";
}

/* Does each frame's mark stand in the bytes where it belongs, and nowhere else? */
static bool marked(const struct pl_matrix_config *c, const uint8_t *bytes, size_t n)
{
	const struct pl_sync *mark = c->head.n ? &c->head : pl_matrix_tail(c);
	struct pl_matrix_layout l;
	unsigned found = 0;

	if (c->text.line || c->escape || !mark->n)
		return true;
	CHECK(pl_matrix_layout(&l, c, NULL) == 0);
	for (size_t i = 0; i + mark->n <= n; i++)
		found += !memcmp(bytes + i, mark->bytes, mark->n);
	return found <= n / l.frame_bytes;
}

/*
 * Ten frames of zeros there and back. A second mark lets those be read that wait for one; a
 * text's first frame is not believed, and the last of a mat that sends parts may wait for more.
 * Rows that only silence parts are not believed without it, nor frames with a second mark inside:
 * here one of an index or a size, since a mark of empty cells is refused.
 */
static void talk(const struct pl_mat *mat)
{
	size_t cells = pl_geometry_cells(&mat->geometry) * pl_dtype_size(mat->dtype), n = 0,
	       used = 0;
	struct pl_encoder *e = pl_encoder_new(&mat->decoder, NULL);
	struct pl_decoder *d = pl_decoder_new(&mat->decoder, NULL);
	struct pl_raw_frame frame = {.cells = malloc(cells)};
	uint8_t *zeros = calloc(1, cells), *wire;
	unsigned frames = 0;
	bool got = true, believable;

	CHECK(e && d && zeros && frame.cells);
	wire = malloc(FRAMES * pl_encoder_max(e));
	CHECK(wire);
	for (unsigned i = 0; i < FRAMES; i++)
		n += pl_encoder_frame(e, zeros, i, 0, wire + n);
	believable = !mat->decoder.matrix.text.idle_ms && marked(&mat->decoder.matrix, wire, n);
	for (size_t step = 1; step || got; used += step, frames += got)
		step = pl_decoder_feed(d, wire + used, n - used, 0, &frame, &got);
	CHECK((frames >= 1 || !believable) && frames <= FRAMES);
	free(wire);
	free(zeros);
	free(frame.cells);
	pl_decoder_free(d);
	pl_encoder_free(e);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct pl_error err = {0};
	char *text = malloc(size + 1);
	struct pl_mat mat;

	CHECK(text);
	if (size)
		memcpy(text, data, size);
	text[size] = '\0';
	if (pl_mat_parse(&mat, "fuzz", text, &err)) {
		CHECK(err.code == PL_ECONFIG && !strncmp(err.message, "fuzz:", 5));
	} else {
		if (pl_geometry_cells(&mat.geometry) <= 64 * 64)
			talk(&mat);
		pl_mat_free(&mat);
	}
	free(text);
	return 0;
}
