/* SPDX-License-Identifier: Apache-2.0 */
/* Is plantar/pmp.h enough by itself, in the C of a microcontroller's compiler? */
#include <plantar/pmp.h>

void pmp_h_send(pl_pmp_put put, void *user, const uint16_t *cells, size_t n);

void pmp_h_send(pl_pmp_put put, void *user, const uint16_t *cells, size_t n)
{
	struct pl_pmp mat;

	pl_pmp_init(&mat, put, user);
	pl_pmp_text(&mat, PL_PMP_INFO, "rows=1\n");
	pl_pmp_begin(&mat, 0);
	pl_pmp_u16(&mat, cells, n);
	pl_pmp_end(&mat);
	pl_pmp_drop(&mat);
}
