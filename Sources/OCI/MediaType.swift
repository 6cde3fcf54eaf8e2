/// Media types of images, OCI's and Docker's.
/// See the OCI image specification, media-types.md, and Docker's image manifest v2 schema 2.
public enum MediaType {
    public static let index = "application/vnd.oci.image.index.v1+json"
    public static let manifest = "application/vnd.oci.image.manifest.v1+json"
    public static let config = "application/vnd.oci.image.config.v1+json"
    public static let layerTar = "application/vnd.oci.image.layer.v1.tar"
    public static let layerGzip = "application/vnd.oci.image.layer.v1.tar+gzip"
    public static let layerZstd = "application/vnd.oci.image.layer.v1.tar+zstd"

    public static let dockerManifestList = "application/vnd.docker.distribution.manifest.list.v2+json"
    public static let dockerManifest = "application/vnd.docker.distribution.manifest.v2+json"
    public static let dockerConfig = "application/vnd.docker.container.image.v1+json"
    public static let dockerLayerTar = "application/vnd.docker.image.rootfs.diff.tar"
    public static let dockerLayerGzip = "application/vnd.docker.image.rootfs.diff.tar.gzip"

    public static let dockerSchema1 = "application/vnd.docker.distribution.manifest.v1+json"
    public static let dockerSchema1Signed = "application/vnd.docker.distribution.manifest.v1+prettyjws"

    /// What to send in `Accept` when a manifest is asked for. A registry without these may answer with schema 1.
    public static let accept = [index, manifest, dockerManifestList, dockerManifest]

    public static func isIndex(_ type: String) -> Bool { type == index || type == dockerManifestList }

    public static func isManifest(_ type: String) -> Bool { type == manifest || type == dockerManifest }

    public static func isSchema1(_ type: String) -> Bool { type == dockerSchema1 || type == dockerSchema1Signed }

    /// A layer that registries are not meant to hold: base layers of Windows, fetched from their maker.
    public static func isForeignLayer(_ type: String) -> Bool {
        type.hasPrefix("application/vnd.oci.image.layer.nondistributable.v1.")
            || type.hasPrefix("application/vnd.docker.image.rootfs.foreign.diff.")
    }

    /// A layer of ocicrypt, `….tar+gzip+encrypted`.
    public static func isEncryptedLayer(_ type: String) -> Bool { type.hasSuffix("+encrypted") }
}
