public import OCI

public struct PullRequest: Sendable, Hashable, Codable {
    public var image: SourceRequest

    public init(image: SourceRequest) { self.image = image }
}

/// How far one layer of a pull is.
public struct LayerProgress: Sendable, Hashable, Codable {
    public enum State: String, Sendable, Codable, CaseIterable {
        /// Waits for its turn, or for somebody else's unpack of the same layer.
        case waiting
        case fetching
        /// Fetched and unpacked by this pull, or by the one that it waited for.
        case done
        /// Was there already.
        case present
    }

    /// Position in the image, 0 is the lowest layer.
    public var position: Int
    /// Of the blob.
    public var digest: Digest
    public var state: State
    /// Bytes of the blob that arrived.
    public var fetchedByteCount: Int64
    /// Bytes of the blob.
    public var byteCount: Int64
    /// Bytes of the uncompressed archive that were written.
    public var unpackedByteCount: Int64

    public init(
        position: Int, digest: Digest, state: State, fetchedByteCount: Int64, byteCount: Int64, unpackedByteCount: Int64
    ) {
        self.position = position
        self.digest = digest
        self.state = state
        self.fetchedByteCount = fetchedByteCount
        self.byteCount = byteCount
        self.unpackedByteCount = unpackedByteCount
    }
}

/// What happens during a pull. The server leaves out `fetching` progress that a slow client has not read yet.
public enum PullEvent: Sendable, Hashable {
    /// The image is known: always the first event.
    case resolved(ImageSummary)
    case layer(LayerProgress)
}

extension PullEvent: Codable {
    private enum CodingKeys: String, CodingKey { case resolved, layer }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        if let image = try container.decodeIfPresent(ImageSummary.self, forKey: .resolved) {
            self = .resolved(image)
        } else {
            self = .layer(try container.decode(LayerProgress.self, forKey: .layer))
        }
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        switch self {
        case .resolved(let image): try container.encode(image, forKey: .resolved)
        case .layer(let progress): try container.encode(progress, forKey: .layer)
        }
    }
}
