/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where protocols are: a clinic's own come before the shipped ones of the same name, so that one
 * can be changed without touching what an update replaces.
 */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/protocol_conf.h"

static bool is_conf(const char *file)
{
	size_t n = strlen(file);

	return n > 5 && file[0] != '.' && strcmp(file + n - 5, ".conf") == 0;
}

static bool known(const struct pl_protocols *p, const char *file)
{
	for (unsigned i = 0; i < p->n; i++)
		if (strlen(p->list[i].id) == strlen(file) - 5 &&
		    strncmp(p->list[i].id, file, strlen(file) - 5) == 0)
			return true;
	return false;
}

static int add_folder(struct pl_protocols *p, const char *folder, struct pl_error *err)
{
	DIR *dir = *folder ? opendir(folder) : NULL;
	struct dirent *file;
	char path[1024];
	int r = 0;

	while (dir && r == 0 && (file = readdir(dir))) {
		if (!is_conf(file->d_name) || known(p, file->d_name))
			continue;
		if (p->n == PL_PROTOCOLS_MAX) {
			r = pl_error_set(err, PL_ECONFIG, 0, "%s: more than %d protocols", folder,
					 PL_PROTOCOLS_MAX);
			break;
		}
		snprintf(path, sizeof(path), "%s/%s", folder, file->d_name);
		r = pl_protocol_load(&p->list[p->n], path, err);
		p->n += r == 0;
	}
	if (dir)
		closedir(dir);
	return r;
}

static int add_listed(struct pl_protocols *p, const char *folders, struct pl_error *err)
{
	int r = 0;

	while (folders && *folders && r == 0) {
		size_t n = strcspn(folders, ":");
		char folder[512];

		snprintf(folder, sizeof(folder), "%.*s", (int)n, folders);
		r = add_folder(p, folder, err);
		folders += n + (folders[n] == ':');
	}
	return r;
}

static int add_own(struct pl_protocols *p, struct pl_error *err)
{
	const char *config = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");
	char folder[512] = "";

	if (config && *config)
		snprintf(folder, sizeof(folder), "%s/plantard/protocols", config);
	else if (home && *home)
		snprintf(folder, sizeof(folder), "%s/.config/plantard/protocols", home);
	return add_folder(p, folder, err);
}

static int compare(const void *a, const void *b)
{
	const struct pl_protocol *x = a, *y = b;

	return strcmp(x->id, y->id);
}

int pl_protocols_load(struct pl_protocols *p, struct pl_error *err)
{
	static const char *const folders[] = {"/etc/plantard/protocols", PLANTAR_PROTOCOLS_SYSTEM,
					      PLANTAR_PROTOCOLS_INSTALLED,
					      PLANTAR_PROTOCOLS_SOURCE};
	int r;

	p->n = 0;
	p->list = calloc(PL_PROTOCOLS_MAX, sizeof(*p->list));
	if (!p->list)
		return pl_error_set(err, PL_ENOMEM, errno, "out of memory for protocols");
	r = add_listed(p, getenv("PLANTAR_PROTOCOLS"), err);
	if (r == 0)
		r = add_own(p, err);
	for (size_t i = 0; r == 0 && i < sizeof(folders) / sizeof(folders[0]); i++)
		r = add_folder(p, folders[i], err);
	if (r)
		pl_protocols_free(p);
	else
		qsort(p->list, p->n, sizeof(*p->list), compare);
	return r;
}

void pl_protocols_free(struct pl_protocols *p)
{
	free(p->list);
	*p = (struct pl_protocols){0};
}

const struct pl_protocol *pl_protocols_find(const struct pl_protocols *p, const char *id,
					    struct pl_error *err)
{
	char names[400] = "";
	size_t n = 0;

	for (unsigned i = 0; i < p->n; i++) {
		if (strcmp(p->list[i].id, id) == 0)
			return &p->list[i];
		if (n + strlen(p->list[i].id) + 3 < sizeof(names))
			n += (size_t)snprintf(names + n, sizeof(names) - n, "%s%s", n ? ", " : "",
					      p->list[i].id);
	}
	pl_error_set(err, PL_ENOENT, 0, "there is no protocol \"%.32s\"; there is: %s", id,
		     n ? names : "none");
	return NULL;
}
