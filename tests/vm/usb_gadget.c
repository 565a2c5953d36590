/* SPDX-License-Identifier: Apache-2.0 */
/*
 * usb_gadget KIND FUNCTIONFS LOG [HZ]: a mat on the far side of a USB cable. The guest's kernel has
 * a host controller and a device controller that are wired to each other (dummy_hcd); this program
 * is the device, through FunctionFS. What the host sees is a device as any other, and everything
 * from the descriptors to the unplugging is the kernel's own.
 *
 *	raw	bulk: 8,192 bytes a frame, as fast as they are taken
 *	pmp	bulk: a 64 x 64 mat that speaks PMP, HZ frames a second
 *	packets	bulk: packets of 0 to 199 bytes that begin with their number; answers vendor
 *requests hid	interrupt: HID reports of 64 bytes with 4 x 6 cells, once a report "start" was set
 *
 * A write returns when the host has taken all of the frame. Between SIGUSR1 and SIGUSR2 the number
 * of each frame taken whole goes to LOG: these must be in the archive, whatever happened to the
 * cable. Numbers and cells follow from the frame's number, and the PMP encoder is the firmware
 * header, not the project's.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/usb/ch9.h>
#include <linux/usb/functionfs.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <plantar/pmp.h>

#define SIDE 64
#define RAW_BYTES 8192
#define REPORT_BYTES 64
#define HID_DESCRIPTOR 0x21
#define HID_REPORT 0x22

enum kind { RAW, PMP, PACKETS, HID };
static const char *const kinds[] = {"raw", "pmp", "packets", "hid", NULL};

static enum kind kind;
static int control_fd, in_fd;
static FILE *log_file;
static volatile sig_atomic_t logging;
static atomic_bool started;

static void die(const char *what)
{
	fprintf(stderr, "usb_gadget: %s: %s\n", what, strerror(errno));
	exit(1);
}

static void on_signal(int number)
{
	logging = number == SIGUSR1;
}

/* ---- descriptors ---- */

/* Vendor page, 64 bytes in and 64 bytes out: what the kernel's HID driver asks for. */
static const uint8_t report_descriptor[] = {
	0x06, 0x00, 0xff, 0x09, 0x01, 0xa1, 0x01, 0x15, 0x00, 0x26, 0xff, 0x00, 0x75, 0x08,
	0x95, 0x40, 0x09, 0x02, 0x81, 0x02, 0x95, 0x40, 0x09, 0x03, 0x91, 0x02, 0xc0,
};

struct hid_descriptor {
	uint8_t length, type;
	uint16_t version;
	uint8_t country, n, report_type;
	uint16_t report_bytes;
} __attribute__((packed));

struct bulk_descriptors {
	struct usb_interface_descriptor interface;
	struct usb_endpoint_descriptor_no_audio in, out;
} __attribute__((packed));

struct hid_descriptors {
	struct usb_interface_descriptor interface;
	struct hid_descriptor hid;
	struct usb_endpoint_descriptor_no_audio in;
} __attribute__((packed));

static struct usb_endpoint_descriptor_no_audio endpoint(uint8_t address, uint8_t type, uint16_t max,
							uint8_t interval)
{
	return (struct usb_endpoint_descriptor_no_audio){
		.bLength = sizeof(struct usb_endpoint_descriptor_no_audio),
		.bDescriptorType = USB_DT_ENDPOINT,
		.bEndpointAddress = address,
		.bmAttributes = type,
		.wMaxPacketSize = max,
		.bInterval = interval,
	};
}

static struct usb_interface_descriptor interface(uint8_t class, uint8_t endpoints)
{
	return (struct usb_interface_descriptor){
		.bLength = sizeof(struct usb_interface_descriptor),
		.bDescriptorType = USB_DT_INTERFACE,
		.bNumEndpoints = endpoints,
		.bInterfaceClass = class,
		.iInterface = 1,
	};
}

static void put_bulk(uint8_t *at, bool high_speed)
{
	uint16_t max = high_speed ? 512 : 64;
	struct bulk_descriptors d = {
		.interface = interface(USB_CLASS_VENDOR_SPEC, 2),
		.in = endpoint(USB_DIR_IN | 1, USB_ENDPOINT_XFER_BULK, max, 0),
		.out = endpoint(USB_DIR_OUT | 2, USB_ENDPOINT_XFER_BULK, max, 0),
	};

	memcpy(at, &d, sizeof(d));
}

static void put_hid(uint8_t *at, bool high_speed)
{
	struct hid_descriptors d = {
		.interface = interface(USB_CLASS_HID, 1),
		.hid = {sizeof(d.hid), HID_DESCRIPTOR, 0x0111, 0, 1, HID_REPORT,
			sizeof(report_descriptor)},
		.in = endpoint(USB_DIR_IN | 1, USB_ENDPOINT_XFER_INT, REPORT_BYTES,
			       high_speed ? 4 : 1), /* a millisecond both times */
	};

	memcpy(at, &d, sizeof(d));
}

static void describe(void)
{
	struct {
		struct usb_functionfs_strings_head head;
		uint16_t language;
		char text[4];
	} __attribute__((packed)) strings = {
		.head = {FUNCTIONFS_STRINGS_MAGIC, sizeof(strings), 1, 1},
		.language = 0x0409,
		.text = "mat",
	};
	size_t each =
		kind == HID ? sizeof(struct hid_descriptors) : sizeof(struct bulk_descriptors);
	uint8_t bytes[256] = {0};
	struct usb_functionfs_descs_head_v2 head = {
		.magic = FUNCTIONFS_DESCRIPTORS_MAGIC_V2,
		.flags =
			FUNCTIONFS_HAS_FS_DESC | FUNCTIONFS_HAS_HS_DESC | FUNCTIONFS_ALL_CTRL_RECIP,
	};
	const uint32_t counts[2] = {3, 3};
	size_t n = sizeof(head) + sizeof(counts) + 2 * each;

	head.length = (uint32_t)n;
	memcpy(bytes, &head, sizeof(head));
	memcpy(bytes + sizeof(head), counts, sizeof(counts));
	for (int high = 0; high < 2; high++)
		(kind == HID ? put_hid : put_bulk)(
			bytes + sizeof(head) + sizeof(counts) + (size_t)high * each, high);
	if (write(control_fd, bytes, n) != (ssize_t)n)
		die("descriptors");
	if (write(control_fd, &strings, sizeof(strings)) != sizeof(strings))
		die("strings");
}

/* ---- endpoint 0 ---- */

static void refuse(const struct usb_ctrlrequest *r)
{
	uint8_t none;

	/* The other direction than asked for is a stall. */
	if (r->bRequestType & USB_DIR_IN)
		(void)!read(control_fd, &none, 0);
	else
		(void)!write(control_fd, &none, 0);
}

static void answer(const void *bytes, size_t n, size_t asked)
{
	(void)!write(control_fd, bytes, n < asked ? n : asked);
}

static void setup(const struct usb_ctrlrequest *r)
{
	uint8_t bytes[256];
	ssize_t n;

	if (kind == HID && r->bRequestType == (USB_DIR_IN | USB_RECIP_INTERFACE) &&
	    r->bRequest == USB_REQ_GET_DESCRIPTOR && r->wValue >> 8 == HID_REPORT) {
		answer(report_descriptor, sizeof(report_descriptor), r->wLength);
	} else if (kind == PACKETS && r->bRequestType == (USB_DIR_IN | USB_TYPE_VENDOR) &&
		   r->bRequest == 0x5c) {
		for (unsigned i = 0; i < 8; i++)
			bytes[i] = (uint8_t)(0xa0 + i + r->wValue + 16 * r->wIndex);
		answer(bytes, 8, r->wLength);
	} else if (!(r->bRequestType & USB_DIR_IN) && r->bRequest != 0x66) {
		n = read(control_fd, bytes,
			 r->wLength < sizeof(bytes) ? r->wLength : sizeof(bytes));
		if (kind == HID && r->bRequest == 0x09 && r->wValue == 0x0200 && n >= 5 &&
		    !memcmp(bytes, "start", 5))
			atomic_store(&started, true);
	} else {
		refuse(r);
	}
}

static void *endpoint_zero(void *arg)
{
	struct usb_functionfs_event event;

	while (read(control_fd, &event, sizeof(event)) == sizeof(event)) {
		if (event.type == FUNCTIONFS_SETUP)
			setup(&event.u.setup);
		else if (event.type == FUNCTIONFS_DISABLE)
			atomic_store(&started, false); /* it has to be told again */
	}
	return arg;
}

/* What the host sends over the OUT endpoint is told on stdout, for the script to see. */
static void *endpoint_out(void *arg)
{
	char bytes[4096];
	ssize_t n;
	int fd = open(arg, O_RDWR);

	while (fd >= 0) {
		n = read(fd, bytes, sizeof(bytes) - 1);
		if (n <= 0) {
			usleep(10000); /* unplugged */
			continue;
		}
		bytes[n] = '\0';
		printf("host sent %zd bytes: %s\n", n, bytes);
		fflush(stdout);
	}
	return NULL;
}

/* ---- frames ---- */

struct bytes {
	uint8_t at[16384];
	size_t n;
};

static void put(void *user, const uint8_t *bytes, size_t n)
{
	struct bytes *b = user;

	memcpy(b->at + b->n, bytes, n);
	b->n += n;
}

static void little(uint8_t *at, uint32_t value, int n)
{
	for (int i = 0; i < n; i++)
		at[i] = (uint8_t)(value >> 8 * i);
}

static void make_report(uint8_t *at, uint32_t number)
{
	uint16_t crc = 0xffff;

	memset(at, 0, REPORT_BYTES);
	at[0] = 0xa5;
	at[1] = 0x5a;
	little(at + 2, number, 4);
	for (uint32_t i = 0; i < 24; i++)
		little(at + 6 + 2 * i, i == 0 ? number & 0xffff : i == 1 ? number >> 16 : i, 2);
	for (int i = 0; i < REPORT_BYTES - 2; i++)
		crc = pl_pmp_crc(crc, at[i]);
	little(at + REPORT_BYTES - 2, crc, 2);
}

static void make_pmp(struct pl_pmp *encoder, uint32_t number)
{
	uint16_t cells[SIDE * SIDE];
	struct timespec now;

	for (unsigned i = 0; i < SIDE * SIDE; i++)
		cells[i] = (uint16_t)(i % SIDE + number % 7);
	cells[0] = number & 0xffff;
	cells[1] = (uint16_t)(number >> 16);
	clock_gettime(CLOCK_MONOTONIC, &now);
	pl_pmp_begin(encoder, (uint32_t)(now.tv_sec * 1000000 + now.tv_nsec / 1000));
	pl_pmp_u16(encoder, cells, SIDE * SIDE);
	pl_pmp_end(encoder);
}

static void make(struct bytes *b, struct pl_pmp *encoder, uint32_t number)
{
	b->n = 0;
	switch (kind) {
	case RAW:
		b->n = RAW_BYTES;
		memset(b->at, (int)(number & 0xff), b->n);
		little(b->at, number, 4);
		little(b->at + RAW_BYTES - 4, number, 4);
		break;
	case PMP:
		make_pmp(encoder, number);
		break;
	case PACKETS:
		b->n = number * 37 % 200;
		memset(b->at, (int)(number & 0xff), b->n);
		if (b->n >= 4)
			little(b->at, number, 4);
		break;
	case HID:
		b->n = REPORT_BYTES;
		make_report(b->at, number);
		break;
	}
}

/* Waits for the next scan. One that was held up goes on from now: a mat makes up for nothing. */
static void pace(struct timespec *next, long hz)
{
	struct timespec now;

	if (!hz)
		return;
	clock_gettime(CLOCK_MONOTONIC, &now);
	next->tv_nsec += 1000000000 / hz;
	if (next->tv_nsec >= 1000000000) {
		next->tv_nsec -= 1000000000;
		next->tv_sec++;
	}
	if (now.tv_sec > next->tv_sec ||
	    (now.tv_sec == next->tv_sec && now.tv_nsec > next->tv_nsec))
		*next = now;
	else
		clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, next, NULL);
}

static void stream(long hz)
{
	static struct bytes b;
	struct pl_pmp encoder;
	struct timespec next;

	pl_pmp_init(&encoder, put, &b);
	clock_gettime(CLOCK_MONOTONIC, &next);
	for (uint32_t number = 0;; number++) {
		bool wanted = logging;

		while (kind == HID && !atomic_load(&started))
			usleep(1000);
		make(&b, &encoder, number);
		if (write(in_fd, b.at, b.n) != (ssize_t)b.n) {
			usleep(10000); /* unplugged: this frame was not sent */
			continue;
		}
		if (wanted && logging) {
			fprintf(log_file, "%u\n", number);
			fflush(log_file);
		}
		pace(&next, hz);
	}
}

int main(int argc, char **argv)
{
	struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART};
	char path[256], out_path[256];
	pthread_t thread;

	if (argc < 4) {
		fputs("usage: usb_gadget raw|pmp|packets|hid FUNCTIONFS LOG [HZ]\n", stderr);
		return 2;
	}
	while (kinds[kind] && strcmp(kinds[kind], argv[1]))
		kind++;
	snprintf(path, sizeof(path), "%s/ep0", argv[2]);
	control_fd = open(path, O_RDWR);
	log_file = fopen(argv[3], "w");
	if (control_fd < 0 || !log_file)
		die(control_fd < 0 ? path : argv[3]);
	sigaction(SIGUSR1, &action, NULL);
	sigaction(SIGUSR2, &action, NULL);
	describe();
	if (pthread_create(&thread, NULL, endpoint_zero, NULL))
		die("thread");
	snprintf(out_path, sizeof(out_path), "%s/ep2", argv[2]);
	if (kind != HID && pthread_create(&thread, NULL, endpoint_out, out_path))
		die("thread");
	snprintf(path, sizeof(path), "%s/ep1", argv[2]);
	in_fd = open(path, O_RDWR);
	if (in_fd < 0)
		die(path);
	puts("ready");
	fflush(stdout);
	stream(argc > 4 ? atol(argv[4]) : 0);
}
