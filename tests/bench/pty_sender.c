/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The far end of the bench: a pty that speaks PMP like a mat of u16 cells (64 x 64 unless said), at
 * a steady rate or as fast as it is read, and that writes down when each frame left.
 *
 * usage: pty_sender LINK FRAMES HZ STAMPS [ROWS COLS]
 *
 * LINK becomes a link to the pty. Prints "ready" and waits for a line on stdin before the first
 * frame. HZ 0: unpaced. STAMPS: a file of one int64 a frame, CLOCK_MONOTONIC ns right before the
 * frame's bytes were written. Ends when all was read by the other side.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "drivers/encode/encode.h"
#include "drivers/sim/person.h"

#define CYCLE 250 /* different frames, sent again and again */

static unsigned rows = 64, cols = 64;

static int64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * INT64_C(1000000000) + ts.tv_nsec;
}

static void wait_until(int64_t t_ns)
{
	struct timespec ts = {.tv_sec = t_ns / 1000000000, .tv_nsec = t_ns % 1000000000};

	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &ts, NULL) == EINTR)
		;
}

static int open_pty(const char *link_path)
{
	int master = posix_openpt(O_RDWR | O_NOCTTY);
	int slave = -1;
	struct termios t;

	if (master < 0 || grantpt(master) || unlockpt(master))
		return -1;
	/* Kept open here too, so that the bytes stay when the reader is not there yet. */
	slave = open(ptsname(master), O_RDWR | O_NOCTTY);
	if (slave < 0 || tcgetattr(slave, &t))
		return -1;
	cfmakeraw(&t);
	tcsetattr(slave, TCSANOW, &t);
	unlink(link_path);
	return symlink(ptsname(master), link_path) ? -1 : master;
}

/* A person who sways, with the noise of real cells: what compression has to cope with. */
static uint16_t *make_frames(void)
{
	struct pl_geometry geometry = {
		.rows = rows, .cols = cols, .pitch_row_m = 0.01, .pitch_col_m = 0.01};
	struct pl_sim_options o;
	const size_t cells = (size_t)rows * cols;
	uint16_t *frames = malloc(sizeof(*frames) * CYCLE * cells);
	double *kpa = malloc(sizeof(*kpa) * cells);
	struct pl_sim *sim;

	pl_sim_options_init(&o);
	o.kind = PL_SIM_STANDING;
	o.geometry = geometry;
	o.rate_hz = 500;
	o.noise_kpa = 1;
	o.seed = 1;
	sim = pl_sim_new(&o, NULL);
	if (!sim || !frames || !kpa)
		exit(1);
	for (int i = 0; i < CYCLE; i++) {
		pl_sim_frame(sim, kpa, NULL);
		for (size_t k = 0; k < cells; k++)
			frames[(size_t)i * cells + k] = (uint16_t)(kpa[k] / 0.05 + 0.5);
	}
	pl_sim_free(sim);
	free(kpa);
	return frames;
}

static int write_all(int fd, const uint8_t *bytes, size_t n)
{
	while (n > 0) {
		ssize_t done = write(fd, bytes, n);

		if (done < 0 && errno != EINTR)
			return -1;
		if (done > 0) {
			bytes += done;
			n -= (size_t)done;
		}
	}
	return 0;
}

static int send_frames(int fd, long frames, double hz, int64_t *stamps)
{
	struct pl_decoder_config config = {
		.protocol = "pmp", .rows = rows, .cols = cols, .dtype = PL_U16, .rate_hz = hz};
	struct pl_encoder *encoder = pl_encoder_new(&config, NULL);
	uint16_t *cells = make_frames();
	uint8_t *out = malloc(pl_encoder_max(encoder));
	int64_t start;
	char line[16];
	int r = 0;

	puts("ready");
	fflush(stdout);
	if (!fgets(line, sizeof(line), stdin))
		return -1;
	start = now_ns() + 10000000;
	for (long i = 0; i < frames && r == 0; i++) {
		int64_t due = hz > 0 ? start + (int64_t)((double)i * 1e9 / hz) : now_ns();
		size_t n = pl_encoder_frame(encoder, cells + i % CYCLE * rows * cols, (uint64_t)i,
					    due, out);

		if (hz > 0)
			wait_until(due);
		stamps[i] = now_ns();
		r = write_all(fd, out, n);
	}
	printf("%lld\n", (long long)(now_ns() - start));
	fflush(stdout);
	free(out);
	free(cells);
	pl_encoder_free(encoder);
	return r;
}

int main(int argc, char **argv)
{
	int64_t *stamps;
	long frames;
	FILE *f;
	char line[16];
	int fd;

	if (argc != 5 && argc != 7) {
		fputs("usage: pty_sender LINK FRAMES HZ STAMPS [ROWS COLS]\n", stderr);
		return 2;
	}
	if (argc == 7) {
		rows = (unsigned)atoi(argv[5]);
		cols = (unsigned)atoi(argv[6]);
	}
	frames = atol(argv[2]);
	stamps = calloc((size_t)frames, sizeof(*stamps));
	fd = open_pty(argv[1]);
	if (fd < 0 || !stamps) {
		perror("pty_sender");
		return 1;
	}
	if (send_frames(fd, frames, atof(argv[3]), stamps))
		return 1;
	f = fopen(argv[4], "wb");
	if (!f || fwrite(stamps, sizeof(*stamps), (size_t)frames, f) != (size_t)frames || fclose(f))
		return 1;
	puts("done");
	fflush(stdout);
	if (!fgets(line, sizeof(line), stdin)) /* the pty lives until the bench is through */
		return 0;
	return 0;
}
