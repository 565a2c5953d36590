/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A file that a command writes: there whole, or not there. What is written goes to a file beside
 * it and takes its name only once it is finished and on the disk, so a person never opens half a
 * table, and an older one stays until then. Devices, pipes and standard output are written to as
 * they are.
 */
#ifndef TOOLS_OUTPUT_H
#define TOOLS_OUTPUT_H

#include <stdio.h>

#include <plantar/error.h>

struct pl_output {
	FILE *file;	 /* write here */
	char path[4096]; /* "" : standard output */
	char part[4104]; /* the file beside it; "": none, path itself is open */
};

/* path NULL: standard output. A recording of any kind is not overwritten. 0, or -1 and err. */
int pl_output_open(struct pl_output *o, const char *path, struct pl_error *err);

/* Ends what open began. result < 0: something failed before (and err says what): all of it is taken
 * away. Returns result, or -1 and err if the last bytes could not be written. */
int pl_output_close(struct pl_output *o, int result, struct pl_error *err);

#endif
