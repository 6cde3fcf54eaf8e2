import ArgumentParser

/// `imgfs mount`. `MountInvocation` takes mounts before the parser comes in; this is for the help.
struct MountCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "mount",
        abstract: "Mount an image.",
        usage: "imgfs mount <source> <target> [-sfnv] [-o <options>] [-N <namespace>] [--json]",
        discussion: """
            The same as 'mount -t fuse.imgfs SOURCE TARGET -o OPTIONS'. Options, separated by commas:
              platform=OS/ARCH[/VARIANT]  the image for another platform than the host's
              pull=missing|always|never   when to ask the registry what a tag stands for (missing)
              insecure                    allow plain HTTP, and TLS without a valid certificate
              authfile=FILE               credentials for the registry
              prefetch                    fetch the layers now, not when somebody looks inside
              suid, dev                   set-user-id programs and device nodes work (nosuid, nodev)
              noexec, noatime, nodiratime, relatime, strictatime, nosymfollow
            Every mount is read-only and open to all users. -s ignores unknown options, -f mounts nothing, -v says \
            what was mounted, -N mounts in another mount namespace. Exit codes are those of mount(8).
            """)

    @Argument(parsing: .captureForPassthrough, help: .hidden, completion: .directory)
    var arguments: [String] = []

    func run() throws {
        if arguments.contains("--help") || arguments.contains("-h") { throw CleanExit.helpRequest(self) }
        let status = MountHelper(program: "imgfs", environment: currentEnvironment()).run(arguments)
        if status != ExitStatus.success { throw ExitCode(status) }
    }
}
