#pragma once
// _FILE_OFFSET_BITS stays undefined: Swift's Glibc module was built without it, and off_t has 64 bits here anyway.
#define FUSE_USE_VERSION FUSE_MAKE_VERSION(3, 12)
#include <fuse3/fuse_lowlevel.h>
