/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The usb group of a mat file: which interface and endpoints carry the frames, how commands get
 * out, and what a device has to be asked over endpoint 0 before it sends anything. All of it has
 * defaults that do for a device with one interface and one IN endpoint.
 */
#include "drivers/mat/mat_parts.h"

#define TRANSFERS 16
#define REQUEST_BYTES 1024
#define ROW_MAX 256
#define PACKET_MAX 4032 /* with its two bytes in front it fits into the smallest read */

static const char *const write_names[] = {"auto", "endpoint", "report", "setup", NULL};

static void read_endpoint(struct pl_conf *c, const config_setting_t *group, const char *name,
			  unsigned direction, unsigned *address)
{
	*address = (unsigned)pl_conf_int(c, group, name, 0, 0, 0xff);
	if (*address && ((*address & 0x80) != direction || !(*address & 0x0f) || *address & 0x70))
		pl_conf_fail_at(c, group, name, "valid: 0x%02X to 0x%02X", direction | 1,
				direction | 15);
}

/* 5, or [0, 7] for a row of requests. */
static void read_span(struct pl_conf *c, const config_setting_t *group, const char *name,
		      uint16_t span[2])
{
	const config_setting_t *s = config_setting_get_member(group, name);
	double ends[2] = {0, 0};

	if (s && (config_setting_is_array(s) || config_setting_is_list(s)))
		pl_conf_numbers(c, group, name, ends, 2, 2);
	else
		ends[0] = ends[1] = (double)pl_conf_int(c, group, name, 0, 0, 0xffff);
	if (!(ends[0] >= 0 && ends[0] <= ends[1] && ends[1] <= 0xffff &&
	      ends[1] - ends[0] < ROW_MAX)) {
		pl_conf_fail_at(c, group, name, "valid: 0 to 65535, or [first, last] of at most %d",
				ROW_MAX);
		return;
	}
	span[0] = (uint16_t)ends[0];
	span[1] = (uint16_t)ends[1];
}

static void read_request(struct pl_conf *c, const config_setting_t *group, struct pl_usb_request *r)
{
	static const char *const keys[] = {"type",   "request", "value",    "index",
					   "length", "data",	"optional", NULL};
	bool in;

	if (!config_setting_is_group(group)) {
		pl_conf_fail(c, group, "valid: ({ type; request; ... }, ...)");
		return;
	}
	pl_conf_only(c, group, keys);
	pl_conf_require(c, group, "type");
	pl_conf_require(c, group, "request");
	r->type = (uint8_t)pl_conf_int(c, group, "type", 0, 0, 0xff);
	r->request = (uint8_t)pl_conf_int(c, group, "request", 0, 0, 0xff);
	r->optional = pl_conf_bool(c, group, "optional", false);
	read_span(c, group, "value", r->value);
	read_span(c, group, "index", r->index);
	if ((r->value[1] - r->value[0] + 1) * (r->index[1] - r->index[0] + 1) > ROW_MAX)
		pl_conf_fail(c, group, "is more than %d requests", ROW_MAX);
	in = r->type & 0x80;
	if (in && config_setting_get_member(group, "data"))
		pl_conf_fail_at(c, group, "data", "only for requests to the device (type < 0x80)");
	if (!in && config_setting_get_member(group, "length"))
		pl_conf_fail_at(c, group, "length",
				"only for requests from the device (type >= 0x80)");
	r->length = in ? (uint16_t)pl_conf_int(c, group, "length", 0, 0, REQUEST_BYTES)
		       : (uint16_t)pl_conf_bytes(c, group, "data", r->data, sizeof(r->data));
}

static unsigned read_requests(struct pl_conf *c, const config_setting_t *group, const char *name,
			      struct pl_usb_request *out, unsigned cap)
{
	const config_setting_t *list = group ? config_setting_get_member(group, name) : NULL;
	int n = list ? config_setting_length(list) : 0;

	if (!list)
		return 0;
	if (!config_setting_is_list(list) || n > (int)cap) {
		pl_conf_fail(c, list, "valid: ({ type; request; ... }, ...), at most %u", cap);
		return 0;
	}
	for (int i = 0; i < n; i++)
		read_request(c, config_setting_get_elem(list, (unsigned)i), &out[i]);
	return (unsigned)n;
}

void pl_mat_read_usb(struct pl_conf *c, const config_setting_t *root, struct pl_usb_config *usb)
{
	static const char *const keys[] = {"interface", "in",	   "out",   "transfer_bytes",
					   "transfers", "packets", "write", "report_ids",
					   "start",	"stop",	   NULL};
	const config_setting_t *group = pl_conf_group(c, root, "usb", false);

	pl_conf_only(c, group, keys);
	usb->interface = (int)pl_conf_int(c, group, "interface", -1, 0, 255);
	read_endpoint(c, group, "in", 0x80, &usb->in);
	read_endpoint(c, group, "out", 0, &usb->out);
	usb->transfer_bytes = (unsigned)pl_conf_int(c, group, "transfer_bytes", 0, 8, 16384);
	usb->transfers = (unsigned)pl_conf_int(c, group, "transfers", TRANSFERS, 8, 16);
	usb->packets = pl_conf_bool(c, group, "packets", usb->packets);
	usb->write = (enum pl_usb_write)pl_conf_choice(c, group, "write", write_names, 0);
	usb->report_ids = pl_conf_bool(c, group, "report_ids", false);
	usb->n_start = read_requests(c, group, "start", usb->start, PL_USB_START_MAX);
	usb->n_stop = read_requests(c, group, "stop", usb->stop, PL_USB_STOP_MAX);
	if (usb->packets && usb->transfer_bytes > PACKET_MAX)
		pl_conf_fail_at(c, group, "transfer_bytes", "valid with packets: 8 to %d",
				PACKET_MAX);
	if (usb->write == PL_USB_WRITE_SETUP && !usb->packets)
		pl_conf_fail_at(c, group, "write",
				"\"setup\" needs packets = true, or answers could not be told "
				"from frames");
}
