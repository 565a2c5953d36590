/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One line of text in a buffer that may be too small for it. A message cut in the middle of a
 * multi-byte character is no longer UTF-8 and would break the JSON it travels in later, and a
 * newline inside it would break the log; both are mended here, for error.c and log.c. Whoever takes
 * text from outside asks here whether it is UTF-8.
 */
#ifndef PLANTAR_CORE_TEXT_H
#define PLANTAR_CORE_TEXT_H

#include <stddef.h>

/* Drop a UTF-8 sequence that was cut off at the end of the len bytes of s; returns the new length.
 */
static inline size_t pl_text_whole(const char *s, size_t len)
{
	size_t start = len;
	unsigned char lead;
	size_t need;

	while (start > 0 && len - start < 3 && ((unsigned char)s[start - 1] & 0xC0u) == 0x80u)
		start--;
	if (start == 0)
		return len;
	lead = (unsigned char)s[start - 1];
	need = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : lead >= 0xC0 ? 2 : 1;
	return len - start + 1 < need ? start - 1 : len;
}

/*
 * What vsnprintf left in s[cap], of which it would have written `wanted` bytes: ended at a whole
 * character if it was cut, and on one line.
 */
static inline void pl_text_line(char *s, size_t cap, int wanted)
{
	if (wanted < 0)
		s[0] = '\0';
	else if ((size_t)wanted >= cap)
		s[pl_text_whole(s, cap - 1)] = '\0';
	for (; *s; s++)
		if (*s == '\n' || *s == '\r')
			*s = ' ';
}

/* Length of the valid UTF-8 sequence at s (RFC 3629: no overlong forms, no surrogates), or 0. */
static inline unsigned pl_text_utf8_length(const unsigned char *s)
{
	unsigned char low = 0x80, high = 0xBF;
	unsigned n;

	if (s[0] < 0x80)
		return 1;
	if (s[0] < 0xC2 || s[0] > 0xF4)
		return 0;
	n = s[0] < 0xE0 ? 2 : s[0] < 0xF0 ? 3 : 4;
	if (s[0] == 0xE0)
		low = 0xA0;
	else if (s[0] == 0xED)
		high = 0x9F;
	else if (s[0] == 0xF0)
		low = 0x90;
	else if (s[0] == 0xF4)
		high = 0x8F;
	if (s[1] < low || s[1] > high)
		return 0;
	for (unsigned i = 2; i < n; i++)
		if ((s[i] & 0xC0) != 0x80)
			return 0;
	return n;
}

#endif
