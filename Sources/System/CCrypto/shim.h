// The hash functions are deprecated in favour of EVP since 3.0, and as good as before.
#define OPENSSL_SUPPRESS_DEPRECATED
#include <openssl/sha.h>
