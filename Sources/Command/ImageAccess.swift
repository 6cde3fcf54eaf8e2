import Control
import Glibc
import SystemPackage

/// An image to look into without a mount in any directory: the daemon's mount, which nobody else sees.
struct ImageAccess: ~Copyable {
    let mount: GrantedMount

    var root: ImageRoot { ImageRoot(descriptor: mount.descriptor) }

    /// Returns when the layers are there. `program` names the command in listings.
    ///
    /// A reader is told in one errno that an image cannot be read; a pull, asked afterwards, says why.
    init(
        _ request: SourceRequest, source: String, program: String, over connection: ControlClient
    ) throws {
        let granted = try GrantedMount(
            of: request, source: source, target: program, flags: MountFlags(), over: connection)
        try ImageAccess.waitForLayers(of: granted, request, over: connection)
        mount = granted
    }

    static func waitForLayers(
        of mount: borrowing GrantedMount, _ request: SourceRequest, over connection: ControlClient
    ) throws {
        if hasLayers(mount) { return }
        var known = request
        if known.pull == .always { known.pull = .missing }
        _ = try connection.pull(PullRequest(image: known)) { _ in }
        guard hasLayers(mount) else { throw ImageRoot.failure("/", errno) }
    }

    private static func hasLayers(_ mount: borrowing GrantedMount) -> Bool {
        let directory = openat(mount.descriptor.rawValue, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard directory >= 0 else { return false }
        guard let stream = fdopendir(directory) else {
            close(directory)
            return false
        }
        defer { closedir(stream) }
        errno = 0
        return readdir(stream) != nil || errno == 0
    }
}
