/* SPDX-License-Identifier: Apache-2.0 */
/* Source URIs, which come from configuration files and command lines. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "drivers/transport/transport.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct pl_mat mat = {.name = "m", .geometry = {.rows = 64, .cols = 64}};
	struct pl_error err = {.code = PL_OK};
	char *uri = malloc(size + 1), value[8];

	memcpy(uri, data, size);
	uri[size] = '\0';
	if (pl_transport_check(uri, &mat, &err) && (err.code != PL_EUSAGE || !err.message[0]))
		abort();
	if (pl_uri_query(uri, "hz", value, sizeof(value)) && strlen(value) >= sizeof(value))
		abort();
	free(uri);
	return 0;
}
