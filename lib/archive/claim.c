/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two converters on one journal would write the same part file. The lock is a file of its own:
 * the journal's lock belongs to its writer, HDF5 takes its own on the part file. It is removed
 * while it is held; whoever locks a file that has meanwhile lost its name tries again.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <unistd.h>

#include "claim.h"
#include "files.h"

int pl_claim_take(struct claim *claim, const char *stem, struct pl_error *err)
{
	if ((size_t)snprintf(claim->path, sizeof(claim->path), "%s.lock", stem) >=
	    sizeof(claim->path))
		return pl_error_set(err, PL_EUSAGE, 0, "the path is too long: %s", stem);
	for (;;) {
		claim->fd = open(claim->path, O_RDWR | O_CREAT | O_CLOEXEC, 0640);
		if (claim->fd < 0)
			return pl_files_error(err, errno, "cannot create %s", claim->path);
		if (flock(claim->fd, LOCK_EX | LOCK_NB) != 0) {
			int e = errno;

			close(claim->fd);
			claim->fd = -1; /* nothing to release: the lock is somebody else's */
			if (e != EWOULDBLOCK)
				return pl_files_error(err, e, "cannot lock %s", claim->path);
			return pl_error_set(err, PL_EBUSY, e,
					    "another process is converting %s.journal", stem);
		}
		if (pl_files_still_named(claim->fd, claim->path))
			return 0;
		close(claim->fd);
	}
}

void pl_claim_release(struct claim *claim)
{
	if (claim->fd < 0)
		return;
	unlink(claim->path);
	close(claim->fd);
	claim->fd = -1;
}
