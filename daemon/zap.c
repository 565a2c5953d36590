/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ZeroMQ does the cryptography of a handshake and then asks one question: this key, from this
 * address, for this domain: yes or no? Reading a folder of keys to answer it may wait for a disk,
 * and main must not wait, so the question has a thread of its own. A request that is not exactly as
 * the RFC has it is answered with a refusal: no answer would leave a client hanging.
 */
#include "daemon/zap.h"

#include <errno.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <zmq.h>

#include "daemon/access.h"

#define ZAP_ENDPOINT "inproc://zeromq.zap.01"
#define STOP_ENDPOINT "inproc://plantard.zap.stop"
#define LOOK_MS 1000
#define KEY_BYTES 32
#define PARTS 7 /* version, request id, domain, address, routing id, mechanism, key */

struct pl_zap {
	struct pl_access *access;
	void *handler, *stop_here, *stop_there;
	pthread_t thread;
	bool started;
};

struct question {
	char part[PARTS][256];
	size_t n[PARTS];
	unsigned parts;
	bool odd;
};

/* False: nothing there. */
static bool receive(void *socket, struct question *q)
{
	zmq_msg_t msg;
	bool more = true;

	memset(q, 0, sizeof(*q));
	zmq_msg_init(&msg);
	while (more) {
		if (zmq_msg_recv(&msg, socket, ZMQ_DONTWAIT) < 0)
			break;
		more = zmq_msg_more(&msg);
		if (q->parts < PARTS && zmq_msg_size(&msg) < sizeof(q->part[0])) {
			q->n[q->parts] = zmq_msg_size(&msg);
			memcpy(q->part[q->parts++], zmq_msg_data(&msg), zmq_msg_size(&msg));
		} else {
			q->odd = true;
		}
	}
	zmq_msg_close(&msg);
	return q->parts > 0;
}

static bool judge(struct pl_zap *z, const struct question *q, char name[PL_KEY_NAME_MAX + 1],
		  char key[PL_KEY_CHARS + 1])
{
	if (q->odd || q->parts != PARTS || strcmp(q->part[0], "1.0") != 0 ||
	    strcmp(q->part[5], "CURVE") != 0 || q->n[6] != KEY_BYTES)
		return false;
	return zmq_z85_encode(key, (const uint8_t *)q->part[6], KEY_BYTES) &&
	       pl_access_judge(z->access, key, name);
}

/* One property: length of the name, name, length of the value in network order, value. */
static size_t property(uint8_t *out, const char *name, const char *value)
{
	size_t n = strlen(name), m = strlen(value);

	out[0] = (uint8_t)n;
	memcpy(out + 1, name, n);
	memset(out + 1 + n, 0, 3);
	out[1 + n + 3] = (uint8_t)m;
	memcpy(out + 1 + n + 4, value, m);
	return 1 + n + 4 + m;
}

static void answer(void *socket, const struct question *q, bool good, const char *name,
		   const char *key)
{
	const char *code = good ? "200" : "400", *text = good ? "OK" : "no such key here";
	uint8_t properties[128];
	size_t n = good ? property(properties, PL_ZAP_KEY, key) : 0;

	zmq_send(socket, "1.0", 3, ZMQ_SNDMORE);
	zmq_send(socket, q->part[1], q->n[1], ZMQ_SNDMORE);
	zmq_send(socket, code, 3, ZMQ_SNDMORE);
	zmq_send(socket, text, strlen(text), ZMQ_SNDMORE);
	zmq_send(socket, name, good ? strlen(name) : 0, ZMQ_SNDMORE);
	zmq_send(socket, properties, n, 0);
}

static void *zap(void *arg)
{
	struct pl_zap *z = arg;
	zmq_pollitem_t items[] = {{.socket = z->handler, .events = ZMQ_POLLIN},
				  {.socket = z->stop_there, .events = ZMQ_POLLIN}};
	struct question q;

	for (;;) {
		char name[PL_KEY_NAME_MAX + 1] = "", key[PL_KEY_CHARS + 1] = "";
		bool good;

		if (zmq_poll(items, 2, LOOK_MS) < 0 && errno == ETERM)
			return NULL;
		if (items[1].revents)
			return NULL;
		pl_access_look(z->access);
		if (!items[0].revents || !receive(z->handler, &q))
			continue;
		good = judge(z, &q, name, key);
		if (!good)
			pl_access_refused(z->access, q.part[3]);
		answer(z->handler, &q, good, name, key);
	}
}

static void *open_socket(void *zmq, int type, const char *endpoint, bool bind)
{
	void *socket = zmq_socket(zmq, type);
	int zero = 0;

	if (!socket)
		return NULL;
	zmq_setsockopt(socket, ZMQ_LINGER, &zero, sizeof(zero));
	if ((bind ? zmq_bind(socket, endpoint) : zmq_connect(socket, endpoint)) == 0)
		return socket;
	zmq_close(socket);
	return NULL;
}

struct pl_zap *pl_zap_start(void *zmq, struct pl_access *access, struct pl_error *err)
{
	struct pl_zap *z = calloc(1, sizeof(*z));

	if (z) {
		z->access = access;
		z->handler = open_socket(zmq, ZMQ_REP, ZAP_ENDPOINT, true);
		z->stop_here = open_socket(zmq, ZMQ_PAIR, STOP_ENDPOINT, true);
		z->stop_there = open_socket(zmq, ZMQ_PAIR, STOP_ENDPOINT, false);
		if (z->handler && z->stop_here && z->stop_there)
			z->started = pthread_create(&z->thread, NULL, zap, z) == 0;
	}
	if (z && z->started) {
		pthread_setname_np(z->thread, "keys");
		return z;
	}
	pl_error_set(err, PL_ENOMEM, errno, "cannot start the thread that checks keys: %s",
		     zmq_strerror(errno));
	pl_zap_stop(z);
	return NULL;
}

void pl_zap_stop(struct pl_zap *z)
{
	if (!z)
		return;
	if (z->started) {
		zmq_send(z->stop_here, "", 0, 0);
		pthread_join(z->thread, NULL);
	}
	if (z->handler)
		zmq_close(z->handler);
	if (z->stop_there)
		zmq_close(z->stop_there);
	if (z->stop_here)
		zmq_close(z->stop_here);
	free(z);
}
