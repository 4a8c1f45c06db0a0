#define _GNU_SOURCE
#include "kernel.h"

#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <pthread.h>
#include <sys/auxv.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <syslog.h>
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

static int release_object(struct dl_phdr_info *object, size_t size, void *argument) {
    (void)size;
    size_t *released = argument;
    uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
    // The kernel's own object has no file to come back from.
    if (object->dlpi_addr == getauxval(AT_SYSINFO_EHDR)) return 0;
    for (int index = 0; index < object->dlpi_phnum; index++) {
        const ElfW(Phdr) *segment = &object->dlpi_phdr[index];
        if (segment->p_type != PT_LOAD || (segment->p_flags & PF_W)) continue;
        uintptr_t begin = (object->dlpi_addr + segment->p_vaddr + page - 1) & ~(page - 1);
        uintptr_t end = (object->dlpi_addr + segment->p_vaddr + segment->p_filesz) & ~(page - 1);
        if (begin < end && madvise((void *)begin, end - begin, MADV_DONTNEED) == 0) {
            *released += end - begin;
        }
    }
    return 0;
}

size_t tandem_release_clean_pages(void) {
    size_t released = 0;
    dl_iterate_phdr(release_object, &released);
    return released;
}

size_t tandem_resident_pages(void) {
    int file = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
    if (file < 0) return 0;
    char text[256];
    ssize_t length = read(file, text, sizeof text - 1);
    close(file);
    if (length <= 0) return 0;
    text[length] = 0;
    char *second;
    strtoul(text, &second, 10);
    return strtoul(second, NULL, 10);
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

// The kernel shows the bytes from the first argument to the end of the last one. Behind them lies the
// environment, whose room can be had as well once it is copied.
void tandem_set_title(int argc, char **argv, const char *text) {
    static char *start, *end;
    if (!start) {
        if (argc < 1 || !argv[0]) return;
        char *last = argv[0];
        for (int index = 0; index < argc; index++)
            if (argv[index] == last) last += strlen(last) + 1;
        int count = 0;
        for (; environ && environ[count]; count++) {}
        char **copy = calloc(count + 1, sizeof(char *));
        if (!copy) return;
        for (int index = 0; index < count; index++) {
            if (environ[index] == last) last += strlen(last) + 1;
            copy[index] = strdup(environ[index]);
            if (!copy[index]) return;
        }
        environ = copy;
        start = argv[0];
        end = last;
        for (int index = 1; index < argc; index++) argv[index] = NULL;
    }
    size_t room = end - start, length = strlen(text);
    if (length >= room) length = room - 1;
    memcpy(start, text, length);
    memset(start + length, 0, room - length);
}

void tandem_syslog_open(const char *ident, int facility) {
    static const int facilities[] = {LOG_LOCAL0, LOG_LOCAL1, LOG_LOCAL2, LOG_LOCAL3,
                                     LOG_LOCAL4, LOG_LOCAL5, LOG_LOCAL6, LOG_LOCAL7};
    // openlog keeps the pointer.
    char *kept = strdup(ident);
    int chosen = facility >= 0 && facility < 8 ? facilities[facility] : LOG_USER;
    openlog(kept, LOG_PID | LOG_NDELAY | LOG_NOWAIT, chosen);
}

void tandem_syslog(int level, const char *text) {
    static const int priorities[] = {LOG_DEBUG, LOG_INFO, LOG_NOTICE, LOG_WARNING};
    syslog(priorities[level & 3], "%s", text);
}
