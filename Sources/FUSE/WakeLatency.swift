import Glibc
import Synchronization

/// Keeps processors from sleeping so deeply that waking them costs more than answering, while a reader is busy.
///
/// A read that the page cache does not have wakes two threads, mostly on two processors. In a virtual machine a
/// processor without work is halted, and waking it takes the host's help: tens of microseconds, where the answer takes
/// ten. While this asks for it, idle processors wait in a loop of the kernel (PM QoS, /dev/cpu_dma_latency). The kernel
/// withdraws it when the descriptor is closed, so also when the daemon dies.
///
/// Asked for only where it is known to pay: under Linux's `haltpoll` driver, which is that of KVM guests, and with few
/// processors, since all of them wait in that loop.
final class WakeLatency: Sendable {
    /// How long it stays asked for after a reader was busy.
    static let holdMilliseconds: Int32 = 20
    /// With more processors too much would be spent on those that have no part in it.
    private static let maximumProcessorCount = 8

    private let isWorthwhile: Bool
    private let device: String
    private let descriptor = Atomic<Int32>(-1)
    private let busyAt = Atomic<UInt64>(0)

    /// What this machine has, unless `IMGFS_WAKE_LATENCY=off` says that processors may sleep.
    convenience init() {
        let isOff = getenv("IMGFS_WAKE_LATENCY").map { String(cString: $0) } == "off"
        self.init(
            processorCount: isOff ? 0 : sysconf(Int32(_SC_NPROCESSORS_ONLN)), driver: Self.idleDriver(),
            device: "/dev/cpu_dma_latency")
    }

    init(processorCount: Int, driver: String, device: String) {
        self.device = device
        isWorthwhile = driver == "haltpoll" && (2...Self.maximumProcessorCount).contains(processorCount)
    }

    deinit { release() }

    var isHeld: Bool { descriptor.load(ordering: .relaxed) >= 0 }

    /// A reader is busy at this moment.
    func readerIsBusy(at nanoseconds: UInt64) {
        guard isWorthwhile else { return }
        busyAt.store(nanoseconds, ordering: .relaxed)
        guard !isHeld else { return }
        let file = open(device, O_WRONLY | O_CLOEXEC)
        guard file >= 0 else { return }
        var microseconds: Int32 = 0
        let isAsked = write(file, &microseconds, MemoryLayout<Int32>.size) == MemoryLayout<Int32>.size
        // Another thread may have asked meanwhile.
        guard isAsked, descriptor.compareExchange(expected: -1, desired: file, ordering: .relaxed).exchanged else {
            close(file)
            return
        }
    }

    /// To be called whenever a thread has waited for work, and at least every `holdMilliseconds`, while `isHeld`.
    func releaseIfIdle(at nanoseconds: UInt64) {
        if nanoseconds &- busyAt.load(ordering: .relaxed) >= UInt64(Self.holdMilliseconds) * 1_000_000 { release() }
    }

    private func release() {
        let file = descriptor.exchange(-1, ordering: .relaxed)
        if file >= 0 { close(file) }
    }

    /// What /sys/devices/system/cpu/cpuidle/current_driver says; empty when there is none.
    private static func idleDriver() -> String {
        let file = open("/sys/devices/system/cpu/cpuidle/current_driver", O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return "" }
        defer { close(file) }
        var bytes = [UInt8](repeating: 0, count: 64)
        let count = read(file, &bytes, bytes.count)
        return String(decoding: bytes.prefix(max(0, count)).prefix { $0 > 32 }, as: UTF8.self)
    }
}
