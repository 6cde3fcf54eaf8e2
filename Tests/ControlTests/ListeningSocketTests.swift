import Glibc
import Synchronization
import TestSupport
import Testing

@testable import Control

@Suite(.timeLimit(.minutes(1)))
struct ListeningSocketTests {
    let scratch = TemporaryDirectory()

    var path: String { scratch.path + "/s" }

    @Test func `Only its owner can connect`() throws {
        let socket = try ListeningSocket.open(path, inherited: [])
        var status = stat()
        #expect(stat(path, &status) == 0)
        #expect(status.st_mode & 0o777 == 0o600)
        _ = socket
    }

    @Test func `A live socket is respected`() throws {
        let socket = try ListeningSocket.open(path, inherited: [])
        #expect(throws: ControlError.socketInUse(socket: path)) { _ = try ListeningSocket.open(path, inherited: []) }
        _ = try ControlClient(connectingTo: path)
        _ = socket
    }

    @Test func `The socket of a dead daemon is replaced`() throws {
        for _ in 0..<3 {
            _ = try ListeningSocket.open(path, inherited: [])
            #expect(throws: ControlError.notRunning(socket: path)) { _ = try ControlClient(connectingTo: path) }
        }
    }

    @Test func `A socket that somebody else serves without the lock is respected`() throws {
        let socket = try ListeningSocket.open(path, inherited: [])
        unlink(path + ".lock")
        #expect(throws: ControlError.socketInUse(socket: path)) { _ = try ListeningSocket.open(path, inherited: []) }
        _ = socket
    }

    @Test func `Of many that race for a socket one gets it`() async throws {
        for round in 0..<20 {
            // Its own path: the runtime may let go of the winner of the round before a moment later.
            let path = "\(path).\(round)"
            let sockets = await withTaskGroup(of: ListeningSocket?.self) { group in
                for _ in 0..<8 { group.addTask { try? ListeningSocket.open(path, inherited: []) } }
                var sockets: [ListeningSocket] = []
                for await socket in group { if let socket { sockets.append(socket) } }
                return sockets
            }
            #expect(sockets.count == 1)
        }
    }

    @Test func `A path that the kernel cannot take is named`() {
        let long = scratch.path + "/" + String(repeating: "x", count: 100)
        #expect(throws: ControlError.pathTooLong(socket: long)) { _ = try ListeningSocket.open(long, inherited: []) }
    }

    @Test func `A directory that does not exist is named`() {
        do {
            _ = try ListeningSocket.open("/nonexistent/s", inherited: [])
            Issue.record("it opened")
        } catch {
            #expect(error.description.contains("/nonexistent/s"))
        }
    }
}
