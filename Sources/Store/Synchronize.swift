import Glibc

extension Store {
    /// Brings published layers and trees to the disk, so that they survive a power failure. Meant for quiet moments:
    /// readers do not wait for it. Returns how many it did; those that were synced before cost one look each.
    @discardableResult
    public func syncPublished() throws(StoreError) -> Int {
        var done = 0
        for (directory, kind) in [(paths.layers, Seal.Kind.layer), (paths.trees, .tree)] {
            for name in try Directory.entries(of: directory) {
                let path = directory + "/" + name
                guard case .sound(let seal) = try SealState.of(path, kind: kind), seal.writing == .during(epoch) else {
                    continue
                }
                try synchronize(path, seal: seal)
                done += 1
            }
        }
        return done
    }

    /// Syncs one published directory and says so in its seal, which names what is there. One that is removed meanwhile is
    /// fine.
    func synchronize(_ path: String, seal: Seal) throws(StoreError) {
        var files: [Seal.File] = []
        for file in seal.files {
            guard let open = try PrivateFile.open(path + "/" + file.name, O_RDONLY) else {
                if file.isNeeded { return }
                continue
            }
            try open.synchronize()
            files.append(file)
        }
        try Directory.synchronizeIfPresent(path)
        // Before the seal promises anything, the directory's own name must be there to stay.
        try Directory.synchronize(String(path[..<(path.lastIndex(of: "/") ?? path.endIndex)]))

        let synced = Seal(kind: seal.kind, files: files, writing: .synced)
        let staged = newStagingPath()
        do throws(StoreError) {
            let file = try PrivateFile.create(staged)
            try file.write(Array(synced.text.utf8))
            try file.synchronize()
        } catch {
            try Directory.removeAll(staged)
            throw error
        }
        guard rename(staged, path + "/" + Seal.fileName) == 0 else {
            let code = errno
            try Directory.removeAll(staged)
            if code == ENOENT { return }
            throw .system("seal \(path)", code)
        }
        try Directory.synchronizeIfPresent(path)
    }
}
