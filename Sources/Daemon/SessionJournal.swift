import Control
import DescriptorStore
import FoundationEssentials
import OCI

/// What a mounted image's record says about it, line by line, for a successor.
enum SessionJournal {
    enum Line: Codable {
        /// The first line: what is mounted.
        case mounted(Mounted)
        /// A place that its layers can be fetched from, and what it is called there.
        case origin(Origin)
        case target(MountTarget)
        /// Of the file system: `major:minor`.
        case device(String)
        /// The image is there. The kernel remembers nodes of this tree.
        case tree(checksum: UInt64)
        case isolated(reason: String)
    }

    struct Mounted: Codable {
        var source: String
        var image: Image
        var chainID: Digest
        var mountedAtSeconds: Int64
    }

    struct Origin: Codable {
        var image: Image
        var place: LayerOrigin.Place
    }

    /// All lines taken together.
    struct Summary {
        var mounted: Mounted
        /// The newest first.
        var origins: [Origin] = []
        var targets: [MountTarget] = []
        var device: String?
        var treeChecksum: UInt64?
        var isolationReason: String?
    }

    static func append(_ line: Line, to record: SessionRecord?) {
        // A line that is missing costs a successor a place to fetch from, or a line in a listing.
        guard let record, let data = try? JSONEncoder().encode(line) else { return }
        record.append(Array(data))
    }

    /// nil when there is not even a first line. A line that another version wrote and this one cannot read is skipped.
    static func summary(of record: SessionRecord) -> Summary? {
        var summary: Summary?
        for bytes in record.lines {
            guard let line = try? JSONDecoder().decode(Line.self, from: Data(bytes)) else { continue }
            switch line {
            case .mounted(let mounted): summary = summary ?? Summary(mounted: mounted)
            case .origin(let origin): summary?.origins.insert(origin, at: 0)
            case .target(let target): summary?.targets.append(target)
            case .device(let device): summary?.device = device
            case .tree(let checksum): summary?.treeChecksum = checksum
            case .isolated(let reason): summary?.isolationReason = reason
            }
        }
        return summary
    }
}
