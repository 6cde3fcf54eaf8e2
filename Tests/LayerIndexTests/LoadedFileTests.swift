import Glibc
import OCI
import SystemPackage
import TestSupport
import Testing

@testable import LayerIndex

struct LoadedFileTests {
    @Test func `a file is read as it is`() throws {
        let path = FilePath("/proc/self/exe")
        let loaded = try LoadedFile(path: path)
        withExtendedLifetime(loaded) { #expect(Array(loaded.bytes[0..<4]) == [0x7f, 0x45, 0x4c, 0x46]) }
    }

    @Test func `bytes in memory are as good as a file`() {
        let file = LoadedFile(bytes: [1, 2, 3])
        withExtendedLifetime(file) { #expect(Array(file.bytes) == [1, 2, 3]) }
        #expect(LoadedFile(bytes: []).bytes.isEmpty)
    }

    @Test func `what is not there, and what is no file, are errors with the path`() throws {
        let error = #expect(throws: LoadedFileError.self) { try LoadedFile(path: "/nonexistent/x") }
        #expect(error?.kind == .notFound && error?.description.contains("/nonexistent/x") == true)
        #expect(throws: LoadedFileError.self) { try LoadedFile(path: "/") }
    }

    @Test func `an empty file has no bytes`() throws {
        let directory = TemporaryDirectory()
        let descriptor = try FileDescriptor.open(
            FilePath(directory("file")), .readWrite, options: [.create, .exclusiveCreate], permissions: .ownerReadWrite)
        defer { try? descriptor.close() }
        #expect(try LoadedFile(path: FilePath(directory("file"))).bytes.isEmpty)
        #expect(try LoadedFile(descriptor: descriptor, name: "empty").bytes.isEmpty)
    }

    /// Nil: memory of the process.
    @Test(arguments: ["/tmp", "/nonexistent", nil]) func `a large file stays what it was, wherever it is kept`(
        scratch: String?
    ) throws {
        let directory = TemporaryDirectory()
        let path = FilePath(directory("file"))
        let content = (0..<WideMemory.fileByteCount + 5).map { UInt8(truncatingIfNeeded: $0 ^ $0 >> 11) }
        let file = try FileDescriptor.open(
            path, .readWrite, options: [.create, .exclusiveCreate], permissions: .ownerReadWrite)
        defer { try? file.close() }
        try file.writeAll(content)
        let loaded = try LoadedFile(descriptor: file, name: "x", scratch: scratch.map { FilePath($0) })
        try file.resize(to: 1)
        withExtendedLifetime(loaded) {
            #expect(loaded.bytes.elementsEqual(content))
            #expect(UInt(bitPattern: loaded.bytes.baseAddress) % 64 == 0)
        }
        let made = LoadedFile(byteCount: content.count, scratch: scratch.map { FilePath($0) }) { bytes in
            #expect(!bytes.contains { $0 != 0 })
            bytes.copyBytes(from: content)
        }
        withExtendedLifetime(made) { #expect(made.bytes.elementsEqual(content)) }
    }
}
