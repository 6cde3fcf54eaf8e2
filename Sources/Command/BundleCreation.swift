import CLinux
import Control
import Glibc
import OCI
import Runtime

/// Makes a bundle, or mounts one again whose mounts are gone.
struct BundleCreation {
    var source: String
    var request: SourceRequest
    var kind: BundleRecord.Kind
    var options: BundleOptions

    /// Undoes what it made when it fails. An existing bundle keeps its files then.
    func run(at path: String, over connection: ControlClient) throws -> BundleRecord {
        let directory = try BundleDirectory.make(path)
        do {
            return try make(directory, over: connection)
        } catch {
            let mounts = BundleMounts(directory: directory)
            if let record = directory.record {
                if !mounts.isUsable(record) { try? mounts.unmountAll(lazily: true) }
            } else {
                try? BundleRemoval(directory: directory).run()
            }
            throw error
        }
    }

    private func make(_ directory: BundleDirectory, over connection: ControlClient) throws -> BundleRecord {
        let mounts = BundleMounts(directory: directory)
        if let record = directory.record, record.source == source, record.kind == kind, mounts.isUsable(record) {
            return record
        }
        var flags = MountFlags()
        flags.allowsSetUserID = true
        flags.allowsDevices = true
        let granted = try GrantedMount(
            of: request, source: source, target: directory.root, flags: flags, over: connection)
        let record = BundleRecord(
            source: source, name: granted.details.name, manifestDigest: granted.details.manifestDigest,
            chainID: granted.details.chainID, kind: kind)
        if let existing = directory.record {
            try check(existing, against: record, in: directory)
            try mounts.unmountAll(lazily: true)
        }

        // Everything that can go wrong with the image comes first.
        try ImageAccess.waitForLayers(of: granted, request, over: connection)
        let image = ImageRoot(descriptor: granted.descriptor)
        let config = try runtimeConfig(image, granted.details, over: connection)
        if directory.record == nil {
            try directory.write(JSONText.pretty(record) + "\n", to: directory.recordFile)
            try directory.write(JSONText.pretty(config) + "\n", to: directory.config)
        }
        try BundleDirectory.makeDirectory(directory.root)
        switch kind {
        case .readOnly:
            let missing = try Self.missing(config.neededDirectories, in: image)
            if missing.isEmpty {
                try mounts.attach(granted, at: directory.root, over: connection)
            } else {
                try mounts.attach(granted, at: directory.image, over: connection)
                try mounts.mountReadOnly(source: source, with: missing)
            }
        case .tmpfs, .overlay:
            try mounts.attach(granted, at: directory.image, over: connection)
            if kind == .tmpfs { try mounts.mountTmpfs() }
            try mounts.mountWritable(source: source)
        }
        return record
    }

    /// Changes belong to the layers that they were made on, and config.json to its image.
    private func check(
        _ existing: BundleRecord, against record: BundleRecord, in directory: BundleDirectory
    ) throws(CommandFailure) {
        guard existing.manifestDigest == record.manifestDigest, existing.kind == record.kind else {
            throw CommandFailure(
                ExitStatus.usage,
                "\(directory.path) is a bundle of \(existing.source) (\(existing.manifestDigest), \(existing.kind)), not"
                    + " of \(source) (\(record.manifestDigest), \(record.kind)); 'imgfs bundle --remove' deletes it")
        }
    }

    private func runtimeConfig(
        _ image: ImageRoot, _ details: MountDetails, over connection: ControlClient
    ) throws -> RuntimeConfig {
        // The mount has resolved the name: this only reads what is stored.
        var known = request
        if known.pull == .always { known.pull = .missing }
        let inspection = try connection.inspect(known)
        guard inspection.image.manifestDigest == details.manifestDigest else {
            throw CommandFailure(
                ExitStatus.system, "\(source) changed while it was being mounted: try again")
        }
        let document = Document(
            bytes: Array(JSONText.line(inspection.config).utf8),
            mediaType: "application/vnd.oci.image.config.v1+json", digest: inspection.image.configDigest)
        let config = try ImageConfig(document)
        let limit = UserDatabase.maximumFileByteCount
        let database = UserDatabase(
            passwd: try image.text(of: "/etc/passwd", limit: limit) ?? "",
            group: try image.text(of: "/etc/group", limit: limit) ?? "")
        let user = try ContainerUser(config.config?.user ?? "", in: database)
        return RuntimeConfig(image: config, user: user, options: options)
    }

    private static func missing(_ paths: [String], in image: ImageRoot) throws(CommandFailure) -> [String] {
        var missing: [String] = []
        for path in paths where try image.status(of: path) == nil { missing.append(path) }
        return missing
    }
}
