import Glibc
import SystemPackage
import TestSupport
import Testing

@testable import FUSE

struct WakeLatencyTests {
    private static let driver = "haltpoll"

    @Test(arguments: [(1, driver), (9, driver), (2, "intel_idle"), (2, "")])
    func `it is asked for in small virtual machines only`(processorCount: Int, driver: String) throws {
        let directory = TemporaryDirectory()
        let device = directory.path + "/latency"
        #expect(creat(device, 0o600) >= 0)
        let latency = WakeLatency(processorCount: processorCount, driver: driver, device: device)
        latency.readerIsBusy(at: 1)
        #expect(!latency.isHeld)
    }

    @Test func `no latency is asked for until no reader was busy for a while`() throws {
        let directory = TemporaryDirectory()
        let device = directory.path + "/latency"
        #expect(creat(device, 0o600) >= 0)
        let latency = WakeLatency(processorCount: 2, driver: Self.driver, device: device)
        let start: UInt64 = 1_000_000_000
        let hold = UInt64(WakeLatency.holdMilliseconds) * 1_000_000
        latency.readerIsBusy(at: start)
        #expect(latency.isHeld)
        let file = try FileDescriptor.open(FilePath(device), .readOnly)
        let asked = try file.closeAfter {
            try [UInt8](unsafeUninitializedCapacity: 8) { buffer, count in
                count = try file.read(into: UnsafeMutableRawBufferPointer(buffer))
            }
        }
        #expect(asked == [0, 0, 0, 0])
        latency.readerIsBusy(at: start + hold / 2)
        latency.releaseIfIdle(at: start + hold)
        #expect(latency.isHeld)
        latency.releaseIfIdle(at: start + hold / 2 + hold)
        #expect(!latency.isHeld)
        latency.readerIsBusy(at: start + 10 * hold)
        #expect(latency.isHeld)
    }

    @Test func `a machine without the device is served all the same`() {
        let latency = WakeLatency(processorCount: 2, driver: Self.driver, device: "/nonexistent/latency")
        latency.readerIsBusy(at: 1)
        #expect(!latency.isHeld)
    }
}
