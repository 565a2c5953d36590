/* SPDX-License-Identifier: Apache-2.0 */
/* What the encoder of matrix mats does besides laying out bytes: escaping them, printing numbers.
 */
#ifndef DRIVERS_ENCODE_MATRIX_PARTS_H
#define DRIVERS_ENCODE_MATRIX_PARTS_H

#include "drivers/decode/matrix_layout.h"

/* n plain bytes with their marks, at most 2 n + 4 bytes. */
size_t pl_escape_bytes(const struct pl_matrix_config *c, const uint8_t *plain, size_t n,
		       uint8_t *out);

/* One frame of a text, cells in the order of the wire. */
size_t pl_text_max(const struct pl_matrix_config *c);
size_t pl_text_print(const struct pl_matrix_config *c, const struct pl_matrix_layout *l,
		     const void *cells, uint8_t *out);

#endif
