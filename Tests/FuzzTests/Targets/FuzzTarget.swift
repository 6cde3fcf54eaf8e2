/// One reader of bytes from outside, as a function that a fuzzer calls with whatever it makes up.
///
/// A target returns for every input. What must not be is a crash, a finding of a sanitizer, or a broken promise of the
/// reader: those trap.
struct FuzzTarget: Sendable {
    /// Also the directory of its corpus below `Corpus`.
    let name: String
    let run: @Sendable (UnsafeRawBufferPointer) -> Void

    static let all: [FuzzTarget] = [
        FuzzTarget(name: "tar", run: fuzzTar),
        FuzzTarget(name: "gzip", run: fuzzGzip),
        FuzzTarget(name: "zstd", run: fuzzZstd),
        FuzzTarget(name: "documents", run: fuzzDocuments),
        FuzzTarget(name: "references", run: fuzzReferences),
        FuzzTarget(name: "challenges", run: fuzzChallenges),
        FuzzTarget(name: "authfile", run: fuzzAuthFile),
        FuzzTarget(name: "control", run: fuzzControl),
        FuzzTarget(name: "layer-index", run: fuzzLayerIndex),
        FuzzTarget(name: "tree", run: fuzzTree),
        FuzzTarget(name: "checkpoints", run: fuzzCheckpoints),
    ]
}

extension UnsafeRawBufferPointer {
    /// The bytes from `start` on; none when there are fewer.
    func after(_ start: Int) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(rebasing: self[Swift.min(start, count)...])
    }

    /// As UTF-8, repaired.
    var text: String { String(decoding: self, as: UTF8.self) }
}
