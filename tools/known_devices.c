/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The table, and how a port's ids are found: the first folder above a tty's device that has an
 * idVendor is the USB device.
 */
#include "tools/known_devices.h"

#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The first line that fits is taken, so a product name comes before the board that it is. */
static const struct pl_known_device devices[] = {
	{0x2341, 0x8037, "StepManiaX", "a StepManiaX stage: mat stepmaniax-6x6", NULL},
	{0x59E3, 0x74C7, NULL, "a TakkTile array: mat takktile-8x5", NULL},
	{0x06C2, 0x003B, NULL, "a PhidgetBridge 1046: BTrackS plates and others, mat btracks-2x2",
	 NULL},
	{0x08F7, 0x0010, NULL,
	 "a Vernier Go Direct sensor, perhaps a force plate: mat vernier-force-plate", NULL},
	{0x057E, 0x0306, NULL, "a Wii remote or balance board", NULL},
	{0x1A86, 0, NULL, "a WCH adapter, as in jq-64x64 and many boards: try plantar probe", NULL},
	{0x10C4, 0, NULL, "a Silicon Labs adapter, in many boards: try plantar probe", NULL},
	{0x0403, 0, NULL, "an FTDI adapter, in many devices: try plantar probe", NULL},
	{0x067B, 0, NULL, "a Prolific adapter, in many devices: try plantar probe", NULL},
	{0x2341, 0, NULL, "an Arduino: try plantar probe", NULL},
	{0x2A03, 0, NULL, "an Arduino: try plantar probe", NULL},
	{0x16C0, 0x0483, NULL, "a Teensy: try plantar probe", NULL},
	{0x303A, 0, NULL, "an ESP32: try plantar probe", NULL},
	{0x2E8A, 0, NULL,
	 "a Raspberry Pi microcontroller, as in pressure-mat-56x28: try plantar probe", NULL},
};

const struct pl_known_device *pl_known_device(unsigned vid, unsigned pid, const char *product)
{
	for (size_t i = 0; i < sizeof(devices) / sizeof(devices[0]); i++) {
		const struct pl_known_device *d = &devices[i];

		if (d->vid == vid && (!d->pid || d->pid == pid) &&
		    (!d->product || (product && !strcmp(product, d->product))))
			return d;
	}
	return NULL;
}

/* The one line of a file of sysfs. */
static bool read_line(const char *folder, const char *name, char *text, size_t cap)
{
	char path[PATH_MAX + 32];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	f = fopen(path, "r");
	if (!f)
		return false;
	if (!fgets(text, (int)cap, f))
		text[0] = '\0';
	fclose(f);
	text[strcspn(text, "\n")] = '\0';
	return true;
}

static const struct pl_known_device *of_tty(const char *name, const char *sysfs)
{
	char link[PATH_MAX + 64], folder[PATH_MAX], vid[16], pid[16] = "", product[128] = "",
							     *slash;

	snprintf(link, sizeof(link), "%s/class/tty/%s/device", sysfs, name);
	if (!realpath(link, folder))
		return NULL;
	while (!read_line(folder, "idVendor", vid, sizeof(vid))) {
		slash = strrchr(folder, '/');
		if (!slash || slash == folder)
			return NULL;
		*slash = '\0';
	}
	read_line(folder, "idProduct", pid, sizeof(pid));
	read_line(folder, "product", product, sizeof(product));
	return pl_known_device((unsigned)strtoul(vid, NULL, 16), (unsigned)strtoul(pid, NULL, 16),
			       product);
}

const struct pl_known_device *pl_known_source(const char *uri, const char *sysfs)
{
	char device[PATH_MAX], path[PATH_MAX];
	unsigned vid, pid;

	if (sscanf(uri, "usb:%4x:%4x", &vid, &pid) == 2)
		return pl_known_device(vid, pid, NULL);
	if (strncmp(uri, "serial:", 7))
		return NULL;
	snprintf(path, sizeof(path), "%.*s", (int)strcspn(uri + 7, "?"), uri + 7);
	if (!realpath(path, device))
		snprintf(device, sizeof(device), "%s", path);
	return of_tty(strrchr(device, '/') ? strrchr(device, '/') + 1 : device, sysfs);
}
