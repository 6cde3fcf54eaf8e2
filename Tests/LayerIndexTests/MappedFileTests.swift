import Glibc
import LayerIndex
import OCI
import SystemPackage
import Testing

struct MappedFileTests {
    @Test func `a file is mapped as it is`() throws {
        let path = FilePath("/proc/self/exe")
        let mapped = try MappedFile(path: path)
        withExtendedLifetime(mapped) { #expect(Array(mapped.bytes[0..<4]) == [0x7f, 0x45, 0x4c, 0x46]) }
    }

    @Test func `bytes in memory are as good as a file`() {
        let file = MappedFile(bytes: [1, 2, 3])
        withExtendedLifetime(file) { #expect(Array(file.bytes) == [1, 2, 3]) }
        #expect(MappedFile(bytes: []).bytes.isEmpty)
    }

    @Test func `what is not there, and what is no file, are errors with the path`() throws {
        let error = #expect(throws: MappedFileError.self) { try MappedFile(path: "/nonexistent/x") }
        #expect(error?.kind == .notFound && error?.description.contains("/nonexistent/x") == true)
        #expect(throws: MappedFileError.self) { try MappedFile(path: "/") }
    }

    @Test func `an empty file has no bytes`() throws {
        let path = FilePath("/tmp/imgfs-mapped-\(UInt64.random(in: 0 ... .max))")
        let descriptor = try FileDescriptor.open(
            path, .readWrite, options: [.create, .exclusiveCreate], permissions: .ownerReadWrite)
        defer { try? descriptor.close() }
        #expect(try MappedFile(path: path).bytes.isEmpty)
        #expect(try MappedFile(descriptor: descriptor, name: "empty").bytes.isEmpty)
        unlink(path.string)
    }
}
