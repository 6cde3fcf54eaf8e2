#define _GNU_SOURCE
#include "keeper.h"
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
    // What a daemon ends with that leaves its mounts to the next one; EX_TEMPFAIL of sysexits.h.
    LEFT_MOUNTS = 75,
    START_MILLISECONDS = 90000,
    LONGEST_PAUSE_MILLISECONDS = 5000,
    // After one that served, or was killed: readers wait, and a deadly request is found out only by deaths.
    LONGEST_PAUSE_AFTER_SERVICE_MILLISECONDS = 400,
    // Who lives this long is no part of a series of failures any more.
    SETTLED_MILLISECONDS = 1000,
    // However long the machine was asleep or overloaded, one look at the clock counts at most this much.
    LONGEST_STEP_MILLISECONDS = 1000,
};

void complain(const char *format, ...) {
    char line[512];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    dprintf(STDERR_FILENO, "imgfs-keeper[%d]: %s\n", (int)getpid(), line);
}

static struct {
    pid_t worker;
    bool is_ready;        // this worker said so
    bool was_ready;       // some worker did
    bool is_ending;       // asked to end
    bool runs_candidate;  // the command is one that has not shown yet that it works
    int64_t age;          // milliseconds since the worker was started
    int64_t silence;      // since its last sign of life
    int64_t pause;        // until the next start; -1 while none is due
    int failures;         // in a row
} state = {.pause = 0};

static int64_t now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * 1000 + time.tv_nsec / 1000000;
}

static bool is_listening(int descriptor) {
    int value = 0;
    socklen_t length = sizeof value;
    return getsockopt(descriptor, SOL_SOCKET, SO_ACCEPTCONN, &value, &length) == 0 && value;
}

static void start(char *const own_command[], const char *notify_path, uint64_t watchdog) {
    char *left[MAXIMUM_ARGUMENTS + 1];
    int descriptor = find_kept("command");
    bool use_left = descriptor >= 0 && read_command(descriptor, left);
    state.worker = start_worker(use_left ? left : own_command, notify_path, watchdog);
    state.is_ready = false;
    state.age = state.silence = 0;
    state.pause = state.worker > 0 ? -1 : LONGEST_PAUSE_MILLISECONDS;
    if (state.worker < 0) complain("fork: %m");
}

/// The worker is gone. What it sent was handled before.
static void handle_end(int status) {
    int code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    state.worker = 0;
    if (code == 0) exit(0);
    if (!state.was_ready) exit(code); // it has told why; whoever started it is waiting
    if (code == LEFT_MOUNTS) {
        state.pause = state.is_ending ? -1 : 0;
        if (state.is_ending) complain("mounts wait for the next command; another signal ends them");
        return;
    }
    if (!state.is_ready && state.runs_candidate) {
        complain("the new program ended before it served (status %d); going back to the old one", code);
        let_go_newest("command");
        state.runs_candidate = false;
        state.pause = 0;
        return;
    }
    state.failures = state.is_ready && state.age >= SETTLED_MILLISECONDS ? 1 : state.failures + 1;
    state.pause = state.failures == 1 ? 0 : 25LL << (state.failures < 10 ? state.failures : 10);
    int64_t longest = state.is_ready || WIFSIGNALED(status) ? LONGEST_PAUSE_AFTER_SERVICE_MILLISECONDS : LONGEST_PAUSE_MILLISECONDS;
    if (state.pause > longest) state.pause = longest;
    complain("the daemon ended (status %d); starting it again in %lld ms", code, (long long)state.pause);
}

static void handle_signal(int number) {
    if (number == SIGCHLD) return;
    if (state.worker > 0)
        kill(state.worker, SIGTERM);
    else if (state.is_ending || !state.was_ready)
        exit(0);
    else
        state.pause = -1;
    state.is_ending = true;
}

static void receive_all(int notify, uint64_t *watchdog) {
    struct notice notice = {0};
    int count = 0;
    int commands = find_kept("command");
    // Bounded, so that a worker that talks without end is still watched.
    while (count++ < 4096 && receive_notice(notify, state.worker, &notice)) {}
    if (find_kept("command") != commands) state.runs_candidate = true;
    if (notice.ready) {
        state.is_ready = state.was_ready = true;
        state.is_ending = false;
        if (state.runs_candidate) let_go_all_but_newest("command");
        state.runs_candidate = false;
        // Who waits for the start reads until this is closed.
        let_go("launcher", strlen("launcher"));
    }
    if (notice.sets_watchdog) *watchdog = notice.watchdog_microseconds;
    if (notice.ready || notice.alive) state.silence = 0;
}

static void watch(int64_t step, uint64_t watchdog) {
    if (state.worker <= 0) {
        if (state.pause > 0) state.pause = state.pause > step ? state.pause - step : 0;
        return;
    }
    state.age += step;
    state.silence += step;
    int64_t limit = state.is_ready ? (int64_t)(watchdog / 1000) : START_MILLISECONDS;
    if (limit == 0 || state.silence < limit) return;
    complain("the daemon gives no sign of life; ending it");
    state.silence = 0;
    kill(state.worker, SIGKILL);
}

int main(int count, char **arguments) {
    const char *notify_path = NULL;
    double watchdog_seconds = 30;
    int next = 1;
    for (; next + 1 < count && arguments[next][0] == '-'; next += 2) {
        if (strcmp(arguments[next], "--notify") == 0) notify_path = arguments[next + 1];
        else if (strcmp(arguments[next], "--watchdog") == 0) watchdog_seconds = strtod(arguments[next + 1], NULL);
        else break;
    }
    if (!notify_path || count - next < 2 || arguments[next][0] != '/' || !(watchdog_seconds >= 0)) {
        complain("usage: imgfs-keeper --notify SOCKET [--watchdog SECONDS] PROGRAM NAME [ARGUMENT]...");
        return 1;
    }
    uint64_t watchdog = (uint64_t)(watchdog_seconds * 1e6);
    adopt_passed();
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
    protect_from_memory_shortage();
    int notify = open_notify_socket(notify_path);
    sigset_t signals;
    sigemptyset(&signals);
    for (size_t i = 0; i < 4; i++) sigaddset(&signals, (int[]){SIGCHLD, SIGTERM, SIGINT, SIGHUP}[i]);
    sigprocmask(SIG_BLOCK, &signals, NULL);
    int signal_descriptor = signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
    if (notify < 0 || signal_descriptor < 0) {
        complain("%s: %m", notify_path);
        return 2;
    }

    int64_t last = now();
    while (true) {
        bool is_waiting = state.worker == 0 && state.pause < 0;
        if (state.worker <= 0 && state.pause == 0) start(arguments + next, notify_path, watchdog);
        struct pollfd ready[16] = {{notify, POLLIN, 0}, {signal_descriptor, POLLIN, 0}};
        nfds_t ready_count = 2;
        for (size_t i = 0; is_waiting && i < kept_count && ready_count < 16; i++)
            if (is_listening(kept[i].descriptor)) ready[ready_count++] = (struct pollfd){kept[i].descriptor, POLLIN, 0};
        int64_t longest = state.worker <= 0 && state.pause > 0 && state.pause < 500 ? state.pause : 500;
        poll(ready, ready_count, is_waiting ? -1 : (int)longest);

        int64_t current = now();
        int64_t step = current - last;
        last = current;
        receive_all(notify, &watchdog);
        struct signalfd_siginfo info;
        while (read(signal_descriptor, &info, sizeof info) == sizeof info) handle_signal((int)info.ssi_signo);
        int status;
        pid_t ended;
        while ((ended = waitpid(-1, &status, WNOHANG)) > 0) {
            if (ended != state.worker) continue;
            // What it sent before it died.
            receive_all(notify, &watchdog);
            handle_end(status);
        }
        for (nfds_t i = 2; i < ready_count; i++)
            if (ready[i].revents) state.pause = 0;
        watch(step < LONGEST_STEP_MILLISECONDS ? step : LONGEST_STEP_MILLISECONDS, watchdog);
    }
}
