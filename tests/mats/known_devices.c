/* SPDX-License-Identifier: Apache-2.0 */
/* A made-up /sys: what is behind a tty is found above it, and only what is sure is said as sure. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tools/known_devices.h"

static char root[64] = "/tmp/plantar-known-XXXXXX";

static void put(const char *name, const char *text)
{
	char path[700];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", root, name);
	f = fopen(path, "w");
	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

static void folder(const char *name)
{
	char path[700];

	snprintf(path, sizeof(path), "%s/%s", root, name);
	assert_int_equal(mkdir(path, 0700), 0);
}

static void make_tty(const char *name, const char *vid, const char *pid, const char *product)
{
	char at[200], link[700], to[500];

	snprintf(at, sizeof(at), "devices/%s-usb", name);
	folder(at);
	snprintf(to, sizeof(to), "%s/idVendor", at);
	put(to, vid);
	snprintf(to, sizeof(to), "%s/idProduct", at);
	put(to, pid);
	snprintf(to, sizeof(to), "%s/product", at);
	put(to, product);
	snprintf(at, sizeof(at), "devices/%s-usb/1-2:1.0", name);
	folder(at);
	snprintf(to, sizeof(to), "class/tty/%s", name);
	folder(to);
	snprintf(link, sizeof(link), "%s/%s/device", root, to);
	snprintf(to, sizeof(to), "%s/%s", root, at);
	assert_int_equal(symlink(to, link), 0);
}

static const char *what(const char *uri)
{
	const struct pl_known_device *d = pl_known_source(uri, root);

	return d ? d->what : "";
}

static void test_sources(void **state)
{
	(void)state;
	make_tty("ttyUSB0", "1a86\n", "7523\n", "USB Serial\n");
	make_tty("ttyACM0", "2341\n", "8037\n", "StepManiaX\n");
	make_tty("ttyACM1", "2341\n", "8037\n", "Arduino Micro\n");
	make_tty("ttyACM2", "dead\n", "beef\n", "\n");
	assert_non_null(strstr(what("serial:/dev/ttyUSB0?baud=9600"), "WCH"));
	assert_string_equal(what("serial:/dev/ttyACM0"), "a StepManiaX stage: mat stepmaniax-6x6");
	assert_non_null(strstr(what("serial:/dev/ttyACM1"), "Arduino"));
	assert_string_equal(what("serial:/dev/ttyACM2"), "");
	assert_string_equal(what("serial:/dev/ttyS0"), "");
	assert_string_equal(what("usb:59e3:74c7?serial=1"), "a TakkTile array: mat takktile-8x5");
	assert_string_equal(what("usb:1-2.3"), "");
	assert_string_equal(what("sim:standing"), "");
}

static void test_ids(void **state)
{
	(void)state;
	assert_null(pl_known_device(0x1234, 1, "x"));
	assert_null(pl_known_device(0x59E3, 1, NULL));
	assert_non_null(pl_known_device(0x0403, 0x6001, NULL));
	assert_null(pl_known_device(0x16C0, 0x05DC, "something else of V-USB"));
}

static int make_root(void **state)
{
	(void)state;
	assert_non_null(mkdtemp(root));
	folder("devices");
	folder("class");
	folder("class/tty");
	return 0;
}

static int remove_root(void **state)
{
	char command[100];

	(void)state;
	snprintf(command, sizeof(command), "rm -r %s", root);
	return system(command);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sources),
		cmocka_unit_test(test_ids),
	};

	return cmocka_run_group_tests(tests, make_root, remove_root);
}
