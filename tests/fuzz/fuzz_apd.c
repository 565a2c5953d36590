/* SPDX-License-Identifier: Apache-2.0 */
/* zebris .apd: whatever the bytes, a recording with whole frames or a refusal with a message.
 */
#include "foreign_fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	fuzz_foreign(PL_FORMAT_ZEBRIS_APD, data, size);
	return 0;
}
