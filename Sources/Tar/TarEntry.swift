/// One member of an archive, after all extended headers have been applied.
///
/// Names are raw bytes as they stand in the archive: not normalised, not checked beyond the parser's limits.
/// File contents are never copied out; `extents` says where in the archive's stream they are.
public struct TarEntry: Equatable, Sendable {
    public enum Kind: UInt8, Sendable {
        case directory, regular, symbolicLink, hardLink, characterDevice, blockDevice, fifo
    }

    /// A run of file content: `length` bytes that belong at `fileOffset` in the file and stand at `archiveOffset` in
    /// the uncompressed archive.
    public struct Extent: Equatable, Sendable {
        public var fileOffset: UInt64
        public var archiveOffset: UInt64
        public var length: UInt64

        public init(fileOffset: UInt64, archiveOffset: UInt64, length: UInt64) {
            self.fileOffset = fileOffset
            self.archiveOffset = archiveOffset
            self.length = length
        }
    }

    public struct ExtendedAttribute: Equatable, Sendable {
        public var name: [UInt8]
        public var value: [UInt8]

        public init(name: [UInt8], value: [UInt8]) {
            self.name = name
            self.value = value
        }
    }

    public var kind: Kind
    public var path: [UInt8]
    /// Target of a symbolic or hard link, empty otherwise.
    public var linkPath: [UInt8] = []
    /// Permission bits with set-user-id, set-group-id and sticky: 0 to 0o7777.
    public var mode: UInt16
    public var userID: UInt32 = 0
    public var groupID: UInt32 = 0
    public var modificationSeconds: Int64 = 0
    /// 0 to 999,999,999.
    public var modificationNanoseconds: UInt32 = 0
    public var deviceMajor: UInt32 = 0
    public var deviceMinor: UInt32 = 0
    /// Bytes of the file as a reader sees it (the real size of a sparse file); 0 for everything but regular files.
    public var size: UInt64 = 0
    /// In order of `fileOffset`, not overlapping; holes between and after them read as zeros.
    public var extents: [Extent] = []
    /// In the order of the archive; a name occurs once.
    public var extendedAttributes: [ExtendedAttribute] = []
    /// Where the first header block that belongs to this entry stands in the archive, for messages.
    public var headerOffset: UInt64 = 0

    public init(kind: Kind, path: [UInt8], mode: UInt16) {
        self.kind = kind
        self.path = path
        self.mode = mode
    }
}
