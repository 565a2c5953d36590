/* SPDX-License-Identifier: Apache-2.0 */
/* PMP from any device at all. Byte 0: rows, 1: columns, 2: cell type, 3: where bytes are lost. */
#include "tests/fuzz/feed.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct pl_decoder_config config = {.protocol = "pmp"};

	if (size < 4)
		return 0;
	config.rows = 1 + data[0] % 16;
	config.cols = 1 + data[1] % 16;
	config.dtype = (enum pl_dtype)(data[2] % (PL_F32 + 1));
	feed_every_way(&config, data + 4, size - 4, data[3] * 4u, data[3] % 2 ? data[3] : 0);
	return 0;
}
