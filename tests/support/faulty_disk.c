/*
 * A disk that fails on demand, for LD_PRELOAD.
 *
 * QUORATE_FAULTS names a file of lines `CALLS ERRNO PART`: a call of the class CALLS (`write`,
 * `sync`, `remove`, `open`: to create or to write) on a file whose path holds PART fails with ERRNO. With
 * the class `short`, every write puts half of its bytes down and the rest fails. No file, no
 * faults; it is read at every call, so that a test turns faults on and off as it likes.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

/* Gives the error for a class of calls on a path, or 0. Uses bare system calls only. */
static int fault(const char *class, const char *path) {
    const char *file = getenv("QUORATE_FAULTS");
    if (!file || !path) return 0;
    long fd = syscall(SYS_openat, AT_FDCWD, file, O_RDONLY);
    if (fd < 0) return 0;
    char text[1024];
    long len = syscall(SYS_read, fd, text, sizeof text - 1);
    syscall(SYS_close, fd);
    if (len <= 0) return 0;
    text[len] = 0;
    char *rest = text, *line;
    while ((line = strsep(&rest, "\n"))) {
        char calls[16], part[256];
        int code;
        if (sscanf(line, "%15s %d %255s", calls, &code, part) != 3) continue;
        if (!strcmp(calls, class) && strstr(path, part)) return code;
    }
    return 0;
}

static const char *path_of(int fd, char *room, size_t len) {
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t n = readlink(link, room, len - 1);
    if (n < 0) return 0;
    room[n] = 0;
    return room;
}

#define REAL(name) __typeof__(name) *real = (__typeof__(name) *)dlsym(RTLD_NEXT, #name)
#define FAIL(class, path)                     \
    do {                                      \
        int code = fault(class, path);        \
        if (code) { errno = code; return -1; } \
    } while (0)

int fsync(int fd) {
    char room[4096];
    REAL(fsync);
    FAIL("sync", path_of(fd, room, sizeof room));
    return real(fd);
}

int fdatasync(int fd) {
    char room[4096];
    REAL(fdatasync);
    FAIL("sync", path_of(fd, room, sizeof room));
    return real(fd);
}

/* Puts half of the bytes down where the class `short` fails; no more than one half is ever there. */
static ssize_t torn(int fd, const char *path, const void *bytes, size_t len) {
    static __thread int halved;
    int code = fault("short", path);
    if (!code) return -2;
    if (len < 2 || halved) { errno = code; return -1; }
    halved = 1;
    return syscall(SYS_write, fd, bytes, len / 2);
}

ssize_t write(int fd, const void *bytes, size_t len) {
    char room[4096];
    const char *path = fd > 2 ? path_of(fd, room, sizeof room) : 0;
    REAL(write);
    FAIL("write", path);
    ssize_t half = torn(fd, path, bytes, len);
    return half == -2 ? real(fd, bytes, len) : half;
}

ssize_t writev(int fd, const struct iovec *parts, int count) {
    char room[4096];
    const char *path = path_of(fd, room, sizeof room);
    REAL(writev);
    FAIL("write", path);
    if (count < 1) return real(fd, parts, count);
    ssize_t half = torn(fd, path, parts[0].iov_base, parts[0].iov_len);
    return half == -2 ? real(fd, parts, count) : half;
}

ssize_t pwrite64(int fd, const void *bytes, size_t len, off64_t at) {
    char room[4096];
    REAL(pwrite64);
    FAIL("write", path_of(fd, room, sizeof room));
    return real(fd, bytes, len, at);
}

int unlink(const char *path) {
    REAL(unlink);
    FAIL("remove", path);
    return real(path);
}

#define OPEN(name)                                          \
    int name(const char *path, int flags, ...) {            \
        REAL(name);                                         \
        va_list more;                                       \
        va_start(more, flags);                              \
        mode_t mode = va_arg(more, mode_t);                 \
        va_end(more);                                       \
        if (flags & (O_CREAT | O_WRONLY | O_RDWR)) FAIL("open", path); \
        return real(path, flags, mode);                     \
    }

OPEN(open)
OPEN(open64)
