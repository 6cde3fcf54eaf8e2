import Testing

/// An image of a million entries, a hundred thousand of them in one directory.
@Suite(.serialized)
struct LargeImageTests {
    /// Writes an archive of `argv[1]` directories with 100,000 empty files in each to standard output.
    private static let writer = #"""
        #include <stdio.h>
        #include <stdlib.h>
        #include <string.h>

        static void add(const char *name, char type) {
            char block[512] = {0};
            snprintf(block, 100, "%s", name);
            memcpy(block + 100, "0000755\0000000001\0000000002\00000000000000\00014000000000\0", 48);
            block[156] = type;
            memcpy(block + 257, "ustar\00000", 8);
            memset(block + 148, ' ', 8);
            unsigned sum = 0;
            for (int i = 0; i < 512; i++) sum += (unsigned char)block[i];
            snprintf(block + 148, 8, "%06o", sum);
            fwrite(block, 1, 512, stdout);
        }

        int main(int argc, char **argv) {
            char name[100];
            int directories = argc > 1 ? atoi(argv[1]) : 0;
            for (int directory = 0; directory < directories; directory++) {
                snprintf(name, sizeof name, "d%d/", directory);
                add(name, '5');
                for (int file = 1; file < 100000; file++) {
                    snprintf(name, sizeof name, "d%d/file-%d", directory, file);
                    add(name, '0');
                }
            }
            static char end[1024];
            return fwrite(end, 1, 1024, stdout) != 1024;
        }
        """#

    /// Counts the names of a directory, and again from the middle; prints what is not as it should be.
    private static let reader = #"""
        #include <dirent.h>
        #include <stdio.h>
        #include <string.h>

        int main(int argc, char **argv) {
            DIR *directory = argc > 1 ? opendir(argv[1]) : NULL;
            if (!directory) return 1;
            long middle = 0;
            int count = 0, after = 0;
            char next[256] = "", again[256] = "";
            struct dirent *entry;
            while ((entry = readdir(directory))) {
                if (++count == 50000) middle = telldir(directory);
                if (count == 50001) strcpy(next, entry->d_name);
            }
            seekdir(directory, middle);
            while ((entry = readdir(directory))) {
                if (after++ == 0) strcpy(again, entry->d_name);
            }
            printf("%d %d %s\n", count, after, strcmp(next, again) ? "another name" : "same name");
            return 0;
        }
        """#

    @Test func `a million entries are listed, found and sought in`() throws {
        let directory = try TestDirectory()
        let writer = try compile(Self.writer, "writer", in: directory)
        let reader = try compile(Self.reader, "reader", in: directory)
        let tar = directory.path("layer.tar")
        try shell("'\(writer)' 10 >'\(tar)'")
        let image = try TestImage()
        try image.add(tar: tar, compression: .zstd)
        try image.finish()
        let installation = try Installation()
        try installation.startDaemon()
        let target = try installation.mount(image.source)
        #expect(try output("sh", "-c", "find '\(target)' | wc -l", seconds: 240) == "1000001\n")
        #expect(try output("sh", "-c", "ls -1 '\(target)/d7' | sort -u | wc -l") == "99999\n")
        #expect(try output(reader, target + "/d4") == "100001 50001 same name\n")
        #expect(try output("stat", "-c", "%u %g %a %h", target + "/d9/file-99999") == "1 2 755 1\n")
        #expect(try output("stat", "-c", "%h", target) == "12\n")
        // The index, what is merged and the tree, each once: less than the archive has.
        let daemon = try #require(installation.daemon)
        let peak = readText("/proc/\(daemon.pid)/status").split(separator: "\n").first { $0.hasPrefix("VmHWM") }
        let kilobytes = try #require(peak.flatMap { Int($0.filter(\.isNumber)) })
        #expect(kilobytes < 400_000 || isSanitized, "the daemon had \(kilobytes) kB of memory")
    }

    private func compile(_ program: String, _ name: String, in directory: TestDirectory) throws -> String {
        try write(program, to: directory.path(name + ".c"))
        try output("gcc", "-O1", "-Wall", "-o", directory.path(name), directory.path(name + ".c"))
        return directory.path(name)
    }
}
