#define _GNU_SOURCE
#include "faults.h"

#include <errno.h>
#include <execinfo.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum { SIGNALS = 65, FRAMES = 100, LONGEST_REPORT_SECONDS = 5 };

static atomic_int arrived[SIGNALS];
static atomic_int stopping;
static int wake_descriptor = -1;

static void note_signal(int number) {
    int saved = errno;
    if (number == SIGINT && (atomic_load(&stopping) || atomic_load(&arrived[SIGINT]) > 0)) {
        static const char text[] = "\nSecond interrupt: leaving at once without saving.\n";
        ssize_t ignored = write(2, text, sizeof text - 1);
        (void)ignored;
        _exit(1);
    }
    atomic_fetch_add(&arrived[number], 1);
    uint64_t one = 1;
    ssize_t ignored = write(wake_descriptor, &one, sizeof one);
    (void)ignored;
    errno = saved;
}

int tandem_signals_install(int descriptor) {
    static const int caught[] = {SIGTERM, SIGINT, SIGHUP, SIGCHLD};
    wake_descriptor = descriptor;
    struct sigaction action = {.sa_handler = note_signal, .sa_flags = SA_RESTART};
    sigfillset(&action.sa_mask);
    for (size_t index = 0; index < sizeof caught / sizeof caught[0]; index++) {
        if (sigaction(caught[index], &action, NULL) != 0) return -1;
    }
    struct sigaction ignore = {.sa_handler = SIG_IGN};
    return sigaction(SIGPIPE, &ignore, NULL);
}

int tandem_signals_take(int number) {
    if (number <= 0 || number >= SIGNALS) return 0;
    return atomic_exchange(&arrived[number], 0);
}

void tandem_signals_stopping(int value) { atomic_store(&stopping, value); }

static const int fatal[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT};
static int log_descriptor = 1;
static char log_role = 'M';
static long log_offset;
static void (*describe_work)(uintptr_t);
static uintptr_t describe_argument;
static atomic_int reported;

void tandem_faults_log(int descriptor, char role, long utc_offset_seconds) {
    log_descriptor = descriptor;
    log_role = role;
    log_offset = utc_offset_seconds;
}

void tandem_faults_describe(void (*describe)(uintptr_t), uintptr_t argument) {
    describe_work = describe;
    describe_argument = argument;
}

static void put(const char *text, size_t length) {
    while (length > 0) {
        ssize_t written = write(log_descriptor, text, length);
        if (written <= 0) return;
        text += written;
        length -= (size_t)written;
    }
}

static void put_text(const char *text) { put(text, strlen(text)); }

// "PID:role dd Mon yyyy hh:mm:ss.mmm # ", with the date worked out by hand since localtime locks.
static void put_prefix(void) {
    static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    long seconds = now.tv_sec + log_offset;
    long days = seconds / 86400, rest = seconds % 86400;
    // Days to a date in the civil calendar, counted in years that begin in March.
    long shifted = days + 719468;
    long era = shifted / 146097, day_of_era = shifted % 146097;
    long year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    long day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    long march_month = (5 * day_of_year + 2) / 153;
    long day = day_of_year - (153 * march_month + 2) / 5 + 1;
    long month = march_month < 10 ? march_month + 2 : march_month - 10;
    long year = year_of_era + era * 400 + (month <= 1);
    char line[128];
    int length = snprintf(
        line, sizeof line, "%d:%c %02ld %.3s %04ld %02ld:%02ld:%02ld.%03ld # ", (int)getpid(),
        log_role, day, months + 3 * month, year, rest / 3600, rest / 60 % 60, rest % 60,
        now.tv_nsec / 1000000);
    if (length > 0) put(line, (size_t)length);
}

static void put_line(const char *text) {
    put_prefix();
    put_text(text);
    put("\n", 1);
}

void tandem_faults_line(const char *text) { put_line(text); }

static void report(const char *message) {
    if (atomic_exchange(&reported, 1)) return;
    put_text("\n\n=== REDIS BUG REPORT START: a fault of Tandem's own, please send this ===\n");
    alarm(LONGEST_REPORT_SECONDS);
    put_line(message);
    put_text("\n------ STACK TRACE ------\n");
    void *frames[FRAMES];
    int count = backtrace(frames, FRAMES);
    backtrace_symbols_fd(frames, count, log_descriptor);
    if (describe_work) {
        put_text("\n------ WORK IN PROGRESS ------\n");
        describe_work(describe_argument);
    }
    put_text("\n=== REDIS BUG REPORT END ===\n\n");
}

void tandem_faults_report(const char *message) { report(message); }

static void note_fault(int number, siginfo_t *info, void *machine) {
    (void)machine;
    char line[160];
    snprintf(
        line, sizeof line, "Tandem crashed by signal: %d, si_code: %d, address: %p", number,
        info->si_code, number == SIGABRT ? NULL : info->si_addr);
    report(line);
    // The handler is gone by SA_RESETHAND: the same signal now has its usual end, with a core.
    raise(number);
}

int tandem_faults_install(void) {
    // A stack of its own, so that a stack overflow is reported too.
    static char stack[64 * 1024];
    stack_t alternate = {.ss_sp = stack, .ss_size = sizeof stack};
    if (sigaltstack(&alternate, NULL) != 0) return -1;
    // The first call loads libgcc, which must not happen in a handler.
    void *frames[2];
    backtrace(frames, 2);
    struct sigaction action = {.sa_sigaction = note_fault};
    action.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_RESETHAND | SA_NODEFER;
    sigemptyset(&action.sa_mask);
    for (size_t index = 0; index < sizeof fatal / sizeof fatal[0]; index++) {
        if (sigaction(fatal[index], &action, NULL) != 0) return -1;
    }
    return 0;
}
