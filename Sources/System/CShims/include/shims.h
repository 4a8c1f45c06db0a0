// What Swift cannot import or express. Inline, so that nothing here costs a call.
#ifndef TANDEM_SHIMS_H
#define TANDEM_SHIMS_H

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <stdio.h>
#include <errno.h>
#include <malloc.h>

static inline void tandem_prefetch(const void *address) {
    __builtin_prefetch(address, 0, 3);
}

// Parses the whole of text (NUL-terminated, length bytes) as a long double, as INCRBYFLOAT reads it.
// Returns 1 on success.
int tandem_long_double_parse(const char *text, size_t length, void *out16);
// out := a + b; returns 0 when the sum is NaN or infinite.
int tandem_long_double_add(const void *a16, const void *b16, void *out16);
// Seconds as milliseconds, rounded up; returns 0 when they do not fit.
int tandem_long_double_milliseconds(const void *seconds16, int64_t *out);
// Writes the shortest of Redis's "human" forms (%.17Lf without trailing zeros); returns the length.
int tandem_long_double_format(const void *value16, char *buffer, size_t size);
// "%.17g", which is how Redis prints a double; returns the length.
int tandem_double_format(double value, char *buffer, size_t size);
// "%.*f" with so many decimals; returns the length.
int tandem_double_format_fixed(double value, int decimals, char *buffer, size_t size);
// strtod over the whole of text, and never NaN; returns 1 on success. Loosely: blanks before the
// number, nothing at all, and what is too great or too small for a double are taken as well.
int tandem_double_parse(const char *text, size_t length, int loosely, double *out);

#endif
