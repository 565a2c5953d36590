/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The audit log as somebody finds it who wants to hide something: each way of tampering is done to
 * a log of a real run and must be found at its place; each thing that just happens (a crash, a file
 * set aside, two writers) must not.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include <plantar/audit.h>

static char folder[64];

struct seen {
	unsigned n;
	uint64_t line;
	char file[128], text[512];
};

static void note(void *user, const char *file, uint64_t line, const char *text)
{
	struct seen *seen = user;

	if (seen->n++ > 0)
		return;
	seen->line = line;
	snprintf(seen->file, sizeof(seen->file), "%s", file);
	snprintf(seen->text, sizeof(seen->text), "%s", text);
}

static int set_up(void **state)
{
	(void)state;
	snprintf(folder, sizeof(folder), "/tmp/plantard-audit-XXXXXX");
	return mkdtemp(folder) ? 0 : -1;
}

static int tear_down(void **state)
{
	char command[128];

	(void)state;
	snprintf(command, sizeof(command), "rm -rf %s", folder);
	return system(command);
}

static const char *path_of(const char *name)
{
	static char path[256];

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	return path;
}

/* A daemon's life: n requests. Returns what it was told about the end it found. */
static const char *live(unsigned n, off_t file_max)
{
	static char broken[400];
	struct pl_error err = {0};
	struct pl_audit a;
	char line[200];

	assert_int_equal(pl_audit_open(&a, folder, broken, sizeof(broken), &err), 0);
	if (file_max)
		a.file_max = file_max;
	for (unsigned i = 0; i < n; i++) {
		snprintf(line, sizeof(line), "{\"who\":\"uid:%u\",\"request\":\"r%u\"}", i % 3, i);
		assert_int_equal(pl_audit_append(&a, line, &err), 0);
	}
	pl_audit_close(&a);
	return broken;
}

static struct pl_audit_report verify(struct seen *seen)
{
	struct pl_audit_report report;
	struct pl_error err = {0};

	memset(seen, 0, sizeof(*seen));
	assert_int_equal(pl_audit_verify(folder, note, seen, &report, &err), 0);
	assert_int_equal(report.findings, seen->n);
	return report;
}

static char *read_log(void)
{
	FILE *in = fopen(path_of("audit.log"), "r");
	char *text = calloc(1, 1 << 20);

	assert_non_null(in);
	assert_true(fread(text, 1, (1 << 20) - 1, in) > 0);
	fclose(in);
	return text;
}

static void write_log(const char *text)
{
	FILE *out = fopen(path_of("audit.log"), "w");

	assert_non_null(out);
	fputs(text, out);
	assert_int_equal(fclose(out), 0);
}

static char *line_of(char *text, unsigned number)
{
	for (unsigned i = 1; i < number; i++)
		text = strchr(text, '\n') + 1;
	return text;
}

static void whole(void **state)
{
	struct seen seen;
	struct pl_audit_report r;
	struct stat st;

	(void)state;
	assert_string_equal(live(10, 0), "");
	assert_string_equal(live(5, 0), "");
	r = verify(&seen);
	assert_int_equal(seen.n, 0);
	assert_int_equal(r.lines, 15);
	assert_int_equal(r.n, 15);
	assert_int_equal(stat(path_of("audit.log"), &st), 0);
	assert_int_equal(st.st_mode & 0777 & ~0640, 0);
}

/* The chain can be followed with sha256sum alone. */
static void hash_is_sha256_of_the_line(void **state)
{
	char command[400];

	(void)state;
	live(3, 0);
	snprintf(command, sizeof(command),
		 "test \"$(sed -n 2p %s/audit.log | tr -d '\\n' | sha256sum | cut -c1-64)\" = "
		 "\"$(sed -n 3p %s/audit.log | sed 's/.*\"prev\":\"\\([0-9a-f]*\\)\".*/\\1/')\"",
		 folder, folder);
	assert_int_equal(system(command), 0);
}

static void changed(void **state)
{
	struct seen seen;
	char *text, *at;

	(void)state;
	live(10, 0);
	text = read_log();
	at = strstr(line_of(text, 4), "uid:");
	at[4] = '9';
	write_log(text);
	verify(&seen);
	assert_int_equal(seen.n, 1);
	assert_int_equal(seen.line, 5);
	assert_non_null(strstr(seen.text, "line 4 or its numbers"));
	/* the last line has nothing behind it but audit.head */
	at[4] = '0';
	at = strstr(line_of(text, 10), "uid:");
	at[4] = '9';
	write_log(text);
	verify(&seen);
	assert_int_equal(seen.n, 1);
	assert_string_equal(seen.file, "audit.head");
	assert_non_null(strstr(seen.text, "line 10, the last one, was changed"));
	free(text);
}

static void removed(void **state)
{
	char *text, *from, *to;
	struct seen seen;

	(void)state;
	live(10, 0);
	text = read_log();
	from = line_of(text, 4);
	to = line_of(text, 7);
	memmove(from, to, strlen(to) + 1);
	write_log(text);
	verify(&seen);
	assert_int_equal(seen.n, 1);
	assert_int_equal(seen.line, 4);
	assert_non_null(strstr(seen.text, "3 line(s) are missing before line 7"));
	/* from the front */
	to = line_of(text, 3);
	memmove(text, to, strlen(to) + 1);
	write_log(text);
	verify(&seen);
	assert_int_equal(seen.line, 1);
	assert_non_null(strstr(seen.text, "begins with line 3"));
	free(text);
}

static void put_in(void **state)
{
	char *text, *copy, *at;
	struct seen seen;

	(void)state;
	live(6, 0);
	text = read_log();
	copy = calloc(1, 1 << 20);
	at = line_of(text, 4);
	snprintf(copy, 1 << 20, "%.*s{\"who\":\"uid:0\",\"request\":\"never\"}\n%s",
		 (int)(at - text), text, at);
	write_log(copy);
	verify(&seen);
	assert_true(seen.n >= 1);
	assert_int_equal(seen.line, 4);
	/* an old line again, as it was */
	snprintf(copy, 1 << 20, "%.*s%.*s%s", (int)(at - text), text,
		 (int)(line_of(text, 3) - line_of(text, 2)), line_of(text, 2), at);
	write_log(copy);
	verify(&seen);
	assert_int_equal(seen.line, 4);
	assert_non_null(strstr(seen.text, "stands behind"));
	/* garbage in the middle is no crash */
	snprintf(copy, 1 << 20, "%.*snonsense\n%s", (int)(at - text), text, at);
	write_log(copy);
	verify(&seen);
	assert_true(seen.n >= 1);
	assert_int_equal(seen.line, 4);
	free(copy);
	free(text);
}

static void cut_off(void **state)
{
	const char *broken;
	struct seen seen;
	char *text;

	(void)state;
	live(10, 0);
	text = read_log();
	*line_of(text, 8) = '\0';
	write_log(text);
	verify(&seen);
	assert_int_equal(seen.n, 1);
	assert_string_equal(seen.file, "audit.head");
	assert_non_null(strstr(seen.text, "3 line(s) were cut off"));
	/* the next start sees it, and goes on without healing it */
	broken = live(4, 0);
	assert_non_null(strstr(broken, "ends with line 7"));
	verify(&seen);
	assert_int_equal(seen.n, 1);
	assert_string_equal(seen.file, "audit.log");
	assert_int_equal(seen.line, 8);
	assert_non_null(strstr(seen.text, "3 line(s) are missing before line 11"));
	free(text);
}

static void taken_away(void **state)
{
	struct seen seen;

	(void)state;
	live(5, 0);
	unlink(path_of("audit.log"));
	verify(&seen);
	assert_int_equal(seen.n, 1);
	live(2, 0);
	verify(&seen);
	assert_int_equal(seen.n, 1);
	assert_non_null(strstr(seen.text, "begins with line 6"));
	unlink(path_of("audit.head"));
	verify(&seen);
	assert_int_equal(seen.n, 2);
}

static void set_aside(void **state)
{
	struct pl_audit_report r;
	struct seen seen;

	(void)state;
	live(100, 2000); /* about 13 lines a file */
	r = verify(&seen);
	assert_int_equal(seen.n, 0);
	assert_int_equal(r.lines, 100);
	assert_true(r.files > 5);
	assert_string_equal(live(3, 2000), "");
	r = verify(&seen);
	assert_int_equal(seen.n, 0);
	assert_int_equal(r.n, 103);
	/* one of them disappears */
	assert_int_equal(system("true"), 0);
	{
		char command[200];

		snprintf(command, sizeof(command), "rm $(ls -tr %s/audit.log.* | sed -n 3p)",
			 folder);
		assert_int_equal(system(command), 0);
	}
	verify(&seen);
	assert_int_equal(seen.n, 1);
	assert_int_equal(seen.line, 1);
	assert_non_null(strstr(seen.text, "are missing before line"));
}

static size_t read_file(const char *name, char *bytes, size_t cap)
{
	FILE *in = fopen(path_of(name), "r");
	size_t n;

	assert_non_null(in);
	n = fread(bytes, 1, cap, in);
	fclose(in);
	return n;
}

static void write_file(const char *name, const char *bytes, size_t n)
{
	FILE *out = fopen(path_of(name), "w");

	assert_non_null(out);
	assert_int_equal(fwrite(bytes, 1, n, out), n);
	assert_int_equal(fclose(out), 0);
}

/* A process ends within a line, or with lines that are there and not remembered. */
static void crashes(void **state)
{
	struct pl_audit_report r;
	struct seen seen;
	char *text, head[8192];
	size_t n;
	FILE *file;

	(void)state;
	live(5, 0);
	n = read_file("audit.head", head, sizeof(head));
	live(3, 0);
	write_file("audit.head", head, n); /* lines 6 to 8 are there, and not remembered */
	r = verify(&seen);
	assert_int_equal(seen.n, 0);
	assert_int_equal(r.n, 8);
	assert_string_equal(live(2, 0), "");
	r = verify(&seen);
	assert_int_equal(seen.n, 0);
	assert_int_equal(r.n, 10);
	for (int cut = 1; cut < 60; cut += 7) { /* whatever is left of a line */
		text = read_log();
		file = fopen(path_of("audit.log"), "a");
		fprintf(file, "%.*s", cut,
			"{\"n\":99,\"prev\":\"0123456789abcdef0123456789abcdef012345");
		fclose(file);
		free(text);
		r = verify(&seen);
		assert_int_equal(seen.n, 0);
		assert_string_equal(live(1, 0), "");
		r = verify(&seen);
		assert_int_equal(seen.n, 0);
	}
	assert_int_equal(r.torn, 9);
}

/* What is remembered must still be where it was, however much follows it. */
static void head_is_checked_behind_its_line(void **state)
{
	struct seen seen;
	char *text, head[8192];
	size_t n;

	(void)state;
	live(5, 0);
	n = read_file("audit.head", head, sizeof(head));
	live(3, 0);
	text = read_log();
	write_file("audit.head", head, n);
	/* lines 5 to 8 are taken out, others with the right numbers put in */
	*line_of(text, 5) = '\0';
	write_log(text);
	unlink(path_of("audit.head"));
	live(4, 0);
	write_file("audit.head", head, n);
	verify(&seen);
	assert_int_equal(seen.n, 1);
	assert_string_equal(seen.file, "audit.head");
	assert_non_null(strstr(seen.text, "line 5 otherwise than it stands in the log"));
	assert_non_null(strstr(live(0, 0), "which is not line 5"));
	free(text);
}

/* audit.head is written in one of two places in turn: whichever is hurt, the other one is there. */
static void head_survives_a_torn_write(void **state)
{
	struct pl_audit_report r;
	struct seen seen;
	char head[8192];
	size_t n;

	(void)state;
	live(5, 0);
	live(5, 0);
	n = read_file("audit.head", head, sizeof(head));
	assert_true(n > 4096);
	for (unsigned place = 0; place < 2; place++) {
		char hurt[8192];

		memcpy(hurt, head, n);
		memset(hurt + (size_t)4096 * place + 30, 0, 40);
		write_file("audit.head", hurt, n);
		r = verify(&seen);
		assert_int_equal(seen.n, 0);
		assert_int_equal(r.n, 10);
		assert_string_equal(live(0, 0), "");
	}
	memset(head, 0, n);
	write_file("audit.head", head, n);
	verify(&seen);
	assert_int_equal(seen.n, 1);
}

/* The head of a version that did not say where in the log its line ends. */
static void older_head(void **state)
{
	char head[8192];
	struct seen seen;

	(void)state;
	live(1, 0);
	assert_true(read_file("audit.head", head, sizeof(head)) > 4096 + 100);
	memmove(head, head + 4096, 86); /* line 1 is in the second place */
	head[85] = '\n';
	write_file("audit.head", head, 86);
	verify(&seen);
	assert_int_equal(seen.n, 0);
	assert_string_equal(live(3, 0), "");
	verify(&seen);
	assert_int_equal(seen.n, 0);
}

/* After a power cut the blocks of lines that were not synced are there or not, or are zeros. */
static void remains_of_lines(void **state)
{
	char *text, *from, *kept, head[8192], told[500];
	struct pl_audit_report r;
	struct seen seen;
	size_t n, size, n_head;

	(void)state;
	live(5, 0);
	n_head = read_file("audit.head", head, sizeof(head));
	live(40, 0);
	text = read_log();
	size = strlen(text);
	from = line_of(text, 8);
	memset(from + 20, 0, 900); /* the rest of line 8, and some more */
	write_file("audit.log", text, size);
	write_file("audit.head", head, n_head);
	r = verify(&seen);
	assert_int_equal(seen.n, 0);
	assert_int_equal(r.torn, 1);
	snprintf(told, sizeof(told), "%s", live(3, 0));
	assert_non_null(strstr(told, "behind line 7"));
	r = verify(&seen);
	assert_int_equal(seen.n, 0);
	assert_int_equal(r.n, 10);
	kept = calloc(1, size);
	n = read_file("audit.torn.8-1", kept, size);
	assert_int_equal(n, size - (size_t)(from - text));
	assert_memory_equal(kept, from, n);
	free(kept);
	free(text);
}

/* What no crash leaves stays where it is, for verify to find. */
static void foreign_line_behind_the_end(void **state)
{
	struct seen seen;
	FILE *file;

	(void)state;
	live(5, 0);
	file = fopen(path_of("audit.log"), "a");
	fputs("{\"who\":\"uid:0\",\"request\":\"never\"}\n", file);
	fclose(file);
	verify(&seen);
	assert_int_equal(seen.n, 1);
	assert_non_null(strstr(live(3, 0), "plantar verify says where"));
	verify(&seen);
	assert_true(seen.n >= 1);
	assert_int_equal(seen.line, 6);
}

/* Lines are on the disk, and remembered, after pl_audit_sync and not before. */
static void remembered_when_synced(void **state)
{
	char before[8192], after[8192], told[400];
	struct pl_audit a;
	size_t n;

	(void)state;
	assert_int_equal(pl_audit_open(&a, folder, told, sizeof(told), NULL), 0);
	n = read_file("audit.head", before, sizeof(before));
	assert_int_equal(pl_audit_append(&a, "{\"request\":\"x\"}", NULL), 0);
	assert_int_equal(read_file("audit.head", after, sizeof(after)), n);
	assert_memory_equal(before, after, n);
	assert_true(a.unsynced);
	assert_int_equal(pl_audit_sync(&a, NULL), 0);
	assert_false(a.unsynced);
	assert_true(read_file("audit.head", after, sizeof(after)) > n);
	pl_audit_close(&a);
}

/* Lines of a version that had no chain stay where they are; the chain binds them. */
static void older_lines(void **state)
{
	struct pl_audit_report r;
	struct seen seen;
	char *text;

	(void)state;
	write_log(
		"{\"t\":\"2026\",\"request\":\"old\"}\n{\"t\":\"2026\",\"request\":\"old too\"}\n");
	assert_string_equal(live(3, 0), "");
	r = verify(&seen);
	assert_int_equal(seen.n, 0);
	assert_int_equal(r.unchained, 2);
	text = read_log();
	strstr(text, "too")[0] = 'x';
	write_log(text);
	verify(&seen);
	assert_int_equal(seen.n, 1);
	assert_int_equal(seen.line, 3);
	free(text);
}

static void two_writers(void **state)
{
	struct pl_audit_report r;
	struct seen seen;
	pid_t pid[3];

	(void)state;
	for (int i = 0; i < 3; i++) {
		pid[i] = fork();
		assert_true(pid[i] >= 0);
		if (pid[i] == 0) {
			live(200, 20000);
			_exit(0);
		}
	}
	for (int i = 0; i < 3; i++) {
		int status;

		assert_int_equal(waitpid(pid[i], &status, 0), pid[i]);
		assert_int_equal(status, 0);
	}
	r = verify(&seen);
	if (seen.n)
		fail_msg("%s:%llu: %s", seen.file, (unsigned long long)seen.line, seen.text);
	assert_int_equal(r.n, 600);
}

static void nothing_there(void **state)
{
	struct pl_audit_report report;
	struct pl_error err = {0};

	(void)state;
	assert_int_equal(pl_audit_verify(folder, NULL, NULL, &report, &err), -1);
	assert_int_equal(err.code, PL_ENOENT);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(whole),
		TEST(hash_is_sha256_of_the_line),
		TEST(changed),
		TEST(removed),
		TEST(put_in),
		TEST(cut_off),
		TEST(taken_away),
		TEST(set_aside),
		TEST(crashes),
		TEST(older_lines),
		TEST(two_writers),
		TEST(nothing_there),
		TEST(head_is_checked_behind_its_line),
		TEST(head_survives_a_torn_write),
		TEST(older_head),
		TEST(remains_of_lines),
		TEST(foreign_line_behind_the_end),
		TEST(remembered_when_synced),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
