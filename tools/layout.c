/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names of figures are long because they say where a figure comes from, and sentences are as long
 * as what they have to say; a terminal has eighty to a hundred columns. What repeats goes into a
 * heading, what is long is wrapped, and digits that only rounding made are not shown.
 */
#include "tools/layout.h"

#include <math.h>
#include <string.h>

#include "tools/figures.h"

void pl_wrapped(FILE *out, const char *before, const char *text, int indent)
{
	int column = (int)strlen(before), blank = 0, word;

	fputs(before, out);
	while (*text) {
		word = (int)strcspn(text, " ");
		if (column > indent && column + blank + word > PL_WIDTH) {
			fprintf(out, "\n%*s", indent, "");
			column = indent;
			blank = 0;
		}
		fprintf(out, "%s%.*s", blank ? " " : "", word, text);
		column += blank + word;
		blank = 1;
		text += word + (text[word] == ' ');
	}
	fputc('\n', out);
}

void pl_figure_name(FILE *out, const json_t *figure, char *last, int width)
{
	const char *name = pl_figure_text(figure, "figure", "-");
	const char *side = pl_figure_text(figure, "side", "");
	const char *point = strrchr(name, '.'), *rest = point ? point + 1 : name;
	char heading[128];

	if (strcmp(side, "right - left") == 0)
		side = ""; /* the columns say so */
	snprintf(heading, sizeof(heading), "%.*s%s%s", point ? (int)(point - name) : 0, name,
		 *side ? ", " : "", side);
	if (strcmp(heading, last) != 0)
		fprintf(out, "%s\n", heading);
	snprintf(last, sizeof(heading), "%s", heading);
	if ((int)strlen(rest) > width - 2)
		fprintf(out, "  %s\n%*s", rest, width, "");
	else
		fprintf(out, "  %-*s", width - 2, rest);
}

const char *pl_figure_scatter(const json_t *value, const json_t *mean, char *buf)
{
	double v = json_number_value(value);
	int decimals;

	if (!json_is_number(value))
		return "-";
	if (fabs(v) <= 1e-9 * fabs(json_number_value(mean)))
		v = 0;
	decimals = v == 0 ? 0 : 2 - (int)floor(log10(fabs(v)));
	if (fabs(v) >= 1e15 || (v != 0 && fabs(v) < 1e-5))
		snprintf(buf, 32, "%.2g", v);
	else
		snprintf(buf, 32, "%.*f", decimals < 0 ? 0 : decimals, v);
	return buf;
}
