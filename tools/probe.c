/* SPDX-License-Identifier: Apache-2.0 */
/*
 * plantar probe: what is at the other end of a port that nobody has described? Bytes are taken at
 * one speed after the other until they look like the frames of a mat (drivers/decode/guess.h); the
 * mats that are described already are tried first, and what is guessed is written as a mat file
 * that loads, with the reasons in it. Nothing is sent: a mat that waits to be asked stays silent,
 * and a stranger's command could set it to anything.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "drivers/transport/plcap.h"
#include "drivers/transport/transport.h"
#include "tools/command.h"
#include "tools/folder.h"
#include "tools/interrupt.h"
#include "tools/output.h"
#include "tools/probe_conf.h"
#include "tools/progress.h"
#include "tools/pty.h"

#define SAMPLE_BYTES (512 * 1024)
#define ENOUGH 0.9 /* of the bytes lie in frames: no other speed is tried */
#define LOOK_MS 100

enum { OPT_SECONDS = PL_OPT_LONG, OPT_BAUD };

/* The usual speeds of mats first; below, those that an adapter may be set to. */
static const unsigned speeds[] = {115200, 921600, 1000000, 3000000, 500000, 2000000, 250000,
				  230400, 9600,	  2500000, 1500000, 460800, 57600,   38400};

struct probe {
	const struct pl_subcommand *self;
	const char *source, *path;
	double seconds; /* at each speed */
	unsigned baud;	/* 0: try */
	uint8_t *bytes;
	size_t n;
	struct pl_guess best;
	unsigned best_baud;
	uint8_t *best_bytes;
	size_t best_n, most; /* most: bytes that came at any speed */
};

static void keep(struct probe *p, const struct pl_guess *g, unsigned baud)
{
	p->best = *g;
	p->best_baud = baud;
	memcpy(p->best_bytes, p->bytes, p->n);
	p->best_n = p->n;
}

/* A guess for what is in the buffer; true: it is good enough to stop. */
static bool judge(struct probe *p, unsigned baud, struct pl_error *err)
{
	struct pl_guess *g = malloc(sizeof(*g));
	bool good = false;

	if (g && !pl_guess_stream(g, p->bytes, p->n, err)) {
		good = g->explained >= ENOUGH;
		if (g->explained > p->best.explained || !p->best_n)
			keep(p, g, baud);
	}
	free(g);
	return good;
}

static int read_capture(struct probe *p, struct pl_error *err)
{
	struct pl_plcap *file = pl_plcap_open(p->source, err);
	const uint8_t *bytes;
	int64_t t_ns;
	size_t n;
	int r;

	if (!file)
		return -1;
	while ((r = pl_plcap_next(file, &t_ns, &bytes, &n, NULL, err)) > 0 && p->n < SAMPLE_BYTES) {
		n = n < SAMPLE_BYTES - p->n ? n : SAMPLE_BYTES - p->n;
		memcpy(p->bytes + p->n, bytes, n);
		p->n += n;
	}
	pl_plcap_close(file);
	p->most = p->n;
	if (r >= 0)
		judge(p, 0, err);
	return r < 0 ? -1 : 0;
}

static int read_port(struct probe *p, unsigned baud, struct pl_error *err)
{
	char text[256];
	struct pl_mat mat;
	struct pl_log log = pl_command_log(p->self, false);
	struct pl_transport *t;
	int64_t end_ns;
	long n = 0;

	snprintf(text, sizeof(text),
		 "rows = 1; cols = 1; pitch_mm = 1; protocol = \"matrix\"; cell = \"u8\";"
		 "serial = { baud = %u; }; frame = { head = \"A5\"; };",
		 baud);
	if (pl_mat_parse(&mat, "probe", text, err))
		return -1;
	t = pl_transport_open(p->source, &mat, &log, err);
	end_ns = pl_mono_now() + (int64_t)(p->seconds * 1e9);
	for (p->n = 0; t && p->n < SAMPLE_BYTES && pl_mono_now() < end_ns && !pl_interrupted();) {
		n = pl_transport_read(t, p->bytes + p->n, SAMPLE_BYTES - p->n, 1, LOOK_MS, err);
		if (n < 0)
			break;
		p->n += (size_t)n;
	}
	pl_transport_close(t);
	pl_mat_free(&mat);
	p->most = p->n > p->most ? p->n : p->most;
	return !t || (n < 0 && n != PL_READ_END) ? -1 : 0;
}

static int try_speeds(struct probe *p, struct pl_error *err)
{
	unsigned n = p->baud ? 1 : sizeof(speeds) / sizeof(speeds[0]);
	struct pl_progress progress;
	struct pl_error seen;
	int r = 0;

	pl_interrupt_catch();
	pl_progress_begin(&progress, "trying speeds", "of them");
	for (unsigned i = 0; i < n && r == 0 && !pl_interrupted(); i++) {
		unsigned baud = p->baud ? p->baud : speeds[i];

		pl_progress_step(&progress, i, n);
		r = read_port(p, baud, err);
		if (r == 0 && judge(p, baud, &seen))
			break;
	}
	pl_progress_end(&progress);
	return r;
}

struct known {
	struct probe *p;
	unsigned found;
};

/* Does a mat that is described already send this? */
static void try_known(void *user, const char *name, const char *path)
{
	struct known *k = user;
	struct pl_guess *g = calloc(1, sizeof(*g));
	struct pl_error err;
	struct pl_mat mat;

	if (!g || pl_mat_load(&mat, path, NULL, &err)) {
		free(g);
		return;
	}
	g->config = mat.decoder;
	if (!mat.decoder.matrix.poll.n && !mat.decoder.matrix.text.idle_ms)
		pl_guess_try(g, k->p->best_bytes, k->p->best_n);
	if (g->frames >= 3 && g->explained > ENOUGH) {
		printf("%s '%s' sends: %s (%llu frames, %.1f %% of the bytes)\n",
		       k->found++ ? "or" : "this is what", name, mat.title,
		       (unsigned long long)g->frames, 100 * g->explained);
	}
	pl_mat_free(&mat);
	free(g);
}

static void print_guess(const struct probe *p)
{
	const struct pl_guess *g = &p->best;
	struct known k = {.p = (struct probe *)p};
	char count[32];

	printf("%s bytes from %s", pl_count_text(p->best_n, count), p->source);
	if (p->best_baud)
		printf(" at %u baud", p->best_baud);
	printf("\n");
	pl_mat_list(try_known, &k);
	printf("guess: %u rows of %u cells\n", g->config.rows, g->config.cols);
	for (const char *at = g->why; *at;) {
		size_t n = strcspn(at, "\n");

		printf("  - %.*s\n", (int)n, at);
		at += n + (at[n] == '\n');
	}
	if (g->frames)
		printf("  - so read, %s frames hold %.1f %% of the bytes\n",
		       pl_count_text(g->frames, count), 100 * g->explained);
}

/* The guess as a file; it has to load, or it is no proposal. */
static int write_conf(const struct probe *p, struct pl_error *err)
{
	char *text = pl_probe_conf(&p->best, p->best_baud, p->source);
	struct pl_output out;
	struct pl_mat mat;
	int r = -1;

	if (!text)
		return pl_error_set(err, PL_ENOMEM, 0, "out of memory");
	if (!pl_mat_parse(&mat, "probe", text, err)) {
		pl_mat_free(&mat);
		r = p->path ? pl_output_open(&out, p->path, err) : 0;
		if (r == 0 && p->path)
			r = pl_output_close(&out, fputs(text, out.file) < 0 ? -1 : 0, err);
		else if (r == 0)
			printf("\n%s", text);
	}
	free(text);
	if (r == 0 && p->path)
		printf("written to %s: look with plantar capture SOURCE --as %s -o FILE.plcap, or "
		       "plantar replay\n",
		       p->path, p->path);
	return r;
}

static int nothing(const struct probe *p, struct pl_error *err)
{
	if (!p->most)
		return pl_error_set(err, PL_ENOENT, 0,
				    "nothing came from %s: it may be off, or one that speaks only "
				    "when it is asked; then try the mats of plantar list with "
				    "plantar capture %s --as MAT -o FILE.plcap",
				    p->source, p->source);
	return pl_error_set(
		err, PL_ENOENT, 0,
		"%zu bytes came from %s, and nothing in them repeats as frames of a mat "
		"do%s",
		p->most, p->source,
		p->baud ? "; try without --baud"
			: "; stand on the mat, and take longer (--seconds)");
}

static bool is_capture(const char *path)
{
	char start[64] = "";
	FILE *f = strncmp(path, "serial:", 7) ? fopen(path, "rb") : NULL;
	size_t n = f ? fread(start, 1, sizeof(start), f) : 0;

	if (f)
		fclose(f);
	return n && pl_plcap_probe(start, n);
}

static int probe(struct probe *p, struct pl_error *err)
{
	p->bytes = malloc(SAMPLE_BYTES);
	p->best_bytes = malloc(SAMPLE_BYTES);
	if (!p->bytes || !p->best_bytes)
		return pl_error_set(err, PL_ENOMEM, 0, "out of memory");
	if (is_capture(p->source) ? read_capture(p, err) : try_speeds(p, err))
		return -1;
	if (!p->best_n)
		return nothing(p, err);
	print_guess(p);
	return write_conf(p, err);
}

static int run(const struct pl_subcommand *self, int argc, char **argv)
{
	struct probe *p = calloc(1, sizeof(*p));
	struct pl_error err = {.code = PL_OK};
	struct pl_args args;
	int64_t baud = 0;
	int key, code = PL_EXIT_OK;

	if (!p)
		return PL_EXIT_FAILED;
	p->self = self;
	p->seconds = 2;
	pl_args_begin(&args, self, argc, argv);
	while ((key = pl_args_next(&args)) > 0) {
		if (key == 'o')
			p->path = args.value;
		else if (key == OPT_SECONDS)
			pl_args_number(&args, 0.1, 600, &p->seconds);
		else if (key == OPT_BAUD)
			pl_args_integer(&args, 50, 20000000, &baud);
	}
	pl_args_operands(&args, 1, 1, "SOURCE or CAPTURE");
	p->baud = (unsigned)baud;
	if (args.done)
		code = args.exit_code;
	else if (!(p->source = argv[args.first]) || probe(p, &err) < 0)
		code = pl_report(self, &err);
	free(p->bytes);
	free(p->best_bytes);
	free(p);
	return code;
}

static const struct pl_option options[] = {
	{'o', "output", "FILE", "write the proposed mat file there; default: print it"},
	{OPT_SECONDS, "seconds", "S", "listen so long at each speed; default 2"},
	{OPT_BAUD, "baud", "N", "listen at this speed only"},
	{0},
};

const struct pl_subcommand pl_cmd_probe = {
	.name = "probe",
	.summary = "find out what an unknown mat sends, and propose its configuration",
	.synopsis = "SOURCE|CAPTURE [-o FILE.conf] [--seconds S] [--baud N]",
	.about = "Listens at one speed after the other, says which described mats would send what\n"
		 "came, and proposes a mat file with the reasons for it. Stand on the mat "
		 "meanwhile:\n"
		 "cells that change tell more. Sends nothing, so a mat that is polled stays "
		 "silent.\n"
		 "CAPTURE is a .plcap of plantar capture.",
	.options = options,
	.run = run,
};
