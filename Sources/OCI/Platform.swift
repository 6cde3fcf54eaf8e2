/// An operating system and a processor architecture that an image is made for, in Go's names (GOOS, GOARCH).
/// See the OCI image specification, image-index.md, "platform".
public struct Platform: Hashable, Sendable, Codable {
    public var os: String
    public var architecture: String
    /// `v7` for `arm`, `v3` for `amd64`, …
    public var variant: String?

    public init(os: String, architecture: String, variant: String? = nil) {
        self.os = os
        self.architecture = architecture
        self.variant = variant
    }

    /// Reads `os/architecture[/variant]` or the architecture alone, which then is Linux's, and gives the normal form.
    public init(parsing text: some StringProtocol) throws(ParseError) {
        let parts = String(text).split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        guard (1...3).contains(parts.count), parts.allSatisfy(Self.isName) else {
            throw ParseError(text: String(text))
        }
        if parts.count == 1 {
            let alone = Platform(os: "linux", architecture: parts[0]).normalized
            guard Self.architectures.contains(alone.architecture) else { throw ParseError(text: String(text)) }
            self = alone
        } else {
            self = Platform(os: parts[0], architecture: parts[1], variant: parts.count == 3 ? parts[2] : nil).normalized
        }
    }

    private static func isName(_ text: String) -> Bool {
        !text.isEmpty
            && text.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"): true
                case UInt8(ascii: "0")...UInt8(ascii: "9"): true
                case UInt8(ascii: "_"), UInt8(ascii: "-"), UInt8(ascii: "."): true
                default: false
                }
            }
    }

    /// The architectures that Linux images exist for.
    private static let architectures: Set<String> = [
        "386", "amd64", "arm", "arm64", "loong64", "mips", "mipsle", "mips64", "mips64le", "ppc64", "ppc64le",
        "riscv64", "s390x",
    ]

    public struct ParseError: DescribedError, Equatable {
        public var text: String

        public var kind: FailureKind { .usage }
        public var description: String {
            "\(quoted(text)) is not a platform: write OS/ARCHITECTURE[/VARIANT], like linux/arm64 or linux/arm/v7"
        }
    }
}

extension Platform: CustomStringConvertible {
    /// `os/architecture[/variant]`
    public var description: String { os + "/" + architecture + (variant.map { "/" + $0 } ?? "") }
}

extension Platform {
    /// One spelling for each platform: lower case, Go's names, and no variant where it is the architecture's basis
    /// (`arm64/v8`, `amd64/v1`). `arm` alone is `arm/v7`.
    public var normalized: Platform {
        let lowerCaseVariant = variant.flatMap { $0.isEmpty ? nil : $0.lowercased() }
        let (architecture, variant) = Self.normalized(architecture.lowercased(), lowerCaseVariant)
        let os = os.lowercased()
        return Platform(os: os == "macos" ? "darwin" : os, architecture: architecture, variant: variant)
    }

    private static func normalized(_ architecture: String, _ variant: String?) -> (String, String?) {
        switch architecture {
        case "386", "i386", "i486", "i586", "i686": ("386", nil)
        case "amd64", "x86_64", "x86-64": ("amd64", variant == "v1" || variant == "1" ? nil : prefixed(variant))
        case "arm64", "aarch64":
            ("arm64", ["8", "v8", "8.0", "v8.0"].contains(variant) ? nil : prefixed(variant))
        case "armhf", "armv7l", "armv7": ("arm", "v7")
        case "armel", "armv6l", "armv6": ("arm", "v6")
        case "armv5tel", "armv5l", "armv5": ("arm", "v5")
        case "armv8l": ("arm", "v8")
        case "arm": ("arm", prefixed(variant) ?? "v7")
        case "loongarch64": ("loong64", variant)
        default: (architecture, variant)
        }
    }

    /// `8` is written `v8`.
    private static func prefixed(_ variant: String?) -> String? {
        guard let variant, let first = variant.utf8.first, ReferenceGrammar.isDigit(first) else { return variant }
        return "v" + variant
    }
}
