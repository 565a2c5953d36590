/* SPDX-License-Identifier: Apache-2.0 */
/* Byte captures: what is written is read back, and whatever else is in a file is refused politely.
 */
#include "tests/unit/drivers/transport_test.h"

#include "drivers/transport/plcap.h"

#define NAME_OF_64 \
	"plcap 1\nmat: 0123456789012345678901234567890123456789012345678901234567890123\n\n"
#define HEAD "plcap 1\nmat: m\n\n"

static const uint8_t record[] = {5, 0, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0, 'a', 'b', 'c'};

static struct pl_plcap *open_bytes(const void *head, size_t head_n, const void *tail, size_t tail_n,
				   uint8_t *buf, struct pl_error *err)
{
	memcpy(buf, head, head_n);
	memcpy(buf + head_n, tail, tail_n);
	return pl_plcap_open_memory(buf, head_n + tail_n, err);
}

static void round_trip(void **state)
{
	static uint8_t big[3 << 20];
	struct pl_mat mat;
	struct pl_plcap_writer *w;
	struct pl_plcap *p;
	struct pl_error err;
	const uint8_t *bytes;
	size_t n, sum = 0;
	int64_t t;
	bool truncated;
	char *path = strdup(scratch("round.plcap"));

	(void)state;
	parse_mat(&mat, PMP_MAT "\n/*\n.\n\nconfig:\n*/\n");
	for (size_t i = 0; i < sizeof(big); i++)
		big[i] = (uint8_t)(i * 2654435761u >> 20);
	w = pl_plcap_create(path, &mat, &err);
	assert_non_null(w);
	assert_int_equal(pl_plcap_write(w, 1000000, "first", 5, &err), 0);
	assert_int_equal(pl_plcap_write(w, 1000500, "\0\n.\n", 4, &err), 0);
	assert_int_equal(pl_plcap_write(w, 999999, "early", 5, &err),
			 0); /* time stands, not back */
	assert_int_equal(pl_plcap_write(w, 2000000, big, sizeof(big), &err), 0);
	assert_int_equal(pl_plcap_finish(w, &err), 0);

	p = pl_plcap_open(path, &err);
	if (!p)
		fail_msg("%s", err.message);
	assert_string_equal(pl_plcap_mat_name(p), "testmat");
	/* the "." line in the comment got a space; the mat is the same */
	assert_non_null(strstr(pl_plcap_mat_text(p), "\n. \n\nconfig:\n*/\n"));
	pl_mat_free(&mat);
	parse_mat(&mat, pl_plcap_mat_text(p));
	pl_mat_free(&mat);
	for (int round = 0; round < 2; round++) {
		sum = 0;
		assert_int_equal(pl_plcap_next(p, &t, &bytes, &n, &truncated, &err), 1);
		assert_true(t == 0 && n == 5 && !memcmp(bytes, "first", 5));
		assert_int_equal(pl_plcap_next(p, &t, &bytes, &n, &truncated, &err), 1);
		assert_true(t == 500 && n == 4 && !memcmp(bytes, "\0\n.\n", 4));
		assert_int_equal(pl_plcap_next(p, &t, &bytes, &n, &truncated, &err), 1);
		assert_true(t == 500 && n == 5);
		while (pl_plcap_next(p, &t, &bytes, &n, &truncated, &err) == 1) {
			assert_true(t == 1000000 && n <= 1 << 20);
			assert_memory_equal(bytes, big + sum, n);
			sum += n;
		}
		assert_int_equal(sum, sizeof(big));
		assert_false(truncated);
		assert_int_equal(pl_plcap_rewind(p, &err), 0);
	}
	pl_plcap_close(p);
	free(path);
}

static void every_truncation_is_seen(void **state)
{
	uint8_t buf[128], twice[2 * sizeof(record)];
	size_t head_n = strlen(HEAD);

	(void)state;
	memcpy(twice, record, sizeof(record));
	memcpy(twice + sizeof(record), record, sizeof(record));
	for (size_t cut = 0; cut <= sizeof(twice); cut++) {
		struct pl_error err;
		struct pl_plcap *p = open_bytes(HEAD, head_n, twice, cut, buf, &err);
		const uint8_t *bytes;
		size_t n, records = 0;
		int64_t t;
		bool truncated;

		assert_non_null(p);
		while (pl_plcap_next(p, &t, &bytes, &n, &truncated, &err) == 1)
			records++;
		assert_int_equal(records, cut / sizeof(record));
		assert_int_equal(truncated, cut % sizeof(record) != 0);
		pl_plcap_close(p);
	}
}

static void headers_are_checked(void **state)
{
	static const char *const wrong[] = {
		"",
		"plcap 1",
		"plcap 2\n\n",
		"plcap 1\n",
		"plcap 1\nmat: m\n",
		"plcap 1\nno colon\n\n",
		NAME_OF_64,
		"plcap 1\nconfig:\nrows = 1;\n\n",
		"\x89HDF\r\n\x1a\n",
	};
	static const char twice[] = "plcap 1\nport: x\nconfig:\na\n.\nconfig:\nb\n.\nmat: q\n\n";
	static uint8_t endless[3 << 20];
	struct pl_error err;
	struct pl_plcap *p;

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
		assert_null(pl_plcap_open_memory(wrong[i], strlen(wrong[i]), &err));
		assert_int_equal(err.code, PL_EFORMAT);
	}
	assert_null(pl_plcap_open_memory("plcap 1\nmat: a\0b\n\n", 18, &err));
	assert_int_equal(err.code, PL_EFORMAT);
	memset(endless, 'x', sizeof(endless));
	memcpy(endless, "plcap 1\n", 8);
	assert_null(pl_plcap_open_memory(endless, sizeof(endless), &err));
	assert_non_null(strstr(err.message, "1 MiB"));

	/* unknown fields are left alone; a second configuration replaces the first */
	p = pl_plcap_open_memory(twice, strlen(twice), &err);
	assert_non_null(p);
	assert_string_equal(pl_plcap_mat_name(p), "q");
	assert_string_equal(pl_plcap_mat_text(p), "b\n");
	pl_plcap_close(p);
	p = pl_plcap_open_memory("plcap 1\n\n", 9, &err);
	assert_non_null(p);
	assert_string_equal(pl_plcap_mat_name(p), "");
	assert_string_equal(pl_plcap_mat_text(p), "");
	pl_plcap_close(p);
}

static void damaged_records_are_named(void **state)
{
	uint8_t buf[128], twice[2 * sizeof(record)];
	struct pl_error err;
	const uint8_t *bytes;
	size_t n;
	int64_t t;
	struct pl_plcap *p;

	(void)state;
	memcpy(twice, record, sizeof(record));
	memcpy(twice + sizeof(record), record, sizeof(record));
	twice[sizeof(record) + 10] = 0x11; /* more than 1 MiB */
	p = open_bytes(HEAD, strlen(HEAD), twice, sizeof(twice), buf, &err);
	assert_int_equal(pl_plcap_next(p, &t, &bytes, &n, NULL, &err), 1);
	assert_int_equal(pl_plcap_next(p, &t, &bytes, &n, NULL, &err), -1);
	assert_int_equal(err.code, PL_ECORRUPT);
	assert_non_null(strstr(err.message, "record 1, at byte 31"));
	pl_plcap_close(p);

	twice[sizeof(record) + 10] = 0;
	twice[sizeof(record)] = 4; /* before the first */
	p = open_bytes(HEAD, strlen(HEAD), twice, sizeof(twice), buf, &err);
	assert_int_equal(pl_plcap_next(p, &t, &bytes, &n, NULL, &err), 1);
	assert_int_equal(pl_plcap_next(p, &t, &bytes, &n, NULL, &err), -1);
	assert_int_equal(err.code, PL_ECORRUPT);
	pl_plcap_close(p);
}

static void files_that_cannot_be(void **state)
{
	struct pl_mat mat;
	struct pl_error err;
	struct pl_plcap_writer *w;
	static uint8_t much[1 << 20];
	int failed = 0;

	(void)state;
	parse_mat(&mat, PMP_MAT);
	assert_null(pl_plcap_open(scratch("missing.plcap"), &err));
	assert_int_equal(err.code, PL_ENOENT);
	assert_non_null(strstr(err.message, "missing.plcap"));
	assert_null(pl_plcap_open(scratch(""), &err)); /* a folder */
	assert_int_equal(err.code, PL_EIO);
	assert_null(pl_plcap_create("/no/such/folder/x.plcap", &mat, &err));
	assert_int_equal(err.code, PL_ENOENT);
	if (!access("/dev/full", W_OK)) {
		w = pl_plcap_create("/dev/full", &mat, &err);
		assert_non_null(w);
		failed = pl_plcap_write(w, 0, much, sizeof(much), &err);
		if (!failed)
			failed = pl_plcap_finish(w, &err);
		else
			assert_int_not_equal(pl_plcap_finish(w, NULL), 0);
		assert_int_not_equal(failed, 0);
		assert_int_equal(err.code, PL_ENOSPC);
	}
	pl_mat_free(&mat);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(round_trip),		cmocka_unit_test(every_truncation_is_seen),
		cmocka_unit_test(headers_are_checked),	cmocka_unit_test(damaged_records_are_named),
		cmocka_unit_test(files_that_cannot_be),
	};
	int failed = cmocka_run_group_tests(tests, NULL, NULL);

	remove_scratch();
	return failed;
}
