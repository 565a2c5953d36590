/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A mat as a file of config/mats/ describes it: geometry, protocol, serial line or USB, calibration
 * and how to look at it. Loaded with libconfig; every error names file, line, key and what would be
 * valid. docs/mats.md lists the keys.
 */
#ifndef DRIVERS_MAT_MAT_H
#define DRIVERS_MAT_MAT_H

#include <plantar/calibration.h>
#include <plantar/error.h>
#include <plantar/live.h>

#include "drivers/decode/decode.h"

struct pl_serial_config {
	unsigned baud;	     /* default 115200 */
	int dtr, rts;	     /* -1 leave, 0 clear, 1 set */
	unsigned settle_ms;  /* wait after open before the first byte counts (boards that reset) */
	bool discard_banner; /* throw away what arrives during settle_ms */
};

/* How the bytes a decoder wants to send reach a USB device. */
enum pl_usb_write {
	PL_USB_WRITE_AUTO,     /* the OUT endpoint; without one, of a HID device, a report */
	PL_USB_WRITE_ENDPOINT, /* the OUT endpoint */
	PL_USB_WRITE_REPORT,   /* HID SET_REPORT (output) over endpoint 0 */
	PL_USB_WRITE_SETUP,    /* the first 8 bytes are a SETUP packet of its own */
};

/* A control request, or a row of them: value counts from [0] to [1] for each index. */
struct pl_usb_request {
	uint8_t type, request; /* bmRequestType: 0x80 set: from the device */
	uint16_t value[2], index[2];
	uint16_t length;  /* bytes asked for, or sent */
	uint8_t data[32]; /* sent */
	bool optional;	  /* a device that does not know it is read all the same */
};

#define PL_USB_START_MAX 16
#define PL_USB_STOP_MAX 4

struct pl_usb_config {
	int interface;		 /* -1: the first with a bulk IN endpoint, else interrupt */
	unsigned in, out;	 /* endpoint addresses; 0: of the interface */
	unsigned transfer_bytes; /* 0: about a frame */
	unsigned transfers;	 /* in flight */
	bool packets;		 /* see drivers/transport/transport.h */
	enum pl_usb_write write;
	bool report_ids; /* the first byte of what is sent is the report's number */
	struct pl_usb_request start[PL_USB_START_MAX]; /* after opening; answers lead the stream */
	struct pl_usb_request stop[PL_USB_STOP_MAX];   /* before closing */
	unsigned n_start, n_stop;
};

struct pl_mat {
	char name[64];		/* file name without .conf: [a-z0-9-] */
	char title[128];	/* for people */
	char path[512];		/* where it was read from */
	char *config_text;	/* the file as it was; owned */
	char *calibration_text; /* likewise, of a calibration in a file of its own, or NULL; owned
				 */
	struct pl_geometry geometry;
	enum pl_dtype dtype;
	double rate_hz;	   /* nominal; 0: unknown */
	double row_scan_s; /* time the scan of one whole frame takes; 0: unknown */
	struct pl_decoder_config decoder;
	struct pl_serial_config serial;
	struct pl_usb_config usb;
	struct pl_calibration calibration;
	struct pl_live_options live; /* rate_hz filled in */
};

/* Gains and offsets of the largest mat fit in. */
#define PL_CALIBRATION_FILE_MAX (8u << 20)

/*
 * name_or_path: a path (has a slash or ends in .conf), or a name looked up in: $PLANTAR_MATS
 * (colon-separated), $XDG_CONFIG_HOME/plantard/mats, /etc/plantard/mats, the installed data
 * folder, and config/mats beside the build tree's source. calibration_path: a calibration file
 * that replaces the mat's calibration group, or NULL. PL_ECONFIG errors are line-accurate; an
 * unknown name lists the known ones.
 */
int pl_mat_load(struct pl_mat *mat, const char *name_or_path, const char *calibration_path,
		struct pl_error *err);
int pl_mat_parse(struct pl_mat *mat, const char *name, const char *text, struct pl_error *err);
void pl_mat_free(struct pl_mat *mat);

/* How long a simulated device of this mat is silent before its first frame: as long as one that
 * boots when it is opened, where nothing else says where a frame begins; else 0. */
int64_t pl_mat_boot_ns(const struct pl_mat *mat);

/* Names that pl_mat_load would find, sorted, each once: calls each(user, name, title). */
void pl_mat_list(void (*each)(void *user, const char *name, const char *path), void *user);

#endif
