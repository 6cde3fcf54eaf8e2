/// A header block to write, in the ustar format. What does not fit is cut; a PAX header then says the truth.
struct PlainHeader {
    var path: [UInt8]
    var linkPath: [UInt8]
    var mode: UInt16
    var userID: UInt32
    var groupID: UInt32
    var size: UInt64
    var modificationSeconds: Int64
    var type: UInt8
    var deviceMajor: UInt32 = 0
    var deviceMinor: UInt32 = 0

    static let pathByteCount = 100
    /// Seven octal digits.
    static let maximumIdentifier: UInt32 = 0o7_777_777
    /// Eleven octal digits.
    static let maximumSize: UInt64 = 0o77_777_777_777

    static func hasRoom(forSeconds seconds: Int64) -> Bool { (0...Int64(maximumSize)).contains(seconds) }

    init(_ entry: TarEntry, storedByteCount: UInt64) {
        path = entry.path
        linkPath = entry.linkPath
        mode = entry.mode
        userID = entry.userID
        groupID = entry.groupID
        size = entry.kind == .regular ? storedByteCount : 0
        modificationSeconds = entry.modificationSeconds
        deviceMajor = entry.deviceMajor
        deviceMinor = entry.deviceMinor
        type =
            switch entry.kind {
            case .regular: UInt8(ascii: "0")
            case .hardLink: UInt8(ascii: "1")
            case .symbolicLink: UInt8(ascii: "2")
            case .characterDevice: UInt8(ascii: "3")
            case .blockDevice: UInt8(ascii: "4")
            case .directory: UInt8(ascii: "5")
            case .fifo: UInt8(ascii: "6")
            }
    }

    /// The block before the PAX header of `entry`.
    init(extendedHeaderOf entry: TarEntry, byteCount: UInt64) {
        path = Array("PaxHeaders/".utf8) + TarWriter.lastComponent(entry.path).prefix(80)
        linkPath = []
        mode = 0o644
        userID = 0
        groupID = 0
        size = byteCount
        modificationSeconds = 0
        type = UInt8(ascii: "x")
    }

    var block: [UInt8] {
        var bytes = TarWriter.zeros(TarWriter.blockByteCount)
        func put(_ value: some Sequence<UInt8>, at offset: Int) {
            for (position, byte) in value.enumerated() { bytes[offset + position] = byte }
        }
        /// Octal digits and a NUL; the lowest digits where there are too many.
        func put(_ value: UInt64, at offset: Int, digitCount: Int) {
            var rest = value
            for position in (0..<digitCount).reversed() {
                bytes[offset + position] = UInt8(ascii: "0") + UInt8(rest & 7)
                rest >>= 3
            }
        }
        put(path.prefix(Self.pathByteCount), at: 0)
        put(UInt64(mode & 0o7777), at: 100, digitCount: 7)
        put(UInt64(min(userID, Self.maximumIdentifier)), at: 108, digitCount: 7)
        put(UInt64(min(groupID, Self.maximumIdentifier)), at: 116, digitCount: 7)
        put(min(size, Self.maximumSize), at: 124, digitCount: 11)
        put(UInt64(max(0, min(modificationSeconds, Int64(Self.maximumSize)))), at: 136, digitCount: 11)
        bytes[156] = type
        put(linkPath.prefix(Self.pathByteCount), at: 157)
        put("ustar\u{0}00".utf8, at: 257)
        if type == UInt8(ascii: "3") || type == UInt8(ascii: "4") {
            put(UInt64(deviceMajor), at: 329, digitCount: 7)
            put(UInt64(deviceMinor), at: 337, digitCount: 7)
        }
        put(repeatElement(UInt8(ascii: " "), count: 8), at: 148)
        var sum: UInt64 = 0
        for byte in bytes { sum += UInt64(byte) }
        put(sum, at: 148, digitCount: 6)
        bytes[154] = 0
        return bytes
    }
}
