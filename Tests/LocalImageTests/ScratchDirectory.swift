import FoundationEssentials
import Glibc
import SystemPackage

/// A directory below /tmp that goes when this goes.
final class ScratchDirectory {
    let path: FilePath

    init() throws {
        var template = Array("/tmp/imgfs-local-image-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw Errno(rawValue: errno) }
        path = FilePath(String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self))
    }

    deinit { try? FileManager.default.removeItem(atPath: path.string) }

    @discardableResult
    func write(_ name: String, _ bytes: [UInt8]) throws -> FilePath {
        let file = path.appending(name)
        try FileManager.default.createDirectory(
            atPath: file.removingLastComponent().string, withIntermediateDirectories: true)
        try Data(bytes).write(to: URL(filePath: file.string))
        return file
    }

    func link(_ name: String, to target: String) throws {
        try FileManager.default.createSymbolicLink(
            atPath: path.appending(name).string, withDestinationPath: target)
    }
}
