/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ZeroMQ cannot say whose bytes fill the memory, nor close a single connection. Its monitors do
 * tell the descriptor of each connection that was accepted, and a descriptor can be shut by whoever
 * knows it; that it is still the same socket is checked by its inode. What is in use is what malloc
 * handed out: pools and rings are taken at start, so that growth is clients.
 */
#include "daemon/guard.h"

#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <zmq.h>

#include "daemon/publish.h"
#include "daemon/wake.h"

#define SOCKETS_MAX (PL_ENDPOINTS_MAX + 4)
#define CONNECTIONS_MAX 16384
#define COUNTED_MAX 64			  /* connections whose queues are reckoned with */
#define ALWAYS_BYTES (96e6)		  /* requests that are held, events, what malloc keeps */
#define CONTROL_QUEUE_BYTES (80 * 65536.) /* 16 requests and 64 answers */
#define LOOK_NS (100 * PL_MS)
#define TRIM_NS (PL_S)

struct connection {
	int fd;
	uint64_t inode;
};

struct watched {
	void *socket, *monitor;
};

struct pl_guard {
	void *zmq;
	double queue_bytes; /* of one subscriber that is as far behind as it may be */
	double start_bytes; /* in use when everything had been made */
	struct watched watched[SOCKETS_MAX];
	unsigned n_watched, n;
	struct connection *list;
	int64_t next_look_ns, trim_ns;
};

struct pl_guard *pl_guard_new(void *zmq, const struct pl_config *config, struct pl_error *err)
{
	struct pl_guard *g = calloc(1, sizeof(*g));

	if (g)
		g->list = calloc(CONNECTIONS_MAX, sizeof(*g->list));
	if (!g || !g->list) {
		free(g);
		pl_error_set(err, PL_ENOMEM, errno, "out of memory");
		return NULL;
	}
	g->zmq = zmq;
	g->queue_bytes = CONTROL_QUEUE_BYTES;
	for (unsigned i = 0; i < config->n_mats; i++) {
		const struct pl_mat *mat = &config->mats[i].mat;
		double cells = (double)pl_geometry_cells(&mat->geometry) *
			       (double)pl_dtype_size(mat->dtype);

		g->queue_bytes += pl_publisher_depth(config, i) * (2 * cells + 8192);
	}
	return g;
}

void pl_guard_free(struct pl_guard *g)
{
	if (!g)
		return;
	for (unsigned i = 0; i < g->n_watched; i++)
		if (g->watched[i].monitor)
			zmq_close(g->watched[i].monitor);
	free(g->list);
	free(g);
}

void pl_guard_watch(struct pl_guard *g, void *socket)
{
	struct watched *w = &g->watched[g->n_watched];
	char endpoint[64];
	int zero = 0;

	for (unsigned i = 0; i < g->n_watched; i++)
		if (g->watched[i].socket == socket)
			return;
	if (g->n_watched == SOCKETS_MAX)
		return;
	g->n_watched++;
	*w = (struct watched){.socket = socket};
	snprintf(endpoint, sizeof(endpoint), "inproc://plantard.guard.%u", g->n_watched);
	if (zmq_socket_monitor(socket, endpoint, ZMQ_EVENT_ACCEPTED | ZMQ_EVENT_DISCONNECTED))
		return;
	w->monitor = zmq_socket(g->zmq, ZMQ_PAIR);
	if (!w->monitor)
		return;
	zmq_setsockopt(w->monitor, ZMQ_LINGER, &zero, sizeof(zero));
	zmq_connect(w->monitor, endpoint);
}

/*
 * Which socket a descriptor is; 0: none. It may have been closed meanwhile, and another file have
 * its number: that is asked on purpose. (statx and not fstat, of which ThreadSanitizer believes
 * that nobody would.)
 */
static uint64_t socket_inode(int fd)
{
	struct statx st;

	if (statx(fd, "", AT_EMPTY_PATH, STATX_TYPE | STATX_INO, &st) || !S_ISSOCK(st.stx_mode))
		return 0;
	return st.stx_ino;
}

static void accepted(struct pl_guard *g, int fd)
{
	uint64_t inode = socket_inode(fd);

	if (g->n < CONNECTIONS_MAX && inode) /* else it has gone again */
		g->list[g->n++] = (struct connection){.fd = fd, .inode = inode};
}

static void disconnected(struct pl_guard *g, int fd)
{
	for (unsigned i = 0; i < g->n; i++)
		if (g->list[i].fd == fd) {
			g->list[i] = g->list[--g->n];
			return;
		}
}

/* An event is two parts; the first is 16 bits of what, 32 bits of which descriptor. */
static void hear(struct pl_guard *g, void *monitor)
{
	zmq_msg_t msg;

	zmq_msg_init(&msg);
	while (zmq_msg_recv(&msg, monitor, ZMQ_DONTWAIT) >= 0) {
		const char *data = zmq_msg_data(&msg);
		uint16_t what;
		int32_t fd;

		if (!zmq_msg_more(&msg) || zmq_msg_size(&msg) < sizeof(what) + sizeof(fd))
			continue;
		memcpy(&what, data, sizeof(what));
		memcpy(&fd, data + sizeof(what), sizeof(fd));
		if (what == ZMQ_EVENT_ACCEPTED)
			accepted(g, fd);
		else
			disconnected(g, fd);
	}
	zmq_msg_close(&msg);
}

static double in_use(void)
{
	struct mallinfo2 m = mallinfo2();

	return (double)m.uordblks + (double)m.hblkhd;
}

static unsigned shut_all(struct pl_guard *g)
{
	unsigned shut = 0;

	for (unsigned i = 0; i < g->n; i++)
		if (socket_inode(g->list[i].fd) == g->list[i].inode &&
		    shutdown(g->list[i].fd, SHUT_RDWR) == 0)
			shut++;
	g->n = 0;
	return shut;
}

unsigned pl_guard_tick(struct pl_guard *g, int64_t now_ns, size_t excused, double *grown_mb)
{
	double now_bytes, counted;

	if (now_ns < g->next_look_ns)
		return 0;
	g->next_look_ns = now_ns + LOOK_NS;
	for (unsigned i = 0; i < g->n_watched; i++)
		if (g->watched[i].monitor)
			hear(g, g->watched[i].monitor);
	if (g->trim_ns && now_ns >= g->trim_ns) {
		g->trim_ns = 0;
		malloc_trim(0); /* what was shut gives its memory back to the system */
	}
	now_bytes = in_use() - (double)excused;
	if (g->start_bytes <= 0 || now_bytes < g->start_bytes)
		g->start_bytes = now_bytes;
	counted = g->n < COUNTED_MAX ? g->n : COUNTED_MAX;
	if (g->trim_ns || now_bytes - g->start_bytes < ALWAYS_BYTES + counted * g->queue_bytes)
		return 0;
	*grown_mb = (now_bytes - g->start_bytes) / 1e6;
	g->trim_ns = now_ns + TRIM_NS;
	return shut_all(g);
}
