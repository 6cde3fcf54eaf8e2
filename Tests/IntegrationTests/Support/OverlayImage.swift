import Glibc

/// An image made layer by layer on a kernel overlayfs, which also says what the mounted image must look like.
///
/// Each layer is what a script changes in the tree of the layers below. The kernel's whiteouts and opaque directories
/// become those of the image specification.
final class OverlayImage {
    let image: TestImage
    /// Where the kernel's overlayfs over all layers is mounted: the truth.
    let truth: String
    private let directory: TestDirectory

    init(layers scripts: [String], compression: TestImage.Compression = .gzip) throws {
        directory = try TestDirectory()
        image = try TestImage()
        // Overlayfs wants file systems with xattrs and no overlayfs below it.
        let scratch = try directory.makeDirectory("scratch")
        try output("mount", "-t", "tmpfs", "-o", "mode=755", "imgfs-test", scratch)
        try output("mkdir", scratch + "/empty", scratch + "/merged")
        var lower = [scratch + "/empty"]
        for (number, script) in scripts.enumerated() {
            let upper = "\(scratch)/upper\(number)"
            try output("mkdir", upper, "\(scratch)/work\(number)")
            try Self.overlay(lower: lower, upper: upper, work: "\(scratch)/work\(number)", on: scratch + "/merged")
            defer { umount2(scratch + "/merged", 0) }
            try shell("cd '\(scratch)/merged'; \(script)")
            lower.insert(upper, at: 0)
        }
        for (number, upper) in lower.dropLast().reversed().enumerated() {
            let tar = directory.path("layer\(number).tar")
            try Self.archive(upper, to: tar)
            try image.add(tar: tar, compression: compression)
        }
        try image.finish()
        truth = scratch + "/merged"
        let options = "lowerdir=" + lower.joined(separator: ":")
        try output("mount", "-t", "overlay", "imgfs-test", "-o", options, truth)
    }

    deinit {
        umount2(truth, Int32(MNT_DETACH))
        umount2(directory.path("scratch"), Int32(MNT_DETACH))
    }

    private static func overlay(lower: [String], upper: String, work: String, on target: String) throws {
        let layers = "lowerdir=\(lower.joined(separator: ":")),upperdir=\(upper),workdir=\(work)"
        try output(
            "mount", "-t", "overlay", "imgfs-test", "-o", layers + ",redirect_dir=off,metacopy=off,index=off", target)
    }

    /// An upper directory as a layer archive.
    private static func archive(_ upper: String, to tar: String) throws {
        try shell(
            #"""
            cd "$upper"
            find . -type c -exec stat -c '%t:%T %n' {} + | sed -n 's/^0:0 //p' >"$tar.whiteouts"
            tar --format=pax --xattrs --xattrs-include='*' --xattrs-exclude='trusted.overlay.*' \
                --exclude-from="$tar.whiteouts" --no-wildcards --anchored -cf "$tar" .
            marks=$(mktemp -d)
            while read -r path; do
                mkdir -p "$marks/$(dirname "$path")"
                : >"$marks/$(dirname "$path")/.wh.$(basename "$path")"
            done <"$tar.whiteouts"
            find . -type d | while read -r path; do
                if [ "$(getfattr --only-values -n trusted.overlay.opaque "$path" 2>/dev/null)" = y ]; then
                    mkdir -p "$marks/$path"
                    : >"$marks/$path/.wh..wh..opq"
                fi
            done
            (cd "$marks"; find . -type f >"$tar.marks"; tar --format=pax -rf "$tar" -T "$tar.marks")
            rm -r "$marks" "$tar.whiteouts" "$tar.marks"
            """#, environment: ["upper": upper, "tar": tar])
    }
}
