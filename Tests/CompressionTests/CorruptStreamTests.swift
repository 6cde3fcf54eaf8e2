import Testing

@testable import Compression

/// Damaged streams with fixed seeds: no crash, and all engines say the same.
struct CorruptStreamTests {
    enum Outcome: Equatable {
        case accepted([UInt8])
        case refused
    }

    private static func outcome(_ stream: [UInt8], _ engine: DeflateEngine) -> Outcome {
        do throws(InflateError) {
            return .accepted(try StreamSamples.inflate(stream, engine: engine, inputStep: 977, outputStep: 4096))
        } catch {
            return .refused
        }
    }

    private static func damage(_ stream: [UInt8], _ random: inout RandomBytes) -> [UInt8] {
        var damaged = stream
        for _ in 0...random.next() % 3 {
            let position = Int(random.next()) % damaged.count
            switch random.next() % 4 {
            case 0: damaged[position] ^= 1 << UInt8(random.next() % 8)
            case 1: damaged[position] = UInt8(truncatingIfNeeded: random.next())
            case 2: damaged.remove(at: position)
            default: damaged.insert(UInt8(truncatingIfNeeded: random.next()), at: position)
            }
        }
        return damaged
    }

    @Test(arguments: 0..<16)
    func `engines agree about damaged gzip streams`(_ seed: UInt64) {
        var random = RandomBytes(seed: seed + 1000)
        let content = StreamSamples.content(byteCount: 6000, seed: seed)
        let levels: [Int32] = [0, 1, 6, 9]
        let stream = GzipWriter.gzip(content, level: levels[Int(seed % 4)])
        for _ in 0..<60 {
            let damaged = Self.damage(stream, &random)
            let outcomes = DeflateEngine.available.map { Self.outcome(damaged, $0) }
            #expect(Set(outcomes.map { $0 == .refused }).count == 1)
            #expect(outcomes.allSatisfy { $0 == outcomes[0] })
        }
    }

    @Test(arguments: 0..<4)
    func `damaged zstd streams do no harm`(_ seed: UInt64) {
        var random = RandomBytes(seed: seed + 2000)
        let stream = StreamSamples.zstd(StreamSamples.content(byteCount: 6000, seed: seed))
        for _ in 0..<100 { _ = Self.outcome(Self.damage(stream, &random), .zlib) }
    }

    @Test(arguments: DeflateEngine.available)
    func `noise behind a gzip header does no harm`(_ engine: DeflateEngine) {
        var random = RandomBytes(seed: 3000)
        for _ in 0..<300 {
            let noise = (0..<random.next() % 2000).map { _ in UInt8(truncatingIfNeeded: random.next()) }
            let outcome = Self.outcome([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3] + noise, engine)
            #expect(outcome == .refused)
        }
    }
}
