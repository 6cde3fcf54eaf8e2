import Synchronization
import Testing

@testable import Registry

/// Parts that come from another host.
extension PartDownloadTests {
    @Test func `credentials stay with the registry, whose redirect is used until it expires`() throws {
        let blob = blob
        let stream = handler { request, _ in
            let isExpired = request.query == "secret=1" && Self.number(of: request) ?? 0 >= 4
            return isExpired ? .init(403, "expired") : blob.response(to: request)
        }
        try FakeRegistry.serving(stream) { (storage) throws in
            let locationCount = Mutex(0)
            let handler: FakeRegistry.Handler = { request, _ in
                guard request.authorization != nil else {
                    return .init(401, "", headers: [("WWW-Authenticate", "Basic realm=x")])
                }
                let number = locationCount.withLock { count in
                    count += 1
                    return count
                }
                return .init(307, headers: [("Location", "http://\(storage.host)/blob?secret=\(number)")])
            }
            try FakeRegistry.serving(handler) { (registry) throws in
                let file = try TemporaryFile(
                    #"{"auths":{"\#(registry.host)":{"auth":"\#(Base64.encoded("ann:secret"))"}}}"#)
                let waits = RecordedWaits()
                let image = try waits.image(on: registry, credentials: file.source, Self.eager)
                #expect(try image.bytes(of: blob) == blob.bytes)
                #expect(storage.requests.allSatisfy { $0.authorization == nil })
                // The stream's, and one for each part that found the URL expired, or just forgotten.
                #expect((2...8).contains(registry.requests.count { $0.authorization != nil }))
                #expect(waits.seconds.isEmpty)
            }
        }
    }

    @Test func `a storage host that is busy is waited for, and its URL kept`() throws {
        let blob = blob
        let isRefused = Mutex(false)
        let stream = handler { request, _ in
            guard Self.number(of: request) == 4, isRefused.withLock({ isRefused in (!isRefused, isRefused = true).0 })
            else { return blob.response(to: request) }
            return .init(503, "busy", headers: [("Retry-After", "7")])
        }
        try FakeRegistry.serving(stream) { (storage) throws in
            let location = "http://\(storage.host)/blob"
            try FakeRegistry.serving({ _, _ in .init(307, headers: [("Location", location)]) }) { (registry) throws in
                let waits = RecordedWaits()
                #expect(try waits.image(on: registry, ":latest", Self.eager).bytes(of: blob) == blob.bytes)
                #expect(waits.seconds.count == 1 && waits.seconds.allSatisfy { $0 >= 7 })
                #expect(registry.requests.count == 1)
            }
        }
    }

    @Test func `a host that the registry no longer redirects to is given up`() throws {
        let blob = blob
        let isGone = Mutex(false)
        let good: FakeRegistry.Handler = { request, _ in blob.response(to: request) }
        let old: FakeRegistry.Handler = { request, position in
            guard Self.number(of: request) ?? 0 >= 3 else { return handler(good)(request, position) }
            isGone.withLock { $0 = true }
            var response = blob.response(to: request)
            response.sentByteCount = 0
            response.ending = .close
            return response
        }
        try FakeRegistry.serving(good) { (newStorage) throws in
            try FakeRegistry.serving(old) { (oldStorage) throws in
                let registry: FakeRegistry.Handler = { _, _ in
                    let host = isGone.withLock { $0 } ? newStorage.host : oldStorage.host
                    return .init(307, headers: [("Location", "http://\(host)/blob")])
                }
                try FakeRegistry.serving(registry) { (registry) throws in
                    let image = try RecordedWaits().image(on: registry, ":latest", Self.eager)
                    #expect(try image.bytes(of: blob) == blob.bytes)
                    #expect(newStorage.requests.contains { Self.number(of: $0) == 7 })
                }
            }
        }
    }
}
