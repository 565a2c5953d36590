/* SPDX-License-Identifier: Apache-2.0 */
/*
 * plantard: reads force-sensor mats, publishes every frame, archives sessions. This file knows the
 * command line, where log lines go, and which exit code means what.
 */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/calibrated.h"
#include "daemon/config.h"
#include "daemon/convert.h"
#include "daemon/daemon.h"
#include "daemon/look.h"
#include "drivers/mat/no_dumps.h"

#define EXIT_FAILED 1
#define EXIT_USAGE 2
#define EXIT_CONFIG 78
#define DESCRIPTORS 16384

static const char usage[] =
	"Usage: plantard [--config FILE] [--check]\n"
	"\n"
	"Reads force-sensor mats, publishes every frame with its centre of pressure and heel\n"
	"load over ZeroMQ, and archives sessions to HDF5. Runs in the foreground.\n"
	"\n"
	"  -c, --config FILE  the configuration; without it ~/.config/plantard/plantard.conf,\n"
	"                     then /etc/plantard/plantard.conf\n"
	"      --check        check the configuration, its mats and all protocols\n"
	"      --version      print the version\n"
	"      --help         print this\n"
	"\n"
	"Exit status: 0 ended by a signal, 1 failed, 2 wrong usage, 78 bad configuration.\n"
	"See plantard(8), plantard.conf(5); `plantar status` shows what it is doing.\n";

/* systemd wants a priority in front of each line; a person at a terminal does not. One write a
 * line, so that lines of several threads do not mix. */
static void log_to_stderr(void *user, enum pl_level level, const char *text)
{
	const bool *terminal = user;
	char line[1100];
	ssize_t written;
	int n;

	if (*terminal)
		n = snprintf(line, sizeof(line), "%s\n", text);
	else
		n = snprintf(line, sizeof(line), "<%d>%s\n", (int)level, text);
	if (n >= (int)sizeof(line))
		n = (int)sizeof(line) - 1;
	written = write(STDERR_FILENO, line, (size_t)n);
	(void)written; /* there is nowhere left to complain */
}

struct options {
	const char *config, *convert, *seal;
	bool check, version, help;
};

static int parse(int argc, char **argv, struct options *o)
{
	enum { OPT_CHECK = 256, OPT_VERSION, OPT_HELP, OPT_CONVERT, OPT_SEAL };
	static const struct option longs[] = {{"config", required_argument, NULL, 'c'},
					      {"check", no_argument, NULL, OPT_CHECK},
					      {"version", no_argument, NULL, OPT_VERSION},
					      {"help", no_argument, NULL, OPT_HELP},
					      {"convert", required_argument, NULL, OPT_CONVERT},
					      {"seal", required_argument, NULL, OPT_SEAL},
					      {0}};
	int c;

	while ((c = getopt_long(argc, argv, "c:h", longs, NULL)) != -1) {
		switch (c) {
		case 'c':
			o->config = optarg;
			break;
		case OPT_CHECK:
			o->check = true;
			break;
		case OPT_VERSION:
			o->version = true;
			break;
		case 'h':
		case OPT_HELP:
			o->help = true;
			break;
		case OPT_CONVERT: /* how the daemon starts its converter; not for people */
			o->convert = optarg;
			break;
		case OPT_SEAL: /* likewise */
			o->seal = optarg;
			break;
		default:
			return -1;
		}
	}
	if (optind < argc) {
		fprintf(stderr, "plantard: unexpected argument \"%s\"\n", argv[optind]);
		return -1;
	}
	return 0;
}

static int load(const struct options *o, struct pl_config *config, struct pl_error *err)
{
	char path[512];

	if (!o->config && pl_config_find(path, sizeof(path), err))
		return -1;
	return pl_config_load(config, o->config ? o->config : path, err);
}

/* Connections that nobody answers yet must not use up what recordings need. */
static void many_descriptors(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit))
		return;
	limit.rlim_cur = limit.rlim_max < DESCRIPTORS ? limit.rlim_max : DESCRIPTORS;
	setrlimit(RLIMIT_NOFILE, &limit);
}

/* For the drop-in realtime.conf; failing is no reason not to measure. */
static void lock_memory(const struct pl_log *log)
{
	const char *wanted = getenv("PLANTARD_LOCK_MEMORY");

	if (wanted && strcmp(wanted, "1") == 0 && mlockall(MCL_CURRENT | MCL_FUTURE))
		pl_logf(log, PL_WARNING, "memory is not locked: %s; see LimitMEMLOCK",
			strerror(errno));
}

static void check_mat(const struct pl_mat_entry *entry)
{
	const struct pl_calibration *cal = &entry->mat.calibration;

	printf("mat %s: %s, %s\n", entry->name, entry->mat.title, entry->source);
	if (pl_calibrated(cal) && pl_calibration_expired(cal, pl_utc_ns() / PL_S))
		printf("mat %s: calibration %s expired on %s: values are counts\n", entry->name,
		       cal->id, cal->origin.expires);
}

static int run(const struct options *o, struct pl_log *log)
{
	struct pl_config config;
	struct pl_error err = {0};
	int r;

	if (load(o, &config, &err)) {
		pl_logf(log, PL_ERR, "%s", err.message);
		return EXIT_CONFIG;
	}
	if (o->check) {
		for (unsigned i = 0; i < config.n_mats; i++)
			check_mat(&config.mats[i]);
		for (unsigned i = 0; i < config.protocols.n; i++)
			printf("protocol %s: %s, version %u\n", config.protocols.list[i].id,
			       config.protocols.list[i].title, config.protocols.list[i].version);
		printf("%s is valid\n", config.path);
		pl_config_free(&config);
		return 0;
	}
	log->max = config.log_level;
	pl_no_core_dumps();
	many_descriptors();
	lock_memory(log);
	pl_calibrated_begin(&config, pl_utc_ns() / PL_S, log);
	umask(0007); /* sockets and recordings are for the group, never for the world */
	r = pl_daemon_run(&config, log, &err);
	if (r)
		pl_logf(log, PL_ERR, "%s", err.message);
	pl_config_free(&config);
	return r ? EXIT_FAILED : 0;
}

int main(int argc, char **argv)
{
	bool terminal = isatty(STDERR_FILENO);
	struct pl_log log = {.sink = log_to_stderr, .user = &terminal, .max = PL_INFO};
	struct options o = {0};

	/* how the daemon starts plantar for itself; not for people */
	if (argc > 1 && strcmp(argv[1], "--look") == 0)
		return pl_look_main(argc - 2, argv + 2);
	if (parse(argc, argv, &o)) {
		fputs("Try plantard --help.\n", stderr);
		return EXIT_USAGE;
	}
	if (o.help) {
		fputs(usage, stdout);
		return 0;
	}
	if (o.version) {
		puts(PL_SOFTWARE);
		return 0;
	}
	if (o.convert)
		return pl_convert_main(o.convert, &log);
	if (o.seal)
		return pl_convert_seal_main(o.seal);
	return run(&o, &log);
}
