// Preloaded into a server: counts, on its main thread, what the hot path must not do. The counts
// lie in the file that TANDEM_COUNTS names: retains, releases, objects, blocks got and given back.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

enum { RETAINS, RELEASES, OBJECTS, BLOCKS, FREES, KINDS };

static unsigned long unheard[KINDS];
static volatile unsigned long *counts = unheard;
static __thread int counted __attribute__((tls_model("initial-exec")));

#define COUNT(kind) ((void)(counted && counts[kind]++))
#define REAL(result, name, ...)                                                                    \
    static result (*real)(__VA_ARGS__);                                                            \
    if (!real) real = (result(*)(__VA_ARGS__))dlsym(RTLD_NEXT, name)

__attribute__((constructor)) static void begin(void) {
    const char *path = getenv("TANDEM_COUNTS");
    int file = path ? open(path, O_RDWR) : -1;
    if (file < 0) return;
    void *shared = mmap(NULL, sizeof unheard, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    close(file);
    if (shared == MAP_FAILED) return;
    counts = shared;
    counted = 1;
}

void *swift_retain(void *object) {
    REAL(void *, "swift_retain", void *);
    COUNT(RETAINS);
    return real(object);
}

void *swift_bridgeObjectRetain(void *object) {
    REAL(void *, "swift_bridgeObjectRetain", void *);
    COUNT(RETAINS);
    return real(object);
}

void swift_release(void *object) {
    REAL(void, "swift_release", void *);
    COUNT(RELEASES);
    real(object);
}

void swift_bridgeObjectRelease(void *object) {
    REAL(void, "swift_bridgeObjectRelease", void *);
    COUNT(RELEASES);
    real(object);
}

void *swift_allocObject(void *type, size_t size, size_t mask) {
    REAL(void *, "swift_allocObject", void *, size_t, size_t);
    COUNT(OBJECTS);
    return real(type, size, mask);
}

void *malloc(size_t size) {
    REAL(void *, "malloc", size_t);
    COUNT(BLOCKS);
    return real(size);
}

void *calloc(size_t count, size_t size) {
    REAL(void *, "calloc", size_t, size_t);
    COUNT(BLOCKS);
    return real(count, size);
}

void *realloc(void *block, size_t size) {
    REAL(void *, "realloc", void *, size_t);
    COUNT(BLOCKS);
    return real(block, size);
}

void free(void *block) {
    REAL(void, "free", void *);
    COUNT(FREES);
    real(block);
}

void sdallocx(void *block, size_t size, int flags) {
    REAL(void, "sdallocx", void *, size_t, int);
    COUNT(FREES);
    real(block, size, flags);
}
