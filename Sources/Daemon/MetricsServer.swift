import CLinux
import Control
import Glibc
import OCI
import Synchronization
import SystemPackage
import Threads

/// Answers `GET /metrics`, one client after the other, in a thread of its own.
///
/// A client has a few seconds for its request and for the answer, and a few KiB for the request; so a bad one holds up
/// others for that long and nothing else at all.
final class MetricsServer: Sendable {
    /// For one client in all.
    static let clientSeconds = 5

    private let address: MetricsAddress
    private let listener: FileDescriptor
    /// An eventfd that ends the thread.
    private let stopEvent: Int32
    private let thread = Mutex<Thread?>(nil)
    private let text: @Sendable () -> String?

    /// Begins to serve. `text` is the page; it may block, and is nil when there is none.
    init(_ address: MetricsAddress, text: @escaping @Sendable () -> String?) throws(DaemonError) {
        self.address = address
        self.text = text
        listener = try MetricsSocket.listen(on: address)
        stopEvent = eventfd(0, Int32(EFD_CLOEXEC) | Int32(EFD_NONBLOCK))
        do throws(ThreadError) {
            let started = try Thread.start(name: "imgfs-metrics") { self.run() }
            thread.withLock { $0 = started }
        } catch {
            throw DaemonError(.io, "metrics cannot be served at \(address): no thread: \(Errno(rawValue: error.errno))")
        }
    }

    deinit {
        close(listener.rawValue)
        if stopEvent >= 0 { close(stopEvent) }
    }

    /// Ends the thread, waits for it and frees the address. Does nothing the second time.
    func stop() {
        guard let thread = thread.withLock({ $0.take() }) else { return }
        eventfd_write(stopEvent, 1)
        thread.join()
        MetricsSocket.remove(address)
    }

    private func run() {
        while wait(for: listener.rawValue, Int16(POLLIN), until: nil) {
            let client = imgfs_accept(listener.rawValue)
            if client >= 0 {
                serve(client)
                close(client)
            } else if [EMFILE, ENFILE, ENOBUFS, ENOMEM].contains(errno) {
                // The listener stays ready: without a pause this loop would spin.
                _ = wait(for: -1, 0, until: .now + .milliseconds(100))
            }
        }
    }

    private func serve(_ client: Int32) {
        let deadline = ContinuousClock.now + .seconds(Self.clientSeconds)
        guard let request = receive(client, deadline) else { return }
        send(Array(request.answer(text).utf8), to: client, deadline)
        // What is not read yet would make the kernel reset the connection, and the client lose the answer.
        shutdown(client, Int32(SHUT_WR))
        var rest = [UInt8](repeating: 0, count: HTTPRequestLine.maximumHeadByteCount)
        if wait(for: client, Int16(POLLIN), until: min(deadline, .now + .milliseconds(200))) {
            _ = recv(client, &rest, rest.count, 0)
        }
    }

    /// nil: the client does not say in time, or in few enough bytes, what it wants.
    private func receive(_ client: Int32, _ deadline: ContinuousClock.Instant) -> HTTPRequestLine? {
        var head: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 1024)
        while head.count < HTTPRequestLine.maximumHeadByteCount, wait(for: client, Int16(POLLIN), until: deadline) {
            let count = recv(client, &buffer, buffer.count, 0)
            if count < 0, errno == EAGAIN || errno == EINTR { continue }
            guard count > 0 else { return nil }
            head += buffer[..<count]
            if let request = HTTPRequestLine(head: head) { return request }
        }
        return nil
    }

    private func send(_ bytes: [UInt8], to client: Int32, _ deadline: ContinuousClock.Instant) {
        var sent = 0
        while sent < bytes.count, wait(for: client, Int16(POLLOUT), until: deadline) {
            let count = bytes[sent...].withUnsafeBytes {
                Glibc.send(client, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            if count < 0, errno == EAGAIN || errno == EINTR { continue }
            guard count > 0 else { return }
            sent += count
        }
    }

    /// Waits until `descriptor` is ready. False when the time is over or the server is to end.
    private func wait(for descriptor: Int32, _ events: Int16, until deadline: ContinuousClock.Instant?) -> Bool {
        while true {
            var time: Int32 = -1
            if let deadline {
                let left = (deadline - .now) / .milliseconds(1)
                guard left > 0 else { return false }
                time = Int32(left.rounded(.up))
            }
            var waiting = [
                pollfd(fd: descriptor, events: events, revents: 0),
                pollfd(fd: stopEvent, events: Int16(POLLIN), revents: 0),
            ]
            let count = poll(&waiting, 2, time)
            if count < 0, errno == EINTR { continue }
            if waiting[1].revents != 0 || count < 0 { return false }
            if waiting[0].revents != 0 { return true }
        }
    }
}
