/// The name of an image in a registry: `[registry/]repository[:tag][@digest]`.
///
/// Short names mean what they mean to Docker: `redis` is `docker.io/library/redis:latest`. With a tag and a digest the
/// digest decides which image it is, and the tag is kept for people.
/// See https://github.com/distribution/reference.
public struct Reference: Hashable, Sendable {
    /// `host[:port]` as people know it (`docker.io`, not `registry-1.docker.io`). IPv6 addresses are in brackets.
    public let registry: String
    /// The path below the registry, `library/redis`.
    public let repository: String
    /// nil only when there is a digest.
    public let tag: String?
    public let digest: Digest?

    /// Reads `text` as people write references. `index.docker.io` is an old name of `docker.io`.
    public init(parsing text: some StringProtocol) throws(ParseError) {
        let whole = String(text)
        guard !whole.isEmpty else { throw ParseError(text: whole, problem: .empty) }
        guard Digest(hex: whole) == nil else { throw ParseError(text: whole, problem: .identifier) }

        let (registry, remainder) = Self.splitRegistry(whole)
        guard ReferenceGrammar.isRegistry(registry) else {
            throw ParseError(text: whole, problem: .registry(String(registry)))
        }

        var name = remainder
        if let at = remainder.firstIndex(of: "@") {
            name = remainder[..<at]
            do {
                digest = try Digest(parsing: remainder[remainder.index(after: at)...])
            } catch {
                throw ParseError(text: whole, problem: .digest(error))
            }
        } else {
            digest = nil
        }

        if let colon = name.firstIndex(of: ":") {
            let tag = name[name.index(after: colon)...]
            name = name[..<colon]
            guard ReferenceGrammar.isTag(tag) else { throw ParseError(text: whole, problem: .tag(String(tag))) }
            self.tag = String(tag)
        } else {
            tag = digest == nil ? "latest" : nil
        }

        if registry == Self.dockerHub, !name.contains("/") { name = "library/" + name }
        for component in name.split(separator: "/", omittingEmptySubsequences: false) {
            guard !component.utf8.contains(where: ReferenceGrammar.isUpperCase) else {
                throw ParseError(text: whole, problem: .upperCase(String(component)))
            }
            guard ReferenceGrammar.isPathComponent(component) else {
                throw ParseError(text: whole, problem: .pathComponent(String(component)))
            }
        }
        guard name.utf8.count <= ReferenceGrammar.maximumRepositoryByteCount else {
            throw ParseError(text: whole, problem: .repositoryTooLong(byteCount: name.utf8.count))
        }
        self.registry = String(registry)
        repository = String(name)
    }

    private static let dockerHub = "docker.io"

    /// The first component is a registry when it cannot be part of a Docker Hub name: it is `localhost`, or has a dot,
    /// a colon or an upper-case letter.
    private static func splitRegistry(_ text: String) -> (registry: Substring, remainder: Substring) {
        guard let slash = text.firstIndex(of: "/") else { return (Substring(dockerHub), text[...]) }
        let first = text[..<slash]
        let rest = text[text.index(after: slash)...]
        if first == "index.docker.io" { return (Substring(dockerHub), rest) }
        let isRegistry =
            first == "localhost"
            || first.utf8.contains { byte in
                byte == UInt8(ascii: ".") || byte == UInt8(ascii: ":") || ReferenceGrammar.isUpperCase(byte)
            }
        return isRegistry ? (first, rest) : (Substring(dockerHub), text[...])
    }
}

extension Reference {
    /// What the registry is asked for in `/v2/<repository>/manifests/<here>`: the digest, or else the tag.
    public var manifestIdentifier: String { digest?.description ?? tag ?? "latest" }

    /// The registry's host without port and brackets.
    public var host: String {
        if registry.hasPrefix("[") { return String(registry.dropFirst().prefix { $0 != "]" }) }
        return String(registry.prefix { $0 != ":" })
    }

    /// The registry is this machine, so plain HTTP is as safe as TLS: `localhost`, 127.0.0.0/8 and ::1.
    public var isLoopback: Bool {
        let host = host
        if host == "localhost" { return true }
        if registry.hasPrefix("[") {
            // ::1 in any spelling: zeros and colons, then 1.
            let isWhole = host.contains("::") || host.count(where: { $0 == ":" }) == 7
            return isWhole && host.last == "1" && host.dropLast().allSatisfy { $0 == "0" || $0 == ":" }
        }
        let octets = host.split(separator: ".", omittingEmptySubsequences: false)
        return octets.count == 4 && octets[0] == "127" && octets.allSatisfy { UInt8($0) != nil }
    }

    /// The shortest form that means the same: `redis:latest`.
    public var familiar: String {
        guard registry == Self.dockerHub else { return description }
        let prefix = "library/"
        let isOfficial = repository.hasPrefix(prefix) && !repository.dropFirst(prefix.count).contains("/")
        let short = (isOfficial ? String(repository.dropFirst(prefix.count)) : repository) + suffix
        // docker.io/a.example/b must not become a.example/b, which is in another registry.
        return (try? Reference(parsing: short)) == self ? short : description
    }

    private var suffix: String {
        (tag.map { ":" + $0 } ?? "") + (digest.map { "@" + $0.description } ?? "")
    }
}

extension Reference: CustomStringConvertible {
    /// The canonical form: `docker.io/library/redis:latest`.
    public var description: String { registry + "/" + repository + suffix }
}

extension Reference: Codable {
    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        let text = try container.decode(String.self)
        do {
            try self.init(parsing: text)
        } catch {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: error.description)
        }
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}
