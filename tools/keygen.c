/* SPDX-License-Identifier: Apache-2.0 */
/*
 * plantar keygen: a key pair for whoever wants to reach plantard over a network, or for plantard
 * itself. What people get wrong with keys is not making them but carrying them about, so this
 * command says which half goes where, and never overwrites one.
 */
#include <errno.h>
#include <jansson.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zmq.h>

#include "drivers/mat/keys.h"
#include "tools/command.h"

enum { OPT_ROLE = PL_OPT_LONG, OPT_SERVER };

struct keygen {
	const char *name, *out;
	int role; /* index in roles */
	bool server, json;
	char folder[512];
};

static const char *const roles[] = {"viewer", "operator", NULL};
static const char *const role_folders[] = {"viewers", "operators"};

static int make_folder(const char *path, mode_t mode, struct pl_error *err)
{
	char part[600];

	snprintf(part, sizeof(part), "%s", path);
	for (char *p = part + 1; *p; p++) {
		if (*p != '/')
			continue;
		*p = '\0';
		mkdir(part, 0755);
		*p = '/';
	}
	if (mkdir(part, mode) == 0 || errno == EEXIST)
		return 0;
	return pl_error_set(err, PL_EACCES, errno, "cannot make the folder %s: %s", path,
			    strerror(errno));
}

/* The daemon must be able to list the folder, and only it may read its secret. */
static int prepare_server(const struct keygen *k, struct pl_error *err)
{
	char path[600];

	for (int i = 0; i < 2; i++) {
		snprintf(path, sizeof(path), "%s/%s", k->folder, role_folders[i]);
		if (make_folder(path, 0755, err))
			return -1;
	}
	return 0;
}

/* Root makes the key, the service's user reads it. True: it is theirs now. */
static bool give_to_service(const char *secret)
{
	const struct passwd *user;

	if (geteuid() != 0 || strncmp(secret, "/etc/plantard/", 14) != 0)
		return false;
	user = getpwnam("plantard");
	return user && chown(secret, user->pw_uid, user->pw_gid) == 0;
}

static void say_server(const struct keygen *k, const char *secret, const char *public, bool given)
{
	printf("%s stays here%s.\n"
	       "%s goes to every client, as ~/.config/plantard/keys/HOST.public\n"
	       "(HOST as in tcp://HOST:5572).\n"
	       "Clients' public keys go into %s/viewers or %s/operators.\n",
	       secret, given ? ", read by the user plantard alone" : "", public, k->folder,
	       k->folder);
}

static void say_client(const struct keygen *k, const char *secret, const char *public)
{
	printf("%s is the secret half: it stays with %s.\n"
	       "%s is the public half: whoever looks after the daemon copies it to\n"
	       "its keys/%s/, and %s is let in as %s of that name.\n",
	       secret, k->name, public, role_folders[k->role], k->name,
	       k->role ? "an operator" : "a viewer");
}

static void report(const struct keygen *k, bool given)
{
	char secret[600], public[600];

	snprintf(secret, sizeof(secret), "%s/%s.secret", k->folder, k->name);
	snprintf(public, sizeof(public), "%s/%s.public", k->folder, k->name);
	if (k->json) {
		json_t *root =
			json_pack("{s:s, s:s, s:s, s:s}", "name", k->name, "secret", secret,
				  "public", public, "role", k->server ? "server" : roles[k->role]);

		json_dumpf(root, stdout, JSON_INDENT(2));
		putchar('\n');
		json_decref(root);
	} else if (k->server) {
		say_server(k, secret, public, given);
	} else {
		say_client(k, secret, public);
	}
}

static int keygen(struct keygen *k, bool *given, struct pl_error *err)
{
	struct pl_key_pair pair;
	char secret[600];
	int r;

	if (k->out)
		snprintf(k->folder, sizeof(k->folder), "%s", k->out);
	else
		pl_keys_dir(k->folder, sizeof(k->folder));
	if (make_folder(k->folder, k->server ? 0755 : 0700, err) ||
	    (k->server && prepare_server(k, err)))
		return -1;
	if (zmq_curve_keypair(pair.public_key, pair.secret_key))
		return pl_error_set(err, PL_EUNSUPPORTED, zmq_errno(),
				    "this ZeroMQ cannot make keys (CURVE): %s",
				    zmq_strerror(zmq_errno()));
	r = pl_key_write(k->folder, k->name, &pair, err);
	explicit_bzero(&pair, sizeof(pair));
	if (r)
		return -1;
	snprintf(secret, sizeof(secret), "%s/%s.secret", k->folder, k->name);
	*given = k->server && give_to_service(secret);
	return 0;
}

static int run(const struct pl_subcommand *self, int argc, char **argv)
{
	struct keygen k = {.name = "server"};
	struct pl_error err = {.code = PL_OK};
	bool given = false, role = false;
	struct pl_args args;
	int key;

	pl_args_begin(&args, self, argc, argv);
	while ((key = pl_args_next(&args)) > 0) {
		switch (key) {
		case 'j':
			k.json = true;
			break;
		case 'o':
			k.out = args.value;
			break;
		case OPT_ROLE:
			pl_args_choice(&args, roles, &k.role);
			role = true;
			break;
		case OPT_SERVER:
			k.server = true;
			break;
		}
	}
	pl_args_operands(&args, 0, 1, "NAME");
	if (!args.done && k.server == (args.first < argc))
		pl_args_fail(&args, "give a NAME, or --server for the daemon's own key");
	if (!args.done && k.server && role)
		pl_args_fail(&args, "--role is for a client's key");
	if (!args.done && !k.server)
		k.name = argv[args.first];
	if (!args.done && !k.server &&
	    (!pl_key_name_valid(k.name) || strcmp(k.name, "server") == 0))
		pl_args_fail(&args,
			     "'%s' cannot name a key: letters, digits, - and _, at most %d; "
			     "'server' is the daemon's",
			     k.name, PL_KEY_NAME_MAX);
	if (args.done)
		return args.exit_code;
	if (keygen(&k, &given, &err))
		return pl_report(self, &err);
	report(&k, given);
	return PL_EXIT_OK;
}

static const struct pl_option options[] = {
	{OPT_ROLE, "role", "ROLE", "viewer (default) or operator: where its public half belongs"},
	{OPT_SERVER, "server", NULL, "the daemon's own key"},
	{'o', "out", "FOLDER",
	 "where to; default ~/.config/plantard/keys,\nof root /etc/plantard/keys"},
	{'j', "json", NULL, "print one JSON document"},
	{0},
};

const struct pl_subcommand pl_cmd_keygen = {
	.name = "keygen",
	.summary = "make a key for reaching a daemon over a network",
	.synopsis = "NAME [--role viewer|operator] [--out FOLDER] [--json]\n"
		    "--server [--out FOLDER] [--json]",
	.about =
		"Writes NAME.secret, for its owner alone, and NAME.public, which is put where the\n"
		"daemon lets people in. A role is the folder that the public half is put into, "
		"not\n"
		"something a key could claim. docs/access.md goes through it step by step.",
	.options = options,
	.run = run,
};
