/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads the two text recordings the golden values were made from, by a route that shares nothing
 * with the importers: whole file into memory, strtok over lines. Also finds numbers in
 * pressure.json by walking keys. For tests only.
 */
#ifndef TEST_RECORDINGS_H
#define TEST_RECORDINGS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <plantar/calibration.h>

struct recording {
	struct pl_geometry geometry;
	double dt_s, *values; /* frames * rows * cols, kPa */
	size_t frames;
};

static inline char *slurp(const char *name)
{
	const char *shared = getenv("PLANTAR_SHARED");
	char path[4096], *text;
	FILE *file;
	long size;

	snprintf(path, sizeof(path), "%s/%s", shared ? shared : "../shared", name);
	file = fopen(path, "rb");
	if (!file)
		return NULL;
	fseek(file, 0, SEEK_END);
	size = ftell(file);
	rewind(file);
	text = malloc((size_t)size + 1);
	if (text)
		text[fread(text, 1, (size_t)size, file)] = '\0';
	fclose(file);
	return text;
}

static inline double *next_row(struct recording *rec, size_t *rows)
{
	rec->values = realloc(rec->values, (*rows + 1) * rec->geometry.cols * sizeof(double));
	return rec->values + (*rows)++ * rec->geometry.cols;
}

/* novel emed: rows "75<tab>v<tab>...<tab>sum"; 54 rows of 22 a picture, 5 mm, 100 Hz. */
static inline bool read_lst(struct recording *rec)
{
	char *text = slurp("data/emed/walk.lst"), *save = NULL;
	size_t rows = 0;

	*rec = (struct recording){.geometry = {54, 22, 0.005, 0.005}, .dt_s = 0.01};
	for (char *line = text ? strtok_r(text, "\r\n", &save) : NULL; line;
	     line = strtok_r(NULL, "\r\n", &save)) {
		char *end;
		double *row, v[24];
		int n = 0;

		for (char *at = line; n < 24; n++) {
			v[n] = strtod(at, &end);
			if (end == at)
				break;
			at = end;
		}
		/* a row: its number and 22 values and their sum; the line of column numbers has 22
		 */
		if (n != 24 || line[0] == '\t')
			continue;
		row = next_row(rec, &rows);
		memcpy(row, v + 1, 22 * sizeof(double));
	}
	free(text);
	rec->frames = rows / rec->geometry.rows;
	return rows > 0;
}

/* Tekscan: 60 rows of 21 a frame, comma separated, B: no cell there. */
static inline bool read_asf(struct recording *rec, const char *name)
{
	char *text = slurp(name), *save = NULL;
	size_t rows = 0;
	bool data = false;

	*rec = (struct recording){.geometry = {60, 21, 0.00508, 0.00508}, .dt_s = 0.032};
	for (char *line = text ? strtok_r(text, "\r\n", &save) : NULL; line;
	     line = strtok_r(NULL, "\r\n", &save)) {
		double *row;

		data = data || strncmp(line, "ASCII_DATA", 10) == 0;
		if (!data || !strchr(line, ','))
			continue;
		row = next_row(rec, &rows);
		for (unsigned c = 0; c < rec->geometry.cols; c++) {
			row[c] = *line == 'B' ? 0 : strtod(line, NULL);
			line = strchr(line, ',') ? strchr(line, ',') + 1 : line;
		}
	}
	free(text);
	rec->frames = rows / rec->geometry.rows;
	return rows > 0;
}

/* The number behind the last of the keys, each looked for after the one before. NaN: not there. */
static inline double golden(const char *json, const char *const *keys)
{
	char quoted[80];

	for (; json && *keys; keys++) {
		snprintf(quoted, sizeof(quoted), "\"%s\":", *keys);
		json = strstr(json, quoted);
		if (json)
			json += strlen(quoted);
	}
	return json ? strtod(json, NULL) : 0.0 / 0.0;
}
#define GOLDEN(json, ...) golden(json, (const char *const[]){__VA_ARGS__, NULL})

#endif
