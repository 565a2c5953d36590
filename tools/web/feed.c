/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two subscriptions: a browser that watches a large mat must not make plantard throw an event away
 * because frames have filled the queue, so events and status come through a socket of their own.
 * Frames are not worth a wake-up each, since browsers are served at most 60 times a second: they
 * are fetched when somebody is due.
 *
 * What is fetched is put right away into the form that browsers get (docs/web.md, kind 1), so that
 * a message for them is copied together from pieces.
 */
#include "tools/web/feed.h"

#include <endian.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zmq.h>

#include "tools/secure.h"

/* At a time, so that browsers can take what there is before more comes: events wait in their
 * queues, and those have an end. Frames do not. */
#define TOLD_MAX 65536 /* bytes */
#define FRAMES_MAX ((size_t)64 << 20)
#define RECONNECT_MS 100
#define RECONNECT_MAX_MS 1000
#define TOPIC_MAX (8 + 64)
#define KIND_FRAMES 1
#define HEAD 8	       /* kind, number of messages */
#define RECORD_HEAD 16 /* lengths of topic, header, blob */

struct record {
	unsigned char *bytes;
	size_t n, cap;
};

struct pl_lane {
	struct pl_lane *next;
	unsigned watchers;
	char metrics_topic[TOPIC_MAX + 1], frame_topic[TOPIC_MAX + 1];
	struct record metrics[PL_LANE_METRICS], frame;
	uint64_t n_metrics, n_frames; /* that have come */

	/* The last message made: who asks for the same gets the same. */
	struct pl_packet *made;
	struct pl_place_in_lane from, to;
};

struct pl_feed {
	void *told, *frames;
	int fd;
	char endpoint[512];
	struct pl_feed_told callbacks;
	struct pl_lane *lanes;
};

/* ---- sockets ---- */

static void *subscriber(void *zmq)
{
	int zero = 0, first = RECONNECT_MS, most = RECONNECT_MAX_MS;
	void *s = zmq_socket(zmq, ZMQ_SUB);

	if (!s)
		return NULL;
	zmq_setsockopt(s, ZMQ_LINGER, &zero, sizeof(zero));
	zmq_setsockopt(s, ZMQ_RECONNECT_IVL, &first, sizeof(first));
	zmq_setsockopt(s, ZMQ_RECONNECT_IVL_MAX, &most, sizeof(most));
	return s;
}

struct pl_feed *pl_feed_new(void *zmq, const struct pl_feed_told *told, struct pl_error *err)
{
	struct pl_feed *f = calloc(1, sizeof(*f));
	size_t n = sizeof(f->fd);
	int unlimited = 0;

	if (f) {
		f->callbacks = *told;
		f->told = subscriber(zmq);
		f->frames = subscriber(zmq);
	}
	if (!f || !f->told || !f->frames || zmq_getsockopt(f->told, ZMQ_FD, &f->fd, &n)) {
		pl_error_set(err, PL_ENOMEM, errno, "cannot subscribe: %s", strerror(errno));
		pl_feed_free(f);
		return NULL;
	}
	zmq_setsockopt(f->told, ZMQ_RCVHWM, &unlimited, sizeof(unlimited));
	zmq_setsockopt(f->told, ZMQ_SUBSCRIBE, "status", 6);
	zmq_setsockopt(f->told, ZMQ_SUBSCRIBE, "event/", 6);
	return f;
}

static void free_lane(struct pl_lane *lane)
{
	for (unsigned i = 0; i < PL_LANE_METRICS; i++)
		free(lane->metrics[i].bytes);
	free(lane->frame.bytes);
	pl_packet_drop(lane->made);
	free(lane);
}

void pl_feed_free(struct pl_feed *f)
{
	if (!f)
		return;
	while (f->lanes) {
		struct pl_lane *next = f->lanes->next;

		free_lane(f->lanes);
		f->lanes = next;
	}
	if (f->told)
		zmq_close(f->told);
	if (f->frames)
		zmq_close(f->frames);
	free(f);
}

static int connect_one(void *socket, const char *before, const char *endpoint, struct pl_error *err)
{
	if (*before)
		zmq_disconnect(socket, before);
	if (pl_secure(socket, endpoint, err))
		return -1;
	if (zmq_connect(socket, endpoint) == 0)
		return 0;
	return pl_error_set(err, PL_EUSAGE, errno, "cannot subscribe to %s: %s", endpoint,
			    zmq_strerror(errno));
}

int pl_feed_connect(struct pl_feed *f, const char *endpoint, struct pl_error *err)
{
	if (strcmp(f->endpoint, endpoint) == 0)
		return 0;
	if (connect_one(f->told, f->endpoint, endpoint, err) ||
	    connect_one(f->frames, f->endpoint, endpoint, err))
		return -1;
	snprintf(f->endpoint, sizeof(f->endpoint), "%s", endpoint);
	return 0;
}

int pl_feed_fd(const struct pl_feed *f)
{
	return f->fd;
}

/* ---- records: a message of plantard in the form that browsers get ---- */

static size_t padded(size_t n)
{
	return (n + 7) & ~(size_t)7;
}

static unsigned char *put_u32(unsigned char *at, size_t value)
{
	uint32_t le = htole32((uint32_t)value);

	memcpy(at, &le, sizeof(le));
	return at + sizeof(le);
}

static unsigned char *put_padded(unsigned char *at, zmq_msg_t *part)
{
	size_t n = zmq_msg_size(part), whole = padded(n);

	memcpy(at, zmq_msg_data(part), n);
	memset(at + n, 0, whole - n);
	return at + whole;
}

/* False: out of memory; the message is lost to browsers, who see it by seq. */
static bool keep(struct record *r, zmq_msg_t part[3])
{
	size_t n = RECORD_HEAD;
	unsigned char *at;

	for (unsigned i = 0; i < 3; i++)
		n += padded(zmq_msg_size(&part[i]));
	if (n > r->cap) {
		at = realloc(r->bytes, n);
		if (!at)
			return false;
		r->bytes = at;
		r->cap = n;
	}
	r->n = n;
	at = r->bytes;
	for (unsigned i = 0; i < 3; i++)
		at = put_u32(at, zmq_msg_size(&part[i]));
	at = put_u32(at, 0);
	for (unsigned i = 0; i < 3; i++)
		at = put_padded(at, &part[i]);
	return true;
}

/* ---- taking ---- */

/* Up to three parts; further ones are thrown away. 0: nothing there. */
static unsigned receive(void *socket, zmq_msg_t part[3])
{
	unsigned n = 0;
	bool more = true;
	zmq_msg_t other;

	while (more) {
		zmq_msg_t *into = n < 3 ? &part[n] : &other;

		if (n >= 3)
			zmq_msg_init(&other);
		if (zmq_msg_recv(into, socket, ZMQ_DONTWAIT) < 0)
			break;
		more = zmq_msg_more(into);
		if (n >= 3)
			zmq_msg_close(&other);
		else
			n++;
	}
	return n;
}

static void init(zmq_msg_t part[3])
{
	for (unsigned i = 0; i < 3; i++)
		zmq_msg_init(&part[i]);
}

static void close_parts(zmq_msg_t part[3])
{
	for (unsigned i = 0; i < 3; i++)
		zmq_msg_close(&part[i]);
}

static bool is_topic(zmq_msg_t *part, const char *topic)
{
	size_t n = strlen(topic);

	return zmq_msg_size(part) == n && memcmp(zmq_msg_data(part), topic, n) == 0;
}

static void take_told(struct pl_feed *f, zmq_msg_t part[3])
{
	const struct pl_feed_told *to = &f->callbacks;
	const char *text = zmq_msg_data(&part[1]);

	if (is_topic(&part[0], "status"))
		to->status(to->user, text, zmq_msg_size(&part[1]));
	else
		to->event(to->user, zmq_msg_data(&part[0]), zmq_msg_size(&part[0]), text,
			  zmq_msg_size(&part[1]));
}

/* A subscription is a prefix, so what comes may be of a mat that nobody watches. */
static void take_frame(struct pl_feed *f, zmq_msg_t part[3])
{
	for (struct pl_lane *lane = f->lanes; lane; lane = lane->next) {
		struct record *slot = &lane->metrics[lane->n_metrics % PL_LANE_METRICS];

		if (is_topic(&part[0], lane->metrics_topic))
			lane->n_metrics += keep(slot, part);
		else if (is_topic(&part[0], lane->frame_topic))
			lane->n_frames += keep(&lane->frame, part);
	}
}

/* True: there may be more. */
static bool take_some(struct pl_feed *f, void *socket, size_t most,
		      void (*take)(struct pl_feed *f, zmq_msg_t part[3]))
{
	size_t taken = 0;

	while (taken < most) {
		zmq_msg_t part[3];
		unsigned n;

		init(part);
		n = receive(socket, part);
		if (n >= 2)
			take(f, part);
		for (unsigned i = 0; i < n && i < 3; i++)
			taken += zmq_msg_size(&part[i]);
		close_parts(part);
		if (n == 0)
			return false;
	}
	return true;
}

bool pl_feed_take(struct pl_feed *f)
{
	bool more = take_some(f, f->told, TOLD_MAX, take_told);

	return take_some(f, f->frames, FRAMES_MAX, take_frame) || more;
}

/* ---- lanes ---- */

const char *pl_lane_mat(const struct pl_lane *lane)
{
	return lane->frame_topic + strlen("frame/");
}

struct pl_lane *pl_lane_join(struct pl_feed *f, const char *mat)
{
	struct pl_lane *lane = f->lanes;

	while (lane && strcmp(pl_lane_mat(lane), mat) != 0)
		lane = lane->next;
	if (!lane) {
		lane = calloc(1, sizeof(*lane));
		if (!lane)
			return NULL;
		snprintf(lane->frame_topic, sizeof(lane->frame_topic), "frame/%.64s", mat);
		snprintf(lane->metrics_topic, sizeof(lane->metrics_topic), "metrics/%.64s", mat);
		zmq_setsockopt(f->frames, ZMQ_SUBSCRIBE, lane->frame_topic,
			       strlen(lane->frame_topic));
		zmq_setsockopt(f->frames, ZMQ_SUBSCRIBE, lane->metrics_topic,
			       strlen(lane->metrics_topic));
		lane->next = f->lanes;
		f->lanes = lane;
	}
	lane->watchers++;
	return lane;
}

void pl_lane_leave(struct pl_feed *f, struct pl_lane *lane)
{
	struct pl_lane **at = &f->lanes;

	if (!lane || --lane->watchers > 0)
		return;
	while (*at != lane)
		at = &(*at)->next;
	*at = lane->next;
	zmq_setsockopt(f->frames, ZMQ_UNSUBSCRIBE, lane->frame_topic, strlen(lane->frame_topic));
	zmq_setsockopt(f->frames, ZMQ_UNSUBSCRIBE, lane->metrics_topic,
		       strlen(lane->metrics_topic));
	free_lane(lane);
}

struct pl_place_in_lane pl_lane_now(const struct pl_lane *lane)
{
	return (struct pl_place_in_lane){lane->n_metrics, lane->n_frames};
}

bool pl_lane_has_more(const struct pl_lane *lane, const struct pl_place_in_lane *place)
{
	return place->metrics < lane->n_metrics || place->frames < lane->n_frames;
}

static struct pl_packet *make(const struct pl_lane *lane, uint64_t from, bool with_frame)
{
	size_t n = HEAD + (with_frame ? lane->frame.n : 0);
	struct pl_packet *p;
	unsigned char *at;

	for (uint64_t i = from; i < lane->n_metrics; i++)
		n += lane->metrics[i % PL_LANE_METRICS].n;
	p = pl_packet_new(false, n);
	if (!p)
		return NULL;
	at = put_u32(p->bytes, KIND_FRAMES);
	at = put_u32(at, (size_t)(lane->n_metrics - from) + with_frame);
	for (uint64_t i = from; i < lane->n_metrics; i++) {
		const struct record *r = &lane->metrics[i % PL_LANE_METRICS];

		memcpy(at, r->bytes, r->n);
		at += r->n;
	}
	if (with_frame)
		memcpy(at, lane->frame.bytes, lane->frame.n);
	return p;
}

struct pl_packet *pl_lane_packet(struct pl_lane *lane, struct pl_place_in_lane *place)
{
	struct pl_place_in_lane now = pl_lane_now(lane), from = *place;
	bool with_frame = place->frames < lane->n_frames;

	if (!pl_lane_has_more(lane, place))
		return NULL;
	*place = now;
	if (now.metrics - from.metrics > PL_LANE_METRICS)
		from.metrics = now.metrics - PL_LANE_METRICS;
	if (!lane->made || lane->from.metrics != from.metrics || lane->to.metrics != now.metrics ||
	    lane->from.frames != from.frames || lane->to.frames != now.frames) {
		pl_packet_drop(lane->made);
		lane->made = make(lane, from.metrics, with_frame);
		lane->from = from;
		lane->to = now;
	}
	return lane->made ? pl_packet_hold(lane->made) : NULL;
}
