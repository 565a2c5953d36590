/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the files of the USB transport share: which device a URI means (usb_find.c), which of its
 * endpoints carry frames (usb_pick.c), control requests and writing (usb_send.c), and the stream
 * itself (usb.c).
 */
#ifndef DRIVERS_TRANSPORT_USB_H
#define DRIVERS_TRANSPORT_USB_H

#include "drivers/transport/internal.h"

#define PL_USB_TEXT 128 /* a USB string has at most 126 characters */

/* A device as the kernel describes it: everybody may read this, no matter who may open it. */
struct pl_usb_device {
	char path[32]; /* bus-port.port: stays as long as the plug does */
	char node[32]; /* /dev/bus/usb/... */
	unsigned vid, pid;
	char serial[PL_USB_TEXT], manufacturer[PL_USB_TEXT], product[PL_USB_TEXT];
	bool hub;
};

/* What a URI asks for. */
struct pl_usb_target {
	char path[32]; /* "": by vid and pid */
	unsigned vid, pid;
	char serial[PL_USB_TEXT]; /* "": any */
};

extern const struct pl_uri_key pl_usb_keys[];

int pl_usb_target(const struct pl_uri *uri, struct pl_usb_target *target, struct pl_error *err);
/* Every USB device of this machine, hubs last; the caller frees. 0 and NULL: none, or no USB. */
size_t pl_usb_devices(struct pl_usb_device **devices);
/* The one device that is meant. PL_ENOENT names what is there, PL_EUSAGE the several that fit. */
int pl_usb_find(const struct pl_usb_target *target, struct pl_usb_device *device,
		struct pl_error *err);
bool pl_usb_present(const struct pl_uri *uri);
/* The URI that finds devices[i] again: by serial, by port where that tells nothing. */
void pl_usb_name(const struct pl_usb_device *devices, size_t n, size_t i, char *uri, size_t cap);
/* "Maker product serial 123" */
void pl_usb_describe(const struct pl_usb_device *device, char *text, size_t cap);

#endif
