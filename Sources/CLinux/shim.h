#pragma once
// Linux system calls and constants that Swift's Glibc module does not show, because they are
// variadic, macros, or in headers that its module map leaves out. _GNU_SOURCE stays undefined.
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <sys/xattr.h>
#include <sys/file.h>
#include <linux/mount.h>
#include <linux/stat.h>
#include <errno.h>
#include <signal.h>
#include <spawn.h>
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

// sys/uio.h declares it for _GNU_SOURCE only.
extern ssize_t preadv2(int fd, const struct iovec *vectors, int count, off_t offset, int flags);
/// preadv2(2) with RWF_NOWAIT: bytes that are in the page cache. -1 with EAGAIN when they are not, and with EOPNOTSUPP on
/// file systems that cannot tell.
static inline ssize_t imgfs_read_cached(int fd, void *bytes, size_t count, off_t offset) {
    struct iovec vector = {bytes, count};
    return preadv2(fd, &vector, 1, offset, 0x8 /* RWF_NOWAIT */);
}

/// gettid(2)
static inline int imgfs_gettid(void) { return (int)syscall(SYS_gettid); }

/// accept4(2) with SOCK_CLOEXEC and SOCK_NONBLOCK, without the peer's address.
static inline int imgfs_accept(int socket) {
    return (int)syscall(SYS_accept4, socket, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
}

/// SO_PEERCRED of a connected Unix socket, unix(7): who called connect(2). Returns 0, or -1 and errno.
static inline int imgfs_peer_credentials(int socket, int *process, unsigned int *user, unsigned int *group) {
    struct { int process; unsigned int user, group; } peer = {0, 0, 0};
    socklen_t length = sizeof peer;
    if (getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &peer, &length) != 0) return -1;
    *process = peer.process;
    *user = peer.user;
    *group = peer.group;
    return 0;
}

/// sendmsg(2) of bytes and, unless `descriptor` is negative, of one descriptor with them (SCM_RIGHTS). No SIGPIPE.
static inline ssize_t imgfs_send(int socket, const void *bytes, size_t count, int descriptor, int flags) {
    struct iovec vector = {(void *)bytes, count};
    union { char space[CMSG_SPACE(sizeof(int))]; struct cmsghdr header; } control;
    struct msghdr message = {0};
    message.msg_iov = &vector;
    message.msg_iovlen = 1;
    if (descriptor >= 0) {
        message.msg_control = control.space;
        message.msg_controllen = sizeof control.space;
        struct cmsghdr *header = CMSG_FIRSTHDR(&message);
        header->cmsg_level = SOL_SOCKET;
        header->cmsg_type = SCM_RIGHTS;
        header->cmsg_len = CMSG_LEN(sizeof(int));
        *(int *)CMSG_DATA(header) = descriptor;
    }
    return sendmsg(socket, &message, flags | MSG_NOSIGNAL);
}

/// recvmsg(2) of bytes and of at most one descriptor; `*descriptor` is -1 when none came. What comes is close-on-exec.
static inline ssize_t imgfs_receive(int socket, void *bytes, size_t count, int *descriptor, int flags) {
    struct iovec vector = {bytes, count};
    union { char space[CMSG_SPACE(sizeof(int))]; struct cmsghdr header; } control;
    struct msghdr message = {0};
    message.msg_iov = &vector;
    message.msg_iovlen = 1;
    message.msg_control = control.space;
    message.msg_controllen = sizeof control.space;
    *descriptor = -1;
    ssize_t received = recvmsg(socket, &message, flags | MSG_CMSG_CLOEXEC);
    if (received < 0) return received;
    for (struct cmsghdr *header = CMSG_FIRSTHDR(&message); header; header = CMSG_NXTHDR(&message, header))
        if (header->cmsg_level == SOL_SOCKET && header->cmsg_type == SCM_RIGHTS && header->cmsg_len >= CMSG_LEN(sizeof(int)))
            *descriptor = *(int *)CMSG_DATA(header);
    return received;
}

/// umount2(2)
static inline int imgfs_umount(const char *target, int flags) { return (int)syscall(SYS_umount2, target, flags); }

/// Enters the mount namespace that `descriptor` refers to, setns(2). The calling thread alone leaves the old one.
static inline int imgfs_enter_mount_namespace(int descriptor) {
    if (syscall(SYS_unshare, 0x00000200 /* CLONE_FS */) != 0) return -1;
    return (int)syscall(SYS_setns, descriptor, 0x00020000 /* CLONE_NEWNS */);
}

/// statx(2) of an open file without asking a file system's server: the device number. Returns 0, or -1 and errno.
static inline int imgfs_device_of(int fd, unsigned int *major, unsigned int *minor) {
    struct statx result;
    // AT_EMPTY_PATH | AT_STATX_DONT_SYNC, which are only defined under _GNU_SOURCE; no field is asked for.
    if (syscall(SYS_statx, fd, "", 0x1000 | 0x4000, 0, &result) != 0) return -1;
    *major = result.stx_dev_major;
    *minor = result.stx_dev_minor;
    return 0;
}

/// fcntl(2): makes a descriptor non-blocking.
static inline int imgfs_set_nonblocking(int fd) { return fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK); }
/// prctl(2), PR_SET_NAME: names the calling thread. The kernel keeps the first 15 bytes.
static inline int imgfs_set_thread_name(const char *name) { return prctl(PR_SET_NAME, name, 0, 0, 0); }
// spawn.h declares these for _GNU_SOURCE only.
extern int posix_spawn_file_actions_addclosefrom_np(posix_spawn_file_actions_t *actions, int from);
extern int posix_spawn_file_actions_addchdir_np(posix_spawn_file_actions_t *actions, const char *path);

/// statx(2): which mount an open file was reached through; unique for a whole boot from Linux 6.8 on.
/// Returns 0, or -1 and errno.
static inline int imgfs_mount_id(int fd, unsigned long *mount) {
    struct statx result;
    // AT_EMPTY_PATH; STATX_MNT_ID | STATX_MNT_ID_UNIQUE, of which a kernel takes the newest it knows.
    if (syscall(SYS_statx, fd, "", 0x1000, 0x1000 | 0x4000, &result) != 0) return -1;
    *mount = result.stx_mnt_id;
    return 0;
}

/// openat2(2): opens `path` beneath `directory` as if that were the root; nothing leads out. Adds O_CLOEXEC.
/// Returns a descriptor, or -1 and errno.
static inline int imgfs_open_in_root(int directory, const char *path, int flags) {
    // struct open_how, RESOLVE_NO_MAGICLINKS | RESOLVE_IN_ROOT; linux/openat2.h clashes with fcntl.h in places.
    struct { unsigned long long flags, mode, resolve; } how = {(unsigned)flags | O_CLOEXEC, 0, 0x02 | 0x10};
    return (int)syscall(SYS_openat2, directory, path, &how, sizeof how);
}

/// openat2(2): opens or makes `path` beneath `directory`; neither a symbolic link nor `..` leads anywhere. Adds O_CLOEXEC.
/// Returns a descriptor, or -1 and errno.
static inline int imgfs_open_beneath(int directory, const char *path, int flags, unsigned int mode) {
    // RESOLVE_NO_MAGICLINKS | RESOLVE_NO_SYMLINKS | RESOLVE_BENEATH
    struct { unsigned long long flags, mode, resolve; } how = {(unsigned)flags | O_CLOEXEC, mode, 0x02 | 0x04 | 0x08};
    return (int)syscall(SYS_openat2, directory, path, &how, sizeof how);
}

/// sendmsg(2) of one datagram with up to 253 descriptors (SCM_MAX_FD). No SIGPIPE.
static inline ssize_t imgfs_send_datagram(
    int socket, const void *bytes, size_t count, const int *descriptors, size_t descriptor_count) {
    struct iovec vector = {(void *)bytes, count};
    union { char space[CMSG_SPACE(253 * sizeof(int))]; struct cmsghdr header; } control;
    struct msghdr message = {0};
    message.msg_iov = &vector;
    message.msg_iovlen = 1;
    if (descriptor_count > 253) { errno = EINVAL; return -1; }
    if (descriptor_count > 0) {
        message.msg_control = control.space;
        message.msg_controllen = CMSG_SPACE(descriptor_count * sizeof(int));
        struct cmsghdr *header = CMSG_FIRSTHDR(&message);
        header->cmsg_level = SOL_SOCKET;
        header->cmsg_type = SCM_RIGHTS;
        header->cmsg_len = CMSG_LEN(descriptor_count * sizeof(int));
        __builtin_memcpy(CMSG_DATA(header), descriptors, descriptor_count * sizeof(int));
    }
    return sendmsg(socket, &message, MSG_NOSIGNAL);
}

/// memfd_create(2), close-on-exec, of `size` bytes of zeros below which it can never shrink. Returns a descriptor, or -1.
static inline int imgfs_memory_file(const char *name, long size) {
    int fd = (int)syscall(SYS_memfd_create, name, 0x0001 | 0x0002 /* MFD_CLOEXEC | MFD_ALLOW_SEALING */);
    if (fd < 0) return -1;
    // F_ADD_SEALS with F_SEAL_SHRINK: what is mapped stays there.
    if (ftruncate(fd, size) == 0 && fcntl(fd, 1024 + 9, 0x0002) == 0) return fd;
    int error = errno;
    close(fd);
    errno = error;
    return -1;
}

/// F_GET_SEALS: whether a memory file can no longer shrink.
static inline int imgfs_cannot_shrink(int fd) {
    int seals = fcntl(fd, 1024 + 10);
    return seals >= 0 && (seals & 0x0002) != 0;
}

/// Where the first fatal signal of the process is noted. A variable of a function, since Swift links no other.
struct imgfs_fatal_note {
    volatile unsigned int *signal, *thread;
    struct sigaction former[32];
};
static inline struct imgfs_fatal_note *imgfs_find_fatal_note(void) {
    static struct imgfs_fatal_note note;
    return &note;
}

static inline void imgfs_fatal(int signal, siginfo_t *info, void *context) {
    (void)context;
    struct imgfs_fatal_note *note = imgfs_find_fatal_note();
    if (*note->signal == 0) {
        *note->thread = (unsigned int)syscall(SYS_gettid);
        *note->signal = (unsigned int)signal;
    }
    // What would have happened happens now: a fault by its instruction, anything else by its signal once more.
    sigaction(signal, &note->former[signal], NULL);
    if (info->si_code <= 0 || signal == SIGTRAP) syscall(SYS_tgkill, getpid(), syscall(SYS_gettid), signal);
}

/// Notes the signal that ends the process, and the thread that it hit, before it has its usual effect.
static inline void imgfs_note_fatal_signals(unsigned int *signal, unsigned int *thread) {
    const int fatal[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP, SIGABRT};
    struct imgfs_fatal_note *note = imgfs_find_fatal_note();
    note->signal = signal;
    note->thread = thread;
    for (unsigned int i = 0; i < sizeof fatal / sizeof *fatal; i++) {
        struct sigaction action = {.sa_sigaction = imgfs_fatal, .sa_flags = SA_SIGINFO | SA_ONSTACK};
        sigaction(fatal[i], &action, &note->former[fatal[i]]);
    }
}
