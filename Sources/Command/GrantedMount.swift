import Control
import Glibc
import SystemPackage

/// A mount of an image that the daemon made and that is attached nowhere yet. Closing it ends it.
struct GrantedMount: ~Copyable {
    let details: MountDetails
    /// The root of the mount, as fsmount(2) returns it: openat(2) works beneath it, attached or not.
    let descriptor: FileDescriptor

    deinit { close(descriptor.rawValue) }

    /// Asks the daemon. `source` is what the user wrote, `target` where the mount is going to be, for listings.
    init(
        of image: SourceRequest, source: String, target: String, flags: MountFlags, prefetches: Bool = false,
        over connection: ControlClient
    ) throws(ControlError) {
        let request = MountRequest(
            image: image, sourceName: SourceText.mountSource(source), target: target, flags: flags,
            prefetches: prefetches)
        let grant = try connection.persistently { (client) throws(ControlError) in try client.mount(request) }
        details = grant.details
        descriptor = grant.descriptor
    }

    /// Attaches the mount and tells the daemon where. `program` is for messages.
    borrowing func attach(
        to target: borrowing TargetDirectory, over connection: ControlClient, program: String
    ) throws(CommandFailure) {
        try target.attach(descriptor)
        let report = MountReport(
            id: details.id,
            target: MountTarget(
                path: target.path, mountNamespace: ProcessFiles.mountNamespace(),
                mountID: ProcessFiles.mountID(of: descriptor) ?? 0),
            chainID: details.chainID)
        do throws(ControlError) {
            // A successor of the daemon that granted it knows the image.
            try connection.persistently { (client) throws(ControlError) in try client.attached(report) }
        } catch {
            // The mount is there and answers; only the daemon's listing lacks its target.
            Terminal.complain("\(program): warning: \(error.description)")
        }
    }
}
