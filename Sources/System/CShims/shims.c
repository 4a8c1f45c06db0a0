#include "shims.h"

#include <math.h>
#include <string.h>
#include <ctype.h>

// Redis reads with strtold into a buffer of this size and refuses longer texts.
enum { LONGEST_NUMBER = 5 * 1024 };

int tandem_long_double_parse(const char *text, size_t length, void *out16) {
    char copy[LONGEST_NUMBER];
    if (length == 0 || length >= sizeof copy) return 0;
    memcpy(copy, text, length);
    copy[length] = 0;
    if (isspace((unsigned char)copy[0])) return 0;
    char *end;
    errno = 0;
    long double value = strtold(copy, &end);
    if ((size_t)(end - copy) != length) return 0;
    if (errno == ERANGE && (value == HUGE_VALL || value == -HUGE_VALL || fabsl(value) == 0)) return 0;
    if (errno == EINVAL || isnan(value)) return 0;
    memcpy(out16, &value, sizeof value);
    return 1;
}

int tandem_long_double_add(const void *a16, const void *b16, void *out16) {
    long double a, b;
    memcpy(&a, a16, sizeof a);
    memcpy(&b, b16, sizeof b);
    a += b;
    memcpy(out16, &a, sizeof a);
    return !(isnan(a) || isinf(a));
}

int tandem_long_double_milliseconds(const void *seconds16, int64_t *out) {
    long double seconds;
    memcpy(&seconds, seconds16, sizeof seconds);
    long double milliseconds = ceill(seconds * 1000);
    if (!(milliseconds > -9223372036854775808.0L && milliseconds < 9223372036854775808.0L)) return 0;
    *out = (int64_t)milliseconds;
    return 1;
}

int tandem_long_double_format(const void *value16, char *buffer, size_t size) {
    long double value;
    memcpy(&value, value16, sizeof value);
    int length = snprintf(buffer, size, "%.17Lf", value);
    if (length <= 0 || (size_t)length >= size) return 0;
    if (memchr(buffer, '.', (size_t)length)) {
        while (buffer[length - 1] == '0') length--;
        if (buffer[length - 1] == '.') length--;
    }
    if (length == 2 && buffer[0] == '-' && buffer[1] == '0') {
        buffer[0] = '0';
        length = 1;
    }
    return length;
}

int tandem_double_format(double value, char *buffer, size_t size) {
    if (isinf(value)) return snprintf(buffer, size, value > 0 ? "inf" : "-inf");
    if (isnan(value)) return snprintf(buffer, size, "nan");
    return snprintf(buffer, size, "%.17g", value);
}

int tandem_double_format_fixed(double value, int decimals, char *buffer, size_t size) {
    int length = snprintf(buffer, size, "%.*f", decimals, value);
    return length < (int)size ? length : (int)size - 1;
}

// strtod of text that has no NUL at its end, for texts of any length. What is not a number, or one
// that has to be refused, is 0; 1 otherwise.
static int parse_terminated(const char *text, size_t length, int loosely, double *out) {
    char *end;
    errno = 0;
    double value = strtod(text, &end);
    if (isnan(value)) return 0;
    *out = value;
    if (loosely) return *end == 0;
    if (length == 0 || isspace((unsigned char)text[0])) return 0;
    if ((size_t)(end - text) != length) return 0;
    return !(errno == ERANGE && (value == HUGE_VAL || value == -HUGE_VAL || value == 0));
}

int tandem_double_parse(const char *text, size_t length, int loosely, double *out) {
    char copy[256];
    if (length < sizeof copy) {
        memcpy(copy, text, length);
        copy[length] = 0;
        return parse_terminated(copy, length, loosely, out);
    }
    char *block = malloc(length + 1);
    if (!block) return 0;
    memcpy(block, text, length);
    block[length] = 0;
    int result = parse_terminated(block, length, loosely, out);
    free(block);
    return result;
}
