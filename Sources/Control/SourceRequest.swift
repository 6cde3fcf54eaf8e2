/// When a tag is looked up in the registry again.
public enum PullPolicy: String, Sendable, Codable, CaseIterable {
    /// Only when this machine has not resolved it before.
    case missing
    /// Every time.
    case always
    /// Never: what is not stored is an error.
    case never
}

/// Where the client's environment says that registry credentials are. Paths only, no secret.
///
/// The daemon follows these only for uid 0; for anybody else they would make it read files with rights that the
/// client does not have.
public struct CredentialEnvironment: Sendable, Hashable, Codable {
    /// The `authfile=` option, absolute.
    public var authfile: String?
    /// $REGISTRY_AUTH_FILE
    public var registryAuthFile: String?
    /// $XDG_RUNTIME_DIR
    public var runtimeDirectory: String?
    /// $DOCKER_CONFIG, a directory
    public var dockerConfigDirectory: String?
    /// $HOME
    public var homeDirectory: String?

    public init(
        authfile: String? = nil, registryAuthFile: String? = nil, runtimeDirectory: String? = nil,
        dockerConfigDirectory: String? = nil, homeDirectory: String? = nil
    ) {
        self.authfile = authfile
        self.registryAuthFile = registryAuthFile
        self.runtimeDirectory = runtimeDirectory
        self.dockerConfigDirectory = dockerConfigDirectory
        self.homeDirectory = homeDirectory
    }
}

/// An image as a person named it, and how to find it.
public struct SourceRequest: Sendable, Hashable, Codable {
    /// A registry reference, `oci:PATH[:TAG]`, `docker-archive:FILE[:REF]` or `chain:sha256:…`; paths are absolute.
    public var source: String
    /// `os/architecture[/variant]`; nil means the daemon's own.
    public var platform: String?
    public var pull: PullPolicy
    /// Plain HTTP, or TLS without a valid certificate, is allowed for the registry.
    public var insecure: Bool
    public var credentials: CredentialEnvironment

    public init(
        source: String, platform: String? = nil, pull: PullPolicy = .missing, insecure: Bool = false,
        credentials: CredentialEnvironment = CredentialEnvironment()
    ) {
        self.source = source
        self.platform = platform
        self.pull = pull
        self.insecure = insecure
        self.credentials = credentials
    }
}
