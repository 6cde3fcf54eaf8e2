extension ImageConfig {
    /// Defaults for a container of the image.
    public struct Execution: Hashable, Sendable, Codable {
        public var user: String?
        public var environment: [String]?
        public var entrypoint: [String]?
        public var command: [String]?
        public var workingDirectory: String?
        /// `6379/tcp`, sorted.
        public var exposedPorts: [String]?
        /// Paths, sorted.
        public var volumes: [String]?
        public var labels: [String: String]?
        public var stopSignal: String?

        enum CodingKeys: String, CodingKey {
            case user = "User"
            case environment = "Env"
            case entrypoint = "Entrypoint"
            case command = "Cmd"
            case workingDirectory = "WorkingDir"
            case exposedPorts = "ExposedPorts"
            case volumes = "Volumes"
            case labels = "Labels"
            case stopSignal = "StopSignal"
        }

        public init() {}

        public init(from decoder: any Decoder) throws {
            let container = try decoder.container(keyedBy: CodingKeys.self)
            user = container.lenient(String.self, .user)
            environment = container.lenient([String].self, .environment)
            entrypoint = container.lenientWords(.entrypoint)
            command = container.lenientWords(.command)
            workingDirectory = container.lenient(String.self, .workingDirectory)
            exposedPorts = container.lenient([String: Empty].self, .exposedPorts)?.keys.sorted()
            volumes = container.lenient([String: Empty].self, .volumes)?.keys.sorted()
            labels = container.lenient([String: String].self, .labels)
            stopSignal = container.lenient(String.self, .stopSignal)
        }

        public func encode(to encoder: any Encoder) throws {
            func set(_ names: [String]?) -> [String: Empty]? {
                names.map { Dictionary($0.map { ($0, Empty()) }, uniquingKeysWith: { first, _ in first }) }
            }
            var container = encoder.container(keyedBy: CodingKeys.self)
            try container.encodeIfPresent(user, forKey: .user)
            try container.encodeIfPresent(environment, forKey: .environment)
            try container.encodeIfPresent(entrypoint, forKey: .entrypoint)
            try container.encodeIfPresent(command, forKey: .command)
            try container.encodeIfPresent(workingDirectory, forKey: .workingDirectory)
            try container.encodeIfPresent(set(exposedPorts), forKey: .exposedPorts)
            try container.encodeIfPresent(set(volumes), forKey: .volumes)
            try container.encodeIfPresent(labels, forKey: .labels)
            try container.encodeIfPresent(stopSignal, forKey: .stopSignal)
        }
    }

    /// One step of the build.
    public struct History: Hashable, Sendable, Codable {
        public var created: String?
        public var createdBy: String?
        public var author: String?
        public var comment: String?
        /// The step made no layer.
        public var emptyLayer: Bool?

        enum CodingKeys: String, CodingKey {
            case created, author, comment
            case createdBy = "created_by"
            case emptyLayer = "empty_layer"
        }

        public init(createdBy: String? = nil, emptyLayer: Bool? = nil) {
            self.createdBy = createdBy
            self.emptyLayer = emptyLayer
        }

        public init(from decoder: any Decoder) throws {
            let container = try decoder.container(keyedBy: CodingKeys.self)
            created = container.lenient(String.self, .created)
            createdBy = container.lenient(String.self, .createdBy)
            author = container.lenient(String.self, .author)
            comment = container.lenient(String.self, .comment)
            emptyLayer = container.lenient(Bool.self, .emptyLayer)
        }
    }
}

/// `{}`, the value of members that are sets.
private struct Empty: Codable {
    init() {}
    init(from decoder: any Decoder) throws {}
}
