import Testing

@testable import Command

struct DaemonProgramTests {
    @Test(arguments: [
        ("/usr/local/bin/imgfs", "/usr/local/bin/imgfs"),
        ("/usr/local/bin/imgfs-mount", "/usr/local/bin/imgfs"),
        ("/srv/imgfs-mount/other", "/srv/imgfs-mount/other"),
        ("/proc/self/exe", "/proc/self/exe"),
    ])
    func `the daemon is beside the mount helper, or the program itself`(executable: String, daemon: String) {
        #expect(DaemonProgram.path(of: executable) == daemon)
    }
}
