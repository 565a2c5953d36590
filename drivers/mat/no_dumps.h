/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DRIVERS_MAT_NO_DUMPS_H
#define DRIVERS_MAT_NO_DUMPS_H

/* From now on this process leaves no core dump. */
void pl_no_core_dumps(void);

#endif
