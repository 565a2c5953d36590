/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bench_archive [FRAMES]: what recording costs, in CPU microseconds (user + system) a frame of
 * 64 x 64 u16 with its metrics, and what it leaves on disk. Journal: batches of eight frames,
 * fdatasync every 250. Converter: while it follows (read, check, compress, write); finishing
 * (analyse, read back, compare, hash) is apart. Run it on an idle machine.
 */
#include <libdeflate.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>

#include <plantar/archive.h>

#include "lib/archive/h5_write.h"
#include "lib/archive/journal_file.h"
#include "lib/archive/zpack.h"
#include "tests/unit/archive/fixture.h"

#define DISTINCT 500 /* frames made beforehand */
#define BATCH 8

static double cpu_us(void)
{
	struct rusage u;

	getrusage(RUSAGE_SELF, &u);
	return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) * 1e6 +
	       (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec);
}

static double wall_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec * 1e-3;
}

static void die(const char *what, const struct pl_error *err)
{
	fprintf(stderr, "%s: %s\n", what, err->message);
	exit(1);
}

static struct pl_frame *make_frames(struct fixture *f)
{
	struct pl_frame *frames = calloc(DISTINCT, sizeof(*frames));

	for (int i = 0; i < DISTINCT; i++) {
		frames[i] = *fixture_next(f);
		frames[i].cells = malloc(frames[i].cells_bytes);
		memcpy(frames[i].cells, f->frame.cells, frames[i].cells_bytes);
		frames[i].metrics = malloc(pl_metric_count() * sizeof(float));
		memcpy(frames[i].metrics, f->frame.metrics, pl_metric_count() * sizeof(float));
	}
	return frames;
}

static void bench_journal(struct fixture *f, struct pl_frame *frames, const char *path, long n)
{
	struct pl_error err = {0};
	struct pl_journal *j = pl_journal_create(path, &f->meta, &err);
	struct pl_frame *batch[BATCH];
	double cpu = cpu_us(), wall = wall_us(), writing, sync_max = 0;

	if (!j)
		die("journal", &err);
	for (long i = 0; i + BATCH <= n; i += BATCH) {
		for (long k = 0; k < BATCH; k++) {
			batch[k] = &frames[(i + k) % DISTINCT];
			batch[k]->seq = (uint64_t)(i + k);
			batch[k]->t_est_ns = f->meta.started_mono_ns + (i + k) * 2000000;
			batch[k]->t_mono_ns = batch[k]->t_est_ns + 150000;
		}
		if (pl_journal_frames(j, batch, BATCH, &err) != 0)
			die("journal", &err);
		if (i % 250 < BATCH) {
			double before = wall_us();

			if (pl_journal_sync(j, &err) != 0)
				die("journal", &err);
			before = wall_us() - before;
			sync_max = before > sync_max ? before : sync_max;
		}
	}
	writing = cpu_us() - cpu;
	printf("journal             %7.2f us CPU, %.2f us elapsed a frame; slowest fdatasync %.1f "
	       "ms\n",
	       writing / (double)n, (wall_us() - wall) / (double)n, sync_max * 1e-3);
	printf("journal on disk     %7.0f bytes a frame\n",
	       (double)pl_journal_bytes(j) / (double)n);
	if (pl_journal_end(j, "stopped", &err) != 0)
		die("journal", &err);
}

/* Reading alone, then reading, compressing and writing: what a following converter does. */
static void bench_follow(const char *path, const char *part, long n)
{
	struct pl_error err = {0};
	struct pl_journal_reader *r = pl_journal_open(path, &err);
	struct pl_journal_record record;
	struct h5_writer *w;
	struct rows rows = {0};
	double cpu = cpu_us();

	if (!r)
		die("reader", &err);
	while (pl_journal_next(r, &record, &err) > 0)
		;
	printf("reading the journal %7.2f us CPU\n", (cpu_us() - cpu) / (double)n);
	pl_journal_reader_rewind(r, &err);
	w = pl_h5_write_new(part, r, &err);
	cpu = cpu_us();
	while (w && pl_journal_next(r, &record, &err) > 0)
		if (record.type == PL_RECORD_FRAME &&
		    pl_h5_write_frame(w, &record.frame, &err) != 0)
			die("converter", &err);
	if (!w || pl_h5_write_finish(w, &rows, true, "stopped", &err) != 0)
		die("converter", &err);
	printf("converter following %7.2f us CPU (reading included)\n",
	       (cpu_us() - cpu) / (double)n);
	pl_h5_write_free(w);
	pl_journal_reader_close(r);
	remove(part);
}

static void bench_whole(const char *path, long n)
{
	struct pl_convert_options o = {.journal = path};
	struct pl_convert_result result;
	struct pl_error err = {0};
	double cpu = cpu_us(), wall = wall_us();

	if (pl_convert(&o, &result, &err) != 0)
		die("converter", &err);
	printf("converter, whole    %7.2f us CPU, %.2f us elapsed a frame, with analysis, reading "
	       "back and sealing\n",
	       (cpu_us() - cpu) / (double)n, (wall_us() - wall) / (double)n);
	printf("session file        %7.0f bytes a frame\n",
	       (double)result.bytes / (double)result.frames);
}

static void bench_packing(const struct pl_frame *frames)
{
	const size_t n = 64, bytes = n * frames[0].cells_bytes;
	struct libdeflate_compressor *d = libdeflate_alloc_compressor(1);
	struct zpack *z = pl_zpack_new();
	uint8_t *raw = malloc(bytes), *planes = malloc(bytes), *out = malloc(pl_zpack_bound(bytes));
	size_t packed = 0;
	double cpu;

	for (size_t i = 0; i < n; i++)
		memcpy(raw + i * frames[0].cells_bytes, frames[i].cells, frames[0].cells_bytes);
	cpu = cpu_us();
	for (int i = 0; i < 50; i++) {
		pl_zpack_shuffle(raw, bytes / 2, 2, planes);
		packed = pl_zpack(z, planes, bytes, frames[0].cells_bytes / 2, out);
	}
	printf("shuffle and zpack   %7.2f us CPU, %zu bytes a frame\n",
	       (cpu_us() - cpu) / (50.0 * (double)n), packed / n);
	cpu = cpu_us();
	for (int i = 0; i < 20; i++)
		packed = libdeflate_zlib_compress(d, raw, bytes, out, pl_zpack_bound(bytes));
	printf("libdeflate level 1  %7.2f us CPU, %zu bytes a frame, for comparison\n",
	       (cpu_us() - cpu) / (20.0 * (double)n), packed / n);
	libdeflate_free_compressor(d);
	pl_zpack_free(z);
	free(raw);
	free(planes);
	free(out);
}

int main(int argc, char **argv)
{
	long n = argc > 1 ? atol(argv[1]) : 30000;
	char folder[64], stem[400], path[512], part[512];
	struct pl_error err = {0};
	struct pl_frame *frames;
	struct fixture f;

	n = n < 500 ? 500 : n / BATCH * BATCH;
	fixture_init(&f, 64, 64, PL_U16, 500, true);
	frames = make_frames(&f);
	fixture_folder(folder);
	if (pl_session_folder(folder, &f.meta, stem, sizeof(stem), &err) != 0)
		die("folder", &err);
	sprintf(path, "%s.journal", stem);
	sprintf(part, "%s.bench", stem);
	printf("%ld frames of 64 x 64 u16, %zu metrics\n", n, pl_metric_count());
	bench_packing(frames);
	bench_journal(&f, frames, path, n);
	bench_follow(path, part, n);
	bench_whole(path, n);
	for (int i = 0; i < DISTINCT; i++) {
		free(frames[i].cells);
		free(frames[i].metrics);
	}
	free(frames);
	fixture_free(&f);
	fixture_remove(folder);
	return 0;
}
