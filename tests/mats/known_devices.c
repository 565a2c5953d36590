/* SPDX-License-Identifier: Apache-2.0 */
/* A made-up /sys: what is behind a tty is found above it, and only what is sure is said as sure. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
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

static void put_ids(const char *at, const char *vid, const char *pid, const char *product)
{
	char to[300];

	snprintf(to, sizeof(to), "%s/idVendor", at);
	put(to, vid);
	snprintf(to, sizeof(to), "%s/idProduct", at);
	put(to, pid);
	snprintf(to, sizeof(to), "%s/product", at);
	put(to, product);
}

static void make_tty(const char *name, const char *vid, const char *pid, const char *product)
{
	char at[200], link[700], to[500];

	snprintf(at, sizeof(at), "devices/%s-usb", name);
	folder(at);
	put_ids(at, vid, pid, product);
	snprintf(at, sizeof(at), "devices/%s-usb/1-2:1.0", name);
	folder(at);
	snprintf(to, sizeof(to), "class/tty/%s", name);
	folder(to);
	snprintf(link, sizeof(link), "%s/%s/device", root, to);
	snprintf(to, sizeof(to), "%s/%s", root, at);
	assert_int_equal(symlink(to, link), 0);
}

static void make_usb(const char *path, const char *vid, const char *pid, const char *product)
{
	char at[100];

	snprintf(at, sizeof(at), "bus/usb/devices/%s", path);
	folder(at);
	put_ids(at, vid, pid, product);
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
	assert_non_null(strstr(what("serial:/dev/ttyUSB0?baud=9600"), "CH340"));
	assert_string_equal(what("serial:/dev/ttyACM0"), "a StepManiaX stage: mat stepmaniax-6x6");
	assert_non_null(strstr(what("serial:/dev/ttyACM1"), "Arduino"));
	assert_string_equal(what("serial:/dev/ttyACM2"), "");
	assert_string_equal(what("serial:/dev/ttyS0"), "");
	assert_string_equal(what("usb:59e3:74c7?serial=1"), "a TakkTile array: mat takktile-8x5");
	assert_string_equal(what("usb:1-2.3"), ""); /* nothing is there */
	assert_string_equal(what("sim:standing"), "");
}

/* The stage has the ids of an Arduino: its name says which it is, if only one is plugged in. */
static void test_stage_or_arduino(void **state)
{
	const char *const stage = "a StepManiaX stage: mat stepmaniax-6x6";

	(void)state;
	assert_non_null(strstr(what("usb:2341:8037"), "Arduino"));
	make_usb("1-1", "2341\n", "8037\n", "StepManiaX\n");
	assert_string_equal(what("usb:2341:8037"), stage);
	assert_string_equal(what("usb:2341:8037?serial=7"), stage);
	assert_string_equal(what("usb:1-1"), stage);
	make_usb("1-2.3", "2341\n", "8037\n", "Arduino Micro\n");
	assert_non_null(strstr(what("usb:2341:8037"), "Arduino"));
	assert_string_equal(what("usb:1-1"), stage);
	assert_non_null(strstr(what("usb:1-2.3"), "Arduino"));
	assert_string_equal(what("usb:1-1/../../../../etc"), "");
}

static bool is_shipped(const char *mat)
{
	char path[300];

	snprintf(path, sizeof(path), "%s/config/mats/%s.conf", getenv("PLANTAR_SOURCE"), mat);
	return access(path, R_OK) == 0;
}

/* A mat that is named for sure is there and nothing else is possible; else doubt is said. */
static void test_no_false_certainty(void **state)
{
	static const char *const doubts[] = {"perhaps", "try plantar probe"};
	const struct pl_known_device *d;
	char mat[64];
	size_t n;

	(void)state;
	d = pl_known_devices(&n);
	for (size_t i = 0; i < n; i++) {
		const char *named = strstr(d[i].what, "mat ");
		bool doubt = strstr(d[i].what, doubts[0]) || strstr(d[i].what, doubts[1]);

		assert_true(doubt == !d[i].mat);
		if (d[i].mat) {
			assert_true(is_shipped(d[i].mat));
			assert_non_null(strstr(d[i].what, d[i].mat));
		}
		if (named && sscanf(named, "mat %63[a-z0-9-]", mat) == 1)
			assert_true(is_shipped(mat));
	}
}

/* What udev lets people open, plantar list has a word for. */
static void test_all_of_the_rules(void **state)
{
	char path[300], line[1024];
	unsigned vendors = 0;
	FILE *f;

	(void)state;
	snprintf(path, sizeof(path), "%s/systemd/60-plantard.rules", getenv("PLANTAR_SOURCE"));
	f = fopen(path, "r");
	assert_non_null(f);
	while (fgets(line, sizeof(line), f)) {
		const char *at = line[0] == '#' ? NULL : strstr(line, "{idVendor}==\"");
		const char *pid = at ? strstr(at, "{idProduct}==\"") : NULL;

		for (at = at ? at + 13 : NULL; at; at = at[4] == '|' ? at + 5 : NULL) {
			unsigned vid = (unsigned)strtoul(at, NULL, 16);
			unsigned product = pid ? (unsigned)strtoul(pid + 14, NULL, 16) : 0x0483;

			assert_non_null(pl_known_device(vid, product, NULL));
			vendors++;
		}
	}
	fclose(f);
	assert_true(vendors >= 15);
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
	folder("bus");
	folder("bus/usb");
	folder("bus/usb/devices");
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
		cmocka_unit_test(test_stage_or_arduino),
		cmocka_unit_test(test_no_false_certainty),
		cmocka_unit_test(test_all_of_the_rules),
		cmocka_unit_test(test_ids),
	};

	return cmocka_run_group_tests(tests, make_root, remove_root);
}
