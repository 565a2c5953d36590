/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The table, and how a port's ids are found: the first folder above a tty's device that has an
 * idVendor is the USB device.
 */
#include "tools/known_devices.h"

#include <dirent.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The first line that fits is taken, so a product name comes before the board that it is. A mat is
 * named only where nothing else has these ids; where much else has, that is said. */
static const struct pl_known_device devices[] = {
	{0x2341, 0x8037, "StepManiaX", "a StepManiaX stage: mat stepmaniax-6x6", "stepmaniax-6x6"},
	{0x59E3, 0x74C7, NULL, "a TakkTile array: mat takktile-8x5", "takktile-8x5"},
	{0x06C2, 0x003B, NULL,
	 "a PhidgetBridge 1046, perhaps a BTrackS plate (mat btracks-2x2), perhaps any load cells",
	 NULL},
	{0x08F7, 0x0010, NULL,
	 "a Vernier Go Direct sensor, perhaps a force plate (mat vernier-force-plate)", NULL},
	{0x057E, 0x0306, NULL,
	 "a Wii remote, perhaps with a balance board, which plantard does not read", NULL},
	{0x1A86, 0x7523, NULL, "a CH340 adapter, as in jq-64x64 and many boards: try plantar probe",
	 NULL},
	{0x1A86, 0, NULL, "a WCH adapter, in many boards: try plantar probe", NULL},
	{0x10C4, 0, NULL,
	 "a Silicon Labs adapter, as in fisica-29x22 and many boards: try plantar probe", NULL},
	{0x0403, 0, NULL, "an FTDI adapter, in many devices: try plantar probe", NULL},
	{0x067B, 0, NULL, "a Prolific adapter, in many devices: try plantar probe", NULL},
	{0x0483, 0, NULL, "an STM32 or another ST device, in many boards: try plantar probe", NULL},
	{0x2341, 0, NULL, "an Arduino: try plantar probe", NULL},
	{0x2A03, 0, NULL, "an Arduino: try plantar probe", NULL},
	{0x16C0, 0x0483, NULL, "a Teensy: try plantar probe", NULL},
	{0x303A, 0, NULL, "an ESP32: try plantar probe", NULL},
	{0x2E8A, 0, NULL,
	 "a Raspberry Pi microcontroller, as in pressure-mat-56x28: try plantar probe", NULL},
	{0x239A, 0, NULL, "an Adafruit board: try plantar probe", NULL},
	{0x1B4F, 0, NULL, "a SparkFun board: try plantar probe", NULL},
};

const struct pl_known_device *pl_known_devices(size_t *n)
{
	*n = sizeof(devices) / sizeof(devices[0]);
	return devices;
}

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

/* What is known of the device whose folder this is. */
static const struct pl_known_device *of_folder(const char *folder)
{
	char vid[16] = "", pid[16] = "", product[128] = "";

	read_line(folder, "idVendor", vid, sizeof(vid));
	read_line(folder, "idProduct", pid, sizeof(pid));
	read_line(folder, "product", product, sizeof(product));
	return pl_known_device((unsigned)strtoul(vid, NULL, 16), (unsigned)strtoul(pid, NULL, 16),
			       product);
}

static const struct pl_known_device *of_tty(const char *name, const char *sysfs)
{
	char link[PATH_MAX + 64], folder[PATH_MAX], vid[16], *slash;

	snprintf(link, sizeof(link), "%s/class/tty/%s/device", sysfs, name);
	if (!realpath(link, folder))
		return NULL;
	while (!read_line(folder, "idVendor", vid, sizeof(vid))) {
		slash = strrchr(folder, '/');
		if (!slash || slash == folder)
			return NULL;
		*slash = '\0';
	}
	return of_folder(folder);
}

/*
 * By its ids alone as far as they go; by product name where the devices with these ids that are
 * plugged in agree on what they are.
 */
static const struct pl_known_device *of_ids(unsigned vid, unsigned pid, const char *sysfs)
{
	const struct pl_known_device *known = NULL, *by_ids = pl_known_device(vid, pid, NULL);
	char folder[PATH_MAX], path[2 * PATH_MAX], text[16];
	struct dirent *entry;
	bool differ = false;
	DIR *all;

	snprintf(folder, sizeof(folder), "%s/bus/usb/devices", sysfs);
	all = opendir(folder);
	while (all && (entry = readdir(all))) {
		const struct pl_known_device *one;

		snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name);
		if (!read_line(path, "idVendor", text, sizeof(text)) ||
		    strtoul(text, NULL, 16) != vid ||
		    !read_line(path, "idProduct", text, sizeof(text)) ||
		    strtoul(text, NULL, 16) != pid)
			continue;
		one = of_folder(path);
		differ |= known && one != known;
		known = one;
	}
	if (all)
		closedir(all);
	return known && !differ ? known : by_ids;
}

const struct pl_known_device *pl_known_source(const char *uri, const char *sysfs)
{
	char device[PATH_MAX], path[PATH_MAX];
	unsigned vid, pid;

	if (sscanf(uri, "usb:%4x:%4x", &vid, &pid) == 2)
		return of_ids(vid, pid, sysfs);
	if (strncmp(uri, "usb:", 4) == 0 && !strchr(uri, '/')) { /* usb:1-2.3 */
		snprintf(path, sizeof(path), "%s/bus/usb/devices/%.*s", sysfs,
			 (int)strcspn(uri + 4, "?"), uri + 4);
		return of_folder(path);
	}
	if (strncmp(uri, "serial:", 7))
		return NULL;
	snprintf(path, sizeof(path), "%.*s", (int)strcspn(uri + 7, "?"), uri + 7);
	if (!realpath(path, device))
		snprintf(device, sizeof(device), "%s", path);
	return of_tty(strrchr(device, '/') ? strrchr(device, '/') + 1 : device, sysfs);
}
