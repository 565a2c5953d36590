/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where the bridge listens, and which names it answers to. A page of somebody else's that is open
 * in the same browser can send requests here, and with a name of its own that it lets point to
 * 127.0.0.1 it could even read the answers. Both are told apart by what browsers always say and
 * pages cannot forge: Host and Origin.
 */
#ifndef TOOLS_WEB_ADDRESS_H
#define TOOLS_WEB_ADDRESS_H

#include <stdbool.h>
#include <sys/socket.h>

#include <plantar/error.h>

#define PL_HOSTS_MAX 16

struct pl_address {
	struct sockaddr_storage at;
	socklen_t at_n;
	unsigned port;
	bool loopback, tls;
	const char *hosts[PL_HOSTS_MAX]; /* further names, from --host */
	unsigned n_hosts;
};

/* "127.0.0.1:8470", "[::1]:8470", "localhost:8470"; numbers, not names: a name could be anybody's.
 */
int pl_address_parse(const char *text, struct pl_address *a, struct pl_error *err);
/* The listening socket; port 0 becomes the one the kernel chose. -1 and err. */
int pl_address_listen(struct pl_address *a, struct pl_error *err);
bool pl_address_is_any(const struct pl_address *a); /* 0.0.0.0 or [::] */
/* "127.0.0.1:8470", and with the scheme in front. */
const char *pl_address_name(const struct pl_address *a, char *buf, size_t cap);
const char *pl_address_url(const struct pl_address *a, char *buf, size_t cap);

/* fd: the connection it came through. */
bool pl_address_is_host(const struct pl_address *a, int fd, const char *host);
bool pl_address_is_origin(const struct pl_address *a, const char *origin, const char *host);

#endif
