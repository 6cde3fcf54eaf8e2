// For LD_PRELOAD: a pread(2) that ends the process when it finds certain bytes, as a bug that one request triggers would.
#define _GNU_SOURCE
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

ssize_t pread(int descriptor, void *memory, size_t count, off_t offset) {
    ssize_t result = syscall(SYS_pread64, descriptor, memory, count, offset);
    // Exactly the file: the whole archive is read too, while it is unpacked.
    if (result == 7 && memcmp(memory, "poison\n", 7) == 0) abort();
    return result;
}

ssize_t pread64(int descriptor, void *memory, size_t count, off_t offset) {
    return pread(descriptor, memory, count, offset);
}
