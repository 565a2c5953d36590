/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The files of the page, read once at start. What a browser asks for is looked up in this list and
 * never becomes a path of the file system.
 */
#ifndef TOOLS_WEB_PAGE_H
#define TOOLS_WEB_PAGE_H

#include <stddef.h>

#include <plantar/error.h>

struct pl_file {
	char *name; /* "/core/wire.js" */
	const char *type;
	char etag[24]; /* with its quotation marks */
	unsigned char *bytes;
	size_t n;
};

struct pl_page {
	struct pl_file *files;
	unsigned n;
};

/* Everything in this folder and those in it that has a known ending and does not begin with a dot;
 * links are left out. */
int pl_page_load(struct pl_page *page, const char *folder, struct pl_error *err);
void pl_page_free(struct pl_page *page);
/* "/" is /index.html; NULL: not there. */
const struct pl_file *pl_page_find(const struct pl_page *page, const char *name);
/* Where the page is when nobody says so: beside the program in the build tree, else installed. */
const char *pl_page_folder(char *buf, size_t cap);

#endif
