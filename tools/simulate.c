/* SPDX-License-Identifier: Apache-2.0 */
/*
 * plantar simulate: a recording or a simulated person as the byte stream of a configured mat, on a
 * pseudo-terminal or into a byte capture. Everything behind the serial line then runs as with
 * hardware. Frames are due at start + time / rate, so nothing drifts; a reader that is slow makes
 * the mat wait, a reader that goes away makes it pause, and in both cases no frame is skipped.
 */
#include <errno.h>
#include <math.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "drivers/encode/encode.h"
#include "drivers/sim/truth.h"
#include "drivers/transport/plcap.h"
#include "tools/command.h"
#include "tools/feed.h"
#include "tools/folder.h"
#include "tools/hints.h"
#include "tools/interrupt.h"
#include "tools/open.h"
#include "tools/person_options.h"
#include "tools/progress.h"
#include "tools/pty.h"
#include "tools/stamps.h"

/* Readers open, set the line up and throw away what came before: give them that long. */
#define SETTLE_S 0.2

enum {
	OPT_FROM = PL_OPT_LONG,
	OPT_PERSON,
	OPT_LINK,
	OPT_CAPTURE,
	OPT_RATE,
	OPT_LOOP,
	OPT_SECONDS,
	OPT_NO_WAIT,
	OPT_HOLD,
	OPT_SETTLE,
	OPT_STAMPS,
	OPT_PAD,
	OPT_RAW,
	OPT_FULL_SCALE,
	OPT_TRUTH,
};

struct simulate {
	const struct pl_subcommand *self;
	/* asked for */
	struct pl_feed_options feed_options;
	bool person, loop_given, json, no_wait, hold;
	const char *as, *link, *capture, *truth;
	double rate, settle_s; /* rate 0: as fast as it is read */
	/* at work */
	struct pl_mat mat;
	struct pl_feed *feed;
	struct pl_encoder *encoder;
	uint8_t *out;
	struct pl_pty pty;
	struct pl_plcap_writer *writer;
	struct pl_stamps stamps;
	struct pl_progress progress;
	int64_t begin_ns, end_ns;	/* of the first and the last frame */
	int64_t zero_ns;		/* when the mat's clock was 0, while the reader is there */
	uint64_t frames, bytes, unread; /* unread: sent while nobody was there */
	double late_max_s;
};

static void heard(void *user, const uint8_t *bytes, size_t n)
{
	struct simulate *s = user;

	pl_encoder_receive(s->encoder, bytes, n);
}

static size_t hello(struct simulate *s)
{
	const struct pl_geometry *g = &s->mat.geometry;
	char text[256];

	snprintf(text, sizeof(text),
		 "id=simulated\nrows=%u\ncols=%u\npitch_row_mm=%g\npitch_col_mm=%g\nrate=%g\n",
		 g->rows, g->cols, g->pitch_row_m * 1e3, g->pitch_col_m * 1e3,
		 pl_feed_rate_hz(s->feed));
	return pl_encoder_hello(s->encoder, text, s->out);
}

/* into a byte capture: times are the mat's own */

static int into_capture(struct simulate *s, struct pl_error *err)
{
	struct pl_feed_frame frame;
	size_t n;
	int r;

	if (pl_check_output(s->capture, err) < 0)
		return -1;
	s->writer = pl_plcap_create(s->capture, &s->mat, err);
	if (!s->writer)
		return -1;
	n = hello(s);
	s->bytes = n;
	r = pl_plcap_write(s->writer, 0, s->out, n, err);
	while (r >= 0 && !pl_interrupted() && (r = pl_feed_next(s->feed, &frame, err)) > 0) {
		n = pl_encoder_frame(s->encoder, frame.cells, frame.seq, frame.t_ns, s->out);
		r = pl_plcap_write(s->writer, pl_mat_boot_ns(&s->mat) + frame.t_ns, s->out, n, err);
		s->frames++;
		s->bytes += n;
		s->end_ns = frame.t_ns;
		pl_progress_step(&s->progress, s->frames, pl_feed_frames(s->feed));
	}
	if (pl_plcap_finish(s->writer, r < 0 ? NULL : err) < 0)
		r = -1;
	if (r < 0)
		pl_remove_output(s->capture);
	return r < 0 ? -1 : 0;
}

/* onto a pseudo-terminal */

/* A line on stdin; its end counts, too. */
static enum pl_pty_result wait_for_line(struct simulate *s)
{
	struct pollfd fd = {.fd = STDIN_FILENO, .events = POLLIN};
	char c = 0;

	while (!pl_interrupted()) {
		if (!pl_pty_has_reader(&s->pty))
			return PL_PTY_GONE;
		if (poll(&fd, 1, 50) <= 0)
			continue;
		if (read(STDIN_FILENO, &c, 1) <= 0 || c == '\n') {
			s->hold = false;
			return PL_PTY_OK;
		}
	}
	return PL_PTY_STOPPED;
}

/* Until the time, handing on what the reader sends: OK, GONE, STOPPED. */
static enum pl_pty_result rest_until(struct simulate *s, int64_t until_ns)
{
	enum pl_pty_result r;

	do
		r = pl_pty_wait_until(&s->pty, until_ns);
	while (r == PL_PTY_RECEIVED);
	return r;
}

/* A reader that stays for the settling time, and what the mat says of itself first. */
static enum pl_pty_result meet_reader(struct simulate *s, int64_t t_ns)
{
	enum pl_pty_result r;

	do {
		r = pl_pty_wait_reader(&s->pty);
		if (r == PL_PTY_OK)
			r = rest_until(s, pl_mono_now() + (int64_t)(s->settle_s * 1e9) +
						  pl_mat_boot_ns(&s->mat));
		if (r == PL_PTY_OK && s->hold)
			r = wait_for_line(s);
		if (r == PL_PTY_OK) {
			size_t n = hello(s);

			r = pl_pty_write(&s->pty, s->out, n);
			s->bytes += r == PL_PTY_OK ? n : 0;
		}
	} while (r == PL_PTY_GONE);
	s->zero_ns = pl_mono_now() - (s->rate > 0 ? (int64_t)((double)t_ns / s->rate) : 0);
	return r;
}

/* Until the frame is due and the mat is asked for it. */
static enum pl_pty_result until_due(struct simulate *s, int64_t t_ns)
{
	enum pl_pty_result r = PL_PTY_OK;
	int64_t due_ns;

	if (s->rate > 0) {
		due_ns = s->zero_ns + (int64_t)((double)t_ns / s->rate);
		if (due_ns > pl_mono_now())
			r = rest_until(s, due_ns);
		else
			s->late_max_s =
				fmax(s->late_max_s, (double)(pl_mono_now() - due_ns) * 1e-9);
	}
	while (r == PL_PTY_OK && !pl_encoder_ready(s->encoder)) {
		r = pl_pty_wait_until(&s->pty, INT64_MAX);
		if (r == PL_PTY_RECEIVED)
			r = PL_PTY_OK;
	}
	return r;
}

static enum pl_pty_result send_frame(struct simulate *s, const struct pl_feed_frame *frame)
{
	size_t n = pl_encoder_frame(s->encoder, frame->cells, frame->seq, frame->t_ns, s->out);
	enum pl_pty_result r = pl_pty_write(&s->pty, s->out, n);

	if (r != PL_PTY_OK)
		return r;
	pl_stamps_add(&s->stamps, frame->seq, s->pty.written_ns);
	if (!s->frames++)
		s->begin_ns = s->pty.written_ns;
	s->end_ns = s->pty.written_ns;
	s->bytes += n;
	return r;
}

/* One frame, as often as readers come and go until one has it whole. */
static enum pl_pty_result play_frame(struct simulate *s, const struct pl_feed_frame *frame)
{
	enum pl_pty_result r;

	for (;;) {
		r = until_due(s, frame->t_ns);
		if (r == PL_PTY_OK)
			r = send_frame(s, frame);
		if (r != PL_PTY_GONE)
			return r;
		if (s->no_wait) {
			s->unread++;
			if (s->rate > 0)
				while (pl_mono_now() < s->zero_ns + (int64_t)((double)frame->t_ns /
									      s->rate) &&
				       !pl_interrupted())
					usleep(500);
			return PL_PTY_OK;
		}
		pl_progress_end(&s->progress);
		pl_say(s->self, "the reader is gone; going on when there is one");
		r = meet_reader(s, frame->t_ns);
		if (r != PL_PTY_OK)
			return r;
		pl_progress_begin(&s->progress, "playing", "frames");
	}
}

static int onto_pty(struct simulate *s, struct pl_error *err)
{
	struct pl_feed_frame frame;
	enum pl_pty_result state = PL_PTY_OK;
	int r = 0;

	s->pty = (struct pl_pty){.fd = -1, .received = heard, .user = s};
	if (pl_pty_open(&s->pty, s->link, err) < 0)
		return -1;
	prctl(PR_SET_TIMERSLACK, 1UL);
	pl_say(s->self, "%s as mat %s on %s (%s)%s", pl_feed_title(s->feed), s->mat.name, s->link,
	       s->pty.device, s->no_wait ? "" : "; waiting for a reader");
	if (s->no_wait)
		s->zero_ns = pl_mono_now();
	else
		state = meet_reader(s, 0);
	pl_progress_begin(&s->progress, "playing", "frames");
	while (state == PL_PTY_OK && (r = pl_feed_next(s->feed, &frame, err)) > 0) {
		state = play_frame(s, &frame);
		pl_progress_step(&s->progress, s->frames, pl_feed_frames(s->feed));
	}
	pl_progress_end(&s->progress);
	if (state == PL_PTY_OK)
		pl_pty_drain(&s->pty);
	pl_pty_close(&s->pty);
	return r < 0 ? -1 : 0;
}

static void report(const struct simulate *s)
{
	const struct pl_feed_quality *q = pl_feed_quality(s->feed);
	double seconds = (double)(s->end_ns - s->begin_ns) * 1e-9;
	char frames[32], bytes[32];

	if (!s->feed_options.raw)
		pl_say(s->self,
		       "rounding to the codes of mat %s moved no cell by more than %.4g kPa",
		       s->mat.name, q->rounding_max_kpa);
	if (q->clipped)
		pl_say(s->self,
		       "%llu cells were above what a code can say and were clipped (up to %.4g "
		       "kPa): %s",
		       (unsigned long long)q->clipped, q->clipped_max_kpa,
		       pl_calibrated(&s->mat.calibration) ? "give the mat a larger scale"
							  : "raise --full-scale");
	if (s->json) {
		printf("{\"frames\":%llu,\"bytes\":%llu,\"unread\":%llu,\"seconds\":%.9g,"
		       "\"late_max_ms\":%.6g,\"rounding_max_kpa\":%.9g,\"clipped_cells\":%llu}\n",
		       (unsigned long long)s->frames, (unsigned long long)s->bytes,
		       (unsigned long long)s->unread, seconds, s->late_max_s * 1e3,
		       q->rounding_max_kpa, (unsigned long long)q->clipped);
		return;
	}
	printf("%s frames, %s bytes in %.3f s", pl_count_text(s->frames, frames),
	       pl_count_text(s->bytes, bytes), seconds);
	if (s->rate > 0 && !s->capture)
		printf(", at most %.3f ms late", s->late_max_s * 1e3);
	if (s->unread)
		printf("; %llu more while nobody read", (unsigned long long)s->unread);
	putchar('\n');
}

static void warn_of_rate(const struct simulate *s)
{
	double hz = pl_feed_rate_hz(s->feed);

	if (s->mat.rate_hz > 0 && fabs(hz - s->mat.rate_hz) > 0.01 * s->mat.rate_hz)
		pl_say(s->self,
		       "%s has %.4g frames a second, mat %s says %.4g: live filters go by the mat",
		       pl_feed_title(s->feed), hz, s->mat.name, s->mat.rate_hz);
}

/* The same person once more, watched from inside for as long as frames were sent. */
static int tell_truth(const struct simulate *s, struct pl_error *err)
{
	struct pl_truth truth;
	FILE *file = NULL;
	char *text;
	int r;

	if (pl_truth_tell(&truth, pl_feed_person(s->feed), s->frames, err) < 0)
		return -1;
	text = pl_truth_json(&truth, err);
	pl_truth_free(&truth);
	if (!text)
		return -1;
	r = pl_check_output(s->truth, err);
	if (r == 0 && (!(file = fopen(s->truth, "we")) || fprintf(file, "%s\n", text) < 0))
		r = pl_error_set(err, PL_EIO, errno, "cannot write %s: %s", s->truth,
				 strerror(errno));
	if (file && fclose(file) != 0 && r == 0)
		r = pl_error_set(err, PL_EIO, errno, "cannot write %s: %s", s->truth,
				 strerror(errno));
	free(text);
	return r;
}

static int simulate(struct simulate *s)
{
	struct pl_error err = {.code = PL_OK};
	int r = -1, code;

	if (pl_mat_load(&s->mat, s->as, NULL, &err) < 0)
		return pl_report(s->self, &err);
	s->settle_s += s->mat.serial.settle_ms * 1e-3;
	s->feed = pl_feed_open(&s->mat, &s->feed_options, &err);
	if (s->feed)
		s->encoder = pl_encoder_new(&s->mat.decoder, &err);
	if (s->encoder) {
		s->out = malloc(pl_encoder_max(s->encoder));
		if (!s->out)
			pl_error_set(&err, PL_ENOMEM, 0, "out of memory");
	}
	if (s->out) {
		pl_interrupt_catch();
		warn_of_rate(s);
		pl_progress_begin(&s->progress, "encoding", "frames");
		r = s->capture ? into_capture(s, &err) : onto_pty(s, &err);
		pl_progress_end(&s->progress);
	}
	if (r == 0)
		r = pl_stamps_finish(&s->stamps, &err);
	if (r == 0 && s->truth)
		r = tell_truth(s, &err);
	if (r == 0)
		report(s);
	code = r == 0 ? PL_EXIT_OK : pl_report(s->self, &err);
	free(s->out);
	pl_encoder_free(s->encoder);
	pl_feed_close(s->feed);
	pl_mat_free(&s->mat);
	return code;
}

static void take_loop(struct pl_args *args, struct simulate *s)
{
	int64_t loops = 0;

	s->loop_given = true;
	if (strcmp(args->value, "forever") != 0)
		pl_args_integer(args, 1, 1000000000, &loops);
	s->feed_options.loops = (uint64_t)loops;
}

static void take_option(struct pl_args *args, struct simulate *s, int key)
{
	int kind = PL_SIM_STANDING;

	switch (key) {
	case 'j':
		s->json = true;
		break;
	case OPT_FROM:
		s->feed_options.from = args->value;
		break;
	case OPT_PERSON:
		s->person = true;
		pl_args_parse(args, pl_sim_kind_parse, PL_SIM_KINDS, &kind);
		s->feed_options.person.kind = (enum pl_sim_kind)kind;
		break;
	case PL_OPT_AS:
		s->as = args->value;
		break;
	case OPT_LINK:
		s->link = args->value;
		break;
	case OPT_CAPTURE:
		s->capture = args->value;
		break;
	case OPT_RATE:
		s->rate = 0;
		if (strcmp(args->value, "max") != 0)
			pl_args_number(args, 0.001, 10000, &s->rate);
		break;
	case OPT_LOOP:
		take_loop(args, s);
		break;
	case OPT_SECONDS:
		pl_args_number(args, 0.001, 1e9, &s->feed_options.seconds);
		break;
	case OPT_NO_WAIT:
		s->no_wait = true;
		break;
	case OPT_HOLD:
		s->hold = true;
		break;
	case OPT_SETTLE:
		pl_args_number(args, 0, 3600, &s->settle_s);
		break;
	case OPT_STAMPS:
		s->stamps.path = args->value;
		break;
	case OPT_TRUTH:
		s->truth = args->value;
		break;
	case OPT_PAD:
		s->feed_options.pad = true;
		break;
	case OPT_RAW:
		s->feed_options.raw = true;
		break;
	case OPT_FULL_SCALE:
		pl_args_number(args, 1, 1e6, &s->feed_options.full_scale_kpa);
		break;
	case PL_OPT_DATASET:
	case PL_OPT_AXES:
	case PL_OPT_PITCH:
	case PL_OPT_UNIT:
		pl_hints_option(args, key, &s->feed_options.hints);
		break;
	default:
		pl_person_option(args, key, &s->feed_options);
	}
}

/* Options that only make sense together, said before anything is opened. */
static void check_options(struct pl_args *args, const struct simulate *s)
{
	if (args->done)
		return;
	if (!s->feed_options.from == !s->person)
		pl_args_fail(args, "say who: --from RECORDING or --person KIND");
	else if (!s->as)
		pl_args_fail(args, "say which mat to be: --as MAT (plantar list shows them)");
	else if (!s->link == !s->capture)
		pl_args_fail(args, "say where to: --link PATH or --capture FILE");
	else if (s->person && s->loop_given)
		pl_args_fail(args, "--loop goes with --from; a person goes on for --seconds S");
	else if (!s->person && s->truth)
		pl_args_fail(args, "--truth goes with --person: of a recording it is not known");
	else if (s->person && (s->feed_options.pad || s->feed_options.raw))
		pl_args_fail(args, "--pad and --raw go with --from");
	else if (s->capture && s->feed_options.seconds <= 0 &&
		 (s->person || !s->feed_options.loops))
		pl_args_fail(args, "--capture without an end: add --seconds S");
	else if (s->capture && (s->hold || s->no_wait || s->stamps.path))
		pl_args_fail(args, "--hold, --no-wait and --stamps go with --link");
	else if (s->hold && s->no_wait)
		pl_args_fail(args, "--hold and --no-wait contradict each other");
}

static int run(const struct pl_subcommand *self, int argc, char **argv)
{
	struct simulate s = {.self = self, .rate = 1, .settle_s = SETTLE_S};
	struct pl_args args;
	int key;

	s.feed_options.loops = 1;
	s.feed_options.full_scale_kpa = 400;
	pl_sim_options_init(&s.feed_options.person);
	pl_args_begin(&args, self, argc, argv);
	while ((key = pl_args_next(&args)) > 0)
		take_option(&args, &s, key);
	if (s.feed_options.hints.dataset)
		s.feed_options.hints.rate_hz = s.feed_options.person.rate_hz;
	pl_args_operands(&args, 0, 0, "");
	check_options(&args, &s);
	if (args.done)
		return args.exit_code;
	return simulate(&s);
}

static const struct pl_option options[] = {
	{OPT_FROM, "from", "RECORDING", "play this; any file that plantar analyze reads"},
	{OPT_PERSON, "person", "KIND",
	 "simulate somebody: standing, shift, one-leg,\n"
	 "heel-raise, walking, running (in place), run-over\n"
	 "or empty; or a weight that lies still"},
	{PL_OPT_AS, "as", "MAT",
	 "be this mat: a name of config/mats or a path to a\n"
	 "configuration; its geometry must be the recording's"},
	{OPT_LINK, "link", "PATH",
	 "be there: a link to a pseudo-terminal, for\n"
	 "serial:PATH in plantard.conf; removed at the end"},
	{OPT_CAPTURE, "capture", "FILE", "write the bytes to a byte capture (.plcap) instead"},
	{OPT_RATE, "rate", "X",
	 "play X times as fast (default 1); max: as fast as it\n"
	 "is read, nothing dropped"},
	{OPT_LOOP, "loop", "N", "play the recording N times; forever"},
	{OPT_SECONDS, "seconds", "S", "end after S seconds by the mat's clock"},
	{OPT_NO_WAIT, "no-wait", NULL,
	 "send on while nobody reads, as hardware does\n"
	 "(default: begin, and go on, when there is a reader)"},
	{OPT_HOLD, "hold", NULL, "begin at a line on standard input"},
	{OPT_SETTLE, "settle", "S",
	 "wait this long after a reader opened (default 0.2,\n"
	 "and the mat's settle_ms)"},
	{OPT_STAMPS, "stamps", "FILE",
	 "write when each frame's last byte left: frame number\n"
	 "and CLOCK_MONOTONIC in ns, a line each"},
	{OPT_PAD, "pad", NULL, "a smaller recording goes to the middle of the mat"},
	{OPT_RAW, "raw", NULL, "the recording's raw codes as they are"},
	{OPT_FULL_SCALE, "full-scale", "KPA",
	 "mats in counts: pressure of the highest code\n"
	 "(default 400)"},
	PL_OPTIONS_ARRAY,
	{PL_OPT_UNIT, "unit", "UNIT", "array: kPa, N/cm2, mmHg, psi (default: counts)"},
	{OPT_TRUTH, "truth", "FILE", "person: write what was simulated as JSON"},
	PL_PERSON_OPTIONS,
	{'j', "json", NULL, "print the closing figures as one JSON document"},
	{0},
};

const struct pl_subcommand pl_cmd_simulate = {
	.name = "simulate",
	.summary = "play a recording or a simulated person as a mat",
	.synopsis = "--from RECORDING --as MAT --link PATH [--rate X] [--loop N] ...\n"
		    "--person KIND --as MAT --link PATH [--seconds S] [--seed N] ...\n"
		    "... --capture FILE",
	.about = "Sends the byte stream of a configured mat over a pseudo-terminal, in real time "
		 "or\n"
		 "as fast as it is read, with the mat's own device time and counters. Answers "
		 "polls\n"
		 "and start commands. Says how far rounding to the mat's codes moved a pressure.",
	.options = options,
	.run = run,
};
