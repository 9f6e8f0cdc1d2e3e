/* Stands between a process and its libc: counts the calls that go to disk or socket, and strikes
 * at the n-th: the process is killed there, or, with an errno, this call to the disk and all that
 * follow fail, since a disk does not get well by itself.
 *
 * Loaded by LD_PRELOAD, armed from within by ctypes. A call that only reads a file is not counted
 * for kills: to be killed at it is to be killed at the next one that is. With EIO the disk does not
 * give back what was written either: reads of files that are open for writing count too. Pipes are
 * free, so that a process can tell what it does.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#define NAMES_MAX 65536

static const char *names[NAMES_MAX];
static long calls, strike_at;
static int armed, fails_with;

void interposer_arm(long at, int error) { calls = 0, strike_at = at, fails_with = error, armed = 1; }

long interposer_disarm(void) { return armed = 0, calls; }

const char *interposer_name(long call) { return names[(call - 1) % NAMES_MAX]; }

/* Whether this call has to fail; does not return where the process has to die. */
static int struck(const char *name, int on_disk) {
  if (!armed) return 0;
  names[calls % NAMES_MAX] = name;
  calls++;
  if (!strike_at || calls < strike_at) return 0;
  if (!fails_with) {
    kill(getpid(), SIGKILL);
    for (;;) pause();
  }
  errno = fails_with;
  return on_disk;
}

static int struck_at(const char *name, int fd) {
  struct stat status;
  int before = errno;
  if (!armed || fstat(fd, &status)) return 0;
  errno = before;
  if (S_ISSOCK(status.st_mode)) return struck(name, 0);
  return S_ISREG(status.st_mode) || S_ISDIR(status.st_mode) ? struck(name, 1) : 0;
}

static int struck_reading(const char *name, int fd) {
  if (fails_with != EIO || (fcntl(fd, F_GETFL) & O_ACCMODE) == O_RDONLY) return 0;
  return struck_at(name, fd);
}

#define NEXT(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

#define ON_FILE(type, name, parameters, ...)      \
  type name parameters {                          \
    if (struck_at(#name, fd)) return -1;          \
    return NEXT(name)(__VA_ARGS__);               \
  }

#define ON_READ(name, parameters, ...)            \
  ssize_t name parameters {                       \
    if (struck_reading(#name, fd)) return -1;     \
    return NEXT(name)(__VA_ARGS__);               \
  }

#define ON_PATH(name, parameters, ...)            \
  int name parameters {                           \
    if (struck(#name, 1)) return -1;              \
    return NEXT(name)(__VA_ARGS__);               \
  }

#define OPENS(name, parameters, ...)                                 \
  int name parameters {                                              \
    va_list more;                                                    \
    va_start(more, flags);                                           \
    int mode = flags & O_CREAT ? va_arg(more, int) : 0;              \
    va_end(more);                                                    \
    if (flags & (O_CREAT | O_TRUNC) && struck(#name, 1)) return -1;  \
    return NEXT(name)(__VA_ARGS__, flags, mode);                     \
  }

OPENS(open, (const char *path, int flags, ...), path)
OPENS(open64, (const char *path, int flags, ...), path)
OPENS(openat, (int at, const char *path, int flags, ...), at, path)
OPENS(openat64, (int at, const char *path, int flags, ...), at, path)

ON_PATH(mkdir, (const char *path, mode_t mode), path, mode)
ON_PATH(unlink, (const char *path), path)
ON_PATH(unlinkat, (int at, const char *path, int flags), at, path, flags)
ON_PATH(link, (const char *from, const char *to), from, to)
ON_PATH(rename, (const char *from, const char *to), from, to)

ON_READ(read, (int fd, void *data, size_t size), fd, data, size)
ON_READ(pread, (int fd, void *data, size_t size, off_t at), fd, data, size, at)
ON_READ(pread64, (int fd, void *data, size_t size, off64_t at), fd, data, size, at)

ON_FILE(ssize_t, write, (int fd, const void *data, size_t size), fd, data, size)
ON_FILE(ssize_t, pwrite, (int fd, const void *data, size_t size, off_t at), fd, data, size, at)
ON_FILE(ssize_t, pwrite64, (int fd, const void *data, size_t size, off64_t at), fd, data, size, at)
ON_FILE(int, ftruncate, (int fd, off_t size), fd, size)
ON_FILE(int, ftruncate64, (int fd, off64_t size), fd, size)
ON_FILE(int, fsync, (int fd), fd)
ON_FILE(int, fdatasync, (int fd), fd)

ON_FILE(int, connect, (int fd, const struct sockaddr *to, socklen_t size), fd, to, size)
ON_FILE(ssize_t, send, (int fd, const void *data, size_t size, int flags), fd, data, size, flags)
ON_FILE(ssize_t, recv, (int fd, void *data, size_t size, int flags), fd, data, size, flags)
ON_FILE(int, shutdown, (int fd, int how), fd, how)
