/// What stands before a member's own header block: PAX headers and GNU long names.
///
/// Of two headers of one kind before the same member, the second replaces the first.
struct ExtendedHeaders {
    /// From all PAX "g" headers so far.
    private var globals = PAXAttributes()
    /// The PAX "x" header for the next member, not taken apart.
    private var records: [UInt8] = []
    /// GNU "L", empty when there is none.
    private(set) var longName: [UInt8] = []
    /// GNU "K", empty when there is none.
    private(set) var longLinkName: [UInt8] = []
    /// Where the first header block for the next member stands.
    var firstOffset: UInt64?

    enum Kind {
        case globalRecords, records, longName, longLinkName

        init?(typeFlag: UInt8) {
            switch typeFlag {
            case UInt8(ascii: "g"): self = .globalRecords
            // Solaris wrote "X" before POSIX said "x".
            case UInt8(ascii: "x"), UInt8(ascii: "X"): self = .records
            case UInt8(ascii: "L"): self = .longName
            case UInt8(ascii: "K"): self = .longLinkName
            default: return nil
            }
        }
    }

    mutating func add(_ content: [UInt8], as kind: Kind, limits: TarLimits) throws(TarError.Reason) {
        switch kind {
        case .globalRecords: try globals.apply(content, scope: .global, limits: limits)
        case .records: records = content
        case .longName: longName = Array(content.prefix { $0 != 0 })
        case .longLinkName: longLinkName = Array(content.prefix { $0 != 0 })
        }
    }

    /// What PAX headers say about the next member, nil when there are none.
    func attributes(limits: TarLimits) throws(TarError.Reason) -> PAXAttributes? {
        guard !records.isEmpty else { return globals.isPresent ? globals : nil }
        var attributes = globals
        try attributes.apply(records, scope: .local, limits: limits)
        return attributes
    }

    /// Forgets everything but the global headers.
    mutating func memberDone() {
        guard firstOffset != nil else { return }
        firstOffset = nil
        records.removeAll(keepingCapacity: true)
        longName.removeAll(keepingCapacity: true)
        longLinkName.removeAll(keepingCapacity: true)
    }
}

extension PAXAttributes {
    fileprivate mutating func apply(
        _ header: [UInt8], scope: Scope, limits: TarLimits
    ) throws(TarError.Reason) {
        try header.withUnsafeBufferPointer { (header) throws(TarError.Reason) in
            try apply(UnsafeRawBufferPointer(header), scope: scope, limits: limits)
        }
    }
}
