/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rare things between threads: commands, replies, events. A bounded queue of fixed-size items
 * under a mutex that is held for one copy only; any thread posts, one takes. Frames never go this
 * way (ring.h).
 */
#ifndef DAEMON_MAILBOX_H
#define DAEMON_MAILBOX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <plantar/error.h>

#include "daemon/wake.h"

struct pl_mailbox;

/* wake (may be NULL) is posted, eventfd (may be -1) written after each post. */
struct pl_mailbox *pl_mailbox_new(size_t items, size_t item_bytes, struct pl_wake *wake,
				  int eventfd, struct pl_error *err);
void pl_mailbox_free(struct pl_mailbox *box); /* NULL allowed */

/* False when the box is full: the item is dropped and counted. Any thread. */
bool pl_mailbox_post(struct pl_mailbox *box, const void *item);
/* The oldest item, copied out. One thread. Costs one atomic load when the box is empty. */
bool pl_mailbox_take(struct pl_mailbox *box, void *item);
uint64_t pl_mailbox_dropped(struct pl_mailbox *box);

#endif
