import ArgumentParser
public import Control
public import DescriptorStore
import Glibc
import OCI

/// The program `imgfs`, and `mount.fuse.imgfs`, which is the same program under another name.
public struct Program {
    private let name: String
    private let arguments: [String]

    /// `commandLine` begins with the name by which the program was called.
    public init(commandLine: [String]) {
        name = commandLine.first?.split(separator: "/").last.map(String.init) ?? "imgfs"
        arguments = Array(commandLine.dropFirst())
    }

    /// Mounts, when that is what the command line is about, and returns the exit code.
    ///
    /// It needs neither the argument parser nor a task, and people wait for it.
    public func mount() -> Int32? {
        guard let mount = MountInvocation(name: name, arguments: arguments) else { return nil }
        return MountHelper(program: mount.program, environment: currentEnvironment()).run(mount.arguments)
    }

    /// Runs any command and returns the exit code. `daemon` serves until it is told to stop; `check` throws when this
    /// program cannot use the store.
    public func run(
        daemon: (DaemonConfiguration, Supervision) async throws -> DaemonEnd,
        check: (DaemonConfiguration) throws -> Void
    ) async -> Int32 {
        do {
            var command = try ImgfsCommand.parseAsRoot(arguments)
            if let server = command as? DaemonRunCommand {
                if !server.isBrief { return await server.serve(daemon) }
                try server.run(check: check)
                return ExitStatus.success
            }
            try command.run()
            return ExitStatus.success
        } catch let exit as ExitCode {
            return exit.rawValue
        } catch {
            return complain(error)
        }
    }

    /// Prints help that was asked for, or what is wrong in one line.
    private func complain(_ error: any Error) -> Int32 {
        if error is CommandFailure || error is DaemonStartError || error is any DescribedError {
            let failure = CommandFailure(error)
            Terminal.complain("imgfs: \(failure.description)")
            return failure.status
        }
        if ImgfsCommand.exitCode(for: error) == .success {
            print(ImgfsCommand.fullMessage(for: error))
            return ExitStatus.success
        }
        Terminal.complain("imgfs: \(ImgfsCommand.message(for: error))")
        return ExitStatus.usage
    }
}

/// The forms in which a mount is asked for.
struct MountInvocation: Equatable {
    /// For messages.
    var program: String
    var arguments: [String]

    /// `mount.fuse.imgfs …` as mount(8) calls it, `imgfs mount …`, and `imgfs SOURCE /TARGET -o …` as mount.fuse3 calls
    /// it, which is how containerd mounts. nil for everything else.
    init?(name: String, arguments: [String]) {
        if name.hasPrefix("mount.") {
            program = name
            self.arguments = arguments
            return
        }
        program = "imgfs"
        guard let first = arguments.first, !arguments.contains("--help"), !arguments.contains("-h") else { return nil }
        if first == "mount" {
            self.arguments = Array(arguments.dropFirst())
        } else if !first.hasPrefix("-"), arguments.count > 1, arguments[1].hasPrefix("/"),
            !ImgfsCommand.names.contains(first)
        {
            self.arguments = arguments
        } else {
            return nil
        }
    }
}
