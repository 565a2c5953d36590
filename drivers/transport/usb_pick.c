/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which endpoints carry the frames. What the mat file or the URI names is taken or refused; left
 * open, it is the first bulk IN endpoint, since that is what a device streams over, or else the
 * first interrupt one (HID). A serial adapter's notification endpoint is not mistaken for the
 * stream that way, and interfaces that are something else altogether (disks, microphones) are
 * passed over.
 */
#include <stdio.h>
#include <string.h>

#include "drivers/transport/usb_io.h"

static bool is_in(const struct libusb_endpoint_descriptor *e)
{
	return e->bEndpointAddress & LIBUSB_ENDPOINT_IN;
}

static unsigned type_of(const struct libusb_endpoint_descriptor *e)
{
	return e->bmAttributes & LIBUSB_TRANSFER_TYPE_MASK;
}

/* Bits 11 and 12 of a high-speed endpoint: more packets in one microframe. */
static unsigned packet_bytes(const struct libusb_endpoint_descriptor *e)
{
	return (e->wMaxPacketSize & 0x7ffu) * (1 + (e->wMaxPacketSize >> 11 & 3u));
}

static bool something_else(const struct libusb_interface_descriptor *d)
{
	switch (d->bInterfaceClass) {
	case LIBUSB_CLASS_AUDIO:
	case LIBUSB_CLASS_MASS_STORAGE:
	case LIBUSB_CLASS_PRINTER:
	case LIBUSB_CLASS_VIDEO:
	case LIBUSB_CLASS_HUB:
	case LIBUSB_CLASS_WIRELESS:
		return true;
	default:
		return false;
	}
}

static const struct libusb_interface_descriptor *
interface_at(const struct libusb_config_descriptor *config, int i)
{
	return config->interface[i].num_altsetting > 0 ? &config->interface[i].altsetting[0] : NULL;
}

static const struct libusb_endpoint_descriptor *find_in(const struct libusb_interface_descriptor *d,
							unsigned address, unsigned type)
{
	for (int k = 0; k < d->bNumEndpoints; k++) {
		const struct libusb_endpoint_descriptor *e = &d->endpoint[k];

		if (is_in(e) && type_of(e) == type && packet_bytes(e) &&
		    (!address || e->bEndpointAddress == address))
			return e;
	}
	return NULL;
}

/* OUT of the same interface; of the wanted address, or bulk before interrupt. */
static const struct libusb_endpoint_descriptor *
find_out(const struct libusb_interface_descriptor *d, unsigned address)
{
	const struct libusb_endpoint_descriptor *found = NULL;

	for (int k = 0; k < d->bNumEndpoints; k++) {
		const struct libusb_endpoint_descriptor *e = &d->endpoint[k];

		if (is_in(e) || (type_of(e) != LIBUSB_TRANSFER_TYPE_BULK &&
				 type_of(e) != LIBUSB_TRANSFER_TYPE_INTERRUPT))
			continue;
		if (address ? e->bEndpointAddress == address
			    : !found || (type_of(found) != LIBUSB_TRANSFER_TYPE_BULK &&
					 type_of(e) == LIBUSB_TRANSFER_TYPE_BULK))
			found = e;
	}
	return found;
}

static const struct libusb_interface_descriptor *
pick_in(const struct libusb_config_descriptor *config, const struct pl_usb_config *wish,
	unsigned type, const struct libusb_endpoint_descriptor **in)
{
	for (int i = 0; i < config->bNumInterfaces; i++) {
		const struct libusb_interface_descriptor *d = interface_at(config, i);

		if (!d ||
		    (wish->interface >= 0 ? d->bInterfaceNumber != wish->interface : !wish->in && something_else(d)))
			continue;
		*in = find_in(d, wish->in, type);
		if (*in)
			return d;
	}
	return NULL;
}

/* "interface 0: 0x81 bulk in, 0x02 bulk out; interface 1: ..." */
static void list(const struct libusb_config_descriptor *config, char *text, size_t cap)
{
	static const char *const types[] = {"control", "isochronous", "bulk", "interrupt"};
	size_t n = 0;

	text[0] = '\0';
	for (int i = 0; i < config->bNumInterfaces; i++) {
		const struct libusb_interface_descriptor *d = interface_at(config, i);

		for (int k = -1; d && k < d->bNumEndpoints && n < cap; k++)
			n += (size_t)(k < 0 ? snprintf(text + n, cap - n, "%sinterface %d:",
						       n ? "; " : "", d->bInterfaceNumber)
					    : snprintf(text + n, cap - n, "%s 0x%02X %s %s",
						       k ? "," : "",
						       d->endpoint[k].bEndpointAddress,
						       types[type_of(&d->endpoint[k])],
						       is_in(&d->endpoint[k]) ? "in" : "out"));
	}
}

int pl_usb_pick(const struct libusb_config_descriptor *config, const struct pl_usb_config *wish,
		const char *uri_name, struct pl_usb_ends *ends, struct pl_error *err)
{
	const struct libusb_endpoint_descriptor *in = NULL, *out;
	const struct libusb_interface_descriptor *d =
		pick_in(config, wish, LIBUSB_TRANSFER_TYPE_BULK, &in);
	char there[300];

	if (!d)
		d = pick_in(config, wish, LIBUSB_TRANSFER_TYPE_INTERRUPT, &in);
	out = d ? find_out(d, wish->out) : NULL;
	if (!d || (wish->out && !out)) {
		list(config, there, sizeof(there));
		return pl_error_set(err, PL_EUSAGE, 0,
				    "%s has no bulk or interrupt endpoint %s as asked for; there "
				    "are: %s",
				    uri_name, d ? "OUT" : "IN", there[0] ? there : "none");
	}
	*ends = (struct pl_usb_ends){
		.interface = d->bInterfaceNumber,
		.in = in->bEndpointAddress,
		.in_bulk = type_of(in) == LIBUSB_TRANSFER_TYPE_BULK,
		.in_packet = packet_bytes(in),
		.out = out ? out->bEndpointAddress : 0,
		.out_bulk = out && type_of(out) == LIBUSB_TRANSFER_TYPE_BULK,
		.hid = d->bInterfaceClass == LIBUSB_CLASS_HID,
	};
	return 0;
}
