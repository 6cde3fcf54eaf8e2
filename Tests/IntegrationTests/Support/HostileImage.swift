import OCI

/// Images that are meant to do harm, made by Tests/Tools/make-hostile-blob.
enum HostileImage {
    /// One layer whose blob is `name`.
    static func make(_ name: String, zstd: Bool = false) throws -> TestImage {
        let image = try TestImage()
        let blob = image.directory.path(name)
        let diffID = try Digest(parsing: output(tool, name, blob).prefix(71))
        try image.add(
            blob: blob, diffID: diffID,
            mediaType: "application/vnd.oci.image.layer.v1.tar+" + (zstd ? "zstd" : "gzip"))
        try image.finish()
        return image
    }

    private static let tool: String = {
        // Tests/IntegrationTests/Support/HostileImage.swift
        let parts = #filePath.split(separator: "/", omittingEmptySubsequences: false)
        return parts.dropLast(3).joined(separator: "/") + "/Tools/make-hostile-blob"
    }()
}
