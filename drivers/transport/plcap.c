/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading and writing byte captures. A capture may come from anywhere and may be cut off anywhere:
 * lengths are bounded before memory is asked for (header and record 1 MiB each), a record whose
 * length or time cannot be is an error with its number and place, and a record that the file's end
 * cuts short is the end, reported as such.
 */
#include "drivers/transport/plcap.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAGIC "plcap 1\n"
#define HEADER_MAX (1u << 20)
#define RECORD_MAX (1u << 20)
#define RECORD_HEAD 12

struct pl_plcap {
	/* either a file or memory */
	FILE *file;
	const uint8_t *memory;
	size_t memory_n;
	size_t at; /* bytes read so far */

	char *name; /* for messages */
	char mat[64];
	char *text; /* the mat's configuration */
	size_t first_record;
	uint64_t records;
	int64_t last_ns;
	uint8_t *record;
	size_t record_cap;
};

struct pl_plcap_writer {
	FILE *file;
	char *path;
	bool started;
	int64_t first_ns, last_ns; /* last: since the first */
};

bool pl_plcap_probe(const void *start, size_t n)
{
	return n >= strlen(MAGIC) && !memcmp(start, MAGIC, strlen(MAGIC));
}

static int io_failed(struct pl_error *err, const char *what, const char *path)
{
	enum pl_code code = errno == ENOENT   ? PL_ENOENT
			    : errno == EACCES ? PL_EACCES
			    : errno == ENOSPC ? PL_ENOSPC
					      : PL_EIO;

	return pl_error_set(err, code, errno, "cannot %s capture %s: %s", what, path,
			    strerror(errno));
}

/* Up to n bytes; fewer only at the end. -1: the system refused. */
static long read_some(struct pl_plcap *p, void *buf, size_t n, struct pl_error *err)
{
	if (p->file) {
		size_t got = fread(buf, 1, n, p->file);

		if (got < n && ferror(p->file))
			return io_failed(err, "read", p->name);
		n = got;
	} else {
		if (n > p->memory_n - p->at)
			n = p->memory_n - p->at;
		memcpy(buf, p->memory + p->at, n);
	}
	p->at += n;
	return (long)n;
}

static int header_wrong(const struct pl_plcap *p, struct pl_error *err, const char *what)
{
	return pl_error_set(err, PL_EFORMAT, 0, "%s: the capture's header %s", p->name, what);
}

struct header {
	char *text;
	size_t n, cap;
};

static int header_byte(struct header *h, char c)
{
	if (h->n == h->cap) {
		size_t cap = h->cap ? 2 * h->cap : 4096;
		char *text = realloc(h->text, cap);

		if (!text)
			return -1;
		h->text = text;
		h->cap = cap;
	}
	h->text[h->n++] = c;
	return 0;
}

/* Everything up to and with the empty line that ends the header; config's lines may be empty. */
static int read_header_text(struct pl_plcap *p, struct header *h, struct pl_error *err)
{
	size_t line = h->n; /* after the first line */
	bool in_config = false;

	for (;;) {
		char c;
		long got = read_some(p, &c, 1, err);

		if (got < 0)
			return -1;
		if (!got)
			return header_wrong(p, err, "is cut off");
		if (!c)
			return header_wrong(p, err, "contains binary data");
		if (h->n >= HEADER_MAX)
			return header_wrong(p, err, "is longer than 1 MiB");
		if (header_byte(h, c))
			return pl_error_set(err, PL_ENOMEM, 0, "%s: no memory for the header",
					    p->name);
		if (c != '\n')
			continue;
		if (h->n - line == 1 && !in_config)
			break;
		if (in_config && h->n - line == 2 && h->text[line] == '.')
			in_config = false;
		else if (h->n - line == 8 && !memcmp(h->text + line, "config:\n", 8))
			in_config = true;
		line = h->n;
	}
	h->text[h->n - 1] = '\0'; /* in place of the empty line's newline */
	return 0;
}

static int read_field(struct pl_plcap *p, char *line, struct pl_error *err)
{
	char *colon = strchr(line, ':'), *value;

	if (!colon)
		return header_wrong(p, err, "has a line without a colon");
	*colon = '\0';
	value = colon + 1 + strspn(colon + 1, " ");
	if (strcmp(line, "mat"))
		return 0; /* fields may be added */
	if (strlen(value) >= sizeof(p->mat))
		return header_wrong(p, err, "names a mat with more than 63 characters");
	strcpy(p->mat, value);
	return 0;
}

/* The lines after "config:" up to the "." line; returns what follows it. */
static char *read_config(struct pl_plcap *p, char *start)
{
	char *line = start, *end;

	while (strncmp(line, ".\n", 2))
		line = strchr(line, '\n') + 1; /* read_header_text saw the "." line */
	end = line + 2;
	*line = '\0';
	free(p->text);
	p->text = strdup(start);
	return p->text ? end : NULL;
}

static int parse_header(struct pl_plcap *p, char *text, struct pl_error *err)
{
	char *line = text + strlen(MAGIC);

	while (*line) {
		char *end = strchr(line, '\n');

		*end = '\0';
		if (!strcmp(line, "config:")) {
			line = read_config(p, end + 1);
			if (!line)
				return pl_error_set(err, PL_ENOMEM, 0, "%s: no memory", p->name);
			continue;
		}
		if (read_field(p, line, err))
			return -1;
		line = end + 1;
	}
	return 0;
}

static int read_header(struct pl_plcap *p, struct pl_error *err)
{
	struct header h = {0};
	char magic[sizeof(MAGIC) - 1];
	long got = read_some(p, magic, sizeof(magic), err);
	int failed;

	if (got < 0)
		return -1;
	if (!pl_plcap_probe(magic, (size_t)got))
		return pl_error_set(err, PL_EFORMAT, 0,
				    "%s is not a byte capture: its first line is not \"plcap 1\"",
				    p->name);
	for (size_t i = 0; i < sizeof(magic); i++)
		if (header_byte(&h, magic[i]))
			return pl_error_set(err, PL_ENOMEM, 0, "%s: no memory", p->name);
	failed = read_header_text(p, &h, err) || parse_header(p, h.text, err);
	free(h.text);
	p->first_record = p->at;
	return failed ? -1 : 0;
}

static struct pl_plcap *open_common(const char *name, FILE *file, const void *data, size_t n,
				    struct pl_error *err)
{
	struct pl_plcap *p = calloc(1, sizeof(*p));

	if (p)
		*p = (struct pl_plcap){
			.file = file, .memory = data, .memory_n = n, .name = strdup(name)};
	if (!p || !p->name) {
		pl_error_set(err, PL_ENOMEM, 0, "%s: no memory", name);
		if (file)
			fclose(file);
		free(p);
		return NULL;
	}
	if (read_header(p, err)) {
		pl_plcap_close(p);
		return NULL;
	}
	return p;
}

struct pl_plcap *pl_plcap_open(const char *path, struct pl_error *err)
{
	FILE *file = fopen(path, "rbe");

	if (!file) {
		io_failed(err, "open", path);
		return NULL;
	}
	return open_common(path, file, NULL, 0, err);
}

struct pl_plcap *pl_plcap_open_memory(const void *data, size_t n, struct pl_error *err)
{
	return open_common("capture", NULL, n ? data : "", n, err);
}

void pl_plcap_close(struct pl_plcap *p)
{
	if (!p)
		return;
	if (p->file)
		fclose(p->file);
	free(p->name);
	free(p->text);
	free(p->record);
	free(p);
}

const char *pl_plcap_mat_name(const struct pl_plcap *p)
{
	return p->mat;
}

const char *pl_plcap_mat_text(const struct pl_plcap *p)
{
	return p->text ? p->text : "";
}

static uint64_t get_le(const uint8_t *p, unsigned n)
{
	uint64_t value = 0;

	while (n--)
		value = value << 8 | p[n];
	return value;
}

static int record_wrong(const struct pl_plcap *p, struct pl_error *err, const char *what)
{
	return pl_error_set(err, PL_ECORRUPT, 0, "%s: record %llu, at byte %zu, %s", p->name,
			    (unsigned long long)p->records, p->at - RECORD_HEAD, what);
}

static int room_for(struct pl_plcap *p, size_t n, struct pl_error *err)
{
	uint8_t *record;

	if (n <= p->record_cap)
		return 0;
	record = realloc(p->record, n);
	if (!record)
		return pl_error_set(err, PL_ENOMEM, 0, "%s: no memory for a record", p->name);
	p->record = record;
	p->record_cap = n;
	return 0;
}

int pl_plcap_next(struct pl_plcap *p, int64_t *t_ns, const uint8_t **bytes, size_t *n,
		  bool *truncated, struct pl_error *err)
{
	uint8_t head[RECORD_HEAD];
	uint64_t t, size;
	long got = read_some(p, head, sizeof(head), err);

	if (truncated)
		*truncated = got > 0 && got < RECORD_HEAD;
	if (got < RECORD_HEAD)
		return got < 0 ? -1 : 0;
	t = get_le(head, 8);
	size = get_le(head + 8, 4);
	if (size > RECORD_MAX)
		return record_wrong(p, err, "claims more than 1 MiB");
	if (t > INT64_MAX || (int64_t)t < p->last_ns)
		return record_wrong(p, err, "is older than the one before it");
	if (room_for(p, size ? size : 1, err))
		return -1;
	got = read_some(p, p->record, size, err);
	if (got < 0)
		return -1;
	if ((uint64_t)got < size) {
		if (truncated)
			*truncated = true;
		return 0;
	}
	p->last_ns = (int64_t)t;
	p->records++;
	*t_ns = (int64_t)t;
	*bytes = p->record;
	*n = size;
	return 1;
}

int pl_plcap_rewind(struct pl_plcap *p, struct pl_error *err)
{
	if (p->file && fseeko(p->file, (off_t)p->first_record, SEEK_SET))
		return io_failed(err, "rewind", p->name);
	p->at = p->first_record;
	p->records = 0;
	p->last_ns = 0;
	return 0;
}

/* A line that is only "." would end the configuration early; it gets a space, which libconfig does
 * not mind. */
static void write_config(FILE *file, const char *text)
{
	while (*text) {
		size_t n = strcspn(text, "\n");

		fwrite(text, 1, n, file);
		if (n == 1 && *text == '.')
			fputc(' ', file);
		fputc('\n', file);
		text += n;
		text += *text == '\n';
	}
}

struct pl_plcap_writer *pl_plcap_create(const char *path, const struct pl_mat *mat,
					struct pl_error *err)
{
	struct pl_plcap_writer *w = calloc(1, sizeof(*w));

	if (!w || !(w->path = strdup(path))) {
		pl_error_set(err, PL_ENOMEM, 0, "%s: no memory", path);
		free(w);
		return NULL;
	}
	w->file = fopen(path, "wbe");
	if (!w->file) {
		io_failed(err, "create", path);
		free(w->path);
		free(w);
		return NULL;
	}
	fprintf(w->file, MAGIC "mat: %s\n", mat->name);
	if (mat->config_text && *mat->config_text) {
		fputs("config:\n", w->file);
		write_config(w->file, mat->config_text);
		fputs(".\n", w->file);
	}
	fputc('\n', w->file);
	return w;
}

static void put_le(uint8_t *p, uint64_t value, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		p[i] = (uint8_t)(value >> 8 * i);
}

int pl_plcap_write(struct pl_plcap_writer *w, int64_t t_ns, const void *bytes, size_t n,
		   struct pl_error *err)
{
	const uint8_t *p = bytes;

	if (!w->started)
		w->first_ns = t_ns;
	w->started = true;
	if (t_ns - w->first_ns > w->last_ns)
		w->last_ns = t_ns - w->first_ns;
	while (n) {
		size_t part = n < RECORD_MAX ? n : RECORD_MAX;
		uint8_t head[RECORD_HEAD];

		put_le(head, (uint64_t)w->last_ns, 8);
		put_le(head + 8, part, 4);
		if (fwrite(head, 1, sizeof(head), w->file) != sizeof(head) ||
		    fwrite(p, 1, part, w->file) != part)
			return io_failed(err, "write", w->path);
		p += part;
		n -= part;
	}
	return 0;
}

int pl_plcap_finish(struct pl_plcap_writer *w, struct pl_error *err)
{
	int failed = 0;

	if (!w)
		return 0;
	if (ferror(w->file)) {
		errno = EIO;
		failed = io_failed(err, "write", w->path);
	}
	if (fclose(w->file) && !failed)
		failed = io_failed(err, "write", w->path);
	free(w->path);
	free(w);
	return failed;
}
