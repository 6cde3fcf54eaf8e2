/// What an image may ask for at most, as `imgfs daemon --limit NAME=VALUE` sets it. docs/security.md says what each bounds.
///
/// The defaults are those of the parts that the limits belong to.
public enum ResourceLimit: String, Sendable, Hashable, Codable, CaseIterable, CodingKeyRepresentable {
    case manifestSize = "manifest-size"
    case configSize = "config-size"
    case layers
    case indexDepth = "index-depth"
    case unlabelledManifests = "unlabelled-manifests"
    case blobSize = "blob-size"
    case layerSize = "layer-size"
    case expansion
    case zstdWindow = "zstd-window"
    case entries
    case layerIndexSize = "layer-index-size"
    case nameLength = "name-length"
    case pathLength = "path-length"
    case extendedHeaderSize = "extended-header-size"
    case sparseExtents = "sparse-extents"
    case xattrs
    case xattrNameLength = "xattr-name-length"
    case xattrValueSize = "xattr-value-size"
    case xattrsSize = "xattrs-size"
    case imageNames = "image-names"
    case imageFiles = "image-files"
    case imageIndexSize = "image-index-size"
    case treeSize = "tree-size"
    case symlinks
    case pathSteps = "path-steps"
    case partialSize = "partial-size"

    /// The values that it can have: what formats, Linux and sums within 64 bits allow.
    public var range: ClosedRange<UInt64> {
        switch self {
        case .manifestSize, .configSize: 1...(256 << 20)
        case .layers: 1...10_000
        case .indexDepth: 0...16
        case .unlabelledManifests: 0...1000
        case .blobSize, .layerSize, .partialSize: 1...(1 << 46)
        case .expansion: 1...1_000_000
        case .zstdWindow: 1024...(2 << 30)
        case .entries, .imageNames, .imageFiles: 1...1_000_000_000
        case .layerIndexSize: 1024...(2 << 30)
        case .nameLength, .xattrNameLength: 1...255
        case .pathLength: 1...4095
        case .extendedHeaderSize: 512...(1 << 30)
        case .sparseExtents: 1...100_000_000
        case .xattrs: 0...10_000
        case .xattrValueSize: 0...65_536
        case .xattrsSize: 0...(64 << 20)
        case .imageIndexSize: 1024...(64 << 30)
        case .treeSize: 1024...((4 << 30) - 1)
        case .symlinks: 0...1000
        case .pathSteps: 0...10_000_000_000
        }
    }

    /// Why a setting is refused.
    public struct ParseError: Error, Equatable, CustomStringConvertible {
        public var description: String
    }

    /// Reads `NAME=VALUE`. The value is a number, with `K`, `M`, `G` or `T` for powers of 1024.
    public static func parse(_ setting: String) throws(ParseError) -> (limit: ResourceLimit, value: UInt64) {
        guard let equals = setting.firstIndex(of: "=") else {
            throw ParseError(description: "--limit \(setting): write NAME=VALUE")
        }
        let (name, text) = (setting[..<equals], setting[setting.index(after: equals)...])
        guard let limit = ResourceLimit(rawValue: String(name)) else {
            let names = allCases.map(\.rawValue).joined(separator: ", ")
            throw ParseError(description: "--limit \(setting): there is no limit '\(name)', but \(names)")
        }
        guard let value = number(text), limit.range.contains(value) else {
            throw ParseError(
                description: "--limit \(setting): the value is a number from \(limit.range.lowerBound) to"
                    + " \(limit.range.upperBound), also with K, M, G or T behind it")
        }
        return (limit, value)
    }

    private static func number(_ text: Substring) -> UInt64? {
        let shifts: [Character: UInt64] = ["K": 10, "M": 20, "G": 30, "T": 40]
        let shift = text.last.flatMap { shifts[$0] }
        let digits = shift == nil ? text : text.dropLast()
        guard !digits.isEmpty, digits.allSatisfy({ $0.isASCII && $0.isNumber }), let number = UInt64(digits) else {
            return nil
        }
        let (value, overflow) = number.multipliedReportingOverflow(by: 1 << (shift ?? 0))
        return overflow ? nil : value
    }
}
