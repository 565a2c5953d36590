/* SPDX-License-Identifier: Apache-2.0 */
/* What waits for one browser, oldest first, and how much it is. */
#ifndef TOOLS_WEB_QUEUE_H
#define TOOLS_WEB_QUEUE_H

#include "tools/web/packet.h"

struct pl_queue_item;

struct pl_queue {
	struct pl_queue_item *first, *last;
	size_t bytes;
};

/* Takes the reference. false: out of memory, or p is NULL because there was none for it. */
bool pl_queue_put(struct pl_queue *q, struct pl_packet *p);
struct pl_packet *pl_queue_take(struct pl_queue *q); /* NULL: empty */
void pl_queue_clear(struct pl_queue *q);

#endif
