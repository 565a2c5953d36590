/* SPDX-License-Identifier: Apache-2.0 */
/*
 * plantar capture: what a port delivers, byte for byte, into a file: the first thing to do with a
 * mat that is new. The bytes are decoded on the side, so that the mat is polled and started as its
 * configuration says, and so that the end of the output tells whether that configuration is right.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "drivers/transport/plcap.h"
#include "drivers/transport/transport.h"
#include "tools/command.h"
#include "tools/folder.h"
#include "tools/interrupt.h"
#include "tools/open.h"
#include "tools/progress.h"
#include "tools/pty.h"

#define CHUNK_BYTES 65536
#define LOOK_MS 100

enum { OPT_SECONDS = PL_OPT_LONG };

struct capture {
	const struct pl_subcommand *self;
	const char *uri, *as, *path;
	double seconds; /* 0: until Ctrl-C or the source's end */
	struct pl_mat mat;
	struct pl_log log;
	struct pl_transport *transport;
	struct pl_decoder *decoder;
	struct pl_plcap_writer *writer;
	struct pl_progress progress;
	uint8_t *chunk;
	struct pl_raw_frame frame;
	int64_t begin_ns, first_frame_ns, last_frame_ns, deadline_ns;
};

static int tick(struct capture *c, struct pl_error *err)
{
	struct pl_tx tx = {.n = 0};

	pl_decoder_tick(c->decoder, pl_mono_now(), &tx, &c->deadline_ns);
	return tx.n ? pl_transport_write(c->transport, tx.bytes, tx.n, err) : 0;
}

static void show_text(struct capture *c)
{
	struct pl_device_text text;

	while (pl_decoder_text(c->decoder, &text)) {
		size_t n = strlen(text.text);

		while (n && text.text[n - 1] == '\n')
			text.text[--n] = '\0';
		for (char *at = text.text; *at; at++)
			if (*at == '\n')
				*at = ' ';
		pl_progress_end(&c->progress);
		pl_say(c->self, "the device says: %s", text.text);
		pl_progress_begin(&c->progress, "capturing", "frames");
	}
}

static int decode(struct capture *c, size_t n, int64_t now_ns, struct pl_error *err)
{
	const uint8_t *bytes = c->chunk;
	bool got;
	size_t used;

	do {
		got = false;
		used = pl_decoder_feed(c->decoder, bytes, n, now_ns, &c->frame, &got);
		bytes += used;
		n -= used;
		if (!got)
			continue;
		if (!c->first_frame_ns)
			c->first_frame_ns = now_ns;
		c->last_frame_ns = now_ns;
		if (tick(c, err) < 0) /* a polled mat is asked for the next one */
			return -1;
	} while (got || used);
	return 0;
}

/* 1: go on; 0: the end; -1. */
static int one_read(struct capture *c, struct pl_error *err)
{
	size_t want = pl_decoder_need(c->decoder);
	int64_t now_ns = pl_mono_now(), wait_ms = LOOK_MS;
	long n;

	if (c->deadline_ns <= now_ns && tick(c, err) < 0)
		return -1;
	if (c->deadline_ns != INT64_MAX && (c->deadline_ns - now_ns) / 1000000 < wait_ms)
		wait_ms = c->deadline_ns > now_ns ? (c->deadline_ns - now_ns) / 1000000 + 1 : 1;
	n = pl_transport_read(c->transport, c->chunk, CHUNK_BYTES,
			      want < CHUNK_BYTES ? want : CHUNK_BYTES, (int)wait_ms, err);
	now_ns = pl_mono_now();
	if (n == PL_READ_END)
		return 0;
	if (n < 0)
		return -1;
	if (n > 0 && (pl_plcap_write(c->writer, now_ns, c->chunk, (size_t)n, err) < 0 ||
		      decode(c, (size_t)n, now_ns, err) < 0))
		return -1;
	show_text(c);
	pl_progress_step(&c->progress, pl_decoder_stats(c->decoder)->frames, 0);
	return c->seconds <= 0 || (double)(now_ns - c->begin_ns) * 1e-9 < c->seconds;
}

static void report(const struct capture *c)
{
	const struct pl_decode_stats *s = pl_decoder_stats(c->decoder);
	double span_s = (double)(c->last_frame_ns - c->first_frame_ns) * 1e-9;
	const struct {
		const char *label;
		uint64_t n;
	} rows[] = {
		{"lost by the device's counter", s->lost_device},
		{"lost to corruption", s->lost_corrupt},
		{"bad length", s->bad_length},
		{"bad checksum", s->bad_checksum},
		{"implausible", s->bad_sanity},
		{"bytes in no frame", s->skipped_bytes},
		{"times out of step", s->resyncs},
		{"sent twice", s->duplicates},
	};
	char a[32], b[32];

	printf("%s bytes, %s frames of %u x %u", pl_count_text(s->bytes, a),
	       pl_count_text(s->frames, b), c->mat.geometry.rows, c->mat.geometry.cols);
	if (s->frames > 1 && span_s > 0)
		printf(", %.4g a second", (double)(s->frames - 1) / span_s);
	printf(", in %s\n", c->path);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (rows[i].n)
			printf("  %-30s %s\n", rows[i].label, pl_count_text(rows[i].n, a));
	if (!s->bytes)
		printf("  nothing came: is the mat on, and is this its port?\n");
	else if (!s->frames)
		printf("  no frame of mat '%s' in it: compare baud rate, size and frame marks of "
		       "its configuration\n",
		       c->mat.name);
}

static int set_up(struct capture *c, struct pl_error *err)
{
	size_t cells = pl_geometry_cells(&c->mat.geometry);

	if (pl_check_output(c->path, err) < 0)
		return -1;
	c->decoder = pl_decoder_new(&c->mat.decoder, err);
	if (!c->decoder)
		return -1;
	c->chunk = malloc(CHUNK_BYTES);
	c->frame.cells = calloc(cells, pl_dtype_size(c->mat.dtype));
	if (!c->chunk || !c->frame.cells)
		return pl_error_set(err, PL_ENOMEM, 0, "out of memory");
	c->transport = pl_transport_open(c->uri, &c->mat, &c->log, err);
	if (!c->transport)
		return -1;
	c->writer = pl_plcap_create(c->path, &c->mat, err);
	return c->writer ? 0 : -1;
}

static int capture(struct capture *c, struct pl_error *err)
{
	struct pl_tx stop = {.n = 0};
	int r;

	if (set_up(c, err) < 0)
		return -1;
	pl_interrupt_catch();
	pl_decoder_reset(c->decoder);
	pl_progress_begin(&c->progress, "capturing", "frames");
	c->begin_ns = pl_mono_now();
	/* Times count from the opening: a silence before the first byte says something, too. */
	r = pl_plcap_write(c->writer, c->begin_ns, "", 0, err);
	if (r >= 0)
		r = tick(c, err);
	while (r >= 0 && !pl_interrupted() && (r = one_read(c, err)) > 0)
		;
	pl_progress_end(&c->progress);
	pl_decoder_stop(c->decoder, &stop);
	if (r >= 0 && stop.n)
		pl_transport_write(c->transport, stop.bytes, stop.n, NULL);
	/* What came before a port vanished is worth keeping. */
	if (pl_plcap_finish(c->writer, r < 0 ? NULL : err) < 0)
		r = -1;
	report(c);
	return r < 0 ? -1 : 0;
}

static int run(const struct pl_subcommand *self, int argc, char **argv)
{
	struct capture c = {.self = self, .log = pl_command_log(self, false)};
	struct pl_error err = {.code = PL_OK};
	struct pl_args args;
	int key, code = PL_EXIT_OK;

	pl_args_begin(&args, self, argc, argv);
	while ((key = pl_args_next(&args)) > 0) {
		if (key == PL_OPT_AS)
			c.as = args.value;
		else if (key == 'o')
			c.path = args.value;
		else if (key == OPT_SECONDS)
			pl_args_number(&args, 0.001, 1e9, &c.seconds);
	}
	pl_args_operands(&args, 1, 1, "SOURCE");
	if (!args.done && !c.as)
		pl_args_fail(&args, "say which mat it is: --as MAT");
	if (!args.done && !c.path)
		pl_args_fail(&args, "say where to: -o FILE.plcap");
	if (args.done)
		return args.exit_code;
	c.uri = argv[args.first];
	if (pl_mat_load(&c.mat, c.as, NULL, &err) < 0)
		return pl_report(self, &err);
	if (capture(&c, &err) < 0)
		code = pl_report(self, &err);
	pl_transport_close(c.transport);
	pl_decoder_free(c.decoder);
	pl_mat_free(&c.mat);
	free(c.frame.cells);
	free(c.chunk);
	return code;
}

static const struct pl_option options[] = {
	{PL_OPT_AS, "as", "MAT",
	 "the mat at the other end: a name of config/mats or a\n"
	 "path to a configuration; stored in the capture"},
	{'o', "output", "FILE", "the capture to write (.plcap)"},
	{OPT_SECONDS, "seconds", "S", "end after S seconds; default: at Ctrl-C"},
	{0},
};

const struct pl_subcommand pl_cmd_capture = {
	.name = "capture",
	.summary = "record the raw bytes of a port",
	.synopsis = "SOURCE --as MAT -o FILE.plcap [--seconds S]",
	.about =
		"For adding a mat and for reporting a problem with one. SOURCE is written as in\n"
		"plantard.conf: serial:/dev/ttyUSB0, or what plantar list shows; no daemon may be\n"
		"reading it. The closing lines say what was decoded and what was not. Look at the\n"
		"capture with plantar info, play it with plantar replay.",
	.options = options,
	.run = run,
};
