/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What USB ids and product names say about the mat behind a port. Few say anything: most mats sit
 * behind an adapter or a board that is in a thousand other devices.
 */
#ifndef TOOLS_KNOWN_DEVICES_H
#define TOOLS_KNOWN_DEVICES_H

#include <stddef.h>

struct pl_known_device {
	unsigned vid, pid;   /* pid 0: any */
	const char *product; /* exactly; NULL: any */
	const char *what;    /* for people */
	const char *mat;     /* the mat file that fits, when nothing else has these ids; or NULL */
};

/* NULL: nothing is known of it. product may be NULL or "". */
const struct pl_known_device *pl_known_device(unsigned vid, unsigned pid, const char *product);

/* All of the table, for its tests. */
const struct pl_known_device *pl_known_devices(size_t *n);

/*
 * The same for a source as `plantar list` names it: serial:/dev/... by what sysfs (usually "/sys")
 * says of the device behind it, usb:VID:PID and usb:1-2.3 too, without it by the ids alone.
 */
const struct pl_known_device *pl_known_source(const char *uri, const char *sysfs);

#endif
