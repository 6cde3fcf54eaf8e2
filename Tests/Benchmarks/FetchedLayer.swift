import Content
import Logging
import OCI
import Registry

/// The biggest layer of an image in a registry, with its blob in memory.
struct FetchedLayer {
    let source: any ImageSource
    let blob: Descriptor
    let diffID: Digest
    let bytes: [UInt8]

    /// The registry may speak plain HTTP.
    init(_ reference: String) throws {
        let client = RegistryClient(logger: Logger(label: "benchmarks"))
        source = client.image(try Reference(parsing: reference), insecure: true)
        let image = try resolve(source, platform: nil).image
        guard let biggest = image.layers.max(by: { $0.descriptor.size < $1.descriptor.size }) else { throw NoLayer() }
        blob = biggest.descriptor
        diffID = biggest.diffID
        var bytes: [UInt8] = []
        bytes.reserveCapacity(Int(blob.size))
        try source.stream(blob, from: 0) { bytes += $0 }
        self.bytes = bytes
    }

    struct NoLayer: Error {}

    /// The blob without a network.
    var memory: any BlobSource { Memory(bytes: bytes) }

    private struct Memory: BlobSource {
        let bytes: [UInt8]

        func stream(
            _ blob: Descriptor, from offset: Int64, into sink: (UnsafeRawBufferPointer) throws -> Void
        ) throws {
            try bytes.withUnsafeBytes { bytes in
                var rest = UnsafeRawBufferPointer(rebasing: bytes.dropFirst(Int(offset)))
                while !rest.isEmpty {
                    try sink(UnsafeRawBufferPointer(rebasing: rest.prefix(16 << 10)))
                    rest = UnsafeRawBufferPointer(rebasing: rest.dropFirst(16 << 10))
                }
            }
        }
    }
}
