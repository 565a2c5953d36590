/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A disk that remembers and a disk that fails, without a kernel module: preloaded into plantard and
 * the converters that it starts, this stands between them and every file below $PLANTAR_DISK.
 *
 * $PLANTAR_DISK_LOG: each write (with its bytes), sync, truncation and change of a name is appended
 * there, in order and with the time, so that power_cut.py can build what a power cut at any point
 * may leave. A sync has two records, for only what was written before it began is certain.
 *
 * $PLANTAR_DISK_CONTROL: struct control in a file that the test maps, too: the n-th call fails,
 * writes are cut short, space ends at a byte, syncs and writes take their time; all of it while
 * running.
 *
 * What a file could be changed by and is not seen here (a shared mapping, stdio) ends the process.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#define FDS 4096

enum op { OPEN = 1, WRITE, TRUNCATE, SYNC_BEGIN, SYNC_END, RENAME, UNLINK, MKDIR };

struct record { /* then path, second path, bytes */
	uint32_t size, op;
	int64_t t_ns;
	uint64_t id;	/* of the open file; of the sync */
	int64_t offset; /* or length, or flags */
	uint32_t path_bytes, other_bytes, data_bytes, zero;
};

/* Shared with the test; campaign_disk.py knows the layout. */
struct control {
	_Atomic uint64_t calls;	      /* so far, of those that may fail */
	_Atomic uint64_t fail_at;     /* the first call that fails, from 1; 0: none */
	_Atomic uint64_t fail_for;    /* so many from there on */
	_Atomic uint64_t error;	      /* errno; 0: writes put half of their bytes instead */
	_Atomic uint64_t failed;      /* so many did */
	_Atomic int64_t room;	      /* bytes that files may still grow; negative: no limit */
	_Atomic uint64_t delay_ms;    /* each sync, and each write of */
	_Atomic uint64_t delay_write; /* ... if this is 1, too */
	_Atomic uint64_t reads;	      /* 1: reading counts and fails, too */
	char last[64];		      /* what failed last */
};

static uint64_t ids[FDS]; /* of open files below the root; 0: none of ours */
static _Atomic uint64_t next_id;
static struct control *control;
static const char *root, *log_path;
static struct control no_control = {.room = -1};

#define REAL(name) ((__typeof__(&(name)))dlsym(RTLD_NEXT, #name))

__attribute__((constructor)) static void begin(void)
{
	const char *path = getenv("PLANTAR_DISK_CONTROL");
	int fd;

	root = getenv("PLANTAR_DISK");
	log_path = getenv("PLANTAR_DISK_LOG");
	control = &no_control;
	if (!path)
		return;
	fd = REAL(open)(path, O_RDWR | O_CLOEXEC);
	if (fd >= 0)
		control = mmap(NULL, sizeof(*control), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (fd < 0 || control == MAP_FAILED)
		abort();
	syscall(SYS_close, fd);
}

static void die(const char *what)
{
	fprintf(stderr, "disk_preload: %s is not watched\n", what);
	abort();
}

static bool ours(const char *path)
{
	size_t n = root ? strlen(root) : 0;

	return n && strncmp(path, root, n) == 0 && (path[n] == '/' || !path[n]);
}

static uint64_t id_of(int fd)
{
	return fd >= 0 && fd < FDS ? ids[fd] : 0;
}

/* ---- remembering ---- */

static void note(enum op op, uint64_t id, int64_t offset, const char *path, const char *other,
		 const struct iovec *data, int pieces, size_t bytes)
{
	struct iovec iov[3 + 512];
	struct record r = {.op = op, .id = id, .offset = offset};
	struct timespec ts;
	int n = 3, fd, e = errno;

	if (!log_path)
		return;
	clock_gettime(CLOCK_MONOTONIC, &ts);
	r.t_ns = ts.tv_sec * INT64_C(1000000000) + ts.tv_nsec;
	r.path_bytes = path ? (uint32_t)strlen(path) : 0;
	r.other_bytes = other ? (uint32_t)strlen(other) : 0;
	r.data_bytes = (uint32_t)bytes;
	r.size = (uint32_t)(sizeof(r) + r.path_bytes + r.other_bytes + bytes);
	iov[0] = (struct iovec){&r, sizeof(r)};
	iov[1] = (struct iovec){(void *)(uintptr_t)path, r.path_bytes};
	iov[2] = (struct iovec){(void *)(uintptr_t)other, r.other_bytes};
	for (int i = 0; i < pieces && bytes && n < 515; i++, n++) {
		iov[n] = data[i];
		if (iov[n].iov_len > bytes)
			iov[n].iov_len = bytes;
		bytes -= iov[n].iov_len;
	}
	/* opened each time: the converter closes whatever it has not opened itself */
	fd = (int)syscall(SYS_openat, AT_FDCWD, log_path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC,
			  0600);
	if (fd < 0 || syscall(SYS_writev, fd, iov, n) != (long)r.size)
		die("an event that the log has no room for");
	syscall(SYS_close, fd);
	errno = e;
}

/* ---- failing ---- */

/* Shall this call fail? *cut: a write that shall put half of its bytes. */
static bool fails(const char *what, const char *path, bool *cut)
{
	uint64_t call = atomic_fetch_add(&control->calls, 1) + 1;
	uint64_t at = atomic_load(&control->fail_at), e = atomic_load(&control->error);

	if (!at || call < at || call >= at + atomic_load(&control->fail_for) || (!e && !cut))
		return false;
	atomic_fetch_add(&control->failed, 1);
	path = path ? strrchr(path, '/') + 1 : "";
	snprintf(control->last, sizeof(control->last), "%s %.40s", what, path);
	if (!e) {
		*cut = true;
		return false;
	}
	errno = (int)e;
	return true;
}

static void take_time(bool sync)
{
	uint64_t ms = atomic_load(&control->delay_ms);
	struct timespec ts = {.tv_sec = (time_t)(ms / 1000),
			      .tv_nsec = (long)(ms % 1000) * 1000000};

	if (ms && (sync || atomic_load(&control->delay_write)))
		while (nanosleep(&ts, &ts) != 0 && errno == EINTR)
			;
}

/* How many of n bytes at offset there is room for; what lies inside the file costs nothing. */
static size_t room_for(int fd, off_t offset, size_t n)
{
	int64_t room = atomic_load(&control->room), grows;
	struct stat st;

	if (room < 0 || fstat(fd, &st) != 0)
		return n;
	grows = offset + (int64_t)n - (offset > st.st_size ? offset : st.st_size);
	if (grows <= 0)
		return n;
	if (grows > room) {
		n -= (size_t)(grows - room);
		grows = room;
	}
	atomic_fetch_sub(&control->room, grows);
	return n;
}

/* ---- writing ---- */

static ssize_t put(int fd, const struct iovec *data, int pieces, off_t offset, bool at_end)
{
	struct iovec iov[512];
	size_t bytes = 0, take, left;
	bool cut = false;
	ssize_t done;
	int n = 0;

	for (int i = 0; i < pieces; i++)
		bytes += data[i].iov_len;
	if (fails("write", NULL, &cut))
		return -1;
	take_time(false);
	take = room_for(fd, offset, cut && bytes > 1 ? bytes / 2 : bytes);
	if (bytes && !take) {
		errno = ENOSPC;
		return -1;
	}
	left = take;
	for (int i = 0; i < pieces && left && n < 512; i++, n++) {
		iov[n] = data[i];
		if (iov[n].iov_len > left)
			iov[n].iov_len = left;
		left -= iov[n].iov_len;
	}
	done = at_end ? REAL(writev)(fd, iov, n) : REAL(pwritev)(fd, iov, n, offset);
	if (done > 0)
		note(WRITE, ids[fd], offset, NULL, NULL, iov, n, (size_t)done);
	return done;
}

static off_t position(int fd)
{
	struct stat st;

	if ((fcntl(fd, F_GETFL) & O_APPEND) && fstat(fd, &st) == 0)
		return st.st_size;
	return lseek(fd, 0, SEEK_CUR);
}

ssize_t write(int fd, const void *data, size_t n)
{
	const struct iovec iov = {(void *)(uintptr_t)data, n};

	return id_of(fd) ? put(fd, &iov, 1, position(fd), true) : REAL(write)(fd, data, n);
}

ssize_t writev(int fd, const struct iovec *iov, int n)
{
	return id_of(fd) ? put(fd, iov, n, position(fd), true) : REAL(writev)(fd, iov, n);
}

ssize_t pwrite(int fd, const void *data, size_t n, off_t offset)
{
	const struct iovec iov = {(void *)(uintptr_t)data, n};

	return id_of(fd) ? put(fd, &iov, 1, offset, false) : REAL(pwrite)(fd, data, n, offset);
}

ssize_t pwritev(int fd, const struct iovec *iov, int n, off_t offset)
{
	return id_of(fd) ? put(fd, iov, n, offset, false) : REAL(pwritev)(fd, iov, n, offset);
}

int ftruncate(int fd, off_t size)
{
	int r;

	if (!id_of(fd))
		return REAL(ftruncate)(fd, size);
	if (fails("ftruncate", NULL, NULL))
		return -1;
	r = REAL(ftruncate)(fd, size);
	if (r == 0)
		note(TRUNCATE, ids[fd], size, NULL, NULL, NULL, 0, 0);
	return r;
}

/* Room beyond the end changes nothing that could be read. */
int fallocate(int fd, int mode, off_t offset, off_t n)
{
	if (id_of(fd) && mode != FALLOC_FL_KEEP_SIZE)
		die("fallocate");
	if (id_of(fd) && fails("fallocate", NULL, NULL))
		return -1;
	if (id_of(fd) && atomic_load(&control->room) >= 0) {
		errno = ENOSPC;
		return -1;
	}
	return REAL(fallocate)(fd, mode, offset, n);
}

/* ---- reading ---- */

static ssize_t get(int fd, void *to, size_t n, off_t offset, bool here)
{
	bool cut = false;

	if (id_of(fd) && atomic_load(&control->reads)) {
		if (fails("read", NULL, &cut))
			return -1;
		if (cut && n > 1)
			n /= 2;
	}
	return here ? REAL(read)(fd, to, n) : REAL(pread)(fd, to, n, offset);
}

ssize_t read(int fd, void *to, size_t n)
{
	return get(fd, to, n, 0, true);
}

ssize_t pread(int fd, void *to, size_t n, off_t offset)
{
	return get(fd, to, n, offset, false);
}

/* ---- syncing ---- */

static int sync_with(int fd, const char *name, int (*real)(int))
{
	uint64_t id = id_of(fd), sync = atomic_fetch_add(&next_id, 1) | (uint64_t)getpid() << 32;
	int r;

	if (!id)
		return real(fd);
	if (fails(name, NULL, NULL))
		return -1;
	note(SYNC_BEGIN, id, (int64_t)sync, NULL, NULL, NULL, 0, 0);
	take_time(true);
	r = real(fd);
	if (r == 0)
		note(SYNC_END, id, (int64_t)sync, NULL, NULL, NULL, 0, 0);
	return r;
}

int fsync(int fd)
{
	return sync_with(fd, "fsync", REAL(fsync));
}

int fdatasync(int fd)
{
	return sync_with(fd, "fdatasync", REAL(fdatasync));
}

int sync_file_range(int fd, off_t offset, off_t n, unsigned flags)
{
	if (id_of(fd))
		die("sync_file_range");
	return REAL(sync_file_range)(fd, offset, n, flags);
}

/* ---- names ---- */

static int opened(int fd, const char *path, int flags)
{
	if (fd < 0)
		return fd;
	if (fd >= FDS)
		die("so many files");
	ids[fd] = (atomic_fetch_add(&next_id, 1) + 1) | (uint64_t)getpid() << 32;
	note(OPEN, ids[fd], flags, path, NULL, NULL, 0, 0);
	return fd;
}

static int open_at(int at, const char *path, int flags, mode_t mode)
{
	if (!ours(path))
		return REAL(openat)(at, path, flags, mode);
	if ((flags & O_ACCMODE) != O_RDONLY && fails("open", path, NULL))
		return -1;
	return opened(REAL(openat)(at, path, flags, mode), path, flags);
}

#define MODE_OF(flags, mode)                                          \
	do {                                                          \
		va_list args;                                         \
		va_start(args, flags);                                \
		if ((flags) & (O_CREAT | (O_TMPFILE & ~O_DIRECTORY))) \
			mode = va_arg(args, mode_t);                  \
		va_end(args);                                         \
	} while (0)

int open(const char *path, int flags, ...)
{
	mode_t mode = 0;

	MODE_OF(flags, mode);
	return open_at(AT_FDCWD, path, flags, mode);
}

int openat(int at, const char *path, int flags, ...)
{
	mode_t mode = 0;

	MODE_OF(flags, mode);
	return open_at(at, path, flags, mode);
}

int __open_2(const char *path, int flags);
int __open_2(const char *path, int flags)
{
	return open_at(AT_FDCWD, path, flags, 0);
}

FILE *fopen(const char *path, const char *mode)
{
	if (ours(path) && mode[strcspn(mode, "wa+")])
		die("fopen for writing");
	return REAL(fopen)(path, mode);
}

int close(int fd)
{
	if (id_of(fd))
		ids[fd] = 0;
	return REAL(close)(fd);
}

int close_range(unsigned first, unsigned last, int flags)
{
	for (unsigned fd = first; fd < FDS && fd <= last; fd++)
		ids[fd] = 0;
	return REAL(close_range)(first, last, flags);
}

int rename(const char *from, const char *to)
{
	int r;

	if (ours(from) && fails("rename", from, NULL))
		return -1;
	r = REAL(rename)(from, to);
	if (r == 0 && ours(from))
		note(RENAME, 0, 0, from, to, NULL, 0, 0);
	return r;
}

int renameat2(int from_at, const char *from, int to_at, const char *to, unsigned flags)
{
	int r;

	if (ours(from) && fails("rename", from, NULL))
		return -1;
	r = REAL(renameat2)(from_at, from, to_at, to, flags);
	if (r == 0 && ours(from))
		note(RENAME, 0, 0, from, to, NULL, 0, 0);
	return r;
}

int unlink(const char *path)
{
	int r;

	if (ours(path) && fails("unlink", path, NULL))
		return -1;
	r = REAL(unlink)(path);
	if (r == 0 && ours(path))
		note(UNLINK, 0, 0, path, NULL, NULL, 0, 0);
	return r;
}

int mkdir(const char *path, mode_t mode)
{
	int r;

	if (ours(path) && fails("mkdir", path, NULL))
		return -1;
	r = REAL(mkdir)(path, mode);
	if (r == 0 && ours(path))
		note(MKDIR, 0, 0, path, NULL, NULL, 0, 0);
	return r;
}

int link(const char *from, const char *to)
{
	if (ours(from) || ours(to))
		die("link");
	return REAL(link)(from, to);
}

void *mmap(void *at, size_t n, int protection, int flags, int fd, off_t offset)
{
	if (id_of(fd) && (protection & PROT_WRITE) && (flags & MAP_SHARED))
		die("a shared mapping");
	return (void *)syscall(SYS_mmap, at, n, protection, flags, fd, offset);
}
