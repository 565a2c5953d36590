/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A dump would hold the frames and codes of whoever stands on the mat, and tokens. The limit alone
 * does not keep the kernel from piping one to a program (core(5)), so a dump is told to hold no
 * memory, too.
 */
#include "drivers/mat/no_dumps.h"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

void pl_no_core_dumps(void)
{
	const struct rlimit none = {0, 0};
	int fd = open("/proc/self/coredump_filter", O_WRONLY | O_CLOEXEC);

	setrlimit(RLIMIT_CORE, &none);
	if (fd < 0)
		return;
	if (write(fd, "0\n", 2) != 2)
		prctl(PR_SET_DUMPABLE, 0);
	close(fd);
}
