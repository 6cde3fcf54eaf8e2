import Content
import Glibc
import Logging
import OCI

/// Puts in order what a former process left: called once, when the store is locked and before anybody uses it.
struct Recovery {
    let paths: StorePaths
    let options: StoreOptions
    let epoch: WriteEpoch
    let logger: Logger

    func run() throws(StoreError) {
        try sweepStaging()
        try removeUnsealed(in: paths.layers, kind: .layer)
        try removeUnsealed(in: paths.trees, kind: .tree)
        try removeLossesOfAnotherBoot()
        try removeUselessPartials()
        try PartialBudget(paths: paths).enforce(options.maximumPartialByteCount, logger: logger) {
            (digest) throws(StoreError) in try Directory.removeAll(paths.partial(digest))
        }
    }

    /// Nothing in there was ever visible.
    private func sweepStaging() throws(StoreError) {
        let names = try Directory.entries(of: paths.staging)
        if !names.isEmpty { logger.info("removing what was left half made", metadata: ["count": "\(names.count)"]) }
        for name in names { try Directory.removeAll(paths.staging + "/" + name) }
    }

    /// A power failure can leave a name without its contents. Those that look whole but were not synced are looked at
    /// when they are wanted.
    private func removeUnsealed(in directory: String, kind: Seal.Kind) throws(StoreError) {
        for name in try Directory.entries(of: directory) {
            let path = directory + "/" + name
            let problem: String
            if Digest(hex: name) == nil {
                problem = "not named by a digest"
            } else if case .damaged(let reason) = try SealState.of(path, kind: kind) {
                problem = reason
            } else {
                continue
            }
            logger.warning(
                "removing a damaged \(kind.rawValue)", metadata: ["path": "\(path)", "problem": "\(problem)"])
            try Directory.removeAll(path)
        }
    }

    /// After a power failure the end of a partial blob may be missing or zeros; fetching the blob again is better than
    /// finding that out at its end. Documents, which are not synced, are small: all of them are looked at.
    private func removeLossesOfAnotherBoot() throws(StoreError) {
        let text = try PrivateFile.read(paths.epoch, limit: Seal.maximumByteCount)
        let former = text.flatMap { WriteEpoch(parsing: String(decoding: $0, as: UTF8.self)) }
        if former == epoch { return }
        if former?.isSameBoot(as: epoch) != true {
            for name in try Directory.entries(of: paths.blobs) {
                let path = paths.blobs + "/" + name
                if name.hasSuffix(StorePaths.partialSuffix) {
                    logger.info("removing part of a blob from before a restart", metadata: ["blob": "\(name)"])
                } else if try isWholeDocument(name, at: path) {
                    continue
                } else {
                    logger.warning("removing a damaged document", metadata: ["path": "\(path)"])
                }
                try Directory.removeAll(path)
            }
        }
        try Directory.removeAll(paths.epoch)
        do throws(StoreError) {
            try PrivateFile.write(Array(epoch.description.utf8), to: paths.epoch)
        } catch  where error.kind == .storeFull {
            // Partial blobs of this boot will then not survive the next start. A full store must open all the same.
            logger.warning("\(error)")
        }
    }

    /// Those of which nothing that can be taken up was kept.
    private func removeUselessPartials() throws(StoreError) {
        for name in try Directory.entries(of: paths.blobs) where name.hasSuffix(StorePaths.partialSuffix) {
            let path = paths.blobs + "/" + name
            if !PartialBlob.isResumable(path) { try Directory.removeAll(path) }
        }
    }

    private func isWholeDocument(_ name: String, at path: String) throws(StoreError) -> Bool {
        guard let digest = Digest(hex: name) else { return false }
        let bytes = try PrivateFile.read(path, limit: options.maximumDocumentByteCount)
        return bytes.map { SHA256.digest(of: $0) == digest } ?? false
    }
}

/// Keeps partial blobs within their limit.
struct PartialBudget {
    let paths: StorePaths

    struct Partial {
        var digest: Digest
        var byteCount: Int64
        var modifiedAtSeconds: Int64
    }

    func all() throws(StoreError) -> [Partial] {
        var partials: [Partial] = []
        for name in try Directory.entries(of: paths.blobs) where name.hasSuffix(StorePaths.partialSuffix) {
            guard let digest = Digest(hex: name.dropLast(StorePaths.partialSuffix.count)) else { continue }
            let path = paths.partial(digest)
            var status = stat()
            guard lstat(path + "/" + LayerFile.data, &status) == 0 else { continue }
            partials.append(
                Partial(
                    digest: digest, byteCount: try Directory.byteCount(ofFilesIn: path),
                    modifiedAtSeconds: Int64(status.st_mtim.tv_sec)))
        }
        return partials
    }

    /// Has the oldest removed until all together have at most `limit` bytes. `remove` leaves those that are being fetched.
    func enforce(
        _ limit: Int64, logger: Logger, remove: (Digest) throws(StoreError) -> Void
    ) throws(StoreError) {
        for digest in Self.excess(of: try all(), over: limit) {
            logger.info("removing part of a blob: over the limit", metadata: ["blob": "\(digest)"])
            try remove(digest)
        }
    }

    /// Which have to go.
    static func excess(of partials: [Partial], over limit: Int64) -> [Digest] {
        var total = partials.reduce(0) { $0 + $1.byteCount }
        return
            partials
            .sorted { ($0.modifiedAtSeconds, $0.digest.hex) < ($1.modifiedAtSeconds, $1.digest.hex) }
            .prefix { partial in
                guard total > limit else { return false }
                total -= partial.byteCount
                return true
            }
            .map(\.digest)
    }
}
