/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which serial ports there are. Each is named by its link in /dev/serial/by-id where it has one:
 * ttyUSB numbers change with the order of plugging in, and a configuration should not. Adapters
 * without a serial number of their own share that link when there are two of them; then they are
 * named by where they are plugged in, and the shared name is refused: the left foot must not become
 * the right one because the other adapter came up first.
 */
#include <dirent.h>
#include <libserialport.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "drivers/transport/internal.h"

#define BY_ID "/dev/serial/by-id"
#define BY_PATH "/dev/serial/by-path"

/* The link in folder that leads to the device. */
static bool find_link(const char *folder, const char *device, char *name, size_t cap)
{
	DIR *dir = opendir(folder);
	struct dirent *entry;
	char real[PATH_MAX];
	bool found = false;

	while (dir && !found && (entry = readdir(dir))) {
		char link[64 + sizeof(entry->d_name)];

		snprintf(link, sizeof(link), "%s/%s", folder, entry->d_name);
		found = realpath(link, real) && !strcmp(real, device);
		if (found)
			snprintf(name, cap, "%s", link);
	}
	if (dir)
		closedir(dir);
	return found;
}

static bool same_text(const char *a, const char *b)
{
	return !strcmp(a ? a : "", b ? b : "");
}

/* Ports of two devices that say the same of themselves: ids, and serial number or none. */
static bool are_twins(const struct sp_port *a, const struct sp_port *b)
{
	int vid[2], pid[2], bus[2], address[2];

	if (sp_get_port_usb_vid_pid(a, &vid[0], &pid[0]) != SP_OK ||
	    sp_get_port_usb_vid_pid(b, &vid[1], &pid[1]) != SP_OK ||
	    sp_get_port_usb_bus_address(a, &bus[0], &address[0]) != SP_OK ||
	    sp_get_port_usb_bus_address(b, &bus[1], &address[1]) != SP_OK)
		return false;
	return vid[0] == vid[1] && pid[0] == pid[1] &&
	       (bus[0] != bus[1] || address[0] != address[1]) &&
	       same_text(sp_get_port_usb_serial(a), sp_get_port_usb_serial(b));
}

static bool has_twin(struct sp_port **ports, const struct sp_port *port)
{
	for (size_t i = 0; ports[i]; i++)
		if (ports[i] != port && are_twins(ports[i], port))
			return true;
	return false;
}

/* Twins would share one link of by-id, and which of them it leads to is a matter of luck. */
static void stable_name(struct sp_port **ports, const struct sp_port *port, char *name, size_t cap)
{
	const char *device = sp_get_port_name(port);

	if (!find_link(has_twin(ports, port) ? BY_PATH : BY_ID, device, name, cap))
		snprintf(name, cap, "%s", device);
}

static int refuse_twins(struct sp_port **ports, const struct sp_port *port, const char *name,
			struct pl_error *err)
{
	char which[340] = "", one[280];

	if (!has_twin(ports, port))
		return 0;
	for (size_t i = 0; ports[i]; i++) {
		size_t n = strlen(which);

		if (ports[i] != port && !are_twins(ports[i], port))
			continue;
		stable_name(ports, ports[i], one, sizeof(one));
		snprintf(which + n, sizeof(which) - n, "%sserial:%s", n ? ", " : "", one);
	}
	return pl_error_set(err, PL_EUSAGE, 0,
			    "cannot open %s: several adapters have this name; say which by where "
			    "it is plugged in: %s",
			    name, which);
}

int pl_port_refuse_twins(const char *name, const char *device, struct pl_error *err)
{
	struct sp_port **ports;
	int r = 0;

	if (strncmp(name, BY_ID "/", strlen(BY_ID "/")) || sp_list_ports(&ports) != SP_OK)
		return 0;
	for (size_t i = 0; ports[i]; i++)
		if (!strcmp(sp_get_port_name(ports[i]), device))
			r = refuse_twins(ports, ports[i], name, err);
	sp_free_port_list(ports);
	return r;
}

static void append(char *text, size_t cap, const char *separator, const char *part)
{
	size_t n = strlen(text);

	if (part && *part)
		snprintf(text + n, cap - n, "%s%s", n ? separator : "", part);
}

/* "FTDI FT232R USB UART serial A50285BI (/dev/ttyUSB0)" */
static void describe(const struct sp_port *port, char *text, size_t cap)
{
	char device[300];

	text[0] = '\0';
	if (sp_get_port_transport(port) == SP_TRANSPORT_USB) {
		append(text, cap, " ", sp_get_port_usb_manufacturer(port));
		append(text, cap, " ", sp_get_port_usb_product(port));
		append(text, cap, " serial ", sp_get_port_usb_serial(port));
	}
	if (!text[0])
		append(text, cap, " ", sp_get_port_description(port));
	snprintf(device, sizeof(device), "(%s)", sp_get_port_name(port));
	append(text, cap, " ", device);
}

void pl_transport_list_ports(void (*each)(void *user, const char *uri, const char *description,
					  bool accessible),
			     void *user)
{
	struct sp_port **ports;

	if (sp_list_ports(&ports) != SP_OK)
		return;
	for (size_t i = 0; ports[i]; i++) {
		char uri[PATH_MAX + 8] = "serial:", description[512];

		stable_name(ports, ports[i], uri + 7, sizeof(uri) - 7);
		describe(ports[i], description, sizeof(description));
		each(user, uri, description, !access(sp_get_port_name(ports[i]), R_OK | W_OK));
	}
	sp_free_port_list(ports);
}
