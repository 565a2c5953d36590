/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What needs libusb: an open device, its stream of IN transfers (usb.c), the choice of endpoints
 * (usb_pick.c), and everything that is sent or asked (usb_send.c).
 */
#ifndef DRIVERS_TRANSPORT_USB_IO_H
#define DRIVERS_TRANSPORT_USB_IO_H

#include <libusb.h>
#include <poll.h>

#include "drivers/transport/usb.h"

#define PL_USB_TRANSFERS_MAX 16
#define PL_USB_HEADER 2 /* before each packet: length u16 LE, top bit: an answer */
#define PL_USB_ANSWER 0x8000
#define PL_USB_POLLED 16

/* The interface and endpoints that carry the mat. */
struct pl_usb_ends {
	int interface;
	uint8_t in, out; /* out 0: none */
	bool in_bulk, out_bulk, hid;
	unsigned in_packet; /* bytes a packet of the IN endpoint has at most */
};

struct pl_usb;

/* One IN transfer: under way, or full and waiting to be read. */
struct pl_usb_slot {
	struct pl_usb *usb;
	struct libusb_transfer *transfer;
	uint8_t *bytes; /* of the read: header and packet, or the transfer's bytes alone */
	size_t n;
	bool pending;
};

struct pl_usb {
	struct pl_transport base;
	struct pl_usb_config config; /* mat file and URI together */
	struct pl_usb_ends ends;
	char name[2 * PL_USB_TEXT], node[32];
	int fd;
	libusb_context *context;
	libusb_device_handle *handle;
	bool claimed, closing;
	struct pollfd polled[PL_USB_POLLED]; /* [0]: cancel */
	nfds_t n_polled;

	struct pl_usb_slot slots[PL_USB_TRANSFERS_MAX];
	unsigned pending;
	uint8_t *memory;
	struct pl_usb_slot *full[PL_USB_TRANSFERS_MAX]; /* a ring, in the order of arrival */
	unsigned first, n_full;
	size_t used; /* of the first full slot, already read */

	uint8_t *answers; /* framed, to be read before the slots */
	size_t answers_cap, n_answers, answers_used;

	bool ending; /* none can be submitted; those under way may still bring bytes */
	bool failed; /* none will bring bytes; what is full may still be read */
	enum libusb_transfer_status why;
};

/* usb_pick.c. uri_name is for messages. PL_EUSAGE names the endpoints that are there. */
int pl_usb_pick(const struct libusb_config_descriptor *config, const struct pl_usb_config *wish,
		const char *uri_name, struct pl_usb_ends *ends, struct pl_error *err);

/* usb_send.c */
/* Bytes for the answers of the start requests. */
size_t pl_usb_answer_bytes(const struct pl_usb_config *config);
int pl_usb_requests(struct pl_usb *u, const struct pl_usb_request *requests, unsigned n,
		    struct pl_error *err);
int pl_usb_write(struct pl_transport *t, const void *bytes, size_t n, struct pl_error *err);
/* PL_EGONE, with libusb's word for it. */
int pl_usb_gone(const struct pl_usb *u, const char *how, struct pl_error *err);

#endif
