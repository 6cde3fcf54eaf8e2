#define _GNU_SOURCE
#include "keeper.h"
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

extern char **environ;

static char usual_oom_score[16];

/// -1 when the file is not there or may not be written.
static ssize_t access_oom_score(int flags, char *text, size_t length) {
    int descriptor = open("/proc/self/oom_score_adj", flags | O_CLOEXEC);
    if (descriptor < 0) return -1;
    ssize_t count = flags == O_RDONLY ? read(descriptor, text, length) : write(descriptor, text, length);
    close(descriptor);
    return count;
}

void protect_from_memory_shortage(void) {
    // Ending this process frees next to nothing, and takes every mount along.
    char never[] = "-1000";
    if (access_oom_score(O_RDONLY, usual_oom_score, sizeof usual_oom_score - 1) > 0)
        (void)access_oom_score(O_WRONLY, never, strlen(never));
}

/// The keeper's environment with the variables of the protocol in place of those that the keeper was started with.
static void make_environment(char **result, size_t capacity, char **ours, size_t ours_count) {
    size_t count = 0;
    for (char **entry = environ; *entry && count + ours_count + 1 < capacity; entry++) {
        bool replaced = false;
        for (size_t i = 0; i < ours_count; i++)
            replaced |= strncmp(*entry, ours[i], strcspn(ours[i], "=") + 1) == 0;
        if (!replaced) result[count++] = *entry;
    }
    for (size_t i = 0; i < ours_count; i++) result[count++] = ours[i];
    result[count] = NULL;
}

/// In the new process: gives what is kept the numbers from FIRST_PASSED on.
static bool arrange_descriptors(void) {
    int end = FIRST_PASSED + (int)kept_count;
    for (size_t i = 0; i < kept_count; i++) {
        if (kept[i].descriptor >= end) continue;
        int copy = fcntl(kept[i].descriptor, F_DUPFD_CLOEXEC, end);
        if (copy < 0) return false;
        kept[i].descriptor = copy;
    }
    for (size_t i = 0; i < kept_count; i++)
        if (dup2(kept[i].descriptor, FIRST_PASSED + (int)i) < 0) return false;
    return true;
}

pid_t start_worker(char *const arguments[], const char *notify_path, uint64_t watchdog_microseconds) {
    // The kernel takes no longer variable than 128 KiB.
    static char names[128 << 10];
    static char *environment[4096];
    char count[32], process[32], notify[160], watchdog[64], watchdog_process[40], keeper[40];
    size_t length = (size_t)snprintf(names, sizeof names, "LISTEN_FDNAMES=");
    for (size_t i = 0; i < kept_count; i++) {
        size_t name_length = strlen(kept[i].name);
        if (length + name_length + 2 > sizeof names) {
            complain("the names of what is kept are too long to be passed on");
            break;
        }
        if (i > 0) names[length++] = ':';
        memcpy(names + length, kept[i].name, name_length);
        length += name_length;
    }
    names[length] = 0;
    snprintf(count, sizeof count, "LISTEN_FDS=%zu", kept_count);
    snprintf(notify, sizeof notify, "NOTIFY_SOCKET=%s", notify_path);
    snprintf(watchdog, sizeof watchdog, "WATCHDOG_USEC=%llu", (unsigned long long)watchdog_microseconds);
    snprintf(keeper, sizeof keeper, "IMGFS_KEEPER=%d", (int)getpid());

    pid_t worker = fork();
    if (worker != 0) return worker;
    snprintf(process, sizeof process, "LISTEN_PID=%d", (int)getpid());
    snprintf(watchdog_process, sizeof watchdog_process, "WATCHDOG_PID=%d", (int)getpid());
    // A Swift program that crashes under a toolchain describes that for many seconds, in which readers wait.
    char no_backtrace[] = "SWIFT_BACKTRACE=enable=no";
    char *ours[] = {names, count, process, notify, keeper, watchdog, watchdog_process, no_backtrace};
    size_t ours_count = sizeof ours / sizeof *ours - (getenv("SWIFT_BACKTRACE") ? 1 : 0);
    make_environment(environment, sizeof environment / sizeof *environment, ours, ours_count);
    if (usual_oom_score[0]) (void)access_oom_score(O_WRONLY, usual_oom_score, strlen(usual_oom_score));
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    if (arrange_descriptors()) execve(arguments[0], arguments + 1, environment);
    complain("cannot run %s: %m", arguments[0]);
    _exit(127);
}

bool read_command(int descriptor, char *arguments[MAXIMUM_ARGUMENTS + 1]) {
    static char text[COMMAND_BYTES];
    ssize_t length = pread(descriptor, text, sizeof text, 0);
    if (length <= 0 || length == sizeof text || text[length - 1] != 0 || text[0] != '/') return false;
    size_t count = 0;
    for (ssize_t start = 0; start < length; start += (ssize_t)strlen(text + start) + 1) {
        if (count == MAXIMUM_ARGUMENTS) return false;
        arguments[count++] = text + start;
    }
    arguments[count] = NULL;
    return count >= 2;
}
