/// Which ranges of a blob are asked for next, when a stream is joined by parts. Pure: knows numbers only.
///
/// All parts have the same size. What does not fit comes first and is left to the stream that is running, which goes on
/// until the first part is known to come.
struct PartPlan: Sendable, Equatable {
    /// Ranges that were asked for and not wholly taken yet, one after the other without gaps.
    private(set) var open: [Range<Int64>] = []
    private let partByteCount: Int64
    private let maximumCount: Int
    /// First byte that nobody was asked for.
    private var next: Int64
    private let end: Int64

    /// Nil when parts are out of the question: switched off, or too little is missing.
    ///
    /// - Parameters:
    ///   - byteCount: of the whole blob.
    ///   - offset: bytes that are there.
    ///   - leadByteCount: what the stream brings at least, until the first part can be there.
    init?(byteCount: Int64, from offset: Int64, leadByteCount: Int64 = 0, _ settings: PartSettings) {
        let missing = byteCount - offset
        partByteCount = max(settings.byteCount, PartSettings.minimumByteCount)
        maximumCount = settings.maximumCount
        end = byteCount
        guard maximumCount >= 2, missing >= settings.thresholdByteCount else { return nil }
        // At least half a part for the stream: it has something to do until the first part answers.
        let lead = max(partByteCount / 2, leadByteCount)
        let odd = missing % partByteCount
        next = offset + odd + (max(0, lead - odd) + partByteCount - 1) / partByteCount * partByteCount
        guard end - next >= 2 * partByteCount else { return nil }
    }

    /// The ranges to ask for now, so that at most `maximumCount` are open, `reserved` of them somebody else's.
    mutating func begin(reserved: Int = 0) -> [Range<Int64>] {
        var begun: [Range<Int64>] = []
        while open.count < maximumCount - reserved, next < end {
            begun.append(next..<next + partByteCount)
            open.append(next..<next + partByteCount)
            next += partByteCount
        }
        return begun
    }

    /// All bytes before `offset` have been taken: parts that end there are no longer open.
    mutating func take(to offset: Int64) {
        open.removeAll { $0.upperBound <= offset }
    }
}
