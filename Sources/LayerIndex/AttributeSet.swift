internal import Glibc
internal import Tar

/// All extended attributes of a file in one run of bytes, as layer index and tree keep them.
///
/// Count of attributes (u32), bytes of names (u32), the length of each value (u32), the names in the order of their bytes,
/// each with a NUL after it (as listxattr(2) gives them), the values. Equal sets are equal bytes. No bytes: no attributes.
public struct AttributeSet {
    /// Not owned: valid as long as the file is that it stands in.
    public let bytes: UnsafeRawBufferPointer

    /// For bytes that `isValid` has accepted.
    public init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

    public var count: Int { bytes.isEmpty ? 0 : number(at: 0) }

    /// Names with a NUL after each.
    public var names: UnsafeRawBufferPointer {
        if bytes.isEmpty { return bytes }
        let start = 8 + 4 * count
        return UnsafeRawBufferPointer(rebasing: bytes[start..<start + number(at: 4)])
    }

    /// The value of the attribute `name`, nil when there is none.
    public func value(of name: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer? {
        let names = self.names
        var nameStart = 0
        var valueStart = bytes.isEmpty ? 0 : 8 + 4 * count + names.count
        for position in 0..<count {
            let nameEnd = Self.end(ofNameAt: nameStart, in: names)
            let length = number(at: 8 + 4 * position)
            if nameEnd - nameStart == name.count, Self.equal(names, nameStart, name) {
                return UnsafeRawBufferPointer(rebasing: bytes[valueStart..<valueStart + length])
            }
            nameStart = nameEnd + 1
            valueStart += length
        }
        return nil
    }

    private func number(at offset: Int) -> Int {
        Int(UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt32.self)))
    }

    private static func end(ofNameAt start: Int, in names: UnsafeRawBufferPointer) -> Int {
        var end = start
        while end < names.count, names[end] != 0 { end += 1 }
        return end
    }

    private static func equal(_ names: UnsafeRawBufferPointer, _ start: Int, _ name: UnsafeRawBufferPointer) -> Bool {
        guard let left = names.baseAddress, let right = name.baseAddress else { return name.isEmpty }
        return memcmp(left + start, right, name.count) == 0
    }
}

extension AttributeSet {
    /// Whether `bytes` is a set as `encode` makes it, so that no accessor can leave them.
    public static func isValid(_ bytes: UnsafeRawBufferPointer) -> Bool {
        if bytes.isEmpty { return true }
        guard bytes.count >= 8 else { return false }
        let set = AttributeSet(bytes)
        let count = set.count
        let namesByteCount = set.number(at: 4)
        guard count > 0, 8 + 4 * count + namesByteCount <= bytes.count else { return false }
        var valueByteCount = 0
        for position in 0..<count { valueByteCount += set.number(at: 8 + 4 * position) }
        guard 8 + 4 * count + namesByteCount + valueByteCount == bytes.count else { return false }
        let names = set.names
        var nameStart = 0
        for _ in 0..<count {
            let nameEnd = end(ofNameAt: nameStart, in: names)
            guard nameEnd > nameStart, nameEnd < names.count else { return false }
            nameStart = nameEnd + 1
        }
        return nameStart == names.count
    }

    /// Writes the set of `attributes` to `target`.
    ///
    /// Left out are `trusted.overlay.*` and `user.overlay.*`: an overlay file system that is put on top of the image
    /// would take them for its own marks, and could be led to other files of the image by them.
    static func encode(
        _ attributes: [TarEntry.ExtendedAttribute], into target: inout [UInt8], limits: LayerLimits
    ) throws(EntryFault) {
        target.removeAll(keepingCapacity: true)
        if attributes.isEmpty { return }
        let shown = attributes.filter { !isOverlayMark($0.name) }
            .sorted { $0.name.lexicographicallyPrecedes($1.name) }
        if shown.isEmpty { return }
        var namesByteCount = 0
        for (position, attribute) in shown.enumerated() {
            namesByteCount += attribute.name.count + 1
            let isRepeated = position > 0 && shown[position - 1].name == attribute.name
            guard
                !isRepeated, !attribute.name.isEmpty, !attribute.name.contains(0),
                attribute.name.count <= limits.maximumExtendedAttributeNameByteCount,
                attribute.value.count <= limits.maximumExtendedAttributeValueByteCount,
                namesByteCount <= limits.maximumExtendedAttributeListByteCount
            else { throw .extendedAttribute(name: String(decoding: attribute.name.prefix(64), as: UTF8.self)) }
        }
        append(shown.count, to: &target)
        append(namesByteCount, to: &target)
        for attribute in shown { append(attribute.value.count, to: &target) }
        for attribute in shown {
            target.append(contentsOf: attribute.name)
            target.append(0)
        }
        for attribute in shown { target.append(contentsOf: attribute.value) }
    }

    private static func isOverlayMark(_ name: [UInt8]) -> Bool {
        name.starts(with: "trusted.overlay.".utf8) || name.starts(with: "user.overlay.".utf8)
    }

    private static func append(_ number: Int, to target: inout [UInt8]) {
        withUnsafeBytes(of: UInt32(number).littleEndian) { target.append(contentsOf: $0) }
    }
}
