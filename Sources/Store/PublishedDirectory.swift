import Glibc
import Logging
import OCI

/// Directories under `layers` and `trees`: sealed, published by rename, removed by rename.
extension Store {
    /// The seal of the directory at `path`, when it is there and its files have the lengths that the seal says.
    /// A damaged directory is removed, to be made again, and counts as not there.
    func seal(of path: String, kind: Seal.Kind) throws(StoreError) -> Seal? {
        switch try SealState.of(path, kind: kind) {
        case .absent: return nil
        case .sound(let seal): return seal
        case .damaged(let problem):
            logger.warning(
                "removing a damaged \(kind.rawValue)", metadata: ["path": "\(path)", "problem": "\(problem)"])
            try remove(path)
            return nil
        }
    }

    /// Whether what the seal covers can be used without looking at all of it again.
    func isTrusted(_ seal: Seal) -> Bool {
        switch seal.writing {
        case .synced: true
        case .during(let written): written == epoch
        }
    }

    /// Seals the directory `staged`, which holds `files`, and gives it the name `path`. When something sound has that
    /// name already, that counts as success, and `staged` is removed.
    func publish(_ staged: String, as path: String, kind: Seal.Kind, files: [Seal.File]) throws(StoreError) {
        let seal = Seal(kind: kind, files: files, writing: .during(epoch))
        try PrivateFile.write(Array(seal.text.utf8), to: staged + "/" + Seal.fileName)
        recent.insert(path)
        for _ in 0..<3 {
            if rename(staged, path) == 0 { return }
            guard errno == EEXIST || errno == ENOTEMPTY else { throw .system("publish \(path)", errno) }
            if let present = try self.seal(of: path, kind: kind) {
                if isTrusted(present) { return try Directory.removeAll(staged) }
                // Of unknown worth; what is in `staged` has just been verified.
                try remove(path)
            }
        }
        throw .system("publish \(path)", EEXIST)
    }

    /// Takes the name away at once, then frees the space. What somebody has open stays readable. What is gone already
    /// is fine.
    func remove(_ path: String) throws(StoreError) {
        if let grave = try bury(path) { try Directory.removeAll(grave) }
    }

    /// Takes the name away and returns where it is now, to be removed; nil when it was gone already.
    func bury(_ path: String) throws(StoreError) -> String? {
        let grave = newStagingPath()
        if rename(path, grave) == 0 { return grave }
        if errno == ENOENT { return nil }
        throw .system("remove \(path)", errno)
    }
}

/// What a look at the seal and the lengths of the files tells about a published directory.
enum SealState: Equatable {
    case absent
    case sound(Seal)
    case damaged(String)

    static func of(_ path: String, kind: Seal.Kind) throws(StoreError) -> SealState {
        var status = stat()
        guard lstat(path, &status) == 0 else {
            if errno == ENOENT { return .absent }
            throw .system("stat \(path)", errno)
        }
        guard status.st_mode & S_IFMT == S_IFDIR else { return .damaged("no directory") }
        let sealPath = path + "/" + Seal.fileName
        guard let bytes = try PrivateFile.read(sealPath, limit: Seal.maximumByteCount) else {
            // A directory without a seal is never published, but it may be on its way out.
            return lstat(path, &status) == 0 ? .damaged("no seal") : .absent
        }
        guard let seal = Seal(parsing: bytes), seal.kind == kind else { return .damaged("unreadable seal") }
        for file in seal.files where file.isNeeded {
            guard lstat(path + "/" + file.name, &status) == 0 else {
                guard errno == ENOENT else { throw .system("stat \(path)/\(file.name)", errno) }
                return lstat(path, &status) == 0 ? .damaged("no file '\(file.name)'") : .absent
            }
            guard status.st_mode & S_IFMT == S_IFREG, Int64(status.st_size) == file.byteCount else {
                return .damaged("'\(file.name)' has \(status.st_size) bytes instead of \(file.byteCount)")
            }
        }
        return .sound(seal)
    }
}
