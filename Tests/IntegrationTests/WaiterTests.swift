import Glibc
import OCI
import Testing

/// Readers that wait for an image, and what signals do to them.
@Suite(.serialized)
struct WaiterTests {
    private let remote: RemoteImage
    private let installation: Installation
    private let target: String

    init() throws {
        remote = try RemoteImage(scripts: ["for i in 0 1 2 3 4 5 6 7 8 9; do echo $i >file$i; done"])
        installation = try Installation()
        try installation.startDaemon()
        target = try installation.mount(remote.reference)
        remote.holdLayers()
    }

    private func waitForReaders(_ count: Int) throws {
        let waiting = try eventually {
            let status = try installation.imgfs("status", "--json").output.filter { !$0.isWhitespace }
            return status.contains("\"waitingReaderCount\":\(count)")
        }
        #expect(waiting, "\(count) readers wait: \(installation.daemonLog)")
    }

    private func reader(_ number: Int) throws -> Child { try Child(["cat", "\(target)/file\(number)"]) }

    @Test(arguments: [SIGKILL, SIGINT, SIGTERM])
    func `any waiter can be killed, the first one too, and nobody else notices`(signal: Int32) throws {
        let first = try reader(0)
        try waitForReaders(1)
        let others = try (1..<6).map { try reader($0) }
        try waitForReaders(6)
        for child in [first, others[2]] {
            child.signal(signal)
            #expect(child.wait(seconds: 10).status == 128 + signal)
        }
        try waitForReaders(4)
        remote.proxy.release()
        for (number, child) in others.enumerated() where number != 2 {
            #expect(child.wait().output == "\(number + 1)\n")
        }
        #expect(remote.layerRequests.count == 1)
    }

    @Test func `a reader with a time limit ends at its limit`() throws {
        let limited = try Child(["timeout", "1", "cat", "\(target)/file0"])
        #expect(limited.wait(seconds: 10).status == 124)
        let patient = try reader(1)
        try waitForReaders(1)
        remote.proxy.release()
        #expect(patient.wait().output == "1\n")
        #expect(remote.layerRequests.count == 1)
    }

    @Test func `a process behind another one's look-up of the same name goes on when that one is killed`() throws {
        let front = try reader(0)
        try waitForReaders(1)
        let behind = try (0..<3).map { _ in try reader(0) }
        usleep(200_000)
        front.signal(SIGKILL)
        #expect(front.wait(seconds: 10).status == 128 + SIGKILL)
        remote.proxy.release()
        for child in behind { #expect(child.wait().output == "0\n") }
        #expect(remote.layerRequests.count == 1)
    }

    @Test func `signals that do not kill disturb no reader`() throws {
        let source = installation.directory.path("reader.c")
        try write(
            """
            #include <fcntl.h>
            #include <signal.h>
            #include <stdio.h>
            #include <string.h>
            #include <errno.h>
            #include <unistd.h>
            static void nothing(int number) { (void)number; }
            int main(int argc, char **argv) {
                struct sigaction action = {.sa_handler = nothing};
                char buffer[64];
                sigaction(SIGURG, &action, NULL);
                sigaction(SIGPROF, &action, NULL);
                sigaction(SIGWINCH, &action, NULL);
                int fd = open(argv[argc - 1], O_RDONLY);
                if (fd < 0) { printf("open: %s\\n", strerror(errno)); return 1; }
                ssize_t count = read(fd, buffer, sizeof buffer);
                if (count < 0) { printf("read: %s\\n", strerror(errno)); return 1; }
                fwrite(buffer, 1, (size_t)count, stdout);
                return 0;
            }
            """, to: source)
        let program = installation.directory.path("reader")
        try output("gcc", "-O1", "-o", program, source)
        let child = try Child([program, "\(target)/file3"])
        try waitForReaders(1)
        for round in 0..<300 {
            child.signal([SIGURG, SIGPROF, SIGWINCH][round % 3])
            usleep(1_000)
        }
        #expect(child.isRunning, "\(child.outputSoFar)")
        remote.proxy.release()
        let outcome = child.wait()
        #expect(outcome.output == "3\n", "\(outcome.text)")

        // After a storm that harmed nobody, a signal that kills still does.
        #expect(remote.layerRequests.count == 1)
    }

    @Test func `a reader that was disturbed before can still be killed`() throws {
        let child = try Child(
            ["perl", "-e", "$SIG{URG} = sub {}; open(F, '<', '\(target)/file1') or die; print <F>"])
        try waitForReaders(1)
        for _ in 0..<20 {
            child.signal(SIGURG)
            usleep(1_000)
        }
        child.signal(SIGKILL)
        #expect(child.wait(seconds: 10).status == 128 + SIGKILL)
        remote.proxy.release()
    }

    @Test func `status --waits names the keys that are held and who waits`() throws {
        let children = try (0..<3).map { try reader($0) }
        try waitForReaders(3)
        let waits = try installation.imgfs("status", "--waits")
        #expect(waits.output.contains(remote.image.chainID.hex) || waits.output.contains(remote.image.chainID.short))
        installation.daemon?.signal(SIGUSR1)
        #expect(eventually { installation.daemonLog.contains(remote.image.layers[0].diffID.hex) })
        remote.proxy.release()
        for child in children { child.wait() }
    }
}
