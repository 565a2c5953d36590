/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What goes to a USB mat: the bytes a decoder wants sent, by the OUT endpoint, as a HID report over
 * endpoint 0, or as control requests; and the requests that a mat file lists for the start and the
 * end. What the device answers becomes part of the stream, ahead of the frames: so a decoder learns
 * it as it learns everything, from bytes, and a capture has it too.
 *
 * libusb's blocking calls keep serving the IN transfers meanwhile; a frame that arrives during a
 * request waits in its slot.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "drivers/transport/usb_io.h"

#define WRITE_MS 1000
#define REQUEST_MS 500
#define HID_SET_REPORT 0x09
#define HID_OUTPUT 0x0200
#define SETUP_BYTES 8
#define ANSWER_MAX 1024 /* with its header it fits into every read */
#define TO_INTERFACE (LIBUSB_ENDPOINT_OUT | LIBUSB_REQUEST_TYPE_CLASS | LIBUSB_RECIPIENT_INTERFACE)

int pl_usb_gone(const struct pl_usb *u, const char *how, struct pl_error *err)
{
	return pl_error_set(err, PL_EGONE, ENODEV, "%s is gone: %s", u->name, how);
}

static int failed(const struct pl_usb *u, int code, const char *what, struct pl_error *err)
{
	switch (code) {
	case LIBUSB_ERROR_TIMEOUT:
		return pl_error_set(err, PL_ETIMEOUT, ETIMEDOUT,
				    "%s takes no bytes: %s was not done in time", u->name, what);
	case LIBUSB_ERROR_PIPE:
		return pl_error_set(err, PL_EIO, EPIPE, "%s refuses %s (stall)", u->name, what);
	case LIBUSB_ERROR_NO_DEVICE:
	case LIBUSB_ERROR_IO: /* what an unplugged device says just as often */
		return pl_usb_gone(u, "unplugged, or it stopped answering", err);
	default:
		return pl_error_set(err, PL_EIO, 0, "%s: %s failed: %s", u->name, what,
				    libusb_strerror(code));
	}
}

/* ---- answers, framed like packets ---- */

static void add_answer(struct pl_usb *u, const uint8_t *bytes, size_t n)
{
	uint8_t *at = u->answers + u->n_answers;

	at[0] = (uint8_t)n;
	at[1] = (uint8_t)((n | PL_USB_ANSWER) >> 8);
	memcpy(at + PL_USB_HEADER, bytes, n);
	u->n_answers += PL_USB_HEADER + n;
}

static bool answer_fits(struct pl_usb *u, size_t n)
{
	if (u->answers_used == u->n_answers)
		u->answers_used = u->n_answers = 0;
	return n <= u->answers_cap && u->answers_cap - n >= u->n_answers + PL_USB_HEADER;
}

size_t pl_usb_answer_bytes(const struct pl_usb_config *config)
{
	size_t bytes = 8192; /* for requests that a decoder makes (write = "setup") */

	for (unsigned i = 0; i < config->n_start; i++) {
		const struct pl_usb_request *r = &config->start[i];
		size_t times = (size_t)(r->value[1] - r->value[0] + 1) *
			       (size_t)(r->index[1] - r->index[0] + 1);

		bytes += times * (PL_USB_HEADER + r->length);
	}
	return bytes;
}

static int request(struct pl_usb *u, const struct pl_usb_request *r, uint16_t value, uint16_t index,
		   struct pl_error *err)
{
	uint8_t bytes[ANSWER_MAX];
	char what[64];
	int n;

	memcpy(bytes, r->data, r->type & 0x80 ? 0 : r->length);
	n = libusb_control_transfer(u->handle, r->type, r->request, value, index, bytes, r->length,
				    REQUEST_MS);
	if (n == LIBUSB_ERROR_PIPE && r->optional)
		n = 0;
	if (n < 0) {
		snprintf(what, sizeof(what), "request 0x%02X (value %u, index %u)", r->request,
			 value, index);
		return failed(u, n, what, err);
	}
	/* A stop request's answer has no reader any more. */
	if (r->type & 0x80 && u->config.packets && answer_fits(u, (size_t)n))
		add_answer(u, bytes, (size_t)n);
	return 0;
}

int pl_usb_requests(struct pl_usb *u, const struct pl_usb_request *requests, unsigned n,
		    struct pl_error *err)
{
	for (unsigned i = 0; i < n; i++)
		for (unsigned index = requests[i].index[0]; index <= requests[i].index[1]; index++)
			for (unsigned v = requests[i].value[0]; v <= requests[i].value[1]; v++)
				if (request(u, &requests[i], (uint16_t)v, (uint16_t)index, err))
					return -1;
	return 0;
}

/* ---- what a decoder sends ---- */

static int send_to_endpoint(struct pl_usb *u, const uint8_t *bytes, size_t n, struct pl_error *err)
{
	int done = 0, r;
	uint8_t copy[4096];

	while (n) {
		size_t part = n < sizeof(copy) ? n : sizeof(copy);

		memcpy(copy, bytes, part);
		r = u->ends.out_bulk ? libusb_bulk_transfer(u->handle, u->ends.out, copy, (int)part,
							    &done, WRITE_MS)
				     : libusb_interrupt_transfer(u->handle, u->ends.out, copy,
								 (int)part, &done, WRITE_MS);
		if (r < 0)
			return failed(u, r, "a command", err);
		bytes += done;
		n -= (size_t)done;
	}
	return 0;
}

static int send_report(struct pl_usb *u, const uint8_t *bytes, size_t n, struct pl_error *err)
{
	uint8_t copy[4096];
	int r;

	if (n > sizeof(copy))
		return pl_error_set(err, PL_EUSAGE, 0, "%s: a report of %zu bytes is too long",
				    u->name, n);
	memcpy(copy, bytes, n);
	r = libusb_control_transfer(u->handle, TO_INTERFACE, HID_SET_REPORT,
				    (uint16_t)(HID_OUTPUT | (u->config.report_ids ? bytes[0] : 0)),
				    (uint16_t)u->ends.interface, copy, (uint16_t)n, WRITE_MS);
	return r < 0 ? failed(u, r, "a report", err) : 0;
}

static unsigned u16(const uint8_t *p)
{
	return p[0] | (unsigned)p[1] << 8;
}

static int send_setup(struct pl_usb *u, const uint8_t *bytes, size_t n, struct pl_error *err)
{
	uint8_t data[ANSWER_MAX];
	size_t length = n >= SETUP_BYTES ? u16(bytes + 6) : 0;
	bool in = n >= SETUP_BYTES && bytes[0] & 0x80;
	int r;

	if (n < SETUP_BYTES || length > sizeof(data) || n != SETUP_BYTES + (in ? 0 : length))
		return pl_error_set(err, PL_EUSAGE, 0,
				    "%s: %zu bytes are no control request: 8 bytes of SETUP, then "
				    "what they announce",
				    u->name, n);
	if (in && !answer_fits(u, length))
		return pl_error_set(err, PL_ESTATE, 0, "%s: answers are not being read", u->name);
	memcpy(data, bytes + SETUP_BYTES, in ? 0 : length);
	r = libusb_control_transfer(u->handle, bytes[0], bytes[1], (uint16_t)u16(bytes + 2),
				    (uint16_t)u16(bytes + 4), data, (uint16_t)length, REQUEST_MS);
	if (r < 0)
		return failed(u, r, "a request", err);
	if (in)
		add_answer(u, data, (size_t)r);
	return 0;
}

int pl_usb_write(struct pl_transport *t, const void *bytes, size_t n, struct pl_error *err)
{
	struct pl_usb *u = (struct pl_usb *)t;
	enum pl_usb_write how = u->config.write;

	if (u->failed || u->ending)
		return pl_usb_gone(u, "unplugged", err);
	if (how == PL_USB_WRITE_AUTO)
		how = u->ends.hid && !u->ends.out ? PL_USB_WRITE_REPORT : PL_USB_WRITE_ENDPOINT;
	if (how == PL_USB_WRITE_SETUP)
		return send_setup(u, bytes, n, err);
	if (how == PL_USB_WRITE_REPORT)
		return send_report(u, bytes, n, err);
	if (!u->ends.out)
		return pl_error_set(err, PL_EUSAGE, 0,
				    "%s has no OUT endpoint for commands; usb.write in the mat "
				    "file says how else they reach it",
				    u->name);
	return send_to_endpoint(u, bytes, n, err);
}
