/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any bytes as an audit log: verification ends, and a log goes on behind whatever it finds. Behind
 * lines that are remembered any bytes are either told of, or what a crash leaves: then the log is
 * whole again.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <plantar/audit.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool good)
{
	if (!good)
		abort();
}

static char folder[64];

static void append(const void *data, size_t size)
{
	char path[128];
	FILE *file;

	snprintf(path, sizeof(path), "%s/audit.log", folder);
	file = fopen(path, "a");
	check(file && fwrite(data, 1, size, file) == size && fclose(file) == 0);
}

/* Two more requests; *told: there was something to tell, and no crash explains it. */
static void live(bool *told)
{
	struct pl_audit a;
	char text[1000];

	check(pl_audit_open(&a, folder, text, sizeof(text), NULL) == 0);
	*told = *text && !a.mended;
	check(pl_audit_append(&a, "{\"request\":\"x\"}", NULL) == 0);
	check(pl_audit_append(&a, "{\"request\":\"y\"}", NULL) == 0);
	pl_audit_close(&a);
}

static struct pl_audit_report verify(void)
{
	struct pl_audit_report r;

	check(pl_audit_verify(folder, NULL, NULL, &r, NULL) == 0);
	return r;
}

static void empty_folder(void)
{
	static const char *const names[] = {"audit.log", "audit.head", "audit.torn.1-1",
					    "audit.torn.3-1"};
	char path[128];

	for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		snprintf(path, sizeof(path), "%s/%s", folder, names[i]);
		unlink(path);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct pl_audit_report before, after;
	bool told;

	/* in memory, since each run syncs */
	snprintf(folder, sizeof(folder), "%s/plantard-fuzz-XXXXXX",
		 access("/dev/shm", W_OK) ? "/tmp" : "/dev/shm");
	check(mkdtemp(folder) != NULL);
	append(data, size);
	before = verify();
	live(&told);
	after = verify();
	check(after.lines >= before.lines + 2);
	empty_folder();
	/* the same behind two lines that are remembered: a crash, or somebody's work */
	live(&told);
	append(data, size);
	verify();
	live(&told);
	after = verify();
	check(told || after.findings == 0);
	empty_folder();
	rmdir(folder);
	return 0;
}
