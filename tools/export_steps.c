/* SPDX-License-Identifier: Apache-2.0 */
/*
 * plantar export --what steps: a row a step. The analysis owns what a step has to say and how it
 * is called, so the columns are the keys of its document, in its order: one that is added there
 * appears here by itself. What lies deeper gets the path as its name (loads.heel becomes
 * loads_heel), lists become words with blanks between.
 */
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include <plantar/analysis.h>

#include "tools/export.h"
#include "tools/progress.h"

#define DOCUMENT_BYTES ((size_t)16 << 20) /* as plantar analyze */

static void put_list(const struct pl_export *e, const json_t *list)
{
	char text[1024] = "";
	size_t used = 0;

	for (size_t i = 0; i < json_array_size(list); i++) {
		const char *word = json_string_value(json_array_get(list, i));
		int n = snprintf(text + used, sizeof(text) - used, "%s%s", i ? " " : "",
				 word ? word : "");

		if (n < 0 || (size_t)n >= sizeof(text) - used)
			break;
		used += (size_t)n;
	}
	pl_put_text(e->out, e->separator, text);
}

static void put_value(const struct pl_export *e, const json_t *value)
{
	switch (json_typeof(value)) {
	case JSON_STRING:
		pl_put_text(e->out, e->separator, json_string_value(value));
		break;
	case JSON_INTEGER:
		fprintf(e->out, "%lld", (long long)json_integer_value(value));
		break;
	case JSON_REAL:
		pl_put_double(e->out, json_real_value(value));
		break;
	case JSON_TRUE:
	case JSON_FALSE:
		fputs(json_is_true(value) ? "true" : "false", e->out);
		break;
	case JSON_ARRAY:
		put_list(e, value);
		break;
	case JSON_NULL:
	case JSON_OBJECT: /* flattened before */
		break;
	}
}

/* An object of objects as one of values, the path as the key. */
static int flatten(json_t *to, json_t *from, const char *prefix)
{
	const char *key;
	json_t *value;

	json_object_foreach(from, key, value)
	{
		char name[256];

		snprintf(name, sizeof(name), "%s%s%s", prefix, *prefix ? "_" : "", key);
		if (json_is_object(value) ? flatten(to, value, name)
					  : json_object_set(to, name, value))
			return -1;
	}
	return 0;
}

/* columns: every key of any step, where it was first seen; a step may lack some. */
static int collect(json_t *rows, json_t *columns, const json_t *steps)
{
	for (size_t i = 0; i < json_array_size(steps); i++) {
		json_t *row = json_object();

		if (!row || json_array_append_new(rows, row) ||
		    flatten(row, json_array_get(steps, i), "") ||
		    json_object_update_missing(columns, row))
			return -1;
	}
	return 0;
}

static void put_rows(const struct pl_export *e, const json_t *rows, json_t *columns)
{
	const char *key;
	json_t *any;

	fputs("step", e->out);
	json_object_foreach(columns, key, any) fprintf(e->out, "%c%s", e->separator, key);
	fputc('\n', e->out);
	for (size_t i = 0; i < json_array_size(rows); i++) {
		fprintf(e->out, "%zu", i + 1);
		json_object_foreach(columns, key, any)
		{
			const json_t *value = json_object_get(json_array_get(rows, i), key);

			fputc(e->separator, e->out);
			if (value)
				put_value(e, value);
		}
		fputc('\n', e->out);
	}
}

static const char *path_of(const struct pl_export *e)
{
	return e->table ? e->table->path : pl_recording_info(e->recording)->path;
}

static int put_steps(const struct pl_export *e, const char *text, struct pl_error *err)
{
	json_t *document = json_loads(text, 0, NULL), *rows = json_array(),
	       *columns = json_object();
	const json_t *steps = json_object_get(document, "steps");
	int r = -1;

	if (!document || !rows || !columns || collect(rows, columns, steps)) {
		pl_error_set(err, PL_ENOMEM, 0, "out of memory");
	} else {
		if (!json_array_size(rows))
			pl_say(e->self, "%s holds no steps", path_of(e));
		put_rows(e, rows, columns);
		r = 0;
	}
	json_decref(document);
	json_decref(rows);
	json_decref(columns);
	return r;
}

static int analyze(const struct pl_export *e, struct pl_json *json, struct pl_error *err)
{
	struct pl_analysis_options o;
	struct pl_table_options t;
	struct pl_progress progress;
	int r;

	if (e->table) {
		pl_table_options_of(e->table, &t);
		return pl_table_analyze(e->table, &t, json, err);
	}
	pl_recording_options(e->recording, &o);
	pl_progress_begin(&progress, "analyzing", "frames");
	r = pl_recording_analyze(e->recording, &o, json, pl_progress_step, &progress, err);
	pl_progress_end(&progress);
	return r;
}

int pl_export_steps(const struct pl_export *e, struct pl_error *err)
{
	char *text = malloc(DOCUMENT_BYTES);
	struct pl_json json;
	int r;

	if (!text)
		return pl_error_set(err, PL_ENOMEM, 0, "out of memory");
	pl_json_init(&json, text, DOCUMENT_BYTES);
	r = analyze(e, &json, err);
	if (r == 0 && !pl_json_finish(&json))
		r = pl_error_set(err, PL_ENOMEM, 0, "%s holds more steps than fit a document",
				 path_of(e));
	if (r == 0)
		r = put_steps(e, text, err);
	free(text);
	return r;
}
