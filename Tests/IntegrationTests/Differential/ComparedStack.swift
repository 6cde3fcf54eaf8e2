import Content
import Glibc
import OCI

/// A random stack as an image that is mounted with imgfs, unpacked with umoci, and laid over one another by the kernel's
/// overlayfs; and what is different in them.
final class ComparedStack {
    private let stack: RandomStack
    private let directory: TestDirectory
    /// A tmpfs of the stack's own: it knows all kinds of files, times and attributes, and goes in one step.
    private let scratch: String

    /// Both images have the same layers; `umoci` has blobs that umoci reads.
    private enum Tag { static let all = "all", umoci = "umoci" }

    init(_ stack: RandomStack) throws {
        self.stack = stack
        directory = try TestDirectory()
        scratch = try directory.makeDirectory("s")
        try check(mount("imgfs-test", scratch, "tmpfs", 0, "mode=755"), "mount", scratch)
    }

    deinit {
        umount2(scratch + "/merged", Int32(MNT_DETACH))
        umount2(scratch, Int32(MNT_DETACH))
    }

    /// Lines that say what is different; none when all is the same. Throws what a program refused.
    func differences(_ installation: Installation) throws -> [String] {
        let lower = try stack.overlayDiffers == nil ? extract() : nil
        try writeLayout()
        let unpacked = scratch + "/unpacked"
        let umoci =
            try stack.umociDiffers == nil
            ? Child(["umoci", "raw", "unpack", "--image", "\(scratch)/layout:\(Tag.umoci)", unpacked]) : nil

        let target = try installation.makeTarget()
        defer { umount2(target, Int32(MNT_DETACH)) }
        let mount = try installation.startMount("oci:\(scratch)/layout:\(Tag.all)", on: target).wait()
        guard mount.succeeded else { throw TestFailure("mount: \(mount.text)") }
        // Until somebody looks inside, the root has attributes that hold for any image.
        _ = try withCPath(target, []) { try directoryNames($0) }
        let found = try FileTree(target)

        var lines: [String] = []
        lines += found.wrongLinkCounts
        if let lower {
            try mountOverlay(lower)
            lines += found.differences(from: try FileTree(scratch + "/merged"), "overlayfs", FileTree.asOverlay)
        }
        if let umoci {
            let outcome = umoci.wait()
            guard outcome.succeeded else { throw TestFailure("umoci: \(outcome.text)") }
            lines += found.differences(from: try FileTree(unpacked), "umoci") { path, file in
                // What umoci unpacks has no holes.
                file.dataMap = []
                file.pages = 0
                // It takes an empty value for none; containerd does not.
                file.extendedAttributes = file.extendedAttributes.filter { !$0.value.isEmpty }
                if self.stack.made.contains(path) { (file.mode, file.groupID) = (S_IFDIR, 0) }
                if self.stack.untimed.contains(path) { (file.mtimeSeconds, file.mtimeNanoseconds) = (0, 0) }
            }
        }
        return lines
    }

    // MARK: The overlay

    /// The layers as directories, the uppermost first.
    private func extract() throws -> [LayerDirectory] {
        var lower: [LayerDirectory] = []
        for (number, layer) in stack.layers.enumerated() {
            lower.insert(try LayerDirectory.extract(layer.entries, into: "\(scratch)/l\(number)", over: lower), at: 0)
        }
        return lower
    }

    private func mountOverlay(_ lower: [LayerDirectory]) throws {
        // An overlay has two layers at least.
        for name in ["e1", "e2"] {
            _ = try LayerDirectory.extract([], into: "\(scratch)/\(name)", over: [])
        }
        var roots: [String] = []
        for layer in lower {
            roots.append(layer.root)
            if layer.hidesAllBelow { break }
        }
        roots += [scratch + "/e1", scratch + "/e2"]
        try check(mkdir(scratch + "/merged", 0o755), "mkdir", "merged")
        let options = "lowerdir=\(roots.joined(separator: ":")),index=off,metacopy=off"
        try check(mount("imgfs-test", scratch + "/merged", "overlay", UInt(MS_RDONLY), options), "mount", options)
    }

    // MARK: The image

    private func writeLayout() throws {
        let layout = scratch + "/layout"
        for directory in [layout, layout + "/blobs", layout + "/blobs/sha256"] {
            try check(mkdir(directory, 0o755), "mkdir", directory)
        }
        try write(#"{"imageLayoutVersion":"1.0.0"}"#, to: layout + "/oci-layout")
        var diffIDs: [Digest] = []
        var descriptors: [String: [String]] = [Tag.all: [], Tag.umoci: []]
        for (number, layer) in stack.layers.enumerated() {
            let archive = try archive(layer, number)
            diffIDs.append(SHA256.digest(of: archive))
            let blob = try LayerCompression.blob(archive, layer.compression, directory: directory)
            let type = LayerCompression.mediaType(layer.compression)
            let descriptor = try add(blob, type)
            descriptors[Tag.all]?.append(descriptor)
            // The umoci of Debian 12 reads no zstd.
            let plain = LayerCompression.mediaType(.none)
            descriptors[Tag.umoci]?.append(type.hasSuffix("+zstd") ? try add(archive, plain) : descriptor)
        }
        let config = try add(
            Array(
                """
                {"architecture":"\(TestImage.hostArchitecture)","os":"linux","config":{},\
                "rootfs":{"type":"layers","diff_ids":[\(diffIDs.map { "\"\($0)\"" }.joined(separator: ","))]}}
                """.utf8), "application/vnd.oci.image.config.v1+json")
        var manifests: [String] = []
        for (tag, layers) in descriptors {
            let manifest = try add(
                Array(
                    """
                    {"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":\(config),\
                    "layers":[\(layers.joined(separator: ","))]}
                    """.utf8), "application/vnd.oci.image.manifest.v1+json")
            let annotation = #","annotations":{"org.opencontainers.image.ref.name":"\#(tag)"}}"#
            manifests.append(manifest.dropLast() + annotation)
        }
        try write(
            #"{"schemaVersion":2,"manifests":[\#(manifests.joined(separator: ","))]}"#, to: layout + "/index.json")
    }

    private func add(_ blob: [UInt8], _ mediaType: String) throws -> String {
        let digest = SHA256.digest(of: blob)
        try write(blob, to: "\(scratch)/layout/blobs/sha256/\(digest.hex)")
        return #"{"mediaType":"\#(mediaType)","digest":"\#(digest)","size":\#(blob.count)}"#
    }

    private func archive(_ layer: RandomLayer, _ number: Int) throws -> [UInt8] {
        let tree = "\(scratch)/t\(number)"
        let tar = "\(scratch)/t\(number).tar"
        switch layer.writer {
        case .own(let dialect): return TarWriter.archive(layer, dialect, seed: stack.seed &+ UInt64(number))
        case .gnuTar(let format):
            try extractForPrograms(number, into: tree)
            let attributes = format == "pax" ? ["--xattrs", "--xattrs-include=*"] : []
            let words = ["tar", "-C", tree, "--format=\(format)", "-S"] + attributes + ["-cf", tar, "."]
            let outcome = try Child(words).wait()
            guard outcome.succeeded else { throw TestFailure("tar: \(outcome.text)") }
        case .bsdtar:
            try extractForPrograms(number, into: tree)
            try output("bsdtar", "-C", tree, "--format=pax", "-cf", tar, ".")
        }
        defer { unlink(tar) }
        return readBytes(tar)
    }

    private func extractForPrograms(_ number: Int, into tree: String) throws {
        var lower: [LayerDirectory] = []
        for (below, layer) in stack.layers.prefix(number).enumerated() {
            // What was extracted for the overlay.
            lower.insert(try LayerDirectory.extract(layer.entries, into: "\(tree).\(below)", over: lower), at: 0)
        }
        _ = try LayerDirectory.extract(stack.layers[number].entries, into: tree, over: lower, marks: .specification)
    }
}
