/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A message on its way to one or many browsers. What is the same for all of them is made once and
 * counted by its references. libwebsockets writes its own header in front of what it sends, so
 * there is room before the bytes. One thread.
 */
#ifndef TOOLS_WEB_PACKET_H
#define TOOLS_WEB_PACKET_H

#include <stdbool.h>
#include <stddef.h>

struct pl_packet {
	unsigned refs;
	bool text; /* else binary */
	size_t n;
	unsigned char *bytes;
};

/* One reference; NULL: out of memory. */
struct pl_packet *pl_packet_new(bool text, size_t n);
struct pl_packet *pl_packet_print(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
struct pl_packet *pl_packet_hold(struct pl_packet *p);
void pl_packet_drop(struct pl_packet *p); /* NULL allowed */

#endif
