import Glibc
public import LayerIndex
import Logging
public import OCI
public import SystemPackage

/// What `verify` found about one object.
public struct VerifyFinding: Sendable, Equatable {
    public var object: StoreObject
    /// What is wrong with it; nil when it is right.
    public var problem: String?
    /// Bytes that were looked at.
    public var byteCount: Int64
}

/// What the store cannot judge by itself.
public enum VerifySubject {
    /// The tree of this chain.
    case tree(Digest, LoadedFile)
    /// The checkpoints of a layer, and its archive, which has been found to be right.
    case checkpoints(diffID: Digest, LoadedFile, archive: FileDescriptor)
}

/// What `verify` found in all.
public struct VerifyReport: Sendable, Equatable {
    public var objectCount = 0
    public var byteCount: Int64 = 0
    public var problems: [VerifyFinding] = []
    /// False when it was told to stop before it had seen everything.
    public var isComplete = true
}

extension Store {
    /// Looks at every byte in the store: layers are hashed against their diffIDs, their indexes and the trees checked,
    /// documents hashed, the catalogue examined. Blocks for as long as reading everything takes.
    ///
    /// - Parameters:
    ///   - removesDamaged: damaged objects are removed, to be fetched or made again when they are wanted; a layer does
    ///     without checkpoints from then on. An image that is mounted goes on with what it has open.
    ///   - check: says what is wrong with the subject; nil when nothing is.
    ///   - isCancelled: asked often; true ends the work.
    ///   - progress: called after each object.
    public func verify(
        removesDamaged: Bool = true, check: (VerifySubject) -> String? = { _ in nil },
        isCancelled: () -> Bool = { false }, progress: (VerifyFinding) -> Void = { _ in }
    ) throws(StoreError) -> VerifyReport {
        var report = VerifyReport()
        for object in [.catalogue] + (try objects().flatMap(\.parts)) {
            let problem = try problem(with: object, check: check, isCancelled: isCancelled)
            if isCancelled() {
                report.isComplete = false
                break
            }
            // Removed by somebody while it was looked at: not there, not wrong. Layers may have no checkpoints.
            if !isPresent(object) { continue }
            let finding = VerifyFinding(object: object, problem: problem, byteCount: try byteCount(of: object))
            report.objectCount += 1
            report.byteCount += finding.byteCount
            if let problem {
                logger.error("damaged", metadata: ["object": "\(object)", "problem": "\(problem)"])
                report.problems.append(finding)
                if removesDamaged { try remove(object) }
            }
            progress(finding)
        }
        return report
    }

    private func isPresent(_ object: StoreObject) -> Bool { access(path(of: object), F_OK) == 0 }

    private func problem(
        with object: StoreObject, check: (VerifySubject) -> String?, isCancelled: () -> Bool
    ) throws(StoreError) -> String? {
        let path = path(of: object)
        switch object {
        case .layer(let diffID):
            if case .damaged(let problem) = try SealState.of(path, kind: .layer) { return problem }
            return try LayerCheck.problem(of: diffID, at: path, isCancelled: isCancelled)
        case .checkpoints(let diffID):
            // Those that may not have reached the disk go when the layer is opened.
            guard case .sound(let seal) = try SealState.of(paths.layer(diffID), kind: .layer), isTrusted(seal),
                let checkpoints = try LoadedFile.open(path),
                let archive = try PrivateFile.open(paths.layer(diffID) + "/" + LayerFile.data, O_RDONLY)
            else { return nil }
            return withExtendedLifetime(archive) {
                check(.checkpoints(diffID: diffID, checkpoints, archive: archive.descriptor))
            }
        case .tree(let chainID):
            if case .damaged(let problem) = try SealState.of(path, kind: .tree) { return problem }
            guard let tree = try LoadedFile.open(path + "/" + Self.treeFile) else { return "no tree" }
            return check(.tree(chainID, tree))
        case .document(let digest):
            guard let file = try PrivateFile.open(path, O_RDONLY) else { return "no document" }
            guard let found = try LayerCheck.digest(of: file, isCancelled: isCancelled) else { return nil }
            return found == digest ? nil : "it has the digest \(found)"
        case .partial: return nil
        case .catalogue: return try catalogue.problem()
        }
    }
}

extension StoreObject {
    /// What is looked at one after the other: the checkpoints after the layer, with whose archive they are compared.
    fileprivate var parts: [StoreObject] {
        if case .layer(let diffID) = self { return [self, .checkpoints(diffID)] }
        return [self]
    }
}
