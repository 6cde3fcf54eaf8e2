import Content
import Glibc
import LayerIndex
import OCI
import Store
import SystemPackage
import TestSupport
import Testing

/// Single flipped bits and cut-off files, at many places: what is damaged counts as not there, and nothing else is ever told.
@Suite(.timeLimit(.minutes(2)))
struct DamageTests {
    let directory = TemporaryDirectory()
    private static let platform = Platform(os: "linux", architecture: "amd64")

    /// The first page has the header with its versions, and the schema at its end.
    @Test func `whatever is damaged in the first page of the catalogue, the store opens`() throws {
        let image = makeImage("registry.example/a:1", [digest("one")])
        do { try Store.open(directory).record(image, for: Self.platform) }
        let original = try Self.read(directory.path + "/catalogue.sqlite")
        let everywhere = (Array(0..<108) + Array(stride(from: 108, to: 4096, by: 53))).map { ($0, 1 << ($0 % 8)) }
        let versions = [18, 19, 44, 47, 56, 59, 60, 61, 62, 63].flatMap { [($0, 1), ($0, 2), ($0, 0x80), ($0, 0xFF)] }
        for (place, mask) in everywhere + versions {
            var damaged = original
            damaged[place] ^= UInt8(mask)
            try directory.write(damaged, to: "catalogue.sqlite")
            try Store.checkCompatibility(FilePath(directory.path))
            let store = try #require(try? Store.open(directory), "place \(place), mask \(mask)")
            let found = try store.image(named: image.name, platform: Self.platform)
            #expect(found == nil || found == image)
            try store.record(image, for: Self.platform)
        }
    }

    /// Damages the file at `path` in one way after the other, with the store closed, and calls `check` with it open.
    private func sweep(_ path: String, places: Int, _ check: (Store) throws -> Void) throws {
        let original = try Self.read("\(directory.path)/\(path)")
        for number in 0..<places {
            var damaged = original
            let place = number * original.count / places
            if number % 5 == 4 {
                damaged.removeSubrange(place...)
            } else {
                damaged[place] ^= 1 << UInt8(number % 8)
            }
            try directory.write(damaged, to: path)
            try check(Store.open(directory))
        }
    }

    @Test func `a damaged catalogue gives the image that was recorded, or none`() throws {
        let image = makeImage("registry.example/a:1", [digest("one"), digest("two")])
        let chainIDs = image.chainIDs
        do { try Store.open(directory).record(image, for: Self.platform) }
        try sweep("catalogue.sqlite", places: 150) { store in
            let found = try store.image(named: image.name, platform: Self.platform)
            #expect(found == nil || found == image)
            for entry in try store.images() { #expect(entry.image == image) }
            for (count, chainID) in chainIDs.enumerated() {
                let record = try store.chain(chainID)
                #expect(record == nil || record?.layers == Array(image.layers.prefix(count + 1)))
            }
            try store.record(image, for: Self.platform)
            #expect(try store.image(named: image.name, platform: Self.platform) == image)
        }
    }

    @Test(arguments: ["index", "seal"])
    func `a damaged layer is whole or gone, and can be published again`(_ file: String) throws {
        let layer = TestLayer(seed: 1)
        do { try layer.publish(in: Store.open(directory)) }
        try sweep("layers/sha256/\(layer.diffID.hex)/\(file)", places: 80) { store in
            if let stored = try store.layer(layer.diffID) {
                let index = try stored.index()
                #expect(index == nil || index?.byteCount == UInt64(layer.bytes.count))
            }
            try store.removeLayer(layer.diffID)
            try layer.publish(in: store)
            #expect(try store.layer(layer.diffID)?.index() != nil)
        }
    }

    @Test func `a damaged document is not there`() throws {
        let document = Document(bytes: Array("{\"schemaVersion\":2}".utf8), mediaType: "x")
        do { try Store.open(directory).add([document]) }
        try sweep("blobs/sha256/\(document.digest.hex)", places: 19) { store in
            let found = try store.document(document.digest)
            #expect(found == nil)
        }
    }

    private static func read(_ path: String) throws -> [UInt8] {
        let file = open(path, O_RDONLY)
        try #require(file >= 0)
        defer { close(file) }
        var bytes = [UInt8](repeating: 0, count: Int(lseek(file, 0, SEEK_END)))
        try #require(pread(file, &bytes, bytes.count, 0) == bytes.count)
        return bytes
    }
}
