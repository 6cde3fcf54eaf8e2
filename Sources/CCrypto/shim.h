#pragma once
// OpenSSL 3 prefers EVP, which does not let a hash be put away and taken up again.
#define OPENSSL_SUPPRESS_DEPRECATED
#include <openssl/sha.h>
