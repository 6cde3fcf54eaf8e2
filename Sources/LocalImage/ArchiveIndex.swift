import OCI
import Tar

/// Where the members of an archive are.
struct ArchiveIndex {
    /// The last member of each path counts, as when the archive is unpacked.
    private var members: [String: Member] = [:]

    private enum Member {
        case file(offset: Int64, byteCount: Int64)
        /// The path of the target in the archive; nil when it leads out of it.
        case link(String?)
        case other
    }

    /// Links in a row that are followed.
    private static let maximumLinkCount = 8

    /// Reads the headers of `file`; content is skipped without being read.
    init(reading file: OpenFile) throws(LocalImageError) {
        var limits = TarLimits()
        limits.maxEntries = 100_000
        var parser = TarParser(limits: limits)
        let headers = UnsafeMutableRawBufferPointer.allocate(byteCount: 64 << 10, alignment: 4096)
        let zeros = UnsafeMutableRawBufferPointer.allocate(byteCount: 64 << 10, alignment: 4096)
        zeros.initializeMemory(as: UInt8.self, repeating: 0)
        defer {
            headers.deallocate()
            zeros.deallocate()
        }
        var position: Int64 = 0
        var contentEnd: Int64 = 0
        do {
            while position < file.byteCount {
                // The parser does not look at content, so zeros stand in for what is not read.
                let skipped = min(contentEnd, file.byteCount) - position
                let bytes: UnsafeRawBufferPointer
                if skipped > headers.count {
                    bytes = UnsafeRawBufferPointer(rebasing: zeros[..<min(zeros.count, Int(skipped))])
                } else {
                    bytes = try file.read(into: headers, at: position)
                }
                try parser.push(bytes) { entry in
                    if let last = entry.extents.last {
                        let (end, overflow) = last.archiveOffset.addingReportingOverflow(last.length)
                        contentEnd = max(contentEnd, overflow ? .max : Int64(clamping: end))
                    }
                    add(entry)
                }
                position += Int64(bytes.count)
            }
            try parser.finish()
        } catch let error as TarError {
            throw LocalImageError(.invalid, "\(file.name) cannot be read as an archive: \(error)")
        } catch let error as LocalImageError {
            throw error
        } catch {
            throw LocalImageError(.fault, "\(file.name): \(error)")
        }
    }

    private mutating func add(_ entry: borrowing TarEntry) {
        guard let path = Self.normalized(entry.path[...]) else { return }
        switch entry.kind {
        case .regular:
            guard entry.size > 0 else {
                members[path] = .file(offset: 0, byteCount: 0)
                return
            }
            // A sparse file is not one run of bytes; nobody makes an image of these.
            guard entry.extents.count == 1, let extent = entry.extents.first, extent.length == entry.size,
                let offset = Int64(exactly: extent.archiveOffset), let byteCount = Int64(exactly: extent.length)
            else {
                members[path] = .other
                return
            }
            members[path] = .file(offset: offset, byteCount: byteCount)
        case .hardLink:
            members[path] = .link(Self.normalized(entry.linkPath[...]))
        case .symbolicLink:
            let isAbsolute = entry.linkPath.first == UInt8(ascii: "/")
            let directory = entry.path.lastIndex(of: UInt8(ascii: "/")).map { entry.path[...$0] } ?? []
            members[path] = .link(isAbsolute ? nil : Self.normalized(directory + entry.linkPath))
        default:
            members[path] = .other
        }
    }

    /// Without `.`, `..`, and empty components; nil when it leads out of the archive.
    private static func normalized(_ path: ArraySlice<UInt8>) -> String? {
        var components: [ArraySlice<UInt8>] = []
        for component in path.split(separator: UInt8(ascii: "/")) {
            switch Array(component) {
            case [UInt8(ascii: ".")]: continue
            case [UInt8(ascii: "."), UInt8(ascii: ".")]:
                guard components.popLast() != nil else { return nil }
            default: components.append(component)
            }
        }
        return String(decoding: Array(components.joined(separator: [UInt8(ascii: "/")])), as: UTF8.self)
    }

    /// The content of the file at `path`, through links; nil when there is none.
    func region(_ path: String, in file: OpenFile) -> FileRegion? {
        guard var name = Self.normalized(Array(path.utf8)[...]) else { return nil }
        for _ in 0...Self.maximumLinkCount {
            switch members[name] {
            case .file(let offset, let byteCount): return FileRegion(of: file, offset: offset, byteCount: byteCount)
            case .link(let target?): name = target
            case .link(nil), .other, nil: return nil
            }
        }
        return nil
    }
}

extension OpenFile {
    /// The bytes at `position`, at least one, as many as there are up to the size of `buffer`.
    fileprivate func read(
        into buffer: UnsafeMutableRawBufferPointer, at position: Int64
    ) throws(LocalImageError) -> UnsafeRawBufferPointer {
        let rest = FileRegion(of: self, offset: position, byteCount: byteCount - position)
        let count = try rest.read(into: buffer, at: 0)
        return UnsafeRawBufferPointer(rebasing: buffer[..<min(count, Int(byteCount - position))])
    }
}
