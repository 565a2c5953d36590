/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A subscriber may be slow, stuck or malicious, and there may be none at all: in no case may a
 * frame wait for it. PUB semantics give that (a full queue drops, silently, that subscriber's
 * messages; sequence numbers show it). What costs here is not copying 8 KiB but waking threads:
 * sixty microseconds a message (facts.md). So the socket is an XPUB, whose subscription messages
 * say which topics anybody wants, and a frame without takers never wakes this thread.
 */
#include "daemon/publish.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zmq.h>

#include <plantar/ring.h>

#include "daemon/mailbox.h"
#include "daemon/text.h"
#include "daemon/wake.h"

#define SUBSCRIPTIONS_MAX 1024
#define TOPIC_MAX 80
#define POLL_NS (50 * PL_MS) /* how soon a new subscription is noticed when no frame is sent */

struct item {
	struct pl_frame *frame;
	unsigned topics;
	bool recording;
};

struct text_item {
	char topic[TOPIC_MAX];
	char *text; /* owned */
	size_t n;
};

struct mat_out {
	struct pl_wire_mat *wire;
	struct pl_ring *ring; /* of struct item */
	char topics[3][TOPIC_MAX];
	_Atomic unsigned wanted;
	_Atomic uint64_t frames, dropped;
};

struct subscription {
	char *prefix;
	size_t n;
};

struct pl_publisher {
	const struct pl_config *config;
	const struct pl_log *log;
	void *socket;
	struct pl_wake wake;
	struct pl_mailbox *texts;
	unsigned n_mats;
	struct mat_out *mats;
	pthread_t thread;
	bool started;
	atomic_bool stop;
	_Atomic int64_t heartbeat_ns;

	/* publisher thread only */
	struct subscription subscriptions[SUBSCRIPTIONS_MAX];
	unsigned n_subscriptions;
	bool too_many; /* then everything counts as wanted */
	char header[PL_WIRE_HEADER_MAX];
};

static double rate_of(const struct pl_config *config, unsigned mat)
{
	double rate = config->mats[mat].mat.rate_hz;

	return rate > 0 ? rate : 100;
}

unsigned pl_publisher_depth(const struct pl_config *config, unsigned mat)
{
	double n = config->hwm_s * rate_of(config, mat);

	return n < 64 ? 64 : n > 65536 ? 65536 : (unsigned)n;
}

static int high_water_mark(const struct pl_config *config)
{
	double n = 64; /* events, status */

	for (unsigned i = 0; i < config->n_mats; i++)
		n += config->hwm_s * (2 * rate_of(config, i) + config->view_hz);
	return n > 1e6 ? 1000000 : (int)n;
}

static int open_socket(struct pl_publisher *p, void *zmq, struct pl_access *access,
		       struct pl_error *err)
{
	const int64_t message_max = 1024; /* subscribers send topics, nothing long */
	const int hwm = high_water_mark(p->config);
	const int linger_ms = 200; /* the last events of a daemon that ends */

	p->socket = zmq_socket(zmq, ZMQ_XPUB);
	if (!p->socket)
		return pl_error_set(err, PL_ENOMEM, errno, "cannot make a socket: %s",
				    zmq_strerror(errno));
	zmq_setsockopt(p->socket, ZMQ_SNDHWM, &hwm, sizeof(hwm));
	zmq_setsockopt(p->socket, ZMQ_LINGER, &linger_ms, sizeof(linger_ms));
	zmq_setsockopt(p->socket, ZMQ_MAXMSGSIZE, &message_max, sizeof(message_max));
	for (unsigned i = 0; i < p->config->n_data; i++)
		if (pl_access_bind(access, p->socket, p->config->data[i], "data", err))
			return -1;
	return pl_access_bind_view(access, p->socket, "data", err);
}

static int prepare_mat(struct pl_publisher *p, unsigned i, struct pl_wire_mat *wire,
		       struct pl_error *err)
{
	static const char *const names[] = {"frame", "metrics", "view"};
	struct mat_out *m = &p->mats[i];

	m->wire = wire;
	for (int k = 0; k < 3; k++)
		snprintf(m->topics[k], sizeof(m->topics[k]), "%s/%s", names[k], wire->name);
	m->ring = pl_ring_new(pl_publisher_depth(p->config, i), sizeof(struct item), err);
	return m->ring ? 0 : -1;
}

struct pl_publisher *pl_publisher_new(void *zmq, const struct pl_config *config,
				      struct pl_access *access, struct pl_wire_mat *const *mats,
				      const struct pl_log *log, struct pl_error *err)
{
	struct pl_publisher *p = calloc(1, sizeof(*p));
	bool ok;

	if (p)
		p->mats = calloc(config->n_mats, sizeof(*p->mats));
	if (!p || !p->mats) {
		pl_error_set(err, PL_ENOMEM, errno, "out of memory for the publisher");
		free(p);
		return NULL;
	}
	p->config = config;
	p->log = log;
	p->n_mats = config->n_mats;
	p->texts = pl_mailbox_new(256, sizeof(struct text_item), &p->wake, -1, err);
	ok = p->texts != NULL;
	for (unsigned i = 0; ok && i < config->n_mats; i++)
		ok = prepare_mat(p, i, mats[i], err) == 0;
	if (!ok || open_socket(p, zmq, access, err)) {
		pl_publisher_stop(p);
		return NULL;
	}
	return p;
}

/* ---- what is subscribed to ---- */

static bool prefix_matches(const struct pl_publisher *p, const char *topic)
{
	size_t n = strlen(topic);

	if (p->too_many)
		return true;
	for (unsigned i = 0; i < p->n_subscriptions; i++)
		if (p->subscriptions[i].n <= n &&
		    memcmp(p->subscriptions[i].prefix, topic, p->subscriptions[i].n) == 0)
			return true;
	return false;
}

static void note_wanted(struct pl_publisher *p)
{
	for (unsigned i = 0; i < p->n_mats; i++) {
		struct mat_out *m = &p->mats[i];
		unsigned wanted = 0;

		for (unsigned k = 0; k < 3; k++)
			if (prefix_matches(p, m->topics[k]))
				wanted |= 1u << k;
		atomic_store_explicit(&m->wanted, wanted, memory_order_relaxed);
	}
}

static void subscribe(struct pl_publisher *p, const char *prefix, size_t n)
{
	struct subscription *s = &p->subscriptions[p->n_subscriptions];

	if (p->n_subscriptions == SUBSCRIPTIONS_MAX) {
		p->too_many = true;
		return;
	}
	s->prefix = malloc(n + 1);
	if (!s->prefix) {
		p->too_many = true;
		return;
	}
	memcpy(s->prefix, prefix, n);
	s->n = n;
	p->n_subscriptions++;
}

static void unsubscribe(struct pl_publisher *p, const char *prefix, size_t n)
{
	for (unsigned i = 0; i < p->n_subscriptions; i++) {
		struct subscription *s = &p->subscriptions[i];

		if (s->n != n || memcmp(s->prefix, prefix, n) != 0)
			continue;
		free(s->prefix);
		*s = p->subscriptions[--p->n_subscriptions];
		return;
	}
}

/* XPUB hands out the first subscription to each topic and the end of the last one. */
static void read_subscriptions(struct pl_publisher *p)
{
	bool changed = false;
	zmq_msg_t msg;

	zmq_msg_init(&msg);
	while (zmq_msg_recv(&msg, p->socket, ZMQ_DONTWAIT) >= 0) {
		const char *data = zmq_msg_data(&msg);
		size_t n = zmq_msg_size(&msg);

		if (n == 0 || (data[0] != 0 && data[0] != 1))
			continue;
		if (data[0] == 1)
			subscribe(p, data + 1, n - 1);
		else
			unsubscribe(p, data + 1, n - 1);
		changed = true;
	}
	zmq_msg_close(&msg);
	if (changed)
		note_wanted(p);
}

/* ---- sending ---- */

static void send_part(struct pl_publisher *p, const void *data, size_t n, int flags)
{
	/* PUB never blocks and drops for the slow; an error here (ENOTSOCK, ETERM) is the end. */
	zmq_send(p->socket, data, n, flags | ZMQ_DONTWAIT);
}

static void send_frame(struct pl_publisher *p, struct mat_out *m, const struct item *item)
{
	const struct pl_frame *f = item->frame;
	size_t n;

	for (unsigned k = 0; k < 3; k++) {
		if (!(item->topics & 1u << k))
			continue;
		if (k == 0)
			n = pl_wire_frame(m->wire, f, p->header, sizeof(p->header));
		else if (k == 1)
			n = pl_wire_metrics(m->wire, f, p->header, sizeof(p->header));
		else
			n = pl_wire_view(m->wire, f, item->recording, p->header, sizeof(p->header));
		send_part(p, m->topics[k], strlen(m->topics[k]), ZMQ_SNDMORE);
		send_part(p, p->header, n, k == 1 ? 0 : ZMQ_SNDMORE);
		if (k != 1)
			send_part(p, f->cells, f->cells_bytes, 0);
	}
	atomic_fetch_add_explicit(&m->frames, 1, memory_order_relaxed);
}

static bool send_frames(struct pl_publisher *p)
{
	bool any = false;

	for (unsigned i = 0; i < p->n_mats; i++) {
		struct mat_out *m = &p->mats[i];
		struct item *item;

		for (unsigned n = 0; n < 32 && (item = pl_ring_peek(m->ring)); n++) {
			send_frame(p, m, item);
			pl_frame_unref(item->frame);
			pl_ring_release(m->ring, 1);
			any = true;
		}
	}
	return any;
}

static bool send_texts(struct pl_publisher *p)
{
	struct text_item t;
	bool any = false;

	while (pl_mailbox_take(p->texts, &t)) {
		send_part(p, t.topic, strlen(t.topic), ZMQ_SNDMORE);
		send_part(p, t.text, t.n, 0);
		free(t.text);
		any = true;
	}
	return any;
}

static void *publisher(void *arg)
{
	struct pl_publisher *p = arg;
	int64_t next_look = 0;

	for (;;) {
		int64_t now = pl_now_ns();
		bool stop = atomic_load(&p->stop), any;

		atomic_store_explicit(&p->heartbeat_ns, now, memory_order_relaxed);
		if (now >= next_look) {
			read_subscriptions(p);
			next_look = now + POLL_NS;
		}
		any = send_frames(p);
		any |= send_texts(p);
		if (!any && stop)
			return NULL;
		if (!any)
			pl_wake_wait(&p->wake, POLL_NS);
	}
}

int pl_publisher_start(struct pl_publisher *p, struct pl_error *err)
{
	int r;

	atomic_store(&p->heartbeat_ns, pl_now_ns());
	r = pthread_create(&p->thread, NULL, publisher, p);
	if (r)
		return pl_error_set(err, PL_ENOMEM, r, "cannot start the publisher thread: %s",
				    strerror(r));
	p->started = true;
	pthread_setname_np(p->thread, "publisher");
	return 0;
}

void pl_publisher_stop(struct pl_publisher *p)
{
	struct text_item t;
	struct item *item;

	if (!p)
		return;
	if (p->started) {
		atomic_store(&p->stop, true);
		pl_wake_post(&p->wake);
		pthread_join(p->thread, NULL);
	}
	if (p->socket)
		zmq_close(p->socket);
	while (p->texts && pl_mailbox_take(p->texts, &t))
		free(t.text);
	for (unsigned i = 0; i < p->n_mats; i++) {
		while (p->mats[i].ring && (item = pl_ring_peek(p->mats[i].ring))) {
			pl_frame_unref(item->frame);
			pl_ring_release(p->mats[i].ring, 1);
		}
		pl_ring_free(p->mats[i].ring);
	}
	for (unsigned i = 0; i < p->n_subscriptions; i++)
		free(p->subscriptions[i].prefix);
	pl_mailbox_free(p->texts);
	free(p->mats);
	free(p);
}

unsigned pl_publisher_wanted(const struct pl_publisher *p, unsigned mat)
{
	return atomic_load_explicit(&p->mats[mat].wanted, memory_order_relaxed);
}

void pl_publisher_frame(struct pl_publisher *p, unsigned mat, struct pl_frame *frame,
			unsigned topics, bool recording)
{
	struct mat_out *m = &p->mats[mat];
	struct item *item = pl_ring_reserve(m->ring);

	if (!item) {
		atomic_fetch_add_explicit(&m->dropped, 1, memory_order_relaxed);
		return;
	}
	pl_frame_ref(frame);
	*item = (struct item){.frame = frame, .topics = topics, .recording = recording};
	pl_ring_commit(m->ring);
	pl_wake_post(&p->wake);
}

void pl_publisher_text(struct pl_publisher *p, const char *topic, const char *header, size_t n)
{
	struct text_item t = {.n = n, .text = malloc(n + 1)};

	if (!t.text)
		return;
	memcpy(t.text, header, n);
	pl_copy(t.topic, sizeof(t.topic), topic);
	if (!pl_mailbox_post(p->texts, &t))
		free(t.text);
}

void pl_publisher_counters(const struct pl_publisher *p, unsigned mat,
			   struct pl_publish_counters *out)
{
	out->frames = atomic_load_explicit(&p->mats[mat].frames, memory_order_relaxed);
	out->dropped = atomic_load_explicit(&p->mats[mat].dropped, memory_order_relaxed);
}

int64_t pl_publisher_heartbeat(const struct pl_publisher *p)
{
	return atomic_load_explicit(&p->heartbeat_ns, memory_order_relaxed);
}
