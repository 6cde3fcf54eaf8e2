import Control
import OCI
import SystemPackage
import Testing

@testable import Command

struct ExitStatusTests {
    @Test(
        arguments: [
            (.unreachable, 5, 32), (.denied, 4, 32), (.notFound, 3, 32), (.invalid, 6, 32), (.tooLarge, 6, 32),
            (.unsupported, 7, 32), (.storeFull, 9, 32), (.io, 2, 32), (.cancelled, 8, 8), (.usage, 1, 1),
            (.fault, 2, 32),
        ] as [(FailureKind, Int32, Int32)])
    func `Each kind of failure has its exit code`(_ kind: FailureKind, _ command: Int32, _ mount: Int32) {
        #expect(ExitStatus.code(for: kind) == command)
        #expect(ExitStatus.mountCode(for: kind) == mount)
    }

    @Test func `No permission for the socket is a usage error`() {
        let failure = CommandFailure(ControlError.system(call: "connect to", path: "/s", .permissionDenied))
        #expect(failure.status == 1)
        #expect(failure.description == "permission denied for the control socket /s; only root may use it")
    }

    @Test func `A failed start says why`() {
        #expect(
            DaemonStartError.ended("the store is locked", log: "/l").description == "the store is locked")
        #expect(
            DaemonStartError.ended("", log: "/l").description
                == "the imgfs daemon ended while it started; its log is /l")
        #expect(DaemonStartError.system(call: "mkdir", path: "/run/imgfs", .permissionDenied).isPermission)
        #expect(!DaemonStartError.ended("", log: "").isPermission)
    }

    @Test func `What cannot be unmounted says why`() throws {
        #expect(UmountCommand.failure(.resourceBusy, "/mnt").description.contains("/mnt is in use"))
        #expect(UmountCommand.failure(.notPermitted, "/mnt").status == 1)
        #expect(throws: CommandFailure(32, "/mnt: nothing is mounted there")) { try UmountCommand.check(nil, "/mnt") }
        let other = MountTableEntry(parsing: "97 21 0:52 / /mnt ro - tmpfs tmpfs rw")
        #expect(throws: CommandFailure(32, "/mnt: what is mounted there is tmpfs, not an image; use umount")) {
            try UmountCommand.check(other, "/mnt")
        }
    }
}
