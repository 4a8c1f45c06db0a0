// Kernel interfaces that Swift cannot import: unions, variadic functions, fork, signal handlers.
#ifndef TANDEM_KERNEL_H
#define TANDEM_KERNEL_H

#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

// epoll_ctl; operation is EPOLL_CTL_ADD, MOD or DEL.
int tandem_epoll_control(int epoll, int operation, int descriptor, uint32_t events, uint64_t token);
// A system call: its result, or the error number as a negative one. Where it is written out it
// costs a dozen instructions less than glibc's, of which a request alone in its turn makes three.
static inline long tandem_call(long number, long a, long b, long c, long d, long e, long f) {
#if defined(__x86_64__)
    register long r10 __asm__("r10") = d;
    register long r8 __asm__("r8") = e;
    register long r9 __asm__("r9") = f;
    long result;
    __asm__ volatile("syscall"
                     : "=a"(result)
                     : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
                     : "rcx", "r11", "memory");
    return result;
#else
    long result = syscall(number, a, b, c, d, e, f);
    return result < 0 ? -errno : result;
#endif
}
// epoll_pwait without a signal mask, read and write, as tandem_call: no points where a thread can
// be cancelled. Ours never are, and glibc's own cost as much as a third of a request's parsing.
static inline long tandem_epoll_wait(
    int epoll, struct epoll_event *events, int count, int timeout_ms) {
    return tandem_call(SYS_epoll_pwait, epoll, (long)events, count, timeout_ms, 0, 8);
}
// mremap of a whole mapping to a longer one in place of whatever is at target: 0, or the error
// number as a negative one. The flags are MREMAP_MAYMOVE and MREMAP_FIXED, which glibc and the
// kernel declare together with what Glibc has already.
static inline long tandem_move_pages(void *block, size_t old_size, size_t new_size, void *target) {
    long result = tandem_call(
        SYS_mremap, (long)block, (long)old_size, (long)new_size, 1 | 2, (long)target, 0);
    return result == (long)target ? 0 : result;
}
// Microseconds of CLOCK_MONOTONIC.
static inline int64_t tandem_monotonic_microseconds(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (int64_t)time.tv_sec * 1000000 + (int64_t)((uint64_t)time.tv_nsec / 1000);
}

static inline ssize_t tandem_read(int descriptor, void *buffer, size_t size) {
    return tandem_call(SYS_read, descriptor, (long)buffer, (long)size, 0, 0, 0);
}
static inline ssize_t tandem_write(int descriptor, const void *bytes, size_t size) {
    return tandem_call(SYS_write, descriptor, (long)bytes, (long)size, 0, 0, 0);
}

// eventfd, nonblocking and not inherited.
int tandem_eventfd(void);
// getrandom; returns 0 when the bytes are filled.
int tandem_random(void *bytes, size_t length);
// pthread_setname_np for the calling thread.
void tandem_name_thread(const char *name);
// accept4 with SOCK_NONBLOCK and SOCK_CLOEXEC.
int tandem_accept(int listener, struct sockaddr_storage *peer, socklen_t *length);
// prctl(PR_SET_THP_DISABLE, disable).
int tandem_disable_huge_pages(int disable);
// Unmaps the pages of the program and its libraries that nobody has written to; they come back from
// the page cache when they are used. Returns how many bytes of address space that was.
size_t tandem_release_clean_pages(void);
// Pages of this process in RAM; 0 when /proc does not tell.
size_t tandem_resident_pages(void);
// Continues in a child without a terminal and with /dev/null for the standard streams; the parent
// exits with status 0. Returns 0, or -1 with errno set.
int tandem_daemonize(void);
// openlog with the process's id in every line; facility is LOG_USER for -1, LOG_LOCAL0 for 0 …
void tandem_syslog_open(const char *ident, int facility);
// syslog of a whole line; level counts up from debug through info and notice to warning.
void tandem_syslog(int level, const char *text);
// Shows text as the command line of the process, cut to the room that its arguments and environment
// had. argv is that of main; the environment is copied elsewhere the first time.
void tandem_set_title(int argc, char **argv, const char *text);

#endif
