import Content
import Glibc
import Logging
import OCI
import Store
import Synchronization
import SystemPackage
import TestSupport
import Threads

@testable import Daemon

/// A store in a directory of its own, and an image of one empty layer that several places claim to have.
final class ChainFixture: Sendable {
    static let archive = [UInt8](repeating: 0, count: 1024)
    static let digest = SHA256.digest(of: archive)

    let directory = TemporaryDirectory()
    let store: Store
    let layers: LayerFlights
    let chains: ChainFlights
    let storeThreads = BlockingPool(name: "store", maximumThreads: 2)
    let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

    init() throws {
        store = try Store.open(FilePath(directory.path), logger: logger)
        layers = LayerFlights(store: store, maximumDownloads: 2, storeThreads: storeThreads, logger: logger)
        chains = ChainFlights(store: store, layers: layers, storeThreads: storeThreads)
    }

    static func image(named name: String) -> Image {
        Image(
            name: name, rootDigest: digest, manifestDigest: digest, configDigest: digest, platform: .host,
            layers: [.init(descriptor: Descriptor(mediaType: "", digest: digest, size: 1024), diffID: digest)])
    }

    /// A place that gives the layer, or fails with `failure`.
    static func origin(
        _ name: String, failure: FailureKind? = nil, gate: Gate = Gate(isOpen: true)
    ) -> LayerOrigin {
        let image = image(named: name)
        return LayerOrigin(
            image: image, place: .init(name: name, manifestDigest: image.manifestDigest),
            open: { GatedSource(name: name, failure: failure, gate: gate) }, isRemote: false)
    }

    static func resolved(_ origins: LayerOrigin...) -> ResolvedImage {
        ResolvedImage(origins.first?.image ?? image(named: "nowhere"), origins: origins)
    }
}

/// Where sources wait, and how many came.
final class Gate: Sendable {
    private let isOpen: Atomic<Bool>
    private let count = Atomic(0)

    init(isOpen: Bool = false) { self.isOpen = Atomic(isOpen) }

    var arrivalCount: Int { count.load(ordering: .relaxed) }
    func open() { isOpen.store(true, ordering: .relaxed) }

    func pass() {
        count.wrappingAdd(1, ordering: .relaxed)
        while !isOpen.load(ordering: .relaxed) { usleep(1000) }
    }
}

private struct GatedSource: BlobSource {
    let name: String
    let failure: FailureKind?
    let gate: Gate

    func stream(
        _ blob: Descriptor, from offset: Int64, into sink: (UnsafeRawBufferPointer) throws -> Void
    ) throws {
        gate.pass()
        if let failure { throw DaemonError(failure, name) }
        try ChainFixture.archive.withUnsafeBytes { try sink(UnsafeRawBufferPointer(rebasing: $0[Int(offset)...])) }
    }
}

/// Waits until `condition` holds; gives up after 20 seconds.
func eventually(_ condition: () -> Bool) async -> Bool {
    for _ in 0..<2000 {
        if condition() { return true }
        try? await Task.sleep(for: .milliseconds(10))
    }
    return false
}
