/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Figures for people, made from the same JSON that --json prints: whoever reads the table and
 * whoever parses the document see the same numbers.
 */
#ifndef TOOLS_FIGURES_H
#define TOOLS_FIGURES_H

#include <stdio.h>

#include <jansson.h>

/* A number with about four significant digits ("818.6", "0.237", "12450"); "-" for null, absent
 * and not a number. buf of 32 bytes is enough. */
const char *pl_figure(const json_t *value, char *buf);

/*
 * The member of object whose key is base, or base and one of the unit suffixes (_n, _counts,
 * _ns, _kpa, ...); *unit (may be NULL) becomes that unit as people write it ("N", "counts",
 * "N s", "kPa"). NULL: there is none.
 */
const json_t *pl_figure_find(const json_t *object, const char *base, const char **unit);

/* A field of a CSV: shortest digits, text quoted where it must be, nothing for null. */
void pl_csv_json(FILE *out, const json_t *value);

/* The text of a member, or fallback when it is absent, null, empty or no string. */
const char *pl_figure_text(const json_t *object, const char *key, const char *fallback);

/* A JSON string of any text: bytes that are not UTF-8 (a path may have them) become '?'. */
json_t *pl_text_json(const char *text);

/* The `recording` section in one or two lines: format, size, pitch, rate, frames, losses. */
void pl_figures_recording(FILE *out, const json_t *recording);

/* Section "standing"; NULL prints nothing. */
void pl_figures_standing(FILE *out, const json_t *standing);
/* The sections `steps` and `gait`; nothing if there is no step. */
void pl_figures_gait(FILE *out, const json_t *document);

/* What `plantar analyze` prints without --json. */
void pl_figures_analysis(FILE *out, const json_t *document);

#endif
