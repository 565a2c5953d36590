/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The loop. libwebsockets waits, in one poll, for browsers, for ZeroMQ, for signals and for the
 * clock; whatever woke it, everything is looked at before it waits again. That is what ZeroMQ's
 * descriptors ask for: they tell that something changed, not that something is there, so who
 * waits with a message left in the socket may wait for ever.
 *
 * The clock is a timerfd: libwebsockets' own timers spin for up to a millisecond, sixty times a
 * second.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <unistd.h>
#ifdef HAVE_SYSTEMD
#include <systemd/sd-daemon.h>
#endif

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>

#include "tools/web/clock.h"
#include "tools/web/web.h"

#define LOOK_NS (500 * PL_WEB_MS)
#define GOODBYE_NS (2 * PL_WEB_S)
#define DESCRIPTORS 256 /* browsers, their further connections for files, and ours */

static int look_callback(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in,
			 size_t n);

static struct lws_protocols protocols[] = {
	{.name = "http", .callback = pl_http_callback},
	{.name = PL_WEB_PROTOCOL, .callback = pl_browser_callback, .rx_buffer_size = 4096},
	{.name = "look", .callback = look_callback},
	{0},
};

static const lws_retry_bo_t alive = {.secs_since_valid_ping = 20, .secs_since_valid_hangup = 50};

/* ---- what the loop hears ---- */

static void accept_all(struct pl_web *web)
{
	int fd, one = 1;

	while ((fd = accept4(web->listen_fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
		lws_adopt_socket_vhost(web->vhost, fd);
	}
}

static void take_signal(struct pl_web *web)
{
	struct signalfd_siginfo info;

	while (read(web->signal_fd, &info, sizeof(info)) == sizeof(info))
		web->stopping = true;
}

/* Descriptors that are ours: what belongs to ZeroMQ is looked at after every wake-up anyway. */
static int look_callback(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in,
			 size_t n)
{
	struct pl_web *web = lws_context_user(lws_get_context(wsi));
	const int *which = lws_get_opaque_user_data(wsi);
	uint64_t expired;

	(void)user;
	(void)in;
	(void)n;
	if (reason != LWS_CALLBACK_RAW_RX_FILE)
		return 0;
	if (which == &web->listen_fd)
		accept_all(web);
	else if (which == &web->signal_fd)
		take_signal(web);
	else if (which == &web->timer_fd && read(web->timer_fd, &expired, sizeof(expired)) < 0)
		return 0; /* somebody has set it anew meanwhile */
	return 0;
}

/* libwebsockets closes what it waits for, so it gets a descriptor of its own. */
static int look_at(struct pl_web *web, int fd, int *which, struct pl_error *err)
{
	lws_sock_file_fd_type own = {.filefd = fcntl(fd, F_DUPFD_CLOEXEC, 3)};
	struct lws *wsi = own.filefd < 0
				  ? NULL
				  : lws_adopt_descriptor_vhost(web->vhost, LWS_ADOPT_RAW_FILE_DESC,
							       own, "look", NULL);

	if (!wsi)
		return pl_error_set(err, PL_ENOMEM, errno, "cannot wait for a descriptor");
	lws_set_opaque_user_data(wsi, which);
	return 0;
}

static int look_at_link(struct pl_web *web, const struct pl_link *link, struct pl_error *err)
{
	int fd[2];

	pl_link_fds(link, fd);
	return look_at(web, fd[0], NULL, err) || look_at(web, fd[1], NULL, err) ? -1 : 0;
}

/* ---- beginning ---- */

/* While it starts, what is wrong with a certificate is worth reading. Later everybody who sends
 * nonsense would write into our log. libwebsockets passes no pointer on. */
static const struct pl_log *log_of_start;

static void log_lws(int level, const char *line)
{
	(void)level;
	if (log_of_start)
		pl_logf(log_of_start, PL_NOTICE, "libwebsockets: %.*s", (int)strcspn(line, "\n"),
			line);
}

static int open_lws(struct pl_web *web, struct pl_error *err)
{
	struct lws_context_creation_info info = {
		.port = CONTEXT_PORT_NO_LISTEN_SERVER,
		.protocols = protocols,
		.headers = pl_http_headers(),
		.user = web,
		.options = LWS_SERVER_OPTION_VALIDATE_UTF8,
		.retry_and_idle_policy = &alive,
		.timeout_secs = 10,
		.keepalive_timeout = 30,
		.fd_limit_per_thread = DESCRIPTORS,
		.max_http_header_pool = 64,
		.vhost_name = "plantar-web",
	};

	protocols[0].per_session_data_size = pl_http_session_size();
	protocols[1].per_session_data_size = pl_browser_session_size();
	if (web->tls_cert) {
		info.options |= LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT;
		info.ssl_cert_filepath = web->tls_cert;
		info.ssl_private_key_filepath = web->tls_key;
		info.ssl_options_set = SSL_OP_NO_SSLv3 | SSL_OP_NO_TLSv1 | SSL_OP_NO_TLSv1_1;
		info.alpn = "http/1.1";
	}
	lws_set_log_level(LLL_ERR, log_lws);
	log_of_start = web->log;
	web->lws = lws_create_context(&info);
	log_of_start = NULL;
	web->vhost = web->lws ? lws_get_vhost_by_name(web->lws, "plantar-web") : NULL;
	if (web->vhost)
		return 0;
	return pl_error_set(err, PL_ENOMEM, 0, "libwebsockets does not start");
}

static int open_signals(struct pl_web *web, struct pl_error *err)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigprocmask(SIG_BLOCK, &set, NULL);
	web->signal_fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
	web->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
	if (web->signal_fd >= 0 && web->timer_fd >= 0)
		return 0;
	return pl_error_set(err, PL_EIO, errno, "no signalfd or timerfd: %s", strerror(errno));
}

static int begin(struct pl_web *web, struct pl_error *err)
{
	web->listen_fd = web->signal_fd = web->timer_fd = -1;
	if (open_signals(web, err)) /* before there are other threads */
		return -1;
	web->listen_fd = pl_address_listen(&web->address, err);
	if (web->listen_fd < 0 || open_lws(web, err) || pl_upstream_open(web, err))
		return -1;
	web->began_ns = pl_web_now_ns();
	if (look_at(web, web->listen_fd, &web->listen_fd, err) ||
	    look_at(web, web->signal_fd, &web->signal_fd, err) ||
	    look_at(web, web->timer_fd, &web->timer_fd, err) ||
	    look_at(web, pl_feed_fd(web->feed), NULL, err) || look_at_link(web, web->link, err))
		return -1;
	return web->view_link ? look_at_link(web, web->view_link, err) : 0;
}

static void end(struct pl_web *web)
{
	if (web->lws)
		lws_context_destroy(web->lws); /* browsers leave lanes and questions */
	pl_upstream_close(web);
	if (web->listen_fd >= 0)
		close(web->listen_fd);
	if (web->signal_fd >= 0)
		close(web->signal_fd);
	if (web->timer_fd >= 0)
		close(web->timer_fd);
}

/* ---- the loop ---- */

static void wake_at(const struct pl_web *web, int64_t at_ns)
{
	const struct itimerspec at = {
		.it_value = {.tv_sec = at_ns / PL_WEB_S, .tv_nsec = at_ns % PL_WEB_S}};

	timerfd_settime(web->timer_fd, TFD_TIMER_ABSTIME, &at, NULL);
}

static void notify(const char *state)
{
#ifdef HAVE_SYSTEMD
	sd_notify(0, state);
#else
	(void)state;
#endif
}

/* Everything that may have happened; true: come again at once. */
static bool look(struct pl_web *web, int64_t *look_ns)
{
	bool more = pl_feed_take(web->feed);
	int64_t now_ns, next_ns;

	pl_link_take(web->link);
	if (web->view_link)
		pl_link_take(web->view_link);
	now_ns = pl_web_now_ns();
	if (now_ns >= *look_ns) {
		*look_ns = now_ns + LOOK_NS;
		pl_link_tick(web->link, now_ns);
		notify("WATCHDOG=1");
	}
	pl_upstream_look(web, now_ns);
	next_ns = pl_browsers_tick(web, now_ns);
	wake_at(web, next_ns < *look_ns ? next_ns : *look_ns);
	return more;
}

/* For people, for `plantar-web --print-url`, and for systemd. */
static void announce(struct pl_web *web)
{
	struct pl_error err = {0};
	char url[300];

	pl_address_url(&web->address, url, sizeof(url));
	if (strcmp(web->tokens.url, url) != 0 &&
	    pl_tokens_save(web->token_file, &web->tokens, url, &err))
		pl_logf(web->log, PL_NOTICE, "%s", err.message);
	pl_logf(web->log, PL_NOTICE,
		"listening: %s (to act, not only watch: the address that plantar-web --print-url "
		"prints)",
		url);
	notify("READY=1");
}

int pl_web_run(struct pl_web *web, struct pl_error *err)
{
	int64_t look_ns = 0, end_ns = 0;
	int r = begin(web, err);
	bool more = false;

	if (r == 0)
		announce(web);
	while (r == 0 && !(web->stopping && web->n_browsers == 0)) {
		more = look(web, &look_ns);
		if (lws_service(web->lws, more ? -1 : 0) < 0)
			r = pl_error_set(err, PL_EIO, errno, "libwebsockets ended");
		if (!web->stopping)
			continue;
		if (end_ns == 0) {
			notify("STOPPING=1");
			pl_browsers_close(web, 1001, "plantar-web ends");
			end_ns = pl_web_now_ns() + GOODBYE_NS;
		}
		if (pl_web_now_ns() > end_ns)
			break;
	}
	end(web);
	return r;
}
