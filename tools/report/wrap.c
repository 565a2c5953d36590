/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A line holds as many words as fit; a word that fits no line (a path, a code of 64 letters) is cut
 * where it must be, between characters of UTF-8 and never inside one.
 */
#include "tools/report/wrap.h"

#include <string.h>

#define LINE_MAX_BYTES 1024

/* Bytes of the character at p. */
static size_t letter(const char *p)
{
	size_t n = 1;

	while (((unsigned char)p[n] & 0xC0) == 0x80)
		n++;
	return n;
}

static bool fits(const struct pl_wrap *w, const char *from, size_t n)
{
	char text[LINE_MAX_BYTES];

	if (n >= sizeof(text))
		return false;
	memcpy(text, from, n);
	text[n] = '\0';
	return pl_font_width(w->font, w->weight, w->size, text) <= w->width + 0.01;
}

/* Bytes of the next line; *skip: how many more are blanks behind it. */
static size_t next_line(const struct pl_wrap *w, const char *text, size_t *skip)
{
	size_t best = 0, n = 0;

	*skip = 0;
	while (text[n]) {
		size_t end = n + strcspn(text + n, " \n");

		if (!fits(w, text, end))
			break;
		best = end;
		if (text[end] != ' ')
			break;
		n = end + 1;
	}
	if (best) {
		*skip = text[best] ? 1 : 0;
		return best;
	}
	if (*text == '\n') {
		*skip = 1;
		return 0;
	}
	best = letter(text);
	while (text[best] && text[best] != ' ' && fits(w, text, best + letter(text + best)))
		best += letter(text + best);
	*skip = text[best] == ' ';
	return best;
}

double pl_wrap_draw(const struct pl_wrap *w, struct pl_canvas *c, double x, double y,
		    enum pl_anchor anchor, const char *text)
{
	double top = y;

	if (!*text)
		return 0;
	while (*text) {
		size_t skip, n = next_line(w, text, &skip);
		char line[LINE_MAX_BYTES];

		snprintf(line, sizeof(line), "%.*s", (int)n, text);
		if (c)
			pl_draw_text(c, x, y + 0.78 * w->leading, w->weight, w->size, anchor,
				     w->ink, line);
		y += w->leading;
		text += n + skip;
	}
	return y - top;
}
