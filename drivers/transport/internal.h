/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the transports share: a parsed URI, the table of operations behind pl_transport_*, and the
 * event that wakes a waiting read. A new transport is one .c file with one struct
 * pl_transport_ops and one line in the table of transport.c.
 */
#ifndef DRIVERS_TRANSPORT_INTERNAL_H
#define DRIVERS_TRANSPORT_INTERNAL_H

#include <stdatomic.h>

#include "drivers/transport/transport.h"

#define PL_URI_PATH_MAX 1024
#define PL_URI_KEYS_MAX 32

/* One key that a scheme knows. Values are plain decimal numbers, or text. */
struct pl_uri_key {
	const char *name;
	double min, max;
	bool whole; /* no fraction; 0x and hexadecimal digits are taken as well */
	bool text;  /* no number: 1..max characters, %XX for those that mean something in a URI */
};

struct pl_uri {
	char path[PL_URI_PATH_MAX]; /* between the scheme and '?' */
	const struct pl_uri_key *keys;
	bool given[PL_URI_KEYS_MAX]; /* by index in keys */
	double value[PL_URI_KEYS_MAX];
	const char
		*text[PL_URI_KEYS_MAX]; /* of text keys, as written, inside the URI's own string */
	size_t text_n[PL_URI_KEYS_MAX];
};

/* The value of a key, or fallback when the URI does not have it. */
double pl_uri_number(const struct pl_uri *uri, const char *key, double fallback);
/* The value of a text key, %XX resolved; false: not given. cap: more than the key's max. */
bool pl_uri_text(const struct pl_uri *uri, const char *key, char *buf, size_t cap);

struct pl_transport_ops {
	const char *scheme;
	const char *example;	       /* for error messages */
	const struct pl_uri_key *keys; /* ended by a NULL name */
	int (*check)(const struct pl_uri *uri, const struct pl_mat *mat, struct pl_error *err);
	struct pl_transport *(*open)(const struct pl_uri *uri, const struct pl_mat *mat,
				     const struct pl_log *log, struct pl_error *err);
	void (*close)(struct pl_transport *t);
	long (*read)(struct pl_transport *t, void *buf, size_t cap, size_t want, int timeout_ms,
		     struct pl_error *err);
	int (*write)(struct pl_transport *t, const void *bytes, size_t n, struct pl_error *err);
	bool (*present)(const struct pl_uri *uri);
};

extern const struct pl_transport_ops pl_serial_ops, pl_usb_ops, pl_replay_ops, pl_sim_ops;

/* First member of every transport. */
struct pl_transport {
	const struct pl_transport_ops *ops;
	int cancel_fd;	       /* eventfd, readable while a cancel is pending */
	atomic_bool cancelled; /* the same, for those who need not sleep */
};

int pl_transport_init(struct pl_transport *t, const struct pl_transport_ops *ops,
		      struct pl_error *err);
void pl_transport_fini(struct pl_transport *t);
/* Was a cancel pending? It is not any more. */
bool pl_transport_cancel_taken(struct pl_transport *t);

int64_t pl_mono_ns(void);

/*
 * Transports that make their bytes up to a timetable. next() offers a chunk of n > 0 bytes, valid
 * until the next call, and when it is due on the monotonic clock.
 */
struct pl_paced {
	struct pl_transport base;
	const uint8_t *bytes;
	size_t n;	/* left of the chunk */
	int64_t due_ns; /* when the chunk may be delivered */
	bool ended;
	/* PL_PACED_* */
	int (*next)(struct pl_paced *p, struct pl_error *err);
};

enum {
	PL_PACED_FAILED = -1,
	PL_PACED_END = 0,
	PL_PACED_CHUNK = 1,
	PL_PACED_IDLE = 2, /* nothing now, and nothing before due_ns */
};

long pl_paced_read(struct pl_transport *t, void *buf, size_t cap, size_t want, int timeout_ms,
		   struct pl_error *err);

/* ports.c: PL_EUSAGE if name is one of /dev/serial/by-id that several adapters lay claim to. */
int pl_port_refuse_twins(const char *name, const char *device, struct pl_error *err);

/* tty.c: what libserialport does not do. */
/* Non-blocking, nothing set yet; -1 and err with the name as it was asked for. */
int pl_tty_open(const char *path, const char *name, struct pl_error *err);
int pl_tty_make_raw(int fd, unsigned baud); /* -1: errno */
/* Reads return with the first byte, and 0 then means hang-up. *baud: what the driver settled on. */
int pl_tty_raw_wake(int fd, unsigned *baud);
int pl_tty_lines(int fd, int dtr, int rts); /* -1 leave, 0 clear, 1 set */
void pl_tty_low_latency(int fd, const char *name, const struct pl_log *log);
void pl_tty_discard_input(int fd);
/* "cannot open PATH: reason; way out" for an errno of opening a port. */
int pl_tty_open_failed(struct pl_error *err, int os_errno, const char *path);

#endif
