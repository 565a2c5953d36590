/* SPDX-License-Identifier: Apache-2.0 */
/*
 * plantar-web: a bridge between plantard and browsers. This file knows the command line, what is
 * refused before anything is opened, and which exit code means what.
 */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "drivers/mat/no_dumps.h"
#include "drivers/mat/paths.h"
#include "tools/web/tls.h"
#include "tools/web/web.h"

#define EXIT_FAILED 1
#define EXIT_USAGE 2
#define EXIT_CONFIG 78
#define SERVICE_TOKENS "/run/plantard-web/web.token"

static const char usage[] =
	"Usage: plantar-web [OPTION]...\n"
	"\n"
	"Serves the dashboard of plantard to browsers, and passes on what plantard publishes and\n"
	"what is asked of it. Runs in the foreground.\n"
	"\n"
	"      --listen ADDRESS   where (127.0.0.1:8470); other addresses than this machine's\n"
	"                         own need --tls-cert and --tls-key\n"
	"      --host NAME        a further name that browsers may use; may be repeated\n"
	"      --control ENDPOINT plantard's control socket; default: found\n"
	"      --page FOLDER      the files of the page; default: found\n"
	"      --tls-cert FILE    certificate (PEM) and\n"
	"      --tls-key FILE     its private key\n"
	"      --token-file FILE  the tokens of operators and viewers; default: web.token in the\n"
	"                         runtime folder; made when it is not there\n"
	"      --print-url        print the operator's address and end\n"
	"      --print-viewer-url print the viewers' address and end\n"
	"      --version          print the version\n"
	"      --help             print this\n"
	"\n"
	"Exit status: 0 ended by a signal, 1 failed, 2 wrong usage, 78 refused as configured.\n"
	"See plantar-web(8).\n";

/* systemd wants a priority in front of each line; a person at a terminal does not. */
static void log_to_stderr(void *user, enum pl_level level, const char *text)
{
	const bool *terminal = user;

	if (*terminal)
		fprintf(stderr, "%s\n", text);
	else
		fprintf(stderr, "<%d>%s\n", (int)level, text);
}

struct options {
	const char *listen, *control, *page, *token_file;
	bool print_url, print_viewer_url;
};

enum option_key {
	OPT_LISTEN = 256,
	OPT_HOST,
	OPT_CONTROL,
	OPT_PAGE,
	OPT_TLS_CERT,
	OPT_TLS_KEY,
	OPT_TOKEN_FILE,
	OPT_PRINT_URL,
	OPT_PRINT_VIEWER_URL,
	OPT_VERSION,
	OPT_HELP,
};

static const struct option longs[] = {
	{"listen", required_argument, NULL, OPT_LISTEN},
	{"host", required_argument, NULL, OPT_HOST},
	{"control", required_argument, NULL, OPT_CONTROL},
	{"page", required_argument, NULL, OPT_PAGE},
	{"tls-cert", required_argument, NULL, OPT_TLS_CERT},
	{"tls-key", required_argument, NULL, OPT_TLS_KEY},
	{"token-file", required_argument, NULL, OPT_TOKEN_FILE},
	{"print-url", no_argument, NULL, OPT_PRINT_URL},
	{"print-viewer-url", no_argument, NULL, OPT_PRINT_VIEWER_URL},
	{"version", no_argument, NULL, OPT_VERSION},
	{"help", no_argument, NULL, OPT_HELP},
	{0},
};

static int add_host(struct pl_web *web, const char *name)
{
	if (web->address.n_hosts == PL_HOSTS_MAX || strlen(name) > 128 ||
	    strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-.") !=
		    strlen(name)) {
		fprintf(stderr, "plantar-web: --host %s: at most %d names such as lab.example\n",
			name, PL_HOSTS_MAX);
		return -1;
	}
	web->address.hosts[web->address.n_hosts++] = name;
	return 0;
}

/* 0: go on; 1: all is said; -1: wrong. */
static int take_option(struct pl_web *web, struct options *o, int key)
{
	switch (key) {
	case OPT_LISTEN:
		o->listen = optarg;
		return 0;
	case OPT_HOST:
		return add_host(web, optarg);
	case OPT_CONTROL:
		o->control = optarg;
		return 0;
	case OPT_PAGE:
		o->page = optarg;
		return 0;
	case OPT_TLS_CERT:
		web->tls_cert = optarg;
		return 0;
	case OPT_TLS_KEY:
		web->tls_key = optarg;
		return 0;
	case OPT_TOKEN_FILE:
		o->token_file = optarg;
		return 0;
	case OPT_PRINT_URL:
		o->print_url = true;
		return 0;
	case OPT_PRINT_VIEWER_URL:
		o->print_viewer_url = true;
		return 0;
	case OPT_VERSION:
		puts("plantar-web " PLANTAR_VERSION);
		return 1;
	case OPT_HELP:
		fputs(usage, stdout);
		return 1;
	default:
		return -1;
	}
}

static int parse(int argc, char **argv, struct pl_web *web, struct options *o)
{
	int key, r = 0;

	while (r == 0 && (key = getopt_long(argc, argv, "", longs, NULL)) != -1)
		r = take_option(web, o, key);
	if (r == 0 && optind < argc) {
		fprintf(stderr, "plantar-web: unexpected argument \"%s\"\n", argv[optind]);
		r = -1;
	}
	return r;
}

/* What cannot work or must not be is refused before anything is opened. */
static int check(struct pl_web *web, const struct options *o, struct pl_error *err)
{
	const char *files[] = {web->tls_cert, web->tls_key};

	if (pl_address_parse(o->listen, &web->address, err))
		return -1;
	web->address.tls = web->tls_cert != NULL;
	if (!web->tls_cert != !web->tls_key)
		return pl_error_set(err, PL_EUSAGE, 0,
				    "--tls-cert and --tls-key are needed together");
	if (!web->address.loopback && !web->tls_cert)
		return pl_error_set(
			err, PL_ECONFIG, 0,
			"%s can be reached from other machines: only with --tls-cert and "
			"--tls-key; docs/web.md says how to make them",
			o->listen);
	if (pl_address_is_any(&web->address) && web->address.n_hosts == 0)
		return pl_error_set(err, PL_ECONFIG, 0,
				    "%s is every address of this machine; say with --host NAME how "
				    "browsers call it",
				    o->listen);
	for (unsigned i = 0; i < 2; i++)
		if (files[i] && access(files[i], R_OK))
			return pl_error_set(err, PL_ECONFIG, errno, "cannot read %s: %s", files[i],
					    strerror(errno));
	return web->tls_cert ? pl_tls_check(web->tls_cert, web->tls_key, err) : 0;
}

/* A person who asks for the address may mean their own bridge or the service, also when they may
 * not look into its folder: that is said then, instead of making tokens that nobody knows. */
static const char *tokens_path(const struct options *o, char *buf, size_t cap)
{
	if (o->token_file)
		return o->token_file;
	pl_tokens_path(buf, cap);
	if (!o->print_url && !o->print_viewer_url)
		return buf;
	if (access(buf, F_OK) && (access(SERVICE_TOKENS, F_OK) == 0 || errno == EACCES))
		return SERVICE_TOKENS;
	return buf;
}

static int print_url(struct pl_web *web, const struct options *o)
{
	char here[300];
	const char *url = web->tokens.url;

	if (!*url)
		url = pl_address_url(&web->address, here, sizeof(here));
	if (o->print_url)
		printf("%s#operator=%s\n", url, web->tokens.operator_token);
	else
		printf("%s#viewer=%s\n", url, web->tokens.viewer_token);
	return fflush(stdout) == 0 ? 0 : EXIT_FAILED;
}

static int run(struct pl_web *web, const struct options *o, struct pl_error *err)
{
	char folder[800], path[600];
	const char *tokens = tokens_path(o, path, sizeof(path));

	if (check(web, o, err) || pl_tokens_load(tokens, &web->tokens, err))
		return -1;
	if (o->print_url || o->print_viewer_url) {
		/* Tokens that no bridge has used yet, while there is a service: its are meant. */
		if (!o->token_file && !*web->tokens.url && access(SERVICE_TOKENS, F_OK) == 0 &&
		    pl_tokens_load(SERVICE_TOKENS, &web->tokens, err))
			return -1;
		return print_url(web, o);
	}
	web->token_file = tokens;
	if (o->control)
		snprintf(web->control, sizeof(web->control), "%s", o->control);
	else
		pl_control_endpoint(web->control, sizeof(web->control));
	if (pl_page_load(&web->page, o->page ? o->page : pl_page_folder(folder, sizeof(folder)),
			 err))
		return -1;
	pl_no_core_dumps();
	return pl_web_run(web, err);
}

int main(int argc, char **argv)
{
	bool terminal = isatty(STDERR_FILENO);
	struct pl_log log = {.sink = log_to_stderr, .user = &terminal, .max = PL_INFO};
	struct pl_web web = {.log = &log};
	struct options o = {.listen = "127.0.0.1:8470"};
	struct pl_error err = {0};
	int r = parse(argc, argv, &web, &o);

	if (r < 0)
		fputs("Try plantar-web --help.\n", stderr);
	if (r)
		return r < 0 ? EXIT_USAGE : 0;
	r = run(&web, &o, &err);
	pl_page_free(&web.page);
	explicit_bzero(&web.tokens, sizeof(web.tokens));
	if (r >= 0)
		return r;
	pl_logf(&log, PL_ERR, "%s", err.message);
	return err.code == PL_EUSAGE	? EXIT_USAGE
	       : err.code == PL_ECONFIG ? EXIT_CONFIG
					: EXIT_FAILED;
}
