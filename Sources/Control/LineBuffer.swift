/// Cuts a stream of bytes into lines.
struct LineBuffer {
    /// Bytes of a line without its newline; for both directions of a control connection.
    static let maximumLineByteCount = 4 << 20

    private var bytes: [UInt8] = []
    /// Everything before it has no newline.
    private var searchStart = 0

    /// Takes up `more`. Throws when a line gets longer than the limit.
    mutating func append(_ more: some Collection<UInt8>) throws(ControlError) {
        bytes.append(contentsOf: more)
        guard bytes.count > Self.maximumLineByteCount else { return }
        let newline = bytes[searchStart...].firstIndex(of: UInt8(ascii: "\n"))
        if newline ?? bytes.count > Self.maximumLineByteCount { throw .lineTooLong }
    }

    /// The next whole line, without its newline; nil when none is there yet.
    mutating func next() -> [UInt8]? {
        guard let newline = bytes[searchStart...].firstIndex(of: UInt8(ascii: "\n")) else {
            searchStart = bytes.count
            return nil
        }
        let line = Array(bytes[..<newline])
        bytes.removeSubrange(...newline)
        searchStart = 0
        return line
    }

    var isEmpty: Bool { bytes.isEmpty }
}
