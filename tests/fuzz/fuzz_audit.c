/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any bytes as an audit log: verification ends, and a log goes on behind whatever it finds, with
 * nothing wrong from there on but what was wrong before.
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

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char folder[] = "/tmp/plantard-fuzz-XXXXXX", path[64], broken[400];
	struct pl_audit_report before, after;
	struct pl_audit a;
	FILE *file;

	check(mkdtemp(folder) != NULL);
	snprintf(path, sizeof(path), "%s/audit.log", folder);
	file = fopen(path, "w");
	check(file && fwrite(data, 1, size, file) == size && fclose(file) == 0);
	check(pl_audit_verify(folder, NULL, NULL, &before, NULL) == 0);
	check(pl_audit_open(&a, folder, broken, sizeof(broken), NULL) == 0);
	check(pl_audit_append(&a, "{\"request\":\"x\"}", NULL) == 0);
	check(pl_audit_append(&a, "{\"request\":\"y\"}", NULL) == 0);
	pl_audit_close(&a);
	check(pl_audit_verify(folder, NULL, NULL, &after, NULL) == 0);
	check(after.lines >= before.lines + 2);
	unlink(path);
	snprintf(path, sizeof(path), "%s/audit.head", folder);
	unlink(path);
	rmdir(folder);
	return 0;
}
