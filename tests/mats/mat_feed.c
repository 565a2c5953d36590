/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A mat file and its decoder at the end of a pipe, for devices that are simulated in another
 * language: each record of stdin is bytes of the device, a tick of the clock, a reconnection or
 * bytes that the host lost; what comes of it goes to stdout.
 *
 *	in	kind u8, time i64 (ns), n u32, n bytes	'd' bytes, 't' tick, 'r' reset, 's' skip n
 *	out	'f' lost_device lost_corrupt lost_overrun u64, resync u8, cells
 *		'x' n u32, n bytes to send; 'm' n u32, n bytes of text
 *		'.' deadline i64, counters of struct pl_decode_stats: the record is done
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "drivers/mat/mat.h"

static struct pl_mat mat;
static struct pl_decoder *decoder;
static struct pl_raw_frame frame;
static size_t cells_bytes;
static int64_t deadline = INT64_MAX;

static void put(const void *bytes, size_t n)
{
	if (n && fwrite(bytes, 1, n, stdout) != n)
		exit(1);
}

static void put_block(char kind, const void *bytes, uint32_t n)
{
	put(&kind, 1);
	put(&n, 4);
	put(bytes, n);
}

static void tick(int64_t now_ns)
{
	struct pl_tx tx;

	pl_decoder_tick(decoder, now_ns, &tx, &deadline);
	if (tx.n)
		put_block('x', tx.bytes, (uint32_t)tx.n);
}

static void feed(const uint8_t *bytes, size_t n, int64_t t_ns)
{
	struct pl_device_text text;
	size_t used;
	bool got;

	do {
		used = pl_decoder_feed(decoder, bytes, n, t_ns, &frame, &got);
		bytes += used;
		n -= used;
		if (got) {
			uint8_t resync = frame.resync;
			uint64_t lost[] = {frame.lost_device, frame.lost_corrupt,
					   frame.lost_overrun};

			put("f", 1);
			put(lost, sizeof(lost));
			put(&resync, 1);
			put(frame.cells, cells_bytes);
			tick(t_ns);
		}
	} while (used || got);
	while (pl_decoder_text(decoder, &text))
		put_block('m', text.text, (uint32_t)strlen(text.text));
}

static void obey(char kind, int64_t t_ns, const uint8_t *bytes, uint32_t n)
{
	if (kind == 'r')
		pl_decoder_reset(decoder);
	else if (kind == 's')
		pl_decoder_skip(decoder, n);
	else if (kind == 'd')
		feed(bytes, n, t_ns);
	if (kind == 't')
		tick(t_ns);
	put(".", 1);
	put(&deadline, 8);
	put(pl_decoder_stats(decoder), sizeof(struct pl_decode_stats));
	fflush(stdout);
}

int main(int argc, char **argv)
{
	static uint8_t bytes[1 << 20];
	struct pl_error err = {0};
	int64_t t_ns;
	uint32_t n;
	char kind;

	if (argc != 2 || pl_mat_load(&mat, argv[1], NULL, &err) ||
	    !(decoder = pl_decoder_new(&mat.decoder, &err))) {
		fprintf(stderr, "mat_feed: %s\n", argc == 2 ? err.message : "usage: mat_feed MAT");
		return 2;
	}
	cells_bytes = pl_geometry_cells(&mat.geometry) * pl_dtype_size(mat.dtype);
	frame.cells = malloc(cells_bytes);
	while (fread(&kind, 1, 1, stdin) == 1 && fread(&t_ns, 8, 1, stdin) == 1 &&
	       fread(&n, 4, 1, stdin) == 1) {
		uint32_t length = kind == 'd' ? n : 0;

		if (length > sizeof(bytes) || fread(bytes, 1, length, stdin) != length)
			return 1;
		obey(kind, t_ns, bytes, n);
	}
	free(frame.cells);
	pl_decoder_free(decoder);
	pl_mat_free(&mat);
	return 0;
}
