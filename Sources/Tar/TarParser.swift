/// Reads an archive that arrives in pieces: bytes in, members out.
///
/// Understands v7, ustar, PAX, GNU and star archives, as docs/fidelity.md says in detail. Content is skipped, not copied;
/// the entries say where in the stream it is. Memory does not grow with the archive.
///
/// An archive ends with two blocks of zeros, or where the stream ends between two members. Whatever follows the two
/// blocks is ignored.
public struct TarParser: ~Copyable {
    private enum State {
        /// A header block is next, or the first block of the end.
        case header
        /// The same, or content that the last header block has announced with this many bytes.
        case headerOrContent(UInt64)
        /// The second block of the end is next.
        case zeroBlock
        /// Content of an extended header is being collected.
        case extended(ExtendedHeaders.Kind)
        /// A block with more of `sparseMap` is next.
        case sparseBlock(StoredContent.Extension)
        /// A block of the text with `sparseMap` is next.
        case sparseText(SparseText)
        /// Content and padding are being skipped.
        case content
        case ended
    }

    private let limits: TarLimits
    private var state = State.header
    private var cursor = ArchiveCursor()
    private var extended = ExtendedHeaders()
    private var extendedContent: [UInt8] = []
    private var sparseMap = SparseMap(size: 0)
    /// Reused for all members, with the memory of its arrays.
    private var entry = TarEntry(kind: .regular, path: [], mode: 0)
    private var entryCount = 0
    private var hasSeenHeader = false
    private var failure: TarError?

    public init(limits: TarLimits = .init()) {
        self.limits = limits
    }

    /// Bytes of the archive read so far; all that were pushed, unless an error was thrown.
    public var byteCount: UInt64 { cursor.offset }

    /// Reads the next bytes of the archive, split in any way. `emit` is called for each member as soon as all of its headers
    /// are known, which is before its content has arrived.
    ///
    /// - Throws: `TarError`, from then on at each call, or what `emit` throws, after which the parser is of no use.
    public mutating func push<Failure: Error>(
        _ bytes: UnsafeRawBufferPointer, _ emit: (borrowing TarEntry) throws(Failure) -> Void
    ) throws {
        var input = bytes
        while try nextEntry(&input) { try emit(entry) }
    }

    /// Says that the archive's stream has ended.
    ///
    /// - Throws: `TarError` when that is in the middle of a member. Missing end blocks and padding are fine.
    public mutating func finish() throws(TarError) {
        if let failure { throw failure }
        let missing: UInt64
        switch state {
        case .ended, .zeroBlock:
            return
        case .header where !hasSeenHeader && cursor.partialByteCount > 0:
            throw TarError(.notAnArchive, at: 0)
        case .header:
            guard cursor.partialByteCount > 0 || extended.firstOffset != nil else { return }
            throw TarError(.truncatedHeader, at: cursor.offset)
        case .extended, .sparseBlock, .sparseText:
            throw TarError(.truncatedHeader, at: cursor.offset)
        case .headerOrContent(let announced):
            let arrived = UInt64(cursor.partialByteCount)
            missing = arrived == 0 || arrived > announced ? 0 : announced - arrived
        case .content:
            missing = cursor.contentByteCount
        }
        guard missing == 0 else { throw TarError(.truncatedContent(missingByteCount: missing), at: cursor.offset) }
        guard extended.firstOffset == nil else { throw TarError(.truncatedHeader, at: cursor.offset) }
    }

    /// Takes bytes off the front of `input`, up to the end of the next member's headers. False when `input` was used up
    /// before.
    private mutating func nextEntry(_ input: inout UnsafeRawBufferPointer) throws(TarError) -> Bool {
        if let failure { throw failure }
        do throws(TarError.Reason) {
            while true {
                switch state {
                case .header:
                    guard let block = cursor.nextBlock(&input) else { return false }
                    if try readHeader(block) { return true }
                case .headerOrContent(let announced):
                    guard let block = cursor.nextBlock(&input) else { return false }
                    if block.isZero || block.hasValidChecksum {
                        if try readHeader(block) { return true }
                    } else {
                        try cursor.beginContent(announced)
                        cursor.takeBlockForContent()
                        state = .content
                    }
                case .zeroBlock:
                    guard let block = cursor.nextBlock(&input) else { return false }
                    guard block.isZero else { throw .loneZeroBlock }
                    state = .ended
                case .extended(let kind):
                    guard cursor.collectContent(&input, into: &extendedContent) else { return false }
                    try extended.add(extendedContent, as: kind, limits: limits)
                    state = .content
                case .sparseBlock(let kind):
                    guard let block = cursor.nextBlock(&input) else { return false }
                    if try readSparseBlock(block, kind) { return true }
                case .sparseText(let text):
                    guard let block = cursor.nextBlock(&input) else { return false }
                    if try readSparseText(block, text) { return true }
                case .content:
                    guard cursor.skipContent(&input) else { return false }
                    state = .header
                case .ended:
                    cursor.skipAll(&input)
                    return false
                }
            }
        } catch {
            let failure = TarError(error, at: cursor.blockOffset)
            self.failure = failure
            throw failure
        }
    }
}

// What the header blocks mean.
extension TarParser {
    /// True when a member's headers are complete.
    private mutating func readHeader(_ block: HeaderBlock) throws(TarError.Reason) -> Bool {
        if block.isZero {
            state = .zeroBlock
            return false
        }
        guard block.hasValidChecksum else { throw hasSeenHeader ? .badChecksum : .notAnArchive }
        hasSeenHeader = true
        if let kind = ExtendedHeaders.Kind(typeFlag: block.typeFlag) {
            if kind == .globalRecords {
                guard extended.firstOffset == nil else { throw .misplacedGlobalHeader }
            } else if extended.firstOffset == nil {
                extended.firstOffset = cursor.blockOffset
            }
            try cursor.beginContent(try TarEntry.size(or: block.size, .size))
            guard cursor.contentByteCount <= UInt64(limits.maxExtendedHeaderBytes) else {
                throw .extendedHeaderTooLarge(limit: limits.maxExtendedHeaderBytes)
            }
            extendedContent.removeAll(keepingCapacity: true)
            state = .extended(kind)
            return false
        }
        return try readMember(block)
    }

    private mutating func readMember(_ block: HeaderBlock) throws(TarError.Reason) -> Bool {
        if block.typeFlag == UInt8(ascii: "V") || block.typeFlag == UInt8(ascii: "M") {
            // The label of a GNU volume, or the rest of a file that began in another volume.
            let size = try extended.attributes(limits: limits)?.size
            try cursor.beginContent(try TarEntry.size(size, or: block.size, .size))
            extended.memberDone()
            state = .content
            return false
        }
        guard entryCount < limits.maxEntries else { throw .tooManyEntries(limit: limits.maxEntries) }
        entryCount += 1
        let content = try entry.fill(from: block, extended, sparseMap: &sparseMap, limits: limits)
        entry.headerOffset = extended.firstOffset ?? cursor.blockOffset
        extended.memberDone()
        try cursor.beginContent(content.byteCount)
        state = .content
        switch content.form {
        case .file:
            if content.byteCount > 0 {
                entry.extents.append(
                    TarEntry.Extent(fileOffset: 0, archiveOffset: cursor.offset, length: content.byteCount))
            }
        case .sparse(let more?):
            state = .sparseBlock(more)
            return false
        case .sparse(nil):
            try placeSparseExtents()
        case .sparseText:
            state = .sparseText(SparseText())
            return false
        case .ignored:
            break
        case .uncertain:
            state = .headerOrContent(content.byteCount)
        }
        return true
    }

    private mutating func readSparseBlock(
        _ block: HeaderBlock, _ kind: StoredContent.Extension
    ) throws(TarError.Reason) -> Bool {
        try sparseMap.append(pairs: block.field(0, 21 * 24), limits: limits)
        guard block.field(504, 1)[0] == 0 else { return false }
        try placeSparseExtents()
        return true
    }

    private mutating func readSparseText(_ block: HeaderBlock, _ text: SparseText) throws(TarError.Reason) -> Bool {
        // The map is part of the content, in whole blocks.
        guard cursor.contentByteCount >= UInt64(HeaderBlock.byteCount) else { throw .malformedSparseMap }
        cursor.takeBlockForContent()
        var text = text
        let isComplete = try text.push(block.field(0, HeaderBlock.byteCount), into: &sparseMap, limits: limits)
        guard isComplete else {
            state = .sparseText(text)
            return false
        }
        try placeSparseExtents()
        return true
    }

    private mutating func placeSparseExtents() throws(TarError.Reason) {
        try sparseMap.place(at: cursor.offset, storedByteCount: cursor.contentByteCount)
        entry.extents = sparseMap.extents
        sparseMap = SparseMap(size: 0)
        state = .content
    }
}
