/// The `GNU.sparse.*` records of a PAX header: formats 0.0, 0.1 and 1.0 of a sparse file.
struct PAXSparse {
    enum Format {
        /// 0.0 and 0.1: the map is in the records.
        case records
        /// 1.0: the map is text at the start of the stored content.
        case text
    }

    /// The file's name; the header block and `path` have a made-up one.
    var name: [UInt8]?
    /// Bytes of the file with its holes.
    var realSize: Int64?
    /// The same from star, for its own kind of sparse file.
    var starRealSize: Int64?
    /// Offset, length, offset, length…
    var map: [Int64] = []
    private var hasMap = false
    private var major: [UInt8] = []
    private var minor: [UInt8] = []

    /// Nil when the file is not sparse, or sparse in a way that is not known.
    var format: Format? {
        switch (major, minor) {
        case ([UInt8(ascii: "1")], [UInt8(ascii: "0")]): .text
        case ([UInt8(ascii: "0")], [UInt8(ascii: "0")]), ([UInt8(ascii: "0")], [UInt8(ascii: "1")]): .records
        // 0.0 and 0.1 do not always say so.
        case ([], []): hasMap ? .records : nil
        default: nil
        }
    }

    /// Takes in a record whose keyword begins with "GNU.sparse.".
    mutating func apply(_ record: PAXRecord, limits: TarLimits) throws(TarError.Reason) {
        let keyword = UnsafeRawBufferPointer(rebasing: record.keyword.dropFirst("GNU.sparse.".utf8.count))
        let value = record.value
        if keyword.equals("major") {
            major = Array(value)
        } else if keyword.equals("minor") {
            minor = Array(value)
        } else if keyword.equals("name") {
            guard !value.contains(0) else { throw .nulInPath }
            name = value.isEmpty ? nil : Array(value)
        } else if keyword.equals("size") || keyword.equals("realsize") {
            realSize = try PAXAttributes.number(value, .realSize)
        } else if keyword.equals("offset") {
            // 0.0 repeats an offset and a length for each extent.
            guard map.count.isMultiple(of: 2) else { throw .malformedSparseMap }
            try append(value, .sparseOffset, limits: limits)
        } else if keyword.equals("numbytes") {
            guard !map.count.isMultiple(of: 2) else { throw .malformedSparseMap }
            try append(value, .sparseLength, limits: limits)
        } else if keyword.equals("map") {
            map = []
            for number in value.split(separator: UInt8(ascii: ",")) {
                try append(UnsafeRawBufferPointer(rebasing: number), .sparseOffset, limits: limits)
            }
            hasMap = true
        }
    }

    private mutating func append(
        _ value: UnsafeRawBufferPointer, _ field: TarError.Field, limits: TarLimits
    ) throws(TarError.Reason) {
        guard let number = try PAXAttributes.number(value, field) else { throw .malformedNumber(field) }
        guard map.count < limits.maxSparseExtents * 2 else {
            throw .tooManySparseExtents(limit: limits.maxSparseExtents)
        }
        map.append(number)
        hasMap = true
    }
}
