import Testing

@testable import ImageFS

struct PageCacheAdviceTests {
    private let block = PageCacheAdvice.blockByteCount

    @Test func `a block is given up once three quarters of it have been read, in whatever order`() {
        let advice = PageCacheAdvice(byteCount: 10 * block)
        defer { advice.release() }
        #expect(advice.served(block / 2, at: 3 * block + block / 2) == nil)
        #expect(advice.served(block / 4 - 1, at: 3 * block) == nil)
        #expect(advice.served(1, at: 3 * block + block / 4) == 3..<4)
        #expect(advice.served(block / 2, at: 3 * block) == nil, "it counts anew")
    }

    @Test func `readers in different places do not disturb one another`() {
        let advice = PageCacheAdvice(byteCount: 10 * block)
        defer { advice.release() }
        let piece = block / 8
        for step in 0..<5 {
            #expect(advice.served(piece, at: step * piece) == nil)
            #expect(advice.served(piece, at: 7 * block + step * piece) == nil)
        }
        #expect(advice.served(piece, at: 5 * piece) == 0..<1)
        #expect(advice.served(piece, at: 7 * block + 5 * piece) == 7..<8)
    }

    @Test func `a read over several blocks gives up those that it read`() {
        let advice = PageCacheAdvice(byteCount: 4 * block)
        defer { advice.release() }
        #expect(advice.served(3 * block, at: block / 2) == 1..<3)
        #expect(advice.served(block / 4, at: 0) == 0..<1)
    }

    @Test func `the end of the file and what lies behind it`() {
        let advice = PageCacheAdvice(byteCount: block + 100)
        defer { advice.release() }
        #expect(advice.served(100, at: block) == nil)
        #expect(advice.served(block, at: 5 * block) == nil)
    }
}
