/* SPDX-License-Identifier: Apache-2.0 */
/*
 * usb:VVVV:PPPP - a mat on USB without a serial port in between, through libusb.
 *
 * A USB device sends only when it is asked. If nobody asks for two milliseconds, because a thread
 * was late or one transfer had ended and the next was not yet submitted, a device with a small
 * buffer loses frames and nobody hears of it. So 16 transfers of about a frame each are always in
 * flight; the kernel fills them one after the other while this thread sleeps.
 *
 * The node is opened here and given to libusb, which then has nothing to search: no scan, no
 * monitor thread, and open(2) says itself why it fails. One context a mat; the thread that reads is
 * the one that handles libusb's events, woken by the same poll() as a cancel. An unplugged device
 * ends its transfers as ERROR, NO_DEVICE or a failing submission, in any mixture; whatever is not a
 * completed transfer therefore ends the connection, after the bytes that came before it were read.
 * A failing submission comes first as a rule, while full transfers are still on their way up from
 * the kernel: those are waited for.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "drivers/transport/usb_io.h"

#define GATHER_MS 1
#define DRAIN_NS INT64_C(1000000000)
#define TRANSFER_BYTES_MAX 16384
#define PACKETS_BYTES 2048     /* what protocols with packets need at most */
#define PACKETS_BYTES_MAX 4032 /* a packet and its header fit into every read */

/* ---- transfers ---- */

static void submit(struct pl_usb *u, struct pl_usb_slot *slot)
{
	int r;

	if (u->ending || u->failed || u->closing)
		return;
	r = libusb_submit_transfer(slot->transfer);
	if (r) {
		u->ending = true;
		u->failed = !u->pending;
		u->why = r == LIBUSB_ERROR_NO_DEVICE ? LIBUSB_TRANSFER_NO_DEVICE
						     : LIBUSB_TRANSFER_ERROR;
		return;
	}
	slot->pending = true;
	u->pending++;
}

static void push(struct pl_usb *u, struct pl_usb_slot *slot, size_t n)
{
	slot->n = n;
	if (u->config.packets) {
		slot->bytes[0] = (uint8_t)n;
		slot->bytes[1] = (uint8_t)(n >> 8);
		slot->n += PL_USB_HEADER;
	}
	u->full[(u->first + u->n_full++) % PL_USB_TRANSFERS_MAX] = slot;
}

/* Transfers end in the order of their bytes: behind a failed one there would be a hole. */
static void LIBUSB_CALL ended(struct libusb_transfer *transfer)
{
	struct pl_usb_slot *slot = transfer->user_data;
	struct pl_usb *u = slot->usb;
	size_t n = (size_t)transfer->actual_length;
	bool whole = transfer->status == LIBUSB_TRANSFER_COMPLETED;

	slot->pending = false;
	u->pending--;
	if (u->failed || u->closing)
		return;
	if (n ? whole || !u->config.packets : whole && u->config.packets)
		push(u, slot, n); /* of a failed one, the packets before it broke off */
	else if (whole)
		submit(u, slot);
	if (!whole)
		u->why = transfer->status;
	u->failed = !whole || (u->ending && !u->pending);
}

static const char *reason(enum libusb_transfer_status why)
{
	switch (why) {
	case LIBUSB_TRANSFER_NO_DEVICE:
		return "unplugged";
	case LIBUSB_TRANSFER_STALL:
		return "its endpoint stalled";
	case LIBUSB_TRANSFER_OVERFLOW:
		return "it sent more than was asked for; transfer_bytes must be a multiple of the "
		       "endpoint's packet size";
	default:
		return "unplugged, or its transfers fail";
	}
}

/* ---- reading ---- */

/* As much as there is; packets whole, unless one alone is longer than cap. */
static size_t take(struct pl_usb *u, uint8_t *buf, size_t cap)
{
	size_t got = 0;

	while (u->n_full && got < cap) {
		struct pl_usb_slot *slot = u->full[u->first];
		size_t n = slot->n - u->used;

		if (n > cap - got) {
			if (u->config.packets && got)
				break;
			n = cap - got;
		}
		memcpy(buf + got, slot->bytes + u->used, n);
		got += n;
		u->used += n;
		if (u->used < slot->n)
			break;
		u->used = 0;
		u->first = (u->first + 1) % PL_USB_TRANSFERS_MAX;
		u->n_full--;
		submit(u, slot);
	}
	return got;
}

/* The next answer, whole if it fits; nothing else in the same read. */
static size_t take_answer(struct pl_usb *u, uint8_t *buf, size_t cap)
{
	size_t n = u->n_answers - u->answers_used;
	const uint8_t *at = u->answers + u->answers_used;
	size_t got = 0;

	while (got < n) {
		size_t whole = PL_USB_HEADER + (at[got] | (at[got + 1] & 0x7fu) << 8);

		if (got + whole > cap)
			break;
		got += whole;
	}
	memcpy(buf, at, got);
	u->answers_used += got;
	return got;
}

/* False: nothing within the time. */
static bool handle_events(struct pl_usb *u, int timeout_ms)
{
	struct timeval now = {0};
	int ready = poll(u->polled, u->n_polled, timeout_ms);

	if (ready <= 0)
		return ready < 0; /* a signal: look again */
	libusb_handle_events_timeout_completed(u->context, &now, NULL);
	return true;
}

static int ms_until(int64_t t_ns)
{
	int64_t left_ns = t_ns - pl_mono_ns();

	return left_ns > 0 ? (int)((left_ns + 999999) / 1000000) : 0;
}

static long usb_read(struct pl_transport *t, void *buf, size_t cap, size_t want, int timeout_ms,
		     struct pl_error *err)
{
	struct pl_usb *u = (struct pl_usb *)t;
	int64_t until_ns = pl_mono_ns() + timeout_ms * INT64_C(1000000);
	uint8_t *to = buf;
	size_t got = 0;

	if (pl_transport_cancel_taken(t))
		return PL_READ_NONE;
	if (u->answers_used < u->n_answers && (got = take_answer(u, to, cap)))
		return (long)got;
	for (;;) {
		got += take(u, to + got, cap - got);
		if (got >= want || u->failed || (got && u->n_full))
			break;
		if (!handle_events(u, got ? GATHER_MS : ms_until(until_ns)))
			break;
		if (atomic_load(&t->cancelled)) {
			got += take(u, to + got, cap - got);
			if (!got) /* else the next read finds it */
				pl_transport_cancel_taken(t);
			break;
		}
	}
	if (got || !u->failed)
		return (long)got;
	pl_usb_gone(u, reason(u->why), err);
	return PL_READ_GONE;
}

/* ---- opening ---- */

static int open_failed(const struct pl_usb *u, int os_errno, struct pl_error *err)
{
	switch (os_errno) {
	case EACCES:
	case EPERM:
		return pl_error_set(err, PL_EACCES, os_errno,
				    "cannot open %s: no permission for %s; install "
				    "60-plantard.rules (a mat it does not know needs a line of its "
				    "own there) and plug the mat in again",
				    u->name, u->node);
	case EBUSY:
		return pl_error_set(err, PL_EBUSY, os_errno,
				    "cannot open %s: another program is using it; \"fuser -v %s\" "
				    "says which",
				    u->name, u->node);
	case ENOENT:
	case ENODEV:
	case ENXIO:
		return pl_error_set(err, PL_ENOENT, os_errno,
				    "cannot open %s: no such device %s; is the mat plugged in?",
				    u->name, u->node);
	default:
		return pl_error_set(err, PL_EIO, os_errno, "cannot open %s (%s): %s", u->name,
				    u->node, strerror(os_errno));
	}
}

static int libusb_failed(const struct pl_usb *u, int code, struct pl_error *err)
{
	switch (code) {
	case LIBUSB_ERROR_ACCESS:
		return open_failed(u, EACCES, err);
	case LIBUSB_ERROR_BUSY:
		return open_failed(u, EBUSY, err);
	case LIBUSB_ERROR_NO_DEVICE:
	case LIBUSB_ERROR_NOT_FOUND:
		return open_failed(u, ENODEV, err);
	case LIBUSB_ERROR_NO_MEM:
		return pl_error_set(err, PL_ENOMEM, ENOMEM, "no memory for %s", u->name);
	default:
		return pl_error_set(err, PL_EIO, 0, "cannot open %s: %s", u->name,
				    libusb_strerror(code));
	}
}

static int open_device(struct pl_usb *u, struct pl_error *err)
{
	int r;

	u->fd = open(u->node, O_RDWR | O_CLOEXEC);
	if (u->fd < 0)
		return open_failed(u, errno, err);
	libusb_set_option(NULL, LIBUSB_OPTION_NO_DEVICE_DISCOVERY);
	r = libusb_init(&u->context);
	if (!r)
		r = libusb_wrap_sys_device(u->context, (intptr_t)u->fd, &u->handle);
	return r ? libusb_failed(u, r, err) : 0;
}

/* A kernel driver (usbhid) is put aside, and takes the interface back when it is released. */
static int claim(struct pl_usb *u, struct pl_error *err)
{
	struct libusb_config_descriptor *config;
	int r = libusb_get_active_config_descriptor(libusb_get_device(u->handle), &config);

	if (r)
		return libusb_failed(u, r, err);
	r = pl_usb_pick(config, &u->config, u->name, &u->ends, err);
	libusb_free_config_descriptor(config);
	if (r)
		return -1;
	libusb_set_auto_detach_kernel_driver(u->handle, 1);
	r = libusb_claim_interface(u->handle, u->ends.interface);
	if (r)
		return libusb_failed(u, r, err);
	u->claimed = true;
	return 0;
}

/*
 * A transfer ends when it is full or with a packet that is not. Rounded down, a frame that fills
 * its packets exactly ends a transfer and never waits for the next one.
 */
static size_t transfer_bytes(const struct pl_usb *u, const struct pl_mat *mat)
{
	size_t packet = u->ends.in_packet;
	size_t bytes = pl_geometry_cells(&mat->geometry) * pl_dtype_size(mat->dtype);

	if (u->config.transfer_bytes)
		bytes = u->config.transfer_bytes;
	else if (u->config.packets || !u->ends.in_bulk)
		bytes = u->ends.in_bulk ? PACKETS_BYTES : packet;
	if (bytes > (u->config.packets ? PACKETS_BYTES_MAX : TRANSFER_BYTES_MAX))
		bytes = u->config.packets ? PACKETS_BYTES_MAX : TRANSFER_BYTES_MAX;
	bytes -= bytes % packet;
	return bytes ? bytes : packet;
}

static int start_transfers(struct pl_usb *u, size_t bytes, struct pl_error *err)
{
	size_t stride = (PL_USB_HEADER + bytes + 63) / 64 * 64;

	u->answers_cap = pl_usb_answer_bytes(&u->config);
	u->answers = malloc(u->answers_cap);
	u->memory = calloc(u->config.transfers, stride);
	if (!u->memory || !u->answers)
		return libusb_failed(u, LIBUSB_ERROR_NO_MEM, err);
	for (unsigned i = 0; i < u->config.transfers; i++) {
		struct pl_usb_slot *slot = &u->slots[i];

		slot->usb = u;
		slot->bytes = u->memory + i * stride;
		slot->transfer = libusb_alloc_transfer(0);
		if (!slot->transfer)
			return libusb_failed(u, LIBUSB_ERROR_NO_MEM, err);
		(u->ends.in_bulk ? libusb_fill_bulk_transfer : libusb_fill_interrupt_transfer)(
			slot->transfer, u->handle, u->ends.in,
			slot->bytes + (u->config.packets ? PL_USB_HEADER : 0), (int)bytes, ended,
			slot, 0);
		submit(u, slot);
	}
	return u->ending ? pl_usb_gone(u, reason(u->why), err) : 0;
}

static int watch(struct pl_usb *u, struct pl_error *err)
{
	const struct libusb_pollfd **fds = libusb_get_pollfds(u->context);

	u->polled[u->n_polled++] = (struct pollfd){.fd = u->base.cancel_fd, .events = POLLIN};
	for (size_t i = 0; fds && fds[i] && u->n_polled < PL_USB_POLLED; i++)
		u->polled[u->n_polled++] =
			(struct pollfd){.fd = fds[i]->fd, .events = fds[i]->events};
	libusb_free_pollfds(fds);
	return u->n_polled > 1 ? 0 : libusb_failed(u, LIBUSB_ERROR_NOT_SUPPORTED, err);
}

static struct pl_usb_config configuration(const struct pl_uri *uri, const struct pl_mat *mat)
{
	struct pl_usb_config c = mat->usb;

	c.interface = (int)pl_uri_number(uri, "interface", c.interface);
	c.in = (unsigned)pl_uri_number(uri, "in", c.in);
	c.out = (unsigned)pl_uri_number(uri, "out", c.out);
	c.packets = pl_uri_number(uri, "packets", c.packets) > 0;
	c.transfers = (unsigned)pl_uri_number(uri, "transfers", c.transfers);
	c.transfer_bytes = (unsigned)pl_uri_number(uri, "transfer_bytes", c.transfer_bytes);
	if (c.transfers < 1 || c.transfers > PL_USB_TRANSFERS_MAX)
		c.transfers = PL_USB_TRANSFERS_MAX;
	return c;
}

static int set_up(struct pl_usb *u, const struct pl_uri *uri, const struct pl_mat *mat,
		  struct pl_error *err)
{
	struct pl_usb_target target;
	struct pl_usb_device device;

	if (pl_transport_init(&u->base, &pl_usb_ops, err) || pl_usb_target(uri, &target, err) ||
	    pl_usb_find(&target, &device, err))
		return -1;
	snprintf(u->name, sizeof(u->name), "usb:%.31s%s%s", uri->path,
		 device.serial[0] ? " serial " : "", device.serial);
	strcpy(u->node, device.node);
	u->config = configuration(uri, mat);
	if (open_device(u, err) || claim(u, err) || watch(u, err) ||
	    start_transfers(u, transfer_bytes(u, mat), err))
		return -1;
	return pl_usb_requests(u, u->config.start, u->config.n_start, err);
}

/* ---- closing ---- */

static void end_transfers(struct pl_usb *u)
{
	int64_t limit_ns = pl_mono_ns() + DRAIN_NS;
	struct timeval step = {.tv_usec = 10000};

	u->closing = true;
	for (unsigned i = 0; i < PL_USB_TRANSFERS_MAX; i++)
		if (u->slots[i].pending)
			libusb_cancel_transfer(u->slots[i].transfer);
	while (u->pending && pl_mono_ns() < limit_ns)
		libusb_handle_events_timeout_completed(u->context, &step, NULL);
	if (u->failed && u->why == LIBUSB_TRANSFER_STALL) /* or the next opening stalls as well */
		libusb_clear_halt(u->handle, u->ends.in);
}

static void usb_close(struct pl_transport *t)
{
	struct pl_usb *u = (struct pl_usb *)t;

	if (u->claimed && !u->failed && !u->ending)
		pl_usb_requests(u, u->config.stop, u->config.n_stop, NULL);
	if (u->handle)
		end_transfers(u);
	if (u->claimed)
		libusb_release_interface(u->handle, u->ends.interface);
	if (u->handle)
		libusb_close(u->handle);
	/* A transfer the kernel does not give back stays allocated rather than be written into. */
	for (unsigned i = 0; !u->pending && i < PL_USB_TRANSFERS_MAX; i++)
		libusb_free_transfer(u->slots[i].transfer);
	if (u->context)
		libusb_exit(u->context);
	if (u->fd >= 0)
		close(u->fd);
	pl_transport_fini(t);
	free(u->answers);
	if (u->pending)
		return;
	free(u->memory);
	free(u);
}

static struct pl_transport *usb_open(const struct pl_uri *uri, const struct pl_mat *mat,
				     const struct pl_log *log, struct pl_error *err)
{
	struct pl_usb *u = calloc(1, sizeof(*u));

	(void)log;
	if (!u) {
		pl_error_set(err, PL_ENOMEM, 0, "no memory for a USB device");
		return NULL;
	}
	u->fd = u->base.cancel_fd = -1;
	if (set_up(u, uri, mat, err)) {
		usb_close(&u->base);
		return NULL;
	}
	return &u->base;
}

static int usb_check(const struct pl_uri *uri, const struct pl_mat *mat, struct pl_error *err)
{
	struct pl_usb_target target;

	(void)mat;
	return pl_usb_target(uri, &target, err);
}

const struct pl_transport_ops pl_usb_ops = {
	.scheme = "usb",
	.example = "usb:VVVV:PPPP?serial=...",
	.keys = pl_usb_keys,
	.check = usb_check,
	.open = usb_open,
	.close = usb_close,
	.read = usb_read,
	.write = pl_usb_write,
	.present = pl_usb_present,
};
