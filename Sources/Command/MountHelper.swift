import CLinux
import Control
import Glibc
import SystemPackage

/// Mounts an image: asks the daemon for a detached mount and attaches it here, in the caller's mount namespace.
struct MountHelper {
    /// For messages: what was called.
    var program: String
    var environment: [String: String]

    private static let typeName = "fuse.imgfs"

    /// Runs a mount's command line and returns the exit code. Says on standard error what is wrong, in one line.
    func run(_ arguments: [String]) -> Int32 {
        do throws(CommandFailure) {
            try mount(try MountArguments(parsing: arguments))
            return ExitStatus.success
        } catch {
            Terminal.complain("\(program): \(error.description)")
            return error.status
        }
    }

    private func mount(_ arguments: MountArguments) throws(CommandFailure) {
        var options = MountOptions()
        try options.apply(
            AskedOptions.ofParent(source: arguments.source, target: arguments.target), sloppy: true)
        try options.apply(arguments.options, sloppy: arguments.sloppy)
        if arguments.fake { return }
        guard geteuid() == 0 else {
            throw CommandFailure(ExitStatus.usage, "only root can mount \(arguments.source)")
        }

        let path = SourceText.absolutePath(arguments.target, workingDirectory: SourceText.workingDirectory())
        var client: ControlClient?
        if let namespace = arguments.namespace {
            // The daemon's socket is in this namespace, the target in the other.
            client = try connect()
            try enter(namespace)
        }
        guard
            let target = try TargetDirectory.open(
                path, source: SourceText.mountSource(arguments.source), type: Self.typeName)
        else {
            if arguments.verbose { print("\(arguments.source) is already mounted on \(path)") }
            return
        }
        let connection: ControlClient
        if let client { connection = client } else { connection = try connect() }
        let details = try attach(arguments, options, to: target, over: connection)
        if arguments.json {
            print(JSONText.pretty(details))
        } else if arguments.verbose {
            print("\(details.name) (\(details.manifestDigest)) mounted on \(target.path)")
        }
    }

    private func connect() throws(CommandFailure) -> ControlClient {
        do throws(DaemonStartError) {
            return try DaemonStart(environment: environment).connectAndWait()
        } catch {
            throw CommandFailure(error.isPermission ? ExitStatus.usage : ExitStatus.system, error.description)
        }
    }

    private func attach(
        _ arguments: MountArguments, _ options: MountOptions, to target: borrowing TargetDirectory,
        over connection: ControlClient
    ) throws(CommandFailure) -> MountDetails {
        let image = SourceText.request(
            arguments.source, platform: options.platform, pull: options.pull, insecure: options.insecure,
            authfile: options.authfile, environment: environment)
        let granted: GrantedMount
        do throws(ControlError) {
            granted = try GrantedMount(
                of: image, source: arguments.source, target: target.path, flags: options.flags,
                prefetches: options.prefetches, over: connection)
        } catch {
            let isOurs = if case .remote = error { false } else { true }
            throw CommandFailure(
                isOurs ? ExitStatus.system : ExitStatus.mountCode(for: error.kind), error.description)
        }
        try granted.attach(to: target, over: connection, program: program)
        return granted.details
    }

    private func enter(_ namespace: String) throws(CommandFailure) {
        let descriptor = open(namespace, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0, imgfs_enter_mount_namespace(descriptor) == 0 else {
            throw CommandFailure(
                ExitStatus.mountFailure, "cannot enter the mount namespace \(namespace): \(Errno(rawValue: errno))")
        }
        close(descriptor)
    }
}
