import OCI

/// An image in a real registry, with a proxy in between that a test can make misbehave.
final class RemoteImage {
    let image: TestImage
    let registry: TestRegistry
    let proxy: FaultProxy
    /// Through the proxy.
    let reference: String

    init(scripts: [String], compression: TestImage.Compression = .gzip) throws {
        image = try TestImage(scripts: scripts, compression: compression)
        registry = try TestRegistry()
        try registry.push(image, as: "image")
        proxy = try FaultProxy(to: registry)
        reference = "\(proxy.host)/image"
    }

    deinit {
        proxy.stop()
        registry.stop()
    }

    /// Layers wait at the proxy until `proxy.release()`; manifests and configs go through.
    func holdLayers() { proxy.hold(Set(image.layers.map(\.digest.description))) }

    /// Requests for layers, without the config's.
    var layerRequests: [FaultProxy.Request] {
        let digests = Set(image.layers.map(\.digest.description))
        return proxy.requests.filter { request in digests.contains { request.path.hasSuffix($0) } }
    }
}
