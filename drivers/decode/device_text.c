/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Devices talk: firmware prints a banner when it boots, PMP has packets of text. It ends up on
 * terminals and in logs, so nothing unprintable may get through.
 */
#include "drivers/decode/protocols.h"

#include <string.h>

#define BANNER_MIN 4 /* shorter is more likely the end of a frame than a sentence */

static bool printable(uint8_t c)
{
	return c >= 0x20 && c < 0x7F;
}

static bool is_text(uint8_t c)
{
	return printable(c) || c == '\n' || c == '\r' || c == '\t';
}

void pl_text_set(struct pl_text_slot *slot, const void *bytes, size_t n, bool is_info)
{
	const uint8_t *in = bytes;
	char *out = slot->text.text;

	if (n > sizeof(slot->text.text) - 1)
		n = sizeof(slot->text.text) - 1;
	for (size_t i = 0; i < n; i++)
		out[i] = is_text(in[i]) ? (char)in[i] : '.';
	while (n > 0 && (out[n - 1] == '\n' || out[n - 1] == '\r' || out[n - 1] == ' '))
		n--;
	out[n] = '\0';
	slot->text.is_info = is_info;
	slot->ready = n > 0;
}

bool pl_text_take(struct pl_text_slot *slot, struct pl_device_text *text)
{
	if (!slot->ready)
		return false;
	*text = slot->text;
	slot->ready = false;
	return true;
}

void pl_banner_add(struct pl_banner *b, const uint8_t *bytes, size_t n)
{
	for (size_t i = 0; i < n && !b->binary; i++) {
		if (!is_text(bytes[i]))
			b->binary = true;
		else if (b->n < sizeof(b->bytes))
			b->bytes[b->n++] = bytes[i];
	}
}

void pl_banner_flush(struct pl_banner *b, struct pl_text_slot *slot)
{
	if (!b->binary && b->n >= BANNER_MIN)
		pl_text_set(slot, b->bytes, b->n, false);
	b->n = 0;
	b->binary = false;
}
