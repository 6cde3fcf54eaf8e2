#pragma once
// _FILE_OFFSET_BITS stays undefined: Swift's Glibc module was built without it, and off_t has 64 bits here anyway.
#define FUSE_USE_VERSION FUSE_MAKE_VERSION(3, 12)
#include <fuse3/fuse_lowlevel.h>
#include <linux/fuse.h>

/// fuse_session_new(3), which newer versions of libfuse define as a macro. `operations` is copied.
static inline struct fuse_session *
imgfs_fuse_session_new(const struct fuse_lowlevel_ops *operations, void *userdata) {
    char name[] = "imgfs";
    char *argv[] = {name, 0};
    struct fuse_args args = FUSE_ARGS_INIT(1, argv);
    struct fuse_session *session = fuse_session_new(&args, operations, sizeof *operations, userdata);
    fuse_opt_free_args(&args);
    return session;
}
