/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a table of force or centre of pressure has of the live metrics: the same keys, so that
 * whoever reads /metrics of a session need not know what it was recorded with.
 */
#ifndef ARCHIVE_TABLE_METRICS_H
#define ARCHIVE_TABLE_METRICS_H

#include <stdbool.h>

#include <plantar/table.h>

/* Force of both feet: as the table has it, else the sum of the two; NaN in a gap. */
bool pl_table_has_force(const struct pl_table *t);
double pl_table_force(const struct pl_table *t, size_t row);

#define TABLE_METRICS 9
/* "force_n", ...; NULL: this table says nothing of it. */
const char *pl_table_metric_key(const struct pl_table *t, unsigned metric);
float pl_table_metric(const struct pl_table *t, unsigned metric, size_t row);

#endif
