/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What plantar probe found, as a mat file: only keys that were found out, the reasons as comments,
 * and what nobody can see in a stream marked as such.
 */
#include "tools/probe_conf.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void put_bytes(FILE *f, const char *key, const struct pl_sync *s)
{
	if (!s->n)
		return;
	fprintf(f, "  %s = \"", key);
	for (unsigned i = 0; i < s->n; i++)
		fprintf(f, "%s%02X", i ? " " : "", s->bytes[i]);
	fprintf(f, "\";\n");
}

static void put_number(FILE *f, const char *key, unsigned value)
{
	if (value)
		fprintf(f, "  %s = %u;\n", key, value);
}

static void put_separators(FILE *f, const char *separators)
{
	fprintf(f, " separators = \"");
	for (; *separators; separators++) {
		if (*separators == '\t')
			fprintf(f, "\\t");
		else
			fprintf(f, "%s%c", strchr("\"\\", *separators) ? "\\" : "", *separators);
	}
	fprintf(f, "\";");
}

static void put_text(FILE *f, const struct pl_text_lines *t)
{
	static const char *const lines[] = {"", "row", "frame", "cell", "index"};

	fprintf(f, "  text = { line = \"%s\";", lines[t->line]);
	if (t->begin[0])
		fprintf(f, " begin = \"%s\";", t->begin);
	if (t->end[0])
		fprintf(f, " end = \"%s\";", t->end);
	if (t->prefix[0])
		fprintf(f, " prefix = \"%s\";", t->prefix);
	if (t->separators[0])
		put_separators(f, t->separators);
	if (t->blank)
		fprintf(f, " blank_line = true;");
	if (t->idle_ms)
		fprintf(f, " idle_ms = %u;", t->idle_ms);
	if (t->runs_on)
		fprintf(f, " runs_on = true;");
	fprintf(f, " };\n");
}

static void put_frame(FILE *f, const struct pl_matrix_config *m)
{
	static const char *const checks[] = {"none", "sum8",	    "sum16",	    "xor8",
					     "crc8", "crc16-ccitt", "crc16-modbus", "crc32"};

	fprintf(f, "frame = {\n");
	put_bytes(f, "head", &m->head);
	put_bytes(f, "tail", &m->tail);
	put_bytes(f, "delimiter", &m->delimiter);
	put_number(f, "skip_head", m->skip_head);
	put_number(f, "skip_tail", m->skip_tail);
	if (m->big_endian)
		fprintf(f, "  endian = \"big\";\n");
	put_number(f, "cell_max", m->cell_max);
	if (m->digits.base)
		fprintf(f, "  digits = { base = %u; offset = %u; };\n", m->digits.base,
			m->digits.offset);
	if (m->chunks.cells)
		fprintf(f,
			"  chunks = { cells = %u; unit = \"%s\"; offset = %d; width = %u; "
			"index_base "
			"= "
			"%u; };\n",
			m->chunks.cells, m->chunks.by_row ? "row" : "cell", m->chunks.index.offset,
			m->chunks.index.width, m->chunks.index_base);
	if (m->check)
		fprintf(f, "  check = { type = \"%s\"; endian = \"%s\"; from = %d; };\n",
			checks[m->check], m->check_big_endian ? "big" : "little", m->check_from);
	if (m->text.line)
		put_text(f, &m->text);
	fprintf(f, "};\n");
}

char *pl_probe_conf(const struct pl_guess *g, unsigned baud, const char *from)
{
	static const char *const cells[] = {"u8", "i8", "u16", "i16", "u24", "u32", "i32", "f32"};
	const struct pl_matrix_config *m = &g->config.matrix;
	char *text = NULL;
	size_t size = 0;
	FILE *f = open_memstream(&text, &size);

	if (!f)
		return NULL;
	fprintf(f, "# Guessed by plantar probe from %s:\n", from);
	for (const char *at = g->why; *at;) {
		size_t n = strcspn(at, "\n");

		fprintf(f, "# - %.*s\n", (int)n, at);
		at += n + (at[n] == '\n');
	}
	fprintf(f,
		"# No stream says pitch_mm, the rate, which edge is the front, or what a count "
		"weighs:\n"
		"# measure the pitch, turn the picture with frame.rotate, flip_x and flip_y.\n\n"
		"rows = %u;\ncols = %u;\npitch_mm = 10.0;   # not known: measure it\n"
		"protocol = \"matrix\";\ncell = \"%s\";\n",
		g->config.rows, g->config.cols, cells[m->cell]);
	if (baud)
		fprintf(f, "serial = { baud = %u; };\n", baud);
	put_frame(f, m);
	if (fclose(f)) {
		free(text);
		return NULL;
	}
	return text;
}
