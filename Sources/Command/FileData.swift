import Glibc

/// The parts of a file that hold data, lseek(2) with SEEK_DATA and SEEK_HOLE.
enum FileData {
    // Glibc hides them from programs without _GNU_SOURCE.
    private static let seekData: Int32 = 3
    private static let seekHole: Int32 = 4

    /// In order. Reads errno when it returns nil.
    static func ranges(of descriptor: Int32, size: UInt64) -> [Range<UInt64>]? {
        var ranges: [Range<UInt64>] = []
        var position: Int = 0
        while position < Int(size) {
            let start = lseek(descriptor, position, seekData)
            if start < 0 { return errno == ENXIO ? ranges : nil }
            let end = lseek(descriptor, start, seekHole)
            guard end > start else { return nil }
            ranges.append(UInt64(start)..<UInt64(end))
            position = end
        }
        return ranges
    }
}
