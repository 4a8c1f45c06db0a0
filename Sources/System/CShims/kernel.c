#define _GNU_SOURCE
#include "kernel.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <unistd.h>

int tandem_epoll_control(
    int epoll, int operation, int descriptor, uint32_t events, uint64_t token) {
    struct epoll_event event = {.events = events, .data = {.u64 = token}};
    return epoll_ctl(epoll, operation, descriptor, &event);
}

int tandem_eventfd(void) { return eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC); }

int tandem_random(void *bytes, size_t length) {
    return getrandom(bytes, length, 0) == (ssize_t)length ? 0 : -1;
}

void tandem_name_thread(const char *name) { pthread_setname_np(pthread_self(), name); }

int tandem_accept(int listener, struct sockaddr_storage *peer, socklen_t *length) {
    return accept4(listener, (struct sockaddr *)peer, length, SOCK_NONBLOCK | SOCK_CLOEXEC);
}

int tandem_disable_huge_pages(int disable) {
    return prctl(PR_SET_THP_DISABLE, disable, 0, 0, 0);
}

int tandem_daemonize(void) {
    pid_t child = fork();
    if (child < 0) return -1;
    if (child > 0) _exit(0);
    if (setsid() < 0) return -1;
    int null_device = open("/dev/null", O_RDWR);
    if (null_device < 0) return -1;
    for (int stream = 0; stream < 3; stream++) {
        if (dup2(null_device, stream) < 0) return -1;
    }
    if (null_device > 2) close(null_device);
    return 0;
}
