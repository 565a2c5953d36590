/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A file of reference ranges comes from anybody: whatever it holds, it is refused with a reason, or
 * every range that is drawn has a low end below its high one, and somebody it is of.
 */
#include <math.h>
#include <stdint.h>
#include <stdlib.h>

#include "tools/report/reference.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct pl_error err = {.code = PL_OK};
	struct pl_reference r;
	const json_t *value;
	const char *key;

	if (pl_reference_parse(&r, (const char *)data, size, "ranges.json", &err) < 0) {
		if (err.code == PL_OK || !err.message[0])
			abort();
		return 0;
	}
	if (!r.study || !*r.study || !r.population || !*r.population || !r.range || !*r.range)
		abort();
	json_object_foreach(json_object_get(r.file, "figures"), key, value)
	{
		struct pl_band b = pl_reference_band(&r, key);

		if (!(b.low < b.high) || !isfinite(b.low) || !isfinite(b.high))
			abort();
	}
	if (!isnan(pl_reference_band(&r, "no such figure").low))
		abort();
	pl_reference_free(&r);
	return 0;
}
