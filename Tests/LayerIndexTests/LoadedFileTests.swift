import Glibc
import LayerIndex
import OCI
import SystemPackage
import Testing

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
        let path = FilePath("/tmp/imgfs-loaded-\(UInt64.random(in: 0 ... .max))")
        let descriptor = try FileDescriptor.open(
            path, .readWrite, options: [.create, .exclusiveCreate], permissions: .ownerReadWrite)
        defer { try? descriptor.close() }
        #expect(try LoadedFile(path: path).bytes.isEmpty)
        #expect(try LoadedFile(descriptor: descriptor, name: "empty").bytes.isEmpty)
        unlink(path.string)
    }
}
