/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An address in numbers that the connection really came to is as good as a name: what lets one name
 * point to two machines is the name.
 */
#include "tools/web/address.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#define BACKLOG 64

static bool is_loopback(const struct sockaddr_storage *at)
{
	const struct sockaddr_in *four = (const struct sockaddr_in *)at;
	const struct sockaddr_in6 *six = (const struct sockaddr_in6 *)at;

	if (at->ss_family == AF_INET)
		return ntohl(four->sin_addr.s_addr) >> 24 == 127;
	return IN6_IS_ADDR_LOOPBACK(&six->sin6_addr);
}

int pl_address_parse(const char *text, struct pl_address *a, struct pl_error *err)
{
	const struct addrinfo hints = {.ai_family = AF_UNSPEC,
				       .ai_socktype = SOCK_STREAM,
				       .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV};
	const char *colon = strrchr(text, ':');
	const char *digits = colon ? colon + 1 : "";
	size_t n = colon ? (size_t)(colon - text) : 0;
	struct addrinfo *found = NULL;
	char host[128];

	if (n > 2 && text[0] == '[' && text[n - 1] == ']')
		snprintf(host, sizeof(host), "%.*s", (int)n - 2, text + 1);
	else
		snprintf(host, sizeof(host), "%.*s", (int)n, text);
	if (strcmp(host, "localhost") == 0)
		snprintf(host, sizeof(host), "127.0.0.1");
	/* getaddrinfo takes 99999 and makes 34463 of it */
	if (strspn(digits, "0123456789") != strlen(digits) || strlen(digits) > 5 ||
	    atoi(digits) > 65535 || n == 0 || n >= sizeof(host) ||
	    (memchr(text, ':', n) && text[0] != '[') ||
	    getaddrinfo(host, colon + 1, &hints, &found))
		return pl_error_set(err, PL_EUSAGE, 0,
				    "\"%s\" is not an address and a port such as 127.0.0.1:8470 or "
				    "[::1]:8470",
				    text);
	memcpy(&a->at, found->ai_addr, found->ai_addrlen);
	a->at_n = found->ai_addrlen;
	freeaddrinfo(found);
	a->port =
		ntohs(((const struct sockaddr_in *)&a->at)->sin_port); /* the same place in both */
	a->loopback = is_loopback(&a->at);
	return 0;
}

bool pl_address_is_any(const struct pl_address *a)
{
	const struct sockaddr_in *four = (const struct sockaddr_in *)&a->at;
	const struct sockaddr_in6 *six = (const struct sockaddr_in6 *)&a->at;

	if (a->at.ss_family == AF_INET)
		return four->sin_addr.s_addr == htonl(INADDR_ANY);
	return IN6_IS_ADDR_UNSPECIFIED(&six->sin6_addr);
}

int pl_address_listen(struct pl_address *a, struct pl_error *err)
{
	int fd = socket(a->at.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), one = 1;
	char name[160];

	if (fd >= 0)
		setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (fd < 0 || bind(fd, (const struct sockaddr *)&a->at, a->at_n) || listen(fd, BACKLOG)) {
		pl_error_set(err, errno == EADDRINUSE ? PL_EBUSY : PL_EIO, errno,
			     "cannot listen on %s: %s%s", pl_address_name(a, name, sizeof(name)),
			     strerror(errno),
			     errno == EADDRINUSE ? "; is plantar-web running already? Another "
						   "port: --listen"
						 : "");
		if (fd >= 0)
			close(fd);
		return -1;
	}
	getsockname(fd, (struct sockaddr *)&a->at, &a->at_n);
	a->port = ntohs(((const struct sockaddr_in *)&a->at)->sin_port);
	return fd;
}

static void print_numbers(const struct sockaddr_storage *at, char *buf, size_t cap)
{
	const struct sockaddr_in *four = (const struct sockaddr_in *)at;
	const struct sockaddr_in6 *six = (const struct sockaddr_in6 *)at;
	char text[INET6_ADDRSTRLEN] = "";

	if (at->ss_family == AF_INET) {
		inet_ntop(AF_INET, &four->sin_addr, text, sizeof(text));
		snprintf(buf, cap, "%s", text);
	} else if (IN6_IS_ADDR_V4MAPPED(&six->sin6_addr)) {
		inet_ntop(AF_INET, six->sin6_addr.s6_addr + 12, text, sizeof(text));
		snprintf(buf, cap, "%s", text);
	} else {
		inet_ntop(AF_INET6, &six->sin6_addr, text, sizeof(text));
		snprintf(buf, cap, "[%s]", text);
	}
}

const char *pl_address_name(const struct pl_address *a, char *buf, size_t cap)
{
	char numbers[INET6_ADDRSTRLEN + 2];

	print_numbers(&a->at, numbers, sizeof(numbers));
	snprintf(buf, cap, "%s:%u", numbers, a->port);
	return buf;
}

const char *pl_address_url(const struct pl_address *a, char *buf, size_t cap)
{
	char name[160];

	if (a->n_hosts > 0)
		snprintf(name, sizeof(name), "%.140s:%u", a->hosts[0], a->port);
	else
		pl_address_name(a, name, sizeof(name));
	snprintf(buf, cap, "%s://%s/", a->tls ? "https" : "http", name);
	return buf;
}

/* host is NAME:PORT, or NAME alone where PORT is what browsers leave out. */
static bool is_name(const struct pl_address *a, const char *name, const char *host)
{
	size_t n = strlen(name);
	char port[16];

	snprintf(port, sizeof(port), ":%u", a->port);
	if (strncasecmp(host, name, n) != 0)
		return false;
	return strcmp(host + n, port) == 0 || (host[n] == '\0' && a->port == (a->tls ? 443 : 80));
}

bool pl_address_is_host(const struct pl_address *a, int fd, const char *host)
{
	static const char *const ours[] = {"127.0.0.1", "localhost", "[::1]"};
	struct sockaddr_storage here;
	socklen_t n = sizeof(here);
	char numbers[INET6_ADDRSTRLEN + 2];

	for (unsigned i = 0; a->loopback && i < sizeof(ours) / sizeof(ours[0]); i++)
		if (is_name(a, ours[i], host))
			return true;
	for (unsigned i = 0; i < a->n_hosts; i++)
		if (is_name(a, a->hosts[i], host))
			return true;
	if (getsockname(fd, (struct sockaddr *)&here, &n) ||
	    (here.ss_family != AF_INET && here.ss_family != AF_INET6))
		return false;
	print_numbers(&here, numbers, sizeof(numbers));
	return is_name(a, numbers, host);
}

bool pl_address_is_origin(const struct pl_address *a, const char *origin, const char *host)
{
	const char *scheme = a->tls ? "https://" : "http://";
	size_t n = strlen(scheme);

	return strncasecmp(origin, scheme, n) == 0 && strcasecmp(origin + n, host) == 0;
}
