/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Byte captures from anywhere: whatever is in the file, reading ends, stays within it, never goes
 * back in time, and reads the same after a rewind.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "drivers/transport/plcap.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct summary {
	uint64_t records, bytes, sum;
	int last;
	bool truncated;
};

static struct summary read_all(struct pl_plcap *p, size_t size)
{
	struct summary s = {0};
	const uint8_t *bytes;
	int64_t t_ns, before_ns = 0;
	struct pl_error err;
	size_t n;

	while ((s.last = pl_plcap_next(p, &t_ns, &bytes, &n, &s.truncated, &err)) == 1) {
		if (t_ns < before_ns || n > size)
			abort();
		before_ns = t_ns;
		s.records++;
		s.bytes += n;
		for (size_t i = 0; i < n; i++)
			s.sum = s.sum * 31 + bytes[i];
	}
	if (s.last < 0 && (err.code == PL_OK || !err.message[0]))
		abort();
	if (s.bytes + 12 * s.records > size)
		abort();
	return s;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct pl_error err = {.code = PL_OK};
	struct pl_plcap *p = pl_plcap_open_memory(data, size, &err);
	struct summary first, again;

	if (!p) {
		if (err.code == PL_OK)
			abort();
		return 0;
	}
	if (!pl_plcap_probe(data, size) || strlen(pl_plcap_mat_name(p)) > 63 ||
	    strlen(pl_plcap_mat_text(p)) > size)
		abort();
	first = read_all(p, size);
	if (pl_plcap_rewind(p, &err))
		abort();
	again = read_all(p, size);
	if (first.records != again.records || first.sum != again.sum || first.last != again.last ||
	    first.truncated != again.truncated)
		abort();
	pl_plcap_close(p);
	return 0;
}
