/* SPDX-License-Identifier: Apache-2.0 */
/* The areas of an insole's sensors: all of them, finite and above 0, or a refusal with a message.
 */
#include "foreign_fuzz.h"
#include "lib/archive/import_areas.h"

#define SENSORS 4

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct pl_error err = {.code = PL_OK};
	double area_m2[SENSORS];

	if (pl_import_areas((const char *)data, size, area_m2, SENSORS, &err)) {
		must(err.code != PL_OK && err.message[0] && !strchr(err.message, '\n'));
		return 0;
	}
	for (int i = 0; i < SENSORS; i++)
		must(area_m2[i] > 0 && area_m2[i] <= 0.01);
	return 0;
}
