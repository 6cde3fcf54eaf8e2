/* Lets the thread sanitizer see the locks of Synchronization.Mutex; Tests/Tools/sanitize links it into what it tests.
 *
 * On Linux the mutex is a priority-inheritance futex. Its fast path is an atomic operation in the program, which the
 * sanitizer sees. When it is contended, functions of libswiftSynchronization and the kernel hand it on, which the
 * sanitizer does not see: it then reports races that are none. Suppressing them would hide real ones in every place
 * that has a mutex. These functions stand before the library's, call them, and say what they did.
 *
 * They take `self`, the address of the mutex, in Swift's context register; the fast path synchronizes on the same one.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#define LOCK_SLOW "$s15Synchronization12_MutexHandleV9_lockSlowyys6UInt32VF"
#define TRY_LOCK_SLOW "$s15Synchronization12_MutexHandleV12_tryLockSlowSbyF"
#define UNLOCK_SLOW "$s15Synchronization12_MutexHandleV11_unlockSlowyyF"

#define SWIFT __attribute__((swiftcall))
#define SELF __attribute__((swift_context)) void *self

void __tsan_acquire(void *address);
void __tsan_release(void *address);

SWIFT void imgfs_lock_slow(uint32_t thread, SELF) __asm__(LOCK_SLOW);
SWIFT bool imgfs_try_lock_slow(SELF) __asm__(TRY_LOCK_SLOW);
SWIFT void imgfs_unlock_slow(SELF) __asm__(UNLOCK_SLOW);

static SWIFT void (*lock_slow)(uint32_t, SELF);
static SWIFT bool (*try_lock_slow)(SELF);
static SWIFT void (*unlock_slow)(SELF);

static void *library_function(const char *name)
{
    void *function = dlsym(RTLD_NEXT, name);

    if (function == NULL) {
        fprintf(stderr, "thread-sanitizer-mutex.c does not fit this Swift: no %s\n", name);
        abort();
    }
    return function;
}

/* Before any other thread can want a mutex. */
__attribute__((constructor)) static void find_library_functions(void)
{
    lock_slow = library_function(LOCK_SLOW);
    try_lock_slow = library_function(TRY_LOCK_SLOW);
    unlock_slow = library_function(UNLOCK_SLOW);
}

SWIFT void imgfs_lock_slow(uint32_t thread, SELF)
{
    lock_slow(thread, self);
    __tsan_acquire(self);
}

SWIFT bool imgfs_try_lock_slow(SELF)
{
    bool locked = try_lock_slow(self);

    if (locked)
        __tsan_acquire(self);
    return locked;
}

SWIFT void imgfs_unlock_slow(SELF)
{
    __tsan_release(self);
    unlock_slow(self);
}
