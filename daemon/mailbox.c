/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Threads that must not wait for each other still have to tell each other things now and then.
 * The mutex is held for the copy of one item; the count beside it lets the taking side look every
 * few microseconds without touching the lock.
 */
#include "daemon/mailbox.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

struct pl_mailbox {
	pthread_mutex_t lock;
	size_t items, item_bytes, first;
	atomic_size_t used;
	uint64_t dropped;
	struct pl_wake *wake;
	int eventfd;
	unsigned char *memory;
};

struct pl_mailbox *pl_mailbox_new(size_t items, size_t item_bytes, struct pl_wake *wake,
				  int eventfd, struct pl_error *err)
{
	struct pl_mailbox *box = calloc(1, sizeof(*box));

	if (box)
		box->memory = calloc(items, item_bytes);
	if (!box || !box->memory) {
		pl_error_set(err, PL_ENOMEM, errno, "out of memory for a mailbox");
		free(box);
		return NULL;
	}
	pthread_mutex_init(&box->lock, NULL);
	box->items = items;
	box->item_bytes = item_bytes;
	box->wake = wake;
	box->eventfd = eventfd;
	return box;
}

void pl_mailbox_free(struct pl_mailbox *box)
{
	if (!box)
		return;
	pthread_mutex_destroy(&box->lock);
	free(box->memory);
	free(box);
}

static void notify(struct pl_mailbox *box)
{
	const uint64_t one = 1;
	ssize_t written;

	if (box->wake)
		pl_wake_post(box->wake);
	if (box->eventfd >= 0) {
		written = write(box->eventfd, &one, sizeof(one));
		(void)written; /* EAGAIN: the counter is at its top, the reader will come anyway */
	}
}

bool pl_mailbox_post(struct pl_mailbox *box, const void *item)
{
	size_t used;
	bool room;

	pthread_mutex_lock(&box->lock);
	used = atomic_load(&box->used);
	room = used < box->items;
	if (room) {
		memcpy(box->memory + (box->first + used) % box->items * box->item_bytes, item,
		       box->item_bytes);
		atomic_store(&box->used, used + 1);
	} else {
		box->dropped++;
	}
	pthread_mutex_unlock(&box->lock);
	notify(box);
	return room;
}

bool pl_mailbox_take(struct pl_mailbox *box, void *item)
{
	size_t used;

	if (atomic_load(&box->used) == 0)
		return false;
	pthread_mutex_lock(&box->lock);
	used = atomic_load(&box->used);
	memcpy(item, box->memory + box->first * box->item_bytes, box->item_bytes);
	box->first = (box->first + 1) % box->items;
	atomic_store(&box->used, used - 1);
	pthread_mutex_unlock(&box->lock);
	return true;
}

uint64_t pl_mailbox_dropped(struct pl_mailbox *box)
{
	uint64_t dropped;

	pthread_mutex_lock(&box->lock);
	dropped = box->dropped;
	pthread_mutex_unlock(&box->lock);
	return dropped;
}
