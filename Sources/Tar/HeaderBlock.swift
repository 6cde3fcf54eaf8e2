/// A header block and the layouts that the dialects give it. See tar(5) of FreeBSD and "Basic Tar Format" of GNU tar.
struct HeaderBlock {
    static let byteCount = 512

    enum Dialect {
        /// Nothing behind the link name has a meaning.
        case v7
        case ustar
        /// Jörg Schilling's star and xstar: a shorter prefix, times, and "tar" in the last four bytes.
        case star
        case gnu
    }

    private let bytes: UnsafeRawBufferPointer

    /// The memory must hold `byteCount` bytes for as long as the value is in use.
    init(_ start: UnsafeRawPointer) {
        bytes = UnsafeRawBufferPointer(start: start, count: Self.byteCount)
    }

    var isZero: Bool {
        // Nearly every header begins with a name, so this is nearly always decided by the first byte.
        bytes[0] == 0 && bytes.allSatisfy { $0 == 0 }
    }

    /// The sum of all bytes with the checksum field taken as spaces; some old tars added signed bytes.
    var hasValidChecksum: Bool {
        guard let stored = try? NumericField.value(of: field(148, 8)) else { return false }
        var sum: Int32 = 0
        for byte in bytes { sum &+= Int32(byte) }
        for position in 148..<156 { sum &+= 32 &- Int32(bytes[position]) }
        if Int64(sum) == stored { return true }
        var signedSum: Int32 = 0
        for byte in bytes { signedSum &+= Int32(Int8(bitPattern: byte)) }
        for position in 148..<156 { signedSum &+= 32 &- Int32(Int8(bitPattern: bytes[position])) }
        return Int64(signedSum) == stored
    }

    var dialect: Dialect {
        if matches("ustar\0", at: 257) { return matches("tar\0", at: 508) ? .star : .ustar }
        return matches("ustar  \0", at: 257) ? .gnu : .v7
    }

    var typeFlag: UInt8 { bytes[156] }
    var name: UnsafeRawBufferPointer { text(0, 100) }
    var linkName: UnsafeRawBufferPointer { text(157, 100) }
    var mode: UnsafeRawBufferPointer { field(100, 8) }
    var userID: UnsafeRawBufferPointer { field(108, 8) }
    var groupID: UnsafeRawBufferPointer { field(116, 8) }
    var size: UnsafeRawBufferPointer { field(124, 12) }
    var modificationTime: UnsafeRawBufferPointer { field(136, 12) }
    var deviceMajor: UnsafeRawBufferPointer { field(329, 8) }
    var deviceMinor: UnsafeRawBufferPointer { field(337, 8) }

    /// What stands before `name` and a slash; empty when there is no such thing.
    var prefix: UnsafeRawBufferPointer {
        switch dialect {
        case .v7: field(345, 0)
        case .ustar: text(345, 155)
        case .star: text(345, 131)
        case .gnu: prefixOfOldGo
        }
    }

    /// Go before 1.8, and docker built with it, wrote long names into a ustar prefix although it had marked the header as
    /// GNU, where access and change time stand in this place. It is a prefix when it does not read as these times.
    private var prefixOfOldGo: UnsafeRawBufferPointer {
        let areTimes = [field(345, 12), field(357, 12)].allSatisfy { time in
            time[0] == 0 || (try? NumericField.value(of: time)) != nil
        }
        let prefix = text(345, 155)
        return areTimes || prefix.contains { $0 >= 0x80 } ? field(345, 0) : prefix
    }

    /// Bytes of a field as they are.
    func field(_ offset: Int, _ count: Int) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(rebasing: bytes[offset..<offset + count])
    }

    /// A field up to its first NUL.
    private func text(_ offset: Int, _ count: Int) -> UnsafeRawBufferPointer {
        var end = offset
        while end < offset + count, bytes[end] != 0 { end += 1 }
        return field(offset, end - offset)
    }

    private func matches(_ literal: StaticString, at offset: Int) -> Bool {
        field(offset, literal.utf8CodeUnitCount).equals(literal)
    }
}

extension UnsafeRawBufferPointer {
    func equals(_ literal: StaticString) -> Bool {
        count == literal.utf8CodeUnitCount && hasPrefix(literal)
    }

    func hasPrefix(_ literal: StaticString) -> Bool {
        guard count >= literal.utf8CodeUnitCount else { return false }
        for position in 0..<literal.utf8CodeUnitCount where self[position] != literal.utf8Start[position] {
            return false
        }
        return true
    }
}
