/* SPDX-License-Identifier: Apache-2.0 */
/*
 * plantar replay: the bytes of a capture on a pseudo-terminal, chunk for chunk, as they once came.
 * Nothing is decoded: what a strange device sent, and how it was cut up, is what the reader gets.
 */
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>

#include "drivers/transport/plcap.h"
#include "tools/command.h"
#include "tools/interrupt.h"
#include "tools/progress.h"
#include "tools/pty.h"
#include "tools/stamps.h"

#define SETTLE_S 0.2

enum { OPT_LINK = PL_OPT_LONG, OPT_RATE, OPT_LOOP, OPT_SETTLE, OPT_STAMPS };

struct replay {
	const struct pl_subcommand *self;
	const char *path, *link;
	double rate, settle_s;
	int64_t loops; /* 0: for ever */
	struct pl_plcap *capture;
	struct pl_pty pty;
	struct pl_stamps stamps;
	struct pl_progress progress;
	int64_t zero_ns, round_ns, last_ns; /* round: capture time of this round's beginning */
	uint64_t records, in_round, bytes;
};

static enum pl_pty_result meet_reader(struct replay *r, int64_t t_ns)
{
	enum pl_pty_result state;

	do {
		state = pl_pty_wait_reader(&r->pty);
		if (state == PL_PTY_OK) {
			int64_t until_ns = pl_mono_now() + (int64_t)(r->settle_s * 1e9);

			do
				state = pl_pty_wait_until(&r->pty, until_ns);
			while (state == PL_PTY_RECEIVED);
		}
	} while (state == PL_PTY_GONE);
	r->zero_ns = pl_mono_now() - (r->rate > 0 ? (int64_t)((double)t_ns / r->rate) : 0);
	return state;
}

static enum pl_pty_result send(struct replay *r, int64_t t_ns, const uint8_t *bytes, size_t n)
{
	enum pl_pty_result state = PL_PTY_OK;

	if (r->rate > 0)
		do
			state = pl_pty_wait_until(&r->pty,
						  r->zero_ns + (int64_t)((double)t_ns / r->rate));
		while (state == PL_PTY_RECEIVED);
	if (state == PL_PTY_OK)
		state = pl_pty_write(&r->pty, bytes, n);
	if (state == PL_PTY_OK) {
		pl_stamps_add(&r->stamps, r->records, r->pty.written_ns);
		r->records++;
		r->bytes += n;
	}
	return state;
}

/* The next record; at the end of a round the first one again. 1, 0: that was all, -1. */
static int next(struct replay *r, int64_t *t_ns, const uint8_t **bytes, size_t *n,
		struct pl_error *err)
{
	bool truncated = false;
	int got = pl_plcap_next(r->capture, t_ns, bytes, n, &truncated, err);

	if (got == 0 && truncated)
		pl_say(r->self, "%s: the last record is cut off; played up to it", r->path);
	if (got == 0 && r->in_round && (r->loops == 0 || --r->loops > 0)) {
		if (pl_plcap_rewind(r->capture, err) < 0)
			return -1;
		r->round_ns = r->last_ns;
		r->in_round = 0;
		got = pl_plcap_next(r->capture, t_ns, bytes, n, NULL, err);
	}
	if (got > 0) {
		*t_ns += r->round_ns;
		r->last_ns = *t_ns;
		r->in_round++;
	}
	return got;
}

static int play(struct replay *r, struct pl_error *err)
{
	enum pl_pty_result state;
	const uint8_t *bytes;
	int64_t t_ns;
	size_t n;
	int got = 0;

	if (pl_pty_open(&r->pty, r->link, err) < 0)
		return -1;
	prctl(PR_SET_TIMERSLACK, 1UL);
	pl_say(r->self, "%s on %s (%s); waiting for a reader", r->path, r->link, r->pty.device);
	state = meet_reader(r, 0);
	pl_progress_begin(&r->progress, "playing", "records");
	while (state == PL_PTY_OK && (got = next(r, &t_ns, &bytes, &n, err)) > 0) {
		while ((state = send(r, t_ns, bytes, n)) == PL_PTY_GONE) {
			pl_progress_end(&r->progress);
			pl_say(r->self, "the reader is gone; going on when there is one");
			state = meet_reader(r, t_ns);
			if (state != PL_PTY_OK)
				break;
		}
		pl_progress_step(&r->progress, r->records, 0);
	}
	pl_progress_end(&r->progress);
	if (state == PL_PTY_OK)
		pl_pty_drain(&r->pty);
	pl_pty_close(&r->pty);
	return got < 0 ? -1 : 0;
}

static int replay(struct replay *r)
{
	struct pl_error err = {.code = PL_OK};
	char records[32], bytes[32];
	int result;

	r->capture = pl_plcap_open(r->path, &err);
	if (!r->capture)
		return pl_report(r->self, &err);
	pl_interrupt_catch();
	result = play(r, &err);
	pl_plcap_close(r->capture);
	if (result == 0)
		result = pl_stamps_finish(&r->stamps, &err);
	if (result < 0)
		return pl_report(r->self, &err);
	printf("%s records, %s bytes\n", pl_count_text(r->records, records),
	       pl_count_text(r->bytes, bytes));
	return PL_EXIT_OK;
}

static void take_option(struct pl_args *args, struct replay *r, int key)
{
	switch (key) {
	case OPT_LINK:
		r->link = args->value;
		break;
	case OPT_RATE:
		r->rate = 0;
		if (strcmp(args->value, "max") != 0)
			pl_args_number(args, 0.001, 10000, &r->rate);
		break;
	case OPT_LOOP:
		r->loops = 0;
		if (strcmp(args->value, "forever") != 0)
			pl_args_integer(args, 1, 1000000000, &r->loops);
		break;
	case OPT_SETTLE:
		pl_args_number(args, 0, 3600, &r->settle_s);
		break;
	case OPT_STAMPS:
		r->stamps.path = args->value;
		break;
	}
}

static int run(const struct pl_subcommand *self, int argc, char **argv)
{
	struct replay r = {
		.self = self, .rate = 1, .settle_s = SETTLE_S, .loops = 1, .pty = {.fd = -1}};
	struct pl_args args;
	int key;

	pl_args_begin(&args, self, argc, argv);
	while ((key = pl_args_next(&args)) > 0)
		take_option(&args, &r, key);
	pl_args_operands(&args, 1, 1, "FILE.plcap");
	if (!args.done && !r.link)
		pl_args_fail(&args, "say where to: --link PATH");
	if (args.done)
		return args.exit_code;
	r.path = argv[args.first];
	return replay(&r);
}

static const struct pl_option options[] = {
	{OPT_LINK, "link", "PATH",
	 "be there: a link to a pseudo-terminal, for\n"
	 "serial:PATH in plantard.conf; removed at the end"},
	{OPT_RATE, "rate", "X",
	 "play X times as fast (default 1); max: as fast as it\n"
	 "is read, nothing dropped"},
	{OPT_LOOP, "loop", "N", "play it N times; forever"},
	{OPT_SETTLE, "settle", "S", "wait this long after a reader opened (default 0.2)"},
	{OPT_STAMPS, "stamps", "FILE",
	 "write when each record's last byte left: its number\n"
	 "and CLOCK_MONOTONIC in ns, a line each"},
	{0},
};

const struct pl_subcommand pl_cmd_replay = {
	.name = "replay",
	.summary = "play a byte capture as a serial port",
	.synopsis = "FILE.plcap --link PATH [--rate X] [--loop N] [--settle S]\n"
		    "FILE.plcap --link PATH [--stamps FILE] ...",
	.about =
		"The captured bytes on a pseudo-terminal, with their timing, as they came and cut\n"
		"up as they came. Begins when a reader has opened the other end; pauses while "
		"there\n"
		"is none. To play a recording as a mat of your choice, see plantar simulate.",
	.options = options,
	.run = run,
};
