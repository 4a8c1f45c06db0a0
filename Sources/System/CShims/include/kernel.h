// Kernel interfaces that Swift cannot import: unions, variadic functions, fork, signal handlers.
#ifndef TANDEM_KERNEL_H
#define TANDEM_KERNEL_H

#include <stddef.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

// What epoll said about one descriptor; events are EPOLLIN, EPOLLOUT, EPOLLERR, EPOLLHUP.
struct tandem_event {
    uint64_t token;
    uint32_t events;
};

enum { TANDEM_EVENTS = 128 };

// epoll_ctl; operation is EPOLL_CTL_ADD, MOD or DEL.
int tandem_epoll_control(int epoll, int operation, int descriptor, uint32_t events, uint64_t token);
// epoll_wait for at most TANDEM_EVENTS events; a negative timeout waits for ever.
int tandem_epoll_wait(int epoll, struct tandem_event *out, int timeout_ms);

// read and write that are no points where a thread can be cancelled: ours never are, and glibc's
// own cost as much as a third of a request's parsing.
static inline ssize_t tandem_read(int descriptor, void *buffer, size_t size) {
    return syscall(SYS_read, descriptor, buffer, size);
}
static inline ssize_t tandem_write(int descriptor, const void *bytes, size_t size) {
    return syscall(SYS_write, descriptor, bytes, size);
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
// Continues in a child without a terminal and with /dev/null for the standard streams; the parent
// exits with status 0. Returns 0, or -1 with errno set.
int tandem_daemonize(void);

#endif
