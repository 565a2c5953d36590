/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A main() for fuzz targets where libFuzzer is not: feeds every file named on the command line, or
 * found in a folder named there, to the target once. Keeps corpora green under any compiler.
 */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int feed_file(const char *path)
{
	FILE *f = fopen(path, "rb");
	uint8_t *data;
	long size;

	if (!f)
		return -1;
	fseek(f, 0, SEEK_END);
	size = ftell(f);
	rewind(f);
	data = malloc(size > 0 ? (size_t)size : 1);
	if (!data || fread(data, 1, (size_t)size, f) != (size_t)size) {
		fprintf(stderr, "%s: cannot be read\n", path);
		free(data);
		fclose(f);
		return -1;
	}
	fclose(f);
	LLVMFuzzerTestOneInput(data, (size_t)size);
	free(data);
	return 0;
}

static int feed_folder(const char *path, unsigned *fed)
{
	DIR *dir = opendir(path);
	struct dirent *entry;
	char file[4096];

	if (!dir) {
		++*fed;
		return feed_file(path);
	}
	while ((entry = readdir(dir))) {
		if (entry->d_name[0] == '.')
			continue;
		snprintf(file, sizeof(file), "%s/%s", path, entry->d_name);
		if (feed_file(file))
			break;
		++*fed;
	}
	closedir(dir);
	return entry ? -1 : 0;
}

int main(int argc, char **argv)
{
	unsigned fed = 0;
	int failed = 0;

	for (int i = 1; i < argc; i++)
		failed |= feed_folder(argv[i], &fed);
	printf("%u inputs\n", fed);
	return failed || fed == 0;
}
