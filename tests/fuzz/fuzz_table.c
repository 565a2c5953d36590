/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tables of force and CoP: the first line of the input is what a person says about the rest, as
 * columns|unit|unit-length|rate. Whatever the bytes, a table of finite numbers and holes or a
 * refusal with a message; and what is read can be analysed.
 */
#include <stdio.h>

#include <plantar/hints.h>

#include "foreign_fuzz.h"

#define ANALYSIS_BYTES (8u << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct pl_table_file *t)
{
	must(t->table.rows > 0 && t->table.rate_hz > 0 && isfinite(t->table.rate_hz));
	for (int c = 0; c < PL_COLUMNS; c++) {
		must(!t->table.column[c] == !t->from[c][0]);
		for (size_t i = 0; t->table.column[c] && i < t->table.rows; i++)
			must(!isinf(t->table.column[c][i]));
	}
}

static void analyze(const struct pl_table_file *t)
{
	struct pl_error err = {.code = PL_OK};
	struct pl_table_options o;
	struct pl_json json;
	char *text = malloc(ANALYSIS_BYTES);

	must(text != NULL);
	pl_table_options_init(&o);
	pl_json_init(&json, text, ANALYSIS_BYTES);
	if (pl_table_analyze(t, &o, &json, &err) == 0)
		must(pl_json_finish(&json) > 0 || json.overflow);
	else
		must(err.code != PL_OK && err.message[0]);
	free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *newline = size ? memchr(data, '\n', size) : NULL;
	size_t head = newline ? (size_t)(newline - data) : 0;
	struct pl_hints hints = {.columns = NULL};
	struct pl_error err = {.code = PL_OK};
	struct pl_table_file *t;
	char said[256], *rest = said;

	if (!newline || head >= sizeof(said))
		return 0;
	memcpy(said, data, head);
	said[head] = '\0';
	hints.columns = strsep(&rest, "|");
	hints.unit = strsep(&rest, "|");
	hints.unit_length = strsep(&rest, "|");
	hints.rate_hz = rest ? strtod(rest, NULL) : 0;
	if (hints.unit && !*hints.unit)
		hints.unit = NULL;
	if (hints.unit_length && !*hints.unit_length)
		hints.unit_length = NULL;
	if (!(hints.rate_hz >= 0.001 && hints.rate_hz <= 1e6)) /* as the tools take it */
		hints.rate_hz = 0;
	pl_format_probe(newline + 1, size - head - 1);
	t = pl_table_open_memory(newline + 1, size - head - 1, &hints, &err);
	if (!t) {
		must(err.code != PL_OK && err.message[0] && !strchr(err.message, '\n'));
		return 0;
	}
	check(t);
	analyze(t);
	pl_table_close(t);
	return 0;
}
