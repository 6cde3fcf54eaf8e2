extension Reference {
    /// Why a text is not a reference.
    public struct ParseError: DescribedError, Equatable {
        /// The whole text.
        public var text: String
        public var problem: Problem

        public enum Problem: Equatable, Sendable {
            case empty
            /// 64 hexadecimal digits: a Docker image ID, which registries do not know.
            case identifier
            case registry(String)
            case upperCase(String)
            case pathComponent(String)
            case repositoryTooLong(byteCount: Int)
            case tag(String)
            case digest(Digest.ParseError)
        }

        public var kind: FailureKind {
            if case .digest(.unsupportedAlgorithm) = problem { return .unsupported }
            return .usage
        }

        public var description: String { quoted(text) + " is not an image reference: " + explanation }

        private var explanation: String {
            switch problem {
            case .empty: "it is empty"
            case .identifier: "64 hexadecimal digits are an image ID; write NAME@sha256:DIGEST"
            case .registry(let name): "\(quoted(name)) is not a registry (HOST or HOST:PORT, IPv6 as [ADDRESS]:PORT)"
            case .upperCase(let component): "the repository name has upper-case letters in \(quoted(component))"
            case .pathComponent(""): "the repository name has an empty component"
            case .pathComponent(let component):
                "\(quoted(component)) in the repository name is not lower-case letters and digits"
                    + " with single '.', '_', '__' or '-' between them"
            case .repositoryTooLong(let byteCount):
                "the repository name has \(byteCount) bytes, \(ReferenceGrammar.maximumRepositoryByteCount) are allowed"
            case .tag(""): "there is no tag after ':'"
            case .tag(let tag) where tag.utf8.count > ReferenceGrammar.maximumTagByteCount:
                "the tag has \(tag.utf8.count) bytes, \(ReferenceGrammar.maximumTagByteCount) are allowed"
            case .tag(let tag): "\(quoted(tag)) is not a tag (letters, digits, '_', '.', '-')"
            case .digest(let error): error.description
            }
        }
    }
}
