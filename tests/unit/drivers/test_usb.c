/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which USB device a URI means, and which of its endpoints. The devices are made up by umockdev
 * (usb_devices.sh): two mats that differ in their serial number, two that differ in nothing but
 * their port, a hub, and a serial adapter; without umockdev only the choice of endpoints is tested.
 * What moves over a wire is tested on a real kernel (tests/vm).
 */
#include "tests/unit/drivers/transport_test.h"

#include "drivers/transport/usb_io.h"

/* ---- endpoints ---- */

#define BULK LIBUSB_TRANSFER_TYPE_BULK
#define INTERRUPT LIBUSB_TRANSFER_TYPE_INTERRUPT
#define ENDPOINT(address, type, packet)                                                           \
	{                                                                                         \
		.bEndpointAddress = (address), .bmAttributes = (type), .wMaxPacketSize = (packet) \
	}
#define INTERFACE(number, class, ends)                                                        \
	{                                                                                     \
		.bInterfaceNumber = (number), .bInterfaceClass = (class), .endpoint = (ends), \
		.bNumEndpoints = sizeof(ends) / sizeof(*(ends))                               \
	}

static const struct libusb_endpoint_descriptor notify[] = {ENDPOINT(0x83, INTERRUPT, 16)};
static const struct libusb_endpoint_descriptor stream[] = {
	ENDPOINT(0x04, INTERRUPT, 8), ENDPOINT(0x02, BULK, 512), ENDPOINT(0x81, BULK, 512)};
static const struct libusb_endpoint_descriptor reports[] = {ENDPOINT(0x85, INTERRUPT, 0x1400),
							    ENDPOINT(0x86, INTERRUPT, 64)};
static const struct libusb_endpoint_descriptor disk[] = {ENDPOINT(0x87, BULK, 512)};
/* Two packets more in one microframe: 0x1400 is 3 x 1024. */
static const struct libusb_interface_descriptor interfaces[] = {
	INTERFACE(0, LIBUSB_CLASS_COMM, notify), INTERFACE(1, LIBUSB_CLASS_DATA, stream),
	INTERFACE(2, LIBUSB_CLASS_HID, reports), INTERFACE(3, LIBUSB_CLASS_MASS_STORAGE, disk)};

static int pick(struct pl_usb_config wish, const char *parts, struct pl_usb_ends *ends,
		struct pl_error *err)
{
	struct libusb_interface list[4];
	struct libusb_config_descriptor config = {.interface = list};

	for (const char *p = parts; *p; p++)
		list[config.bNumInterfaces++] = (struct libusb_interface){
			.altsetting = &interfaces[*p - '0'], .num_altsetting = 1};
	return pl_usb_pick(&config, &wish, "usb:x", ends, err);
}

static void test_endpoints(void **state)
{
	static const struct {
		const char *parts; /* of interfaces[] */
		int interface;
		unsigned in, out; /* asked for */
		int got;	  /* interface, or -1 */
		unsigned got_in, got_out, packet;
	} rows[] = {
		{"0123", -1, 0, 0, 1, 0x81, 0x02, 512}, /* bulk, not what comes first */
		{"3102", -1, 0, 0, 1, 0x81, 0x02, 512}, /* not the disk */
		{"02", -1, 0, 0, 0, 0x83, 0, 16},
		{"2", -1, 0, 0, 2, 0x85, 0, 3072},
		{"0123", 2, 0, 0, 2, 0x85, 0, 3072},
		{"0123", 2, 0x86, 0, 2, 0x86, 0, 64},
		{"0123", -1, 0x86, 0, 2, 0x86, 0, 64},
		{"0123", -1, 0x87, 0, 3, 0x87, 0, 512}, /* asked for by name: taken */
		{"0123", -1, 0, 0x04, 1, 0x81, 0x04, 512},
		{"0123", -1, 0x88, 0, -1, 0, 0, 0},
		{"0123", 2, 0x81, 0, -1, 0, 0, 0},
		{"0123", 4, 0, 0, -1, 0, 0, 0},
		{"0123", -1, 0, 0x03, -1, 0, 0, 0},
		{"3", -1, 0, 0, -1, 0, 0, 0},
		{"", -1, 0, 0, -1, 0, 0, 0},
	};
	struct pl_usb_ends ends;
	struct pl_error err;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct pl_usb_config wish = {
			.interface = rows[i].interface, .in = rows[i].in, .out = rows[i].out};
		int failed = pick(wish, rows[i].parts, &ends, &err);

		assert_int_equal(failed, rows[i].got < 0 ? -1 : 0);
		if (failed) {
			assert_int_equal(err.code, PL_EUSAGE);
			continue;
		}
		assert_int_equal(ends.interface, rows[i].got);
		assert_int_equal(ends.in, rows[i].got_in);
		assert_int_equal(ends.out, rows[i].got_out);
		assert_int_equal(ends.in_packet, rows[i].packet);
		assert_int_equal(ends.in_bulk, rows[i].got_in == 0x81 || rows[i].got_in == 0x87);
		assert_int_equal(ends.out_bulk, rows[i].got_out == 0x02);
		assert_int_equal(ends.hid, rows[i].got == 2);
	}
	pick((struct pl_usb_config){.interface = -1, .in = 0x88}, "12", &ends, &err);
	assert_string_equal(err.message,
			    "usb:x has no bulk or interrupt endpoint IN as asked for; there are: "
			    "interface 1: 0x04 interrupt out, 0x02 bulk out, 0x81 bulk in; "
			    "interface 2: 0x85 interrupt in, 0x86 interrupt in");
}

/* ---- devices ---- */

static bool mocked(void)
{
	return getenv("UMOCKDEV_DIR") != NULL;
}

static void opens_as(const char *uri, enum pl_code code, const char *said)
{
	struct pl_error err = {.code = PL_OK};
	struct pl_mat mat;

	parse_mat(&mat, PMP_MAT);
	assert_null(pl_transport_open(uri, &mat, NULL, &err));
	if (err.code != code || !strstr(err.message, said))
		fail_msg("%s: code %d, \"%s\" does not say \"%s\"", uri, err.code, err.message,
			 said);
	pl_mat_free(&mat);
}

static void test_identity(void **state)
{
	(void)state;
	if (!mocked())
		skip();
	opens_as("usb:59e3:74c7", PL_EUSAGE,
		 "2 USB devices are 59e3:74c7; say which: usb:59e3:74c7?serial=A%201 (");
	opens_as("usb:59e3:74c7", PL_EUSAGE, "usb:59e3:74c7?serial=B%262 (");
	opens_as("usb:1209:0002", PL_EUSAGE,
		 "say which: usb:1-2.1 (Test mat), usb:1-2.10 (Test mat)");
	opens_as("usb:59e3:74c7?serial=C", PL_ENOENT, "no USB device 59e3:74c7 with serial C");
	opens_as("usb:59e3:74c8", PL_ENOENT, "there are: usb:59e3:74c7?serial=A%201 (TakkTile");
	opens_as("usb:1-5", PL_ENOENT, "no USB device at 1-5");
	opens_as("usb:1-1?serial=B%262", PL_ENOENT, "no USB device at 1-1 with serial B&2");
	/* One device is meant: what fails now is the made-up node. */
	opens_as("usb:59e3:74c7?serial=B%262", PL_EIO, "cannot open usb:59e3:74c7 serial B&2");
	opens_as("usb:59E3:74C7?serial=A%201", PL_EIO, "cannot open");
	opens_as("usb:1-2.10", PL_EIO, "cannot open usb:1-2.10");
}

static void test_present(void **state)
{
	(void)state;
	if (!mocked())
		skip();
	assert_true(pl_transport_present("usb:59e3:74c7"));
	assert_true(pl_transport_present("usb:59e3:74c7?serial=A%201&in=0x81"));
	assert_true(pl_transport_present("usb:1-2.1"));
	assert_false(pl_transport_present("usb:59e3:74c7?serial=A"));
	assert_false(pl_transport_present("usb:59e3:74c8"));
	assert_false(pl_transport_present("usb:1-2.2"));
	assert_false(pl_transport_present("usb:nonsense"));
}

static void collect(void *user, const char *uri, const char *description, bool accessible)
{
	char *text = user;

	(void)accessible;
	snprintf(text + strlen(text), 1024 - strlen(text), "%s: %s\n", uri, description);
}

static void test_list(void **state)
{
	char text[1024] = "";

	(void)state;
	if (!mocked())
		skip();
	pl_transport_list_usb(collect, text); /* without the hub and the serial adapter */
	assert_string_equal(text, "usb:59e3:74c7?serial=A%201: TakkTile TakkTile USB serial A 1\n"
				  "usb:1-2.1: Test mat\n"
				  "usb:1-2.10: Test mat\n"
				  "usb:59e3:74c7?serial=B%262: TakkTile TakkTile USB serial B&2\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_endpoints),
		cmocka_unit_test(test_identity),
		cmocka_unit_test(test_present),
		cmocka_unit_test(test_list),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
