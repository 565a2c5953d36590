/* SPDX-License-Identifier: Apache-2.0 */
/* Units of pressure by the names that exporting programs print, any case. */
#ifndef ARCHIVE_IMPORT_UNITS_H
#define ARCHIVE_IMPORT_UNITS_H

#include <stddef.h>

/* kPa of one of them; 0: counts ("Raw", "counts"); -1: not known here. */
double pl_import_pressure_unit(const char *name, size_t n);

#endif
