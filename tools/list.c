/* SPDX-License-Identifier: Apache-2.0 */
/*
 * plantar list: what could be read here (serial ports, USB devices, mats that are described) and
 * what is being read (the mats of a running daemon). The first command of somebody with a new mat
 * on the desk, so it must work without a daemon.
 */
#include <stdio.h>
#include <string.h>

#include "drivers/mat/mat.h"
#include "drivers/transport/transport.h"
#include "tools/client.h"
#include "tools/figures.h"
#include "tools/known_devices.h"

#define ANSWER_MS 1500

static void add_port(void *user, const char *uri, const char *description, bool accessible)
{
	const struct pl_known_device *known = pl_known_source(uri, "/sys");
	char text[700];

	snprintf(text, sizeof(text), "%s%s%s", description ? description : "", known ? ": " : "",
		 known ? known->what : "");
	json_array_append_new(user, json_pack("{s:s, s:s, s:b, s:s?}", "source", uri, "description",
					      text, "accessible", accessible, "mat",
					      known ? known->mat : NULL));
}

static void add_mat(void *user, const char *name, const char *path)
{
	struct pl_error err = {.code = PL_OK};
	struct pl_mat mat = {0};
	json_t *entry = json_pack("{s:s, s:s}", "mat", name, "path", path);

	if (pl_mat_load(&mat, path, NULL, &err) == 0) {
		json_object_set_new(entry, "title", json_string(mat.title));
		json_object_set_new(entry, "rows", json_integer(mat.geometry.rows));
		json_object_set_new(entry, "cols", json_integer(mat.geometry.cols));
		json_object_set_new(entry, "rate_hz", json_real(mat.rate_hz));
		json_object_set_new(entry, "protocol", json_string(mat.decoder.protocol));
		pl_mat_free(&mat);
	} else {
		json_object_set_new(entry, "error", json_string(err.message));
	}
	json_array_append_new(user, entry);
}

static json_t *running_mats(const char *endpoint, struct pl_error *err)
{
	struct pl_client *client = pl_client_open(endpoint, err);
	json_t *reply = NULL, *mats = NULL;

	if (client)
		reply = pl_client_ask(client, pl_request("status", NULL), ANSWER_MS, err);
	if (reply)
		mats = json_incref(json_object_get(json_object_get(reply, "status"), "mats"));
	json_decref(reply);
	pl_client_close(client);
	return mats;
}

static void print_ports(const json_t *ports)
{
	const json_t *port;
	size_t i;

	puts("Serial ports");
	json_array_foreach(ports, i, port)
		printf("  %-40s %s%s\n", pl_figure_text(port, "source", "-"),
		       pl_figure_text(port, "description", ""),
		       json_is_true(json_object_get(port, "accessible"))
			       ? ""
			       : "  (no permission: add the user to group dialout)");
	if (json_array_size(ports) == 0)
		puts("  none: is the mat plugged in, and does 'dmesg' see it?");
}

static void print_usb(const json_t *devices)
{
	const json_t *device;
	size_t i;

	if (json_array_size(devices) == 0)
		return;
	puts("\nOther USB devices");
	json_array_foreach(devices, i, device)
		printf("  %-40s %s%s\n", pl_figure_text(device, "source", "-"),
		       pl_figure_text(device, "description", ""),
		       json_is_true(json_object_get(device, "accessible"))
			       ? ""
			       : "  (no permission: see 60-plantard.rules)");
}

static void print_known(const json_t *mats)
{
	const json_t *mat;
	char rows[32], cols[32];
	size_t i;

	puts("\nMats that are described");
	json_array_foreach(mats, i, mat)
	{
		const char *error = pl_figure_text(mat, "error", NULL);

		if (error)
			printf("  %-22s %s\n", pl_figure_text(mat, "mat", "-"), error);
		else
			printf("  %-22s %4sx%-4s %s\n", pl_figure_text(mat, "mat", "-"),
			       pl_figure(json_object_get(mat, "rows"), rows),
			       pl_figure(json_object_get(mat, "cols"), cols),
			       pl_figure_text(mat, "title", ""));
	}
}

static void print_running(const json_t *mats)
{
	const json_t *mat;
	size_t i;

	puts("\nMats of the running daemon");
	if (!mats) {
		puts("  no plantard is running here");
		return;
	}
	json_array_foreach(mats, i, mat)
		printf("  %-12s %-8s %s (%s)\n", pl_figure_text(mat, "mat", "-"),
		       pl_figure_text(mat, "state", "-"), pl_figure_text(mat, "source", "-"),
		       pl_figure_text(mat, "mat_file", "-"));
}

static int run(const struct pl_subcommand *self, int argc, char **argv)
{
	struct pl_error err = {.code = PL_OK};
	json_t *ports, *usb, *known, *running;
	const char *endpoint = NULL;
	struct pl_args args;
	bool json = false;
	int key;

	pl_args_begin(&args, self, argc, argv);
	while ((key = pl_args_next(&args)) > 0) {
		if (key == 'j')
			json = true;
		else if (key == PL_OPT_CONTROL)
			endpoint = args.value;
	}
	pl_args_operands(&args, 0, 0, "");
	if (args.done)
		return args.exit_code;
	ports = json_array();
	usb = json_array();
	known = json_array();
	pl_transport_list_ports(add_port, ports);
	pl_transport_list_usb(add_port, usb);
	pl_mat_list(add_mat, known);
	running = running_mats(endpoint, &err);
	if (!running && endpoint) { /* asked for by name: its absence is an answer worth an error */
		json_decref(ports);
		json_decref(usb);
		json_decref(known);
		return pl_report(self, &err);
	}
	if (json) {
		json_t *all =
			json_pack("{s:O, s:O, s:O, s:o}", "ports", ports, "usb", usb, "mats", known,
				  "running", running ? json_incref(running) : json_null());

		json_dumpf(all, stdout, JSON_INDENT(2));
		putchar('\n');
		json_decref(all);
	} else {
		print_ports(ports);
		print_usb(usb);
		print_known(known);
		print_running(running);
	}
	json_decref(ports);
	json_decref(usb);
	json_decref(known);
	json_decref(running);
	return PL_EXIT_OK;
}

static const struct pl_option options[] = {
	{'j', "json", NULL, "print one JSON document: ports, usb, mats, running"},
	PL_OPTION_CONTROL,
	{0},
};

const struct pl_subcommand pl_cmd_list = {
	.name = "list",
	.summary = "list serial ports, USB devices, described mats and mats being read",
	.synopsis = "[--json] [--control ENDPOINT]",
	.about = "Works without a daemon. A port's source goes into plantard.conf as it is; a "
		 "mat's\n"
		 "name too. 'man plantar-mat' says how to describe a mat that is not listed.",
	.options = options,
	.run = run,
};
