/* SPDX-License-Identifier: Apache-2.0 */
/* usb: in a build without libusb: known by name, so that the message can say what is missing. */
#include "drivers/transport/usb.h"

static int usb_check(const struct pl_uri *uri, const struct pl_mat *mat, struct pl_error *err)
{
	(void)uri;
	(void)mat;
	return pl_error_set(err, PL_EUSAGE, 0,
			    "usb: was left out when this was built; it needs libusb-1.0");
}

static struct pl_transport *usb_open(const struct pl_uri *uri, const struct pl_mat *mat,
				     const struct pl_log *log, struct pl_error *err)
{
	(void)log;
	usb_check(uri, mat, err);
	return NULL;
}

const struct pl_transport_ops pl_usb_ops = {
	.scheme = "usb",
	.example = "usb: (not in this build)",
	.keys = pl_usb_keys,
	.check = usb_check,
	.open = usb_open,
	.present = pl_usb_present,
};
