/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A guess is worth what it explains, so each is put to the decoder that would have to live with
 * it. And a matrix has one property that no framing has: what is loaded has a neighbour that is
 * loaded, above and below as well as left and right. That tells the width of a mat whose stream
 * says only how many cells there are.
 */
#include "drivers/decode/guess.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <plantar/calibration.h>

#include "drivers/decode/matrix_layout.h"

#define SLIM 5 /* a mat is at most so many times longer than wide */

void pl_guess_because(struct pl_guess *g, const char *fmt, ...)
{
	size_t left = sizeof(g->why) - g->why_n;
	va_list args;
	int n;

	va_start(args, fmt);
	n = vsnprintf(g->why + g->why_n, left, fmt, args);
	va_end(args);
	g->why_n += n < 0 ? 0 : (size_t)n < left ? (size_t)n : left - 1;
	if (g->why_n + 1 < sizeof(g->why))
		g->why[g->why_n++] = '\n';
	g->why[g->why_n] = '\0';
}

/* Mean difference of values one row apart, if rows have so many cols. */
static double roughness(const uint32_t *values, size_t frames, size_t n, unsigned cols)
{
	double sum = 0;

	for (size_t f = 0; f < frames; f++, values += n)
		for (size_t i = cols; i < n; i++)
			sum += values[i] > values[i - cols] ? values[i] - values[i - cols]
							    : values[i - cols] - values[i];
	return sum / (double)(frames * (n - cols));
}

double pl_guess_sides(const uint32_t *values, size_t frames, size_t n, unsigned *rows,
		      unsigned *cols)
{
	double best = INFINITY, mean = 1;

	/* From the squarest on: where nothing tells, that; else a tenth must be gained. */
	for (size_t wide = (size_t)sqrt((double)n); wide >= 1; wide--) {
		size_t side[2] = {wide, n / wide};

		if (n % wide || side[1] > SLIM * side[0] || side[1] > PL_SIDE_MAX)
			continue;
		for (int k = 0; k < 2; k++) {
			double rough = roughness(values, frames, n, (unsigned)side[k]);

			if (side[k] < 2 || rough >= best * 0.9)
				continue;
			best = rough;
			*cols = (unsigned)side[k];
			*rows = (unsigned)(n / side[k]);
		}
	}
	for (size_t i = 0; i < frames * n; i++)
		mean += (double)values[i] / (double)(frames * n);
	return best / mean;
}

void pl_guess_try(struct pl_guess *g, const uint8_t *bytes, size_t n)
{
	struct pl_decoder *d = pl_decoder_new(&g->config, NULL);
	size_t cells = (size_t)g->config.rows * g->config.cols * 4, used = 0, step;
	struct pl_raw_frame frame = {.cells = malloc(cells ? cells : 1)};
	bool got = true;

	g->frames = 0;
	g->explained = 0;
	for (; d && frame.cells && (got || used < n); used += step) {
		/* texts without a mark listen for silence: one long before all of it */
		step = pl_decoder_feed(d, bytes + used, n - used, 0, &frame, &got);
		if (!step && !got)
			break;
	}
	if (d && n) {
		g->frames = pl_decoder_stats(d)->frames;
		g->explained = (double)(n - pl_decoder_stats(d)->skipped_bytes) / (double)n;
		if (!g->frames)
			g->explained = 0;
	}
	pl_decoder_free(d);
	free(frame.cells);
}

int pl_guess_stream(struct pl_guess *g, const uint8_t *bytes, size_t n, struct pl_error *err)
{
	bool text = pl_guess_is_text(bytes, n), found;

	*g = (struct pl_guess){.is_text = text};
	g->config.protocol = "matrix";
	g->config.matrix.length_field.offset = g->config.matrix.seq_field.offset = -1;
	found = text ? pl_guess_text(g, bytes, n) : pl_guess_binary(g, bytes, n);
	if (found)
		return 0;
	return pl_error_set(err, PL_ENOENT, 0,
			    "%zu bytes of %s came, and nothing in them repeats as frames of a mat "
			    "do",
			    n, text ? "text" : "binary data");
}
