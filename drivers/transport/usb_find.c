/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which device "usb:59e3:74c7" means. The kernel lists what is plugged in below
 * /sys/bus/usb/devices, with serial number and port path, readable by everybody: so a mat can be
 * told from its twin, and an error can say what is there, before anything is opened. libusb would
 * have to open each device to read its serial number.
 *
 * A mat is the same mat by its serial number; without one, or with one that its twin has as well,
 * by the port it is plugged into. Two that fit are an error: a measurement of the wrong foot must
 * not depend on which came up first.
 */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "drivers/transport/usb.h"

#define SYSFS "/sys/bus/usb/devices"
#define CLASS_HUB 9
#define DEVICES_MAX 1024

const struct pl_uri_key pl_usb_keys[] = {
	{.name = "serial", .max = PL_USB_TEXT - 2, .text = true},
	{.name = "interface", .min = 0, .max = 255, .whole = true},
	{.name = "in", .min = 0x81, .max = 0x8f, .whole = true},
	{.name = "out", .min = 0x01, .max = 0x0f, .whole = true},
	{.name = "packets", .min = 0, .max = 1, .whole = true},
	{.name = "transfers", .min = 8, .max = 16, .whole = true},
	{.name = "transfer_bytes", .min = 8, .max = 16384, .whole = true},
	{.name = NULL},
};

/* ---- what a URI asks for ---- */

static bool parse_id(const char *s, unsigned *vid, unsigned *pid)
{
	unsigned long value[2] = {0, 0};

	for (int k = 0; k < 2; k++) {
		int digits = 0;

		for (; isxdigit((unsigned char)*s) && digits < 5; s++, digits++)
			value[k] = value[k] << 4 |
				   (unsigned)(*s <= '9' ? *s - '0' : (*s | 32) - 'a' + 10);
		if (digits != 4 || *s != (k ? '\0' : ':'))
			return false;
		s++;
	}
	*vid = (unsigned)value[0];
	*pid = (unsigned)value[1];
	return true;
}

/* 1-2.3: bus, port of the root hub, ports of hubs behind it. */
static bool is_port_path(const char *s)
{
	size_t n = strspn(s, "0123456789.-"), bus = strspn(s, "0123456789");

	return bus && s[bus] == '-' && !s[n] && !strchr(s + bus + 1, '-') &&
	       isdigit((unsigned char)s[bus + 1]) && s[n - 1] != '.' && !strstr(s, "..") &&
	       n < sizeof(((struct pl_usb_target *)0)->path);
}

int pl_usb_target(const struct pl_uri *uri, struct pl_usb_target *target, struct pl_error *err)
{
	*target = (struct pl_usb_target){.path = ""};
	if (is_port_path(uri->path))
		strcpy(target->path, uri->path);
	else if (!parse_id(uri->path, &target->vid, &target->pid))
		return pl_error_set(err, PL_EUSAGE, 0,
				    "usb:%.60s names no device; valid are usb:VVVV:PPPP (vendor "
				    "and product, four hexadecimal digits each) and usb:1-2.3 "
				    "(bus and ports); \"plantar list\" shows those that are there",
				    uri->path);
	pl_uri_text(uri, "serial", target->serial, sizeof(target->serial));
	return 0;
}

/* ---- what is there ---- */

/* One attribute without its newline; control characters become '?', so it can be printed. */
static bool read_attribute(const char *device, const char *name, char *text, size_t cap)
{
	char path[sizeof(SYSFS) + 300];
	ssize_t n;
	int fd;

	text[0] = '\0';
	snprintf(path, sizeof(path), SYSFS "/%.200s/%s", device, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	n = read(fd, text, cap - 1);
	close(fd);
	while (n > 0 && text[n - 1] == '\n')
		n--;
	text[n > 0 ? n : 0] = '\0';
	for (char *at = text; *at; at++)
		if ((unsigned char)*at < 0x20 || *at == 0x7f)
			*at = '?';
	return n > 0;
}

static bool read_number(const char *device, const char *name, int base, unsigned *value)
{
	char text[32];

	if (!read_attribute(device, name, text, sizeof(text)))
		return false;
	*value = (unsigned)strtoul(text, NULL, base);
	return true;
}

static bool read_device(const char *name, struct pl_usb_device *d)
{
	unsigned class = 0, bus = 0, number = 0;

	*d = (struct pl_usb_device){.vid = 0};
	if (strlen(name) >= sizeof(d->path) || !is_port_path(name) ||
	    !read_number(name, "idVendor", 16, &d->vid) ||
	    !read_number(name, "idProduct", 16, &d->pid) ||
	    !read_number(name, "busnum", 10, &bus) || !read_number(name, "devnum", 10, &number))
		return false;
	read_number(name, "bDeviceClass", 16, &class);
	d->hub = class == CLASS_HUB;
	strcpy(d->path, name);
	snprintf(d->node, sizeof(d->node), "/dev/bus/usb/%03u/%03u", bus, number);
	read_attribute(name, "serial", d->serial, sizeof(d->serial));
	read_attribute(name, "manufacturer", d->manufacturer, sizeof(d->manufacturer));
	read_attribute(name, "product", d->product, sizeof(d->product));
	return true;
}

static int by_path(const void *a, const void *b)
{
	const struct pl_usb_device *x = a, *y = b;

	return x->hub != y->hub ? x->hub - y->hub : strverscmp(x->path, y->path);
}

size_t pl_usb_devices(struct pl_usb_device **devices)
{
	DIR *folder = opendir(SYSFS);
	struct pl_usb_device one, *all = NULL;
	struct dirent *entry;
	size_t n = 0;

	while (folder && n < DEVICES_MAX && (entry = readdir(folder))) {
		struct pl_usb_device *more;

		if (!read_device(entry->d_name, &one))
			continue;
		more = realloc(all, (n + 1) * sizeof(*all));
		if (!more)
			break;
		all = more;
		all[n++] = one;
	}
	if (folder)
		closedir(folder);
	if (n)
		qsort(all, n, sizeof(*all), by_path);
	*devices = all;
	return n;
}

static bool fits(const struct pl_usb_target *t, const struct pl_usb_device *d)
{
	if (t->path[0] ? strcmp(t->path, d->path) : t->vid != d->vid || t->pid != d->pid)
		return false;
	return !t->serial[0] || !strcmp(t->serial, d->serial);
}

/* ---- names ---- */

static bool equal_ids(const struct pl_usb_device *a, const struct pl_usb_device *b)
{
	return a->vid == b->vid && a->pid == b->pid;
}

void pl_usb_name(const struct pl_usb_device *devices, size_t n, size_t i, char *uri, size_t cap)
{
	const struct pl_usb_device *d = &devices[i];
	bool twin = false, same_serial = false;
	size_t used;

	for (size_t k = 0; k < n; k++) {
		if (k == i || !equal_ids(&devices[k], d))
			continue;
		twin = true;
		same_serial |= !strcmp(devices[k].serial, d->serial);
	}
	if (twin && (same_serial || !d->serial[0])) {
		snprintf(uri, cap, "usb:%s", d->path);
		return;
	}
	used = (size_t)snprintf(uri, cap, "usb:%04x:%04x%s", d->vid, d->pid,
				d->serial[0] ? "?serial=" : "");
	for (const char *at = d->serial; *at && used + 4 < cap; at++)
		used += (size_t)snprintf(
			uri + used, cap - used,
			isalnum((unsigned char)*at) || strchr("-_.:/+", *at) ? "%c" : "%%%02X",
			(unsigned char)*at);
}

static void append(char *text, size_t cap, const char *before, const char *part)
{
	size_t n = strlen(text);

	if (*part)
		snprintf(text + n, cap - n, "%s%s", n ? before : "", part);
}

void pl_usb_describe(const struct pl_usb_device *d, char *text, size_t cap)
{
	text[0] = '\0';
	append(text, cap, " ", d->manufacturer);
	append(text, cap, " ", d->product);
	append(text, cap, " serial ", d->serial);
	if (!text[0])
		snprintf(text, cap, "%04x:%04x", d->vid, d->pid);
}

/* "usb:1-1 (Maker mat), ..." of those that fit a target, or of all but hubs. */
static void list(const struct pl_usb_device *devices, size_t n, const struct pl_usb_target *target,
		 char *text, size_t cap)
{
	text[0] = '\0';
	for (size_t i = 0; i < n; i++) {
		char uri[2 * PL_USB_TEXT], what[64], one[sizeof(uri) + sizeof(what) + 4];

		if (target ? !fits(target, &devices[i]) : devices[i].hub)
			continue;
		pl_usb_name(devices, n, i, uri, sizeof(uri));
		pl_usb_describe(&devices[i], what, sizeof(what));
		snprintf(one, sizeof(one), "%s (%s)", uri, what);
		if (strlen(text) + strlen(one) + 8 > cap) {
			append(text, cap, ", ", "...");
			break;
		}
		append(text, cap, ", ", one);
	}
}

static void wanted(const struct pl_usb_target *t, char *text, size_t cap)
{
	if (t->path[0])
		snprintf(text, cap, "at %s", t->path);
	else
		snprintf(text, cap, "%04x:%04x", t->vid, t->pid);
	if (t->serial[0])
		append(text, cap, " with serial ", t->serial);
}

int pl_usb_find(const struct pl_usb_target *target, struct pl_usb_device *device,
		struct pl_error *err)
{
	struct pl_usb_device *devices;
	size_t n = pl_usb_devices(&devices), found = 0;
	char what[200], there[280];
	int r = 0;

	for (size_t i = 0; i < n; i++)
		if (fits(target, &devices[i]) && !found++)
			*device = devices[i];
	if (found != 1) {
		wanted(target, what, sizeof(what));
		list(devices, n, found ? target : NULL, there, sizeof(there));
	}
	if (!found)
		r = pl_error_set(err, PL_ENOENT, ENODEV,
				 "no USB device %s; is the mat plugged in? there %s%s", what,
				 there[0] ? "are: " : "is none", there);
	else if (found > 1)
		r = pl_error_set(err, PL_EUSAGE, 0, "%zu USB devices are %s; say which: %s", found,
				 what, there);
	free(devices);
	return r;
}

/* Is there an entry in folder whose name begins so? */
static bool entry_begins(const char *folder, const char *prefix)
{
	DIR *d = opendir(folder);
	struct dirent *entry;
	bool found = false;

	while (d && !found && (entry = readdir(d)))
		found = !strncmp(entry->d_name, prefix, strlen(prefix));
	if (d)
		closedir(d);
	return found;
}

/* Has one of its interfaces a serial port? /sys/bus/usb/devices/1-1:1.0/{ttyUSB0,tty/ttyACM0} */
static bool has_tty(const struct pl_usb_device *d)
{
	DIR *folder = opendir(SYSFS);
	size_t n = strlen(d->path);
	struct dirent *entry;
	bool found = false;

	while (folder && !found && (entry = readdir(folder))) {
		char path[sizeof(SYSFS) + 300];

		if (strncmp(entry->d_name, d->path, n) || entry->d_name[n] != ':')
			continue;
		snprintf(path, sizeof(path), SYSFS "/%.255s", entry->d_name);
		found = entry_begins(path, "tty");
	}
	if (folder)
		closedir(folder);
	return found;
}

void pl_transport_list_usb(void (*each)(void *user, const char *uri, const char *description,
					bool accessible),
			   void *user)
{
	struct pl_usb_device *devices;
	size_t n = pl_usb_devices(&devices);

	for (size_t i = 0; i < n; i++) {
		char uri[4 * PL_USB_TEXT], what[4 * PL_USB_TEXT];

		if (devices[i].hub || has_tty(&devices[i]))
			continue;
		pl_usb_name(devices, n, i, uri, sizeof(uri));
		pl_usb_describe(&devices[i], what, sizeof(what));
		each(user, uri, what, !access(devices[i].node, R_OK | W_OK));
	}
	free(devices);
}

bool pl_usb_present(const struct pl_uri *uri)
{
	struct pl_usb_target target;
	struct pl_usb_device *devices;
	bool there = false;
	size_t n;

	if (pl_usb_target(uri, &target, NULL))
		return false;
	n = pl_usb_devices(&devices);
	for (size_t i = 0; i < n && !there; i++)
		there = fits(&target, &devices[i]);
	free(devices);
	return there;
}
