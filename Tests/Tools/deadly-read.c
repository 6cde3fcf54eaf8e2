// For LD_PRELOAD: pread(2) and preadv2(2) that end the process when they find certain bytes, as a bug that one request
// triggers would.
#define _GNU_SOURCE
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

static ssize_t survives(ssize_t result, const void *memory) {
    // Exactly the file: the whole archive is read too, while it is unpacked.
    if (result == 7 && memcmp(memory, "poison\n", 7) == 0) abort();
    return result;
}

ssize_t pread(int descriptor, void *memory, size_t count, off_t offset) {
    return survives(syscall(SYS_pread64, descriptor, memory, count, offset), memory);
}

ssize_t pread64(int descriptor, void *memory, size_t count, off_t offset) {
    return pread(descriptor, memory, count, offset);
}

ssize_t preadv2(int descriptor, const struct iovec *vectors, int count, off_t offset, int flags) {
    return survives(syscall(SYS_preadv2, descriptor, vectors, count, offset, 0L, flags), vectors[0].iov_base);
}
