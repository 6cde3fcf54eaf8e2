import Glibc

/// Takes a bundle away: its mounts, its changes, its files.
struct BundleRemoval {
    let directory: BundleDirectory

    /// The directory itself goes as well, unless it has files that imgfs did not put there.
    func run() throws(CommandFailure) {
        let mounts = BundleMounts(directory: directory)
        try mounts.unmountAll(lazily: false)
        for path in [directory.changes, directory.mountPoints, directory.root, directory.image] {
            try DirectoryRemoval.remove(path)
        }
        for file in [directory.config, directory.recordFile] {
            guard unlink(file) == 0 || errno == ENOENT else { throw BundleDirectory.failure("delete", file) }
        }
        guard rmdir(directory.path) == 0 || errno == ENOTEMPTY || errno == EBUSY else {
            throw BundleDirectory.failure("delete", directory.path)
        }
    }
}
