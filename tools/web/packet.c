/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Eight browsers that watch the same mat get the same frames; making and keeping them eight times
 * would cost more than all the rest.
 */
#include "tools/web/packet.h"

#include <libwebsockets.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

struct pl_packet *pl_packet_new(bool text, size_t n)
{
	struct pl_packet *p = malloc(sizeof(*p) + LWS_PRE + n);

	if (!p)
		return NULL;
	*p = (struct pl_packet){.refs = 1, .text = text, .n = n};
	p->bytes = (unsigned char *)(p + 1) + LWS_PRE;
	return p;
}

struct pl_packet *pl_packet_print(const char *fmt, ...)
{
	struct pl_packet *p = NULL;
	va_list args, again;
	int n;

	va_start(args, fmt);
	va_copy(again, args);
	n = vsnprintf(NULL, 0, fmt, args);
	if (n >= 0)
		p = pl_packet_new(true, (size_t)n + 1);
	if (p) {
		vsnprintf((char *)p->bytes, (size_t)n + 1, fmt, again);
		p->n = (size_t)n;
	}
	va_end(again);
	va_end(args);
	return p;
}

struct pl_packet *pl_packet_hold(struct pl_packet *p)
{
	p->refs++;
	return p;
}

void pl_packet_drop(struct pl_packet *p)
{
	if (p && --p->refs == 0)
		free(p);
}
