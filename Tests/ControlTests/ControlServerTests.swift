import Glibc
import OCI
import Synchronization
import SystemPackage
import TestSupport
import Testing

@testable import Control

@Suite(.timeLimit(.minutes(1)))
struct ControlServerTests {
    let scratch = TemporaryDirectory()
    let service = TestService()

    var path: String { scratch.path + "/s" }

    private func withServer<R>(_ body: () throws -> R) throws -> R {
        let server = try ControlServer(try ListeningSocket.open(path, inherited: []), service: service)
        try server.start()
        defer { server.stop() }
        return try body()
    }

    private func source(_ text: String) -> SourceRequest { SourceRequest(source: text) }

    @Test func `A mount comes with its descriptor, and the report arrives`() throws {
        try withServer {
            let client = try ControlClient(connectingTo: path)
            let grant = try client.mount(MountRequest(image: source("redis"), sourceName: "redis", target: "/mnt"))
            #expect(grant.details.id == 42)
            var got = stat()
            var want = stat()
            #expect(fstat(grant.descriptor.rawValue, &got) == 0)
            #expect(stat("/etc/hostname", &want) == 0)
            #expect(got.st_ino == want.st_ino)
            #expect(fcntl(grant.descriptor.rawValue, F_GETFD) & FD_CLOEXEC != 0)
            close(grant.descriptor.rawValue)
            let granted = service.state.withLock { $0.granted } ?? -1
            #expect(eventually { fcntl(granted, F_GETFD) == -1 }, "the server closes its copy")
            let report = MountReport(id: 42, target: MountTarget(path: "/mnt", mountNamespace: 1, mountID: 2))
            try client.attached(report)
            #expect(service.state.withLock { $0.reports } == [report])
        }
    }

    @Test func `An error keeps its kind and its words`() throws {
        try withServer {
            let client = try ControlClient(connectingTo: path)
            #expect(throws: ControlError.remote(.storeFull, "full")) { try client.status() }
            #expect(throws: ControlError.remote(.cancelled, "the request was given up")) { try client.mounts() }
            #expect(throws: ControlError.remote(.notFound, "missing: no such image")) {
                try client.mount(MountRequest(image: source("missing"), sourceName: "", target: ""))
            }
            #expect(try client.prune(PruneRequest()).freedByteCount == 7, "the connection goes on")
        }
    }

    @Test func `A slow reader misses progress, never the end`() throws {
        try withServer {
            let client = try ControlClient(connectingTo: path)
            var last: LayerProgress?
            var count = 0
            let image = try client.pull(PullRequest(image: source("50000"))) { event in
                if count == 0 { usleep(300_000) }
                count += 1
                if case .layer(let progress) = event { last = progress }
            }
            #expect(image.name == "50000")
            #expect(last?.state == .done)
            #expect(count > 1)
            #expect(count < 50_000)
        }
    }

    @Test func `An answer that is larger than the socket's buffer arrives whole`() throws {
        try withServer {
            let client = try ControlClient(connectingTo: path)
            for _ in 0..<3 { #expect(try client.waits().map(\.key).last == "key 4999") }
        }
    }

    @Test func `The caller is who the kernel says`() throws {
        service.release()
        try withServer {
            let client = try ControlClient(connectingTo: path)
            #expect(try client.inspect(source("x")).image.name == "uid \(geteuid()) pid \(getpid())")
        }
    }

    @Test func `Hanging up cancels the request`() throws {
        try withServer {
            do {
                let client = try ControlClient(connectingTo: path)
                try client.send(.inspect(source("x")))
                #expect(eventually { service.state.withLock { $0.inspecting } == 1 })
            }
            #expect(eventually { service.state.withLock { $0.cancelled } == 1 })
            service.release()
        }
    }

    @Test func `A mount for a client that is gone is closed`() throws {
        try withServer {
            do {
                let client = try ControlClient(connectingTo: path)
                try client.send(.mount(MountRequest(image: source("slow"), sourceName: "", target: "")))
                usleep(50_000)
            }
            #expect(eventually { service.state.withLock { $0.granted } != nil })
            let granted = service.state.withLock { $0.granted } ?? -1
            #expect(eventually { fcntl(granted, F_GETFD) == -1 })
        }
    }

    @Test func `A thousand clients wait at the same time`() throws {
        #expect(DescriptorLimit.raise() > 2_100)
        try withServer {
            var clients: [ControlClient] = []
            for _ in 0..<1_000 {
                let client = try ControlClient(connectingTo: path)
                try client.send(.inspect(source("x")))
                clients.append(client)
            }
            #expect(eventually { service.state.withLock { $0.inspecting } == 1_000 })
            service.release()
            for client in clients {
                let (line, _) = try client.receiveLine()
                #expect(line.starts(with: Array(#"{"result""#.utf8)))
            }
        }
    }

    @Test(arguments: [
        ("nonsense\n", "usage"), ("{}\n", "usage"), ("\n", "usage"), ("\u{0}\n", "usage"),
        (#"{"protocol":2,"request":"images"}"# + "\n", "unsupported"),
    ])
    func `Garbage is answered, and the connection goes on`(_ text: String, _ kind: String) throws {
        try withServer {
            let client = try ControlClient(connectingTo: path)
            _ = text.withCString { write(client.descriptor.rawValue, $0, text.utf8.count) }
            let (line, _) = try client.receiveLine()
            #expect(
                line.starts(with: Array(#"{"error":{"kind":"\#(kind)""#.utf8)),
                "\(String(decoding: line, as: UTF8.self))")
            #expect(try client.images().isEmpty)
        }
    }

    @Test func `A line without end is broken off`() throws {
        try withServer {
            let client = try ControlClient(connectingTo: path)
            let piece = [UInt8](repeating: 97, count: 1 << 20)
            var sent = 0
            while sent <= LineBuffer.maximumLineByteCount + (1 << 20) {
                let count = send(client.descriptor.rawValue, piece, piece.count, Int32(MSG_NOSIGNAL))
                if count < 0 { break }
                sent += count
            }
            let (line, _) = try client.receiveLine()
            #expect(String(decoding: line, as: UTF8.self).contains("over 4194304 bytes"))
            #expect(throws: ControlError.disconnected) { _ = try client.receiveLine() }
            #expect(try ControlClient(connectingTo: path).images().isEmpty, "others are served")
        }
    }

    @Test func `Requests that come at once are answered in order`() throws {
        try withServer {
            let client = try ControlClient(connectingTo: path)
            for name in ["a", "b", "c"] { try client.send(.remove(RemoveRequest(source: name))) }
            for name in ["a", "b", "c"] {
                let (line, _) = try client.receiveLine()
                #expect(String(decoding: line, as: UTF8.self).contains("\"name\":\"\(name)\""))
            }
        }
    }

    @Test func `Stopping the server ends every connection`() throws {
        let client = try withServer {
            let client = try ControlClient(connectingTo: path)
            try client.send(.inspect(source("x")))
            #expect(eventually { service.state.withLock { $0.inspecting } == 1 })
            return client
        }
        #expect(throws: ControlError.disconnected) { _ = try client.receiveLine() }
        #expect(service.state.withLock { $0.cancelled } == 1)
        service.release()
    }
}
