/// What PAX headers say about a member. Nil: the header block decides.
struct PAXAttributes {
    enum Scope {
        /// A "g" header: holds for all members that follow.
        case global
        /// An "x" header: holds for the next member.
        case local
    }

    var path: [UInt8]?
    var linkPath: [UInt8]?
    var size: UInt64?
    var userID: UInt32?
    var groupID: UInt32?
    var modificationTime: PAXTime?
    var extendedAttributes = ExtendedAttributeSet()
    var sparse = PAXSparse()
    /// True when any header has been applied.
    private(set) var isPresent = false

    /// Applies a header's records in their order, so that of two with the same keyword the last one holds. An empty value
    /// takes back what an earlier header has set. Keywords that are not known are ignored.
    mutating func apply(
        _ header: UnsafeRawBufferPointer, scope: Scope, limits: TarLimits
    ) throws(TarError.Reason) {
        isPresent = true
        var rest = header
        while let record = try PAXRecord.next(in: &rest) {
            try apply(record, scope: scope, limits: limits)
        }
        if scope == .global, extendedAttributes.byteCount > limits.maxGlobalExtendedAttributesBytes {
            throw .extendedAttributesTooLarge(limit: limits.maxGlobalExtendedAttributesBytes)
        }
    }

    private mutating func apply(
        _ record: PAXRecord, scope: Scope, limits: TarLimits
    ) throws(TarError.Reason) {
        let keyword = record.keyword
        let value = record.value
        switch keyword[0] {
        case UInt8(ascii: "p") where keyword.equals("path"):
            path = try Self.path(value)
        case UInt8(ascii: "l") where keyword.equals("linkpath"):
            linkPath = try Self.path(value)
        case UInt8(ascii: "s") where keyword.equals("size"):
            size = try Self.number(value, .size).map(UInt64.init)
        case UInt8(ascii: "u") where keyword.equals("uid"):
            userID = try Self.identifier(value, .userID)
        case UInt8(ascii: "g") where keyword.equals("gid"):
            groupID = try Self.identifier(value, .groupID)
        case UInt8(ascii: "m") where keyword.equals("mtime"):
            modificationTime = try Self.time(value)
        case UInt8(ascii: "S"), UInt8(ascii: "L"):
            try extendedAttributes.apply(record, limits: limits)
            if keyword.equals("SCHILY.realsize") { sparse.starRealSize = try Self.number(value, .realSize) }
        // A map of extents fits one file only.
        case UInt8(ascii: "G") where scope == .local && keyword.hasPrefix("GNU.sparse."):
            try sparse.apply(record, limits: limits)
        default:
            break
        }
    }

    private static func path(_ value: UnsafeRawBufferPointer) throws(TarError.Reason) -> [UInt8]? {
        guard !value.contains(0) else { throw .nulInPath }
        return value.isEmpty ? nil : Array(value)
    }

    private static func identifier(
        _ value: UnsafeRawBufferPointer, _ field: TarError.Field
    ) throws(TarError.Reason) -> UInt32? {
        guard let number = try number(value, field) else { return nil }
        guard let identifier = UInt32(exactly: number) else { throw .numberOutOfRange(field) }
        return identifier
    }

    /// Nil for an empty value.
    static func number(
        _ value: UnsafeRawBufferPointer, _ field: TarError.Field
    ) throws(TarError.Reason) -> Int64? {
        guard !value.isEmpty else { return nil }
        do {
            return try NumericField.decimal(value)
        } catch {
            throw TarError.Reason(error, in: field)
        }
    }

    private static func time(_ value: UnsafeRawBufferPointer) throws(TarError.Reason) -> PAXTime? {
        guard !value.isEmpty else { return nil }
        do {
            return try PAXTime(value)
        } catch {
            throw TarError.Reason(error, in: .modificationTime)
        }
    }
}
