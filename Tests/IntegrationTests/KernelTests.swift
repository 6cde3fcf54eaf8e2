import Testing

/// System calls beyond reading files: what programs expect of any file system, asked through the kernel.
@Suite(.serialized)
struct KernelTests {
    /// Prints a line for each thing that is not as it should be.
    private static let program = #"""
        #define _GNU_SOURCE
        #include <dirent.h>
        #include <errno.h>
        #include <fcntl.h>
        #include <stdio.h>
        #include <stdlib.h>
        #include <string.h>
        #include <linux/fs.h>
        #include <sys/file.h>
        #include <sys/ioctl.h>
        #include <sys/mman.h>
        #include <sys/sendfile.h>
        #include <sys/stat.h>
        #include <unistd.h>
        #define CHECK(condition) do { if (!(condition)) printf("%d: %s: %s\n", __LINE__, #condition, strerror(errno)); } while (0)

        int main(int argc, char **argv) {
            char buffer[64];
            struct stat status;
            if (argc < 2 || chdir(argv[1])) return 2;

            int path = open("file", O_PATH);
            CHECK(path >= 0 && fstat(path, &status) == 0 && status.st_size == 7);
            CHECK(read(path, buffer, 1) == -1 && errno == EBADF);

            int root = open(".", O_RDONLY | O_DIRECTORY);
            struct file_handle *handle = malloc(sizeof *handle + MAX_HANDLE_SZ);
            int mount;
            handle->handle_bytes = MAX_HANDLE_SZ;
            CHECK(name_to_handle_at(AT_FDCWD, "dir/inner", handle, &mount, 0) == 0);
            int inner = open_by_handle_at(root, handle, O_RDONLY);
            CHECK(inner >= 0 && read(inner, buffer, 64) == 6 && !memcmp(buffer, "inner\n", 6));

            int file = open("file", O_RDONLY);
            char *mapped = mmap(NULL, 7, PROT_READ, MAP_SHARED, file, 0);
            CHECK(mapped != MAP_FAILED && !memcmp(mapped, "content", 7));
            CHECK(flock(file, LOCK_SH) == 0 && flock(file, LOCK_UN) == 0);
            struct flock lock = {.l_type = F_RDLCK, .l_whence = SEEK_SET};
            CHECK(fcntl(file, F_SETLK, &lock) == 0);
            CHECK(fallocate(file, 0, 0, 10) == -1);

            int memory = memfd_create("copy", 0);
            off_t offset = 0;
            CHECK(sendfile(memory, file, &offset, 7) == 7);
            CHECK(copy_file_range(file, NULL, memory, NULL, 7, 0) == 7 || errno == EXDEV || errno == EOPNOTSUPP);

            int sparse = open("sparse", O_RDONLY);
            CHECK(lseek(sparse, 0, SEEK_DATA) >= 5LL << 30 && lseek(sparse, 0, SEEK_HOLE) == 0);
            CHECK(pread(sparse, buffer, 4, 5LL << 30) == 4 && !memcmp(buffer, "tail", 4));
            CHECK(lseek(sparse, (5LL << 30) + 100, SEEK_DATA) == -1 && errno == ENXIO);

            // Each name once, and again from the middle.
            DIR *many = opendir("many");
            long middle = 0;
            int count = 0, after = 0;
            struct dirent *entry;
            while ((entry = readdir(many))) {
                if (++count == 7000) middle = telldir(many);
            }
            CHECK(count == 20002);
            seekdir(many, middle);
            while ((entry = readdir(many))) after++;
            CHECK(after == 20002 - 7000);

            CHECK(access("file", W_OK) == -1 && errno == EROFS);
            CHECK(statx(AT_FDCWD, "absent", 0, STATX_ALL, &(struct statx){0}) == -1 && errno == ENOENT);
            struct statx all;
            CHECK(statx(AT_FDCWD, "file", 0, STATX_ALL, &all) == 0 && fstat(file, &status) == 0);
            CHECK((all.stx_mask & STATX_BASIC_STATS) == STATX_BASIC_STATS && all.stx_ino == status.st_ino);
            CHECK(all.stx_mode == status.st_mode && all.stx_size == 7 && all.stx_nlink == 1 && all.stx_blocks == 1);
            CHECK(all.stx_mtime.tv_sec == 86400 && all.stx_mtime.tv_nsec == 123456789 && all.stx_uid == 12 && all.stx_gid == 34);
            // lsattr(1): there are no such flags.
            CHECK(ioctl(file, FS_IOC_GETFLAGS, &count) == -1 && (errno == ENOTTY || errno == EOPNOTSUPP));
            CHECK(open("file/x", O_RDONLY) == -1 && errno == ENOTDIR);
            CHECK(mkfifo("new", 0600) == -1 && errno == EROFS);
            puts("done");
            return 0;
        }
        """#

    @Test func `handles, maps, locks, holes, big files and big directories`() throws {
        let image = try TestImage()
        let directory = try TestDirectory()
        let tree = try directory.makeDirectory("tree")
        let tar = directory.path("layer.tar")
        try shell(
            """
            cd '\(tree)'; mkdir dir many; printf content >file; echo inner >dir/inner
            truncate -s 5G sparse; printf tail >>sparse
            (cd many; seq -f name-%.0f 20000 | xargs touch)
            chown 12:34 file; touch -d '1970-01-02 00:00:00.123456789 UTC' file
            tar -S --format=pax -cf '\(tar)' .
            """)
        try image.add(tar: tar)
        try image.finish()
        let source = directory.path("program.c")
        try write(Self.program, to: source)
        let program = directory.path("program")
        try output("gcc", "-O1", "-Wall", "-o", program, source)
        let installation = try Installation()
        #expect(try output(program, installation.mount(image.source)) == "done\n")
    }

    @Test func `capabilities, access lists and device nodes are there and count when the mount says so`() throws {
        let image = try TestImage(scripts: [
            """
            cp /bin/true tool; setcap cap_net_raw+ep tool; mknod zero c 1 5; chmod 666 zero
            echo x >listed; setfacl -m u:1234:r listed
            """
        ])
        let installation = try Installation()
        let plain = try installation.mount(image.source)
        let full = try installation.mount(image.source, options: "suid,dev")
        for target in [plain, full] {
            #expect(try output("getcap", target + "/tool").contains("cap_net_raw=ep"))
            #expect(try output("getfacl", "-c", "-p", target + "/listed").contains("user:1234:r--"))
            #expect(try output("stat", "-c", "%t:%T", target + "/zero") == "1:5\n")
        }
        #expect(try run("head", "-c", "1", plain + "/zero").errors.contains("Permission denied"))
        #expect(try run("head", "-c", "1", full + "/zero").succeeded)
    }

    @Test func `access lists in the text form of tar programs are ignored, as container runtimes do`() throws {
        let directory = try TestDirectory()
        let tree = try directory.makeDirectory("tree")
        let image = try TestImage()
        for program in ["tar --acls --format=pax", "bsdtar --acls --format=pax"] {
            let tar = directory.path("layer.tar")
            try shell(
                """
                cd '\(tree)'; rm -f *; echo x >'\(program.prefix(3))'; setfacl -m u:1234:r *
                \(program) -cf '\(tar)' *; grep -q SCHILY.acl.access '\(tar)'
                """)
            try image.add(tar: tar)
        }
        try image.finish()
        let installation = try Installation()
        let target = try installation.mount(image.source)
        for name in ["tar", "bsd"] {
            #expect(try !output("getfacl", "-c", "-p", target + "/" + name).contains("1234"))
        }
    }

    @Test func `127 layers, some without entries, are one tree`() throws {
        let directory = try TestDirectory()
        let image = try TestImage()
        for number in 1...127 {
            let tar = directory.path("layer.tar")
            // Every tenth layer is an archive of end blocks.
            try shell(
                number % 10 == 0
                    ? "head -c 10240 /dev/zero >'\(tar)'"
                    : "cd '\(directory.path)'; echo \(number) >last; echo \(number) >\(number); tar -cf layer.tar last \(number)"
            )
            try image.add(tar: tar, compression: .none)
        }
        try image.finish()
        let installation = try Installation()
        let target = try installation.mount(image.source)
        #expect(try output("sh", "-c", "ls '\(target)' | wc -l") == "116\n")
        #expect(try output("cat", target + "/last", target + "/1", target + "/126") == "127\n1\n126\n")
    }

    @Test func `a tree is walked and read by twenty processes at once`() throws {
        let image = try TestImage(scripts: [
            "for d in 1 2 3 4 5 6 7 8; do mkdir $d; (cd $d; for f in $(seq 200); do echo $d/$f >$f; done); done"
        ])
        let installation = try Installation()
        let target = try installation.mount(image.source)
        let children = try (0..<20).map { number in
            try Child(
                number % 2 == 0
                    ? ["sh", "-c", "find '\(target)' -type f | wc -l"]
                    : ["sh", "-c", "cat '\(target)'/*/* | sort | uniq | wc -l"])
        }
        for child in children { #expect(child.wait().output == "1600\n") }
    }

    @Test func `an overlayfs with redirect_dir and metacopy works on top of a mount`() throws {
        let image = try TestImage(scripts: ["mkdir -p a/b/c; seq 1000 >a/b/c/numbers; echo x >gone"])
        let installation = try Installation()
        let lower = try installation.mount(image.source)
        let scratch = try installation.directory.makeDirectory("overlay")
        try shell("mount -t tmpfs t '\(scratch)'; mkdir '\(scratch)'/m")
        for options in ["redirect_dir=on,metacopy=on", "redirect_dir=off,metacopy=off"] {
            try shell(
                """
                cd '\(scratch)'; rm -rf u w; mkdir u w
                mount -t overlay o -o "lowerdir=\(lower),upperdir=$PWD/u,workdir=$PWD/w,\(options)" m
                chmod 600 m/a/b/c/numbers
                mv m/a/b m/moved; rm m/gone; echo more >>m/moved/c/numbers
                [ "$(wc -l <m/moved/c/numbers)" = 1001 ]; [ ! -e m/gone ]; [ ! -e m/a/b ]
                umount m
                """)
        }
        #expect(try output("stat", "-c", "%a", lower + "/a/b/c/numbers") == "644\n")
        try shell("umount '\(scratch)'")
    }
}
