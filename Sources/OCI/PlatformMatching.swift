extension Platform {
    /// The platforms whose programs run on this one, the best first, in the normal form.
    ///
    /// amd64 runs its lower levels and 386; arm runs its lower versions down to v5; arm64 its lower versions (v9.N has
    /// all of v8.(N+5)), then 32-bit arm. These are the rules of containerd's `platforms.Only`.
    var runnable: [Platform] {
        let platform = normalized
        func with(_ architecture: String, _ variant: String?) -> Platform {
            Platform(os: platform.os, architecture: architecture, variant: variant).normalized
        }
        var list = [platform]
        switch platform.architecture {
        case "amd64":
            list += Self.versions(below: Self.version(platform.variant) ?? 1, from: 1).map { with("amd64", "v\($0)") }
            list.append(with("386", nil))
        case "arm":
            list += Self.versions(below: Self.version(platform.variant) ?? 5, from: 5).map { with("arm", "v\($0)") }
        case "arm64":
            list += Self.lowerVersions(ofArm64: platform.variant ?? "v8").map { with("arm64", $0) }
            list += Self.versions(below: 9, from: 5).map { with("arm", "v\($0)") }
        default:
            break
        }
        return list
    }

    /// The best of `descriptors` for this platform, the first of equals; nil when none runs here.
    ///
    /// Descriptors without a platform are not considered, nor are attestations, which go by `unknown/unknown`.
    public func best(of descriptors: [Descriptor]) -> Descriptor? {
        let candidates = descriptors.compactMap { descriptor in
            descriptor.isAttestation ? nil : descriptor.platform.map { (platform: $0.normalized, descriptor) }
        }
        for platform in runnable {
            if let match = candidates.first(where: { $0.platform == platform }) { return match.1 }
        }
        return nil
    }

    /// Programs of `other` run on this platform.
    public func runs(_ other: Platform) -> Bool { runnable.contains(other.normalized) }

    private static let maximumVersion = 99

    private static func version(_ variant: String?) -> Int? {
        guard let variant, variant.hasPrefix("v"), let version = Int(variant.dropFirst()) else { return nil }
        return (0...maximumVersion).contains(version) ? version : nil
    }

    private static func versions(below version: Int, from lowest: Int) -> [Int] {
        version > lowest ? (lowest..<version).reversed() : []
    }

    private static func lowerVersions(ofArm64 variant: String) -> [String] {
        let parts = variant.split(separator: ".", maxSplits: 1).map(String.init)
        guard let major = version(parts.first), let minor = parts.count == 2 ? version("v" + parts[1]) : 0 else {
            return []
        }
        func name(_ major: Int, _ minor: Int) -> String { minor == 0 ? "v\(major)" : "v\(major).\(minor)" }
        let lower = versions(below: minor, from: 0).map { name(major, $0) }
        switch major {
        case 8: return lower
        case 9: return lower + versions(below: minor + 6, from: 0).map { name(8, $0) }
        default: return []
        }
    }
}

extension Descriptor {
    /// A description of how an image was built, which BuildKit puts beside it in the index.
    public var isAttestation: Bool {
        platform.map { $0.os == "unknown" && $0.architecture == "unknown" } ?? false
            || annotations?["vnd.docker.reference.type"] == "attestation-manifest"
    }
}
