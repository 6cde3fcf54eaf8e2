import FoundationEssentials
import Glibc
import SystemPackage
import TestSupport

/// Files for one test.
final class ScratchDirectory {
    private let directory = TemporaryDirectory()
    var path: FilePath { FilePath(directory.path) }

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
