import Testing

@testable import Registry

@Suite("Idle connections")
struct CurlHandlePoolTests {
    private let start = ContinuousClock.now

    private func origin(_ number: Int) throws -> HTTPURL.Origin {
        try #require(HTTPURL("http://host\(number)/")).origin
    }

    @Test func `a handle is given out again for its origin, and not after a minute`() throws {
        let pool = CurlHandlePool()
        let (first, second) = (CurlHandle(), CurlHandle())
        pool.giveBack(first, for: try origin(1), at: start)
        #expect(pool.take(for: try origin(1), at: start + .seconds(60)) === first)
        pool.giveBack(first, for: try origin(1), at: start)
        pool.giveBack(second, for: try origin(2), at: start + .seconds(30))
        #expect(pool.take(for: try origin(1), at: start + .seconds(61)) !== first)
        #expect(pool.idleCount == 1)
        pool.giveBack(first, for: try origin(1), at: start + .seconds(91))
        #expect(pool.idleCount == 1)
    }

    @Test func `only so many are kept`() throws {
        let pool = CurlHandlePool()
        for number in 0..<CurlHandlePool.maximumIdleHandles + 3 {
            pool.giveBack(CurlHandle(), for: try origin(number), at: start)
        }
        #expect(pool.idleCount == CurlHandlePool.maximumIdleHandles)
    }
}
