/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How often somebody may ask: a bucket of tokens a client, filled at a steady rate up to a burst,
 * in a table of fixed size. Pure: time comes in as an argument.
 */
#ifndef DAEMON_RATE_H
#define DAEMON_RATE_H

#include <stdbool.h>
#include <stdint.h>

#define PL_RATE_CLIENTS 64

struct pl_rate_client {
	char who[80]; /* "": free */
	double tokens;
	int64_t at_ns;
	uint64_t refused; /* since somebody took the number */
};

struct pl_rate {
	double per_s, burst;
	struct pl_rate_client clients[PL_RATE_CLIENTS];
};

void pl_rate_init(struct pl_rate *r, double per_s, double burst);

/* The client's bucket, filled up to now; when the table is full, the one that has been quiet
 * longest makes room. */
struct pl_rate_client *pl_rate_client(struct pl_rate *r, const char *who, int64_t now_ns);
/* Takes a token. False: none left (counted in refused). */
bool pl_rate_take(struct pl_rate_client *client);

#endif
