#include "keeper.h"
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct kept kept[MAXIMUM_DESCRIPTORS];
size_t kept_count;

/// systemd's rule: printable ASCII without a colon, which separates the names in LISTEN_FDNAMES.
static bool is_name(const char *name, size_t length) {
    if (length == 0 || length > MAXIMUM_NAME) return false;
    for (size_t i = 0; i < length; i++)
        if (name[i] <= ' ' || name[i] >= 127 || name[i] == ':') return false;
    return true;
}

void keep(int descriptor, const char *name, size_t length) {
    if (kept_count == MAXIMUM_DESCRIPTORS || !is_name(name, length)) {
        complain("refused a descriptor: %s", kept_count == MAXIMUM_DESCRIPTORS ? "too many" : "bad name");
        close(descriptor);
        return;
    }
    struct kept *entry = &kept[kept_count++];
    entry->descriptor = descriptor;
    memcpy(entry->name, name, length);
    entry->name[length] = 0;
}

/// Closes those of a name at the positions from `first` to before `end`.
static void let_go_between(const char *name, size_t length, size_t first, size_t end) {
    size_t count = first;
    for (size_t i = first; i < kept_count; i++) {
        if (i < end && strlen(kept[i].name) == length && memcmp(kept[i].name, name, length) == 0) {
            close(kept[i].descriptor);
        } else {
            if (count != i) kept[count] = kept[i];
            count++;
        }
    }
    kept_count = count;
}

/// The position of the one that was kept last, or `kept_count`.
static size_t newest(const char *name) {
    for (size_t i = kept_count; i > 0; i--)
        if (strcmp(kept[i - 1].name, name) == 0) return i - 1;
    return kept_count;
}

void let_go(const char *name, size_t length) { let_go_between(name, length, 0, kept_count); }

void let_go_newest(const char *name) {
    if (newest(name) < kept_count) let_go_between(name, strlen(name), newest(name), kept_count);
}

void let_go_all_but_newest(const char *name) { let_go_between(name, strlen(name), 0, newest(name)); }

int find_kept(const char *name) {
    size_t position = newest(name);
    return position < kept_count ? kept[position].descriptor : -1;
}

void adopt_passed(void) {
    const char *text = getenv("LISTEN_FDS");
    const char *names = getenv("LISTEN_FDNAMES");
    long count = text ? strtol(text, NULL, 10) : 0;
    for (long i = 0; i < count && i < MAXIMUM_DESCRIPTORS; i++) {
        int descriptor = FIRST_PASSED + (int)i;
        size_t length = names ? strcspn(names, ":") : 0;
        if (fcntl(descriptor, F_SETFD, FD_CLOEXEC) == 0)
            keep(descriptor, length ? names : "unknown", length ? length : strlen("unknown"));
        if (names) names += length + (names[length] == ':');
    }
}
