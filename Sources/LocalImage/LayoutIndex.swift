import FoundationEssentials
import OCI

/// The `index.json` of an OCI layout: which images it has, and what they are called.
/// See the OCI image specification, image-layout.md.
struct LayoutIndex {
    /// Images and further indexes; attestations and other artifacts are left out.
    let images: [Descriptor]

    static let referenceName = "org.opencontainers.image.ref.name"
    /// What containerd and Docker add: the whole reference.
    static let containerdName = "io.containerd.image.name"

    init(_ index: ImageIndex) {
        images = index.manifests.filter { descriptor in
            let type = descriptor.mediaType
            let isUnknown = descriptor.platform.map { $0.os == "unknown" && $0.architecture == "unknown" } ?? false
            return !isUnknown && (type.isEmpty || MediaType.isIndex(type) || MediaType.isManifest(type))
        }
    }

    /// What a name leads to.
    enum Choice: Equatable {
        case one(Descriptor)
        /// Several under one name, or all without a name: manifests for different platforms.
        case platforms([Descriptor])
        case none
        case ambiguous
    }

    /// The images with this tag; without a tag the only image.
    func choice(tag: String?) -> Choice {
        if let tag { return Self.choice(images.filter { $0.annotations?[Self.referenceName] == tag }) }
        let choice = Self.choice(images)
        if case .platforms = choice, images.contains(where: { Self.names($0).first != nil }) { return .ambiguous }
        return choice
    }

    /// The images with this reference; without a reference the only image.
    func choice(reference: Reference?) -> Choice {
        guard let reference else { return choice(tag: nil) }
        return Self.choice(
            images.filter { image in
                Self.names(image).contains { (try? Reference(parsing: $0)) == reference }
            })
    }

    /// For messages.
    var names: [String] {
        var seen: Set<String> = []
        return images.flatMap { Self.names($0).prefix(1) }.filter { seen.insert($0).inserted }
    }

    private static func names(_ image: Descriptor) -> [String] {
        [image.annotations?[referenceName], image.annotations?[containerdName]].compactMap { $0 }
    }

    private static func choice(_ images: [Descriptor]) -> Choice {
        guard let first = images.first else { return .none }
        if images.allSatisfy({ $0.digest == first.digest }) { return .one(first) }
        return images.allSatisfy { $0.platform != nil } ? .platforms(images) : .ambiguous
    }
}

/// `oci-layout`, the file that says that a directory is a layout.
struct LayoutMarker: Decodable {
    let imageLayoutVersion: String

    static let fileName = "oci-layout"
    static let maximumByteCount = 4096

    /// Why these bytes are not the marker of a layout that can be read; nil when they are.
    static func problem(with bytes: [UInt8]) -> String? {
        guard let marker = try? JSONDecoder().decode(LayoutMarker.self, from: Data(bytes)) else {
            return "its file oci-layout is not a JSON object with an imageLayoutVersion"
        }
        let version = marker.imageLayoutVersion
        return version.hasPrefix("1.") ? nil : "its layout version is \(quoted(version)), only 1.0.0 is known"
    }
}
