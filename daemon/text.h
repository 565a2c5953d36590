/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Small things that several files of the daemon need: strings, folders, priorities.
 */
#ifndef DAEMON_TEXT_H
#define DAEMON_TEXT_H

#include <stdbool.h>
#include <stddef.h>

#include <plantar/error.h>

/* Copies what fits, always terminated. False if it was cut. */
bool pl_copy(char *to, size_t cap, const char *from);
bool pl_starts(const char *text, const char *start);
/* PL_EACCES, PL_ENOSPC or PL_EIO for an errno. */
enum pl_code pl_code_of(int os_errno);
/* mkdir -p with mode for what is new. what: "the archive folder", for the message. */
int pl_make_folder(const char *path, unsigned mode, const char *what, struct pl_error *err);
/* The niceness of the calling thread and those it starts from now on; without permission it stays
 * as it is. */
void pl_thread_priority(int nice);
/* Where this program can be started again from. */
const char *pl_own_program(char *buf, size_t cap);

#endif
