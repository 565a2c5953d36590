/* SPDX-License-Identifier: Apache-2.0 */
/*
 * usb_probe TEST URI [UDC [NAME LOG]]: the USB transport alone against a device of usb_gadget.
 * Prints what it measured and exits 1 when something is not as it must be. UDC is the file that
 * plugs the device in (NAME written to it) and unplugs it, LOG what the device says was taken.
 *
 *	rate	8 KiB frames for some seconds, none missing
 *	late	the same with a reader that is away for 20 ms again and again
 *	cancel	how long a waiting read needs to return
 *	unplug	how long until a read says GONE after the device was taken away
 *	pulls	20 times: plugged in, unplugged amid the frames; all that was taken has been read
 *	send	a command over the OUT endpoint, amid the frames
 *	packets	boundaries, empty packets, answers to requests, requests of a decoder
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "drivers/transport/internal.h"

#define FRAME_BYTES 8192
#define RATE_S 5
#define PATIENCE_MS 20000 /* an emulated machine on a busy one */
#define MS 1000000.0

static struct pl_mat mat;
static struct pl_transport *transport;
static struct pl_error err;
static uint8_t buf[65536];

static int fail(const char *what)
{
	printf("%s\n", what);
	return 1;
}

static uint32_t little(const uint8_t *p)
{
	return p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

/* ---- rate ---- */

static int rate(bool late)
{
	static uint8_t frame[FRAME_BYTES];
	const struct timespec nap = {.tv_nsec = 20000000};
	int64_t begin_ns = 0, now_ns = 0;
	uint32_t next = 0, frames = 0;
	size_t have = 0;

	while (!begin_ns || now_ns - begin_ns < RATE_S * INT64_C(1000000000)) {
		long n = pl_transport_read(transport, buf, 2 * FRAME_BYTES, FRAME_BYTES - have,
					   PATIENCE_MS, &err);

		if (n <= 0)
			return fail(n ? err.message : "nothing came");
		now_ns = pl_mono_ns();
		if (!begin_ns)
			begin_ns = now_ns;
		for (long at = 0; at < n;) {
			size_t part = FRAME_BYTES - have;

			if (part > (size_t)(n - at))
				part = (size_t)(n - at);
			memcpy(frame + have, buf + at, part);
			have += part;
			at += (long)part;
			if (have < FRAME_BYTES)
				break;
			have = 0;
			if (frames && little(frame) != next)
				return fail("a frame is missing");
			if (little(frame) != little(frame + FRAME_BYTES - 4))
				return fail("a frame is mixed of two");
			next = little(frame) + 1;
			frames++;
		}
		if (late && frames % 64 == 0)
			nanosleep(&nap, NULL);
	}
	printf("%.0f frames of 8 KiB a second, none missing of %u\n",
	       frames / ((double)(now_ns - begin_ns) * 1e-9), frames);
	return 0;
}

/* ---- cancel ---- */

static _Atomic int64_t cancelled_ns;

static void *cancel_later(void *arg)
{
	const struct timespec nap = {.tv_nsec = 200000000};

	nanosleep(&nap, NULL);
	atomic_store(&cancelled_ns, pl_mono_ns());
	pl_transport_cancel(transport);
	return arg;
}

static int cancel(void)
{
	double worst_ms = 0;
	unsigned slow = 0;

	for (int i = 0; i < 20; i++) {
		pthread_t thread;
		long n;
		double ms;

		pthread_create(&thread, NULL, cancel_later, NULL);
		n = pl_transport_read(transport, buf, sizeof(buf), 1, PATIENCE_MS, &err);
		ms = (double)(pl_mono_ns() - atomic_load(&cancelled_ns)) / MS;
		pthread_join(thread, NULL);
		if (n != PL_READ_NONE)
			return fail("the read did not end without a byte");
		worst_ms = ms > worst_ms ? ms : worst_ms;
		slow += ms > 100;
	}
	printf("cancel: %.2f ms at worst of 20\n", worst_ms);
	/* An emulated processor on a busy machine may be away that long now and then. */
	return slow < 5 ? 0 : fail("more than 100 ms");
}

/* ---- unplug ---- */

static const char *controller;
static _Atomic int64_t unplugged_ns;

static void *unplug_later(void *arg)
{
	FILE *udc;

	sleep(1);
	udc = fopen(controller, "w");
	atomic_store(&unplugged_ns, pl_mono_ns());
	if (udc) {
		fputs("\n", udc);
		fclose(udc);
	}
	return arg;
}

static int unplug(void)
{
	int64_t limit_ns = pl_mono_ns() + PATIENCE_MS * INT64_C(1000000);
	pthread_t thread;
	long n;

	pthread_create(&thread, NULL, unplug_later, NULL);
	do
		n = pl_transport_read(transport, buf, sizeof(buf), 1, 500, &err);
	while (n >= 0 && pl_mono_ns() < limit_ns);
	pthread_join(thread, NULL);
	if (n != PL_READ_GONE || err.code != PL_EGONE)
		return fail("the read did not say GONE");
	printf("unplugged: known after %.1f ms: %s\n",
	       (double)(pl_mono_ns() - atomic_load(&unplugged_ns)) / MS, err.message);
	if (pl_transport_read(transport, buf, sizeof(buf), 1, 0, &err) != PL_READ_GONE)
		return fail("and then it did not any more");
	return pl_transport_write(transport, "x", 1, &err) ? 0 : fail("it can be written to");
}

static int send(void)
{
	char text[101];

	memset(text, 'x', 100);
	text[100] = '\0';
	if (pl_transport_read(transport, buf, sizeof(buf), 1, PATIENCE_MS, &err) <= 0 ||
	    pl_transport_write(transport, "hello", 5, &err) ||
	    pl_transport_read(transport, buf, sizeof(buf), 1, PATIENCE_MS, &err) <= 0 ||
	    pl_transport_write(transport, text, 100, &err))
		return fail(err.message);
	printf("two commands sent\n");
	return 0;
}

/* ---- pulls ---- */

#define PULLS 20
#define NUMBERS_MAX (1u << 22)

static const char *taken_log, *udc_name;
static uint8_t seen[NUMBERS_MAX / 8];

static bool set_udc(const char *text)
{
	FILE *udc = fopen(controller, "w");
	bool ok = udc && fputs(text, udc) >= 0;

	return udc && fclose(udc) == 0 && ok;
}

static void *pull_later(void *arg)
{
	const struct timespec nap = {.tv_nsec = 150000000 + 7000000 * (*(int *)arg % 10)};

	nanosleep(&nap, NULL);
	set_udc("\n");
	return NULL;
}

/* Reads to the end of the connection. A new one may begin amid a frame that was cut off. */
static int read_to_end(void)
{
	static uint8_t frame[FRAME_BYTES];
	size_t have = 0;
	long n;

	while ((n = pl_transport_read(transport, buf, sizeof(buf), FRAME_BYTES, PATIENCE_MS,
				      &err)) > 0)
		for (long at = 0; at < n;) {
			size_t part = FRAME_BYTES - have;

			if (part > (size_t)(n - at))
				part = (size_t)(n - at);
			memcpy(frame + have, buf + at, part);
			at += (long)part;
			have = (have + part) % FRAME_BYTES;
			if (!have && little(frame) == little(frame + FRAME_BYTES - 4))
				seen[little(frame) % NUMBERS_MAX / 8] |=
					(uint8_t)(1 << little(frame) % 8);
		}
	return n == PL_READ_GONE ? 0 : fail("the end is not GONE");
}

static int all_seen(void)
{
	FILE *taken = fopen(taken_log, "r");
	unsigned number, n = 0, missing = 0;

	while (taken && fscanf(taken, "%u", &number) == 1) {
		n++;
		missing += !(seen[number % NUMBERS_MAX / 8] >> number % 8 & 1);
	}
	if (taken)
		fclose(taken);
	printf("pulled %d times amid %u frames, %u missing\n", PULLS, n, missing);
	return n > 100 && !missing ? 0 : fail("not all that was sent came");
}

static int pulls(const char *uri)
{
	const struct timespec step = {.tv_nsec = 20000000};

	for (int i = 0; i < PULLS; i++) {
		pthread_t thread;

		pthread_create(&thread, NULL, pull_later, &i);
		if (read_to_end())
			return 1;
		pthread_join(thread, NULL);
		pl_transport_close(transport);
		transport = NULL;
		if (i + 1 == PULLS)
			break;
		if (!set_udc(udc_name))
			return fail("cannot be plugged in again");
		for (int k = 0; k < 500 && !transport; k++) {
			nanosleep(&step, NULL);
			transport = pl_transport_open(uri, &mat, NULL, &err);
		}
		if (!transport)
			return fail(err.message);
	}
	return all_seen();
}

/* ---- packets ---- */

static size_t n_bytes, at_byte;

/* The next packet: its bytes, their number, and whether it is an answer. */
static const uint8_t *packet(size_t *n, bool *answer)
{
	const uint8_t *p;

	if (at_byte == n_bytes) {
		long r = pl_transport_read(transport, buf, 4096, 1, PATIENCE_MS, &err);

		if (r <= 0)
			exit(fail(r ? err.message : "no packet came"));
		n_bytes = (size_t)r;
		at_byte = 0;
	}
	if (n_bytes - at_byte < 2)
		exit(fail("half a header"));
	p = buf + at_byte;
	*n = p[0] | (p[1] & 0x7fu) << 8;
	*answer = p[1] & 0x80;
	if (n_bytes - at_byte < 2 + *n)
		exit(fail("a packet in two reads"));
	at_byte += 2 + *n;
	return p + 2;
}

static int check_answer(const uint8_t *p, size_t n, unsigned value, unsigned index)
{
	for (unsigned i = 0; i < 8; i++)
		if (n != 8 || p[i] != (uint8_t)(0xa0 + i + value + 16 * index))
			return fail("an answer is not what the device said");
	return 0;
}

static int packets(void)
{
	static const uint8_t ask[] = {0xc0, 0x5c, 5, 0, 3, 0, 8, 0};
	unsigned empty = 0, frames = 0, answers = 0;
	const uint8_t *p;
	uint32_t number = 0;
	bool answer, known = false;
	size_t n;

	for (unsigned index = 0; index < 2; index++) /* as the mat file below asks */
		for (unsigned value = 1; value <= 3; value++) {
			p = packet(&n, &answer);
			if (!answer || check_answer(p, n, value, index))
				return fail("the answers do not lead the stream");
		}
	p = packet(&n, &answer);
	if (!answer || n)
		return fail("an optional request that was refused gives no empty answer");
	while (frames < 2000) {
		if (frames == 500 && !answers && pl_transport_write(transport, ask, 8, &err))
			return fail(err.message);
		p = packet(&n, &answer);
		if (answer) {
			answers++;
			if (check_answer(p, n, 5, 3))
				return 1;
			continue;
		}
		if (!known && n < 4)
			continue;
		if (!known)
			number = little(p);
		known = true;
		if (n != number * 37 % 200 || (n >= 4 && little(p) != number) ||
		    (n && p[n - 1] != (uint8_t)(n == 4 ? number >> 24 : number)))
			return fail("a packet is not what the device sent");
		empty += n == 0;
		number++;
		frames++;
	}
	printf("%u packets as they were sent, %u of them empty, %u answer to a request\n", frames,
	       empty, answers);
	return answers == 1 ? 0 : fail("not one answer");
}

/* ---- the host's clock ---- */

/*
 * kHz of the processor's time stamp counter, which QEMU hands on to its guest. A guest that has to
 * find out by itself is wrong by any factor when the machine is busy as it boots.
 */
static int tsc(void)
{
#ifdef __x86_64__
	const struct timespec nap = {.tv_nsec = 300000000};
	uint64_t ticks = __builtin_ia32_rdtsc();
	int64_t begin_ns = pl_mono_ns();

	nanosleep(&nap, NULL);
	ticks = __builtin_ia32_rdtsc() - ticks;
	printf("%.0f\n", (double)ticks * 1e6 / (double)(pl_mono_ns() - begin_ns));
	return 0;
#else
	return fail("no time stamp counter");
#endif
}

/* ---- */

static const char mat_text[] =
	"rows = 64; cols = 64; pitch_mm = 10.0; protocol = \"pmp\"; cell = \"u16\";";
static const char packets_text[] =
	"rows = 2; cols = 2; pitch_mm = 10.0; protocol = \"pmp\";"
	"usb = { packets = true; write = \"setup\";"
	"  start = ({ type = 0xC0; request = 0x5C; value = [1, 3]; index = [0, 1]; length = 8; },"
	"           { type = 0xC0; request = 0x77; length = 4; optional = true; });"
	"  stop = ({ type = 0x40; request = 0x01; }); };";

static int run(const char *test, const char *uri)
{
	if (!strcmp(test, "rate") || !strcmp(test, "late"))
		return rate(test[0] == 'l');
	if (!strcmp(test, "cancel"))
		return cancel();
	if (!strcmp(test, "unplug"))
		return unplug();
	if (!strcmp(test, "send"))
		return send();
	if (!strcmp(test, "pulls"))
		return pulls(uri);
	if (!strcmp(test, "packets"))
		return packets();
	return fail("no such test");
}

int main(int argc, char **argv)
{
	int64_t begin_ns;
	int r;

	if (argc == 2 && !strcmp(argv[1], "tsc"))
		return tsc();
	if (argc < 3) {
		fputs("usage: usb_probe rate|late|cancel|unplug|send|pulls|packets URI [UDC [NAME "
		      "LOG]]\n",
		      stderr);
		return 2;
	}
	controller = argc > 3 ? argv[3] : "";
	udc_name = argc > 4 ? argv[4] : "";
	taken_log = argc > 5 ? argv[5] : "";
	if (pl_mat_parse(&mat, "probe", strcmp(argv[1], "packets") ? mat_text : packets_text, &err))
		return fail(err.message);
	transport = pl_transport_open(argv[2], &mat, NULL, &err);
	if (!transport)
		return fail(err.message);
	r = run(argv[1], argv[2]);
	begin_ns = pl_mono_ns();
	pl_transport_close(transport);
	printf("closed in %.1f ms\n", (double)(pl_mono_ns() - begin_ns) / MS);
	pl_mat_free(&mat);
	return r;
}
