/* SPDX-License-Identifier: Apache-2.0 */
/* Scores of pain from the logs of protocols into the trials they belong to. */
#ifndef ARCHIVE_PROTOCOL_SCORES_H
#define ARCHIVE_PROTOCOL_SCORES_H

#include <plantar/error.h>

/* Amends the finished trials of a folder whose score is not in the file yet; trials that are being
 * recorded or converted have their turn when they are finished. */
int pl_protocol_carry_scores(const char *folder, struct pl_error *err);

#endif
