// The keeper: holds what must outlive the daemon (sd_notify(3), FDSTORE=1) and starts the daemon again when it dies.
//
// It is C because it has to be small: it is there as long as anything is mounted. It allocates nothing, reads no file
// but its own /proc entries, and understands nothing of what it holds.
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum {
    // A mount takes two; systemd's limit of a name is 255 bytes.
    MAXIMUM_DESCRIPTORS = 8192,
    MAXIMUM_NAME = 255,
    FIRST_PASSED = 3, // SD_LISTEN_FDS_START
    COMMAND_BYTES = 64 << 10,
    MAXIMUM_ARGUMENTS = 256,
};

/// A descriptor and what the daemon calls it.
struct kept {
    int descriptor;
    char name[MAXIMUM_NAME + 1];
};

// store.c
extern struct kept kept[MAXIMUM_DESCRIPTORS];
extern size_t kept_count;
/// Takes the descriptor, or closes it when there is no room or the name is not one.
void keep(int descriptor, const char *name, size_t length);
/// Closes all that have this name.
void let_go(const char *name, size_t length);
/// Closes the one that was kept last under this name; or all others.
void let_go_newest(const char *name);
void let_go_all_but_newest(const char *name);
/// The one that was kept last under this name, or -1.
int find_kept(const char *name);
/// Takes what the process was started with: LISTEN_FDS and LISTEN_FDNAMES, sd_listen_fds(3).
void adopt_passed(void);

// notify.c
/// What a message asked for besides keeping descriptors.
struct notice {
    bool ready, alive;
    // How long the worker may be silent from now on, 0 for ever; meant when the other is true.
    uint64_t watchdog_microseconds;
    bool sets_watchdog;
};
/// Makes the socket that the daemon writes to; -1 and errno when it cannot be made.
int open_notify_socket(const char *path);
/// Handles one message, if it is from `worker`. False when there is none.
bool receive_notice(int socket, pid_t worker, struct notice *notice);

// worker.c
/// Starts the program with everything that is kept. `arguments` ends with a null pointer. -1 when it cannot be started.
pid_t start_worker(char *const arguments[], const char *notify_path, uint64_t watchdog_microseconds);
/// Sets how readily the kernel ends this process when memory is short, and remembers the former value for workers.
void protect_from_memory_shortage(void);
/// Reads a command that the daemon left, NUL-terminated strings, into `arguments`. False when it is none.
bool read_command(int descriptor, char *arguments[MAXIMUM_ARGUMENTS + 1]);

// main.c
void complain(const char *format, ...) __attribute__((format(printf, 1, 2)));
