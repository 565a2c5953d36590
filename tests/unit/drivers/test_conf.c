/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a person reads who made a mistake in a mat file: the line, the key, what is wrong with it
 * and what would be right, word for word.
 */
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

#include "drivers/mat/mat.h"

/* Lines 1 to 5 of a file that is right so far. */
#define HEAD                                                                                       \
	"title = \"test\";\nrows = 4;\ncols = 6;\npitch_mm = 5.0;\nprotocol = \"matrix\"; cell = " \
	"\"u8\";\n"
#define FRAME "frame = { head = \"AA 55\"; };\n"

static void refuse(const char *text, const char *message)
{
	struct pl_error err = {0};
	struct pl_mat mat;

	assert_int_equal(pl_mat_parse(&mat, "test", text, &err), -1);
	assert_string_equal(err.message, message);
	assert_int_equal(err.code, PL_ECONFIG);
	assert_null(mat.config_text);
}

static void accept(struct pl_mat *mat, const char *text)
{
	struct pl_error err = {0};

	if (pl_mat_parse(mat, "test", text, &err))
		fail_msg("%s", err.message);
}

static void test_messages(void **state)
{
	static const struct {
		const char *text, *message;
	} rows[] = {
		{HEAD,
		 "test: frame: needs a head, a tail or a delimiter; only a mat that is polled "
		 "(commands.poll) can do without"},
		{"rows = 4\ncols 6;\n",
		 "test:2: syntax error; valid: name = value; text in \"quotes\", numbers, true or "
		 "false, [arrays], (lists), { groups }"},
		{"", "test: rows: missing"},
		{HEAD FRAME "rats_hz = 5;\n", "test:7: rats_hz: unknown key; did you mean "
					      "\"rate_hz\"? valid: title, rows, cols, "
					      "pitch_mm, rate_hz, scan_ms, protocol, cell, serial, "
					      "usb, frame, commands, calibration, "
					      "live, device"},
		{HEAD FRAME "rate_hz = \"fast\";\n",
		 "test:7: rate_hz: is text in quotes; valid: 0..100000"},
		{HEAD FRAME "rate_hz = -1;\n", "test:7: rate_hz: is -1; valid: 0..100000"},
		{"rows = 4.0;\ncols = 6;\n",
		 "test:1: rows: is a number with a point; valid: a whole number, 1..512"},
		{"rows = 2; cols = 2; pitch_mm = 5;\nprotocol = \"fisica\"; cell = \"u8\";\n",
		 "test:2: protocol: fisica: rows = 29, cols = 22, cell = \"f32\" (newtons) or "
		 "\"u8\""},
		{"rows = 513;\ncols = 6;\n", "test:1: rows: is 513; valid: 1..512"},
		{"rows = 4294967360;\ncols = 6;\n", "test:1: rows: is 4294967360; valid: 1..512"},
		{"rows = 0x100000004;\ncols = 6;\n", "test:1: rows: is 4294967300; valid: 1..512"},
		{"rows = -4294967292;\ncols = 6;\n", "test:1: rows: is -4294967292; valid: 1..512"},
		{"rows = 99999999999999999999;\ncols = 6;\n",
		 "test:1: rows: is 9223372036854775807; valid: 1..512"},
		{HEAD "frame = {\n head = \"AA 55\";\n row_map = [0, 1, 2, -1];\n};\n",
		 "test:6: frame.row_map: entry 3 is no row number"},
		{HEAD "frame = {\n head = \"AA 55\";\n row_map = (0, 1, 2, 1e300);\n};\n",
		 "test:6: frame.row_map: entry 3 is no row number"},
		{"rows = 4;\ncols = 6;\npitch_mm = [5.0];\n",
		 "test:3: pitch_mm: has 1 entries; valid: 2"},
		{"rows = 4;\ncols = 6;\npitch_mm = [5.0, 0.0];\n",
		 "test:3: pitch_mm: valid: 0.1..1000, or [between rows, between columns]"},
		{"rows = 4;\ncols = 6;\npitch_mm = 5.0;\nprotocol = \"pnp\";\n",
		 "test:4: protocol: unknown \"pnp\"; did you mean \"pmp\"? valid: pmp, matrix, "
		 "fisica, jq, phidget, takktile, vernier, stepmaniax"},
		{"rows = 4;\ncols = 6;\npitch_mm = 5.0;\nprotocol = \"matrix\";\n",
		 "test: cell: missing"},
		{"rows = 4;\ncols = 6;\npitch_mm = 5.0;\nprotocol = \"pmp\";\n" FRAME,
		 "test:5: frame: only for protocol = \"matrix\""},
		{"rows = 2;\ncols = 2;\npitch_mm = 5.0;\nprotocol = \"phidget\";\ncell = \"f32\";\n"
		 "device = { identify = true; };\n",
		 "test:6: device.identify: unknown key; valid: period_ms, gain, channels"},
		{"rows = 2;\ncols = 2;\npitch_mm = 5.0;\nprotocol = \"phidget\";\ncell = \"f32\";\n"
		 "device = { channels = [0, 1, 2, 32]; };\n",
		 "test:6: device.channels: valid: whole numbers from 0 to 31"},
		{"rows = 8;\ncols = 5;\npitch_mm = 5.0;\nprotocol = \"takktile\";\ndevice = {};\n",
		 "test:5: device: protocol \"takktile\" has nothing to be told here"},
		{"rows = 2;\ncols = 2;\npitch_mm = 5.0;\nprotocol = \"phidget\";\ncell = \"f32\";\n"
		 "usb = { packets = false; };\n",
		 "test: usb.packets: protocol \"phidget\" cannot do without"},
		{HEAD "frame = 5;\n", "test:6: frame: is a whole number; valid: a group, { key = "
				      "value; ... }"},
		{HEAD "frame = {\n head = \"AA 5\";\n};\n",
		 "test:7: frame.head: not bytes; valid: \"AA 55 03\" in hexadecimal, or "
		 "\"text:start\\\\n\" with \\\\r \\\\n \\\\t \\\\\\\\ \\\\xHH"},
		{HEAD "frame = {\n head = \"00 11 22 33 44 55 66 77 88\";\n};\n",
		 "test:7: frame.head: too long; valid: at most 8 bytes"},
		{HEAD "frame = {\n head = \"AA 55\";\n rotate = 45;\n};\n",
		 "test:8: frame.rotate: is 45; valid: 0, 90, 180, 270"},
		{HEAD "frame = {\n head = \"AA 55\";\n row_map = [0, 1];\n};\n",
		 "test:6: frame: row_map: has 2 entries, the wire has 4 rows"},
		{HEAD "frame = {\n head = \"AA 55\";\n check = { type = \"crc16\"; };\n};\n",
		 "test:8: frame.check.type: unknown \"crc16\"; did you mean \"crc8\"? valid: none, "
		 "sum8, sum16, xor8, crc8, crc16-ccitt, crc16-modbus, crc32"},
		{HEAD "frame = {\n head = \"AA 55\";\n seq = { width = 1; };\n};\n",
		 "test:8: frame.seq.offset: missing"},
		{HEAD FRAME "serial = { baud = 0; };\n",
		 "test:7: serial.baud: is 0; valid: 50..20000000"},
		{HEAD FRAME "serial = { dtr = 1; };\n",
		 "test:7: serial.dtr: is a whole number; valid: true or false"},
		{HEAD FRAME "usb = { in = 0x02; };\n", "test:7: usb.in: valid: 0x81 to 0x8F"},
		{HEAD FRAME "usb = { out = 0x81; };\n", "test:7: usb.out: valid: 0x01 to 0x0F"},
		{HEAD FRAME "usb = { transfers = 4; };\n",
		 "test:7: usb.transfers: is 4; valid: 8..16"},
		{HEAD FRAME "usb = { packets = true; transfer_bytes = 4096; };\n",
		 "test:7: usb.transfer_bytes: valid with packets: 8 to 4032"},
		{HEAD FRAME "usb = { write = \"setup\"; };\n",
		 "test:7: usb.write: \"setup\" needs packets = true, or answers could not be told "
		 "from frames"},
		{HEAD FRAME "usb = { start = { type = 0xC0; }; };\n",
		 "test:7: usb.start: valid: ({ type; request; ... }, ...), at most 16"},
		{HEAD FRAME "usb = { start = (5); };\n",
		 "test:7: usb.start[0]: valid: ({ type; request; ... }, ...)"},
		{HEAD FRAME "usb = { start = ({ type = 0xC0; request = 1; data = \"00\"; }); };\n",
		 "test:7: usb.start[0].data: only for requests to the device (type < 0x80)"},
		{HEAD FRAME "usb = { start = ({ type = 0x40; request = 1; length = 1; }); };\n",
		 "test:7: usb.start[0].length: only for requests from the device (type >= 0x80)"},
		{HEAD FRAME "usb = { start = ({ type = 0xC0; request = 1; value = [3, 2]; }); };\n",
		 "test:7: usb.start[0].value: valid: 0 to 65535, or [first, last] of at most 256"},
		{HEAD FRAME "usb = { start = ({ type = 0xC0; request = 1; value = [0, 99];\n"
			    "index = [0, 9]; }); };\n",
		 "test:7: usb.start[0]: is more than 256 requests"},
		{HEAD FRAME "live = { filter_hz = 30; };\nrate_hz = 50;\n",
		 "test:7: live.filter_hz: is 30; valid: 0 (none) or less than half of rate_hz "
		 "(50)"},
		{HEAD FRAME "calibration = { scale = 0.5; };\n",
		 "test:7: calibration.unit: missing"},
		{HEAD FRAME "calibration = {\n unit = \"kPa\"; scale = -1;\n};\n",
		 "test:8: calibration.scale: is -1; valid: 1e-12..1e+12"},
		{HEAD FRAME "calibration = {\n unit = \"kPa\";\n curve = ((0, 0), (100, 5), (50, "
			    "9));\n};\n",
		 "test:9: calibration.curve[2]: does not ascend; valid: more counts and no less "
		 "value "
		 "than the point before"},
		{HEAD FRAME "calibration = { dead_cells = ((0, 0), (4, 0)); };\n",
		 "test:7: calibration.dead_cells[1]: is no cell of this mat; valid: (0..3, 0..5)"},
		{HEAD FRAME "calibration = { dead_cells = (3); };\n",
		 "test:7: calibration.dead_cells[0]: is not a pair; valid: (row, column)"},
		{HEAD FRAME "calibration = { gain_file = \"g.csv\"; };\n",
		 "test:7: calibration.gain_file: only a mat read from a file can name other files"},
		{HEAD FRAME "calibration = { id = \"a b\"; };\n",
		 "test:7: calibration.id: valid: 1 to 64 letters, digits or . _ - +"},
		{HEAD "\n @include \"/dev/zero\"\n",
		 "test:7: @include: not allowed; write everything into one file"},
		{HEAD FRAME "rows = 5;\n", "test:7: duplicate setting name; valid: name = value; "
					   "text in \"quotes\", numbers, "
					   "true or false, [arrays], (lists), { groups }"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		refuse(rows[i].text, rows[i].message);
}

/* libconfig would cut these to 32 bits; what only looks like a number stays as it is. */
static void test_wide_numbers(void **state)
{
	struct pl_mat mat;

	(void)state;
	accept(&mat, "title = \"at \\\"4294967296\\\" 0xFFFFFFFF\"; # 4294967296 \"\n"
		     "// 4294967296 \"\n/* 4294967296 \" */ rows = 4; cols = 6;\n"
		     "pitch_mm = [5.0, 1e1]; rate_hz = 100L; protocol = \"matrix\";\n"
		     "cell = \"u32\"; frame = { head = \"AA 55\"; mask = 0xFFFFFFFF;\n"
		     "invert_max = 4294967295; };\n"
		     "calibration = { unit = \"N\"; saturation_counts = 4294967295; };\n");
	assert_string_equal(mat.title, "at \"4294967296\" 0xFFFFFFFF");
	assert_int_equal(mat.decoder.matrix.mask, UINT32_MAX);
	assert_int_equal(mat.decoder.matrix.invert_max, UINT32_MAX);
	assert_float_equal(mat.calibration.saturation_counts, 4294967295.0, 0);
	assert_float_equal(mat.geometry.pitch_col_m, 0.01, 1e-12);
	assert_float_equal(mat.rate_hz, 100, 0);
	assert_non_null(strstr(mat.config_text, "0xFFFFFFFF;"));
	pl_mat_free(&mat);
}

static void test_everything(void **state)
{
	struct pl_matrix_config *m;
	struct pl_mat mat;
	uint8_t command[] = {'g', 'o', '\r', '\n', 0, '\\'};

	(void)state;
	accept(&mat,
	       "title = \"all\"; rows = 3; cols = 2; pitch_mm = (7.5, 10); rate_hz = 40.5;\n"
	       "scan_ms = 12; protocol = \"matrix\"; cell = \"u16\";\n"
	       "serial = { baud = 921600; dtr = false; rts = true; settle_ms = 1500;\n"
	       "           discard_banner = true; };\n"
	       "frame = { head = \"AA55\"; tail = \"0d 0A\"; skip_head = 4; skip_tail = 1;\n"
	       "  lock_frames = 2; relock_frames = 5; endian = \"big\"; mask = 0x3FF; shift = 2;\n"
	       "  invert_max = 255; order = \"column\"; flip_x = true; rotate = 90;\n"
	       "  row_map = [1, 0]; length = { offset = 2; endian = \"big\"; expected = 12; };\n"
	       "  seq = { offset = 4; width = 2; };\n"
	       "  check = { type = \"crc16-modbus\"; endian = \"big\"; from = 2; to = 9; }; };\n"
	       "commands = { start = \"text:go\\\\r\\\\n\\\\x00\\\\\\\\\"; stop = \"00\";\n"
	       "  poll = \"text:?\"; poll_timeout_ms = 250; };\n"
	       "calibration = { unit = \"N\"; curve = ((0, 0), (100, 5.5), (1000, 80));\n"
	       "  noise_floor = 0.1; contact = 0.2; saturation_counts = 1020;\n"
	       "  dead_cells = ((0, 1)); no_cells = ((2, 0), (2, 1)); policy = \"interpolate\";\n"
	       "  id = \"bench-7\"; };\n"
	       "live = { facing = \"left\"; side = \"right\"; region = \"thirds\"; force_min = "
	       "15;\n"
	       "  filter_hz = 0; };\n");
	m = &mat.decoder.matrix;
	assert_string_equal(mat.name, "test");
	assert_string_equal(mat.title, "all");
	assert_float_equal(mat.geometry.pitch_row_m, 0.0075, 1e-12);
	assert_float_equal(mat.geometry.pitch_col_m, 0.010, 1e-12);
	assert_float_equal(mat.rate_hz, 40.5, 0);
	assert_float_equal(mat.row_scan_s, 0.012, 1e-12);
	assert_int_equal(mat.dtype, PL_U16);
	assert_int_equal(mat.serial.baud, 921600);
	assert_int_equal(mat.serial.dtr, 0);
	assert_int_equal(mat.serial.rts, 1);
	assert_int_equal(mat.serial.settle_ms, 1500);
	assert_true(mat.serial.discard_banner);
	assert_string_equal(mat.decoder.protocol, "matrix");
	assert_int_equal(mat.decoder.rows, 3);
	assert_int_equal(m->rows, 2); /* turned: the wire has it the other way round */
	assert_int_equal(m->cols, 3);
	assert_int_equal(m->head.n, 2);
	assert_int_equal(m->tail.bytes[1], 10);
	assert_int_equal(m->lock_frames, 2);
	assert_int_equal(m->relock_frames, 5);
	assert_true(m->big_endian && m->column_major && m->flip_x && !m->flip_y);
	assert_int_equal(m->mask, 0x3FF);
	assert_int_equal(m->shift, 2);
	assert_int_equal(m->invert_max, 255);
	assert_int_equal(m->row_map[0], 1);
	assert_int_equal(m->length_field.offset, 2);
	assert_int_equal(m->length_field.width, 2);
	assert_true(m->length_field.big_endian);
	assert_int_equal(m->length_expected, 12);
	assert_int_equal(m->seq_field.offset, 4);
	assert_int_equal(m->check, PL_CHECK_CRC16_MODBUS);
	assert_int_equal(m->check_from, 2);
	assert_int_equal(m->check_to, 9);
	assert_int_equal(m->start.n, sizeof(command));
	assert_memory_equal(m->start.bytes, command, sizeof(command));
	assert_int_equal(m->stop.n, 1);
	assert_int_equal(m->poll.n, 1);
	assert_int_equal(m->poll_timeout_ms, 250);
	assert_int_equal(mat.calibration.unit, PL_UNIT_N);
	assert_int_equal(mat.calibration.curve_points, 3);
	assert_float_equal(mat.calibration.curve_value[1], 5.5, 0);
	assert_int_equal(mat.calibration.cell_state[1], PL_CELL_DEAD);
	assert_int_equal(mat.calibration.cell_state[5], PL_CELL_NONE);
	assert_int_equal(mat.calibration.dead_policy, PL_DEAD_INTERPOLATE);
	assert_string_equal(mat.calibration.id, "bench-7");
	assert_int_equal(mat.live.facing, PL_FACING_LEFT);
	assert_int_equal(mat.live.side, PL_SIDE_RIGHT);
	assert_int_equal(mat.live.region, PL_REGION_THIRDS);
	assert_float_equal(mat.live.force_min, 15, 0);
	assert_float_equal(mat.live.filter_hz, 0, 0);
	assert_float_equal(mat.live.rate_hz, 40.5, 0);
	pl_mat_free(&mat);
	assert_null(mat.config_text);
	pl_mat_free(&mat); /* twice is harmless */
}

static void test_calibration_id(void **state)
{
	char first[65];
	struct pl_mat mat;

	(void)state;
	accept(&mat, HEAD FRAME);
	assert_string_equal(mat.calibration.id, "none");
	assert_int_equal(mat.serial.baud, 115200);
	assert_int_equal(mat.serial.dtr, -1);
	assert_float_equal(mat.live.filter_hz, 10, 0);
	pl_mat_free(&mat);
	accept(&mat, HEAD FRAME "calibration = { unit = \"kPa\"; scale = 0.5; };\n");
	snprintf(first, sizeof(first), "%s", mat.calibration.id);
	assert_int_equal(strlen(first), 12);
	pl_mat_free(&mat);
	accept(&mat, HEAD FRAME "# the same\ncalibration = { scale = 0.50; unit = \"kPa\"; };\n");
	assert_string_equal(mat.calibration.id, first);
	pl_mat_free(&mat);
	accept(&mat,
	       HEAD FRAME "calibration = { unit = \"kPa\"; scale = 0.5; dead_cells = ((0, 0)); "
			  "};\n");
	assert_string_not_equal(mat.calibration.id, first);
	pl_mat_free(&mat);
	/* too slow for the usual filter: none, rather than an error nobody caused */
	accept(&mat, HEAD FRAME "rate_hz = 12;\n");
	assert_float_equal(mat.live.filter_hz, 0, 0);
	pl_mat_free(&mat);
}

static char folder[64];

static const char *write_file(const char *name, const char *text)
{
	static char path[2][256];
	static int turn;
	FILE *f;

	turn = !turn;
	snprintf(path[turn], sizeof(path[turn]), "%s/%s", folder, name);
	f = fopen(path[turn], "w");
	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	fclose(f);
	return path[turn];
}

/* Each '@' of the message stands for the folder of this test. */
static void refuse_file(const char *path, const char *calibration, enum pl_code code,
			const char *message)
{
	struct pl_error err = {0};
	struct pl_mat mat;
	char want[512];
	size_t n = 0;

	for (; *message && n < sizeof(want) - sizeof(folder); message++)
		if (*message == '@')
			n += (size_t)sprintf(want + n, "%s", folder);
		else
			want[n++] = *message;
	want[n] = '\0';
	assert_int_equal(pl_mat_load(&mat, path, calibration, &err), -1);
	assert_string_equal(err.message, want);
	assert_int_equal(err.code, code);
}

static void test_files(void **state)
{
	struct pl_error err;
	struct pl_mat mat;
	const char *path;

	(void)state;
	write_file("gain.csv", "# gains\n1, 1, 1, 1, 1, 1\n2;2;2;2;2;2\n\n3 3 3 3 3 3\n"
			       "4\t4\t4\t4\t4\t4.5 # end\n");
	path = write_file(
		"my-mat.conf", HEAD FRAME
		"calibration = { unit = \"kPa\"; scale = 2; gain_file = \"gain.csv\"; };\n");
	assert_int_equal(pl_mat_load(&mat, path, NULL, &err), 0);
	assert_string_equal(mat.name, "my-mat");
	assert_string_equal(mat.path, path);
	assert_float_equal(mat.calibration.cell_gain[6], 2, 0);
	assert_float_equal(mat.calibration.cell_gain[23], 4.5, 0);
	assert_null(mat.calibration.cell_offset);
	pl_mat_free(&mat);

	assert_int_equal(
		pl_mat_load(&mat, path, write_file("cal.conf", "unit = \"N\"; scale = 3;\n"), &err),
		0);
	assert_int_equal(mat.calibration.unit, PL_UNIT_N);
	assert_null(mat.calibration.cell_gain);
	pl_mat_free(&mat);

	path = write_file("my-mat.conf", HEAD FRAME);
	refuse_file(path, write_file("cal.conf", "unit = \"N\";\nscale = 3;\nrows = 3;\n"),
		    PL_ECONFIG,
		    "@/cal.conf:3: rows: unknown key; valid: unit, scale, curve, noise_floor, "
		    "contact, "
		    "saturation_counts, dead_cells, no_cells, gain_file, offset_file, gain, "
		    "offset, policy, id, calibrated, expires, by, method, loads, reference_n, "
		    "residual_rms_pct, residual_max_pct, repeat_pct, body_mass_kg, body_error_pct");
	path = write_file("my-mat.conf",
			  HEAD FRAME "calibration = {\n  offset_file = \"off.csv\"; };\n");
	write_file("off.csv", "1 2 3 4 5 6\n1 2 3 4 5\n");
	refuse_file(path, NULL, PL_ECONFIG,
		    "@/my-mat.conf:8: calibration.offset_file: @/off.csv:2: wrong number of "
		    "columns; valid: 6");
	refuse_file(
		write_file("My_Mat.conf", HEAD FRAME), NULL, PL_ECONFIG,
		"@/My_Mat.conf: not the name of a mat; valid: a to z, 0 to 9 and -, then .conf");
	refuse_file("/nowhere/a.conf", NULL, PL_ENOENT,
		    "cannot read /nowhere/a.conf: No such file or directory");
	refuse_file("/dev/null", NULL, PL_ECONFIG, "/dev/null: not a regular file");
	path = write_file("secret.conf", HEAD FRAME);
	if (geteuid() && !chmod(path, 0))
		refuse_file(path, NULL, PL_EACCES, "cannot read @/secret.conf: Permission denied");
}

static void count(void *user, const char *name, const char *path)
{
	unsigned *found = user;

	assert_non_null(strstr(path, name));
	*found += !strcmp(name, "my-mat") || !strcmp(name, "jq-64x64");
}

static void test_search(void **state)
{
	char path[512];
	struct pl_error err;
	struct pl_mat mat;
	unsigned found = 0;

	(void)state;
	snprintf(path, sizeof(path), "%s:%s", folder, getenv("PLANTAR_MATS"));
	setenv("PLANTAR_MATS", path, 1);
	write_file("my-mat.conf", HEAD FRAME);
	write_file("jq-64x64.conf", "title = \"mine comes first\"; " FRAME);
	pl_mat_list(count, &found);
	assert_int_equal(found, 2);
	assert_int_equal(pl_mat_load(&mat, "my-mat", NULL, &err), 0);
	assert_string_equal(mat.title, "test");
	pl_mat_free(&mat);
	assert_int_equal(pl_mat_load(&mat, "jq-64x64", NULL, &err), -1);
	assert_non_null(strstr(err.message, folder));
	assert_int_equal(pl_mat_load(&mat, "my-matt", NULL, &err), -1);
	assert_int_equal(err.code, PL_ENOENT);
	assert_non_null(strstr(err.message, "no mat \"my-matt\"; known: "));
	assert_non_null(strstr(err.message, "known: my-mat; \"plantar list\" shows all"));
	assert_int_equal(pl_mat_load(&mat, "..", NULL, &err), -1);
}

static int make_folder(void **state)
{
	(void)state;
	snprintf(folder, sizeof(folder), "/tmp/plantar-conf-XXXXXX");
	return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state)
{
	static const char *const names[] = {"gain.csv",	    "off.csv",	   "cal.conf",
					    "my-mat.conf",  "My_Mat.conf", "secret.conf",
					    "jq-64x64.conf"};
	char path[256];

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		snprintf(path, sizeof(path), "%s/%s", folder, names[i]);
		unlink(path);
	}
	return rmdir(folder);
}

/* What a mat with a USB group asks for, and what one without it gets. */
static void test_usb(void **state)
{
	static const char text[] = HEAD FRAME
		"usb = {\n"
		" interface = 1; in = 0x82; out = 0x03; transfer_bytes = 512;\n"
		" transfers = 8; packets = true; write = \"report\"; report_ids = true;\n"
		" start = ({ type = 0xC0; request = 0x6C; value = [0, 5]; index = [0, 7];\n"
		"            length = 8; optional = true; },\n"
		"          { type = 0x40; request = 0xC7; value = 100; data = \"01 02\"; });\n"
		" stop = ({ type = 0x40; request = 0xC7; });\n"
		"};\n";
	struct pl_error err;
	struct pl_mat mat;
	const struct pl_usb_config *usb = &mat.usb;

	(void)state;
	if (pl_mat_parse(&mat, "test", text, &err))
		fail_msg("%s", err.message);
	assert_int_equal(usb->interface, 1);
	assert_int_equal(usb->in, 0x82);
	assert_int_equal(usb->out, 3);
	assert_int_equal(usb->transfer_bytes, 512);
	assert_int_equal(usb->transfers, 8);
	assert_true(usb->packets && usb->report_ids);
	assert_int_equal(usb->write, PL_USB_WRITE_REPORT);
	assert_int_equal(usb->n_start, 2);
	assert_int_equal(usb->start[0].type, 0xc0);
	assert_int_equal(usb->start[0].request, 0x6c);
	assert_int_equal(usb->start[0].value[1], 5);
	assert_int_equal(usb->start[0].index[0], 0);
	assert_int_equal(usb->start[0].index[1], 7);
	assert_int_equal(usb->start[0].length, 8);
	assert_true(usb->start[0].optional);
	assert_int_equal(usb->start[1].value[0], 100);
	assert_int_equal(usb->start[1].value[1], 100);
	assert_int_equal(usb->start[1].length, 2);
	assert_memory_equal(usb->start[1].data, "\1\2", 2);
	assert_int_equal(usb->n_stop, 1);
	pl_mat_free(&mat);
	assert_int_equal(pl_mat_parse(&mat, "test", HEAD FRAME, &err), 0);
	assert_int_equal(usb->interface, -1);
	assert_int_equal(usb->in | usb->out | usb->transfer_bytes | usb->n_start | usb->n_stop, 0);
	assert_int_equal(usb->transfers, 16);
	assert_false(usb->packets);
	assert_int_equal(usb->write, PL_USB_WRITE_AUTO);
	pl_mat_free(&mat);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_messages),       cmocka_unit_test(test_usb),
		cmocka_unit_test(test_wide_numbers),   cmocka_unit_test(test_everything),
		cmocka_unit_test(test_calibration_id), cmocka_unit_test(test_files),
		cmocka_unit_test(test_search),
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
