// readbench MODE PATH: reads a tree or a file in one way and prints what it took.
//   walk DIR      lstat every name                      microseconds per name
//   open DIR      open, read 4 KiB, close every file    microseconds per file
//   all DIR       read every file whole                 MB/s
//   seq FILE      read one file whole                   MB/s
//   random FILE   20,000 reads of 4 KiB                 microseconds per read
#define _GNU_SOURCE
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static char buffer[1 << 20];
static char **files;
static size_t file_count, name_count;

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec + time.tv_nsec / 1e9;
}

static int collect(const char *path, const struct stat *status, int type, struct FTW *position) {
    (void)position;
    name_count++;
    if (type == FTW_F && S_ISREG(status->st_mode)) {
        if (file_count % 1024 == 0) files = realloc(files, (file_count + 1024) * sizeof *files);
        files[file_count++] = strdup(path);
    }
    return 0;
}

static size_t read_whole(const char *path) {
    int fd = open(path, O_RDONLY);
    size_t sum = 0;
    ssize_t count;
    if (fd < 0) { perror(path); exit(1); }
    while ((count = read(fd, buffer, sizeof buffer)) > 0) sum += (size_t)count;
    if (count < 0) { perror(path); exit(1); }
    close(fd);
    return sum;
}

int main(int argc, char **argv) {
    if (argc != 3) { fprintf(stderr, "usage: readbench MODE PATH\n"); return 2; }
    const char *mode = argv[1], *path = argv[2];
    double start = now();
    size_t bytes = 0;

    if (!strcmp(mode, "seq")) {
        bytes = read_whole(path);
        printf("%.0f\n", bytes / (now() - start) / 1e6);
        return 0;
    }
    if (!strcmp(mode, "random")) {
        int fd = open(path, O_RDONLY);
        off_t size = lseek(fd, 0, SEEK_END);
        srandom(1);
        start = now();
        for (int i = 0; i < 20000; i++) {
            off_t offset = (((off_t)random() << 12) % size) & ~4095L;
            if (pread(fd, buffer, 4096, offset) < 0) { perror(path); return 1; }
        }
        printf("%.2f\n", (now() - start) * 1e6 / 20000);
        return 0;
    }
    if (nftw(path, collect, 64, FTW_PHYS)) { perror(path); return 1; }
    if (!strcmp(mode, "walk")) {
        printf("%.2f\n", (now() - start) * 1e6 / name_count);
        return 0;
    }
    start = now();
    for (size_t i = 0; i < file_count; i++) {
        if (!strcmp(mode, "all")) {
            bytes += read_whole(files[i]);
        } else {
            int fd = open(files[i], O_RDONLY);
            if (fd < 0 || read(fd, buffer, 4096) < 0) { perror(files[i]); return 1; }
            close(fd);
        }
    }
    double elapsed = now() - start;
    if (!strcmp(mode, "all")) printf("%.0f\n", bytes / elapsed / 1e6);
    else printf("%.2f\n", elapsed * 1e6 / file_count);
    return 0;
}
