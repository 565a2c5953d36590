/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which serial ports there are. Each is named by its link in /dev/serial/by-id where it has one:
 * ttyUSB numbers change with the order of plugging in, and a configuration should not.
 */
#include <dirent.h>
#include <libserialport.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "drivers/transport/transport.h"

#define BY_ID "/dev/serial/by-id"

/* The link that leads to the device, or the device itself. */
static void stable_name(const char *device, char *name, size_t cap)
{
	DIR *dir = opendir(BY_ID);
	struct dirent *entry;
	char real[PATH_MAX];

	snprintf(name, cap, "%s", device);
	while (dir && (entry = readdir(dir))) {
		char link[sizeof(BY_ID) + 1 + sizeof(entry->d_name)];

		snprintf(link, sizeof(link), "%s/%s", BY_ID, entry->d_name);
		if (realpath(link, real) && !strcmp(real, device)) {
			snprintf(name, cap, "%s", link);
			break;
		}
	}
	if (dir)
		closedir(dir);
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
		const char *device = sp_get_port_name(ports[i]);

		stable_name(device, uri + 7, sizeof(uri) - 7);
		describe(ports[i], description, sizeof(description));
		each(user, uri, description, !access(device, R_OK | W_OK));
	}
	sp_free_port_list(ports);
}
