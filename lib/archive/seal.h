/* SPDX-License-Identifier: Apache-2.0 */
/* Sealing a session after one of its trials has been finished. */
#ifndef ARCHIVE_SEAL_H
#define ARCHIVE_SEAL_H

#include <plantar/error.h>

/* As pl_session_seal, for the folder of a trial whose file is new: it is hashed afresh. */
int pl_seal_session(const char *trial_path, struct pl_error *err);
/* By whoever holds the folder's lock. fresh: the trial whose file is new, "" none. */
int pl_seal_locked(const char *folder, const char *fresh, struct pl_error *err);
/* "trial-" digits ".h5" */
int pl_seal_is_trial(const char *name);
/* One of the files that are made from the trials. */
int pl_seal_is_overview(const char *name);

#endif
