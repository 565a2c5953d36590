/* SPDX-License-Identifier: Apache-2.0 */
/* Packets are shared between browsers, so a queue holds references in items of its own. */
#include "tools/web/queue.h"

#include <stdlib.h>

struct pl_queue_item {
	struct pl_queue_item *next;
	struct pl_packet *packet;
};

bool pl_queue_put(struct pl_queue *q, struct pl_packet *p)
{
	struct pl_queue_item *item = p ? malloc(sizeof(*item)) : NULL;

	if (!item) {
		pl_packet_drop(p);
		return false;
	}
	*item = (struct pl_queue_item){.packet = p};
	if (q->last)
		q->last->next = item;
	else
		q->first = item;
	q->last = item;
	q->bytes += p->n;
	return true;
}

struct pl_packet *pl_queue_take(struct pl_queue *q)
{
	struct pl_queue_item *item = q->first;
	struct pl_packet *p;

	if (!item)
		return NULL;
	p = item->packet;
	q->first = item->next;
	if (!q->first)
		q->last = NULL;
	q->bytes -= p->n;
	free(item);
	return p;
}

void pl_queue_clear(struct pl_queue *q)
{
	struct pl_packet *p;

	while ((p = pl_queue_take(q)))
		pl_packet_drop(p);
}
