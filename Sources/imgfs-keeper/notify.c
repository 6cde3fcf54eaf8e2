#define _GNU_SOURCE
#include "keeper.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

int open_notify_socket(const char *path) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof address.sun_path) {
        errno = ENAMETOOLONG;
        return -1;
    }
    strcpy(address.sun_path, path);
    int descriptor = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (descriptor < 0) return -1;
    int on = 1;
    // The file has the mode that the socket has when it is bound: nobody else may ever write to it.
    if (fchmod(descriptor, 0600) != 0 || setsockopt(descriptor, SOL_SOCKET, SO_PASSCRED, &on, sizeof on) != 0 ||
        (unlink(path) != 0 && errno != ENOENT) || bind(descriptor, (struct sockaddr *)&address, sizeof address) != 0) {
        int error = errno;
        close(descriptor);
        errno = error;
        return -1;
    }
    return descriptor;
}

/// The value of `key` in lines KEY=VALUE; NULL when it is not there.
static const char *value_of(const char *text, const char *key, size_t *length) {
    size_t key_length = strlen(key);
    for (const char *line = text; *line;) {
        size_t line_length = strcspn(line, "\n");
        if (line_length > key_length && line[key_length] == '=' && memcmp(line, key, key_length) == 0) {
            *length = line_length - key_length - 1;
            return line + key_length + 1;
        }
        line += line_length + (line[line_length] == '\n');
    }
    return NULL;
}

static bool is_set(const char *text, const char *key) {
    size_t length = 0;
    const char *value = value_of(text, key, &length);
    return value && length == 1 && *value == '1';
}

/// Reads WATCHDOG_USEC=N. What is no number, or more than a century, is left alone.
static void take_watchdog(const char *text, struct notice *notice) {
    enum { MAXIMUM_DIGITS = 15 };
    size_t length = 0;
    const char *value = value_of(text, "WATCHDOG_USEC", &length);
    if (!value || length == 0 || length > MAXIMUM_DIGITS || strspn(value, "0123456789") < length) return;
    notice->watchdog_microseconds = strtoull(value, NULL, 10);
    notice->sets_watchdog = true;
}

bool receive_notice(int socket, pid_t worker, struct notice *notice) {
    enum { MAXIMUM_PASSED = 253 }; // SCM_MAX_FD
    char text[4096];
    union {
        char space[CMSG_SPACE(sizeof(int) * MAXIMUM_PASSED) + CMSG_SPACE(sizeof(struct ucred))];
        struct cmsghdr alignment;
    } control;
    struct iovec vector = {text, sizeof text - 1};
    struct msghdr message = {
        .msg_iov = &vector, .msg_iovlen = 1, .msg_control = control.space, .msg_controllen = sizeof control.space};
    ssize_t count;
    do {
        count = recvmsg(socket, &message, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
    } while (count < 0 && errno == EINTR);
    if (count < 0) return false;
    text[count] = 0;

    int passed[MAXIMUM_PASSED];
    size_t passed_count = 0;
    pid_t sender = 0;
    for (struct cmsghdr *header = CMSG_FIRSTHDR(&message); header; header = CMSG_NXTHDR(&message, header)) {
        if (header->cmsg_level != SOL_SOCKET) continue;
        if (header->cmsg_type == SCM_RIGHTS) {
            passed_count = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
            memcpy(passed, CMSG_DATA(header), passed_count * sizeof(int));
        } else if (header->cmsg_type == SCM_CREDENTIALS) {
            struct ucred credentials;
            memcpy(&credentials, CMSG_DATA(header), sizeof credentials);
            sender = credentials.pid;
        }
    }
    bool trusted = sender != 0 && sender == worker && !(message.msg_flags & (MSG_TRUNC | MSG_CTRUNC));
    size_t length = 0;
    const char *name = value_of(text, "FDNAME", &length);
    bool store = trusted && is_set(text, "FDSTORE") && name;
    for (size_t i = 0; i < passed_count; i++) {
        if (store)
            keep(passed[i], name, length);
        else
            close(passed[i]);
    }
    if (!trusted) return true;
    if (is_set(text, "FDSTOREREMOVE") && name) let_go(name, length);
    take_watchdog(text, notice);
    notice->ready |= is_set(text, "READY");
    notice->alive |= is_set(text, "WATCHDOG");
    return true;
}
