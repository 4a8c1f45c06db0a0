// Signal handlers: they run where only async-signal-safe code may, so they are C.
#ifndef TANDEM_FAULTS_H
#define TANDEM_FAULTS_H

#include <stddef.h>
#include <stdint.h>

// From now on SIGTERM, SIGINT, SIGHUP and SIGCHLD are counted and wake the given eventfd; SIGPIPE
// is ignored. A SIGINT while another waits to be taken, or while the process stops, ends it at once.
int tandem_signals_install(int wake_descriptor);
// Says whether the process is stopping.
void tandem_signals_stopping(int stopping);
// How many times the signal arrived since the last call.
int tandem_signals_take(int signal_number);

// From now on a fault (SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT) writes a report before it kills.
int tandem_faults_install(void);
// Where reports go, which role letter their lines bear, and the local time's offset from UTC.
void tandem_faults_log(int descriptor, char role, long utc_offset_seconds);
// Called last in a report, with argument, to say what was being done. It may allocate: if that
// hangs or fails the process still ends, some seconds later.
void tandem_faults_describe(void (*describe)(uintptr_t), uintptr_t argument);
// Adds a line to the report that is being written.
void tandem_faults_line(const char *text);
// Writes the report for a broken rule of our own; the abort that follows adds nothing.
void tandem_faults_report(const char *message);

#endif
