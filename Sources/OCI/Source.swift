/// Where an image is, as a person writes it on a command line or in /etc/fstab.
public enum Source: Hashable, Sendable {
    /// `[registry/]repository[:tag][@digest]`
    case registry(Reference)
    /// `oci:PATH[:TAG]`, a directory in the OCI image layout.
    case layout(path: String, tag: String?)
    /// `docker-archive:FILE[:REFERENCE]`, what `docker save` writes. The reference picks one of several images.
    case dockerArchive(path: String, reference: Reference?)
    /// `chain:sha256:…`, the layers up to and with one that this machine knows already.
    case chain(Digest)

    /// Reads `text`.
    ///
    /// In `oci:PATH[:TAG]` what follows the last colon is the tag if it could be one; a path that ends like that is
    /// written with a slash at its end. In `docker-archive:FILE[:REFERENCE]` the file's name ends at the first colon.
    /// A repository on Docker Hub named `oci`, `chain` or `docker-archive` is written `docker.io/library/oci`.
    public init(parsing text: some StringProtocol) throws(ParseError) {
        let whole = String(text)
        if let rest = Self.rest(of: whole, after: "oci:") {
            let (path, tag) = Self.splitTag(rest)
            guard !path.isEmpty else { throw ParseError(text: whole, problem: .noPath) }
            try Self.checkPath(path, of: whole)
            self = .layout(path: path, tag: tag)
        } else if let rest = Self.rest(of: whole, after: "docker-archive:") {
            let parts = rest.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
            guard let path = parts.first, !path.isEmpty else { throw ParseError(text: whole, problem: .noPath) }
            try Self.checkPath(String(path), of: whole)
            let reference = parts.count > 1 ? try Self.reference(String(parts[1])) : nil
            self = .dockerArchive(path: String(path), reference: reference)
        } else if let rest = Self.rest(of: whole, after: "chain:") {
            do {
                self = .chain(try Digest(parsing: rest))
            } catch {
                throw ParseError(text: whole, problem: .chain(error))
            }
        } else {
            self = .registry(try Self.reference(whole))
        }
    }

    private static func rest(of text: String, after prefix: String) -> Substring? {
        text.hasPrefix(prefix) ? text.dropFirst(prefix.count) : nil
    }

    private static func splitTag(_ text: Substring) -> (path: String, tag: String?) {
        guard let colon = text.lastIndex(of: ":") else { return (String(text), nil) }
        let tag = text[text.index(after: colon)...]
        guard ReferenceGrammar.isTag(tag) else { return (String(text), nil) }
        return (String(text[..<colon]), String(tag))
    }

    private static func checkPath(_ path: String, of text: String) throws(ParseError) {
        guard !path.utf8.contains(0) else { throw ParseError(text: text, problem: .zeroByte) }
    }

    private static func reference(_ text: String) throws(ParseError) -> Reference {
        do {
            return try Reference(parsing: text)
        } catch {
            throw ParseError(text: text, problem: .reference(error))
        }
    }

    /// The same source with a path that no longer depends on the working directory. Lexical: `..` stays.
    public func absolute(in workingDirectory: String) -> Source {
        func absolute(_ path: String) -> String {
            if path.hasPrefix("/") { return path }
            return workingDirectory.hasSuffix("/") ? workingDirectory + path : workingDirectory + "/" + path
        }
        switch self {
        case .registry, .chain: return self
        case .layout(let path, let tag): return .layout(path: absolute(path), tag: tag)
        case .dockerArchive(let path, let reference): return .dockerArchive(path: absolute(path), reference: reference)
        }
    }
}

extension Source: CustomStringConvertible {
    /// The canonical form; reading it gives the same source.
    public var description: String {
        switch self {
        case .registry(let reference): return reference.description
        case .layout(let path, let tag?): return "oci:\(path):\(tag)"
        case .layout(let path, nil): return "oci:" + path + (Self.splitTag(path[...]).tag == nil ? "" : "/")
        case .dockerArchive(let path, let reference?): return "docker-archive:\(path):\(reference)"
        case .dockerArchive(let path, nil): return "docker-archive:\(path)"
        case .chain(let digest): return "chain:\(digest)"
        }
    }
}

extension Source {
    /// Why a text names no source.
    public struct ParseError: DescribedError, Equatable {
        /// The whole text.
        public var text: String
        public var problem: Problem

        public enum Problem: Equatable, Sendable {
            case noPath
            case zeroByte
            case chain(Digest.ParseError)
            case reference(Reference.ParseError)
        }

        public var kind: FailureKind {
            if case .reference(let error) = problem { return error.kind }
            return .usage
        }

        public var description: String {
            switch problem {
            case .noPath: "\(quoted(text)) names no image: there is no path after the colon"
            case .zeroByte: "\(quoted(text)) names no image: a path has no zero bytes"
            case .chain(let error): "\(quoted(text)) names no chain: \(error)"
            case .reference(let error): error.description
            }
        }
    }
}
