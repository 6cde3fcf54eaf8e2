#pragma once
// Linux system calls and constants that Swift's Glibc module does not show, because they are
// variadic, macros, or in headers that its module map leaves out. _GNU_SOURCE stays undefined.
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <sys/xattr.h>
#include <sys/file.h>
#include <linux/mount.h>
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

/// fsopen(2): a context for a new mount of a file system type. Returns a descriptor, or -1 and errno.
static inline int imgfs_fsopen(const char *type, unsigned int flags) {
    return (int)syscall(SYS_fsopen, type, flags);
}

/// fsconfig(2)
static inline int imgfs_fsconfig(int fd, unsigned int command, const char *key, const void *value, int aux) {
    return (int)syscall(SYS_fsconfig, fd, command, key, value, aux);
}

/// fsmount(2): a detached mount of what the context describes.
static inline int imgfs_fsmount(int fd, unsigned int flags, unsigned int attributes) {
    return (int)syscall(SYS_fsmount, fd, flags, attributes);
}

/// move_mount(2)
static inline int imgfs_move_mount(int from, const char *from_path, int to, const char *to_path, unsigned int flags) {
    return (int)syscall(SYS_move_mount, from, from_path, to, to_path, flags);
}

/// gettid(2)
static inline int imgfs_gettid(void) { return (int)syscall(SYS_gettid); }
