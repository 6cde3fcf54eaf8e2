import Glibc
import Testing

/// What the daemon allocates while it answers the kernel: nothing. libfuse takes one block for each request.
@Suite(.disabled(if: isSanitized, "a sanitizer brings an allocator of its own"))
struct AllocationTests {
    /// Counts what the threads that serve mounts allocate, in a file that all can read.
    private static let counter = #"""
        #define _GNU_SOURCE
        #include <dlfcn.h>
        #include <fcntl.h>
        #include <stdatomic.h>
        #include <stdlib.h>
        #include <string.h>
        #include <sys/mman.h>
        #include <sys/prctl.h>
        #include <unistd.h>

        extern void *__libc_malloc(size_t), *__libc_calloc(size_t, size_t), *__libc_realloc(void *, size_t),
            *__libc_memalign(size_t, size_t);
        static _Atomic long *counts;

        __attribute__((constructor)) static void open_counts(void) {
            int file = open(getenv("ALLOCATION_COUNTS"), O_RDWR);
            if (file < 0) return;
            void *memory = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
            if (memory != MAP_FAILED) counts = memory;
            close(file);
        }
        static void count(void *caller) {
            Dl_info library;
            char name[16] = "";
            if (counts == NULL) return;
            prctl(PR_GET_NAME, name);
            int serves = strncmp(name, "imgfs-fuse", 10) == 0;
            if (serves && dladdr(caller, &library) && strstr(library.dli_fname, "libfuse3")) return;
            atomic_fetch_add(&counts[serves], 1);
        }
        void *malloc(size_t size) { count(__builtin_return_address(0)); return __libc_malloc(size); }
        void *calloc(size_t number, size_t size) { count(__builtin_return_address(0)); return __libc_calloc(number, size); }
        void *realloc(void *old, size_t size) { count(__builtin_return_address(0)); return __libc_realloc(old, size); }
        void *aligned_alloc(size_t alignment, size_t size) { count(__builtin_return_address(0)); return __libc_memalign(alignment, size); }
        int posix_memalign(void **result, size_t alignment, size_t size) {
            count(__builtin_return_address(0));
            *result = __libc_memalign(alignment, size);
            return *result == NULL ? 12 : 0;
        }
        """#

    @Test func `serving a mounted image allocates nothing`() throws {
        let directory = try TestDirectory()
        try write(Self.counter, to: directory.path("counter.c"))
        let library = directory.path("counter.so")
        let counts = directory.path("counts")
        try output(
            "gcc", "-O1", "-fPIC", "-shared", "-Wall", "-Werror", "-o", library, directory.path("counter.c"), "-ldl")
        try output("truncate", "-s", "4096", counts)
        let image = try TestImage(scripts: [
            """
            mkdir many; for i in $(seq 500); do echo $i > many/$i; ln -s $i many/l$i; done
            head -c 3000000 /dev/urandom > big; truncate -s 2M sparse; setfattr -n user.a -v b big
            """
        ])
        let installation = try Installation()
        try installation.startDaemon(environment: ["LD_PRELOAD": library, "ALLOCATION_COUNTS": counts])
        let target = try installation.mount(image.source)
        // The first of everything: the tree is opened, each thread makes its buffers.
        let use =
            "find . -printf '%p %s %l\\n' >/dev/null; cat big sparse many/* >/dev/null; getfattr -d big >/dev/null"
        try shell("cd '\(target)'; \(use)")
        let before = try allocations(counts)
        #expect(before.others > 0, "the counter counts")
        // Names, attributes and pages are forgotten, so that all of it is asked again.
        for _ in 0..<5 { try shell("sync; echo 3 > /proc/sys/vm/drop_caches; cd '\(target)'; \(use)") }
        let after = try allocations(counts)
        // A thread that answered nothing yet makes its buffers now.
        #expect(after.serving - before.serving < 50, "\(after.serving - before.serving) allocations")
    }

    private func allocations(_ path: String) throws -> (others: Int, serving: Int) {
        let words = try output("od", "-An", "-v", "-t", "d8", "-N", "16", path).split(separator: " ").map {
            Int($0.filter(\.isNumber)) ?? 0
        }
        guard words.count == 2 else { throw TestFailure("no counts in \(path)") }
        return (words[0], words[1])
    }
}
